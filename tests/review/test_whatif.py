"""What another policy would have made of the record: rules and permits as they are, asked of what was recorded."""

from __future__ import annotations

import json
import textwrap
from pathlib import Path
from typing import TYPE_CHECKING, Any

import polars as pl
import pytest
from click.testing import CliRunner
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from tests.golden import assert_golden
from tests.match.permits.conftest import RULE
from tests.review.rows import PERMIT, instant, permits_of, row, written

from crossborder import config
from crossborder.cli import cli
from crossborder.match.permits import Permits
from crossborder.parts import read_rules
from crossborder.review.record import open_record
from crossborder.review.whatif import WHATIF_SCHEMA, Policy, allowing, also, whatif, without

if TYPE_CHECKING:
    from crossborder.match.ruleset import Rule

GOLDEN = Path(__file__).parent / "golden"
LEGAL = "{instrument: 165/2025/NĐ-CP, article: 12(5), category: core, route: nd165-core}"
ABROAD = """
detection:
  core:
    data.categories|startswith: core
  allowed:
    destination.geo.country_iso_code|expand: '%allowed_core%'
  condition: core and not allowed
"""
COUNTED = """
---
title: Several of them
id: 00000000-0000-4000-8000-000000000099
name: several
status: test
level: high
correlation:
  type: event_count
  rules: [abroad]
  group-by: [local.system]
  timespan: 2d
  condition: {gte: 2}
legal: {instrument: 165/2025/NĐ-CP, article: 12(5), category: core, route: nd165-core}
evidence: verbatim
misses: What it does not see.
"""
HOURS = (
    row("2026-03-10 20:00", flow_id=1),
    row("2026-03-11 09:00", flow_id=2, bytes_out=500),
    row("2026-03-11 10:00", flow_id=3, country="ZZ", gateway="gw-2", remote_ip="2001:db8::7"),
    row("2026-03-11 11:00", flow_id=4, country="VN"),
    row("2026-03-11 12:00", flow_id=5, categories=["personal"]),
)


def ruled(folder: Path, name: str = "abroad", more: str = "") -> tuple[Rule, ...]:
    """Return a rule against all that leaves for a country that is not allowed, and what is written after it."""
    path = folder / "rules" / f"{name}.yaml"
    path.parent.mkdir(exist_ok=True)
    head = RULE.format(name="abroad", number=1, legal=LEGAL, evidence="evidence: verbatim")
    path.write_text(head + ABROAD + more, encoding="utf-8")
    section = config.RulesSection(shipped=False, paths=(path,))
    return read_rules(config.Config(rules=section)).enabled


def replayed(folder: Path, now: Policy, other: Policy) -> list[tuple[Any, ...]]:
    """Return what changes of the history in a folder, and what does not."""
    found = whatif(open_record(folder), now, other).rows
    assert found.schema == WHATIF_SCHEMA
    columns = ("rule", "country", "effect", "before", "after", "findings", "bytes_out")
    return sorted(found.select(columns).iter_rows())


def test_countries_that_are_allowed(tmp_path: Path) -> None:
    """What goes there is found no more; the unknown country stays what it is."""
    rules = ruled(tmp_path)
    now, other = Policy(rules, Permits()), Policy(allowing(rules, {"VN", "SG"}), Permits())
    folder = written(tmp_path / "history", *HOURS)

    assert replayed(folder, now, other) == [
        ("abroad", "SG", "removed", "violation", None, 2, 6_500),
        ("abroad", "ZZ", "same", "violation", "violation", 1, 6_000),
    ]
    assert replayed(folder, other, now) == [
        ("abroad", "SG", "added", None, "violation", 2, 6_500),
        ("abroad", "ZZ", "same", "violation", "violation", 1, 6_000),
    ]


