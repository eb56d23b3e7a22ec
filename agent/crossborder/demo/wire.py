"""Bytes of a frame: scapy makes the headers of a conversation once, then length, checksum and number are filled in.

Building every packet with scapy would take minutes; a template costs one build per direction.
"""

from __future__ import annotations

import struct
from dataclasses import dataclass
from ipaddress import ip_address
from typing import TYPE_CHECKING

from scapy.layers.inet import IP, fragment
from scapy.layers.inet6 import IPv6, IPv6ExtHdrFragment, fragment6
from scapy.layers.l2 import GRE, Dot1AD, Dot1Q, Ether
from scapy.layers.ppp import PPP, PPPoE
from scapy.layers.vxlan import VXLAN
from scapy.packet import Raw

if TYPE_CHECKING:
    from collections.abc import Callable

    Wrap = Callable[[bytes], bytes]

TCP, UDP, GRE_PROTOCOL, SIX_IN_FOUR, ICMP, ICMP6 = 6, 17, 47, 41, 1, 58
FIN, SYN, RST, PSH, ACK = 0x01, 0x02, 0x04, 0x08, 0x10
GATEWAY_MAC = "02:00:5e:14:00:01"
VXLAN_PORT = 4789


def ones_sum(data: bytes) -> int:
    """Return the one's complement sum of 16-bit words (RFC 1071), not inverted."""
    if len(data) % 2:
        data += b"\0"
    return int.from_bytes(data) % 0xFFFF


def checksum(total: int) -> int:
    """Return the checksum of a one's complement sum."""
    return -total % 0xFFFF


def mac_of(ip: str) -> str:
    """Return a locally administered MAC address that belongs to an address."""
    return "02:00:" + ":".join(f"{byte:02x}" for byte in ip_address(ip).packed[-4:])


class IpHeader:
    """The IP header of one direction: give it a payload, get a packet."""

    def __init__(self, src: str, dst: str, protocol: int, ttl: int, first_id: int = 0) -> None:
        """Make the template; `first_id` is where the IPv4 identification starts to count."""
        self._v6 = ":" in src
        self._protocol = protocol
        self._id = first_id
        self.pseudo = ones_sum(ip_address(src).packed + ip_address(dst).packed) + protocol
        if self._v6:
            raw = bytes(IPv6(src=src, dst=dst, nh=protocol, hlim=ttl, plen=0))
        else:
            raw = bytes(IP(src=src, dst=dst, proto=protocol, ttl=ttl, flags="DF", id=0, len=0, chksum=0))
        self._raw = raw
        self._sum = ones_sum(raw)

    def packet(self, payload: bytes) -> bytes:
        """Return the IP packet with this payload."""
        if self._v6:
            return b"%b%b%b%b" % (self._raw[:4], struct.pack("!H", len(payload)), self._raw[6:], payload)
        length = 20 + len(payload)
        self._id = (self._id + 1) & 0xFFFF
        check = checksum(self._sum + length + self._id)
        head = self._raw[:2] + struct.pack("!HH", length, self._id) + self._raw[6:10] + struct.pack("!H", check)
        return head + self._raw[12:] + payload

    def fragments(self, payload: bytes, size: int) -> list[bytes]:
        """Return the IP packets that carry this payload in pieces of `size`, a multiple of eight."""
        whole = self.packet(payload)
        if self._v6:
            packet = IPv6(whole[:40]) / IPv6ExtHdrFragment(id=self._id) / Raw(payload)
            packet[IPv6].plen, packet[IPv6].nh = None, 44
            packet[IPv6ExtHdrFragment].nh = self._protocol
            return [bytes(piece) for piece in fragment6(packet, 40 + 8 + size)]
        packet = IP(whole[:20]) / Raw(payload)
        packet.flags, packet.len, packet.chksum = 0, None, None
        return [bytes(piece) for piece in fragment(packet, size)]


