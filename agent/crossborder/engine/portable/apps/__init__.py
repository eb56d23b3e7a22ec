"""What the wire says: follows a flow's content and writes protocol, names and files into the flow's Names.

The protocol is told by content, never by port. Each protocol has a module of pure functions, bytes to values, and a
talk that follows it (see `talk`); the tables of probes (`probes`, `datagramprobes`) say who is asked. What is
inspected how is Names' rule; beyond it, readers here say: `metadata` for mail, directories and databases that went
over to TLS; `opaque` for RDP, encrypted SMB and tunnels through a proxy; and for a protocol that nobody knows
`cleartext` where it is clearly text or a file of a known format, otherwise nothing, which Names calls opaque: a
protocol that cannot be read counts as one that hides.
"""

from __future__ import annotations

from collections import deque
from typing import TYPE_CHECKING, Final

from crossborder.engine.portable.apps.dnsnames import DnsNames
from crossborder.engine.portable.apps.ftpdata import PROTOCOL as FTP_DATA
from crossborder.engine.portable.apps.ftpdata import Ends, Transfers
from crossborder.engine.portable.apps.listen import DatagramListener, StreamListener
from crossborder.engine.portable.apps.talk import Scene, Step
from crossborder.model import Inspection

if TYPE_CHECKING:
    from crossborder.engine.names import Names
    from crossborder.engine.portable.apps.talk import Talk
    from crossborder.engine.portable.search import Reading

__all__ = ["Conversation", "DnsNames", "Ends", "Transfers"]

MAX_DEPTH: Final = 4  # protocols inside protocols: a proxy, STARTTLS, TLS
PROXIES: Final = frozenset({"http", "socks"})
"""Protocols that hand a connection on: afterwards the flow is called by what is inside."""


class Conversation:
    """The content of one flow. Bytes may come in any pieces; hostile ones never raise; memory is bounded."""

    def __init__(
        self,
        transport: str,
        names: Names,
        dns_names: DnsNames,
        transfers: Transfers | None = None,
        ends: Ends | None = None,
        reading: Reading | None = None,
    ) -> None:
        """Follow a flow over `tcp` or `udp` and write into `names`.

        `dns_names` and `transfers` are shared by all flows: what DNS answers and FTP announces here is known there.
        `ends` are whom the flow is between, where known; `reading` is who reads what goes out for detectors.
        """
        self._names = names
        self._scene = Scene(names, dns_names, Transfers() if transfers is None else transfers, ends, reading)
        self._stream = transport == "tcp"
        self._over = transport not in {"tcp", "udp"}
        self._listener: StreamListener | DatagramListener = self._listen()
        self._talk: Talk | None = None
        self._depth = 0
        self._unknown: str | None = None  # what can be read as long as the protocol is not known

    def _listen(self) -> StreamListener | DatagramListener:
        return StreamListener() if self._stream else DatagramListener()

    def feed(self, from_initiator: bool | None, outward: bool, data: bytes) -> bool:
        """Take the next bytes of one direction, or one datagram; False when nothing more is wanted.

        `outward`: from home abroad. `from_initiator`: sent by the end that opened the flow, None when unknown; it is
        not asked, since who is client and who is server is told by what they say.
        """
        del from_initiator
        todo = deque([(outward, bytes(data))])
        while todo and not self._over:
            way, piece = todo.popleft()
            if not piece:
                continue
            if self._talk is None:
                todo.extendleft(reversed(self._hear(way, piece)))
                continue
            step = self._talk.feed(way, piece)
            if step is Step.UPGRADE:
                todo.appendleft((way, self._go_inside(self._talk)))
            elif step is Step.DONE:
                self._end()
        return not self._over

    def _hear(self, outward: bool, data: bytes) -> list[tuple[bool, bytes]]:
        """Listen on; once the protocol is known, return all that was heard for the talk to take."""
        probe = self._listener.hear(outward, data)
        file = self._names.app_protocol == FTP_DATA and (probe is None or probe.protocol != "tls")  # whatever is in it
        if probe is None or file:
            self._names.inspection = self._listener.judge(self._names) or self._unknown
            if file or self._listener.gave_up:
                self._end()
            return []
        if self._depth == 0 or self._names.app_protocol in PROXIES:
            self._names.app_protocol = probe.protocol
            self._names.inspection = probe.inspection
        if probe.make is None:
            self._unknown = probe.inspection
            if self._stream or self._listener.gave_up:
                self._end()
            return []
        self._talk = probe.make(self._scene)
        heard, self._listener = self._listener.heard, self._listen()
        return heard

    def _go_inside(self, talk: Talk) -> bytes:
        """Listen for the protocol inside; return its first bytes.

        After STARTTLS and its like the flow keeps its name and is no longer read in the clear. What a proxy hands on
        is called by what is inside, and hides until that is known.
        """
        self._depth += 1
        self._talk = None
        inside = Inspection.OPAQUE if self._names.app_protocol in PROXIES else Inspection.METADATA
        self._names.inspection = self._unknown = inside.value
        if self._depth > MAX_DEPTH:
            self._end()
        return talk.rest

    @property
    def may_be_file(self) -> bool:
        """Tell whether it is a stream that speaks no known protocol, as a data connection of FTP: it may be a file."""
        return self._stream and self._names.app_protocol in {None, FTP_DATA}

    def gap(self, from_initiator: bool | None, outward: bool) -> None:
        """Learn that bytes of one direction are missing between what was fed and what will be."""
        del from_initiator
        if self._talk is not None:
            self._talk.gap(outward)
        else:
            self._listener.lose(outward)

    def _end(self) -> None:
        self._over = True
        self._talk = None
        self._listener = self._listen()
