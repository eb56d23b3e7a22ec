"""Reads IPv4 and IPv6 headers, extension headers and fragments included."""

from __future__ import annotations

import struct
from enum import Enum
from typing import Final, NamedTuple

from crossborder.engine.packet import TCP, UDP
from crossborder.engine.portable.frame import UnreadableError
from crossborder.model import DropReason

EXTENSION_LIMIT: Final = 16  # extension headers of one IPv6 packet; RFC 8504 5.3 lets a host refuse more than 8

_HOP_BY_HOP, _ROUTING, _FRAGMENT, _AH, _NO_NEXT, _DESTINATION = 0, 43, 44, 51, 59, 60
_MOBILITY = frozenset({135, 139, 140})  # mobility, HIP, shim6: a header where something follows it
_EXTENSIONS = frozenset({_HOP_BY_HOP, _ROUTING, _FRAGMENT, _AH, _DESTINATION}) | _MOBILITY
_JUMBO = 0xC2  # RFC 2675

_IPV4 = struct.Struct("!BBHHHBBH4s4s")
_IPV6 = struct.Struct("!IHBB16s16s")


class Fit(Enum):
    """What it means when an IP packet is longer than what is around it."""

    WHOLE = "whole"  # inside another packet: it contradicts itself
    SLICED = "sliced"  # straight in a frame: the capture was sliced and lost the frame's length; the header is right
    BEGUN = "begun"  # inside a first fragment: it goes on in the fragments that follow, and what is here counts


class Fragment(NamedTuple):
    """Which part of a packet this is."""

    ident: int
    scope: int  # what `ident` is unique within, beside the addresses: IPv4's protocol field, 0 for IPv6
    offset: int  # in bytes; 0 is the first
    more: bool
    start: int = 0  # where it starts in the frame; needed, as what follows, by who puts pieces together
    following: int = 0  # what the part of the packet begins with that is cut into fragments


class Header(NamedTuple):
    """What an IP header says. Offsets count from the start of the frame's bytes, of which some may not be captured."""

    src: bytes
    dst: bytes
    proto: int  # of the transport, extension headers skipped
    ip_bytes: int
    body: int  # where the transport header starts
    end: int  # where the packet ends
    fragment: Fragment | None


def read_ip(data: bytes, at: int, end: int, fit: Fit) -> Header:
    """Read the IP header at `at`; what is around it ends at `end` on the wire.

    Raises UnreadableError with TRUNCATED_IP, MALFORMED_IP or NESTING.
    """
    if len(data) <= at:
        raise UnreadableError(DropReason.TRUNCATED_IP)
    version = data[at] >> 4
    if version == 4:
        return _ipv4(data, at, end, fit)
    if version == 6:
        return _ipv6(data, at, end, fit)
    raise UnreadableError(DropReason.MALFORMED_IP)


def read_joined(data: bytes, src: bytes, dst: bytes, following: int) -> Header:
    """Return what the header says of a packet whose part that was cut into fragments is `data`; raises as `read_ip`."""
    proto, body, end, fragment = following, 0, len(data), None
    if len(src) == 16:
        proto, body, fragment = _extensions(data, body, end, following)
    elif following == _AH:
        proto, body = _authentication(data, body, end)
    return Header(src, dst, proto, end, body, end, fragment)


def _ipv4(data: bytes, at: int, end: int, fit: Fit) -> Header:
    if len(data) < at + 20:
        raise UnreadableError(DropReason.TRUNCATED_IP)
    first, _, length, ident, place, _, proto, _, src, dst = _IPV4.unpack_from(data, at)
    header = (first & 0xF) * 4
    if length == 0:  # segmentation offload: the network card would have filled it in
        length = end - at
    if header < 20:
        raise UnreadableError(DropReason.MALFORMED_IP)
    length = _within(length, header, end - at, fit)
    if len(data) < at + header:
        raise UnreadableError(DropReason.TRUNCATED_IP)
    fragment = None
    if place & 0x3FFF:
        fragment = Fragment(ident, proto, (place & 0x1FFF) * 8, bool(place & 0x2000), at + header, proto)
    body, end = at + header, at + length
    if proto == _AH and (fragment is None or fragment.offset == 0):
        proto, body = _authentication(data, body, end)
    return Header(src, dst, proto, length, body, end, fragment)


def _within(length: int, least: int, room: int, fit: Fit) -> int:
    """Check a packet's length against its headers and what is around it; return the length that counts."""
    if length > room and fit is not Fit.SLICED:
        length = room if fit is Fit.BEGUN else 0
    if length < least:
        raise UnreadableError(DropReason.MALFORMED_IP)
    return length


def _ipv6(data: bytes, at: int, end: int, fit: Fit) -> Header:
    if len(data) < at + 40:
        raise UnreadableError(DropReason.TRUNCATED_IP)
    _, payload, following, _, src, dst = _IPV6.unpack_from(data, at)
    if payload == 0:
        payload = _unstated_length(data, at, end, following)
        fit = Fit.WHOLE if fit is Fit.SLICED else fit  # a jumbogram may claim 4 GiB
    length = _within(40 + payload, 40, end - at, fit)
    body, end = at + 40, at + length
    if following not in _EXTENSIONS:
        return Header(src, dst, following, length, body, end, None)
    proto, body, fragment = _extensions(data, body, end, following)
    return Header(src, dst, proto, length, body, end, fragment)


def _unstated_length(data: bytes, at: int, end: int, following: int) -> int:
    """Return the payload length of a packet that says 0: a jumbogram, segmentation offload, or really nothing."""
    if following == _HOP_BY_HOP and len(data) >= at + 48 and data[at + 42] == _JUMBO and data[at + 43] == 4:
        return int.from_bytes(data[at + 44 : at + 48], "big")
    if following in {TCP, UDP} and end - at - 40 >= 8:  # padding of a short frame is at most 6 bytes
        return end - at - 40
    return 0


def _extensions(data: bytes, body: int, end: int, following: int) -> tuple[int, int, Fragment | None]:
    """Walk the extension headers (RFC 8200 4); return transport, where it starts, and the fragment."""
    fragment = None
    for _ in range(EXTENSION_LIMIT):
        if following not in _EXTENSIONS:
            return following, body, fragment
        _need(data, body, 8, end)
        current, following, units = following, data[body], data[body + 1]
        if current in _MOBILITY and following == _NO_NEXT:
            return current, body, fragment
        if current == _FRAGMENT:
            place = data[body + 2] << 8 | data[body + 3]
            ident = int.from_bytes(data[body + 4 : body + 8], "big")
            body += 8
            if place & 0xFFF9:  # an atomic fragment (RFC 6946) is a whole packet
                fragment = Fragment(ident, 0, place & 0xFFF8, bool(place & 1), body, following)
            if fragment is not None and fragment.offset:
                return following, body, fragment  # what follows is the middle of something
        else:
            size = (units + 2) * 4 if current == _AH else (units + 1) * 8
            _need(data, body, size, end)
            body += size
    raise UnreadableError(DropReason.NESTING)


def _authentication(data: bytes, body: int, end: int) -> tuple[int, int]:
    """Step over an AH header (RFC 4302): what it protects is readable."""
    _need(data, body, 8, end)
    size = (data[body + 1] + 2) * 4
    _need(data, body, size, end)
    return data[body], body + size


def _need(data: bytes, at: int, size: int, end: int) -> None:
    if at + size > end:
        raise UnreadableError(DropReason.MALFORMED_IP)
    if at + size > len(data):
        raise UnreadableError(DropReason.TRUNCATED_IP)
