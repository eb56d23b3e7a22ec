"""The contract of a talk: what follows one protocol through a conversation, and says when it has learnt enough."""

from __future__ import annotations

from enum import Enum
from typing import TYPE_CHECKING, NamedTuple, Protocol

from crossborder.model import Inspection

if TYPE_CHECKING:
    from crossborder.engine.names import Names
    from crossborder.engine.portable.apps.dnsnames import DnsNames
    from crossborder.engine.portable.apps.ftpdata import Ends, Transfers
    from crossborder.engine.portable.search import Reading


class Scene(NamedTuple):
    """What talks write into, and what they know beside the bytes."""

    names: Names  # of this flow
    dns_names: DnsNames  # of all flows
    transfers: Transfers  # of all flows
    ends: Ends | None  # whom this flow is between, where known
    reading: Reading | None = None  # who reads what goes out for detectors

    def take_over(self) -> None:
        """Take over from the stream what detectors see, where it can be read."""
        if self.reading and self.names.inspected(payload_seen=True) == Inspection.CLEARTEXT.value:
            self.reading.take_over()

    def give_back(self, rest: int) -> None:
        """Give back to the stream what detectors see; `rest`: bytes of those fed last that were not handed over."""
        if self.reading:
            self.reading.give_back(rest)

    def reads(self, outward: bool) -> Reading | None:
        """Return who reads what goes this way for detectors."""
        return self.reading if outward else None


class Step(Enum):
    """What a talk wants after a piece of data."""

    MORE = "more"  # feed on
    DONE = "done"  # nothing more is to be learnt: memory can be freed
    UPGRADE = "upgrade"  # another protocol starts inside (STARTTLS, CONNECT): `rest` holds its first bytes


class Talk(Protocol):
    """Follows one protocol. Holds at most a few named limits of bytes, and never raises whatever the bytes are.

    Streams are told apart by their direction only (`outward`: from home abroad): who is client and who is server
    is told by what they say, so that a conversation met in the middle is followed as well.
    """

    rest: bytes
    """After UPGRADE: the bytes of the direction just fed that belong to the protocol inside."""

    def feed(self, outward: bool, data: bytes) -> Step:
        """Take in-order bytes of one direction, or one datagram."""

    def gap(self, outward: bool) -> None:
        """Learn that bytes of that direction are missing from here on."""
