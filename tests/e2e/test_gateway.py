"""End to end without mocks: namespaces, a wire, real packets, a real scrape, files changed while it runs."""

from __future__ import annotations

import json
import signal
import subprocess
import sys
import textwrap
from typing import TYPE_CHECKING, Any

import pytest
from prometheus_client.parser import text_string_to_metric_families
from scapy.layers.inet import IP, TCP, UDP
from scapy.layers.l2 import ARP, Ether

from crossborder.demo.gateway import Gateway, until
from crossborder.engine import native_available
from crossborder.keyfile import make

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

pytestmark = pytest.mark.live

HOME, NORWAY, SINGAPORE, NOWHERE = "10.20.10.5", "77.16.0.9", "103.28.248.9", "192.0.2.9"
RULE = """
title: To {country}
id: {uuid}
name: {name}
status: test
description: Bytes to one country.
date: 2026-11-21
logsource: {{product: crossborder, category: network_flow}}
detection:
  there: {{destination.geo.country_iso_code: {country}}}
  condition: there
level: high
legal: {{category: none}}
misses: Everything else.
"""
UUIDS = {"to_norway": "4c2b7a52-7c44-4f3b-9c3e-0a8f0d7a1111", "to_singapore": "4c2b7a52-7c44-4f3b-9c3e-0a8f0d7a2222"}


def _rule(folder: Path, name: str, country: str) -> None:
    text = RULE.format(name=name, country=country, uuid=UUIDS[name])
    beside = folder / f".{name}"
    beside.write_text(textwrap.dedent(text), encoding="utf-8")
    beside.rename(folder / f"{name}.yaml")


def _frames(remote: str, sport: int) -> list[bytes]:
    """A connection from home that is opened, sends a kilobyte, and is closed by both ends."""
    out, back = IP(src=HOME, dst=remote), IP(src=remote, dst=HOME)
    there, here = {"sport": sport, "dport": 8443}, {"sport": 8443, "dport": sport}
    packets = [
        out / TCP(**there, flags="S", seq=100),
        back / TCP(**here, flags="SA", seq=500, ack=101),
        out / TCP(**there, flags="A", seq=101, ack=501),
        out / TCP(**there, flags="PA", seq=101, ack=501) / (b"x" * 1000),
        back / TCP(**here, flags="FA", seq=501, ack=1101),
        out / TCP(**there, flags="FA", seq=1101, ack=502),
        back / TCP(**here, flags="A", seq=502, ack=1102),
    ]
    return [bytes(Ether(src="02:00:00:00:00:01", dst="02:00:00:00:00:02") / packet) for packet in packets]


class Agent:
    """An agent listening in a gateway, and what it says."""

    def __init__(self, gateway: Gateway, folder: Path, engine: str, more: str = "") -> None:
        """Start one with one rule, and more configuration, and wait until it captures."""
        self.gateway, self.folder = gateway, folder
        self.rules = folder / "rules"
        self.rules.mkdir()
        _rule(self.rules, "to_norway", "NO")
        self.config = folder / "crossborder.yaml"
        self.config.write_text(
            "gateway: gw-test\nunit: Test unit\n"
            "rules: {shipped: false, paths: [rules]}\nevents: {file: events.jsonl}\n"
            f"capture: {{interfaces: [{gateway.interface}], tick: 500ms, engine: {engine}}}\n{more}",
            encoding="utf-8",
        )
        self.log = folder / "log"
        self.start()

    def start(self) -> None:
        """Start it, once more after it was killed."""
        command = [sys.executable, "-m", "crossborder", "run", "-c", str(self.config)]
        with self.log.open("w") as log:
            self.process = self.gateway.start(command, stdout=subprocess.DEVNULL, stderr=log)
        assert until(self.ready, 60), self.said()

    def ready(self) -> bool:
        """Ask /readyz."""
        try:
            return self.gateway.get("/readyz")[0] == 200
        except OSError:
            return False

    def said(self) -> str:
        """Return the agent's own log."""
        return self.log.read_text(encoding="utf-8")

    def value(self, name: str, **labels: str) -> float:
        """Return the sum of the samples of a metric with these labels, by a real scrape."""
        families = text_string_to_metric_families(self.gateway.scrape())
        samples = (s for family in families for s in family.samples if s.name == name)
        return sum(s.value for s in samples if labels.items() <= s.labels.items())

    def violations(self, rule: str, country: str) -> float:
        """Return how many findings of a rule there are."""
        return self.value("crossborder_violations_total", rule=rule, country=country)

    def events(self) -> list[dict[str, Any]]:
        """Read the event record."""
        lines = (self.folder / "events.jsonl").read_text(encoding="utf-8").splitlines()
        return [event for event in map(json.loads, lines) if "rule" in event]  # without the log's own lines


