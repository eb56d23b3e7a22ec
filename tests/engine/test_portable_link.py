"""Every link layer is seen through, and says why when there is no IP packet in it."""

from __future__ import annotations

import struct
from typing import Any

import pytest
from scapy.contrib.mpls import MPLS
from scapy.layers.inet import IP, TCP, UDP
from scapy.layers.inet6 import (
    IPv6,
    IPv6ExtHdrDestOpt,
    PadN,
)
from scapy.layers.l2 import (
    Dot1Q,
    Ether,
    Loopback,
)
from scapy.layers.ppp import PPP, PPPoE
from tests.engine.captures import LOCAL, LOCAL6, REMOTE, REMOTE6, packed
from tests.engine.frames import (
    BODY,
    ETHER,
    FOUR,
    LINKS,
    SIX,
    decode,
    ends,
    reason,
)

from crossborder.engine.portable.ip import EXTENSION_LIMIT
from crossborder.engine.portable.link import LINK_LIMIT


@pytest.mark.parametrize("inside", [FOUR, SIX], ids=["ipv4", "ipv6"])
@pytest.mark.parametrize("link", LINKS, ids=str)
def test_every_link_layer_is_seen_through(link: str, inside: Any) -> None:
    """The same packet inside each link layer."""
    head, linktype, vlan = LINKS[link]
    packet = decode(head / inside if head is not None else inside, linktype)

    address = inside.src, inside.dst
    assert ends(packet) == (packed(address[0]), packed(address[1]), 6, 40000, 443)
    assert (packet.vlan, packet.tunnel) == (vlan, None)
    assert (packet.payload, packet.payload_bytes, packet.ip_bytes) == (BODY, len(BODY), len(bytes(inside)))
    assert (packet.tcp_flags, packet.tcp_seq) == (0x18, 7)


@pytest.mark.parametrize(
    ("head", "linktype", "inside"),
    [
        (struct.pack("<I", 2), 0, FOUR),
        (struct.pack(">I", 2), 108, FOUR),
        (struct.pack("<I", 30), 0, SIX),
        (struct.pack(">I", 24), 0, SIX),
        (struct.pack("<I", 10), 0, SIX),
        (bytes(Loopback(type=2)), 0, FOUR),
        (b"\x0f\x00\x08\x00", 104, FOUR),
        (b"\x8f\x00\x86\xdd", 50, SIX),
        (b"\x00\x03\x00\x21", 166, FOUR),
        (b"\x01\xff\x03\x00\x57", 204, SIX),
        (b"\x21", 9, FOUR),  # protocol field compressed, RFC 1661 6.5
        (b"", 228, FOUR),
        (b"", 229, SIX),
    ],
)
def test_headers_that_scapy_does_not_make(head: bytes, linktype: int, inside: Any) -> None:
    """BSD loopback in both byte orders, Cisco HDLC, pppd, compressed PPP, bare IP."""
    assert decode(head + bytes(inside), linktype).payload == BODY


@pytest.mark.parametrize("inside", [FOUR, SIX], ids=["ipv4", "ipv6"])
@pytest.mark.parametrize("control", [b"", bytes(4), b"\0\0\0\x07"], ids=["bare", "control word", "sequence"])
@pytest.mark.parametrize("mac", ["02:00:00:00:00:02", "45:00:00:00:00:02", "60:00:00:00:00:02", "00:1b:21:00:00:01"])
def test_an_ethernet_pseudo_wire_is_told_from_ip(mac: str, control: bytes, inside: Any) -> None:
    """MPLS does not say what it carries: an address that begins like an IP header must not be taken for one."""
    wire = Ether(dst=mac, src="02:00:00:00:00:01") / Dot1Q(vlan=7) / inside

    packet = decode(ETHER / MPLS(label=100, s=1) / (control + bytes(wire)))

    assert (packet.payload, packet.vlan) == (BODY, "7")


