"""Judges bytes that speak no known protocol: text, a known file format, or opaque."""

from __future__ import annotations

import re
import struct
from codecs import getincrementaldecoder
from typing import Final

SAMPLE = 256  # bytes that are judged
MIN_TEXT = 4  # fewer prove nothing
_CONTROLS = re.compile(rb"[\x00-\x08\x0e-\x1a\x1c-\x1f\x7f]")
_ASCII_TEXT = re.compile(rb"[\t\n\r\x20-\x7e]")
MIN_UNITS = 4  # of UTF-16 without a mark, at least, that prove it
TEXT_SHARE = 0.6  # of plain ASCII in what is no UTF-8: Vietnamese in one of the old 8-bit encodings
_UTF8 = getincrementaldecoder("utf-8")
_BYTE_ORDER_MARKS = (b"\xff\xfe", b"\xfe\xff", b"\xef\xbb\xbf")

FILE_TYPES: Final = (
    (b"PK\x03\x04", "application/zip"),  # office documents too
    (b"%PDF-", "application/pdf"),
    (b"\x1f\x8b\x08", "application/gzip"),
    (b"BZh", "application/x-bzip2"),
    (b"\xfd7zXZ\x00", "application/x-xz"),
    (b"\x28\xb5\x2f\xfd", "application/zstd"),
    (b"7z\xbc\xaf\x27\x1c", "application/x-7z-compressed"),
    (b"Rar!\x1a\x07", "application/vnd.rar"),
    (b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1", "application/x-ole-storage"),  # office documents before 2007
    (b"SQLite format 3\x00", "application/vnd.sqlite3"),
    (b"PAR1", "application/vnd.apache.parquet"),
    (b"PGDMP", "application/x-postgresql-dump"),
    (b"\x89PNG\r\n\x1a\n", "image/png"),
    (b"\xff\xd8\xff", "image/jpeg"),
    (b"GIF8", "image/gif"),
    (b"II*\x00", "image/tiff"),
    (b"MM\x00*", "image/tiff"),
    (b"LASF", "application/vnd.las"),
    (b"\x00\x00\x27\x0a\x00\x00\x00\x00", "application/vnd.shp"),
    (b"QFI\xfb", "application/x-qcow2"),
    (b"KDMV", "application/x-vmdk"),
    (b"EVF\x09\x0d\x0a\xff\x00", "application/x-ewf"),
)
"""How files begin (the IANA media type, where there is one), as in a data connection of FTP."""

LATE_TYPES: Final = ((128, b"DICM", "application/dicom"), (257, b"ustar", "application/x-tar"))
"""The same for those whose mark stands behind their first bytes: so many."""
_LATIN: Final = frozenset({0x00, 0x01, 0x03, 0x1E})
"""High bytes of Latin letters in UTF-16, the Vietnamese ones among them."""


def file_type(head: bytes) -> str | None:
    """Return the media type of the file that a stream begins with, or None."""
    known = next((kind for magic, kind in FILE_TYPES if head.startswith(magic)), None)
    return known or next((kind for at, magic, kind in LATE_TYPES if head.startswith(magic, at)), None)


def is_text(sample: bytes) -> bool:
    """Tell whether bytes are clearly text: no control characters, and UTF-8 or mostly ASCII, or UTF-16; or marked."""
    if len(sample) < MIN_TEXT:
        return False
    if sample.startswith(_BYTE_ORDER_MARKS):
        return True
    sample = sample[:SAMPLE]
    if _CONTROLS.search(sample):
        return _is_utf16(sample, "<") or _is_utf16(sample, ">")
    try:
        _UTF8().decode(sample)  # a character may be cut off at the end
    except UnicodeDecodeError:
        return len(_ASCII_TEXT.findall(sample)) >= TEXT_SHARE * len(sample)
    return True


def _is_utf16(sample: bytes, order: str) -> bool:
    size = len(sample) // 2
    units = struct.unpack_from(f"{order}{size}H", sample)
    latin, plain = sum(unit >> 8 in _LATIN for unit in units), bytes(unit for unit in units if unit < 0x100)
    enough = size >= MIN_UNITS and latin * 10 >= size * 9 and len(plain) * 4 >= size
    return enough and not _CONTROLS.search(plain)
