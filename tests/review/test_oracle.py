"""The register against a plain re-count of small random histories, flow by flow, as one would with paper."""

from __future__ import annotations

import ipaddress
from collections import defaultdict
from datetime import date, timedelta
from typing import TYPE_CHECKING, Any

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from tests.review.rows import TODAY, instant, permits_of, persons, record, row, shipped

from crossborder.review.judging import GRAVITY
from crossborder.review.shares import KEY
from crossborder.review.transfers import Standards, register

if TYPE_CHECKING:
    from pathlib import Path

PERMITS = """
permits:
  - id: early
    route: nd165-core
    dossier: '1'
    sender: {systems: [registry]}
    categories: [core]
    recipients: [{networks: [198.51.100.0/25, "2001:db8::/32"]}, {server_names: ["*.files.example"]}]
    countries: [SG, ZZ]
    from: 2026-01-01
    until: 2026-03-01
  - id: late
    route: nd165-important
    dossier: '2'
    sender: {units: [Unit A]}
    categories: [important:II.10]
    countries: [SG]
    from: 2026-03-02
    until: 2026-12-31
"""
ROUTES = {"core": "nd165-core", "important": "nd165-important", "personal": "pdpl"}
FIRST = date(2026, 2, 28)

FLOWS: st.SearchStrategy[dict[str, Any]] = st.builds(
    dict,
    gateway=st.sampled_from(["gw-1", "gw-2"]),
    unit=st.sampled_from(["Unit A", "Unit B"]),
    system=st.sampled_from(["registry", "labor", None]),
    categories=st.sampled_from(
        [["core:I.26"], ["core:I.26", "important:II.10"], ["important:II.10"], ["personal"], []]
    ),
    items=st.sampled_from([[], ["core:I.26"]]),
    country=st.sampled_from(["SG", "ZZ", "JP"]),
    remote_ip=st.sampled_from(["198.51.100.7", "198.51.100.200", "2001:db8::7", "2001:db9::7"]),
    server_name=st.sampled_from([None, "files.example", "eu.files.example"]),
    as_org=st.sampled_from([None, "Operator"]),
    initiator=st.sampled_from(["local", "remote"]),
    hours=st.lists(st.integers(0, 71), min_size=1, max_size=4, unique=True).map(sorted),
    sizes=st.lists(st.integers(0, 9_000), min_size=4, max_size=4),
    inspection=st.sampled_from(["cleartext", "opaque"]),
    persons=st.sampled_from([None, [], [1, 2], [2, 3, 4]]),
)


def rows_of(number: int, flow: dict[str, Any]) -> list[dict[str, Any]]:
    """Return the hourly rows of a flow."""
    fixed = ("gateway", "unit", "system", "country", "remote_ip", "server_name", "as_org", "initiator", "inspection")
    begin = instant(str(FIRST)) + flow["hours"][0] * 3_600 * 10**9
    rows, sent = [], 0
    for place, hour in enumerate(flow["hours"]):
        size = flow["sizes"][place]
        one = row(
            str(FIRST),
            flow_id=number,
            first_ns=begin,
            last_ns=instant(str(FIRST)) + hour * 3_600 * 10**9 + 60 * 10**9,
            report="ended" if place == len(flow["hours"]) - 1 else "active",
            bytes_out=size,
            before=sent,
            total_packets_out=6 * (place + 1),
            total_packets_in=4 * (place + 1),
            categories=flow["categories"],
            detected_items=flow["items"] if place == 0 else None,
            detected_kinds=["basic"] if flow["items"] and place == 0 else None,
            persons=None if flow["persons"] is None else persons(basic=flow["persons"]) if flow["persons"] else [],
            **{name: flow[name] for name in fixed},
        )
        sent += size
        rows.append(one)
    return rows


