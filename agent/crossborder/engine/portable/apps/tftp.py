"""TFTP (RFC 1350): which file is asked for, and whether it goes out."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from crossborder.engine.portable.apps.talk import Step

if TYPE_CHECKING:
    from crossborder.engine.names import Names

WRITE = b"\0\x02"
_REQUEST = re.compile(rb"\x00[\x01\x02]([\x20-\x7e\x80-\xff]{1,255})\x00(?i:octet|netascii|mail)\x00", re.DOTALL)


def looks_like_tftp(datagram: bytes) -> bool:
    """Tell whether a datagram asks to read or write a file."""
    return _REQUEST.match(datagram) is not None


class TftpTalk:
    """One request; the file itself travels between other ports."""

    rest = b""

    def __init__(self, names: Names) -> None:
        """Write into these."""
        self._names = names

    def feed(self, outward: bool, data: bytes) -> Step:
        """Take the request: a file goes out that is written abroad, or read at home."""
        found = _REQUEST.match(data)
        if found and outward is data.startswith(WRITE):
            self._names.add("file_names", found[1])
        return Step.DONE

    def gap(self, outward: bool) -> None:
        """Datagrams have no gaps."""
