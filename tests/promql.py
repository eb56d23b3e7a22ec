"""What a PromQL query names, and what of it does not exist: metrics, labels, values of closed sets, rates of gauges.

A query is followed from its selectors up, with the labels each part may have; so `by (x)` is a fault where nothing
below has x, and `group_left (x)` where the one side has not. Prometheus would answer with nothing, and say nothing.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, NamedTuple

import promql_parser as pp

from crossborder.publish.catalogue import LABELS, METRICS

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

Labels = frozenset[str]
TARGET: Labels = frozenset({"instance", "job"})
"""What Prometheus adds to each series."""
PROCESS = {"start_time_seconds", "resident_memory_bytes", "virtual_memory_bytes", "open_fds", "max_fds"}
CLOSED = (
    *("limit", "work", "reason", "end_reason", "inspection", "basis", "category", "severity", "decision"),
    *("ceiling", "kind", "bound", "result", "stage", "sink"),
)
VALUES = {label: {*re.findall("`([^`]+)`", LABELS[label]), "other", ""} for label in CLOSED}
_COUNTED = {"rate", "irate", "increase", "resets"}
_MEASURED = {"delta", "idelta", "deriv", "predict_linear"}
_SETS = {"and", "or", "unless"}
_VARIABLE_NUMBER = re.compile(r"\$\{?__\w+_m?s\}?")
_VARIABLE_TIME = re.compile(r"\$\{?__\w+\}?")


class Metric(NamedTuple):
    """A metric as a query may use it."""

    kind: str  # counter, gauge, recorded
    labels: Labels


def exported() -> dict[str, Metric]:
    """Return every metric that an agent shows, as Prometheus stores it, and `up`."""
    known = {"up": Metric("gauge", TARGET), "crossborder_process_cpu_seconds_total": Metric("counter", TARGET)}
    known |= {f"crossborder_process_{name}": Metric("gauge", TARGET) for name in PROCESS}
    for metric in METRICS:
        labels = TARGET | set(metric.labels)
        if metric.kind == "histogram":
            known |= {f"{metric.name}{part}": Metric("counter", labels) for part in ("_sum", "_count")}
            known[f"{metric.name}_bucket"] = Metric("counter", labels | {"le"})
        else:
            known[metric.name] = Metric(metric.kind, labels)
    return known


def recorded(rules: Iterable[tuple[str, str]], known: Mapping[str, Metric]) -> dict[str, Metric]:
    """Return what recording rules add, name and query each, in the order in which they stand."""
    found: dict[str, Metric] = {}
    for name, query in rules:
        there = {**known, **found}
        kind = "counter" if _counts(_parsed(query), there) else "recorded"
        found[name] = Metric(kind, _Reader(there).labels(_parsed(query)))
    return found


def _counts(query: pp.Expr, known: Mapping[str, Metric]) -> bool:
    """Tell whether it is the sum of a counter by target: an agent's counters begin anew together, so it is one, too."""
    if not isinstance(query, pp.AggregateExpr) or str(query.op) != "sum" or not query.modifier:
        return False
    metric = known.get(query.expr.name or "") if isinstance(query.expr, pp.VectorSelector) else None
    return bool(metric and metric.kind == "counter" and set(query.modifier.labels) >= TARGET)


def pairs(query: str) -> set[tuple[str, str]]:
    """Return metric and label of every matcher, and every label of by, without, on, ignoring and group with ``."""
    found: set[tuple[str, str]] = set()

    def note(node: pp.Expr) -> None:
        if isinstance(node, pp.VectorSelector):
            found.update((node.name or "", matcher.name) for matcher in [*node.matchers.matchers])
            found.add((node.name or "", "__name__"))
        elif isinstance(node, pp.AggregateExpr) and node.modifier:
            found.update(("", label) for label in node.modifier.labels)
        elif isinstance(node, pp.BinaryExpr) and node.modifier:
            matched = node.modifier.matching.labels if node.modifier.matching else []
            found.update(("", label) for label in [*matched, *(node.modifier.group_labels or [])])

    pp.walk(_parsed(query), note)
    return found


def metrics(query: str) -> set[str]:
    """Return the metrics that a query names."""
    return {metric for metric, _ in pairs(query) if metric}


def faults(query: str, known: Mapping[str, Metric]) -> list[str]:
    """Return what in a query does not exist, or is used as what it is not; Grafana's $variables stand for anything."""
    reader = _Reader(known)
    reader.labels(_parsed(query))
    return reader.faults


def _parsed(query: str) -> pp.Expr:
    return pp.parse(_VARIABLE_TIME.sub("5m", _VARIABLE_NUMBER.sub("300", query)))


