"""The nouns: what a flow report, a crossing, a finding and the books are made of. Imports nothing of ours."""

from __future__ import annotations

from dataclasses import dataclass, field
from enum import StrEnum
from typing import TYPE_CHECKING, Literal, NamedTuple

import polars as pl

if TYPE_CHECKING:
    from collections.abc import Iterable

UNKNOWN_COUNTRY = "ZZ"
"""The country of an address nobody knows. It is a country: counted, ruleable, never home (ISO 3166 user-assigned)."""


DATA_CLASSES = ("core", "important", "personal", "other")
"""Classes of data a system may be tagged with, the gravest first: `other` was looked at and is none of the others."""


def gravest(categories: Iterable[str]) -> str:
    """Return the gravest class among tags, as `core` of personal and core:I.26; `none` where there is no tag."""
    classes = {category.partition(":")[0] for category in categories}
    return next((name for name in DATA_CLASSES if name in classes), "none")


class Report(StrEnum):
    """Where in its life a flow is when reported. A flow that opens and ends within one tick is reported once, `ended`."""

    OPENED = "opened"
    ACTIVE = "active"
    ENDED = "ended"


class EndReason(StrEnum):
    """Why a flow ended."""

    FIN = "fin"  # TCP closed by both ends
    RST = "rst"  # TCP reset
    IDLE = "idle"  # no packet for the idle time-out
    ACTIVE = "active"  # active time-out; a successor flow goes on with the names
    EVICTED = "evicted"  # the table was full and this flow was idle the longest
    SHUTDOWN = "shutdown"  # end of the capture or of the agent


class Scope(StrEnum):
    """Which ends are at home."""

    CROSSING = "crossing"
    TRANSIT = "transit"
    DOMESTIC = "domestic"


class Initiator(StrEnum):
    """Who opened the connection."""

    LOCAL = "local"
    REMOTE = "remote"
    UNKNOWN = "unknown"


class Inspection(StrEnum):
    """How much of a flow can be read: its content, only its names, or neither."""

    CLEARTEXT = "cleartext"
    METADATA = "metadata"
    OPAQUE = "opaque"


class CountryBasis(StrEnum):
    """On what ground a country is told."""

    OVERRIDE = "override"  # the operator's own table
    GEO = "geo"  # a database or a published range of a cloud operator
    ANYCAST = "anycast"  # the country of registration; the packet may be answered elsewhere
    UNKNOWN = "unknown"


class Decision(StrEnum):
    """What a finding means once permits are known. All but `permitted` are violations, of which some nearly were not."""

    VIOLATION = "violation"  # no permit is for this sender and these data
    PERMITTED = "permitted"
    OVERRUN = "overrun"  # a permit covers it, and a ceiling of it is exceeded
    EXPIRED = "expired"  # a permit covered it until a day that has passed
    NOT_YET_VALID = "not-yet-valid"
    NEW_RECIPIENT = "new-recipient"  # a permit covers sender and data, but not this recipient or not its country


class Phase(StrEnum):
    """A finding opens once per rule and flow, goes on while the flow carries bytes, and closes with the flow.

    One that a permit covered opens once more when it no longer does.
    """

    OPENED = "opened"
    CONTINUED = "continued"
    CLOSED = "closed"


class DropReason(StrEnum):
    """Each way a packet can be left out of the flows. The wire's mistakes are values, never exceptions."""

    KERNEL = "kernel"  # the kernel had no room; counted by the socket
    RING = "ring"  # the agent's own queue was full
    LINK_TYPE = "link_type"  # a link layer we do not decode
    TRUNCATED_LINK = "truncated_link"  # the frame ends inside its link or tunnel header
    NOT_IP = "not_ip"  # ARP, LLDP, STP and the like
    TRUNCATED_IP = "truncated_ip"  # the frame ends inside an IP header or extension header
    MALFORMED_IP = "malformed_ip"  # wrong version, header length or total length
    TRUNCATED_TRANSPORT = "truncated_transport"  # the packet ends inside the transport header
    MALFORMED_TRANSPORT = "malformed_transport"  # a transport header that contradicts itself
    NESTING = "nesting"  # more headers in headers than the named limit
    CHECKSUM = "checksum"  # a wrong checksum of IPv4, TCP or UDP, where capture.checksums is on


