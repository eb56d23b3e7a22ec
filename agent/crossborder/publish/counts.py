"""Adds up a batch by labels: metric → labels → how much more."""

from __future__ import annotations

from typing import TYPE_CHECKING

import polars as pl

from crossborder.model import gravest
from crossborder.publish.columns import CROSSES, FIRST_OUT, TRANSITS, country, named

if TYPE_CHECKING:
    from crossborder.publish.series import Labels

FINDING_LABELS = [named("rule"), named("category"), named("severity"), country(), named("decision")]

_CLASS = pl.col("categories").map_elements(gravest, pl.String).fill_null("none").alias("category")
"""Of rows that are summed already: it is worked out row by row."""


def counts_of_flows(crossings: pl.DataFrame) -> dict[str, dict[Labels, int]]:
    """Add up reports by all labels at once; what that leaves is few rows, which every metric sums by its own."""
    sums = [pl.col("bytes_out").sum(), pl.col("bytes_in").sum(), FIRST_OUT.sum().alias("flows")]
    missing = pl.col("missing_out") + pl.col("missing_in")
    rows = crossings.lazy()  # of which few columns are read
    tagged = rows.filter(CROSSES & pl.col("system").is_not_null() & (pl.col("bytes_out") > 0))
    found, systems, ended, transit, unseen = pl.collect_all(
        [
            rows.filter(CROSSES).group_by("country", "inspection", "country_basis").agg(sums),
            tagged.group_by("system", "country", "inspection").agg(pl.col("categories").first(), sums[0]),
            rows.filter(pl.col("report") == "ended").group_by("end_reason").len(),
            rows.filter(TRANSITS).select((pl.col("bytes_out") + pl.col("bytes_in")).sum()),
            rows.filter(missing > 0).group_by(named("interface")).agg(missing.sum()),
        ]
    )
    crossing = found.with_columns(country(), named("inspection"), named("country_basis"))
    return {
        "crossborder_flows_total": _amounts(ended.with_columns(named("end_reason"))),
        "crossborder_egress_bytes_total": _amounts(crossing.select("country", "inspection", "bytes_out")),
        "crossborder_system_egress_bytes_total": _amounts(
            systems.select("system", _CLASS, country(), named("inspection"), "bytes_out")
        ),
        "crossborder_egress_flows_total": _amounts(
            crossing.filter(pl.col("flows") > 0).select("country", "country_basis", "flows")
        ),
        "crossborder_ingress_bytes_total": _amounts(crossing.select("country", "bytes_in")),
        "crossborder_transit_bytes_total": _amounts(transit),
        "crossborder_unseen_bytes_total": _amounts(unseen),
    }


def counts_of_findings(findings: pl.DataFrame) -> dict[str, dict[Labels, int]]:
    """Add up findings: how many opened, and the bytes of all."""
    sums = [(pl.col("phase") == "opened").sum().alias("opened"), pl.col("matched_bytes").sum()]
    groups = findings.group_by(FINDING_LABELS).agg(sums)
    return {
        "crossborder_violations_total": _amounts(groups.drop("matched_bytes")),
        "crossborder_violation_bytes_total": _amounts(groups.drop("opened")),
    }


def counts_of_detections(crossings: pl.DataFrame) -> dict[str, dict[Labels, int]]:
    """Add up what detectors found; in most batches that is nothing."""
    rows = crossings.filter(pl.col("detections").list.len() > 0).select(country(), "detections")
    if rows.is_empty():
        return {}
    each = rows.explode("detections").unnest("detections")
    sums = each.group_by(named("detector"), "country").agg(pl.col("matches").sum())
    return {"crossborder_detections_total": _amounts(sums)}


def _amounts(frame: pl.DataFrame) -> dict[Labels, int]:
    """Return labels → sum of the amounts, the last column of a small frame, in the order of the labels."""
    sums: dict[Labels, int] = {}
    for *labels, amount in sorted(frame.iter_rows()):
        sums[tuple(labels)] = sums.get(tuple(labels), 0) + amount
    return sums
