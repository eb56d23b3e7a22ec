"""What is kept of one flow between its packets, and what a reader of one layer is given."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

from crossborder.engine.portable.apps.content import file_type, is_text
from crossborder.engine.portable.apps.parts import PartScanner
from crossborder.engine.tshark.web import Web
from crossborder.model import Inspection

if TYPE_CHECKING:
    from crossborder.engine.names import Names
    from crossborder.engine.portable.apps import DnsNames


class Talk:
    """The content of one flow so far."""

    def __init__(self, names: Names, dns_names: DnsNames) -> None:
        """Write into these names; DNS answers go to `dns_names` of all flows."""
        self.names = names
        self.dns_names = dns_names
        self.web = Web(names)
        self.mail = PartScanner()
        self.mailing = False  # mail is under way: the client said DATA
        self._heads = {False: b"", True: b""}

    def judge(self, outward: bool, sample: bytes) -> None:
        """Say what can be read of content whose protocol is not known; files are named where one goes out."""
        self._heads[outward] = self._heads[outward] or sample
        types = {way: file_type(head) for way, head in self._heads.items()}
        outgoing = types[True]
        if outgoing is not None:
            self.names.add("file_types", outgoing)
        heads = [head for head in self._heads.values() if head]
        readable = any(types.values()) or (heads and all(map(is_text, heads)))
        self.names.inspection = Inspection.CLEARTEXT.value if readable else None

    def close(self) -> None:
        """Have nothing to let go that others wait for."""


class Way(NamedTuple):
    """How a layer came."""

    outward: bool  # from home abroad
    payload: str | None  # the segment's or datagram's, as tshark prints bytes
    payload_bytes: int
