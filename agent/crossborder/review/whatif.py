"""Replays policy over the record: what findings are by the rules and permits in force, and what by others.

The rules are the compiled ones, asked as backtests ask them; the judge is the agent's. Correlations count over the
hours of the record, with the memory they have in an agent. A ceiling is held to what the time asked holds, gateway by
gateway, and nothing before it.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from itertools import groupby
from typing import TYPE_CHECKING, Any, NamedTuple

import polars as pl

from crossborder.match.conditions import Not, Test
from crossborder.match.permits import Permits
from crossborder.match.permits.judge import Judge
from crossborder.match.permits.rules import asked_of
from crossborder.model import Decision
from crossborder.review.askable import refusal
from crossborder.review.asking import Asking

if TYPE_CHECKING:
    from collections.abc import Collection, Iterable, Iterator

    from crossborder.match.conditions import Node
    from crossborder.match.permits.permit import Permit
    from crossborder.match.ruleset import Rule
    from crossborder.publish.history.gathering import LeftOut
    from crossborder.review.asking import Found
    from crossborder.review.record import Record

ALLOWED = ("allowed_core", "allowed_important", "allowed_personal")
"""The sets of countries that rules let pass."""

_TEXT = pl.String()
WHATIF_SCHEMA = pl.Schema(
    {
        "unit": _TEXT,
        "system": _TEXT,
        "category": _TEXT,
        "rule": _TEXT,
        "recipient": _TEXT,
        "country": _TEXT,
        "effect": pl.Enum(["added", "removed", "same"]),
        "before": _TEXT,
        "after": _TEXT,
        "permit_before": _TEXT,
        "permit_after": _TEXT,
        "findings": pl.UInt64(),
        "bytes_out": pl.UInt64(),
    }
)
"""Findings of one rule about one transfer that are judged alike before, and alike after.

category          of the rule: core, important, personal, secret or none
effect            added: a violation that was none; removed: a violation no more; else same
before, after     what findings are by the policy in force, and by the other: a decision, null where nothing is found
permit_before, permit_after
                  the permits that cover them, or nearly do
