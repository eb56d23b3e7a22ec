"""Findings as ECS events: one nested JSON object each, with nothing in it that is not known. Written by columns."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import polars as pl

import crossborder
from crossborder.model import FIELDS, FINDING_SCHEMA, LEVELS, Phase, Report
from crossborder.publish.jsontext import SLOT, Column, array, dumps, escaped, nested, texts
from crossborder.publish.units import size_of

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from crossborder.publish.jsontext import Members

ECS_VERSION = "9.0.0"
SEVERITY = dict(zip(LEVELS, (0, 21, 47, 73, 99), strict=True))
"""Level → `event.severity`: the risk scores that Elastic's detection rules give their severities."""

_DIRECTION = {"local": "outbound", "remote": "inbound"}

# Fields that rules know by names of our own stand under our own namespace in an event, some in another place.
_OWN = {"data": "crossborder", "local": "crossborder", "network.initiator": "crossborder.initiator"}
_ELSEWHERE = {"tls.client.server_name", "data.geo_database", "local.unit"}


def _place(ecs: str) -> str:
    root, _, rest = ecs.partition(".")
    return _OWN.get(ecs) or f"{_OWN.get(root, root)}.{rest}"


PLACES = tuple((_place(f.ecs), f.column) for f in FIELDS if f.ecs not in _ELSEWHERE)
"""Place in the event → column, straight from the table that names the fields of rules."""

_UNASKED = (
    ("event.id", "finding_id"),
    ("crossborder.geo.database", "geo_database"),
    ("crossborder.geo.prefix", "geo_prefix"),
    ("crossborder.geo.registered", "geo_registered"),
    ("crossborder.scope", "scope"),
    ("crossborder.end_reason", "end_reason"),
    ("rule.name", "rule"),
    ("rule.uuid", "rule_uuid"),
    ("rule.category", "category"),
    ("rule.description", "rule_title"),
    ("crossborder.rule_sha256", "rule_sha256"),
    ("crossborder.severity", "severity"),
    ("crossborder.decision", "decision"),
    ("crossborder.permit.id", "permit"),
    ("crossborder.permit.reason", "permit_reason"),
    ("crossborder.phase", "phase"),
    ("crossborder.matched_bytes", "matched_bytes"),
)
"""The same for columns that no rule asks of."""

_SLOTS = {"crossborder.chain": f"{{{SLOT}}}", "event.sequence": SLOT}

_QUOTES = {n: '"' if t == pl.String or isinstance(t, pl.Enum) else "" for n, t in FINDING_SCHEMA.items()}


