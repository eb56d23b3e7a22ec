"""Pseudonyms through the whole agent: nothing it writes names an address at home; `unmask` logs what it gives back."""

from __future__ import annotations

import json
import os
from typing import TYPE_CHECKING, Any

import polars as pl
import pytest
from click.testing import CliRunner
from scapy.layers.inet import IP, TCP
from scapy.layers.inet6 import IPv6
from scapy.layers.l2 import Ether
from scapy.utils import wrpcap

from crossborder import app, keyfile, signingkey
from crossborder.cli import cli
from crossborder.engine import native_available
from crossborder.pseudonyms import read as read_pseudonyms
from crossborder.publish.appender import open_file
from crossborder.publish.history import read

if TYPE_CHECKING:
    from pathlib import Path

pytestmark = pytest.mark.skipif(not native_available(), reason="the native extension is not installed")

HOME, HOME6 = ("10.20.10.5", "10.20.10.9"), "fd00:20::5"
RULE = """
title: Named
id: 4c2b7a52-7c44-4f3b-9c3e-0a8f0d7a3333
name: named
status: test
description: One network at home.
date: 2026-11-21
logsource: {product: crossborder, category: network_flow}
detection:
  it: {source.ip|cidr: 10.20.0.0/16}
  condition: it
level: high
legal: {category: none}
misses: Everything else.
"""


def run(*words: object) -> Any:
    """Run a command of ours in this process."""
    return CliRunner().invoke(cli, [str(word) for word in words])


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """Return a folder with a capture, a configuration with pseudonyms, and its keys."""
    request = "GET / HTTP/1.1\r\nHost: {}\r\n\r\n"
    frames = [
        Ether() / IP(src=ip, dst="103.28.248.9") / TCP(sport=port, dport=80, flags="PA") / request.format(ip).encode()
        for port, ip in enumerate(HOME, 40_000)
    ]
    frames.append(Ether() / IPv6(src=HOME6, dst="2404:6800::1") / TCP(sport=9, dport=80, flags="PA") / b"x")
    for at, frame in enumerate(frames):
        frame.time = 1_767_225_600 + at
    wrpcap(str(tmp_path / "x.pcap"), frames)
    keyfile.make(tmp_path / "p.key")
    signingkey.make(tmp_path / "s.key")
    (tmp_path / "named.yaml").write_text(RULE, encoding="utf-8")
    (tmp_path / "c.yaml").write_text(
        "gateway: gw\nrules: {shipped: false, paths: [named.yaml]}\nprivacy: {pseudonyms: p.key}\n"
        "history: {directory: history, reserve: 1MiB}\nevents: {file: events.jsonl, signing_key: s.key}\n",
        encoding="utf-8",
    )
    return tmp_path


def replayed(folder: Path) -> pl.DataFrame:
    """Run the agent over the capture and return the flows it wrote."""
    options = app.Options(files=(folder / "x.pcap",), flows=folder / "flows.jsonl", first_events=9)
    agent = app.replay(folder / "c.yaml", options)
    assert agent.summary.events
    assert not any(home in json.dumps(agent.summary.events) for home in HOME)
    return pl.read_ndjson(folder / "flows.jsonl")


def test_nothing_written_names_anybody(folder: Path) -> None:
    """Events, flows and history; they agree with each other, and the history says that it has pseudonyms."""
    flows = replayed(folder)
    events = [json.loads(line) for line in (folder / "events.jsonl").read_text(encoding="utf-8").splitlines()]
    found = [event for event in events if "rule" in event]
    history = read(folder / "history")
    rows = history.rows.collect()

    texts = rows.drop("local_key", "remote_key").write_ndjson()
    texts += (folder / "events.jsonl").read_text() + (folder / "flows.jsonl").read_text()
    names = read_pseudonyms(folder / "p.key")
    hidden = {names.hide(home) for home in (*HOME, HOME6)}
    assert not any(home in texts.replace("10.20.0.0/16", "") for home in ("10.20.10.", "fd00:20:"))
    assert {event["source"]["ip"] for event in found} == {names.hide(home) for home in HOME}
    assert {event["crossborder"]["why"][0]["value"] for event in found} == {names.hide(home) for home in HOME}
    assert set(flows["local_ip"]) == set(rows["local_ip"]) == hidden
    assert {event["crossborder"]["flow_id"] for event in found} <= set(flows["flow_id"].cast(pl.String))
    assert {event["network"]["community_id"] for event in found} <= set(flows["community_id"])
    assert history.pseudonyms == {names.fingerprint}
    assert names.fingerprint in run("history", "check", folder / "history").output


