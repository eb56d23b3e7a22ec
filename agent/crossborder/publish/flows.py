"""The flows file: one row a flow, its reports summed, written as flows end; JSON lines, CSV or Parquet by the name."""

from __future__ import annotations

import shutil
import tempfile
from pathlib import Path
from typing import IO, TYPE_CHECKING

import polars as pl

from crossborder.errors import CrossborderError
from crossborder.model import CLASSIFY_COLUMNS, REPORT_COLUMNS, schema
from crossborder.publish.columns import UNITED, summed

if TYPE_CHECKING:
    from collections.abc import Callable

    from crossborder.model import Batch, Column

PART_ROWS = 65_536
"""Ended flows gathered before they are written as a part of a Parquet file."""

COLUMNS = tuple(c for c in (*REPORT_COLUMNS, *CLASSIFY_COLUMNS) if c.dtype != pl.Binary and c.name != "report")
FLOW_SCHEMA = schema(COLUMNS)
_ORDER = ["first_ns", "flow_id"]


_SUMMED = [summed(c).alias(c.name) for c in COLUMNS if c.name != "flow_id"]
_LISTS = [*UNITED, *(c.name for c in COLUMNS if c.kind == "delta" and isinstance(c.dtype, pl.List))]
_MEASURED = [pl.col(name).count().alias(f"{name} measured") for name in _LISTS]


def sum_reports(reports: pl.DataFrame) -> pl.DataFrame:
    """Return one row a flow from reports in the order of time.

    Keys are the first, deltas summed, totals and states the last; what was found of one report is united.
    """
    flows = reports.group_by("flow_id", maintain_order=True).agg(*_SUMMED, pl.col("report").last(), *_MEASURED)
    nulls = [pl.when(pl.col(f"{name} measured") > 0).then(pl.col(name)).alias(name) for name in _LISTS]
    return flows.with_columns(nulls).select(*FLOW_SCHEMA.names(), "report")


class FlowsFile:
    """A sink that writes flows as they end, and at the end those that still live. Holds living flows only."""

    name = "flows"

    def __init__(self, path: Path) -> None:
        """Open a file named *.jsonl, *.csv or *.parquet; what it held before is gone.

        Raises CrossborderError for another suffix or where it cannot be written.
        """
        self.path = path
        self._living = pl.DataFrame(schema={**FLOW_SCHEMA, "report": REPORT_COLUMNS[1].dtype})
        self._broken = ""
        if path.suffix not in _WRITERS:
            raise CrossborderError.at(path, "flows are written as .jsonl, .csv or .parquet: choose one of these names")
        try:
            self._writer = _WRITERS[path.suffix](path)
        except OSError as error:
            raise CrossborderError.at(path, f"flows cannot be written: {error.strerror or error}") from None

    def __call__(self, batch: Batch, crossings: pl.DataFrame, findings: pl.DataFrame) -> None:
        """Take the reports of one batch and write the flows that ended; raises when they cannot be, then no more."""
        del batch, findings
        if self._broken or crossings.is_empty():
            return
        new = crossings.select(*FLOW_SCHEMA.names(), "report")
        going_on = self._living.join(new, on="flow_id", how="semi")
        at_rest = self._living.join(new, on="flow_id", how="anti")
        flows = sum_reports(pl.concat([going_on, new]))
        ended = flows["report"] == "ended"
        self._living = pl.concat([at_rest, flows.filter(~ended)])
        self._write(flows.filter(ended))

    def close(self) -> None:
        """Write the flows that still live and close the file; CrossborderError when any flow could not be written."""
        if not self._broken:
            self._guarded(lambda: self._write(self._living))
        self._guarded(self._writer.close)
        if self._broken:
            raise CrossborderError.at(self.path, f"flows could not all be written: {self._broken}")

    def _write(self, flows: pl.DataFrame) -> None:
        try:
            self._writer.write(flows.select(FLOW_SCHEMA.names()).sort(_ORDER))
        except (OSError, pl.exceptions.PolarsError) as error:
            self._broken = _reason(error)
            self._living = self._living.clear()
            raise

    def _guarded(self, act: Callable[[], None]) -> None:
        try:
            act()
        except (OSError, pl.exceptions.PolarsError) as error:
            self._broken = self._broken or _reason(error)


