"""Tables of series: the hard cap, what is folded first, and values that never go back."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from crossborder.publish.series import BUCKETS, Histogram, Metric, Series

TWO = Metric("crossborder_x_total", "counter", ("rule", "country"), "", "", folds=("country",))
ONE = Metric("crossborder_y_total", "counter", ("interface",), "", "")
STAGE = Metric("crossborder_z_seconds", "histogram", ("stage",), "", "")


@given(st.lists(st.tuples(st.text(max_size=2), st.text(max_size=2), st.integers(0, 9)), max_size=300))
def test_nothing_is_lost_and_the_cap_holds(updates: list[tuple[str, str, int]]) -> None:
    """Whatever comes, the sum over all series is the sum of the updates, and there are at most so many series."""
    series = Series(TWO, 20)
    seen: set[tuple[str, ...]] = set()
    for rule, country, amount in updates:
        before = dict(series.values)
        series.add((rule, country), amount)
        seen |= set(series.values)

        assert all(series.values[labels] >= value for labels, value in before.items())
    assert sum(series.values.values()) == sum(amount for *_, amount in updates)
    assert len(series.values) <= 20
    assert seen == set(series.values)


def test_the_country_goes_first_and_the_rule_last() -> None:
    """Three quarters full: a new country of a known rule is `other`; quite full: everything new is `other`."""
    series = Series(TWO, 8)
    for n in range(6):
        series.add(("a", f"C{n}"), 1)
    series.add(("a", "NEW"), 1)
    series.add(("b", "NEW"), 1)
    series.add(("c", "NEW"), 1)

    assert list(series.values)[6:] == [("a", "other"), ("other", "other")]
    assert series.values["other", "other"] == 2
    assert series.dropped == 3


def test_what_was_admitted_stays_itself() -> None:
    """A series that exists goes on counting when the table is full."""
    series = Series(ONE, 3)
    for name in ("a", "b", "c", "d", "a"):
        series.add((name,), 1)

    assert series.values == {("a",): 2, ("b",): 1, ("other",): 2}


def test_zeros_leave_half_the_room_for_real_values() -> None:
    """Zeros made in advance stop at half of the cap and overwrite nothing."""
    series = Series(TWO, 10)
    series.add(("r", "AA"), 3)
    series.zero(("r", country) for country in ("AA", *map(str, range(20))))

    assert len(series.values) == 5
    assert series.values["r", "AA"] == 3
    assert series.dropped == 0


def test_a_total_that_fell_has_begun_anew() -> None:
    """Totals kept elsewhere are followed as Prometheus follows a counter."""
    series = Series(ONE, 10)
    for total in (5, 5, 9, 2, 3):
        series.follow(("a",), total)

    assert series.values["a",] == 12


@given(st.lists(st.floats(0, 100), max_size=50))
def test_buckets_are_cumulative(seconds: list[float]) -> None:
    """Each bucket holds what is less or equal to its bound, the last one everything."""
    histogram = Histogram(STAGE, [("match",)])
    for value in seconds:
        histogram.observe(("match",), value)

    buckets = histogram.cumulative(("match",))
    assert [count for _, count in buckets[:-1]] == [sum(v <= bound for v in seconds) for bound in BUCKETS]
    assert buckets[-1] == ("+Inf", len(seconds))
