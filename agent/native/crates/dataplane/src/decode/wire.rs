//! Reads numbers as they stand on the wire, big-endian, at a place in a frame. None where the bytes are not there.

pub fn u8_at(data: &[u8], at: usize) -> Option<u8> {
    data.get(at).copied()
}

pub fn u16_at(data: &[u8], at: usize) -> Option<u16> {
    chunk_at(data, at).map(u16::from_be_bytes)
}

pub fn u32_at(data: &[u8], at: usize) -> Option<u32> {
    chunk_at(data, at).map(u32::from_be_bytes)
}

/// The `N` bytes at a place.
pub fn chunk_at<const N: usize>(data: &[u8], at: usize) -> Option<[u8; N]> {
    data.get(at..)?.first_chunk().copied()
}
