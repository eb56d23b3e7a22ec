"""Names that others read from real captures are found, through the whole portable engine."""

from __future__ import annotations

import ipaddress
import json
from functools import cache
from typing import TYPE_CHECKING, Any, NamedTuple

import polars as pl
import pytest

from crossborder.engine import EngineConfig, FlowLimits
from crossborder.engine.home import Home
from crossborder.engine.names import QUERY_LIMIT
from crossborder.engine.portable import PortableEngine
from crossborder.prefixes import PrefixSet

if TYPE_CHECKING:
    from pathlib import Path

COLUMNS = {"sni": "server_name", "ja4": "ja4", "http_host": "http_host", "dns_query": "dns_query"}
LONG = FlowLimits(idle_ns=10**15, active_ns=10**16)  # a flow of a fact is one flow, whatever pauses it makes
NEVER_ASSERTED = {
    "suricata/tests__bug-5713-01__TLSv1-Extracted-MaliciousC2.pcap": (
        "ja4 of a hello without signature algorithms: the specification says that the list then ends without '_'"
    ),
    "wireshark/wireguard-ping-tcp-dsb.pcapng": "inside WireGuard, read with the keys that the capture carries",
    "wireshark/logistics_multicast.pcapng": "SSDP over multicast looks like HTTP and is not",
}
"""Facts that are uncertain and that we do not agree with."""


class Fact(NamedTuple):
    """A name that a capture holds, by another program."""

    file: str
    kind: str
    flow: tuple[tuple[str, str, int], ...] | None  # (transport, address, port) of both ends
    value: str
    uncertain: bool


def _ends(flow: dict[str, Any] | None) -> tuple[tuple[str, str, int], ...] | None:
    if flow is None:
        return None
    both = [
        (flow["proto"], str(ipaddress.ip_address(flow[end])), flow[port])
        for end, port in (("src", "sport"), ("dst", "dport"))
    ]
    return tuple(sorted(both))


def _fact(line: str) -> Fact | None:
    raw = json.loads(line)
    if raw["kind"] not in COLUMNS:
        return None
    value = raw["value"]
    if raw["kind"] != "ja4":
        value = value.lower()
    if raw["kind"] == "http_host" and value.count(":") == 1:
        value = value.partition(":")[0]
    return Fact(raw["file"], raw["kind"], _ends(raw["flow"]), value, bool(raw.get("uncertain")))


@cache
def _facts(corpus: Path) -> tuple[Fact, ...]:
    lines = (corpus / "expected.jsonl").read_text(encoding="utf-8").splitlines()
    return tuple(fact for line in lines if (fact := _fact(line)) is not None)


@cache
def _flows(path: Path) -> tuple[dict[str, Any], ...]:
    """Return the flows of a capture as they end."""
    home = Home(PrefixSet([ipaddress.ip_network(n) for n in ("10.0.0.0/8", "172.16.0.0/12", "192.168.0.0/16")]))
    engine = PortableEngine(EngineConfig(home=home, files=(path,), report_all=True, limits=LONG))
    reports = pl.concat([batch.reports for batch in engine])
    return tuple(reports.filter(pl.col("report") == "ended").to_dicts())


def _of(fact: Fact, corpus: Path) -> list[dict[str, Any]]:
    """Return the flows that a fact speaks of: one, or any of the capture where it does not say which."""
    flows = _flows(corpus / fact.file)
    if fact.flow is None:
        return list(flows)
    return [
        row
        for row in flows
        if fact.flow
        == tuple(
            sorted(
                [
                    (row["transport"], row["local_ip"], row["local_port"]),
                    (row["transport"], row["remote_ip"], row["remote_port"]),
                ]
            )
        )
    ]


def _found(fact: Fact, corpus: Path) -> bool:
    values = [row[COLUMNS[fact.kind]] for row in _of(fact, corpus)]
    return any(fact.value in value if isinstance(value, list) else fact.value == value for value in values)


def _excused(fact: Fact, corpus: Path, facts: tuple[Fact, ...]) -> str | None:
    """Return why a fact that is not uncertain need not be found, or None."""
    if fact.kind == "dns_query":
        lists = [row["dns_query"] or [] for row in _of(fact, corpus)]
        return "the list is full" if any(len(names) == QUERY_LIMIT for names in lists) else None
    if fact.kind != "ja4":
        return None
    if fact.value.startswith("t13d151699_"):
        return "from before the specification gave ALPN that is no ASCII its hexadecimal form"
    others = {f.value for f in facts if f.kind == "ja4" and f.flow == fact.flow and f.file == fact.file}
    if len(others) > 1 and {row["ja4"] for row in _of(fact, corpus)} <= others:
        return "a second hello, after a HelloRetryRequest: the column holds the first"
    return None


@pytest.mark.parametrize("kind", COLUMNS)
def test_every_name_is_found(corpus: Path, kind: str) -> None:
    """All that is certain, but what is excused for a reason, and no more is excused than is known."""
    facts = [fact for fact in _facts(corpus) if fact.kind == kind and not fact.uncertain]
    missed = [fact for fact in facts if not _found(fact, corpus)]

    excuses = {fact: _excused(fact, corpus, _facts(corpus)) for fact in missed}

    assert len(facts) > 100
    assert [fact for fact, excuse in excuses.items() if excuse is None] == []
    if kind != "dns_query":  # how many are beyond the list's limit depends on the limit
        assert len(missed) == {"ja4": 12}.get(kind, 0)


def test_what_is_uncertain_is_found_too(corpus: Path) -> None:
    """Facts that only one program states: those that we do not state are listed with the reason."""
    missed = {fact.file for fact in _facts(corpus) if fact.uncertain and not _found(fact, corpus)}

    assert missed == set(NEVER_ASSERTED)


def test_nothing_else_is_called_by_a_name(corpus: Path) -> None:
    """Server names come from the facts or stand in them: no flow with facts is called otherwise."""
    sni = [fact for fact in _facts(corpus) if fact.kind == "sni" and fact.flow is not None]
    known: dict[tuple[str, tuple[tuple[str, str, int], ...] | None], set[str]] = {}
    for fact in sni:
        known.setdefault((fact.file, fact.flow), set()).add(fact.value)

    wrong = [
        (fact.file, row["server_name"])
        for fact in sni
        for row in _of(fact, corpus)
        if row["server_name_source"] in {"tls", "quic"} and row["server_name"] not in known[fact.file, fact.flow]
    ]

    assert wrong == []
