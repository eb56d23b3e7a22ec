//! QUIC.

pub fn looks_like_quic(_data: &[u8]) -> bool {
    false
}
