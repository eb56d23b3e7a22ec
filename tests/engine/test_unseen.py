"""Bytes acknowledged but never seen are counted, whatever the capture did to the order; what was seen never is."""

from __future__ import annotations

import struct
from typing import TYPE_CHECKING, Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from tests.engine.captures import HOME, LOCAL, REMOTE, config, limits, packed, packet, write
from tests.engine.oracle import differences, run

from crossborder.engine import SECOND_NS, EngineConfig, native_available
from crossborder.engine.flowtable import FlowTable
from crossborder.engine.unseen import HOLES_LIMIT, WINDOW, Unseen

if TYPE_CHECKING:
    from pathlib import Path

    from crossborder.engine.packet import Packet

SYN, SYN_ACK, ACK, FIN_ACK, RST = 0x02, 0x12, 0x10, 0x11, 0x04
WHOLE = 1 << 32


def out(at: float, seq: int, size: int = 100, flags: int = ACK, ack: int = 5000) -> Packet:
    """Return a packet from home."""
    return packet(
        at, LOCAL, REMOTE, tcp_seq=seq % WHOLE, tcp_ack=ack % WHOLE, tcp_flags=flags, payload_bytes=size, ip_bytes=1500
    )


def back(at: float, ack: int, size: int = 0, flags: int = ACK, seq: int = 5000) -> Packet:
    """Return a packet from abroad."""
    return packet(
        at,
        REMOTE,
        LOCAL,
        443,
        40000,
        tcp_seq=seq % WHOLE,
        tcp_ack=ack % WHOLE,
        tcp_flags=flags,
        payload_bytes=size,
        ip_bytes=1500,
    )


def missing(*packets: Packet, **chosen: Any) -> list[tuple[int | None, int | None]]:
    """Return what each report of a table tells as missing, out and in."""
    table = FlowTable(config(**chosen))
    frames = []
    for one in packets:
        if table.tick(one.ts_ns) is not None:
            frames.append(table.drain())
        table.add(one)
    return [row for frame in (*frames, table.close()) for row in frame.select("missing_out", "missing_in").iter_rows()]


HELLO = (
    packet(0, LOCAL, REMOTE, tcp_flags=SYN, tcp_seq=999, payload_bytes=0),
    packet(0.1, REMOTE, LOCAL, 443, 40000, tcp_flags=SYN_ACK, tcp_seq=4999, tcp_ack=1000, payload_bytes=0),
)


def test_what_is_seen_is_not_missing() -> None:
    """A whole connection: SYN and FIN take a number each."""
    talk = (
        *HELLO,
        out(0.2, 1000),
        back(0.3, 1100, 50),
        out(0.4, 1100, 0, FIN_ACK, ack=5050),
        back(0.5, 1101, 0, FIN_ACK, seq=5050),
        out(0.6, 1101, 0, ack=5051),
    )

    assert missing(*talk) == [(0, 0)]


def test_a_hole_that_is_acknowledged_is_missing() -> None:
    """A segment did not come by; its acknowledgement did."""
    assert missing(*HELLO, out(0.2, 1000), out(0.3, 1200), back(0.4, 1300)) == [(100, 0)]


def test_a_hole_that_is_not_acknowledged_is_not() -> None:
    """It may have been lost behind us, and be sent again."""
    assert missing(*HELLO, out(0.2, 1000), out(0.3, 1200), back(0.4, 1100)) == [(0, 0)]
    assert missing(*HELLO, out(0.2, 1000), out(0.3, 1200), back(0.4, 1150)) == [(50, 0)]


def test_a_hole_is_filled() -> None:
    """By a segment that was late, sent again, or cut otherwise; in the capture even after its acknowledgement."""
    late = (*HELLO, out(0.2, 1200), out(0.3, 1000, 150), out(0.4, 1150, 50))
    assert missing(*late, back(0.5, 1300)) == [(0, 0)]
    assert missing(*HELLO, back(0.2, 1300), *late[2:]) == [(0, 0)]


def test_what_was_told_stays_told() -> None:
    """After its report a hole is no longer waited for: sums never go back."""
    talk = (*HELLO, out(0.2, 1200), back(0.3, 1300), out(11, 1000, 200), back(12, 1300))

    assert missing(*talk) == [(200, 0), (0, 0)]


def test_one_way_only() -> None:
    """Where routing is asymmetric only acknowledgements of one direction come by."""
    assert missing(*(out(at / 10, 1000 + 100 * at, ack=9000 + 1400 * at) for at in range(10))) == [(0, 9 * 1400)]


def test_numbers_wrap_around() -> None:
    """2^32 is followed by 0, and a hole may lie across."""
    talk = [out(at / 10, WHOLE - 1000 + 150 * at) for at in range(20)]

    assert missing(*talk, back(3, 19 * 150 + 100 - 1000)) == [(19 * 50, 0)]


def test_mid_stream_begins_at_what_is_seen() -> None:
    """What was before the first packet is not missing."""
    assert missing(out(0, 70_000, ack=90_000), back(0.1, 70_100, 10, seq=90_000)) == [(0, 0)]


def test_sent_again_and_keepalive_are_nothing() -> None:
    """A segment twice, and the byte before the next one."""
    talk = (*HELLO, out(0.2, 1000), out(0.3, 1000), out(0.4, 1099, 1), back(0.5, 1100), out(0.6, 1100))

    assert missing(*talk, back(0.7, 1200)) == [(0, 0)]


