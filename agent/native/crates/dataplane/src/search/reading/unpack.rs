//! Unpacks what is packed (RFC 9110 8.4.1, RFC 8878, RFC 7932) in bounded memory, up to a limit; damage ends it.

use brotli_decompressor::{BrotliDecompressStream, BrotliResult, BrotliState, StandardAlloc};
use flate2::{Decompress, FlushDecompress, Status};
use zstd_safe::{DCtx, DParameter, InBuffer, OutBuffer};

use super::body::Reader;
use super::page::{Limit, Page};

/// Bytes that are unpacked at a time.
const PIECE: usize = 16_384;
/// Packed bytes that are taken at a time: what damage leaves of what stood before it, and where it is seen, depends on that.
pub const BLOCK: usize = 512;
/// The largest window of gzip and deflate.
const WINDOW_BITS: u8 = 15;
/// The largest window of zstd that is let (RFC 8878 3.1.1.1.2 recommends it): 8 MiB.
const ZSTD_WINDOW_LOG: u32 = 23;

/// How something is packed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Coding {
    Gzip,
    /// With a head (RFC 1950) or without.
    Deflate,
    Brotli,
    Zstd,
}

impl Coding {
    /// The coding of a name as Content-Encoding has it.
    pub fn named(name: &[u8]) -> Option<Self> {
        Some(match name {
            b"gzip" | b"x-gzip" => Self::Gzip,
            b"deflate" => Self::Deflate,
            b"br" => Self::Brotli,
            b"zstd" => Self::Zstd,
            _ => return None,
        })
    }
}

type Brotli = BrotliState<StandardAlloc, StandardAlloc, StandardAlloc>;

enum Codec {
    Zlib(Decompress),
    /// Deflate whose first two bytes have not come.
    Undecided,
    Brotli(Box<Brotli>),
    Zstd(DCtx<'static>),
    Over,
}

/// What a step of unpacking did: bytes it took, bytes it made, and whether a stream ended.
struct Step {
    read: usize,
    made: usize,
    end: bool,
}

/// Unpacks for another reader.
pub struct Unpack {
    coding: Coding,
    codec: Codec,
    /// Less than a block.
    held: Vec<u8>,
    next: Box<dyn Reader>,
}

impl Unpack {
    pub fn new(coding: Coding, next: Box<dyn Reader>) -> Self {
        Self { coding, codec: Codec::new(coding), held: Vec::new(), next }
    }
}

impl Reader for Unpack {
    fn read(&mut self, page: &mut Page, data: &[u8]) {
        if matches!(self.codec, Codec::Over) {
            return;
        }
        let mut held = std::mem::take(&mut self.held);
        held.extend_from_slice(data);
        let whole = held.len() / BLOCK * BLOCK;
        for block in held.chunks_exact(BLOCK) {
            self.block(page, block);
        }
        self.held = held.split_off(whole);
    }

    fn end(&mut self, page: &mut Page) {
        let held = std::mem::take(&mut self.held);
        self.block(page, &held);
        self.next.end(page);
    }
}

impl Unpack {
    /// Unpacks a block of packed bytes.
    fn block(&mut self, page: &mut Page, mut left: &[u8]) {
        if matches!(self.codec, Codec::Undecided) {
            self.codec = Codec::deflate(left);
        }
        let mut out = vec![0; PIECE];
        while !page.over {
            let room = page.room();
            let Some(step) = self.codec.step(left, out.get_mut(..PIECE.min(room)).unwrap_or_default()) else {
                self.codec = Codec::Over;
                return;
            };
            left = left.get(step.read..).unwrap_or_default();
            page.count_unpacked(step.made);
            if step.made > 0 {
                self.next.read(page, out.get(..step.made).unwrap_or_default());
            }
            if step.end {
                let again = matches!(self.coding, Coding::Gzip | Coding::Zstd);
                self.codec = if again { Codec::new(self.coding) } else { Codec::Over };
            }
            if step.made == room {
                page.meet(Limit::Bytes);
                self.next.end(page);
                page.end_text();
                page.over = true;
            }
            if left.is_empty() && (step.end || step.made < PIECE.min(room)) || (step.read == 0 && step.made == 0) {
                return;
            }
        }
    }
}

impl Codec {
    fn new(coding: Coding) -> Self {
        match coding {
            Coding::Gzip => Self::Zlib(Decompress::new_gzip(WINDOW_BITS)),
            Coding::Deflate => Self::Undecided,
            Coding::Brotli => Self::Brotli(Box::new(BrotliState::new_strict(
                StandardAlloc::default(),
                StandardAlloc::default(),
                StandardAlloc::default(),
            ))),
            Coding::Zstd => DCtx::try_create().map_or(Self::Over, |mut context| {
                let bounded = context.set_parameter(DParameter::WindowLogMax(ZSTD_WINDOW_LOG));
                if bounded.is_ok() { Self::Zstd(context) } else { Self::Over }
            }),
        }
    }

