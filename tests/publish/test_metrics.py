"""Metrics: the whole text, sums that follow deltas, and label sets that hostile traffic cannot grow."""

from __future__ import annotations

import random
from pathlib import Path
from typing import TYPE_CHECKING, Any

import polars as pl
import pytest
from prometheus_client import REGISTRY
from prometheus_client.parser import text_string_to_metric_families
from tests.golden import assert_golden

from crossborder.model import CROSSING_SCHEMA, FINDING_SCHEMA, Books, Decision, DropReason
from crossborder.publish.metrics import Destination, Metrics, PermitValues, RuleLabels

if TYPE_CHECKING:
    from tests.publish.conftest import Batches, Frames

GOLDEN = Path(__file__).parent / "golden"
RULES = [
    RuleLabels("core-data-abroad", "Core data abroad", "core", "critical", "Decision 20/2025/QĐ-TTg", "I.26"),
    RuleLabels("unknown-country", "Nobody knows where", "none", "medium"),
]
NOTHING = pl.DataFrame(schema=CROSSING_SCHEMA)
NO_FINDINGS = pl.DataFrame(schema=FINDING_SCHEMA)


@pytest.fixture
def metrics() -> Metrics:
    """Return metrics of a named gateway with two rules."""
    made = Metrics("hn-1", "Ministry", version="0.0.0", process=False)
    made.rules(RULES, "cd" * 32, 3)
    return made


def value(metrics: Metrics, name: str, **labels: str) -> float | None:
    """Return the value of one series as a scrape would show it."""
    return metrics.registry.get_sample_value(f"crossborder_{name}", labels)


def test_golden_text(metrics: Metrics, batch: Batches, crossings: Frames, findings: Frames) -> None:
    """The whole text after a small batch is what it was: names, help, labels and the zeros made in advance."""
    metrics.databases({"IPFire": 1_764_547_200, "no date": None})
    metrics.geo_lookups({("IPFire", "hit"): 2, ("IPFire", "miss"): 1, ("IPFire", "never heard of"): 1})
    metrics.match_evicted({"correlation": 5})
    metrics.reload(ok=True, timestamp=1_767_268_800.5)
    for stage in ("engine", "classify", "match", "publish"):
        metrics.stage_seconds(stage, 0.02)
    frame = crossings(
        {},
        {"flow_id": 2, "country": "ZZ", "country_basis": "unknown", "inspection": "opaque", "report": "active"},
        {"flow_id": 3, "scope": "transit", "end_reason": "idle"},
        {"flow_id": 4, "scope": "domestic", "end_reason": "rst"},
    )

    metrics(batch(sheds=("content",), lag_seconds=0.25), frame, findings({}))

    assert_golden(metrics.expose()[1].decode(), GOLDEN / "metrics.txt")


def test_no_label_tells_an_address_a_name_or_a_port(
    metrics: Metrics, batch: Batches, crossings: Frames, findings: Frames
) -> None:
    """Nothing of one flow can be read from /metrics but its country."""
    metrics(batch(), crossings({}), findings({}))

    text = metrics.expose()[1].decode()

    assert not [secret for secret in ("203.0.113", "10.1.2.3", "files.example", "51514", "1:LQU") if secret in text]


def test_every_name_has_the_prefix_and_the_global_registry_is_not_touched() -> None:
    """All names begin with crossborder_, the process's own too; prometheus_client's global registry stays as it is."""
    before = list(REGISTRY._collector_to_names)
    made = Metrics("g", "u")
    names = {family.name for family in made.registry.collect()}

    assert all(name.startswith("crossborder_") for name in names)
    assert "crossborder_process_resident_memory_bytes" in names
    assert before == list(REGISTRY._collector_to_names)


def test_nothing_is_told_that_cannot_be_measured(metrics: Metrics) -> None:
    """Before the first batch there is no lag, no table size, no tick; coverage is nowhere."""
    names = {f.name for f in metrics.registry.collect() if f.samples}

    assert not names & {
        "crossborder_capture_lag_seconds",
        "crossborder_flows_active",
        "crossborder_last_tick_timestamp_seconds",
        "crossborder_geo_database_loaded",
        "crossborder_capture_coverage_ratio",
    }


def test_books_are_followed_and_never_go_back(metrics: Metrics, batch: Batches) -> None:
    """Books are totals: the counter grows by their growth, and books begun anew add instead of taking away."""
    seen = []
    for packets, kernel in ((10, 1), (25, 1), (4, 2)):
        books = Books("eth0", packets, 100 * packets, dropped={DropReason.KERNEL: kernel})
        metrics(batch(books), NOTHING, NO_FINDINGS)
        seen.append(value(metrics, "capture_packets_total", interface="eth0"))

    assert seen == [10, 25, 29]
    assert value(metrics, "capture_dropped_packets_total", interface="eth0", reason="kernel") == 2
    assert value(metrics, "capture_dropped_packets_total", interface="eth0", reason="nesting") == 0


