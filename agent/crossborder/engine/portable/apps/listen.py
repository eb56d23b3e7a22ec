"""Listens to the first bytes of a conversation until it is known which protocol is spoken."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from crossborder.engine.portable.apps.content import SAMPLE, file_type, is_text
from crossborder.engine.portable.apps.datagramprobes import DATAGRAM_PROBES
from crossborder.engine.portable.apps.probes import STREAM_PROBES
from crossborder.model import Inspection

if TYPE_CHECKING:
    from crossborder.engine.names import Names
    from crossborder.engine.portable.apps.probe import Probe

STREAM_LIMIT: Final = 4096  # bytes of one direction that probes may ask for
DATAGRAM_LIMIT: Final = 8  # datagrams that are tried: the first may be junk


class StreamListener:
    """Keeps the first bytes of both directions and asks the probes that have not said no yet."""

    def __init__(self) -> None:
        """Know nothing yet."""
        self.heard: list[tuple[bool, bytes]] = []  # what was fed, in order, for the talk to come
        self._heads = {False: b"", True: b""}
        self._open: dict[bool, tuple[Probe, ...]] = {False: STREAM_PROBES, True: STREAM_PROBES}

    def hear(self, outward: bool, data: bytes) -> Probe | None:
        """Take bytes; return the probe that knows the protocol, once one does."""
        if self.heard and self.heard[-1][0] is outward:  # many small pieces must not cost more than their bytes
            self.heard[-1] = (outward, self.heard[-1][1] + data)
        else:
            self.heard.append((outward, data))
        head = self._heads[outward]
        self._heads[outward] = head + data[: STREAM_LIMIT - len(head)]
        for way in (outward, not outward):
            found = self._ask(way)
            if found is not None:
                return found
        return None

    def _ask(self, way: bool) -> Probe | None:
        head, other = self._heads[way], self._heads[not way]
        undecided: list[Probe] = []
        if not head:
            return None
        for probe in self._open[way]:
            answer = probe.test(head, other)
            if answer:
                return probe
            if answer is None:
                undecided.append(probe)
        self._open[way] = tuple(undecided) if len(head) < STREAM_LIMIT else ()
        return None

    @property
    def gave_up(self) -> bool:
        """Tell whether no probe can say yes any more, or enough was heard."""
        if any(self._open.values()):
            return any(self._heard_enough(way) and not self._open[way] for way in (False, True))
        return True

    def _heard_enough(self, way: bool) -> bool:
        return len(self._heads[way]) >= STREAM_LIMIT

    def judge(self, names: Names) -> str | None:
        """Return `cleartext` where a stream of no known protocol can be read; note the type of a file that goes out."""
        heads = [head[:SAMPLE] for head in self._heads.values() if head]
        types = {way: file_type(head) for way, head in self._heads.items()}
        outgoing = types[True]
        if outgoing is not None:
            names.add("file_types", outgoing)
        readable = any(types.values()) or all(is_text(head) for head in heads)
        return Inspection.CLEARTEXT.value if readable else None

    def lose(self, outward: bool) -> None:
        """Begin again in one direction: bytes are missing there."""
        if self._heads[outward]:
            self.heard = [(way, data) for way, data in self.heard if way is not outward]
            self._heads[outward] = b""
            self._open[outward] = STREAM_PROBES


TELLING: Final = tuple(probe for probe in DATAGRAM_PROBES if probe.make is not None)


class DatagramListener:
    """Asks the probes about each of the first datagrams.

    Once a protocol is known of which nothing but the name is to be learnt, those that tell more are asked on: a first
    datagram of another protocol must not hide the questions behind it.
    """

    def __init__(self) -> None:
        """Know nothing yet."""
        self.heard: list[tuple[bool, bytes]] = []
        self._previous = {False: b"", True: b""}
        self._probes = DATAGRAM_PROBES
        self._tried = 0
        self._text = True

    def hear(self, outward: bool, data: bytes) -> Probe | None:
        """Take a datagram; return the probe that knows the protocol, once one does."""
        self.heard = [(outward, data)]
        self._tried += 1
        self._text = self._text and is_text(data)
        previous, self._previous[outward] = self._previous[outward], data
        found = next((probe for probe in self._probes if probe.test(data, previous)), None)
        if found is not None:
            self._probes = TELLING
        return found

    @property
    def gave_up(self) -> bool:
        """Tell whether enough was tried."""
        return self._tried >= DATAGRAM_LIMIT

    def judge(self, names: Names) -> str | None:
        """Return `cleartext` where datagrams of no known protocol can be read."""
        del names
        return Inspection.CLEARTEXT.value if self._text and self._probes is DATAGRAM_PROBES else None

    def lose(self, outward: bool) -> None:
        """Datagrams have no gaps."""
