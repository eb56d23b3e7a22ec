"""Header fields of HTTP/2 in their compressed form (HPACK, RFC 7541): bytes to fields."""

from __future__ import annotations

from collections import deque
from typing import Final

from crossborder.engine.portable.apps.reader import Reader, ShortError

MAX_BLOCK = 16_384  # bytes of one block of fields
MAX_TABLE = 16_384  # bytes of the fields that are remembered, as RFC 7541 4.1 counts them
DEFAULT_TABLE = 4096  # RFC 9113 6.5.2
_ENTRY = 32  # what a field counts beside its bytes
_MAX_INTEGER = 5  # bytes behind the first of an integer

Field = tuple[bytes, bytes]

_STATIC: Final[tuple[Field, ...]] = tuple(
    (name, value)
    for name, _, value in (
        entry.partition(b" ")
        for entry in (
            b":authority|:method GET|:method POST|:path /|:path /index.html|:scheme http|:scheme https|:status 200"
            b"|:status 204|:status 206|:status 304|:status 400|:status 404|:status 500|accept-charset"
            b"|accept-encoding gzip, deflate|accept-language|accept-ranges|accept|access-control-allow-origin|age|allow"
            b"|authorization|cache-control|content-disposition|content-encoding|content-language|content-length"
            b"|content-location|content-range|content-type|cookie|date|etag|expect|expires|from|host|if-match"
            b"|if-modified-since|if-none-match|if-range|if-unmodified-since|last-modified|link|location|max-forwards"
            b"|proxy-authenticate|proxy-authorization|range|referer|refresh|retry-after|server|set-cookie"
            b"|strict-transport-security|transfer-encoding|user-agent|vary|via|www-authenticate"
        ).split(b"|")
    )
)
"""RFC 7541 A."""

_SYMBOLS: Final = (
    (5, b"012aceiost"),
    (6, b" %-./3456789=A_bdfghlmnpru"),
    (7, b":BCDEFGHIJKLMNOPQRSTUVWYjkqvwxyz"),
    (8, b"&*,;XZ"),
    (10, b'!"()?'),
    (11, b"'+|"),
    (12, b"#>"),
    (13, b"\x00$@[]~"),
    (14, b"^}"),
    (15, b"<`{"),
    (19, b"\\\xc3\xd0"),
    (20, b"\x80\x82\x83\xa2\xb8\xc2\xe0\xe2"),
    (21, b"\x99\xa1\xa7\xac\xb0\xb1\xb3\xd1\xd8\xd9\xe3\xe5\xe6"),
    (22, b"\x81\x84\x85\x86\x88\x92\x9a\x9c\xa0\xa3\xa4\xa9\xaa\xad\xb2\xb5\xb9\xba\xbb\xbd\xbe\xc4\xc6\xe4\xe8\xe9"),
    (23, bytes.fromhex("01 8789 8a8b8c8d8f 93959697989b9d9e a5a6a8aeafb4b6b7bcbfc5e7ef")),
    (24, b"\x09\x8e\x90\x91\x94\x9f\xab\xce\xd7\xe1\xec\xed"),
    (25, b"\xc7\xcf\xea\xeb"),
    (26, b"\xc0\xc1\xc8\xc9\xca\xcd\xd2\xd5\xda\xdb\xee\xf0\xf2\xf3\xff"),
    (27, b"\xcb\xcc\xd3\xd4\xd6\xdd\xde\xdf\xf1\xf4\xf5\xf6\xf7\xf8\xfa\xfb\xfc\xfd\xfe"),
    (28, bytes([*range(2, 9), 11, 12, *range(14, 22), *range(23, 32), 127, 220, 249])),
    (30, b"\x0a\x0d\x16"),
)
"""RFC 7541 B: symbols by the bits of their code, in the order of the codes. The last code of all ends a string."""


