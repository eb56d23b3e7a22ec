//! Finds the IP packet in a frame: Ethernet with VLAN tags, MPLS, PPPoE, PPP, Linux cooked, BSD loopback, raw IP.

use super::wire::{chunk_at, u8_at, u16_at, u32_at};
use crate::model::{DropReason, Vlan};

/// VLAN tags, MPLS labels and link headers inside link headers, all together.
pub const LINK_LIMIT: usize = 16;

/// EtherType of IPv4; IPv4 or IPv6 is told by the packet's own version.
pub const IP: u16 = 0x0800;
pub const IPV6: u16 = 0x86DD;
pub const PPP: u16 = 0x880B;
/// Ethernet as payload, RFC 1701.
pub const BRIDGED: u16 = 0x6558;

const ARP: u16 = 0x0806;
const MPLS: u16 = 0x8847;
const MPLS_MULTICAST: u16 = 0x8848;
const PPPOE_DISCOVERY: u16 = 0x8863;
const PPPOE: u16 = 0x8864;

/// The greatest length of IEEE 802.3 where an EtherType stands otherwise.
const LENGTH_LIMIT: u16 = 1500;

/// Where the IP packet of a frame starts.
#[derive(Clone, Copy, Debug)]
pub struct Start {
    pub offset: usize,
    pub vlan: Vlan,
}

/// An EtherType and where what it announces starts.
type Next = Result<(u16, usize), DropReason>;

/// Where the IP packet of a frame starts, or why there is none. Link types: <https://www.tcpdump.org/linktypes.html>.
pub fn find_ip(linktype: u32, data: &[u8]) -> Result<Start, DropReason> {
    if linktype == 1 && matches!(u16_at(data, 12), Some(IP | IPV6)) {
        return Ok(Start { offset: 14, vlan: Vlan::default() }); // nearly every frame there is
    }
    find_ip_in(linktype, data)
}

fn find_ip_in(linktype: u32, data: &[u8]) -> Result<Start, DropReason> {
    let (ethertype, offset) = match linktype {
        0 | 108 => loopback(data),                           // NULL, LOOP
        1 => ethernet(data, 0),                              //
        9 => ppp(data, 0),                                   //
        12 | 14 | 101 | 228 | 229 => within(data, 1, IP, 0), // RAW, by its old numbers too, IPV4, IPV6
        50 | 104 => hdlc(data),                              // PPP_HDLC, C_HDLC
        51 => pppoe(data, 0),                                // PPP_ETHER
        113 => cooked(data, 14, 16),                         // LINUX_SLL
        166 => pppd(data),                                   // PPP_PPPD
        204 => ppp(data, 1),                                 // PPP_WITH_DIR
        276 => cooked(data, 0, 20),                          // LINUX_SLL2
        _ => Err(DropReason::LinkType),
    }?;
    find_ip_under(ethertype, data, offset)
}

/// Where the IP packet starts that follows an EtherType, through tags, labels and sessions.
pub fn find_ip_under(mut ethertype: u16, data: &[u8], mut offset: usize) -> Result<Start, DropReason> {
    let mut vlan = Vlan::default();
    for _ in 0..LINK_LIMIT {
        (ethertype, offset) = match ethertype {
            IP | IPV6 => return Ok(Start { offset, vlan }),
            tag if is_vlan(tag) => {
                let [high, low, ..] = chunk_at::<4>(data, offset).ok_or(DropReason::TruncatedLink)?;
                vlan = vlan.with(u16::from_be_bytes([high, low]) & 0xFFF);
                type_or_length(data, offset + 2)
            }
            MPLS | MPLS_MULTICAST => mpls(data, offset),
            PPPOE => pppoe(data, offset),
            PPP => ppp(data, offset),
            BRIDGED => ethernet(data, offset),
            _ => Err(DropReason::NotIp),
        }?;
    }
    Err(DropReason::Nesting)
}

/// 802.1Q, 802.1ad and what came before it.
const fn is_vlan(ethertype: u16) -> bool {
    matches!(ethertype, 0x8100 | 0x88A8 | 0x9100 | 0x9200 | 0x9300)
}

/// What stands at `offset` when as many bytes as `end` are there.
fn within(data: &[u8], end: usize, ethertype: u16, offset: usize) -> Next {
    if data.len() < end { Err(DropReason::TruncatedLink) } else { Ok((ethertype, offset)) }
}

fn ethernet(data: &[u8], offset: usize) -> Next {
    type_or_length(data, offset + 12)
}

/// An EtherType; a length up to 1500 is IEEE 802.3 instead, with an LLC header inside.
fn type_or_length(data: &[u8], offset: usize) -> Next {
    match u16_at(data, offset).ok_or(DropReason::TruncatedLink)? {
        ..=LENGTH_LIMIT => llc(data, offset + 2),
        ethertype => Ok((ethertype, offset + 2)),
    }
}

fn llc(data: &[u8], offset: usize) -> Next {
    match chunk_at::<3>(data, offset).ok_or(DropReason::TruncatedLink)? {
        [0x06, 0x06, 0x03] => return Ok((IP, offset + 3)), // IP straight on LLC
        [0xAA, 0xAA, 0x03] => {}
        _ => return Err(DropReason::NotIp),
    }
    match chunk_at::<5>(data, offset + 3).ok_or(DropReason::TruncatedLink)? {
        [0, 0, 0 | 0xF8, high, low] => Ok((u16::from_be_bytes([high, low]), offset + 8)), // RFC 1042, 802.1H
        _ => Err(DropReason::NotIp),
    }
}

