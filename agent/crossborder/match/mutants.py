"""Mutants of a rule: the same rule with one thing wrong, as a tired person would get it wrong; each a rule that runs.

Left out is what could not change an answer, or what no rule could say: a value of a named set is data of many rules, a
comparison `gt` for `gte` of whole numbers is the threshold moved by one, and what comes to the same tree is one mutant.
"""

from __future__ import annotations

import dataclasses
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from crossborder import yamlfile
from crossborder.match.conditions import ORDER_OPS, And, Not, Op, Or, Test, all_of, any_of
from crossborder.match.detection import Detection, matched
from crossborder.match.fields import KINDS, Kind
from crossborder.match.reader import DOOR
from crossborder.model import UNKNOWN_COUNTRY
from crossborder.yamlfile import Document

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence

    from crossborder.match.conditions import Node, Value
    from crossborder.match.detection import Matching, Named
    from crossborder.match.ruleset import Correlation, NamedSet, Rule
    from crossborder.yamlfile import Place

    Change = tuple[str, Node]  # what was changed, and what became of it

_EDGES = frozenset({Op.STARTS, Op.ENDS, Op.CONTAINS})


@dataclass(frozen=True, slots=True)
class Mutant:
    """One thing that was changed, where it stands, and the rule that it makes."""

    what: str
    path: str
    line: int
    rule: Rule


def mutants(rule: Rule, sets: Mapping[str, NamedSet]) -> tuple[Mutant, ...]:
    """Return the mutants of a rule that was read without fault, in the order of its text; no two mean the same."""
    documents = yamlfile.read_all(Path(rule.path))
    correlation = rule.correlation
    bases = [d for d in documents if d.data["name"] in correlation.bases] if correlation else documents[-1:]
    sources = [_Source(document, sets) for document in bases]
    found = []
    for at, source in enumerate(sources):
        for what, place, tree in source.mutants():
            whole = any_of([tree if other is source else other.tree for other in sources])
            line = bases[at].line(place) or rule.line
            found.append(Mutant(what, rule.path, line, dataclasses.replace(rule, tree=whole)))
    if correlation:
        for what, key, counted in _miscounted(correlation):
            line = documents[-1].line(("correlation", *key)) or rule.line
            found.append(Mutant(what, rule.path, line, dataclasses.replace(rule, correlation=counted)))
    return tuple(_distinct(rule, found))


def _distinct(rule: Rule, found: Iterable[Mutant]) -> Iterator[Mutant]:
    seen = {(_plain(rule.tree), rule.correlation)}
    for mutant in found:
        meaning = _plain(mutant.rule.tree), mutant.rule.correlation
        if meaning not in seen:
            seen.add(meaning)
            yield mutant


def _plain(node: Node) -> Node:
    """Return a tree without what changes nothing: double negations, joints of one part, joints within their like."""
    if isinstance(node, Test):
        return node
    if isinstance(node, Not):
        part = _plain(node.part)
        return part.part if isinstance(part, Not) else Not(part)
    parts: list[Node] = []
    for part in map(_plain, node.parts):
        parts += part.parts if isinstance(part, type(node)) else [part]
    return parts[0] if len(parts) == 1 else type(node)(tuple(parts))


class _Words:
    """A door that reads items as ever and takes a condition for the name of the one selection there is."""

    item = DOOR.item

    def condition(self, text: str, named: Named, matching: Matching) -> Node:
        del matching
        return named(text)


