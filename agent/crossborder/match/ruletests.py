"""Runs the tests that stand beside the rules: flows that must match and flows that must not, each with its why."""

from __future__ import annotations

import dataclasses
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import polars as pl
from pydantic import AfterValidator, BaseModel, ConfigDict, Field

from crossborder import yamlfile
from crossborder.errors import CrossborderError, Fault
from crossborder.match import Matcher
from crossborder.match.cases import SECOND_NS, crossings, nanoseconds, wrong_flow
from crossborder.match.head import some
from crossborder.match.ruleset import Ruleset
from crossborder.match.why import failures
from crossborder.model import Phase

if TYPE_CHECKING:
    from collections.abc import Iterator

    from crossborder.match.ruleset import Rule
    from crossborder.yamlfile import Document

MAX_FLOWS = 100_000
"""Most flows one case can describe."""


@dataclass(frozen=True, slots=True)
class CaseResult:
    """What became of one case."""

    rule: str
    path: str  # of the test file
    line: int
    must_match: bool
    why: str  # in the words of who wrote the case
    ok: bool
    explanation: str  # which conditions failed, or which held; empty when ok


class _Case(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)

    why: Annotated[str, Field(min_length=1)]
    flow: dict[str, Any] | None = None
    flows: tuple[dict[str, Any], ...] = ()
    repeat: Annotated[int, Field(ge=1, le=MAX_FLOWS)] = 1
    every: str = "1s"


class _TestFile(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)

    must_match: Annotated[tuple[_Case, ...], AfterValidator(some)]
    must_not_match: Annotated[tuple[_Case, ...], AfterValidator(some)]


def run_tests(ruleset: Ruleset) -> tuple[CaseResult, ...]:
    """Run the test file of every rule file, switched off or not; a correlation is tested with its counted rules.

    Raises CrossborderError with every fault: a rule without a test file or without a case of each kind, an unknown
    field, a value that does not fit its field.
    """
    faults: list[Fault] = []
    results: list[CaseResult] = []
    for rule in tested(ruleset):
        try:
            results += _run(rule)
        except CrossborderError as error:
            faults += error.faults
    if faults:
        raise CrossborderError(*faults)
    return tuple(results)


def tested(ruleset: Ruleset) -> list[Rule]:
    """Return the rules that have a test file; a counted rule's cases are those of its correlation."""
    return [rule for rule in ruleset.rules if rule.name == Path(rule.path).stem]


@dataclass(frozen=True, slots=True)
class Cases:
    """The cases beside a rule, those that must match first, and the flows of each (CROSSING_SCHEMA)."""

    document: Document
    cases: tuple[tuple[tuple[str, int], _Case], ...]  # with their place in the document
    frames: tuple[pl.DataFrame, ...]

    @property
    def expected(self) -> tuple[bool, ...]:
        """Return of each case whether it must match."""
        return tuple(place[0] == "must_match" for place, _ in self.cases)

    def opened(self, rule: Rule) -> Iterator[pl.DataFrame]:
        """Yield the findings each case opens: a correlation starts anew for each, other rules see all at once."""
        ruleset = Ruleset((dataclasses.replace(rule, enabled=True, shadow=False),))
        if rule.correlation:
            yield from (_openings(Matcher(ruleset)(frame)) for frame in self.frames)
            return
        found = _openings(Matcher(ruleset)(pl.concat(self.frames)))
        for at in range(len(self.frames)):
            yield found.filter(pl.col("flow_id").is_between(at * MAX_FLOWS, (at + 1) * MAX_FLOWS, closed="left"))


