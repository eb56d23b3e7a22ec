"""IP and transport headers: extension headers, odd lengths, short captures, ports."""

from __future__ import annotations

import struct
from typing import Any

import pytest
from scapy.layers.inet import ICMP, IP, TCP, UDP
from scapy.layers.inet6 import (
    IPv6,
    IPv6ExtHdrDestOpt,
    IPv6ExtHdrFragment,
    IPv6ExtHdrHopByHop,
    IPv6ExtHdrRouting,
    PadN,
)
from scapy.layers.ipsec import AH
from scapy.layers.sctp import SCTP, SCTPChunkInit
from tests.engine.captures import HOME, LOCAL, LOCAL6, REMOTE, REMOTE6
from tests.engine.frames import (
    BODY,
    ETHER,
    FOUR,
    decode,
    ends,
    reason,
)

from crossborder.engine.portable.decode import Decoder
from crossborder.engine.portable.frame import UnreadableError
from crossborder.engine.portable.ip import Fit
from crossborder.model import DropReason


@pytest.mark.parametrize(
    "extensions",
    [
        IPv6ExtHdrHopByHop(options=[PadN(optdata=b"\0" * 4)]),
        IPv6ExtHdrDestOpt(options=[PadN(optdata=b"\0" * 12)]),
        IPv6ExtHdrRouting(addresses=[REMOTE6]),
        AH(nh=17, payloadlen=4, icv=b"\0" * 12),
        IPv6ExtHdrFragment(offset=0, m=0, id=9),
        IPv6ExtHdrHopByHop()
        / IPv6ExtHdrDestOpt()
        / IPv6ExtHdrRouting()
        / AH(nh=60, payloadlen=4, icv=b"\0" * 12)
        / IPv6ExtHdrDestOpt(),
    ],
    ids=["hop-by-hop", "destination", "routing", "ah", "atomic fragment", "all"],
)
def test_extension_headers_are_stepped_over(extensions: Any) -> None:
    """The transport is found behind every extension header; they count as header, not as payload."""
    whole = IPv6(src=LOCAL6, dst=REMOTE6) / extensions / UDP(sport=1, dport=2) / BODY
    packet = decode(ETHER / whole)

    assert ends(packet)[2:] == (17, 1, 2)
    assert (packet.ip_bytes, packet.payload_bytes, packet.payload) == (len(bytes(whole)), len(BODY), BODY)


@pytest.mark.parametrize(
    ("following", "proto"),
    [(b"\x3b\0" + bytes(6), 135), (b"\x11\0" + bytes(6) + bytes(UDP(sport=1, dport=2)), 17)],
    ids=["alone", "before udp"],
)
def test_mobility_is_a_header_only_where_something_follows(following: bytes, proto: int) -> None:
    """A binding update has no next header and is the packet's own protocol."""
    packet = decode(ETHER / IPv6(src=LOCAL6, dst=REMOTE6, nh=135) / following)

    assert packet.proto == proto


def test_ah_in_ipv4_is_stepped_over_and_esp_is_the_end() -> None:
    """What AH protects is readable; what ESP holds is payload."""
    packet = decode(
        ETHER / IP(src=LOCAL, dst=REMOTE) / AH(nh=17, payloadlen=4, icv=b"\0" * 12) / UDP(sport=1, dport=2) / BODY
    )
    sealed = decode(ETHER / IP(src=LOCAL, dst=REMOTE, proto=50) / (bytes(8) + BODY))

    assert (ends(packet)[2:], packet.payload) == ((17, 1, 2), BODY)
    assert (sealed.proto, sealed.sport, sealed.payload_bytes) == (50, 0, 8 + len(BODY))


def test_padding_of_short_frames_is_no_payload() -> None:
    """Ethernet pads to 60 bytes; the IP header knows better."""
    packet = decode(bytes(ETHER / IP(src=LOCAL, dst=REMOTE) / TCP(flags="A")).ljust(60, b"\0"))
    trailing = decode(bytes(ETHER / IP(src=LOCAL, dst=REMOTE) / UDP(len=9) / b"xyz"))

    assert (packet.ip_bytes, packet.payload_bytes, packet.payload) == (40, 0, b"")
    assert (trailing.ip_bytes, trailing.payload_bytes, trailing.payload) == (31, 1, b"x")


