"""The decoder against scapy as an oracle, and against hostile frames."""

from __future__ import annotations

from typing import Any

from hypothesis import given
from hypothesis import strategies as st
from scapy.contrib.mpls import MPLS
from scapy.layers.inet import IP, TCP, UDP
from scapy.layers.inet6 import (
    IPv6,
)
from scapy.layers.l2 import (
    Dot1Q,
)
from scapy.layers.sctp import SCTP
from tests.engine.captures import HOME, LOCAL, LOCAL2, LOCAL6, REMOTE, REMOTE2, REMOTE6, packed
from tests.engine.frames import (
    ETHER,
    FOUR,
    LINKS,
    SIX,
    TUNNELS,
    decode,
    ends,
    pieces_of,
)

from crossborder.engine.portable.decode import Decoder
from crossborder.engine.portable.frame import Frame, UnreadableError

ADDRESSES = st.sampled_from([LOCAL, LOCAL2, REMOTE, REMOTE2])
MIX = st.builds(
    lambda link, v6, layer, src, dst, sport, dport, body: (
        link,
        (IPv6(src=LOCAL6, dst=REMOTE6) if v6 else IP(src=src, dst=dst)) / layer(sport=sport, dport=dport) / body,
    ),
    st.sampled_from(sorted(LINKS)),
    st.booleans(),
    st.sampled_from([TCP, UDP, SCTP]),
    ADDRESSES,
    ADDRESSES,
    st.integers(10_000, 65_535),
    st.integers(10_000, 65_535),
    st.binary(max_size=200),
)


@given(MIX)
def test_scapy_reads_the_same(mix: tuple[str, Any]) -> None:
    """Addresses, ports and lengths as scapy's own dissector reads them from the same bytes."""
    head, linktype, _ = LINKS[mix[0]]
    data = bytes(head / mix[1]) if head is not None else bytes(mix[1])
    packet = decode(data, linktype)

    network = IPv6 if packet.ip_bytes and len(packet.src) == 16 else IP
    read = network(data[len(data) - len(bytes(mix[1])) :])
    layer = read.getlayer(TCP) or read.getlayer(UDP) or read.getlayer(SCTP)
    assert ends(packet) == (
        packed(read.src),
        packed(read.dst),
        read.payload.overload_fields.get("x", packet.proto),
        layer.sport,
        layer.dport,
    )
    assert packet.ip_bytes == (read.plen + 40 if network is IPv6 else read.len)
    if not isinstance(layer, SCTP):
        assert packet.payload == bytes(layer.payload)


SEEDS = [bytes(ETHER / whole) for whole, _ in TUNNELS.values()] + [
    bytes(ETHER / FOUR),
    bytes(ETHER / SIX),
    bytes(ETHER / Dot1Q(vlan=1) / Dot1Q(vlan=2) / FOUR),
    bytes(ETHER / MPLS(s=1) / (bytes(4) + bytes(ETHER / FOUR))),
    *(bytes(ETHER / piece) for piece in pieces_of(IP(src=LOCAL, dst=REMOTE) / UDP() / bytes(200))),
    *(bytes(ETHER / piece) for piece in pieces_of(IPv6(src=LOCAL6, dst=REMOTE6) / UDP() / bytes(200))),
]


@st.composite
def mutated(draw: st.DrawFn) -> bytes:
    """Draw a sound frame with bytes changed, cut off or added."""
    data = bytearray(draw(st.sampled_from(SEEDS)))
    for at, value in draw(st.lists(st.tuples(st.integers(0, len(data) - 1), st.integers(0, 255)), max_size=6)):
        data[at] = value
    return bytes(data[: draw(st.integers(0, len(data)))] + draw(st.binary(max_size=8)))


@given(
    st.lists(st.one_of(mutated(), st.binary(max_size=120)), max_size=10),
    st.sampled_from([1, 0, 9, 50, 51, 101, 113, 276]),
)
def test_hostile_frames_are_packets_or_drops(frames: list[bytes], linktype: int) -> None:
    """Nothing but UnreadableError leaves the decoder, and what it returns is within bounds."""
    decoder = Decoder(HOME)
    for data in frames:
        try:
            packet = decoder.decode(Frame(1_000, linktype, len(data), data, "test"))
        except UnreadableError:
            continue
        assert 0 <= packet.payload_bytes <= packet.ip_bytes
        assert len(packet.payload) <= packet.payload_bytes
        assert len(packet.src) == len(packet.dst)
