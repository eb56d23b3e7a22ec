"""Exported alerts, judged by the real promtool: thresholds over ten gateways, restarts, ends, and what is no sum."""

from __future__ import annotations

from itertools import chain
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
from click.testing import CliRunner
from tests.golden import assert_golden
from tests.match.conftest import rule_head
from tests.match.export.judge import assert_firing, assert_rules, run_cases

from crossborder import yamlfile
from crossborder.cli import cli

if TYPE_CHECKING:
    from collections.abc import Mapping

ROOT = Path(__file__).resolve().parents[3]
BULK = {
    "alertname": "CrossborderFleetBulkDayTagged",
    "severity": "warning",
    "rule": "bulk_day_tagged",
    "category": "none",
}
TO_SG = {**BULK, "system": "mail", "country": "SG"}
LONG_AGO, HOURS = "-9000000", 60
ALL = HOURS * 60
COUNTRY, SYSTEM = "destination.geo.country_iso_code", "local.system"


def exported(folder: Path, *arguments: str | Path) -> Path:
    """Export to a file, which promtool must find clean."""
    path = folder / "fleet.yaml"
    done = CliRunner().invoke(cli, ["rules", "export", "prometheus", *map(str, arguments), "--output", str(path)])
    assert done.exit_code == 0, done.output
    assert_rules(path)
    return path


@pytest.fixture
def shipped(tmp_path: Path) -> Path:
    """Return the alerts of the shipped pack."""
    return exported(tmp_path)


def own(folder: Path, correlation: str, name: str = "counted", title: str = "A rule") -> Path:
    """Return the alerts of a rule of one's own over a base in clear text."""
    base = rule_head(1, "base") + "detection:\n  clear:\n    data.inspection: cleartext\n  condition: clear\n"
    head = rule_head(2, name).replace("title: A rule", f"title: '{title}'")
    path = folder / f"{name}.yaml"
    path.write_text(f"{base}---\n{head}correlation: {{rules: base, {correlation}}}\n", encoding="utf-8")
    return exported(folder, path)


def firing(**labels: str) -> dict[str, str]:
    """Return the labels of the alert of a rule of one's own."""
    return {
        "alertname": "CrossborderFleetCounted",
        "severity": "warning",
        "rule": "counted",
        "category": "core",
    } | labels


def gateway(
    number: int, values: str, rule: str = "bulk_day_tagged", started: str = LONG_AGO, **labels: str
) -> dict[str, str]:
    """Return the series of one gateway; one whose labels are empty does not have them, as Prometheus sees it."""
    where = f'instance="gw{number}:9836",job="crossborder"'
    told = "".join(
        f',{name}="{value}"' for name, value in ({"system": "mail", "country": "SG"} | labels).items() if value
    )
    return {
        f'crossborder_counted_total{{{where},rule="{rule}"{told}}}': values,
        f'crossborder_gateway_info{{{where},gateway="gw{number}",unit="U"}}': f"1x{ALL}",
        f"crossborder_process_start_time_seconds{{{where}}}": f"{started}x{ALL}" if " " not in started else started,
    }


def fleet(*gateways: Mapping[str, str]) -> dict[str, str]:
    """Return the series of several gateways."""
    return dict(chain.from_iterable(one.items() for one in gateways))


def assert_daily(rules: Path, series: Mapping[str, str], firing: Mapping[str, list[dict[str, str]]]) -> None:
    """Compare which alerts over a day fire when: they are evaluated every five minutes."""
    assert_firing(rules, series, firing, every="5m")


def from_hour(hour: int, value: int) -> str:
    """Return a series that is not there before an hour, and then holds a value."""
    return f"_x{hour * 60} {value}x{ALL - hour * 60}"


def test_golden_alerts_of_the_shipped_pack(shipped: Path) -> None:
    """What people read: why sums are made so, which rules are not here, and the alerts."""
    assert_golden(shipped.read_text(encoding="utf-8"), Path(__file__).parent / "golden" / "fleet.yaml")


def test_ten_gateways_reach_together_what_none_reaches_alone(shipped: Path) -> None:
    """20 MB through each, with the very first flow of the group; a day later it is over."""
    series = fleet(*(gateway(n, from_hour(26, 20_000_000)) for n in range(10)))

    assert_daily(shipped, series, {"25h55m": [], "26h5m": [TO_SG], "49h55m": [TO_SG], "50h5m": []})


