"""Makes a history of many crossings without traffic: rows as an agent writes them, of flows made by arithmetic."""

from __future__ import annotations

from typing import TYPE_CHECKING

import polars as pl

from crossborder.publish.history.files import VERSION_KEY
from crossborder.publish.history.places import file_name, hour_folder, make_folder, write_whole
from crossborder.publish.history.rows import HOUR_NS, VERSION

if TYPE_CHECKING:
    from pathlib import Path

BEGIN = 490_896  # 2026-01-01 00:00 UTC, in hours since 1970
COUNTRIES = ("SG", "US", "JP", "DE", "HK", "ZZ", "FR", "AU")
TAGS = (["core:I.26"], ["core:I.25", "personal"], ["important:II.10"], ["personal"], ["other"], [])
"""What the systems hold: of six, three hold data that stand in the register."""


def write_history(folder: Path, crossings: int, hours: int = 24, gateways: int = 2) -> None:
    """Write so many rows, spread over hours and gateways; one flow in ten goes on in the next hour."""
    share = crossings // (hours * gateways)
    for gateway in range(gateways):
        for at in range(hours):
            rows = _rows(share, (gateway * hours + at) * share, BEGIN + at)
            place = hour_folder(folder / f"gateway=gw-{gateway}", BEGIN + at)
            make_folder(place)
            draft = place / ".rows.draft"
            rows.write_parquet(draft, compression="zstd", metadata={VERSION_KEY: str(VERSION)})
            data = draft.read_bytes()
            draft.unlink()
            write_whole(place / file_name(1, 1, data), data)


def _rows(number: int, first: int, hour: int) -> pl.DataFrame:
    """Return rows of an hour."""
    n = pl.int_range(first, first + number, dtype=pl.UInt64)
    mixed = n.hash(seed=1)
    system = (mixed // 11) % 60
    begin = hour * HOUR_NS + (mixed % HOUR_NS).cast(pl.Int64)
    size = 2_000 + mixed % 100_000
    remote = (mixed // 7) % 5_000
    lives = n % 10 == 0
    tags = pl.Series("tags", TAGS, dtype=pl.List(pl.String))
    server = pl.format("s{}.example", remote)
    return pl.select(
        flow_id=n,
        report=pl.when(lives).then(pl.lit("active")).otherwise(pl.lit("ended")),
        first_ns=begin,
        last_ns=begin + 10**9,
        local_ip=pl.format("10.0.{}.9", system),
        local_port=(mixed % 50_000).cast(pl.UInt16),
        remote_ip=pl.format("103.28.{}.{}", remote // 250, remote % 250),
        remote_port=pl.lit(443, pl.UInt16),
        initiator=pl.lit("local"),
        scope=pl.lit("crossing"),
        transport=pl.lit("tcp"),
        packets_out=pl.lit(9, pl.UInt64),
        packets_in=pl.lit(7, pl.UInt64),
        bytes_out=size,
        bytes_in=size // 9,
        payload_out=size - 360,
        payload_in=size // 10,
        app_protocol=pl.lit("tls"),
        inspection=pl.when(n % 4 == 0).then(pl.lit("opaque")).otherwise(pl.lit("metadata")),
        server_name=pl.when(n % 4 != 0).then(server),
        country=pl.Series(COUNTRIES).gather(remote % len(COUNTRIES)),
        country_basis=pl.lit("geo"),
        geo_prefix=pl.format("103.28.{}.0/24", remote // 250),
        asn=(64_500 + remote % 200).cast(pl.UInt32),
        as_org=pl.format("Operator {}", remote % 200),
        unit=pl.format("Unit {}", system % 12),
        system=pl.format("system-{}", system),
        categories=tags.gather(system % len(TAGS)),
        local_key=_key(pl.lit(0x0A000009, pl.UInt64) + system * 256),
        remote_key=_key(pl.lit(0x671C0000, pl.UInt64) + remote),
        **{f"before_{name}": pl.lit(0, pl.UInt64) for name in _BEFORE},
    )


_BEFORE = ("packets_out", "packets_in", "bytes_out", "bytes_in", "payload_out", "payload_in")


def _key(number: pl.Expr) -> pl.Expr:
    """Return addresses of IPv4 as keys of 16 bytes."""
    return pl.concat_str(
        pl.lit("00000000000000000000ffff"), number.cast(pl.UInt32).map_batches(_hex, pl.String)
    ).str.decode("hex")


def _hex(numbers: pl.Series) -> pl.Series:
    return numbers.bin.encode("hex") if numbers.dtype == pl.Binary else pl.Series([f"{n:08x}" for n in numbers])
