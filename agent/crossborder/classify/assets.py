"""Whose network an address at home is: the operator's assets file, longest prefix first."""

from __future__ import annotations

import ipaddress
import re
from typing import TYPE_CHECKING, Annotated, Any, NamedTuple

import polars as pl
from pydantic import AfterValidator, BaseModel, BeforeValidator, ConfigDict, Field

from crossborder import yamlfile
from crossborder.classify.layers import Layers
from crossborder.errors import CrossborderError
from crossborder.model import CLASSIFY_COLUMNS, DATA_CLASSES
from crossborder.prefixes import EMBEDDINGS, PrefixMap, embedded_ipv4, key_of

if TYPE_CHECKING:
    from collections.abc import Collection, Iterator
    from pathlib import Path

    from crossborder.errors import Fault
    from crossborder.prefixes import Embedding, Network
    from crossborder.yamlfile import Document

LISTED = ("core:", "important:")
"""Classes whose items the catalog lists; finer tags of the others, as personal:patients, are the operator's own."""

_CATEGORY = re.compile(rf"(?:{'|'.join(DATA_CLASSES)})(?::[A-Za-z0-9][A-Za-z0-9._-]*)?")

_COLUMNS = {c.name: c.dtype for c in CLASSIFY_COLUMNS}
ANNOTATION = pl.Schema({name: _COLUMNS[name] for name in ("unit", "system", "owner", "categories")})
"""The columns of a crossing that tell of its end at home."""


def _network(value: object) -> Network:
    return ipaddress.ip_network(str(value))


def _category(value: str) -> str:
    if not _CATEGORY.fullmatch(value):
        raise ValueError(f"{value!r} is not class or class:item, as core:I.26; classes are {', '.join(DATA_CLASSES)}")
    return value


class System(BaseModel):
    """One system: who owns it, what data it holds, where it is."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    name: str = Field(min_length=1, max_length=128, description="Unique name; seen on every event.")
    owner: str = Field("", max_length=256, description="Who answers for the data.")
    unit: str = Field("", max_length=256, description="Department or agency; empty: the gateway's unit.")
    categories: tuple[Annotated[str, AfterValidator(_category)], ...] = Field(
        (), description="Data it holds: core, important, personal or other, with an item of the catalog as core:I.26."
    )
    networks: tuple[Annotated[Any, BeforeValidator(_network), Field(json_schema_extra={"type": "string"})], ...] = (
        Field(min_length=1, description="Addresses and prefixes, IPv4 and IPv6.")
    )


class AssetsFile(BaseModel):
    """The whole assets file."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    systems: tuple[System, ...] = ()


class _Holder(NamedTuple):
    """Whose addresses of a range are; tunnelled IPv6 is also looked for by its IPv4 address."""

    system: System | None
    embeds: Embedding | None


class Assets:
    """Prefix → system. Immutable."""

    def __init__(self, systems: tuple[System, ...] = ()) -> None:
        """Take systems; without any, every address is nobody's."""
        self.systems = systems
        prefixes = PrefixMap((network, system) for system in systems for network in system.networks)
        embedding = PrefixMap(EMBEDDINGS.items())

        def say(key: bytes) -> _Holder:
            system = prefixes.get(key)
            return _Holder(system, None if system else embedding.get(key))

        self._holders = Layers((prefixes, embedding), say)
        rows = [_row(holder.system) for holder in self._holders.all]
        self._rows = pl.DataFrame(rows, schema=ANNOTATION, orient="row")

    @classmethod
    def read(cls, path: Path, items: Collection[str] | None = None) -> Assets:
        """Read the operator's file; `items` are the catalog's, as `core:I.26`, None: not checked.

        Raises CrossborderError with every fault at its line: unknown keys, prefixes, categories and items, a name or
        a prefix given twice.
        """
        document = yamlfile.read(path)
        systems = yamlfile.fill(document, AssetsFile).systems
        faults = [*_doubles(document, systems), *_unknown_items(document, systems, items)]
        if faults:
            raise CrossborderError(*faults)
        return cls(systems)

    def find(self, packed: bytes) -> System | None:
        """Return the system an address of 4 or 16 bytes belongs to; tunnelled IPv6 also by its IPv4 address."""
        holder = self._holders.at(key_of(packed))
        inner = embedded_ipv4(packed) if holder.embeds else None
        return self.find(inner) if inner else holder.system

    def annotate(self, keys: pl.Series, unit: str | None = None) -> pl.DataFrame:
        """Return whose each key is (ANNOTATION), in order; what is nobody's, or has no unit, has `unit`."""
        _, holders = self._holders.find(keys)
        return self._rows[holders].with_columns(pl.col("unit").fill_null(pl.lit(unit, pl.String)))


def _row(system: System | None) -> tuple[object, ...]:
    if system is None:
        return None, None, None, None
    return system.unit or None, system.name, system.owner or None, list(system.categories)


def _doubles(document: Document, systems: tuple[System, ...]) -> Iterator[Fault]:
    """Find names and prefixes that are given twice: which of two systems is meant nobody could tell."""
    names: dict[str, int] = {}
    prefixes: dict[Network, int] = {}
    for at, system in enumerate(systems):
        if names.setdefault(system.name, at) != at:
            first = document.line(("systems", names[system.name], "name"))
            yield document.fault(f"system {system.name!r} is given twice, first on line {first}", "systems", at, "name")
        for place, network in enumerate(system.networks):
            if network in prefixes:
                other = systems[prefixes[network]].name
                message = f"{network} already belongs to system {other!r}"
                yield document.fault(message, "systems", at, "networks", place)
            prefixes.setdefault(network, at)


def _unknown_items(document: Document, systems: tuple[System, ...], items: Collection[str] | None) -> Iterator[Fault]:
    for at, system in enumerate(systems):
        for place, category in enumerate(system.categories):
            if items is not None and category.startswith(LISTED) and category not in items:
                message = f"item {category!r} is not in the catalog"
                yield document.fault(message, "systems", at, "categories", place)
