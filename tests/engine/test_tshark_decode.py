"""Wireshark and the portable decoder read the same packet out of every kind of frame."""

from __future__ import annotations

import shutil
import struct
from typing import TYPE_CHECKING, Any

import pytest
from scapy.layers.inet import ICMP, IP, TCP, UDP, IPOption
from scapy.layers.inet6 import (
    ICMPv6EchoRequest,
    IPv6,
    IPv6ExtHdrDestOpt,
    IPv6ExtHdrHopByHop,
    IPv6ExtHdrRouting,
    RouterAlert,
)
from scapy.layers.ipsec import AH, ESP
from scapy.layers.l2 import Dot1Q
from tests.engine.captures import HOME, LOCAL, LOCAL6, REMOTE, REMOTE6, pcap
from tests.engine.frames import ETHER, FOUR, LINKS, SIX, TUNNELS, pieces_of

from crossborder.engine.portable.decode import Decoder
from crossborder.engine.portable.files import Files
from crossborder.engine.portable.frame import UnreadableError
from crossborder.engine.tshark.decode import Decoder as TsharkDecoder
from crossborder.engine.tshark.files import Files as TsharkFiles

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from crossborder.engine.packet import Packet
    from crossborder.model import DropReason

pytestmark = pytest.mark.skipif(shutil.which("tshark") is None, reason="tshark is not installed")

KINDS = {
    "tcp": FOUR,
    "tcp over ipv6": SIX,
    "ping": IP(src=LOCAL, dst=REMOTE) / ICMP(type=8) / b"xx",
    "unreachable": IP(src=REMOTE, dst=LOCAL) / ICMP(type=3, code=1) / bytes(FOUR),
    "ping over ipv6": IPv6(src=LOCAL6, dst=REMOTE6) / ICMPv6EchoRequest(data=b"z"),
    "options": IP(src=LOCAL, dst=REMOTE, options=[IPOption(b"\x94\x04\0\0")]) / UDP(sport=5, dport=6) / b"q",
    "extensions": IPv6(src=LOCAL6, dst=REMOTE6)
    / IPv6ExtHdrHopByHop(options=[RouterAlert()])
    / IPv6ExtHdrDestOpt()
    / UDP(sport=5, dport=6)
    / b"q",
    "routing": IPv6(src=LOCAL6, dst=REMOTE6)
    / IPv6ExtHdrRouting(addresses=["2001:db8:5::1"], segleft=1)
    / TCP(sport=3, dport=4),
    "sctp": IP(src=LOCAL, dst=REMOTE, proto=132) / (struct.pack("!HHII", 1, 2, 3, 4) + b"\0\0\0\x04"),
    "esp": IP(src=LOCAL, dst=REMOTE) / ESP(spi=5, seq=1),
    "ah": IP(src=LOCAL, dst=REMOTE) / AH(nh=6, payloadlen=4, spi=5, icv=b"0" * 12) / TCP(sport=1, dport=2) / b"abc",
    "ah over ipv6": IPv6(src=LOCAL6, dst=REMOTE6)
    / AH(nh=17, payloadlen=4, spi=5, icv=b"0" * 12)
    / UDP(sport=1, dport=2)
    / b"abc",
    "udplite": IP(src=LOCAL, dst=REMOTE, proto=136) / UDP(sport=1, dport=2) / b"abc",
    "pim": IP(src=LOCAL, dst=REMOTE, proto=103) / b"abcdefghijkl",
    "no next header": IPv6(src=LOCAL6, dst=REMOTE6, nh=59) / b"ab",
    "offload": IP(src=LOCAL, dst=REMOTE, len=0) / TCP(sport=1, dport=2) / b"abc",
    "udp too short": IP(src=LOCAL, dst=REMOTE) / UDP(sport=1, dport=2, len=4) / b"abc",
    "udp too long": IP(src=LOCAL, dst=REMOTE) / UDP(sport=1, dport=2, len=400) / b"abc",
    "tcp offset": IP(src=LOCAL, dst=REMOTE) / TCP(sport=1, dport=2, dataofs=3) / b"abc",
    "length below header": IP(src=LOCAL, dst=REMOTE, len=12) / UDP(sport=1, dport=2),
    "header below 20": IP(src=LOCAL, dst=REMOTE, ihl=4) / UDP(sport=1, dport=2),
    "version 5": IP(src=LOCAL, dst=REMOTE, version=5) / UDP(sport=1, dport=2),
    "cut inside transport": IP(src=LOCAL, dst=REMOTE, proto=6) / b"abc",
    "16 extensions": IPv6(src=LOCAL6, dst=REMOTE6, nh=60)
    / (b"\x3c\0\x01\x04\0\0\0\0" * 16 + b"\x3b\0\x01\x04\0\0\0\0"),
}


