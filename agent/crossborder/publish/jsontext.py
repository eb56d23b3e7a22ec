"""JSON written a column at a time, as `json.dumps` writes it with sorted keys, and safe to show on a terminal.

What is null is no member of an object, and an object without members is null.
"""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, NamedTuple

import polars as pl

from crossborder.telemetry import CONTROLS, printable

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    Members = Mapping[str, "Column | str | Members"]

_ODD = f'["\\\\{CONTROLS}]'  # what cannot stand in a JSON string as it is, or shall not


class Column(NamedTuple):
    """A member that is a column of the frame, if it has that: JSON already, or, between quotes, escaped texts."""

    name: str
    quote: str = ""


def dumps(value: object) -> str:
    """Return the JSON of one value, in which no character can act on a terminal."""
    return printable(json.dumps(value, sort_keys=True, ensure_ascii=False, separators=(",", ":")))


def nested(frame: pl.DataFrame, members: Members) -> pl.Series:
    """Return the JSON of one object per row. Members are columns, JSON that all rows share, and objects again."""
    pieces = _joined(p for name, member in sorted(members.items()) for p in _member(frame, f",{dumps(name)}:", member))
    same = [piece for piece in pieces if isinstance(piece, str)]
    if len(same) == len(pieces):
        return pl.repeat(f"{{{same[0][1:]}}}" if same else None, frame.height, dtype=pl.String, eager=True)
    if same and pieces[0] is same[0]:
        return frame.select(_concatenated("{" + same[0][1:], *pieces[1:], "}")).to_series()
    inner = frame.select(inner=_concatenated(*pieces).str.strip_prefix(","))
    whole = _concatenated("{", pl.col("inner"), "}")
    return inner.select(whole if same else pl.when(pl.col("inner") != "").then(whole)).to_series()


def _concatenated(*pieces: str | pl.Expr) -> pl.Expr:
    return pl.concat_str([pl.lit(piece) if isinstance(piece, str) else piece for piece in pieces], ignore_nulls=True)


def _member(frame: pl.DataFrame, key: str, member: Column | str | Members) -> list[str | pl.Expr]:
    """Return the texts that make a member; one expression, null as a whole, where some rows lack it."""
    if isinstance(member, str):
        return [key + member]
    if isinstance(member, Column) and member.name not in frame.columns:
        return []
    quote = member.quote if isinstance(member, Column) else ""
    values = frame[member.name] if isinstance(member, Column) else nested(frame, member)
    if values.null_count() == len(values):
        return []
    value = pl.col(member.name) if isinstance(member, Column) else pl.lit(values)
    pieces: list[str | pl.Expr] = [key + quote, value, quote]
    return pieces if values.null_count() == 0 else [pl.concat_str(pl.lit(key + quote), value, pl.lit(quote))]


def _joined(pieces: Iterable[str | pl.Expr]) -> list[str | pl.Expr]:
    """Join texts that follow each other."""
    joined: list[str | pl.Expr] = []
    for piece in pieces:
        last = joined[-1] if joined else None
        if isinstance(piece, str) and isinstance(last, str):
            joined[-1] = last + piece
        else:
            joined.append(piece)
    return joined


def texts(column: str) -> pl.Expr:
    """Return the JSON of lists of escaped texts; null for empty ones."""
    return _listed(column, '["', '","', '"]')


def array(column: str) -> pl.Expr:
    """Return the JSON of lists of JSON; null for empty ones."""
    return _listed(column, "[", ",", "]")


def _listed(column: str, begin: str, between: str, end: str) -> pl.Expr:
    items = pl.col(column).list
    return pl.when(items.len() > 0).then(pl.concat_str(pl.lit(begin), items.join(between), pl.lit(end))).alias(column)


def escaped(frame: pl.DataFrame) -> pl.DataFrame:
    """Return a frame whose texts, and lists of texts, stand as they do between the quotes of a JSON string."""
    texts = [column.name for column in frame.iter_columns() if column.dtype == pl.String]
    several = [column.name for column in frame.iter_columns() if column.dtype == pl.List(pl.String)]
    odd = frame.select(pl.col(name).unique().str.contains(_ODD).any() for name in texts).row(0) if texts else ()
    changes = [frame[name].replace(_escapes(frame[name])) for name, is_odd in zip(texts, odd, strict=True) if is_odd]
    listed = {name: escapes for name in several if (escapes := _escapes(frame[name].explode()))}
    return frame.with_columns(
        *changes, *(pl.col(name).list.eval(pl.element().replace(escapes)) for name, escapes in listed.items())
    )


def _escapes(texts: pl.Series) -> dict[str, str]:
    """Return the different texts that have something to escape, and what stands for each."""
    distinct = texts.unique()
    return {text: dumps(text)[1:-1] for text in distinct.filter(distinct.str.contains(_ODD))}