class EventMaker:
    """Makes events of one gateway's findings. What is known of the rules in force is swapped with `ruleset`."""

    def __init__(self, gateway: str, unit: str, *, version: str = crossborder.__version__) -> None:
        """Take the gateway's name and the unit that owns it, which stand on every record."""
        self._unit = unit
        observer = {"name": gateway, "type": "sensor", "vendor": "Crossborder", "version": version}
        self._same: dict[str, Any] = {f"observer.{key}": value for key, value in observer.items()}
        self._same |= {"ecs.version": ECS_VERSION, "event.category": ["network"], "rule.ruleset": "crossborder"}
        self._laws: dict[str, str] = {}

    def ruleset(self, sha256: str, generation: int, legal: Mapping[str, Mapping[str, Any]] | None = None) -> None:
        """Take the hash and generation of the rules in force, and the legal block of each by the rule's name."""
        self._same |= {"crossborder.ruleset_sha256": sha256, "crossborder.generation": generation}
        self._laws = {name: dumps(dict(law)) for name, law in (legal or {}).items() if law}

    def events(self, findings: pl.DataFrame) -> Iterator[dict[str, Any]]:
        """Yield one event per finding that opened or closed, as data."""
        yield from map(json.loads, self.lines(findings))

    def lines(self, findings: pl.DataFrame, *, slots: bool = False) -> pl.Series:
        """Return one event per finding that opened or closed, as a line of JSON; `continued` rows make none.

        With slots, a log's chain has its places in them (`chain.Chain.linked`).
        """
        told = findings.filter(pl.col("phase") != Phase.CONTINUED.value)
        if told.is_empty():
            return pl.Series([], dtype=pl.String)
        told = told[[c.name for c in told.iter_columns() if c.null_count() < told.height or c.name in _NEEDED]]
        laws = told["rule"].replace_strict(self._laws, default=None, return_dtype=pl.String).alias("law")
        sizes = pl.Series("size", map(size_of, told["total_bytes_out"]), dtype=pl.String)
        frame = _said(told.with_columns(pl.col("unit").replace("", None).fill_null(self._unit)))
        last = _moment(pl.from_epoch("last_ns", time_unit="ns")).alias("last")
        frame = frame.with_columns(laws, sizes, last, _reasons(told["why"]), _detections(told["detections"]))
        return nested(frame.with_columns(**_MADE), _tree(self._members() | (_SLOTS if slots else {}))) + "\n"

    def _members(self) -> dict[str, Column | str]:
        """Return what stands at each place of an event."""
        columns = {place: Column(name, _QUOTES[name]) for place, name in (*PLACES, *_UNASKED)}
        made = {place: Column(place, "" if place in _JSON else '"') for place in _MADE}
        same = {place: dumps(value) for place, value in self._same.items() if value != ""}
        return columns | made | same


def _said(told: pl.DataFrame) -> pl.DataFrame:
    """Return findings with words of closed sets as text, texts escaped, lists as JSON, and nothing empty."""
    enums = [column.name for column in told.iter_columns() if isinstance(column.dtype, pl.Enum)]
    frame = escaped(told.with_columns(pl.col(enums).cast(pl.String)))
    empty = frame.select((pl.col(pl.String) == "").any()).row(0, named=True)
    blank = [pl.when(pl.col(name) != "").then(pl.col(name)) for name, is_empty in empty.items() if is_empty]
    several = [column.name for column in frame.iter_columns() if column.dtype == pl.List(pl.String)]
    return frame.with_columns(*blank, *map(texts, several))


def _reasons(why: pl.Series) -> pl.Series:
    """Return the conditions that held, as JSON."""
    lines = pl.DataFrame({"why": why}).with_row_index("at").explode("why").drop_nulls("why").unnest("why")
    parts = [pl.lit('{"field":"'), "field", pl.lit('","test":"'), "test", pl.lit('","value":'), "value", pl.lit("}")]
    quoted = pl.concat_str(pl.lit('"'), "value", pl.lit('"')).fill_null("null").alias("value")
    said = escaped(lines).with_columns(quoted).select("at", said=pl.concat_str(parts))
    return _joined(said, len(why)).alias("why")


def _detections(found: pl.Series) -> pl.Series:
    """Return what detectors saw, as JSON: how many distinct values, not their hashes."""
    if found.null_count() == len(found):
        return pl.Series("detections", [None], dtype=pl.String).new_from_index(0, len(found))
    lines = pl.DataFrame({"seen": found}).with_row_index("at").explode("seen").drop_nulls("seen").unnest("seen")
    rates = lines["confidence"].unique()
    said = pl.col("confidence").replace_strict(rates, [dumps(rate) for rate in rates], return_dtype=pl.String)
    counts = (pl.col("distinct").list.len().alias("distinct"), said.fill_null("null"))
    none = pl.when(pl.col("samples").is_null()).then(pl.lit("null")).otherwise(pl.lit("[]"))
    samples = pl.coalesce(texts("samples"), none).alias("samples")
    name = pl.concat_str(pl.lit('"'), "detector", pl.lit('"')).alias("detector")
    whole = escaped(lines.with_columns(counts).select("at", *_SEEN)).with_columns(name, samples)
    return _joined(whole.select("at", said=_seen()), len(found)).alias("detections")


_SEEN = ("confidence", "detector", "distinct", "matches", "samples")


