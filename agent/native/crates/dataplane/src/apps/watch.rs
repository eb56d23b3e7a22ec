//! Follows protocols of framed messages only to notice when TLS takes over (RDP, LDAP and databases).

use super::talk::{Scene, Step, Talk};

/// After which TLS is not waited for any more.
pub const MAX_FRAMES: u8 = 32;
/// Bytes that show a client hello: record header and message type.
const HELLO: usize = 6;

/// Tells a message's whole length by its first six bytes; 0 when they are no message.
pub type Frame = fn(&[u8; HELLO]) -> u64;

/// The length of a TPKT message (RFC 1006 6), as RDP begins with.
#[must_use]
pub const fn tpkt_frame([_, _, a, b, ..]: &[u8; HELLO]) -> u64 {
    u16::from_be_bytes([*a, *b]) as u64
}

/// The length of a MySQL packet: three bytes of length, one of sequence.
#[must_use]
pub const fn mysql_frame([a, b, c, ..]: &[u8; HELLO]) -> u64 {
    u32::from_le_bytes([*a, *b, *c, 0]) as u64 + 4
}

/// The length of a PostgreSQL message; those before the first answer have no type byte.
#[must_use]
pub const fn pgsql_frame(head: &[u8; HELLO]) -> u64 {
    match head {
        [0, b, c, d, ..] => u32::from_be_bytes([0, *b, *c, *d]) as u64,
        [_, a, b, c, d, _] => u32::from_be_bytes([*a, *b, *c, *d]) as u64 + 1,
    }
}

/// The length of a BER element (X.690 8.1.3), as each LDAP message is.
#[must_use]
pub const fn ldap_frame([_, size, a, b, c, d]: &[u8; HELLO]) -> u64 {
    match *size {
        0x80 => 2,
        0x81 => *a as u64 + 3,
        0x82 => u16::from_be_bytes([*a, *b]) as u64 + 4,
        0x83 => u32::from_be_bytes([0, *a, *b, *c]) as u64 + 5,
        0x84 => u32::from_be_bytes([*a, *b, *c, *d]) as u64 + 6,
        0x85.. => 0,
        size => size as u64 + 2,
    }
}

/// One direction.
#[derive(Default)]
struct Side {
    /// Bytes of a message too few to tell its length: five at most.
    held: Vec<u8>,
    skip: u64,
}

/// Skips messages and looks at each one's beginning for a client hello (StartTLS, SSLRequest and their like).
pub struct FramedTalk {
    frame: Frame,
    sides: [Side; 2],
    frames: u8,
}

impl FramedTalk {
    /// Follows messages of which `frame` tells the length.
    #[must_use]
    pub fn new(frame: Frame) -> Self {
        Self { frame, sides: [Side::default(), Side::default()], frames: 0 }
    }
}

impl Talk for FramedTalk {
    /// Six bytes are kept at most.
    fn feed(&mut self, _scene: &mut Scene<'_>, outward: bool, data: &[u8]) -> Step {
        let [inward, outwards] = &mut self.sides;
        let side = if outward { outwards } else { inward };
        let mut joined = std::mem::take(&mut side.held);
        let mut data = if joined.is_empty() {
            data
        } else {
            joined.extend_from_slice(data);
            &joined
        };
        while !data.is_empty() && self.frames <= MAX_FRAMES {
            let skipped = side.skip.min(data.len() as u64);
            side.skip -= skipped;
            data = data.get(skipped as usize..).unwrap_or_default();
            let Some(head) = data.first_chunk::<HELLO>() else {
                side.held = data.to_vec();
                return Step::More;
            };
            if let [0x16, 3, 0..=4, _, _, 1] = head {
                return Step::Upgrade(data.to_vec());
            }
            self.frames += 1;
            side.skip = (self.frame)(head).max(1);
        }
        if self.frames <= MAX_FRAMES { Step::More } else { Step::Done }
    }

    fn gap(&mut self, _scene: &mut Scene<'_>, outward: bool) {
        if let Some(side) = self.sides.get_mut(usize::from(outward)) {
            *side = Side::default();
        }
    }
}
