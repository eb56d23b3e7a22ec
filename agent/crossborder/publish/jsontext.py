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

SLOT = "\0"
"""Where something is put in later; no character of the JSON written here."""

_SOME = r"(?s)\A,(.+)\z"
"""Members, each behind a comma; nothing is no match, and so null."""


class Column(NamedTuple):
    """A member that is a column of the frame, if it has that: JSON already, or, between quotes, escaped texts."""

    name: str
    quote: str = ""


def dumps(value: object) -> str:
    """Return the JSON of one value, in which no character can act on a terminal."""
    return printable(json.dumps(value, sort_keys=True, ensure_ascii=False, separators=(",", ":")))


def nested(frame: pl.DataFrame, members: Members) -> pl.Series:
    """Return the JSON of one object per row. Members are columns, JSON that all rows share, and objects again."""
    whole = _object(frame, members)
    if whole is None:
        return pl.Series([None], dtype=pl.String).new_from_index(0, frame.height)
    return frame.with_columns(whole=_concatenated(*whole.pieces))["whole"]


class _Value(NamedTuple):
    """The JSON of a value as texts and columns, one behind the other; where it is not certain, null in some rows."""

    pieces: list[str | pl.Expr]
    certain: bool


def _value(frame: pl.DataFrame, member: Column | str | Members) -> _Value | None:
    """Return the value of a member, None where no row has it."""
    if isinstance(member, str):
        return _Value([member], certain=True)
    if not isinstance(member, Column):
        return _object(frame, member)
    nulls = frame[member.name].null_count() if member.name in frame.columns else frame.height
    if nulls == frame.height:
        return None
    quote = [member.quote] if member.quote else []
    return _Value([*quote, pl.col(member.name), *quote], certain=nulls == 0)


def _object(frame: pl.DataFrame, members: Members) -> _Value | None:
    values = ((dumps(name), _value(frame, member)) for name, member in sorted(members.items()))
    told = [(f",{name}:", value) for name, value in values if value is not None]
    if not told:
        return None
    pieces = _joined(piece for key, value in told for piece in _member(key, value))
    if not any(value.certain for _, value in told):
        inner = _concatenated(*pieces).str.extract(_SOME)
        return _Value([pl.concat_str(pl.lit("{"), inner, pl.lit("}"))], certain=False)
    if isinstance(pieces[0], str):
        return _Value(_joined(["{", pieces[0][1:], *pieces[1:], "}"]), certain=True)
    return _Value(["{", _concatenated(*pieces).str.strip_prefix(","), "}"], certain=True)


def _member(key: str, value: _Value) -> list[str | pl.Expr]:
    """Return the pieces that make a member; one, null as a whole, where some rows lack it."""
    pieces = _joined([key, *value.pieces])
    return pieces if value.certain else [pl.concat_str(map(_expression, pieces))]


def _concatenated(*pieces: str | pl.Expr) -> pl.Expr:
    return pl.concat_str(map(_expression, pieces), ignore_nulls=True)


def _expression(piece: str | pl.Expr) -> pl.Expr:
    return pl.lit(piece) if isinstance(piece, str) else piece


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
    odd = frame.select(pl.col(texts).unique().str.contains(_ODD).any()).row(0) if texts else ()
    changes = [frame[name].replace(_escapes(frame[name])) for name, is_odd in zip(texts, odd, strict=True) if is_odd]
    listed = {name: escapes for name in several if (escapes := _escapes(frame[name].explode()))}
    return frame.with_columns(
        *changes, *(pl.col(name).list.eval(pl.element().replace(escapes)) for name, escapes in listed.items())
    )


def _escapes(texts: pl.Series) -> dict[str, str]:
    """Return the different texts that have something to escape, and what stands for each."""
    distinct = texts.unique()
    return {text: dumps(text)[1:-1] for text in distinct.filter(distinct.str.contains(_ODD))}
