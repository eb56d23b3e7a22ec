"""The chain of an event log: from line to line, over restarts, torn lines, rotations, full disks."""

from __future__ import annotations

import hashlib
import json
import os
from typing import TYPE_CHECKING, Any

import pytest

from crossborder import signingkey
from crossborder.errors import CrossborderError
from crossborder.publish.appender import Appender, check
from crossborder.publish.chain import Chain, Origin
from crossborder.publish.ecs import EventMaker
from crossborder.publish.events import EventLog
from crossborder.publish.logfile import open_appenders
from crossborder.publish.metrics import Metrics

if TYPE_CHECKING:
    from pathlib import Path

    from tests.publish.conftest import Batches, Frames


class Writer:
    """An event log of a file, and the metrics that show its end."""

    def __init__(self, path: Path, batch: Batches, findings: Frames, origin: Origin | None = None) -> None:
        """Open the file."""
        self.metrics = Metrics("g", "u", process=False)
        appenders = open_appenders(path, stdout=False, origin=origin or Origin("g"))
        self.log = EventLog(EventMaker("g", "u"), appenders, self.metrics.events, self.metrics.chain)
        self._batch, self._findings = batch, findings

    def write(self, *names: str) -> None:
        """Write events of these ids."""
        found = self._findings(*({"finding_id": name} for name in names))
        self.log(self._batch(), self._findings(), found)

    def value(self, name: str) -> float | None:
        """Return the value of a metric."""
        return self.metrics.registry.get_sample_value(f"crossborder_events_{name}")


def lines_in(*paths: Path) -> list[dict[str, Any]]:
    """Return the lines of files that follow each other, having looked whether each names the one before."""
    lines = [line for path in paths for line in path.read_bytes().splitlines()]
    events = [json.loads(line) for line in lines]
    for before, (at, event) in zip(lines, enumerate(events[1:], 2), strict=False):
        assert event["crossborder"]["chain"]["previous"] == hashlib.sha256(before).hexdigest()
        assert event["crossborder"]["chain"]["log"] == events[0]["crossborder"]["chain"]["log"]
        assert event["event"]["sequence"] == at
    return events


def actions(events: list[dict[str, Any]]) -> list[str]:
    """Return what each line tells: an id where it is of a finding, else the log's own word."""
    return [e["event"]["id"] if "rule" in e else e["event"]["action"] for e in events]


def test_every_line_names_the_one_before(tmp_path: Path, batch: Batches, findings: Frames) -> None:
    """A log begins with who writes it and a random id; a line is otherwise what it would be without a chain."""
    path = tmp_path / "events.jsonl"
    writer = Writer(path, batch, findings)
    writer.write("a", "b")
    writer.log.close()

    events = lines_in(path)
    first, plain = events[0], EventMaker("g", "u").lines(findings({"finding_id": "a"})).item()
    chain = events[1]["crossborder"].pop("chain")

    assert actions(events) == ["log-opened", "a", "b"]
    assert first["observer"]["name"] == "g"
    assert first["crossborder"]["chain"] == {"log": chain["log"], "previous": "0" * 64}
    assert events[1]["event"].pop("sequence") == 2
    assert json.dumps(events[1], sort_keys=True, ensure_ascii=False, separators=(",", ":")) + "\n" == plain
    assert writer.value("chain_sequence") == 3


def test_two_logs_have_two_ids() -> None:
    """An id is random, not made of names."""
    ids = {Chain(Origin("g")).end.log for _ in range(2)}

    assert len(ids) == 2
    assert all(len(name) == 32 for name in ids)


def test_a_restart_goes_on(tmp_path: Path, batch: Batches, findings: Frames) -> None:
    """The next agent reads where the chain of the file ends; longer lines than it first reads, too."""
    path = tmp_path / "events.jsonl"
    for name in ("a", "b" * 100_000, "c"):
        writer = Writer(path, batch, findings)
        writer.write(name)
        writer.log.close()

    assert actions(lines_in(path))[0::2] == ["log-opened", "log-resumed", "log-resumed"]