def test_offloaded_segments_take_their_length_from_the_frame() -> None:
    """A length of 0 is what the network card would have filled in; a jumbogram says its own."""
    big = b"\0" * 70_000
    four = decode(bytes(ETHER / IP(src=LOCAL, dst=REMOTE, len=0) / TCP(sport=1, dport=2)) + big)
    six = decode(bytes(ETHER / IPv6(src=LOCAL6, dst=REMOTE6, plen=0) / TCP(sport=1, dport=2)) + big)
    hop = b"\x06\0\xc2\x04" + struct.pack("!I", 8 + 20 + len(big))
    jumbo = decode(bytes(ETHER / IPv6(src=LOCAL6, dst=REMOTE6, nh=0, plen=0)) + hop + bytes(TCP()) + big)
    lying = bytes(ETHER / IPv6(src=LOCAL6, dst=REMOTE6, nh=0, plen=0)) + hop + bytes(TCP())

    assert [(p.ip_bytes, p.payload_bytes) for p in (four, six, jumbo)] == [
        (70_040, 70_000),
        (70_060, 70_000),
        (70_068, 70_000),
    ]
    assert reason(lying) == "malformed_ip"


@pytest.mark.parametrize("cut", [68, 54, 50, 48])
def test_a_capture_cut_short_counts_what_was_on_the_wire(cut: int) -> None:
    """The snaplen may end in the payload or the options: lengths are those of the IP header."""
    packet = decode(ETHER / FOUR, cut=cut)

    assert (packet.ip_bytes, packet.payload_bytes) == (len(bytes(FOUR)), len(BODY))
    assert packet.payload == BODY[: max(cut - 54, 0)]
    assert (packet.tcp_flags, packet.tcp_seq) == (0x18, 7)


@pytest.mark.parametrize(
    ("cut", "expected"),
    [(47, "truncated_transport"), (34, "truncated_transport"), (33, "truncated_ip"), (13, "truncated_link")],
)
def test_a_capture_cut_too_short_is_a_drop(cut: int, expected: str) -> None:
    """Where the ports or flags were not captured there is nothing to count by."""
    assert reason(ETHER / FOUR, cut=cut) == expected


def test_a_sliced_capture_that_lost_the_frames_length_counts_by_the_header() -> None:
    """Tools that strip payload for privacy write the shortened length; the IP header still knows."""
    packet = decode(bytes(ETHER / FOUR)[:54])

    assert (packet.ip_bytes, packet.payload_bytes, packet.payload) == (len(bytes(FOUR)), len(BODY), b"")


@pytest.mark.parametrize(
    ("layer", "expected"),
    [
        (SCTP(sport=1, dport=2) / SCTPChunkInit(), (132, 1, 2)),
        (ICMP(type=8, code=0) / BODY, (1, 8, 0)),
        (ICMP(type=3, code=4) / IP() / UDP(), (1, 3, 4)),
        (UDP(sport=1, dport=2), (17, 1, 2)),
    ],
)
def test_transports_have_their_ports(layer: Any, expected: tuple[int, int, int]) -> None:
    """Ports of SCTP and UDP, type and code of ICMP; what an ICMP error quotes is payload."""
    whole = IP(src=LOCAL, dst=REMOTE) / layer
    packet = decode(ETHER / whole)

    header = {132: 12, 1: 8, 17: 8}[packet.proto]
    assert ends(packet)[2:] == expected
    assert packet.payload_bytes == len(bytes(whole)) - 20 - header


def test_a_forged_length_does_not_inflate_counts_on_an_interface() -> None:
    """A file may be a sliced capture, and its header is believed; on an interface the frame's length is known."""
    forged = bytes(ETHER / IP(src=LOCAL, dst=REMOTE, len=64_000) / UDP(sport=1, dport=2) / BODY)
    live = Decoder(HOME, Fit.WHOLE)

    with pytest.raises(UnreadableError) as caught:
        decode(forged, decoder=live)

    assert caught.value.reason is DropReason.MALFORMED_IP
    assert decode(ETHER / FOUR, decoder=live, cut=60).ip_bytes == len(bytes(FOUR))
