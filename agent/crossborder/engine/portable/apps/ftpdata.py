"""Ties the data connections of FTP to the control connections that announce them (RFC 959, RFC 2428)."""

from __future__ import annotations

import re
from collections import OrderedDict
from ipaddress import ip_address
from typing import TYPE_CHECKING, NamedTuple

if TYPE_CHECKING:
    from crossborder.engine.names import Names

DEFAULT_LIMIT = 4096  # announced connections that have not come
PROTOCOL = "ftp-data"
_SIX = re.compile(rb"(?<!\d)(\d{1,3}),(\d{1,3}),(\d{1,3}),(\d{1,3}),(\d{1,3}),(\d{1,3})(?!\d)")
_EPSV = re.compile(rb"\(([!-~])\1\1(\d{1,5})\1\)")
_EPRT = re.compile(rb"([!-~])[12]\1([0-9A-Fa-f.:]{2,45})\1(\d{1,5})\1")


class Ends(NamedTuple):
    """The two ends of a flow (4 or 16 bytes), by who was asked."""

    server: bytes
    client: bytes


class Place(NamedTuple):
    """Where a data connection will be opened to. `address` (4 or 16 bytes) is None where it is the control's own."""

    address: bytes | None
    port: int


def announced(line: bytes) -> Place | None:
    """Return where a reply (227, 229) or a command (PORT, EPRT) says that the next data connection goes."""
    word, _, rest = line.partition(b" ")
    word = word.upper()
    if word in {b"227", b"PORT"} and (found := _SIX.search(rest)):
        numbers = [int(number) for number in found.groups()]
        return Place(bytes(numbers[:4]), numbers[4] << 8 | numbers[5]) if max(numbers) < 256 else None
    if word == b"229" and (found := _EPSV.search(rest)):
        return _place(None, found[2])
    if word == b"EPRT" and (found := _EPRT.match(rest)):
        try:
            return _place(ip_address(found[2].decode("ascii")).packed, found[3])
        except ValueError:
            return None
    return None


def _place(address: bytes | None, port: bytes) -> Place | None:
    return Place(address, int(port)) if int(port) < 1 << 16 else None


class Transfer:
    """One data connection: the file's name may be told before or after it opens."""

    def __init__(self) -> None:
        """Know neither the file nor the flow."""
        self._file: bytes | None = None
        self._names: Names | None = None

    def carries(self, file: bytes) -> None:
        """Learn the name of a file that goes out."""
        self._file = file
        self._tell()

    def opened(self, names: Names) -> None:
        """Learn the names of the flow that carries it."""
        self._names = names
        self._tell()

    def _tell(self) -> None:
        if self._names is not None and self._file is not None:
            self._names.add("file_names", self._file)


class Transfers:
    """The data connections that were announced and have not come; the one announced longest ago is forgotten first."""

    def __init__(self, limit: int = DEFAULT_LIMIT) -> None:
        """Remember at most `limit` of them."""
        self._limit = limit
        self._waiting: OrderedDict[tuple[Ends, int], Transfer] = OrderedDict()  # (ends, port it is opened to)

    def __len__(self) -> int:
        """Return how many are remembered."""
        return len(self._waiting)

    def announce(self, ends: Ends, place: Place) -> Transfer:
        """Remember where a control connection between `ends` says that a data connection will be opened to.

        It is claimed only by a flow between the same two hosts: no one names the flows of others. An address that is
        neither of them is one behind address translation; the server's own stands for it.
        """
        opened = Ends(ends.client, ends.server) if place.address == ends.client else ends
        self._waiting.pop((opened, place.port), None)
        if len(self._waiting) >= self._limit:
            self._waiting.popitem(last=False)
        transfer = self._waiting[opened, place.port] = Transfer()
        return transfer

    def claim(self, ends: Ends, port: int, names: Names) -> bool:
        """Tell whether a flow that is opened to `port` was announced; if so it is called by its name."""
        transfer = self._waiting.pop((ends, port), None)
        if transfer is None:
            return False
        names.app_protocol = PROTOCOL
        transfer.opened(names)
        return True
