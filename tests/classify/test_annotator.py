"""Columns of addresses get the answers that one lookup for each of them gives."""

from __future__ import annotations

import ipaddress
import random
from collections import Counter
from itertools import pairwise
from typing import TYPE_CHECKING

import polars as pl
import pytest
from tests.classify.world import Settings, country, key, keys

from crossborder.classify import Geography
from crossborder.classify.answers import ANNOTATION, UNKNOWN
from crossborder.classify.prefixtexts import PrefixTexts, prefix_texts
from crossborder.classify.recent import Recent
from crossborder.classify.searchtree import ASK
from crossborder.errors import CrossborderError
from crossborder.prefixes import IPV4_FIRST, IPV6_AGAIN, address_of

if TYPE_CHECKING:
    from pathlib import Path

    from tests.classify.world import WriteMmdb

COLUMNS = len(ANNOTATION)
HEADS = ("::ffff:0:0", "64:ff9b::", "2002::", "2001::", "2a00:64::", "::", "2001:db8::", "fe80::", "ff02::")


def probes(geography: Geography, count: int, seed: int = 7) -> list[bytes]:
    """Return keys of all kinds: the edges of blocks and of tables, addresses that embed IPv4, and any at all."""
    chance = random.Random(seed)  # noqa: S311 - the same dice every time
    starts = geography.sources.country.mmdb.blocks["start"]
    edges = [*starts.sample(min(count, len(starts)), seed=seed), 0, IPV4_FIRST, IPV6_AGAIN, 1 << 128]
    edges += [int.from_bytes(start, "big") for start in geography.standings.starts]
    found = [start - step for start in edges for step in (0, 1)]
    found += [start + chance.getrandbits(chance.randrange(1, 97)) for start in edges]
    found += [IPV4_FIRST + chance.getrandbits(32) for _ in range(count)]
    found += [0x2 << 124 | chance.getrandbits(125) for _ in range(count)]
    heads = [int(ipaddress.IPv6Address(head)) for head in HEADS]
    found += [head | chance.getrandbits(bits) for head in heads for bits in (32, 80, 96) for _ in range(count // 20)]
    return [number.to_bytes(16, "big") for number in found if 0 <= number < 1 << 128]


def agree(geography: Geography, addresses: list[bytes]) -> None:
    """Hold the columns against a lookup of each address, and what is counted against what lookups count."""
    geography.counts = Counter()
    found = geography.annotate(pl.Series(addresses, dtype=pl.Binary))
    counted, geography.counts = geography.counts, Counter[tuple[str, str]]()
    wanted = [geography.answer(address)[:COLUMNS] for address in addresses]

    assert found.schema == ANNOTATION
    assert found.rows() == wanted
    assert counted == geography.counts


def test_shipped_database(default: Geography) -> None:
    """Twenty thousand addresses all over the shipped database."""
    agree(default, probes(default, 4_000))


@pytest.fixture
def everything(write_mmdb: WriteMmdb, data: Path, tmp_path: Path) -> Geography:
    """Return a geography of all there can be: databases of each role, overlays, clouds, NAT64."""
    world = write_mmdb(
        {
            "8.0.0.0/8": country("US", registered_country={"iso_code": "FR"}),
            "8.8.0.0/16": country("US", traits={"is_anycast": True}, registered_country={"iso_code": "SG"}),
            "9.0.0.0/8": country("EU"),
            "1.0.0.0/8": country("AU"),
            "10.0.0.0/8": country("US"),
            "2a00::/16": country("SE"),
            "2a00:1:2:3:4::/80": country("NO"),
            "2a00:1:2:3:4:5:6:7/128": country("DK"),
            "2606:4700::/32": country("US"),
            "2002::/16": country("US"),
        },
        "world",
    )
    asn = write_mmdb(
        {
            "8.0.0.0/9": {"autonomous_system_number": 64496, "autonomous_system_organization": "Example"},
            "8.8.8.0/24": {"autonomous_system_number": 64497},
            "2a00::/20": {"autonomous_system_number": 64498, "autonomous_system_organization": "Six"},
        },
        "asn",
    )
    registry = write_mmdb({"8.0.0.0/8": country("SG")}, "rir")
    overlay = tmp_path / "o.csv"
    overlay.write_text("8.1.0.0/16,VN\n10.9.0.0/16,LA\n2002:801:203::/48,KH\n2a00:1::/32,ZZ\n8.1.1.0/24,US\n")
    (tmp_path / "geoip").mkdir()
    (tmp_path / "geoip" / "clouds.csv").write_text(
        "# date: 2026-08-01\n8.5.0.0/16,ID,aws\n10.0.0.0/16,SG\n8.1.2.0/24,JP\n"
    )
    nat64 = (ipaddress.IPv6Network("2a00:64::/96"),)
    settings = Settings(country=world, asn=asn, registry=registry, overlays=(overlay,), nat64=nat64)
    return Geography.open(settings, data, tmp_path)


def test_everything_at_once(everything: Geography) -> None:
    """Overlays, clouds, anycast, embedded IPv4, pseudo codes, operators: each as the lookup says."""
    agree(everything, probes(everything, 2_000))


def test_where_the_registries_disagree(everything: Geography) -> None:
    """A country of registration that is not the one a database gave is counted; people's own word is not doubted."""
    found = everything.annotate(keys("8.0.0.1", "8.0.0.2", "8.8.8.8", "8.1.0.1", "8.5.0.1", "1.0.0.1"))

    assert found["country"].to_list() == ["US", "US", "SG", "VN", "ID", "AU"]
    assert {result: n for (name, result), n in everything.counts.items() if name == "rir"} == {
        "disagree": 3,  # US, US and the cloud's ID
        "hit": 2,  # anycast goes by registration, and the overlay
        "miss": 1,
    }


def test_operators_of_addresses_that_embed(everything: Geography) -> None:
    """What an overlay places is not taken apart: the ASN database is asked for the whole address, alias or not."""
    overlaid = [key(f"2002:801:203::{n:x}") or b"" for n in range(3)]

    agree(everything, overlaid)
    assert everything.annotate(keys("2002:801:203::1")).row(0)[:2] == ("KH", "override")
    assert everything.answer(overlaid[0]).asn == 64496  # by the alias of IPv4


def test_ipv4_only_file(write_mmdb: WriteMmdb, data: Path) -> None:
    """A file without IPv6."""
    path = write_mmdb({"8.0.0.0/8": country("US"), "8.8.0.0/16": country("EU")}, "four", ip_version=4)
    geography = Geography.open(Settings(country=path), data)

    agree(geography, probes(geography, 500))


def test_damaged_record(write_mmdb: WriteMmdb, data: Path, tmp_path: Path) -> None:
    """A record that cannot be read is unknown for all its addresses, and each is counted."""
    whole = write_mmdb({"8.0.0.0/8": country("US"), "9.0.0.0/8": country("DE")}, "db").read_bytes()
    spoilt = tmp_path / "spoilt.mmdb"
    spoilt.write_bytes(whole.replace(b"BDE", b"BD\xff"))
    geography = Geography.open(Settings(country=spoilt), data)

    agree(geography, probes(geography, 500))
    assert geography.counts["db", "error"]


def test_corpus_databases(corpus: Path, data: Path) -> None:
    """Every test database there is, whole or broken: it is refused, or columns and lookups agree."""
    opened = 0
    for path in sorted((corpus / "mmdb").rglob("*.mmdb")):
        try:
            geography = Geography.open(Settings(country=path), data)
            _ = geography.annotate
        except CrossborderError:
            continue
        opened += 1
        agree(geography, probes(geography, 300))
    assert opened >= 9


def test_corpus_operators(corpus: Path, data: Path) -> None:
    """MaxMind's databases of operators."""
    for name in ("GeoLite2-ASN-Test", "GeoIP2-ISP-Test", "GeoIP2-Enterprise-Test"):
        settings = Settings(
            country=corpus / "mmdb" / "GeoLite2-Country-Test.mmdb", asn=corpus / "mmdb" / f"{name}.mmdb"
        )
        geography = Geography.open(settings, data)
        assert geography.sources.asn
        starts = geography.sources.asn.mmdb.blocks["start"].to_list()

        agree(geography, probes(geography, 300) + [start.to_bytes(16, "big") for start in starts])


def test_annotate(default: Geography) -> None:
    """One row a key, in order, repeated or not; without a key the country is unknown."""
    found = default.annotate(keys("16.16.16.16", None, "10.0.0.1", "16.16.16.16", "::ffff:16.16.16.16"))

    assert found["country"].to_list() == ["SE", "ZZ", "ZZ", "SE", "SE"]
    assert found.row(1) == UNKNOWN[:COLUMNS]


def test_annotate_nothing(default: Geography) -> None:
    """No key makes no row, in the same schema."""
    found = default.annotate(keys())

    assert (found.height, found.schema) == (0, ANNOTATION)


def test_counts_every_report(write_mmdb: WriteMmdb, data: Path) -> None:
    """Each row is counted by database and result, seen before or not; nobody's addresses are not looked up."""
    path = write_mmdb({"8.0.0.0/8": country("US"), "9.0.0.0/8": country("EU")}, "world")
    geography = Geography.open(Settings(country=path), data)
    addresses = keys("8.1.2.3", "8.1.2.3", "9.1.1.1", "99.1.1.1", "10.1.1.1", None)
    geography.annotate(addresses)
    geography.annotate(addresses)

    assert geography.counts == {("world", "hit"): 4, ("world", "pseudo"): 2, ("world", "miss"): 2}


def test_recent_is_bounded_and_makes_rows_once() -> None:
    """A row is made at first sight; when there are too many all are forgotten and made again."""
    made: list[int] = []

    def make(number: int, example: int) -> tuple[str]:
        made.append(number)
        return (f"{number} of {example}",)

    recent = Recent(pl.Schema({"said": pl.String()}), make, limit=100)
    for first in (0, 0, 50, 90, 0):
        numbers = pl.Series(range(first, first + 50), dtype=pl.UInt64)
        found = recent(numbers.reverse(), numbers.reverse() * 2)
        assert found["said"].to_list() == [f"{n} of {2 * n}" for n in reversed(range(first, first + 50))]
        assert len(recent) <= 100

    assert Counter(made).most_common(1)[0][1] == 2
    assert len(made) == 50 + 50 + 50 + 50


@pytest.mark.parametrize("version", [4, 6])
def test_prefix_texts(version: int) -> None:
    """Prefixes are written as Python's own library writes them."""
    chance = random.Random(version)  # noqa: S311 - the same dice every time
    width, base = (32, IPV4_FIRST) if version == 4 else (128, 0)
    rows, wanted = [], []
    for _ in range(5_000):
        length = chance.randrange(width + 1)
        zeros = sum(0xFFFF << at for at in range(0, width, 16) if chance.random() < 0.5)
        number = (chance.getrandbits(width) & ~zeros) >> (width - length) << (width - length)
        if version == 6 and number < IPV6_AGAIN:
            continue
        rows.append((base + number, length))
        wanted.append(f"{ipaddress.ip_address(number.to_bytes(width // 8, 'big'))}/{length}")

    found = prefix_texts(pl.DataFrame(rows, schema={"start": pl.UInt128, "length": pl.UInt8}, orient="row"))

    assert found.to_list() == wanted


def test_texts_of_prefixes_are_kept_as_long_as_there_is_room() -> None:
    """Whether a text is written, kept or forgotten and written again, it is that of the prefix at its place."""
    prefixes = pl.DataFrame(
        {"start": [IPV4_FIRST + (at << 8) for at in range(200)], "length": [24] * 200},
        schema={"start": pl.UInt128, "length": pl.UInt8},
    )
    texts = PrefixTexts(prefixes, limit=100)
    for first in (0, 0, 50, 90, 0):
        places = pl.Series([*range(first, first + 60), first], dtype=pl.UInt32).reverse()

        assert texts(places).to_list() == [f"0.0.{at}.0/24" for at in places]
        assert len(texts) <= 100


def test_blocks_hold_every_address_once(default: Geography) -> None:
    """The shipped database has a block for every address, which ends where the next begins."""
    blocks = default.sources.country.mmdb.blocks.filter(pl.col("record") != ASK)
    for (start, length), (after, _) in pairwise(blocks.select("start", "length").tail(1_000).iter_rows()):
        assert start + (1 << 128 - length) == after
    assert {len(address_of(start.to_bytes(16, "big"))) for start in blocks["start"].sample(1_000, seed=1)} == {4, 16}