def _codes() -> dict[tuple[int, int], int]:
    codes: dict[tuple[int, int], int] = {}
    code, bits = 0, 0
    for size, symbols in _SYMBOLS:
        code <<= size - bits
        bits = size
        for symbol in symbols:
            codes[bits, code] = symbol
            code += 1
    return codes


_CODES: Final = _codes()
_MAX_BITS = 30
_PADDING = 7  # bits that may be left at the end of a string, all set


class _InvalidError(Exception):
    """A block says what it may not. Never leaves the parser."""


class FieldTable:
    """Reads the blocks of one direction in their order, and remembers the fields that later ones point to."""

    def __init__(self) -> None:
        """Remember nothing yet."""
        self._entries: deque[Field] = deque()  # the latest in front
        self._size = 0
        self._limit = DEFAULT_TABLE

    def read(self, block: bytes) -> list[Field] | None:
        """Return the fields of a block; None where it cannot be read, after which no other can."""
        reader = Reader(block)
        fields: list[Field] = []
        try:
            while reader.left:
                field = self._field(reader)
                if field is not None:
                    fields.append(field)
        except (ShortError, _InvalidError):
            return None
        return fields

    def _field(self, reader: Reader) -> Field | None:
        """Read one representation (RFC 7541 6); None where it only changes the table."""
        first = reader.uint(1)
        if first & 0x80:
            return self._entry(_integer(reader, first, 7))
        if first & 0x40:
            field = self._literal(reader, _integer(reader, first, 6))
            self._remember(field)
            return field
        if first & 0x20:
            self._limit = _integer(reader, first, 5)
            if self._limit > MAX_TABLE:
                raise _InvalidError
            self._forget()
            return None
        return self._literal(reader, _integer(reader, first, 4))

    def _entry(self, index: int) -> Field:
        """Return the field that an index means (RFC 7541 2.3.3)."""
        if 0 < index <= len(_STATIC):
            return _STATIC[index - 1]
        if len(_STATIC) < index <= len(_STATIC) + len(self._entries):
            return self._entries[index - len(_STATIC) - 1]
        raise _InvalidError

    def _literal(self, reader: Reader, index: int) -> Field:
        name = self._entry(index)[0] if index else _string(reader)
        return name, _string(reader)

    def _remember(self, field: Field) -> None:
        self._entries.appendleft(field)
        self._size += _ENTRY + len(field[0]) + len(field[1])
        self._forget()

    def _forget(self) -> None:
        """Let go of the oldest until all fit (RFC 7541 4.4); a field larger than the table leaves it empty."""
        while self._size > self._limit:
            name, value = self._entries.pop()
            self._size -= _ENTRY + len(name) + len(value)


def _integer(reader: Reader, first: int, bits: int) -> int:
    """Return an integer whose first bits stand in a byte (RFC 7541 5.1)."""
    mask = (1 << bits) - 1
    value = first & mask
    if value < mask:
        return value
    for shift in range(0, 7 * _MAX_INTEGER, 7):
        byte = reader.uint(1)
        value += (byte & 0x7F) << shift
        if byte < 0x80:
            return value
    raise _InvalidError


def _string(reader: Reader) -> bytes:
    """Return a string literal (RFC 7541 5.2)."""
    first = reader.uint(1)
    text = reader.take(_integer(reader, first, 7))
    return _expanded(text) if first & 0x80 else text


def _expanded(text: bytes) -> bytes:
    """Return the symbols of a string in Huffman's code."""
    symbols = bytearray()
    code, bits = 0, 0
    for byte in text:
        for place in range(7, -1, -1):
            code, bits = code << 1 | byte >> place & 1, bits + 1
            symbol = _CODES.get((bits, code))
            if symbol is not None:
                symbols.append(symbol)
                code, bits = 0, 0
            elif bits >= _MAX_BITS:
                raise _InvalidError
    if bits > _PADDING or code != (1 << bits) - 1:
        raise _InvalidError
    return bytes(symbols)
