"""Tables of prefixes that stand over the database: the operator's overlays, the clouds' ranges, the anycast list."""

from __future__ import annotations

import csv
import datetime as dt
import ipaddress
import re
from typing import TYPE_CHECKING, NamedTuple

from crossborder.errors import CrossborderError, Fault
from crossborder.model import UNKNOWN_COUNTRY
from crossborder.prefixes import PrefixMap

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence
    from pathlib import Path

    from crossborder.classify.countries import Countries
    from crossborder.prefixes import Network

MAX_LINES = 1_000_000
_MAPPED = ipaddress.IPv6Network("::ffff:0:0/96")
_COMPATIBLE = ipaddress.IPv6Network("::/96")
_DATE = re.compile(r"#\s*date:\s*(\d{4})-(\d{2})-(\d{2})\s*$")


class Entry(NamedTuple):
    """What a table says of a prefix."""

    country: str | None  # None: the table says no country (the anycast list)
    table: str  # the file's name
    build: int | None  # date the file names in a line `# date: YYYY-MM-DD`, seconds since 1970 UTC
    label: str


class Table:
    """An immutable table of prefixes; the longest one counts, of equal ones the later."""

    def __init__(self, entries: Sequence[tuple[Network, Entry]] = ()) -> None:
        """Take prefixes and what is said of them."""
        self.entries = tuple(entries)
        self.prefixes = PrefixMap(self.entries)
        self.names = tuple(dict.fromkeys(entry.table for _, entry in self.entries))


def read_countries(paths: Sequence[Path], countries: Countries) -> Table:
    """Read CSV files `prefix,country[,label]`; `ZZ` says that nobody can know. Later files win.

    Raises CrossborderError with every fault at its line.
    """
    entries: list[tuple[Network, Entry]] = []
    faults: list[Fault] = []
    for path in paths:
        for line, build, row in _rows(path):
            found = _entry(path, row, countries, build)
            if isinstance(found, str):
                faults.append(Fault(str(path), line, found))
            else:
                entries.append(found)
    if faults:
        raise CrossborderError(*faults)
    return Table(entries)


def read_operators(path: Path) -> Table:
    """Read the CSV of anycast prefixes `prefix,operator,source`; raises CrossborderError."""
    entries: list[tuple[Network, Entry]] = []
    faults: list[Fault] = []
    for line, build, row in _rows(path):
        network = _network(row[0])
        if isinstance(network, str) or len(row) < 2:
            faults.append(Fault(str(path), line, network if isinstance(network, str) else "prefix,operator expected"))
        else:
            entries.append((network, Entry(None, path.stem, build, row[1].strip())))
    if faults:
        raise CrossborderError(*faults)
    return Table(entries)


def _rows(path: Path) -> Iterator[tuple[int, int | None, list[str]]]:
    """Yield line number, date of the file so far and fields of every line that is neither empty nor a comment."""
    try:
        text = path.read_text(encoding="utf-8-sig")
    except OSError as error:
        raise CrossborderError.at(path, f"cannot be read: {error.strerror or error}") from None
    except UnicodeDecodeError:
        raise CrossborderError.at(path, "is not UTF-8 text") from None
    build: int | None = None
    lines = text.splitlines()
    if len(lines) > MAX_LINES:
        raise CrossborderError.at(path, f"has more than {MAX_LINES} lines: make an MMDB of it")
    for number, line in enumerate(lines, 1):
        if dated := _DATE.match(line):
            build = _seconds(*map(int, dated.groups()))
        if line.strip() and not line.lstrip().startswith("#") and not line.startswith("prefix,"):
            yield number, build, next(csv.reader([line], skipinitialspace=True), [])


def _seconds(year: int, month: int, day: int) -> int | None:
    try:
        return int(dt.datetime(year, month, day, tzinfo=dt.UTC).timestamp())
    except ValueError:
        return None


def _entry(path: Path, row: list[str], countries: Countries, build: int | None) -> tuple[Network, Entry] | str:
    """Return what a row says, or what is wrong with it."""
    if len(row) not in {2, 3}:
        return f"prefix,country or prefix,country,label expected, {len(row)} fields found"
    network, country = _network(row[0]), row[1].strip()
    if isinstance(network, str):
        return network
    if country not in countries and country != UNKNOWN_COUNTRY:
        settled = countries.settle(country.upper())
        hint = f": write {settled}" if settled in countries else ""
        return f"{country!r} is not an ISO 3166 alpha-2 code{hint}"
    return network, Entry(country, path.name, build, row[2].strip() if len(row) == 3 else "")


def _network(text: str) -> Network | str:
    """Return a prefix, IPv4-mapped ones as IPv4, or what is wrong with it."""
    try:
        network = ipaddress.ip_network(text.strip())
    except ValueError as error:
        return str(error)
    if isinstance(network, ipaddress.IPv4Network):
        return network
    if network.subnet_of(_MAPPED):
        return ipaddress.IPv4Network((int(network.network_address) & 0xFFFFFFFF, network.prefixlen - 96))
    if network.overlaps(_MAPPED) or network.overlaps(_COMPATIBLE):
        return f"{network} takes in IPv4 (::/96, ::ffff:0:0/96); for all of IPv6 write 2000::/3"
    return network
