"""Whatever packets come in whatever order, native and portable report the same and native does so with any workers."""

from __future__ import annotations

import random
import struct
from dataclasses import replace
from typing import TYPE_CHECKING, NamedTuple

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from tests.engine.captures import HOME, LOCAL, LOCAL2, LOCAL6, REMOTE, REMOTE2, REMOTE6, START, limits, packed
from tests.engine.oracle import differences, run

from crossborder.demo.protocols import dns, http, tls
from crossborder.engine import SECOND_NS, EngineConfig, native_available

if TYPE_CHECKING:
    from pathlib import Path

pytestmark = pytest.mark.skipif(not native_available(), reason="the native extension is not installed")

HOSTS = (LOCAL, LOCAL2, REMOTE, REMOTE2, "224.0.0.5")
HOSTS6 = (LOCAL6, REMOTE6, "2001:db8:9::a", "ff02::1")
GAPS_NS = [0, 1, 1_000_000, 400_000_000, SECOND_NS, 4 * SECOND_NS, 7 * SECOND_NS, 70 * SECOND_NS, -SECOND_NS, -(10**11)]
_RNG = random.Random(20)  # noqa: S311 - a hello, not a secret
PAYLOADS = (
    b"",
    b"",
    http.get("portal.example", "/a?b=c"),
    tls.opening_13(_RNG, "bank.example", ("h2",), hybrid=False)[0],
    dns.question(7, "host.example"),
    dns.answer(7, "host.example", REMOTE, REMOTE2),
    b"\x00\x01\x02\x03 neither text nor anything",
)


class Step(NamedTuple):
    """One frame: how long after the one before, between whom, and what it carries."""

    gap_ns: int
    six: bool
    src: int
    dst: int
    ports: tuple[int, int]
    kind: int  # what stands behind the IP header
    flags: int
    seq: int
    payload: int
    vlan: int


STEPS = st.builds(
    Step,
    gap_ns=st.sampled_from(GAPS_NS),
    six=st.booleans(),
    src=st.integers(0, 4),
    dst=st.integers(0, 4),
    ports=st.sampled_from([(40000, 443), (443, 40000), (40001, 53), (53, 40001), (53, 53), (40000, 80)]),
    kind=st.sampled_from([6, 6, 6, 17, 17, 1, 58, 47, 132]),
    flags=st.sampled_from([0x02, 0x12, 0x10, 0x18, 0x11, 0x04, 0x14]),
    seq=st.sampled_from([0, 1, 2, 100, 0xFFFFFFFF]),
    payload=st.integers(0, len(PAYLOADS) - 1),
    vlan=st.sampled_from([0, 0, 0, 7]),
)


def frame(step: Step) -> bytes:
    """Return the frame of a step."""
    hosts = HOSTS6 if step.six else HOSTS
    src, dst = (packed(hosts[host % len(hosts)]) for host in (step.src, step.dst))
    body = _transport(step) + PAYLOADS[step.payload]
    if step.six:
        header = struct.pack("!IHBB", 6 << 28, len(body), step.kind, 64) + src + dst
    else:
        header = struct.pack("!BBHHHBBH", 0x45, 0, 20 + len(body), 1, 0, 64, step.kind, 0) + src + dst
    tag = struct.pack("!HH", 0x8100, step.vlan) if step.vlan else b""
    return bytes(12) + tag + (b"\x86\xdd" if step.six else b"\x08\x00") + header + body


def _transport(step: Step) -> bytes:
    sport, dport = step.ports
    if step.kind == 6:
        return struct.pack("!HHIIBBHHH", sport, dport, step.seq, 1, 0x50, step.flags, 8192, 0, 0)
    if step.kind == 17:
        return struct.pack("!HHHH", sport, dport, 8 + len(PAYLOADS[step.payload]), 0)
    if step.kind in {1, 58}:
        kinds = (8, 0, 3, 13) if step.kind == 1 else (128, 129, 1, 135)
        return struct.pack("!BBHI", kinds[step.flags % 4], step.seq % 3, 0, 0)
    return struct.pack("!HHII", sport, dport, 0, 0)


def capture(steps: list[Step]) -> bytes:
    """Return a pcap file of the steps, in nanoseconds."""
    records = [struct.pack("<IHHIIII", 0xA1B23C4D, 2, 4, 0, 0, 262_144, 1)]
    ts_ns = START
    for step in steps:
        ts_ns += step.gap_ns
        data = frame(step)
        records.append(struct.pack("<IIII", ts_ns // SECOND_NS, ts_ns % SECOND_NS, len(data), len(data)) + data)
    return b"".join(records)


CONFIGS: st.SearchStrategy[dict[str, object]] = st.builds(
    dict,
    report_all=st.booleans(),
    tick_ns=st.sampled_from([SECOND_NS, 10 * SECOND_NS, 300 * SECOND_NS]),
    limits=st.builds(
        limits, idle=st.sampled_from([5, 120]), active=st.sampled_from([6, 3600]), max_flows=st.sampled_from([3, 1000])
    ),
    community_seed=st.sampled_from([0, 1]),
)


@settings(max_examples=150, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(steps=st.lists(STEPS, max_size=60), chosen=CONFIGS)
def test_any_packets_give_the_same_reports(tmp_path: Path, steps: list[Step], chosen: dict[str, object]) -> None:
    """Reports, ticks and books are the same to the last column, whatever the limits and the clock do.

    Where flows must give way the clock goes on: of two that were idle for equally long, each engine may choose its own.
    """
    path = tmp_path / "steps.pcap"
    config = EngineConfig(HOME, files=(path,), **chosen)  # type: ignore[arg-type] # chosen by name above
    if config.limits.max_flows < len(steps):
        steps = [step._replace(gap_ns=max(1, step.gap_ns)) for step in steps]
    path.write_bytes(capture(steps))

    assert differences(run("portable", config), run("native", config)) == {}


@settings(max_examples=30, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(steps=st.lists(STEPS, max_size=200), chosen=CONFIGS, workers=st.integers(2, 5))
def test_reports_do_not_depend_on_the_number_of_workers(
    tmp_path: Path, steps: list[Step], chosen: dict[str, object], workers: int
) -> None:
    """What one worker reports many report too, to the byte."""
    path = tmp_path / "steps.pcap"
    path.write_bytes(capture(steps))
    config = EngineConfig(HOME, files=(path,), **chosen)  # type: ignore[arg-type] # chosen by name above

    assert differences(run("native", config), run("native", replace(config, workers=workers))) == {}