def test_the_books_balance_in_prometheus_too(metrics: Metrics, batch: Batches) -> None:
    """Received = in flows + domestic + dropped holds for the counters of an interface."""
    metrics(batch(), NOTHING, NO_FINDINGS)

    parts = [value(metrics, f"capture_{kind}_packets_total", interface="eth0") for kind in ("flow", "domestic")]
    dropped = [
        value(metrics, "capture_dropped_packets_total", interface="eth0", reason=reason.value) for reason in DropReason
    ]

    assert sum(filter(None, parts + dropped)) == value(metrics, "capture_packets_total", interface="eth0") == 30


def test_a_flow_is_counted_once_and_bytes_by_their_deltas(metrics: Metrics, batch: Batches, crossings: Frames) -> None:
    """Three reports of one flow are one flow and the sum of their deltas."""
    reports: list[dict[str, Any]] = [
        {"report": "opened", "end_reason": None},
        {"report": "active", "end_reason": None, "bytes_out": 50, "packets_out": 1, "total_packets_out": 7},
        {"report": "ended", "bytes_out": 0, "packets_out": 0, "packets_in": 0, "total_packets_out": 7},
    ]
    for report in reports:
        metrics(batch(), crossings(report), NO_FINDINGS)

    assert value(metrics, "egress_flows_total", country="SG", basis="geo") == 1
    assert value(metrics, "egress_bytes_total", country="SG", inspection="metadata") == 6_050
    assert value(metrics, "flows_total", end_reason="fin") == 1


def test_a_flow_that_sends_nothing_is_no_egress_flow(metrics: Metrics, batch: Batches, crossings: Frames) -> None:
    """A scan from abroad that nobody answers leaves no egress flow; once answered it is one."""
    silent = {"packets_out": 0, "bytes_out": 0, "total_packets_out": 0, "report": "opened"}
    metrics(batch(), crossings(silent), NO_FINDINGS)
    before = value(metrics, "egress_flows_total", country="SG", basis="geo")

    metrics(batch(), crossings({"packets_out": 1, "total_packets_out": 1, "total_packets_in": 9}), NO_FINDINGS)

    assert before == 0
    assert value(metrics, "egress_flows_total", country="SG", basis="geo") == 1


def test_only_what_crosses_is_egress(metrics: Metrics, batch: Batches, crossings: Frames) -> None:
    """Transit is told apart, domestic flows are no egress, whatever country stands there."""
    metrics(batch(), crossings({"scope": "transit"}, {"scope": "domestic"}), NO_FINDINGS)

    assert value(metrics, "egress_bytes_total", country="SG", inspection="metadata") is None
    assert value(metrics, "transit_bytes_total") == 6_400


def test_a_rule_has_its_zero_before_it_fires(metrics: Metrics, batch: Batches, crossings: Frames) -> None:
    """Each rule stands at zero for ZZ from the start, and for a country as soon as any flow goes there."""
    unknown = {"rule": "unknown-country", "category": "none", "severity": "medium", "decision": "violation"}
    at_start = value(metrics, "violations_total", country="ZZ", **unknown)
    before = value(metrics, "violations_total", country="NO", **unknown)

    metrics(batch(), crossings({"country": "NO"}), NO_FINDINGS)

    assert (at_start, before) == (0, None)
    assert value(metrics, "violations_total", country="NO", **unknown) == 0
    assert value(metrics, "violation_bytes_total", country="NO", **unknown) == 0


def test_rules_read_later_get_zeros_for_countries_met_before(
    metrics: Metrics, batch: Batches, crossings: Frames
) -> None:
    """A reload brings the new rule's zeros for every country met so far; the old ruleset's info is gone."""
    metrics(batch(), crossings({"country": "NO"}), NO_FINDINGS)
    metrics.rules([RuleLabels("new", "New", "core", "low")], "ee" * 32, 4)

    labels = {"rule": "new", "category": "core", "severity": "low", "decision": "violation"}
    assert value(metrics, "violations_total", country="NO", **labels) == 0
    assert value(metrics, "rules_loaded", severity="critical") == 0
    assert value(metrics, "ruleset_info", sha256="cd" * 32, generation="3") is None
    assert value(metrics, "ruleset_info", sha256="ee" * 32, generation="4") == 1