def read(decode: Callable[..., Packet], *frame: Any) -> Packet | DropReason:
    """Return what a decoder makes of a frame: a packet without its bytes, or why there is none."""
    try:
        return decode(*frame)._replace(payload=b"")
    except UnreadableError as unreadable:
        return unreadable.reason


def both(path: Path) -> list[tuple[Packet | DropReason, Packet | DropReason]]:
    """Return what both decoders make of each frame of a capture."""
    portable, tshark = Decoder(HOME), TsharkDecoder(HOME)
    frames = zip(Files((path,), "", lambda: False).frames(), TsharkFiles((path,), lambda: False).frames(), strict=True)
    return [
        (
            read(portable.decode, frame),
            read(lambda *parts: tshark.decode(*parts).packet, seen.layers, seen.ts_ns, seen.interface),
        )
        for frame, seen in frames
    ]


def agree(tmp_path: Path, frames: list[bytes], names: list[str], linktype: int = 1) -> None:
    """Check that both decoders say the same of every frame."""
    path = tmp_path / "made.pcap"
    path.write_bytes(pcap(frames, linktype))

    found = both(path)

    assert len(found) == len(frames)
    assert [(name, *pair) for name, pair in zip(names, found, strict=True) if pair[0] != pair[1]] == []


@pytest.mark.parametrize("linktype", sorted({linktype for _, linktype, _ in LINKS.values()}))
def test_link_layers(tmp_path: Path, linktype: int) -> None:
    """The same packet and VLAN behind every link layer that both read."""
    heads = {name: head for name, (head, of, _) in LINKS.items() if of == linktype}
    made = [
        (name, bytes(inside if head is None else head / inside))
        for name, head in heads.items()
        for inside in (FOUR, SIX)
    ]

    agree(tmp_path, [frame for _, frame in made], [name for name, _ in made], linktype)


def test_more_vlans_than_are_kept(tmp_path: Path) -> None:
    """Both keep the outermost."""
    wire = ETHER
    for tag in (10, 0, 20, 30, 40, 50, 60):
        wire = wire / Dot1Q(vlan=tag)

    agree(tmp_path, [bytes(wire / FOUR)], ["vlans"])


@pytest.mark.parametrize("padding", [0, 30])
def test_kinds_of_packets(tmp_path: Path, padding: int) -> None:
    """Transports, extension headers, and headers that contradict themselves, with the padding of a link or without."""
    frames = [bytes(ETHER / packet) + bytes(padding) for packet in KINDS.values()]

    agree(tmp_path, frames, list(KINDS))


def test_tunnels(tmp_path: Path) -> None:
    """The same tunnels are opened on the same proof."""
    agree(tmp_path, [bytes(ETHER / packet) for packet, _ in TUNNELS.values()], list(TUNNELS))


def test_fragments_of_packets_and_of_tunnels(tmp_path: Path) -> None:
    """Fragments belong to the flow of the first, which counts what is in it of the packet inside."""
    made: list[tuple[str, Any]] = []
    for name, (packet, _) in TUNNELS.items():
        made += [(name, piece) for piece in pieces_of(packet)]
    made += [
        ("udp", piece) for piece in pieces_of(IP(src=LOCAL, dst=REMOTE, id=9) / UDP(sport=1, dport=2) / bytes(200))
    ]
    made += [("udp6", p) for p in pieces_of(IPv6(src=LOCAL6, dst=REMOTE6) / UDP(sport=1, dport=2) / bytes(200))]

    agree(tmp_path, [bytes(ETHER / piece) for _, piece in made], [name for name, _ in made])


def test_frames_that_end_early_on_the_wire(tmp_path: Path) -> None:
    """A frame sliced anywhere in its IP header or behind its transport header says the same to both."""
    whole = bytes(ETHER / FOUR)
    cuts = [cut for cut in range(15, len(whole)) if cut not in range(48, 54)]

    agree(tmp_path, [whole[:cut] for cut in cuts], [str(cut) for cut in cuts])
