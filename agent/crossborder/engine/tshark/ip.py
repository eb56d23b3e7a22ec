"""Reads IP headers as Wireshark dissected them, extension headers and fragments included."""

from __future__ import annotations

import re
from socket import AF_INET, AF_INET6, inet_pton
from typing import TYPE_CHECKING, Final, NamedTuple

from crossborder.engine.portable.frame import UnreadableError
from crossborder.engine.portable.ip import EXTENSION_LIMIT, Fragment, Header
from crossborder.engine.tshark.tree import as_number
from crossborder.model import DropReason

if TYPE_CHECKING:
    from crossborder.engine.tshark.tree import Layer

IPS: Final = frozenset({"ip", "ipv6"})
_AH = 51
_EXTENSIONS: Final = frozenset({0, 43, 44, 51, 60})

# Where an extension header says what follows it, and where how long it is; a fragment header has 8 bytes.
_NEXT: Final = {f"ipv6.{name}.nxt" for name in ("hopopts", "routing", "fraghdr", "dstopts")} | {"ah.next_header"}
_LENGTH: Final = {f"ipv6.{name}.len_oct" for name in ("hopopts", "routing", "dstopts")}
_CONTRADICTIONS: Final = ("ip.bogus_ip_version", "ip.bogus_header_length")
DAMAGED: Final = frozenset({"_ws.malformed", "_ws.short"})
"""How Wireshark marks the end of a dissection: by the packet's own end, or by the capture's."""

_HEADERS: Final = ("IPv4", "IPv6", "AH ")  # how it calls what it was in
_BYTES: Final = re.compile(r"\((\d+) bytes\)$")
_TOO_LONG: Final = ("ip.bogus_ip_length", "ipv6.plen_exceeds_framing")


class Around(NamedTuple):
    """What is known of the packet that an IP packet is carried in."""

    unseen: int  # bytes it claims beyond the end of the frame
    begun: bool  # it is a first fragment, or in one: what is inside goes on in the fragments that follow


class IpLayer(NamedTuple):
    """An IP layer read. Of `header`, `body` is the length of its headers and `end` that of the whole packet."""

    header: Header
    after: int  # where the layer behind it, and its authentication header, stands
    unseen: int  # bytes it claims beyond the end of the frame


def read_ip(layers: list[Layer], at: int, around: Around | None) -> IpLayer:
    """Return what the IP layer at `at` says. `around` is None for one that is carried straight in a frame.

    Raises UnreadableError with TRUNCATED_IP, MALFORMED_IP or NESTING.
    """
    layer = layers[at]
    if "ip.bogus_ip_version" in layer and _name(layers, at + 1) == "ipv6":  # the packet's version counts
        at += 1
        layer = layers[at]
    if any(mark in layer for mark in _CONTRADICTIONS):
        raise UnreadableError(DropReason.MALFORMED_IP)
    header = _ipv4(layer) if layer.name == "ip" else _ipv6(layer)
    at += 1
    if header.proto == _AH and not (header.fragment and header.fragment.offset):
        if _name(layers, at) != "ah":
            raise UnreadableError(DropReason.TRUNCATED_IP)
        header = _authenticated(header, layers[at])
        at += 1
    if _cut_off(layers, at):
        raise UnreadableError(DropReason.TRUNCATED_IP)
    unseen = _unseen(layer, header.ip_bytes)
    header = _fitting(header, unseen, around, "ipv6.opt.jumbo" in layer)
    return IpLayer(header, at, unseen)


def _cut_off(layers: list[Layer], at: int) -> bool:
    """Tell whether the packet or the capture ends inside the options or extensions before the layer at `at`."""
    return _name(layers, at) in DAMAGED and any(word in (layers[at].get(layers[at].name) or "") for word in _HEADERS)