def test_every_decision_has_its_zero_where_permits_are(metrics: Metrics) -> None:
    """In the countries of permits the first overrun is an increase; elsewhere only violations stand in advance."""
    metrics.rules([RuleLabels("new", "New", "core", "low")], permitted=["SG"])

    labels = {"rule": "new", "category": "core", "severity": "low"}
    told = [value(metrics, "violations_total", country="SG", decision=d.value, **labels) for d in Decision]
    elsewhere = [value(metrics, "violations_total", country="ZZ", decision=d.value, **labels) for d in Decision]
    assert told == [0] * len(Decision)
    assert elsewhere == [0] + [None] * (len(Decision) - 1)


def test_how_permits_stand(metrics: Metrics) -> None:
    """Bytes, the part of each ceiling, the end; what is gone from file and ledger is gone from here."""
    metrics.permits({"a": PermitValues(5, {"bytes": 0.5}, 17.0), "b": PermitValues(7, {}, None)})
    metrics.permits({"b": PermitValues(8, {"flows": 1.5}, None)})

    assert value(metrics, "permit_used_bytes", permit="a") is None
    assert value(metrics, "permit_used_bytes", permit="b") == 8
    assert value(metrics, "permit_used_ratio", permit="b", ceiling="flows") == 1.5
    assert value(metrics, "permit_expiry_timestamp_seconds", permit="b") is None


def test_findings_count_when_they_open_and_bytes_all_along(metrics: Metrics, batch: Batches, findings: Frames) -> None:
    """`opened` counts one violation; `continued` and `closed` add their bytes only."""
    rows: list[dict[str, Any]] = [
        {"phase": "opened"},
        {"phase": "continued", "matched_bytes": 10},
        {"phase": "closed", "matched_bytes": 5},
    ]
    for row in rows:
        metrics(batch(), NOTHING, findings(row))

    labels = {"rule": "core-data-abroad", "category": "core", "severity": "critical", "country": "SG"}
    assert value(metrics, "violations_total", decision="violation", **labels) == 1
    assert value(metrics, "violation_bytes_total", decision="violation", **labels) == 6_015


@pytest.mark.parametrize("country", ["", "sg", "S", "SGP", "S\n", "A1", "<b>", "Việt"])
def test_a_strange_country_is_other(metrics: Metrics, batch: Batches, crossings: Frames, country: str) -> None:
    """Only two capital letters are a country's label."""
    metrics(batch(), crossings({"country": country}), NO_FINDINGS)

    assert value(metrics, "ingress_bytes_total", country="other") == 400


def test_hostile_traffic_cannot_grow_series(batch: Batches) -> None:
    """After 100,000 rows of random countries and findings of random rules no metric has more series than the cap."""
    metrics = Metrics("g", "u", max_series=200, process=False)
    metrics.rules(RULES)
    dice = random.Random(20)  # noqa: S311 - the same traffic every time
    rows, made = 100_000, 400
    letters = [f"{chr(65 + n // 26 % 26)}{chr(65 + n % 26)}" for n in range(676)] + ["\x1b[2J", "zz", ""]
    columns: dict[str, Any] = {
        "country": dice.choices(letters, k=rows),
        "rule": [f"rule-{n}" for n in dice.choices(range(made), k=rows)],
        "category": [f"category-{n}" for n in dice.choices(range(made), k=rows)],
    }
    empty = {name: pl.repeat(None, rows, dtype=dtype, eager=True) for name, dtype in FINDING_SCHEMA.items()}
    frame = pl.DataFrame(empty).with_columns(
        pl.lit("crossing").cast(FINDING_SCHEMA["scope"]).alias("scope"),
        pl.lit("opened").cast(FINDING_SCHEMA["phase"]).alias("phase"),
        pl.lit(1, pl.UInt64).alias("matched_bytes"),
        pl.lit(1, pl.UInt64).alias("bytes_out"),
        *(pl.Series(name, values, dtype=pl.String) for name, values in columns.items()),
    )
    books = [Books(f"eth{n}", n + 1) for n in range(300)]

    for _ in range(2):
        metrics(batch(*books), frame.select(CROSSING_SCHEMA.names()), frame)

    families = {f.name: f for f in text_string_to_metric_families(metrics.expose()[1].decode())}
    assert max(len(f.samples) for f in families.values() if f.type != "histogram") <= 200
    for name in ("egress_bytes", "violations", "violation_bytes"):
        assert sum(s.value for s in families[f"crossborder_{name}"].samples) == 2 * rows  # folded, not lost
    assert sum(s.value for s in families["crossborder_capture_packets"].samples) == sum(b.packets for b in books)
    dropped = {s.labels["metric"]: s.value for s in families["crossborder_series_dropped"].samples}
    assert dropped["crossborder_violations_total"] > 0
    assert "\x1b" not in metrics.expose()[1].decode()


