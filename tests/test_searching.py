"""Detectors and registers that change while the agent runs: all or nothing with the rest, under one key."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from scapy.layers.inet import IP, TCP
from scapy.layers.l2 import Ether
from scapy.utils import wrpcap
from tests.engine.searches import DETECTOR

from crossborder import app, config, keyfile
from crossborder.engine import native_available

if TYPE_CHECKING:
    from pathlib import Path

    from crossborder.engine import EngineName

HOME, NORWAY = "10.20.10.5", "77.16.0.9"
every_engine = pytest.mark.parametrize(
    "engine",
    [
        "portable",
        pytest.param("native", marks=pytest.mark.skipif(not native_available(), reason="the extension is missing")),
    ],
)


def detector(folder: Path, name: str, looks_for: str) -> Path:
    """Write a detector."""
    folder.mkdir(exist_ok=True)
    path = folder / f"{name}.yaml"
    path.write_text(DETECTOR.format(id=name, looks_for=looks_for), encoding="utf-8")
    return path


def agent(folder: Path, engine: EngineName = "portable") -> app.Agent:
    """Return an agent on three connections ten seconds apart, with a tick each, configured by the folder's file."""
    frames = []
    for at in range(3):
        there = Ether() / IP(src=HOME, dst=NORWAY)
        ports = {"sport": 40_000 + at, "dport": 8443}
        body = b"POST /in HTTP/1.1\r\nHost: a.example\r\nContent-Length: 17\r\n\r\nalpha and omega.\n"
        frames += [there / TCP(**ports, flags="S", seq=99), there / TCP(**ports, flags="PA", seq=100, ack=1) / body]
        for frame in frames[-2:]:
            frame.time = 1_700_000_000 + 10 * at + 1
    wrpcap(str(folder / "x.pcap"), frames)
    path = folder / "c.yaml"
    options = app.Options(files=(folder / "x.pcap",), engine=engine, tick=10.0)
    return app.Agent(config.read(path), options, path)


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """A configuration with one detector of one's own, and no rules."""
    detector(tmp_path / "own", "alpha", "literals: [alpha]")
    (tmp_path / "c.yaml").write_text(
        "rules: {shipped: false}\ncontent: {shipped: false, detectors: [own]}\n", encoding="utf-8"
    )
    return tmp_path


def counted(agent: app.Agent, name: str) -> float:
    """Return how often a detector found something."""
    values = {"detector": name, "country": "NO"}
    return agent.metrics.registry.get_sample_value("crossborder_detections_total", values) or 0.0


def reloaded(agent: app.Agent) -> bool:
    """Tell whether what was read last is in force."""
    return agent.metrics.registry.get_sample_value("crossborder_config_reload_success") == 1.0


def run(agent: app.Agent, *steps: object) -> None:
    """Run an agent, with a step after each tick."""
    left = list(steps)
    batches = agent._batches

    def stepping() -> object:
        for batch in batches():
            yield batch
            if left:
                step = left.pop(0)
                step() if callable(step) else None

    agent._batches = stepping  # type: ignore[method-assign, assignment]
    agent.run()
    agent.close()


@every_engine
def test_a_detector_is_added_and_taken_away(folder: Path, engine: EngineName) -> None:
    """Found by those that were in force when a connection began; seen by its file, without a word to the agent."""
    running = agent(folder, engine)
    run(
        running,
        lambda: detector(folder / "own", "omega", "literals: [omega]"),
        (folder / "own" / "alpha.yaml").unlink,
    )

    assert (counted(running, "alpha"), counted(running, "omega")) == (2, 2)
    assert reloaded(running)


