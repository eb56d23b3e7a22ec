"""Tunnels are opened when they are sound, and never hide a crossing."""

from __future__ import annotations

import struct
from typing import Any

import pytest
from scapy.layers.inet import IP, UDP
from scapy.layers.inet6 import ICMPv6ND_RS, IPv6
from scapy.layers.l2 import (
    GRE,
    GRE_PPTP,
    Dot1Q,
    Ether,
)
from scapy.layers.vxlan import VXLAN
from tests.engine.captures import LOCAL, LOCAL2, REMOTE, REMOTE2, packed
from tests.engine.frames import (
    BODY,
    ETHER,
    INNER,
    INNER6,
    OUTER,
    TEREDO,
    TUNNELS,
    decode,
    ends,
    geneve,
    gtp,
    l2tp,
    teredo,
)

from crossborder.engine.portable.decode import TUNNEL_LIMIT


@pytest.mark.parametrize("tunnel", TUNNELS, ids=str)
def test_tunnels_are_opened(tunnel: str) -> None:
    """The packet inside counts, under the word of its tunnel."""
    whole, word = TUNNELS[tunnel]
    packet = decode(ETHER / whole)

    inner = next(inner for inner in (INNER, INNER6, TEREDO) if packed(inner.src) == packet.src)
    assert ends(packet) == (packed(inner.src), packed(inner.dst), 17, 1, 2)
    assert (packet.tunnel, packet.payload, packet.ip_bytes) == (word, BODY, len(bytes(inner)))


@pytest.mark.parametrize("sublayer", [bytes(4), b"\x40\0\0\x09"], ids=["idle", "sequence"])
def test_a_session_of_l2tp_may_have_a_sublayer(sublayer: bytes) -> None:
    """Linux puts four bytes between the session and its Ethernet, which may count the frames."""
    wire = Ether(src="02:00:00:00:00:01", dst="02:00:00:00:00:02") / Dot1Q(vlan=7) / INNER

    packet = decode(ETHER / IP(src=LOCAL, dst=REMOTE, proto=115) / (b"\0\0\0\7" + sublayer + bytes(wire)))

    assert (packet.dst, packet.tunnel, packet.vlan, packet.payload) == (packed(REMOTE2), "l2tp", "7", BODY)


def test_who_asks_for_a_teredo_address_is_seen() -> None:
    """A client that has none yet asks from a link-local address; that packet stays here, its tunnel goes abroad."""
    asking = IPv6(src="fe80::ffff:ffff:ffff", dst="ff02::2") / ICMPv6ND_RS()
    packet = decode(ETHER / OUTER / UDP(sport=50000, dport=3544) / (b"\0\1\0\0" + bytes(9) + bytes(asking)))

    assert (packet.dst, packet.tunnel, packet.carries) == (packed(REMOTE), None, "teredo")


