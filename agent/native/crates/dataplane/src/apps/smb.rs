//! SMB 1 to 3 over TCP ([MS-SMB2], [MS-CIFS]): which files go out.

use super::reader::Reader;
use super::talk::{Scene, Step, Talk};
use crate::model::Inspection;
use crate::names::{List, Names};

/// Bytes of one message that are looked at: names stand in front, the files' content behind.
pub const MAX_READ: usize = 4096;
/// Requests in one message.
const MAX_COMPOUND: usize = 16;
/// The transport's header: a type, and the length of the message in three bytes ([MS-SMB2] 2.1).
const NETBIOS_HEADER: usize = 4;
const SMB1: &[u8] = b"\xffSMB";
const SMB2: &[u8] = b"\xfeSMB";
const ENCRYPTED: &[u8] = b"\xfdSMB";
const COMPRESSED: &[u8] = b"\xfcSMB";
const SMB1_HEADER: usize = 32;
const SMB2_HEADER: usize = 64;
const CREATE: u16 = 0x05;
const CREATE_ANDX: u8 = 0xA2;
/// Flags of SMB1, its second flags, and of SMB2.
const RESPONSE1: u8 = 0x80;
const UNICODE: u16 = 0x8000;
const RESPONSE2: u32 = 0x01;
/// Access masks ([MS-SMB2] 2.2.13.1): data, append, all, maximum allowed, generic.
const WRITES: u32 = 0x0000_0002 | 0x0000_0004 | 0x0200_0000 | 0x1000_0000 | 0x4000_0000;
const READS: u32 = 0x0000_0001 | 0x0200_0000 | 0x1000_0000 | 0x8000_0000;
/// A create option.
const DIRECTORY: u32 = 0x01;

/// Tells whether bytes begin SMB over TCP or NetBIOS ([MS-SMB2] 2.1, RFC 1002 4.3); None when more are needed.
#[must_use]
pub fn looks_like_smb(head: &[u8]) -> Option<bool> {
    match head {
        [0x81, 0, 0, 0x44, rest @ ..] => Some(matches!(rest, [] | [0x20, ..])), // session request: two encoded names
        [0x81, _, _, _, ..] => Some(false),
        [0, _, _, _, a, b, c, d, ..] => {
            Some([SMB1, SMB2, ENCRYPTED, COMPRESSED].contains(&[*a, *b, *c, *d].as_slice()))
        }
        [] | [0 | 0x81, ..] => None,
        _ => Some(false),
    }
}

/// Adds the names of the files a request opens so that their content may go out.
///
/// That is: opened for writing by a request that goes out, or for reading by one that comes in.
pub fn add_opened(message: &[u8], outward: bool, names: &mut Names) {
    let access = if outward { WRITES } else { READS };
    if message.starts_with(SMB2) {
        add_smb2(message, access, names);
    } else if message.starts_with(SMB1) {
        names_smb1(message, access).into_iter().for_each(|name| names.add(List::FileNames, &name));
    }
}

/// CREATE requests ([MS-SMB2] 2.2.13), compounded or not (2.2.1.2: NextCommand).
fn add_smb2(message: &[u8], access: u32, names: &mut Names) {
    let mut left = message;
    for _ in 0..MAX_COMPOUND {
        let Some(header) = left.first_chunk::<SMB2_HEADER>() else { return };
        if le16(header, 12) == CREATE
            && le32(header, 16) & RESPONSE2 == 0
            && let Some(name) = name_smb2(left, access)
        {
            names.add(List::FileNames, utf16(name).as_bytes());
        }
        let following = le32(header, 20) as usize;
        if following == 0 {
            return;
        }
        left = left.get(following..).unwrap_or_default();
    }
}

fn name_smb2(request: &[u8], access: u32) -> Option<&[u8]> {
    let body: &[u8; 48] = request.get(SMB2_HEADER..)?.first_chunk()?;
    let wanted = le32(body, 24) & access != 0 && le32(body, 40) & DIRECTORY == 0;
    wanted.then(|| clipped(request, le16(body, 44).into(), le16(body, 46).into()))
}

/// NT_CREATE_ANDX requests ([MS-CIFS] 2.2.4.64.1).
fn names_smb1(request: &[u8], access: u32) -> Option<Vec<u8>> {
    const WORDS: usize = SMB1_HEADER + 1;
    const NAME: usize = WORDS + 48 + 2;
    let header: &[u8; NAME] = request.first_chunk()?;
    let [_, _, _, _, command, _, _, _, _, flags, ..] = *header;
    if command != CREATE_ANDX || flags & RESPONSE1 != 0 {
        return None;
    }
    if le32(header, WORDS + 15) & access == 0 || le32(header, WORDS + 39) & DIRECTORY != 0 {
        return None;
    }
    let size = usize::from(le16(header, WORDS + 5));
    if le16(header, 10) & UNICODE == 0 {
        return Some(clipped(request, NAME, size).to_vec());
    }
    Some(utf16(clipped(request, NAME.next_multiple_of(2), size)).into_bytes()) // UTF-16 is aligned
}

