"""What detectors see of one flow: bytes in order, looked at once what a match can be long is known behind them."""

from __future__ import annotations

import hashlib
from functools import partial
from typing import TYPE_CHECKING, Final, NamedTuple

from crossborder.engine.detectors import CODINGS, DEPTH
from crossborder.engine.portable.search.bulk import Crowd
from crossborder.engine.portable.search.found import Found, masked
from crossborder.engine.portable.search.label import CONTEXT, is_labelled
from crossborder.engine.portable.search.pattern import Pattern, Place
from crossborder.engine.portable.search.roll import Asked, Roll
from crossborder.engine.portable.search.rows import Rows
from crossborder.engine.portable.search.validate import Grade, check
from crossborder.errors import Attempts, CrossborderError

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence

    from crossborder.engine.detectors import Search
    from crossborder.engine.register import Register

MATCH_LIMIT: Final = 256  # bytes of a match; a longer one is counted as far as this
_LOOK_AHEAD = 2  # bytes behind a match that its edges look at
_LOOK_BACK = CONTEXT + 4  # bytes before a match: its label, and a letter of which only the end may be kept
_HEAD = 2048  # bytes at the beginning of a text in which it may say what kind of file it is
_SURE = 0.5  # a match at least so sure is told
_POSSIBLE = 0.5  # what is left of the score of a match alone when its structure is not right


class Detectors:
    """All detectors compiled, the key under which values are told apart, how much is looked at, who is known."""

    def __init__(
        self,
        searches: Iterable[Search],
        key: bytes,
        limit: int,
        registers: Sequence[Register] = (),
        depth: int = DEPTH,
        codings: int = CODINGS,
    ) -> None:
        """Compile; see `Searching`. Raises CrossborderError with every reason."""
        tries = Attempts()
        found = [(search, tries.attempt(partial(Pattern, search))) for search in searches]
        if tries.errors:
            raise CrossborderError.joined(tries.errors)
        self.all = [(search, pattern) for search, pattern in found if pattern]
        self.limit = limit
        self.depth = depth
        self.codings = codings
        self.registers = registers
        self._key = key

    def hash(self, value: bytes) -> int:
        """Return the keyed hash that stands for a value."""
        return int.from_bytes(hashlib.blake2b(value, digest_size=8, key=self._key).digest(), "big")


class _Candidate(NamedTuple):
    """A match in the tail; in the order in which they are weighed."""

    start: int
    detector: int
    value: tuple[int, int]


