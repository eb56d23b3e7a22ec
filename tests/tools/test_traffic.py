"""The benchmark's capture: the same bytes from the same seed, right as packets, and what it claims to hold."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from collections import Counter
from pathlib import Path
from typing import TYPE_CHECKING

import polars as pl
import pytest
from tools.bench.crowd import write_crowd
from tools.bench.traffic import SHORT, Content, write_traffic

from crossborder import config
from crossborder.engine import open_engine
from crossborder.opening import Options, engine_config
from crossborder.parts import build_parts

if TYPE_CHECKING:
    from crossborder.model import Batch

FLOWS = 1_000
ROOT = Path(__file__).resolve().parents[2]


@pytest.fixture(scope="module")
def capture(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return a small capture of the generator."""
    return tmp_path_factory.mktemp("bench") / "gateway.pcap"


@pytest.fixture(scope="module")
def content(capture: Path) -> Content:
    """Return what the generator says it holds."""
    return write_traffic(capture, FLOWS, seed=5)


@pytest.fixture(scope="module")
def batches(capture: Path, content: Content) -> list[Batch]:
    """Return what the portable engine reports of it, domestic flows too."""
    assert content.packets
    settings = config.Config()
    return list(
        open_engine("portable", engine_config(settings, Options(files=(capture,), report="all"), build_parts(settings)))
    )


@pytest.fixture(scope="module")
def flows(batches: list[Batch]) -> pl.DataFrame:
    """Return the last report of each flow."""
    return pl.concat([batch.reports for batch in batches]).filter(pl.col("report") == "ended")


def test_the_same_seed_makes_the_same_bytes(capture: Path, content: Content, tmp_path: Path) -> None:
    """Also in another process, whose hashes are salted otherwise."""
    again, other = tmp_path / "again.pcap", tmp_path / "other.pcap"
    write = f"from pathlib import Path; from tools.bench.traffic import write_traffic as w; w(Path({str(again)!r}), "
    subprocess.run(
        [sys.executable, "-c", f"{write}{FLOWS}, 5)"], check=True, cwd=ROOT, env={**os.environ, "PYTHONHASHSEED": "9"}
    )
    write_traffic(other, FLOWS, seed=6)

    assert again.read_bytes() == capture.read_bytes()
    assert len(capture.read_bytes()) == content.bytes
    assert other.read_bytes() != capture.read_bytes()


def test_every_packet_and_flow_is_there(batches: list[Batch], flows: pl.DataFrame, content: Content) -> None:
    """The engine counts what the generator counted, and drops nothing."""
    (books,) = batches[-1].books
    packets = flows["total_packets_out"] + flows["total_packets_in"]

    assert books.packets == books.flow_packets == content.packets
    assert flows.height == flows["flow_id"].n_unique() == content.flows == FLOWS
    assert (packets <= SHORT).sum() == content.short


def test_half_of_the_flows_are_tls_or_http_and_have_names(flows: pl.DataFrame, content: Content) -> None:
    """Names are many, and clients differ."""
    web = flows.filter(pl.col("app_protocol").is_in(["tls", "http"]))

    assert web.height == content.web == FLOWS // 2
    assert web["server_name"].null_count() == 0
    assert web["server_name"].n_unique() > FLOWS / 5
    assert flows["ja4"].n_unique() >= 8
    assert set(flows["app_protocol"].drop_nulls()) >= {"tls", "http", "dns", "quic", "ntp", "ssh"}


def test_both_versions_of_ip_and_both_initiators(flows: pl.DataFrame) -> None:
    """Flows cross the border, most opened at home, to addresses all over the world."""
    v6 = flows["remote_ip"].str.contains(":", literal=True).mean()
    initiators = dict(flows["initiator"].value_counts().iter_rows())

    assert 0.1 < float(str(v6)) < 0.3
    assert initiators["local"] > initiators["remote"] > FLOWS / 20
    assert (flows["scope"] == "crossing").sum() > 0.98 * FLOWS
    assert flows["remote_ip"].n_unique() > FLOWS / 2


def test_wireshark_finds_checksums_right_and_time_rising(capture: Path, content: Content) -> None:
    """A second opinion on the bytes."""
    program = shutil.which("tshark")
    if program is None:
        pytest.skip("tshark is not installed")
    checks = [word for name in ("ip", "tcp", "udp") for word in ("-o", f"{name}.check_checksum:TRUE")]
    names = ("frame.time_epoch", *(f"{name}.checksum.status" for name in ("ip", "tcp", "udp", "icmp", "icmpv6")))
    fields = [word for name in names for word in ("-e", name)]
    said = subprocess.run(
        [program, "-n", "-r", capture, *checks, "-T", "fields", *fields], capture_output=True, text=True, check=True
    )
    times, *states = zip(*(line.split("\t") for line in said.stdout.splitlines()), strict=True)

    assert len(times) == content.packets
    assert list(times) == sorted(times)
    assert set(Counter(state for column in states for state in column if state)) == {"1"}


def test_a_crowd_is_alive_at_the_same_time(tmp_path: Path) -> None:
    """No flow ends before the capture does."""
    content = write_crowd(tmp_path / "crowd.pcap", 500, seed=5)
    settings = config.Config()
    options = Options(files=(tmp_path / "crowd.pcap",), report="all")
    batches = list(open_engine("portable", engine_config(settings, options, build_parts(settings))))
    ended = pl.concat([batch.reports for batch in batches]).filter(pl.col("report") == "ended")

    assert content.flows == ended.height == 500
    assert set(ended["end_reason"]) == {"shutdown"}
    assert ended["server_name"].drop_nulls().len() > 200
