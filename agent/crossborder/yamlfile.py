"""The one door to YAML: reads it as a person would, keeps every value's line, refuses what is ambiguous; writes it.

`yaml.safe_load` reads `NO` (Norway) as False, `12:30` as 750, `010` as 8 and lets the last of two equal keys win.
Here only `true`/`false`, plain decimal numbers and `null` are anything but text, and a key given twice is a fault.
"""

from __future__ import annotations

import contextlib
import re
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, TypeVar

import yaml

from crossborder.errors import CrossborderError, Fault

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

    from pydantic import BaseModel

    M = TypeVar("M", bound=BaseModel)

Place = tuple[str | int, ...]
MAX_BYTES = 16 * 1024 * 1024
MAX_DEPTH = 64


@dataclass(frozen=True, slots=True)
class Document:
    """One YAML document: plain data (dict, list, str, int, float, bool, None) and the line of every value."""

    path: str
    data: Any
    lines: dict[Place, int]  # place in the data → line, from 1; for a mapping's value the line of its key

    def line(self, place: Sequence[str | int]) -> int | None:
        """Return the line of a place, or of the nearest place around it that has one."""
        at = tuple(place)
        while at not in self.lines and at:
            at = at[:-1]
        return self.lines.get(at)

    def fault(self, message: str, *place: str | int) -> Fault:
        """Make a fault at a place of this document."""
        return Fault(self.path, self.line(place), message)


class _Loader(yaml.SafeLoader):
    """A SafeLoader whose plain scalars are text unless they can be nothing else."""

    yaml_implicit_resolvers: dict[str, list[tuple[str, re.Pattern[str]]]] = {}  # noqa: RUF012 - PyYAML's own name


class _Quick(getattr(yaml, "CSafeLoader", yaml.SafeLoader)):  # type: ignore[misc]  # PyYAML may lack libyaml
    """The same by libyaml, ten times faster."""

    yaml_implicit_resolvers = _Loader.yaml_implicit_resolvers


# Where libyaml reads otherwise than PyYAML: other blanks and line ends, byte order marks, a comment right after | or >.
_READ_OTHERWISE = re.compile(r"[\t\x85\u2028\u2029\ufeff]|[|>][0-9+-]*#")
_INDENTED = re.compile(r"^[ ?-]+", re.MULTILINE)
MAX_QUICK_DEPTH = 1_000
"""libyaml's loader recurses in C: text that could be nested deeper would end the process."""


for _tag, _pattern, _first in (
    ("tag:yaml.org,2002:bool", r"^(?:true|false)$", "tf"),
    ("tag:yaml.org,2002:int", r"^-?(?:0|[1-9][0-9]*)$", "-0123456789"),
    ("tag:yaml.org,2002:float", r"^-?(?:0|[1-9][0-9]*)\.[0-9]+$", "-0123456789"),
    ("tag:yaml.org,2002:null", r"^(?:null|~|)$", ["n", "~", ""]),
):
    _Loader.add_implicit_resolver(_tag, re.compile(_pattern), list(_first))


def read(path: Path) -> Document:
    """Read a file of one YAML document; an empty file is an empty mapping.

    Raises CrossborderError with path and line: unreadable, not UTF-8, too large, not YAML, a double key, an alias.
    """
    documents = read_all(path)
    if len(documents) > 1:
        raise CrossborderError(
            Fault(str(path), documents[1].lines.get(()), "one document expected, a second begins here")
        )
    return documents[0] if documents else Document(str(path), {}, {(): 1})


def read_all(path: Path) -> list[Document]:
    """Read a file of any number of YAML documents; raises as `read` does."""
    return parse_all(_text_of(path), str(path))


def parse_all(text: str, path: str) -> list[Document]:
    """Read YAML documents from text; `path` names it in faults."""
    try:
        nodes = _composed(text)
    except yaml.MarkedYAMLError as error:
        mark = error.problem_mark or error.context_mark
        line = mark.line + 1 if mark else None
        raise CrossborderError(Fault(path, line, f"not YAML: {error.problem or error.context}")) from None
    except (yaml.YAMLError, RecursionError) as error:
        raise CrossborderError(Fault(path, None, f"not YAML: {str(error).splitlines()[0]}")) from None
    return [_document(node, path) for node in nodes]


