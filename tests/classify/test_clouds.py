"""The clouds' own lists, in the shapes they are published in."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import pytest

from crossborder.classify.clouds import REGIONS, build_clouds
from crossborder.classify.countries import Countries
from crossborder.classify.tables import read_countries
from crossborder.errors import CrossborderError

if TYPE_CHECKING:
    from pathlib import Path

    from crossborder.classify.clouds import CloudReport


def aws(*rows: tuple[str, str, str]) -> dict[str, Any]:
    """Make an ip-ranges.json of (prefix, region, border group)."""
    named = [{"region": region, "service": "AMAZON", "network_border_group": group} for _, region, group in rows]
    return {
        "syncToken": "1785600000",
        "createDate": "2026-08-01-16-00-00",
        "prefixes": [{"ip_prefix": row[0]} | more for row, more in zip(rows, named, strict=True) if ":" not in row[0]],
        "ipv6_prefixes": [
            {"ipv6_prefix": row[0]} | more for row, more in zip(rows, named, strict=True) if ":" in row[0]
        ],
    }


GOOGLE = {
    "syncToken": "1",
    "creationTime": "2026-07-30T12:36:22.26472",
    "prefixes": [
        {"ipv4Prefix": "192.0.2.0/25", "service": "Google Cloud", "scope": "asia-east1"},
        {"ipv6Prefix": "2001:db8:1::/48", "service": "Google Cloud", "scope": "asia-southeast1"},
        {"ipv4Prefix": "192.0.2.128/25", "service": "Google Cloud", "scope": "global"},
    ],
}
ORACLE = {
    "last_updated_timestamp": "2026-07-02T15:14:20.123456",
    "regions": [{"region": "ap-tokyo-1", "cidrs": [{"cidr": "198.51.100.0/24", "tags": ["OCI"]}]}],
}
AZURE = {
    "changeNumber": 1,
    "cloud": "Public",
    "values": [
        {"name": "AzureCloud", "properties": {"region": "", "addressPrefixes": ["203.0.113.0/24"]}},
        {
            "name": "AzureCloud.southeastasia",
            "properties": {"region": "southeastasia", "addressPrefixes": ["203.0.113.0/26"]},
        },
        {"name": "Storage.eastus", "properties": {"region": "eastus", "addressPrefixes": ["203.0.113.64/26"]}},
    ],
}
GEOFEED = (
    "# feed\n203.0.113.128/26,SG,SG-01,Singapore,\n2001:db8:2::/48,us,US-NY,New York,10001\n203.0.113.192/26,,,,\n"
)


def build(tmp_path: Path, data: Path, **lists: object) -> CloudReport:
    """Write lists to files and build the table."""
    paths = []
    for name, content in lists.items():
        paths.append(tmp_path / name)
        paths[-1].write_text(content if isinstance(content, str) else json.dumps(content))
    return build_clouds(paths, tmp_path / "clouds.csv", data / REGIONS, Countries.read(data))


def table(report: CloudReport) -> dict[str, str]:
    """Return prefix → country,label of a written table."""
    rows = [row for row in report.path.read_text().splitlines() if not row.startswith(("#", "prefix,"))]
    return dict(row.split(",", 1) for row in rows)


def test_every_list(tmp_path: Path, data: Path) -> None:
    """Each provider's shape is read; global prefixes and lines without a country are left out and counted."""
    lists = {"ip-ranges.json": aws(("192.0.2.0/26", "ap-southeast-3", "ap-southeast-3"))}
    lists |= {"cloud.json": GOOGLE, "public_ip_ranges.json": ORACLE, "ServiceTags_Public_20260713.json": AZURE}

    report = build(tmp_path, data, **lists, do=GEOFEED)

    assert table(report) == {
        "192.0.2.0/25": "TW,google:asia-east1",
        "192.0.2.0/26": "ID,aws:ap-southeast-3",
        "198.51.100.0/24": "JP,oracle:ap-tokyo-1",
        "203.0.113.0/26": "SG,azure:southeastasia",
        "203.0.113.128/26": "SG,do:SG",
        "2001:db8:1::/48": "SG,google:asia-southeast1",
        "2001:db8:2::/48": "US,do:US",
    }
    assert (report.prefixes, report.read, report.everywhere, report.faults) == (7, 9, 2, ())


def test_provenance(tmp_path: Path, data: Path) -> None:
    """The table names its lists with their dates and sums, is dated by the oldest, and reads as an overlay."""
    report = build(tmp_path, data, google=GOOGLE, oracle=ORACLE)
    text = report.path.read_text()

    assert "# source: google, google, 2026-07-30, sha256 " in text
    assert "\n# date: 2026-07-02\n" in text
    entries = read_countries([report.path], Countries.read(data)).entries
    assert {entry.build for _, entry in entries} == {1782950400}
    assert len(entries) == 3


