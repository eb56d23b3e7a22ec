"""Evaluates every rule over a whole batch of crossings at once, and tells findings."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass
from typing import TYPE_CHECKING

import polars as pl

from crossborder.match import masks
from crossborder.match.findings import Findings, table_of
from crossborder.match.permits.judge import Judge
from crossborder.match.permits.rules import asked_of
from crossborder.match.persons import Persons
from crossborder.match.plan import Plan
from crossborder.match.why import Why, listed
from crossborder.model import FINDING_SCHEMA, Phase, Scope

if TYPE_CHECKING:
    from crossborder.match.questions import Answers
    from crossborder.match.ruleset import Rule, Ruleset

LAST = 2**32 - 1  # what was counted is told after the conditions

SAMPLE = 1_000
"""Flows of the last batch kept to measure what a rule costs."""

MAX_PAIRS = 1_000_000
"""Most pairs of rule and living flow remembered: 12 bytes each."""


@dataclass(frozen=True, slots=True)
class MatchStats:
    """How full the memory of matching is, and what had to give way."""

    pairs: int  # rule and living flow
    pairs_forgotten: int  # since the start, for want of room
    groups: dict[str, int]  # correlation rule → groups
    groups_evicted: dict[str, int]  # correlation rule → since the start, for want of room
    counted: dict[tuple[str, str, str], int]  # correlation rule, system, country → since the start, see fleet.Sums
    shadow: dict[tuple[str, str, str], int]  # rule in shadow, category, severity → findings it would have made


@dataclass(frozen=True, slots=True)
class Solo:
    """One rule, compiled alone, and the flows to evaluate it on; of a correlation only which flows it counts."""

    rule: str
    plan: Plan
    rows: pl.DataFrame

    @property
    def flows(self) -> int:
        """Return on how many reports it is evaluated."""
        return self.rows.height

    def evaluate(self) -> pl.Series:
        """Return where the rule matches."""
        (mask,) = self.plan.matches(self.plan.tests(self.rows))
        return masks.column(mask, self.rows.height)


class Matcher:
    """The stage: a function from crossings to findings, with the memory of what was found already.

    All rules are evaluated over all rows, whatever the others found: the order of rules means nothing.
    """

    def __init__(
        self,
        ruleset: Ruleset,
        max_groups: int = 100_000,
        max_pairs: int = MAX_PAIRS,
        persons: Persons | None = None,
        judge: Judge | None = None,
    ) -> None:
        """Take the rules; `max_groups` bounds the memory of each correlation, `max_pairs` that of found flows.

        `persons` counts who is sent abroad before the rules are asked, `judge` says by permits what findings mean.
        """
        self.persons = persons or Persons()
        self.judge = judge or Judge()
        self._findings = Findings(max_groups, max_pairs)
        self._next: Ruleset | None = None
        self._rules: tuple[Rule, ...] = ()
        self._shadow: Counter[str] = Counter()
        self._sample = pl.DataFrame()
        self._use(ruleset)

    def replace(self, ruleset: Ruleset) -> None:
        """Use another ruleset from the next batch on; may be called from any thread.

        Rules whose id and text are unchanged remember what they found. Open findings of rules that changed or went
        away end without a `closed` row.
        """
        self._next = ruleset

    def stats(self) -> MatchStats:
        """Return how full the memory is."""
        named = {c.rule.name: c for c in self._findings.correlators.values()}
        return MatchStats(
            len(self._findings.firing),
            self._findings.firing.forgotten,
            {name: len(c) for name, c in named.items()},
            {name: c.evicted for name, c in named.items()},
            dict(self._findings.sums.amounts),
            {(r.name, r.category, r.level): self._shadow[r.name] for r in self._rules if r.shadow},
        )

    def solo(self, turn: int) -> Solo | None:
        """Return the rule whose turn it is with a sample of the last batch; None: there are no rules or no flows.

        A sample is handed out once.
        """
        rows, self._sample = self._sample, pl.DataFrame()
        if not self._rules or rows.is_empty():
            return None
        rule = self._rules[turn % len(self._rules)]
        return Solo(rule.name, Plan([rule.tree]), rows)

    def __call__(self, crossings: pl.DataFrame) -> pl.DataFrame:
        """Return the findings of a batch (FINDING_SCHEMA), ordered by report and rule; other scopes are passed over."""
        if self._next is not None:
            ruleset, self._next = self._next, None
            self._use(ruleset)
        rows = crossings.filter(pl.col("scope") == Scope.CROSSING.value).with_row_index("row")
        if rows.is_empty():
            return pl.DataFrame(schema=FINDING_SCHEMA)
        rows = self.persons(rows)  # whoever goes out counts, whatever rules there are
        self._sample = rows[list(range(min(SAMPLE, rows.height)))]  # a copy: a slice would hold the whole batch
        if not self._rules:
            return pl.DataFrame(schema=FINDING_SCHEMA)
        tests = self._plan.tests(rows)
        sightings = self._findings.follow(rows, self._plan.hits(tests, rows.height))
        if sightings.is_empty():
            return pl.DataFrame(schema=FINDING_SCHEMA)
        told = self._spoken(self._findings.grown(rows, sightings))
        return self._told(rows, tests, told)

    def _spoken(self, told: pl.DataFrame) -> pl.DataFrame:
        """Count what rules in shadow would have found, and take it away: no event, no debit, nothing."""
        silent = [at for at, rule in enumerate(self._rules) if rule.shadow]
        if not silent:
            return told
        unheard = told.filter(pl.col("rule").is_in(silent) & (pl.col("phase") == Phase.OPENED.value))
        for at, findings in unheard.group_by("rule").len().iter_rows():
            self._shadow[self._rules[at].name] += findings
        return told.filter(~pl.col("rule").is_in(silent))

    def _use(self, ruleset: Ruleset) -> None:
        self._rules = ruleset.evaluated
        self._findings.use(self._rules)
        self._plan = Plan([rule.tree for rule in self._rules])
        self._whys: dict[int, Why] = {}  # of the rules that have found something
        self._table = pl.concat([table_of(self._rules), asked_of(self._rules)], how="horizontal")

    def _told(self, rows: pl.DataFrame, tests: Answers, told: pl.DataFrame) -> pl.DataFrame:
        """Return the rows of findings, each with its flow, its rule, its reasons and its decision."""
        reasons = told.select(
            "finding_id", "phase", pl.col("bytes").alias("matched_bytes"), why=self._reasons(rows, tests, told)
        )
        found = pl.concat([rows[told["row"]], self._table[told["rule"]], reasons], how="horizontal")
        return self.judge(found).select(_FINDING)

    def _reasons(self, rows: pl.DataFrame, tests: Answers, told: pl.DataFrame) -> pl.Series:
        """Return the list of conditions that held for openings, an empty list for the rest."""
        opened = told.with_row_index("at").filter(pl.col("phase") == Phase.OPENED.value)
        reasons = []
        for (rule,), part in opened.select("at", "rule", "row").partition_by("rule", as_dict=True).items():
            why = self._whys.get(rule) or self._whys.setdefault(rule, Why(self._rules[rule].tree, self._plan.truth))
            quoted = [_taken(name, rows, tests, part["row"]) for name in why.columns]
            reasons.append(why(pl.DataFrame([part["at"], *quoted])))
        counted = opened.drop_nulls("counted").select("at", pl.lit(LAST, pl.UInt32).alias("order"), "counted")
        return listed([*reasons, counted.unnest("counted")], told.height)


_FINDING = [pl.col(name).cast(dtype) for name, dtype in FINDING_SCHEMA.items()]


def _taken(name: str, rows: pl.DataFrame, tests: Answers, at: pl.Series) -> pl.Series:
    """Return a column of crossings, or the answers to a test, at some rows."""
    return masks.column(tests[name], rows.height)[at].alias(name) if name in tests else rows[name][at]
