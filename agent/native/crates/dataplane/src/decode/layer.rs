//! The IP layers of a frame: how one is read, what is inside it, and which of them counts.

use super::ip::{self, Header};
use super::{Fit, TUNNEL_LIMIT, link, transport, tunnel};
use crate::home::Home;
use crate::model::{DropReason, Frame, Packet, Scope, TunnelPath, Vlan, proto};

const UDP_HEADER: usize = 8;

/// Where an IP packet stands in a frame, and what is around it.
#[derive(Clone, Copy, Debug)]
pub struct Place {
    pub at: usize,
    /// Where what is around it ends on the wire.
    pub end: usize,
    pub vlan: Vlan,
    pub tunnel: TunnelPath,
    pub fit: Fit,
}

/// One IP packet of a frame, and how it was read.
#[derive(Clone, Copy, Debug)]
pub struct Layer {
    pub header: Header,
    pub packet: Packet,
    pub place: Place,
}

impl Layer {
    /// Reads the IP packet that is straight in a frame.
    pub fn outermost(frame: &Frame<'_>, fit: Fit) -> Result<Self, DropReason> {
        let start = link::find_ip(frame.linktype, frame.data)?;
        let (end, tunnel) = (frame.wire_len as usize, TunnelPath::default());
        Self::read(frame, Place { at: start.offset, end, vlan: start.vlan, tunnel, fit })
    }

    fn read(frame: &Frame<'_>, place: Place) -> Result<Self, DropReason> {
        let header = ip::read(frame.data, place.at, place.end, place.fit)?;
        Self::behind(frame, header, place)
    }

    /// Reads what is behind an IP header.
    pub fn behind(frame: &Frame<'_>, header: Header, place: Place) -> Result<Self, DropReason> {
        let packet = if header.is_later_fragment() {
            transport::unported(frame, &header, &place)
        } else {
            let cut = header.fragment.is_some() || place.fit == Fit::Begun;
            transport::read(frame, &header, &place, cut)?
        };
        Ok(Self { header, packet, place })
    }

    /// Tells whether this is all there is to the frame.
    pub fn is_plain(&self) -> bool {
        self.header.fragment.is_none() && !tunnel::may_carry(&self.packet)
    }

    /// The packet inside this one, when it is a tunnel's and what is inside can be read.
    pub fn inside(&self, frame: &Frame<'_>) -> Option<Self> {
        let Self { header, packet, place } = self;
        if header.is_later_fragment() {
            return None;
        }
        let inner = tunnel::open(frame.data, header, packet)?;
        let start = link::find_ip_under(inner.ethertype, frame.data, inner.offset).ok()?;
        let begun = header.fragment.is_some() || place.fit == Fit::Begun;
        let datagram = header.body + UDP_HEADER + packet.payload_bytes as usize;
        let around = Place {
            at: start.offset,
            end: if header.proto == proto::UDP { header.end.min(datagram) } else { header.end },
            vlan: if start.vlan.is_empty() { packet.vlan } else { start.vlan },
            tunnel: packet.tunnel.with(inner.tunnel),
            fit: if begun { Fit::Begun } else { Fit::Whole },
        };
        Self::read(frame, around).ok()
    }
}

/// Chooses the IP layer of a frame that is counted, of layers that come outermost first.
///
/// The innermost layer is who really talks. But a tunnel must not hide a crossing: when the innermost layer does not
/// cross (private addresses inside a GRE tunnel to another country), the innermost layer that does is counted.
pub struct Choice<'a> {
    home: &'a Home,
    depth: usize,
    last: Packet,
    /// The innermost layer before the last that crosses, and how deep it is.
    crossing: Option<(usize, Packet)>,
}

impl<'a> Choice<'a> {
    /// Begins with the outermost layer.
    pub const fn new(home: &'a Home, outermost: Packet) -> Self {
        Self { home, depth: 0, last: outermost, crossing: None }
    }

    /// Adds the layer inside the last one.
    pub fn push(&mut self, inside: Packet) {
        if self.home.scope(&self.last) == Scope::Crossing {
            let carries = inside.tunnel.last().or(self.last.carries);
            self.crossing = Some((self.depth, Packet { carries, ..self.last }));
        }
        self.depth += 1;
        self.last = inside;
    }

    /// How many layers are around the last one.
    pub const fn depth(&self) -> usize {
        self.depth
    }

    /// Tells whether one more layer is looked into.
    pub const fn goes_on(&self) -> bool {
        self.depth < TUNNEL_LIMIT
    }

    /// The layer that counts among those from a depth on.
    pub fn made(&self, from: usize) -> Packet {
        match self.crossing {
            Some((depth, packet)) if depth >= from && self.home.scope(&self.last) != Scope::Crossing => packet,
            _ => self.last,
        }
    }
}
