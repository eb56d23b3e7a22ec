"""The flow history through the whole agent: what replay records is what crossed, and rules can be asked of it."""

from __future__ import annotations

import json
from functools import partial
from typing import TYPE_CHECKING, Any

import polars as pl
import pytest
from click.testing import CliRunner
from scapy.layers.inet import IP, TCP
from scapy.layers.l2 import Ether
from scapy.utils import wrpcap

from crossborder import app, config
from crossborder.cli import cli
from crossborder.engine.communityids import community_ids
from crossborder.errors import CrossborderError
from crossborder.match import Matcher
from crossborder.model import CROSSING_SCHEMA
from crossborder.parts import build_parts
from crossborder.publish.history import read

if TYPE_CHECKING:
    from pathlib import Path

BEGIN = 1_767_225_600  # 2026-01-01 00:00:00 UTC


def run(*words: object) -> Any:
    """Run a command of ours in this process."""
    return CliRunner().invoke(cli, [str(word) for word in words])


@pytest.fixture
def capture(tmp_path: Path) -> Path:
    """Return a capture of a connection that sends to Singapore every half hour, for five hours."""
    frames = []
    for at in range(10):
        data = {"sport": 40_000, "dport": 8443, "flags": "PA", "seq": 100 + at * 1_000, "ack": 500}
        frame = Ether() / IP(src="10.20.10.5", dst="103.28.248.9") / TCP(**data) / (b"x" * 1000)
        frame.time = BEGIN + at * 1_800
        frames.append(frame)
    path = tmp_path / "x.pcap"
    wrpcap(str(path), frames)
    return path


@pytest.fixture
def settings(tmp_path: Path) -> Path:
    """Return a configuration with a history."""
    path = tmp_path / "c.yaml"
    path.write_text(
        "gateway: gw-test\nunit: Example Ministry\nhistory: {directory: history, reserve: 1MiB}\n"
        "capture: {flow: {idle_timeout: 2h, active_timeout: 10h}}\n",
        encoding="utf-8",
    )
    return path


def test_replay_writes_it(tmp_path: Path, capture: Path, settings: Path) -> None:
    """Every hour has its bytes, and the books and the metrics say the same."""
    agent = app.replay(settings, app.Options(files=(capture,)))

    found = read(tmp_path / "history")
    rows = found.rows.sort("hour").collect()
    value = agent.metrics.registry.get_sample_value
    assert rows.select("gateway", "unit", "hour", "bytes_out", "country").rows() == [
        ("gw-test", "Example Ministry", hour, 2 * 1_040, "SG") for hour in range(5)
    ]
    assert rows["total_bytes_out"].to_list() == [2_080 * n for n in range(1, 6)]
    assert value("crossborder_history_rows_written_total") == 5
    assert value("crossborder_history_rows_waiting") == 0
    assert value("crossborder_history_bytes") == sum(file.path.stat().st_size for file in found.files)
    assert value("crossborder_history_oldest_timestamp_seconds") == BEGIN
    assert value("crossborder_history_errors_total", {"fault": "write"}) == 0


def test_compiled_rules_are_asked_of_it(tmp_path: Path, capture: Path, settings: Path) -> None:
    """Rules that count nothing find in the rows what they found in the reports, by their names."""
    assets = "systems: [{name: registry, categories: [core:I.26], networks: [10.20.10.0/24]}]\n"
    (tmp_path / "assets.yaml").write_text(assets, encoding="utf-8")
    settings.write_text(settings.read_text(encoding="utf-8") + "assets: assets.yaml\n", encoding="utf-8")
    app.replay(settings, app.Options(files=(capture,), events=tmp_path / "events.jsonl"))
    ruleset = build_parts(config.read(settings)).ruleset
    counted = {rule.name for rule in ruleset.enabled if rule.correlation}

    rows = read(tmp_path / "history").rows.collect()
    found = set(Matcher(ruleset)(rows.select(CROSSING_SCHEMA.names()))["rule"])

    events = map(json.loads, (tmp_path / "events.jsonl").read_text(encoding="utf-8").splitlines())
    told = {event["rule"]["name"] for event in events if "rule" in event}  # the log has lines of its own
    assert told - counted
    assert found - counted == told - counted


def test_without_a_folder_nothing_is_kept(tmp_path: Path, capture: Path) -> None:
    """The history is off by default, and off writes nothing."""
    before = set(tmp_path.iterdir())
    agent = app.replay(None, app.Options(files=(capture,)))

    assert set(tmp_path.iterdir()) == before
    assert agent.metrics.registry.get_sample_value("crossborder_history_bytes") is None


def test_a_folder_that_cannot_be_written_stops_the_start(tmp_path: Path, capture: Path, settings: Path) -> None:
    """`check` and a start say so, with the path."""
    (tmp_path / "history").write_text("", encoding="utf-8")

    assert f"{tmp_path / 'history'}: the flow history cannot be kept there" in str(
        run("check", "-c", settings).exception
    )
    with pytest.raises(CrossborderError, match="is no folder"):
        app.replay(settings, app.Options(files=(capture,)))