def test_a_permit_goes_and_comes(tmp_path: Path) -> None:
    """One that ends within the time covers what went before its end, there and back."""
    rules, permits = ruled(tmp_path), permits_of(tmp_path, PERMIT)
    now, other = Policy(rules, permits), Policy(rules, without(permits, {"p1"}))
    folder = written(tmp_path / "history", *HOURS)

    gone, come = replayed(folder, now, other), replayed(folder, other, Policy(rules, also(Permits(), permits.permits)))

    assert gone == [
        ("abroad", "SG", "added", "permitted", "violation", 1, 6_000),
        ("abroad", "SG", "same", "expired", "violation", 1, 500),
        ("abroad", "ZZ", "same", "violation", "violation", 1, 6_000),
    ]
    assert [(effect, before, after) for _, _, effect, before, after, *_ in come] == [
        ("removed", "violation", "permitted"),
        ("same", "violation", "expired"),
        ("same", "violation", "violation"),
    ]


def test_a_permit_of_the_same_id_takes_the_place_of_the_other(tmp_path: Path) -> None:
    """A prolonged permit keeps its id."""
    permits = permits_of(tmp_path, PERMIT)
    longer = permits_of(tmp_path, PERMIT.replace("until: 2026-03-10", "until: 2026-12-31"))

    assert [str(permit.until) for permit in also(permits, longer.permits).permits] == ["2026-12-31"]


def test_a_ceiling_counts_each_gateway_for_itself(tmp_path: Path) -> None:
    """As agents do: three flows at two gateways break a ceiling of one flow once."""
    rules, permits = ruled(tmp_path), permits_of(tmp_path, PERMIT + "    ceilings: {flows: 1}\n")
    rows = [row(f"2026-03-0{n} 10:00", flow_id=n, gateway=f"gw-{1 + n % 2}") for n in (1, 2, 3)]
    folder = written(tmp_path / "history", *rows)

    assert replayed(folder, Policy(rules, Permits()), Policy(rules, permits)) == [
        ("abroad", "SG", "removed", "violation", "permitted", 2, 12_000),
        ("abroad", "SG", "same", "violation", "overrun", 1, 6_000),
    ]


def test_correlations_count_over_hours(tmp_path: Path) -> None:
    """With what is allowed left out of the count."""
    rules = ruled(tmp_path, "several", COUNTED)
    now, other = Policy(rules, Permits()), Policy(allowing(rules, {"VN", "SG"}), Permits())
    folder = written(tmp_path / "history", *HOURS)

    assert [line for line in replayed(folder, now, other) if line[0] == "several"] == [
        ("several", "SG", "removed", "violation", None, 1, 6_500)
    ]


FLOWS: st.SearchStrategy[list[dict[str, Any]]] = st.lists(
    st.builds(
        dict,
        gateway=st.sampled_from(["gw-1", "gw-2"]),
        system=st.sampled_from(["registry", "labor"]),
        country=st.sampled_from(["SG", "ZZ", "JP", "VN"]),
        remote_ip=st.sampled_from(["198.51.100.7", "198.51.101.7", "2001:db8::7"]),
        categories=st.sampled_from([["core:I.26"], ["core:I.4"], ["other"]]),
        hours=st.lists(st.integers(0, 47), min_size=1, max_size=3, unique=True).map(sorted),
    ),
    max_size=8,
)


def hourly(number: int, flow: dict[str, Any]) -> list[dict[str, Any]]:
    """Return the rows of a flow."""
    begin = instant("2026-03-10 00:00")
    fixed = {name: value for name, value in flow.items() if name != "hours"}
    return [
        row(
            flow_id=number,
            first_ns=begin + flow["hours"][0] * 3_600 * 10**9,
            last_ns=begin + hour * 3_600 * 10**9 + 10**9,
            report="ended" if at == len(flow["hours"]) - 1 else "active",
            before=6_000 * at,
            bytes_out=6_000,
            total_packets_out=6 * (at + 1),
            total_packets_in=4 * (at + 1),
            **fixed,
        )
        for at, hour in enumerate(flow["hours"])
    ]


