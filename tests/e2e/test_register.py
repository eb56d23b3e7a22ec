"""A unit's own person in a form that goes abroad: from the list to the finding, with either engine."""

from __future__ import annotations

import json
import sys
from typing import TYPE_CHECKING, Any

import pytest
from scapy.layers.inet import IP, TCP
from scapy.layers.l2 import Ether
from scapy.utils import wrpcap

from crossborder.cli import main
from crossborder.engine import native_available

if TYPE_CHECKING:
    from pathlib import Path

    from crossborder.engine import EngineName

pytestmark = pytest.mark.skipif(not native_available(), reason="registers are made by the native extension")

HOME, NORWAY = "10.20.10.5", "77.16.0.9"
OWN, STRANGER = "001099000007", "079088000007"


def crossborder(monkeypatch: pytest.MonkeyPatch, *words: object) -> int:
    """Run a command in this process."""
    monkeypatch.setattr(sys, "argv", ["crossborder", *map(str, words)])
    with pytest.raises(SystemExit) as ended:
        main()
    return int(ended.value.code or 0)


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Make a key, a register of one person by the command, and a configuration with both."""
    (tmp_path / "staff.csv").write_text(f"so cccd\n{OWN}\n", encoding="utf-8")
    (tmp_path / "c.yaml").write_text("state: {key: k}\ncontent: {registers: [staff.register]}\n", encoding="utf-8")
    assert crossborder(monkeypatch, "key", "make", tmp_path / "k") == 0
    assert crossborder(monkeypatch, "register", "build", tmp_path / "staff.csv", "--key-file", tmp_path / "k") == 0
    return tmp_path


def findings(folder: Path, monkeypatch: pytest.MonkeyPatch, engine: EngineName, number: str) -> list[dict[str, Any]]:
    """Return the events of a form with one number in it, sent to Norway."""
    body = f"POST /in HTTP/1.1\r\nHost: forms.example\r\nContent-Length: 22\r\n\r\nref={number}&x=1".encode()
    there = {"sport": 40000, "dport": 80}
    packets = [TCP(**there, flags="S", seq=99), TCP(**there, flags="PA", seq=100, ack=1) / body]
    path, events = folder / "form.pcap", folder / "events.jsonl"
    events.unlink(missing_ok=True)
    wrpcap(str(path), [Ether() / IP(src=HOME, dst=NORWAY) / packet for packet in packets])
    told = ("--engine", engine, "-c", folder / "c.yaml", "--events", events)
    assert crossborder(monkeypatch, "replay", path, *told) == 0
    lines = events.read_text(encoding="utf-8").splitlines() if events.exists() else []
    return [event for event in map(json.loads, lines) if "rule" in event]


@pytest.mark.parametrize("engine", ["portable", "native"])
def test_these_very_people_are_found_leaving(folder: Path, monkeypatch: pytest.MonkeyPatch, engine: EngineName) -> None:
    """One number without a label is enough; a stranger's is nothing, and no number is written anywhere."""
    told = findings(folder, monkeypatch, engine, OWN)

    assert [event["rule"]["name"] for event in told if event["rule"]["name"].startswith("register")] == [
        "register_person_abroad"
    ]
    assert "register:staff" in json.dumps(told)
    assert OWN not in json.dumps(told)
    assert not findings(folder, monkeypatch, engine, STRANGER)


def test_a_register_is_checked_with_the_rest(
    folder: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """Whether it is there, whole, and of the agent's key; together with every other fault."""
    assert crossborder(monkeypatch, "check", "-c", folder / "c.yaml") == 0
    assert "registers      1 of one's own people: staff, 1 hashes" in capsys.readouterr().out

    (folder / "staff.register").write_bytes((folder / "staff.register").read_bytes()[:-1])
    (folder / "assets.yaml").write_text("systems: 1\n", encoding="utf-8")
    (folder / "c.yaml").write_text(
        "assets: assets.yaml\nstate: {key: k}\ncontent: {registers: [staff.register]}\n", encoding="utf-8"
    )
    assert crossborder(monkeypatch, "check", "-c", folder / "c.yaml") == 2
    said = capsys.readouterr().err
    assert "staff.register: is damaged: put it back" in said
    assert "assets.yaml:1" in said


def test_detectors_are_checked_with_the_rest(
    folder: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """A pattern is compiled by each engine, and told once by its line."""
    (folder / "odd.yaml").write_text(
        "id: odd\ntitle: Odd\nfinds: document\nscores: {bare: 1}\nvectors: {match: [a]}\npattern: '(odd'\n",
        encoding="utf-8",
    )
    (folder / "c.yaml").write_text("content: {detectors: [odd.yaml]}\n", encoding="utf-8")
    assert crossborder(monkeypatch, "check", "-c", folder / "c.yaml") == 2
    assert capsys.readouterr().err == (f"{folder / 'odd.yaml'}:6: what it looks for does not compile: unclosed group\n")
    assert crossborder(monkeypatch, "replay", folder / "c.yaml", "-c", folder / "c.yaml", "--engine", "portable") == 2
    assert "odd.yaml:6: what it looks for does not compile: missing )" in capsys.readouterr().err
