//! Unpacks gzip and zstd piece by piece, in bounded memory; says when the packing is damaged or ends early.

use flate2::{Decompress, DecompressError, FlushDecompress, Status};
use zstd_safe::{DCtx, InBuffer, OutBuffer};

/// The largest window of zlib: any gzip file (RFC 1952).
const WINDOW_BITS: u8 = 15;
const GZIP: [u8; 2] = [0x1F, 0x8B];
const ZSTD: [u8; 4] = [0x28, 0xB5, 0x2F, 0xFD];
/// The first byte of a skippable frame's magic number, its lower half free (RFC 8878 3.1.2).
const SKIPPABLE: [u8; 3] = [0x2A, 0x4D, 0x18];

/// How a file is packed, and how far it is unpacked.
pub enum Packing {
    Gzip(Gunzip),
    Zstd(Unzstd),
}

impl Packing {
    /// Tells by its first four bytes, or all that there are, how a file is packed; None: not at all.
    #[must_use]
    pub fn of(head: &[u8]) -> Option<Self> {
        match head {
            [first, rest @ ..] if first & 0xF0 == 0x50 && rest.starts_with(&SKIPPABLE) => {
                Some(Self::Zstd(Unzstd::new()))
            }
            _ if head.starts_with(&GZIP) => Some(Self::Gzip(Gunzip::new())),
            _ if head.starts_with(&ZSTD) => Some(Self::Zstd(Unzstd::new())),
            _ => None,
        }
    }

    /// Unpacks one step into the room that is left, 128 KiB at least; returns how many packed bytes it took.
    ///
    /// # Errors
    ///
    /// A sentence: why it cannot go on. What was sound before the damage is unpacked.
    pub fn unpack(&mut self, packed: &[u8], into: &mut Vec<u8>) -> Result<usize, String> {
        match self {
            Self::Gzip(gunzip) => gunzip.unpack(packed, into),
            Self::Zstd(unzstd) => unzstd.unpack(packed, into),
        }
    }

    /// Why packed data must not end here, if it must not.
    #[must_use]
    pub fn unfinished(&self) -> Option<&'static str> {
        match self {
            Self::Gzip(gunzip) => gunzip.inside.is_some().then_some("the gzip data ends early"),
            Self::Zstd(unzstd) => unzstd.inside.then_some("the zstd data ends early"),
        }
    }
}

/// Unpacks gzip members one after the other (RFC 1952 2.2); padding with zeros after a member is fine.
pub struct Gunzip {
    inside: Option<Decompress>,
}

impl Gunzip {
    fn new() -> Self {
        Self { inside: Some(Decompress::new_gzip(WINDOW_BITS)) }
    }

    fn unpack(&mut self, packed: &[u8], into: &mut Vec<u8>) -> Result<usize, String> {
        if self.inside.is_none() {
            let zeros = packed.iter().take_while(|byte| **byte == 0).count();
            if zeros > 0 {
                return Ok(zeros);
            }
        }
        let member = self.inside.get_or_insert_with(|| Decompress::new_gzip(WINDOW_BITS));
        let (taken, filled) = (member.total_in(), into.len());
        let status = member.decompress_vec(packed, into, FlushDecompress::None);
        let taken = (member.total_in() - taken) as usize;
        match status {
            Ok(Status::StreamEnd) => self.inside = None,
            Ok(_) if taken > 0 || into.len() > filled => {}
            Ok(_) => return Err(damaged_gzip("no progress")),
            Err(error) => return Err(damaged_gzip(reason(&error))),
        }
        Ok(taken)
    }
}

/// The reason zlib gives; zlib-rs forgets that of a wrong code or distance, having found the state bad once more.
fn reason(error: &DecompressError) -> &str {
    error.message().filter(|reason| *reason != "repeated call with bad state").unwrap_or("invalid code or distance")
}

/// The words of zlib as Python gives them: both engines say the same.
fn damaged_gzip(reason: &str) -> String {
    format!("the gzip data is damaged (Error -3 while decompressing data: {reason})")
}

/// Unpacks zstd frames one after the other (RFC 8878 3.1). The window is bound by the library: 128 MiB.
pub struct Unzstd {
    context: DCtx<'static>,
    inside: bool,
    /// How many packed bytes the next step needs.
    wanted: usize,
}

impl Unzstd {
    /// The first step of a frame: as many bytes as any frame has.
    const FIRST: usize = 5;
    /// The library asks for a block and the header of the next; a wrong header would take the block with it.
    const BLOCK_HEADER: usize = 3;

    fn new() -> Self {
        Self { context: DCtx::create(), inside: true, wanted: Self::FIRST }
    }

    /// Gives the library one block at a time: so a damaged block takes no sound one with it, and what a step unpacks
    /// always fits.
    fn unpack(&mut self, packed: &[u8], into: &mut Vec<u8>) -> Result<usize, String> {
        let size = if self.wanted > Self::BLOCK_HEADER { self.wanted - Self::BLOCK_HEADER } else { self.wanted };
        let mut input = InBuffer::around(packed.get(..size).unwrap_or(packed));
        let filled = into.len();
        let mut output = OutBuffer::around_pos(into, filled);
        let wanted = self.context.decompress_stream(&mut output, &mut input).map_err(damaged_zstd)?;
        self.inside = wanted != 0;
        self.wanted = if self.inside { wanted } else { Self::FIRST };
        Ok(input.pos())
    }
}

fn damaged_zstd(code: usize) -> String {
    let reason = zstd_safe::get_error_name(code);
    format!("the zstd data is damaged (zstd decompressor error: {reason})")
}
