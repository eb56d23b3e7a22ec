"""Brings the payload of flows to those who read names from it: TCP in order, datagrams as they come."""

from __future__ import annotations

import logging
from abc import ABC, abstractmethod
from collections import OrderedDict
from typing import TYPE_CHECKING, Final, ParamSpec

from crossborder.engine.names import Names
from crossborder.engine.packet import SYN, TCP, UDP
from crossborder.engine.portable.apps import Conversation, DnsNames, Ends, Transfers
from crossborder.engine.portable.reassembly import Budget, Direction
from crossborder.engine.portable.search import Clear, Reading
from crossborder.model import Initiator, Inspection, Scope

if TYPE_CHECKING:
    from collections.abc import Callable

    from crossborder.engine.flow import Flow
    from crossborder.engine.packet import Packet
    from crossborder.engine.portable.search import Detectors

CONVERSATIONS_LIMIT: Final = 32_768  # listened to at a time; most have said all after a few packets
DATAGRAM_LIMIT: Final = 256  # datagrams of a flow that are looked at
FAILURES_TOLD: Final = 10  # faults of readers that are logged with their stack; all are counted

P = ParamSpec("P")
_DNS_PORT = 53
_log = logging.getLogger(__name__)


def _opened(flow: Flow) -> tuple[Ends, int]:
    """Return whom a flow is between, and the port it was opened to; where nobody knows, home asked."""
    if flow.initiator is Initiator.REMOTE:
        return Ends(flow.local, flow.remote), flow.local_port
    return Ends(flow.remote, flow.local), flow.remote_port


class _Finished:
    """Stands where a conversation was of which nothing more is wanted."""

    def close(self) -> None:
        """Have nothing to let go."""


_FINISHED = _Finished()


def _clear(inspection: str | None, listening: bool) -> Clear:
    """Tell how much of a flow may be shown; `listening`: what hides now may yet turn out to be clear."""
    if inspection == Inspection.CLEARTEXT.value:
        return Clear.YES
    return Clear.NOT_YET_KNOWN if inspection == Inspection.OPAQUE.value and listening else Clear.NO


class _Listening(ABC):
    """A conversation that is listened to, until it has said all, its flow ends, or there is no room for it."""

    __slots__ = ("_conversation", "_reading", "_room")

    def __init__(self, conversation: Conversation, room: Room, reading: Reading | None) -> None:
        self._conversation: Conversation | None = conversation
        self._reading = reading
        self._room = room
        room[self] = None

    def feed(self, flow: Flow, packet: Packet) -> bool:
        """Hand on a packet's payload; return whether more is wanted."""
        return self._conversation is not None and self._hear(self._conversation, flow, packet)

    @abstractmethod
    def _hear(self, conversation: Conversation, flow: Flow, packet: Packet) -> bool:
        """Hand on a packet's payload in this transport's way; return whether more is wanted."""

    def _tell(self, conversation: Conversation, flow: Flow, packet: Packet, data: bytes) -> bool:
        """Hand on bytes in order, to detectors too; return whether anybody wants more."""
        outward = flow.outward(packet)
        reading = self._reading
        if reading is None or reading.over:
            return conversation.feed(flow.from_initiator(packet), outward, data)
        reading.begin_piece()
        wanted = conversation.feed(flow.from_initiator(packet), outward, data)
        if outward:
            clear = _clear(flow.names.inspected(payload_seen=True), wanted)
            reading.show(data, clear, file=conversation.may_be_file)
        return wanted or not reading.over

    def take_limited(self) -> set[str]:
        """Take out at which limits reading for detectors ended since this was asked last."""
        return self._reading.take_limited() if self._reading else set()

    def search_for(self, detectors: Detectors | None) -> None:
        """Have other detectors see what begins from now on, if any do; without detectors nothing more is seen."""
        if self._reading is not None and detectors is not None:
            self._reading.search_for(detectors)
        elif self._reading is not None:
            self._reading.hide()

    def close(self) -> None:
        """Let go of everything."""
        if self._reading is not None:
            self._reading.hide()
        self._conversation = None
        self._room.pop(self, None)


Room = OrderedDict[_Listening, None]
"""Conversations that are listened to, the one that began first in front."""


class _Datagrams(_Listening):
    """The conversation of a UDP flow."""

    __slots__ = ("_left",)

    def __init__(self, conversation: Conversation, room: Room, reading: Reading | None) -> None:
        super().__init__(conversation, room, reading)
        self._left = DATAGRAM_LIMIT

    def _hear(self, conversation: Conversation, flow: Flow, packet: Packet) -> bool:
        self._left -= 1
        return self._tell(conversation, flow, packet, packet.payload) and self._left > 0


