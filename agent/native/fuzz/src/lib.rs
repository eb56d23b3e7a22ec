//! What the targets share: how an input is read as frames, as a conversation or as a body, and what must hold of each.
//!
//! Every input means something, so that no time is lost on refusing it: numbers are taken modulo, and what a length
//! claims beyond the end is what there is. `tools/fuzz/seeds.py` writes the same forms.

pub mod content;
pub mod frames;
pub mod play;

/// Reads numbers and pieces of an input in order; zero and nothing at its end.
pub struct Input<'a>(pub &'a [u8]);

impl<'a> Input<'a> {
    pub fn u8(&mut self) -> u8 {
        self.0.split_off_first().copied().unwrap_or_default()
    }

    pub fn u16(&mut self) -> u16 {
        u16::from_be_bytes([self.u8(), self.u8()])
    }

    pub fn u32(&mut self) -> u32 {
        u32::from(self.u16()) << 16 | u32::from(self.u16())
    }

    /// So many bytes, or what is left.
    pub fn take(&mut self, size: usize) -> &'a [u8] {
        let (taken, left) = self.0.split_at(size.min(self.0.len()));
        self.0 = left;
        taken
    }
}
