"""What the portable engine listens to is bounded, and a reader that fails costs names only."""

from __future__ import annotations

from typing import TYPE_CHECKING

from tests.engine.captures import LOCAL, REMOTE, batches_of, config, flows_of, limits, run, write
from tests.engine.frames import REQUEST, conversation, tcp

from crossborder.engine.portable import PortableEngine
from crossborder.engine.portable.apps import Conversation

if TYPE_CHECKING:
    from pathlib import Path

    import pytest


def test_a_flow_that_ends_lets_its_conversation_go(tmp_path: Path) -> None:
    """Names cost memory only while a flow lives: held segments are given back when it is evicted."""
    frames = [tcp(LOCAL, REMOTE, 1000 + n, 80, 5000, "PA", bytes(1000)) for n in range(200)]
    held = [tcp(LOCAL, REMOTE, 1000 + n, 80, 9000, "PA", bytes(1000)) for n in range(200)]
    both = [frame for pair in zip(frames, held, strict=True) for frame in pair]
    engine = PortableEngine(config(files=(write(tmp_path, both),), limits=limits(max_flows=16)))
    run(engine)

    assert engine._inspector._budget._left == 1 << 26
    assert not engine._inspector._room


def test_conversations_listened_to_are_bounded(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """When there is no room, the conversation that began first gives way; its flow is counted on."""
    monkeypatch.setattr("crossborder.engine.portable.inspection.CONVERSATIONS_LIMIT", 8)
    line = REQUEST.partition(b"Host")
    begun = [tcp(LOCAL, REMOTE, 1000 + n, 80, 1, "PA", line[0]) for n in range(20)]
    ended = [tcp(LOCAL, REMOTE, 1000 + n, 80, 1 + len(line[0]), "PA", line[1] + line[2]) for n in range(20)]
    flows = flows_of(batches_of(write(tmp_path, begun + ended))).sort("local_port")

    assert flows["http_host"].to_list() == [None] * 12 + ["files.example"] * 8
    assert flows["total_packets_out"].to_list() == [2] * 20


def test_a_failing_reader_costs_names_not_packets(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    """A bug of ours that hostile bytes bring out is told and counted; the flow is counted on."""

    def fail(*_: object) -> bool:
        raise RuntimeError("a bug")

    monkeypatch.setattr(Conversation, "feed", fail)
    engine = PortableEngine(config(files=(write(tmp_path, conversation(LOCAL, REMOTE, REQUEST)),)))
    batches = list(engine)

    assert flows_of(batches)["total_packets_out"].to_list() == [5]
    assert batches[-1].reader_failures == 1
    assert "a reader of content failed" in caplog.text
