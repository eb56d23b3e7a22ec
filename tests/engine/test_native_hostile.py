"""The native engine over hostile captures: every packet is counted, every known name found, and memory is bounded."""

from __future__ import annotations

import ipaddress
import json
import os
import struct
import subprocess
import sys
from collections import Counter
from fnmatch import fnmatch
from functools import cache
from pathlib import Path
from typing import Any, NamedTuple

import pytest
from tests.engine.agreement import HOME
from tests.engine.captures import LOCAL, REMOTE, packed, pcap
from tests.engine.oracle import run

from crossborder.engine import EngineConfig, FlowLimits, native_available
from crossborder.engine.names import QUERY_LIMIT

ROOT = Path(__file__).resolve().parents[2]
CORPUS = Path(os.environ.get("CROSSBORDER_CORPUS", ROOT.parent / "shared" / "corpus"))
LONG = FlowLimits(idle_ns=10**15, active_ns=10**16)
"""A flow of a fact is one flow, whatever pauses it makes."""

HOSTILE_BOUND = 48 << 20
"""Bytes by which a process may grow while it reads the hostile captures, three megabytes of files, one by one."""
FLOWS = 200_000
FLOW_BOUND = 1600
"""Bytes that a flow of one packet may cost at the peak: in the table, and once more in the columns of its report."""

pytestmark = pytest.mark.skipif(not native_available(), reason="the native extension is not installed")
with_corpus = pytest.mark.skipif(not CORPUS.is_dir(), reason=f"no corpus at {CORPUS}")

# What a child does, so that its memory is its own: after a warm-up, whose costs do not count, it reads captures.
CHILD = """
import json, sys
from pathlib import Path
from crossborder.engine import EngineConfig, open_engine
from crossborder.errors import CrossborderError
from tests.engine.agreement import HOME

def read(path):
    packets = flows = failures = 0
    try:
        for batch in open_engine("native", EngineConfig(HOME, files=(Path(path),), report_all=True)):
            packets, flows = batch.books[0].packets, flows + len(batch.reports)
            failures += batch.reader_failures
            assert all(book.balanced for book in batch.books)
    except CrossborderError:
        pass
    return packets, flows, failures

def status(field):
    lines = Path("/proc/self/status").read_text().splitlines()
    return next(int(line.split()[1]) for line in lines if line.startswith(field)) * 1024

warm, *paths = json.loads(sys.stdin.read())
read(warm)
Path("/proc/self/clear_refs").write_text("5")  # the peak begins anew
before = status("VmRSS")
read = {path: read(path) for path in paths}
print(json.dumps({"read": read, "grown": status("VmHWM") - before}))
"""


class Read(NamedTuple):
    """What became of captures that a process of its own read."""

    grown: int
    """Bytes by which its memory grew at the peak."""
    read: dict[str, tuple[int, int, int]]
    """Of each capture packets, most reports of one tick, faults of readers."""


def read_apart(warm: Path, *paths: Path) -> Read:
    """Read captures one by one in a process of its own."""
    words = json.dumps([str(path) for path in (warm, *paths)])
    environment = os.environ | {"PYTHONPATH": f"{ROOT / 'agent'}:{ROOT}"}
    child = subprocess.run(
        [sys.executable, "-c", CHILD], input=words, capture_output=True, text=True, check=True, env=environment
    )
    told = json.loads(child.stdout)
    return Read(told["grown"], {path: (*counts,) for path, counts in told["read"].items()})


@pytest.fixture
def warm(tmp_path: Path) -> Path:
    """Return a capture of one packet."""
    path = tmp_path / "warm.pcap"
    path.write_bytes(pcap([segment(0, b"")]))
    return path


def segment(number: int, payload: bytes) -> bytes:
    """Return the first packet of the n-th connection: a SYN, or payload met in the middle."""
    sport, host = 1024 + number % 50_000, number // 50_000
    flags = 0x18 if payload else 0x02
    tcp = struct.pack("!HHIIBBHHH", sport, 443, number, 0, 0x50, flags, 8192, 0, 0) + payload
    src = packed(str(ipaddress.ip_address(LOCAL) + host))
    ip = struct.pack("!BBHHHBBH", 0x45, 0, 20 + len(tcp), 1, 0, 64, 6, 0) + src + packed(REMOTE)
    return bytes(12) + b"\x08\x00" + ip + tcp


@with_corpus
def test_hostile_captures_are_counted_in_bounded_memory(warm: Path) -> None:
    """Of each capture every packet before its end or damage is in the books; no reader fails; memory stays small."""
    facts = [fact for fact in known() if fact["kind"] == "survive"]

    told = read_apart(warm, *(CORPUS / fact["file"] for fact in facts))

    assert len(facts) > 400
    counted = {fact["file"]: told.read[str(CORPUS / fact["file"])] for fact in facts}
    assert {file: packets for file, (packets, _, _) in counted.items()} == {f["file"]: f["value"] for f in facts}
    assert [file for file, (_, _, failures) in counted.items() if failures] == []
    assert told.grown < HOSTILE_BOUND