def test_one_gateway_below_is_silent(shipped: Path) -> None:
    """A byte below the threshold, whole days of less than it, and two groups with not enough in either."""
    series = fleet(
        gateway(1, from_hour(26, 199_999_999)),
        gateway(2, f"0+110000x{ALL}", system="web"),  # 158 MB a day
        gateway(3, from_hour(26, 120_000_000), system="files"),
        gateway(4, from_hour(26, 120_000_000), system="files", country="NO"),
    )

    assert_daily(shipped, series, {"20h": [], "26h5m": [], "40h": [], "59h": []})


def test_what_is_sent_slowly_adds_up(shipped: Path) -> None:
    """Ten gateways with 14 kB a minute each: 201.6 MB a day, no more when they stop."""
    series = fleet(*(gateway(n, f"0+14000x{40 * 60} {14_000 * 40 * 60}x1000") for n in range(10)))

    assert_daily(shipped, series, {"23h": [], "30h": [TO_SG], "40h": [TO_SG], "41h": []})


def test_a_restart_does_not_fire(shipped: Path) -> None:
    """A counter of days begins anew: what it had before is not taken for today's."""
    old = f"150000000x{30 * 60} 0x60 60000000x1000"

    assert_firing(
        shipped, gateway(1, old, started=f"{LONG_AGO}x1800 {30 * 3600}x1000"), {"30h5m": [], "31h5m": [], "40h": []}
    )


@pytest.mark.parametrize(
    "values",
    [
        f"0x{26 * 60} 120000000x60 0x60 90000000x1200",  # there all along
        f"_x{26 * 60} 1000000x9 120000000x60 0x60 90000000x1200",  # its first value is not 0: a MB may be missed
        f"_x{26 * 60} 230000000x60 1000x1300",  # nearly all with the first value
        f"0x{26 * 60} 120000000x60 _x10 90000000x1250",  # down for ten minutes
        f"150000000x{27 * 60} _x10 210000000x1250",  # the new life has passed the old one between two scrapes
    ],
)
def test_a_restart_does_not_hide(values: str, shipped: Path) -> None:
    """What was counted before and after the restart adds up, for a group that was there and for a new one."""
    series = gateway(1, values, started=f"{LONG_AGO}x{27 * 60} {27 * 3600}x1300")

    assert_daily(shipped, series, {"25h": [], "29h": [TO_SG], "49h": [TO_SG], "54h": []})


def test_a_gateway_that_went_down_is_not_forgotten(shipped: Path) -> None:
    """150 MB through one that was stopped, 60 MB through another later."""
    gone = {name: f"{values} stale" for name, values in gateway(1, f"_x{26 * 60} 150000000x30", started="9").items()}
    info = next(name for name in gone if "gateway_info" in name)
    series = fleet(gone | {info: f"1x{26 * 60 + 30} stale"}, gateway(2, from_hour(30, 60_000_000)))

    assert_daily(shipped, series, {"29h": [], "30h5m": [TO_SG], "49h": [TO_SG], "50h30m": []})


def test_a_new_prometheus_takes_nobodys_past_for_today(shipped: Path) -> None:
    """Agents that have counted for months are scraped for the first time: only what they grow by counts."""
    series = fleet(*(gateway(n, f"5000000000x60 5019000000x{ALL}") for n in range(10)))
    more = fleet(*(gateway(n, f"5000000000x60 5021000000x{ALL}") for n in range(10)))

    assert_daily(shipped, series, {"5m": [], "2h": [], "23h": []})
    assert_daily(shipped, more, {"5m": [], "2h": [TO_SG], "23h": [TO_SG], "26h": []})


def test_new_agents_count_from_their_first_byte(shipped: Path) -> None:
    """Agents that were started within the span: all of it is today's, whatever the first scrape saw."""
    series = fleet(*(gateway(n, f"_x5 20000000x{ALL}", started="60") for n in range(10)))

    assert_daily(shipped, series, {"0m": [], "10m": [TO_SG], "23h": [TO_SG], "24h10m": []})


def test_flows_by_country_over_a_base_in_clear_text(tmp_path: Path) -> None:
    """An own event_count: three flows in an hour to one country, through three gateways; hosts of no system."""
    rules = own(tmp_path, f"type: event_count, group-by: {COUNTRY}, timespan: 1h, condition: {{gte: 3}}")
    one_each = [gateway(n, from_hour(2, 1), "counted", system="") for n in range(3)]
    elsewhere = gateway(4, from_hour(2, 2), "counted", system="", country="NO")

    at = {"1h59m": [], "2h1m": [firing(country="SG")], "3h1m": []}
    assert_firing(rules, fleet(*one_each, elsewhere), at)


