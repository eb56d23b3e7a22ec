"""Builds country databases: from the text files of Debian's tor-geoipdb, and from the registries' statistics.

Each comes with a JSON file that says what it was made of. The same input gives the same bytes.
"""

from __future__ import annotations

import datetime as dt
import email.utils
import hashlib
import ipaddress
import json
import lzma
import re
import socket
from typing import TYPE_CHECKING, Any, NamedTuple

from crossborder.classify import mmdbwriter
from crossborder.classify.mmdbfile import read_bytes
from crossborder.classify.ranges import IPV4_END, merged, outside, undisputed
from crossborder.classify.shipped import about_file, put
from crossborder.errors import CrossborderError, Fault

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping, Sequence
    from pathlib import Path

    Span = tuple[int, int, str]

MOST_FAULTS = 20  # told per file; a file that is something else is wrong on every line
_IPV4_AS_IPV6 = [(0, IPV4_END - 1, None)]
_GENERATED = re.compile(r"^#\s*Generated:\s*(.+)$", re.MULTILINE)
IPFIRE = {
    "data": "IPFire Location Database, https://location.ipfire.org/, IPFire Project",
    "licence": "CC BY-SA 4.0, https://creativecommons.org/licenses/by-sa/4.0/",
    "changes": "converted to MMDB; equal neighbours merged, IPv4 aliases added, no country changed",
}
REGISTRIES = {
    "data": "delegated-extended statistics of the regional internet registries",
    "licence": "the registries' own terms; see the head of each file",
    "changes": "converted to MMDB; blocks that registries claim with different countries left out",
}


class Built(NamedTuple):
    """A database that was written."""

    path: Path
    about: Mapping[str, Any]  # what the JSON file beside it says
    ipv4_ranges: int
    ipv6_ranges: int
    left_out: int  # disputed pieces, or ranges without a country


def build_country(folder: Path, out: Path, origin: Mapping[str, str] | None = None) -> Built:
    """Build a country database from `geoip` and `geoip6` in a folder, the text files of tor-geoipdb.

    `out` ends in .mmdb, or .mmdb.xz to be packed; `origin` (package, version, sha256 …) goes into the JSON file.
    Raises CrossborderError with every fault at its line.
    """
    four, six = folder / "geoip", folder / "geoip6"
    texts = {path: _text(path) for path in (four, six)}
    ranges4 = _tor_ranges(four, texts[four], int, IPV4_END)
    ranges6 = outside(_tor_ranges(six, texts[six], _ipv6, 1 << 128), _IPV4_AS_IPV6)
    build = min(_generated(path, text) for path, text in texts.items())
    about = IPFIRE | _inputs(texts) | ({"origin": dict(origin)} if origin else {})
    return _write([*ranges4, *ranges6], out, "IPFire-Country", build, about, 0)


def build_registry(files: Sequence[Path], out: Path) -> Built:
    """Build a database of registration countries from the registries' delegated-extended files, for strict mode.

    Counts of IPv4 addresses need not be powers of two. Blocks without a country (available, reserved, ZZ) and blocks
    that two registries claim with different countries have none. Raises CrossborderError with every fault at its line.
    """
    texts = {path: _text(path) for path in files}
    claims: list[Span] = []
    dates: list[int] = []
    faults: list[Fault] = []
    for path, text in texts.items():
        _read_delegated(path, text, claims, dates, faults)
    if not dates and not faults:
        faults = [Fault(str(path), None, "has no version line of a delegated-extended file") for path in files]
    if faults:
        raise CrossborderError(*faults)
    four, disputed4 = undisputed(claim for claim in claims if claim[1] < IPV4_END)
    six, disputed6 = undisputed(claim for claim in claims if claim[0] >= IPV4_END)
    about = REGISTRIES | _inputs(texts)
    return _write([*four, *six], out, "RIR-Country", min(dates), about, disputed4 + disputed6)


