"""Packet evidence through the whole agent: sealed files that tshark opens, and nothing where it is off."""

from __future__ import annotations

import json
import re
import shutil
import subprocess
from typing import TYPE_CHECKING, Any

import pyrage
import pytest
from scapy.layers.inet import IP, TCP
from scapy.layers.l2 import Ether
from scapy.utils import wrpcap
from tests.e2e.test_gateway import NORWAY, Agent, _frames

from crossborder import app, config, keyfile
from crossborder.demo.gateway import Gateway as Namespaces
from crossborder.demo.gateway import until
from crossborder.engine import native_available
from crossborder.errors import CrossborderError
from crossborder.parts import build_parts

if TYPE_CHECKING:
    from pathlib import Path

pytestmark = pytest.mark.skipif(not native_available(), reason="the native extension is not installed")

BEGIN = 1_767_225_600  # 2026-01-01 00:00:00 UTC
RULE = """
title: To Singapore
id: 4c2b7a52-7c44-4f3b-9c3e-0a8f0d7a4444
name: to_singapore
status: test
description: Bytes to one country.
date: 2026-11-21
logsource: {product: crossborder, category: network_flow}
detection:
  there: {destination.geo.country_iso_code: SG}
  condition: there
level: high
legal: {category: none}
misses: Everything else.
"""


class Gateway:
    """A folder with a capture of one upload, a rule that finds it, and who can open its evidence."""

    def __init__(self, folder: Path) -> None:
        """Make them."""
        self.folder = folder
        self.identity = pyrage.x25519.Identity.generate()
        (folder / "to_singapore.yaml").write_text(RULE, encoding="utf-8")
        (folder / "recipients").write_text(f"# the inspector\n{self.identity.to_public()}\n", encoding="utf-8")
        frames = []
        for at in range(100):
            data = {"sport": 40_000, "dport": 8443, "flags": "PA", "seq": 100 + at * 1_000, "ack": 500}
            frame = Ether(src="02:00:00:00:00:01", dst="02:00:00:00:00:02") / IP(src="10.20.10.5", dst="103.28.248.9")
            frame = frame / TCP(**data) / (b"secret" * 160)
            frame.time = BEGIN + at
            frames.append(frame)
        wrpcap(str(folder / "x.pcap"), frames)

    def run(self, more: str, engine: str = "native") -> list[dict[str, Any]]:
        """Run the agent over the capture; return the findings it wrote."""
        path, events = self.folder / "c.yaml", self.folder / "events.jsonl"
        text = "gateway: gw\nrules: {shipped: false, paths: [to_singapore.yaml]}\nevents: {file: events.jsonl}\n"
        path.write_text(f"{text}capture: {{engine: {engine}}}\n{more}", encoding="utf-8")
        self.agent = app.replay(path, app.Options(files=(self.folder / "x.pcap",)))
        lines = map(json.loads, events.read_text(encoding="utf-8").splitlines())
        return [line for line in lines if "rule" in line]

    def opened(self, finding: str) -> Path:
        """Return the pcapng of a finding, decrypted."""
        sealed = (self.folder / "kept" / f"{finding}.pcapng.age").read_bytes()
        clear = self.folder / "clear.pcapng"
        clear.write_bytes(pyrage.decrypt(sealed, [self.identity]))
        return clear

    def metric(self, name: str) -> float:
        """Return a sample of the agent's metrics."""
        lines = self.agent.metrics.expose()[1].decode().splitlines()
        return next(float(line.split()[-1]) for line in lines if re.match(rf"{name}(\{{| )", line))


@pytest.fixture
def gateway(tmp_path: Path) -> Gateway:
    """Return a gateway."""
    return Gateway(tmp_path)


def tshark(path: Path, *fields: str) -> list[list[str]]:
    """Return what tshark shows of each packet."""
    program = shutil.which("tshark")
    if program is None:
        pytest.skip("tshark is not installed")
    command = [program, "-n", "-r", str(path), "-T", "fields", *(word for field in fields for word in ("-e", field))]
    done = subprocess.run(command, capture_output=True, text=True, check=True)
    return [line.split("\t") for line in done.stdout.splitlines()]


ON = "evidence: {directory: kept, recipients: recipients, reserve: 1MiB, front_bytes: 16KiB, seconds_before: 5s}\n"


def test_front_and_last_seconds_with_comments(gateway: Gateway) -> None:
    """The first packets of the flow and those before the finding, with Community ID, rule and finding."""
    event = gateway.run(ON)[0]
    rows = tshark(gateway.opened(event["event"]["id"]), "frame.time_epoch", "frame.comment", "ip.src", "tcp.dstport")

    times = [float(row[0]) - BEGIN for row in rows]
    assert times == [*range(17), *range(94, 100)]
    assert rows[0][2:] == ["10.20.10.5", "8443"]
    assert event["network"]["community_id"] in rows[0][1]
    assert "rule to_singapore" in rows[0][1]
    assert event["crossborder"]["rule_sha256"] in rows[0][1]
    assert f"finding {event['event']['id']}, flow {event['crossborder']['flow_id']}, gateway gw" in rows[0][1]
    assert gateway.metric("crossborder_evidence_files_written_total") == 1
    assert gateway.metric("crossborder_evidence_bytes") == gateway.metric("crossborder_evidence_written_bytes_total")


