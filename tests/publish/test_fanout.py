"""Sinks behind one call: one that fails does not stop the others."""

from __future__ import annotations

from typing import TYPE_CHECKING

import polars as pl
import pytest
from structlog.testing import capture_logs

from crossborder.errors import CrossborderError
from crossborder.publish import Publishers
from crossborder.publish.metrics import Metrics
from crossborder.publish.terminal import Summary

if TYPE_CHECKING:
    from pathlib import Path

    from tests.publish.conftest import Batches, Frames

    from crossborder.model import Batch


class Recorder:
    """A sink that notes what it is asked, and raises what it is told to."""

    def __init__(self, name: str, notes: list[str], error: Exception | None = None) -> None:
        """Take a name, where to note, and what to raise."""
        self.name = name
        self.notes = notes
        self.error = error

    def __call__(self, batch: Batch, crossings: pl.DataFrame, findings: pl.DataFrame) -> None:
        """Note the batch."""
        del batch, crossings, findings
        self.notes.append(f"{self.name} batch")
        if self.error:
            raise self.error

    def close(self) -> None:
        """Note the end."""
        self.notes.append(f"{self.name} closed")
        if self.error:
            raise self.error


def test_every_sink_has_its_due(batch: Batches, crossings: Frames, findings: Frames) -> None:
    """The sink in the middle breaks; those before and after get every batch, and all are closed in reverse."""
    notes: list[str] = []
    metrics = Metrics("g", "u", process=False)
    bad = Recorder("events", notes, pl.exceptions.ComputeError("no"))
    publish = Publishers([metrics, Recorder("a", notes), bad, Recorder("b", notes)], metrics.sink_failed)

    with capture_logs() as said:
        for _ in range(2):
            publish(batch(), crossings({}), findings({}))
        publish.close()

    assert notes == [
        *["a batch", "events batch", "b batch"] * 2,
        "b closed",
        "events closed",
        "a closed",
    ]
    assert metrics.registry.get_sample_value("crossborder_publish_errors_total", {"sink": "events"}) == 3
    assert metrics.registry.get_sample_value("crossborder_ticks_total") == 2
    assert [entry["reason"] for entry in said] == ["ComputeError: no"]


def test_a_sink_that_recovers_and_fails_again_is_said_again(
    batch: Batches, crossings: Frames, findings: Frames
) -> None:
    """Said once per spell of failure, not once for ever."""
    sink = Recorder("flows", [])
    publish = Publishers([sink], lambda _: None)

    with capture_logs() as said:
        for error in (OSError("x"), OSError("x"), None, OSError("x")):
            sink.error = error
            publish(batch(), crossings(), findings())

    assert len(said) == 2


def test_what_people_must_know_is_told_together_at_the_end() -> None:
    """Every CrossborderError of closing is one error; all sinks are closed nevertheless."""
    notes: list[str] = []
    sinks = [Recorder(name, notes, CrossborderError(f"{name} is incomplete")) for name in ("events", "flows")]

    with pytest.raises(CrossborderError) as told:
        Publishers(sinks, lambda _: None).close()

    assert str(told.value) == "flows is incomplete\nevents is incomplete"
    assert len(notes) == 2


def test_all_sinks_together(tmp_path: Path, batch: Batches, crossings: Frames, findings: Frames) -> None:
    """Metrics, events, flows and summary take the same batch and agree."""
    from crossborder.publish.ecs import EventMaker
    from crossborder.publish.events import EventLog
    from crossborder.publish.flows import FlowsFile
    from crossborder.publish.logfile import open_appenders

    metrics, maker, summary = Metrics("g", "u", process=False), EventMaker("g", "u"), Summary()
    events = EventLog(maker, open_appenders(tmp_path / "events.jsonl", stdout=False), metrics.events)
    publish = Publishers([metrics, events, FlowsFile(tmp_path / "flows.jsonl"), summary], metrics.sink_failed)
    publish(batch(), crossings({}, {"flow_id": 2}), findings({}))
    publish.close()

    lines = [len((tmp_path / name).read_bytes().splitlines()) for name in ("events.jsonl", "flows.jsonl")]
    assert lines == [2, 2]  # the log begins with a line about itself
    assert metrics.destinations()[0].bytes_out == summary.bytes_out == 12_000