def _write(ranges: Iterable[Span], out: Path, name: str, build: int, about: dict[str, Any], left_out: int) -> Built:
    joined = merged(ranges)
    four = sum(low < IPV4_END for low, _, _ in joined)
    raw = mmdbwriter.write(
        joined,
        lambda code: {"country": {"iso_code": code}},
        mmdbwriter.Metadata(name, f"{about['data']}. {about['licence']}", build),
    )
    about |= {
        "date": dt.datetime.fromtimestamp(build, dt.UTC).isoformat(),
        "sha256": hashlib.sha256(raw).hexdigest(),
        "size": len(raw),
        "ipv4_ranges": four,
        "ipv6_ranges": len(joined) - four,
    }
    packed = lzma.compress(raw, preset=9 | lzma.PRESET_EXTREME) if out.suffix == ".xz" else raw
    try:
        put(packed, out)
        put(as_json(about), about_file(out))
    except OSError as error:
        raise CrossborderError.at(out, f"cannot be written: {error.strerror or error}") from None
    return Built(out, about, four, len(joined) - four, left_out)


def as_json(about: Mapping[str, Any]) -> bytes:
    """Return what the JSON file says, the same bytes for the same content."""
    return (json.dumps(about, indent=2, sort_keys=True, ensure_ascii=False) + "\n").encode()


def _text(path: Path) -> str:
    try:
        return read_bytes(path).decode()
    except UnicodeDecodeError:
        raise CrossborderError.at(path, "is not UTF-8 text") from None


def _inputs(texts: Mapping[Path, str]) -> dict[str, Any]:
    return {
        "inputs": [
            {"name": path.name, "sha256": hashlib.sha256(text.encode()).hexdigest()} for path, text in texts.items()
        ]
    }


def _ipv6(text: str) -> int:
    try:
        return int.from_bytes(socket.inet_pton(socket.AF_INET6, text), "big")
    except OSError as error:
        raise ValueError(str(error)) from None


def _generated(path: Path, text: str) -> int:
    """Return the time the export was generated, from its head."""
    found = _GENERATED.search(text[:4096])
    try:
        return int(email.utils.parsedate_to_datetime(found[1].strip() if found else "").timestamp())
    except ValueError:
        raise CrossborderError.at(path, "has no line `# Generated: <date>` in its head") from None


def _tor_ranges(path: Path, text: str, number: Callable[[str], int], limit: int) -> list[Span]:
    """Read lines `first,last,code`, both ends inclusive, sorted and disjoint."""
    ranges: list[Span] = []
    faults: list[Fault] = []
    after = 0
    for line, row in enumerate(text.splitlines(), 1):
        if not row or row[0] == "#":
            continue
        try:
            first, last, code = row.split(",")
            low, high = number(first), number(last)
        except ValueError:
            low, high, code = 0, -1, ""
        if after <= low <= high < limit and len(code) == 2:
            ranges.append((low, high, code))
            after = high + 1
        elif len(faults) < MOST_FAULTS:
            faults.append(Fault(str(path), line, f"`first,last,CC` after the line before expected, not {row[:60]!r}"))
    if faults:
        raise CrossborderError(*faults)
    return ranges


def _read_delegated(path: Path, text: str, claims: list[Span], dates: list[int], faults: list[Fault]) -> None:
    """Read one file; format: https://www.apnic.net/about-apnic/corporate-documents/documents/resource-guidelines/rir-statistics-exchange-format/."""
    wrong = 0
    for line, row in enumerate(text.splitlines(), 1):
        fields = row.strip().split("|")
        if not row.strip() or row.startswith("#") or fields[-1] == "summary":
            continue
        try:
            if fields[0][0].isdigit():
                dates.append(_day(fields[5]))
            elif (
                fields[2] in {"ipv4", "ipv6"} and fields[6] in {"allocated", "assigned"} and fields[1] not in {"", "ZZ"}
            ):
                claims.append(_claim(*fields[1:5]))
        except (ValueError, IndexError):
            wrong += 1
            if wrong <= MOST_FAULTS:
                message = f"`registry|cc|type|start|value|date|status` expected, not {row[:60]!r}"
                faults.append(Fault(str(path), line, message))


def _day(text: str) -> int:
    return int(dt.datetime.strptime(text, "%Y%m%d").replace(tzinfo=dt.UTC).timestamp())


def _claim(code: str, family: str, start: str, value: str) -> Span:
    """Return a block: of IPv4 `value` is a count of addresses, of IPv6 a prefix length."""
    low = int(ipaddress.ip_address(start))
    size = int(value) if family == "ipv4" else 1 << (128 - int(value))
    if not (size > 0 and len(code) == 2 and low + size <= (IPV4_END if family == "ipv4" else 1 << 128)):
        raise ValueError(value)
    return low, low + size - 1, code.upper()