def _enum(members: type[StrEnum]) -> pl.Enum:
    return pl.Enum([member.value for member in members])


LEVELS = ("informational", "low", "medium", "high", "critical")
"""Sigma's levels, weakest first: our severities."""

DETECTION = pl.Struct(
    {
        "detector": pl.String,
        "matches": pl.UInt32,
        "distinct": pl.List(pl.UInt64),
        "confidence": pl.Float32,
        "samples": pl.List(pl.String),
    }
)

PERSONS = pl.List(pl.Struct({"kind": pl.String, "hashes": pl.List(pl.UInt64)}))
"""Persons by kind of record (basic, sensitive, bank): keyed hashes, one for each record."""


class Column(NamedTuple):
    """One column of a frame.

    `kind`: `key` never changes over a flow's life; `delta` counts since the flow's last report, so that sums stay
    right; `total` counts since the flow opened; `state` is what is known so far, and the last report knows most.
    """

    name: str
    dtype: pl.DataType | type[pl.DataType]
    kind: Literal["key", "delta", "total", "state"]
    meaning: str


REPORT_COLUMNS: tuple[Column, ...] = (
    Column("flow_id", pl.UInt64, "key", "Of interface, tuple, tunnels and first_ns, by SHA-1: same file, same id"),
    Column("report", _enum(Report), "state", "opened, active or ended; one report per flow and tick"),
    Column("end_reason", _enum(EndReason), "state", "why the flow ended; null while it lives"),
    Column("interface", pl.String, "key", "capture interface, or the capture file's name"),
    Column("first_ns", pl.Int64, "key", "time of the flow's first packet, nanoseconds since 1970 UTC"),
    Column("last_ns", pl.Int64, "state", "time of the newest packet counted in this report"),
    Column("community_id", pl.String, "key", "Community ID v1 with the configured seed"),
    Column("local_ip", pl.String, "key", "the end at home; in transit and domestic flows the initiator"),
    Column("local_port", pl.UInt16, "key", "its port; 0 where the transport has none; ICMP type"),
    Column("remote_ip", pl.String, "key", "the foreign end; in transit and domestic flows the responder"),
    Column("remote_port", pl.UInt16, "key", "its port; 0 where the transport has none; ICMP code"),
    Column("initiator", _enum(Initiator), "key", "who opened the connection"),
    Column("scope", _enum(Scope), "key", "crossing, transit or domestic"),
    Column("transport", pl.String, "key", "IANA keyword in lower case: tcp udp icmp ipv6-icmp sctp gre …"),
    Column("vlan", pl.String, "key", "VLAN id, outer.inner for QinQ; null without"),
    Column(
        "tunnel",
        pl.String,
        "key",
        "tunnels around this flow, outermost first, joined by '/': gre pptp erspan ipip 6in4 4in6 6in6 vxlan geneve gtp "
        "teredo l2tp",
    ),
    Column("packets_out", pl.UInt64, "delta", "packets from local to remote"),
    Column("packets_in", pl.UInt64, "delta", "packets from remote to local"),
    Column("bytes_out", pl.UInt64, "delta", "bytes of IP packets from local to remote, header included"),
    Column("bytes_in", pl.UInt64, "delta", "bytes of IP packets from remote to local, header included"),
    Column("payload_out", pl.UInt64, "delta", "bytes of transport payload from local to remote"),
    Column("payload_in", pl.UInt64, "delta", "bytes of transport payload from remote to local"),
    Column("missing_out", pl.UInt64, "delta", "TCP bytes acknowledged but never seen, outward; null: no TCP"),
    Column("missing_in", pl.UInt64, "delta", "TCP bytes acknowledged but never seen, inward; null: no TCP"),
    Column("total_packets_out", pl.UInt64, "total", "packets from local to remote since the flow opened"),
    Column("total_packets_in", pl.UInt64, "total", "packets from remote to local since the flow opened"),
    Column("total_bytes_out", pl.UInt64, "total", "IP bytes from local to remote since the flow opened"),
    Column("total_bytes_in", pl.UInt64, "total", "IP bytes from remote to local since the flow opened"),
    Column("total_payload_out", pl.UInt64, "total", "payload bytes from local to remote since the flow opened"),
    Column("total_payload_in", pl.UInt64, "total", "payload bytes from remote to local since the flow opened"),
    Column("rtt_us", pl.UInt32, "state", "TCP handshake, SYN to ACK as seen here, microseconds"),
    Column("app_protocol", pl.String, "state", "application protocol told by content: tls http dns quic ssh …"),
    Column("inspection", _enum(Inspection), "state", "cleartext, metadata or opaque"),
    Column("server_name", pl.String, "state", "name of the server, lower case, from the best source seen"),
    Column("server_name_source", pl.Enum(["tls", "quic", "http", "dns"]), "state", "where server_name comes from"),
    Column("alpn", pl.String, "state", "first application protocol the client offers by ALPN (RFC 7301)"),
    Column("tls_version", pl.String, "state", "negotiated, else highest offered: 1.0 1.1 1.2 1.3 ssl3 …"),
    Column("ja4", pl.String, "state", "JA4 of the first client hello"),
    Column("ech", pl.Enum(["none", "grease", "offered", "accepted"]), "state", "encrypted client hello; null: no TLS"),
    Column("cert_subject", pl.String, "state", "subject of the server's certificate (up to TLS 1.2)"),
    Column("cert_issuer", pl.String, "state", "issuer of the server's certificate (up to TLS 1.2)"),
    Column(
        "tls_san", pl.List(pl.String), "state", "DNS names of the server's certificate (up to TLS 1.2), up to a limit"
    ),
    Column("http_host", pl.String, "state", "first Host header, lower case, without port"),
    Column("http_method", pl.String, "state", "first request's method"),
    Column("http_path", pl.String, "state", "first request's path, query string cut off: it may hold identifiers"),
    Column("http_content_type", pl.String, "state", "media type of the first body that goes out, parameters cut off"),
    Column("http_upload_bytes", pl.UInt64, "total", "bytes of HTTP bodies announced or seen going out, since opened"),
    Column("dns_query", pl.List(pl.String), "state", "distinct names asked, lower case, in order, up to a limit"),
    Column("dns_rcode", pl.String, "state", "last response code: noerror nxdomain servfail …"),
    Column("mail_domains", pl.List(pl.String), "state", "distinct recipient domains of cleartext mail"),
    Column("file_names", pl.List(pl.String), "state", "distinct file names seen, path cut off"),
    Column("file_types", pl.List(pl.String), "state", "distinct media types of files seen"),
    Column("detections", pl.List(DETECTION), "delta", "content detectors that matched; null: none looked"),
    Column(
        "persons", PERSONS, "delta", "persons recognised going out, keyed hashes by kind of record; null: none looked"
    ),
    Column("local_key", pl.Binary, "key", "local_ip as 16 bytes, IPv4 mapped: what assets and cidr conditions compare"),
    Column("remote_key", pl.Binary, "key", "remote_ip as 16 bytes, IPv4 mapped: what geography is asked"),
)