def _reason(error: Exception) -> str:
    """Return the system's own words, without the number that Polars adds."""
    words = (error.strerror if isinstance(error, OSError) else None) or str(error).split("\n")[0]
    return words.split(" (os error")[0]


class _Lines:
    """JSON lines: every column in every line, null where not known."""

    def __init__(self, path: Path) -> None:
        self._file: IO[bytes] = path.open("wb")

    def write(self, flows: pl.DataFrame) -> None:
        flows.write_ndjson(self._file)
        self._file.flush()

    def close(self) -> None:
        self._file.close()


class _Csv:
    """CSV with a header; lists joined by `;`. Text a spreadsheet would run as a formula gets a leading apostrophe."""

    def __init__(self, path: Path) -> None:
        self._file: IO[bytes] = path.open("wb")
        self._write(pl.DataFrame(schema=FLOW_SCHEMA), header=True)

    def write(self, flows: pl.DataFrame) -> None:
        self._write(flows, header=False)

    def _write(self, flows: pl.DataFrame, *, header: bool) -> None:
        flows.with_columns(_FLAT).write_csv(self._file, include_header=header)
        self._file.flush()

    def close(self) -> None:
        self._file.close()


def _flat(column: Column) -> pl.Expr | None:
    if column.name == "detections":
        counts = pl.element().struct.field("detector") + ":" + pl.element().struct.field("matches").cast(pl.String)
        return pl.col(column.name).list.eval(counts).list.join(";")
    if column.name == "persons":
        hashes = pl.element().struct.field("hashes").list.len()
        counts = pl.element().struct.field("kind") + ":" + hashes.cast(pl.String)
        return pl.col(column.name).list.eval(counts).list.join(";")
    if isinstance(column.dtype, pl.List):
        return _inert(
            pl.col(column.name).list.eval(pl.element().str.replace_all(";", r"\;", literal=True)).list.join(";")
        )
    return _inert(pl.col(column.name)) if column.dtype == pl.String else None


def _inert(text: pl.Expr) -> pl.Expr:
    """Put an apostrophe before what a spreadsheet would take for a formula: names come from the wire."""
    return pl.when(text.str.contains(r"\A[=+\-@\t\r]")).then(pl.lit("'") + text).otherwise(text).name.keep()


_FLAT = [flat for flat in map(_flat, COLUMNS) if flat is not None]


class _Parquet:
    """Parquet: parts beside the file while flows end, joined and put in its place at once at the end."""

    def __init__(self, path: Path) -> None:
        self._path = path
        if path.is_dir():
            raise IsADirectoryError(None, "it is a folder")
        self._folder = Path(tempfile.mkdtemp(prefix=f".{path.name}.", dir=path.parent))
        self._parts: list[Path] = []
        self._waiting: list[pl.DataFrame] = []

    def write(self, flows: pl.DataFrame) -> None:
        self._waiting.append(flows)
        if sum(frame.height for frame in self._waiting) >= PART_ROWS:
            self._part()

    def _part(self) -> None:
        part = self._folder / f"{len(self._parts):06d}.parquet"
        pl.concat(self._waiting).write_parquet(part)
        self._parts.append(part)
        self._waiting = []

    def close(self) -> None:
        try:
            self._waiting.append(pl.DataFrame(schema=FLOW_SCHEMA))
            self._part()
            whole = self._folder / "whole.parquet"
            pl.scan_parquet(self._parts).sink_parquet(whole)
            whole.replace(self._path)
        finally:
            shutil.rmtree(self._folder, ignore_errors=True)


_WRITERS: dict[str, type[_Lines | _Csv | _Parquet]] = {".jsonl": _Lines, ".csv": _Csv, ".parquet": _Parquet}
