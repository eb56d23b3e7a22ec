//! A cursor over bytes of the wire whose lengths may lie.

/// Reads big-endian values in order; None at the end of the bytes.
#[derive(Clone, Copy, Debug)]
pub struct Reader<'a> {
    left: &'a [u8],
}

impl<'a> Reader<'a> {
    #[must_use]
    pub const fn new(data: &'a [u8]) -> Self {
        Self { left: data }
    }

    /// Bytes not read yet.
    #[must_use]
    pub const fn left(&self) -> &'a [u8] {
        self.left
    }

    /// The next `size` bytes.
    pub fn take(&mut self, size: usize) -> Option<&'a [u8]> {
        let (taken, left) = self.left.split_at_checked(size)?;
        self.left = left;
        Some(taken)
    }

    pub fn u8(&mut self) -> Option<u8> {
        let (first, left) = self.left.split_first()?;
        self.left = left;
        Some(*first)
    }

    pub fn u16(&mut self) -> Option<u16> {
        let (bytes, left) = self.left.split_first_chunk()?;
        self.left = left;
        Some(u16::from_be_bytes(*bytes))
    }

    pub fn u24(&mut self) -> Option<u32> {
        let ([a, b, c], left) = self.left.split_first_chunk()?;
        self.left = left;
        Some(u32::from_be_bytes([0, *a, *b, *c]))
    }

    pub fn u32(&mut self) -> Option<u32> {
        let (bytes, left) = self.left.split_first_chunk()?;
        self.left = left;
        Some(u32::from_be_bytes(*bytes))
    }

    pub fn u64(&mut self) -> Option<u64> {
        let (bytes, left) = self.left.split_first_chunk()?;
        self.left = left;
        Some(u64::from_be_bytes(*bytes))
    }

    /// A block behind its length in one byte (a TLS vector, RFC 8446 3.4).
    pub fn block8(&mut self) -> Option<&'a [u8]> {
        let size = self.u8()?;
        self.take(size.into())
    }

    /// The same with a length in two bytes.
    pub fn block16(&mut self) -> Option<&'a [u8]> {
        let size = self.u16()?;
        self.take(size.into())
    }

    /// The same with a length in three bytes.
    pub fn block24(&mut self) -> Option<&'a [u8]> {
        let size = self.u24()?;
        self.take(size as usize)
    }

    /// A variable-length integer (RFC 9000 16).
    pub fn varint(&mut self) -> Option<u64> {
        let first = self.u8()?;
        let more = (1usize << (first >> 6)) - 1;
        let rest = self.take(more)?;
        Some(rest.iter().fold(u64::from(first & 0x3F), |value, byte| value << 8 | u64::from(*byte)))
    }
}