def _seen() -> pl.Expr:
    values = (pl.col(name).cast(pl.String).fill_null("null") for name in _SEEN)
    pieces = (piece for name, value in zip(_SEEN, values, strict=True) for piece in (pl.lit(f',"{name}":'), value))
    return pl.concat_str(pl.lit("{"), pl.concat_str(*pieces).str.strip_prefix(","), pl.lit("}"))


def _joined(lines: pl.DataFrame, height: int) -> pl.Series:
    """Return the JSON of lists: what is said, joined by the row it is `at`; null where nothing is."""
    whole = lines.group_by("at", maintain_order=True).agg("said").with_columns(array("said"))
    rows = pl.select(at=pl.int_range(height, dtype=pl.get_index_type()))
    return rows.join(whole, on="at", how="left", maintain_order="left")["said"]


def _moment(time: pl.Expr) -> pl.Expr:
    """Return RFC 3339 in UTC with microseconds."""
    return time.dt.strftime("%Y-%m-%dT%H:%M:%S.%6fZ")


_CLOSED = pl.col("phase") == Phase.CLOSED.value
_ENDED = pl.col("report") == Report.ENDED.value
_SERVER = pl.concat_str(pl.lit(" ("), "server_name", pl.lit(")")).fill_null("")
_SENTENCE = ("rule_title", pl.lit(": "), "local_ip", pl.lit(" to "), "country", pl.lit(" "), "remote_ip", _SERVER)

_MADE = {
    "@timestamp": pl.col("last"),
    "message": pl.concat_str(*_SENTENCE, pl.lit(", "), "size", pl.lit(" out")),
    "event.kind": pl.when(_CLOSED).then(pl.lit("event")).otherwise(pl.lit("alert")),
    "event.type": pl.when(_CLOSED)
    .then(pl.lit('["end"]'))
    .when(_ENDED)
    .then(pl.lit('["start","end"]'))
    .otherwise(pl.lit('["start"]')),
    "event.action": pl.concat_str(pl.lit("finding-"), "phase"),
    "event.severity": pl.col("severity").replace_strict(SEVERITY),
    "event.start": _moment(pl.from_epoch("first_ns", time_unit="ns")),
    "event.end": pl.when(_ENDED).then("last"),
    "event.duration": pl.col("last_ns") - pl.col("first_ns"),
    "network.direction": pl.col("initiator").replace_strict(_DIRECTION, default="unknown"),
    "network.type": pl.when(pl.col("remote_ip").str.contains(":", literal=True))
    .then(pl.lit("ipv6"))
    .otherwise(pl.lit("ipv4")),
    "organization.name": pl.col("unit"),
    "tls.client.server_name": pl.when(pl.col("server_name_source").is_in(["tls", "quic"])).then("server_name"),
    "rule.version": pl.col("rule_sha256").str.head(12),
    "crossborder.flow_id": pl.col("flow_id").cast(pl.String),  # text: JSON readers round 64 bits
    "crossborder.geo.build": _moment(pl.from_epoch("geo_build")),
    "crossborder.why": pl.col("why"),
    "crossborder.detections": pl.col("detections"),
    "crossborder.legal": pl.col("law"),
}
"""Place in the event → what stands there, for what is worked out of a frame of findings."""

_NEEDED = {"why", "detections"}.union(*(made.meta.root_names() for made in _MADE.values()))
"""Columns that are read although nothing is known in any row."""

_JSON = frozenset({"event.type", "event.severity", "event.duration"}) | {
    f"crossborder.{name}" for name in ("why", "detections", "legal")
}
"""What of that is JSON already; the rest is text."""


def _tree(places: Mapping[str, Column | str]) -> Members:
    """Return what stands at dotted places as members of members."""
    tree: dict[str, Any] = {}
    for place, value in places.items():
        *path, last = place.split(".")
        at = tree
        for part in path:
            at = at.setdefault(part, {})
        at[last] = value
    return tree