@pytest.mark.parametrize("torn", [b'{"half', b"{", b'{"event":{"sequence":9}}\nhalf', b"\xff\x00", b"\n"])
def test_what_is_no_line_is_sealed(tmp_path: Path, batch: Batches, findings: Frames, torn: bytes) -> None:
    """What a crash has left stays where it is; the next line tells how many bytes it is, and their hash."""
    path = tmp_path / "events.jsonl"
    Writer(path, batch, findings).log.close()
    before = path.read_bytes()
    path.write_bytes(before + torn)
    Writer(path, batch, findings).log.close()

    data = path.read_bytes()
    kept = torn if torn.endswith(b"\n") else torn + b"\n"
    sealed = json.loads(data.splitlines()[-1])["crossborder"]["chain"]["sealed"]
    assert data.startswith(before + kept)
    assert sealed == {"bytes": len(kept), "sha256": hashlib.sha256(kept).hexdigest()}


def test_a_line_that_lacks_only_its_end_is_whole(tmp_path: Path, batch: Batches, findings: Frames) -> None:
    """Killed between the last brace and the line end: nothing is lost, nothing sealed."""
    path = tmp_path / "events.jsonl"
    Writer(path, batch, findings).log.close()
    path.write_bytes(path.read_bytes().rstrip(b"\n"))
    Writer(path, batch, findings).log.close()

    assert actions(lines_in(path)) == ["log-opened", "log-resumed"]


def test_a_log_begins_behind_lines_of_old(tmp_path: Path, batch: Batches, findings: Frames) -> None:
    """A file from before there were chains is kept, and its hash is in the first line of the log."""
    path = tmp_path / "events.jsonl"
    old = b'{"event":{"id":"old"}}\n' * 9
    path.write_bytes(old)
    Writer(path, batch, findings).log.close()

    first = json.loads(path.read_bytes().splitlines()[9])
    assert path.read_bytes().startswith(old)
    assert first["event"]["action"] == "log-opened"
    assert first["crossborder"]["chain"]["sealed"]["sha256"] == hashlib.sha256(old).hexdigest()


def test_rotation_keeps_the_chain(tmp_path: Path, batch: Batches, findings: Frames) -> None:
    """The new file begins where the old one ended; a signal without rotation changes nothing."""
    path, old = tmp_path / "events.jsonl", tmp_path / "events.jsonl.1"
    writer = Writer(path, batch, findings)
    writer.write("a")
    writer.log.reopen(path)
    path.rename(old)
    writer.log.reopen(path)
    writer.write("b")
    writer.log.close()

    assert actions(lines_in(old)) == ["log-opened", "a"]
    assert actions(lines_in(old, path)) == ["log-opened", "a", "log-continued", "b"]


def test_two_agents_do_not_share_a_file(tmp_path: Path, batch: Batches, findings: Frames) -> None:
    """A chain has one end; looking at the configuration of a running agent is no second agent."""
    path = tmp_path / "events.jsonl"
    writer = Writer(path, batch, findings)
    check(path)

    with pytest.raises(CrossborderError, match="another agent appends to it"):
        open_appenders(path, stdout=False)
    writer.log.close()
    Writer(path, batch, findings).log.close()


def test_check_changes_nothing(tmp_path: Path) -> None:
    """A half line may be one that an agent is writing."""
    path = tmp_path / "events.jsonl"
    path.write_bytes(b'{"half')
    check(path)

    assert path.read_bytes() == b'{"half'


def _pipe_of(size: int) -> tuple[int, int]:
    """Return a pipe that takes no more than so many bytes."""
    out, into = os.pipe()
    os.set_blocking(into, False)
    filled = 0
    while True:
        try:
            filled += os.write(into, b"." * 512)
        except BlockingIOError:
            break
    os.read(out, size)
    return out, into


def _drained(out: int) -> bytes:
    os.set_blocking(out, False)
    data = b""
    while True:
        try:
            data += os.read(out, 1 << 20)
        except BlockingIOError:
            return data.lstrip(b".")


