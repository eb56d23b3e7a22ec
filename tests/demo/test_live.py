"""The gateway in miniature: what is sent arrives, the agent listens, everything is cleaned up."""

from __future__ import annotations

import os
import re
import socket
import subprocess
import sys
from itertools import islice
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from scapy.utils import RawPcapReader

from crossborder.demo.gateway import Gateway, _in_namespace, until
from crossborder.demo.live import received, run_live, samples
from crossborder.errors import CrossborderError

if TYPE_CHECKING:
    from crossborder.demo import Manifest

NEEDS_ROOT = pytest.mark.skipif(os.geteuid() != 0, reason="network namespaces need root")
LARGE = 64 << 20  # bytes of receive buffer
_SO_RCVBUFFORCE = 33


def _namespaces() -> set[str]:
    return {path.name for path in Path("/run/netns").glob("cb-*")}


@pytest.mark.live
@NEEDS_ROOT
def test_every_frame_arrives_unchanged_and_nothing_else(day: Manifest) -> None:
    """The kernel adds nothing of its own to the wire, merges nothing and loses nothing."""
    with RawPcapReader(str(day.path)) as reader:  # VLAN tags reach a socket beside the frame, not in it
        frames = list(islice((data for data, _ in reader if data[12:14] == b"\x08\x00"), 4_000))
    with Gateway() as gateway:
        with _in_namespace(gateway.inside):
            tap = socket.socket(socket.AF_PACKET, socket.SOCK_RAW, socket.htons(3))
        with tap:
            tap.setsockopt(socket.SOL_SOCKET, _SO_RCVBUFFORCE, LARGE)
            tap.bind((gateway.interface, 0))
            tap.settimeout(0.5)
            assert gateway.send(frames, rate=20_000) == len(frames)
            arrived = [tap.recv(65_536) for _ in frames]
            with pytest.raises(TimeoutError):
                tap.recv(65_536)

    assert arrived == frames


@pytest.mark.live
@NEEDS_ROOT
def test_namespaces_go_with_the_context_even_when_it_fails() -> None:
    """A crash in a demo must not leave a network behind; programs started inside end too."""
    before = _namespaces()
    with pytest.raises(RuntimeError, match="crash"), Gateway() as gateway:  # noqa: PT012 - the crash is inside
        sleeper = gateway.start(["sleep", "300"])
        assert {gateway.inside, gateway.outside} <= _namespaces()
        raise RuntimeError("crash")

    assert _namespaces() == before
    assert sleeper.poll() is not None


@pytest.mark.live
@NEEDS_ROOT
def test_a_page_is_fetched_from_inside(tmp_path: Path) -> None:
    """What a server says on the gateway's loopback can be read, and only there."""
    (tmp_path / "metrics").write_text("crossborder_capture_packets_total 7\n", encoding="utf-8")
    with Gateway() as gateway:
        with pytest.raises(OSError, match="refused"):
            gateway.scrape()
        command = [sys.executable, "-m", "http.server", "9836", "--bind", "127.0.0.1", "--directory", str(tmp_path)]
        server = gateway.start(command, stderr=subprocess.DEVNULL)

        def answers() -> bool:
            try:
                return gateway.get("/metrics")[0] == 200
            except OSError:
                return False

        assert until(answers, 20)
        assert received(gateway.scrape()) == 7
        assert gateway.get("/nothing")[0] == 404
        gateway.stop(server)


@pytest.mark.live
@pytest.mark.slow
@NEEDS_ROOT
def test_the_day_goes_through_the_wire(day: Manifest) -> None:
    """The whole demo: the agent counts every frame, drops what is damaged, finds what is planted and ends cleanly."""
    said: list[str] = []

    live = run_live(said.append, engine="portable")

    dropped = _by_label(live.metrics, "crossborder_capture_dropped_packets_total", "reason")
    countries = _by_label(live.metrics, "crossborder_egress_bytes_total", "country")
    assert live.exit_code == 0
    assert received(live.metrics) == live.sent == day.packets
    assert dropped == day.damaged
    assert set(_by_label(live.metrics, "crossborder_violations_total", "rule")) == {p.rule for p in day.planted}
    assert {p.country for p in day.planted if p.country} <= set(countries)
    assert any(line.startswith("crossborder_violations_total") for line in said)
    assert not [name for name in _namespaces() if f"-{os.getpid()}-" in name]


def _by_label(metrics: str, name: str, label: str) -> dict[str, float]:
    """Return the sums of a metric's samples by one of their labels, where they are not zero."""
    sums: dict[str, float] = {}
    for labels, value in samples(metrics, name):
        found = re.search(rf'\b{label}="([^"]*)"', labels)
        if found and value:
            sums[found[1]] = sums.get(found[1], 0.0) + value
    return sums


def test_without_root_it_says_so(monkeypatch: pytest.MonkeyPatch) -> None:
    """One clear sentence instead of an error of the kernel."""
    monkeypatch.setattr(os, "geteuid", lambda: 1000)

    with pytest.raises(CrossborderError, match="need root"), Gateway():
        pass


def test_samples_are_read_from_a_scrape() -> None:
    """A name that begins another name is not taken for it; labels stay as they are."""
    text = '# TYPE a_total counter\na_total{x="1"} 2.0\na_total{x="2"} 0.0\na_total_more 9.0\nb 1.0\n'

    assert samples(text, "a_total") == [('{x="1"}', 2.0), ('{x="2"}', 0.0)]
    assert samples(text, "b") == [("", 1.0)]
