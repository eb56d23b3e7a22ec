"""Rulesets read once and kept as JSON, until a byte of what they are made of changes.

Reading rules takes pySigma and its parser, which load for longer than the rest of a start takes.
"""

from __future__ import annotations

import datetime as dt
import hashlib
import json
from dataclasses import fields, is_dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from crossborder.kept import kept, makers
from crossborder.match.conditions import And, Not, Op, Or, Test
from crossborder.match.files import OTHER_FOLDERS, yaml_files
from crossborder.match.ruleset import Correlation, Legal, NamedSet, Rule, Ruleset

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence

    from crossborder.errors import Fault
    from crossborder.match.ruleset import Shadow

_NOUNS = {noun.__name__: noun for noun in (Ruleset, Rule, Legal, Correlation, NamedSet, Test, Not, And, Or)}
_KIND = "is"  # member of an object that tells which noun it is; no noun has a field of that name


def ruleset_of(
    paths: Sequence[Path],
    set_paths: Sequence[Path],
    disable: Iterable[str],
    countries: frozenset[str],
    home: str,
    cache: Path | None,
    catalog: Path | None = None,
    *,
    partial: bool = False,
    shadow: Shadow = "alert",
) -> Ruleset:
    """Return what `reader.read_ruleset` makes of these; `cache` is a folder to keep it in, `catalog` a catalog's file.

    Raises CrossborderError with every fault of every file.
    """

    def read() -> bytes:
        from crossborder.match.catalog import Catalog
        from crossborder.match.reader import read_ruleset

        known = Catalog.read(catalog) if catalog else None
        return dumps(read_ruleset(paths, set_paths, disable, countries, home, known, partial=partial, shadow=shadow))

    settings = repr((sorted(disable), sorted(countries), home, partial, shadow))
    try:
        of = b"".join(_digests([settings.encode(), *_contents(paths, set_paths, catalog)]))
    except OSError:
        return loads(read())  # which tells what cannot be read
    return loads(kept(cache, "rules", of, read))


def _contents(paths: Iterable[Path], set_paths: Iterable[Path], catalog: Path | None) -> Iterator[bytes]:
    """Yield names and bytes of all files a ruleset is made of, our own that make it among them."""
    faults: list[Fault] = []
    files = [*yaml_files(set_paths, faults), *yaml_files(paths, faults, OTHER_FOLDERS)]
    for path in (*makers(__file__), *([catalog] if catalog else []), *files):
        yield str(path).encode("utf-8", "surrogateescape")
        yield path.read_bytes()


def _digests(parts: Iterable[bytes]) -> Iterator[bytes]:
    return (hashlib.sha256(part).digest() for part in parts)


def dumps(ruleset: Ruleset) -> bytes:
    """Return a ruleset as JSON."""
    return json.dumps(_plain(ruleset), ensure_ascii=False, separators=(",", ":")).encode("utf-8", "surrogatepass")


def loads(raw: bytes) -> Ruleset:
    """Return the ruleset that `dumps` wrote."""
    ruleset: Ruleset = json.loads(raw.decode("utf-8", "surrogatepass"), object_hook=_noun)
    return ruleset


def _plain(value: Any) -> Any:  # noqa: ANN401 - whatever a field holds
    if is_dataclass(value):
        return {_KIND: type(value).__name__} | {f.name: _plain(getattr(value, f.name)) for f in fields(value)}
    if isinstance(value, (tuple, list)):
        return [_plain(part) for part in value]
    if isinstance(value, dict):
        return {name: _plain(part) for name, part in value.items()}
    if isinstance(value, Path):
        return {_KIND: "Path", "path": str(value)}
    return {_KIND: "date", "date": value.isoformat()} if isinstance(value, dt.date) else value


def _noun(members: dict[str, Any]) -> Any:  # noqa: ANN401 - the same
    kind = members.pop(_KIND, None)
    if kind is None:
        return members
    if kind == "Path":
        return Path(members["path"])
    if kind == "date":
        return dt.date.fromisoformat(members["date"])
    values: dict[str, Any] = {name: tuple(v) if isinstance(v, list) else v for name, v in members.items()}
    if kind == Test.__name__:
        values["op"] = Op(values["op"])
    return _NOUNS[kind](**values)
