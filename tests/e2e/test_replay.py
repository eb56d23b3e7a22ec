"""`replay` as a person or a script uses it: files in, tables, flows, events and exit codes out."""

from __future__ import annotations

import gzip
import json
import subprocess
import sys
from typing import TYPE_CHECKING, Any

import polars as pl
import pytest
import zstandard
from scapy.layers.inet import IP, TCP
from scapy.layers.l2 import Ether
from scapy.utils import wrpcap

from crossborder.cli import main

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

HOME, NORWAY = "10.20.10.5", "77.16.0.9"
ASSETS = """
systems:
  - {name: registry, owner: head of registry, unit: Test unit, categories: [core:I.26], networks: [10.20.10.0/24]}
"""


@pytest.fixture
def capture(tmp_path: Path) -> Path:
    """A core system sends twenty kilobytes to Norway; another host sends one packet within the country."""
    out, back = IP(src=HOME, dst=NORWAY), IP(src=NORWAY, dst=HOME)
    there, here = {"sport": 40000, "dport": 8443}, {"sport": 8443, "dport": 40000}
    packets = [out / TCP(**there, flags="S", seq=99), back / TCP(**here, flags="SA", seq=9, ack=100)]
    packets += [out / TCP(**there, flags="A", seq=100 + 1000 * n, ack=10) / (b"\x90\xf3" * 500) for n in range(20)]
    packets += [IP(src="10.1.1.1", dst="10.2.2.2") / TCP(flags="S")]
    frames = [Ether(src="02:00:00:00:00:01", dst="02:00:00:00:00:02") / packet for packet in packets]
    for number, frame in enumerate(frames):
        frame.time = 1_769_400_000 + number / 100
    path = tmp_path / "office.pcap"
    wrpcap(str(path), frames)
    (tmp_path / "assets.yaml").write_text(ASSETS, encoding="utf-8")
    (tmp_path / "c.yaml").write_text("assets: assets.yaml\n", encoding="utf-8")
    return path


def _events_in(path: Path) -> list[dict[str, Any]]:
    """Return the events of a file, without what the log tells of itself."""
    return [event for event in map(json.loads, path.read_text(encoding="utf-8").splitlines()) if "rule" in event]


def _run(capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch, *words: object) -> tuple[int, str, str]:
    """Run a command in this process; return exit code, standard output and standard error."""
    monkeypatch.setattr(sys, "argv", ["crossborder", *map(str, words)])
    with pytest.raises(SystemExit) as ended:
        main()
    said = capsys.readouterr()
    return int(ended.value.code or 0), said.out, said.err


def test_the_table(capture: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch) -> None:
    """Countries, findings and balanced books on standard output, exit code 0."""
    config = capture.parent / "c.yaml"

    code, out, err = _run(capsys, monkeypatch, "replay", capture, "-c", config)

    assert (code, err) == (0, "")
    assert " NO " in out
    assert "core_data_abroad" in out
    assert " 22         1        0  ✓" in out


