//! A capture file as a stream of bytes, plain or unpacked, seen through a window that holds whole records.

use std::path::Path;

use super::Block;
use super::packed::Packing;
use super::raw::{Came, Raw};

/// How many bytes tell how a file is packed.
const HEAD: usize = 4;

/// What was read of a file and not yet handed over.
pub struct Stream {
    raw: Raw,
    /// Bytes read or unpacked at a time.
    step: usize,
    /// Read from the file, not yet unpacked; empty when the file is plain.
    packed: Vec<u8>,
    unpacked: usize,
    packing: Option<Packing>,
    looked: bool,
    window: Vec<u8>,
    /// Bytes of the file, unpacked, that were before the window.
    before: u64,
    /// Where in the window the next record begins.
    pub at: usize,
    /// Nothing more will come.
    pub ended: bool,
    /// Why nothing more will come, when that is not the end.
    pub failure: String,
}

impl Stream {
    /// Opens a file; see `Raw::open`.
    pub fn open(path: &Path, step: usize) -> Result<Self, String> {
        Ok(Self {
            raw: Raw::open(path)?,
            step,
            packed: Vec::new(),
            unpacked: 0,
            packing: None,
            looked: false,
            window: Vec::new(),
            before: 0,
            at: 0,
            ended: false,
            failure: String::new(),
        })
    }

    /// What can be seen of the file.
    #[must_use]
    pub fn window(&self) -> &[u8] {
        &self.window
    }

    /// What can be seen of the file, and where in it the next record begins, to be moved on.
    pub fn view(&mut self) -> (&[u8], &mut usize) {
        (&self.window, &mut self.at)
    }

    /// What comes after the last whole record.
    #[must_use]
    pub fn unread(&self) -> &[u8] {
        self.window.get(self.at..).unwrap_or_default()
    }

    /// The place in the unpacked file of a place in the window.
    #[must_use]
    pub fn offset(&self, at: usize) -> u64 {
        self.before + at as u64
    }

    /// Bytes read of the file as it lies on the disk.
    #[must_use]
    pub fn read_bytes(&self) -> u64 {
        self.raw.count
    }

    /// Lets more of the file be seen, one step; forgets what is before the next record.
    pub fn read_more(&mut self) {
        if self.ended {
            return;
        }
        self.window.drain(..self.at.min(self.window.len()));
        self.before += self.at as u64;
        self.at = 0;
        match self.step() {
            Ok(came) => self.ended = came == Came::End,
            Err(reason) => (self.ended, self.failure) = (true, reason),
        }
    }

    fn step(&mut self) -> Result<Came, String> {
        if !self.looked {
            return self.look();
        }
        self.window.reserve(self.step);
        let Some(packing) = &mut self.packing else {
            return self.raw.read(&mut self.window);
        };
        let mut came = Came::More;
        if self.unpacked >= self.packed.len() {
            self.packed.clear();
            self.unpacked = 0;
            came = self.raw.read(&mut self.packed)?;
        }
        match came {
            Came::More => {
                let packed = self.packed.get(self.unpacked..).unwrap_or_default();
                self.unpacked += packing.unpack(packed, &mut self.window)?;
                Ok(Came::More)
            }
            Came::Nothing => Ok(Came::Nothing),
            Came::End => packing.unfinished().map_or(Ok(Came::End), |reason| Err(reason.to_owned())),
        }
    }

    /// Reads until the first bytes tell how the file is packed.
    fn look(&mut self) -> Result<Came, String> {
        self.packed.reserve(self.step);
        let came = self.raw.read(&mut self.packed)?;
        if came == Came::End || self.packed.len() >= HEAD {
            self.looked = true;
            self.packing = Packing::of(&self.packed);
            if self.packing.is_none() {
                std::mem::swap(&mut self.window, &mut self.packed);
            }
        }
        Ok(if self.packed.is_empty() { came } else { Came::More })
    }

    /// Hands the bytes of the block's records over: what was read since `from`, a place in the window.
    ///
    /// The window itself goes, and the block's room becomes the next: only what follows the records is copied. Where
    /// that is more than the records (the block is full), they are copied instead: never a byte more than is handed over.
    pub fn hand_over(&mut self, block: &mut Block, from: usize) {
        block.owned.clear();
        let read = self.window.get(from..self.at).unwrap_or_default();
        if self.unread().len() <= read.len() {
            block.owned.extend_from_slice(self.unread());
            std::mem::swap(&mut self.window, &mut block.owned);
            self.before += self.at as u64;
            self.at = 0;
            return;
        }
        block.owned.extend_from_slice(read);
        for record in &mut block.records {
            record.offset -= from as u64;
        }
    }
}