def test_events_given_up_leave_a_line(findings: Frames) -> None:
    """What was given up has no number; a line in its place tells how many are missing."""
    out, into = _pipe_of(0)
    maker = EventMaker("g", "u")
    lines = [line.encode() for line in maker.lines(findings(*[{}] * 10), slots=True)]
    appender = Appender("pipe", into, hold=len(lines[0]) * 3, chain=Chain(Origin("g")))

    assert appender.append(lines) == (0, 10, 7)
    assert appender.append(lines[:2]) == (0, 2, 2)
    assert appender.append([]) == (0, 0, 0)
    data = _drained(out)
    assert appender.append(lines[:1]) == (4, 0, 0)
    events = [json.loads(line) for line in (data + _drained(out)).splitlines()]
    os.close(out)
    appender.close()

    assert [e["event"]["sequence"] for e in events] == [1, 2, 3, 4, 5]
    assert [e["event"]["action"] for e in events] == [*["finding-opened"] * 3, "events-lost", "finding-opened"]
    assert events[3]["crossborder"]["chain"]["lost"] == 9


def test_a_line_torn_by_rotation_stands_whole_in_the_next_file(tmp_path: Path, findings: Frames) -> None:
    """What was begun in the old file is told of, and written again in the new one."""
    out, into = _pipe_of(4096)
    appender = Appender("pipe", into, chain=Chain(Origin("g")))
    lines = [line.encode() for line in EventMaker("g", "u").lines(findings(*[{}] * 9), slots=True)]
    appender.append(lines)
    old = _drained(out)
    torn = appender.torn
    path = tmp_path / "new"
    from crossborder.publish.logfile import turn

    turn(appender, path)
    appender.append([])
    appender.close()
    os.close(out)

    first, *rest = [json.loads(line) for line in path.read_bytes().splitlines()]
    whole = old.removesuffix(torn).splitlines()
    assert torn
    assert first["event"]["action"] == "log-continued"
    assert first["crossborder"]["chain"]["sealed"]["bytes"] == len(torn)
    assert first["crossborder"]["chain"]["previous"] == hashlib.sha256(whole[-1]).hexdigest()
    assert len(whole) + len(rest) == 9


def test_checkpoints(tmp_path: Path, batch: Batches, findings: Frames) -> None:
    """After so many events, when it is time, at rotation and at the end; each signed over its own bytes."""
    signer = signingkey.make(tmp_path / "events.key")
    public = signingkey.read_public(tmp_path / "events.key.pub")
    path, old = tmp_path / "events.jsonl", tmp_path / "events.jsonl.1"
    writer = Writer(path, batch, findings, Origin("g", signer=signer, checkpoint_events=2))
    assert writer.value("checkpoint_timestamp_seconds") is None
    writer.write("a", "b", "c")
    path.rename(old)
    writer.log.reopen(path)
    writer.write("d")
    writer.log.close()

    events = lines_in(old, path)
    signed = [e for e in events if e["event"]["action"] == "log-checkpoint"]
    raw = [line for p in (old, path) for line in p.read_bytes().splitlines() if b'"signature"' in line]
    assert actions(events) == [
        "log-opened", "a", "b", "log-checkpoint", "c", "log-checkpoint", "log-continued", "d", "log-checkpoint"
    ]  # fmt: skip
    assert [e["crossborder"]["chain"]["reason"] for e in signed] == ["events", "rotated", "closed"]
    for event, line in zip(signed, raw, strict=True):
        signature = event["crossborder"]["chain"]["signature"]
        assert event["crossborder"]["chain"]["key"] == public.fingerprint
        assert public.fits(signature, line.replace(signature.encode(), b""))
    assert writer.value("checkpoint_timestamp_seconds")


def test_a_checkpoint_when_it_is_time(tmp_path: Path, batch: Batches, findings: Frames) -> None:
    """Also when nothing was found."""
    signer = signingkey.make(tmp_path / "events.key")
    writer = Writer(tmp_path / "events.jsonl", batch, findings, Origin("g", signer=signer, checkpoint_every=0))
    writer.write()
    writer.write()

    assert actions(lines_in(tmp_path / "events.jsonl")) == ["log-opened", "log-checkpoint", "log-checkpoint"]
    writer.log.close()
