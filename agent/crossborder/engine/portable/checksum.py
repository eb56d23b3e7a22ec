"""Tells whether the checksums of the packet straight in a frame are right: IPv4 header, TCP, UDP (RFC 1071).

What cannot be judged is right: packets that were not captured whole, fragments, UDP without a checksum, packets whose
length a network card would have filled in, and what is behind options or extension headers, which may change the
addresses that the sum is over.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from crossborder.engine.packet import TCP, UDP
from crossborder.engine.portable.frame import UnreadableError
from crossborder.engine.portable.ip import read_ip

if TYPE_CHECKING:
    from crossborder.engine.portable.frame import Frame
    from crossborder.engine.portable.ip import Fit, Header

_IPV4_HEADER, _IPV6_HEADER, _TCP_HEADER, _UDP_HEADER = 20, 40, 20, 8
_ONES: Final = 0xFFFF


def is_sound(frame: Frame, at: int, fit: Fit) -> bool:
    """Tell whether nothing is wrong with the IP packet at `at`. One that cannot be read has no checksums."""
    data = frame.data
    try:
        header = read_ip(data, at, frame.wire_len, fit)
    except UnreadableError:
        return True
    six = len(header.src) == 16
    length = at + (4 if six else 2)
    if data[length : length + 2] == b"\0\0":  # segmentation offload, or a jumbogram
        return True
    if not six and not _adds_up(data[at : at + (data[at] & 0xF) * 4]):
        return False
    if header.fragment is not None or header.body != at + (_IPV6_HEADER if six else _IPV4_HEADER):
        return True
    segment = _segment(data, header)
    return segment is None or _adds_up(_pseudo_header(header, len(segment)) + segment)


def _segment(data: bytes, header: Header) -> bytes | None:
    """Return the bytes that the checksum of a transport is over; None where it cannot be judged."""
    if header.proto not in {TCP, UDP}:
        return None
    body, end = header.body, header.end
    least = _TCP_HEADER if header.proto == TCP else _UDP_HEADER
    if header.proto == UDP:
        end = body + int.from_bytes(data[body + 4 : body + 6], "big")
        if end > header.end or data[body + 6 : body + 8] == b"\0\0":
            return None
    return data[body:end] if len(data) >= end >= body + least else None


def _pseudo_header(header: Header, length: int) -> bytes:
    """Return what a transport's checksum is over beside the segment (RFC 9293 3.1, RFC 8200 8.1)."""
    return header.src + header.dst + length.to_bytes(4, "big") + header.proto.to_bytes(2, "big")


def _adds_up(data: bytes) -> bool:
    """Tell whether bytes, their checksum among them, add up to all ones: are a multiple of that in ones' complement."""
    return int.from_bytes(data + b"\0" * (len(data) % 2), "big") % _ONES == 0
