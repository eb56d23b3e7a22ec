"""Sinks through the whole agent: what replay finds is shipped before it ends; without sinks nothing is connected."""

from __future__ import annotations

import json
import socket
import subprocess
import sys
from typing import TYPE_CHECKING, Any

import pytest
from click.testing import CliRunner
from scapy.layers.inet import IP, TCP
from scapy.layers.l2 import Ether
from scapy.utils import wrpcap
from tests.publish.shipping.conftest import Receiver, until

from crossborder import app, shipping
from crossborder.cli import cli
from crossborder.errors import CrossborderError

if TYPE_CHECKING:
    from pathlib import Path

BEGIN = 1_767_225_600  # 2026-01-01 00:00:00 UTC


@pytest.fixture
def capture(tmp_path: Path) -> Path:
    """Return a capture of a database that answers a client abroad in clear text, which rules find."""
    frames = []
    for at in range(20):
        frame = Ether() / IP(src="10.20.10.5", dst="203.0.113.9") / TCP(sport=40_000 + at, dport=8443, flags="S")
        frame.time = BEGIN + at * 600
        data = Ether() / IP(src="10.20.10.5", dst="203.0.113.9") / TCP(sport=40_000 + at, dport=8443, flags="PA")
        data /= b"x" * 1_400
        data.time = frame.time + 1
        frames += [frame, data]
    path = tmp_path / "x.pcap"
    wrpcap(str(path), frames)
    return path


def settings(tmp_path: Path, port: int) -> Path:
    """Return a configuration with a sink on this machine, and a rule that finds every crossing."""
    rule = tmp_path / "all_of_it.yaml"
    rule.write_text(
        "title: Anything at all\nid: 0b0c7b3e-3d83-4f3c-9a52-0d86f1c1a111\nname: all_of_it\nstatus: test\n"
        "description: Every flow with payload.\nauthor: test\ndate: 2026-01-01\n"
        "logsource: {product: crossborder, category: flow}\n"
        "detection:\n  sent:\n    data.payload_bytes|gte: 1\n  condition: sent\n"
        "level: low\nmisses: Nothing.\nfalsepositives: [All]\nlegal: {category: none}\n",
        encoding="utf-8",
    )
    path = tmp_path / "c.yaml"
    path.write_text(
        f"rules: {{shipped: false, paths: [{rule.name}]}}\n"
        "events:\n  file: events.jsonl\n  sinks:\n    - name: siem\n"
        f"      webhook: {{url: 'http://127.0.0.1:{port}/', timeout: 1s}}\n",
        encoding="utf-8",
    )
    return path


def test_replay_ships_before_it_ends(tmp_path: Path, capture: Path) -> None:
    """All lines of the file are there, and metrics say so."""
    receiver = Receiver()
    agent = app.replay(settings(tmp_path, receiver.port), app.Options(files=(capture,)))
    receiver.close()

    written = (tmp_path / "events.jsonl").read_bytes().splitlines()
    value = agent.metrics.registry.get_sample_value
    assert len(written) > 20
    assert [line for got in receiver.got for line in got.lines] == written
    assert json.loads(written[-1])["event"]["sequence"] == len(written)
    assert value("crossborder_sink_lines_sent_total", {"sink": "siem"}) == len(written)
    assert value("crossborder_sink_waiting_lines", {"sink": "siem"}) == 0
    assert value("crossborder_sink_up", {"sink": "siem"}) == 1
    assert value("crossborder_sink_failures_total", {"sink": "siem", "reason": "connection"}) == 0


@pytest.mark.slow
def test_killed_while_it_ships(tmp_path: Path, capture: Path) -> None:
    """A whole agent is killed in the midst of it: after the next start every line has arrived, in order."""
    receiver = Receiver()
    path = settings(tmp_path, receiver.port)
    words = ["replay", str(capture), "-c", str(path), "--quiet", "--speed", "1200", "--tick", "60s"]
    process = subprocess.Popen([sys.executable, "-m", "crossborder", *words])
    until(lambda: len(receiver.sequences) >= 5, 120)
    assert process.poll() is None
    process.kill()
    process.wait()
    app.replay(path, app.Options(files=(capture,)))
    receiver.close()

    written = (tmp_path / "events.jsonl").read_bytes().splitlines()
    arrived = list(dict.fromkeys(line for got in receiver.got for line in got.lines))
    assert len(written) > 25
    assert arrived == written


def test_replay_says_what_is_left(tmp_path: Path, capture: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A sink that is down does not hold it up for ever; the next run sends the rest."""
    monkeypatch.setattr(shipping, "REPLAY_PATIENCE", 0.5)
    with socket.create_server(("127.0.0.1", 0)) as silent:
        path = settings(tmp_path, silent.getsockname()[1])
    with pytest.raises(CrossborderError, match=r"sink siem: \d+ lines are not sent yet"):
        app.replay(path, app.Options(files=(capture,)))
    left = (tmp_path / "events.jsonl").read_bytes().splitlines()

    monkeypatch.undo()
    receiver = Receiver()
    app.replay(settings(tmp_path, receiver.port), app.Options(files=(capture,)))
    receiver.close()

    assert len(left) > 20
    assert [line for got in receiver.got for line in got.lines][: len(left)] == left


def test_sinks_need_a_file(tmp_path: Path, capture: Path) -> None:
    """With --events - there is nothing to ship from."""
    from pathlib import Path as Anywhere

    with pytest.raises(CrossborderError, match="ship the lines of a file"):
        app.replay(settings(tmp_path, 1), app.Options(files=(capture,), events=Anywhere("-")))


def test_check_tells_of_a_damaged_position(tmp_path: Path) -> None:
    """What keeps the agent from starting is told before."""
    path = settings(tmp_path, 1)
    (tmp_path / ".events.jsonl.siem.position").write_text("?", encoding="utf-8")

    done = CliRunner().invoke(cli, ["check", "-c", str(path)])

    assert "does not say how far the sink has got" in str(done.exception)


def test_without_sinks_nothing_is_connected(tmp_path: Path, capture: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """No sink configured: no connection is opened, and no thread runs for one."""
    connected: list[Any] = []
    monkeypatch.setattr(socket.socket, "connect", lambda _, address: connected.append(address))
    path = tmp_path / "c.yaml"
    path.write_text("events: {file: events.jsonl}\n", encoding="utf-8")

    app.replay(path, app.Options(files=(capture,)))

    assert connected == []
    assert not list(tmp_path.glob(".events.jsonl*"))