class _Reader:
    """Follows a query up from its selectors."""

    def __init__(self, known: Mapping[str, Metric]) -> None:
        self.known = known
        self.faults: list[str] = []

    def labels(self, node: pp.Expr) -> Labels:
        """Return the labels that the series of a part may have, noting faults on the way."""
        match node:
            case pp.VectorSelector():
                return self._selector(node)
            case pp.MatrixSelector():
                return self._selector(node.vector_selector)
            case pp.ParenExpr() | pp.SubqueryExpr() | pp.UnaryExpr():
                return self.labels(node.expr)
            case pp.AggregateExpr():
                return self._aggregate(node)
            case pp.BinaryExpr():
                return self._binary(node)
            case pp.Call():
                return self._call(node)
        return frozenset()

    def _selector(self, node: pp.VectorSelector) -> Labels:
        matchers = [m for m in node.matchers.matchers if m.name != "__name__"]
        named = [m for m in node.matchers.matchers if m.name == "__name__"]
        found = [node.name] if node.name else [n for n in self.known if all(_fits(m, n) for m in named)]
        unknown = [name for name in found if name not in self.known]
        if unknown or not found:
            self.faults.append(f"no metric {node.name or node}")
            return TARGET
        labels = frozenset[str]().union(*(self.known[name].labels for name in found))
        for matcher in matchers:
            self._have({matcher.name}, labels, str(node.name or node))
            self._value(matcher)
        return labels

    def _value(self, matcher: pp.Matcher) -> None:
        values = VALUES.get(matcher.name)
        if values is None or "$" in matcher.value:
            return
        is_pattern = matcher.op == pp.MatchOp.Re or matcher.op == pp.MatchOp.NotRe  # noqa: PLR1714 - they have no hash
        for wanted in matcher.value.split("|") if is_pattern else [matcher.value]:
            if not any(re.fullmatch(wanted, v) if is_pattern else wanted == v for v in values):
                self.faults.append(f"{matcher.name} is never {wanted!r}")

    def _aggregate(self, node: pp.AggregateExpr) -> Labels:
        below, op = self.labels(node.expr), str(node.op)
        named = frozenset(node.modifier.labels) if node.modifier else frozenset()
        self._have(named, below, op)
        if op in {"topk", "bottomk"}:
            return below
        if node.modifier and node.modifier.type == pp.AggModifierType.Without:
            return below - named
        return named | ({node.param.val} if op == "count_values" and node.param else frozenset())

    def _binary(self, node: pp.BinaryExpr) -> Labels:
        left, right, op, said = self.labels(node.lhs), self.labels(node.rhs), str(node.op), node.modifier
        on = frozenset(said.matching.labels) if said and said.matching else frozenset()
        including = bool(said and said.matching and said.matching.type == pp.LabelModifierType.Include)
        if including:
            self._have(on, left, f"left of {op}")
            self._have(on, right, f"right of {op}")
        if op in _SETS:
            return left | right if op == "or" else left
        group = frozenset(said.group_labels or ()) if said else frozenset()
        if said and said.card == pp.VectorMatchCardinality.OneToMany:
            left, right = right, left
        if said and said.card != pp.VectorMatchCardinality.OneToOne:
            self._have(group, right, "the one side of group")
            return left | group
        return on if including else (left or right) - on

    def _call(self, node: pp.Call) -> Labels:
        name = node.func.name
        labels = frozenset[str]().union(*(self.labels(arg) for arg in node.args))
        self._used(name, node)
        if name in {"label_replace", "label_join"}:
            return labels | {node.args[1].val}
        if name in {"absent", "absent_over_time"}:
            return _equals(node.args[0])
        return labels - {"le"} if name == "histogram_quantile" else labels

    def _used(self, function: str, node: pp.Call) -> None:
        for name in [a.vector_selector.name or "" for a in node.args if isinstance(a, pp.MatrixSelector)]:
            kind = self.known[name].kind if name in self.known else ""
            wrong = {"gauge", "recorded"} if function in _COUNTED else {"counter"} if function in _MEASURED else set()
            if kind in wrong:
                self.faults.append(f"{function}() of {name}, which is a {kind}")

    def _have(self, wanted: Iterable[str], labels: Labels, where: str) -> None:
        self.faults += [f"no label {label} in {where}" for label in sorted(set(wanted) - labels - {"__name__"})]


def _equals(node: pp.Expr) -> Labels:
    inner = node.vector_selector if isinstance(node, pp.MatrixSelector) else node
    if not isinstance(inner, pp.VectorSelector):
        return frozenset()
    return frozenset(m.name for m in inner.matchers.matchers if m.op == pp.MatchOp.Equal)


def _fits(matcher: pp.Matcher, name: str) -> bool:
    if matcher.op == pp.MatchOp.Equal:
        return bool(name == matcher.value)
    if matcher.op == pp.MatchOp.NotEqual:
        return bool(name != matcher.value)
    return bool(re.fullmatch(matcher.value, name)) is bool(matcher.op == pp.MatchOp.Re)
