"""Finds the names of files in MIME parts of a body: forms (RFC 7578) and mail (RFC 2045, RFC 2183)."""

from __future__ import annotations

import re
from email.errors import HeaderParseError
from email.header import decode_header
from typing import NamedTuple

from crossborder.engine.portable.apps.http import file_name, head_end, parse_fields

MAX_SCAN = 1 << 20  # bytes of one body that are searched
MAX_PART_HEAD = 4096  # bytes of one part's header
_FIELD = 64  # a field's name, its colon and white space around them
_CHARSET = re.compile(
    r"utf-?(?:8|16)|us-ascii|iso-?8859-(?:1[0-6]?|[2-9])|(?:windows-|cp)125[0-8]|(?:cp|ibm)866|koi8-[ru]"
    r"|big5(?:-hkscs)?|gb(?:k|2312|18030)|euc-(?:jp|kr)|iso-2022-jp|shift_jis",
    re.IGNORECASE,
)
"""Those that mail programs write; Python has codecs that are no charsets, and charsets of machines long gone."""
_DISPOSITION = re.compile(rb"\ncontent-disposition[ \t]{0,16}:", re.IGNORECASE)


class Part(NamedTuple):
    """A part that is a file. `media_type` is empty where the part does not say."""

    name: bytes
    media_type: bytes


class PartScanner:
    """Takes a body in pieces, however cut, and returns the files that its parts name."""

    def __init__(self) -> None:
        """Begin at the first byte of the body, or of a part's header."""
        self._held = b"\n"
        self._searched = 0  # no name of the field begins before this place in what is held
        self._scanned = 0

    @property
    def full(self) -> bool:
        """Tell whether as much was searched as ever is."""
        return self._scanned >= MAX_SCAN

    def feed(self, data: bytes) -> list[Part]:
        """Return the files whose part header became whole with these bytes."""
        data = data[: MAX_SCAN - self._scanned]
        self._scanned += len(data)
        held = self._held + data
        found: list[Part] = []
        done = 0
        searched = max(len(held) - _FIELD, 0)
        for match in _DISPOSITION.finditer(held, self._searched):
            limit = match.start() + MAX_PART_HEAD
            end = head_end(held[:limit], match.end())
            if end is None and len(held) < limit:
                searched = match.start()
                break
            if end is not None:
                part = _part(held[_header_start(held, done, match.start()) : end])
                found += [part] if part is not None else []
                done = end - 1
        keep = max(done, len(held) - 2 * MAX_PART_HEAD)
        self._held = held[keep:] if not self.full else b""
        self._searched = max(searched - keep, 0)
        return found


def _header_start(data: bytes, low: int, at: int) -> int:
    """Return where the header block of a part begins: behind its boundary line, or behind an empty line."""
    low = max(low, at - MAX_PART_HEAD)
    return max(low, data.rfind(b"\n--", low, at) + 1, data.rfind(b"\n\n", low, at), data.rfind(b"\n\r\n", low, at))


def _part(head: bytes) -> Part | None:
    fields = parse_fields(head.split(b"\n"))
    name = file_name(fields.get(b"content-disposition", b""))
    if not name:
        return None
    return Part(decoded(name), fields.get(b"content-type", b""))


def decoded(name: bytes) -> bytes:
    """Return a name as UTF-8 where it is an encoded word (RFC 2047), as mail programs still write names."""
    if b"=?" not in name:
        return name
    try:
        return b"".join(_word(text, charset) for text, charset in decode_header(name.decode("ascii")))
    except (ValueError, LookupError, HeaderParseError):  # no ASCII, no such charset, no base64
        return name


def _word(text: str | bytes, charset: str | None) -> bytes:
    if isinstance(text, bytes):
        if charset is not None and not _CHARSET.fullmatch(charset):
            raise LookupError(charset)
        text = text.decode(charset or "ascii", "replace")
    return text.encode("utf-8", "replace")