def test_never_in_clear(gateway: Gateway) -> None:
    """No byte of the packets lies in the folder as it was; only its owner may read it."""
    gateway.run(ON)
    files = list((gateway.folder / "kept").iterdir())

    assert [file.suffix for file in files] == [".age"]
    assert all(file.stat().st_mode & 0o077 == 0 for file in (*files, gateway.folder / "kept"))
    assert b"secret" not in files[0].read_bytes()
    with pytest.raises(pyrage.DecryptError):
        pyrage.decrypt(files[0].read_bytes(), [pyrage.x25519.Identity.generate()])


def test_off_keeps_nothing(gateway: Gateway) -> None:
    """No folder, no file, and nothing in the engine's memory."""
    gateway.run("")
    engine = gateway.agent.engine

    assert not list(gateway.folder.rglob("*.age"))
    assert engine.evidence([(1, [])]) == [None]  # type: ignore[attr-defined]
    assert gateway.metric("crossborder_evidence_files_written_total") == 0
    with pytest.raises(StopIteration):
        gateway.metric("crossborder_evidence_bytes")


def test_names_are_those_of_the_record(gateway: Gateway) -> None:
    """With pseudonyms the comments and the file's name are as the events have them; packets are what they were."""
    keyfile.make(gateway.folder / "p.key")
    event = gateway.run(f"{ON}privacy: {{pseudonyms: p.key}}\n")[0]

    row = tshark(gateway.opened(event["event"]["id"]), "frame.comment", "ip.src")[0]

    assert event["network"]["community_id"] in row[0]
    assert event["crossborder"]["flow_id"] in row[0]
    assert event["source"]["ip"] != row[1] == "10.20.10.5"


def test_a_full_disk_stops_it_and_nothing_else(gateway: Gateway) -> None:
    """It leaves to others what is reserved: findings are written, evidence is counted as missing."""
    events = gateway.run(ON.replace("reserve: 1MiB", "reserve: 900TiB"))

    assert events
    assert not list((gateway.folder / "kept").iterdir())
    assert gateway.metric(r'crossborder_evidence_misses_total\{.*miss="disk".*\}') == 1


@pytest.mark.parametrize("engine", ["portable"])
def test_other_engines_refuse(engine: str, gateway: Gateway) -> None:
    """They keep no packets, and say what to do."""
    with pytest.raises(CrossborderError, match="keeps no packets: evidence needs engine native"):
        gateway.run(ON, engine)


@pytest.mark.parametrize(
    ("recipients", "why"),
    [
        ("[]", "c.yaml:1.*never kept in clear"),
        ("[age1xyz]", "c.yaml:1.*'age1xyz' is no public key"),
        ("keys", "keys:2.*'nonsense' is no public key"),
        ("nowhere", "nowhere.*cannot be read"),
        ("nobody", "there is no recipient"),
    ],
)
def test_there_is_no_clear_mode(recipients: str, why: str, gateway: Gateway) -> None:
    """Without somebody who can open it nothing is kept; each fault at its line."""
    (gateway.folder / "keys").write_text("# one\nnonsense\n", encoding="utf-8")
    (gateway.folder / "nobody").write_text("# none\n", encoding="utf-8")
    path = gateway.folder / "c.yaml"
    path.write_text(f"evidence: {{directory: kept, recipients: {recipients}}}\n", encoding="utf-8")

    with pytest.raises(CrossborderError, match=why):
        build_parts(config.read(path), path)
    assert not (gateway.folder / "kept").exists()


@pytest.mark.live
def test_on_an_interface(tmp_path: Path) -> None:
    """Each worker of an interface keeps its own, and is asked while it goes on capturing."""
    identity = pyrage.x25519.Identity.generate()
    more = f"evidence: {{directory: kept, recipients: [{identity.to_public()}], reserve: 1MiB}}\n"
    with Namespaces() as gateway:
        agent = Agent(gateway, tmp_path, "native, workers: 2", more)
        gateway.send([*_frames(NORWAY, 40000), *_frames(NORWAY, 40001)])
        files = tmp_path / "kept"
        assert until(lambda: agent.value("crossborder_evidence_files_written_total") == 2, 30), agent.said()
        ids = {event["event"]["id"] for event in agent.events()}

    assert {path.name.partition(".")[0] for path in files.iterdir()} == ids
    for path in files.iterdir():
        clear = tmp_path / "clear.pcapng"
        clear.write_bytes(pyrage.decrypt(path.read_bytes(), [identity]))
        rows = tshark(clear, "frame.comment", "tcp.len")
        assert "rule to_norway" in rows[0][0]
        assert [row[1] for row in rows][:4] == ["0", "0", "0", "1000"]
