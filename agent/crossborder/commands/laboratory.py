"""What is shown of rules that were tried on the flow history: text for people, one object for programs."""

from __future__ import annotations

from dataclasses import fields, is_dataclass
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any

from crossborder.match.permits import VIETNAM
from crossborder.publish.units import size_of
from crossborder.review.compare import Comparison
from crossborder.telemetry import printable

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping, Sequence
    from datetime import date

    from crossborder.publish.history.gathering import LeftOut
    from crossborder.review.backtest import Backtest, Result
    from crossborder.review.compare import Side
    from crossborder.review.samples import Sample

_BARS = "▁▂▃▄▅▆▇█"
_NONE = "·"  # a day without
_MOST_VALUE = 100  # characters of a flow's value
_MOST_DAYS = 92  # shown as a line
_FLOW = (
    *("flow_id", "community_id", "first_ns", "last_ns", "unit", "system", "local_ip", "local_port", "remote_ip"),
    *("remote_port", "country", "server_name", "as_org", "transport", "app_protocol", "total_bytes_out"),
)
"""Columns of a sample that programs are given."""


def lines_of(found: Backtest | Comparison) -> Iterator[str]:
    """Yield what people are shown."""
    yield from _compared(found) if isinstance(found, Comparison) else _tested(found)


def _tested(found: Backtest) -> Iterator[str]:
    yield from _head(found.rows, found.first, found.last, found.left_out)
    for result in found.results:
        yield ""
        yield from _result(result)


def _compared(found: Comparison) -> Iterator[str]:
    yield from _head(found.rows, found.first, found.last, found.left_out)
    yield ""
    yield f"{found.rule} against {found.other}, by {found.by}: {found.both:,} found by both"
    for sign, who, side in (("+", found.rule, found.added), ("-", found.other, found.removed)):
        verb = "adds" if sign == "+" else "removes"
        yield ""
        yield f"{sign} {found.rule} {verb} {_many(side.findings, 'finding')}, {size_of(side.bytes)} out"
        yield from _tops(side)
        for sample in side.samples:
            yield from _sample(sample)
            yield from _but(sample, found.other if who == found.rule and sign == "+" else found.rule)


def object_of(found: Backtest | Comparison) -> dict[str, Any]:
    """Return the same as JSON holds it."""
    return {field.name: _plain(getattr(found, field.name), field.name) for field in fields(found)}


def _plain(value: Any, name: str = "") -> Any:  # noqa: ANN401 - whatever a field holds
    if name == "samples":
        return [_plain_sample(sample) for sample in value]
    if is_dataclass(value):
        return {field.name: _plain(getattr(value, field.name), field.name) for field in fields(value)}
    if isinstance(value, dict):
        return {str(key): _plain(part, str(key)) for key, part in value.items()}
    if name == "left_out":
        return [{"path": str(left.path), "why": left.why} for left in value]
    if isinstance(value, list | tuple):
        return [_plain(part) for part in value]
    return value.isoformat() if isinstance(value, datetime) else value


def _plain_sample(sample: Sample) -> dict[str, Any]:
    flow = {name: sample.row[name] for name in _FLOW}
    flow["flow_id"] = f"{flow['flow_id']:016x}"
    told = {"gateway": sample.gateway, **flow, "why": list(sample.why)}
    return told | ({"but": list(sample.but)} if sample.but else {})


def _head(rows: int, first: datetime | None, last: datetime | None, left_out: Sequence[LeftOut]) -> Iterator[str]:
    for left in left_out:
        yield printable(f"{left.path}: left out: {left.why}")
    if first is None or last is None:
        yield "the history holds nothing of that time"
        return
    yield f"{rows:,} flow hours from {_local(first)} to {_local(last)}; times are Viet Nam's"


def _result(result: Result) -> Iterator[str]:
    yield printable(f"{result.rule}  {result.title}")
    if result.refused:
        yield f"  not asked: {result.refused}"
        return
    seen = f"{_many(result.findings, 'finding')}, {_many(result.flows, 'flow')}, {size_of(result.bytes)} out"
    if result.first and result.last:
        seen += f", {_local(result.first)} to {_local(result.last)}"
    yield f"  {seen}"
    if result.days:
        yield f"  {'per day':12}{_line(result.days)}"
    yield from _tops(result)
    for sample in result.samples:
        yield from _sample(sample)
    for sentence in result.differs:
        yield printable(f"  differs     {sentence}")


def _many(count: int, what: str) -> str:
    return f"{count:,} {what}{'' if count == 1 else 's'}"


def _tops(found: Result | Side) -> Iterator[str]:
    names: dict[str, Callable[[Mapping[str, Any]], str]] = {
        "senders": lambda one: " / ".join(filter(None, (one["system"], one["unit"]))) or "a computer without a name",
        "countries": lambda one: str(one["country"]),
        "recipients": lambda one: " / ".join(filter(None, (one["server_name"], one["as_org"]))) or "not known",
    }
    for what, name in names.items():
        for at, one in enumerate(getattr(found, what)):
            count = f"{one['findings']:>9,}  {size_of(one['bytes']):>8}"
            yield printable(f"  {what if at == 0 else '':12}{count}  {name(one)}")


def _sample(sample: Sample) -> Iterator[str]:
    row = sample.row
    sender = f"{row['system'] or ''} {row['local_ip']}".strip()
    recipient = " ".join(filter(None, (row["server_name"], row["remote_ip"])))
    size = size_of(row["total_bytes_out"])
    at = datetime.fromtimestamp(row["last_ns"] // 10**9, UTC)
    yield printable(
        f"  {'sample':12}{_local(at)}  {sender} → {recipient} {row['country']}, {size}, {row['community_id']}"
    )
    for one in sample.why:
        yield printable(f"  {'':14}{one['field']} {one['test']}: {_value(one)}")


def _but(sample: Sample, other: str) -> Iterator[str]:
    for one in sample.but:
        yield printable(f"  {'':14}not {other}, for want of {one['field']} {one['test']}: {_value(one)}")


def _value(one: Mapping[str, str | None]) -> str:
    value = one["value"]
    if not value:
        return "not known"
    return value if len(value) <= _MOST_VALUE else f"{value[:_MOST_VALUE]}…"


def _local(at: datetime) -> str:
    return f"{at.astimezone(VIETNAM):%Y-%m-%d %H:%M}"


def _line(days: Mapping[date, int]) -> str:
    """Return a bar for each day, and what the highest stands for."""
    first, last, most = min(days), max(days), max(days.values())
    every = [first + timedelta(days=n) for n in range((last - first).days + 1)]
    peak = next(day for day in every if days.get(day) == most)
    told = f"most {most:,} on {peak}"
    if len(every) == 1 or len(every) > _MOST_DAYS:
        return told
    bars = "".join(_BARS[(days[day] * len(_BARS) - 1) // most] if day in days else _NONE for day in every)
    return f"{first} {bars} {last}, {told}"
