"""A stream that no talk hands over: once it is clear it is shown as it is, or read as the file it may be."""

from __future__ import annotations

from enum import Enum, auto
from typing import TYPE_CHECKING, Final

from crossborder.engine.portable.search.reading.text import Text

if TYPE_CHECKING:
    from crossborder.engine.portable.search.reading.page import Page, Reader

_UNDECIDED_LIMIT: Final = 4096  # bytes kept while it is not known whether a flow is cleartext


class Clear(Enum):
    """How much of a flow may be shown."""

    YES = auto()
    NOT_YET_KNOWN = auto()
    NO = auto()


class _AsIs:
    """Shows bytes as they are."""

    def read(self, page: Page, data: bytes) -> None:
        """Take the next bytes."""
        page.put(data)

    def end(self, page: Page) -> None:
        """Learn that nothing follows."""


class Stream:
    """What goes out of one flow as long as no talk says what it is."""

    __slots__ = ("_reader", "_undecided")

    def __init__(self) -> None:
        """Begin with nothing."""
        self._undecided = b""
        self._reader: Reader | None = None

    def read(self, page: Page, data: bytes, clear: Clear, *, file: bool) -> None:
        """Take the next bytes; `file`: they speak no known protocol and may be one. The first clear ones decide."""
        if clear is Clear.YES:
            self._reader = self._reader or (Text() if file else _AsIs())
            held, self._undecided = self._undecided, b""
            self._reader.read(page, held)
            self._reader.read(page, data)
        elif clear is Clear.NOT_YET_KNOWN and len(self._undecided) + len(data) <= _UNDECIDED_LIMIT:
            self._undecided += data
        else:
            self.end(page)
            page.end_text()
            page.over = True

    def end(self, page: Page) -> None:
        """Learn that nothing follows; what was not known to be clear is not shown."""
        reader, self._reader, self._undecided = self._reader, None, b""
        if reader is not None:
            reader.end(page)
