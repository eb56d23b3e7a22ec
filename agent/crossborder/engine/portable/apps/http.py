"""Heads of HTTP/1.x messages (RFC 9112), read the way lenient servers read them: bytes to values."""

from __future__ import annotations

import re
from typing import NamedTuple
from urllib.parse import unquote_to_bytes

MAX_HEAD = 65_536  # bytes of one head; what is longer is read up to here
MAX_FIRST_LINE = 16_384
MAX_FIELDS = 256  # header lines of one head that are looked at
MAX_LENGTH = (1 << 62) - 1  # of a Content-Length or chunk that is believed

METHODS = (
    *(b"GET", b"POST", b"PUT", b"HEAD", b"DELETE", b"OPTIONS", b"PATCH", b"CONNECT", b"TRACE"),  # RFC 9110, RFC 5789
    *(b"PROPFIND", b"PROPPATCH", b"MKCOL", b"COPY", b"MOVE", b"LOCK", b"UNLOCK", b"SEARCH", b"REPORT", b"MERGE"),
    *(b"CHECKOUT", b"SUBSCRIBE", b"NOTIFY", b"RPC_IN_DATA", b"RPC_OUT_DATA", b"BITS_POST", b"CCM_POST"),
)
MAX_METHOD = 32  # bytes of a method, and of the empty lines before it

_END = re.compile(rb"\n\r{0,2}\n")  # bare line feeds and doubled carriage returns end a line too (RFC 9112 2.2)
_TOKEN = re.compile(rb"[A-Za-z][\w!#$%&'*+.^`|~-]*")  # RFC 9110 5.6.2; methods begin with a letter
_STATUS = re.compile(rb"\S+[ \t]+(\d{3})")
_LEADING = b"\r\n \t"
_DIGITS = re.compile(rb"[\s\"'+]*(\d{1,64})")
_HEX = re.compile(rb"[ \t]*(?:0[xX])?([0-9a-fA-F]{1,16})")


class Head(NamedTuple):
    """The head of a request (status 0) or of a response (method and target empty)."""

    method: bytes
    target: bytes
    status: int
    fields: dict[bytes, bytes]  # lower-case name to value; of several equal names the first

    @property
    def chunked(self) -> bool:
        """Tell whether the body is in chunks (RFC 9112 6.1)."""
        return b"chunked" in self.fields.get(b"transfer-encoding", b"").lower()

    @property
    def length(self) -> int | None:
        """Return the announced length of the body; None when there is none that can be read."""
        found = _DIGITS.match(self.fields.get(b"content-length", b""))
        return min(int(found[1]), MAX_LENGTH) if found else None

    @property
    def host(self) -> bytes:
        """Return whom a request is for: an absolute target says it (RFC 9112 3.2.2), else the Host field."""
        if self.method == b"CONNECT":
            return self.target
        scheme, separator, rest = self.target.partition(b"://")
        if separator and scheme.isalpha():
            authority = re.split(rb"[/?#]", rest, maxsplit=1)[0]
            return authority.rpartition(b"@")[2] or self.fields.get(b"host", b"")
        return self.fields.get(b"host", b"")


def looks_like_http(head: bytes) -> bool | None:
    """Tell whether bytes begin an HTTP/1.x message; None when more are needed."""
    text = head.lstrip(_LEADING)
    if len(head) - len(text) >= MAX_METHOD:
        return False
    if not text:
        return None
    if text[:5] == b"HTTP/" or b"HTTP/".startswith(text):
        return True if len(text) >= 5 else None
    method, space, target = text[:MAX_METHOD].partition(b" ")
    if not _TOKEN.fullmatch(method) or (not space and len(text) >= MAX_METHOD):
        return False
    if not space:
        return None
    if method in METHODS and target[:1] == b"/":
        return True
    if method == b"PRI":  # the preface of HTTP/2 (RFC 9113 3.4)
        return False
    line, end, _ = text[:MAX_FIRST_LINE].partition(b"\n")
    if not end:
        return None if len(text) < MAX_FIRST_LINE else False
    return re.search(rb"[ \t]HTTP/\d", line) is not None


def head_end(data: bytes | bytearray, start: int = 0) -> int | None:
    """Return where the body begins, looking for the empty line from `start` on; None while the head is not whole."""
    found = _END.search(data, start)
    return found.end() if found else None


def parse_head(head: bytes) -> Head | None:
    """Return what a head says; None when its first line is neither a request nor a status line."""
    lines = head.lstrip(_LEADING).split(b"\n", MAX_FIELDS)
    first = lines[0].strip()
    fields = parse_fields(lines[1:MAX_FIELDS])
    if first[:5] == b"HTTP/":
        status = _STATUS.match(first)
        return Head(b"", b"", int(status[1]) if status else 200, fields)
    method, _, rest = first.partition(b" ")
    target, _, version = rest.strip().rpartition(b" ")
    if not version.startswith(b"HTTP/"):  # HTTP/0.9, or a target with spaces and no version
        target = rest.strip()
    return Head(method, target.strip(), 0, fields) if method and target else None


def parse_fields(lines: list[bytes]) -> dict[bytes, bytes]:
    """Return fields by lower-case name, the first of equal ones; white space continues a line (RFC 9112 5.2)."""
    found: dict[bytes, bytes] = {}
    name = b""
    for line in lines:
        if line[:1] in {b" ", b"\t"}:
            if name:
                found[name] += b" " + line.strip()
            continue
        raw, colon, value = line.partition(b":")
        name = raw.strip().lower() if colon else b""
        if name in found:
            name = b""
        if name:
            found[name] = value.strip()
    return found


def chunk_size(line: bytes) -> int | None:
    """Return the size a chunk line announces (RFC 9112 7.1); None when it is none."""
    found = _HEX.match(line)
    return min(int(found[1], 16), MAX_LENGTH) if found else None


_FILE_NAME = re.compile(
    rb"""(?:file)?name(?:\*0)?(?P<extended>\*?)[ \t]*=[ \t]*(?:"(?P<quoted>(?:[^"\\]|\\.)*)|(?P<plain>[^;\s]+))""",
    re.IGNORECASE | re.DOTALL,
)
_PARAMETER = re.compile(rb"(?:^|[;\s])(?=filename)", re.IGNORECASE)


def file_of(head: Head) -> bytes | None:
    """Return the name of the file that a body carries: of its Content-Disposition, else where a PUT puts it."""
    name = file_name(head.fields.get(b"content-disposition", b""))
    if not name and head.method == b"PUT":
        name = head.target.split(b"?")[0].rpartition(b"/")[2]
    return name or None


def file_name(disposition: bytes) -> bytes | None:
    """Return the file name of a Content-Disposition (RFC 6266, RFC 2231's first piece); the extended form wins."""
    best: bytes | None = None
    for start in _PARAMETER.finditer(disposition[:4096]):
        found = _FILE_NAME.match(disposition, start.end())
        if not found:
            continue
        if found["extended"]:
            value = (found["quoted"] or found["plain"] or b"").split(b"'", 2)[-1]
            return unquote_to_bytes(value)
        best = best or re.sub(rb'\\(["\\])', rb"\1", found["quoted"] if found["plain"] is None else found["plain"])
    return best