@pytest.mark.parametrize(("level", "expected"), [("informational", 1), ("critical", 1)])
def test_fail_on(
    capture: Path, level: str, expected: int, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    """--fail-on makes findings of a level or above exit code 1; without findings it is 0."""
    quiet = ("--fail-on", level, "--quiet")

    tagged, *_ = _run(capsys, monkeypatch, "replay", capture, "-c", capture.parent / "c.yaml", *quiet)
    untagged, *_ = _run(capsys, monkeypatch, "replay", capture, *quiet)

    assert (tagged, untagged) == (expected, 0)


@pytest.mark.parametrize("suffix", [".jsonl", ".csv", ".parquet"])
def test_flows(capture: Path, suffix: str, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch) -> None:
    """One row a flow, its reports summed; --report all has the domestic flow too."""
    target = capture.with_suffix(suffix)
    readers: dict[str, Callable[[Path], pl.DataFrame]] = {
        ".jsonl": pl.read_ndjson,
        ".csv": pl.read_csv,
        ".parquet": pl.read_parquet,
    }

    code, *_ = _run(capsys, monkeypatch, "replay", capture, "--flows", target, "--report", "all", "--quiet")
    flows = readers[suffix](target)

    assert code == 0
    assert flows.select("local_ip", "remote_ip", "scope", "packets_out", "bytes_out", "country").rows() == [
        (HOME, NORWAY, "crossing", 21, 20 * 1040 + 40, "NO"),
        ("10.1.1.1", "10.2.2.2", "domestic", 1, 40, "ZZ"),
    ]


def test_the_same_file_in_other_wrappings(
    capture: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    """.gz, .zst and standard input give the flows of the plain file."""
    raw = capture.read_bytes()
    capture.with_suffix(".pcap.gz").write_bytes(gzip.compress(raw))
    capture.with_suffix(".pcap.zst").write_bytes(zstandard.compress(raw))
    columns = ["community_id", "bytes_out", "packets_in", "first_ns"]
    seen = []
    for name in ("office.pcap", "office.pcap.gz", "office.pcap.zst"):
        target = capture.with_name(f"{name}.jsonl")
        assert _run(capsys, monkeypatch, "replay", capture.with_name(name), "--flows", target, "--quiet")[0] == 0
        seen.append(pl.read_ndjson(target).select(columns).rows())
    target = capture.with_name("stdin.jsonl")
    command = [sys.executable, "-m", "crossborder", "replay", "-", "--flows", str(target), "--quiet"]
    subprocess.run(command, input=raw, check=True)
    seen.append(pl.read_ndjson(target).select(columns).rows())

    assert seen == [seen[0]] * 4


def test_a_file_cut_in_the_middle(
    capture: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    """All that was before the cut is in table, flows and events; then one sentence and exit code 2."""
    cut = capture.with_name("cut.pcap")
    cut.write_bytes(capture.read_bytes()[:-150])
    config, flows, events = capture.parent / "c.yaml", capture.with_suffix(".jsonl"), capture.with_suffix(".events")

    code, out, err = _run(capsys, monkeypatch, "replay", cut, "-c", config, "--flows", flows, "--events", events)

    assert code == 2
    assert len(err.splitlines()) == 1
    assert err.startswith(f"{cut}: ")
    assert "core_data_abroad" in out
    assert pl.read_ndjson(flows)["packets_out"].sum() == 20
    rules = [event["rule"]["name"] for event in _events_in(events)]
    assert rules == ["core_data_abroad", "opaque_core"]


@pytest.mark.parametrize(
    ("content", "said"),
    [(b"", "is empty"), (b"<html>not a capture</html>", "is not a pcap or pcapng capture"), (None, "no such file")],
    ids=["empty", "foreign", "missing"],
)
def test_files_that_are_no_captures(
    content: bytes | None,
    said: str,
    tmp_path: Path,
    capsys: pytest.CaptureFixture[str],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """One sentence with the file's name, exit code 2, nothing on standard output."""
    path = tmp_path / "x.pcap"
    if content is not None:
        path.write_bytes(content)

    code, _, err = _run(capsys, monkeypatch, "replay", path, "--quiet")

    assert code == 2
    assert err.startswith(f"{path}: ")
    assert said in err
    assert len(err.splitlines()) == 1


def test_wrong_words(capture: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch) -> None:
    """Options that contradict each other, or are unknown, end with 2."""
    assert _run(capsys, monkeypatch, "replay", capture, "--realtime", "--as-fast-as-possible")[0] == 2
    assert _run(capsys, monkeypatch, "replay", capture, "--realtime", "--speed", "2")[0] == 2
    assert _run(capsys, monkeypatch, "replay", capture, "--speed", "0")[0] == 2
    assert _run(capsys, monkeypatch, "replay", capture, "--linger")[0] == 2
    assert _run(capsys, monkeypatch, "replay", capture, "--tick", "5")[0] == 2
    assert _run(capsys, monkeypatch, "replay", capture, "--engine", "abacus")[0] == 2
    assert _run(capsys, monkeypatch, "replay", capture, "--flows", "flows.xlsx")[0] == 2
    assert _run(capsys, monkeypatch, "run")[0] == 2
    assert _run(capsys, monkeypatch, "rules", "show", "nothing")[0] == 2


def test_a_full_disk(capture: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch) -> None:
    """Events that cannot be written are told at the end; the rest of the work is done all the same."""
    config = capture.parent / "c.yaml"

    code, out, err = _run(capsys, monkeypatch, "replay", capture, "-c", config, "--events", "/dev/full")

    assert code == 2
    assert "No space left on device" in err
    assert "core_data_abroad" in out


def test_the_same_rule_on_three_interfaces(
    capture: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    """A finding does not depend on where the packets came in."""
    files = [capture.with_name(f"wan{number}.pcap") for number in range(3)]
    for file in files:
        file.write_bytes(capture.read_bytes())
    events = capture.with_suffix(".events")

    code, *_ = _run(
        capsys, monkeypatch, "replay", *files, "-c", capture.parent / "c.yaml", "--events", events, "--quiet"
    )
    told = _events_in(events)
    seen = [e["observer"]["ingress"]["interface"]["name"] for e in told if e["rule"]["name"] == "core_data_abroad"]

    assert code == 0
    assert sorted(seen) == ["wan0.pcap", "wan1.pcap", "wan2.pcap"]


def test_a_rule_that_is_switched_off_finds_nothing(
    capture: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    """Off means off, for this rule only."""
    config = capture.parent / "c.yaml"
    config.write_text("assets: assets.yaml\nrules: {disable: [core_data_abroad]}\n", encoding="utf-8")
    events = capture.with_suffix(".events")

    _run(capsys, monkeypatch, "replay", capture, "-c", config, "--events", events, "--quiet")
    names = [event["rule"]["name"] for event in _events_in(events)]

    assert names == ["opaque_core"]


def test_two_replays_make_one_signed_log(
    capture: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    """From the configuration to the verdict: made, signed, gone on with, whole; and broken where it was altered."""
    key, events = capture.with_name("events.key"), capture.with_suffix(".events")
    config = capture.parent / "c.yaml"
    config.write_text("assets: assets.yaml\nevents: {signing_key: events.key}\n", encoding="utf-8")
    _run(capsys, monkeypatch, "key", "make", "--signing", key)
    for _ in range(2):
        _run(capsys, monkeypatch, "replay", capture, "-c", config, "--events", events, "--quiet")
    asked = ("events", "verify", events, "--public-key", f"{key}.pub")
    whole, said, _ = _run(capsys, monkeypatch, *asked)
    events.write_bytes(events.read_bytes().replace(b"opaque_core", b"opaque_care", 1))
    broken, told, _ = _run(capsys, monkeypatch, *asked)

    assert (whole, broken) == (0, 1)
    assert "note: was closed in order" in said
    assert "4 signatures hold" in said
    assert told.startswith(f"{events}:3: altered: ")