def test_community_ids_are_made_again(tmp_path: Path, settings: Path, corpus: Path) -> None:
    """Of every kind of flow the id is that of the report; who does not ask for them does not wait for them."""
    files = tuple(sorted((corpus / "foxio").glob("*.pcap*")))
    text = settings.read_text(encoding="utf-8").replace("capture: {", "capture: {community_id_seed: 1, ")
    text = text.replace("reserve: 1MiB", "reserve: 1MiB, keep: 36500d")  # captures of many years
    settings.write_text(text, encoding="utf-8")
    app.replay(settings, app.Options(files=files, flows=tmp_path / "flows.parquet"))
    flows = pl.read_parquet(tmp_path / "flows.parquet").filter(pl.col("scope") == "crossing")

    rows = read(tmp_path / "history", identify=partial(community_ids, seed=1)).rows
    found = dict(rows.select("flow_id", "community_id").collect().iter_rows())

    assert len(found) > 100
    assert {"tcp", "udp", "icmp"} <= set(flows["transport"])
    assert found == dict(flows.select("flow_id", "community_id").iter_rows())
    unasked = read(tmp_path / "history", identify=lambda _: pytest.fail("nobody asked")).rows
    assert unasked.select("flow_id", "bytes_out").collect().height == len(found)


def test_the_list(capture: Path, settings: Path) -> None:
    """An hour a line, and as JSON."""
    app.replay(settings, app.Options(files=(capture,)))

    listed = run("history", "list", "-c", settings)
    lines = [json.loads(line) for line in run("history", "list", "-c", settings, "--json").output.splitlines()]

    assert listed.output.splitlines()[0].split()[:5] == ["2026-01-01", "00h", "UTC", "1", "rows"]
    assert "5 hours, 5 rows" in listed.output
    assert [(line["hour"], line["rows"], line["files"], line["held"]) for line in lines] == [
        (f"2026-01-01T0{n}:00:00+00:00", 1, 1, False) for n in range(5)
    ]


def test_check_names_what_is_damaged(tmp_path: Path, capture: Path, settings: Path) -> None:
    """Exit code 0 when all is well, 1 with the path when not."""
    app.replay(settings, app.Options(files=(capture,)))
    fine = run("history", "check", tmp_path / "history")
    path = min((tmp_path / "history").rglob("*.parquet"))
    path.write_bytes(path.read_bytes()[:-1])
    spoilt = run("history", "check", "-c", settings)

    assert (fine.exit_code, fine.output) == (0, "5 files are fine, 0 damaged or gone\n")
    assert spoilt.exit_code == 1
    assert spoilt.output.splitlines() == [
        f"{path}: its bytes are not those that were written",
        "4 files are fine, 1 damaged or gone",
    ]


def test_hold_and_release(tmp_path: Path, capture: Path, settings: Path) -> None:
    """A day is Vietnam's, and wholly in it; what is held is seen in the list and stays."""
    app.replay(settings, app.Options(files=(capture,)))
    held = run("history", "hold", "-c", settings, "--from", "2026-01-01", "--to", "2026-01-01T09:00", "--reason", "17")
    marks = [json.loads(line)["held"] for line in run("history", "list", "-c", settings, "--json").output.splitlines()]
    text = settings.read_text(encoding="utf-8").replace("reserve: 1MiB", "reserve: 1MiB, keep: 1ms")
    settings.write_text(text, encoding="utf-8")
    agent = app.Agent(config.read(settings), app.Options(files=(capture,)))
    agent.publishers.close()
    agent.close()
    left = [str(file.path.parent.name) for file in read(tmp_path / "history").files]

    assert "held from 2025-12-31 17:00 to 2026-01-01 02:00 UTC" in held.output
    assert marks == [True, True, False, False, False]
    assert left == ["hour=00", "hour=01", "hour=04"]
    assert agent.metrics.registry.get_sample_value("crossborder_history_held_partitions") == 2
    none = run("history", "release", "-c", settings, "--from", "2026-02-01", "--to", "2026-02-02")
    assert "no hold lies within that time" in str(none.exception)
    released = run("history", "release", "-c", settings, "--from", "2026-01-01", "--to", "2026-01-01")
    assert "released from 2025-12-31 17:00 to 2026-01-01 02:00 UTC: 17" in released.output
    assert not list((tmp_path / "history").rglob("HOLD"))


@pytest.mark.parametrize("words", [("list",), ("check",), ("hold", "--from", "2026-01-01", "--to", "2026-01-02")])
def test_without_a_history_there_is_a_sentence(tmp_path: Path, settings: Path, words: tuple[str, ...]) -> None:
    """It says what to name, or that nothing is there."""
    reason = ("--reason", "x") if words[0] == "hold" else ()
    assert "history.directory" in str(run("history", *words, *reason).exception)
    assert f"{tmp_path / 'history'}: there is no such folder" in str(
        run("history", *words, *reason, "-c", settings).exception
    )


def test_times_are_checked(settings: Path) -> None:
    """What is no time, and what ends before it begins, is told."""
    nonsense = run("history", "hold", "-c", settings, "--from", "soon", "--to", "2026-01-01", "--reason", "x")
    backwards = run("history", "hold", "-c", settings, "--from", "2026-01-02", "--to", "2026-01-01", "--reason", "x")

    assert "'soon' is no day or moment" in nonsense.output
    assert "--from must be before --to" in backwards.output
