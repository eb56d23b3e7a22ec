"""Writes what commands made of the record: a table for a terminal, CSV, JSON or Parquet, safe to show and to open."""

from __future__ import annotations

import json
import sys
from datetime import date, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple

import click

from crossborder.telemetry import printable

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
    from typing import IO

    import polars as pl

    from crossborder.publish.history.gathering import LeftOut
    from crossborder.review.record import Gap

FORMULA = ("=", "+", "-", "@")
"""What a spreadsheet takes for a formula at the beginning of a cell; an apostrophe before it makes it text."""
LISTED = " "  # between the values of a list in a cell

format_option = click.option(
    "--format",
    "form",
    type=click.Choice(["table", "csv", "json", "parquet"]),
    default="table",
    show_default=True,
    help="table is for people, the others have every column.",
)
out_option = click.option("-o", "--out", type=click.Path(path_type=Path, dir_okay=False), help="File to write.")


class Column(NamedTuple):
    """A column of a table for a terminal."""

    head: str
    width: int
    cell: Callable[[Mapping[str, Any]], str]
    right: bool = False


class Lacks(NamedTuple):
    """What is not in the rows, and might have been."""

    left_out: Sequence[LeftOut]  # files that could not be read
    gaps: Sequence[Gap] = ()
    silent: Sequence[str] = ()  # gateways that recorded before, and nothing in the time asked

    def sentences(self) -> Iterator[str]:
        """Yield what a person must know before the rows."""
        for path, why in self.left_out:
            yield f"{path}: left out: {why}"
        for gateway, since, until in self.gaps:
            hours = f"from {since:%Y-%m-%d %Hh} to {until:%Y-%m-%d %Hh} UTC"
            yield f"{gateway}: no rows {hours}, and nothing says that an agent recorded"
        for gateway in self.silent:
            yield f"{gateway}: recorded before, and nothing in this time: what it saw may go on unseen"

    def data(self) -> dict[str, Any]:
        """Return the same for programs."""
        left_out = [{"path": printable(str(path)), "why": printable(why)} for path, why in self.left_out]
        gaps = [{"gateway": printable(g.gateway), "from": said(g.since), "to": said(g.until)} for g in self.gaps]
        silent = {"silent_gateways": [printable(name) for name in self.silent]} if self.silent else {}
        return {"left_out": left_out, "gaps": gaps, **silent}


class Sheet(NamedTuple):
    """What is written: rows, how a terminal shows them, and what is told of them all."""

    name: str  # of the rows, in JSON
    rows: pl.DataFrame
    columns: Sequence[Column]
    group: Callable[[Mapping[str, Any]], str]  # rows of one are under one line
    about: Mapping[str, Any]
    lacks: Lacks  # told first


def said(at: datetime | None) -> str | None:
    """Return a moment as data tell it."""
    return at.isoformat().replace("+00:00", "Z") if at else None


def write(sheet: Sheet, form: str, out: Path | None) -> None:
    """Write a sheet to a file or to standard output; first says on standard error what could not be read.

    Raises CrossborderError when the file cannot be written.
    """
    for sentence in sheet.lacks.sentences():
        click.echo(printable(sentence), err=True)
    if out is None:
        _put(sheet, form, sys.stdout.buffer)
        return
    from crossborder.errors import CrossborderError

    try:
        with out.open("wb") as file:
            _put(sheet, form, file)
    except OSError as error:
        raise CrossborderError.at(out, f"cannot be written: {error.strerror or error}") from None


def _put(sheet: Sheet, form: str, file: IO[bytes]) -> None:
    if form == "parquet":
        if file.isatty():
            raise click.UsageError("Parquet is not for a terminal: name a file with -o.")
        sheet.rows.write_parquet(file, metadata={"crossborder.about": json.dumps(_about(sheet), ensure_ascii=False)})
    elif form == "csv":
        file.write(_safe(sheet.rows).write_csv(datetime_format="%Y-%m-%dT%H:%M:%S.%6fZ").encode())
    elif form == "json":
        file.writelines(part.encode() for part in _json(sheet))
    else:
        file.writelines(f"{line}\n".encode() for line in _table(sheet))
    file.flush()


def _about(sheet: Sheet) -> dict[str, Any]:
    return {**sheet.lacks.data(), **sheet.about}


def _safe(rows: pl.DataFrame) -> pl.DataFrame:
    """Return rows of cells: lists as one text, control characters written out, nothing that calculates."""
    import polars as pl

    texts = [
        (pl.col(name).list.join(LISTED) if isinstance(dtype, pl.List) else pl.col(name)).cast(pl.String)
        for name, dtype in rows.schema.items()
        if isinstance(dtype, pl.List | pl.String)
    ]
    return rows.with_columns(text.map_elements(_cell, pl.String) for text in texts)


def _cell(text: str) -> str:
    shown = printable(text)
    return f"'{shown}" if shown.startswith(FORMULA) else shown


def _json(sheet: Sheet) -> Iterator[str]:
    """Yield one JSON object, a row on a line of its own."""
    about = json.dumps(_about(sheet), ensure_ascii=False)
    yield f'{about[:-1]}, "{sheet.name}": ['
    for at, row in enumerate(sheet.rows.iter_rows(named=True)):
        yield f"{',' if at else ''}\n{json.dumps({k: _plain(v) for k, v in row.items()}, ensure_ascii=False)}"
    yield "\n]}\n" if sheet.rows.height else "]}\n"


def _plain(value: Any) -> Any:  # noqa: ANN401 - whatever a cell holds
    if isinstance(value, str):
        return printable(value)
    if isinstance(value, list):
        return [_plain(one) for one in value]
    if isinstance(value, datetime):
        return value.isoformat(timespec="microseconds").replace("+00:00", "Z")
    return value.isoformat() if isinstance(value, date) else value


def _table(sheet: Sheet) -> Iterator[str]:
    """Yield the lines of a table, no wider than its columns: longer texts end in an ellipsis."""
    yield _line((column, column.head) for column in sheet.columns)
    group: str | None = None
    for row in sheet.rows.iter_rows(named=True):
        if (named := printable(sheet.group(row))) != group:
            yield from ("", named)
            group = named
        yield _line((column, printable(column.cell(row))) for column in sheet.columns)


def _line(cells: Iterable[tuple[Column, str]]) -> str:
    shown = []
    for column, text in cells:
        cut = text if len(text) <= column.width else f"{text[: column.width - 1]}…"
        shown.append(cut.rjust(column.width) if column.right else cut.ljust(column.width))
    return " ".join(shown).rstrip()
