"""The change list: what is new since, what is no more, and what each line rests on."""

from __future__ import annotations

import csv
import io
import json
from pathlib import Path
from typing import TYPE_CHECKING, Any

import polars as pl
from click.testing import CliRunner
from hypothesis import given, settings
from hypothesis import strategies as st
from tests.golden import assert_golden
from tests.review.rows import record, row, written

from crossborder.cli import cli
from crossborder.engine.communityids import community_ids
from crossborder.review.changes import CHANGE_SCHEMA, Span, changes

if TYPE_CHECKING:
    from collections.abc import Sequence

GOLDEN = Path(__file__).parent / "golden"
THEN = (
    row("2026-02-01 09:10", flow_id=1),
    row("2026-02-02 09:10", flow_id=2, country="US", as_org="Old Operator"),
    row("2026-02-03 09:10", flow_id=3, categories=["core:I.26", "important:II.10"], as_org="Second"),
)
NOW = (
    row("2026-03-01 09:10", flow_id=11, local_port=41_000),
    row("2026-03-02 09:10", flow_id=12, categories=["core:I.26", "important:II.10"], local_port=42_000),
    row("2026-03-03 09:10", flow_id=13, as_org="Second", country="ZZ", remote_ip="2001:db8::7"),
    row("2026-03-04 09:10", flow_id=14, as_org="Third", categories=["core:I.4", "personal"], gateway="gw-2"),
    row("2026-03-05 09:10", flow_id=15, system="labor", as_org="Third"),
)


def changed(then: Sequence[dict[str, Any]], now: Sequence[dict[str, Any]], **options: Any) -> pl.DataFrame:
    """Return the changes between rows."""
    return changes(Span(record(*then), "then"), Span(record(*now), "now"), **options)


def told(found: pl.DataFrame, system: str = "registry") -> list[tuple[str, str | None, str | None, str | None]]:
    """Return what changed of a sender."""
    columns = ("change", "category", "recipient", "country")
    return list(found.filter(pl.col("system") == system).select(columns).iter_rows())


def test_what_is_new_and_what_ended() -> None:
    """By data, recipient and country of a sender; a pair is told where both halves were known."""
    found = changed(THEN, NOW)

    assert found.schema == CHANGE_SCHEMA
    assert told(found) == [
        ("new-data", "core:I.4", None, None),
        ("new-data", "important:II.10", "Example Networks", None),
        ("new-recipient", None, "Third", None),
        ("new-country", None, None, "ZZ"),
        ("ended-recipient", None, "Old Operator", None),
        ("ended-country", None, None, "US"),
    ]


def test_a_known_recipient_in_a_country_that_is_new_to_it() -> None:
    """The country was known, and the recipient, but not together."""
    now = (row("2026-03-01 09:10", flow_id=11, country="US"), *THEN)

    assert told(changed(THEN, now)) == [("new-country", None, "Example Networks", "US")]


def test_a_new_sender_is_new_in_all() -> None:
    """Its data, its recipient, its country."""
    assert [change for change, *_ in told(changed(THEN, NOW), "labor")] == ["new-data", "new-recipient", "new-country"]


def test_nothing_new() -> None:
    """The same again is no change, however much it is."""
    assert changed(THEN, THEN).is_empty()
    assert changed((), ()).schema == CHANGE_SCHEMA


def test_a_line_says_what_it_rests_on() -> None:
    """Its flows, the law by the route of its data, what it was compared with."""
    registry = changed(THEN, NOW).filter(system="registry").iter_rows(named=True)
    found = {(one["change"], one["category"], one["recipient"]): one for one in registry}
    new, third, ended = (
        found["new-data", "important:II.10", "Example Networks"],
        found["new-recipient", None, "Third"],
        found["ended-recipient", None, "Old Operator"],
    )

    flow = NOW[1]
    names = ("transport", "initiator", "local_key", "remote_key", "local_port", "remote_port")
    tuples = pl.Series([{name: flow[name] for name in names}])
    assert new["samples"] == community_ids(tuples).to_list()
    assert community_ids(tuples, 7).to_list()[0] in changed(THEN, NOW, seed=7)["samples"].explode().to_list()
    assert (new["flows"], new["bytes_out"], new["law"]) == (1, 6_000, ["165/2025/NĐ-CP, 12(8)"])
    assert (third["law"], third["categories"], third["countries"]) == (["91/2025/QH15, 20(3)"], ["core:I.4"], ["SG"])
    assert (new["compared_with"], ended["compared_with"]) == ("then", "now")
    assert (ended["law"], ended["last_seen"].day) == ([], 2)