class _Streams(_Listening):
    """The conversation of a TCP flow and its two directions."""

    __slots__ = ("_budget", "_inward", "_outward")

    def __init__(self, conversation: Conversation, room: Room, reading: Reading | None, budget: Budget) -> None:
        super().__init__(conversation, room, reading)
        self._budget = budget
        self._outward: Direction | None = None
        self._inward: Direction | None = None

    def _hear(self, conversation: Conversation, flow: Flow, packet: Packet) -> bool:
        outward = flow.outward(packet)
        direction = self._direction(flow, packet, outward)
        if direction.given_up:
            return True
        start = packet.tcp_seq + 1 if packet.tcp_flags & SYN else packet.tcp_seq  # data in a SYN: RFC 7413
        data = direction.push(start, packet.payload)
        wanted = True
        if data:
            wanted = self._tell(conversation, flow, packet, data)
        if len(packet.payload) < packet.payload_bytes:  # cut by the capture: the rest will never come
            direction.give_up()
        if direction.given_up and wanted:
            conversation.gap(flow.from_initiator(packet), outward)
            if outward and self._reading is not None:
                self._reading.hide()
            wanted = not self._both_given_up()
        return wanted

    def _direction(self, flow: Flow, packet: Packet, outward: bool) -> Direction:
        direction = self._outward if outward else self._inward
        if direction is None:
            isn = flow.isn_out if outward else flow.isn_in
            direction = Direction(packet.tcp_seq if isn is None else isn + 1, self._budget)
            if outward:
                self._outward = direction
            else:
                self._inward = direction
        return direction

    def _both_given_up(self) -> bool:
        ends = (self._outward, self._inward)
        return all(direction is not None and direction.given_up for direction in ends)

    def close(self) -> None:
        """Let go of everything, of what is held in order to be put in order too."""
        super().close()
        for direction in (self._outward, self._inward):
            if direction is not None:
                direction.give_up()


class Inspector:
    """Learns names from payload. Never raises, whatever the payload is."""

    def __init__(self, detectors: Detectors | None = None) -> None:
        """Begin knowing nothing; detectors see what crosses in the clear."""
        self._detectors = detectors
        self._dns_names = DnsNames()
        self._transfers = Transfers()
        self._budget = Budget()
        self._room: Room = OrderedDict()
        self.failures = 0  # faults of our own readers; more than 0 is a bug of ours

    def search_for(self, detectors: Detectors | None) -> None:
        """Have other detectors see what crosses from now on: flows that begin, the next text of those that are seen."""
        self._detectors = detectors
        for listening in self._room:
            listening.search_for(detectors)

    def label(self, flow: Flow) -> None:
        """Name the server of a new flow by the DNS answer that gave its address, and a transfer by who announced it."""
        ends, port = _opened(flow)
        name = self._dns_names.name_of(ends.server)
        if name:
            flow.names.name_server(name, "dns")
        if flow.proto == TCP:
            self._transfers.claim(ends, port, flow.names)

    def inspect(self, flow: Flow, packet: Packet) -> set[str]:
        """Read the payload of a packet that its flow has counted; return limits at which reading has ended now."""
        conversation = flow.conversation or self._begin(flow)
        if isinstance(conversation, _Listening) and not self._guarded(conversation.feed, flow, packet):
            conversation.close()
            flow.conversation = _FINISHED
        return conversation.take_limited() if isinstance(conversation, _Listening) else set()

    def leave_unread(self, flow: Flow, packet: Packet) -> bool:
        """Leave the names out that a packet may tell of its flow; return whether they are the first of the flow."""
        said = bool(packet.payload) and packet.carries is None and flow.conversation is not _FINISHED
        first = not flow.unread and (said or flow.packets_out + flow.packets_in == 1)
        flow.unread = flow.unread or first
        return first

    def _begin(self, flow: Flow) -> _Listening | None:
        """Begin to listen to a flow; when there is no room, the conversation that began first gives way."""
        if flow.proto not in {TCP, UDP}:
            return None
        if len(self._room) >= CONVERSATIONS_LIMIT:
            next(iter(self._room)).close()
        reading = Reading(self._detectors) if self._detectors and flow.scope is Scope.CROSSING else None
        flow.showing = reading
        begun: _Listening
        if flow.proto == TCP:
            talk = Conversation("tcp", flow.names, self._dns_names, self._transfers, _opened(flow)[0], reading)
            begun = _Streams(talk, self._room, reading, self._budget)
        else:
            begun = _Datagrams(Conversation("udp", flow.names, self._dns_names), self._room, reading)
        flow.conversation = begun
        return begun

    def overhear(self, packet: Packet) -> None:
        """Learn from a DNS answer that stays at home: clients ask a resolver at home for names abroad."""
        if packet.proto == UDP and packet.sport == _DNS_PORT and packet.payload:
            conversation = Conversation("udp", Names(), self._dns_names)
            self._guarded(conversation.feed, False, False, packet.payload)

    def _guarded(self, feed: Callable[P, bool], *args: P.args, **kwargs: P.kwargs) -> bool:
        """Call a reader of content; what it fails at costs the names of one flow, not the agent its life."""
        try:
            return feed(*args, **kwargs)
        except Exception:  # noqa: BLE001 - whatever hostile bytes bring a reader to, the packets count
            self.failures += 1
            if self.failures <= FAILURES_TOLD:
                _log.exception("a reader of content failed; the flow is counted on, without further names")
            return False
