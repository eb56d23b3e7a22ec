"""A replay that goes on serving its metrics, for whoever wants to look at it in Prometheus."""

from __future__ import annotations

import signal
import socket
import subprocess
import sys
import time
import urllib.request
from typing import TYPE_CHECKING

import pytest
from tests.classify.world import country, mmdb_of
from tests.engine.captures import LOCAL, pcap
from tests.engine.frames import tcp

from crossborder.engine import SECOND_NS

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path


SETTINGS = "gateway: here\ngeoip: {country: world.mmdb}\n"
WORLD = mmdb_of({"77.0.0.0/8": country("NO")}, "world")


@pytest.fixture
def port() -> int:
    """Return a port nobody uses."""
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        return int(free.getsockname()[1])


@pytest.fixture
def replayed(tmp_path: Path, port: int) -> Iterator[subprocess.Popen[str]]:
    """Start a replay of two minutes in two seconds that lingers."""
    capture, settings = tmp_path / "a.pcap", tmp_path / "c.yaml"
    capture.write_bytes(pcap([tcp(LOCAL, "77.16.0.9", 1, 2, n) for n in range(13)], step_ns=10 * SECOND_NS))
    settings.write_text(SETTINGS, encoding="utf-8")
    (tmp_path / "world.mmdb").write_bytes(WORLD)
    command = [sys.executable, "-m", "crossborder", "replay", capture, "-c", settings, "--speed", "60"]
    words = [*map(str, command), "--listen", f"127.0.0.1:{port}", "--linger"]
    with subprocess.Popen(words, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True) as agent:
        yield agent
        agent.kill()


def test_it_keeps_the_pace_serves_on_reloads_and_ends_when_told(
    replayed: subprocess.Popen[str], tmp_path: Path, port: int
) -> None:
    """Packets come sixty times as fast; at the end the values stay, files are followed, and SIGTERM ends it well."""
    few = _until(lambda: 0 < _value(port, "crossborder_capture_packets_total") < 13)
    all_of_them = _until(lambda: _value(port, "crossborder_capture_packets_total") == 13)
    (tmp_path / "c.yaml").write_text(SETTINGS + "unknown: key\n", encoding="utf-8")
    refused = _until(lambda: _value(port, "crossborder_config_reload_success") == 0)
    (tmp_path / "c.yaml").write_text(SETTINGS + "rules: {disable: [tunnel_abroad]}\n", encoding="utf-8")
    taken = _until(lambda: _value(port, "crossborder_config_reload_success") == 1)
    replayed.send_signal(signal.SIGTERM)
    out, _ = replayed.communicate(timeout=20)

    assert few
    assert all_of_them
    assert refused
    assert taken
    assert replayed.returncode == 0
    assert "What left the country" in out


def test_a_database_that_goes_away_is_told_of(replayed: subprocess.Popen[str], tmp_path: Path, port: int) -> None:
    """While its file cannot be read `loaded` is 0, and what was read before stays in use; put back, all is well."""
    path = tmp_path / "world.mmdb"
    before = _until(lambda: _value(port, "crossborder_geo_database_loaded") == 1)
    path.rename(tmp_path / "aside")
    gone = _until(lambda: _value(port, "crossborder_geo_database_loaded") == 0)
    counted = _until(lambda: _value(port, 'crossborder_egress_flows_total{basis="geo",country="NO"}') == 1, 5.0)
    path.write_bytes(WORLD[:100])
    damaged = not _until(lambda: _value(port, "crossborder_geo_database_loaded") == 1, 2.5)
    (tmp_path / "aside").rename(path)
    back = _until(lambda: _value(port, "crossborder_geo_database_loaded") == 1)

    assert before
    assert gone
    assert counted
    assert damaged
    assert back
    assert replayed.poll() is None


def _until(found: Callable[[], bool], seconds: float = 20.0) -> bool:
    end = time.monotonic() + seconds
    while time.monotonic() < end:
        try:
            if found():
                return True
        except OSError:
            pass  # not there yet
        time.sleep(0.1)
    return False


def _value(port: int, name: str) -> float:
    with urllib.request.urlopen(f"http://127.0.0.1:{port}/metrics", timeout=5) as response:
        lines = response.read().decode().splitlines()
    return sum(float(line.rpartition(" ")[2]) for line in lines if line.startswith((f"{name} ", f"{name}{{")))
