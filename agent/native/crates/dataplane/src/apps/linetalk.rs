//! Follows protocols of lines (mail, file transfer) and notices when TLS takes over.

use memchr::memchr;

use super::talk::{Scene, Step, Talk};
use super::tls;

/// What is longer is cut; RFC 5321 4.5.3.1 asks for 1,000.
pub const MAX_LINE: usize = 4096;
/// After which a talk that only waits for TLS stops waiting.
pub const MAX_LINES: u16 = 256;

/// What a protocol makes of its lines.
pub trait Lines: Send + Sync {
    /// It hands over what goes out for detectors; else they see the stream.
    const READS: bool = false;

    /// Takes one line, its end cut off.
    fn line(&mut self, scene: &mut Scene<'_>, outward: bool, line: &[u8]);

    /// Takes what of the data is no line but content, and returns the rest: the end of the same bytes.
    fn content<'a>(&mut self, _scene: &mut Scene<'_>, _outward: bool, data: &'a [u8]) -> &'a [u8] {
        data
    }

    /// Tells whether nothing more is to be learnt.
    fn over(&self) -> bool {
        false
    }
}

/// Lines that say nothing; only TLS is waited for (XMPP, IRC and their like).
#[derive(Default)]
pub struct Waiting {
    lines: u16,
}

impl Lines for Waiting {
    fn line(&mut self, _scene: &mut Scene<'_>, _outward: bool, _line: &[u8]) {
        self.lines += 1;
    }

    fn over(&self) -> bool {
        self.lines > MAX_LINES
    }
}

/// Cuts both directions into lines.
#[derive(Default)]
pub struct LineTalk<L = Waiting> {
    pub lines: L,
    /// Of each direction: the line that has no end yet.
    held: [Vec<u8>; 2],
}

impl<L: Lines> LineTalk<L> {
    /// Takes one line, or what there is of it, from the front of the data and returns the rest.
    fn take<'a>(&mut self, scene: &mut Scene<'_>, outward: bool, data: &'a [u8]) -> &'a [u8] {
        let Some(held) = self.held.get_mut(usize::from(outward)) else { return &[] };
        let end = memchr(b'\n', data);
        let (piece, rest) = data.split_at_checked(end.unwrap_or(data.len())).unwrap_or((data, &[]));
        let room = MAX_LINE.saturating_sub(held.len());
        let piece = piece.get(..room).unwrap_or(piece);
        if end.is_none() {
            held.extend_from_slice(piece);
            return &[];
        }
        if held.is_empty() {
            self.lines.line(scene, outward, unreturned(piece));
        } else {
            let mut line = std::mem::take(held);
            line.extend_from_slice(piece);
            self.lines.line(scene, outward, unreturned(&line));
        }
        rest.get(1..).unwrap_or_default()
    }

    /// Takes lines until the data ends, nothing more is wanted, or a TLS record stands where a line should.
    fn follow(&mut self, scene: &mut Scene<'_>, outward: bool, mut data: &[u8]) -> Option<Vec<u8>> {
        while !data.is_empty() && !self.lines.over() {
            let held = self.held.get(usize::from(outward)).map_or(0, Vec::len);
            if held == 0 {
                data = self.lines.content(scene, outward, data);
                match tls::looks_like_record(data) {
                    Some(true) => return Some(data.to_vec()),
                    None => return self.hold(outward, data),
                    Some(false) => {}
                }
            } else if held < tls::RECORD_HEADER {
                return self.again(scene, outward, data);
            }
            data = self.take(scene, outward, data);
        }
        None
    }

    /// Keeps bytes that may begin a record.
    fn hold(&mut self, outward: bool, data: &[u8]) -> Option<Vec<u8>> {
        self.held.get_mut(usize::from(outward))?.extend_from_slice(data);
        None
    }

    /// Looks again at the first bytes of a line, which may begin a record or hold the end of the line.
    fn again(&mut self, scene: &mut Scene<'_>, outward: bool, data: &[u8]) -> Option<Vec<u8>> {
        let mut joined = std::mem::take(self.held.get_mut(usize::from(outward))?);
        joined.extend_from_slice(data);
        match tls::looks_like_record(&joined) {
            Some(true) => Some(joined),
            None => self.hold(outward, &joined),
            Some(false) => {
                let rest = self.take(scene, outward, &joined);
                self.follow(scene, outward, rest)
            }
        }
    }
}

impl<L: Lines> Talk for LineTalk<L> {
    fn feed(&mut self, scene: &mut Scene<'_>, outward: bool, data: &[u8]) -> Step {
        if L::READS {
            scene.take_over();
        }
        match self.follow(scene, outward, data) {
            Some(rest) => {
                scene.give_back(rest.len());
                Step::Upgrade(rest)
            }
            None if self.lines.over() => {
                scene.give_back(0);
                Step::Done
            }
            None => Step::More,
        }
    }

    fn gap(&mut self, _scene: &mut Scene<'_>, outward: bool) {
        if let Some(held) = self.held.get_mut(usize::from(outward)) {
            held.clear();
        }
    }
}

/// A line without the carriage returns at its end.
fn unreturned(line: &[u8]) -> &[u8] {
    line.iter().rposition(|byte| *byte != b'\r').and_then(|last| line.get(..=last)).unwrap_or_default()
}
