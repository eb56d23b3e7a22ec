"""Reads what talks hand over: bodies are unpacked and decoded, each part by itself, and shown to detectors as text.

A talk that knows its protocol takes over: from then on detectors see the texts it hands over instead of the stream. A
body goes through readers, one inside the other (`body`): what packs, what divides into parts, and at the end `text`,
which makes UTF-8 of it. The native engine's `search/reading` reads the same in Rust, and files too.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from crossborder.engine.portable.search.reading.body import Body
from crossborder.engine.portable.search.reading.escapes import Escapes
from crossborder.engine.portable.search.reading.page import LIMITS, Page
from crossborder.engine.portable.search.reading.stream import Clear, Stream

if TYPE_CHECKING:
    from crossborder.engine.portable.search.found import Found
    from crossborder.engine.portable.search.reading.body import Mail
    from crossborder.engine.portable.search.reading.page import Reader
    from crossborder.engine.portable.search.shown import Detectors

__all__ = ["LIMITS", "Clear", "Reading"]


class Reading:
    """Who reads what goes out of one flow, for detectors."""

    __slots__ = ("_body", "_given_back", "_page", "_stream", "_taken")

    def __init__(self, detectors: Detectors) -> None:
        """Begin with nothing read."""
        self._page = Page(detectors)
        self._stream = Stream()  # what goes out as long as no talk hands over what is said
        self._taken = False
        self._given_back: int | None = None  # bytes at the end of what a talk was fed last
        self._body: Reader | None = None

    @property
    def over(self) -> bool:
        """Tell whether nothing more is looked at."""
        return self._page.over

    def search_for(self, detectors: Detectors) -> None:
        """Have the next text searched by other detectors."""
        self._page.search_for(detectors)

    def begin_piece(self) -> None:
        """Learn that bytes come, which talks hear first."""
        self._given_back = None

    def show(self, data: bytes, clear: Clear, *, file: bool) -> None:
        """Show the stream unless a talk has taken over: as it is, or as the `file` that it may be."""
        back, self._given_back = self._given_back, None
        shown = data if back is None else data[max(len(data) - back, 0) :]
        if not self._taken and shown and not self._page.over:
            self._stream.read(self._page, shown, clear, file=file)

    def take_over(self) -> None:
        """Learn that a talk hands over what is said, again what was shown before and is not decided."""
        if not self._taken:
            self._taken = True
            self._stream = Stream()
            self._page.drop_undecided()

    def give_back(self, rest: int) -> None:
        """Learn that the talk knows no more; `rest`: bytes of what it was fed last that it did not hand over."""
        if self._taken:
            self._finish()
            self._taken = False
            self._given_back = rest

    def text(self, text: bytes) -> None:
        """Take text that stands by itself between bodies: heads, commands."""
        if self._taken:
            self.end_body()
            self._page.put(text)

    def head(self, head: bytes) -> None:
        """Take the head of a message, a text of its own; of a request the target as it is meant (RFC 3986 2.1)."""
        first, end, rest = head.partition(b"\n")
        path, mark, query = first.partition(b"?")
        plain = Escapes("percent").turn(path, last=True) + Escapes("form").turn(mark + query, last=True)
        self.text(plain + end + rest)
        self.end_text()

    def end_text(self) -> None:
        """Learn that another text begins."""
        if self._taken:
            self.end_body()
            self._page.end_text()

    def begin_body(
        self, content_type: bytes = b"", encoding: bytes = b"", transfer: bytes = b"", mail: Mail = ""
    ) -> None:
        """Begin a body, a text of its own or several; see `Body` for what is said of it."""
        if self._taken and not self._page.over:
            self.end_text()
            self._body = Body(content_type, encoding, transfer, mail=mail).open(self._page)

    def body(self, data: bytes) -> None:
        """Take the next bytes of a body."""
        if self._body is not None and not self._page.over:
            self._body.read(self._page, data)

    def end_body(self) -> None:
        """Learn that a body is whole."""
        body, self._body = self._body, None
        if body is not None:
            if not self._page.over:
                body.end(self._page)
            self._page.end_text()

    def hide(self) -> None:
        """Show no more: what was seen ends here."""
        if not self._page.over:
            self._finish()
            self._page.over = True

    def _finish(self) -> None:
        self.end_body()
        self._stream.end(self._page)
        self._page.end_text()

    def take(self, *, last: bool) -> Found:
        """Take out what was found since this was asked last."""
        if last:
            self.hide()
        return self._page.take(last or self._page.over)

    def take_limited(self) -> set[str]:
        """Take out at which limits reading ended since this was asked last."""
        return self._page.take_limited()