def test_a_file_name_cannot_speak_to_a_terminal(metrics: Metrics, batch: Batches) -> None:
    """A capture file with an escape sequence in its name is told as text: people read /metrics with curl."""
    metrics(batch(Books("a\x1b[2J.pcap", 1)), NOTHING, NO_FINDINGS)

    assert value(metrics, "capture_packets_total", interface=r"a\u001b[2J.pcap") == 1
    assert "\x1b" not in metrics.expose()[1].decode()


def test_databases_that_are_gone_do_not_linger(metrics: Metrics) -> None:
    """A replaced database takes its gauges with it."""
    metrics.databases({"old": 1, "kept": 2})
    metrics.databases({"new": 3, "kept": None})

    loaded = {name: value(metrics, "geo_database_loaded", database=name) for name in ("old", "kept", "new")}
    assert loaded == {"old": None, "kept": 1, "new": 1}
    assert value(metrics, "geo_database_build_timestamp_seconds", database="kept") is None
    assert value(metrics, "geo_database_build_timestamp_seconds", database="new") == 3


def test_a_reload_that_failed_says_so(metrics: Metrics) -> None:
    """Success is 0 and the time is that of the attempt."""
    metrics.reload(ok=False, timestamp=17.5)

    assert value(metrics, "config_reload_success") == 0
    assert value(metrics, "config_last_reload_timestamp_seconds") == 17.5


def test_an_interface_goes_down_and_comes_back(metrics: Metrics, batch: Batches) -> None:
    """1 and 0 for each interface there is, whatever became of the others."""
    books = (Books("eth0"), Books("eth1"))
    seen = []
    for down in ((), ("eth1",), ()):
        metrics(batch(*books, down=down), NOTHING, NO_FINDINGS)
        seen.append([value(metrics, "capture_interface_up", interface=name) for name in ("eth0", "eth1")])

    assert seen == [[1, 1], [1, 0], [1, 1]]


def test_every_step_of_shedding_has_its_series(metrics: Metrics, batch: Batches) -> None:
    """What the native engine leaves out is in the closed set."""
    metrics(batch(sheds=("content", "some names")), NOTHING, NO_FINDINGS)

    shed = {work: value(metrics, "capture_shedding", work=work) for work in ("content", "some names", "names", "other")}

    assert shed == {"content": 1, "some names": 1, "names": 0, "other": 0}


def test_shedding_ends(metrics: Metrics, batch: Batches) -> None:
    """What was shed in one tick and not in the next goes back to 0."""
    shed: tuple[tuple[str, ...], ...] = (("names", "anything"), ())
    for sheds in shed:
        metrics(batch(sheds=sheds), NOTHING, NO_FINDINGS)

    assert value(metrics, "capture_shedding", work="names") == 0
    assert value(metrics, "capture_shedding", work="other") == 0


def test_what_was_shed_between_two_scrapes_is_counted(metrics: Metrics, batch: Batches) -> None:
    """The gauge of a tick is gone with the next; flows that lost something stay in the counter, by interface."""
    steps: tuple[tuple[tuple[str, ...], dict[str, int]], ...] = (
        ((), {}),
        (("content", "some names"), {"content": 4, "some names": 30}),
        ((), {"content": 4, "some names": 30}),
        (("content",), {"content": 5, "some names": 30}),
    )
    seen = []
    for sheds, shed in steps:
        metrics(batch(Books("eth0", shed=shed), Books("eth1"), sheds=sheds), NOTHING, NO_FINDINGS)
        works = ("content", "some names", "names")
        seen.append([value(metrics, "capture_shed_flows_total", interface="eth0", work=work) for work in works])

    assert seen == [[0, 0, 0], [4, 30, 0], [4, 30, 0], [5, 30, 0]]
    assert value(metrics, "capture_shed_flows_total", interface="eth1", work="names") == 0


def test_totals_kept_elsewhere_are_followed(metrics: Metrics) -> None:
    """Lookups and evictions are told as totals; two results that are both strange share `other`."""
    for hits in (5, 9):
        metrics.geo_lookups({("db", "hit"): hits, ("db", "x"): 1, ("db", "y"): 2})
        metrics.match_evicted({"fired": hits})

    assert value(metrics, "geo_lookups_total", database="db", result="hit") == 9
    assert value(metrics, "geo_lookups_total", database="db", result="other") == 3
    assert value(metrics, "match_evicted_total", kind="fired") == 9


