"""Walks the detection of a rule document: selections, items and conditions, each fault at its line."""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Protocol

from crossborder.match.conditions import Not, Op, Test, all_of, any_of
from crossborder.match.expansion import expanded
from crossborder.match.fields import KEYWORD_FIELDS, KINDS, nearest
from crossborder.match.modifiers import short, wrong_modifiers, wrong_value

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping, Sequence

    from crossborder.errors import Fault
    from crossborder.match.conditions import Node
    from crossborder.match.ruleset import NamedSet
    from crossborder.yamlfile import Document

    Named = Callable[[str], Node]
    Matching = Callable[[str, Callable[[list[Node]], Node]], Node]

FAULTY = Test("source.ip", Op.MISSING)
"""Stands where a fault has been told; a ruleset with faults is refused anyway."""


class Door(Protocol):
    """What pySigma does for a detection. Both raise ValueError with a sentence."""

    def item(self, name: str, modifiers: Sequence[str], values: Sequence[object]) -> Node:
        """Return the tests of one field, without sets, as Sigma joins them."""

    def condition(self, text: str, named: Named, matching: Matching) -> Node:
        """Return the tree of a condition; `named` gives a selection, `matching` joins those of a pattern."""


@dataclass(slots=True)
class Detection:
    """Lowers the detection of one document to a tree; what is wrong with it is added to `faults`."""

    document: Document
    door: Door
    sets: Mapping[str, NamedSet]
    countries: frozenset[str] | None
    faults: list[Fault]
    key: str = "detection"  # where it stands; a filter is one with the rules it is put to
    selections: dict[str, Node] = field(default_factory=dict)
    used: set[str] = field(default_factory=set)

    def tree(self) -> Node:
        """Return the tree of the document."""
        block = self.document.data[self.key]
        for name, definition in block.items():
            if name != "condition" and (self.key, name) != ("filter", "rules"):
                self.selections[name] = self._selection(definition, self.key, name)
        if "condition" not in block:
            return self._fault(f"{self.key}.condition is missing", self.key)
        before = len(self.faults)
        conditions = block["condition"] if isinstance(block["condition"], list) else [block["condition"]]
        tree = any_of([self._condition(text, at) for at, text in enumerate(conditions)] or [self._condition(None, 0)])
        unused = [name for name in self.selections if name not in self.used] if len(self.faults) == before else []
        for name in unused:
            self._fault(f"selection {name!r} is not used by the condition", self.key, name)
        return tree

    def _fault(self, message: str, *place: str | int) -> Node:
        self.faults.append(self.document.fault(message, *place))
        return FAULTY

    def _selection(self, definition: object, *place: str | int) -> Node:
        """Lower a selection: a mapping is an and, a list an or, a bare value a keyword."""
        if isinstance(definition, dict) and definition:
            return all_of([self._item(key, value, *place, key) for key, value in definition.items()])
        if isinstance(definition, list) and definition:
            return any_of([self._selection(part, *place, at) for at, part in enumerate(definition)])
        if isinstance(definition, (str, int)) and not isinstance(definition, bool) and definition != "":
            return self._keyword(definition, *place)
        return self._fault(f"selection {place[1]!r} holds nothing to look for", *place)

    def _item(self, key: str, value: object, *place: str | int) -> Node:
        name, *modifiers = key.split("|")
        values = value if isinstance(value, list) else [value]
        if not values:
            return self._fault(f"{key} has an empty list", *place)
        if not name:
            return self._keywords(modifiers, values, *place)
        if name not in KINDS:
            return self._fault(f"field {name!r} is not known{nearest(name, KINDS)}", *place)
        modifiers = [short(modifier) for modifier in modifiers]
        wrong = wrong_modifiers(name, modifiers)
        return self._fault(wrong, *place) if wrong else self._asked(name, modifiers, values, *place)

    def _keywords(self, modifiers: list[str], words: list[object], *place: str | int) -> Node:
        if modifiers not in ([], ["all"]):
            return self._fault("keywords take no modifier but all", *place)
        join = all_of if modifiers else any_of
        return join([self._selection(word, *place) for word in words])

    def _keyword(self, word: object, *place: str | int) -> Node:
        """Lower a keyword: it stands in any text of the flow."""
        return any_of([self._asked(name, ["contains"], [word], *place) for name in KEYWORD_FIELDS])

    def _asked(self, name: str, modifiers: list[str], values: list[object], *place: str | int) -> Node:
        """Lower the values of one field: sets are put in here, pySigma sees the rest."""
        before = len(self.faults)
        asked = [modifier for modifier in modifiers if modifier != "neq"]
        parts: list[Node] = []
        plain: list[object] = []
        for at, value in enumerate(values):
            here = (*place, at) if (*place, at) in self.document.lines else place
            found = expanded(name, asked, value, self.sets) if "expand" in asked else None
            if isinstance(found, Test):
                parts.append(found)
            elif wrong := found or wrong_value(name, asked, value, self.countries):
                self._fault(wrong, *here)
            else:
                plain.append(value)
        try:
            if plain:
                parts = [self.door.item(name, [m for m in asked if m != "expand"], plain), *parts]
        except ValueError as error:
            self._fault(str(error), *place)
        if len(self.faults) > before:
            return FAULTY
        return Not(any_of(parts)) if "neq" in modifiers else any_of(parts)

    def _condition(self, text: object, at: int) -> Node:
        place = (self.key, "condition", at)  # of a condition that stands alone, the line is the same
        if not isinstance(text, str) or not text.strip():
            return self._fault("a condition is a text: selection and not filter", *place)
        try:
            return self.door.condition(text, self._named, self._matching)
        except ValueError as error:
            return self._fault(str(error), *place)
        except RecursionError:
            return self._fault("the condition is nested too deep", *place)

    def _named(self, name: str) -> Node:
        if name not in self.selections:
            return self._fault(
                f"the condition names selection {name!r}, which does not exist{nearest(name, self.selections)}",
                self.key,
                "condition",
            )
        self.used.add(name)
        return self.selections[name]

    def _matching(self, pattern: str, join: Callable[[list[Node]], Node]) -> Node:
        """Join the selections a pattern matches."""
        names = matched(pattern, self.selections)
        if not names:
            return self._fault(
                f"the condition asks for {pattern!r}, and no selection is named so", self.key, "condition"
            )
        self.used.update(names)
        return join([self.selections[name] for name in names])


def matched(pattern: str, names: Iterable[str]) -> list[str]:
    """Return the names a pattern of a condition matches; those that begin with _ only if it does, as in pySigma."""
    shape = re.compile(".*" if pattern == "them" else pattern.replace("*", ".*"))
    return [name for name in names if shape.fullmatch(name) and (pattern.startswith("_") or not name.startswith("_"))]