CLASSIFY_COLUMNS: tuple[Column, ...] = (
    Column("country", pl.String, "state", "ISO 3166 alpha-2 of remote_ip; ZZ when unknown, never null"),
    Column("country_basis", _enum(CountryBasis), "state", "on what ground the country is told"),
    Column("geo_database", pl.String, "state", "database or table that answered; null when nothing did"),
    Column("geo_build", pl.Int64, "state", "build time of that database, seconds since 1970 UTC; null when unknown"),
    Column("geo_prefix", pl.String, "state", "prefix that matched remote_ip"),
    Column("asn", pl.UInt32, "state", "autonomous system number of remote_ip"),
    Column("as_org", pl.String, "state", "operator of that autonomous system"),
    Column("geo_registered", pl.String, "state", "country remote_ip is registered in, where a database tells it"),
    Column("unit", pl.String, "state", "unit the local system belongs to, else the gateway's"),
    Column("system", pl.String, "state", "local system by the assets file"),
    Column("owner", pl.String, "state", "owner of that system"),
    Column(
        "categories", pl.List(pl.String), "state", "data it holds: class or class:item, as core:I.26, important:II.10"
    ),
    Column("detectors", pl.List(pl.String), "state", "detectors that found something going out; null: nothing"),
    Column(
        "detected_kinds", pl.List(pl.String), "state", "kinds of data found: basic sensitive bank document secrecy …"
    ),
    Column("detected_items", pl.List(pl.String), "state", "items of the catalog found, as core:I.26"),
    Column("detected_values", pl.UInt32, "state", "distinct values found, of the detector that found most"),
)