@pytest.fixture
def agent(tmp_path: Path, request: pytest.FixtureRequest) -> Iterator[Agent]:
    """An agent with one rule, listening."""
    with Gateway() as gateway:
        yield Agent(gateway, tmp_path, getattr(request, "param", "portable"))


native = pytest.param(
    "native", marks=pytest.mark.skipif(not native_available(), reason="the native extension is not installed")
)
both = pytest.mark.parametrize("agent", ["portable", native], indirect=True)


@both
def test_from_wire_to_scrape(agent: Agent) -> None:
    """A packet to Norway is a violation of the rule that says NO, in metrics and events; the books balance."""
    arp = bytes(Ether(dst="ff:ff:ff:ff:ff:ff") / ARP(psrc=HOME, pdst="10.20.10.1"))
    domestic = bytes(Ether() / IP(src=HOME, dst="10.1.1.1") / UDP(sport=5000, dport=5001) / b"at home")
    sent = agent.gateway.send([*_frames(NORWAY, 40000), *_frames(NOWHERE, 40001), arp, domestic, domestic])

    assert until(lambda: agent.violations("to_norway", "NO") == 1, 20), agent.said()
    assert until(lambda: agent.value("crossborder_capture_packets_total") == sent, 20)
    assert agent.value("crossborder_egress_bytes_total", country="NO") == 4 * 40 + 1000
    assert agent.value("crossborder_egress_flows_total", country="ZZ", basis="unknown") == 1
    assert agent.value("crossborder_ingress_bytes_total", country="NO") == 3 * 40
    dropped = agent.value("crossborder_capture_dropped_packets_total")
    in_flows = agent.value("crossborder_capture_flow_packets_total")
    assert (in_flows, agent.value("crossborder_capture_domestic_packets_total"), dropped) == (14, 2, 1)
    event = agent.events()[0]
    assert event["destination"]["geo"]["country_iso_code"] == "NO"
    assert event["rule"]["name"] == "to_norway"
    assert event["observer"]["name"] == "gw-test"


def test_a_state_through_a_kill(tmp_path: Path) -> None:
    """A new state is told of; killed, the agent goes on with it and says nothing; without a state it warns."""
    key = tmp_path / "persons.key"
    make(key)
    with Gateway() as gateway:
        agent = Agent(gateway, tmp_path, "portable", f"state: {{directory: state, key: {key}}}\n")
        assert "a new state file was made" in agent.said()
        assert agent.value("crossborder_state_durable") == 1
        agent.gateway.send(_frames(NORWAY, 40000))
        assert until(lambda: agent.violations("to_norway", "NO") == 1, 20), agent.said()
        agent.process.kill()
        agent.process.wait()

        agent.start()
        assert "state" not in agent.said().replace("statement", "")
        agent.process.kill()
        agent.process.wait()

        agent.config.write_text(agent.config.read_text(encoding="utf-8").partition("state:")[0], encoding="utf-8")
        agent.start()
        assert "counts are kept in memory only" in agent.said()


@both
def test_a_rule_changed_on_disk(agent: Agent) -> None:
    """A new rule is taken in without a restart; a broken one is said, counted, and changes nothing."""
    agent.gateway.send(_frames(SINGAPORE, 41000))
    assert until(lambda: agent.value("crossborder_egress_flows_total", country="SG") == 1, 20)
    assert agent.violations("to_singapore", "SG") == 0

    _rule(agent.rules, "to_singapore", "SG")
    assert until(lambda: agent.value("crossborder_rules_loaded") == 2, 20), agent.said()
    agent.gateway.send(_frames(SINGAPORE, 41001))
    # The first connection may end after the rule has come, and is then found as well.
    assert until(lambda: agent.violations("to_singapore", "SG") >= 1, 20), agent.said()

    _rule(agent.rules, "to_norway", "Norge")
    assert until(lambda: agent.value("crossborder_config_reload_success") == 0, 20)
    assert "to_norway.yaml:" in agent.said()
    agent.gateway.send(_frames(NORWAY, 41002))
    assert until(lambda: agent.violations("to_norway", "NO") == 1, 20), agent.said()

    _rule(agent.rules, "to_norway", "NO")
    assert until(lambda: agent.value("crossborder_config_reload_success") == 1, 20)