def _composed(text: str) -> list[yaml.Node]:
    """Return the nodes of documents, by libyaml where that is the same; faults are always told in PyYAML's words."""
    depth = text.count("[") + text.count("{") + max(map(len, _INDENTED.findall(text)), default=0)
    if depth <= MAX_QUICK_DEPTH and not _READ_OTHERWISE.search(text):
        with contextlib.suppress(yaml.YAMLError):
            nodes = list(yaml.compose_all(text, Loader=_Quick))
            if not any(isinstance(node, yaml.ScalarNode) for node in nodes):  # else empty, on another line
                return nodes
    return list(yaml.compose_all(text, Loader=_Loader))


def _text_of(path: Path) -> str:
    try:
        raw = path.read_bytes()
    except OSError as error:
        raise CrossborderError.at(path, f"cannot be read: {error.strerror or error}") from None
    if len(raw) > MAX_BYTES:
        raise CrossborderError.at(path, f"is larger than {MAX_BYTES // 1024 // 1024} MiB")
    try:
        return raw.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        line = raw[: error.start].count(b"\n") + 1
        raise CrossborderError.at(path, "is not UTF-8 text", line) from None


def _document(node: yaml.Node, path: str) -> Document:
    builder = _Builder(path)
    data = builder.build(node, ())
    if builder.faults:
        raise CrossborderError(*builder.faults)
    return Document(path, data, builder.lines)


class _Builder:
    """Turns YAML nodes into plain data, noting lines and collecting faults."""

    def __init__(self, path: str) -> None:
        self.path = path
        self.faults: list[Fault] = []
        self.lines: dict[Place, int] = {}
        self._constructor = yaml.constructor.SafeConstructor()
        self._seen: set[int] = set()

    def build(self, node: yaml.Node, place: Place) -> Any:  # noqa: ANN401 - YAML is any data
        self.lines.setdefault(place, node.start_mark.line + 1)
        if len(place) > MAX_DEPTH:
            return self._fault(node, f"nested deeper than {MAX_DEPTH} levels")
        if isinstance(node, yaml.ScalarNode):
            return self._scalar(node)
        if node.tag not in _NESTED_TAGS:
            return self._fault(node, f"tag {node.tag!r} is not read")
        if id(node) in self._seen:
            # The node is the anchor's; the alias itself has no place but that of its key.
            message = "aliases (*name) to lists and mappings are not read: write the value out"
            self.faults.append(Fault(self.path, self.lines[place], message))
            return None
        self._seen.add(id(node))
        if isinstance(node, yaml.SequenceNode):
            return [self.build(item, (*place, i)) for i, item in enumerate(node.value)]
        return self._mapping(node, place)

    def _mapping(self, node: yaml.Node, place: Place) -> dict[str, Any]:
        data: dict[str, Any] = {}
        for key_node, value_node in node.value:
            if not isinstance(key_node, yaml.ScalarNode):
                self._fault(key_node, "a key must be plain text")
                continue
            key = str(key_node.value)
            if key in data:
                first = self.lines[(*place, key)]
                self._fault(key_node, f"key {key!r} is given twice, first on line {first}")
                continue
            self.lines[(*place, key)] = key_node.start_mark.line + 1
            data[key] = self.build(value_node, (*place, key))
        return data

    def _scalar(self, node: yaml.ScalarNode) -> Any:  # noqa: ANN401
        if node.tag in _PLAIN_TAGS:
            try:
                return self._constructor.construct_object(node)
            except (ValueError, KeyError, yaml.YAMLError):
                return self._fault(node, f"{node.value!r} is not a value of tag {node.tag!r}")
        if node.tag == "tag:yaml.org,2002:str":
            return node.value
        return self._fault(node, f"tag {node.tag!r} is not read")

    def _fault(self, node: yaml.Node, message: str) -> None:
        self.faults.append(Fault(self.path, node.start_mark.line + 1, message))


class _Writer(yaml.SafeDumper):
    """Writes for every reader: what another would take for a boolean, a number or a time stands in quotes."""

    def ignore_aliases(self, data: object) -> bool:
        """Write out what stands in two places."""
        del data
        return True

    def increase_indent(self, flow: bool = False, indentless: bool = False) -> None:
        """Indent lists below their key."""
        del indentless
        super().increase_indent(flow, indentless=False)


