"""Frames that are pushed give the reports of the file they stand in."""

from __future__ import annotations

import threading
from typing import TYPE_CHECKING

import pytest
from scapy.layers.inet import IP, UDP
from scapy.layers.l2 import Ether
from tests.engine.captures import LOCAL, REMOTE, START, batches_of, config, reports_of, run, write

from crossborder.demo import write_capture
from crossborder.engine import SECOND_NS, native_available
from crossborder.engine.native import PushedEngine
from crossborder.engine.portable.files import Files
from crossborder.errors import CrossborderError

if TYPE_CHECKING:
    from collections.abc import Iterable
    from pathlib import Path

    from crossborder.engine.portable.frame import Frame

pytestmark = pytest.mark.skipif(not native_available(), reason="the native extension is not installed")

FRAME = bytes(Ether() / IP(src=LOCAL, dst=REMOTE) / UDP(sport=5000, dport=5001) / b"hello")


def frames_of(path: Path) -> Iterable[Frame]:
    """Read a capture."""
    return Files((path,), "", lambda: False).frames()


def push_all(engine: PushedEngine, frames: Iterable[Frame]) -> None:
    """Push frames and the end."""
    for frame in frames:
        assert engine.push(frame.data, frame.ts_ns, frame.linktype, frame.wire_len)
    engine.end()


def test_pushed_frames_give_the_reports_of_their_file(tmp_path: Path) -> None:
    """The demo's day: every row, column, tick and book; pushed while another thread reads."""
    path = tmp_path / "day.pcap"
    write_capture(path)
    engine = PushedEngine(config(report_all=True), path.name)
    pushing = threading.Thread(target=push_all, args=(engine, frames_of(path)))

    pushing.start()
    pushed = run(engine)
    pushing.join()

    read = batches_of(path, engine="native", report_all=True)
    assert reports_of(pushed).equals(reports_of(read))
    assert reports_of(pushed).height > 1000
    assert [(batch.tick_ns, batch.books) for batch in pushed] == [(batch.tick_ns, batch.books) for batch in read]


@pytest.mark.parametrize(("linktype", "frame"), [(1, FRAME), (101, FRAME[14:]), (1, FRAME[:44])])
def test_link_type_and_length_on_the_wire_are_taken(tmp_path: Path, linktype: int, frame: bytes) -> None:
    """As they stand in a file."""
    engine = PushedEngine(config(), "x.pcap")
    push_all(engine, frames_of(write(tmp_path, [frame] * 3, linktype=linktype)))

    assert reports_of(run(engine)).equals(
        reports_of(batches_of(write(tmp_path, [frame] * 3, linktype=linktype), engine="native"))
    )


def test_a_frame_that_was_cut_counts_the_wire() -> None:
    """Not what was captured of it."""
    engine = PushedEngine(config())
    assert engine.push(FRAME[:44], START, wire_len=len(FRAME))
    assert engine.push(FRAME, START + 15 * SECOND_NS)
    engine.end()

    batches = run(engine)

    assert (batches[-1].books[0].bytes, batches[-1].books[0].interface) == (2 * len(FRAME), "pushed")
    assert [batch.tick_ns - START for batch in batches] == [10 * SECOND_NS, 15 * SECOND_NS]


def test_a_filter_holds_for_pushed_frames() -> None:
    """What does not pass was never received; where it makes no sense, that is said."""
    engine = PushedEngine(config(bpf="ether host 02:00:00:00:00:01 or udp port 5002"))

    assert engine.push(FRAME, START)
    with pytest.raises(CrossborderError, match="does not compile"):
        engine.push(FRAME[14:], START, linktype=101)
    engine.end()

    assert run(engine)[-1].books[0].packets == 0


def test_after_the_end_nothing_is_taken() -> None:
    """Neither when it was said nor when the engine was stopped; it is never lost without a word."""
    for end in (PushedEngine.end, PushedEngine.stop):
        engine = PushedEngine(config())
        end(engine)
        with pytest.raises(CrossborderError, match="takes no more frames"):
            engine.push(FRAME, START)
        assert run(engine)[-1].books[0].packets == 0


def test_room_is_bounded() -> None:
    """Who pushes faster than is read is told so, and loses nothing."""
    engine = PushedEngine(config())
    large = FRAME.ljust(1 << 20, b"\0")
    taken = 0
    while engine.push(large, START + taken):
        taken += 1
    engine.end()

    assert 200 < taken <= 256
    assert run(engine)[-1].books[0].packets == taken
