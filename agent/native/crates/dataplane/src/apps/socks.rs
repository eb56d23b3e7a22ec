//! SOCKS 4, 4a and 5 (RFC 1928, RFC 1929): a proxy's greeting, and where the connection inside begins.

use super::reader::Reader;
use super::talk::{Scene, Step, Talk};

/// Bytes of one direction before the connection inside begins.
pub const MAX_GREETING: usize = 1024;
/// How many methods there are (IANA, SOCKS Methods).
const METHODS: u8 = 11;

const fn is_method(method: u8) -> bool {
    matches!(method, 0..=3 | 5..=9 | 0x80 | 0x82)
}

/// Tells whether bytes open SOCKS; None when more are needed: the greeting alone is too short to be sure.
#[must_use]
pub fn looks_like_socks(head: &[u8], other: &[u8]) -> Option<bool> {
    match head {
        [] => None,
        [4, rest @ ..] => opens_4(rest, other),
        [5, rest @ ..] => opens_5(rest, other),
        _ => Some(false),
    }
}

fn opens_4(rest: &[u8], other: &[u8]) -> Option<bool> {
    if rest.first().is_some_and(|command| !matches!(command, 1 | 2)) {
        return Some(false);
    }
    match other {
        [first, second, ..] if rest.len() >= 8 => Some(*first == 0 && (0x5A..=0x5D).contains(second)),
        [] | [0, ..] => None,
        _ => Some(false),
    }
}

fn opens_5(rest: &[u8], other: &[u8]) -> Option<bool> {
    let (count, methods) = rest.split_first().map_or((0, rest), |(count, methods)| (*count, methods));
    let methods = methods.get(..count.into()).unwrap_or(methods);
    if !rest.is_empty() && !(1..=METHODS).contains(&count) || !methods.iter().all(|method| is_method(*method)) {
        return Some(false);
    }
    match other {
        [first, chosen, ..] if !rest.is_empty() && methods.len() == usize::from(count) => {
            Some(*first == 5 && (is_method(*chosen) || *chosen == 0xFF))
        }
        [] | [5, ..] => None,
        _ => Some(false),
    }
}

/// Where one side's greeting ends; None when more is needed. Nonsense ends at the limit.
#[must_use]
pub fn greeting_end(data: &[u8], client: bool) -> Option<usize> {
    let shown = data.get(..MAX_GREETING).unwrap_or(data);
    let mut reader = Reader::new(shown);
    let version_4 = shown.first() == Some(&if client { 4 } else { 0 });
    let read = match (version_4, client) {
        (true, true) => request_4(&mut reader),
        (true, false) => reader.take(8).map(drop),
        (false, true) => client_5(&mut reader),
        (false, false) => server_5(&mut reader),
    };
    match read {
        Some(()) => Some(shown.len() - reader.left().len()),
        None => (data.len() >= MAX_GREETING).then_some(MAX_GREETING),
    }
}

fn request_4(reader: &mut Reader<'_>) -> Option<()> {
    reader.take(4)?;
    let address = reader.u32()?;
    text(reader)?; // user
    if (1..=0xFF).contains(&address) { text(reader) } else { Some(()) } // 4a: a name follows
}

fn client_5(reader: &mut Reader<'_>) -> Option<()> {
    reader.u8()?;
    reader.block8()?; // methods
    if reader.u8()? == 1 {
        reader.block8()?; // user name and password (RFC 1929)
        reader.block8()?;
        reader.u8()?;
    }
    reader.take(2)?;
    address(reader)
}

fn server_5(reader: &mut Reader<'_>) -> Option<()> {
    reader.u8()?;
    if reader.u8()? == 2 {
        reader.take(2)?;
    }
    reader.take(3)?;
    address(reader)
}

fn text(reader: &mut Reader<'_>) -> Option<()> {
    while reader.u8()? != 0 {}
    Some(())
}

fn address(reader: &mut Reader<'_>) -> Option<()> {
    match reader.u8()? {
        3 => reader.block8()?,
        4 => reader.take(16)?,
        _ => reader.take(4)?,
    };
    reader.take(2).map(drop)
}

/// SOCKS until the connection inside begins, whichever side speaks first there.
#[derive(Default)]
pub struct SocksTalk {
    /// Of each direction: its greeting so far; None once it has ended.
    held: [Greeting; 2],
    /// The direction of the client, who speaks first.
    client: Option<bool>,
}

#[derive(Default)]
struct Greeting {
    held: Vec<u8>,
    ended: bool,
}

impl Talk for SocksTalk {
    fn feed(&mut self, _scene: &mut Scene<'_>, outward: bool, data: &[u8]) -> Step {
        let client = *self.client.get_or_insert(outward) == outward;
        let [inward, outwards] = &mut self.held;
        let greeting = if outward { outwards } else { inward };
        if greeting.ended {
            return Step::Upgrade(data.to_vec());
        }
        greeting.held.extend_from_slice(data);
        let Some(end) = greeting_end(&greeting.held, client) else { return Step::More };
        let rest = std::mem::take(greeting).held.split_off(end);
        greeting.ended = true;
        if rest.is_empty() { Step::More } else { Step::Upgrade(rest) }
    }

    /// What comes next is for the connection inside.
    fn gap(&mut self, _scene: &mut Scene<'_>, outward: bool) {
        if let Some(greeting) = self.held.get_mut(usize::from(outward)) {
            greeting.ended = true;
        }
    }
}