class _Source:
    """A document with a detection: its condition as a tree of names, its selections as trees of items."""

    def __init__(self, document: Document, sets: Mapping[str, NamedSet]) -> None:
        self._document = document
        self._sets = sets
        block = document.data["detection"]
        self._selections = {name: self._selection(block[name], (name,)) for name in block if name != "condition"}
        self._condition = self._skeleton(block["condition"])
        self.tree = self._joined({})

    def mutants(self) -> Iterator[tuple[str, Place, Node]]:
        """Yield what was changed, its place in the document and the whole tree."""
        for name, selection in self._selections.items():
            for what, place, node in _changed_selection(selection):
                yield f"{name}: {what}", ("detection", *place), self._joined({name: node})
        for what, skeleton in changes(self._condition):
            yield f"condition: {what}", ("detection", "condition"), self._joined({}, skeleton)

    def _joined(self, instead: Mapping[str, Node], skeleton: Node | None = None) -> Node:
        """Return the tree of the document, with some selections or the condition replaced."""
        nodes = {name: selection.node for name, selection in self._selections.items()}
        return _put(skeleton or self._condition, {**nodes, **instead})

    def _skeleton(self, condition: str | Sequence[str]) -> Node:
        """Return a condition as a tree of tests that only bear the selections' names."""
        names = list(self._selections)

        def matching(pattern: str, join: Callable[[list[Node]], Node]) -> Node:
            return join([_name(name) for name in matched(pattern, names)])

        texts = [condition] if isinstance(condition, str) else condition
        return any_of([DOOR.condition(text, _name, matching) for text in texts])

    def _selection(self, definition: object, place: Place) -> _Selection:
        if isinstance(definition, dict):
            parts = [
                _Selection(self._item(key, value), (*place, key), f"{key}: {_quoted(value)}", ())
                for key, value in definition.items()
            ]
            return _Selection(all_of([part.node for part in parts]), place, "", tuple(parts), And)
        if isinstance(definition, list) and all(isinstance(part, dict) for part in definition):
            parts = [self._selection(part, (*place, at)) for at, part in enumerate(definition)]
            named = tuple(dataclasses.replace(part, said=f"alternative {at}") for at, part in enumerate(parts, 1))
            return _Selection(any_of([part.node for part in parts]), place, "", named, Or)
        return _Selection(self._lowered(definition), place, _quoted(definition), ())

    def _item(self, key: str, value: object) -> Node:
        return self._lowered({key: value})

    def _lowered(self, definition: object) -> Node:
        block = {"detection": {"it": definition, "condition": "it"}}
        document = Document(self._document.path, block, {(): 1})
        return Detection(document, _Words(), self._sets, None, []).tree()


@dataclass(frozen=True, slots=True)
class _Selection:
    """A selection or an item of one: its tree, its place below `detection`, and what it is made of."""

    node: Node
    place: Place
    said: str
    parts: tuple[_Selection, ...]
    joint: type[And | Or] = And

    def with_part(self, at: int, node: Node | None) -> Node:
        """Return the tree with one part replaced, or left out."""
        nodes = [part.node for part in self.parts]
        nodes[at : at + 1] = [] if node is None else [node]
        return all_of(nodes) if self.joint is And else any_of(nodes)


def _changed_selection(selection: _Selection) -> Iterator[tuple[str, Place, Node]]:
    """Yield what can go wrong within a selection, each at its own line."""
    if not selection.parts:
        for what, node in changes(selection.node):
            yield f"{selection.said}: {what}", selection.place, node
        return
    for at, part in enumerate(selection.parts):
        if len(selection.parts) > 1:
            yield f"without {part.said}", part.place, selection.with_part(at, None)
            yield f"not {part.said}", part.place, selection.with_part(at, Not(part.node))
        for what, place, node in _changed_selection(part):
            yield what, place, selection.with_part(at, node)
    if len(selection.parts) > 1:
        other = any_of if selection.joint is And else all_of
        words = "any of its lines" if selection.joint is And else "all of its alternatives"
        yield f"{words} at once", selection.place, other([part.node for part in selection.parts])


def changes(node: Node) -> Iterator[Change]:
    """Yield what can go wrong with a tree: a part left out, and for or, a not too many or too few, a value moved."""
    if isinstance(node, Test):
        yield f"not {_said(node)}", Not(node)
        yield from _changed_test(node)
        return
    if isinstance(node, Not):
        yield f"without the not before {_said(node.part)}", node.part
        yield from ((what, Not(part)) for what, part in changes(node.part) if what != f"not {_said(node.part)}")
        return
    for at, part in enumerate(node.parts):
        yield f"without {_said(part)}", _with(node, at, [])
        yield from ((what, _with(node, at, [changed])) for what, changed in changes(part))
    joints = ("or", "and", Or) if isinstance(node, And) else ("and", "or", And)
    yield f"{joints[0]} for {joints[1]} in {_said(node)}", joints[2](node.parts)