@every_engine
def test_what_is_wrong_is_told_with_its_lines_and_the_old_stay(
    folder: Path, engine: EngineName, capsys: pytest.CaptureFixture[str]
) -> None:
    """Of all files at once: one that is not read, one that does not compile, assets; all or nothing."""

    def spoil() -> None:
        detector(folder / "own", "omega", "literals: [omega]")
        detector(folder / "own", "odd", "pattern: '(odd'")
        detector(folder / "own", "bad", "literals: []")
        (folder / "assets.yaml").write_text("\nsystems: 1\n", encoding="utf-8")
        (folder / "c.yaml").write_text(
            "rules: {shipped: false}\nassets: assets.yaml\ncontent: {shipped: false, detectors: [own]}\n",
            encoding="utf-8",
        )

    running = agent(folder, engine)
    run(running, spoil)
    said = capsys.readouterr().err

    assert (counted(running, "alpha"), counted(running, "omega")) == (3, 0)
    assert not reloaded(running)
    assert "assets.yaml:2: " in said
    assert "bad.yaml:2: " in said
    assert "not reloaded, the last good state stays" in said


@every_engine
def test_what_does_not_compile_is_told_by_its_line(
    folder: Path, engine: EngineName, capsys: pytest.CaptureFixture[str]
) -> None:
    """Alone or with other faults; the old detectors stay, and so do the old assets."""
    (folder / "assets.yaml").write_text("systems: []\n", encoding="utf-8")
    with (folder / "c.yaml").open("a", encoding="utf-8") as file:
        file.write("assets: assets.yaml\n")
    running = agent(folder, engine)
    before = running.parts

    def spoil() -> None:
        detector(folder / "own", "odd", "pattern: '(odd'")

    run(running, spoil)
    said = capsys.readouterr().err

    assert "odd.yaml:5: what it looks for does not compile: " in said
    assert running.parts is before
    assert counted(running, "alpha") == 3
    assert not reloaded(running)


def test_faults_of_all_kinds_are_told_together(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """A pattern that does not compile is not held back until the rest is mended."""
    running = agent(folder)

    def spoil() -> None:
        detector(folder / "own", "odd", "pattern: '(odd'")
        (folder / "permits.yaml").write_text("permits: 1\n", encoding="utf-8")
        with (folder / "c.yaml").open("a", encoding="utf-8") as file:
            file.write("permits: permits.yaml\n")

    run(running, spoil)
    said = capsys.readouterr().err

    assert "odd.yaml:5: " in said
    assert "permits.yaml:1: " in said


def test_a_new_file_that_is_mended_is_seen(folder: Path) -> None:
    """One that the configuration names since its last change, which was refused for it."""

    def spoil() -> None:
        detector(folder / "more", "omega", "pattern: '(omega'")
        text = (folder / "c.yaml").read_text(encoding="utf-8")
        (folder / "c.yaml").write_text(text.replace("[own]", "[own, more]"), encoding="utf-8")

    def mend() -> None:
        assert not reloaded(running)
        detector(folder / "more", "omega", "literals: [omega]")

    running = agent(folder)
    run(running, spoil, mend)

    assert (counted(running, "alpha"), counted(running, "omega")) == (3, 1)
    assert reloaded(running)


def test_a_reload_that_changes_no_detector_searches_on(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Nothing is compiled, though without a key values are told apart under one of this run only."""
    running = agent(folder)
    monkeypatch.setattr(running.engine, "set_searching", pytest.fail)
    run(running, running.reload)

    assert reloaded(running)


def test_a_value_keeps_its_hash(folder: Path) -> None:
    """Who is found by old detectors and new ones is one person."""
    found: list[list[int]] = []
    running = agent(folder)
    publish = running.publishers

    def noted(batch: object, *rest: object) -> None:
        frame = batch.reports  # type: ignore[attr-defined]
        found.extend(one["distinct"] for row in frame["detections"].drop_nulls().to_list() for one in row)
        publish(batch, *rest)  # type: ignore[arg-type]

    running._timed = lambda stage, call: noted if stage == "publish" else call  # type: ignore[method-assign]
    run(running, lambda: detector(folder / "own", "alpha", "literals: [alpha, never]"))

    assert len(found) == 3
    assert found[0] == found[1] == found[2]


def test_another_key_is_refused(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """Everybody would be counted once more under it."""
    keyfile.make(folder / "key")
    running = agent(folder)
    with (folder / "c.yaml").open("a", encoding="utf-8") as file:
        file.write("state: {key: key}\n")
    run(running, running.reload)

    assert not reloaded(running)
    assert "c.yaml:3: state.key: another key than the agent began with" in capsys.readouterr().err
