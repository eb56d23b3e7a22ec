"""The innermost reader: makes text of bytes and puts it on the page."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Literal

from crossborder.engine.portable.search.reading.charset import Charset, Compose
from crossborder.engine.portable.search.reading.escapes import Escapes

if TYPE_CHECKING:
    from crossborder.engine.portable.search.reading.escapes import Stage
    from crossborder.engine.portable.search.reading.page import Page

Syntax = Literal["plain", "form", "json", "markup"]
"""What a text is by its media type, or by how it begins."""
_FIRST = re.compile(rb"[^ \t\r\n\xef\xbb\xbf]")


def syntax_of(kind: bytes) -> Syntax:
    """Return what a media type says; nothing of one that is not known."""
    if kind == b"application/x-www-form-urlencoded":
        return "form"
    if b"json" in kind:
        return "json"
    return "markup" if b"xml" in kind or b"html" in kind else "plain"


class Text:
    """Makes text of bytes: of UTF-8, with what stands for characters read as these, letters composed."""

    __slots__ = ("_ended", "_stages")

    def __init__(self, syntax: Syntax = "plain", charset: str = "") -> None:
        """Begin a text of a declared type and charset."""
        read: list[Stage] = [Charset(charset), _Sniffed(syntax)]
        if syntax == "form":
            read = [_Sniffed("form"), Charset(charset), _Sniffed("json")]  # programs put JSON into fields
        self._stages = [*read, Compose()]
        self._ended = False

    def read(self, page: Page, data: bytes) -> None:
        """Take the next bytes."""
        self._turn(page, data, last=False)

    def end(self, page: Page) -> None:
        """Learn that nothing follows."""
        self._turn(page, b"", last=True)

    def _turn(self, page: Page, data: bytes, last: bool) -> None:
        if self._ended:
            return
        self._ended = last
        for stage in self._stages:
            data = stage.turn(data, last=last)
        page.put(data)


class _Sniffed:
    """What stands for characters in a text whose type its first letter may correct."""

    __slots__ = ("_begun", "_declared", "_escapes")

    def __init__(self, declared: Syntax) -> None:
        self._declared: Syntax = declared
        self._escapes: Escapes | None = None
        self._begun = False

    def turn(self, data: bytes, *, last: bool) -> bytes:
        """Turn the next bytes."""
        if not self._begun and (first := _FIRST.search(data)):
            self._begin(first[0])
        return self._escapes.turn(data, last=last) if self._escapes else data

    def _begin(self, first: bytes) -> None:
        syntax: Syntax = "json" if first in {b"{", b"["} else "markup" if first == b"<" else self._declared
        self._begun = True
        other = self._declared == "form" and syntax != "form"  # a later stage reads it
        if not other and syntax != "plain":
            self._escapes = Escapes(syntax)
