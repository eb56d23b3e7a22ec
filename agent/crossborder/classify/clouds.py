"""Builds the table of the clouds' own ranges: published lists in, `prefix,country,label` out.

Databases lag behind the clouds: a new region is a country they do not know yet. What the operator of the cloud
publishes is nearer to the truth than any database. Lists read: AWS ip-ranges.json, Google cloud.json, Oracle
public_ip_ranges.json, Azure ServiceTags_*.json, and geofeeds (RFC 8805) as DigitalOcean and Linode publish.
"""

from __future__ import annotations

import csv
import datetime as dt
import hashlib
import ipaddress
import json
import re
from collections import Counter
from typing import TYPE_CHECKING, Any, NamedTuple

from crossborder.classify.mmdbfile import read_bytes
from crossborder.classify.shipped import put
from crossborder.errors import CrossborderError, Fault

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Sequence
    from pathlib import Path

    from crossborder.classify.countries import Countries
    from crossborder.prefixes import Network

REGIONS = "cloud-regions.csv"
_ZONE = re.compile(r"-(?:wl\d+-)?([a-z]{3})-(?:wlz-)?\d+$")  # AWS local and wavelength zones end in an airport's code
_AZURE_DAY = re.compile(r"_(\d{4})(\d{2})(\d{2})\b")


class Published(NamedTuple):
    """One prefix as a cloud publishes it."""

    prefix: str
    region: str  # the region's name, or of a geofeed the country
    everywhere: bool = False  # of no region: GLOBAL, anycast


class CloudReport(NamedTuple):
    """What came of the lists."""

    path: Path
    prefixes: int  # in the table, joined where they could be
    read: int  # in the lists
    everywhere: int  # left out: of no region
    unknown: Counter[tuple[str, str]]  # (provider, region) → prefixes left out: the region is in no table yet
    conflicts: tuple[str, ...]  # prefixes left out: published in two countries
    faults: tuple[Fault, ...]  # one for each unknown region and each conflict


def build_clouds(files: Sequence[Path], out: Path, regions: Path, countries: Countries) -> CloudReport:
    """Build the table from published lists; `regions` is the shipped table of regions.

    Prefixes of an unknown region are left out, counted and told as faults in the report: the database answers for
    them. Raises CrossborderError when a file is none of the lists, or cannot be read or written.
    """
    lists = _Lists(_read_regions(regions, countries), countries)
    for path in files:
        lists.take(path)
    agreed, conflicts = lists.settled()
    rows = _rows(agreed)
    _put(out, [*lists.heads, *([f"# date: {min(lists.days)}"] if lists.days else [])], rows)
    faults = [
        Fault(str(place), None, f"region {key[1]!r} of {key[0]} is not in {regions.name}: {n} prefixes left out")
        for key, (place, n) in sorted(lists.unknown.items())
    ]
    faults += [Fault(str(out), None, f"{prefix} is published in two countries: left out") for prefix in conflicts]
    unknown = Counter({key: n for key, (_, n) in lists.unknown.items()})
    return CloudReport(out, len(rows), lists.read, lists.everywhere, unknown, conflicts, tuple(faults))


class _Lists:
    """What the lists read so far say."""

    def __init__(self, table: dict[tuple[str, str], str], countries: Countries) -> None:
        self._table, self._countries = table, countries
        self._said: dict[Network, set[tuple[str, str]]] = {}  # prefix → (country, label)
        self.heads: list[str] = []
        self.days: list[str] = []
        self.read = self.everywhere = 0
        self.unknown: dict[tuple[str, str], tuple[Path, int]] = {}

    def take(self, path: Path) -> None:
        raw = read_bytes(path)
        provider, day, published = _list_in(path, raw)
        self.heads.append(
            f"# source: {path.name}, {provider}, {day or 'undated'}, sha256 {hashlib.sha256(raw).hexdigest()}"
        )
        self.days += [day] if day else []
        for one in published:
            self.read += 1
            if one.everywhere:
                self.everywhere += 1
            else:
                self._place(path, provider, one)

    def _place(self, path: Path, provider: str, one: Published) -> None:
        country = one.region if provider == "geofeed" else _country(self._table, provider, one.region)
        if country is None or country not in self._countries:
            where, n = self.unknown.get((provider, one.region), (path, 0))
            self.unknown[provider, one.region] = where, n + 1
            return
        whose = path.stem.replace(",", "-") if provider == "geofeed" else provider
        self._said.setdefault(_network(path, one.prefix), set()).add((country, f"{whose}:{one.region}"))

    def settled(self) -> tuple[dict[Network, tuple[str, str]], tuple[str, ...]]:
        """Return prefix → (country, label) where the lists agree, and the prefixes where they do not."""
        disputed = {n for n, told in self._said.items() if len({country for country, _ in told}) > 1}
        agreed = {n: min(told) for n, told in self._said.items() if n not in disputed}
        return agreed, tuple(sorted(map(str, disputed)))


def _read_regions(path: Path, countries: Countries) -> dict[tuple[str, str], str]:
    """Read `provider,region,country`; raises CrossborderError with every fault at its line."""
    table: dict[tuple[str, str], str] = {}
    faults: list[Fault] = []
    for line, row in enumerate(csv.reader(read_bytes(path).decode().splitlines()), 1):
        if not row or row[0].startswith("#") or row[0] == "provider":
            continue
        if len(row) < 3 or row[2] not in countries or (row[0], row[1]) in table:
            faults.append(
                Fault(str(path), line, f"`provider,region,country` once each expected, not {','.join(row)!r}")
            )
            continue
        table[row[0], row[1]] = row[2]
    if faults:
        raise CrossborderError(*faults)
    return table


