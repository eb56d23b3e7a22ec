"""What was found in a flow: told without a value ever leaving, by counts, keyed hashes and masked samples."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Final

if TYPE_CHECKING:
    from crossborder.engine.portable.search.rows import Persons

DISTINCT_LIMIT: Final = 1 << 16  # distinct values of one detector told in one report
SAMPLE_LIMIT: Final = 3


@dataclass(slots=True)
class Detection:
    """What one detector found in one flow since the last report."""

    confidence: float = 0.0  # the surest match's
    matches: int = 0
    distinct: dict[int, None] = field(default_factory=dict)  # keyed hashes, in the order of their first matches
    samples: list[str] = field(default_factory=list)  # masked

    def count(self, confidence: float, hashed: int, sample: str) -> None:
        """Count a match."""
        self.matches += 1
        self.confidence = max(self.confidence, confidence)
        if hashed not in self.distinct and len(self.distinct) < DISTINCT_LIMIT:
            self.distinct[hashed] = None
            if len(self.samples) < SAMPLE_LIMIT:
                self.samples.append(sample)


@dataclass(slots=True)
class Found:
    """What was found in one flow since the last report: by detector in the order of first matches, and persons."""

    detections: dict[str, Detection] = field(default_factory=dict)
    persons: Persons = field(default_factory=dict)

    def of(self, detector: str) -> Detection:
        """Return what a detector found, nothing yet perhaps."""
        return self.detections.setdefault(detector, Detection())

    def detection_rows(self) -> list[dict[str, Any]]:
        """Return the column `detections` of a report."""
        return [
            {
                "detector": detector,
                "matches": found.matches,
                "distinct": list(found.distinct),
                "confidence": found.confidence,
                "samples": found.samples,
            }
            for detector, found in self.detections.items()
        ]

    def person_rows(self) -> list[dict[str, Any]]:
        """Return the column `persons` of a report."""
        return [{"kind": kind, "hashes": hashes} for kind, hashes in self.persons.items() if hashes]


def masked(value: bytes, mask: tuple[int, int]) -> str:
    """Return a value with all but its ends hidden; a short one shows nothing."""
    text = value.decode("utf-8", "replace")
    head, tail = mask if len(text) >= 2 * sum(mask) else (0, 0)
    return "".join(
        letter if (at < head or at + tail >= len(text)) and "!" <= letter <= "~" else "*"
        for at, letter in enumerate(text)
    )
