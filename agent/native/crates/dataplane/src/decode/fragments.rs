//! Remembers what the first fragment of a packet was counted as, for the fragments that carry no ports.

use super::aged::Aged;
use super::ip::{self, Header};
use super::layer::{Choice, Layer};
use super::pieces::Pieces;
use super::{Decoded, Fit, dig};
use crate::home::Home;
use crate::model::{Address, Frame, Packet};

/// Packets in pieces remembered; the oldest gives way.
pub const LIMIT: usize = 8_192;
/// Linux waits as long for the pieces (`net.ipv4.ipfrag_time`).
pub const LIFETIME_NS: u64 = 30_000_000_000;

/// What the fragments of one packet share.
#[derive(Clone, Copy, PartialEq, Eq, Hash)]
pub struct Key {
    interface: u16,
    scope: u8,
    ident: u32,
    src: Address,
    dst: Address,
}

/// Reads the frames that `decode` leaves open. Must see them in the order they came.
///
/// What is counted is each fragment for itself, as it came. Beside that the pieces are put together, for those who read
/// names: the first fragment brings its own payload at once, so that a packet that is never completed says what there
/// is of it; the fragment that completes it brings the payload of the whole packet, the beginning once more.
#[derive(Default)]
pub struct Fragments {
    firsts: Aged<Key, Packet>,
    pieces: Pieces,
    whole: Option<Vec<u8>>,
}

impl Fragments {
    /// Reads a frame with a fragment in it; never returns `Decoded::Fragment`.
    pub fn decode(&mut self, frame: &Frame<'_>, home: &Home, fit: Fit) -> Decoded {
        self.whole = None;
        let mut outermost = match Layer::outermost(frame, fit) {
            Ok(layer) => layer,
            Err(reason) => return Decoded::Dropped(reason),
        };
        self.resolve(&mut outermost, frame);
        let mut choice = Choice::new(home, outermost.packet);
        let fragment = self.dig(frame, outermost, &mut choice);
        let counted = choice.made(0);
        if let Some(layer) = fragment {
            self.whole = self.join(frame, home, &layer, &counted);
        }
        Decoded::Packet(counted)
    }

    /// The payload of the packet that the last frame completed: that of the flow it was counted in, from where the
    /// payload of the first fragment begins.
    #[must_use]
    pub fn reassembled(&self) -> Option<&[u8]> {
        self.whole.as_deref()
    }

    /// How many fragments brought bytes that had come before.
    #[must_use]
    pub const fn overlaps(&self) -> u64 {
        self.pieces.overlaps
    }

    /// Reads what is inside a layer that was chosen from last; returns the outermost fragment, itself included.
    fn dig(&mut self, frame: &Frame<'_>, layer: Layer, choice: &mut Choice<'_>) -> Option<Layer> {
        let depth = choice.depth();
        let mut found = None;
        if choice.goes_on()
            && let Some(mut inside) = layer.inside(frame)
        {
            self.resolve(&mut inside, frame);
            choice.push(inside.packet);
            found = self.dig(frame, inside, choice);
        }
        let Some(key) = key(frame, &layer.header) else {
            return found;
        };
        if !layer.header.is_later_fragment() {
            self.firsts.insert(key, choice.made(depth));
            if self.firsts.len() > LIMIT {
                self.firsts.pop_oldest();
            }
        }
        Some(layer)
    }

    /// Makes a later fragment a packet of its first fragment's flow, where that is known and not too old.
    fn resolve(&self, layer: &mut Layer, frame: &Frame<'_>) {
        let known = key(frame, &layer.header).filter(|_| layer.header.is_later_fragment());
        let Some(first) = known.and_then(|key| self.firsts.get(&key)) else {
            return;
        };
        if first.ts_ns.abs_diff(frame.ts_ns) > LIFETIME_NS {
            return;
        }
        let Packet { ts_ns, ip_bytes, payload_bytes, payload, tunnel, .. } = layer.packet;
        // Where the first fragment was counted as a packet inside a tunnel, the tunnel's IP header does not count.
        let ip_bytes = if first.tunnel == tunnel { ip_bytes } else { payload_bytes };
        layer.packet = Packet { ts_ns, ip_bytes, payload_bytes, payload, tcp_flags: 0, ..*first };
    }

    /// The payload of the packet whose last missing piece a layer is, when it is of the flow that was counted.
    fn join(&mut self, frame: &Frame<'_>, home: &Home, layer: &Layer, counted: &Packet) -> Option<Vec<u8>> {
        let fragment = layer.header.fragment?;
        let piece = frame.data.get(fragment.start..layer.header.end)?;
        let joined = self.pieces.add(key(frame, &layer.header)?, &fragment, piece, frame.ts_ns, LIFETIME_NS)?;
        let whole = Frame { wire_len: joined.bytes.len() as u32, data: &joined.bytes, ..*frame };
        let header = ip::read_joined(whole.data, layer.header.src, layer.header.dst, joined.following).ok()?;
        let outermost = Layer::behind(&whole, header, super::layer::Place { fit: Fit::Whole, ..layer.place }).ok()?;
        match dig(&whole, home, outermost) {
            Decoded::Packet(packet) if same_flow(&packet, counted) => Some(packet.payload_in(whole.data).to_vec()),
            _ => None,
        }
    }
}

fn key(frame: &Frame<'_>, header: &Header) -> Option<Key> {
    let fragment = header.fragment?;
    Some(Key {
        interface: frame.interface,
        scope: fragment.scope,
        ident: fragment.ident,
        src: header.src,
        dst: header.dst,
    })
}

fn same_flow(one: &Packet, other: &Packet) -> bool {
    let flow = |packet: &Packet| (packet.src, packet.dst, packet.proto, packet.sport, packet.dport, packet.tunnel);
    flow(one) == flow(other)
}
