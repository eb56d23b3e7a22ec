"""Addresses at home are stored as keyed pseudonyms: in every column and text that has them, and in no other."""

from __future__ import annotations

import ipaddress
from functools import partial
from typing import TYPE_CHECKING, Any

import polars as pl
import pytest
from hypothesis import given
from hypothesis import strategies as st

from crossborder.engine import native_available
from crossborder.engine.communityids import community_ids
from crossborder.errors import CrossborderError
from crossborder.keyfile import Key
from crossborder.prefixes import key_of
from crossborder.pseudonyms import Pseudonyms
from crossborder.publish.pseudonymous import TUPLE, Hiding

if TYPE_CHECKING:
    from tests.publish.conftest import Frames

pytestmark = pytest.mark.skipif(not native_available(), reason="the native extension is not installed")

SECRET = bytes.fromhex("0123456789abcdeffedcba98765432101032547698badcfeefcdab8967452301")  # the draft's
HOME, OTHER, ABROAD = "10.1.2.3", "10.1.2.77", "203.0.113.9"
WHY = [
    {"field": "source.ip", "test": "10.1.2.3, 10.1.2.4", "value": HOME},
    {"field": "network.community_id", "test": "exists", "value": "1:old="},
    {"field": "dns.question.name", "test": "contains: arpa", "value": "3.2.1.10.in-addr.arpa, www.example"},
    {"field": "destination.ip", "test": ABROAD, "value": ABROAD},
]


@pytest.fixture(scope="module")
def names() -> Pseudonyms:
    """Return what the draft's key makes."""
    return Pseudonyms(Key(SECRET))


@pytest.fixture
def hide(names: Pseudonyms) -> Hiding:
    """Return what puts pseudonyms into frames."""
    return Hiding(names, partial(community_ids, seed=7))


def row(**told: Any) -> dict[str, Any]:
    """Return a row with the keys of its addresses."""
    told = {"local_ip": HOME, "remote_ip": ABROAD} | told
    keys = {end: key_of(ipaddress.ip_address(told[f"{end}_ip"]).packed) for end in ("local", "remote")}
    return told | {f"{end}_key": key for end, key in keys.items()}


def test_the_drafts_vectors(names: Pseudonyms) -> None:
    """Any program that knows ipcrypt-pfx gives the same answers to who has the key."""
    assert names.hide("192.0.2.1") == "100.115.72.131"
    assert names.hide("2001:db8::1") == "c180:5dd4:2587:3524:30ab:fa65:6ab6:f88"
    assert names.reveal("100.115.72.131") == "192.0.2.1"


@given(one=st.ip_addresses(v=4), other=st.ip_addresses(v=4))
def test_prefixes_are_kept(one: ipaddress.IPv4Address, other: ipaddress.IPv4Address) -> None:
    """Two addresses share as many bits as their pseudonyms do, with every key alike on all gateways."""
    here, there = Pseudonyms(Key(SECRET)), Pseudonyms(Key(SECRET))
    hidden = ipaddress.IPv4Address(here.hide(str(one))), ipaddress.IPv4Address(there.hide(str(other)))

    assert (int(one) ^ int(other)).bit_length() == (int(hidden[0]) ^ int(hidden[1])).bit_length()


@given(address=st.ip_addresses())
def test_an_address_comes_back(address: ipaddress.IPv4Address | ipaddress.IPv6Address) -> None:
    """Hidden and revealed, IPv4 and IPv6."""
    names = Pseudonyms(Key(SECRET))
    text = names.reveal(names.hide(str(address)))

    assert key_of(ipaddress.ip_address(text).packed) == key_of(address.packed) or address in ipaddress.ip_network(
        "::ffff:0:0/96" if address.version == 6 else "0.0.0.0/0"
    )


def test_no_key() -> None:
    """Two equal halves keep nothing secret."""
    with pytest.raises(CrossborderError, match="both halves"):
        Pseudonyms(Key(bytes(32)))


def test_every_place_of_an_address(hide: Hiding, names: Pseudonyms, findings: Frames) -> None:
    """Text, key, Community ID, ids, conditions, and names from the wire that are the address."""
    told = row(http_host=HOME, dns_query=["3.2.1.10.in-addr.arpa", "www.example"], tls_san=[f"ip-{HOME}", "x.example"])
    frame = findings(told | {"flow_id": 99, "community_id": "1:old=", "why": WHY, "cert_subject": f"CN={HOME}"})
    hidden = names.hide(HOME)

    got = hide(frame)
    said = got.row(0, named=True)

    assert got.schema == frame.schema
    assert said["local_ip"] == said["http_host"] == hidden
    assert said["local_key"] == key_of(ipaddress.ip_address(hidden).packed)
    assert said["community_id"] == community_ids(got.select(pl.struct(TUPLE)).to_series(), 7).item()
    assert said["cert_subject"] == f"CN={hidden}"
    assert said["tls_san"] == [f"ip-{hidden}", "x.example"]
    assert said["dns_query"] == ["in-addr.arpa", "www.example"]
    assert [reason["value"] for reason in said["why"]] == [
        hidden,
        said["community_id"],
        "in-addr.arpa, www.example",
        ABROAD,
    ]
    assert said["why"][0]["test"] == f"{hidden}, 10.1.2.4"
    assert said["flow_id"] != 99
    assert said["finding_id"] != frame["finding_id"].item()
    assert (said["remote_ip"], said["remote_key"]) == (ABROAD, told["remote_key"])


def test_both_ends_of_what_stays_at_home(hide: Hiding, names: Pseudonyms, crossings: Frames) -> None:
    """And neither of what passes through."""
    frame = crossings(row(scope="domestic", remote_ip=OTHER), row(scope="transit"), row(scope="crossing"))

    got = hide(frame).select("local_ip", "remote_ip").rows()

    here = names.hide(HOME)
    assert got == [(here, names.hide(OTHER)), (HOME, ABROAD), (here, ABROAD)]


def test_another_address_is_not_taken_for_it(hide: Hiding, names: Pseudonyms, crossings: Frames) -> None:
    """One text may begin as the address does."""
    frame = crossings(row(http_host="10.1.2.34", http_path=f"/10.1.2.34/{HOME}/x"))

    got = hide(frame).row(0, named=True)

    assert got["http_host"] == "10.1.2.34"
    assert got["http_path"] == f"/10.1.2.34/{names.hide(HOME)}/x"


def test_ids_agree_between_frames(hide: Hiding, crossings: Frames, findings: Frames) -> None:
    """What an event says of its flow is found in the flows."""
    assert hide(findings(row(flow_id=5)))["flow_id"].item() == hide(crossings(row(flow_id=5)))["flow_id"].item()


def test_nothing(hide: Hiding, crossings: Frames) -> None:
    """A quiet tick."""
    assert hide(crossings()).is_empty()
