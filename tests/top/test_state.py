"""What two scrapes mean together, and what lists and checks make of it."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from tests.publish.conftest import NOON
from tests.top.conftest import AWAY, HR, SECOND

from crossborder.model import Books, DropReason
from crossborder.publish.exposition import parsed
from crossborder.top.header import header
from crossborder.top.health import checks
from crossborder.top.layout import shares
from crossborder.top.lists import countries, counts, systems
from crossborder.top.panes import View, pane
from crossborder.top.sample import NAMES, ForeignError, Sample
from crossborder.top.state import KEPT, Look, State

if TYPE_CHECKING:
    from tests.top.conftest import Gateway


def first_line(state: State) -> str:
    """Return the header's first line."""
    return header(state, View(), 100)[0].plain


def test_rates_are_between_ticks_and_not_between_scrapes(gateway: Gateway) -> None:
    """Three scrapes of one tick do not make a rate of nothing, nor does one just after it make a rate of five."""
    state = State()
    for after in (0.0, 2.0, 4.0, 9.9):
        state = state.seen(gateway.look(after=after))
        assert state.period is None
    gateway.go_on()
    for after in (0.1, 2.0, 4.0):
        state = state.seen(gateway.look(after=after))

        assert state.period == 10.0
        assert state.rate("egress_bytes_total") == (1_234_567 + 65_000) / 10
        assert {row.name: row.rate for row in countries(state)} == {"ZZ": 123_456.7, "NO": 6_500.0, "SG": 0.0}


def test_rates_end_with_the_ticks(state: State, gateway: Gateway) -> None:
    """An agent whose ticks have stopped has no rates that could look as if it went on."""
    assert state.seen(gateway.look(after=29)).period == 10.0
    assert state.seen(gateway.look(after=45)).period is None


def test_a_restart_begins_anew(state: State, gateway: Gateway) -> None:
    """Counters that went back are another process's: no rate is made of them."""
    again = type(gateway)(gateway.events, gateway._batch, gateway._crossings, gateway._findings)
    again.begin()

    seen = state.seen(again.look())

    assert seen.period is None
    assert [row.name for row in countries(seen)] == ["SG", "NO", "ZZ"]


def test_a_finding_that_closes_stays_where_it_is(gateway: Gateway) -> None:
    """Its line has the last word of it; it is not there twice, and only the newest are kept."""
    gateway.go_on()
    gateway.tick(HR, found=[HR | {"phase": "closed", "total_bytes_out": 99_000, "last_ns": NOON + 25 * 10**9}])
    state = State().seen(gateway.look())
    many = tuple(replace(state.findings["00000000000000a1"], id=str(number)) for number in range(KEPT + 10))

    assert [(f.id[-2:], f.bytes_out) for f in state.findings.values()] == [("a1", 99_000), ("b2", 6_000)]
    assert len(state.seen(Look(0.0, findings=many)).findings) == KEPT


def test_systems(state: State) -> None:
    """A system has the gravest of its data, what left it, how much of that is opaque, and where most went."""
    found = systems(state, "name")

    assert [(s.name, s.category, s.total, s.top, s.places) for s in found] == [
        ("hr-db", "core", 1_274_567, "ZZ", ("ZZ", "SG")),
        ("mail", "personal", 65_000, "NO", ("NO",)),
    ]
    assert found[0].opaque == pytest.approx(1_234_567 / 1_274_567)


def test_counts(state: State) -> None:
    """By the metrics alone: the gravest rule first, what is permitted apart, rules without a finding not at all."""
    assert [(c.rule, c.violations, c.permitted, c.countries) for c in counts(state)] == [
        ("core-data-abroad", 1, 0, ("SG",)),
        ("unknown-country", 0, 1, ("ZZ",)),
    ]


def test_all_is_well(state: State) -> None:
    """A quiet gateway has nothing to look at."""
    assert [check.name for check in checks(state) if not check.well] == []


def test_what_needs_a_look(gateway: Gateway, state: State) -> None:
    """Loss, coverage, lag, shedding, books, series, reload, database and events each say when they are bad."""
    books = Books("eth0", 20_000, 16_000_000, 9_000, 9_600_000, 1_985, 0, {DropReason.KERNEL: 900, DropReason.RING: 1})
    gateway.metrics.unreadable(["broken"])
    gateway.metrics.reload(ok=False, timestamp=SECOND + 20)
    gateway.metrics.events(failed=3, lost=2)
    gateway.tick(
        HR | {"missing_out": 5_000_000, "missing_in": 0},
        books=books,
        sheds=("content",),
        lag_seconds=7.5,
        down=frozenset({"eth0"}),
    )
    found = {check.name: check.now for check in checks(state.seen(gateway.look())) if not check.well}

    assert found.keys() == {
        "received",
        "lost",
        "coverage",
        "lag",
        "shedding",
        "books",
        "rules read",
        "database",
        "events",
    }
    assert found["received"] == "eth0 down"
    assert found["lost"] == "9.01%: kernel 900, ring 1"
    assert found["books"] == "off by 8,084"
    assert found["events"] == "2 written, 3 delayed, 2 lost"
    assert found["database"] == "broken not loaded"
    assert found["shedding"] == "content"