def test_a_history_without_says_nothing(folder: Path) -> None:
    """Files with addresses beside files with pseudonyms are told apart, also when they were made into one."""
    text = (folder / "c.yaml").read_text()
    (folder / "c.yaml").write_text(text.replace("privacy: {pseudonyms: p.key}\n", ""))
    replayed_clear = app.replay(folder / "c.yaml", app.Options(files=(folder / "x.pcap",)))
    assert replayed_clear.summary.destinations
    assert read(folder / "history").pseudonyms == frozenset()

    (folder / "c.yaml").write_text(text)
    replayed(folder)

    found = read(folder / "history")
    assert found.pseudonyms == {read_pseudonyms(folder / "p.key").fingerprint}
    assert found.rows.select(pl.len()).collect().item() == 6


def test_unmask_logs_itself(folder: Path) -> None:
    """Beside the event log, which a running agent holds; the address stands nowhere in it."""
    replayed(folder)
    hidden = read_pseudonyms(folder / "p.key").hide(HOME[0])
    held = open_file(folder / "events.jsonl")  # as an agent does

    said = run("unmask", hidden, "--reason", "inspection 17/2026", "-c", folder / "c.yaml")
    again = run("unmask", hidden, "--reason", "once more", "-c", folder / "c.yaml")

    os.close(held)
    log = folder / "events.jsonl.unmasked"
    told = [json.loads(line) for line in log.read_text(encoding="utf-8").splitlines()]
    told = [event for event in told if event["event"]["action"] == "address-unmasked"]
    assert (said.exit_code, again.exit_code) == (0, 0)
    assert said.output.split() == [hidden, HOME[0]]
    assert [event["crossborder"]["unmasked"]["reason"] for event in told] == ["inspection 17/2026", "once more"]
    assert told[0]["crossborder"]["unmasked"]["pseudonym"] == hidden
    assert told[0]["user"]["id"].isdigit()
    assert HOME[0] not in log.read_text(encoding="utf-8")
    checked = run("events", "verify", folder / "events.jsonl", log, "--public-key", folder / "s.key.pub")
    assert checked.exit_code == 0, checked.output


@pytest.mark.parametrize(
    ("words", "why"),
    [
        (["--key", "p.key", "--log", "no/such/log"], "cannot be appended"),
        (["--key", "p.key"], "must be logged"),
        (["--log", "u.jsonl"], "Name the key"),
        (["--key", "p.key", "--log", "u.jsonl", "10.300.1.1"], "is not an IPv4"),
    ],
)
def test_unmask_gives_nothing_back_unlogged(
    words: list[str], why: str, folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """No log, no key, no address: no answer, and no line of a log."""
    monkeypatch.chdir(folder)
    hidden = read_pseudonyms(folder / "p.key").hide(HOME[0])

    said = run("unmask", hidden, "--reason", "x", *words)

    assert said.exit_code != 0
    assert HOME[0] not in said.output
    assert why in said.output + str(said.exception)
    assert not (folder / "u.jsonl").exists()


def test_the_key_is_checked(folder: Path) -> None:
    """`check` tells of a key that is not there, before the agent does."""
    (folder / "p.key").unlink()

    assert "p.key" in str(run("check", "-c", folder / "c.yaml").exception)
