"""Mail (RFC 5321, RFC 9051, RFC 1939): whom it goes to, which files it carries, and where TLS takes over."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from crossborder.engine.portable.apps.linetalk import LineTalk
from crossborder.engine.portable.apps.parts import PartScanner

if TYPE_CHECKING:
    from crossborder.engine.names import Names
    from crossborder.engine.portable.apps.talk import Step

COMMANDS = frozenset(
    {b"EHLO", b"HELO", b"LHLO", b"MAIL", b"RCPT", b"DATA", b"BDAT", b"RSET", b"VRFY", b"EXPN", b"NOOP", b"STARTTLS"}
)
_RECIPIENT = re.compile(rb"RCPT\s+TO:\s*(?:<([^>]*)>?|(\S+))", re.IGNORECASE)
_END_OF_DATA = re.compile(rb"\n\.\r?\n")
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

    def __init__(self, names: Names) -> None:
        """Write into these."""
        super().__init__(names)
        self._sender: bool | None = None  # the direction of the commands
        self._replies = False
        self._asked = False  # DATA was said and not answered yet
        self._left = 0  # bytes of a BDAT chunk to come (RFC 3030)
        self._tail: bytes | None = None  # the last bytes of mail seen, while in DATA
        self._scanner = PartScanner()

    def line(self, outward: bool, line: bytes) -> None:
        """Take a command or a reply; a reply begins with three digits."""
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

    def _begin(self) -> None:
        self._tail = b"\n"
        self._scanner = PartScanner()

    def content(self, outward: bool, data: bytes) -> bytes:
        """Take the mail itself, up to the line with a single dot or for as long as BDAT announced."""
        if outward is not self._sender:
            return data
        if self._left:
            body, rest = data[: self._left], data[self._left :]
            self._left -= len(body)
            self._files(outward, body)
            return rest
        if self._tail is None:
            return data
        joined = self._tail + data
        found = _END_OF_DATA.search(joined)
        end = found.end() if found else len(joined)
        self._files(outward, joined[len(self._tail) : end])
        self._tail = None if found else joined[-4:]
        return joined[end:]

    def _files(self, outward: bool, mail: bytes) -> None:
        if outward:
            for part in self._scanner.feed(mail):
                self._names.add_file(part.name, part.media_type)

    def over(self) -> bool:
        """There may always be another mail."""
        return False


class MailboxTalk(LineTalk):
    """IMAP and POP3: the names of files in mail that goes out, fetched by a client abroad or stored by one at home."""

    def __init__(self, names: Names) -> None:
        """Write into these."""
        super().__init__(names)
        self._scanner = PartScanner()

    def feed(self, outward: bool, data: bytes) -> Step:
        """Take bytes of one direction."""
        if outward:
            for part in self._scanner.feed(data):
                self._names.add_file(part.name, part.media_type)
        return super().feed(outward, data)

    def over(self) -> bool:
        """Stop with the scanner."""
        return self._scanner.full
