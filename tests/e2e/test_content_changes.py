"""Detectors and registers changed under an agent that captures: taken in without a restart, no packet lost."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from scapy.layers.inet import IP, TCP
from scapy.layers.l2 import Ether
from tests.e2e.test_gateway import HOME, NORWAY, Agent, native
from tests.engine.searches import DETECTOR, register

from crossborder import keyfile
from crossborder.demo.gateway import Gateway, until
from crossborder.engine import native_available
from crossborder.engine.register import read

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

pytestmark = pytest.mark.live

OWN = "001099000007"


def _detector(folder: Path, name: str, looks_for: str) -> None:
    beside = folder / f".{name}"
    beside.write_text(DETECTOR.format(id=name, looks_for=looks_for), encoding="utf-8")
    beside.rename(folder / f"{name}.yaml")


def _said(sport: int) -> list[bytes]:
    """A connection on which a form is sent."""
    body = f"POST /in HTTP/1.1\r\nHost: a.example\r\nContent-Length: 32\r\n\r\nalpha, omega, ref={OWN}\r\n".encode()
    there = IP(src=HOME, dst=NORWAY)
    ports = {"sport": sport, "dport": 8080}
    packets = [there / TCP(**ports, flags="S", seq=99), there / TCP(**ports, flags="PA", seq=100, ack=1) / body]
    return [bytes(Ether(src="02:00:00:00:00:01", dst="02:00:00:00:00:02") / packet) for packet in packets]


@pytest.fixture
def agent(tmp_path: Path, request: pytest.FixtureRequest) -> Iterator[Agent]:
    """An agent with one detector of its own and the shipped ones, listening."""
    keyfile.make(tmp_path / "key")
    (tmp_path / "own").mkdir()
    _detector(tmp_path / "own", "alpha", "literals: [alpha]")
    with Gateway() as gateway:
        yield Agent(gateway, tmp_path, request.param, "content: {detectors: [own]}\nstate: {key: key}\n")


def _found(agent: Agent, detector: str) -> float:
    return agent.value("crossborder_detections_total", detector=detector, country="NO")


@pytest.mark.parametrize("agent", ["portable", native], indirect=True)
def test_detectors_change_while_it_captures(agent: Agent) -> None:
    """A new one finds; a faulty one is told with its line, and the last good ones go on."""
    own = agent.folder / "own"
    sent = agent.gateway.send(_said(40_001))
    assert until(lambda: _found(agent, "alpha") == 1, 20), agent.said()

    _detector(own, "omega", "literals: [omega]")
    assert until(lambda: agent.said().count("reloaded") == 1, 20), agent.said()
    sent += agent.gateway.send(_said(40_002))
    assert until(lambda: (_found(agent, "alpha"), _found(agent, "omega")) == (2, 1), 20), agent.said()

    _detector(own, "omega", "pattern: '(omega'")
    assert until(lambda: agent.value("crossborder_config_reload_success") == 0, 20)
    assert f"{own / 'omega.yaml'}:5: what it looks for does not compile: " in agent.said()
    sent += agent.gateway.send(_said(40_003))
    assert until(lambda: (_found(agent, "alpha"), _found(agent, "omega")) == (3, 2), 20), agent.said()

    (own / "omega.yaml").unlink()
    assert until(lambda: agent.value("crossborder_config_reload_success") == 1, 20), agent.said()
    sent += agent.gateway.send(_said(40_004))
    assert until(lambda: _found(agent, "alpha") == 4, 20), agent.said()
    assert _found(agent, "omega") == 2
    assert agent.value("crossborder_capture_packets_total") == agent.value("crossborder_capture_flow_packets_total")
    assert agent.value("crossborder_capture_packets_total") == sent


@pytest.mark.skipif(not native_available(), reason="registers are made by the native extension")
@pytest.mark.parametrize("agent", ["portable", native], indirect=True)
def test_a_register_is_replaced_while_it_captures(agent: Agent) -> None:
    """A damaged one changes nothing; one that was made again knows its people."""
    key = keyfile.read(agent.folder / "key")
    path = agent.folder / "staff.register"
    register("staff", ["079088000007"], key=key).write(path)
    text = agent.config.read_text(encoding="utf-8").replace("detectors: [own]", "registers: [staff.register]")
    agent.config.write_text(text, encoding="utf-8")
    assert until(lambda: agent.said().count("reloaded") == 1, 20), agent.said()
    agent.gateway.send(_said(40_001))
    assert until(lambda: agent.value("crossborder_capture_flow_packets_total") == 2, 20)

    path.write_bytes(path.read_bytes()[:-1])
    assert until(lambda: agent.value("crossborder_config_reload_success") == 0, 20), agent.said()
    assert f"{path}: is damaged" in agent.said()

    register("staff", [OWN], key=key).write(path)
    assert read(path, key).count == 1
    assert until(lambda: agent.value("crossborder_config_reload_success") == 1, 20), agent.said()
    agent.gateway.send(_said(40_002))
    assert until(lambda: _found(agent, "register:staff") == 1, 20), agent.said()