def _country(table: dict[tuple[str, str], str], provider: str, region: str) -> str | None:
    """Return a region's country; of an AWS zone away from its region by the airport in its name."""
    if provider == "aws" and (provider, region) not in table and (zone := _ZONE.search(region)):
        return table.get(("aws-zone", zone[1]))
    return table.get((provider, region))


def _list_in(path: Path, raw: bytes) -> tuple[str, str | None, Iterator[Published]]:
    """Return provider, date and prefixes of a list; raises CrossborderError when it is none we know."""
    try:
        text = raw.decode("utf-8-sig")
        data = json.loads(text) if text.lstrip().startswith("{") else None
    except ValueError as error:
        raise CrossborderError.at(path, f"is no list we know: {error}") from None
    if data is None:
        return "geofeed", None, _geofeed(path, text)
    for provider, keys, day, read in _LISTS:
        if keys <= data.keys():
            return provider, day(data, path.name), _safely(path, read, data)
    raise CrossborderError.at(path, f"is no list we know; it has the keys {', '.join(sorted(data)[:8])}")


def _safely(
    path: Path, read: Callable[[dict[str, Any]], Iterator[Published]], data: dict[str, Any]
) -> Iterator[Published]:
    try:
        yield from read(data)
    except (KeyError, TypeError, AttributeError) as error:
        raise CrossborderError.at(path, f"is not built as it used to be: {type(error).__name__} {error}") from None


def _aws(data: dict[str, Any]) -> Iterator[Published]:
    for family, key in (("prefixes", "ip_prefix"), ("ipv6_prefixes", "ipv6_prefix")):
        for row in data.get(family, ()):
            region = row["network_border_group"] if row["region"] != "GLOBAL" else "GLOBAL"
            yield Published(row[key], region, region == "GLOBAL")


def _google(data: dict[str, Any]) -> Iterator[Published]:
    for row in data["prefixes"]:
        yield Published(row.get("ipv4Prefix") or row["ipv6Prefix"], row["scope"], row["scope"] == "global")


def _oracle(data: dict[str, Any]) -> Iterator[Published]:
    for region in data["regions"]:
        for row in region["cidrs"]:
            yield Published(row["cidr"], region["region"])


def _azure(data: dict[str, Any]) -> Iterator[Published]:
    for tag in data["values"]:
        region = tag["properties"]["region"]
        if tag["name"].lower().startswith("azurecloud.") and region:
            yield from (Published(prefix, region) for prefix in tag["properties"]["addressPrefixes"])


def _geofeed(path: Path, text: str) -> Iterator[Published]:
    """Read `prefix,country,region,city,postal`; a line without a country says that there is none (RFC 8805 2.1.1)."""
    for line, row in enumerate(csv.reader(text.splitlines()), 1):
        if not row or not row[0].strip() or row[0].startswith("#"):
            continue
        if len(row) < 2:
            raise CrossborderError.at(path, "`prefix,country,…` expected (RFC 8805)", line)
        yield Published(row[0].strip(), row[1].strip().upper(), not row[1].strip())


def _iso_day(text: object) -> str | None:
    """Return the date in 2026-08-01-20-33-09 or 2026-08-01T20:33:09.1."""
    try:
        return dt.date.fromisoformat(str(text)[:10]).isoformat()
    except ValueError:
        return None


def _azure_day(_: dict[str, Any], name: str) -> str | None:
    found = _AZURE_DAY.search(name)
    return _iso_day("-".join(found.groups())) if found else None


_LISTS: tuple[
    tuple[
        str,
        frozenset[str],
        Callable[[dict[str, Any], str], str | None],
        Callable[[dict[str, Any]], Iterator[Published]],
    ],
    ...,
] = (
    ("aws", frozenset({"createDate", "prefixes"}), lambda data, _: _iso_day(data["createDate"]), _aws),
    ("google", frozenset({"creationTime", "prefixes"}), lambda data, _: _iso_day(data["creationTime"]), _google),
    ("oracle", frozenset({"regions"}), lambda data, _: _iso_day(data.get("last_updated_timestamp")), _oracle),
    ("azure", frozenset({"values", "cloud"}), _azure_day, _azure),
)


def _network(path: Path, prefix: str) -> Network:
    try:
        return ipaddress.ip_network(prefix)
    except ValueError as error:
        raise CrossborderError.at(path, str(error)) from None


def _rows(said: dict[Network, tuple[str, str]]) -> list[str]:
    """Return lines of the table, neighbours of one country and label joined."""
    groups: dict[tuple[str, str], list[Network]] = {}
    for network, told in said.items():
        groups.setdefault(told, []).append(network)
    rows: list[tuple[int, int, int, str]] = []
    for (country, label), members in groups.items():
        four: Iterable[Network] = ipaddress.collapse_addresses(
            n for n in members if isinstance(n, ipaddress.IPv4Network)
        )
        six: Iterable[Network] = ipaddress.collapse_addresses(
            n for n in members if isinstance(n, ipaddress.IPv6Network)
        )
        rows += [(n.version, int(n.network_address), n.prefixlen, f"{n},{country},{label}") for n in (*four, *six)]
    return [line for *_, line in sorted(rows)]


def _put(out: Path, heads: Sequence[str], rows: Sequence[str]) -> None:
    title = (
        "# Prefixes that cloud operators publish, with the country of the region. Made by `crossborder geoip build`."
    )
    try:
        put("".join(f"{line}\n" for line in (title, *heads, "prefix,country,label", *rows)).encode(), out)
    except OSError as error:
        raise CrossborderError.at(out, f"cannot be written: {error.strerror or error}") from None