@both
def test_sighup_reloads_and_sigterm_closes_the_books(agent: Agent) -> None:
    """SIGHUP reads everything anew; SIGTERM publishes what is in the table and ends with 0."""
    agent.process.send_signal(signal.SIGHUP)
    assert until(lambda: "reloaded" in agent.said(), 20)

    agent.gateway.send(_frames(NORWAY, 42000)[:4])
    assert until(lambda: agent.value("crossborder_capture_packets_total") == 4, 20)

    assert agent.gateway.stop(agent.process) == 0, agent.said()
    assert [event["rule"]["name"] for event in agent.events()][:1] == ["to_norway"]


def test_an_interface_that_goes_away(agent: Agent) -> None:
    """What was read is published; then one sentence that names the interface, and exit code 2."""
    agent.gateway.send(_frames(NORWAY, 43000)[:4])
    assert until(lambda: agent.value("crossborder_capture_packets_total") == 4, 20)

    subprocess.run(["ip", "-n", agent.gateway.inside, "link", "del", agent.gateway.interface], check=True)

    assert agent.process.wait(30) == 2, agent.said()
    assert agent.gateway.interface in agent.said().splitlines()[-1]
    assert "Traceback" not in agent.said()
    assert agent.events()[0]["rule"]["name"] == "to_norway"


@pytest.mark.parametrize("agent", [native], indirect=True)
def test_an_interface_that_is_waited_for(agent: Agent) -> None:
    """The native engine says that an interface is down and that it is back, in metrics and log, and reads on."""
    name = agent.gateway.interface
    agent.gateway.send(_frames(NORWAY, 44000)[:4])
    assert until(lambda: agent.value("crossborder_capture_packets_total") == 4, 20)
    assert agent.value("crossborder_capture_interface_up", interface=name) == 1

    subprocess.run(["ip", "-n", agent.gateway.inside, "link", "set", name, "down"], check=True)
    assert until(lambda: agent.value("crossborder_capture_interface_up", interface=name) == 0, 20), agent.said()
    subprocess.run(["ip", "-n", agent.gateway.inside, "link", "set", name, "up"], check=True)
    assert until(lambda: agent.value("crossborder_capture_interface_up", interface=name) == 1, 20), agent.said()
    agent.gateway.send(_frames(NORWAY, 44000)[4:])

    assert until(lambda: agent.value("crossborder_capture_packets_total") == 7, 20), agent.said()
    assert agent.value("crossborder_capture_dropped_packets_total") == 0
    assert agent.said().count("interface is down or gone, it is waited for") == 1
    assert agent.said().count("interface is back") == 1


@both
def test_what_stands_in_the_way_of_starting(agent: Agent, tmp_path: Path) -> None:
    """A port in use, an interface that does not exist, a filter that does not compile: one sentence, exit code 2."""

    def run(*arguments: str) -> str:
        command = [sys.executable, "-m", "crossborder", "run", *arguments]
        with (tmp_path / "said").open("w") as log:
            process = agent.gateway.start(command, stdout=subprocess.DEVNULL, stderr=log)
            assert process.wait(60) == 2
        said = (tmp_path / "said").read_text(encoding="utf-8")
        assert len(said.splitlines()) == 1, said
        return said

    interface = agent.gateway.interface
    assert "metrics cannot be served on 127.0.0.1:9836" in run("-i", interface)
    assert "nosuch0" in run("-i", "nosuch0", "--listen", "127.0.0.1:0")
    assert "filter" in run("-i", interface, "--filter", "not a filter", "--listen", "127.0.0.1:0")


def test_without_the_right_to_capture(agent: Agent, tmp_path: Path) -> None:
    """Who may not capture is told what to do."""
    command = ["setpriv", "--bounding-set", "-net_raw", sys.executable, "-m", "crossborder", "run"]
    with (tmp_path / "said").open("w") as log:
        process = agent.gateway.start(
            [*command, "-i", agent.gateway.interface, "--listen", "127.0.0.1:0"], stdout=subprocess.DEVNULL, stderr=log
        )
        ended = process.wait(60)
    said = (tmp_path / "said").read_text(encoding="utf-8")

    assert ended == 2, said
    assert "cap_net_raw" in said
    assert len(said.splitlines()) == 1