findings          those that opened so; a permit that ends while a flow goes on changes its later bytes alone
bytes_out         outward bytes of them
"""

_KEY = WHATIF_SCHEMA.names()[:-2]
_JUDGED = (
    "flow_id", "report", "first_ns", "last_ns", "total_bytes_out", "country", "persons", "unit", "system", "categories",
    "remote_key", "remote_ip", "server_name", "asn", "as_org", "geo_prefix",
)  # fmt: skip
"""What the judge wants to know of a flow."""
_RECIPIENT = pl.coalesce("as_org", "server_name", "geo_prefix", "remote_ip").alias("recipient")
MAX_PARTS = 64  # before they are added up


@dataclass(frozen=True, slots=True)
class Policy:
    """Rules and permits."""

    rules: tuple[Rule, ...]
    permits: Permits


class Outcome(NamedTuple):
    """What becomes of findings."""

    rows: pl.DataFrame  # WHATIF_SCHEMA
    refused: dict[str, str]  # rule → why it cannot be asked of the record
    left_out: tuple[LeftOut, ...]


def allowing(rules: tuple[Rule, ...], countries: Collection[str]) -> tuple[Rule, ...]:
    """Return rules that let pass what goes to some countries, instead of those of the sets ALLOWED."""
    listed = tuple(sorted(countries))
    trees = [(rule, _allowing(rule.tree, listed)) for rule in rules]
    return tuple(rule if tree == rule.tree else replace(rule, tree=tree) for rule, tree in trees)


def without(permits: Permits, ids: Collection[str]) -> Permits:
    """Return permits but for some."""
    return Permits(tuple(permit for permit in permits.permits if permit.id not in ids))


def also(permits: Permits, more: Iterable[Permit]) -> Permits:
    """Return permits and others; of one id the other stands."""
    added = tuple(more)
    return Permits((*without(permits, {permit.id for permit in added}).permits, *added))


def whatif(record: Record, now: Policy, other: Policy, max_groups: int = 100_000) -> Outcome:
    """Return what becomes of findings when another policy takes the place of the one in force.

    Both have the same rules, by their ids, in the same order; only what they let pass may differ.
    """
    refused = {rule.name: why for rule in now.rules if (why := refusal(rule))}
    pairs = [(one, two) for one, two in zip(now.rules, other.rules, strict=True) if one.name not in refused]
    changed = [at for at, (one, two) in enumerate(pairs) if one.tree != two.tree]
    rules = (*(one for one, _ in pairs), *(_told_apart(pairs[at][1]) for at in changed))
    asking = Asking(record, rules, _JUDGED, max_groups)
    sides = _Sides(rules, len(pairs), changed)
    parts: list[pl.DataFrame] = []
    for _, of_gateway in groupby(asking, key=lambda found: found.gateway):
        judges = Judge(now.permits), Judge(other.permits)
        for found in of_gateway:
            parts.append(sides.compared(found, *judges))
            if len(parts) >= MAX_PARTS:
                parts = [_added(parts)]
    return Outcome(_added(parts), refused, tuple(asking.left_out))


class _Sides:
    """Which of the rules that are asked belong to the policy in force, and which to the other."""

    def __init__(self, rules: tuple[Rule, ...], count: int, changed: list[int]) -> None:
        names = {"name": [rule.name for rule in rules], "category": [rule.category for rule in rules]}
        self._table = pl.concat([pl.DataFrame(names), asked_of(rules)], how="horizontal")
        instead = {at: count + place for place, at in enumerate(changed)}
        self._now = range(count)
        self._other = [instead.get(at, at) for at in range(count)]

    def compared(self, found: Found, now: Judge, other: Judge) -> pl.DataFrame:
        """Return the findings of a batch judged by both, added up (WHATIF_SCHEMA)."""
        before = self._judged(found, now, self._now, "before")
        after = self._judged(found, other, self._other, "after")
        on = ["rule", "row", "finding_id"]
        joined = before.join(after, on=on, how="full", coalesce=True)
        flows = found.rows.select("row", "unit", "system", "country", _RECIPIENT)
        whole = joined.join(flows, on="row").join(
            self._table.select(rule="name", category="category").unique(), on="rule"
        )
        return _added([_effects(whole)])

    def _judged(self, found: Found, judge: Judge, places: Iterable[int], side: str) -> pl.DataFrame:
        """Return rule, row and finding with decision, permit, bytes and openings, named by the side they are of."""
        told = found.told.filter(pl.col("rule").is_in(list(places)))
        rows = found.rows[told["row"]].drop("row")
        asked = told.select("row", "finding_id", "phase", matched_bytes="bytes")
        opened = (told["phase"].cast(pl.String) == "opened").alias("opened")
        judged = judge(pl.concat([rows, asked, self._table[told["rule"]]], how="horizontal"))
        return judged.select(
            "row",
            "finding_id",
            pl.col("name").alias("rule"),
            pl.col("decision").cast(pl.String).alias(side),
            pl.col("permit").alias(f"permit_{side}"),
            pl.col("matched_bytes").alias(f"bytes_{side}"),
            opened.alias(f"opened_{side}"),
        )


def _effects(whole: pl.DataFrame) -> pl.DataFrame:
    was, is_now = (_violates(side) for side in ("before", "after"))
    effect = pl.when(is_now & ~was).then(pl.lit("added")).when(was & ~is_now).then(pl.lit("removed"))
    return whole.with_columns(
        effect=effect.otherwise(pl.lit("same")),
        findings=pl.coalesce("opened_before", "opened_after").cast(pl.UInt64),
        bytes_out=pl.coalesce("bytes_before", "bytes_after"),
    )


def _violates(side: str) -> pl.Expr:
    return (pl.col(side) != Decision.PERMITTED.value).fill_null(value=False)


def _added(parts: list[pl.DataFrame]) -> pl.DataFrame:
    """Return parts as one, sorted."""
    if not parts:
        return pl.DataFrame(schema=WHATIF_SCHEMA)
    typed = [part.select(pl.col(name).cast(dtype) for name, dtype in WHATIF_SCHEMA.items()) for part in parts]
    return pl.concat(typed).group_by(_KEY).agg(pl.col("findings", "bytes_out").sum()).sort(_KEY)


def _told_apart(rule: Rule) -> Rule:
    """Return a rule that has a memory of its own beside the one it was made of."""
    return replace(rule, sha256=f"{rule.sha256} otherwise")


def _allowing(node: Node, countries: tuple[str, ...]) -> Node:
    if isinstance(node, Test):
        return replace(node, values=countries) if node.shown in {f"%{name}%" for name in ALLOWED} else node
    if isinstance(node, Not):
        return Not(_allowing(node.part, countries))
    return type(node)(tuple(_allowing(part, countries) for part in node.parts))


def sums(rows: pl.DataFrame, by: str) -> Iterator[dict[str, Any]]:
    """Yield of each value of a column what is added and removed: findings and bytes."""
    for effect in ("added", "removed", "same"):
        of = pl.col("effect") == effect
        rows = rows.with_columns(
            pl.when(of).then("findings").otherwise(0).alias(f"{effect}_findings"),
            pl.when(of).then("bytes_out").otherwise(0).alias(f"{effect}_bytes"),
        )
    names = [f"{effect}_{what}" for effect in ("added", "removed", "same") for what in ("findings", "bytes")]
    yield from rows.group_by(by).agg(pl.col(names).sum()).sort(by).iter_rows(named=True)
