"""The catalogue of metrics: every name, type, label and meaning, as data; docs/METRICS.md is made from it."""

from __future__ import annotations

from crossborder.model import DATA_CLASSES, LEVELS, CountryBasis, Decision, DropReason, EndReason, Inspection
from crossborder.publish.series import OTHER, Metric
from crossborder.publish.shipping.destination import FAILURES, UNWANTED

STAGES = ("engine", "classify", "match", "publish")
LIMITS = ("bytes", "depth", "memory")
SHEDS = ("content", "some names", "names")
LOOKUPS = ("hit", "miss", "pseudo", "disagree", "error")
PERSON_KINDS = ("basic", "sensitive", "bank")
BOUNDS = ("lower", "upper")
EVICTED = ("fired", "correlation")
CEILINGS = ("bytes", "flows", "persons")
MISSES = ("gone", "front", "many", "disk")
FAULTS = ("write", "torn", "upkeep", "store")
SINKS = ("metrics", "shippers", "events", "flows", "history", "pseudonyms", "evidence", "summary")

_FINDING = ("rule", "category", "severity", "country", "decision")

METRICS: tuple[Metric, ...] = (
    # Who and what is running.
    Metric("crossborder_build_info", "gauge", ("version",), "1, with the agent's version.", "crossborder_build_info"),
    Metric(
        "crossborder_gateway_info",
        "gauge",
        ("gateway", "unit"),
        "1, with the gateway's name and the unit that owns it; join on instance to have them beside any metric.",
        "sum by (unit) (rate(crossborder_egress_bytes_total[5m])"
        " * on (instance) group_left (unit) crossborder_gateway_info)",
    ),
    Metric(
        "crossborder_ruleset_info",
        "gauge",
        ("sha256", "generation"),
        "1, with the hash of all rules in force and how many times they were read.",
        "count by (sha256) (crossborder_ruleset_info)",
    ),
    Metric(
        "crossborder_rules_loaded",
        "gauge",
        ("severity",),
        "Rules in force, by severity.",
        "sum(crossborder_rules_loaded) == 0",
    ),
    Metric(
        "crossborder_rule_info",
        "gauge",
        ("rule", "title", "category", "severity", "instrument", "item"),
        "1 for each rule in force, with what it is called and what law it cites; join on instance and rule.",
        'sum by (item, title) (increase(crossborder_violations_total{decision!="permitted"}[1d])'
        " * on (instance, rule) group_left (item, title) crossborder_rule_info)",
    ),
    Metric(
        "crossborder_rule_flow_seconds",
        "gauge",
        ("rule",),
        "What the rule costs a flow when it is evaluated alone. Measured on a sample, one rule a tick in turn; rules "
        "evaluated together cost less, for they share what they ask. Absent until its turn came.",
        "topk(10, crossborder_rule_flow_seconds)",
    ),
    # What was captured, and what became of every packet.
    Metric(
        "crossborder_capture_packets_total",
        "counter",
        ("interface",),
        "Packets received, those the kernel dropped included.",
        "rate(crossborder_capture_packets_total[5m])",
    ),
    Metric(
        "crossborder_capture_bytes_total",
        "counter",
        ("interface",),
        "Bytes of the frames received, as long as they were on the wire.",
        "8 * rate(crossborder_capture_bytes_total[5m])",
    ),
    Metric(
        "crossborder_capture_flow_packets_total",
        "counter",
        ("interface",),
        "Packets counted in reported flows.",
        "rate(crossborder_capture_flow_packets_total[5m])",
    ),
    Metric(
        "crossborder_capture_flow_bytes_total",
        "counter",
        ("interface",),
        "Bytes of IP packets counted in reported flows.",
        "rate(crossborder_capture_flow_bytes_total[5m])",
    ),
    Metric(
        "crossborder_capture_domestic_packets_total",
        "counter",
        ("interface",),
        "Packets with both ends at home; 0 where domestic flows are reported (capture.report: all).",
        "rate(crossborder_capture_domestic_packets_total[5m])",
    ),
    Metric(
        "crossborder_capture_domestic_bytes_total",
        "counter",
        ("interface",),
        "Bytes of IP packets with both ends at home.",
        "rate(crossborder_capture_domestic_bytes_total[5m])",
    ),
    Metric(
        "crossborder_capture_dropped_packets_total",
        "counter",
        ("interface", "reason"),
        "Packets left out of the flows, by reason. Received = in flows + domestic + dropped.",
        'sum by (reason) (rate(crossborder_capture_dropped_packets_total{reason!="not_ip"}[5m]))',
        folds=("interface",),
    ),
    Metric(
        "crossborder_capture_interface_up",
        "gauge",
        ("interface",),
        "1 while frames can come; 0 while the interface is down or gone and the native engine waits for it.",
        "min_over_time(crossborder_capture_interface_up[5m]) == 0",
    ),
    Metric(
        "crossborder_capture_lag_seconds",
        "gauge",
        (),
        "How far the engine is behind the wire; 0 for files.",
        "crossborder_capture_lag_seconds > 5",
    ),
    Metric(
        "crossborder_capture_shedding",
        "gauge",
        ("work",),
        "1 while this work is being left out under load: first content, then most names (`some names`), then all. "
        "Accounting is never left out.",
        "max_over_time(crossborder_capture_shedding[1h]) > 0",
    ),
    Metric(
        "crossborder_capture_shed_flows_total",
        "counter",
        ("interface", "work"),
        "Flows of which this work was left out under load, wholly or from some packet on, each once for each work. "
        "`content`: their names were still read; `some names`, `names`: their content was left out too.",
        "sum by (work) (increase(crossborder_capture_shed_flows_total[1h])) > 0",
        folds=("interface",),
    ),
    Metric(
        "crossborder_capture_reader_failures_total",
        "counter",
        (),
        "Times a reader of content failed and was stopped: a fault of ours, which costs a flow its names only.",
        "increase(crossborder_capture_reader_failures_total[1d]) > 0",
    ),
    Metric(
        "crossborder_content_limited_total",
        "counter",
        ("limit",),
        "Flows whose content detectors were not shown wholly, each once for each limit. `bytes`: as much was looked at "
        "as `content.limit` lets, unpacked bytes counted; `depth`: more things inside each other than `content.depth` "
        "and `content.codings` let; `memory`: a head, or what waits for the end of a file, longer than any that is "
        "kept.",
        "increase(crossborder_content_limited_total[1h]) > 0",
    ),
    Metric(
        "crossborder_unseen_bytes_total",
        "counter",
        ("interface",),
        "Payload bytes of TCP in reported flows that the other end acknowledged and that never came by: lost on the "
        "way to the agent, or on another way. A lower bound; of UDP nobody can tell.",
        "1 / (1 + rate(crossborder_unseen_bytes_total[5m]) / rate(crossborder_capture_flow_bytes_total[5m])) < 0.99",
    ),
    # Flows and where they go.
    Metric(
        "crossborder_flows_active", "gauge", (), "Flows in the table after the last tick.", "crossborder_flows_active"
    ),
    Metric(
        "crossborder_flows_total",
        "counter",
        ("end_reason",),
        "Reported flows that ended, by reason; `evicted` grows when capture.flow.max_flows is too small.",
        'rate(crossborder_flows_total{end_reason="evicted"}[5m]) > 0',
    ),
    Metric(
        "crossborder_egress_bytes_total",
        "counter",
        ("country", "inspection"),
        "Bytes of IP packets that left the country, by destination and how much of the flow could be read.",
        "topk(10, sum by (country) (increase(crossborder_egress_bytes_total[1d])))",
        folds=("country",),
    ),
    Metric(
        "crossborder_system_egress_bytes_total",
        "counter",
        ("system", "category", "country", "inspection"),
        "Bytes of IP packets that left the country from a system of the assets file. `category`: the gravest class of "
        "data the system is tagged with.",
        'sum by (system) (increase(crossborder_system_egress_bytes_total{category="core",inspection="opaque"}[1d]))',
        folds=("country",),
    ),
    Metric(
        "crossborder_egress_flows_total",
        "counter",
        ("country", "basis"),
        "Flows that sent anything out of the country, counted once, at their first outward packet.",
        'sum(rate(crossborder_egress_flows_total{basis="unknown"}[1h]))'
        " / sum(rate(crossborder_egress_flows_total[1h]))",
        folds=("country",),
    ),
    Metric(
        "crossborder_detections_total",
        "counter",
        ("detector", "country"),
        "Values that a detector recognised in what went out in the clear.",
        "sum by (detector) (increase(crossborder_detections_total[1h]))",
        folds=("country",),
    ),
    Metric(
        "crossborder_ingress_bytes_total",
        "counter",
        ("country",),
        "Bytes of IP packets that came in from abroad.",
        "sum by (country) (rate(crossborder_ingress_bytes_total[5m]))",
    ),
    Metric(
        "crossborder_transit_bytes_total",
        "counter",
        (),
        "Bytes of IP packets seen with neither end at home.",
        "rate(crossborder_transit_bytes_total[5m])",
    ),
    # What broke a rule.
    Metric(
        "crossborder_violations_total",
        "counter",
        _FINDING,
        "Findings opened: one per rule and flow. All decisions but `permitted` are violations.",
        'sum without (country, decision) (crossborder_violations_total{decision!="permitted"})'
        ' - sum without (country, decision) (crossborder_violations_total{decision!="permitted"} offset 10m) > 0',
        folds=("country",),
    ),
    Metric(
        "crossborder_violation_bytes_total",
        "counter",
        _FINDING,
        "Outward bytes of flows with a finding, from the report that matched on.",
        "topk(10, sum by (rule, country) (increase(crossborder_violation_bytes_total[1d])))",
        folds=("country",),
    ),
    Metric(
        "crossborder_shadow_findings_total",
        "counter",
        ("rule", "category", "severity"),
        "Findings that rules in shadow (status experimental, rules.shadow: count) would have made. No event tells of "
        "them, no other metric counts them, no permit is debited.",
        "sum by (rule) (increase(crossborder_shadow_findings_total[1d]))",
    ),
    Metric(
        "crossborder_counted_total",
        "counter",
        ("rule", "system", "country"),
        "What a correlation has counted, before any threshold: flows, or the sum of its field. Labels the rule does "
        "not group by are empty; rules whose groups are no labels are not here. Made for sums over gateways: "
        "`crossborder rules export prometheus`.",
        "sum by (rule, system, country) (increase(crossborder_counted_total[1d]))",
        folds=("country",),
    ),
    Metric(
        "crossborder_permit_used_bytes",
        "gauge",
        ("permit",),
        "Outward bytes debited to the permit so far; what went over its ceiling is in it.",
        "topk(10, crossborder_permit_used_bytes)",
    ),
    Metric(
        "crossborder_permit_used_ratio",
        "gauge",
        ("permit", "ceiling"),
        "The part of a ceiling that is used; more than 1 once it broke. Absent where the permit has no such ceiling.",
        "crossborder_permit_used_ratio >= 0.8",
        folds=("permit",),
    ),
    Metric(
        "crossborder_permit_expiry_timestamp_seconds",
        "gauge",
        ("permit",),
        "When the permit ends.",
        "crossborder_permit_expiry_timestamp_seconds - time() < 30 * 86400",
    ),
    Metric(
        "crossborder_match_evicted_total",
        "counter",
        ("kind",),
        "State of the rule engine that gave way to newer state: groups of correlations, memories of what has fired.",
        "increase(crossborder_match_evicted_total[1h]) > 0",
    ),
    # Who was sent abroad, cumulative since 1 July 2025.
    Metric(
        "crossborder_persons_abroad",
        "gauge",
        ("unit", "kind"),
        "Distinct persons of a kind of data a unit has sent abroad since 1 July 2025, opening balance included: what "
        "bands are about.",
        "max by (unit, kind) (crossborder_persons_abroad)",
        folds=("unit",),
    ),
    Metric(
        "crossborder_persons_abroad_bound",
        "gauge",
        ("unit", "kind", "bound"),
        "Between these the number lies 95 times in 100: the count is an estimate.",
        'crossborder_persons_abroad_bound{bound="upper"} > 100000',
        folds=("unit",),
    ),
    Metric(
        "crossborder_persons_opening_balance",
        "gauge",
        ("unit", "kind"),
        "What of it the operator entered and the agent did not count.",
        "crossborder_persons_abroad - crossborder_persons_opening_balance",
        folds=("unit",),
    ),
    Metric(
        "crossborder_persons_transferred",
        "gauge",
        ("unit", "kind", "country"),
        "Distinct persons sent to a country, as the agent counted them. Not to be added up: who went to two countries "
        "is in both.",
        "topk(10, max by (country) (crossborder_persons_transferred))",
        folds=("unit", "country"),
    ),
    Metric(
        "crossborder_threshold_ratio",
        "gauge",
        ("unit", "kind", "category"),
        "Persons sent abroad against the number from which they are important, or core, data; 1: the band is entered.",
        "crossborder_threshold_ratio > 0.8",
        folds=("unit",),
    ),
    Metric(
        "crossborder_state_write_failures_total",
        "counter",
        (),
        "Ticks whose state could not be written; it is held and tried again with the next.",
        "increase(crossborder_state_write_failures_total[10m]) > 0",
    ),
    Metric(
        "crossborder_state_durable",
        "gauge",
        (),
        "1 where counts outlive the agent (state.directory), 0 where they are kept in memory only.",
        "crossborder_state_durable == 0",
    ),
    # How far geography can be trusted.
    Metric(
        "crossborder_geo_lookups_total",
        "counter",
        ("database", "result"),
        "Addresses of reports looked up, by database and result; `pseudo` is an answer that is no country (EU, AP), "
        "`disagree` of geoip.registry another country than the one that was taken.",
        'rate(crossborder_geo_lookups_total{result="miss"}[1h])',
        folds=("database",),
    ),
    Metric(
        "crossborder_geo_database_build_timestamp_seconds",
        "gauge",
        ("database",),
        "When the database was built; absent where it does not say.",
        "time() - crossborder_geo_database_build_timestamp_seconds > 200 * 86400",
    ),
    Metric(
        "crossborder_geo_database_loaded",
        "gauge",
        ("database",),
        "1 while the database is in use, 0 while its file cannot be read; what was read before stays in use then.",
        "crossborder_geo_database_loaded == 0",
    ),
    # The agent itself.
    Metric(
        "crossborder_config_reload_success",
        "gauge",
        (),
        "1 when the last reading of configuration, rules and tables went well; 0: the ones before stay in force.",
        "crossborder_config_reload_success == 0",
    ),
    Metric(
        "crossborder_config_last_reload_timestamp_seconds",
        "gauge",
        (),
        "When the last reading was, good or bad.",
        "time() - crossborder_config_last_reload_timestamp_seconds",
    ),
    Metric(
        "crossborder_ticks_total",
        "counter",
        (),
        "Batches carried through the pipeline.",
        "rate(crossborder_ticks_total[5m]) == 0",
    ),
    Metric(
        "crossborder_last_tick_timestamp_seconds",
        "gauge",
        (),
        "Packet time at which the last batch closed; the clock's time on an interface.",
        "time() - crossborder_last_tick_timestamp_seconds > 60",
    ),
    Metric(
        "crossborder_tick_seconds",
        "histogram",
        ("stage",),
        "Time a batch spends in each stage.",
        "histogram_quantile(0.99, sum by (le, stage) (rate(crossborder_tick_seconds_bucket[1h])))",
    ),
    Metric(
        "crossborder_events_written_total",
        "counter",
        (),
        "Events written.",
        "rate(crossborder_events_written_total[5m])",
    ),
    Metric(
        "crossborder_events_failed_total",
        "counter",
        (),
        "Events that could not be written when they were due; they are held and tried again.",
        "increase(crossborder_events_failed_total[10m]) > 0",
    ),
    Metric(
        "crossborder_events_lost_total",
        "counter",
        (),
        "Events given up because too many waited to be written.",
        "increase(crossborder_events_lost_total[1d]) > 0",
    ),
    Metric(
        "crossborder_events_room_bytes",
        "gauge",
        (),
        "Bytes free on the disk of the event log. Evidence stops first there, then the flow history, events last.",
        "crossborder_events_room_bytes < 1024^3",
    ),
    # Packet evidence, where evidence.directory is set.
    Metric(
        "crossborder_evidence_files_written_total",
        "counter",
        (),
        "Files of packets written, one for each finding that opened.",
        "increase(crossborder_evidence_files_written_total[1d])",
    ),
    Metric(
        "crossborder_evidence_written_bytes_total",
        "counter",
        (),
        "Bytes of them, encrypted.",
        "increase(crossborder_evidence_written_bytes_total[1d])",
    ),
    Metric(
        "crossborder_evidence_bytes",
        "gauge",
        (),
        "Bytes of packet evidence in its folder; absent where none is kept.",
        "crossborder_evidence_bytes > 900 * 1024^2",
    ),
    Metric(
        "crossborder_evidence_misses_total",
        "counter",
        ("miss",),
        "Findings whose packets are not kept as they should be: `gone`: none was left in memory; `front`: kept without "
        "the first of the flow; `many`: too many findings in one tick; `disk`: it could not be written.",
        "increase(crossborder_evidence_misses_total[1d]) > 0",
    ),
    # The flow history; gauges are absent where none is kept.
    Metric(
        "crossborder_history_rows_written_total",
        "counter",
        (),
        "Rows of the flow history written into partitions: one for each flow and hour, more where rows came late.",
        "increase(crossborder_history_rows_written_total[1d])",
    ),
    Metric(
        "crossborder_history_rows_waiting",
        "gauge",
        (),
        "Rows in no partition yet: those of hours that are not over. They are on disk in the write-ahead segment, but "
        "for those that cannot be written.",
        "crossborder_history_rows_waiting > 500000",
    ),
    Metric(
        "crossborder_history_rows_lost_total",
        "counter",
        (),
        "Reports that the flow history gave up because too many waited to be written.",
        "increase(crossborder_history_rows_lost_total[1d]) > 0",
    ),
    Metric(
        "crossborder_history_errors_total",
        "counter",
        ("fault",),
        "`write`: batches that could not be written for now, they are held; `torn`: starts that found the end of the "
        "write-ahead segment torn; `upkeep`: files that are damaged, and rounds that could not join or remove files; "
        "`store`: rounds in which the object store did not take hours, they stay on the disk.",
        "increase(crossborder_history_errors_total[10m]) > 0",
    ),
    Metric(
        "crossborder_history_room_bytes",
        "gauge",
        (),
        "Bytes that may be written to the disk of the flow history before it stops, for the sake of events: what is "
        "free less `history.reserve`.",
        "predict_linear(crossborder_history_room_bytes[6h], 4 * 3600) <= 0",
    ),
    Metric(
        "crossborder_history_files_moved_total",
        "counter",
        (),
        "Files of the flow history that were moved from the disk to the object store (`history.store`).",
        "increase(crossborder_history_files_moved_total[3h]) == 0",
    ),
    Metric(
        "crossborder_history_bytes",
        "gauge",
        (),
        "Bytes of all partitions of this gateway, in the object store too, while it answers.",
        "crossborder_history_bytes > 90 * 1024^3",
    ),
    Metric(
        "crossborder_history_oldest_timestamp_seconds",
        "gauge",
        (),
        "When the oldest hour of the flow history begins.",
        "time() - crossborder_history_oldest_timestamp_seconds < 180 * 86400",
    ),
    Metric(
        "crossborder_history_held_partitions",
        "gauge",
        (),
        "Hours that are kept whatever their age and size, by `crossborder history hold`.",
        "crossborder_history_held_partitions > 0",
    ),
    Metric(
        "crossborder_events_chain_sequence",
        "gauge",
        (),
        "Number of the last line of the event log; where it falls, lines were taken away or a log began.",
        "crossborder_events_chain_sequence < crossborder_events_chain_sequence offset 1h",
    ),
    Metric(
        "crossborder_events_checkpoint_timestamp_seconds",
        "gauge",
        (),
        "Time of the last signed checkpoint of the event log; absent where it is not signed.",
        "time() - crossborder_events_checkpoint_timestamp_seconds",
    ),
    Metric(
        "crossborder_sink_lines_sent_total",
        "counter",
        ("sink",),
        "Lines of the event log that a sink has by now: what it acknowledged, each counted once.",
        "rate(crossborder_sink_lines_sent_total[5m])",
    ),
    Metric(
        "crossborder_sink_failures_total",
        "counter",
        ("sink", "reason"),
        "Attempts to ship that failed; the same lines are sent again.",
        "increase(crossborder_sink_failures_total[1h]) > 0",
    ),
    Metric(
        "crossborder_sink_skipped_lines_total",
        "counter",
        ("sink", "reason"),
        "Lines that a sink will never have: `refused` or `too_large`, the other side does not want this one while it "
        "takes others; `missing`, they were removed before they were sent.",
        "increase(crossborder_sink_skipped_lines_total[1d]) > 0",
    ),
    Metric(
        "crossborder_sink_up",
        "gauge",
        ("sink",),
        "1 after an attempt to ship went well, 0 after one failed; absent until the first.",
        "crossborder_sink_up == 0",
    ),
    Metric(
        "crossborder_sink_last_success_timestamp_seconds",
        "gauge",
        ("sink",),
        "When a sink last acknowledged lines; absent until it did.",
        "time() - crossborder_sink_last_success_timestamp_seconds",
    ),
    Metric(
        "crossborder_sink_waiting_lines",
        "gauge",
        ("sink",),
        "Lines of the event log that a sink does not have yet.",
        "crossborder_sink_waiting_lines > 10000",
    ),
    Metric(
        "crossborder_sink_waiting_bytes",
        "gauge",
        ("sink",),
        "Bytes of the files of the event log behind what a sink has; packed files as they are.",
        "crossborder_sink_waiting_bytes > 1024^3",
    ),
    Metric(
        "crossborder_publish_errors_total",
        "counter",
        ("sink",),
        "Batches that a sink failed to take; the others took them.",
        "increase(crossborder_publish_errors_total[1h]) > 0",
    ),
    Metric(
        "crossborder_series_dropped_total",
        "counter",
        ("metric",),
        "Updates whose labels became `other` because the metric has reached metrics.max_series.",
        "increase(crossborder_series_dropped_total[1h]) > 0",
    ),
)

