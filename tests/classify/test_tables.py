"""The operator's CSV tables: what is read and every fault at its line."""

from __future__ import annotations

import socket
from typing import TYPE_CHECKING

import pytest

from crossborder.classify.countries import Countries
from crossborder.classify.tables import Table, read_countries, read_operators
from crossborder.errors import CrossborderError

if TYPE_CHECKING:
    from pathlib import Path

COUNTRIES = Countries({"VN": "Viet Nam", "SG": "Singapore", "GB": "Britain", "NO": "Norway"})


def read(tmp_path: Path, text: str) -> Table:
    """Read a table from text."""
    path = tmp_path / "o.csv"
    path.write_text(text, encoding="utf-8")
    return read_countries([path], COUNTRIES)


def test_a_table(tmp_path: Path) -> None:
    """Comments, empty lines, a heading, spaces, quotes and single addresses are fine; Norway is a country."""
    table = read(tmp_path, '# ours\n\nprefix,country,label\n192.0.2.0/24 , SG, "Data, centre"\n2001:db8::1,NO\n')

    said = [(str(network), entry.country, entry.label) for network, entry in table.entries]

    assert said == [("192.0.2.0/24", "SG", "Data, centre"), ("2001:db8::1/128", "NO", "")]
    assert table.names == ("o.csv",)


@pytest.mark.parametrize(
    ("line", "sentence"),
    [
        ("192.0.2.0/24", "1 fields found"),
        ("192.0.2.0/24,SG,x,y", "4 fields found"),
        ("192.0.2.0/33,SG", "does not appear to be an IPv4 or IPv6 network"),
        ("192.0.2.1/24,SG", "has host bits set"),
        ("example.net,SG", "does not appear to be"),
        ("192.0.2.0/24,XX", "'XX' is not an ISO 3166 alpha-2 code"),
        ("192.0.2.0/24,EU", "'EU' is not an ISO 3166 alpha-2 code"),
        ("192.0.2.0/24,UK", "'UK' is not an ISO 3166 alpha-2 code: write GB"),
        ("192.0.2.0/24,sg", "'sg' is not an ISO 3166 alpha-2 code: write SG"),
        ("192.0.2.0/24,Singapore", "'Singapore' is not"),
        ("192.0.2.0/24,", "'' is not"),
        ("::/0,SG", "takes in IPv4"),
        ("::8.0.0.0/104,SG", "takes in IPv4"),
    ],
)
def test_faults(line: str, sentence: str, tmp_path: Path) -> None:
    """Each mistake is told at its line."""
    with pytest.raises(CrossborderError) as told:
        read(tmp_path, f"# head\n198.51.100.0/24,SG\n{line}\n")

    assert str(told.value).startswith(f"{tmp_path}/o.csv:3: ")
    assert sentence in str(told.value)


def test_all_faults(tmp_path: Path) -> None:
    """Not the first fault but all of them."""
    with pytest.raises(CrossborderError) as told:
        read(tmp_path, "a,SG\n192.0.2.0/24,SG\nb,SG\n")

    assert [fault.line for fault in told.value.faults] == [1, 3]


def test_mapped_prefixes_are_ipv4(tmp_path: Path) -> None:
    """::ffff:192.0.2.0/120 is 192.0.2.0/24."""
    table = read(tmp_path, "::ffff:192.0.2.0/120,SG\n")

    assert str(table.entries[0][0]) == "192.0.2.0/24"
    assert table.prefixes.match(socket.inet_aton("192.0.2.9"))


@pytest.mark.parametrize(
    ("content", "sentence"), [(None, "cannot be read: No such file"), (b"\xff\xfe\x00", "is not UTF-8 text")]
)
def test_unreadable(content: bytes | None, sentence: str, tmp_path: Path) -> None:
    """A file that is not there or not text is one fault."""
    path = tmp_path / "o.csv"
    if content is not None:
        path.write_bytes(content)

    with pytest.raises(CrossborderError, match=sentence):
        read_countries([path], COUNTRIES)


def test_dates(tmp_path: Path) -> None:
    """A line `# date:` dates the file; one that is no date does not."""
    assert read(tmp_path, "# date: 2026-01-31\n192.0.2.0/24,SG\n").entries[0][1].build == 1769817600
    assert read(tmp_path, "# date: 2026-31-01\n192.0.2.0/24,SG\n").entries[0][1].build is None
    assert read(tmp_path, "# date: soon\n192.0.2.0/24,SG\n").entries[0][1].build is None


def test_operators(tmp_path: Path) -> None:
    """The anycast list names operators instead of countries, and faults are told alike."""
    path = tmp_path / "anycast.csv"
    path.write_text("prefix,operator,source\n192.0.2.0/24,Example DNS,https://example.net/\n")

    found = read_operators(path).prefixes.match(socket.inet_aton("192.0.2.1"))

    assert found
    assert (found[1].label, found[1].country) == ("Example DNS", None)
    path.write_text("192.0.2.0/24\nnonsense,Example\n")
    with pytest.raises(CrossborderError) as told:
        read_operators(path)
    assert [fault.line for fault in told.value.faults] == [1, 2]


def test_empty_table_knows_nothing() -> None:
    """A table without entries answers nothing."""
    assert Table().prefixes.match(socket.inet_aton("192.0.2.1")) is None
