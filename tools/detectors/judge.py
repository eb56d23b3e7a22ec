"""Shows each text to the detectors and counts what they tell, rightly and wrongly."""

from __future__ import annotations

from collections import Counter
from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass, field
from multiprocessing import get_context
from typing import TYPE_CHECKING, Final, NamedTuple

from tools.detectors.corpus import BULK

from crossborder.config import data_folder
from crossborder.engine import native_available
from crossborder.engine.detectors import read_detectors
from crossborder.engine.portable.search import Detectors, Shown

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Sequence

    from tools.detectors.corpus import Example

    from crossborder.engine.detectors import Detector

KEY: Final = bytes(32)  # a corpus has no secrets
LIMIT: Final = 1 << 24
ENOUGH: Final = 0.95  # of the values of an export must be told for it to count as told
Told = dict[str, int]
"""Distinct values told, by detector."""


class DisagreementError(Exception):
    """The engines found different things in the same text."""


class Count(NamedTuple):
    """What became of the texts of one detector in one form."""

    texts: int
    told: int
    false: int  # texts of this size without such a value in which one was told

    @property
    def recall(self) -> float:
        """Return the share of texts that were told."""
        return self.told / self.texts

    @property
    def precision(self) -> float:
        """Return the share of what was told that was right."""
        return self.told / max(self.told + self.false, 1)


@dataclass
class Verdict:
    """What came of a corpus, or of a part of one."""

    engines: str = ""
    positive: int = 0
    negative: int = 0
    texts: Counter[tuple[str, str]] = field(default_factory=Counter)  # by detector and form
    told: Counter[tuple[str, str]] = field(default_factory=Counter)
    false: Counter[tuple[str, str]] = field(default_factory=Counter)  # by detector and kind of text
    false_by_size: Counter[tuple[str, bool]] = field(default_factory=Counter)  # by detector, of exports or not
    missed: dict[str, list[bytes]] = field(default_factory=dict)  # for whoever tunes
    alarmed: dict[str, list[bytes]] = field(default_factory=dict)

    @property
    def counts(self) -> dict[tuple[str, str], Count]:
        """Return what became of each detector and form."""
        return {
            key: Count(texts, self.told[key], self.false_by_size[key[0], key[1] == BULK])
            for key, texts in self.texts.items()
        }

    def see(self, example: Example, told: Told) -> None:
        """Count a text."""
        self.positive += bool(example.holds)
        self.negative += not example.holds
        for detector, form in example.holds.items():
            self.texts[detector, form] += 1
            enough = told.get(detector, 0) >= (ENOUGH * example.records if example.is_bulk else 1)
            self.told[detector, form] += enough
            if not enough:
                self.missed.setdefault(detector, []).append(example.data)
        for wrong in told.keys() - example.holds.keys() - example.also:
            self.false[wrong, example.about] += 1
            self.false_by_size[wrong, example.is_bulk] += 1
            self.alarmed.setdefault(wrong, []).append(example.data)

    def add(self, other: Verdict) -> None:
        """Add what came of another part."""
        self.engines = other.engines
        self.positive += other.positive
        self.negative += other.negative
        for mine, theirs in ((self.texts, other.texts), (self.told, other.told), (self.false, other.false)):
            mine.update(theirs)
        self.false_by_size.update(other.false_by_size)
        for kept, more in ((self.missed, other.missed), (self.alarmed, other.alarmed)):
            for name, texts in more.items():
                kept.setdefault(name, []).extend(texts)


def shipped() -> tuple[Detector, ...]:
    """Return the shipped detectors."""
    return read_detectors([data_folder("rules") / "detectors"])


def engines(detectors: Iterable[Detector]) -> list[Callable[[bytes], Told]]:
    """Return how each engine that is here reads a text."""
    searches = [detector.search for detector in detectors]
    compiled = Detectors(searches, KEY, LIMIT)

    def portable(data: bytes) -> Told:
        shown = Shown(compiled)
        shown.show(data)
        shown.finish()
        return {name: len(found.distinct) for name, found in shown.take(last=True).detections.items()}

    if not native_available():
        return [portable]
    import crossborder_native

    search = crossborder_native.ContentSearch(searches, KEY, LIMIT)
    return [portable, lambda data: {name: len(distinct) for name, _, _, distinct, _ in search.search(data)[0]}]


def told_in(data: bytes, readers: Iterable[Callable[[bytes], Told]]) -> Told:
    """Return what is told in a text; all engines must say the same."""
    first, *others = [read(data) for read in readers]
    if any(other != first for other in others):
        raise DisagreementError(f"{[first, *others]} in {data[:500]!r}")
    return first


def judge(examples: Iterable[Example], detectors: Iterable[Detector]) -> Verdict:
    """Count what is told in each text."""
    readers = engines(detectors)
    verdict = Verdict("both engines, which agreed on each" if len(readers) > 1 else "the portable engine")
    for example in examples:
        verdict.see(example, told_in(example.data, readers))
    return verdict


def judge_apart(examples: Sequence[Example], jobs: int) -> Verdict:
    """Do the same with the shipped detectors in several processes."""
    whole, size = Verdict(), 2000
    with ProcessPoolExecutor(jobs, mp_context=get_context("forkserver")) as pool:
        for part in pool.map(_judge_part, (examples[at : at + size] for at in range(0, len(examples), size))):
            whole.add(part)
    return whole


def _judge_part(examples: Sequence[Example]) -> Verdict:
    return judge(examples, shipped())