def test_without_groups_all_is_one(tmp_path: Path) -> None:
    """A sum of bytes of any flow to anywhere."""
    rules = own(tmp_path, "type: value_sum, timespan: 90m, condition: {field: data.payload_bytes, gt: 4096}")
    halves = [gateway(n, from_hour(3, 2048), "counted", system="", country="") for n in range(2)]
    more = gateway(3, f"_x{4 * 60} 1x1000", "counted", system="", country="")

    assert_firing(rules, fleet(*halves, more), {"3h5m": [], "4h1m": [firing()], "4h31m": []})


def test_countries_are_counted_once(tmp_path: Path) -> None:
    """Three countries through three gateways are three, one country through ten is one; what is no country is none."""
    rules = own(
        tmp_path, f"type: value_count, group-by: {SYSTEM}, timespan: 1h, condition: {{field: {COUNTRY}, gte: 3}}"
    )
    three = [gateway(n, from_hour(2, 1), "counted", country=code) for n, code in enumerate(("SG", "NO", "ZZ"))]
    web = [gateway(n, from_hour(2, 1), "counted", system="web", country="SG") for n in range(10)]
    web += [
        gateway(n, from_hour(2, 1), "counted", system="web", country=code) for n, code in enumerate(("NO", "other", ""))
    ]

    assert_firing(rules, fleet(*three, *web), {"2h1m": [firing(system="mail")], "3h1m": []})


@pytest.mark.parametrize(
    ("comparison", "fires"),
    [
        ("gt: 3", [4]),
        ("gte: 3", [3, 4]),
        ("lt: 3", [2]),
        ("lte: 3", [2, 3]),
        ("eq: 3", [3]),
        ("neq: 3", [2, 4]),
        ("gte: 2.5", [3, 4]),
        ("lt: 4.5", [2, 3, 4]),
        ("gte: 0", [2, 3, 4]),
    ],
)
def test_comparisons(comparison: str, fires: list[int], tmp_path: Path) -> None:
    """Two gateways with two, three and four flows in all; where nothing was counted nothing fires, `lt` neither."""
    rules = own(tmp_path, f"type: event_count, group-by: {COUNTRY}, timespan: 1h, condition: {{{comparison}}}")
    codes = {0: "NO", 2: "SE", 3: "FI", 4: "DK"}
    first = [gateway(1, f"0x120 {n // 2}x1000", "counted", system="", country=code) for n, code in codes.items()]
    second = [gateway(2, f"0x120 {n - n // 2}x1000", "counted", system="", country=code) for n, code in codes.items()]

    expected = [firing(country=codes[n]) for n in fires]
    assert_firing(rules, fleet(*first, *second), {"1h59m": [], "2h1m": expected, "3h5m": []})


@pytest.mark.parametrize(
    ("correlation", "said"),
    [
        ("type: event_count, group-by: source.ip, timespan: 1h, condition: {gte: 3}", "it groups by source.ip"),
        (
            "type: value_count, timespan: 1h, condition: {field: destination.ip, gte: 3}",
            "it counts different values of destination.ip",
        ),
        (
            "type: value_sum, group-by: local.owner, timespan: 1h, condition: {field: source.bytes, gte: 3}",
            "it groups by local.owner",
        ),
    ],
)
def test_what_cannot_be_added_is_told_and_is_no_error(correlation: str, said: str, tmp_path: Path) -> None:
    """A file without a rule that promtool takes, the reason in it and on standard error."""
    path = own(tmp_path, correlation)
    done = CliRunner().invoke(cli, ["rules", "export", "prometheus", str(tmp_path / "counted.yaml")])

    assert done.exit_code == 0
    assert yamlfile.parse_all(done.stdout, "")[0].data == {"groups": []}
    assert done.stdout == path.read_text(encoding="utf-8")
    assert f"not exported: counted: {said}" in done.stderr
    assert done.stderr.endswith("0 of 1 correlations exported\n")
    assert said in " ".join(done.stdout.replace("#", "").split())


