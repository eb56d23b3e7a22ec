"""What several dashboards show: coverage, unknown destinations, persons and bands."""

from __future__ import annotations

from typing import TYPE_CHECKING

from tools.dashboards import promql as q
from tools.dashboards import words
from tools.dashboards.shown import Step, Target
from tools.dashboards.tables import Column, rows
from tools.dashboards.texts import columns as c

if TYPE_CHECKING:
    from tools.dashboards.shown import Cell
    from tools.dashboards.text import Said

BAND_STEPS = (Step(None, words.GOOD), Step(0.8, words.NEAR), Step(1, words.BAD))

_FLOWS = "crossborder_egress_flows_total"
_UNKNOWN = q.rate(_FLOWS, "basis", 'basis="unknown"')
UNKNOWN_SHARE = q.share(f"({q.or_zero(f'sum({_UNKNOWN})')})", f"sum({q.rate(_FLOWS, 'basis')})")


def coverage(function: str, span: str, by: str = "") -> str:
    """Return the part of acknowledged bytes that was seen; nothing where no bytes were."""
    grouped = f" by ({by})" if by else ""
    unseen = f"sum{grouped} ({function}({q.of('crossborder_unseen_bytes_total')}[{span}]))"
    seen = f"sum{grouped} ({function}({q.of('crossborder_capture_flow_bytes_total')}[{span}]))"
    return f"1 / (1 + {unseen} / ({seen} > 0))"


def bands() -> Target:
    """Return how far each unit is into each band; of several gateways the furthest."""
    ratio = f"max by (unit, kind, category) ({q.of('crossborder_threshold_ratio')})"
    return Target(ratio, "{{unit}}: {{kind}} → {{category}}")


def persons(said: Said, *, w: int = 12) -> Cell:
    """Return persons by unit and kind with their bounds."""
    bound = "max by (unit, kind) ({})"
    columns = (
        Column("unit", c.UNIT),
        Column("kind", c.KIND, words=words.KIND),
        Column("Value #A", c.PERSONS, "locale"),
        Column("Value #B", c.LOWER, "locale"),
        Column("Value #C", c.UPPER, "locale"),
    )
    targets = (
        Target(bound.format(q.of("crossborder_persons_abroad"))),
        Target(bound.format(q.of("crossborder_persons_abroad_bound", 'bound="lower"'))),
        Target(bound.format(q.of("crossborder_persons_abroad_bound", 'bound="upper"'))),
    )
    return rows(said, targets, columns, by="Value #A", w=w)
