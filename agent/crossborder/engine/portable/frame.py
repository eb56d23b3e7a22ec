"""What a source hands over and what a decoder says when it cannot go on."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

if TYPE_CHECKING:
    from crossborder.model import DropReason


class Frame(NamedTuple):
    """One frame as captured."""

    ts_ns: int  # nanoseconds since 1970 UTC
    linktype: int  # https://www.tcpdump.org/linktypes.html
    wire_len: int  # bytes on the wire; at least as many as were captured
    data: bytes  # what was captured of it
    interface: str  # capture interface, or the capture file's name


class UnreadableError(Exception):
    """The bytes cannot be read on, for a reason that is counted. Never leaves the decoder of a packet."""

    def __init__(self, reason: DropReason) -> None:
        """Take the reason the packet is counted under."""
        super().__init__(reason)
        self.reason = reason
