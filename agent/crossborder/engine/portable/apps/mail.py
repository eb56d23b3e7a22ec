"""Mail on its way (RFC 5321): whom it goes to, which files it carries, and where TLS takes over."""

from __future__ import annotations

import re
from enum import Enum, auto
from typing import TYPE_CHECKING

from crossborder.engine.portable.apps.linetalk import LineTalk
from crossborder.engine.portable.apps.parts import PartScanner

if TYPE_CHECKING:
    from crossborder.engine.portable.apps.talk import Scene
    from crossborder.engine.portable.search import Reading

COMMANDS = frozenset(
    {b"EHLO", b"HELO", b"LHLO", b"MAIL", b"RCPT", b"DATA", b"BDAT", b"RSET", b"VRFY", b"EXPN", b"NOOP", b"STARTTLS"}
)
_RECIPIENT = re.compile(rb"RCPT\s+TO:\s*(?:<([^>]*)>?|(\S+))", re.IGNORECASE)
END_OF_DATA = re.compile(rb"\n\.\r?\n")
_BDAT = re.compile(rb"BDAT\s+(\d{1,12})", re.IGNORECASE)
START_INPUT = b"354"


def recipient_domain(line: bytes) -> bytes | None:
    """Return the domain of a RCPT command (RFC 5321 4.1.1.3), source routes skipped; None when it names none."""
    found = _RECIPIENT.match(line)
    if not found:
        return None
    _, at, domain = (found[1] if found[1] is not None else found[2]).rpartition(b"@")
    return domain.strip() or None if at else None


class SmtpTalk(LineTalk):
    """SMTP and LMTP. The names of files are kept of mail that goes out; the recipients' domains of all."""

    READS = True

    def __init__(self, scene: Scene) -> None:
        """Write into its names, and hand over what goes out."""
        super().__init__(scene)
        self._sender: bool | None = None  # the direction of the commands
        self._replies = False
        self._asked = False  # DATA was said and not answered yet
        self._left = 0  # bytes of a BDAT chunk to come (RFC 3030)
        self._chunked = False  # in a mail of chunks
        self._last_chunk = False
        self._dots = Dots()
        self._tail: bytes | None = None  # the last bytes of mail seen, while in DATA
        self._scanner = PartScanner()

    def line(self, outward: bool, line: bytes) -> None:
        """Take a command or a reply; a reply begins with three digits."""
        reading = self._scene.reads(outward)
        if reading and not self._chunked:
            reading.text(line + b"\n")
        if line[:3].isdigit():
            self._replies = True
            if self._asked and line[:3] == START_INPUT:
                self._begin()
            self._asked = self._asked and line[:3] != START_INPUT
            return
        word = line[:4].upper()
        if word == b"RCPT":
            domain = recipient_domain(line)
            if domain is not None:
                self._names.add("mail_domains", domain)
        elif word == b"DATA":
            self._sender = outward
            self._asked = self._replies
            if not self._replies:  # only this direction is seen
                self._begin()
        elif word == b"BDAT" and (found := _BDAT.match(line)):
            self._sender = outward
            self._left = int(found[1])
            self._last_chunk = b" LAST" in line.upper()
            if reading and not self._chunked:
                reading.begin_body(mail="message")
            self._chunked = True
            self._end_chunk(outward)

    def _end_chunk(self, outward: bool) -> None:
        """End a mail with the last of its chunks."""
        if self._left == 0 and self._last_chunk:
            self._chunked = self._last_chunk = False
            if reading := self._scene.reads(outward):
                reading.end_body()

    def _begin(self) -> None:
        self._tail = b"\n"
        self._scanner = PartScanner()
        self._dots = Dots()
        if reading := self._scene.reads(self._sender is True):
            reading.begin_body(mail="message")

    def content(self, outward: bool, data: bytes) -> bytes:
        """Take the mail itself, up to the line with a single dot or for as long as BDAT announced."""
        if outward is not self._sender:
            return data
        if self._left:
            body, rest = data[: self._left], data[self._left :]
            self._left -= len(body)
            self._files(outward, body)
            if reading := self._scene.reads(outward):
                reading.body(body)
            self._end_chunk(outward)
            return rest
        if self._tail is None:
            return data
        joined = self._tail + data
        found = END_OF_DATA.search(joined)
        end = found.end() if found else len(joined)
        mail = joined[len(self._tail) : end]
        self._files(outward, mail)
        self._dots.hand_on(self._scene.reads(outward), mail, found is not None)
        self._tail = None if found else joined[-4:]
        return joined[end:]

    def _files(self, outward: bool, mail: bytes) -> None:
        if outward:
            for part in self._scanner.feed(mail):
                self._names.add_file(part.name, part.media_type)

    def over(self) -> bool:
        """There may always be another mail."""
        return False


class _Place(Enum):
    """Where in a mail its reader stands, on the way to the line with a single dot."""

    LINE_BEGIN = auto()
    TEXT = auto()
    DOT = auto()
    DOT_RETURN = auto()


class Dots:
    """Takes the dots away that stand before lines of a mail (RFC 5321 4.5.2), and the line that ends it."""

    def __init__(self) -> None:
        """Begin a mail."""
        self._place = _Place.LINE_BEGIN

    def hand_on(self, reading: Reading | None, data: bytes, last: bool) -> None:
        """Hand a piece of a mail to who reads it; `last`: it ends here."""
        if reading is None:
            return
        *lines, end = data.split(b"\n")
        reading.body(b"".join([*(self._line(line + b"\n") for line in lines), self._line(end)]))
        if last:
            reading.end_body()

    def _line(self, piece: bytes) -> bytes:
        """Return what is of a line or a piece of one."""
        for at in range(len(piece)):
            match self._place, piece[at : at + 1]:
                case _Place.LINE_BEGIN, b".":
                    self._place = _Place.DOT
                case _Place.DOT, b"\r":
                    self._place = _Place.DOT_RETURN
                case _Place.DOT | _Place.DOT_RETURN, b"\n":
                    self._place = _Place.LINE_BEGIN
                case place, _:
                    self._place = _Place.LINE_BEGIN if piece.endswith(b"\n") else _Place.TEXT
                    return (b"\r" if place is _Place.DOT_RETURN else b"") + piece[at:]
        return b""
