"""A body, and the readers it goes through by what is said of it."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final, Literal, NamedTuple

from crossborder.engine.portable.search.reading import message, multipart
from crossborder.engine.portable.search.reading.escapes import Base64, Escapes
from crossborder.engine.portable.search.reading.mediatype import boundary, charset, essence
from crossborder.engine.portable.search.reading.text import Text, syntax_of
from crossborder.engine.portable.search.reading.unpack import CODINGS, Unpack

if TYPE_CHECKING:
    from crossborder.engine.portable.search.reading.escapes import Stage
    from crossborder.engine.portable.search.reading.page import Page, Reader

_GUESSED: Final = 48  # letters of base64 in a line, at least, that prove it
_NO_PACKING: Final = frozenset({b"", b"identity", b"chunked"})
_MESSAGES: Final = frozenset({b"message/rfc822", b"message/global"})

Mail = Literal["", "message", "part"]
"""Whether a body is a message, its head first, or a part of one, without its head."""


class Body(NamedTuple):
    """What is said of a body; empty fields say nothing."""

    content_type: bytes = b""
    encoding: bytes = b""  # Content-Encoding
    transfer: bytes = b""  # Transfer-Encoding of HTTP; chunks are undone
    mail_encoding: bytes = b""  # Content-Transfer-Encoding of mail
    mail: Mail = ""
    depth: int = 0  # things around it

    def open(self, page: Page) -> Reader:
        """Begin to read it."""
        reader = self._by_type(page)
        names = [name.strip().lower() for name in (*self.encoding.split(b","), *self.transfer.split(b","))]
        names = [name for name in names if name not in _NO_PACKING]
        codings = [CODINGS[name] for name in names if name in CODINGS]
        if len(codings) > page.codings:
            page.meet("depth")
        if len(codings) < len(names) or len(codings) > page.codings:
            return Text()
        for coding in codings:
            reader = Unpack(coding, reader)
        mail_encoding = self.mail_encoding.strip().lower()
        if mail_encoding == b"base64":
            return _Decoded(Base64(), reader)
        return _Decoded(Escapes("quoted"), reader) if mail_encoding == b"quoted-printable" else reader

    def _by_type(self, page: Page) -> Reader:
        kind = essence(self.content_type)
        between = boundary(self.content_type) if kind.startswith(b"multipart/") else None
        mail = self.mail == "message" or kind in _MESSAGES
        if (mail or between) and self.depth >= page.depth:
            page.meet("depth")
        elif mail:
            return message.Message(self.depth)
        elif between:
            return multipart.Multipart(between, kind == b"multipart/form-data", self.depth)
        if self.mail == "part":
            return _Guess()
        return Text(syntax_of(kind), charset(self.content_type))


def of_fields(fields: dict[bytes, bytes], depth: int) -> Body:
    """Return what the head of a part or a message says of its body."""
    return Body(
        fields.get(b"content-type", b""),
        fields.get(b"content-encoding", b""),
        mail_encoding=fields.get(b"content-transfer-encoding", b""),
        depth=depth,
    )


class _Guess:
    """Reads a part of which nothing is known: base64 is told by its first line."""

    def __init__(self) -> None:
        self._held = b""
        self._reader: Reader | None = None

    def _begin(self, page: Page, last: bool) -> Reader | None:
        line, end, _ = self._held.partition(b"\n")
        line = line.rstrip(b" \t\n\x0c\r")
        if not last and len(line) < _GUESSED and len(self._held) <= 2 * _GUESSED and not end:
            return None
        start = line[:_GUESSED]
        base64 = len(start) == _GUESSED and start.isascii() and start.translate(None, b"+/").isalnum()
        reader = Body(mail_encoding=b"base64" if base64 else b"").open(page)
        reader.read(page, self._held)
        self._held = b""
        return reader

    def read(self, page: Page, data: bytes) -> None:
        """Take the next bytes."""
        if self._reader is not None:
            self._reader.read(page, data)
            return
        self._held += data
        self._reader = self._begin(page, last=False)

    def end(self, page: Page) -> None:
        """Learn that nothing follows."""
        self._reader = self._reader or self._begin(page, last=True)
        if self._reader is not None:
            self._reader.end(page)


class _Decoded:
    """Turns bytes for another reader."""

    def __init__(self, stage: Stage, following: Reader) -> None:
        self._stage = stage
        self._next = following

    def read(self, page: Page, data: bytes) -> None:
        """Take the next bytes."""
        self._next.read(page, self._stage.turn(data, last=False))

    def end(self, page: Page) -> None:
        """Learn that nothing follows."""
        self._next.read(page, self._stage.turn(b"", last=True))
        self._next.end(page)