def read_cases(rule: Rule) -> Cases:
    """Read the test file beside a rule; raises CrossborderError with every fault."""
    path = Path(rule.path)
    beside = path.with_name(f"{path.stem}.test{path.suffix}")
    if not beside.is_file():
        raise CrossborderError.at(path, f"has no tests: {beside.name} is missing", rule.line)
    document = yamlfile.read(beside)
    file = yamlfile.fill(document, _TestFile)
    faults = [fault for place, case in _cases(file) for fault in _wrong(document, place, case)]
    if faults:
        raise CrossborderError(*faults)
    cases = tuple(_cases(file))
    return Cases(document, cases, tuple(_flows(case, at * MAX_FLOWS) for at, (_, case) in enumerate(cases)))


def _run(rule: Rule) -> list[CaseResult]:
    beside = read_cases(rule)
    return [
        _judged(rule, beside.document, place, case, rows, opened)
        for (place, case), rows, opened in zip(beside.cases, beside.frames, beside.opened(rule), strict=True)
    ]


def _openings(findings: pl.DataFrame) -> pl.DataFrame:
    return findings.filter(pl.col("phase") == Phase.OPENED.value)


def _cases(file: _TestFile) -> Iterator[tuple[tuple[str, int], _Case]]:
    for at, case in enumerate(file.must_match):
        yield ("must_match", at), case
    for at, case in enumerate(file.must_not_match):
        yield ("must_not_match", at), case


def _wrong(document: Document, place: tuple[str, int], case: _Case) -> Iterator[Fault]:
    if (case.flow is None) == (not case.flows):
        yield document.fault("a case has either flow or flows", *place)
    if nanoseconds(case.every) is None:
        yield document.fault("every is a duration as 500ms, 10s, 2m, 1h or 30d", *place, "every")
    if len(case.flows) * case.repeat > MAX_FLOWS:
        yield document.fault(f"a case has at most {MAX_FLOWS} flows", *place, "repeat")
    for at, flow in enumerate(case.flows or [case.flow or {}]):
        here = (*place, "flows", at) if case.flows else (*place, "flow")
        values = {name: value for name, value in flow.items() if not (case.flows and name == "at")}
        for name, message in wrong_flow(values, case.repeat):
            yield document.fault(message, *here, name)
        if len(values) < len(flow) and nanoseconds(flow["at"]) is None:
            yield document.fault("at is a duration as 500ms, 10s, 2m, 1h or 30d", *here, "at")


def _flows(case: _Case, first_id: int) -> pl.DataFrame:
    every = nanoseconds(case.every) or SECOND_NS
    described = [
        ({k: v for k, v in flow.items() if k != "at"}, nanoseconds(flow.get("at")) or 0) for flow in case.flows
    ]
    flows = (
        (repetition, at + (repetition - 1) * every, flow)
        for repetition in range(1, case.repeat + 1)
        for flow, at in described or [(case.flow or {}, 0)]
    )
    return crossings(flows, first_id)


def _judged(
    rule: Rule, document: Document, place: tuple[str, int], case: _Case, rows: pl.DataFrame, opened: pl.DataFrame
) -> CaseResult:
    must_match = place[0] == "must_match"
    ok = opened.is_empty() != must_match
    explanation = "" if ok else _missed(rule, rows) if must_match else _held(opened)
    return CaseResult(rule.name, document.path, document.line(place) or 1, must_match, case.why, ok, explanation)


def _held(opened: pl.DataFrame) -> str:
    reasons = opened.row(0, named=True)["why"]
    return "matched: " + "; ".join(f"{r['field']} {r['test']} holds of {r['value']!r}" for r in reasons)


def _missed(rule: Rule, rows: pl.DataFrame) -> str:
    """Tell what kept the last flow from matching, or that too few did."""
    if rule.correlation and rows.select(rule.expression.any()).item():
        matched = rows.select(rule.expression.sum()).item()
        return f"did not match: {matched} of {rows.height} flows count, and {rule.correlation.condition} is not reached"
    wanted = [
        f"{test.field} {'' if want else 'not '}{test.written} fails of {value!r}"
        for test, want, value in failures(rule.tree, rows.tail(1))
    ]
    return "did not match: " + "; ".join(wanted)
