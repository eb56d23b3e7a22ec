"""Rules asked of recorded flows find what an agent would have found that saw each hour as one tick."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from tests.match.conftest import rule_head
from tests.publish.conftest import NOON
from tests.review.conftest import frame

from crossborder.match import Matcher
from crossborder.review import asking
from crossborder.review.askable import differences, refusal
from crossborder.review.asking import Asking
from crossborder.review.record import open_record

if TYPE_CHECKING:
    from pathlib import Path

    import pytest
    from tests.review.conftest import Ruled, Written

    from crossborder.match.ruleset import Ruleset

LARGE = "detection: {much: {source.bytes|gte: 5000}, condition: much}\n"
STORAGE = "detection: {there: {destination.domain|contains: storage}, condition: there}\n"
LONG: list[dict[str, Any]] = [  # a flow of three hours
    {"flow_id": 7, "hour": n, "first_ns": NOON, "bytes_out": 3000, "total_bytes_out": 3000 * (n + 1)}
    | {"report": "active" if n < 2 else "ended"}
    for n in range(3)
]
FLOWS: list[dict[str, Any]] = [
    *LONG,
    *({"flow_id": n, "hour": n % 3, "server_name": f"{n}.storage.example"} for n in range(10, 20)),
]


def counting(threshold: int, span: str = "2h") -> str:
    """Return a rule that counts flows to storage."""
    counted = (
        f"correlation: {{type: event_count, rules: [many_flow], timespan: {span}, condition: {{gte: {threshold}}}}}"
    )
    return f"{STORAGE}---\n{rule_head(9, 'many')}{counted}\n"


def ruleset_of(ruled: Ruled, tmp_path: Path) -> Ruleset:
    """Return two rules and one that counts."""
    (tmp_path / "rules").mkdir()
    text = rule_head(3, "many_flow") + counting(4)
    (tmp_path / "rules/many.yaml").write_text(text, encoding="utf-8")
    ruleset = ruled(large=LARGE, storage=STORAGE)
    from crossborder.match.reader import read_ruleset

    counted = read_ruleset([tmp_path / "rules/many.yaml"])
    return type(ruleset)((*ruleset.rules, *counted.rules))


def asked(folder: Path, ruleset: Ruleset, **options: Any) -> list[tuple[Any, ...]]:
    """Return what is found: rule, phase, bytes and id."""
    found = Asking(open_record(folder), ruleset.rules, **options)
    told = [one.told.select("rule", "phase", "bytes", "finding_id").rows() for one in found]
    return [(ruleset.rules[rule].name, *rest) for rows in told for rule, *rest in rows]


def test_they_find_what_an_agent_finds(written: Written, ruled: Ruled, tmp_path: Path) -> None:
    """Openings, growth and ends of flows of several hours, and what is counted over hours."""
    ruleset = ruleset_of(ruled, tmp_path)
    matcher = Matcher(ruleset)
    expected = [
        row
        for hour in range(3)
        for row in matcher(frame(*(flow for flow in FLOWS if flow["hour"] == hour)))
        .select("rule", "phase", "matched_bytes", "finding_id")
        .rows()
    ]

    found = asked(written(*FLOWS), ruleset)

    assert sorted(found) == sorted(expected)
    assert [one[1:3] for one in found if one[0] == "large" and one[3] == found[0][3]] != []
    assert {one[0] for one in found} == {"large", "storage", "many"}


def test_an_hour_in_pieces_is_the_same(
    written: Written, ruled: Ruled, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """However small the pieces that are read at once."""
    ruleset, folder = ruleset_of(ruled, tmp_path), written(*FLOWS)
    whole = asked(folder, ruleset)

    monkeypatch.setattr(asking, "PIECE_ROWS", 2)
    monkeypatch.setattr(asking, "BATCH_ROWS", 1)

    assert sorted(asked(folder, ruleset)) == sorted(whole)


def test_gateways_count_for_themselves(written: Written, ruled: Ruled, tmp_path: Path) -> None:
    """Three flows at each of two gateways are no six."""
    three = [flow for flow in FLOWS if flow["flow_id"] in {10, 11, 12}]
    written(*three, gateway="a")
    folder = written(*three, gateway="b")

    found = asked(folder, ruleset_of(ruled, tmp_path))

    assert [one[0] for one in found].count("storage") == 6
    assert "many" not in {one[0] for one in found}


def test_only_what_is_asked_for_is_read(written: Written, ruled: Ruled) -> None:
    """Columns nobody asks for are not in the rows, nor flows that nothing found."""
    found = list(Asking(open_record(written(*FLOWS)), ruled(storage=STORAGE).rules, ["country"]))

    assert set(found[0].rows.columns) == {
        *("row", "server_name", "country", "flow_id", "report", "bytes_out", "total_bytes_out", "first_ns", "last_ns")
    }
    assert sum(one.rows.height for one in found) == 10 + 2  # of the long flow the hours it goes on in


def test_a_file_that_breaks_off_is_named(written: Written, ruled: Ruled) -> None:
    """Its end can be read and its rows cannot: the other hours are told."""
    folder = written(*FLOWS)
    path = min(folder.rglob("*.parquet"))
    data = bytearray(path.read_bytes())
    data[4 : len(data) // 2] = bytes(len(data) // 2 - 4)
    path.write_bytes(data)

    found = Asking(open_record(folder), ruled(storage=STORAGE).rules)

    assert sum(one.told.height for one in found) == 7
    assert [left.path for left in found.left_out] == [path]


def test_what_history_does_not_hold_is_refused(ruled: Ruled) -> None:
    """Counts of persons are the agent's state; all else can be asked."""
    ruleset = ruled(
        band="detection: {a: {data.bands|contains: core}, condition: a}\n",
        persons="detection: {a: {data.persons.basic|gte: 10}, condition: a}\n",
        storage=STORAGE,
    )

    said = {rule.name: refusal(rule) for rule in ruleset.rules}

    assert "data.bands" in str(said["band"])
    assert "data.persons.basic" in str(said["persons"])
    assert said["storage"] is None


def test_how_hours_differ_is_said(ruled: Ruled) -> None:
    """What must be small, what is known late, and windows: each by its fields."""
    ruleset = ruled(
        small="detection: {a: {source.bytes|gte: 10}, b: {source.bytes|gt: 90}, condition: a and not b}\n",
        large="detection: {a: {source.bytes|gte: 10, destination.ip: 203.0.113.9}, condition: a}\n",
        storage=STORAGE,
    )
    said = {rule.name: " ".join(differences(rule)) for rule in ruleset.rules}

    assert "source.bytes must be small" in said["small"]
    assert said["large"] == ""
    assert "destination.domain: of an hour the last that was known" in said["storage"]