def plainly(flows: list[dict[str, Any]], allowed: set[str], *, permit: bool) -> dict[tuple[int, int], str]:
    """Return what is decided of each flow's hour, by paper."""
    decided = {}
    for number, flow in enumerate(flows):
        if flow["categories"] == ["other"] or flow["country"] in allowed:
            continue
        for hour in flow["hours"]:
            fits = permit and flow["system"] == "registry" and flow["categories"] == ["core:I.26"]
            there = flow["remote_ip"] == "198.51.100.7" and flow["country"] == "SG"
            valid = hour < 24  # the permit ends on 10 March
            word = "violation"
            if fits and (there or valid):
                word = ("permitted" if valid else "expired") if there else "new-recipient"
            decided[number, hour] = word
    return decided


@settings(max_examples=25, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(flows=FLOWS, allowed=st.sets(st.sampled_from(["SG", "JP"])))
def test_it_is_what_paper_says(tmp_path_factory: pytest.TempPathFactory, flows: list[Any], allowed: set[str]) -> None:
    """For small random histories: findings where they open, bytes where they are sent."""
    folder = tmp_path_factory.mktemp("whatif")
    rules, permits = ruled(folder), permits_of(folder, PERMIT)
    rows = [one for number, flow in enumerate(flows) for one in hourly(number, flow)]
    place = written(folder / "history", *rows)
    place.mkdir(exist_ok=True)

    other = Policy(allowing(rules, {"VN", *allowed}), permits)
    found = whatif(open_record(place), Policy(rules, Permits()), other).rows

    before, after = plainly(flows, {"VN"}, permit=False), plainly(flows, {"VN", *allowed}, permit=True)
    expected: dict[tuple[Any, ...], list[int]] = {}
    for number, hour in before:
        flow = flows[number]
        key = (flow["system"], flow["country"], before[number, hour], after.get((number, hour)))
        counts = expected.setdefault(key, [0, 0])
        counts[0] += hour == flow["hours"][0]
        counts[1] += 6_000
    sums = found.group_by("system", "country", "before", "after").agg(pl.col("findings", "bytes_out").sum())
    assert {tuple(line[:4]): list(line[4:]) for line in sums.iter_rows()} == expected


@pytest.fixture
def configured(tmp_path: Path) -> Path:
    """Return a configuration with a history, the shipped rules and a permit."""
    written(tmp_path / "history", *HOURS)
    (tmp_path / "permits.yaml").write_text(textwrap.dedent(PERMIT), encoding="utf-8")
    path = tmp_path / "c.yaml"
    path.write_text("history: {directory: history}\npermits: permits.yaml\n", encoding="utf-8")
    return path


def run(*words: object) -> Any:
    """Run a command of ours in this process."""
    return CliRunner().invoke(cli, [str(word) for word in words])


def test_the_command(configured: Path) -> None:
    """Sums first, then what changes, in 100 columns and both languages; JSON has the sums too."""
    words: tuple[object, ...] = ("whatif", "-c", configured, "--from", "2026-03-10", "--to", "2026-03-12")
    policies = {"allowed": ("--allow", "VN,SG"), "without": ("--without", "permit:p1")}

    for lang in ("en", "vi"):
        for name, policy in policies.items():
            shown = run(*words, *policy, "--lang", lang)
            assert shown.exit_code == 0, shown.output
            assert max(map(len, shown.stdout.splitlines())) <= 100
            assert_golden(shown.stdout, GOLDEN / f"whatif-{name}-{lang}.txt")
    told = json.loads(run(*words, *policies["allowed"], "--format", "json").stdout)
    assert {line["country"] for line in told["sums"]["by_country"]} == {"SG", "ZZ"}
    assert "band_core_basic" in told["not_asked"]
    assert all(line["effect"] != "same" for line in told["transfers"])


@pytest.mark.parametrize(
    ("options", "sentence"),
    [
        ((), "Nothing changes: name --allow, --without or --with."),
        (("--allow", "SG,XX"), "XX is no ISO 3166 country"),
        (("--allow", "ZZ"), "ZZ is no ISO 3166 country"),
        (("--without", "permit:p2"), "'p2' is no permit of the configuration: there are p1"),
    ],
)
def test_mistakes_are_told(configured: Path, options: tuple[str, ...], sentence: str) -> None:
    """In a sentence, before anything is read."""
    assert sentence in " ".join(run("whatif", "-c", configured, *options).output.split())