@pytest.mark.parametrize("odd", [out(0.3, 1100, 0, RST), out(0.3, 1100 + WINDOW + 1), out(0.3, 1100 - WINDOW - 1)])
def test_numbers_of_another_connection_count_nothing(odd: Packet) -> None:
    """Forged or rewritten numbers contradict what was seen: one begins again and counts nothing."""
    assert missing(*HELLO, out(0.2, 1000), odd, back(0.4, 1100), out(0.5, 1100), back(0.6, 1200)) == [(0, 0)]
    assert missing(*HELLO, out(0.2, 1000), back(0.3, 1100 + WINDOW + 1), back(0.4, 1100)) == [(0, 0)]


def test_a_new_connection_on_the_same_ports() -> None:
    """Another SYN begins anew, however its number lies to the last."""
    again = packet(0.5, LOCAL, REMOTE, tcp_flags=SYN, tcp_seq=500_000, payload_bytes=0)

    assert missing(*HELLO, out(0.2, 1000), again, out(0.6, 500_001), back(0.7, 500_101)) == [(0, 0)]


def test_later_fragments_have_no_place() -> None:
    """They carry bytes of a segment that the first fragment did not announce: nothing is said of it."""
    talk = (*HELLO, out(0.2, 1000), out(0.3, 1000, 900, flags=0), out(0.4, 2000), back(0.5, 2100))

    assert missing(*talk) == [(0, 0)]


def test_the_successor_goes_on() -> None:
    """Of a flow that ends of age: its holes may be filled there, and what it counted is not counted twice."""
    talk = (*HELLO, out(1, 1100), back(2, 1150), out(7, 1300), back(8, 1400))

    told = missing(*talk, limits=limits(active=6), tick_ns=100 * SECOND_NS)

    assert told == [(100, 0), (100, 0)]


def test_holes_are_bounded() -> None:
    """Beyond the limit the oldest is forgotten: never more than there was, and constant memory."""
    unseen = Unseen()
    for at in range(200):
        unseen.follow(out(0, 1000 + 200 * at), outward=True, anew=False)
        assert len(unseen.outward.holes) <= HOLES_LIMIT
    unseen.follow(back(0, 1000 + 200 * 200), outward=False, anew=False)

    assert HOLES_LIMIT * 100 <= unseen.outward.report() <= 200 * 100


def test_other_transports_are_not_measured() -> None:
    """UDP acknowledges nothing: null."""
    assert missing(packet(0, LOCAL, REMOTE, proto=17)) == [(None, None)]


@given(st.data())
def test_any_order_counts_exactly_what_did_not_come(data: st.DataObject) -> None:
    """Segments lost to the capture, out of order and twice, then one acknowledgement of all."""
    isn = data.draw(st.sampled_from([0, 7, WHOLE - 300, (1 << 31) - 500]))
    sizes = data.draw(st.lists(st.integers(1, 1460), min_size=1, max_size=12))
    starts = [sum(sizes[:at]) for at in range(len(sizes))]
    segments = [
        (start, size, data.draw(st.sampled_from([0, 1, 1, 2]))) for start, size in zip(starts, sizes, strict=True)
    ]
    came = [(start, size) for start, size, copies in segments for _ in range(copies)]
    talk = [out(0, isn - 1, 0, SYN)]
    talk += [out(0.1, isn + start, size) for start, size in data.draw(st.permutations(came))]
    talk.insert(data.draw(st.integers(1, len(talk))), back(0.1, isn + sum(sizes)))

    lost = sum(size for _, size, copies in segments if not copies)

    assert missing(*talk) == [(lost, 0)]


NUMBERS = st.sampled_from(
    [base + shift for base in (0, 1000, WHOLE - 50, WINDOW, 3 * WINDOW) for shift in (0, 1, 100, 101, 250)]
)
SEGMENTS = st.tuples(
    st.booleans(),  # from home
    st.sampled_from([0x02, 0x12, 0x10, 0x10, 0x10, 0x10, 0x18, 0x11, 0x04, 0x00]),
    NUMBERS,
    NUMBERS,
    st.sampled_from([0, 0, 1, 100, 149, 1000]),
)


def _frame(from_home: bool, flags: int, seq: int, ack: int, size: int) -> bytes:
    src, dst, sport, dport = (LOCAL, REMOTE, 40000, 443) if from_home else (REMOTE, LOCAL, 443, 40000)
    tcp = struct.pack("!HHIIBBHHH", sport, dport, seq % WHOLE, ack % WHOLE, 0x50, flags, 8192, 0, 0) + bytes(size)
    header = struct.pack("!BBHHHBBH", 0x45, 0, 20 + len(tcp), 1, 0, 64, 6, 0) + packed(src) + packed(dst)
    return bytes(12) + b"\x08\x00" + header + tcp


@pytest.mark.skipif(not native_available(), reason="the native extension is not installed")
@settings(max_examples=300, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    segments=st.lists(SEGMENTS, max_size=80),
    near=st.booleans(),
    step_ns=st.sampled_from([1_000_000, SECOND_NS // 2]),
    active=st.sampled_from([6, 3600]),
)
def test_both_engines_count_alike(
    tmp_path: Path, segments: list[tuple[bool, int, int, int, int]], near: bool, step_ns: int, active: int
) -> None:
    """Whatever the numbers are, at every report; `near`: all of one window, so that holes open and fill."""
    if near:
        segments = [(home, flags | 0x10, seq % 3000, ack % 3000, size) for home, flags, seq, ack, size in segments]
    path = write(tmp_path, [_frame(*segment) for segment in segments], step_ns=step_ns)
    chosen = EngineConfig(HOME, files=(path,), tick_ns=SECOND_NS, limits=limits(active=active))

    assert differences(run("portable", chosen), run("native", chosen)) == {}