def flood(path: Path, warm: Path, payload: bytes) -> Read:
    """Read a flood of connections of one packet each, a microsecond apart."""
    path.write_bytes(pcap((segment(number, payload) for number in range(FLOWS)), step_ns=1_000))
    return read_apart(warm, path)


def test_a_flood_of_syns_costs_no_content(tmp_path: Path, warm: Path) -> None:
    """What a flow costs that says nothing is bounded, and less than one that speaks."""
    path = tmp_path / "flood.pcap"
    silent, speaking = flood(path, warm, b""), flood(path, warm, b"\x16")

    assert list(silent.read.values()) == list(speaking.read.values()) == [(FLOWS, FLOWS, 0)]
    assert silent.grown < FLOWS * FLOW_BOUND
    assert silent.grown < speaking.grown


class Excused(NamedTuple):
    """Facts that are not found, how many, and why."""

    kind: str
    files: str  # a glob
    value: str  # a glob
    times: int  # 0: some
    why: str


EXCUSED = (
    Excused("ja4", "foxio/tls-handshake.pcapng", "t13d1515h2_*", 5, "second hellos: the column holds the first"),
    Excused("ja4", "foxio/tls-sni.pcapng", "t13d1515h2_*", 5, "the same connections"),
    Excused("ja4", "foxio/tls-non-ascii-alpn.pcapng", "t13d151699_*", 2, "before JA4 gave such ALPN in hexadecimal"),
    Excused(
        "dns_query",
        "suricata/tests__dns__bug-1158__input.pcap",
        "*.srv.tunnel.com",
        0,
        f"a tunnel asks for more names in one flow than the {QUERY_LIMIT} a list holds",
    ),
)
COLUMNS = {"sni": "server_name"} | {name: name for name in ("ja4", "http_host", "dns_query", "community_id")}


@cache
def known() -> list[dict[str, Any]]:
    """Return what is known of the captures, one fact each."""
    return [json.loads(line) for line in (CORPUS / "expected.jsonl").read_text().splitlines()]


@cache
def flows(file: str, seed: int) -> list[dict[str, Any]]:
    """Return the flows of a capture as they end."""
    config = EngineConfig(HOME, files=(CORPUS / file,), report_all=True, limits=LONG, community_seed=seed)
    reports = run("native", config).reports
    return [report for report in reports.to_dicts() if report["report"] == "ended"]


def ends(flow: dict[str, Any], one: str, other: str) -> tuple[Any, ...]:
    """Return transport and both ends of a flow, whoever comes first."""
    both = sorted(
        (str(ipaddress.ip_address(flow[address])), flow[port]) for address, port in (one.split(), other.split())
    )
    return flow.get("proto") or flow["transport"], *both


def found(fact: dict[str, Any]) -> bool:
    """Tell whether the flow that a fact speaks of, or any where it does not say which, is known by the value."""
    rows = flows(fact["file"], fact.get("seed", 0))
    if fact["flow"] is not None and fact["flow"]["proto"] in {"tcp", "udp", "sctp"}:
        wanted = ends(fact["flow"], "src sport", "dst dport")
        rows = [row for row in rows if ends(row, "local_ip local_port", "remote_ip remote_port") == wanted]
    values = [row[COLUMNS[fact["kind"]]] for row in rows]
    value = fact["value"] if fact["kind"] in {"ja4", "community_id"} else fact["value"].lower()
    if fact["kind"] == "http_host" and value.count(":") == 1:
        value = value.partition(":")[0]
    return any(value in told if isinstance(told, list) else value == told for told in values)


@with_corpus
@pytest.mark.parametrize("kind", COLUMNS)
def test_every_fact_is_found(kind: str) -> None:
    """All that is certain but what the table excuses, and no more is excused than is missing."""
    facts = [fact for fact in known() if fact["kind"] == kind and fact["file"] and not fact.get("uncertain")]
    missed = [fact for fact in facts if not found(fact)]
    reasons = Counter(next((one for one in EXCUSED if excuses(one, fact)), None) for fact in missed)

    assert len(facts) > 60
    assert reasons[None] == 0, [fact for fact in missed if not any(excuses(one, fact) for one in EXCUSED)]
    for one in EXCUSED:
        if one.kind == kind:
            assert reasons[one] == one.times if one.times else reasons[one] > 0, one
    if kind == "dns_query":  # all that a list can hold was found
        assert all(full(fact) for fact in missed)


def excuses(one: Excused, fact: dict[str, Any]) -> bool:
    """Tell whether an entry of the table speaks of a fact."""
    told = one.kind == fact["kind"]
    return told and fnmatch(fact["file"], one.files) and fnmatch(fact["value"], one.value)


def full(fact: dict[str, Any]) -> bool:
    """Tell whether the list of some flow of the fact's capture is full."""
    return any(len(row["dns_query"] or ()) == QUERY_LIMIT for row in flows(fact["file"], 0))
