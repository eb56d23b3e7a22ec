"""Reads transport headers and makes the packet that is counted: TCP, UDP, SCTP, ICMP; others have no ports."""

from __future__ import annotations

import struct
from typing import TYPE_CHECKING

from crossborder.engine.packet import ICMP, ICMP6, SCTP, TCP, UDP, Packet
from crossborder.engine.portable.frame import UnreadableError
from crossborder.model import DropReason

if TYPE_CHECKING:
    from crossborder.engine.portable.frame import Frame
    from crossborder.engine.portable.ip import Header

_TCP = struct.Struct("!HHIIBB")
_UDP = struct.Struct("!HHH")
_PORTS = struct.Struct("!HH")

_TCP_HEADER, _UDP_HEADER, _SCTP_HEADER, _ICMP_HEADER = 20, 8, 12, 8
_ICMP_LEAST = 4  # type, code, checksum


def read_transport(frame: Frame, header: Header, vlan: str | None, tunnel: str | None, cut: bool) -> Packet:
    """Return the packet behind an IP header.

    A capture that cut the frame short (snaplen) may end inside the transport header, as long as what is counted was
    captured. A packet that itself ends there is TRUNCATED_TRANSPORT; one whose header contradicts the length of the
    packet, MALFORMED_TRANSPORT. `cut`: a first fragment goes on in others, its UDP length may reach beyond.
    """
    proto = header.proto
    if proto == TCP:
        return _tcp(frame, header, vlan, tunnel)
    if proto == UDP:
        return _udp(frame, header, vlan, tunnel, cut)
    if proto == SCTP:
        _need(frame.data, header, _SCTP_HEADER, _PORTS.size)
        sport, dport = _PORTS.unpack_from(frame.data, header.body)
        return _packet(frame, header, sport, dport, header.body + _SCTP_HEADER, vlan, tunnel)
    if proto in {ICMP, ICMP6}:
        _need(frame.data, header, _ICMP_LEAST, 2)
        kind, code = frame.data[header.body], frame.data[header.body + 1]
        return _packet(frame, header, kind, code, min(header.body + _ICMP_HEADER, header.end), vlan, tunnel)
    return _packet(frame, header, 0, 0, header.body, vlan, tunnel)


def read_unported(frame: Frame, header: Header, vlan: str | None, tunnel: str | None) -> Packet:
    """Return the packet of a fragment whose first fragment is not known: without ports."""
    return _packet(frame, header, 0, 0, header.body, vlan, tunnel)._replace(payload=b"")


def _tcp(frame: Frame, header: Header, vlan: str | None, tunnel: str | None) -> Packet:
    data, body, end = frame.data, header.body, header.end
    _need(data, header, _TCP_HEADER, _TCP.size)
    sport, dport, seq, ack, offset, flags = _TCP.unpack_from(data, body)
    start = body + (offset >> 4) * 4
    if start > end or offset < 0x50:
        raise UnreadableError(DropReason.MALFORMED_TRANSPORT)
    return Packet(
        frame.ts_ns,
        frame.interface,
        header.src,
        header.dst,
        TCP,
        sport,
        dport,
        header.ip_bytes,
        end - start,
        flags,
        seq,
        ack,
        data[start:end],
        vlan,
        tunnel,
    )


def _udp(frame: Frame, header: Header, vlan: str | None, tunnel: str | None, cut: bool) -> Packet:
    body, end = header.body, header.end
    _need(frame.data, header, _UDP_HEADER, _PORTS.size)
    sport, dport = _PORTS.unpack_from(frame.data, body)
    if len(frame.data) >= body + _UDP.size:
        length = frame.data[body + 4] << 8 | frame.data[body + 5]
        if length == 0:  # a jumbogram, or segmentation offload
            length = end - body
        if length < _UDP_HEADER or (length > end - body and not cut):
            raise UnreadableError(DropReason.MALFORMED_TRANSPORT)
        end = min(end, body + length)
    return _packet(frame, header._replace(end=end), sport, dport, body + _UDP_HEADER, vlan, tunnel)


def _packet(
    frame: Frame, header: Header, sport: int, dport: int, start: int, vlan: str | None, tunnel: str | None
) -> Packet:
    return Packet(
        frame.ts_ns,
        frame.interface,
        header.src,
        header.dst,
        header.proto,
        sport,
        dport,
        header.ip_bytes,
        header.end - start,
        0,
        0,
        0,
        frame.data[start : header.end],
        vlan,
        tunnel,
    )


def _need(data: bytes, header: Header, least: int, captured: int) -> None:
    """Refuse a packet that ends before its transport header does, or of which too little was captured."""
    if header.end - header.body < least or len(data) - header.body < captured:
        raise UnreadableError(DropReason.TRUNCATED_TRANSPORT)
