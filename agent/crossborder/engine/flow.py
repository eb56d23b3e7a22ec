"""One flow: who its ends are, who opened it, what was counted, and the row that reports it."""

from __future__ import annotations

import struct
from operator import sub
from socket import AF_INET, AF_INET6, inet_ntop
from typing import TYPE_CHECKING, Any, Protocol

from crossborder.engine.communityid import ICMP_ANSWERS, community_id
from crossborder.engine.home import Side
from crossborder.engine.names import Names
from crossborder.engine.packet import ACK, FIN, ICMP, ICMP6, RST, SYN, TCP, UDP, transport_name
from crossborder.engine.unseen import Unseen
from crossborder.model import EndReason, Initiator, Report, Scope
from crossborder.prefixes import key_of

if TYPE_CHECKING:
    from crossborder.engine.flowids import FlowIds
    from crossborder.engine.home import Home
    from crossborder.engine.packet import Packet

_REQUESTS = {ICMP: frozenset({8, 10, 13, 15, 17}), ICMP6: frozenset({128, 130, 133, 135, 144})}
_DNS_PORT = 53
_RTT_LIMIT_US = (1 << 32) - 1

_NOTHING = (0, 0, 0, 0, 0, 0)  # totals reported so far: packets, bytes, payload, out and in of each

FlowKey = tuple[str, int, bytes, bytes, int, int, str | None]


def flow_key(packet: Packet) -> FlowKey:
    """Return what packets of one flow share, in both directions: interface, canonical tuple, tunnels.

    The VLAN is not part of it: a mirror port often shows the two directions of one connection in two VLANs.
    An ICMP request and its answer are one flow, which another request the other way is not; other ICMP is one-way.
    Community ID has it so.
    """
    src, dst, sport, dport = packet.src, packet.dst, packet.sport, packet.dport
    if packet.proto in ICMP_ANSWERS:
        answer = ICMP_ANSWERS[packet.proto].get(sport)
        if answer is not None:
            dport = 0
            if sport not in _REQUESTS[packet.proto]:
                src, dst, sport = dst, src, answer
    elif src > dst or (src == dst and sport > dport):
        src, dst, sport, dport = dst, src, dport, sport
    return packet.interface, packet.proto, src, dst, sport, dport, packet.tunnel


def opened_by_sender(packet: Packet) -> bool | None:
    """Tell by its first packet whether the sender opened the flow; None for TCP met in mid-stream."""
    if packet.proto == TCP:
        if not packet.tcp_flags & SYN:
            return None
        return not packet.tcp_flags & ACK
    if packet.proto in ICMP_ANSWERS:
        return packet.sport in _REQUESTS[packet.proto] or packet.sport not in ICMP_ANSWERS[packet.proto]
    if packet.proto == UDP and _DNS_PORT in {packet.sport, packet.dport} and len(packet.payload) >= 12:
        return not packet.payload[2] & 0x80  # QR, RFC 1035 4.1.1
    return True


def scope_of(src: bytes, dst: bytes, home: Home) -> Scope:
    """Tell which ends are at home. A packet with an end that never crosses stays here."""
    source, destination = home.side(src), home.side(dst)
    if source is Side.NEVER or destination is Side.NEVER:
        return Scope.DOMESTIC
    if source is not destination:
        return Scope.CROSSING
    return Scope.DOMESTIC if source is Side.HOME else Scope.TRANSIT


def choose(layers: list[Packet], home: Home) -> Packet:
    """Return the IP layer of a frame that is counted; `layers` are outermost first.

    The innermost layer is who really talks. But a tunnel must not hide a crossing: when the innermost layer does not
    cross (private addresses inside a GRE tunnel to another country), the innermost layer that does is counted.
    """
    inside: Packet | None = None
    for packet in reversed(layers):
        if scope_of(packet.src, packet.dst, home) is Scope.CROSSING:
            word = inside.tunnel.rpartition("/")[2] if inside is not None and inside.tunnel else None
            return packet._replace(carries=word) if word else packet
        inside = packet
    return layers[-1]


class Findings(Protocol):
    """What was found in a flow, as its report has it."""

    def detection_rows(self) -> list[dict[str, Any]]:
        """Return the column `detections`."""

    def person_rows(self) -> list[dict[str, Any]]:
        """Return the column `persons`."""


class Showing(Protocol):
    """What detectors see of a flow."""

    def take(self, *, last: bool) -> Findings:
        """Take out what was found since this was asked last; `last`: nothing follows."""


class Conversation(Protocol):
    """What an engine keeps of a flow's content, to learn names from it."""

    def close(self) -> None:
        """Let go of everything: the flow has ended."""


