"""The flow table: packets in, one frame of flow reports per tick out. Bounded, on packet time, deterministic."""

from __future__ import annotations

from collections import OrderedDict
from operator import attrgetter
from typing import TYPE_CHECKING, Final

import polars as pl

from crossborder.engine import SECOND_NS
from crossborder.engine.flow import Flow, choose, flow_key, opened_by_sender, scope_of
from crossborder.engine.flowids import FlowIds
from crossborder.engine.home import Side
from crossborder.engine.packet import ACK, SYN
from crossborder.model import REPORT_SCHEMA, EndReason, Scope

if TYPE_CHECKING:
    from crossborder.engine import EngineConfig
    from crossborder.engine.flow import FlowKey
    from crossborder.engine.home import Home
    from crossborder.engine.packet import Packet

__all__ = ["Flow", "FlowTable", "choose"]

SET_BACK_NS: Final = 60 * SECOND_NS  # a packet this much older than the newest: its clock was set back
CLOSE_GRACE_NS: Final = SECOND_NS  # a closed TCP flow waits so long for the last ACK
MAX_UNREPORTED: Final = 65_536  # flows ended within one tick before the tick is called early


class FlowTable:
    """The flows of all interfaces. An engine does, for each packet: `tick`, on its word `drain`, then `add`.

    Time is packet time. Inside, flows age on a clock that never runs backwards: small steps back are reordering,
    large ones (SET_BACK_NS) are a clock that was set or the next file, and ageing goes on from there.
    """

    def __init__(self, config: EngineConfig) -> None:
        """Begin empty with the limits, the home and the tick of the configuration."""
        self.home = config.home
        self._config = config
        self._limits = config.limits
        self._flows: OrderedDict[FlowKey, Flow] = OrderedDict()  # idle the longest first
        self._changed: list[Flow] = []
        self._closing: list[Flow] = []
        self._ids = FlowIds()
        self._opened = 0
        self._ended = 0
        self._age = 0
        self._newest_ns: int | None = None
        self._tick = 0

    def __len__(self) -> int:
        """Return the number of flows that live."""
        return len(self._flows)

    def set_home(self, home: Home) -> None:
        """Judge new flows by another home; flows in the table keep the scope they have."""
        self.home = home

    def tick(self, ts_ns: int) -> int | None:
        """Take note of the time; return when the tick closed if one is due, else None.

        Ticks close at multiples of the tick length of packet time (or of the clock: an engine on interfaces calls
        this without a packet too). However long a silence was, one tick closes it. A tick comes early when more flows
        ended than may wait for their report.
        """
        if self._newest_ns is None:
            self._newest_ns, self._tick = ts_ns, ts_ns // self._config.tick_ns
            return None
        step = ts_ns - self._newest_ns
        if step > 0:
            self._age += step
            self._newest_ns = ts_ns
        elif step < -SET_BACK_NS:
            self._newest_ns, self._tick = ts_ns, ts_ns // self._config.tick_ns
        number = self._newest_ns // self._config.tick_ns
        if number > self._tick:
            self._tick = number
            return number * self._config.tick_ns
        return self._newest_ns if self._ended >= MAX_UNREPORTED else None

    def add(self, packet: Packet) -> Flow | None:
        """Count a packet and return its flow; None when it is domestic and domestic flows are not reported."""
        key = flow_key(packet)
        flow = self._flows.get(key)
        if flow is not None:
            flow = self._going_on(flow, packet)
        if flow is None:
            flow = self._open(key, packet)
            if flow is None:
                return None
        else:
            self._flows.move_to_end(key)
            flow.seen_age = self._age
        was_closing = flow.closing
        flow.count(packet)
        if not flow.dirty:
            flow.dirty = True
            self._changed.append(flow)
        if flow.closing is not was_closing:
            flow.closing_age = self._age
            self._closing.append(flow)
        return flow

    def _going_on(self, flow: Flow, packet: Packet) -> Flow | None:
        """Return the flow a packet belongs to, or None when the one in the table has ended before it."""
        if self._age - flow.seen_age >= self._limits.idle_ns:
            self._end(flow, EndReason.IDLE)
            return None
        if flow.closing is not None:
            used_again = packet.tcp_flags & (SYN | ACK) == SYN
            if used_again or self._age - flow.closing_age >= CLOSE_GRACE_NS:
                self._end(flow, flow.closing)
                return None
        elif self._age - flow.opened_age >= self._limits.active_ns:
            self._end(flow, EndReason.ACTIVE)
            return self._enter(flow.successor(packet, self._age))
        return flow

    def _open(self, key: FlowKey, packet: Packet) -> Flow | None:
        scope = scope_of(packet.src, packet.dst, self.home)
        if scope is Scope.DOMESTIC and not self._config.report_all:
            return None
        if scope is Scope.CROSSING:
            sender_is_local = self.home.side(packet.src) is Side.HOME
        else:
            sender_is_local = opened_by_sender(packet) is not False
        if len(self._flows) >= self._limits.max_flows:
            self._sweep()
        if len(self._flows) >= self._limits.max_flows:
            self._end(next(iter(self._flows.values())), EndReason.EVICTED)
        return self._enter(Flow(key, packet, scope, sender_is_local, self._age))

    def _enter(self, flow: Flow) -> Flow:
        self._opened += 1
        flow.number = self._opened
        self._flows[flow.key] = flow
        return flow

    def _end(self, flow: Flow, reason: EndReason) -> None:
        del self._flows[flow.key]
        flow.end_reason = flow.closing or reason
        if flow.conversation is not None and reason is not EndReason.ACTIVE:
            flow.conversation.close()
            flow.conversation = None
        self._ended += 1
        if not flow.dirty:
            flow.dirty = True
            self._changed.append(flow)

    def drain(self) -> pl.DataFrame:
        """End what is closed or idle and return the tick's reports (REPORT_SCHEMA, in the order they opened).

        Only flows that changed or ended since the last drain are in it, each once.
        """
        self._sweep()
        return self._report()

    def _sweep(self) -> None:
        """End what is closed or idle for long enough; what this misses, its next packet ends."""
        waiting = [flow for flow in self._closing if flow.end_reason is None]
        self._closing = [flow for flow in waiting if self._age - flow.closing_age < CLOSE_GRACE_NS]
        for flow in waiting:
            if self._age - flow.closing_age >= CLOSE_GRACE_NS:
                self._end(flow, EndReason.FIN)
        self._expire()

    def close(self) -> pl.DataFrame:
        """End every flow and return the last reports."""
        self._expire()
        while self._flows:
            self._end(next(iter(self._flows.values())), EndReason.SHUTDOWN)
        self._closing.clear()
        return self._report()

    def _expire(self) -> None:
        while self._flows:
            flow = next(iter(self._flows.values()))
            if self._age - flow.seen_age < self._limits.idle_ns:
                return
            self._end(flow, EndReason.IDLE)

    def _report(self) -> pl.DataFrame:
        self._changed.sort(key=attrgetter("number"))
        rows = [flow.row(self._config.community_seed, self._ids) for flow in self._changed]
        self._ids.forget()
        self._changed = []
        self._ended = 0
        columns = zip(*rows, strict=True) if rows else ([] for _ in REPORT_SCHEMA)
        return pl.DataFrame(dict(zip(REPORT_SCHEMA, columns, strict=True)), schema=REPORT_SCHEMA)