def test_what_correlations_count_is_followed(metrics: Metrics) -> None:
    """Totals by rule, system and country; what is no country is `other`, what the rule does not group by is empty."""
    for flows in (5, 9):
        metrics.counted({("drip", "mail", "SG"): flows, ("drip", "mail", "A1"): 1, ("all", "", ""): 2})

    assert value(metrics, "counted_total", rule="drip", system="mail", country="SG") == 9
    assert value(metrics, "counted_total", rule="drip", system="mail", country="other") == 1
    assert value(metrics, "counted_total", rule="all", system="", country="") == 2


def test_stages_are_a_closed_set(metrics: Metrics) -> None:
    """An unknown stage is `other`; buckets are cumulative and end with +Inf."""
    metrics.stage_seconds("dreaming", 0.3)

    assert value(metrics, "tick_seconds_count", stage="other") == 1
    assert value(metrics, "tick_seconds_bucket", stage="other", le="0.25") == 0
    assert value(metrics, "tick_seconds_bucket", stage="other", le="0.5") == 1
    assert value(metrics, "tick_seconds_bucket", stage="other", le="+Inf") == 1


def test_destinations_are_summed_by_country(metrics: Metrics, batch: Batches, crossings: Frames) -> None:
    """The landing page's table: most bytes out first."""
    metrics(batch(), crossings({"country": "NO", "bytes_out": 1}, {}, {"inspection": "opaque"}), NO_FINDINGS)

    assert metrics.destinations()[:2] == [Destination("SG", 12_000, 800, 2), Destination("NO", 1, 400, 1)]


def test_open_metrics_is_well_formed(metrics: Metrics, batch: Batches, crossings: Frames) -> None:
    """Where the Accept header asks for OpenMetrics, the text parses as such and ends as it must."""
    from prometheus_client.openmetrics.parser import text_string_to_metric_families as open_metrics

    metrics(batch(), crossings({}), NO_FINDINGS)
    kind, text = metrics.expose("application/openmetrics-text; version=1.0.0")

    assert kind.startswith("application/openmetrics-text; version=1.0.0")
    assert text.endswith(b"# EOF\n")
    families = open_metrics(text.decode())  # type: ignore[no-untyped-call]  # prometheus_client has no types there
    assert {f.name for f in families} >= {"crossborder_egress_bytes", "crossborder_tick_seconds"}


def test_what_leaves_from_systems(metrics: Metrics, batch: Batches, crossings: Frames) -> None:
    """Bytes of a system of the assets file count under its gravest class; of nobody's hosts there is no series."""
    metrics.systems([("registry", "core"), ("portal", "other")])
    frame = crossings(
        {"system": "registry", "categories": ["personal", "core:I.26"], "country": "SG", "bytes_out": 700},
        {"flow_id": 2, "system": "registry", "categories": ["core:I.26"], "country": "SG", "bytes_out": 5},
        {"flow_id": 3, "system": "new", "categories": [], "country": "sg", "bytes_out": 9, "inspection": "opaque"},
        {"flow_id": 4, "system": None, "categories": None, "bytes_out": 100_000},
        {"flow_id": 5, "system": "portal", "categories": ["other"], "scope": "domestic", "bytes_out": 100_000},
    )

    metrics(batch(), frame, NO_FINDINGS)

    (family,) = [f for f in metrics.registry.collect() if f.name == "crossborder_system_egress_bytes"]
    values = {tuple(sample.labels.values()): sample.value for sample in family.samples if sample.value}
    assert values == {
        ("registry", "core", "SG", crossings({})["inspection"][0]): 705,
        ("new", "none", "other", "opaque"): 9,
    }
    assert ("portal", "other", "ZZ", "opaque") in {tuple(sample.labels.values()) for sample in family.samples}


def test_a_rule_that_went_has_neither_info_nor_cost(metrics: Metrics) -> None:
    """A rule's info carries its law; what it costs is told once measured, and goes with it."""
    law = RULES[0]._asdict()
    metrics.rule_cost("core-data-abroad", 2e-7)
    metrics.rule_cost("unknown-country", 1e-7)
    before = [
        value(metrics, "rule_info", **law),
        value(metrics, "rule_flow_seconds", rule="core-data-abroad"),
    ]
    metrics.rules([RULES[1], RuleLabels("new", "New", "core", "low")], "ff" * 32, 2)

    assert before == [1, 2e-7]
    assert value(metrics, "rule_info", **law) is None
    assert value(metrics, "rule_flow_seconds", rule="core-data-abroad") is None
    assert value(metrics, "rule_flow_seconds", rule="unknown-country") == 1e-7
    assert value(metrics, "rule_flow_seconds", rule="new") is None
