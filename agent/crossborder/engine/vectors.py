"""Searches a whole text by the portable engine, and runs the vectors a detector brings as its own tests."""

from __future__ import annotations

import secrets
from typing import TYPE_CHECKING, Final, NamedTuple

from crossborder.engine.detectors import vector_bytes
from crossborder.engine.portable.search import Detectors, Shown

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from crossborder.engine.detectors import Detector
    from crossborder.engine.portable.search import Found

_BLOCK: Final = 1 << 20


class Outcome(NamedTuple):
    """What came of one vector."""

    detector: str
    must_match: bool
    text: str
    ok: bool


def search_text(data: bytes, detectors: Iterable[Detector]) -> Found:
    """Return what is found in a text; raises CrossborderError where a pattern does not compile."""
    shown = Shown(Detectors([detector.search for detector in detectors], secrets.token_bytes(32), len(data) + 1))
    for at in range(0, len(data), _BLOCK):
        shown.show(data[at : at + _BLOCK])
    shown.finish()
    return shown.take(last=True)


def run_vectors(detectors: Iterable[Detector]) -> Iterator[Outcome]:
    """Yield what comes of each text that must be found and each that must not."""
    for detector in detectors:
        for must_match, vectors in ((True, detector.vectors.match), (False, detector.vectors.miss)):
            for vector in vectors:
                found = bool(search_text(vector_bytes(vector), [detector]).detections)
                yield Outcome(detector.id, must_match, str(vector), found is must_match)