def test_a_rule_that_is_off_is_not_exported(tmp_path: Path) -> None:
    """The alerts are those of the rules in force."""
    config = tmp_path / "crossborder.yaml"
    config.write_text("rules: {disable: [bulk_day_tagged]}\n", encoding="utf-8")

    text = exported(tmp_path, "-c", config).read_text(encoding="utf-8")

    assert "bulk_day_tagged" not in text
    assert "core_data_drip" in text


def test_annotations_say_what_the_rule_says(tmp_path: Path) -> None:
    """Group and value are filled in; braces of a title are no template; law and evidence stand apart."""
    rules = own(
        tmp_path,
        f"type: event_count, group-by: [{SYSTEM}, {COUNTRY}], timespan: 1h, condition: {{lt: 3}}",
        title="It''s {{ $value }}: 100 %",
    )
    alert = next(r for group in yamlfile.read(rules).data["groups"] for r in group["rules"] if "alert" in r)
    wanted = alert["annotations"] | {
        "summary": "It's {{ $value }}: 100 %: 2 flows over all gateways, system none, country SG"
    }
    labels = {name: value for name, value in firing(country="SG").items() if name != "alertname"}

    assert alert["for"] == "0m"
    assert wanted["legal"] == "165/2025/NĐ-CP, Article 12(5), category core"
    assert wanted["evidence"] == "verbatim: the legal text was read"
    assert "less than 3, for each local.system" in wanted["description"]
    assert "Systems of one name on several gateways count as one." in wanted["description"]
    assert "While a gateway cannot be reached the sum is too low" in wanted["description"]
    asked: dict[str, Any] = {"exp_labels": labels, "exp_annotations": wanted}
    series = fleet(*(gateway(n, from_hour(2, 1), "counted", system="") for n in range(2)))
    case = {
        "interval": "1m",
        "input_series": [{"series": name, "values": values} for name, values in series.items()],
        "alert_rule_test": [{"eval_time": "2h1m", "alertname": "CrossborderFleetCounted", "exp_alerts": [asked]}],
    }
    run_cases(rules, [case])


@pytest.mark.parametrize(
    ("timespan", "written"), [("90s", "1m30s"), ("120s", "2m"), ("1w", "7d"), ("1M", "30d10h29m6s"), ("24h", "1d")]
)
def test_spans_are_prometheus_own(timespan: str, written: str, tmp_path: Path) -> None:
    """A month of Sigma is no unit of Prometheus; a span that needs care says so."""
    rules = own(tmp_path, f"type: event_count, timespan: {timespan}, condition: {{gte: 3}}")

    text = " ".join(rules.read_text(encoding="utf-8").split())

    assert f"crossborder:counted:increase{written}" in text
    assert ("Prometheus must keep" in text) == (timespan == "1M")
    assert ("Prometheus must scrape several times" in text) == (timespan in {"90s", "120s"})


def test_rules_of_several_spans_stand_in_one_file(tmp_path: Path) -> None:
    """One recording rule a span, whatever the number of rules."""
    for number, (name, span) in enumerate((("one", "1h"), ("two", "60m"), ("three", "1d"))):
        base = (
            rule_head(2 * number, f"{name}_flow")
            + "detection: {clear: {data.inspection: cleartext}, condition: clear}\n"
        )
        counts = f"correlation: {{rules: {name}_flow, type: event_count, timespan: {span}, condition: {{gte: 3}}}}\n"
        (tmp_path / f"{name}.yaml").write_text(
            f"{base}---\n{rule_head(2 * number + 1, name)}{counts}", encoding="utf-8"
        )

    paths = [tmp_path / f"{name}.yaml" for name in ("one", "two", "three")]
    groups = yamlfile.read(exported(tmp_path, *paths)).data["groups"]

    told = {group["name"]: [rule.get("record", rule.get("alert")) for rule in group["rules"]] for group in groups}
    assert told == {
        "crossborder-fleet-1h": ["crossborder:counted:increase1h", "CrossborderFleetOne", "CrossborderFleetTwo"],
        "crossborder-fleet-1d": ["crossborder:counted:increase1d", "CrossborderFleetThree"],
    }
    assert [group.get("interval") for group in groups] == [None, "5m"]


def test_a_file_that_cannot_be_written_is_told(tmp_path: Path) -> None:
    """The path stands in the sentence; exit code 2."""
    done = CliRunner().invoke(cli, ["rules", "export", "prometheus", "--output", str(tmp_path / "no" / "fleet.yaml")])

    assert done.exit_code != 0
    assert "fleet.yaml" in done.stderr + str(done.exception)
