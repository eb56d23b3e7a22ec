"""What the pack does for each item of the catalog: its rules, detectors, tagged systems and the traffic seen."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING
from unicodedata import normalize

import polars as pl

from crossborder import yamlfile
from crossborder.errors import CrossborderError
from crossborder.match.catalog import SECTIONS
from crossborder.match.compiler import truth
from crossborder.match.conditions import And, Not, Test
from crossborder.model import COLUMN_OF, Scope

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence
    from pathlib import Path

    from crossborder.match.catalog import Catalog, Item
    from crossborder.match.conditions import Node
    from crossborder.match.ruleset import Rule, Ruleset

PERSONAL = "personal"
TAGS = "categories"


@dataclass(frozen=True, slots=True)
class Traffic:
    """What crossed from systems tagged with an item."""

    flows: int
    bytes: int  # outward IP bytes


@dataclass(frozen=True, slots=True)
class Line:
    """What there is for one item."""

    item: Item
    rules: tuple[str, ...]  # names of rules in force; of an unverified item none, whatever a rule asks for
    detectors: tuple[str, ...]
    systems: tuple[str, ...]
    traffic: Traffic | None  # None: no recorded traffic was given


@dataclass(frozen=True, slots=True)
class Coverage:
    """The catalog item by item, and systems whose tag names a class and no item of it."""

    catalog: Catalog
    lines: tuple[Line, ...]
    bare: tuple[str, ...]

    @property
    def uncovered(self) -> tuple[Line, ...]:
        """Return the lines without a rule."""
        return tuple(line for line in self.lines if not line.rules)


def coverage(
    catalog: Catalog,
    ruleset: Ruleset,
    systems: Mapping[str, Sequence[str]],
    detectors: Mapping[str, Sequence[str]],
    traffic: Mapping[str, Traffic] | None = None,
) -> Coverage:
    """Return the coverage; `systems` and `detectors` hold their categories or items by name, `traffic` is by item."""
    rules = _rules_by_item(catalog, ruleset.enabled)
    lines = tuple(
        Line(
            item,
            tuple(rules[item.id]),
            _naming(catalog.reach(item), detectors),
            _naming(catalog.reach(item), systems),
            None if traffic is None else traffic.get(item.id, Traffic(0, 0)),
        )
        for item in catalog.items
    )
    return Coverage(catalog, lines, tuple(name for name, tags in systems.items() if _is_bare(tags)))


def _naming(ids: frozenset[str], holders: Mapping[str, Sequence[str]]) -> tuple[str, ...]:
    return tuple(name for name, named in holders.items() if not ids.isdisjoint(named))


def _is_bare(tags: Sequence[str]) -> bool:
    return any(section in tags and not any(t.startswith(f"{section}:") for t in tags) for section in SECTIONS)


def _rules_by_item(catalog: Catalog, rules: Iterable[Rule]) -> dict[str, list[str]]:
    """Return the rules of each item, worked out of what they ask: nothing a rule says of itself can go stale.

    A rule covers an item that it cites; and one of its class (core data are important data too) where a flow of a
    system tagged with the item, or with it and personal data, can match, and the same flow of a system without a tag
    cannot.
    """
    found: dict[str, list[str]] = {item.id: [] for item in catalog.items}
    tags = pl.DataFrame(
        {TAGS: [tags for item in catalog.items for tags in ([item.id], [item.id, PERSONAL])] + [[]]},
        schema={TAGS: pl.List(pl.String)},
    )
    for rule in rules:
        asked = tags.select(pl.col(TAGS).is_not_null() & _possible(rule.tree, wanted=True)).to_series().to_list()
        for at, item in enumerate(catalog.items):
            same = rule.category in catalog.classes(item)
            asks = same and not asked[-1] and any(asked[2 * at : 2 * at + 2])
            if item.evidence != "unverified" and (asks or _cited(rule, catalog) is item):
                found[item.id].append(rule.name)
    for item in catalog.items:
        inside = [name for other in catalog.items if other.category == item.includes for name in found[other.id]]
        found[item.id] = list(dict.fromkeys([*found[item.id], *inside]))
    return found


def _cited(rule: Rule, catalog: Catalog) -> Item | None:
    same = normalize("NFC", rule.legal.instrument) == normalize("NFC", catalog.instrument)
    return catalog.find(rule.legal.item) if same and rule.legal.item else None


def _possible(node: Node, *, wanted: bool) -> pl.Expr:
    """Return whether a tree can be true (or false) for some flow with given tags, by a column of tags alone."""
    if isinstance(node, Test):
        if COLUMN_OF[node.field] != TAGS:
            return pl.lit(value=True)
        return truth(node) if wanted else ~truth(node)
    if isinstance(node, Not):
        return _possible(node.part, wanted=not wanted)
    join = pl.all_horizontal if isinstance(node, And) is wanted else pl.any_horizontal
    return join([_possible(part, wanted=wanted) for part in node.parts])


def detector_items(folders: Iterable[Path], catalog: Catalog) -> dict[str, tuple[str, ...]]:
    """Return the items that detectors name under `items`, by their id; whatever else a detector's file holds.

    Raises CrossborderError where a file is no YAML or names an item that is not in the catalog.
    """
    found = {}
    for path in (file for folder in folders for file in _detector_files(folder)):
        document = yamlfile.read(path)
        items = document.data.get("items") if isinstance(document.data, dict) else None
        if not isinstance(items, list):
            continue
        strange = [at for at, item in enumerate(items) if catalog.find(str(item)) is None]
        if strange:
            faults = (document.fault(f"item {items[at]!r} is not in the catalog", "items", at) for at in strange)
            raise CrossborderError(*faults)
        found[str(document.data.get("id", path.stem))] = tuple(map(str, items))
    return found


def _detector_files(path: Path) -> Sequence[Path]:
    return sorted(path.glob("*.yaml")) if path.is_dir() else (path,)


def traffic_of(path: Path, catalog: Catalog) -> dict[str, Traffic]:
    """Return what crossed by item, from a flows file (`replay --flows`, .parquet or .jsonl) or an event file.

    An event file knows only flows that some rule found. Raises CrossborderError for another file.
    """
    try:
        flows = _recorded(path)
        ids = [(name, item.id) for item in catalog.items for name in catalog.reach(item)]
        items = pl.LazyFrame(ids, schema={"tag": pl.String, "item": pl.String}, orient="row")
        rows = (
            flows.with_row_index("flow")
            .explode(TAGS)
            .join(items, left_on=TAGS, right_on="tag")
            .unique(["flow", "item"])
            .group_by("item")
            .agg(pl.len(), pl.col("bytes_out").sum())
            .collect()
        )
    except (OSError, pl.exceptions.PolarsError) as error:
        reason = str(error).split("\n")[0]
        raise CrossborderError.at(path, f"is no record of flows or events: {reason}") from None
    return {item: Traffic(count, size) for item, count, size in rows.iter_rows()}


_LINE: dict[str, pl.DataType] = {
    # of a flow
    TAGS: pl.List(pl.String),
    "bytes_out": pl.UInt64(),
    "scope": pl.String(),
    # of an event
    "source": pl.Struct({"bytes": pl.UInt64}),
    "crossborder": pl.Struct({TAGS: pl.List(pl.String), "flow_id": pl.String}),
}


def _recorded(path: Path) -> pl.LazyFrame:
    """Return categories and outward bytes of crossing flows, a row each."""
    if path.suffix == ".parquet":
        return _crossing(pl.scan_parquet(path))
    lines = pl.scan_ndjson(path, schema=_LINE)
    own, size = pl.col("crossborder").struct, pl.col("source").struct.field("bytes")
    told = lines.filter(pl.col("scope").is_null()).group_by(own.field("flow_id"))
    events = told.agg(own.field(TAGS).first(), size.max().alias("bytes_out")).select(TAGS, "bytes_out")
    return pl.concat([_crossing(lines), events])


def _crossing(flows: pl.LazyFrame) -> pl.LazyFrame:
    crossing = pl.col("scope").cast(pl.String) == Scope.CROSSING.value
    return flows.filter(crossing).select(TAGS, "bytes_out")
