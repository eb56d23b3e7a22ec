"""Finds the IP packet in a frame: Ethernet with VLAN tags, MPLS, PPPoE, PPP, Linux cooked, BSD loopback, raw IP."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final, NamedTuple

from crossborder.engine.portable.frame import UnreadableError
from crossborder.model import DropReason

if TYPE_CHECKING:
    from collections.abc import Callable

LINK_LIMIT: Final = 16  # VLAN tags, MPLS labels and link headers inside link headers, all together
VLAN_LIMIT: Final = 5  # VLAN ids that are kept, outermost first; further tags are stepped over

IP = 0x0800  # EtherType of IPv4; IPv4 or IPv6 is told by the packet's own version
IPV6 = 0x86DD
VLANS = frozenset({0x8100, 0x88A8, 0x9100, 0x9200, 0x9300})  # 802.1Q, 802.1ad and what came before it
MPLS = frozenset({0x8847, 0x8848})
PPPOE = 0x8864
PPP = 0x880B
BRIDGED = 0x6558  # Ethernet as payload, RFC 1701

_PPP_TYPES = {0x0021: IP, 0x0057: IPV6, 0x0281: 0x8847, 0x0283: 0x8848}
_INET6 = frozenset({10, 23, 24, 28, 30})  # AF_INET6 of Linux, Windows, NetBSD, FreeBSD, macOS


class Inside(NamedTuple):
    """Where the IP packet of a frame starts."""

    offset: int
    vlan: str | None


def find_ip(linktype: int, data: bytes) -> Inside:
    """Return where the IP packet starts; raise UnreadableError when there is none."""
    if linktype == 1 and data[12:14] == b"\x08\x00":  # nearly every frame there is
        return Inside(14, None)
    opener = _LINKS.get(linktype)
    if opener is None:
        raise UnreadableError(DropReason.LINK_TYPE)
    ethertype, offset = opener(data)
    return find_ip_under(ethertype, data, offset)


def find_ip_under(ethertype: int, data: bytes, offset: int) -> Inside:
    """Return where the IP packet starts that follows an EtherType, through tags, labels and sessions."""
    tags: list[str] = []
    for _ in range(LINK_LIMIT):
        if ethertype in {IP, IPV6}:
            return Inside(offset, ".".join(tags) or None)
        if ethertype in VLANS:
            _need(data, offset + 4)
            tag = (data[offset] << 8 | data[offset + 1]) & 0xFFF
            if tag and len(tags) < VLAN_LIMIT:  # 0 is a priority without a VLAN
                tags.append(str(tag))
            ethertype, offset = _type_or_length(data, offset + 2)
        elif ethertype in _WRAPPERS:
            ethertype, offset = _WRAPPERS[ethertype](data, offset)
        else:
            raise UnreadableError(DropReason.NOT_IP)
    raise UnreadableError(DropReason.NESTING)


def _need(data: bytes, end: int) -> None:
    if len(data) < end:
        raise UnreadableError(DropReason.TRUNCATED_LINK)


def _ethernet(data: bytes, offset: int = 0) -> tuple[int, int]:
    _need(data, offset + 14)
    return _type_or_length(data, offset + 12)


def _type_or_length(data: bytes, offset: int) -> tuple[int, int]:
    """Read an EtherType; a length up to 1500 is IEEE 802.3 instead, with an LLC header inside."""
    _need(data, offset + 2)
    ethertype = data[offset] << 8 | data[offset + 1]
    return _llc(data, offset + 2) if ethertype <= 1500 else (ethertype, offset + 2)


def _llc(data: bytes, offset: int) -> tuple[int, int]:
    _need(data, offset + 3)
    if data[offset : offset + 3] == b"\x06\x06\x03":  # IP straight on LLC
        return IP, offset + 3
    if data[offset : offset + 3] != b"\xaa\xaa\x03":
        raise UnreadableError(DropReason.NOT_IP)
    _need(data, offset + 8)
    if data[offset + 3 : offset + 6] not in {b"\0\0\0", b"\0\0\xf8"}:  # EtherType by RFC 1042 and 802.1H
        raise UnreadableError(DropReason.NOT_IP)
    return data[offset + 6] << 8 | data[offset + 7], offset + 8


def _mpls(data: bytes, offset: int) -> tuple[int, int]:
    """Go through a label stack (RFC 3032). What follows it is not said: IP by its first nibble, else pseudo-wire."""
    for _ in range(LINK_LIMIT):
        _need(data, offset + 5)
        offset += 4
        if data[offset - 2] & 1:  # bottom of stack
            break
    else:
        raise UnreadableError(DropReason.NESTING)
    nibble = data[offset] >> 4
    if nibble == 4 and _looks_like_ipv4(data, offset):
        return IP, offset
    if nibble == 6 and not looks_like_ethernet(data, offset):
        return IPV6, offset
    # An Ethernet pseudo-wire, without or with a control word, which starts with a zero nibble (RFC 4448 4.6). Without
    # first: a control word and a VLAN tag are of one length, so a tagged frame would pass for one with a control word.
    for start in (offset, offset + 4) if nibble == 0 else (offset,):
        if looks_like_ethernet(data, start):
            return _ethernet(data, start)
    if nibble == 6:
        return IPV6, offset
    raise UnreadableError(DropReason.NOT_IP)


def _looks_like_ipv4(data: bytes, offset: int) -> bool:
    """Tell an IPv4 header from an Ethernet address that begins with a 4."""
    length = (data[offset + 2] << 8 | data[offset + 3]) if len(data) >= offset + 4 else 0
    return data[offset] & 0xF >= 5 and length >= 20 and not looks_like_ethernet(data, offset)


def looks_like_ethernet(data: bytes, offset: int) -> bool:
    """Tell an Ethernet header by an EtherType that is followed by what it promises."""
    if len(data) < offset + 15:
        return False
    ethertype, first = data[offset + 12] << 8 | data[offset + 13], data[offset + 14]
    if ethertype == IP:
        return first >> 4 == 4 and first & 0xF >= 5
    if ethertype == IPV6:
        return first >> 4 == 6
    return ethertype in VLANS or ethertype in MPLS or ethertype in {0x0806, PPPOE, 0x8863}


def _pppoe(data: bytes, offset: int) -> tuple[int, int]:
    """Open a PPPoE session frame (RFC 2516): version and type 1, code 0."""
    _need(data, offset + 6)
    if data[offset] != 0x11 or data[offset + 1] != 0:
        raise UnreadableError(DropReason.NOT_IP)
    return _ppp(data, offset + 6)


def _ppp(data: bytes, offset: int = 0) -> tuple[int, int]:
    """Open a PPP frame (RFC 1661, 1662): address and control and the first byte of the protocol may be left out."""
    _need(data, offset + 2)
    if data[offset : offset + 2] == b"\xff\x03":
        offset += 2
        _need(data, offset + 2)
    if data[offset] & 1:
        protocol, offset = data[offset], offset + 1
    else:
        protocol, offset = data[offset] << 8 | data[offset + 1], offset + 2
    if protocol not in _PPP_TYPES:
        raise UnreadableError(DropReason.NOT_IP)
    return _PPP_TYPES[protocol], offset


def _hdlc(data: bytes) -> tuple[int, int]:
    """Open PPP in HDLC-like framing or Cisco HDLC, which share a link type."""
    _need(data, 4)
    if data[0] in {0x0F, 0x8F}:
        return data[2] << 8 | data[3], 4
    return _ppp(data)


def _pppd(data: bytes) -> tuple[int, int]:
    """Open a frame of pppd: a direction takes the place of the address, the control byte stays."""
    _need(data, 2)
    return _ppp(data, 2 if data[1] == 3 else 0)


def _ppp_with_direction(data: bytes) -> tuple[int, int]:
    return _ppp(data, 1)


def _loopback(data: bytes) -> tuple[int, int]:
    """Open BSD loopback: an address family in the byte order of some machine."""
    _need(data, 4)
    family = min(int.from_bytes(data[:4], "little"), int.from_bytes(data[:4], "big"))
    if family == 2:
        return IP, 4
    if family in _INET6:
        return IPV6, 4
    raise UnreadableError(DropReason.NOT_IP)


def _cooked(data: bytes) -> tuple[int, int]:
    """Open a Linux cooked frame, version 1."""
    _need(data, 16)
    return _cooked_type(data[14] << 8 | data[15], data, 16)


def _cooked2(data: bytes) -> tuple[int, int]:
    """Open a Linux cooked frame, version 2."""
    _need(data, 20)
    return _cooked_type(data[0] << 8 | data[1], data, 20)


def _cooked_type(protocol: int, data: bytes, offset: int) -> tuple[int, int]:
    return _llc(data, offset) if protocol == 4 else (protocol, offset)  # 4: 802.2 LLC


def _raw(data: bytes) -> tuple[int, int]:
    _need(data, 1)
    return IP, 0


def _bridged(data: bytes, offset: int) -> tuple[int, int]:
    return _ethernet(data, offset)


_LINKS: dict[int, Callable[[bytes], tuple[int, int]]] = {
    0: _loopback,  # NULL
    1: _ethernet,
    9: _ppp,
    12: _raw,  # DLT_RAW on most systems
    14: _raw,  # DLT_RAW on OpenBSD
    50: _hdlc,  # PPP_HDLC
    51: lambda data: _pppoe(data, 0),  # PPP_ETHER
    101: _raw,
    104: _hdlc,  # C_HDLC
    108: _loopback,  # LOOP
    113: _cooked,  # LINUX_SLL
    166: _pppd,
    204: _ppp_with_direction,
    228: _raw,  # IPV4
    229: _raw,  # IPV6
    276: _cooked2,  # LINUX_SLL2
}
_WRAPPERS: dict[int, Callable[[bytes, int], tuple[int, int]]] = {
    0x8847: _mpls,
    0x8848: _mpls,
    PPPOE: _pppoe,
    PPP: _ppp,
    BRIDGED: _bridged,
}
