"""What tests of classify share: databases written on the spot, the shipped data."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest
from tests.classify.world import Settings, mmdb_of

from crossborder.classify import Geography
from crossborder.config import data_folder

if TYPE_CHECKING:
    from pathlib import Path

    from tests.classify.world import WriteMmdb


@pytest.fixture
def write_mmdb(tmp_path: Path) -> WriteMmdb:
    """Return a function that writes an MMDB of prefixes and records."""

    def make(records: dict[str, Any], name: str = "test", **about: Any) -> Path:
        path = tmp_path / f"{name}.mmdb"
        path.write_bytes(mmdb_of(records, name, **about))
        return path

    return make


@pytest.fixture(scope="session")
def data() -> Path:
    """Return the folder of shipped country data."""
    return data_folder("geoip")


@pytest.fixture(scope="session")
def cache(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return a folder to unpack into."""
    return tmp_path_factory.mktemp("cache")


@pytest.fixture(scope="session")
def default(data: Path, cache: Path) -> Geography:
    """Return the geography of an empty configuration."""
    return Geography.open(Settings(), data, cache)
