"""Fragments count to the flow of their first, within bounds."""

from __future__ import annotations

from typing import Any

import pytest
from scapy.layers.inet import IP, TCP, UDP
from scapy.layers.inet6 import (
    IPv6,
)
from scapy.layers.l2 import (
    GRE,
)
from tests.engine.captures import HOME, LOCAL, LOCAL2, LOCAL6, REMOTE, REMOTE2, REMOTE6, packed
from tests.engine.frames import (
    ETHER,
    decode,
    ends,
    pieces_of,
)

from crossborder.engine.portable.decode import Decoder
from crossborder.engine.portable.frame import Frame


@pytest.mark.parametrize(
    "whole",
    [
        IP(src=LOCAL, dst=REMOTE, id=5) / UDP(sport=1, dport=2) / bytes(400),
        IP(src=LOCAL, dst=REMOTE, id=5) / TCP(sport=1, dport=2, flags="S") / bytes(400),
        IPv6(src=LOCAL6, dst=REMOTE6) / UDP(sport=1, dport=2) / bytes(400),
    ],
    ids=["udp", "tcp", "ipv6"],
)
def test_fragments_belong_to_the_flow_of_the_first(whole: Any) -> None:
    """Later fragments have no ports of their own; their bytes count, their flags do not repeat."""
    decoder = Decoder(HOME)
    pieces = pieces_of(whole)
    packets = [decode(ETHER / piece, decoder=decoder) for piece in pieces]

    assert len(packets) > 4
    assert {ends(p)[3:] for p in packets} == {(1, 2)}
    assert [p.ip_bytes for p in packets] == [len(bytes(piece)) for piece in pieces]
    assert sum(p.payload_bytes for p in packets) == 400
    assert all(p.tcp_flags == 0 and p.payload == b"" for p in packets[1:-1])
    assert (packets[-1].tcp_flags, packets[-1].payload) == (0, bytes(400))  # the whole, for who reads names


def test_a_fragment_without_its_first_has_no_ports() -> None:
    """Met in the middle, or too late: a flow without ports."""
    pieces = pieces_of(IP(src=LOCAL, dst=REMOTE, id=5) / UDP(sport=1, dport=2) / bytes(200))
    alone = decode(ETHER / pieces[1])
    decoder = Decoder(HOME)
    decode(ETHER / pieces[0], decoder=decoder)
    data = bytes(ETHER / pieces[1])
    late = decoder.decode(Frame(40 * 10**9, 1, len(data), data, "test"))
    elsewhere = decoder.decode(Frame(1_000, 1, len(data), data, "other"))

    assert [ends(p)[2:] for p in (alone, late, elsewhere)] == [(17, 0, 0)] * 3
    assert alone.payload_bytes == 64


def test_fragments_remembered_are_bounded(monkeypatch: pytest.MonkeyPatch) -> None:
    """First fragments without the rest are forgotten, the oldest first."""
    monkeypatch.setattr("crossborder.engine.portable.fragments.LIMIT", 10)
    decoder = Decoder(HOME)
    for ident in range(100):
        decode(ETHER / IP(src=LOCAL, dst=REMOTE, id=ident, flags="MF") / UDP(sport=1, dport=2), decoder=decoder)

    assert len(decoder._fragments._first) == 10
    later = [
        decode(ETHER / IP(src=LOCAL, dst=REMOTE, id=ident, frag=1, proto=17) / bytes(8), decoder=decoder)
        for ident in (99, 0)
    ]
    assert [p.sport for p in later] == [1, 0]


def test_a_fragmented_tunnel_counts_the_inner_bytes_once() -> None:
    """The first fragment shows who talks inside; the others add their share of the inner packet."""
    decoder = Decoder(HOME)
    inner = IP(src=LOCAL2, dst=REMOTE2) / UDP(sport=1, dport=2) / bytes(400)
    pieces = pieces_of(IP(src=LOCAL, dst=REMOTE, id=5) / GRE() / inner)
    packets = [decode(ETHER / piece, decoder=decoder) for piece in pieces]

    assert {ends(p) for p in packets} == {(packed(LOCAL2), packed(REMOTE2), 17, 1, 2)}
    assert {p.tunnel for p in packets} == {"gre"}
    assert sum(p.ip_bytes for p in packets) == len(bytes(inner))
    assert sum(p.payload_bytes for p in packets) == 400