def test_an_old_database_and_folded_series(gateway: Gateway) -> None:
    """The age is the clock's who looks; folded series name their metric in the details."""
    text = gateway.metrics.expose()[1].decode() + 'crossborder_series_dropped_total{metric="crossborder_x_total"} 7\n'
    state = State().seen(Look(SECOND + 300 * 86_400.0, Sample.of(text, SECOND)))
    found = {check.name: check for check in checks(state) if not check.well}

    assert found["database"].now == "312 days, IPFire"
    assert found["series"].now == "7 folded"
    assert "crossborder_x_total" in found["series"].meaning


def test_whether_it_captures(gateway: Gateway) -> None:
    """By its ticks: near the clock it captures, without one for long it does not, far from the clock it replays."""
    fresh = State().seen(gateway.look())
    quiet = fresh.seen(gateway.look(after=120))
    past = State().seen(gateway.look(after=86_400))
    gateway.tick(down=frozenset({"eth0"}))
    down = State().seen(gateway.look())

    assert "  capturing  up 3 h 12 min" in first_line(fresh)
    assert "NOT capturing: no tick for 2 min 0 s" in first_line(quiet)
    assert "replaying 01-01 12:00:10Z" in first_line(past)
    assert "not capturing: interface down" in first_line(down)


def test_notes_of_the_event_file(gateway: Gateway) -> None:
    """Lines that are no events are counted and told, and do not hide those that are."""
    with gateway.events.open("a", encoding="utf-8") as file:
        file.write('{"half": \nnull\n{"event":{"id":"x"}}\n[]\n' + "[" * 100_000 + "\n")
    state = State().seen(gateway.look())
    lines = [line.text.plain.rstrip() for line in pane(3, state, View(), 80).lines]

    assert lines[0] == "5 lines are no events of an agent and were left out."
    assert "core-data-abroad" in lines[1]


def test_more_is_kept_of_zero_than_of_a_made_up_country(gateway: Gateway) -> None:
    """Series at zero, made in advance for alerts, are no lines."""
    gateway.tick(AWAY | {"bytes_out": 0})
    names = {labels["country"] for labels, _ in gateway.scrape().series["egress_bytes_total"]}

    assert names == {"SG", "NO", "ZZ"}
    assert [row.name for row in countries(State().seen(gateway.look()))] == ["SG", "NO", "ZZ"]


def test_what_is_read_is_in_the_catalogue(gateway: Gateway) -> None:
    """Every metric that is looked at is one that an agent has."""
    known = {name for name in gateway.metrics.expose()[1].decode().split() if name.startswith("crossborder_")}

    assert NAMES - known == {"crossborder_process_start_time_seconds"}


@settings(deadline=None)
@given(st.text(alphabet='crossborder_build_info{}=",\\ \n\t#1e9NaN+-.', max_size=60))
def test_no_text_breaks_it(text: str) -> None:
    """Whatever answers: it is taken apart, or it is foreign."""
    try:
        Sample.of(f'crossborder_build_info{{version="1"}} 1\n{text}\n', 0.0)
    except ForeignError:
        return


@settings(deadline=None)
@given(st.lists(st.sampled_from(["1e400", "NaN", "-Inf", "-1", "1e308", "0", "1e15"]), min_size=6, max_size=6))
def test_no_number_breaks_it(values: list[str]) -> None:
    """Numbers that no agent has are shown as they can be, and break nothing."""
    names = ("last_tick_timestamp_seconds", "process_start_time_seconds", "config_last_reload_timestamp_seconds")
    lines = [f"crossborder_{name} {value}" for name, value in zip(names, values[:3], strict=True)]
    lines += [f'crossborder_egress_bytes_total{{country="SG",inspection="opaque"}} {values[3]}']
    lines += [f'crossborder_geo_database_build_timestamp_seconds{{database="x"}} {values[4]}']
    lines += [f'crossborder_capture_packets_total{{interface="x"}} {values[5]}']
    sample = Sample.of("crossborder_build_info 1\n" + "\n".join(lines) + "\n", SECOND)
    state = State().seen(Look(SECOND, sample))

    shown = header(state, View(), 80) + [
        line.text for number in range(1, 5) for line in pane(number, state, View(), 80).lines
    ]

    assert all(text.cell_len == 80 for text in shown)


def test_the_heap_of_zeros_costs_little(gateway: Gateway) -> None:
    """Lines of metrics that nobody reads, and counters at zero, are not taken apart."""
    zeros = "".join(f'crossborder_violations_total{{rule="r{n}",country="SG"}} 0.0\n' for n in range(1000))

    assert "crossborder_violations_total" not in parsed(zeros, NAMES)
    assert parsed(gateway.metrics.expose()[1].decode(), {"crossborder_ticks_total"}).keys() == {
        "crossborder_ticks_total"
    }


@pytest.mark.parametrize(
    ("height", "wanted", "focused", "given_"),
    [
        (21, (4, 2, 3, 7), 0, [4, 2, 8, 7]),
        (21, (40, 2, 3, 7), 0, [10, 2, 3, 6]),
        (21, (40, 40, 40, 7), 2, [5, 5, 7, 4]),
        (60, (4, 2, 3, 7), 1, [4, 2, 47, 7]),
    ],
)
def test_shares(height: int, wanted: tuple[int, ...], focused: int, given_: list[int]) -> None:
    """Every pane is seen, the focused one first gets what it wants, and together they fill the screen."""
    assert sum(given_) == height
    assert shares(height, wanted, focused) == given_
