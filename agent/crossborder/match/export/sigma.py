"""The rules in force as a pack of Sigma files that any converter takes: sets written out, correlations with bases."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple

from crossborder import yamlfile
from crossborder.match.export import LeftOut
from crossborder.match.export.manual import manual
from crossborder.match.export.written_out import NotWritableError, asked, written_out
from crossborder.model import COLUMN_OF, PERSON_COLUMNS

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    from crossborder.match.ruleset import NamedSet, Rule, Ruleset

_COUNTED = frozenset(column.name for column in PERSON_COLUMNS)
NOT_RECORDED = frozenset(field for field, column in COLUMN_OF.items() if column in _COUNTED)
"""Fields that no flow record holds: what the agent counts over years, in a state of its own."""

PIPELINE = "flows.yaml"  # not .yml, which converters take for a rule


class Pack(NamedTuple):
    """The files of a pack by their place in the folder, the rules in it, and those in force that are not."""

    files: dict[str, str]
    names: list[str]
    left_out: list[LeftOut]


def pack(ruleset: Ruleset) -> Pack:
    """Return the pack of the rules in force; raises CrossborderError when a rule file is gone."""
    by_file: dict[str, list[Rule]] = {}
    for rule in ruleset.enabled:
        by_file.setdefault(rule.path, []).append(rule)
    files: dict[str, str] = {}
    taken: list[Rule] = []
    left_out: list[LeftOut] = []
    fields: set[str] = set()
    for path, rules in by_file.items():
        try:
            documents, alone = _documents(path, rules, ruleset.sets)
        except NotWritableError as error:
            left_out += [LeftOut(rule.name, str(error)) for rule in rules]
            continue
        left_out += alone
        taken += [rule for rule in rules if rule.name not in {one.name for one in alone}]
        fields |= {field for document in documents for field in _fields(document)}
        kind = documents[-1].get("correlation", {}).get("type", "rules")  # a folder each: few converters know them all
        files[f"{kind}/{documents[-1]['name']}.yml"] = "---\n".join(map(yamlfile.text_of, documents))
    for file in ruleset.filters:
        files |= {f"filters/{name}.yml": text for name, text in _filters(file, ruleset.sets)}
    files[PIPELINE] = yamlfile.text_of(_pipeline())
    files["README.md"] = manual(taken, left_out, fields, ruleset.sets)
    return Pack(files, [rule.name for rule in taken], left_out)


def _filters(path: Path, sets: Mapping[str, NamedSet]) -> Iterator[tuple[str, str]]:
    """Yield the filters of a file, written out; converters put them to rules as the agent does."""
    for at, document in enumerate(yamlfile.read_all(path)):
        block = document.data["filter"]
        rules = {"rules": block["rules"]}
        asked_for = {name: part for name, part in block.items() if name != "rules"}
        yield (
            f"{path.stem}-{at + 1}",
            yamlfile.text_of(document.data | {"filter": rules | written_out(asked_for, sets)}),
        )


def _documents(
    path: str, rules: Sequence[Rule], sets: Mapping[str, NamedSet]
) -> tuple[list[dict[str, Any]], list[LeftOut]]:
    """Return the documents of a file that are wanted, written out, and the rules that are there only to be counted."""
    every: list[dict[str, Any]] = [document.data for document in yamlfile.read_all(Path(path))]
    in_force = {rule.name for rule in rules}
    main = every[-1]
    if main["name"] not in in_force:  # a correlation that is off, whose bases find by themselves
        every = [document for document in every if document["name"] in in_force]
        return [_written(document, sets) for document in every], []
    counting = main.get("correlation", {})
    off = [document["name"] for document in every[:-1] if document["name"] not in in_force]
    alone: list[LeftOut] = []
    if counting.get("generate") and off:
        every[-1] = main | {"correlation": counting | {"generate": False}}
        why = (
            f"it is counted by {main['name']} with {off[0]}, which is off: Sigma tells of all counted rules or of none"
        )
        alone = [LeftOut(name, why) for name in sorted(in_force - {main["name"]})]
    return [_written(document, sets) for document in every], alone


def _written(document: dict[str, Any], sets: Mapping[str, NamedSet]) -> dict[str, Any]:
    strange = sorted(_fields(document) & NOT_RECORDED)
    if strange:
        message = f"it asks {', '.join(strange)}, which no flow record holds: the agent counts persons in its own state"
        raise NotWritableError(message)
    detection = document.get("detection")
    return document | {"detection": written_out(detection, sets)} if detection else document


def _fields(document: Mapping[str, Any]) -> set[str]:
    """Return every field a document names."""
    counting = document.get("correlation", {})
    groups, field = counting.get("group-by", []), counting.get("condition", {}).get("field")
    named = {*([groups] if isinstance(groups, str) else groups), *([field] if field else [])}
    return named | asked(document.get("detection", {}))


def _pipeline() -> dict[str, Any]:
    """Return the processing pipeline that names fields as the flows file does."""
    mapping = {field: column for field, column in COLUMN_OF.items() if field not in NOT_RECORDED}
    names = {"id": "columns", "type": "field_name_mapping", "mapping": mapping}
    lines = {"id": "lines", "type": "set_custom_attribute", "attribute": "loki_parser", "value": "json"}
    return {"name": "Crossborder flows file", "priority": 20, "transformations": [names, lines]}
