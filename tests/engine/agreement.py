"""Runs one capture through two engines and tells every difference between their flows."""

from __future__ import annotations

import ipaddress
from typing import TYPE_CHECKING, Any, NamedTuple

from crossborder.engine import EngineConfig, open_engine
from crossborder.engine.home import Home
from crossborder.errors import CrossborderError
from crossborder.model import DropReason
from crossborder.prefixes import PRIVATE, PrefixSet

if TYPE_CHECKING:
    from pathlib import Path

    from crossborder.engine import EngineName
    from crossborder.model import Books

DOCUMENTATION = ("192.0.2.0/24", "198.51.100.0/24", "203.0.113.0/24", "2001:db8::/32")
HOME = Home(PrefixSet([*PRIVATE, *map(ipaddress.ip_network, DOCUMENTATION)]))
"""So that most captures have flows that cross, some that stay and some in transit."""

_MISSING = ("missing_out", "missing_in")
_TUPLE = ("transport", "local_ip", "local_port", "remote_ip", "remote_port", "tunnel")
_COUNTS = tuple(f"total_{what}_{way}" for what in ("packets", "bytes", "payload") for way in ("out", "in"))
_TRAITS = ("flow_id", "scope", "initiator", "vlan", "community_id", "last_ns", "end_reason", "rtt_us", *_MISSING)
_NAMES = ("sni", "dns_query", "http_host", "alpn", "tls_version", "ja4", "cert_subject", "cert_issuer")
_LISTS = ("tls_san", "mail_domains")
COMPARED = (*_TRAITS, *_COUNTS, *_NAMES, *_LISTS)

Flows = dict[tuple[Any, ...], dict[str, Any]]


class Result(NamedTuple):
    """What an engine made of a capture."""

    flows: Flows
    books: Books | None  # None: the engine refused the file
    error: str


class Difference(NamedTuple):
    """One difference: its kind, the flow's tuple or nothing, and both sides."""

    kind: str
    flow: str
    portable: object
    tshark: object


def run(engine: EngineName, path: Path) -> Result:
    """Run an engine over a capture, every flow reported."""
    flows: dict[int, dict[str, Any]] = {}
    books: Books | None = None
    try:
        for batch in open_engine(engine, EngineConfig(HOME, files=(path,), report_all=True)):
            books = batch.books[0]
            assert books.balanced, f"{engine}: {books}"
            flows |= {report["flow_id"]: report for report in batch.reports.to_dicts()}
    except CrossborderError as error:
        return Result(_by_tuple(flows), books, str(error))
    return Result(_by_tuple(flows), books, "")


def _by_tuple(reports: dict[int, dict[str, Any]]) -> Flows:
    """Return the last report of each flow by its tuple; flows that follow each other on one tuple are numbered."""
    found: Flows = {}
    for report in sorted(reports.values(), key=lambda report: report["first_ns"]):
        report["sni"] = report["server_name"] if report["server_name_source"] in {"tls", "quic"} else None
        number = 0
        while (key := (*(report[column] for column in _TUPLE), number)) in found:
            number += 1
        found[key] = report
    return found


def differences(portable: Result, tshark: Result) -> list[Difference]:
    """Return every difference between two results."""
    found = (
        [] if bool(portable.error) == bool(tshark.error) else [Difference("error", "", portable.error, tshark.error)]
    )
    if portable.books and tshark.books:
        for kind, count in (("frames", _frames), ("dropped", _dropped)):
            if count(portable.books) != count(tshark.books):
                found.append(Difference(kind, "", count(portable.books), count(tshark.books)))
    for key in dict.fromkeys((*portable.flows, *tshark.flows)):
        found += _flow_differences(key, portable.flows.get(key), tshark.flows.get(key))
    return found


def _flow_differences(
    key: tuple[Any, ...], portable: dict[str, Any] | None, tshark: dict[str, Any] | None
) -> list[Difference]:
    name = " ".join(map(str, key))
    if portable is None or tshark is None:
        only = "only portable" if tshark is None else "only tshark"
        return [Difference(only, name, portable and _counts(portable), tshark and _counts(tshark))]
    return [Difference(c, name, portable[c], tshark[c]) for c in COMPARED if portable[c] != tshark[c]]


def _counts(report: dict[str, Any]) -> tuple[int, ...]:
    return tuple(report[column] for column in _COUNTS)


def _frames(books: Books) -> tuple[int, int]:
    return books.packets, books.bytes


def _dropped(books: Books) -> dict[str, int]:
    """Count drops by reason. Wireshark knows nearly every link layer: to it, what we do not know is not IP."""
    counts = {reason.value: number for reason, number in books.dropped.items()}
    unknown = counts.pop(DropReason.LINK_TYPE.value, 0)
    if unknown:
        counts[DropReason.NOT_IP.value] = counts.get(DropReason.NOT_IP.value, 0) + unknown
    return counts
