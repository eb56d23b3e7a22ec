"""What readers write on: the text that detectors are shown, and how much more may be read."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final, Protocol

from crossborder.engine.portable.search.shown import Shown

if TYPE_CHECKING:
    from crossborder.engine.portable.search.found import Found
    from crossborder.engine.portable.search.shown import Detectors

BATCH: Final = 8192  # bytes of text that are shown at once: a look at a few bytes costs as much
LIMITS: Final = ("bytes", "depth", "memory")
"""Why something was not read wholly: as many bytes were looked at as ever are, unpacked ones counted; too many things
inside each other; a head that is longer than any that is kept."""


class Page:
    """The text of one flow."""

    __slots__ = ("_begun", "_detectors", "_later", "_met", "_shown", "_text", "_told", "_unpacked", "over")

    def __init__(self, detectors: Detectors) -> None:
        """Begin with nothing."""
        self._detectors = detectors
        self._later: Detectors | None = None  # who sees the next text, if those do not
        self._shown = Shown(detectors)
        self._text = bytearray()  # that is not shown yet
        self._begun = False  # something of the present text was shown
        self._unpacked = 0
        self._met: set[str] = set()
        self._told: set[str] = set()
        self.over = False  # nothing more is looked at

    def search_for(self, detectors: Detectors) -> None:
        """Have the next text searched by other detectors.

        The present one stays theirs who began it: where each of them looks next and what they hold is theirs alone, and
        a text cut here would end values in their middle.
        """
        self._later = detectors
        self._begin_text()

    def _begin_text(self) -> None:
        if self._later is not None and not self._begun and not self._text:
            self._detectors, self._later = self._later, None
            self._shown.search_for(self._detectors)

    def drop_undecided(self) -> None:
        """Forget what was put and is not decided."""
        self._text.clear()
        self._shown.drop_undecided()
        self._begun = False
        self._begin_text()

    def put(self, text: bytes) -> None:
        """Put text behind what is there."""
        if not self.over:
            self._text += text
            if len(self._text) >= BATCH:
                self._flush()

    def _flush(self) -> None:
        if self._text and not self.over:
            text, self._text = bytes(self._text), bytearray()
            self._begun = True
            self.over = not self._shown.show(text)
            if self.over:
                self.meet("bytes")

    def end_text(self) -> None:
        """End a text: nothing runs over into the next."""
        self._flush()
        begun, self._begun = self._begun, False
        if begun and not self.over:
            self._shown.finish()
        self._begin_text()

    @property
    def depth(self) -> int:
        """Things inside each other that are opened."""
        return self._detectors.depth

    @property
    def codings(self) -> int:
        """Packings one over the other that are undone."""
        return self._detectors.codings

    @property
    def room(self) -> int:
        """Bytes that may be unpacked yet."""
        return max(self._detectors.limit - self._unpacked, 0)

    def count_unpacked(self, size: int) -> None:
        """Count bytes that were unpacked."""
        self._unpacked += size

    def meet(self, limit: str) -> None:
        """Note that a limit was met."""
        self._met.add(limit)

    def take_limited(self) -> set[str]:
        """Take out which limits were met since this was asked last, each once."""
        new, self._told = self._met - self._told, set(self._met)
        return new

    def take(self, last: bool) -> Found:
        """Take out what was found since this was asked last."""
        self._flush()
        return self._shown.take(last)


class Reader(Protocol):
    """Reads the bytes of a body, piece by piece; how they are cut changes nothing. Never raises; bounded memory."""

    def read(self, page: Page, data: bytes) -> None:
        """Take the next bytes."""

    def end(self, page: Page) -> None:
        """Learn that nothing follows."""
