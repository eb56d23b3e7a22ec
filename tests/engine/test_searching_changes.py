"""Other detectors while an engine runs: what begins is searched by them, what has begun by those it began with."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest
from tests.engine.captures import LOCAL, REMOTE, every_engine, write
from tests.engine.captures import config as engine_config
from tests.engine.contents import request
from tests.engine.searches import register, searching, shipped, word
from tests.engine.test_detectors import segments

from crossborder.engine import SECOND_NS, native_available, open_engine
from crossborder.errors import CrossborderError

if TYPE_CHECKING:
    from pathlib import Path

    from crossborder.engine import Engine, EngineName
    from crossborder.engine.detectors import Searching
    from crossborder.model import Batch

BEFORE, AFTER = searching(word("before", "alpha")), searching(word("after", "omega"))
BOTH = b"alpha and omega, "
ROW = b"Name: A\nRef 001099012345 and so on\n"


def started(tmp_path: Path, engine: EngineName, frames: list[bytes], begun: Searching | None) -> Engine:
    """Open an engine on frames a second apart, with a tick each."""
    path = write(tmp_path, frames, step_ns=SECOND_NS)
    return open_engine(engine, engine_config(files=(path,), tick_ns=SECOND_NS, searching=begun))


def swapped(engine: Engine, at: int, searching: Searching | None) -> list[Batch]:
    """Run an engine that searches for something else when so many ticks have closed; its books balance throughout."""
    batches = []
    for batch in engine:
        batches.append(batch)
        if len(batches) == at:
            engine.set_searching(searching)
    assert batches[-1].books[0].balanced
    assert batches[-1].reader_failures == 0
    return batches


def told(batches: list[Batch]) -> dict[int, dict[str, int]]:
    """Return what was found, by port at home and detector; flows that nobody looked into are left out."""
    found: dict[int, dict[str, int]] = {}
    for batch in batches:
        for row in batch.reports.drop_nulls("detections").iter_rows(named=True):
            flow = found.setdefault(row["local_port"], {})
            for one in row["detections"]:
                flow[one["detector"]] = flow.get(one["detector"], 0) + one["matches"]
    return found


def talk(sport: int, *payloads: bytes) -> list[bytes]:
    """Return what one client sends."""
    return segments(LOCAL, REMOTE, *payloads, sport=sport)


@every_engine
def test_a_flow_that_begins_is_searched_by_the_new(tmp_path: Path, engine: EngineName) -> None:
    """And every packet of every flow is counted."""
    frames = [*talk(40_001, request(BOTH)), *talk(40_002, request(BOTH))]
    batches = swapped(started(tmp_path, engine, frames, BEFORE), 2, AFTER)

    assert told(batches) == {40_001: {"before": 1}, 40_002: {"after": 1}}
    assert batches[-1].books[0].flow_packets == len(frames)


@every_engine
def test_a_connection_that_is_kept_is_searched_by_the_new(tmp_path: Path, engine: EngineName) -> None:
    """From its next message on; the one that has begun is searched to its end by the old."""
    first, second = request(b"." * 500 + BOTH), request(BOTH)
    opening, *pieces = talk(40_001, first[:-200], first[-200:] + second, request(BOTH))
    batches = swapped(started(tmp_path, engine, [opening, *pieces], BEFORE), 2, AFTER)

    assert told(batches) == {40_001: {"before": 1, "after": 2}}


@every_engine
def test_a_value_is_not_cut_by_the_change(tmp_path: Path, engine: EngineName) -> None:
    """A stream that nobody parts is one text: a value of which half was there is found, and what follows it."""
    frames = talk(40_001, b"Dear all, this is plain text of no protocol: al", b"pha; and alpha, omega", b" " * 600)
    batches = swapped(started(tmp_path, engine, frames, BEFORE), 2, AFTER)

    assert told(batches) == {40_001: {"before": 2}}


@every_engine
def test_what_was_gathered_is_not_for_the_new(tmp_path: Path, engine: EngineName) -> None:
    """Numbers that prove nothing alone are gathered over messages, but not by one detector for another in its place."""
    by_id = {one.id: searching(one.search) for one in shipped()}
    persons, phones = by_id["vn-personal-id"], by_id["vn-mobile-phone"]
    posts = [*(f"ref 0010990{at:05} end" for at in range(40)), *(f"ref 09123{at:05} end" for at in range(20))]
    messages = [request(post.encode()) for post in posts]
    frames = talk(40_001, b"".join(messages[:40]), b"".join(messages[40:]))
    batches = swapped(started(tmp_path, engine, frames, persons), 2, phones)

    assert told(batches) == {40_001: {}}


@every_engine
def test_a_detector_that_was_changed_is_told_once(tmp_path: Path, engine: EngineName) -> None:
    """What it found before and after stands in one row where it is told in one report."""
    first, second = request(b"." * 500 + BOTH), request(BOTH)
    frames = talk(40_001, first[:-200], first[-200:] + second)
    opened = started(tmp_path, engine, frames, searching(word("same", "alpha")))
    batches = swapped(opened, 2, searching(word("same", "alpha", "omega")))
    rows = [row for batch in batches for row in batch.reports["detections"].to_list()]

    assert [[(one["detector"], one["matches"]) for one in row] for row in rows if row] == [[("same", 3)]]


@every_engine
def test_nothing_more_is_searched_for(tmp_path: Path, engine: EngineName) -> None:
    """What was found is told; flows that begin have no detections at all, until something is searched for again."""
    frames = [*talk(40_001, request(BOTH), request(BOTH)), *talk(40_002, request(BOTH)), *talk(40_003, request(BOTH))]
    opened = started(tmp_path, engine, frames, BEFORE)
    batches = []
    for batch in opened:
        batches.append(batch)
        if len(batches) in {2, 5}:
            opened.set_searching(None if len(batches) == 2 else AFTER)

    assert told(batches) == {40_001: {"before": 1}, 40_003: {"after": 1}}


@every_engine
def test_what_began_unsearched_stays_so(tmp_path: Path, engine: EngineName) -> None:
    """Half of a message is no message."""
    frames = [*talk(40_001, request(BOTH), request(BOTH)), *talk(40_002, request(BOTH))]
    batches = swapped(started(tmp_path, engine, frames, None), 2, AFTER)

    assert told(batches) == {40_002: {"after": 1}}


@every_engine
def test_a_smaller_limit_ends_what_is_above_it(tmp_path: Path, engine: EngineName) -> None:
    """A connection that has shown more than is looked at by now shows no more."""
    frames = [*talk(40_001, request(b"x" * 1300), request(b"y" * 1300), request(BOTH)), *talk(40_002, request(BOTH))]
    small = searching(word("after", "omega"), limit=1000)
    batches = swapped(started(tmp_path, engine, frames, BEFORE), 2, small)

    assert told(batches) == {40_001: {}, 40_002: {"after": 1}}


@every_engine
def test_detectors_that_do_not_compile_change_nothing(tmp_path: Path, engine: EngineName) -> None:
    """They are refused, and the old ones go on."""
    wrong = AFTER._replace(searches=(AFTER.searches[0], word("odd")._replace(pattern="(", literals=[])))
    opened = started(tmp_path, engine, [*talk(40_001, request(BOTH)), *talk(40_002, request(BOTH))], BEFORE)
    batches = []
    for batch in opened:
        batches.append(batch)
        if len(batches) == 2:
            with pytest.raises(CrossborderError, match="detector odd: "):
                opened.set_searching(wrong)

    assert told(batches) == {40_001: {"before": 1}, 40_002: {"before": 1}}


@pytest.mark.skipif(not native_available(), reason="registers are made by the native extension")
@every_engine
def test_a_new_register_knows_its_people(tmp_path: Path, engine: EngineName) -> None:
    """One that was made while the engine ran."""
    own: Any = register("staff", ["001099012345"])
    begun = searching()
    frames = [*talk(40_001, request(ROW)), *talk(40_002, request(ROW))]
    batches = swapped(started(tmp_path, engine, frames, begun), 2, begun._replace(registers=(own,)))

    assert told(batches)[40_001] == {}
    assert told(batches)[40_002]["register:staff"] == 1


@pytest.mark.skipif(not native_available(), reason="the native extension is not installed")
def test_workers_change_together(tmp_path: Path) -> None:
    """However many there are."""
    frames = [frame for port in range(40_001, 40_041) for frame in talk(port, request(BOTH))]
    path = write(tmp_path, frames, step_ns=SECOND_NS)
    settings: dict[str, Any] = {"files": (path,), "tick_ns": SECOND_NS, "searching": BEFORE}
    found = [
        told(swapped(open_engine("native", engine_config(**settings, workers=workers)), 40, AFTER))
        for workers in (1, 2, 5)
    ]

    assert found[0] == found[1] == found[2]
    assert found[0] == {port: {"before" if port <= 40_020 else "after": 1} for port in range(40_001, 40_041)}
