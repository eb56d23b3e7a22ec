"""Processes are measured fairly: start-up off, the middle of rounds, whoever fails or skips packets left behind."""

from __future__ import annotations

import os
import sys
from typing import TYPE_CHECKING

import pytest
from tools.bench.captures import Capture, Captures, Sizes
from tools.bench.contestants import Contestant
from tools.bench.peers import COUNTING_LOOP
from tools.bench.race import Race, Result, best_exporter
from tools.bench.runs import FailedError, Run, clock_of, middle, run
from tools.bench.speed import Standing

if TYPE_CHECKING:
    from pathlib import Path

CORES = (min(os.sched_getaffinity(0)),)


def _contestant(name: str, program: str = "", *, exporter: bool = False) -> Contestant:
    return Contestant(
        name, "", lambda capture, _: [sys.executable, "-c", program, capture], [r"(\d+) packets"], exporter=exporter
    )


def _result(name: str, seconds: float, start: float = 0.5, read: int = 1000, *, exporter: bool = False) -> Result:
    capture = Capture(path=None, packets=1000, bytes=1)  # type: ignore[arg-type]
    idle, full = Run(start, start, 1, ""), Run(seconds, seconds, 1, "")
    return Result(_contestant(name, exporter=exporter), capture, [idle], [full], read)


def test_a_run_tells_time_memory_and_output(tmp_path: Path) -> None:
    """Memory is what this program needed, time what it used."""
    small = run([sys.executable, "-c", "print('hello')"], CORES, tmp_path)
    large = run([sys.executable, "-c", "x = b'x' * 400_000_000; sum(range(3_000_000))"], CORES, tmp_path)

    assert small.output == "hello\n"
    assert large.memory > 400_000_000
    assert large.processor > small.processor > 0
    assert large.wall > 0


def test_a_program_that_fails_is_told_with_its_last_words(tmp_path: Path) -> None:
    """Not measured as if it had been quick."""
    with pytest.raises(FailedError, match="3: no such luck"):
        run([sys.executable, "-c", "print('no such luck'); raise SystemExit(3)"], CORES, tmp_path)


def test_the_middle_and_the_clock() -> None:
    """One slow round moves nothing; a core that others had as well is noticed."""
    alone = [Run(1.0, 0.99, 10, ""), Run(1.1, 1.08, 12, ""), Run(9.0, 8.9, 11, "")]
    disturbed = [Run(4.0, 1.0, 10, ""), Run(3.0, 1.1, 10, "")]

    assert middle(alone) == (1.1, 1.08, 11)
    assert clock_of(alone) == "wall"
    assert clock_of(disturbed) == "processor"


def test_start_up_is_taken_off_and_ratios_follow() -> None:
    """1,000 packets in 2.5 s of which 0.5 are start-up are 500 a second."""
    results = {
        COUNTING_LOOP: _result(COUNTING_LOOP, 1.5),
        "slow": _result("slow", 4.5, exporter=True),
        "quick": _result("quick", 2.5, exporter=True),
        "ours": _result("ours", 2.0),
    }
    standing = Standing(results, "wall")

    assert standing.rate("quick") == pytest.approx(500)
    assert standing.of_loop("quick") == pytest.approx(0.5)
    assert standing.of_best("ours") == pytest.approx(2000 / 3 / 500)
    assert standing.best is results["quick"]
    assert standing.rate("nobody") is None


def test_who_skips_packets_or_read_too_few_to_tell_has_no_rate() -> None:
    """A peer that read half is no measure, nor is one whose time is all start-up."""
    half = _result("half", 1.0, read=500, exporter=True)
    brief = _result("brief", 0.51, exporter=True)
    honest = _result("honest", 9.0, exporter=True)

    assert half.rate("wall") is None
    assert brief.rate("wall") is None
    assert best_exporter({"half": half, "brief": brief, "honest": honest}, "wall") is honest


def test_everybody_runs_and_whoever_breaks_is_left_behind(tmp_path: Path) -> None:
    """The others are measured all the same."""
    captures = Captures(tmp_path, Sizes(1, 1, 1, 1), None)
    path = tmp_path / "some.pcap"
    path.write_bytes(captures.empty().read_bytes())
    good = _contestant("good", "print('7 packets')")
    bad = _contestant("bad", "raise SystemExit('broken')")
    silent = _contestant("silent", "print('nothing to say')")

    results = Race(captures, Capture(path, 7, 24), CORES, 2).run([good, bad, silent])

    assert results["good"].read == 7
    assert len(results["good"].full) == len(results["good"].idle) == 2
    assert "broken" in results["bad"].failure
    assert "does not say how many packets" in results["silent"].failure
    assert [row[0] for row in Standing(results, "wall").rows()] == ["good"]
