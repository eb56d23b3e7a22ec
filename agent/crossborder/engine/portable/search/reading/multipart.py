"""Bodies of several parts (RFC 2046 5.1, RFC 7578): each is read by itself, by what its own head says of it."""

from __future__ import annotations

import re
from enum import Enum, auto
from typing import TYPE_CHECKING, Final, NamedTuple

from crossborder.engine.portable.apps.http import head_end, parse_fields
from crossborder.engine.portable.search.reading import body
from crossborder.engine.portable.search.reading.mediatype import names_file
from crossborder.engine.portable.search.reading.text import Text

if TYPE_CHECKING:
    from crossborder.engine.portable.search.reading.page import Page, Reader

MAX_HEAD: Final = 16_384  # bytes of the head of a part
MAX_BLANKS: Final = 64  # white space behind a boundary
_BLANKS = re.compile(rb"[ \t\r]{0,%d}" % MAX_BLANKS)


class _Place(Enum):
    CONTENT = auto()  # in a part, or before the first
    HEAD = auto()  # in the head of a part
    BEHIND = auto()  # behind the last boundary


class _Boundary(NamedTuple):
    """A boundary in what is held: where it and its line end, and whether it is the last."""

    start: int
    end: int
    closes: bool


class Multipart:
    """Divides a body into its parts."""

    def __init__(self, boundary: bytes, form: bool, depth: int) -> None:
        """Begin at the first byte."""
        self._mark = b"\n--" + boundary
        self._form = form
        self._depth = depth
        self._place = _Place.CONTENT
        self._held = b"\n"  # what may be a boundary, or is a head that is not whole
        self._led = True  # the first byte held is the end of the line before, and no content
        self._part: Reader = Text()

    def read(self, page: Page, data: bytes) -> None:
        """Take the next bytes."""
        self._held += data
        while not page.over and self._step(page, last=False):
            pass

    def end(self, page: Page) -> None:
        """Learn that nothing follows."""
        while not page.over and self._step(page, last=True):
            pass
        self._part.end(page)

    def _step(self, page: Page, last: bool) -> bool:
        """Take what can be taken of what is held; return whether there may be more to take."""
        if self._place is _Place.BEHIND:
            self._part.read(page, self._held)
            self._held = b""
            return False
        if self._place is _Place.HEAD:
            return self._head(page, last)
        found = self._find(last)
        if isinstance(found, int):
            self._hand_on(page, found)
            self._held = self._held[found:]
            self._led = self._led and not found
            return False
        self._hand_on(page, _unreturned(self._held, found.start))
        self._part.end(page)
        page.end_text()
        self._part = Text()
        self._led = not found.closes  # the end of the boundary's line may be the one before the next boundary
        self._held = self._held[found.end - self._led :]
        self._place = _Place.BEHIND if found.closes else _Place.HEAD
        return True

    def _hand_on(self, page: Page, end: int) -> None:
        self._part.read(page, self._held[self._led : end])

    def _find(self, last: bool) -> _Boundary | int:
        """Return the next boundary, or how many bytes are content whatever follows."""
        held, at = self._held, -1
        while (at := held.find(self._mark, at + 1)) >= 0:
            start = at + len(self._mark)
            closes = held.startswith(b"--", start)
            start += 2 * closes
            blanks = _BLANKS.match(held, start)
            end = blanks.end() if blanks else start
            following = held[end : end + 1]
            if following == b"\n":
                return _Boundary(at, end + 1, closes)
            if not following and last:
                return _Boundary(at, end, closes)
            hyphen = following == b"-" and not closes and len(held) == start + 1 and not last
            if hyphen or (not following and end - start < MAX_BLANKS):
                return _unreturned(held, at)
        return len(held) if last else self._content()

    def _content(self) -> int:
        """Return how many bytes cannot begin a boundary."""
        held, mark = self._held, self._mark
        near = range(max(len(held) - len(mark) + 1, 0), len(held))
        begun = next((at for at in near if mark.startswith(held[at:])), None)
        return _unreturned(held, len(held) if begun is None else begun)

    def _head(self, page: Page, last: bool) -> bool:
        """Take the head of a part, once it is whole."""
        near = self._held[:MAX_HEAD]
        following = near.find(self._mark)
        end = head_end(near)
        if end is not None and 0 <= following < end - 1:
            end = None
        if end is not None:
            size = end - 1  # the end of the empty line may be the one before a boundary
        elif following >= 0:
            size = following
        elif len(near) < MAX_HEAD:
            if not last:
                return False
            size = len(near)
        else:
            page.meet("memory")
            size = MAX_HEAD
        head = self._held[1:size]
        self._held = self._held[size:]
        self._led = end is not None or following >= 0
        self._begin(page, head)
        return True

    def _begin(self, page: Page, head: bytes) -> None:
        fields = parse_fields(head.split(b"\n"))
        page.put(head)
        if not self._form or names_file(fields.get(b"content-disposition", b"")):
            page.end_text()  # else the head is the label of the value
        self._part = body.of_fields(fields, self._depth + 1).open(page)
        self._place = _Place.CONTENT


def _unreturned(held: bytes, at: int) -> int:
    """Return where the end of a line begins whose line feed stands at a place."""
    return at - 1 if at and held[at - 1 : at] == b"\r" else at