    /// Deflate with a head or without, by the first two bytes (RFC 1950 2.2).
    fn deflate(begin: &[u8]) -> Self {
        match begin {
            [method, flags, ..] => {
                let headed = method & 0x0F == 8 && u16::from_be_bytes([*method, *flags]) % 31 == 0;
                Self::Zlib(Decompress::new(headed))
            }
            _ => Self::Over,
        }
    }

    /// Unpacks a step; None when nothing more can be.
    fn step(&mut self, data: &[u8], out: &mut [u8]) -> Option<Step> {
        match self {
            Self::Zlib(zlib) => {
                let before = (zlib.total_in(), zlib.total_out());
                let status = zlib.decompress(data, out, FlushDecompress::None);
                let (read, made) = ((zlib.total_in() - before.0) as usize, (zlib.total_out() - before.1) as usize);
                match status {
                    Err(_) if made == 0 => None,
                    status => Some(Step { read, made, end: matches!(status, Ok(Status::StreamEnd)) }),
                }
            }
            Self::Brotli(state) => {
                let (mut left, mut read, mut room, mut made, mut total) = (data.len(), 0, out.len(), 0, 0);
                let result =
                    BrotliDecompressStream(&mut left, &mut read, data, &mut room, &mut made, out, &mut total, state);
                match result {
                    BrotliResult::ResultFailure if made == 0 => None,
                    result => Some(Step { read, made, end: matches!(result, BrotliResult::ResultSuccess) }),
                }
            }
            Self::Zstd(context) => {
                let (mut input, mut output) = (InBuffer::around(data), OutBuffer::around(out));
                let hint = context.decompress_stream(&mut output, &mut input);
                let (read, made) = (input.pos, output.pos());
                match hint {
                    Err(_) if made == 0 => None,
                    hint => Some(Step { read, made, end: hint == Ok(0) }),
                }
            }
            Self::Undecided | Self::Over => None,
        }
    }
}

/// Where raw or headed deflate stands after a piece.
pub enum Inflated {
    More,
    /// It ended, or was damaged, after so many bytes of the piece.
    End(usize),
}

/// Unpacks deflate inside of a file for another reader.
pub fn inflate(zlib: &mut Decompress, page: &mut Page, data: &[u8], next: &mut dyn Reader) -> Inflated {
    let mut out = vec![0; PIECE];
    let begun = zlib.total_in();
    while !page.over {
        let read = (zlib.total_in() - begun) as usize;
        let (before, capacity) = (zlib.total_out(), PIECE.min(page.room()));
        let left = data.get(read..).unwrap_or_default();
        let status = zlib.decompress(left, out.get_mut(..capacity).unwrap_or_default(), FlushDecompress::None);
        let (read, made) = ((zlib.total_in() - begun) as usize, (zlib.total_out() - before) as usize);
        page.count_unpacked(made);
        next.read(page, out.get(..made).unwrap_or_default());
        if page.room() == 0 && !page.over {
            page.meet(Limit::Bytes);
            next.end(page);
            page.end_text();
            page.over = true;
        }
        match status {
            Ok(Status::StreamEnd) => return Inflated::End(read),
            Err(_) if made == 0 => return Inflated::End(read),
            _ if made < capacity && read >= data.len() => return Inflated::More,
            Ok(Status::BufError) if made == 0 => return Inflated::More,
            _ => {}
        }
    }
    Inflated::More
}