class Flow:
    """A flow in the table. `out` is from local to remote, whoever opened it."""

    __slots__ = (
        "_keys",
        "_told",
        "bytes_in",
        "bytes_out",
        "closing",
        "closing_age",
        "conversation",
        "dirty",
        "end_reason",
        "fins",
        "first_ns",
        "id",
        "initiator",
        "isn_in",
        "isn_out",
        "key",
        "last_ns",
        "local",
        "local_port",
        "names",
        "number",
        "opened_age",
        "packets_in",
        "packets_out",
        "payload_in",
        "payload_out",
        "proto",
        "remote",
        "remote_port",
        "rtt_us",
        "scope",
        "seen_age",
        "showing",
        "syn_ack",
        "syn_ns",
        "unread",
        "unseen",
        "vlan",
    )

    def __init__(self, key: FlowKey, packet: Packet, scope: Scope, sender_is_local: bool, age: int) -> None:
        """Open a flow with its first packet, which is not counted yet."""
        self.showing: Showing | None = None
        self.key = key
        self.proto = packet.proto
        self.scope = scope
        self.vlan = packet.vlan
        self.first_ns = self.last_ns = packet.ts_ns
        self.opened_age = self.seen_age = age
        self.names = Names()
        self.names.app_protocol = packet.carries
        self.conversation: Conversation | None = None
        self.unseen = Unseen() if packet.proto == TCP else None
        self._orient(packet, sender_is_local)
        self._reset()

    def _orient(self, packet: Packet, sender_is_local: bool) -> None:
        ends = (packet.src, packet.sport), (packet.dst, packet.dport)
        (self.local, self.local_port), (self.remote, self.remote_port) = ends if sender_is_local else ends[::-1]
        if packet.proto in ICMP_ANSWERS:
            answer = ICMP_ANSWERS[packet.proto].get(packet.sport)
            asked = packet.sport in _REQUESTS[packet.proto] or answer is None
            self.local_port = packet.sport if asked or answer is None else answer
            self.remote_port = packet.dport
        opened = opened_by_sender(packet)
        if opened is None:
            self.initiator = Initiator.UNKNOWN
        else:
            self.initiator = Initiator.LOCAL if opened is sender_is_local else Initiator.REMOTE

    def _reset(self) -> None:
        self.packets_out = self.packets_in = self.bytes_out = self.bytes_in = self.payload_out = self.payload_in = 0
        self.isn_out: int | None = None  # initial sequence numbers, from the SYN of each direction
        self.isn_in: int | None = None
        self.syn_ns: int | None = None
        self.syn_ack = False
        self.unread = False  # of what it carries something was left unread under load
        self.rtt_us: int | None = None
        self.fins = 0
        self.closing: EndReason | None = None
        self.closing_age = 0
        self.end_reason: EndReason | None = None
        self.dirty = False
        self.number = 0  # of all flows, in the order they opened
        self.id = 0
        self._told: tuple[int, int, int, int, int, int] | None = None
        self._keys: tuple[object, ...] = ()

    def successor(self, packet: Packet, age: int) -> Flow:
        """Return the flow that goes on when this record ends of age: same ends, initiator, names; counts from zero."""
        flow = Flow.__new__(Flow)
        flow._reset()  # noqa: SLF001 - our own
        flow.key, flow.proto, flow.scope, flow.vlan = self.key, self.proto, self.scope, self.vlan
        flow.local, flow.local_port, flow.remote, flow.remote_port = (
            self.local,
            self.local_port,
            self.remote,
            self.remote_port,
        )
        flow.initiator, flow.rtt_us, flow.fins = self.initiator, self.rtt_us, self.fins
        flow.unseen = self.unseen.successor() if self.unseen is not None else None
        flow.conversation, self.conversation = self.conversation, None
        flow.showing = self.showing
        flow.names = self.names  # the conversation writes on into it
        self.names = flow.names.fork()
        flow.first_ns = flow.last_ns = packet.ts_ns
        flow.opened_age = flow.seen_age = age
        return flow

    def outward(self, packet: Packet) -> bool:
        """Tell whether a packet of this flow goes from local to remote."""
        return packet.src == self.local and (packet.dst != self.local or packet.sport == self.local_port)

    def from_initiator(self, packet: Packet) -> bool | None:
        """Tell whether a packet of this flow was sent by the end that opened it; None when that is not known."""
        if self.initiator is Initiator.UNKNOWN:
            return None
        return self.outward(packet) is (self.initiator is Initiator.LOCAL)

    def count(self, packet: Packet) -> None:
        """Count a packet, and follow TCP's opening and closing."""
        outward = self.outward(packet)
        if outward:
            self.packets_out += 1
            self.bytes_out += packet.ip_bytes
            self.payload_out += packet.payload_bytes
        else:
            self.packets_in += 1
            self.bytes_in += packet.ip_bytes
            self.payload_in += packet.payload_bytes
        if not self.dirty or packet.ts_ns > self.last_ns:
            self.last_ns = packet.ts_ns
        if self.unseen is not None:
            known = self.isn_out if outward else self.isn_in
            self.unseen.follow(packet, outward, anew=known != packet.tcp_seq)
        if packet.proto == TCP and (packet.tcp_flags & (SYN | FIN | RST) or self.syn_ack):
            self._follow(packet, outward)

    def _follow(self, packet: Packet, outward: bool) -> None:
        flags = packet.tcp_flags
        if flags & SYN:
            if outward:
                self.isn_out = packet.tcp_seq
            else:
                self.isn_in = packet.tcp_seq
        if flags & RST:
            self.closing = self.closing or EndReason.RST
        elif flags & FIN:
            self.fins |= 1 if outward else 2
            if self.fins == 3:
                self.closing = self.closing or EndReason.FIN
        sent_by_initiator = outward is (self.initiator is Initiator.LOCAL)
        if flags & SYN and self.rtt_us is None and self.initiator is not Initiator.UNKNOWN:
            if not flags & ACK and sent_by_initiator and not self.syn_ack:
                self.syn_ns = packet.ts_ns  # the newest: a SYN sent again is the one answered
            elif flags & ACK and not sent_by_initiator:
                self.syn_ack = self.syn_ns is not None
        elif self.syn_ack and self.syn_ns is not None and flags & ACK and sent_by_initiator:
            self.syn_ack = False
            if not flags & RST and packet.ts_ns >= self.syn_ns:
                self.rtt_us = min((packet.ts_ns - self.syn_ns) // 1000, _RTT_LIMIT_US)

    def row(self, seed: int, ids: FlowIds) -> tuple[object, ...]:
        """Return the report of this tick in the order of REPORT_COLUMNS, and begin to count the next delta."""
        totals = (
            self.packets_out,
            self.packets_in,
            self.bytes_out,
            self.bytes_in,
            self.payload_out,
            self.payload_in,
        )
        if self._told is None:
            self._identify(seed, ids)
        told, self._told = self._told or _NOTHING, totals
        report = Report.OPENED if told is _NOTHING else Report.ACTIVE
        if self.end_reason is not None:
            report = Report.ENDED
        self.dirty = False
        return (
            self.id,
            report.value,
            self.end_reason.value if self.end_reason else None,
            self.key[0],
            self.first_ns,
            self.last_ns,
            *self._keys,
            *map(sub, totals, told),
            self.unseen and self.unseen.outward.report(),
            self.unseen and self.unseen.inward.report(),
            *totals,
            self.rtt_us,
            *self.names.row(payload_seen=self.payload_out + self.payload_in > 0),
            *self._found(),
            key_of(self.local),
            key_of(self.remote),
        )

    def _found(self) -> tuple[object, object]:
        """Return what detectors found, and the persons among it; None: none looked."""
        if self.showing is None:
            return None, None
        found = self.showing.take(last=self.end_reason is not None)
        return found.detection_rows(), found.person_rows()

    def _identify(self, seed: int, ids: FlowIds) -> None:
        interface, proto, src, dst, sport, dport, tunnel = self.key
        tail = struct.pack("!BHHq", proto, sport, dport, self.first_ns) + (tunnel or "").encode()
        data = interface.encode("utf-8", "surrogateescape") + b"\0" + src + b"\0" + dst + tail
        self.id = ids.give(data)
        self._keys = (
            self._community_id(seed),
            _text(self.local),
            self.local_port,
            _text(self.remote),
            self.remote_port,
            self.initiator.value,
            self.scope.value,
            transport_name(proto),
            self.vlan,
            tunnel,
        )

    def _community_id(self, seed: int) -> str:
        if self.proto not in ICMP_ANSWERS:
            return community_id(self.local, self.remote, self.proto, self.local_port, self.remote_port, seed)
        # Type and code belong to the packet, not to the ends: the hash wants them with their sender.
        asker, asked = self.local, self.remote
        if self.initiator is Initiator.REMOTE:
            asker, asked = asked, asker
        return community_id(asker, asked, self.proto, self.local_port, self.remote_port, seed)


def _text(packed: bytes) -> str:
    return inet_ntop(AF_INET if len(packed) == 4 else AF_INET6, packed)
