"""Named sets: lists of countries, networks, domains or texts in data, each with its source and date."""

from __future__ import annotations

import hashlib
import ipaddress
import re
from typing import TYPE_CHECKING, Annotated

from pydantic import AfterValidator, BaseModel, BeforeValidator, ConfigDict, Field

from crossborder import yamlfile
from crossborder.errors import CrossborderError
from crossborder.match.fields import wrong_country
from crossborder.match.head import Name, Text, some
from crossborder.match.ruleset import NamedSet, SetKind

if TYPE_CHECKING:
    from collections.abc import Iterable
    from pathlib import Path

    from crossborder.errors import Fault
    from crossborder.yamlfile import Document

_LABEL = r"[a-z0-9_](?:[a-z0-9_-]{0,61}[a-z0-9_])?"
_DOMAIN = re.compile(rf"{_LABEL}(?:\.{_LABEL})*")


def _as_text(value: object) -> object:
    return str(value) if isinstance(value, int) and not isinstance(value, bool) else value


class SetFile(BaseModel):
    """A file of rules/sets."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    name: Name
    title: Text
    source: Text
    date: Annotated[Text, Field(pattern=r"^[0-9]{4}-[0-9]{2}-[0-9]{2}$")]
    kind: SetKind
    description: str = ""
    values: Annotated[tuple[Annotated[Text, BeforeValidator(_as_text)], ...], AfterValidator(some)]


HOME = "HOME"
"""In a set of countries: the home country of the configuration, so that another country changes one line."""


def read_sets(
    paths: Iterable[Path], countries: frozenset[str] | None, home: str, faults: list[Fault]
) -> dict[str, NamedSet]:
    """Read set files; what is wrong with them is added to `faults`. HOME among countries stands for `home`.

    A later set replaces an earlier one of its name: so an operator's `allowed_core` stands for the shipped one.
    """
    found: dict[str, NamedSet] = {}
    for path in paths:
        try:
            document = yamlfile.read(path)
            named = _read(document, path, countries, home)
        except CrossborderError as error:
            faults += error.faults
            continue
        found[named.name] = named
    return found


def _read(document: Document, path: Path, countries: frozenset[str] | None, home: str) -> NamedSet:
    file = yamlfile.fill(document, SetFile)
    faults = [
        document.fault(message, "values", at)
        for at, value in enumerate(file.values)
        if (message := _wrong(value, file.kind, countries))
    ]
    if file.name != path.stem:
        faults.append(document.fault(f"name {file.name!r} differs from the file's, {path.stem!r}", "name"))
    if faults:
        raise CrossborderError(*sorted(faults))
    text, values = path.read_bytes(), file.values
    if file.kind == "countries" and HOME in values:
        text, values = text + home.encode(), tuple(home if value == HOME else value for value in values)
    sha256 = hashlib.sha256(text).hexdigest()
    return NamedSet(file.name, file.title, file.source, file.date, file.kind, values, path, sha256)


def _wrong(value: str, kind: SetKind, countries: frozenset[str] | None) -> str | None:
    if kind == "countries":
        return None if value == HOME else wrong_country(value, countries)
    if kind == "networks":
        return _wrong_network(value)
    if kind == "domains" and not _DOMAIN.fullmatch(value):
        return f"{value!r} is not a domain in small letters (xn--… for others), which stands for every name below it"
    return None


def _wrong_network(value: str) -> str | None:
    try:
        ipaddress.ip_network(value)
    except ValueError as error:
        return f"not a network: {error}"
    return None
