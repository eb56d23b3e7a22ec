"""Names and ids that others read from real captures are found, through whole engines."""

from __future__ import annotations

import ipaddress
import json
from collections import Counter
from fnmatch import fnmatchcase
from functools import cache
from typing import TYPE_CHECKING, Any, NamedTuple

import polars as pl
import pytest

from crossborder.engine import EngineConfig, FlowLimits, native_available, open_engine
from crossborder.engine.home import Home
from crossborder.engine.names import QUERY_LIMIT
from crossborder.prefixes import PrefixSet

if TYPE_CHECKING:
    from pathlib import Path

    from crossborder.engine import EngineName

COLUMNS = {
    "sni": "server_name",
    "ja4": "ja4",
    "http_host": "http_host",
    "dns_query": "dns_query",
    "community_id": "community_id",
}
"""Kind of a fact → the column that says it."""
NATIVE = pytest.mark.skipif(not native_available(), reason="the native extension is not installed")
ENGINES = [pytest.param("portable"), pytest.param("native", marks=NATIVE)]
LONG = FlowLimits(idle_ns=10**15, active_ns=10**16)  # a flow of a fact is one flow, whatever pauses it makes
NEVER_ASSERTED = {
    "suricata/tests__bug-5713-01__TLSv1-Extracted-MaliciousC2.pcap": (
        "ja4 of a hello without signature algorithms: the specification says that the list then ends without '_'"
    ),
    "wireshark/wireguard-ping-tcp-dsb.pcapng": "inside WireGuard, read with the keys that the capture carries",
    "wireshark/logistics_multicast.pcapng": "SSDP over multicast looks like HTTP and is not",
}
"""Facts that are uncertain and that we do not agree with."""


class Excepted(NamedTuple):
    """Facts that are certain and need not be found."""

    file: str
    kind: str
    value: str  # a glob
    why: str

    def covers(self, fact: Fact) -> bool:
        """Tell whether a fact is one of these."""
        return (self.file, self.kind) == (fact.file, fact.kind) and fnmatchcase(fact.value, self.value)


_SECOND = "t13d1515h2_8daaf6152771_f37e75b10bcc"
_FIRST_COUNTS = "a second hello, after a HelloRetryRequest: the column holds the first"
EXCEPTED = (
    Excepted("foxio/tls-handshake.pcapng", "ja4", _SECOND, _FIRST_COUNTS),
    Excepted("foxio/tls-sni.pcapng", "ja4", _SECOND, _FIRST_COUNTS),
    Excepted(
        "foxio/tls-non-ascii-alpn.pcapng",
        "ja4",
        "t13d151699_*",
        "from before the specification gave ALPN that is no ASCII its hexadecimal form",
    ),
    Excepted(
        "suricata/tests__dns__bug-1158__input.pcap",
        "dns_query",
        "*",
        f"one flow asks more names than the list holds ({QUERY_LIMIT})",
    ),
)


Ends = tuple[tuple[str, str, int], ...]
"""(transport, address, port) of both ends."""


class Fact(NamedTuple):
    """A name that a capture holds, by another program."""

    file: str
    kind: str
    flow: Ends | None
    value: str
    uncertain: bool
    seed: int = 0  # of a community id


def _end(proto: str, address: str, port: int | None) -> tuple[str, str, int]:
    """Return one end; of ICMP without type and code, which are a packet's and not an end's."""
    proto = {"icmp6": "ipv6-icmp"}.get(proto, proto)
    return proto, str(ipaddress.ip_address(address)), 0 if port is None or "icmp" in proto else port


def _ends(flow: dict[str, Any] | None) -> Ends | None:
    if flow is None:
        return None
    return tuple(
        sorted(_end(flow["proto"], flow[end], flow[port]) for end, port in (("src", "sport"), ("dst", "dport")))
    )


def _fact(line: str) -> Fact | None:
    raw = json.loads(line)
    if raw["kind"] not in COLUMNS or raw["file"] is None:
        return None
    value = raw["value"]
    if raw["kind"] not in {"ja4", "community_id"}:
        value = value.lower()
    if raw["kind"] == "http_host" and value.count(":") == 1:
        value = value.partition(":")[0]
    return Fact(raw["file"], raw["kind"], _ends(raw["flow"]), value, bool(raw.get("uncertain")), raw.get("seed", 0))


