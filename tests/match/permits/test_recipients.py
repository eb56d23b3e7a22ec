"""Recipients of many permits asked at once say what asking one by one would say."""

from __future__ import annotations

import ipaddress
import time
from typing import Any

import polars as pl
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from tests.match.permits.conftest import CORE, Rules, batch, report

from crossborder.match import Matcher
from crossborder.match.permits import Permits
from crossborder.match.permits.judge import Judge
from crossborder.match.permits.permit import PermitsFile
from crossborder.match.permits.recipients import Recipients
from crossborder.match.reader import read_ruleset
from crossborder.prefixes import key_of

NETWORKS = st.sampled_from(
    [
        "0.0.0.0/0",
        "203.0.113.0/24",
        "203.0.113.0/25",
        "203.0.113.7/32",
        "198.51.100.0/22",
        "::/0",
        "2001:db8::/32",
        "2001:db8:1::/48",
    ]
)
NAMES = st.sampled_from(["example", "a.example", "b.a.example", "c.b.a.example", "aa.example", "other"])
PATTERNS = NAMES | NAMES.map("*.{}".format)
OPERATORS = st.sampled_from(["Example Cloud", "EXAMPLE CLOUD", "Đám mây"])
RECIPIENTS = st.fixed_dictionaries(
    {},
    optional={
        "networks": st.lists(NETWORKS, min_size=1, max_size=3),
        "server_names": st.lists(PATTERNS, min_size=1, max_size=3),
        "asns": st.lists(st.integers(64500, 64502), min_size=1, max_size=2),
        "operators": st.lists(OPERATORS, min_size=1, max_size=2),
    },
).filter(bool)
ADDRESSES = st.sampled_from(["203.0.113.7", "203.0.113.200", "198.51.100.1", "8.8.8.8", "2001:db8::1", "2001:db8:1::1"])
FACES = st.fixed_dictionaries(
    {
        "remote_key": ADDRESSES,
        "server_name": st.none() | NAMES,
        "asn": st.none() | st.integers(64500, 64503),
        "as_org": st.none() | OPERATORS,
    }
)


def permit(number: int, recipients: list[dict[str, Any]], **other: Any) -> dict[str, Any]:
    """Return one permit as a file has it."""
    usual = {"id": f"p{number}", "route": "nd165-core", "dossier": 1, "sender": {"systems": ["registry"]}}
    usual |= {"categories": ["core:I.26"], "countries": ["SG"], "from": "2026-01-01", "until": "2026-12-31"}
    return usual | {"recipients": recipients} | other


def fits(recipient: dict[str, Any], face: dict[str, Any]) -> bool:
    """Tell slowly whether a recipient is meant."""
    address = ipaddress.ip_address(face["remote_key"])
    networks = map(ipaddress.ip_network, recipient.get("networks", ()))
    name, operator = face["server_name"], (face["as_org"] or "").lower()
    told = {
        "networks": any(address in network for network in networks),
        "server_names": name is not None
        and any(name == p or (p[0] == "*" and name.endswith(p[1:])) for p in recipient.get("server_names", ())),
        "asns": face["asn"] in recipient.get("asns", ()),
        "operators": operator in [wanted.lower() for wanted in recipient.get("operators", ())],
    }
    return all(told[kind] for kind in recipient)


@settings(max_examples=150, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(st.lists(st.lists(RECIPIENTS, max_size=2), max_size=5), st.lists(FACES, max_size=5))
def test_all_at_once_is_one_by_one(lists: list[list[dict[str, Any]]], faces: list[dict[str, Any]]) -> None:
    """Nested networks, names above names, several marks that must all fit."""
    permits = PermitsFile(permits=tuple(permit(n, recipients) for n, recipients in enumerate(lists))).permits
    rows = [face | {"remote_key": key_of(ipaddress.ip_address(face["remote_key"]).packed)} for face in faces]
    types = {"remote_key": pl.Binary, "server_name": pl.String, "asn": pl.UInt32, "as_org": pl.String}
    frame = pl.DataFrame(rows, schema=types, orient="row").with_row_index("face")

    found = set(Recipients(permits).of(frame).iter_rows())

    assert found == {
        (at, number)
        for at, face in enumerate(faces)
        for number, recipients in enumerate(lists)
        if any(fits(recipient, face) for recipient in recipients)
    }


def test_thousands_of_permits_cost_no_thousands_of_passes(rules: Rules) -> None:
    """Five thousand permits over twenty thousand flows: a batch takes well under a second, not minutes."""
    many = tuple(
        permit(n, [{"networks": [f"10.{n // 250}.{n % 250}.0/24"]}], sender={"systems": [f"s{n % 50}"]})
        for n in range(5_000)
    )
    flows = 20_000
    numbers = pl.int_range(flows, eager=True)
    keys = [bytes(10) + b"\xff\xff" + bytes((10, n % 5_000 // 250, n % 250, 7)) for n in range(flows)]
    one = batch(report())
    frame = pl.concat([one] * flows).with_columns(
        pl.Series("flow_id", numbers, pl.UInt64),
        pl.Series("remote_key", keys, pl.Binary),
        pl.Series("system", [f"s{n % 50}" for n in range(flows)]),
    )
    ruleset = read_ruleset(rules(core=CORE))
    match = Matcher(ruleset, judge=Judge(Permits(PermitsFile(permits=many).permits)))

    begin = time.process_time()  # whatever else the machine is doing
    findings = match(frame)
    took = time.process_time() - begin

    assert findings["decision"].value_counts().rows() == [("permitted", flows)]
    assert findings["permit"].to_list() == [f"p{n % 5_000}" for n in range(flows)]
    assert took < 5
