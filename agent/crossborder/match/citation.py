"""Holds what a rule cites to what is known of it: the item is in the catalog, and is no better known than there."""

from __future__ import annotations

from typing import TYPE_CHECKING, get_args
from unicodedata import normalize

from crossborder.match.catalog import Class, better

if TYPE_CHECKING:
    from crossborder.errors import Fault
    from crossborder.match.catalog import Catalog, Item
    from crossborder.match.head import BaseHead, LegalBlock
    from crossborder.yamlfile import Document

_CLASSES = get_args(Class)


def cited_item(legal: LegalBlock | None, catalog: Catalog | None) -> str | None:
    """Return the item a rule cites of the catalog's own instrument, as it writes it; None when it cites none."""
    if legal is None or catalog is None or legal.instrument is None:
        return None
    return legal.item if normalize("NFC", legal.instrument) == normalize("NFC", catalog.instrument) else None


def wrong_citation(document: Document, head: BaseHead, catalog: Catalog | None, *, in_force: bool) -> list[Fault]:
    """Find what is wrong with the evidence of a document and with the item it cites; without a catalog no item is."""
    if head.legal is None:
        return []
    faults = [*_graded(document, head, head.legal), *_verified(document, head, in_force=in_force)]
    name = cited_item(head.legal, catalog)
    if name is None or catalog is None:
        return faults
    item = catalog.find(name)
    if item is None:
        message = f"item {name!r} is not in the catalog ({catalog.path})"
        return [*faults, document.fault(message, "legal", "item")]
    return [*faults, *_fitting(document, head, head.legal, item, in_force=in_force)]


def _graded(document: Document, head: BaseHead, legal: LegalBlock) -> list[Fault]:
    """Check that evidence stands where a text is cited, and only there: it grades the citation, not the finding."""
    cites = legal.category != "none"
    if cites and head.evidence is None:
        return [document.fault("evidence is missing: how well the cited text is known", "legal")]
    if not cites and head.evidence is not None:
        return [document.fault("evidence grades a cited text, and category none cites nothing", "evidence")]
    return []


def _verified(document: Document, head: BaseHead, *, in_force: bool) -> list[Fault]:
    if head.evidence != "unverified" or not in_force:
        return []
    message = "evidence unverified never ships enabled: verify the legal text, or set status: unsupported"
    return [document.fault(message, "evidence")]


def _fitting(document: Document, head: BaseHead, legal: LegalBlock, item: Item, *, in_force: bool) -> list[Fault]:
    """Check a rule against the item it cites: class, grade, and that what rests on nothing is not in force."""
    faults = []
    if legal.category in _CLASSES and legal.category != item.category:
        message = f"item {item.name} is {item.category} data, and the rule's category is {legal.category}"
        faults.append(document.fault(message, "legal", "category"))
    if item.evidence == "unverified" and in_force:
        message = f"item {item.id} is unverified in the catalog: a rule that rests on it is never enabled"
        faults.append(document.fault(message, "legal", "item"))
    elif head.evidence and better(head.evidence, item.evidence):
        message = f"evidence {head.evidence} is better than that of item {item.id}, {item.evidence}"
        faults.append(document.fault(message, "evidence"))
    return faults