@cache
def _facts(corpus: Path) -> tuple[Fact, ...]:
    lines = (corpus / "expected.jsonl").read_text(encoding="utf-8").splitlines()
    return tuple(fact for line in lines if (fact := _fact(line)) is not None)


@cache
def _flows(engine: EngineName, path: Path, seed: int) -> tuple[dict[str, Any], ...]:
    """Return the flows of a capture as they end."""
    home = Home(PrefixSet([ipaddress.ip_network(n) for n in ("10.0.0.0/8", "172.16.0.0/12", "192.168.0.0/16")]))
    chosen = EngineConfig(home=home, files=(path,), report_all=True, limits=LONG, community_seed=seed)
    reports = pl.concat([batch.reports for batch in open_engine(engine, chosen)])
    return tuple(reports.filter(pl.col("report") == "ended").to_dicts())


def _of(fact: Fact, corpus: Path, engine: EngineName) -> list[dict[str, Any]]:
    """Return the flows that a fact speaks of: one, or any of the capture where it does not say which."""
    flows = _flows(engine, corpus / fact.file, fact.seed)
    if fact.flow is None:
        return list(flows)
    return [row for row in flows if fact.flow == _ends_of(row)]


def _ends_of(row: dict[str, Any]) -> Ends:
    ends = ((row["local_ip"], row["local_port"]), (row["remote_ip"], row["remote_port"]))
    return tuple(sorted(_end(row["transport"], *end) for end in ends))


def _values(fact: Fact, corpus: Path, engine: EngineName) -> list[Any]:
    return [row[COLUMNS[fact.kind]] for row in _of(fact, corpus, engine)]


def _found(fact: Fact, corpus: Path, engine: EngineName) -> bool:
    values = _values(fact, corpus, engine)
    return any(fact.value in value if isinstance(value, list) else fact.value == value for value in values)


@pytest.mark.parametrize("engine", ENGINES)
def test_every_name_is_found(corpus: Path, engine: EngineName) -> None:
    """All that is certain, of every kind, but what is excepted for a reason; each exception is needed."""
    facts = [fact for fact in _facts(corpus) if not fact.uncertain]
    missed = [fact for fact in facts if not _found(fact, corpus, engine)]
    kinds = Counter(fact.kind for fact in facts)

    assert set(kinds) == set(COLUMNS)
    assert min(kinds.values()) > 50
    assert [fact for fact in missed if not any(entry.covers(fact) for entry in EXCEPTED)] == []
    assert [entry for entry in EXCEPTED if not any(entry.covers(fact) for fact in missed)] == []
    assert all(value for fact in missed for value in _values(fact, corpus, engine)), "another value, never none"


@pytest.mark.parametrize("engine", ENGINES)
def test_what_is_uncertain_is_found_too(corpus: Path, engine: EngineName) -> None:
    """Facts that only one program states: those that we do not state are listed with the reason."""
    missed = {fact.file for fact in _facts(corpus) if fact.uncertain and not _found(fact, corpus, engine)}

    assert missed == set(NEVER_ASSERTED)


@pytest.mark.parametrize("engine", ENGINES)
def test_nothing_else_is_called_by_a_name(corpus: Path, engine: EngineName) -> None:
    """Server names come from the facts or stand in them: no flow with facts is called otherwise."""
    sni = [fact for fact in _facts(corpus) if fact.kind == "sni" and fact.flow is not None]
    known: dict[tuple[str, Ends | None], set[str]] = {}
    for fact in sni:
        known.setdefault((fact.file, fact.flow), set()).add(fact.value)

    wrong = [
        (fact.file, row["server_name"])
        for fact in sni
        for row in _of(fact, corpus, engine)
        if row["server_name_source"] in {"tls", "quic"} and row["server_name"] not in known[fact.file, fact.flow]
    ]

    assert wrong == []
