"""Mail that is fetched or stored (RFC 9051, RFC 1939): which files it carries, and where TLS takes over."""

from __future__ import annotations

import re
from collections import deque
from typing import TYPE_CHECKING, Final

from crossborder.engine.portable.apps.linetalk import LineTalk
from crossborder.engine.portable.apps.mail import END_OF_DATA, Dots
from crossborder.engine.portable.apps.parts import PartScanner

if TYPE_CHECKING:
    from crossborder.engine.portable.apps.talk import Scene, Step
    from crossborder.engine.portable.search.reading.body import Mail

_MAX_ASKED: Final = 64  # commands of POP3 remembered until they are answered
_LITERAL = re.compile(rb"\{([0-9]{1,10})\+?\}\Z")  # a line that announces bytes (RFC 9051 4.3, RFC 7888, RFC 3516)
_WHOLE = re.compile(rb"APPEND|RFC822|BODY\[(?:[0-9.]*(?:HEADER|MIME)[^\]]*)?\]", re.IGNORECASE)
"""Bytes that are a whole message, or its head."""
_PART = re.compile(rb"BODY\[[0-9.]*(?:TEXT)?\]", re.IGNORECASE)
"""Bytes that are the body of a message, or a part of it."""


class MailboxTalk(LineTalk):
    """IMAP and POP3: the names of files in mail that goes out, fetched by a client abroad or stored by one at home."""

    READS = True

    def __init__(self, scene: Scene) -> None:
        """Write into its names, and hand over what goes out."""
        super().__init__(scene)
        self._scanner = PartScanner()
        self._asked: deque[bool] = deque(maxlen=_MAX_ASKED)  # for each command that came in: its answer is a mail
        self._left = 0  # bytes of a literal to come
        self._body = False  # and it is a body of its own
        self._tail: bytes | None = None  # the last bytes of mail seen, while in a mail of POP3
        self._dots = Dots()

    def feed(self, outward: bool, data: bytes) -> Step:
        """Take bytes of one direction."""
        if outward:
            for part in self._scanner.feed(data):
                self._names.add_file(part.name, part.media_type)
        return super().feed(outward, data)

    def line(self, outward: bool, line: bytes) -> None:
        """Take a command or an answer, and what it announces."""
        if not outward:
            self._asked.append(line.partition(b" ")[0].upper() in {b"RETR", b"TOP"})
            return
        if reading := self._scene.reading:
            reading.text(line + b"\n")
        if self._answers_mail(line):
            self._tail, self._dots = b"\n", Dots()
            self._begin("message")
        elif found := _LITERAL.search(line):
            self._left = int(found[1])
            kind: Mail = "message" if _WHOLE.search(line) else "part" if _PART.search(line) else ""
            self._body = bool(kind) and self._left > 0
            if self._body:
                self._begin(kind)

    def _begin(self, mail: Mail) -> None:
        if self._scene.reading:
            self._scene.reading.begin_body(mail=mail)

    def _answers_mail(self, line: bytes) -> bool:
        """Tell whether a line is the first of an answer of POP3 that is a mail."""
        answers = line.startswith((b"+OK", b"-ERR", b"+ ")) or line == b"+"
        asked = self._asked.popleft() if answers and self._asked else False
        return asked and line.startswith(b"+OK")

    def content(self, outward: bool, data: bytes) -> bytes:
        """Take a literal, or a mail of POP3 up to the line with a single dot."""
        if not outward:
            return data
        if self._tail is not None:
            return self._mail(self._tail, data)
        literal, rest = data[: self._left], data[self._left :]
        self._left -= len(literal)
        reading = self._scene.reading
        if reading and literal:
            (reading.body if self._body else reading.text)(literal)
        if self._left == 0 and self._body:
            self._body = False
            if reading:
                reading.end_body()
        return rest

    def _mail(self, tail: bytes, data: bytes) -> bytes:
        joined = tail + data
        found = END_OF_DATA.search(joined)
        end = found.end() if found else len(joined)
        self._dots.hand_on(self._scene.reading, joined[len(tail) : end], found is not None)
        self._tail = None if found else joined[-4:]
        return joined[end:]

    def over(self) -> bool:
        """Stop with the scanner when nobody reads."""
        return self._scanner.full and (self._scene.reading is None or self._scene.reading.over)