class Lane:
    """One direction of a conversation: transport payload in, frame out."""

    def __init__(self, header: IpHeader, sport: int, dport: int, wrap: Wrap) -> None:
        """Take the IP header, the ports and what puts an IP packet into a frame."""
        self._header = header
        self._ports = struct.pack("!HH", sport, dport)
        self._port_sum = sport + dport
        self._wrap = wrap

    def tcp(
        self, seq: int, ack: int, flags: int, payload: bytes = b"", options: bytes = b"", window: int = 8192
    ) -> bytes:
        """Return a frame with a TCP segment; options are padded already."""
        offset_flags = (5 + len(options) // 4) << 12 | flags
        fixed = struct.pack("!IIHH", seq, ack, offset_flags, window)
        body = options + payload
        total = self._header.pseudo + self._port_sum + ones_sum(fixed) + 20 + len(body) + ones_sum(body)
        return self.raw(self._ports + fixed + struct.pack("!HH", checksum(total), 0) + body)

    def udp(self, payload: bytes) -> bytes:
        """Return a frame with a UDP datagram."""
        return self.raw(self.datagram(payload))

    def datagram(self, payload: bytes) -> bytes:
        """Return a UDP datagram, header and payload, that is not yet in a packet."""
        length = 8 + len(payload)
        total = self._header.pseudo + self._port_sum + 2 * length + ones_sum(payload)
        return self._ports + struct.pack("!HH", length, checksum(total) or 0xFFFF) + payload

    def fragments(self, payload: bytes, size: int) -> list[bytes]:
        """Return frames with the fragments of a UDP datagram, each with at most `size` bytes of it."""
        return [self._wrap(packet) for packet in self._header.fragments(self.datagram(payload), size)]

    def icmp(self, kind: int, code: int, rest: bytes) -> bytes:
        """Return a frame with an ICMP message; `rest` is all after the checksum. ICMPv6 counts its pseudo-header."""
        total = (kind << 8 | code) + ones_sum(rest)
        if kind >= 128:
            total += self._header.pseudo + 4 + len(rest)
        return self.raw(struct.pack("!BBH", kind, code, checksum(total)) + rest)

    def raw(self, payload: bytes) -> bytes:
        """Return a frame with an IP payload that is whole already."""
        return self._wrap(self._header.packet(payload))


@dataclass(frozen=True)
class Link:
    """How a conversation's IP packets sit in frames on the gateway's inner side."""

    vlan: tuple[int, ...] = ()  # outermost first; two make QinQ (IEEE 802.1ad)
    session: int | None = None  # PPPoE session of a branch office

    overhead = 0  # bytes of outer IP packets that a segment must leave room for

    def wrap(self, src: str, dst: str, *, outward: bool) -> Wrap:
        """Return what puts packets of one direction into frames."""
        peer = mac_of(src if outward else dst)
        ether = Ether(src=peer, dst=GATEWAY_MAC) if outward else Ether(src=GATEWAY_MAC, dst=peer)
        return self._framed(ether, v6=":" in src)

    def _framed(self, frame: Ether, *, v6: bool) -> Wrap:
        for depth, tag in enumerate(self.vlan):
            frame /= Dot1AD(vlan=tag) if len(self.vlan) > 1 and depth == 0 else Dot1Q(vlan=tag)
        if self.session is not None:
            return _pppoe(bytes(frame / PPPoE(sessionid=self.session, len=0) / PPP(proto=0x57 if v6 else 0x21)))
        # The innermost header learns its type from what follows; the packet itself is cut off again.
        inner = IPv6() if v6 else IP(src="0.0.0.0", dst="0.0.0.0")  # noqa: S104 - a placeholder that is cut off
        head = bytes(frame / inner)[: -len(inner)]
        return lambda packet: head + packet


def _pppoe(head: bytes) -> Wrap:
    """Fill in the PPPoE length, which counts the two bytes of the PPP protocol (RFC 2516 section 4)."""
    return lambda packet: head[:-4] + struct.pack("!H", len(packet) + 2) + head[-2:] + packet


@dataclass(frozen=True)
class Tunnel:
    """A link inside a link: inner packets ride in packets between two gateways."""

    kind: str  # gre, vxlan or 6in4
    local: str
    remote: str
    outer: Link
    number: int = 0  # GRE key or VXLAN network identifier

    overhead = 58  # outer IPv4, UDP, VXLAN and inner Ethernet: the most of the three, and some

    @property
    def udp_port(self) -> int:
        """Return the source port of VXLAN's outer packets, which tells lanes apart (RFC 7348 section 5)."""
        return 49_152 + self.number % 1000

    def wrap(self, src: str, dst: str, *, outward: bool) -> Wrap:
        """Return what puts packets of one direction into frames of the outer link."""
        ends = (self.local, self.remote) if outward else (self.remote, self.local)
        framed = self.outer.wrap(*ends, outward=outward)
        if self.kind == "vxlan":
            inner = Link().wrap(src, dst, outward=outward)
            shim = bytes(VXLAN(vni=self.number, flags=8))
            lane = Lane(IpHeader(*ends, UDP, 62), self.udp_port, VXLAN_PORT, framed)
            return lambda packet: lane.udp(shim + inner(packet))
        protocol = GRE_PROTOCOL if self.kind == "gre" else SIX_IN_FOUR
        shim = bytes(GRE(key_present=1, key=self.number, proto=0x0800)) if self.kind == "gre" else b""
        header = IpHeader(*ends, protocol, 62)
        return lambda packet: framed(header.packet(shim + packet))