def _written(writer: yaml.SafeDumper, text: str) -> yaml.ScalarNode:
    style = '"' if _BREAKS.search(text) else "|" if "\n" in text else None
    return writer.represent_scalar("tag:yaml.org,2002:str", text, style=style)


_Writer.add_representer(str, _written)
WIDTH = 120
_BREAKS = re.compile(r"[\x85\u2028\u2029\ufeff]")  # line ends to some readers: these are escaped


def text_of(data: object) -> str:
    """Return plain data as a YAML document, keys in their order, texts of several lines as blocks."""
    return yaml.dump(data, Dumper=_Writer, sort_keys=False, allow_unicode=True, width=WIDTH)


_DURATION = re.compile(r"([0-9]+(?:\.[0-9]+)?)(ms|s|m|h|d)")
_SECONDS = {"ms": 0.001, "s": 1.0, "m": 60.0, "h": 3600.0, "d": 86400.0}


def duration(value: object) -> float | None:
    """Return the seconds of a duration as a person writes it (500ms, 10s, 2m, 1h, 30d); None when it is none."""
    found = _DURATION.fullmatch(value) if isinstance(value, str) else None
    return float(found[1]) * _SECONDS[found[2]] if found else None


_SIZE = re.compile(r"([0-9]+)(KiB|MiB|GiB|TiB)")
_BYTES = {"KiB": 1 << 10, "MiB": 1 << 20, "GiB": 1 << 30, "TiB": 1 << 40}


def size(value: object) -> int | None:
    """Return the bytes of a size as a person writes it (512KiB, 64MiB, 1GiB, 2TiB); None when it is none."""
    found = _SIZE.fullmatch(value) if isinstance(value, str) else None
    return int(found[1]) * _BYTES[found[2]] if found else None


_NESTED_TAGS = {"tag:yaml.org,2002:seq", "tag:yaml.org,2002:map"}
_PLAIN_TAGS = {f"tag:yaml.org,2002:{t}" for t in ("bool", "int", "float", "null")}


def fill(document: Document, model: type[M]) -> M:
    """Check a document against a pydantic model and return the model's object.

    Raises CrossborderError with every fault at its line: unknown keys, wrong types, missing keys.
    """
    from pydantic import ValidationError  # a heavy import, not needed to print a version

    try:
        return model.model_validate(document.data)
    except ValidationError as error:
        raise CrossborderError(*sorted({_fault_of(document, dict(e)) for e in error.errors()})) from None


def _fault_of(document: Document, error: dict[str, Any]) -> Fault:
    place = tuple(p for p in error["loc"] if isinstance(p, str | int))
    name = ".".join(str(p) for p in place) or "the file"
    if error["type"] == "extra_forbidden":
        message = f"unknown key {place[-1]!r}"
    elif error["type"] == "missing":
        message = f"{name} is missing"
    elif error["type"] in {"value_error", "assertion_error"}:
        message = f"{name}: {error['ctx']['error']}"
    else:
        message = f"{name}: {_wanted(error)}, not {error['input']!r}"
    return document.fault(message, *place)


_WANTED = {  # pydantic's error types in the words of who writes YAML
    "bool_parsing": "true or false is expected",
    "bool_type": "true or false is expected",
    "string_type": "text is expected",
    "int_type": "a whole number is expected",
    "int_parsing": "a whole number is expected",
    "int_from_float": "a whole number is expected",
    "float_type": "a number is expected",
    "float_parsing": "a number is expected",
    "tuple_type": "a list is expected",
    "list_type": "a list is expected",
    "dict_type": "a mapping of keys and values is expected",
    "model_type": "a mapping of keys and values is expected",
    "model_attributes_type": "a mapping of keys and values is expected",
    "path_type": "a path is expected",
    "literal_error": "{expected} is expected",
    "string_too_short": "at least {min_length} character is expected",
    "string_too_long": "at most {max_length} characters are expected",
    "too_short": "a list of at least {min_length} is expected",
    "greater_than": "more than {gt:g} is expected",
    "greater_than_equal": "at least {ge:g} is expected",
    "less_than": "less than {lt:g} is expected",
    "less_than_equal": "at most {le:g} is expected",
}


def _wanted(error: dict[str, Any]) -> str:
    if error["type"] in _WANTED:
        return _WANTED[error["type"]].format(**error.get("ctx", {}))
    said = str(error["msg"])
    return f"{said[0].lower()}{said[1:]}"