PERSON_COLUMNS: tuple[Column, ...] = (
    Column(
        "persons_basic",
        pl.UInt64,
        "state",
        "persons of basic data the unit has sent abroad by now, cumulative; null: this flow carried none",
    ),
    Column("persons_sensitive", pl.UInt64, "state", "the same of sensitive data"),
    Column("persons_bank", pl.UInt64, "state", "the same of bank accounts, payments and debts"),
    Column(
        "bands",
        pl.List(pl.String),
        "state",
        "bands this row made the count enter, each told once: core:basic, or at 80 % of it core:basic:80%",
    ),
)
"""What counting persons adds before rules are asked. Opening balances are included."""

WHY = pl.Struct({"field": pl.String, "test": pl.String, "value": pl.String})
"""One condition that held: the rule's field, its test as written, the flow's value."""

FINDING_COLUMNS: tuple[Column, ...] = (
    Column("finding_id", pl.String, "key", "16 hex digits of rule id and flow id (or correlation group and window)"),
    Column(
        "phase",
        _enum(Phase),
        "state",
        "opened, continued while bytes flow, closed with the flow; opened anew when a permit no longer covers it",
    ),
    Column("rule", pl.String, "key", "the rule's name: its file's stem"),
    Column("rule_uuid", pl.String, "key", "the rule's Sigma id"),
    Column("rule_title", pl.String, "key", "the rule's title"),
    Column("rule_sha256", pl.String, "key", "hash of the rule's text"),
    Column("severity", pl.Enum(LEVELS), "key", "the rule's Sigma level"),
    Column("category", pl.String, "key", "the rule's legal category, else 'none'"),
    Column("decision", _enum(Decision), "state", "violation, or what a permit makes of it"),
    Column("permit", pl.String, "state", "the permit that covers it, or the one that nearly does; null: none is near"),
    Column("permit_reason", pl.String, "state", "the permit's dossier, or why it does not cover"),
    Column("matched_bytes", pl.UInt64, "delta", "outward bytes this row adds to the finding"),
    Column("why", pl.List(WHY), "state", "the conditions that held; empty after `opened`"),
)


def schema(*groups: tuple[Column, ...]) -> pl.Schema:
    """Return the Polars schema of the given columns, in order."""
    return pl.Schema({c.name: c.dtype for group in groups for c in group})


REPORT_SCHEMA = schema(REPORT_COLUMNS)
CROSSING_SCHEMA = schema(REPORT_COLUMNS, CLASSIFY_COLUMNS)
COUNTED_SCHEMA = schema(REPORT_COLUMNS, CLASSIFY_COLUMNS, PERSON_COLUMNS)
"""What rules are asked of."""
FINDING_SCHEMA = schema(REPORT_COLUMNS, CLASSIFY_COLUMNS, PERSON_COLUMNS, FINDING_COLUMNS)


class Field(NamedTuple):
    """An ECS (or our own) field name that rules and events use, and where its value stands."""

    ecs: str
    column: str
    meaning: str = ""


