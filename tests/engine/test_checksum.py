"""With `checksums` a packet whose checksum is wrong is dropped and counted; without, nothing is looked at."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from scapy.layers.inet import ICMP, IP, TCP, UDP, IPOption_RR
from scapy.layers.inet6 import IPv6, IPv6ExtHdrDestOpt, IPv6ExtHdrFragment
from scapy.layers.l2 import Dot1Q, Ether
from scapy.packet import Raw
from tests.engine.captures import HOME, LOCAL, LOCAL6, REMOTE, REMOTE6, batches_of, write
from tests.engine.oracle import differences, run
from tests.engine.test_native_agreement import CAPTURES, CORPUS

from crossborder.engine import EngineConfig, native_available
from crossborder.model import DropReason

if TYPE_CHECKING:
    from pathlib import Path

    from scapy.packet import Packet

    from crossborder.engine import EngineName

NATIVE = pytest.mark.skipif(not native_available(), reason="the native extension is not installed")
ENGINES = [pytest.param("portable"), pytest.param("native", marks=NATIVE)]
ETHER = Ether(src="02:00:00:00:00:01", dst="02:00:00:00:00:02")
V4 = IP(src=LOCAL, dst=REMOTE)
V6 = IPv6(src=LOCAL6, dst=REMOTE6)
ODD = Raw(b"seven b")
TRANSPORTS = [TCP(sport=40000, dport=80, flags="PA") / ODD, TCP(sport=40000, dport=80), UDP(sport=53, dport=53) / ODD]


def dropped(engine: EngineName, tmp_path: Path, *frames: bytes, **chosen: Any) -> int:
    """Return how many frames were dropped for their checksum; all others are in flows."""
    batches = batches_of(write(tmp_path, list(frames)), engine=engine, **({"checksums": True} | chosen))
    (book,) = batches[-1].books
    assert set(book.dropped) <= {DropReason.CHECKSUM}
    return book.dropped.get(DropReason.CHECKSUM, 0)


def flipped(frame: bytes, at: int) -> bytes:
    """Return a frame with one bit changed."""
    return frame[:at] + bytes([frame[at] ^ 1]) + frame[at + 1 :]


@pytest.mark.parametrize("engine", ENGINES)
@pytest.mark.parametrize("transport", TRANSPORTS)
@pytest.mark.parametrize(("ip", "head"), [(V4, 20), (V6, 40)])
def test_every_bit_counts(engine: EngineName, tmp_path: Path, ip: Packet, head: int, transport: Packet) -> None:
    """A whole packet is sound; a bit changed in addresses, numbers or payload is seen; padding is no part of it."""
    frame = bytes(ETHER / ip / transport)
    places = [14 + head - 1, 14 + head, 14 + head + 3, len(frame) - 1]

    assert dropped(engine, tmp_path, frame, frame + b"\xff" * 5) == 0
    assert dropped(engine, tmp_path, *(flipped(frame, at) for at in places)) == len(places)
    assert dropped(engine, tmp_path, *(flipped(frame, at) for at in places), checksums=False) == 0


@pytest.mark.parametrize("engine", ENGINES)
def test_the_header_of_ipv4_has_its_own(engine: EngineName, tmp_path: Path) -> None:
    """Whatever it carries; the time to live is under no other sum."""
    for above in (ICMP(), TCP(), UDP(chksum=0), Raw(b"x" * 30)):
        frame = bytes(ETHER / Dot1Q(vlan=7) / IP(src=LOCAL, dst=REMOTE, proto=47) / above)
        assert dropped(engine, tmp_path, frame, flipped(frame, 18 + 8)) == 1


@pytest.mark.parametrize("engine", ENGINES)
@pytest.mark.parametrize(
    "packet",
    [
        V4 / UDP(sport=9, dport=9, chksum=0) / ODD,  # without one
        V6 / UDP(sport=9, dport=9, chksum=0) / ODD,  # a tunnel's (RFC 6935)
        IP(src=LOCAL, dst=REMOTE, len=0) / TCP(chksum=7) / ODD,  # segmentation offload
        IP(src=LOCAL, dst=REMOTE, flags="MF") / TCP(chksum=7) / ODD,
        IP(src=LOCAL, dst=REMOTE, options=[IPOption_RR()]) / TCP(chksum=7) / ODD,
        V6 / IPv6ExtHdrFragment(m=1) / TCP(chksum=7) / ODD,
        V6 / IPv6ExtHdrDestOpt() / TCP(chksum=7) / ODD,
        V4 / ICMP(chksum=7),
    ],
)
def test_what_cannot_be_judged_is_sound(engine: EngineName, tmp_path: Path, packet: Packet) -> None:
    """Sums that are not there, over what is not here, or over what an option may have changed."""
    assert dropped(engine, tmp_path, bytes(ETHER / packet)) == 0


@pytest.mark.parametrize("engine", ENGINES)
def test_a_sliced_packet_is_sound(engine: EngineName, tmp_path: Path) -> None:
    """Its end was not captured: only the header's sum can be judged."""
    frame = bytes(ETHER / V4 / TCP(chksum=7) / ODD)

    assert dropped(engine, tmp_path, frame[:-1]) == 0
    assert dropped(engine, tmp_path, flipped(frame[:-1], 14 + 8)) == 1


@pytest.mark.parametrize("engine", ENGINES)
def test_a_frame_that_cannot_be_read_keeps_its_reason(engine: EngineName, tmp_path: Path) -> None:
    """A checksum is looked at where there is a header to read; a transport that is cut comes behind it."""
    frame = bytes(ETHER / V4 / TCP(chksum=7) / ODD)
    path = write(tmp_path, [frame[: 14 + 12], frame[: 14 + 20 + 6], flipped(frame[: 14 + 20 + 6], 14 + 8)])

    (book,) = batches_of(path, engine=engine, checksums=True)[-1].books

    assert book.dropped == {DropReason.TRUNCATED_IP: 1, DropReason.TRUNCATED_TRANSPORT: 1, DropReason.CHECKSUM: 1}


BASES = [bytes(ETHER / ip / transport) for ip in (V4, V6) for transport in TRANSPORTS]


@NATIVE
@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(changes=st.lists(st.tuples(st.sampled_from(BASES), st.integers(14, 80), st.binary(max_size=3)), max_size=40))
def test_both_engines_judge_alike(tmp_path: Path, changes: list[tuple[bytes, int, bytes]]) -> None:
    """Frames that were written over somewhere, lengths and header lengths among it."""
    frames = [base[:at] + put + base[at + len(put) :] for base, at, put in changes]
    chosen = EngineConfig(HOME, files=(write(tmp_path, frames),), report_all=True, checksums=True)

    assert differences(run("portable", chosen), run("native", chosen)) == {}


@NATIVE
@pytest.mark.skipif(not CAPTURES, reason=f"no corpus at {CORPUS}")
@pytest.mark.parametrize("capture", CAPTURES[::3])
def test_native_is_as_portable(capture: str) -> None:
    """The same on real captures, many of which have checksums that a network card was to fill in."""
    chosen = EngineConfig(HOME, files=(CORPUS / capture,), report_all=True, checksums=True)

    assert differences(run("portable", chosen), run("native", chosen)) == {}
