"""Frames of one conversation: the headers of a direction are packed in one stroke, their checksums right (RFC 1071)."""

from __future__ import annotations

import struct

TCP, UDP, ICMP, ICMP6 = 6, 17, 1, 58
FIN, SYN, RST, PSH, ACK = 0x01, 0x02, 0x04, 0x08, 0x10
MSS = 1400
SYN_OPTIONS = bytes.fromhex("02040578 01030307 01010402")  # maximum segment size, window scale, SACK permitted
_WINDOW = 0x01F5
_GATEWAY, _UPLINK = bytes.fromhex("02005e140001"), bytes.fromhex("02005e14fffe")
_IPV4, _IPV6 = b"\x08\x00", b"\x86\xdd"
_HOPS = 57

_IP4 = struct.Struct("!14sHHHHHH8s")
_IP6 = struct.Struct("!14sIHH32s")
_TCP = struct.Struct("!HHIIHHHH")
_UDP = struct.Struct("!HHHH")


def ones_sum(data: bytes) -> int:
    """Return the one's complement sum of 16-bit words, not inverted: 2^16 is 1 when one counts modulo 2^16 - 1."""
    total = int.from_bytes(data)
    return (total << 8 if len(data) & 1 else total) % 0xFFFF


class Lane:
    """One direction between two ports: give it a payload, get a frame. Addresses are 4 or 16 bytes, both the same."""

    __slots__ = ("_addresses", "_dport", "_ethernet", "_ip_sum", "_sport", "_v6")

    def __init__(self, src: bytes, dst: bytes, sport: int, dport: int, *, outward: bool) -> None:
        """Sum once what is the same in every frame."""
        self._v6 = len(src) == 16
        macs = (_UPLINK, _GATEWAY) if outward else (_GATEWAY, _UPLINK)
        self._ethernet = b"".join(macs) + (_IPV6 if self._v6 else _IPV4)
        self._addresses = src + dst
        self._sport, self._dport = sport, dport
        self._ip_sum = ones_sum(self._addresses)

    def tcp(self, seq: int, ack: int, flags: int, payload: bytes = b"", options: bytes = b"") -> bytes:
        """Return a TCP segment; `options` are a multiple of four bytes."""
        size = 20 + len(options) + len(payload)
        word = len(options) + 20 << 10 | flags
        body = options + payload
        total = self._ip_sum + TCP + size + self._sport + self._dport + seq + ack + word + _WINDOW + ones_sum(body)
        header = _TCP.pack(self._sport, self._dport, seq, ack, word, _WINDOW, -total % 0xFFFF, 0)
        return self._ip(TCP, size) + header + body

    def udp(self, payload: bytes) -> bytes:
        """Return a UDP datagram."""
        size = 8 + len(payload)
        total = self._ip_sum + UDP + 2 * size + self._sport + self._dport + ones_sum(payload)
        check = -total % 0xFFFF or 0xFFFF  # 0 would say that there is none (RFC 768)
        return self._ip(UDP, size) + _UDP.pack(self._sport, self._dport, size, check) + payload

    def echo(self, payload: bytes, *, reply: bool = False) -> bytes:
        """Return an ICMP or ICMPv6 echo message; the payload begins with identifier and number."""
        size = 4 + len(payload)
        proto, pseudo = (ICMP6, self._ip_sum + ICMP6 + size) if self._v6 else (ICMP, 0)
        kind = (128 + reply) if self._v6 else (0 if reply else 8)
        total = pseudo + (kind << 8) + ones_sum(payload)
        return self._ip(proto, size) + struct.pack("!BBH", kind, 0, -total % 0xFFFF) + payload

    def _ip(self, proto: int, size: int) -> bytes:
        """Return Ethernet and IP header in front of `size` bytes; never a fragment, so IPv4 needs no identification."""
        if self._v6:
            return _IP6.pack(self._ethernet, 0x60000000, size, proto << 8 | _HOPS, self._addresses)
        length = 20 + size
        word = _HOPS << 8 | proto
        total = 0x4500 + length + 0x4000 + word + self._ip_sum
        return _IP4.pack(self._ethernet, 0x4500, length, 0, 0x4000, word, -total % 0xFFFF, self._addresses)
