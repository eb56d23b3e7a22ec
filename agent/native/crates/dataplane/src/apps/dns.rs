//! DNS messages.

pub fn looks_like_dns(_data: &[u8], _length: usize) -> Option<bool> {
    Some(false)
}
