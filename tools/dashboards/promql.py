"""Queries in words: selections of the chosen gateways, growth over the range, joins with rules and gateways."""

from __future__ import annotations

GATEWAYS = 'instance=~"$instance"'
AGENTS = f"crossborder_gateway_info{{{GATEWAYS}}}"
COUNTRIES = 'country=~"$country"'
CATEGORIES = 'category=~"$category"'
RULES = 'rule=~"$rule"'
BROKEN = 'decision!="permitted"'
"""All decisions but `permitted` are violations."""

_STARTED = (
    "(crossborder_build_info offset $__range"
    " or on (instance, job) crossborder_process_start_time_seconds > time() - $__range_s)"
)
"""Agents of which everything in the range was seen: scraped when it began, or started since."""


def of(metric: str, *matchers: str) -> str:
    """Return the series of a metric at the chosen gateways."""
    return f"{metric}{{{','.join((GATEWAYS, *matchers))}}}"


def rate(metric: str, by: str, *matchers: str) -> str:
    """Return what a counter grows by in a second, summed by labels."""
    return f"sum by ({by}) (rate({of(metric, *matchers)}[$__rate_interval]))"


def grown(metric: str, by: str, *matchers: str) -> str:
    """Return what a counter grew by in the range, summed by labels, first values of new series included.

    increase() sees nothing of a series whose first value is already more than 0: a country that data went to once would
    not be there. So that value is added where the series is new, and its agent was watched when it appeared.
    """
    series = of(metric, *matchers)
    first = f"(min_over_time({series}[$__range]) unless {series} offset $__range and on (instance, job) {_STARTED})"
    more = f"increase({series}[$__range])"
    return f"sum by ({by}) ({more} + {first} or {more} or {first})"


def hits(metric: str, by: str, *matchers: str) -> str:
    """Return what a counter grew by in each step of a graph, summed by labels without the country.

    Sums over countries have been there since the start, so the very first hit shows, too.
    """
    kept = ", ".join(dict.fromkeys(("instance", "job", *by.split(", "))))
    series = f"sum by ({kept}) ({of(metric, *matchers)})"
    before = f"sum by ({kept}) ({of(metric, *matchers)} offset $__interval)"
    return f"sum by ({by}) (clamp_min({series} - {before}, 0))"


def or_zero(expr: str) -> str:
    """Return 0 where there is nothing, as long as an agent is there to say so."""
    return f"{expr} or sum(0 * {AGENTS})"


def counted(metric: str, *matchers: str) -> str:
    """Return how many there were in the range, as one whole number."""
    return or_zero(f"round(sum({grown(metric, 'instance', *matchers)}))")


def share(part: str, whole: str) -> str:
    """Return the part of the whole, and nothing where the whole is nothing."""
    return f"{part} / ({whole} > 0)"


def with_rules(expr: str, labels: str, how: str = "sum") -> str:
    """Return a vector by instance, job and rule with labels of the rules beside it, summed by them or the `max`."""
    taken = ", ".join(label for label in labels.split(", ") if label != "rule")
    return f"{how} by ({labels}) ({expr} * on (instance, job, rule) group_left ({taken}) {of('crossborder_rule_info')})"


def threshold(name: str) -> str:
    """Return the series of a threshold, which is there where the operator loads thresholds.yaml."""
    return f"crossborder:{name}:threshold"


def last_hit(metric: str, by: str, *matchers: str) -> str:
    """Return when a counter last grew, in milliseconds, to one step of the range; 0 where it did not."""
    grew = hits(metric, by, *matchers)
    return f"1000 * max_over_time((time() * ({grew} > bool 0))[$__range:$__interval])"


def age(metric: str, by: str) -> str:
    """Return how long ago a moment was."""
    return f"time() - max by ({by}) ({of(metric)})"
