"""Measures the report: seconds for its figures and its page, of a history of many crossings.

`python -m tools.bench.reporting [--crossings N] [--days N]` prints them; the promise is 10 million in 30 seconds.
"""

from __future__ import annotations

import argparse
import resource
import tempfile
import time
from datetime import UTC, datetime, timedelta
from itertools import pairwise
from pathlib import Path

import polars as pl

from crossborder import config
from crossborder.publish.history.files import LEVEL, draft, put
from crossborder.publish.history.places import gateway_folder, hour_of
from crossborder.publish.history.rows import PENDING_SCHEMA
from crossborder.review.record import open_record
from crossborder.review.report.making import gather
from crossborder.review.report.page import page
from crossborder.review.report.survey import survey

SINCE = datetime(2026, 3, 1, tzinfo=UTC)
_COUNTRIES = ["DE", "US", "CN", "SG", "JP", "FR", "GB", "HK", "TW", "KR", "AU", "NL", "ZZ", "IE", "TH"]
_TAGS = [["core:I.26", "personal"], ["important:II.10"], ["core:I.4"], ["other"], []]
_SYSTEMS, _SERVERS, _OFTEN = 200, 5_000, 25
"""Systems, servers abroad, and how many of these each system talks to."""


def write(folder: Path, crossings: int, days: int) -> None:
    """Write a history of so many rows, spread evenly over the hours of some days."""
    hours = days * 24
    for n in range(hours):
        height = crossings * (n + 1) // hours - crossings * n // hours
        hour = hour_of(SINCE + timedelta(hours=n))
        place = gateway_folder(folder, "bench")
        put(place, [draft(place, "bench", hour, (n + 1, n + 1), _rows(height, hour, n), LEVEL).move])


def _rows(height: int, hour: int, seed: int) -> pl.DataFrame:
    """Return rows of an hour: systems that each talk to some servers, in fifteen countries, sizes of every order."""
    n = pl.int_range(height, eager=True).alias("n")
    frame = pl.DataFrame({"n": n, "chance": n.hash(seed)})
    chance = pl.col("chance")
    system = chance % _SYSTEMS
    server = (system * 37 + chance // 1000 % _OFTEN) % _SERVERS
    size = 10 ** (2 + chance // 10**9 % 6) + chance // 10**12 % 10_000
    begin = hour * 3_600 * 10**9 + chance // 7 % 3_000 * 10**9
    values = {
        "flow_id": chance,
        "report": pl.lit("ended"),
        "first_ns": begin,
        "last_ns": begin + 10**9,
        "transport": pl.lit("tcp"),
        "initiator": pl.lit("local"),
        "scope": pl.lit("crossing"),
        "interface": pl.lit("eth0"),
        "local_ip": pl.format("10.20.{}.{}", system // 250, system % 250),
        "remote_ip": pl.format("198.51.{}.{}", server // 250 % 250, server % 250),
        "packets_out": size // 1000 + 1,
        "packets_in": pl.lit(4),
        "bytes_out": size,
        "bytes_in": pl.lit(400),
        "payload_out": size - 40,
        "payload_in": pl.lit(200),
        "app_protocol": pl.lit("tls"),
        "inspection": _one(["opaque", "metadata", "metadata", "cleartext"], chance),
        "server_name": pl.format("host-{}.example", server),
        "country": _one(_COUNTRIES, server),
        "country_basis": pl.lit("geo"),
        "geo_database": pl.lit("bench"),
        "geo_build": pl.lit(1_770_000_000),
        "geo_prefix": pl.lit("198.51.0.0/16"),
        "as_org": pl.when(server % 3 > 0).then(pl.format("Operator {}", server % 2_000)),
        "unit": pl.format("Unit {}", system % 20),
        "system": pl.format("system-{}", system),
        "owner": pl.lit("owner"),
        "categories": pl.lit(pl.Series([_TAGS])).list.get(system % len(_TAGS)),
        "hour": pl.lit(hour),
    }
    told = {name: values.get(name, pl.lit(0 if name.startswith("before_") else None)) for name in PENDING_SCHEMA}
    return frame.select(expr.cast(PENDING_SCHEMA[name], strict=False).alias(name) for name, expr in told.items())


def _one(values: list[str], chance: pl.Expr) -> pl.Expr:
    return pl.lit(pl.Series([values])).list.get(chance % len(values))


def main() -> None:
    """Measure, and say it."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--crossings", type=int, default=10_000_000)
    parser.add_argument("--days", type=int, default=31)
    given = parser.parse_args()
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        write(folder, given.crossings, given.days)
        size = sum(path.stat().st_size for path in folder.rglob("*.parquet"))
        until = SINCE + timedelta(days=given.days)
        watch = [_spent()]
        survey(open_record(folder, SINCE, until), SINCE, until)
        watch.append(_spent())
        sources = gather(folder, config.Config(), SINCE, until)
        watch.append(_spent())
        html = page(sources, "vi")
        watch.append(_spent())
    figures, gathered, paged = (
        f"{now[0] - then[0]:.1f} s ({now[1] - then[1]:.1f} s of processors)" for then, now in pairwise(watch)
    )
    print(f"{given.crossings:,} crossings, {size / 1e6:.0f} MB, {sources.transfers.height:,} transfers")
    print(f"figures alone {figures}; figures and register {gathered}; the page, {len(html) / 1000:.0f} kB, {paged}")
    print(f"{resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1e6:.2f} GB")


def _spent() -> tuple[float, float]:
    return time.perf_counter(), time.process_time()


if __name__ == "__main__":
    main()
