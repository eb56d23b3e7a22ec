"""Detectors for tests: what is searched for, without files."""

from __future__ import annotations

from typing import TYPE_CHECKING

from crossborder.config import data_folder
from crossborder.engine.detectors import Search, Searching, read_detectors

if TYPE_CHECKING:
    from crossborder.engine.detectors import Detector

KEY = bytes(range(32))
LIMIT = 16 << 20


def word(name: str, *literals: str) -> Search:
    """Return a detector of words that are sure by themselves."""
    scores, bulk, mask = (0.0, 1.0, 0.0), (50, 0.5, 1024), (2, 2)
    return Search(name, list(literals), "", [], False, False, "any", "any", [], scores, bulk, mask, "other", None)


def shipped() -> tuple[Detector, ...]:
    """Return the shipped detectors."""
    return read_detectors([data_folder("rules") / "detectors"])


def searching(*searches: Search, limit: int = LIMIT) -> Searching:
    """Return what content is searched for: the shipped detectors unless others are given."""
    return Searching(searches or tuple(detector.search for detector in shipped()), KEY, limit)
