"""What a section of the benchmark says: rows, floors with their verdicts, and all of it as Markdown."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Literal, NamedTuple


class Floor(NamedTuple):
    """A promise of the project and what was measured of it; None: it could not be measured here."""

    promise: str
    bound: float
    measured: float | None
    unit: str = ""
    sense: Literal["at least", "at most"] = "at least"

    @property
    def holds(self) -> bool | None:
        """Tell whether the promise is kept; None when nobody measured."""
        if self.measured is None:
            return None
        return self.measured >= self.bound if self.sense == "at least" else self.measured <= self.bound

    def row(self, *, judged: bool) -> list[str]:
        """Return promise, bound, measurement and verdict as text."""
        measured = "not measured" if self.measured is None else _number(self.measured) + self.unit
        verdict = {True: "holds", False: "**fails**", None: "-"}[self.holds if judged else None]
        return [self.promise, f"{self.sense} {_number(self.bound)}{self.unit}", measured, verdict]


@dataclass(slots=True)
class Section:
    """One part of the report."""

    title: str
    lead: str
    columns: list[str] = field(default_factory=list)
    rows: list[list[str]] = field(default_factory=list)
    floors: list[Floor] = field(default_factory=list)
    notes: list[str] = field(default_factory=list)

    def markdown(self, *, judged: bool) -> str:
        """Return the section; floors get a verdict only where they were measured as they are meant."""
        parts = [f"## {self.title}", self.lead]
        if self.rows:
            parts.append(table(self.columns, self.rows))
        if self.floors:
            rows = [floor.row(judged=judged) for floor in self.floors]
            parts.append(table(["Floor", "promised", "measured", ""], rows))
        parts += ["\n".join(f"- {note}" for note in self.notes)] if self.notes else []
        return "\n\n".join(parts) + "\n"


def table(columns: list[str], rows: list[list[str]]) -> str:
    """Return a Markdown table that can be read as it is: columns aligned, numbers to the right."""
    right = [number > 0 and all(_is_number(row[number]) for row in rows) for number in range(len(columns))]
    widths = [max(3, *(len(row[number]) for row in (columns, *rows))) for number in range(len(columns))]

    def line(cells: list[str]) -> str:
        parts = (c.rjust(w) if r else c.ljust(w) for c, w, r in zip(cells, widths, right, strict=True))
        return f"| {' | '.join(parts)} |"

    rule = "|".join("-" * (w + 1) + ":" if r else "-" * (w + 2) for w, r in zip(widths, right, strict=True))
    return "\n".join([line(columns), f"|{rule}|", *map(line, rows)])


def _is_number(cell: str) -> bool:
    return cell.lstrip("<-")[:1].isdigit() or cell in {"", "-"}


def _number(value: float) -> str:
    """Return a number with as many digits as a reader can use."""
    if value >= 100:
        return f"{value:,.0f}"
    text = f"{value:.2f}" if value >= 1 else f"{value:.3f}"
    return text.rstrip("0").rstrip(".") or "0"
