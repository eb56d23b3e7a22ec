"""Our writer, held against maxminddb's reader."""

from __future__ import annotations

import ipaddress
import random
from bisect import bisect_right
from itertools import pairwise
from typing import TYPE_CHECKING, Any, Literal

import maxminddb
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from crossborder.classify.mmdbwriter import ALIASES, Data, Metadata, write
from crossborder.classify.ranges import IPV4_END, merged

if TYPE_CHECKING:
    from pathlib import Path

ABOUT = Metadata("test", "a test", 1_700_000_000)
ALIASED = [(low, low + (1 << (128 - bits)) - 1) for low, bits in ALIASES]
Ranges = list[tuple[int, int, int]]


@st.composite
def some_ranges(draw: st.DrawFn) -> Ranges:
    """Draw sorted disjoint ranges of IPv4 and IPv6, edges of blocks among them."""
    number = st.one_of(
        st.integers(0, IPV4_END - 1),
        st.integers(IPV4_END, (1 << 128) - 1),
        st.builds(lambda base, bits: base >> bits << bits, st.integers(0, (1 << 128) - 1), st.integers(0, 120)),
        st.sampled_from([0, IPV4_END - 1, IPV4_END, (1 << 128) - 1, *(edge for pair in ALIASED for edge in pair)]),
    )
    cuts = sorted(draw(st.sets(number, min_size=2, max_size=24)))
    spans = [(low, high) for low, high in pairwise(cuts) if not low < IPV4_END < high]
    return [(low, high - 1, draw(st.integers(0, 3))) for low, high in spans if draw(st.booleans())]


def answer(ranges: Ranges, number: int) -> int | None:
    """Answer by bisection of the ranges."""
    at = bisect_right(ranges, number, key=lambda r: r[0]) - 1
    return ranges[at][2] if at >= 0 and ranges[at][1] >= number else None


def expected(ranges: Ranges, number: int) -> int | None:
    """Answer as a file with aliases must: in an alias by the IPv4 address that stands there."""
    for (low, high), (_, bits) in zip(ALIASED, ALIASES, strict=True):
        if low <= number <= high:
            return answer(ranges, number >> (96 - bits) & 0xFFFFFFFF)
    return answer(ranges, number)


def opened(raw: bytes, path: Path) -> maxminddb.Reader:
    """Open bytes with the C reader."""
    path.write_bytes(raw)
    return maxminddb.open_database(path)


def address(number: int) -> ipaddress.IPv4Address | ipaddress.IPv6Address:
    """Return the address a number of the tree stands for."""
    return ipaddress.IPv4Address(number) if number < IPV4_END else ipaddress.IPv6Address(number)


@settings(deadline=None)
@given(ranges=some_ranges(), bits=st.sampled_from([24, 28, 32]), seed=st.integers(0, 1 << 32))
def test_reader_finds_every_range(
    ranges: Ranges, bits: Literal[24, 28, 32], seed: int, tmp_path_factory: pytest.TempPathFactory
) -> None:
    """Edges of every range, their neighbours and random addresses are answered as the ranges say."""
    about = Metadata("test", "a test", 1_700_000_000, record_bits=bits)
    with opened(write(ranges, lambda n: {"n": n}, about), tmp_path_factory.mktemp("db") / "x.mmdb") as reader:
        chance = random.Random(seed)  # noqa: S311 - a test's own dice
        edges = [edge + step for low, high, _ in ranges for edge in (low, high) for step in (-1, 0, 1)]
        probes = [*edges, *(chance.randrange(1 << chance.choice((32, 128))) for _ in range(50))]
        for number in probes:
            if 0 <= number < 1 << 128:
                found = reader.get(address(number))
                wanted = expected(ranges, number)

                assert found == (None if wanted is None else {"n": wanted}), address(number)


def test_probes_against_the_source(tmp_path: Path) -> None:
    """A hundred thousand random addresses of a file of forty thousand ranges are answered as its source says."""
    chance = random.Random(7)  # noqa: S311 - the same dice every time
    cuts = sorted({chance.randrange(IPV4_END) for _ in range(30_000)})
    cuts6 = sorted({(0x2A << 120) + (chance.randrange(1 << 40) << 70) for _ in range(30_000)})
    ranges = merged(
        (low, high - 1 - chance.randrange(2), chance.randrange(200))
        for part in (cuts, cuts6)
        for low, high in pairwise(part)
        if chance.random() < 0.7 and high - low > 2
    )
    with opened(write(ranges, lambda n: {"n": n}, ABOUT), tmp_path / "x.mmdb") as reader:
        for _ in range(50_000):
            for number in (chance.randrange(IPV4_END), chance.choice(cuts6) + chance.randrange(1 << 72)):
                wanted = answer(ranges, number)

                assert reader.get(address(number)) == (None if wanted is None else {"n": wanted})


