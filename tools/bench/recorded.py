"""Makes a flow history as large as one wants: hours of mixed traffic, written as an agent writes them."""

from __future__ import annotations

import os
import shutil
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from ipaddress import ip_address
from typing import TYPE_CHECKING

import polars as pl
from tools.bench.captures import SEED
from tools.bench.mixed import source, write_mixed
from tools.bench.ruleset import with_content, write_config

from crossborder import app
from crossborder.demo import write_capture
from crossborder.prefixes import address_of
from crossborder.publish.history import read
from crossborder.publish.history.files import FINAL_LEVEL, draft, put
from crossborder.publish.history.places import gateway_folder, make_folder
from crossborder.publish.history.reading import stored
from crossborder.publish.history.rows import HOUR_NS, PENDING_SCHEMA

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path


GATEWAY = "bench"
HOUR_ROWS = 140_000
"""Flows an hour: a hundred million a month."""
FIRST_HOUR = 490_896  # 2026-01-01
MIXED_BYTES = 100 << 20
_MANY_NAMES = 3  # every so manyth name is one that nobody else has


def make(folder: Path, rows: int, corpus: str, scratch: Path) -> int:
    """Write a history of at least so many rows; return how many there are."""
    hour = _hour(scratch, corpus)
    hours = -(-rows // hour.height)
    make_folder(gateway_folder(folder, GATEWAY))
    with ThreadPoolExecutor(os.cpu_count()) as pool:
        return sum(pool.map(partial(_write, folder, hour), range(hours)))


def _write(folder: Path, rows: pl.DataFrame, number: int) -> int:
    """Write an hour: the same flows by other ids, at their time."""
    shift = FIRST_HOUR * HOUR_NS + number * HOUR_NS
    moved = rows.with_columns(
        pl.col("first_ns", "last_ns") + shift,
        flow_id=pl.struct("flow_id", pl.lit(number)).hash(SEED),
        hour=pl.lit(FIRST_HOUR + number, pl.Int64),
    )
    place = gateway_folder(folder, GATEWAY)
    written = draft(place, GATEWAY, FIRST_HOUR + number, (number + 1, number + 1), moved, FINAL_LEVEL)
    put(place, [written.move])
    return written.rows


def _hour(scratch: Path, corpus: str) -> pl.DataFrame:
    """Return the rows of an hour, times from its begin: a day of the demo, and the mixed traffic again and again."""
    demo, mixed = scratch / "demo.pcap", scratch / "mixed.pcap"
    write_capture(demo)
    write_mixed(mixed, source(corpus, scratch), MIXED_BYTES, SEED)
    config = with_content(write_config(scratch / "config", 1))
    with config.open("a", encoding="utf-8") as file:
        file.write("history: {directory: history, reserve: 1MiB}\n")
    planted, usual = (_recorded(config, path) for path in (demo, mixed))
    copies = (HOUR_ROWS - planted.height) // usual.height
    return pl.concat([planted, *(_elsewhere(usual, copy) for copy in range(copies))])


def _recorded(config: Path, capture: Path) -> pl.DataFrame:
    """Return the history of a capture (PENDING_SCHEMA), all of it within an hour from 0 on."""
    app.replay(config, app.Options(files=(capture,)))
    folder = config.parent / "history"
    rows = stored(read(folder).files).collect().with_columns(hour=pl.lit(0, pl.Int64))
    shutil.rmtree(folder)
    begin = (pl.col("first_ns") - pl.col("first_ns").min()) % (HOUR_NS // 2)
    lasts = (pl.col("last_ns") - pl.col("first_ns")).clip(0, HOUR_NS // 2 - 1)
    return rows.with_columns(first_ns=begin, last_ns=begin + lasts).select(PENDING_SCHEMA.names())


def _elsewhere(rows: pl.DataFrame, copy: int) -> pl.DataFrame:
    """Return rows as other hosts would have made them, at another time, some with names nobody else has."""
    later = copy * 37 % 89 * HOUR_NS // 200
    changed = rows.with_columns(
        flow_id=pl.struct("flow_id", pl.lit(copy)).hash(SEED),
        server_name=pl.when(pl.col("server_name").hash(copy) % _MANY_NAMES == 0)
        .then(pl.lit(f"h{copy}.") + pl.col("server_name"))
        .otherwise("server_name"),
        first_ns=pl.col("first_ns") + later,
        last_ns=pl.col("last_ns") + later,
    )
    return changed.with_columns(*_addresses(rows, copy))


def _addresses(rows: pl.DataFrame, copy: int) -> Iterator[pl.Series]:
    for end in ("local", "remote"):
        keys = rows[f"{end}_key"]
        known = keys.unique()
        other = [key[:14] + bytes([key[14] ^ copy & 0x0F if key[14] else 0, key[15] ^ copy]) for key in known]
        yield keys.replace_strict(known, pl.Series(other, dtype=pl.Binary))
        texts = [str(ip_address(address_of(key))) for key in other]
        yield keys.replace_strict(known, pl.Series(texts)).alias(f"{end}_ip")
