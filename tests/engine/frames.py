"""Makes frames with scapy, and decodes them. Shared by the tests of the portable decoder."""

from __future__ import annotations

import struct
from typing import TYPE_CHECKING, Any

import pytest
from scapy.contrib.gtp import GTP_U_Header
from scapy.contrib.mpls import MPLS
from scapy.layers.inet import IP, TCP, UDP, fragment
from scapy.layers.inet6 import (
    IPv6,
    IPv6ExtHdrFragment,
    fragment6,
)
from scapy.layers.l2 import (
    GRE,
    GRE_PPTP,
    LLC,
    SNAP,
    CookedLinux,
    CookedLinuxV2,
    Dot1AD,
    Dot1Q,
    Ether,
)
from scapy.layers.ppp import HDLC, PPP, PPPoE
from scapy.layers.vxlan import VXLAN
from tests.engine.captures import HOME, LOCAL, LOCAL2, LOCAL6, REMOTE, REMOTE2, REMOTE6

from crossborder.engine.portable.decode import Decoder
from crossborder.engine.portable.frame import Frame, UnreadableError

if TYPE_CHECKING:
    from crossborder.engine.packet import Packet

BODY = b"GET / HTTP/1.1\r\n\r\n"
FOUR = IP(src=LOCAL, dst=REMOTE) / TCP(sport=40000, dport=443, seq=7, flags="PA") / BODY
SIX = IPv6(src=LOCAL6, dst=REMOTE6) / TCP(sport=40000, dport=443, seq=7, flags="PA") / BODY
ETHER = Ether(src="02:00:00:00:00:01", dst="02:00:00:00:00:02")


def decode(packet: Any, linktype: int = 1, decoder: Decoder | None = None, cut: int | None = None) -> Packet:
    """Decode a frame that scapy built, or bytes."""
    data = bytes(packet)
    frame = Frame(1_000, linktype, len(data), data[:cut], "test")
    return (decoder or Decoder(HOME)).decode(frame)


def reason(packet: Any, linktype: int = 1, cut: int | None = None) -> str:
    """Return why a frame cannot be read."""
    with pytest.raises(UnreadableError) as caught:
        decode(packet, linktype, cut=cut)
    return caught.value.reason.value


def ends(packet: Packet) -> tuple[bytes, bytes, int, int, int]:
    """Return the tuple of a packet."""
    return packet.src, packet.dst, packet.proto, packet.sport, packet.dport


LINKS = {
    "ethernet": (ETHER, 1, None),
    "vlan": (ETHER / Dot1Q(vlan=10), 1, "10"),
    "priority tag": (ETHER / Dot1Q(vlan=0, prio=5), 1, None),
    "qinq": (ETHER / Dot1Q(vlan=10) / Dot1Q(vlan=20), 1, "10.20"),
    "802.1ad": (ETHER / Dot1AD(vlan=10) / Dot1Q(vlan=20), 1, "10.20"),
    "pppoe": (ETHER / PPPoE(sessionid=7) / PPP(), 1, None),
    "vlan and pppoe": (ETHER / Dot1Q(vlan=35) / PPPoE(sessionid=7) / PPP(), 1, "35"),
    "mpls": (ETHER / MPLS(label=100, s=0) / MPLS(label=200, s=1), 1, None),
    "snap": (Ether(bytes(ETHER)[:12] + b"\0\x50") / LLC(dsap=0xAA, ssap=0xAA, ctrl=3) / SNAP(), 1, None),
    "cooked": (CookedLinux(), 113, None),
    "cooked with vlan": (CookedLinux() / Dot1Q(vlan=10), 113, "10"),
    "cooked 2": (CookedLinuxV2(), 276, None),
    "ppp": (PPP(), 9, None),
    "ppp with address": (HDLC() / PPP(), 9, None),
    "ppp serial": (HDLC() / PPP(), 50, None),
    "pppoe session": (PPPoE(sessionid=7) / PPP(), 51, None),
    "raw": (None, 101, None),
    "raw bsd": (None, 12, None),
}