NO_TUNNELS = {
    "vxlan without its flag": UDP(sport=50000, dport=4789) / VXLAN(vni=7, flags=0) / ETHER / INNER,
    "vxlan of linux with reserved bits": UDP(sport=50000, dport=8472) / (b"\x08\0\0\x01" + bytes(4)) / ETHER / INNER,
    "vxlan with arp": UDP(sport=50000, dport=4789) / VXLAN(vni=7, flags=8) / Ether(type=0x806) / bytes(28),
    "geneve of another version": UDP(sport=50000, dport=6081) / (b"\x40" + geneve(ETHER / INNER)[1:]),
    "geneve with options beyond the end": UDP(sport=50000, dport=6081) / b"\x3f\0\x65\x58\0\0\x07\0",
    "gtp control": UDP(sport=2152, dport=2152) / (b"\x30\x01\0\x00" + bytes(4)),
    "gtp prime": UDP(sport=2152, dport=2152) / (b"\x20\xff" + struct.pack("!HI", len(bytes(INNER)), 7) + bytes(INNER)),
    "gtp that holds no ip": UDP(sport=2152, dport=2152) / (b"\x30\xff\0\x04" + bytes(8)),
    "gtp with an extension of no length": UDP(sport=2152, dport=2152) / gtp(4, bytes(40), bytes(4)),
    "teredo between addresses that are none": teredo(INNER6),
    "teredo that is cut off": teredo(bytes(TEREDO)[:39]),
    "teredo with an authentication beyond the end": teredo(TEREDO, b"\0\1\xff\xff"),
    "l2tp control": l2tp(0xC802, 7, 0, 1, 2),
    "l2tp with reserved bits": l2tp(0x0012, 7, 9),
    "l2tp of another version": l2tp(0x0001, 7, 9),
    "l2tp whose length ends before its payload": UDP(sport=1701, dport=1701)
    / (struct.pack("!HHHH", 0x4002, 8, 7, 9) + bytes(40)),
    "l2tp with an offset beyond the end": l2tp(0x0202, 7, 9, 0xFFFF),
    "l2tp with a link's own negotiation": l2tp(0x0002, 7, 9, inside=b"\xc0\x21" + bytes(INNER)),
    "l2tp 3 control": UDP(sport=1701, dport=1701) / (b"\0\3" + bytes(6) + bytes(ETHER / INNER)),
    "dns on such a port": UDP(sport=53, dport=4789) / (b"\x08\x34\x81\x80" + bytes(8)),
    "too short": UDP(sport=2152, dport=2152) / b"\x30\xff",
    "gre keepalive": GRE(proto=0),
    "gre of another version": GRE(version=3) / INNER,
    "gre with source routes": GRE(routing_present=1) / INNER,
    "pptp acknowledgement": GRE_PPTP(seqnum_present=0, acknum_present=1),
    "gre cut off": b"\x20\x00",
    "ipip of nothing": IP(src=LOCAL2, dst=REMOTE2, len=500) / UDP(),
}


@pytest.mark.parametrize("name", NO_TUNNELS, ids=str)
def test_what_is_no_sound_tunnel_counts_as_itself(name: str) -> None:
    """A port is no proof, and a tunnel whose inside cannot be read is still a packet on its way abroad."""
    layer = NO_TUNNELS[name]
    proto = 17 if isinstance(layer, UDP) else 4 if isinstance(layer, IP) else 47
    whole = IP(src=LOCAL, dst=REMOTE, proto=proto) / layer
    packet = decode(ETHER / whole)

    assert (packet.src, packet.dst, packet.proto, packet.tunnel) == (packed(LOCAL), packed(REMOTE), proto, None)
    assert packet.ip_bytes == len(bytes(whole))


def test_a_tunnel_abroad_with_private_addresses_inside_is_seen() -> None:
    """A GRE tunnel to another country that carries private addresses must not look domestic."""
    hidden = OUTER / GRE() / IP(src=LOCAL, dst=LOCAL2) / UDP(sport=1, dport=2) / BODY
    packet = decode(ETHER / hidden)

    assert ends(packet) == (packed(LOCAL), packed(REMOTE), 47, 0, 0)
    assert (packet.tunnel, packet.ip_bytes) == (None, len(bytes(hidden)))


def test_a_tunnel_at_home_shows_who_really_talks() -> None:
    """VXLAN between two hosts at home that carries a crossing: the crossing counts, in the inner VLAN."""
    inner = ETHER / Dot1Q(vlan=30) / INNER
    packet = decode(ETHER / Dot1Q(vlan=10) / IP(src=LOCAL, dst=LOCAL2) / UDP(dport=4789) / VXLAN(flags=8) / inner)

    assert (packet.dst, packet.tunnel, packet.vlan) == (packed(REMOTE2), "vxlan", "30")


def test_tunnels_in_tunnels_are_looked_into_to_a_limit() -> None:
    """What is deeper counts as the deepest tunnel's packet: hiding deep hides nothing."""
    deep: Any = INNER
    for _ in range(TUNNEL_LIMIT + 3):
        deep = IP(src=LOCAL, dst=REMOTE) / deep
    packet = decode(ETHER / deep)

    assert packet.tunnel == "/".join(["ipip"] * TUNNEL_LIMIT)
    assert (packet.src, packet.dst, packet.proto) == (packed(LOCAL), packed(REMOTE), 4)