def test_a_flow_of_two_kinds_of_data_is_one_flow() -> None:
    """And its bytes are sent once, over hours and gateways too."""
    begin = row("2026-03-01 09:50")["first_ns"]
    both = {"categories": ["core:I.26", "important:II.10"], "as_org": "New", "flow_id": 9}
    now = (
        row("2026-03-01 09:50", report="active", bytes_out=100, **both),
        row("2026-03-01 10:50", first_ns=begin, before=100, bytes_out=100, **both),
    )

    one = changed(THEN, now).filter(pl.col("change") == "new-recipient").row(0, named=True)

    assert (one["flows"], one["bytes_out"], one["categories"]) == (1, 200, ["core:I.26", "important:II.10"])


SMALL: st.SearchStrategy[list[dict[str, Any]]] = st.lists(
    st.builds(
        dict,
        system=st.sampled_from(["a", "b", None]),
        categories=st.sampled_from([["core:I.26"], ["core:I.4", "important:II.10"], ["other"]]),
        as_org=st.sampled_from(["one", "two", "three"]),
        country=st.sampled_from(["SG", "US", "ZZ"]),
    ),
    max_size=6,
)


def plainly(then: list[dict[str, Any]], now: list[dict[str, Any]]) -> set[tuple[Any, ...]]:
    """Return the changes, by paper."""
    shares = [
        [
            (one["system"], name, one["as_org"], one["country"])
            for one in rows
            for name in one["categories"]
            if name != "other"
        ]
        for rows in (then, now)
    ]
    lines: set[tuple[Any, ...]] = set()
    for at, kind in ((1, "data"), (2, "recipient"), (3, "country")):
        had, has = ({(share[0], share[at]) for share in rows} for rows in shares)
        for word, some in (("new", has - had), ("ended", had - has)):
            lines |= {
                (s, f"{word}-{kind}", *(value if place == at else None for place in (1, 2, 3))) for s, value in some
            }
        if at != 2:
            pairs_had, pairs = ({(s[0], s[at], s[2]) for s in rows} for rows in shares)
            recipients = {(s[0], s[2]) for s in shares[0]}
            for sender, value, recipient in pairs - pairs_had:
                if (sender, value) in had and (sender, recipient) in recipients:
                    named = {at: value, 2: recipient}
                    lines.add((sender, f"new-{kind}", *(named.get(place) for place in (1, 2, 3))))
    return lines


@settings(max_examples=60, deadline=None)
@given(then=SMALL, now=SMALL)
def test_it_is_what_paper_says(then: list[dict[str, Any]], now: list[dict[str, Any]]) -> None:
    """For small random histories."""
    rows = [[row(flow_id=n, **one) for n, one in enumerate(part)] for part in (then, now)]

    found = changed(*rows)

    got = list(found.select("system", "change", "category", "recipient", "country").iter_rows())
    assert len(got) == len(set(got))
    assert set(got) == plainly(then, now)


def run(*words: object) -> Any:
    """Run a command of ours in this process."""
    return CliRunner().invoke(cli, [str(word) for word in words], catch_exceptions=False)


def test_the_command(tmp_path: Path) -> None:
    """A table of 100 columns in both languages, CSV and JSON, all with the time compared with."""
    folder = written(tmp_path / "history", *THEN, *NOW)
    words = ("register", "changes", folder, "--from", "2026-03-01", "--to", "2026-03-31")

    tables = {lang: run(*words, "--lang", lang) for lang in ("en", "vi")}
    rows = list(csv.DictReader(io.StringIO(run(*words, "--format", "csv").stdout)))
    data = json.loads(run(*words, "--format", "json").stdout)

    for lang, shown in tables.items():
        assert max(map(len, shown.stdout.splitlines())) <= 100
        assert_golden(shown.stdout, GOLDEN / f"changes-{lang}.txt")
    assert "9 changes; compared with the record of 2026-02-01T02:00:00Z/2026-02-28T17:00:00Z" in tables["en"].stderr
    assert len(rows) == len(data["changes"]) == 9
    assert rows[0]["compared_with"] == data["compared_with"] == "2026-02-01T02:00:00Z/2026-02-28T17:00:00Z"


def test_without_a_record_before_all_is_new_and_that_is_said(tmp_path: Path) -> None:
    """Nobody shall take the first month's register for a month of changes."""
    folder = written(tmp_path / "history", *NOW)

    shown = run("register", "changes", folder, "--from", "2026-03-01")

    assert "there is none, so all of it is new" in shown.stderr


def test_a_gateway_that_fell_silent_is_named(tmp_path: Path) -> None:
    """What it saw may not have ended; and where nobody recorded anything, nothing has."""
    folder = written(tmp_path / "history", *THEN, *({**one, "gateway": "gw-3"} for one in NOW))

    one = run("register", "changes", folder, "--from", "2026-03-01")
    none = run("register", "changes", folder, "--from", "2026-04-01")

    assert "gw-1: recorded before, and nothing in this time: what it saw may go on unseen" in one.stderr
    assert "ended-country" in one.stdout
    assert "gw-3: recorded before" in none.stderr
    assert "ended" not in none.stdout
