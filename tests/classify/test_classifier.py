"""The stage as a whole: reports in, crossings out."""

from __future__ import annotations

import ipaddress
from typing import TYPE_CHECKING, Any

import polars as pl
import pytest
from tests.classify.world import Settings, country, key

from crossborder.classify import Assets, Classifier, Geography
from crossborder.model import CROSSING_SCHEMA, REPORT_SCHEMA, Batch

if TYPE_CHECKING:
    from pathlib import Path

    from tests.classify.world import WriteMmdb


def batch(rows: list[dict[str, Any]]) -> Batch:
    """Make a batch of reports of which only some columns matter."""
    return Batch(pl.DataFrame(rows, schema=REPORT_SCHEMA), (), 0, 0)


@pytest.fixture
def assets(tmp_path: Path) -> Assets:
    """Return one system in 10.1.0.0/16."""
    path = tmp_path / "assets.yaml"
    path.write_text("systems: [{name: registry, unit: Office, categories: ['core:I.26'], networks: [10.1.0.0/16]}]")
    return Assets.read(path)


def rows(*ends: tuple[str | None, str | None]) -> list[dict[str, Any]]:
    """Make reports of flows between the given ends."""
    return [
        {"flow_id": n, "local_ip": local, "local_key": key(local), "remote_ip": remote, "remote_key": key(remote)}
        for n, (local, remote) in enumerate(ends)
    ]


def test_crossings(default: Geography, assets: Assets) -> None:
    """Every report comes out once, in order, with both ends known; the schema is the contract's."""
    classify = Classifier(default, assets, "Gateway unit")
    ends = [
        ("10.1.1.1", "16.16.16.16"),
        ("10.9.9.9", "2405:4800::1"),
        ("10.1.1.1", "192.0.2.1"),
        ("14.160.0.1", "9.9.9.9"),
    ]

    frame = classify(batch(rows(*ends)))

    assert frame.schema == CROSSING_SCHEMA
    assert frame["flow_id"].to_list() == [0, 1, 2, 3]
    assert frame["country"].to_list() == ["SE", "VN", "ZZ", "US"]
    assert frame["country_basis"].to_list() == ["geo", "geo", "unknown", "anycast"]
    assert frame["geo_database"].to_list() == ["IPFire-Country", "IPFire-Country", None, "IPFire-Country"]
    assert frame["system"].to_list() == ["registry", None, "registry", None]
    assert frame["unit"].to_list() == ["Office", "Gateway unit", "Office", "Gateway unit"]
    assert frame["categories"].to_list() == [["core:I.26"], None, ["core:I.26"], None]


def test_empty_batch(default: Geography) -> None:
    """A tick without reports gives an empty frame of the same schema."""
    frame = Classifier(default, Assets())(batch([]))

    assert (frame.height, frame.schema) == (0, CROSSING_SCHEMA)


def test_null_addresses_lose_no_row(default: Geography, assets: Assets) -> None:
    """A report without an address, which no engine should make, is kept and of unknown country."""
    frame = Classifier(default, assets)(batch(rows((None, None), ("10.1.1.1", None), (None, "16.16.16.16"))))

    assert frame["country"].to_list() == ["ZZ", "ZZ", "SE"]
    assert frame.height == 3


def test_unit_of_nobody(default: Geography) -> None:
    """Where neither the system nor the gateway names a unit there is none."""
    assert Classifier(default, Assets())(batch(rows(("10.1.1.1", "9.9.9.9"))))["unit"].to_list() == [None]


def test_replace(write_mmdb: WriteMmdb, data: Path, assets: Assets) -> None:
    """New geography and assets count from the next batch on; the counts of lookups go on."""
    one = Geography.open(Settings(country=write_mmdb({"8.0.0.0/8": country("US")}, "db")), data)
    two = Geography.open(Settings(country=write_mmdb({"8.0.0.0/8": country("JP")}, "db")), data)
    classify = Classifier(one, Assets())
    reports = batch(rows(("10.1.1.1", "8.1.1.1")))

    before = classify(reports)
    classify.replace(geography=two)
    after = classify(reports)
    classify.replace(assets=assets)

    assert (before["country"][0], after["country"][0]) == ("US", "JP")
    assert classify(reports)["system"][0] == "registry"
    assert classify.geography is two
    assert classify.lookups() == {("db", "hit"): 3}


def test_many_flows(default: Geography, assets: Assets) -> None:
    """Ten thousand flows to as many addresses keep their order and each its own answer."""
    ends = [(f"10.1.{n >> 8}.{n & 255}", str(ipaddress.IPv4Address(0x0E000000 + n * 997))) for n in range(10_000)]

    frame = Classifier(default, assets)(batch(rows(*ends)))

    assert frame["flow_id"].to_list() == list(range(10_000))
    for n in range(0, 10_000, 501):
        assert frame["country"][n] == default.lookup(ends[n][1]).country
