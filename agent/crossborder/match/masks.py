"""Which rows of a frame: a column of booleans, or plainly all or none, as most answers are, which costs nothing."""

from __future__ import annotations

from typing import TYPE_CHECKING

import polars as pl

if TYPE_CHECKING:
    from collections.abc import Iterable

Mask = pl.Series | bool


def of(column: pl.Series) -> Mask:
    """Return the rows where a column of booleans without nulls is true."""
    return column if column.any() else False


def all_of(masks: Iterable[Mask]) -> Mask:
    """Return the rows that all masks hold; no mask is asked for once none are left."""
    found: Mask = True
    for mask in masks:
        found = _both(found, mask)
        if found is False:
            break
    return found


def any_of(masks: Iterable[Mask]) -> Mask:
    """Return the rows that any mask holds; no mask is asked for once all are found."""
    found: Mask = False
    for mask in masks:
        found = _either(found, mask)
        if found is True:
            break
    return found


def inverse(mask: Mask) -> Mask:
    """Return all other rows."""
    return not mask if isinstance(mask, bool) else ~mask


def column(mask: Mask, height: int) -> pl.Series:
    """Return a mask of so many rows as a column."""
    return pl.Series([mask]).new_from_index(0, height) if isinstance(mask, bool) else mask


def _both(one: Mask, other: Mask) -> Mask:
    if isinstance(one, bool):
        return other if one else False
    if isinstance(other, bool):
        return one if other else False
    return of(one & other)


def _either(one: Mask, other: Mask) -> Mask:
    if isinstance(one, bool):
        return one or other
    if isinstance(other, bool):
        return other or one
    return one | other
