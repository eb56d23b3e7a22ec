"""Measures each stage on the demo's traffic in one run and prints ratios: machines differ, ratios less."""

from __future__ import annotations

import subprocess
import sys
import tempfile
import time
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

import polars as pl
from scapy.utils import PcapReader

from crossborder import config, signingkey
from crossborder.classify import Classifier
from crossborder.demo import write_capture
from crossborder.engine import open_engine
from crossborder.match import Matcher
from crossborder.opening import Options, engine_config
from crossborder.parts import build_parts
from crossborder.publish.chain import Origin
from crossborder.publish.ecs import EventMaker
from crossborder.publish.events import EventLog
from crossborder.publish.logfile import open_appenders
from crossborder.publish.metrics import Metrics
from crossborder.telling import legal_of

if TYPE_CHECKING:
    from collections.abc import Callable

    from crossborder.model import Batch
    from crossborder.parts import Parts
    from crossborder.signingkey import SigningKey

SCAPY_PACKETS = 4_000
FLOWS = (10_000, 100_000)
ROUNDS = 5


def best(call: Callable[[], object]) -> float:
    """Return the shortest of some runs in seconds: what the machine can do when left alone."""
    times = []
    for _ in range(ROUNDS):
        begin = time.perf_counter()
        call()
        times.append(time.perf_counter() - begin)
    return min(times)


def measure_engine(capture: Path, parts: Parts) -> list[Batch]:
    """Time the portable engine against scapy's own dissection of the same capture."""
    begin = time.perf_counter()
    batches = list(open_engine("portable", engine_config(parts.settings, Options(files=(capture,)), parts)))
    ours = (time.perf_counter() - begin) / sum(books.packets for books in batches[-1].books)
    begin = time.perf_counter()
    with PcapReader(str(capture)) as packets:
        for _ in range(SCAPY_PACKETS):
            packets.read_packet()
    scapy = (time.perf_counter() - begin) / SCAPY_PACKETS
    print(
        f"engine portable  {1 / ours:>9,.0f} packets/s: flows and names, {scapy / ours:.1f} x scapy's dissection alone"
    )
    return batches


def repeated(batches: list[Batch], flows: int) -> Batch:
    """Return one batch of that many flows: the demo's, repeated under other ids and addresses."""
    reports = pl.concat([batch.reports for batch in batches]).unique("flow_id", maintain_order=True)
    copies = pl.DataFrame({"copy": range(-(-flows // reports.height))}, schema={"copy": pl.UInt64})
    many = reports.join(copies, how="cross").head(flows)
    address = pl.format(
        "103.{}.{}.{}",
        pl.int_range(pl.len()) // 65536,
        pl.int_range(pl.len()) // 256 % 256,
        pl.int_range(pl.len()) % 256,
    )
    many = many.with_columns(pl.col("flow_id") ^ (pl.col("copy") * (1 << 40)), remote_ip=address).select(
        reports.columns
    )
    return replace(batches[-1], reports=many)


def measure_stages(batches: list[Batch], parts: Parts) -> None:
    """Time classify with cold and warm memory, match with the shipped rules, and metrics."""
    rules = len(parts.ruleset.enabled)
    for flows in FLOWS:
        batch = repeated(batches, flows)
        classifier = Classifier(build_parts(parts.settings).geography, parts.assets)
        begin = time.perf_counter()
        crossings = classifier(batch)
        cold = time.perf_counter() - begin
        warm = best(lambda batch=batch, classifier=classifier: classifier(batch))
        match = best(lambda crossings=crossings: Matcher(parts.ruleset)(crossings))
        findings = Matcher(parts.ruleset)(crossings)
        publish = best(
            lambda b=batch, c=crossings, f=findings: Metrics("bench", "", process=False)(b, c, f),
        )
        print(
            f"{flows:>7,} new flows  classify {cold * 1e3:6.1f} ms ({cold / flows * 1e6:.2f} us a flow; "
            f"seen before {warm * 1e3:.1f} ms)  {rules} rules {match * 1e3:6.1f} ms, {findings.height:,} findings  "
            f"metrics {publish * 1e3:5.1f} ms"
        )


def measure_events(batches: list[Batch], parts: Parts) -> None:
    """Time events with the chain on: made, linked, appended to a file; beside making them alone, and signed."""
    batch = repeated(batches, FLOWS[0])
    findings = Matcher(parts.ruleset)(Classifier(parts.geography, parts.assets)(batch))
    findings = findings.filter(pl.col("phase") != "continued")
    maker = EventMaker("bench", "")
    maker.ruleset(parts.ruleset.sha256, 1, {rule.name: legal_of(rule) for rule in parts.ruleset.enabled})
    made = best(lambda: maker.lines(findings, slots=True).cast(pl.Binary).to_list())
    with tempfile.TemporaryDirectory() as folder:
        signer = signingkey.make(Path(folder) / "events.key")
        whole = _appended(Path(folder) / "plain", maker, batch, findings, None)
        signed = _appended(Path(folder) / "signed", maker, batch, findings, signer)
    count = findings.height
    print(
        f"{count:>7,} events     {count / whole:>9,.0f} events/s made, chained and appended "
        f"({whole / made:.2f} x making them alone); signed every 1,000 {count / signed:,.0f}"
    )


def _appended(path: Path, maker: EventMaker, batch: Batch, findings: pl.DataFrame, signer: SigningKey | None) -> float:
    log = EventLog(maker, open_appenders(path, stdout=False, origin=Origin("bench", signer=signer)), lambda **_: None)
    seconds = best(lambda: log(batch, findings, findings))
    log.close()
    return seconds


def measure_start() -> None:
    """Time the commands people wait for."""
    for words in (("version",), ("check",)):
        seconds = best(
            lambda words=words: subprocess.run(
                [sys.executable, "-m", "crossborder", *words], check=True, capture_output=True
            )
        )
        print(f"crossborder {words[0]:10} {seconds:.2f} s")


def main() -> None:
    """Run everything."""
    parts = build_parts(config.Config(assets=config.data_folder("examples") / "assets.yaml"))
    with tempfile.TemporaryDirectory() as folder:
        capture = Path(folder) / "demo.pcap"
        write_capture(capture)
        batches = measure_engine(capture, parts)
        measure_stages(batches, parts)
        measure_events(batches, parts)
    measure_start()


if __name__ == "__main__":
    main()
