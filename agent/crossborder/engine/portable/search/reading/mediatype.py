"""Media types and their parameters, as heads of messages and parts name them (RFC 9110 8.3, RFC 2045 5.1)."""

from __future__ import annotations

import re
from typing import Final

_MAX_FIELD: Final = 1024  # bytes of a field that are looked at
_MAX_BOUNDARY: Final = 128  # RFC 2046 5.1.1 allows 70
_WORD = re.compile(rb"[^;, \t\r\n]+")
_VALUE = rb"""[ \t]*=[ \t]*(?:"([^"\r\n]*)"|([^;"\s]+))"""
_BOUNDARY = re.compile(rb"[;\s]boundary" + _VALUE, re.IGNORECASE)
_CHARSET = re.compile(rb"[;\s]charset" + _VALUE, re.IGNORECASE)
_FILE_NAME = re.compile(rb"[;\s]filename\*?[0-9]*\*?[ \t]*=", re.IGNORECASE)


def essence(field: bytes) -> bytes:
    """Return the type itself, small, without parameters."""
    found = _WORD.search(field[:_MAX_FIELD])
    return found[0].lower() if found else b""


def boundary(field: bytes) -> bytes | None:
    """Return the boundary between parts."""
    found = _value(_BOUNDARY, field)
    return found if found and len(found) <= _MAX_BOUNDARY else None


def charset(field: bytes) -> str:
    """Return the name of a charset, small; empty where there is none."""
    return (_value(_CHARSET, field) or b"").decode("utf-8", "replace").strip().lower()


def names_file(disposition: bytes) -> bool:
    """Tell whether a Content-Disposition names a file."""
    return _FILE_NAME.search(disposition[:_MAX_FIELD]) is not None


def _value(pattern: re.Pattern[bytes], field: bytes) -> bytes | None:
    found = pattern.search(field[:_MAX_FIELD])
    return None if found is None else found[2] if found[1] is None else found[1]