INNER = IP(src=LOCAL2, dst=REMOTE2) / UDP(sport=1, dport=2) / BODY
INNER6 = IPv6(src=LOCAL6, dst=REMOTE6) / UDP(sport=1, dport=2) / BODY
OUTER = IP(src=LOCAL, dst=REMOTE)
TEREDO = (
    IPv6(src="2001:0:c633:6401:0:fbff:f5fe:fffa", dst=REMOTE6) / UDP(sport=1, dport=2) / BODY
)  # of 10.1.0.5, inverted
OUTER6 = IPv6(src="2001:db8:1::1", dst="2001:db8:9::1")


def geneve(inside: Any, options: bytes = b"", ethertype: int = 0x6558) -> bytes:
    """Return a GENEVE header and what is inside it."""
    return struct.pack("!BBHI", len(options) // 4, 0, ethertype, 7 << 8) + options + bytes(inside)


def teredo(inside: Any, head: bytes = b"") -> Any:
    """Return Teredo in UDP from a server's port, with what stands before the packet inside."""
    return UDP(sport=3544, dport=50000) / (head + bytes(inside))


def l2tp(flags: int, *fields: int, inside: bytes = b"\xff\x03\x00\x21" + bytes(INNER)) -> Any:
    """Return L2TP version 2 in UDP, with its fields of 16 bits each, and the length where the flags say so."""
    length = (2 * len(fields) + 4 + len(inside),) if flags & 0x4000 else ()
    head = struct.pack(f"!{1 + len(length) + len(fields)}H", flags, *length, *fields)
    return UDP(sport=1701, dport=1701) / (head + inside)


def gtp(flags: int, inside: Any, extensions: bytes = b"") -> bytes:
    """Return a GTP-U header with its optional fields, extension headers, and what is inside it."""
    body = struct.pack("!HBB", 1, 0, 0x85 if extensions else 0) + extensions + bytes(inside)
    return struct.pack("!BBHI", 0x30 | flags, 0xFF, len(body), 7) + body


TUNNELS = {
    "gre": (OUTER / GRE() / INNER, "gre"),
    "gre with fields": (OUTER / GRE(chksum_present=1, key_present=1, key=9, seqnum_present=1) / INNER, "gre"),
    "gre ipv6": (OUTER6 / GRE() / INNER6, "gre"),
    "gre ethernet": (OUTER / GRE(proto=0x6558) / ETHER / INNER, "gre"),
    "gre mpls": (OUTER / GRE(proto=0x8847) / MPLS(label=1, s=1) / INNER, "gre"),
    "pptp": (OUTER / GRE_PPTP(seqnum_present=1, acknum_present=1) / (b"\xff\x03\x00\x21" + bytes(INNER)), "pptp"),
    "erspan 2": (OUTER / GRE(proto=0x88BE, seqnum_present=1) / (b"\x10" + bytes(7) + bytes(ETHER / INNER)), "erspan"),
    "erspan 1": (OUTER / GRE(proto=0x88BE) / ETHER / INNER, "erspan"),
    "erspan 3": (OUTER / GRE(proto=0x22EB, seqnum_present=1) / (b"\x20" + bytes(11) + bytes(ETHER / INNER)), "erspan"),
    "ipip": (OUTER / INNER, "ipip"),
    "6in4": (OUTER / INNER6, "6in4"),
    "4in6": (OUTER6 / INNER, "4in6"),
    "6in6": (OUTER6 / INNER6, "6in6"),
    "vxlan": (OUTER / UDP(sport=50000, dport=4789) / VXLAN(vni=7, flags=8) / ETHER / INNER, "vxlan"),
    "vxlan of linux": (OUTER / UDP(sport=50000, dport=8472) / VXLAN(vni=7, flags=8) / ETHER / INNER, "vxlan"),
    "geneve": (OUTER / UDP(sport=50000, dport=6081) / geneve(ETHER / INNER), "geneve"),
    "geneve with options": (OUTER / UDP(sport=50000, dport=6081) / geneve(ETHER / INNER, b"\0" * 8), "geneve"),
    "geneve ip": (OUTER / UDP(sport=50000, dport=6081) / geneve(INNER, ethertype=0x0800), "geneve"),
    "gtp": (OUTER / UDP(sport=2152, dport=2152) / GTP_U_Header(teid=7) / INNER, "gtp"),
    "gtp ipv6": (OUTER / UDP(sport=50000, dport=2152) / GTP_U_Header(teid=7) / INNER6, "gtp"),
    "gtp with sequence": (OUTER / UDP(sport=2152, dport=2152) / gtp(2, INNER), "gtp"),
    "gtp with extensions": (OUTER / UDP(sport=2152, dport=2152) / gtp(4, INNER, b"\x01\0\0\x85\x01\0\0\0"), "gtp"),
    "teredo": (OUTER / teredo(TEREDO), "teredo"),
    "teredo to a relay": (OUTER / UDP(sport=50000, dport=3544) / TEREDO, "teredo"),
    "teredo with origin": (OUTER / teredo(TEREDO, bytes(8)), "teredo"),
    "teredo with authentication": (OUTER / teredo(TEREDO, b"\0\1\2\3" + bytes(14) + bytes(8)), "teredo"),
    "l2tp": (OUTER / l2tp(0x0002, 7, 9), "l2tp"),
    "l2tp with length": (OUTER / l2tp(0x4002, 7, 9), "l2tp"),
    "l2tp with fields": (OUTER / l2tp(0x4B02, 7, 9, 1, 2, 2, 0), "l2tp"),
    "l2tp ipv6": (OUTER / l2tp(0x0002, 7, 9, inside=b"\x57" + bytes(INNER6)), "l2tp"),
    "l2tp answering": (OUTER / UDP(sport=1701, dport=50000) / bytes(l2tp(0x0002, 7, 9).payload), "l2tp"),
    "l2tp 3": (IP(src=LOCAL, dst=REMOTE, proto=115) / (bytes(3) + b"\7" + bytes(ETHER / INNER)), "l2tp"),
    "l2tp 3 in udp": (
        OUTER / UDP(sport=1701, dport=1701) / (b"\0\3" + bytes(5) + b"\7" + bytes(ETHER / INNER)),
        "l2tp",
    ),
    "gre in vxlan": (
        OUTER / UDP(dport=4789) / VXLAN(vni=7, flags=8) / ETHER / IP(src=LOCAL, dst=REMOTE) / GRE() / INNER,
        "vxlan/gre",
    ),
}


def pieces_of(whole: Any, size: int = 64) -> list[Any]:
    """Return the fragments of an IPv4 or IPv6 packet."""
    if IPv6 in whole and whole.firstlayer().version == 6:
        shell = IPv6(src=whole.src, dst=whole.dst) / IPv6ExtHdrFragment(id=77) / whole.payload
        pieces: list[Any] = fragment6(shell, size + 60)
        return pieces
    return list(fragment(whole, size))


REQUEST = b"POST /upload/x?id=1 HTTP/1.1\r\nHost: Files.Example:80\r\nContent-Length: 5\r\n\r\nhello"


def tcp(src: str, dst: str, sport: int, dport: int, seq: int = 0, flags: str = "A", body: bytes = b"") -> bytes:
    """Return a TCP frame."""
    return bytes(Ether() / IP(src=src, dst=dst) / TCP(sport=sport, dport=dport, seq=seq, flags=flags) / body)


def conversation(client: str, server: str, request: bytes, pieces: int = 3) -> list[bytes]:
    """Return a connection that sends a request in so many pieces, the last one first."""
    size = -(-len(request) // pieces)
    cut = [(at, request[at : at + size]) for at in range(0, len(request), size)]
    return [
        tcp(client, server, 40000, 80, 999, "S"),
        tcp(server, client, 80, 40000, 4_294_967_295, "SA"),
        tcp(client, server, 40000, 80, 1000),
        *(tcp(client, server, 40000, 80, 1000 + at, "PA", piece) for at, piece in reversed(cut)),
    ]