def _with(node: And | Or, at: int, instead: list[Node]) -> Node:
    parts = [*node.parts[:at], *instead, *node.parts[at + 1 :]]
    return parts[0] if len(parts) == 1 else type(node)(tuple(parts))


def _changed_test(test: Test) -> Iterator[Change]:
    if test.op in ORDER_OPS:
        for number in _moved(test.values[0]):
            yield f"{number} for {test.values[0]}", dataclasses.replace(test, values=(number,))
    elif KINDS.get(test.field) is Kind.COUNTRY and test.op is Op.IS:
        yield from _flipped(test)
    elif "expand" not in test.modifiers and len(test.values) > 1:
        for at, value in enumerate(test.values):
            yield f"without {value}", dataclasses.replace(test, values=(*test.values[:at], *test.values[at + 1 :]))
    if test.op in _EDGES and "expand" not in test.modifiers:
        yield f"without |{test.modifiers}", dataclasses.replace(test, op=Op.IS)


def _flipped(test: Test) -> Iterator[Change]:
    """Yield the same countries with the unknown one more or less, and with every other that is known."""
    unknown = Test(test.field, Op.IS, (UNKNOWN_COUNTRY,))
    if UNKNOWN_COUNTRY in test.values:
        yield f"{test.shown} and every other country", any_of([test, Not(unknown)])
        if rest := tuple(value for value in test.values if value != UNKNOWN_COUNTRY):
            yield f"{test.shown} without {UNKNOWN_COUNTRY}", dataclasses.replace(test, values=rest)
    else:
        yield f"{test.shown} and {UNKNOWN_COUNTRY}", any_of([test, unknown])
        yield f"{test.shown} and every other known country", any_of([test, Not(unknown)])


def _moved(value: Value) -> Iterator[int | float]:
    """Yield a threshold doubled, halved, one more and one less."""
    if isinstance(value, str):
        return
    half: int | float = value // 2 if isinstance(value, int) else value / 2
    moved: list[int | float] = [value * 2, half, value + 1, value - 1]
    yield from dict.fromkeys(each for each in moved if each != value and each >= 0)


def _miscounted(correlation: Correlation) -> Iterator[tuple[str, Place, Correlation]]:
    """Yield what can go wrong with a count: its threshold, its span, what it is counted by."""
    for value in _moved(correlation.threshold):
        what = f"{correlation.op}: {value} for {correlation.threshold}"
        yield what, ("condition", correlation.op), dataclasses.replace(correlation, threshold=value)
    for word, span in (("twice", correlation.span_ns * 2), ("half of", correlation.span_ns // 2)):
        what = f"within {word} {correlation.timespan}"
        yield what, ("timespan",), dataclasses.replace(correlation, span_ns=span)
    for at, name in enumerate(correlation.group_by):
        rest = (*correlation.group_by[:at], *correlation.group_by[at + 1 :])
        yield f"not by {name}", ("group-by", at), dataclasses.replace(correlation, group_by=rest)


def _name(name: str) -> Test:
    return Test(name, Op.EXISTS)


def _put(node: Node, nodes: Mapping[str, Node]) -> Node:
    """Return a tree of names with the selections' trees in their places."""
    if isinstance(node, Test):
        return nodes[node.field]
    if isinstance(node, Not):
        return Not(_put(node.part, nodes))
    return type(node)(tuple(_put(part, nodes) for part in node.parts))


def _said(node: Node) -> str:
    """Return a tree as a condition would write it."""
    if isinstance(node, Test):
        return f"{node.field} {node.written}".rstrip()
    if isinstance(node, Not):
        return f"not {_said(node.part)}"
    joint = " and " if isinstance(node, And) else " or "
    return f"({joint.join(map(_said, node.parts))})"


def _quoted(value: object) -> str:
    text = ", ".join(map(str, value)) if isinstance(value, list) else str(value)
    return text if len(text) <= 60 else f"{text[:59]}…"
