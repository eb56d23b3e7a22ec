"""Conversations of two hosts: TCP with handshake, segments, acknowledgements and close; datagrams there and back."""

from __future__ import annotations

from ipaddress import ip_address
from typing import TYPE_CHECKING, NamedTuple, Self

from scapy.layers.inet import TCP as TCP_LAYER

from crossborder.demo.manifest import Frame
from crossborder.demo.wire import ACK, FIN, ICMP, ICMP6, PSH, RST, SYN, TCP, UDP, IpHeader, Lane
from crossborder.engine.communityid import community_id

if TYPE_CHECKING:
    import random

    from crossborder.demo.places import Host
    from crossborder.demo.wire import Link, Tunnel

_SECOND_NS = 1_000_000_000
_STREAM_MBIT = 20.0


class Ends(NamedTuple):
    """Who talks to whom, how, and in what."""

    client: Host
    server: Host
    sport: int
    dport: int
    link: Link | Tunnel


class Conversation:
    """What TCP and datagram conversations share: two lanes, a clock, a heap of frames."""

    protocol: int

    def __init__(self, frames: list[Frame], ends: Ends, at_ns: int, rng: random.Random) -> None:
        """Begin at a time; frames are appended as the conversation goes on."""
        self.ends = ends
        self.now = at_ns
        self.rng = rng
        self._frames = frames
        out = ends.client.inside
        self._lanes = {True: self._lane(ends, outward=out), False: self._lane(ends, outward=not out)}

    def _lane(self, ends: Ends, *, outward: bool) -> Lane:
        from_client = outward == ends.client.inside
        src, dst = (ends.client, ends.server) if from_client else (ends.server, ends.client)
        ports = (ends.sport, ends.dport) if from_client else (ends.dport, ends.sport)
        header = IpHeader(src.ip, dst.ip, self.protocol, 63 if src.inside else 49, self.rng.randrange(65_536))
        return Lane(header, *ports, ends.link.wrap(src.ip, dst.ip, outward=outward))

    def _put(self, time_ns: int, frame: bytes) -> None:
        self._frames.append(Frame(time_ns, frame, len(frame)))

    def turn(self, from_client: bool) -> int:
        """Return how long this end takes to answer, with some jitter, nanoseconds."""
        return int((self.ends.client if from_client else self.ends.server).turn_ns * self.rng.uniform(1.0, 1.08))

    def pause(self, seconds: float) -> Self:
        """Let both ends be silent for a while."""
        self.now += int(seconds * _SECOND_NS)
        return self

    @property
    def local(self) -> Host:
        """Return the end at home; of two the client."""
        return self.ends.client if self.ends.client.inside else self.ends.server

    @property
    def remote(self) -> Host:
        """Return the other end."""
        return self.ends.server if self.ends.client.inside else self.ends.client

    @property
    def community_id(self) -> str:
        """Return the Community ID of the conversation, seed 0."""
        client, server, sport, dport, _ = self.ends
        return community_id(ip_address(client.ip).packed, ip_address(server.ip).packed, self.protocol, sport, dport)


