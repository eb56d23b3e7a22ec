"""Detectors for tests: what is searched for, without files."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import TYPE_CHECKING, Literal

from crossborder.config import data_folder
from crossborder.engine.detectors import Search, Searching, read_detectors
from crossborder.engine.enrolment import Enrolment
from crossborder.engine.native import fuse
from crossborder.engine.register import Register
from crossborder.keyfile import Key

if TYPE_CHECKING:
    from collections.abc import Iterable

    from crossborder.engine.detectors import Detector

KEY = bytes(range(32))
LIMIT = 16 << 20
DETECTOR = """
id: {id}
title: A word
finds: document
{looks_for}
scores: {{bare: 1}}
vectors: {{match: [a word]}}
"""


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


def register(
    name: str,
    identifiers: Iterable[str],
    bits: Literal[8, 16] = 16,
    kind: Literal["basic", "sensitive"] = "basic",
    key: Key = Key(KEY),  # noqa: B008 - immutable
) -> Register:
    """Return a register of some people, under the key of tests unless another is given."""
    enrolment = Enrolment(key)
    enrolment.take(f"{one}\n".encode() for one in identifiers)
    count, seed, length, counted, fingerprints = fuse(enrolment.hashes, bits)
    return Register(
        name=name,
        kind=kind,
        bits=bits,
        count=count,
        built=datetime(2026, 1, 1, tzinfo=UTC),
        key=key.fingerprint,
        seed=seed,
        segment_length=length,
        segment_count_length=counted,
        fingerprints=fingerprints,
    )