def _unseen(layer: Layer, claimed: int) -> int:
    """Return how many bytes a packet claims beyond what is there, which Wireshark tells in words only."""
    found = False
    for name, text in layer.fields:
        found = found or name in _TOO_LONG
        if found and name == "_ws.expert.message" and (told := _BYTES.search(text)):
            there = int(told[1]) + (40 if layer.name == "ipv6" else 0)
            return max(claimed - there, 0)
    return 0


def _fitting(header: Header, unseen: int, around: Around | None, jumbo: bool) -> Header:
    """Check a packet's length against what is around it; return the header with the length that counts."""
    if around is None:
        if unseen and jumbo:  # may claim 4 GiB
            raise UnreadableError(DropReason.MALFORMED_IP)
    elif unseen > around.unseen:
        length = header.ip_bytes - (unseen - around.unseen) if around.begun else 0
        header = header._replace(ip_bytes=length, end=length)
    if header.ip_bytes < header.body:
        raise UnreadableError(DropReason.MALFORMED_IP)
    return header


def _name(layers: list[Layer], at: int) -> str:
    return layers[at].name if at < len(layers) else ""


def _ipv4(layer: Layer) -> Header:
    length, head = _need(layer.number("ip.len")), _need(layer.number("ip.hdr_len"))
    if length < head:  # Wireshark reads no further then
        raise UnreadableError(DropReason.MALFORMED_IP)
    src, dst = _address(layer.get("ip.src"), AF_INET), _address(layer.get("ip.dst"), AF_INET)
    proto = _need(layer.number("ip.proto"))
    offset, more = layer.number("ip.frag_offset") or 0, bool(layer.number("ip.flags.mf"))
    fragment = Fragment(layer.number("ip.id") or 0, proto, offset, more) if offset or more else None
    return Header(src, dst, proto, length, head, length, fragment)


def _ipv6(layer: Layer) -> Header:
    src, dst = _address(layer.get("ipv6.src"), AF_INET6), _address(layer.get("ipv6.dst"), AF_INET6)
    proto, payload = _need(layer.number("ipv6.nxt")), _need(layer.number("ipv6.plen"))
    length = 40 + (layer.number("ipv6.opt.jumbo") or payload)
    head, extensions, fragment = 40, 0, None
    for name, text in layer.fields:
        value = as_number(text) or 0
        if name in _NEXT:
            extensions += 1
            proto = value
            head += 8 * (name == "ipv6.fraghdr.nxt")
        elif name in _LENGTH:
            head += value
        elif name == "ah.length":
            head += _ah_bytes(value)
        elif name == "ipv6.fraghdr.ident":
            fragment = _fragment(layer, value)
    if extensions >= EXTENSION_LIMIT:
        raise UnreadableError(DropReason.NESTING)
    if proto in _EXTENSIONS and not (fragment and fragment.offset):
        raise UnreadableError(DropReason.TRUNCATED_IP)
    return Header(src, dst, proto, length, head, length, fragment)


def _fragment(layer: Layer, ident: int) -> Fragment | None:
    """Return which part this is; an atomic fragment (RFC 6946) is a whole packet."""
    offset, more = layer.number("ipv6.fraghdr.offset") or 0, bool(layer.number("ipv6.fraghdr.more"))
    return Fragment(ident, 0, offset, more) if offset or more else None


def _authenticated(header: Header, layer: Layer) -> Header:
    """Step over an AH header (RFC 4302): what it protects is readable, and it belongs to the IP header."""
    proto, units = _need(layer.number("ah.next_header")), _need(layer.number("ah.length"))
    return header._replace(proto=proto, body=header.body + _ah_bytes(units))


def _ah_bytes(units: int) -> int:
    return 4 * (units + 2)


def _need(value: int | None) -> int:
    if value is None:
        raise UnreadableError(DropReason.TRUNCATED_IP)
    return value


def _address(text: str | None, family: int) -> bytes:
    try:
        return inet_pton(family, text or "")
    except OSError:
        raise UnreadableError(DropReason.TRUNCATED_IP) from None