class Shown:
    """What detectors have seen of one flow."""

    def __init__(self, detectors: Detectors) -> None:
        """Begin with nothing."""
        self._detectors = detectors
        self._tail = bytearray()  # the end of what was shown: what starts there may go on
        self._gone = 0  # bytes of this text that came before the tail
        self._next: list[int] = []  # where in the tail each detector looks next
        self._crowds = [Crowd(search.bulk) for search, _ in detectors.all]
        self._roll = Roll()
        self._bytes = 0
        self._rows = Rows()
        self._found = Found()

    def search_for(self, detectors: Detectors) -> None:
        """Have other detectors see what is shown, between two texts; what was gathered is not theirs."""
        self._detectors = detectors
        self._crowds = [Crowd(search.bulk) for search, _ in detectors.all]
        self._roll = Roll()

    def show(self, data: bytes) -> bool:
        """Show bytes that went out, in order; return whether more will be looked at."""
        limit = self._detectors.limit
        data = data[: max(limit - self._bytes, 0)]
        self._bytes += len(data)
        self._tail += data
        if self._bytes < limit:
            self._scan(last=False)
        else:
            self.finish()
        return self._bytes < limit

    def finish(self) -> None:
        """Learn that nothing follows, or that bytes are missing: another text begins.

        No match and no label reaches into it; what proves nothing alone goes on to be gathered.
        """
        size = self._gone + len(self._tail)
        self._scan(last=True)
        for crowd in self._crowds:
            crowd.end_text(size)
        self._roll.end_text(size)
        self._tail.clear()
        self._next = []
        self._gone = 0
        self._rows.begin_text()

    def drop_undecided(self) -> None:
        """Forget what is not decided, which another will show again."""
        self._bytes -= min(len(self._tail), self._bytes)
        self._tail.clear()
        self.search_for(self._detectors)
        self._next = []
        self._gone = 0
        self._rows.begin_text()

    def take(self, last: bool) -> Found:
        """Take out what was found since this was asked last; `last`: nothing follows."""
        found, self._found = self._found, Found()
        found.persons = self._rows.take(last)
        return found

    def _scan(self, last: bool) -> None:
        """Count the matches behind which enough is known, so that how a stream was cut changes nothing."""
        decided = len(self._tail) - (0 if last else MATCH_LIMIT + _LOOK_AHEAD)
        if decided <= 0:
            return
        whole_head = last or self._gone > 0 or len(self._tail) >= _HEAD
        tail = bytes(self._tail)
        if not self._next:
            self._next = [0] * len(self._detectors.all)
        for candidate in sorted(self._candidates(tail, decided, whole_head)):
            self._weigh(tail, candidate)
        self._rows.at(tail, decided)
        self._remember(max(decided - _LOOK_BACK, 0) if whole_head else 0)

    def _candidates(self, tail: bytes, decided: int, whole_head: bool) -> Iterator[_Candidate]:
        """Yield the places of matches that stand by themselves, up to where enough is known."""
        for at, (search, pattern) in enumerate(self._detectors.all):
            if search.at_start and not whole_head:
                continue
            over = search.at_start and (self._gone > 0 or self._next[at] > 0)
            while not over and (place := pattern.find(tail, self._next[at])) and place.start < decided:
                free = pattern.is_free(tail, place)
                self._next[at] = _behind(place) if free else place.start + 1
                if free:
                    start, end = place.value
                    yield _Candidate(place.start, at, (start, min(end, place.start + MATCH_LIMIT)))
                    over = search.at_start
            self._next[at] = max(decided, self._next[at])

    def _weigh(self, tail: bytes, candidate: _Candidate) -> None:
        """Count a match, or hold it until there are more, or let it go."""
        search, _ = self._detectors.all[candidate.detector]
        crowd = self._crowds[candidate.detector]
        value = tail[slice(*candidate.value)]
        grade, normal = check(search.validator, value)
        crowd.see(grade)
        if grade is Grade.WRONG:
            return
        if self._detectors.registers and self._is_person(tail, candidate):
            self._recognise(tail, candidate, normal)
        in_bulk = search.scores[2]
        score = max(_score(search, tail, candidate.start, grade), in_bulk if crowd.is_export else 0.0)
        if score < _SURE and (in_bulk < _SURE or crowd.is_hopeless):
            return
        hashed, row = self._detectors.hash(normal), self._rows.at(tail, candidate.start)
        if score >= _SURE:
            self._found.of(search.id).count(score, hashed, masked(value, search.mask))
            self._note(search, row, hashed)
            return
        for held in crowd.hold(hashed, row, self._gone + candidate.start, masked(value, search.mask)):
            self._found.of(search.id).count(in_bulk, held.hash, held.sample)
            self._note(search, held.row, held.hash)

    def _is_person(self, tail: bytes, candidate: _Candidate) -> bool:
        """Tell whether a match may name a person: one that proves nothing without a label only behind it."""
        search, _ = self._detectors.all[candidate.detector]
        _, *scores = search.scores
        stands_alone = max(scores) >= _SURE
        return search.person is not None and (stands_alone or is_labelled(tail, candidate.start, search.labels))

    def _recognise(self, tail: bytes, candidate: _Candidate, normal: bytes) -> None:
        """Count who is in a register."""
        search, _ = self._detectors.all[candidate.detector]
        row, at = self._rows.at(tail, candidate.start), self._gone + candidate.start
        sample = masked(tail[slice(*candidate.value)], search.mask)
        asked = Asked(candidate.detector, self._detectors.hash(normal), row, at, sample)
        known = self._roll.call(
            self._detectors.registers, asked, lambda: is_labelled(tail, candidate.start, search.labels)
        )
        for register, hashed, where, shown in known:
            self._found.of(register.id).count(register.confidence, hashed, shown)
            self._rows.note(where, register.kind, None if search.person is None else (search.person, hashed))

    def _note(self, search: Search, row: int, hashed: int) -> None:
        self._rows.note(row, search.kind, None if search.person is None else (search.person, hashed))

    def _remember(self, keep: int) -> None:
        del self._tail[:keep]
        self._next = [place - keep for place in self._next]
        self._rows.forget(keep)
        self._gone += keep


def _behind(place: Place) -> int:
    return max(min(place.end, place.start + MATCH_LIMIT), place.start + 1)


def _score(search: Search, tail: bytes, start: int, grade: Grade) -> float:
    """Return how sure a match is by itself and by what stands before it."""
    labelled, bare, _ = search.scores
    bare = bare if grade is Grade.LIKELY else bare * _POSSIBLE
    return labelled if labelled > bare and is_labelled(tail, start, search.labels) else bare
