"""What grows and what must not: costs are compared with each other, in processor time, on any machine."""

from __future__ import annotations

import resource
from typing import TYPE_CHECKING

import polars as pl
import pytest

from crossborder.match.cases import crossings
from crossborder.match.compiler import truth
from crossborder.match.conditions import And, Node, Not, Op, Test
from crossborder.match.plan import Plan

if TYPE_CHECKING:
    from collections.abc import Callable

FLOWS = 50_000
NAME = "destination.domain"


@pytest.fixture(scope="module")
def frame() -> pl.DataFrame:
    """Return many crossings with many names, sizes and ports."""
    one = crossings([(1, 0, {"data.categories": ["core:I.26"], NAME: "x"})]).drop("flow_id")
    number = pl.col("flow_id")
    return one.join(pl.select(flow_id=pl.int_range(FLOWS, dtype=pl.UInt64)), how="cross").with_columns(
        server_name=pl.format("h{}.Service{}.example", number % 7919, number % 997),
        total_bytes_out=number * 37 % 1_000_003,
        remote_port=(number % 1000).cast(pl.UInt16),
    )


def cost(work: Callable[[], object]) -> float:
    """Return the least processor time of several runs, all threads together."""
    times = []
    for _ in range(5):
        before = resource.getrusage(resource.RUSAGE_SELF)
        work()
        after = resource.getrusage(resource.RUSAGE_SELF)
        times.append(after.ru_utime - before.ru_utime + after.ru_stime - before.ru_stime)
    return min(times)


def rule(number: int) -> Node:
    """Return a rule that asks what rules ask: what it holds, where it goes, how much, by what name or port."""
    named = Test(NAME, Op.DOMAIN, tuple(f"service{number % 10}{at}.example" for at in range(20)))
    port = Test("destination.port", Op.IS, (number, number + 1))
    return And(
        (
            Test("data.categories", Op.STARTS, (("core", "important", "personal")[number % 3],)),
            Not(Test("destination.geo.country_iso_code", Op.IS, (("NO", "SE"), ("VN",))[number % 2])),
            Test("source.bytes", Op.GTE, (1000 * (number + 1),)),
            named if number % 2 else port,
        )
    )


def test_many_domains_cost_little_more_than_few(frame: pl.DataFrame) -> None:
    """A thousand domains are one pass over the names, of a larger automaton: nowhere near a thousand passes."""
    few = Test(NAME, Op.DOMAIN, ("service1.example",))
    many = Test(NAME, Op.DOMAIN, tuple(f"service{at}.example" for at in range(1000)))

    assert cost(lambda: frame.select(truth(many))) < 50 * cost(lambda: frame.select(truth(few)))


def test_many_networks_cost_little_more_than_few(frame: pl.DataFrame) -> None:
    """Two thousand networks are one search per address."""
    few = Test("destination.ip", Op.CIDR, ("198.51.100.0/24",))
    many = Test("destination.ip", Op.CIDR, tuple(f"100.{at // 250}.{at % 250}.0/25" for at in range(2000)))

    assert cost(lambda: frame.select(truth(many))) < 20 * cost(lambda: frame.select(truth(few))) + 0.01


def test_rules_share_their_questions(frame: pl.DataFrame) -> None:
    """A hundred and fifty rules in one plan cost a fraction of the same rules one by one."""
    rules = [rule(number) for number in range(150)]
    plan = Plan(rules)

    together = cost(lambda: plan.matches(plan.tests(frame)))
    apart = cost(lambda: [frame.select(truth(tree)) for tree in rules])

    assert together < apart / 3


def test_cost_grows_with_flows_not_faster(frame: pl.DataFrame) -> None:
    """Ten times the flows cost at most twenty times as much."""
    plan = Plan([rule(number) for number in range(150)])
    tenth = frame.head(FLOWS // 10)

    assert cost(lambda: plan.matches(plan.tests(frame))) < 20 * cost(lambda: plan.matches(plan.tests(tenth))) + 0.01
