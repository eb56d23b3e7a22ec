"""Every capture of the corpus goes through the portable engine with balanced books and nothing raised."""

from __future__ import annotations

import json
import os
from functools import cache
from pathlib import Path
from typing import Any

import polars as pl
import pytest
from tests.engine.captures import HOME, config, flows_of, reports_of, run

from crossborder.engine.packet import transport_name
from crossborder.engine.portable import PortableEngine
from crossborder.engine.portable.decode import Decoder
from crossborder.engine.portable.frame import UnreadableError
from crossborder.engine.portable.source import read_capture
from crossborder.engine.portable.stream import open_stream

CORPUS = Path(os.environ.get("CROSSBORDER_CORPUS", Path(__file__).resolve().parents[3] / "shared" / "corpus"))
CAPTURES = sorted(path for path in CORPUS.rglob("*") if path.name.endswith((".pcap", ".pcapng", ".gz")))

pytestmark = pytest.mark.skipif(not CAPTURES, reason=f"no corpus at {CORPUS}")


@cache
def facts() -> list[dict[str, Any]]:
    """Return what is known of the captures, one fact each."""
    return [json.loads(line) for line in (CORPUS / "expected.jsonl").read_text().splitlines()]


@cache
def survivors() -> dict[str, int]:
    """Return how many packets libpcap reads of each hostile capture before its end or an error."""
    return {fact["file"]: fact["value"] for fact in facts() if fact["kind"] == "survive"}


def name_of(path: Path) -> str:
    """Return a capture's name in the facts."""
    return str(path.relative_to(CORPUS))


def decoded(path: Path) -> tuple[int, int, int, int]:
    """Return frames, packets, IP bytes and payload bytes of a capture, packet by packet."""
    frames = packets = ip_bytes = payload = 0
    decoder = Decoder(HOME)
    for frame in read_capture(open_stream(path, lambda: False), str(path), "x"):
        frames += 1
        try:
            packet = decoder.decode(frame)
        except UnreadableError:
            continue
        packets += 1
        ip_bytes += packet.ip_bytes
        payload += packet.payload_bytes
    return frames, packets, ip_bytes, payload


@pytest.mark.parametrize("path", CAPTURES, ids=name_of)
def test_books_balance_and_sums_hold(path: Path) -> None:
    """Packets received are those in flows and those dropped; deltas sum to totals, and totals to the packets."""
    batches = run(PortableEngine(config(files=(path,), report_all=True)))
    frames, packets, ip_bytes, payload = decoded(path)
    (book,) = batches[-1].books
    reports, flows = reports_of(batches), flows_of(batches)

    assert (book.packets, book.flow_packets, book.flow_bytes) == (frames, packets, ip_bytes)
    assert book.packets == survivors().get(name_of(path), book.packets)
    assert flows["report"].eq("ended").all()
    for prefix, frame in (("", reports), ("total_", flows)):
        sums = frame.select(
            pl.sum_horizontal(pl.col(f"{prefix}{unit}_{way}").sum() for way in ("out", "in")).alias(unit)
            for unit in ("packets", "bytes", "payload")
        )
        assert sums.row(0) == (packets, ip_bytes, payload)


@pytest.mark.parametrize("path", CAPTURES[::9], ids=name_of)
def test_domestic_packets_are_counted_apart(path: Path) -> None:
    """Without `report: all` the same packets are in the books, in flows or as domestic."""
    everything = run(PortableEngine(config(files=(path,), report_all=True)))[-1].books[0]
    (book,) = run(PortableEngine(config(files=(path,))))[-1].books

    assert book.dropped == everything.dropped
    assert book.flow_packets + book.domestic_packets == everything.flow_packets
    assert book.flow_bytes + book.domestic_bytes == everything.flow_bytes


@pytest.mark.parametrize("path", CAPTURES[::40], ids=name_of)
def test_the_same_capture_gives_the_same_reports(path: Path) -> None:
    """Ticks are on packet time, ids on packets: a replay repeats itself to the byte."""
    first, second = (run(PortableEngine(config(files=(path,), report_all=True))) for _ in range(2))

    assert [batch.tick_ns for batch in first] == [batch.tick_ns for batch in second]
    assert all(one.reports.equals(other.reports) for one, other in zip(first, second, strict=True))


def known_ids() -> list[str]:
    """Return the captures whose community ids are known."""
    return sorted({fact["file"] for fact in facts() if fact["kind"] == "community_id" and fact["file"]})


@pytest.mark.parametrize("file", known_ids() if CAPTURES else [])
def test_community_ids_are_the_published_ones(file: str) -> None:
    """Each id that Zeek, Suricata or Wireshark gave a flow of the capture is the id of the flow with that tuple."""
    wanted = [fact for fact in facts() if fact["kind"] == "community_id" and fact["file"] == file]
    for seed in sorted({fact.get("seed", 0) for fact in wanted}):
        batches = run(PortableEngine(config(files=(CORPUS / file,), report_all=True, community_seed=seed)))
        known = {
            (flow["transport"], frozenset({flow["local_ip"], flow["remote_ip"]}), flow["community_id"])
            for flow in flows_of(batches).to_dicts()
        }
        for fact in wanted:
            if fact.get("seed", 0) != seed or fact.get("uncertain"):
                continue
            flow = fact["flow"]
            proto = {"icmp6": "ipv6-icmp"}.get(flow["proto"], flow["proto"])
            addresses = frozenset({flow["src"], flow["dst"]})
            assert (proto, addresses, fact["value"]) in known, fact


def test_no_transport_is_without_a_name() -> None:
    """The hostile captures hold odd protocols; each has a word."""
    assert len({transport_name(number) for number in range(256)}) == 256