@pytest.mark.parametrize(
    ("data", "linktype", "expected"),
    [
        (bytes(ETHER / FOUR)[:10], 1, "truncated_link"),
        (b"", 1, "truncated_link"),
        (bytes(ETHER / Dot1Q(vlan=1))[:16], 1, "truncated_link"),
        (bytes(ETHER)[:12] + b"\x08\x06" + bytes(28), 1, "not_ip"),
        (bytes(ETHER)[:12] + b"\x00\x26\x42\x42\x03" + bytes(35), 1, "not_ip"),
        (bytes(ETHER / PPPoE(code=9)), 1, "not_ip"),
        (bytes(ETHER / PPPoE() / PPP(proto=0xC021)), 1, "not_ip"),
        (bytes(ETHER) + bytes(FOUR), 127, "link_type"),
        (bytes(ETHER) + bytes(FOUR), 4711, "link_type"),
        (bytes(Ether(type=0x800)) + b"\x45\0\0", 1, "truncated_ip"),
        (bytes(Ether(type=0x800)) + b"\x75" + bytes(40), 1, "malformed_ip"),
        (bytes(Ether(type=0x800)) + b"\x44" + bytes(40), 1, "malformed_ip"),
        (bytes(Ether(type=0x800) / IP(src=LOCAL, dst=REMOTE, len=19) / UDP()), 1, "malformed_ip"),
        (bytes(Ether(type=0x800)) + b"\x4f\x00\x00\x3c" + bytes(16), 1, "truncated_ip"),
        (bytes(Ether(type=0x86DD)) + b"\x60" + bytes(20), 1, "truncated_ip"),
        (bytes(ETHER / IP(src=LOCAL, dst=REMOTE) / TCP(dataofs=4)), 1, "malformed_transport"),
        (bytes(ETHER / IP(src=LOCAL, dst=REMOTE) / TCP(dataofs=15)), 1, "malformed_transport"),
        (bytes(ETHER / IP(src=LOCAL, dst=REMOTE) / UDP(len=7)), 1, "malformed_transport"),
        (bytes(ETHER / IP(src=LOCAL, dst=REMOTE) / UDP(len=99)), 1, "malformed_transport"),
        (bytes(ETHER / IP(src=LOCAL, dst=REMOTE, proto=6) / bytes(19)), 1, "truncated_transport"),
        (bytes(ETHER / IP(src=LOCAL, dst=REMOTE, proto=17) / bytes(7)), 1, "truncated_transport"),
        (bytes(ETHER / IP(src=LOCAL, dst=REMOTE, proto=132) / bytes(11)), 1, "truncated_transport"),
        (bytes(ETHER / IP(src=LOCAL, dst=REMOTE, proto=1) / bytes(3)), 1, "truncated_transport"),
    ],
)
def test_what_cannot_be_read_says_why(data: bytes, linktype: int, expected: str) -> None:
    """Every way a packet can be wrong is a named reason."""
    assert reason(data, linktype) == expected


@pytest.mark.parametrize("inside", [FOUR, SIX], ids=["ipv4", "ipv6"])
def test_the_outermost_vlans_are_kept(inside: Any) -> None:
    """Tags beyond the limit, and those of priority alone, are stepped over."""
    wire = ETHER
    for tag in (10, 0, 20, 30, 40, 50, 60, 70):
        wire = wire / Dot1Q(vlan=tag)

    packet = decode(wire / inside)

    assert (packet.vlan, packet.payload) == ("10.20.30.40.50", BODY)


def test_headers_in_headers_are_bounded() -> None:
    """A stack of tags, labels or extension headers beyond the limit is refused."""
    tags = ETHER
    labels = ETHER
    options: Any = IPv6(src=LOCAL6, dst=REMOTE6)
    for _ in range(LINK_LIMIT + 1):
        tags = tags / Dot1Q(vlan=1)
        labels = labels / MPLS(label=1, s=0)
    for _ in range(EXTENSION_LIMIT + 1):
        options = options / IPv6ExtHdrDestOpt(options=[PadN(optdata=b"\0" * 4)])

    assert reason(tags / FOUR) == "nesting"
    assert reason(labels / FOUR) == "nesting"
    assert reason(ETHER / options / TCP()) == "nesting"