_C = "`, `"
LABELS: dict[str, str] = {
    "version": "the agent's version",
    "gateway": "`gateway` of the configuration",
    "unit": "`unit` of the configuration; of persons, units of the assets file too",
    "sha256": "hash over the rules in force",
    "generation": "how many times rules were read since the start",
    "interface": "the interfaces captured on; in a replay the files' names",
    "limit": f"`{_C.join(LIMITS)}`",
    "work": f"`{_C.join(SHEDS)}`, `{OTHER}`",
    "reason": f"`{_C.join(DropReason)}`; of `crossborder_sink_*` `{_C.join((*FAILURES, *UNWANTED))}`",
    "end_reason": f"`{_C.join(EndReason)}`",
    "country": f"two capital letters (ISO 3166 alpha-2), `ZZ` for unknown; anything else is `{OTHER}`",
    "detector": "id of a detector, as its file is called",
    "inspection": f"`{_C.join(Inspection)}`, `{OTHER}`",
    "basis": f"`{_C.join(CountryBasis)}`, `{OTHER}`",
    "rule": "names of rules that have been in force: file stems",
    "title": "title of the rule",
    "instrument": "the instrument of law the rule cites, empty where it cites none",
    "item": "the item of the catalog the rule is about, as `I.26`, empty where it is about none",
    "system": "names of the assets file; of what correlations count empty for hosts of no system",
    "category": "the legal category of the rule: `core`, `important`, `personal`, `secret`, `none`; of a system "
    f"`{_C.join(DATA_CLASSES)}`, `none` where it has no tag",
    "severity": f"`{_C.join(LEVELS)}`",
    "decision": f"`{_C.join(Decision)}`",
    "permit": "ids of the permits file, and of permits that were debited and are gone from it",
    "ceiling": f"`{_C.join(CEILINGS)}`",
    "miss": f"`{_C.join(MISSES)}`",
    "fault": f"`{_C.join(FAULTS)}`",
    "kind": f"`{_C.join(EVICTED)}`, `{OTHER}`; of persons `{_C.join(PERSON_KINDS)}`",
    "bound": f"`{_C.join(BOUNDS)}`",
    "database": "names of the databases and tables configured",
    "result": f"`{_C.join(LOOKUPS)}`, `{OTHER}`",
    "stage": f"`{_C.join(STAGES)}`, `{OTHER}`",
    "sink": f"`{_C.join(SINKS)}`; of `crossborder_sink_*` names of `events.sinks`",
    "metric": "names on this page",
}
"""Label → the closed set its values come from."""


def reference() -> str:
    """Return the reference part of docs/METRICS.md: one section a metric, then the labels."""
    parts = [_section(metric) for metric in METRICS]
    rows = [f"| `{name}` | {values} |" for name, values in LABELS.items()]
    table = "\n".join(["| label | values |", "|---|---|", *rows])
    return "\n".join(parts) + f"\n## Labels\n\n{table}\n"


def _section(metric: Metric) -> str:
    labels = ", ".join(f"`{name}`" for name in metric.labels) or "none"
    return (
        f"### {metric.name}\n\n{metric.kind}, labels: {labels}.\n{metric.meaning}\n\n```promql\n{metric.query}\n```\n"
    )