def test_neighbours_are_joined(tmp_path: Path, data: Path) -> None:
    """Adjacent prefixes of one region become one; of two regions they do not, nor do doubles count twice."""
    rows = [("192.0.2.0/26", "eu-west-1"), ("192.0.2.64/26", "eu-west-1"), ("192.0.2.128/25", "eu-west-2")]

    report = build(tmp_path, data, aws=aws(*((p, r, r) for p, r in [*rows, rows[0]])))

    assert table(report) == {"192.0.2.0/25": "IE,aws:eu-west-1", "192.0.2.128/25": "GB,aws:eu-west-2"}


@pytest.mark.parametrize(
    ("region", "group", "code"),
    [
        ("us-east-1", "us-east-1", "US"),
        ("us-east-1", "us-east-1-bue-1", "AR"),
        ("ap-northeast-1", "ap-northeast-1-tpe-1", "TW"),
        ("eu-west-2", "eu-west-2-wl1-lon-wlz-1", "GB"),
        ("ap-southeast-1", "ap-southeast-1-han-1", "VN"),
    ],
)
def test_zones_away_from_their_region(region: str, group: str, code: str, tmp_path: Path, data: Path) -> None:
    """A local zone is where its airport is, not where its region is."""
    report = build(tmp_path, data, aws=aws(("192.0.2.0/24", region, group)))

    assert table(report)["192.0.2.0/24"].startswith(code)


def test_unknown_regions_are_told(tmp_path: Path, data: Path) -> None:
    """A region in no table is not guessed: its prefixes are left out, counted, and each region is one fault."""
    rows = [("192.0.2.0/26", "ap-moon-1"), ("192.0.2.64/26", "ap-moon-1"), ("198.51.100.0/24", "us-east-1")]
    rows3 = [*((p, r, r) for p, r in rows), ("203.0.113.0/24", "us-east-1", "us-east-1-qqq-1")]

    report = build(tmp_path, data, aws=aws(*rows3), feed="203.0.113.0/24,EU,,,\n")

    assert table(report) == {"198.51.100.0/24": "US,aws:us-east-1"}
    assert report.unknown == {("aws", "ap-moon-1"): 2, ("aws", "us-east-1-qqq-1"): 1, ("geofeed", "EU"): 1}
    assert report.faults[0].message == ("region 'ap-moon-1' of aws is not in cloud-regions.csv: 2 prefixes left out")


def test_conflicts_are_told(tmp_path: Path, data: Path) -> None:
    """A prefix that two lists place in two countries is left to the database, and told."""
    report = build(tmp_path, data, one="192.0.2.0/24,SG,,,\n198.51.100.0/24,SG,,,\n", two="192.0.2.0/24,US,,,\n")

    assert table(report) == {"198.51.100.0/24": "SG,one:SG"}
    assert report.conflicts == ("192.0.2.0/24",)
    assert "published in two countries" in str(report.faults[0])


@pytest.mark.parametrize(
    ("content", "sentence"),
    [
        ("{", "is no list we know"),
        ({"hello": 1}, "is no list we know; it has the keys hello"),
        ({"createDate": "x", "prefixes": [{"ip": 1}]}, "is not built as it used to be"),
        ({"regions": 5}, "is not built as it used to be"),
        (aws(("192.0.2.1/24", "us-east-1", "us-east-1")), "has host bits set"),
        ("<html>not found</html>\n", "`prefix,country,…` expected"),
    ],
)
def test_no_list(content: object, sentence: str, tmp_path: Path, data: Path) -> None:
    """What is no list, or no longer built as it was, stops the build and leaves the old table."""
    (tmp_path / "clouds.csv").write_text("old")

    with pytest.raises(CrossborderError, match=sentence):
        build(tmp_path, data, given=content)
    assert (tmp_path / "clouds.csv").read_text() == "old"


def test_regions_table_is_sound(data: Path) -> None:
    """The shipped table names countries that are and no region twice; a broken one is told at its line."""
    assert len((data / REGIONS).read_text().splitlines()) > 200


def test_broken_regions_table(tmp_path: Path, data: Path) -> None:
    """A wrong country or a double region in the table is a fault at its line."""
    table_file = tmp_path / "regions.csv"
    table_file.write_text("provider,region,country\naws,a,US\naws,a,SG\naws,b,XX\n")

    with pytest.raises(CrossborderError) as told:
        build_clouds([], tmp_path / "out.csv", table_file, Countries.read(data))
    assert [fault.line for fault in told.value.faults] == [3, 4]
