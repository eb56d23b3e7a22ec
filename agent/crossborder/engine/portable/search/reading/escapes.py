r"""What stands for characters in texts: percent-encoding, JSON's backslashes, XML's entities, quoted-printable, base64.

Each is a pattern: what stands for something, or the beginning of that at the end of what has come. The same patterns
are in the native engine.
"""

from __future__ import annotations

import re
from binascii import a2b_base64
from typing import TYPE_CHECKING, Final, Literal, Protocol

if TYPE_CHECKING:
    from collections.abc import Callable

_PAIR = rb"u[dD][89abAB][0-9a-fA-F]{2}\\u[dD][c-fC-F][0-9a-fA-F]{2}"
_PAIR_BEGUN = rb"u[dD][89abAB][0-9a-fA-F]{2}(?:\\(?:u(?:[dD](?:[c-fC-F][0-9a-fA-F]?)?)?)?)?\Z"
_UNIT = rb"u[0-9a-fA-F]{4}"
_UNIT_BEGUN = rb"(?:u[0-9a-fA-F]{0,3})?\Z"
_JSON = re.compile(rb"\\(?:%b|%b|%b|[\"\\/bfnrt]|%b)" % (_PAIR, _PAIR_BEGUN, _UNIT, _UNIT_BEGUN))
_MARKUP = re.compile(
    rb"&(?:#[0-9]{1,7}|#[xX][0-9a-fA-F]{1,6}|lt|gt|amp|quot|apos);"
    rb"|&(?:#(?:[0-9]{0,7}|[xX][0-9a-fA-F]{0,6})|[a-z]{0,4})\Z"
)
_PERCENT = re.compile(rb"%[0-9a-fA-F]{2}|\+|%[0-9a-fA-F]?\Z")
_QUOTED = re.compile(rb"=[0-9a-fA-F]{2}|=[ \t]{0,8}\r?\n|=(?:[0-9a-fA-F]|[ \t]{0,8}\r?)\Z")
_CONTROLS: Final = {b"b": b"\b", b"f": b"\f", b"n": b"\n", b"r": b"\r", b"t": b"\t"}
_ENTITIES: Final = {b"lt": b"<", b"gt": b">", b"amp": b"&", b"quot": b'"', b"apos": b"'"}
_NO_LETTER: Final = bytes(
    code for code in range(256) if not (code < 0x80 and (chr(code).isalnum() or chr(code) in "+/="))
)

Kind = Literal["percent", "form", "json", "markup", "quoted"]


class Stage(Protocol):
    """What turns bytes into others, piece by piece; how they are cut changes nothing."""

    def turn(self, data: bytes, *, last: bool) -> bytes:
        """Turn the next bytes; `last`: nothing follows."""


class Escapes:
    """Reads what stands for characters as these."""

    __slots__ = ("_held", "_meant", "_pattern")

    def __init__(self, kind: Kind) -> None:
        """Begin a text."""
        self._held = b""  # what may go on
        self._pattern, self._meant = _KINDS[kind]

    def turn(self, data: bytes, *, last: bool) -> bytes:
        """Turn the next bytes."""
        text = self._held + data
        self._held = b""
        meant = self._meant

        def read(found: re.Match[bytes]) -> bytes:
            means = meant(found[0])
            if means is not None:
                return means
            if last or found.end() < len(text):
                return found[0]
            self._held = found[0]
            return b""

        return self._pattern.sub(read, text)


def _percent(found: bytes) -> bytes | None:
    if found == b"+":
        return b"+"
    return bytes.fromhex(found[1:].decode()) if len(found) == 3 else None


def _form(found: bytes) -> bytes | None:
    return b" " if found == b"+" else _percent(found)


def _quoted(found: bytes) -> bytes | None:
    if found.endswith(b"\n"):
        return b""
    return bytes.fromhex(found[1:].decode()) if len(found) == 3 and found[1:].isalnum() else None


def _json(found: bytes) -> bytes | None:
    """Return what a backslash and what follows stand for (RFC 8259 7); half of a pair stays, or waits for the other."""
    if len(found) == 12:
        high, low = int(found[2:6], 16), int(found[8:], 16)
        return chr(0x10000 + ((high & 0x3FF) << 10) + (low & 0x3FF)).encode()
    if len(found) == 6:
        code = int.from_bytes(bytes.fromhex(found[2:].decode()), "big")
        return None if 0xD800 <= code < 0xE000 else chr(code).encode()
    letter = found[1:]
    return _CONTROLS.get(letter, letter) if len(letter) == 1 and letter != b"u" else None


def _markup(found: bytes) -> bytes | None:
    """Return what an entity stands for; one that is none stays."""
    if not found.endswith(b";"):
        return None
    name = found[1:-1]
    if not name.startswith(b"#"):
        return _ENTITIES[name]
    digits, base = (name[2:], 16) if name[1:2] in b"xX" else (name[1:], 10)
    code = int(digits, base)
    valid = 0 < code < 0xD800 or 0xE000 <= code < 0x110000
    return chr(code).encode() if valid else found


_KINDS: Final[dict[Kind, tuple[re.Pattern[bytes], Callable[[bytes], bytes | None]]]] = {
    "percent": (_PERCENT, _percent),
    "form": (_PERCENT, _form),
    "json": (_JSON, _json),
    "markup": (_MARKUP, _markup),
    "quoted": (_QUOTED, _quoted),
}


class Base64:
    """Decodes base64 (RFC 2045 6.8): what is none of its letters is skipped, padding ends a group."""

    __slots__ = ("_held",)

    def __init__(self) -> None:
        """Begin."""
        self._held = b""  # letters of a group that is not whole

    def turn(self, data: bytes, *, last: bool) -> bytes:
        """Decode the next bytes."""
        *ended, groups = (self._held + data.translate(None, _NO_LETTER)).split(b"=")
        whole = len(groups) if last else len(groups) // 4 * 4
        self._held = groups[whole:]
        return b"".join(map(_decoded, [*ended, groups[:whole]]))


def _decoded(letters: bytes) -> bytes:
    """Decode letters; a single one at the end says nothing."""
    letters = letters[: len(letters) - 1] if len(letters) % 4 == 1 else letters
    return a2b_base64(letters + b"=" * (-len(letters) % 4))
