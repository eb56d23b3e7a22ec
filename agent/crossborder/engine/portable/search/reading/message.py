"""A mail message (RFC 5322): its head with encoded words read (RFC 2047), then its body by what the head says of it."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from crossborder.engine.portable.apps.http import head_end, parse_fields
from crossborder.engine.portable.apps.parts import decoded
from crossborder.engine.portable.search.reading import body

if TYPE_CHECKING:
    from crossborder.engine.portable.search.reading.page import Page, Reader

MAX_HEAD: Final = 65_536  # bytes of the head of a message


class Message:
    """Reads one message."""

    def __init__(self, depth: int) -> None:
        """Begin with its head."""
        self._depth = depth
        self._held = b"\n"  # the head that is not whole, a line feed before it
        self._body: Reader | None = None

    def read(self, page: Page, data: bytes) -> None:
        """Take the next bytes."""
        if self._body is not None:
            self._body.read(page, data)
            return
        self._held += data
        self._begin(page, last=False)

    def end(self, page: Page) -> None:
        """Learn that nothing follows."""
        if self._body is None:
            self._begin(page, last=True)
        if self._body is not None:
            self._body.end(page)

    def _begin(self, page: Page, last: bool) -> None:
        near = self._held[:MAX_HEAD]
        end = head_end(near)
        if end is None:
            if len(near) < MAX_HEAD and not last:
                return
            if len(near) == MAX_HEAD:
                page.meet("memory")
            end = len(near)
        head, rest, self._held = self._held[1:end], self._held[end:], b""
        page.put(_plain(head))
        page.end_text()
        fields = parse_fields(head.split(b"\n"))
        self._body = body.of_fields(fields, self._depth + 1).open(page)
        self._body.read(page, rest)


def _plain(head: bytes) -> bytes:
    """Return a head with its encoded words read, field by field; a line that goes on is one with the line before."""
    fields: list[bytes] = []
    for line in _lines(head):
        if line[:1] in {b" ", b"\t"} and fields:
            fields[-1] += line
        else:
            fields.append(line)
    return b"".join(map(_read, fields))


def _read(field: bytes) -> bytes:
    text = field.rstrip(b"\r\n")
    return decoded(text) + field[len(text) :]


def _lines(head: bytes) -> list[bytes]:
    """Return the lines of a head, their line feeds kept."""
    lines = [line + b"\n" for line in head.split(b"\n")]
    lines[-1] = lines[-1][:-1]
    return lines