class Tcp(Conversation):
    """A TCP connection. `client` and `server` say what an end sends; a stream may be of any length."""

    protocol = TCP

    def __init__(
        self, frames: list[Frame], ends: Ends, at_ns: int, rng: random.Random, mbit: float = 40.0, mtu: int = 1500
    ) -> None:
        """Shake hands; `mbit` is the pace of streams in megabits a second."""
        super().__init__(frames, ends, at_ns, rng)
        headers = 60 if ":" in ends.client.ip else 40
        self._mss = mtu - headers - ends.link.overhead
        self._mbit = mbit
        self._seq = {True: rng.getrandbits(32), False: rng.getrandbits(32)}
        self._latest = {True: at_ns, False: at_ns}
        self._handshake()

    def _handshake(self) -> None:
        layer = TCP_LAYER(options=[("MSS", self._mss), ("SAckOK", b""), ("NOP", None), ("WScale", 9)])
        options = bytes(layer)[20:]
        self._segment(True, SYN, options=options, window=64_240)
        self._seq[True] += 1
        self.now += self.turn(False)
        self._segment(False, SYN | ACK, options=options, window=65_160)
        self._seq[False] += 1
        self.now += self.turn(True)
        self._segment(True, ACK)

    def _segment(
        self, from_client: bool, flags: int, payload: bytes = b"", options: bytes = b"", window: int = 8192
    ) -> None:
        ack = self._seq[not from_client] if flags & ACK else 0
        lane = self._lanes[from_client]
        frame = lane.tcp(self._seq[from_client] & _WRAP, ack & _WRAP, flags, payload, options, window)
        self._put(self.now, frame)
        self._latest[from_client] = max(self.now, self._latest[from_client])

    def _react(self, from_client: bool) -> None:
        """Let this end answer what it has just seen; never before what it said last."""
        self.now = max(self.now + self.turn(from_client), self._latest[from_client])

    def client(self, data: bytes) -> Self:
        """Let the client send."""
        return self._send(data, from_client=True)

    def server(self, data: bytes) -> Self:
        """Let the server send."""
        return self._send(data, from_client=False)

    def _send(self, data: bytes, *, from_client: bool) -> Self:
        """Send in segments; the other end acknowledges every second one and the last."""
        self._react(from_client)
        away = self.turn(not from_client)
        for number, start in enumerate(range(0, len(data), self._mss)):
            part = data[start : start + self._mss]
            last = start + self._mss >= len(data)
            self._segment(from_client, ACK | PSH if last else ACK, part)
            self._seq[from_client] += len(part)
            if last or number % 2:
                self._acknowledge(not from_client, away)
            if not last:
                self.now += int((len(part) + 58) * 8000 / self._mbit)
        return self

    def _acknowledge(self, from_client: bool, after_ns: int) -> None:
        sent = self.now
        self.now += after_ns
        self._segment(from_client, ACK)
        self.now = sent

    def close(self, *, by_client: bool = True) -> Self:
        """Close from one end, then from the other (RFC 9293 section 3.6)."""
        self._react(not by_client)  # its last bytes are acknowledged by then
        for end in (by_client, not by_client):
            self._react(end)
            self._segment(end, FIN | ACK)
            self._seq[end] += 1
        self._react(by_client)
        self._segment(by_client, ACK)
        return self

    def reset(self, *, by_client: bool = False) -> Self:
        """Break the connection from one end."""
        self._react(by_client)
        self._segment(by_client, RST | ACK)
        return self


_WRAP = 0xFFFFFFFF  # sequence numbers go round


class Datagrams(Conversation):
    """Datagrams between two ports."""

    protocol = UDP

    def client(self, data: bytes) -> Self:
        """Let the client send one."""
        return self._send(data, from_client=True)

    def server(self, data: bytes) -> Self:
        """Let the server send one."""
        return self._send(data, from_client=False)

    def _send(self, data: bytes, *, from_client: bool) -> Self:
        self.now += self.turn(from_client)
        self._put(self.now, self._lanes[from_client].udp(data))
        return self

    def stream(self, datagrams: list[bytes], answers: list[bytes], *, from_client: bool = True) -> Self:
        """Let one end send many; the other end says a little after each eighth, as QUIC acknowledges."""
        self.now += self.turn(from_client)
        for number, data in enumerate(datagrams):
            self._put(self.now, self._lanes[from_client].udp(data))
            if number % 8 == 7:
                after = self.now + self.turn(not from_client)
                self._put(after, self._lanes[not from_client].udp(answers[number // 8]))
            self.now += int((len(data) + 46) * 8000 / _STREAM_MBIT)
        return self

    def fragmented(self, data: bytes, size: int = 1400) -> Self:
        """Let the client send one datagram that is too large for the way, in fragments (RFC 791, RFC 8200)."""
        self.now += self.turn(True)
        for number, frame in enumerate(self._lanes[True].fragments(data, size)):
            self._put(self.now + number * 12_000, frame)
        return self


class Echoes(Conversation):
    """Pings. The client's port is the type of the request, as Community ID has it; the server's its code."""

    def __init__(self, frames: list[Frame], ends: Ends, at_ns: int, rng: random.Random) -> None:
        """Begin with nothing sent."""
        self.protocol = ICMP6 if ":" in ends.client.ip else ICMP
        super().__init__(frames, ends, at_ns, rng)

    def ping(self, count: int) -> Self:
        """Ask and answer once a second."""
        request, reply = (128, 129) if self.protocol == ICMP6 else (8, 0)
        ident = self.rng.randbytes(2)
        for number in range(count):
            rest = ident + number.to_bytes(2) + bytes(range(0x10, 0x40))
            self._put(self.now, self._lanes[True].icmp(request, 0, rest))
            self._put(self.now + self.turn(False), self._lanes[False].icmp(reply, 0, rest))
            self.pause(1)
        return self
