"""Makes the ruleset of what was read, and checks what only shows when all rules are seen together."""

from __future__ import annotations

import hashlib
from typing import TYPE_CHECKING, NamedTuple, cast

from crossborder.errors import Fault
from crossborder.match.conditions import any_of
from crossborder.match.fields import nearest
from crossborder.match.ruleset import EVALUATED, Rule, Ruleset

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

    from crossborder.match.conditions import Node
    from crossborder.match.head import BaseHead, Head
    from crossborder.match.rulefile import RuleFile
    from crossborder.match.ruleset import Correlation, NamedSet, Shadow


class Draft(NamedTuple):
    """A rule file whose documents were read one by one."""

    file: RuleFile
    heads: Sequence[BaseHead]  # one per document
    trees: Sequence[Node]  # one per document with a detection
    correlation: Correlation | None  # of the last document
    filters: tuple[str, ...] = ()  # digests of the filters that were put to it

    @property
    def generates(self) -> bool:
        """Tell whether the counted rules make findings of their own."""
        block = self.heads[-1].correlation
        return block is not None and block.generate


def assemble(
    drafts: Sequence[Draft],
    sets: Mapping[str, NamedSet],
    disabled: frozenset[str],
    faults: list[Fault],
    shadow: Shadow = "alert",
) -> Ruleset:
    """Return the ruleset; what is wrong between files is added to `faults`, and then the ruleset is empty."""
    faults += _repeated(drafts)
    names = [head.name for draft in drafts for head in _finding_heads(draft)]
    for name in sorted(disabled - set(names)):
        faults.append(Fault("", None, f"rules.disable names {name!r}, which is no rule{nearest(name, names)}"))
    if faults:
        return Ruleset(())
    rules = tuple(rule for draft in drafts for rule in _rules(draft, disabled, shadow))
    files = (*(draft.file.path for draft in drafts), *(named.path for named in sets.values()))
    return Ruleset(rules, dict(sets), _digest(rules, sets.values()), files)


def _finding_heads(draft: Draft) -> Sequence[BaseHead]:
    """Return the heads of the documents that make findings of their own."""
    return draft.heads if draft.generates else draft.heads[-1:]


def _repeated(drafts: Sequence[Draft]) -> list[Fault]:
    """Find ids and names that two documents share: findings could not be told apart."""
    faults = []
    seen: dict[tuple[str, str], str] = {}
    for draft in drafts:
        for document, head in zip(draft.file.documents, draft.heads, strict=True):
            here = f"{document.path}:{document.line(())}"
            for key, value in (("id", head.id), ("name", head.name)):
                first = seen.setdefault((key, value), here)
                if first != here:
                    faults.append(document.fault(f"{key} {value!r} is already taken by {first}", key))
    return faults


def _rules(draft: Draft, disabled: frozenset[str], shadow: Shadow) -> list[Rule]:
    bases = draft.heads[:-1]
    counted = draft.correlation.bases if draft.correlation else ()
    rules = [_rule(draft, at, draft.trees[at], disabled, shadow) for at in range(len(bases)) if draft.generates]
    tree = any_of([draft.trees[at] for at, base in enumerate(bases) if base.name in counted] or [draft.trees[-1]])
    return [*rules, _rule(draft, len(bases), tree, disabled, shadow)]


def _rule(draft: Draft, at: int, tree: Node, disabled: frozenset[str], shadow: Shadow) -> Rule:
    head = cast("Head", draft.heads[at])
    tried = head.status == "experimental"
    return Rule(
        name=head.name,
        uuid=head.id,
        title=head.title,
        level=head.level,
        status=head.status,
        legal=head.legal.noun(),
        evidence=head.evidence,
        description=head.description,
        misses=head.misses,
        falsepositives=head.falsepositives,
        references=head.references,
        path=str(draft.file.path),
        line=draft.file.documents[at].line(()) or 1,
        sha256=draft.file.sha256,
        tree=tree,
        correlation=draft.correlation if at == len(draft.heads) - 1 else None,
        enabled=head.status in EVALUATED and head.name not in disabled and not (tried and shadow == "off"),
        filters=draft.filters,
        shadow=tried and shadow == "count",
    )


def _digest(rules: Iterable[Rule], sets: Iterable[NamedSet]) -> str:
    """Return one hash for what is in force: any changed text, set or switch changes it."""
    lines = [f"rule {rule.name} {rule.sha256} {rule.enabled}{' shadow' * rule.shadow}" for rule in rules]
    lines += [f"filter of {rule.name} {one}" for rule in rules for one in rule.filters]
    lines += [f"set {named.name} {named.sha256}" for named in sets]
    return hashlib.sha256("\n".join(sorted(lines)).encode()).hexdigest()
