"""What a destination is to who ships, and the two ways in which it does not take lines."""

from __future__ import annotations

from typing import TYPE_CHECKING, Protocol

if TYPE_CHECKING:
    from collections.abc import Sequence

FAILURES = ("connection", "timeout", "tls", "busy", "rejected", "file", "internal")
"""Why an attempt failed: the reasons of `crossborder_sink_failures_total`."""
UNWANTED = ("refused", "too_large", "missing")
"""Why a line is passed over: the reasons of `crossborder_sink_skipped_total`."""

REASONS = {"failures": FAILURES, "skipped_lines": UNWANTED}


class NotTaken(Exception):  # noqa: N818 - no fault of ours
    """Nothing is known to have been taken; the same lines are sent again later."""

    def __init__(self, reason: str, message: str, wait: float = 0.0) -> None:
        """Take one of FAILURES, a sentence, and how many seconds the other side asked to be left alone."""
        super().__init__(message)
        self.reason = reason
        self.wait = wait


class Unwanted(Exception):  # noqa: N818 - an answer
    """The other side answered that it does not want these lines as they are, and took none of them."""

    def __init__(self, reason: str, message: str) -> None:
        """Take one of UNWANTED, and a sentence."""
        super().__init__(message)
        self.reason = reason


class Destination(Protocol):
    """Where lines go. Used by one thread; connects when it first sends."""

    @property
    def settles(self) -> float:
        """Return after how many seconds what was sent counts as taken; 0 where the other side says so itself."""

    def send(self, lines: Sequence[bytes]) -> None:
        """Send lines (without their ends), in order. Raises NotTaken, Unwanted."""

    def look(self) -> None:
        """Raise NotTaken when the connection has broken since."""

    def finish(self) -> bool:
        """End the connection in order, and tell whether by that everything that was sent is taken."""

    def close(self) -> None:
        """Let go of the connection; `send` opens another."""
