"""Text of any charset becomes UTF-8, its letters composed: by its mark, by how it looks, or as it was declared.

What is UTF-8 is never changed, except that letters that were taken apart are composed (NFC).
"""

from __future__ import annotations

import codecs
import re
import unicodedata
from typing import Final

SAMPLE: Final = 512  # bytes by which a charset is told, from the first that is not plain ASCII on
_MIN_PAIRS: Final = 4  # of bytes, by which UTF-16 is told
_MAX_LETTER: Final = 4 + 8 * 2  # bytes of a letter and the marks on it that are composed
_STRANGE = re.compile(rb"[^\x09-\x0d\x1b\x20-\x7f]")
_LETTER = rb"[\x00-\x7f]|[\xc2-\xcb\xce-\xdf][\x80-\xbf]|[\xe0-\xef][\x80-\xbf]{2}|[\xf0-\xf4][\x80-\xbf]{3}"
_MARKED = re.compile(rb"(?:%b)(?:\xcc[\x80-\xbf]|\xcd[\x80-\xaf]){1,8}" % _LETTER)
_BEGINS_LETTER = re.compile(rb".*[\x00-\x7f\xc2-\xcb\xce-\xf4]", re.DOTALL)
_HIGH: Final = frozenset(b"\x00\x01\x03\x1e")  # high bytes of the letters of Vietnamese in Unicode
_NAMES: Final = {
    **dict.fromkeys(("utf-16", "utf16", "utf-16le"), "utf-16-le"),
    "utf-16be": "utf-16-be",
    **dict.fromkeys(("windows-1258", "cp1258", "x-cp1258"), "cp1258"),
    **dict.fromkeys(("windows-1252", "cp1252", "iso-8859-1", "latin1"), "cp1252"),
    **dict.fromkeys(("gb18030", "gbk", "gb2312"), "gb18030"),
    "big5": "big5hkscs",
    "shift_jis": "cp932",
    "euc-jp": "euc_jp",
    "euc-kr": "cp949",
}
"""Charsets that programs declare, and the codecs that read them as browsers do."""


def _as_is(error: UnicodeError) -> tuple[str, int]:
    """Read a byte that a charset of single bytes leaves free as browsers do (WHATWG Encoding 9.1)."""
    if not isinstance(error, UnicodeDecodeError):
        raise error
    return chr(error.object[error.start]), error.start + 1


codecs.register_error("crossborder.as-is", _as_is)


class Charset:
    """Makes UTF-8 of a text, however cut."""

    __slots__ = ("_declared", "_decoder", "_gone", "_held", "_plain")

    def __init__(self, declared: str = "") -> None:
        """Begin a text that was declared to be of a charset, which may be wrong."""
        self._declared = _NAMES.get(declared)
        self._plain = True  # ASCII so far
        self._held: bytes | None = b""  # by which it is not told yet; None: it is told
        self._gone = 0  # bytes of the text before those that are held
        self._decoder: codecs.IncrementalDecoder | None = None

    def turn(self, data: bytes, *, last: bool) -> bytes:
        """Turn the next bytes."""
        if self._held is None:
            return self._decoded(data, last)
        self._held += data
        passed = self._pass_plain(last) if self._plain else b""
        if self._plain or (len(self._held) < SAMPLE and not last):
            return passed
        held, self._held = self._held, None
        return passed + self._decoded(held[self._decide(held) :], last)

    def _pass_plain(self, last: bool) -> bytes:
        """Pass plain ASCII; what is behind it is held and sampled, from an even place on."""
        held = self._held or b""
        strange = _STRANGE.search(held)
        plain = strange.start() if strange else len(held)
        self._plain = strange is None
        ready = plain if last and self._plain else max(plain - (self._gone + plain) % 2, 0)
        self._held = held[ready:]
        self._gone += ready
        return held[:ready]

    def _decoded(self, data: bytes, last: bool) -> bytes:
        if self._decoder is None:
            return data
        return str(self._decoder.decode(data, last)).encode("utf-8", "replace")

    def _decide(self, held: bytes) -> int:
        """Choose a decoder; return the bytes of the mark that says which."""
        marks = ((b"\xef\xbb\xbf", None), (b"\xff\xfe", "utf-16-le"), (b"\xfe\xff", "utf-16-be"))
        mark, codec = next(((m, c) for m, c in marks if held.startswith(m) and not self._gone), (b"", ""))
        codec = self._told(held[:SAMPLE]) if codec == "" else codec
        if codec is not None:
            single = codec in {"cp1252", "cp1258"}
            self._decoder = codecs.getincrementaldecoder(codec)("crossborder.as-is" if single else "replace")
        return len(mark)

    def _told(self, sample: bytes) -> str | None:
        """Return the charset that bytes look like; None: as they are."""
        if self._declared in {"utf-16-le", "utf-16-be"}:
            return self._declared
        return _utf16(sample) or (None if _is_utf8(sample) else self._declared)


def _is_utf8(sample: bytes) -> bool:
    try:
        codecs.getincrementaldecoder("utf-8")("strict").decode(sample)
    except UnicodeDecodeError:
        return False
    return True


def _utf16(sample: bytes) -> str | None:
    """Tell UTF-16 of Latin letters, the Vietnamese ones among them, by the high bytes of its characters."""
    pairs = list(zip(sample[::2], sample[1::2], strict=False))
    for codec, high, low in (("utf-16-le", 1, 0), ("utf-16-be", 0, 1)):
        fit = sum(pair[high] in _HIGH and pair[low] != 0 for pair in pairs)
        zeros = sum(pair[high] == 0 for pair in pairs)
        if len(pairs) >= _MIN_PAIRS and fit * 10 >= len(pairs) * 9 and zeros * 4 >= len(pairs):
            return codec
    return None


class Compose:
    """Composes letters that were taken apart (NFC), however cut; text without marks passes as it is."""

    __slots__ = ("_held",)

    def __init__(self) -> None:
        """Begin a text."""
        self._held = b""  # the last letter, on which marks may follow

    def turn(self, data: bytes, *, last: bool) -> bytes:
        """Turn the next bytes."""
        text = self._held + data
        cut = len(text) if last else _last_letter(text)
        self._held = text[cut:]
        return _MARKED.sub(_composed, text[:cut])


def _last_letter(text: bytes) -> int:
    """Return where the last letter begins that marks may follow."""
    start = max(len(text) - (_MAX_LETTER - 1), 0)
    found = _BEGINS_LETTER.match(text, start)
    return found.end() - 1 if found else len(text)


def _composed(found: re.Match[bytes]) -> bytes:
    try:
        return unicodedata.normalize("NFC", found[0].decode()).encode()
    except UnicodeDecodeError:
        return found[0]
