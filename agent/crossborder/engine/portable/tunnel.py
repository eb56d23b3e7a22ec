"""Opens what is carried inside an IP packet: GRE, IP in IP, VXLAN, GENEVE, GTP-U, Teredo, L2TP."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final, NamedTuple

from crossborder.engine.packet import UDP
from crossborder.engine.portable.link import BRIDGED, IP, IPV6, PPP, looks_like_ethernet

if TYPE_CHECKING:
    from collections.abc import Callable

    from crossborder.engine.packet import Packet
    from crossborder.engine.portable.ip import Header

IPIP, IP6, GRE, L2TP = 4, 41, 47, 115
VXLAN_PORT, VXLAN_LINUX_PORT, GENEVE_PORT = 4789, 8472, 6081
GTP_PORT, TEREDO_PORT, L2TP_PORT = 2152, 3544, 1701
GTP_EXTENSION_LIMIT: Final = 16  # extension headers of one GTP-U packet

_GRE_CHECKSUM, _GRE_ROUTING, _GRE_KEY, _GRE_SEQUENCE, _GRE_ACK = 0x8000, 0x4000, 0x2000, 0x1000, 0x0080
_ERSPAN2, _ERSPAN3 = 0x88BE, 0x22EB
_PPTP = 0x880B
TEREDO, LINK_LOCAL = b"\x20\x01\0\0", b"\xfe\x80\0\0"  # first 32 bits of an address

_L2TP_LENGTH, _L2TP_SEQUENCE, _L2TP_OFFSET, _L2TP_PRIORITY = 0x4000, 0x0800, 0x0200, 0x0100
L2TP_VERSION, L2TP_VERSION_3 = 0x0002, 0x0003
L2TP_FLAGS = _L2TP_LENGTH | _L2TP_SEQUENCE | _L2TP_OFFSET | _L2TP_PRIORITY


class Inner(NamedTuple):
    """What a tunnel carries: the word for `tunnel`, an EtherType, and where it starts."""

    word: str
    ethertype: int
    offset: int


def open_tunnel(data: bytes, header: Header, packet: Packet) -> Inner | None:
    """Return what the packet carries when it is a tunnel's, or None.

    A tunnel in UDP is believed only when its header is sound: a port is no proof.
    """
    proto = header.proto
    if proto == UDP:
        opener = _PORTS.get(packet.dport) or _ANSWERING_PORTS.get(packet.sport)
        start = header.body + 8
        return opener(data, start, min(len(data), start + packet.payload_bytes)) if opener else None
    if proto in {IPIP, IP6}:
        return Inner(_WORDS[len(header.src), proto], IP if proto == IPIP else IPV6, header.body)
    if proto == GRE:
        return _gre(data, header.body, min(len(data), header.end))
    if proto == L2TP:
        return _pseudo_wire(data, header.body)
    return None


_WORDS = {(4, IPIP): "ipip", (4, IP6): "6in4", (16, IPIP): "4in6", (16, IP6): "6in6"}


def _gre(data: bytes, at: int, end: int) -> Inner | None:
    """Open GRE version 0 (RFC 2784, 2890, with RFC 1701's fields) or version 1 (PPTP, RFC 2637)."""
    if end < at + 4:
        return None
    flags, ethertype = data[at] << 8 | data[at + 1], data[at + 2] << 8 | data[at + 3]
    version = flags & 7
    if version == 1 and ethertype == _PPTP and flags & _GRE_KEY:
        return _pptp(data, at, end, flags)
    if version != 0:
        return None
    body = at + 4 + 4 * bool(flags & (_GRE_CHECKSUM | _GRE_ROUTING))
    body += 4 * bool(flags & _GRE_KEY) + 4 * bool(flags & _GRE_SEQUENCE)
    if flags & _GRE_ROUTING:
        return None  # source routes were given up with RFC 2784
    if ethertype == _ERSPAN2:  # without a sequence number it is type I, which has no header
        return Inner("erspan", BRIDGED, body + 8 * bool(flags & _GRE_SEQUENCE))
    if ethertype == _ERSPAN3:
        with_platform = end >= body + 12 and bool(data[body + 11] & 1)
        return Inner("erspan", BRIDGED, body + 12 + 8 * with_platform)
    return Inner("gre", ethertype, body)


def _pptp(data: bytes, at: int, end: int, flags: int) -> Inner | None:
    body = at + 8 + 4 * bool(flags & _GRE_SEQUENCE) + 4 * bool(flags & _GRE_ACK)
    if not flags & _GRE_SEQUENCE or body >= end:
        return None  # an acknowledgement carries nothing
    del data
    return Inner("pptp", PPP, body)


def _vxlan(data: bytes, at: int, end: int) -> Inner | None:
    """Open VXLAN (RFC 7348): the I flag says that there is a network identifier; reserved bits are to be ignored."""
    if end < at + 8 or not data[at] & 0x08 or data[at] & 0x07:
        return None
    return Inner("vxlan", BRIDGED, at + 8)


def _vxlan_linux(data: bytes, at: int, end: int) -> Inner | None:
    """Open VXLAN on the port Linux used before there was one; no one else's port, so every reserved bit must be 0."""
    if end < at + 8 or data[at : at + 4] != b"\x08\0\0\0" or data[at + 7]:
        return None
    return Inner("vxlan", BRIDGED, at + 8)


def _geneve(data: bytes, at: int, end: int) -> Inner | None:
    """Open GENEVE (RFC 8926): version 0, reserved bits 0."""
    if end < at + 8 or data[at] & 0xC0 or data[at + 1] & 0x3F or data[at + 7]:
        return None
    ethertype, body = data[at + 2] << 8 | data[at + 3], at + 8 + (data[at] & 0x3F) * 4
    if ethertype not in {BRIDGED, IP, IPV6} or body > end:
        return None
    return Inner("geneve", ethertype, body)


def _gtp(data: bytes, at: int, end: int) -> Inner | None:
    """Open GTP-U (3GPP TS 29.281 5.1): version 1, protocol type 1, a T-PDU whose length holds."""
    if end < at + 8 or data[at] & 0xF0 != 0x30 or data[at] & 0x08 or data[at + 1] != 0xFF:
        return None
    length, body = data[at + 2] << 8 | data[at + 3], at + 8
    if not length:
        return None
    if data[at] & 0x07:  # E, S or PN: all three fields are there
        body += 4
        following = data[body - 1] if data[at] & 0x04 and body <= end else 0
        for _ in range(GTP_EXTENSION_LIMIT):
            if not following:
                break
            if body >= end or not data[body]:
                return None
            body += data[body] * 4
            following = data[body - 1] if body <= end else 0
    if body >= end or body > at + 8 + length or data[body] >> 4 not in {4, 6}:
        return None
    return Inner("gtp", IP, body)


def _teredo(data: bytes, at: int, end: int) -> Inner | None:
    """Open Teredo (RFC 4380 5.1.1): IPv6, before it perhaps an authentication and the origin.

    A port and an IPv6 header are a weak proof, so one end must have a Teredo address, or the sender a link-local one,
    as who asks a server for its own.
    """
    if len(data) >= at + 4 and data[at : at + 2] == b"\0\1":
        at += 13 + data[at + 2] + data[at + 3]
    if data[at : at + 2] == b"\0\0":
        at += 8
    if end < at + 40 or data[at] >> 4 != 6:
        return None
    src, dst = data[at + 8 : at + 12], data[at + 24 : at + 28]
    return Inner("teredo", IPV6, at) if TEREDO in {src, dst} or src == LINK_LOCAL else None


def _l2tp(data: bytes, at: int, end: int) -> Inner | None:
    """Open a data message of L2TP: version 2 (RFC 2661 3.1), PPP inside, or 3 (RFC 3931 4.1.2). Reserved bits are 0."""
    if end < at + 4:
        return None
    flags, body, last = data[at] << 8 | data[at + 1], at + 6, end
    if flags == L2TP_VERSION_3 and data[at + 2 : at + 4] == b"\0\0":
        return _pseudo_wire(data, at + 4)
    if flags & ~L2TP_FLAGS != L2TP_VERSION:
        return None
    if flags & _L2TP_LENGTH:
        body, last = body + 2, min(end, at + (data[at + 2] << 8 | data[at + 3]))
    body += 4 * bool(flags & _L2TP_SEQUENCE)
    if flags & _L2TP_OFFSET:
        if len(data) < body + 2:
            return None
        body += 2 + (data[body] << 8 | data[body + 1])
    return Inner("l2tp", PPP, body) if body < last else None


def _pseudo_wire(data: bytes, at: int) -> Inner | None:
    """Open a session of L2TP version 3 (RFC 3931 4.1): session 0 is for control.

    What it carries was agreed on beforehand, so only Ethernet is seen, which can be told: straight behind the session,
    or behind a sublayer for sequence numbers (4.6). Behind a cookie it is not looked for.
    """
    if data[at : at + 4] == bytes(4):
        return None
    if looks_like_ethernet(data, at + 4):
        return Inner("l2tp", BRIDGED, at + 4)
    if looks_like_ethernet(data, at + 8) and not data[at + 4] & 0xBF:
        return Inner("l2tp", BRIDGED, at + 8)
    return None


_ANSWERING_PORTS: dict[int, Callable[[bytes, int, int], Inner | None]] = {
    GTP_PORT: _gtp,
    TEREDO_PORT: _teredo,
    L2TP_PORT: _l2tp,
}
"""Ports that a tunnel comes from too, to an end that has another."""

_PORTS: dict[int, Callable[[bytes, int, int], Inner | None]] = {
    VXLAN_PORT: _vxlan,
    VXLAN_LINUX_PORT: _vxlan_linux,
    GENEVE_PORT: _geneve,
    **_ANSWERING_PORTS,
}
