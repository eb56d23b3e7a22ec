"""Remembers in columns what was worked out once, in bounded memory."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import polars as pl

if TYPE_CHECKING:
    from collections.abc import Callable


class Recent:
    """Rows by number: each is made once, at first sight, and found again by a search for whole columns at a time."""

    def __init__(self, schema: pl.Schema, make: Callable[[int, int], tuple[Any, ...]], limit: int = 1 << 20) -> None:
        """Take the schema of the rows, who makes a row of a number and an example, and the most rows kept."""
        self._schema = pl.Schema([("number", pl.UInt64()), *schema.items()])
        self._make = make
        self._limit = limit
        self._rows = pl.DataFrame(schema=self._schema)

    def __len__(self) -> int:
        """Return the number of rows kept."""
        return self._rows.height

    def __call__(self, numbers: pl.Series, examples: pl.Series) -> pl.DataFrame:
        """Return the row of each number, in order; `examples` has beside each number what it was met with."""
        met = pl.DataFrame({"number": numbers, "example": examples}).unique("number", keep="any")
        if met.height > self._limit - len(self):
            self._rows = self._rows.clear()
        fresh = met.join(self._rows, on="number", how="anti")
        made = [(number, *self._make(number, example)) for number, example in fresh.iter_rows()]
        if made:
            rows = pl.DataFrame(made, schema=self._schema, orient="row")
            self._rows = pl.concat([self._rows, rows], rechunk=True).sort("number")
        return self._rows[self._rows["number"].search_sorted(numbers)].drop("number")
