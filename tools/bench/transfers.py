"""The section on the record: what registers, change lists, replayed policies and reports of many crossings take.

`python -m tools.bench.transfers [--crossings N]` measures it alone. The history is made by arithmetic, as an agent
writes it: half of all crossings stand in the register, which is far more than traffic has.
"""

from __future__ import annotations

import argparse
import os
import tempfile
from ipaddress import ip_address
from pathlib import Path
from typing import TYPE_CHECKING, Any

import polars as pl
from tools.bench.captures import ROOT
from tools.bench.live import is_short
from tools.bench.ours import program
from tools.bench.runs import run
from tools.bench.table import Floor, Section

from crossborder.prefixes import key_of
from crossborder.publish.history.files import VERSION_KEY
from crossborder.publish.history.places import file_name, hour_folder, make_folder, write_whole
from crossborder.publish.history.rows import HOUR_NS, VERSION

if TYPE_CHECKING:
    from tools.bench.setting import Setting

CROSSINGS, FEW = 10_000_000, 100_000
BEGIN = 490_896  # 2026-01-01 00:00 UTC, in hours since 1970
HOURS, GATEWAYS = 24, 2
COMMANDS = {
    "register of a day": ("register", "transfers", "--format", "csv"),
    "changes, last five hours": ("register", "changes", "--from", "2026-01-02T02:00", "--format", "csv"),
    "what if SG were allowed": ("whatif", "--allow", "VN,SG", "--format", "csv"),
    "report of a day": ("report", "--from", "2026-01-01T07:00", "--to", "2026-01-02T07:00"),
}
PROMISES = {"register of a day": 30.0, "report of a day": 30.0}
"""Seconds, of processors: half a busy machine is no other program's measure."""
_COUNTRIES = pl.Series(("SG", "US", "JP", "DE", "HK", "ZZ", "FR", "AU"))
_TAGS = pl.Series([["core:I.26"], ["core:I.25", "personal"], ["important:II.10"], ["personal"], ["other"], []])
_LOCAL = pl.Series([f"10.0.{system}.9" for system in range(60)])
_REMOTE = pl.Series([f"103.28.{number // 250}.{number % 250}" for number in range(5_000)])


def transfers(setting: Setting) -> Section:
    """Measure the commands, whole processes, on all cores."""
    return measured(FEW if is_short(setting) else CROSSINGS, setting.cores)


def measured(crossings: int, cores: tuple[int, ...]) -> Section:
    """Return the section on a history of so many crossings."""
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        write_history(folder, crossings)
        runs = {
            what: run([*program(), *words, folder, "-o", "/dev/null"], cores, ROOT) for what, words in COMMANDS.items()
        }
    rows = [
        [what, f"{one.wall:.1f} s", f"{one.processor:.1f} s", f"{one.memory / 1e6:,.0f} MB"]
        for what, one in runs.items()
    ]
    lead = (
        f"{crossings:,} crossings of a day at {GATEWAYS} gateways, of which half stand in the register; whole commands "
        f"on {len(cores)} cores, with the shipped rules."
    )
    floors = [
        Floor(
            f"{what}, {CROSSINGS:,} crossings, processor time",
            bound,
            runs[what].processor if crossings == CROSSINGS else None,
            " s",
            "at most",
        )
        for what, bound in PROMISES.items()
    ]
    return Section("The record", lead, ["", "wall", "processor", "memory"], rows, floors)


def write_history(folder: Path, crossings: int) -> None:
    """Write so many rows, spread over hours and gateways; one flow in ten has not ended with its hour."""
    share = crossings // (HOURS * GATEWAYS)
    for number in range(GATEWAYS * HOURS):
        gateway, at = divmod(number, HOURS)
        place = hour_folder(folder / f"gateway=gw-{gateway}", BEGIN + at)
        make_folder(place)
        draft = place / ".rows.draft"
        rows = _rows(share, number * share, BEGIN + at)
        rows.write_parquet(draft, compression="zstd", metadata={VERSION_KEY: str(VERSION)})
        data = draft.read_bytes()
        draft.unlink()
        write_whole(place / file_name(1, 1, data), data)


def _rows(number: int, first: int, hour: int) -> pl.DataFrame:
    """Return rows of an hour."""
    n = pl.int_range(first, first + number, dtype=pl.UInt64)
    mixed = n.hash(seed=1)
    system, remote = (mixed // 11) % 60, (mixed // 7) % 5_000
    size = 2_000 + mixed % 100_000
    counted = {
        "packets_out": pl.lit(9, pl.UInt64),
        "packets_in": pl.lit(7, pl.UInt64),
        "bytes_in": size // 9,
        "payload_out": size - 360,
        "payload_in": size // 10,
    }
    before = ("packets_out", "packets_in", "bytes_out", "bytes_in", "payload_out", "payload_in")
    columns: dict[str, Any] = dict(
        flow_id=n,
        report=pl.when(n % 10 == 0).then(pl.lit("active")).otherwise(pl.lit("ended")),
        first_ns=hour * HOUR_NS + (mixed % HOUR_NS).cast(pl.Int64),
        last_ns=hour * HOUR_NS + (mixed % HOUR_NS).cast(pl.Int64),
        local_ip=_LOCAL.gather(system),
        local_port=(mixed % 50_000).cast(pl.UInt16),
        remote_ip=_REMOTE.gather(remote),
        remote_port=pl.lit(443, pl.UInt16),
        initiator=pl.lit("local"),
        scope=pl.lit("crossing"),
        transport=pl.lit("tcp"),
        bytes_out=size,
        **counted,
        app_protocol=pl.lit("tls"),
        inspection=pl.when(n % 4 == 0).then(pl.lit("opaque")).otherwise(pl.lit("metadata")),
        server_name=pl.when(n % 4 != 0).then(pl.format("s{}.example", remote)),
        persons=pl.when(n % 100 == 1).then(_persons(mixed)),
        country=_COUNTRIES.gather(remote % len(_COUNTRIES)),
        country_basis=pl.lit("geo"),
        geo_prefix=pl.format("103.28.{}.0/24", remote // 250),
        asn=(64_500 + remote % 200).cast(pl.UInt32),
        as_org=pl.format("Operator {}", remote % 200),
        unit=pl.format("Unit {}", system % 12),
        system=pl.format("system-{}", system),
        categories=_TAGS.gather(system % len(_TAGS)),
        local_key=_keys(_LOCAL).gather(system),
        remote_key=_keys(_REMOTE).gather(remote),
        **{f"before_{name}": pl.lit(0, pl.UInt64) for name in before},
    )
    rows: pl.DataFrame = pl.select(**columns)
    return rows


def _persons(mixed: pl.Expr) -> pl.Expr:
    """Return twenty persons of one kind, of a few millions there are."""
    hashes = pl.concat_list((mixed + at).hash() % 4_000_000 for at in range(20))
    return pl.concat_list(pl.struct(kind=pl.lit("basic"), hashes=hashes))


def _keys(addresses: pl.Series) -> pl.Series:
    return pl.Series([key_of(ip_address(address).packed) for address in addresses], dtype=pl.Binary)


def main() -> None:
    """Measure."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--crossings", type=int, default=CROSSINGS)
    print(measured(parser.parse_args().crossings, tuple(sorted(os.sched_getaffinity(0)))).markdown(judged=True))


if __name__ == "__main__":
    main()
