//! The nouns: what frames, packets and reports are made of. The Python model (`crossborder/model.py`) says the same.

use std::fmt;

/// IANA protocol numbers this crate reads.
pub mod proto {
    pub const ICMP: u8 = 1;
    pub const IPIP: u8 = 4;
    pub const TCP: u8 = 6;
    pub const UDP: u8 = 17;
    pub const IPV6: u8 = 41;
    pub const GRE: u8 = 47;
    pub const ICMP6: u8 = 58;
    pub const L2TP: u8 = 115;
    pub const SCTP: u8 = 132;
}

/// TCP flags.
pub mod tcp {
    pub const FIN: u8 = 0x01;
    pub const SYN: u8 = 0x02;
    pub const RST: u8 = 0x04;
    pub const ACK: u8 = 0x10;
}

pub const SECOND_NS: i64 = 1_000_000_000;

/// An IPv4 or IPv6 address. IPv4 is kept mapped (`::ffff:0:0/96`) so that all compare as sixteen bytes, and knows that
/// it is IPv4: a mapped address that came as IPv6 is another address.
#[derive(Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Address {
    is_v6: bool,
    bytes: [u8; 16],
}

impl Address {
    #[must_use]
    pub const fn v4([a, b, c, d]: [u8; 4]) -> Self {
        Self { is_v6: false, bytes: [0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0xFF, 0xFF, a, b, c, d] }
    }

    #[must_use]
    pub const fn v6(bytes: [u8; 16]) -> Self {
        Self { is_v6: true, bytes }
    }

    /// The address of 4 or 16 bytes; None of any other length.
    #[must_use]
    pub fn from_wire(bytes: &[u8]) -> Option<Self> {
        match bytes.len() {
            4 => bytes.first_chunk().copied().map(Self::v4),
            16 => bytes.first_chunk().copied().map(Self::v6),
            _ => None,
        }
    }

    #[must_use]
    pub const fn is_v6(&self) -> bool {
        self.is_v6
    }

    /// Sixteen bytes that compare like the address, IPv4 mapped: the columns `local_key` and `remote_key`.
    #[must_use]
    pub const fn key(&self) -> &[u8; 16] {
        &self.bytes
    }

    /// The bytes as on the wire: 4 or 16.
    #[must_use]
    pub fn wire(&self) -> &[u8] {
        if self.is_v6 { &self.bytes } else { self.bytes.last_chunk::<4>().map_or(&[], |four| four.as_slice()) }
    }
}

impl fmt::Display for Address {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if self.is_v6 {
            return std::net::Ipv6Addr::from(self.bytes).fmt(f);
        }
        let [.., a, b, c, d] = self.bytes;
        std::net::Ipv4Addr::new(a, b, c, d).fmt(f)
    }
}

impl fmt::Debug for Address {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

/// One frame as captured.
#[derive(Clone, Copy, Debug)]
pub struct Frame<'a> {
    /// Nanoseconds since 1970 UTC.
    pub ts_ns: i64,
    /// <https://www.tcpdump.org/linktypes.html>; `u32::MAX` is no one's.
    pub linktype: u32,
    /// Bytes on the wire; at least as many as were captured.
    pub wire_len: u32,
    /// Capture interface or file, by its place in the configuration.
    pub interface: u16,
    /// What was captured of it.
    pub data: &'a [u8],
}

/// Each way a packet can be left out of the flows, named as in the Python model.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
#[repr(u8)]
pub enum DropReason {
    Kernel,
    Ring,
    LinkType,
    TruncatedLink,
    NotIp,
    TruncatedIp,
    MalformedIp,
    TruncatedTransport,
    MalformedTransport,
    Nesting,
    Checksum,
}

impl DropReason {
    pub const ALL: [Self; 11] = [
        Self::Kernel,
        Self::Ring,
        Self::LinkType,
        Self::TruncatedLink,
        Self::NotIp,
        Self::TruncatedIp,
        Self::MalformedIp,
        Self::TruncatedTransport,
        Self::MalformedTransport,
        Self::Nesting,
        Self::Checksum,
    ];

    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Kernel => "kernel",
            Self::Ring => "ring",
            Self::LinkType => "link_type",
            Self::TruncatedLink => "truncated_link",
            Self::NotIp => "not_ip",
            Self::TruncatedIp => "truncated_ip",
            Self::MalformedIp => "malformed_ip",
            Self::TruncatedTransport => "truncated_transport",
            Self::MalformedTransport => "malformed_transport",
            Self::Nesting => "nesting",
            Self::Checksum => "checksum",
        }
    }
}

/// A kind of tunnel; its word stands in the column `tunnel`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[repr(u8)]
pub enum Tunnel {
    Gre = 1,
    Pptp,
    Erspan,
    Ipip,
    SixInFour,
    FourInSix,
    SixInSix,
    Vxlan,
    Geneve,
    Gtp,
    Teredo,
    L2tp,
}

impl Tunnel {
    const ALL: [Self; 12] = [
        Self::Gre,
        Self::Pptp,
        Self::Erspan,
        Self::Ipip,
        Self::SixInFour,
        Self::FourInSix,
        Self::SixInSix,
        Self::Vxlan,
        Self::Geneve,
        Self::Gtp,
        Self::Teredo,
        Self::L2tp,
    ];