def recount(rows: list[dict[str, Any]]) -> dict[tuple[Any, ...], dict[str, Any]]:
    """Return the transfers, by the key, as plainly as can be."""
    told = [(one, name) for one in rows for name in sorted({*one["categories"], *(one["detected_items"] or ())})]
    lawful = [(one, name) for one, name in told if name.partition(":")[0] in {"core", "important"}]
    personal: dict[tuple[Any, ...], bool] = defaultdict(bool)
    for one, name in lawful:
        found = name in (one["detected_items"] or ()) and bool(one["detected_kinds"])
        personal[sending(one, name)] |= found
    transfers: dict[tuple[Any, ...], dict[str, Any]] = {}
    for one, name in lawful:
        key = (*sending(one, name), "b" if one["initiator"] == "remote" else "unknown")
        route = "pdpl" if personal[key[:5]] else ROUTES[name.partition(":")[0]]
        decision = decided(one, name, route)
        now = transfers.setdefault(key, defaultdict(int) | {"flows": set(), "decisions": [], "gateways": set()})
        now["flows"].add((one["gateway"], one["flow_id"]))
        now["gateways"].add(one["gateway"])
        now["bytes_out"] += one["bytes_out"]
        now["opaque_bytes"] += one["bytes_out"] * (one["inspection"] == "opaque")
        now["permitted_bytes"] += one["bytes_out"] * (decision == "permitted")
        now["decisions"].append(decision)
        now["route"] = route
        now["declared"] |= name in one["categories"]
        now["found"] |= name in (one["detected_items"] or ())
        if one["persons"] or (one["persons"] is not None and one["inspection"] == "cleartext"):
            now.setdefault("persons", set()).update(*(part["hashes"] for part in one["persons"]))
    return transfers


def sending(one: dict[str, Any], name: str) -> tuple[Any, ...]:
    """Return who sends what to whom."""
    prefix = one["geo_prefix"]
    return one["unit"], one["system"], name, one["as_org"] or one["server_name"] or prefix, one["country"]


def decided(one: dict[str, Any], name: str, route: str) -> str:
    """Return what the two permits make of a row."""
    day = date(1970, 1, 1) + timedelta(days=(one["last_ns"] + 7 * 3_600 * 10**9) // (86_400 * 10**9))
    held = [tag for tag in one["categories"] if tag.startswith(name.partition(":")[0])]
    if not one["categories"]:
        return "violation"  # untagged, which neither names
    early = one["system"] == "registry" and route == "nd165-core"
    late = one["unit"] == "Unit A" and route == "nd165-important" and held == ["important:II.10"]
    if not early and not late:
        return "violation"
    valid = day <= date(2026, 3, 1) if early else day >= date(2026, 3, 2)
    address = ipaddress.ip_address(one["remote_ip"])
    networks = map(ipaddress.ip_network, ("198.51.100.0/25", "2001:db8::/32"))
    known = any(address in network for network in networks) or one["server_name"] == "eu.files.example"
    there = (known and one["country"] in {"SG", "ZZ"}) if early else one["country"] == "SG"
    if not there:
        return "new-recipient" if valid else "violation"
    return "permitted" if valid else "expired" if early else "not-yet-valid"


@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(flows=st.lists(FLOWS, max_size=12))
def test_the_register_is_what_a_recount_says(tmp_path: Path, flows: list[dict[str, Any]]) -> None:
    """Every transfer, its flows, bytes, decision, route and persons."""
    rows = [one for number, flow in enumerate(flows) for one in rows_of(number, flow)]
    standards = Standards(permits_of(tmp_path, PERMITS), shipped(), TODAY)

    found = register(record(*rows), standards)

    expected = recount(rows)
    got = {tuple(one[name] for name in KEY): one for one in found.iter_rows(named=True)}
    assert got.keys() == expected.keys()
    for key, one in got.items():
        counted = expected[key]
        assert one["flows"] == len(counted["flows"])
        assert one["gateways"] == sorted(counted["gateways"])
        for name in ("bytes_out", "opaque_bytes", "permitted_bytes", "route"):
            assert one[name] == counted[name], (key, name)
        assert one["decision"] == min(counted["decisions"], key=GRAVITY.index)
        basis = "both" if counted["declared"] and counted["found"] else "declared" if counted["declared"] else "found"
        assert one["basis"] == basis
        assert one["persons_basic"] == (len(counted["persons"]) if "persons" in counted else None)