FIELDS: tuple[Field, ...] = (
    # source is always the end at home and destination the foreign one, whoever opened the connection.
    Field("source.ip", "local_ip"),
    Field("source.port", "local_port"),
    Field("source.bytes", "total_bytes_out", "outward IP bytes since the flow opened"),
    Field("source.packets", "total_packets_out"),
    Field("destination.ip", "remote_ip"),
    Field("destination.port", "remote_port"),
    Field("destination.bytes", "total_bytes_in", "inward IP bytes since the flow opened"),
    Field("destination.packets", "total_packets_in"),
    Field("destination.domain", "server_name", "server name from TLS, QUIC, HTTP or DNS"),
    Field("destination.geo.country_iso_code", "country", "ISO 3166 alpha-2, ZZ when unknown"),
    Field("destination.as.number", "asn"),
    Field("destination.as.organization.name", "as_org"),
    Field("network.transport", "transport"),
    Field("network.protocol", "app_protocol", "told by content"),
    Field("network.community_id", "community_id"),
    Field("network.vlan.id", "vlan"),
    Field("network.initiator", "initiator", "local, remote or unknown"),
    Field("observer.ingress.interface.name", "interface"),
    Field("tls.client.server_name", "server_name", "as destination.domain, where it comes from TLS or QUIC"),
    Field("tls.client.ja4", "ja4"),
    Field("tls.next_protocol", "alpn"),
    Field("tls.version", "tls_version"),
    Field("tls.server.subject", "cert_subject"),
    Field("tls.server.issuer", "cert_issuer"),
    Field("tls.server.x509.alternative_names", "tls_san"),
    Field("url.domain", "http_host"),
    Field("url.path", "http_path"),
    Field("http.request.method", "http_method"),
    Field("http.request.mime_type", "http_content_type", "media type of the first body that goes out"),
    Field("http.request.body.bytes", "http_upload_bytes"),
    Field("dns.question.name", "dns_query"),
    Field("dns.response_code", "dns_rcode"),
    Field("file.name", "file_names"),
    Field("file.mime_type", "file_types"),
    # What only we know.
    Field("data.categories", "categories", "data the local system holds: class or class:item"),
    Field("data.detectors", "detectors", "detectors that found something going out in this report"),
    Field("data.detected.kinds", "detected_kinds", "kinds of data found: basic sensitive bank document secrecy …"),
    Field("data.detected.items", "detected_items", "items of the catalog found, as core:I.26"),
    Field("data.detected.values", "detected_values", "distinct values found, of the detector that found most"),
    Field("data.inspection", "inspection", "cleartext, metadata or opaque"),
    Field("data.payload_bytes", "total_payload_out", "outward payload bytes since the flow opened"),
    Field("data.received_payload_bytes", "total_payload_in", "inward payload bytes since the flow opened"),
    Field("data.mail_domains", "mail_domains"),
    Field("data.tunnel", "tunnel"),
    Field("data.ech", "ech"),
    Field("data.country_basis", "country_basis", "override, geo, anycast or unknown"),
    Field("data.geo_database", "geo_database"),
    Field("data.persons.basic", "persons_basic"),
    Field("data.persons.sensitive", "persons_sensitive"),
    Field("data.persons.bank", "persons_bank"),
    Field("data.bands", "bands"),
    Field("local.system", "system"),
    Field("local.owner", "owner"),
    Field("local.unit", "unit"),
)

COLUMN_OF = {f.ecs: f.column for f in FIELDS}
"""ECS name → column. Two names may share one column; no column's name is an ECS name."""

ADDRESS_KEYS = {"local_ip": "local_key", "remote_ip": "remote_key"}
"""Address column → the binary column that compares like the address."""


@dataclass(slots=True)
class Books:
    """What became of every packet of one interface since the start. Counts only ever grow.

    The books balance: `packets == flow_packets + domestic_packets + sum(dropped.values())`. Domestic packets are
    those of flows that are not reported; with `report: all` they are in flows and `domestic_packets` stays 0.
    """

    interface: str
    packets: int = 0  # received, those the kernel dropped included
    bytes: int = 0  # wire length of the frames received
    flow_packets: int = 0
    flow_bytes: int = 0  # IP bytes in reported flows
    domestic_packets: int = 0
    domestic_bytes: int = 0  # IP bytes
    dropped: dict[DropReason, int] = field(default_factory=dict)
    shed: dict[str, int] = field(default_factory=dict)  # flows of which this work was left out under load
    limited: dict[str, int] = field(default_factory=dict)  # flows whose content was not read wholly, by limit

    def drop(self, reason: DropReason, packets: int = 1) -> None:
        """Count packets that are left out, by reason."""
        self.dropped[reason] = self.dropped.get(reason, 0) + packets

    @property
    def balanced(self) -> bool:
        """Tell whether every packet received is accounted for."""
        return self.packets == self.flow_packets + self.domestic_packets + sum(self.dropped.values())


@dataclass(frozen=True, slots=True)
class Batch:
    """What an engine hands over at each tick: the flow reports of the tick and the books so far."""

    reports: pl.DataFrame  # REPORT_SCHEMA, in the order the flows opened
    books: tuple[Books, ...]  # a copy, one per interface
    tick_ns: int  # packet time at which the tick closed
    flows_active: int  # flows in the table after the tick
    lag_seconds: float = 0.0  # how far the engine is behind the wire; 0 for files
    sheds: tuple[str, ...] = ()  # what was shed under load, empty when nothing was
    down: tuple[str, ...] = ()  # interfaces that are down or gone and are waited for
    reader_failures: int = 0  # since the start: readers of content that failed and were stopped, a fault of ours