@pytest.mark.parametrize("text", ["::ffff:192.0.2.1", "2002:c000:201::1", "2001:0:c000:201::1"])
def test_aliases(text: str, tmp_path: Path) -> None:
    """Mapped, 6to4 and Teredo addresses find the IPv4 record, as in MaxMind's own files."""
    low = int(ipaddress.ip_address("192.0.2.0"))
    raw = write([(low, low + 255, "XX")], lambda code: {"country": {"iso_code": code}}, ABOUT)

    with opened(raw, tmp_path / "x.mmdb") as reader:
        assert reader.get(text) == {"country": {"iso_code": "XX"}}


@pytest.mark.parametrize("ranges", [[], [(0, (1 << 128) - 1, 1)], [(0, IPV4_END - 1, 1)], [(5, 5, 1)]])
def test_extremes(ranges: Ranges, tmp_path: Path) -> None:
    """Nothing, everything, all of IPv4, one address: each makes a file that opens and answers."""
    with opened(write(ranges, lambda n: {"n": n}, ABOUT), tmp_path / "x.mmdb") as reader:
        assert reader.get("0.0.0.5") == ({"n": 1} if ranges else None)
        assert reader.metadata().build_epoch == 1_700_000_000


def test_ipv4_file(tmp_path: Path) -> None:
    """A file of version 4 holds IPv4 only and says so."""
    about = Metadata("test", "a test", 1, ip_version=4)

    with opened(write([(0x01000000, 0x01FFFFFF, 1)], lambda n: {"n": n}, about), tmp_path / "x.mmdb") as reader:
        assert reader.get_with_prefix_len("1.2.3.4") == ({"n": 1}, 8)
        assert reader.metadata().ip_version == 4


@pytest.mark.parametrize(
    "value",
    [
        {"s": "x" * 28, "t": "x" * 29, "u": "x" * 284, "v": "x" * 285, "w": "x" * 65_821, "empty": ""},
        {"small": 0, "u16": 65_535, "u32": 1 << 31, "u64": 1 << 40, "u128": 1 << 100, "negative": -5},
        {"yes": True, "no": False, "float": 1.5, "list": [1, "two", {"three": 3}], "bytes": b"\x00\xff"},
        {"many": {str(n): n for n in range(300)}, "Ho Chi Minh": "Hồ Chí Minh"},
    ],
)
def test_values(value: dict[str, Any], tmp_path: Path) -> None:
    """Every data type and size class comes back as it went in."""
    with opened(write([(1, 1, 0)], lambda _: value, ABOUT), tmp_path / "x.mmdb") as reader:
        assert reader.get("0.0.0.1") == value


def test_same_input_same_bytes() -> None:
    """The file depends on nothing but its input."""
    ranges = [(n * 10, n * 10 + 5, n % 3) for n in range(100)]

    assert write(ranges, lambda n: {"n": n}, ABOUT) == write(list(ranges), lambda n: {"n": n}, ABOUT)


def test_equal_records_are_stored_once_and_joined() -> None:
    """Two keys of equal data are one record, and neighbours of equal data one range."""
    apart = write([(0, 7, "a"), (8, 15, "b")], lambda _: {"same": True}, ABOUT)
    one = write([(0, 15, "a")], lambda _: {"same": True}, ABOUT)

    assert apart == one


@pytest.mark.parametrize("ranges", [[(5, 4, 0)], [(4, 8, 0), (8, 9, 0)], [(9, 9, 0), (1, 1, 0)], [(0, 1 << 128, 0)]])
def test_bad_ranges_are_refused(ranges: Ranges) -> None:
    """Unsorted, overlapping, empty and endless ranges are the caller's mistake."""
    with pytest.raises(ValueError, match="unsorted, overlaps"):
        write(ranges, lambda n: {"n": n}, ABOUT)


def test_too_small_records_are_refused() -> None:
    """What does not fit 24 bits is not written wrongly; where the size is open a larger one is taken."""
    big: Data = {"x": ["y" * 60_000] * 300}

    with pytest.raises(ValueError, match="do not fit records of 24 bits"):
        write([(0, 0, 0)], lambda _: big, Metadata("t", "t", 1, record_bits=24))
    assert write([(0, 0, 0)], lambda _: big, ABOUT)