/// The part of some bytes from `at` on that is there, at most `size` of it.
fn clipped(bytes: &[u8], at: usize, size: usize) -> &[u8] {
    let from = bytes.get(at..).unwrap_or_default();
    from.get(..size).unwrap_or(from)
}

fn le16(bytes: &[u8], at: usize) -> u16 {
    bytes.get(at..).and_then(<[u8]>::first_chunk).map_or(0, |value| u16::from_le_bytes(*value))
}

fn le32(bytes: &[u8], at: usize) -> u32 {
    bytes.get(at..).and_then(<[u8]>::first_chunk).map_or(0, |value| u32::from_le_bytes(*value))
}

/// A name of the wire as text; half a pair or half a unit becomes one replacement character.
fn utf16(name: &[u8]) -> String {
    let (units, half) = name.as_chunks();
    let units = units.iter().map(|unit| u16::from_le_bytes(*unit));
    let broken_off = units.clone().next_back().is_some_and(|last| matches!(last, 0xD800..=0xDBFF));
    let mut text: String = char::decode_utf16(units).map(|c| c.unwrap_or(char::REPLACEMENT_CHARACTER)).collect();
    if !half.is_empty() && !broken_off {
        text.push(char::REPLACEMENT_CHARACTER);
    }
    text.truncate(text.trim_end_matches('\0').len());
    text
}

/// SMB over TCP: messages behind a length of three bytes.
#[derive(Default)]
pub struct SmbTalk {
    inward: Direction,
    outward: Direction,
}

/// One direction: of each message only the beginning is kept.
#[derive(Default)]
struct Direction {
    begun: Vec<u8>,
    /// Bytes of the message before that are still to come.
    skip: usize,
    lost: bool,
}

impl SmbTalk {
    fn direction(&mut self, outward: bool) -> &mut Direction {
        if outward { &mut self.outward } else { &mut self.inward }
    }
}

impl Talk for SmbTalk {
    fn feed(&mut self, scene: &mut Scene<'_>, outward: bool, data: &[u8]) -> Step {
        let direction = self.direction(outward);
        direction.lost &= looks_like_smb(data) != Some(true);
        let mut left = if direction.lost { &[] } else { data };
        while !left.is_empty() {
            left = direction.take(left, |message| note(message, outward, scene.names));
        }
        Step::More
    }

    /// Waits for a piece that begins like a message.
    fn gap(&mut self, _scene: &mut Scene<'_>, outward: bool) {
        *self.direction(outward) = Direction { lost: true, ..Direction::default() };
    }
}

impl Direction {
    /// Takes one message, or what there is of it, from the front of some bytes and returns the rest.
    fn take<'a>(&mut self, data: &'a [u8], found: impl FnOnce(&[u8])) -> &'a [u8] {
        if self.skip > 0 {
            let (skipped, rest) = data.split_at(self.skip.min(data.len()));
            self.skip -= skipped.len();
            return rest;
        }
        if self.begun.is_empty()
            && let Some(front) = Front::read(data)
        {
            found(front.message);
            self.skip = front.beyond;
            return front.rest;
        }
        let (piece, rest) = data.split_at(data.len().min(missing(&self.begun)));
        self.begun.extend_from_slice(piece);
        if let Some(front) = Front::read(&self.begun) {
            found(front.message);
            self.skip = front.beyond;
            self.begun = Vec::new();
        }
        rest
    }
}

/// The first message of some bytes, as far as it is read.
struct Front<'a> {
    message: &'a [u8],
    /// Bytes of the message that are not read.
    beyond: usize,
    rest: &'a [u8],
}

impl<'a> Front<'a> {
    /// None when not all of it is there that is read.
    fn read(data: &'a [u8]) -> Option<Self> {
        let mut reader = Reader::new(data);
        reader.u8()?;
        let size = reader.u24()? as usize;
        let message = reader.take(size.min(MAX_READ))?;
        Some(Self { message, beyond: size - message.len(), rest: reader.left() })
    }
}

/// How many bytes the message begun wants next: those of its header, or all that is read of it.
fn missing(begun: &[u8]) -> usize {
    let size = begun.first_chunk().map_or(0, |[_, a, b, c]| u32::from_be_bytes([0, *a, *b, *c]) as usize);
    (NETBIOS_HEADER + size.min(MAX_READ)).saturating_sub(begun.len())
}

fn note(message: &[u8], outward: bool, names: &mut Names) {
    if message.starts_with(ENCRYPTED) {
        names.inspection = Some(Inspection::Opaque);
    }
    add_opened(message, outward, names);
}
