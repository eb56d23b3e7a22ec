"""Writes detections as every converter reads them: the values of named sets in the place of their names."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any

from crossborder.match.expansion import set_name

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from crossborder.match.ruleset import NamedSet

_SPECIAL = re.compile(r"[\\*?]")


class NotWritableError(Exception):
    """A detection that cannot be written without our sets; says why."""


def written_out(detection: Mapping[str, Any], sets: Mapping[str, NamedSet]) -> dict[str, Any]:
    """Return a detection without `expand`; raises NotWritableError."""
    return {
        name: definition if name == "condition" else _selection(name, definition, sets)
        for name, definition in detection.items()
    }


def asked(detection: Mapping[str, Any]) -> set[str]:
    """Return the names of all fields a detection asks, those it compares with among them."""
    return {field for name, part in detection.items() if name != "condition" for field in _fields(part)}


def _fields(part: object) -> Iterator[str]:
    if isinstance(part, list):
        for one in part:
            yield from _fields(one)
    elif isinstance(part, dict):
        for key, value in part.items():
            name, *modifiers = key.split("|")
            yield from [name] if name else []
            if "fieldref" in modifiers:
                yield from map(str, value if isinstance(value, list) else [value])


def _selection(name: str, definition: object, sets: Mapping[str, NamedSet]) -> object:
    if isinstance(definition, list):
        return [_selection(name, part, sets) for part in definition]
    if not isinstance(definition, dict):
        return definition
    items: dict[str, Any] = {}
    for key, value in definition.items():
        plain, values = _item(key, value, sets)
        if plain in items:
            raise NotWritableError(f"its selection {name!r} asks {plain} twice once the set is written out")
        items[plain] = values
    return items


def _item(key: str, value: object, sets: Mapping[str, NamedSet]) -> tuple[str, object]:
    field, *modifiers = key.split("|")
    if modifiers == ["exists"] and value is False:
        return field, None  # the same to us, and not every converter knows the other
    if "expand" not in modifiers:
        return key, value
    values = value if isinstance(value, list) else [value]
    named = [sets.get(set_name(one) or "") for one in values]
    before = ""
    if "endswith" in modifiers and any(one and one.kind == "domains" for one in named):
        modifiers.remove("endswith")  # a domain of a set is itself, or whatever ends with a dot and it
        before = "*"
    modifiers.remove("expand")
    told = [text for one, its in zip(values, named, strict=True) for text in _texts(one, its, before)]
    return "|".join([field, *modifiers]), told


def _texts(value: object, named: NamedSet | None, before: str) -> list[object]:
    if named is None:
        return [f"{before}{value}" if before else value]
    texts = [_SPECIAL.sub(r"\\\g<0>", text) for text in named.values]
    if named.kind == "domains":
        return [form for text in texts for form in (text, f"*.{text}")]
    return [*texts]