/// Goes through a label stack (RFC 3032). What follows it is not said: IP by its first nibble, else a pseudo-wire.
fn mpls(data: &[u8], offset: usize) -> Next {
    let inside = below_labels(data, offset)?;
    let nibble = u8_at(data, inside).ok_or(DropReason::TruncatedLink)? >> 4;
    let bridged = looks_like_ethernet(data, inside);
    match nibble {
        4 if !bridged && looks_like_ipv4(data, inside) => Ok((IP, inside)),
        6 if !bridged => Ok((IPV6, inside)),
        // An Ethernet pseudo-wire, without or with a control word, which starts with a zero nibble (RFC 4448 4.6).
        // Without first: a control word and a VLAN tag are of one length, so a tagged frame would pass for one with a
        // control word.
        _ if bridged => ethernet(data, inside),
        0 if looks_like_ethernet(data, inside + 4) => ethernet(data, inside + 4),
        _ => Err(DropReason::NotIp),
    }
}

/// Where a label stack ends; the byte behind it is there.
fn below_labels(data: &[u8], offset: usize) -> Result<usize, DropReason> {
    for label in 0..LINK_LIMIT {
        let [_, _, bottom, ..] = chunk_at::<5>(data, offset + 4 * label).ok_or(DropReason::TruncatedLink)?;
        if bottom & 1 != 0 {
            return Ok(offset + 4 * (label + 1));
        }
    }
    Err(DropReason::Nesting)
}

/// Tells an IPv4 header from an address that begins with a 4.
fn looks_like_ipv4(data: &[u8], offset: usize) -> bool {
    chunk_at(data, offset)
        .is_some_and(|[first, _, high, low]: [u8; 4]| first & 0xF >= 5 && u16::from_be_bytes([high, low]) >= 20)
}

/// Tells an Ethernet header by an EtherType that is followed by what it promises.
pub fn looks_like_ethernet(data: &[u8], offset: usize) -> bool {
    let Some([high, low, first]) = chunk_at(data, offset + 12) else {
        return false;
    };
    match u16::from_be_bytes([high, low]) {
        IP => first >> 4 == 4 && first & 0xF >= 5,
        IPV6 => first >> 4 == 6,
        ethertype => is_vlan(ethertype) || matches!(ethertype, ARP | MPLS | MPLS_MULTICAST | PPPOE | PPPOE_DISCOVERY),
    }
}

/// Opens a PPPoE session frame (RFC 2516): version and type 1, code 0.
fn pppoe(data: &[u8], offset: usize) -> Next {
    match chunk_at::<6>(data, offset).ok_or(DropReason::TruncatedLink)? {
        [0x11, 0, ..] => ppp(data, offset + 6),
        _ => Err(DropReason::NotIp),
    }
}

/// Opens a PPP frame (RFC 1661, 1662): address and control and the first byte of the protocol may be left out.
fn ppp(data: &[u8], mut offset: usize) -> Next {
    let mut head: [u8; 2] = chunk_at(data, offset).ok_or(DropReason::TruncatedLink)?;
    if head == [0xFF, 0x03] {
        offset += 2;
        head = chunk_at(data, offset).ok_or(DropReason::TruncatedLink)?;
    }
    let (protocol, offset) =
        if head[0] & 1 != 0 { (u16::from(head[0]), offset + 1) } else { (u16::from_be_bytes(head), offset + 2) };
    match protocol {
        0x0021 => Ok((IP, offset)),
        0x0057 => Ok((IPV6, offset)),
        0x0281 | 0x0283 => Ok((MPLS, offset)),
        _ => Err(DropReason::NotIp),
    }
}

/// Opens PPP in HDLC-like framing or Cisco HDLC, which share a link type.
fn hdlc(data: &[u8]) -> Next {
    match chunk_at::<4>(data, 0).ok_or(DropReason::TruncatedLink)? {
        [0x0F | 0x8F, _, high, low] => Ok((u16::from_be_bytes([high, low]), 4)),
        _ => ppp(data, 0),
    }
}

/// Opens a frame of pppd: a direction takes the place of the address, the control byte stays.
fn pppd(data: &[u8]) -> Next {
    let [_, control] = chunk_at(data, 0).ok_or(DropReason::TruncatedLink)?;
    ppp(data, if control == 3 { 2 } else { 0 })
}

/// Opens BSD loopback: an address family in the byte order of some machine.
fn loopback(data: &[u8]) -> Next {
    let family = u32_at(data, 0).ok_or(DropReason::TruncatedLink)?;
    match family.min(family.swap_bytes()) {
        2 => Ok((IP, 4)),
        10 | 23 | 24 | 28 | 30 => Ok((IPV6, 4)), // AF_INET6 of Linux, Windows, NetBSD, FreeBSD, macOS
        _ => Err(DropReason::NotIp),
    }
}

/// Opens a Linux cooked frame whose protocol stands at `at`, of a header that ends at `end`.
fn cooked(data: &[u8], at: usize, end: usize) -> Next {
    let (protocol, offset) = within(data, end, u16_at(data, at).unwrap_or_default(), end)?;
    if protocol == 4 { llc(data, offset) } else { Ok((protocol, offset)) } // 4: 802.2 LLC
}
