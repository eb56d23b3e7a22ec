"""The operator's assets file: systems by longest prefix, every fault at its line."""

from __future__ import annotations

import ipaddress
import socket
from typing import TYPE_CHECKING

import pytest
from tests.classify.world import keys

from crossborder.classify import Assets
from crossborder.classify.assets import ANNOTATION
from crossborder.config import data_folder
from crossborder.errors import CrossborderError

if TYPE_CHECKING:
    from pathlib import Path

GOOD = """\
systems:
  - name: registry
    owner: head of office
    unit: Civil Status
    categories: [core:I.26, personal]
    networks: [10.1.0.0/16, "fd00:1::/32"]
  - name: database
    categories: [important:II.10]
    networks: [10.1.2.0/24, 10.1.3.3]
"""


def read(tmp_path: Path, text: str, items: set[str] | None = None) -> Assets:
    """Read assets from text."""
    path = tmp_path / "assets.yaml"
    path.write_text(text)
    return Assets.read(path, items)


def test_longest_prefix_wins(tmp_path: Path) -> None:
    """A system inside another's network has its own addresses."""
    assets = read(tmp_path, GOOD)
    found = [assets.find(socket.inet_aton(a)) for a in ("10.1.1.1", "10.1.2.1", "10.1.3.3", "10.1.3.4", "10.2.0.1")]

    assert [system and system.name for system in found] == ["registry", "database", "database", "registry", None]


def test_tunnelled_addresses(tmp_path: Path) -> None:
    """Mapped and 6to4 addresses belong to the system of the address inside."""
    assets = read(tmp_path, GOOD)

    for text in ("::ffff:10.1.2.1", "2002:a01:201::1"):
        system = assets.find(socket.inet_pton(socket.AF_INET6, text))
        assert system
        assert system.name == "database"


def test_annotate(tmp_path: Path) -> None:
    """One row per key in order; nobody's address has the gateway's unit, no categories."""
    found = read(tmp_path, GOOD).annotate(keys("10.1.1.1", "10.1.2.1", "10.9.9.9", "10.1.1.1", None), "Gateway")

    assert found.schema == ANNOTATION
    assert found["system"].to_list() == ["registry", "database", None, "registry", None]
    assert found["unit"].to_list() == ["Civil Status", "Gateway", "Gateway", "Civil Status", "Gateway"]
    assert found["owner"].to_list() == ["head of office", None, None, "head of office", None]
    assert found["categories"].to_list()[:3] == [["core:I.26", "personal"], ["important:II.10"], None]


def test_no_assets() -> None:
    """Without a file every address is nobody's."""
    assert Assets().annotate(keys("10.1.1.1", "2001:db8::1")).rows() == [(None, None, None, None)] * 2


def test_columns_agree_with_lookups(tmp_path: Path) -> None:
    """A column of addresses is whose each address is, tunnelled ones by the address inside."""
    assets = read(tmp_path, GOOD)
    addresses = [
        f"{head}10.1.{third}.{last}" for head in ("", "::ffff:", "64:ff9b::") for third in range(5) for last in (1, 3)
    ]
    addresses += ["2002:a01:201::1", "2001:0:1:2:0:0:f5fe:fdfe", "2001:db8::1", "::", "ffff::"]

    found = assets.annotate(keys(*addresses))["system"]

    holders = [assets.find(ipaddress.ip_address(address).packed) for address in addresses]
    assert found.to_list() == [holder and holder.name for holder in holders]
    assert found.null_count() < len(addresses) / 2


@pytest.mark.parametrize(
    ("old", "new", "line", "sentence"),
    [
        ("core:I.26", "secret:I.26", 5, "'secret:I.26' is not class or class:item"),
        ("core:I.26", '"core:"', 5, "'core:' is not class or class:item"),
        ("core:I.26", "Core", 5, "'Core' is not class"),
        ("10.1.0.0/16", "10.1.0.1/16", 6, "has host bits set"),
        ("10.1.0.0/16", "ten", 6, "does not appear to be"),
        ("10.1.2.0/24", "10.1.0.0/16", 9, "10.1.0.0/16 already belongs to system 'registry'"),
        ("10.1.3.3", "10.1.2.0/24", 9, "10.1.2.0/24 already belongs to system 'database'"),
        ("name: database", "name: registry", 7, "system 'registry' is given twice, first on line 2"),
        ("owner:", "owners:", 3, "unknown key 'owners'"),
        ("networks: [10.1.2.0/24, 10.1.3.3]", "networks: []", 9, "networks"),
        ("    networks: [10.1.2.0/24, 10.1.3.3]", "", 7, "networks is missing"),
        ("name: registry", "name: ''", 2, "name"),
    ],
)
def test_faults(old: str, new: str, line: int, sentence: str, tmp_path: Path) -> None:
    """Each mistake is told at its line."""
    with pytest.raises(CrossborderError) as told:
        read(tmp_path, GOOD.replace(old, new))

    assert sentence in str(told.value)
    assert told.value.faults[0].line == line


def test_items_of_the_catalog(tmp_path: Path) -> None:
    """With a catalog an item that is not in it is a fault; a bare class never is."""
    assert read(tmp_path, GOOD, {"core:I.26", "important:II.10"}).systems
    with pytest.raises(CrossborderError, match=r"assets.yaml:8: item 'important:II.10' is not in the catalog"):
        read(tmp_path, GOOD, {"core:I.26"})


def test_all_faults(tmp_path: Path) -> None:
    """Faults of several systems come together."""
    text = GOOD.replace("name: database", "name: registry").replace("10.1.2.0/24", "10.1.0.0/16")

    with pytest.raises(CrossborderError) as told:
        read(tmp_path, text)
    assert [fault.line for fault in told.value.faults] == [7, 9]


def test_example_is_good() -> None:
    """The shipped example reads."""
    path = data_folder("examples") / "assets.yaml"

    assert len(Assets.read(path).systems) > 3
