//! TFTP (RFC 1350): which file is asked for, and whether it goes out.

use memchr::memchr;

use super::talk::{Scene, Step, Talk};
use crate::names::List;

const READ: u8 = 1;
const WRITE: u8 = 2;
const MAX_NAME: usize = 255;
const MODES: [&[u8]; 3] = [b"octet", b"netascii", b"mail"];

/// What a datagram asks for.
struct Request<'a> {
    writes: bool,
    file: &'a [u8],
}

impl<'a> Request<'a> {
    /// An operation, a name that can be read, a mode, each text ended by a zero byte (RFC 1350 5).
    fn read(datagram: &'a [u8]) -> Option<Self> {
        let [0, operation @ (READ | WRITE), rest @ ..] = datagram else { return None };
        let (file, rest) = text(rest)?;
        let (mode, _) = text(rest)?;
        let named = (1..=MAX_NAME).contains(&file.len()) && file.iter().all(|byte| *byte >= 0x20 && *byte != 0x7F);
        let known = MODES.iter().any(|known| mode.eq_ignore_ascii_case(known));
        (named && known).then_some(Self { writes: *operation == WRITE, file })
    }
}

/// Splits a text from what follows the zero byte at its end.
fn text(bytes: &[u8]) -> Option<(&[u8], &[u8])> {
    let end = memchr(0, bytes)?;
    Some((bytes.get(..end)?, bytes.get(end + 1..)?))
}

/// Tells whether a datagram asks to read or write a file.
#[must_use]
pub fn looks_like_tftp(datagram: &[u8]) -> bool {
    Request::read(datagram).is_some()
}

/// One request; the file itself travels between other ports.
#[derive(Default)]
pub struct TftpTalk {}

impl Talk for TftpTalk {
    /// Takes the request: a file goes out that is written abroad, or read at home.
    fn feed(&mut self, scene: &mut Scene<'_>, outward: bool, data: &[u8]) -> Step {
        if let Some(request) = Request::read(data).filter(|request| request.writes == outward) {
            scene.names.add(List::FileNames, request.file);
        }
        Step::Done
    }

    fn gap(&mut self, _scene: &mut Scene<'_>, _outward: bool) {}
}
