"""What one correlation asks over all gateways, in PromQL of Prometheus 2.42."""

from __future__ import annotations

from typing import TYPE_CHECKING

from crossborder.match.fleet import LABELS

if TYPE_CHECKING:
    from crossborder.match.ruleset import Comparison, Correlation, Rule

COUNTER = "crossborder_counted_total"
FORM = """\
How the sums are made. increase() alone would not do: it sees nothing of a series whose first value is not 0, and the
first flow of a group comes with all its bytes; ten gateways with one flow each would never be seen. So of each series
  1. where the agent was started within the span, increase() is taken, which adds up what was counted before and after,
     but at least what this life of the agent counted; of a series that was not there a span ago, the longest life;
  2. where it was there a span ago, the difference is taken, to the byte;
  3. where it was not, though its gateway was scraped then, all of it is taken: it began at 0;
  4. where nothing is known of a span ago (this Prometheus is new, or could not reach the gateway), only what it was
     seen to grow by, lest a counter of years be taken for a day's.
last_over_time() keeps what a gateway counted before it went down. What is summed and over is alerted on, and resolved
when it is more than the span ago."""
"""Why sums are made as they are, for the head of the file."""

_COMPARE: dict[Comparison, str] = {"gt": ">", "gte": ">=", "lt": "<", "lte": "<=", "eq": "==", "neq": "!="}
PACES, QUICKEST, SLOWEST = 288, 60, 300
"""How many times a span is summed while it passes, and seconds between two sums: each reads all samples of the span."""

_UNITS = (("d", 86_400), ("h", 3_600), ("m", 60), ("s", 1))


def seconds(correlation: Correlation) -> int:
    """Return the time span in seconds."""
    return correlation.span_ns // 1_000_000_000


def span(correlation: Correlation) -> str:
    """Return the time span as Prometheus writes it: 1d, or 30d10h29m6s for what Sigma calls a month."""
    return _duration(seconds(correlation))


def every(correlation: Correlation) -> str | None:
    """Return how often a long span is worth summing: a day every five minutes; None: as often as all else."""
    pace = min(seconds(correlation) // PACES, SLOWEST)
    return _duration(pace) if pace > QUICKEST else None


def _duration(left: int) -> str:
    written = ""
    for name, size in _UNITS:
        whole, left = divmod(left, size)
        written += f"{whole}{name}" if whole else ""
    return written


def recorded(correlation: Correlation) -> str:
    """Return the name of the series that holds a correlation's sums over all gateways."""
    return f"crossborder:counted:increase{span(correlation)}"


def sums(names: list[str], correlation: Correlation) -> str:
    """Return the expression of what all gateways counted within a correlation's span, for all rules that have it."""
    of, within = f'{COUNTER}{{rule=~"{"|".join(names)}"}}', span(correlation)
    return f"""\
sum by (rule, system, country) (
  (
    (
      (increase({of}[{within}]) > last_over_time({of}[{within}]) or last_over_time({of}[{within}]))
      and
      {of} offset {within}
      or
      (increase({of}[{within}]) > max_over_time({of}[{within}]) or max_over_time({of}[{within}]))
    )
    and on (instance, job)
    last_over_time(crossborder_process_start_time_seconds[{within}]) > time() - {seconds(correlation)}
  )
  or
  (
    last_over_time({of}[{within}])
    - {of} offset {within}
    >= 0
  )
  or
  (
    last_over_time({of}[{within}])
    and on (instance, job)
    crossborder_gateway_info offset {within}
  )
  or
  (
    last_over_time({of}[{within}])
    - min_over_time({of}[{within}])
  )
)
"""


def condition(rule: Rule, correlation: Correlation) -> str:
    """Return the expression of the alert: groups of which anything was counted and that meet the threshold."""
    series, threshold = recorded(correlation), f"{_COMPARE[correlation.op]} {correlation.threshold!r}"
    if correlation.type == "value_count":
        by = ", ".join(("rule", *_labels(correlation.group_by)))
        value = LABELS[correlation.field or ""]
        return f'count by ({by}) ({series}{{rule="{rule.name}", {value}!~"|other"}} > 0) {threshold}'
    counted = f'{series}{{rule="{rule.name}"}}'
    reached = correlation.op in {"gt", "gte", "eq"} and correlation.threshold > 0
    return f"{counted} {threshold}" if reached else f"({counted} > 0) {threshold}"


def _labels(fields: tuple[str, ...]) -> list[str]:
    return [LABELS[name] for name in fields]
