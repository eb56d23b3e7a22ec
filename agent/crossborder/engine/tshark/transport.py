"""Reads transport headers as Wireshark dissected them and makes the packet that is counted."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from crossborder.engine.packet import ICMP, ICMP6, SCTP, TCP, UDP, Packet
from crossborder.engine.portable.frame import UnreadableError
from crossborder.engine.tshark.tree import as_bytes
from crossborder.model import DropReason

if TYPE_CHECKING:
    from crossborder.engine.portable.ip import Header
    from crossborder.engine.tshark.tree import Layer

TRANSPORTS: Final = {ICMP: "icmp", TCP: "tcp", UDP: "udp", ICMP6: "icmpv6", SCTP: "sctp"}
"""Protocol number → Wireshark's name, of those whose header is read."""

_UDP_HEADER, _SCTP_HEADER, _ICMP_HEADER, _ICMP_LEAST, _TCP_HEADER = 8, 12, 8, 4, 20
_DNS_PORT, _DNS_HEADER = 53, 12


def read_transport(packet: Packet, header: Header, layer: Layer | None, begun: bool) -> Packet:
    """Return the packet, which knows its IP header, with what its transport header says.

    `layer` is the one behind the IP header; `begun` says that the packet goes on in other fragments. Raises
    UnreadableError with TRUNCATED_TRANSPORT or MALFORMED_TRANSPORT.
    """
    name = TRANSPORTS.get(header.proto)
    if name is None:
        return packet
    if layer is None or layer.name != name:
        raise UnreadableError(DropReason.TRUNCATED_TRANSPORT)
    if header.proto == TCP:
        return _tcp(packet, layer)
    if header.proto == UDP:
        return _udp(packet, layer, begun)
    if header.proto == SCTP:
        sport, dport = _need(layer.number("sctp.srcport")), _need(layer.number("sctp.dstport"))
        return _ported(packet, sport, dport, packet.payload_bytes - _SCTP_HEADER)
    kind, code = _need(layer.number(f"{name}.type")), _need(layer.number(f"{name}.code"))
    if packet.payload_bytes < _ICMP_LEAST:
        raise UnreadableError(DropReason.TRUNCATED_TRANSPORT)
    return _ported(packet, kind, code, max(packet.payload_bytes - _ICMP_HEADER, 0))


def _tcp(packet: Packet, layer: Layer) -> Packet:
    sport, dport = _need(layer.number("tcp.srcport")), _need(layer.number("tcp.dstport"))
    if packet.payload_bytes < _TCP_HEADER:
        raise UnreadableError(DropReason.TRUNCATED_TRANSPORT)
    head = _need(layer.number("tcp.hdr_len"))
    if not _TCP_HEADER <= head <= packet.payload_bytes:  # Wireshark reads no further then
        raise UnreadableError(DropReason.MALFORMED_TRANSPORT)
    flags = _need(layer.number("tcp.flags"))
    seq, ack = layer.number("tcp.seq_raw") or 0, layer.number("tcp.ack_raw") or 0
    packet = _ported(packet, sport, dport, packet.payload_bytes - head)
    return packet._replace(tcp_flags=flags & 0xFF, tcp_seq=seq, tcp_ack=ack)


def _udp(packet: Packet, layer: Layer, begun: bool) -> Packet:
    sport, dport = _need(layer.number("udp.srcport")), _need(layer.number("udp.dstport"))
    if packet.payload_bytes < _UDP_HEADER:
        raise UnreadableError(DropReason.TRUNCATED_TRANSPORT)
    length = layer.number("udp.length") or packet.payload_bytes  # 0: a jumbogram, or segmentation offload
    if length < _UDP_HEADER or (length > packet.payload_bytes and not begun):
        raise UnreadableError(DropReason.MALFORMED_TRANSPORT)
    packet = _ported(packet, sport, dport, min(length, packet.payload_bytes) - _UDP_HEADER)
    if _DNS_PORT in {sport, dport}:  # who asks whom is told by a bit of the header
        packet = packet._replace(payload=as_bytes(layer.get("udp.payload"), _DNS_HEADER))
    return packet


def _ported(packet: Packet, sport: int, dport: int, payload_bytes: int) -> Packet:
    if payload_bytes < 0:
        raise UnreadableError(DropReason.TRUNCATED_TRANSPORT)
    return packet._replace(sport=sport, dport=dport, payload_bytes=payload_bytes)


def _need(value: int | None) -> int:
    if value is None:
        raise UnreadableError(DropReason.TRUNCATED_TRANSPORT)
    return value
