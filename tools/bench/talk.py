"""A TCP connection as a gateway near its client sees it."""

from __future__ import annotations

from typing import TYPE_CHECKING

from tools.bench.frames import ACK, FIN, MSS, PSH, RST, SYN, SYN_OPTIONS

if TYPE_CHECKING:
    from tools.bench.frames import Lane

CLIENT, SERVER = 0, 1
_NEAR_US = 300  # the way to the client
_NEXT_US = 40  # between two segments of one burst


class Talk:
    """Frames of a connection, each with the microseconds that pass before it."""

    def __init__(self, client: Lane, server: Lane, far_us: int, numbers: tuple[int, int]) -> None:
        """Begin with nothing sent; `far_us` is the way to the server and back, `numbers` the first of both sides."""
        self.frames: list[tuple[int, bytes]] = []
        self._lanes = client, server
        self._next = list(numbers)
        self._waits = _NEAR_US, far_us

    def open(self) -> None:
        """Shake hands."""
        client, server = self._lanes
        seq, ack = self._next
        self.frames += (
            (0, client.tcp(seq, 0, SYN, options=SYN_OPTIONS)),
            (self._waits[SERVER], server.tcp(ack, seq + 1, SYN | ACK, options=SYN_OPTIONS)),
            (_NEAR_US, client.tcp(seq + 1, ack + 1, ACK)),
        )
        self._next = [seq + 1, ack + 1]

    def say(self, side: int, data: bytes, think_us: int = 0) -> None:
        """Send bytes from one side, after a pause; the other acknowledges every second full segment."""
        lane, wait = self._lanes[side], self._waits[side] + think_us
        for number, begin in enumerate(range(0, len(data), MSS)):
            part = data[begin : begin + MSS]
            self.frames.append((wait, lane.tcp(self._next[side], self._next[1 - side], PSH | ACK, part)))
            self._next[side] += len(part)
            wait = _NEXT_US
            if number & 1:
                self.acknowledge(1 - side)

    def acknowledge(self, side: int) -> None:
        """Send a bare acknowledgement."""
        self.frames.append((self._waits[side], self._lanes[side].tcp(self._next[side], self._next[1 - side], ACK)))

    def close(self, side: int = CLIENT, think_us: int = 0) -> None:
        """Close from one side, as most do: FIN, FIN, ACK."""
        one, other = self._lanes[side], self._lanes[1 - side]
        seq, ack = self._next[side], self._next[1 - side]
        self.frames += (
            (self._waits[side] + think_us, one.tcp(seq, ack, FIN | ACK)),
            (self._waits[1 - side], other.tcp(ack, seq + 1, FIN | ACK)),
            (self._waits[side], one.tcp(seq + 1, ack + 1, ACK)),
        )

    def reset(self, side: int) -> None:
        """Break off."""
        self.frames.append(
            (self._waits[side], self._lanes[side].tcp(self._next[side], self._next[1 - side], RST | ACK))
        )
