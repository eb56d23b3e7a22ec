//! Strings that pages show, held until it is known what the codes of their fonts mean.

use encoding_rs::{UTF_16BE, WINDOWS_1252};
use hashbrown::HashMap;

use super::super::compose::Compose;
use super::super::escapes::Stage;
use super::super::page::Page;
use super::cmap::CMap;

/// The font of text of which none is known.
pub const PLAIN: u16 = 0;

/// Strings in the order of the file, and in which font each is shown.
#[derive(Default)]
pub struct Strings {
    bytes: Vec<u8>,
    /// Where each run ends, and its font; None: it is text already.
    runs: Vec<(u32, Option<u16>)>,
    compose: Compose,
}

impl Strings {
    /// Puts codes of a font.
    pub fn put(&mut self, font: u16, codes: &[u8]) {
        self.add(Some(font), codes);
    }

    pub fn put_utf16(&mut self, string: &[u8]) {
        self.add(None, UTF_16BE.decode_without_bom_handling(string).0.as_bytes());
    }

    /// Puts what parts words or lines.
    pub fn separate(&mut self, mark: u8) {
        self.add(None, &[mark]);
    }

    fn add(&mut self, font: Option<u16>, bytes: &[u8]) {
        self.bytes.extend_from_slice(bytes);
        let end = self.bytes.len() as u32;
        match self.runs.last_mut() {
            Some((last, same)) if *same == font => *last = end,
            _ => self.runs.push((end, font)),
        }
    }

    /// Bytes that are held.
    pub const fn held(&self) -> usize {
        self.bytes.len() + self.runs.len() * size_of::<(u32, Option<u16>)>()
    }

    /// Writes what is held, by the CMaps that fonts may have; `last`: nothing follows.
    pub fn write(&mut self, page: &mut Page, cmaps: &HashMap<u16, Vec<&CMap>>, last: bool) {
        let (bytes, runs) = (std::mem::take(&mut self.bytes), std::mem::take(&mut self.runs));
        let (mut start, mut text) = (0, Vec::with_capacity(bytes.len()));
        for (end, font) in runs {
            let run = bytes.get(start..end as usize).unwrap_or_default();
            match font.map(|font| cmaps.get(&font)) {
                None => text.extend_from_slice(run),
                Some(None) => write_win_ansi(run, &mut text),
                Some(Some(cmaps)) => read(cmaps, run, &mut text),
            }
            start = end as usize;
        }
        let mut composed = Vec::with_capacity(text.len());
        self.compose.turn(&text, last, &mut composed);
        page.put(&composed);
    }
}

/// Reads codes by the CMap that knows the most of them, where a name means several fonts.
fn read(cmaps: &[&CMap], codes: &[u8], text: &mut Vec<u8>) {
    let mut best: Option<(usize, Vec<u8>)> = None;
    for cmap in cmaps {
        let mut read = Vec::with_capacity(codes.len());
        let unknown = cmap.read(codes, &mut read);
        if best.as_ref().is_none_or(|(least, _)| unknown < *least) {
            best = Some((unknown, read));
        }
    }
    text.extend(best.map(|(_, read)| read).unwrap_or_default());
}

fn write_win_ansi(string: &[u8], text: &mut Vec<u8>) {
    let from = text.len();
    text.extend_from_slice(WINDOWS_1252.decode_without_bom_handling(string).0.as_bytes());
    let blanks = text.iter_mut().skip(from).filter(|byte| matches!(byte, b'\r' | b'\t' | 8 | 12));
    blanks.for_each(|byte| *byte = b' ');
}