    #[must_use]
    pub const fn word(self) -> &'static str {
        match self {
            Self::Gre => "gre",
            Self::Pptp => "pptp",
            Self::Erspan => "erspan",
            Self::Ipip => "ipip",
            Self::SixInFour => "6in4",
            Self::FourInSix => "4in6",
            Self::SixInSix => "6in6",
            Self::Vxlan => "vxlan",
            Self::Geneve => "geneve",
            Self::Gtp => "gtp",
            Self::Teredo => "teredo",
            Self::L2tp => "l2tp",
        }
    }
}

/// The tunnels around a packet, outermost first: four bits each, so that a key stays small.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub struct TunnelPath(u32);

impl TunnelPath {
    /// How many tunnels in tunnels a path can hold.
    pub const LIMIT: usize = 8;

    /// The path with one more tunnel inside; beyond the limit the same path.
    #[must_use]
    pub fn with(self, inner: Tunnel) -> Self {
        if self.0 >> 28 != 0 { self } else { Self(self.0 << 4 | inner as u32) }
    }

    #[must_use]
    pub const fn is_empty(self) -> bool {
        self.0 == 0
    }

    /// The path as a number, for hashing.
    #[must_use]
    pub const fn bits(self) -> u32 {
        self.0
    }

    /// The innermost tunnel.
    #[must_use]
    pub fn last(self) -> Option<Tunnel> {
        Tunnel::ALL.get(((self.0 & 0xF) as usize).checked_sub(1)?).copied()
    }

    /// The words joined by `/`, as the column has them; None without tunnels.
    #[must_use]
    pub fn text(self) -> Option<String> {
        if self.is_empty() {
            return None;
        }
        let last = self.last()?;
        Some(match Self(self.0 >> 4).text() {
            Some(outer) => format!("{outer}/{}", last.word()),
            None => last.word().to_owned(),
        })
    }
}

/// VLAN ids of a frame, outermost first; twelve bits each above a count, priority tags (id 0) left out.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub struct Vlan(u64);

impl Vlan {
    /// How many ids are kept; further tags are stepped over.
    pub const LIMIT: u64 = 5;

    /// The ids with one more inside.
    #[must_use]
    pub fn with(self, id: u16) -> Self {
        let count = self.0 & 0xF;
        if id & 0xFFF == 0 || count == Self::LIMIT {
            return self;
        }
        Self((self.0 + 1) | u64::from(id & 0xFFF) << (4 + 12 * count))
    }

    #[must_use]
    pub const fn is_empty(self) -> bool {
        self.0 == 0
    }

    /// The ids joined by `.`; None without.
    #[must_use]
    pub fn text(self) -> Option<String> {
        let ids = (0..self.0 & 0xF).map(|at| (self.0 >> (4 + 12 * at) & 0xFFF).to_string());
        (!self.is_empty()).then(|| ids.collect::<Vec<_>>().join("."))
    }
}

/// One IP packet, headers read. What transport payload is, `crossborder/engine/packet.py` says.
#[derive(Clone, Copy, Debug)]
pub struct Packet {
    pub ts_ns: i64,
    pub src: Address,
    pub dst: Address,
    /// Length by the IP header, header included.
    pub ip_bytes: u32,
    /// Transport payload on the wire, padding of the link left out.
    pub payload_bytes: u32,
    /// The part of the transport payload that was captured: where it starts and ends in the frame's data.
    pub payload: (u32, u32),
    pub tcp_seq: u32,
    pub tcp_ack: u32,
    /// ICMP: type; 0 where the transport has no ports.
    pub sport: u16,
    /// ICMP: code.
    pub dport: u16,
    pub interface: u16,
    /// IANA protocol number of the transport, extension headers skipped.
    pub proto: u8,
    pub tcp_flags: u8,
    pub tunnel: TunnelPath,
    pub vlan: Vlan,
    /// The tunnel this packet is itself, where what is inside does not cross.
    pub carries: Option<Tunnel>,
}

impl Packet {
    /// What a frame and an IP header say of it; nothing of its transport but the number.
    #[inline(always)]
    #[must_use]
    pub const fn bare(frame: &Frame<'_>, src: Address, dst: Address, proto: u8, ip_bytes: u32) -> Self {
        Self {
            ts_ns: frame.ts_ns,
            src,
            dst,
            ip_bytes,
            payload_bytes: 0,
            payload: (0, 0),
            tcp_seq: 0,
            tcp_ack: 0,
            sport: 0,
            dport: 0,
            interface: frame.interface,
            proto,
            tcp_flags: 0,
            tunnel: TunnelPath(0),
            vlan: Vlan(0),
            carries: None,
        }
    }

    /// The captured payload within the frame's data the packet was read from.
    #[must_use]
    pub fn payload_in<'a>(&self, data: &'a [u8]) -> &'a [u8] {
        data.get(self.payload.0 as usize..self.payload.1 as usize).unwrap_or_default()
    }
}

/// Which ends are at home.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[repr(u8)]
pub enum Scope {
    Crossing,
    Transit,
    Domestic,
}

/// Who opened the connection.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[repr(u8)]
pub enum Initiator {
    Local,
    Remote,
    Unknown,
}

/// Why a flow ended, in the order of the Python model.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[repr(u8)]
pub enum EndReason {
    Fin,
    Rst,
    Idle,
    Active,
    Evicted,
    Shutdown,
}

/// How much of a flow can be read.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[repr(u8)]
pub enum Inspection {
    Cleartext,
    Metadata,
    Opaque,
}
