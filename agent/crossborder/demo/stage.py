"""The stage a scene plays on: the clock of the day, conversations, names looked up, what is planted."""

from __future__ import annotations

import random
from datetime import UTC, datetime, time
from typing import TYPE_CHECKING, Literal

from crossborder.demo.conversation import Conversation, Datagrams, Echoes, Ends, Tcp
from crossborder.demo.manifest import Frame, Planted
from crossborder.demo.places import BRANCH, OFFICE, RESOLVER
from crossborder.demo.protocols import dns
from crossborder.demo.wire import Link

if TYPE_CHECKING:
    from crossborder.demo.places import Host
    from crossborder.demo.wire import Tunnel

SECOND_NS = 1_000_000_000
MORNING_NS = int(datetime(2026, 1, 26, 0, 0, tzinfo=UTC).timestamp()) * SECOND_NS  # 07:00 in Viet Nam
_MORNING, _EVENING = time(7, 0), time(18, 0)
SPAN_NS = 30 * 60 * SECOND_NS  # eleven hours of the day pass in half an hour of packet time

_LINKS = {
    "10.20.30.": Link(vlan=(30,)),
    "10.20.60.": Link(vlan=(60,)),
    "10.20.40.": Link(vlan=(100, 40)),
    "2001:ee0:4f00:60:": Link(vlan=(60,)),
}
_PLAIN = Link()
_BRANCH_LINK = Link(session=0x0A17)


def moment(clock: str) -> int:
    """Return the packet time of a time of that day as a person writes it, `HH:MM`."""
    at = time.fromisoformat(clock)
    passed = (at.hour - _MORNING.hour) * 60 + at.minute
    return MORNING_NS + SPAN_NS * passed // ((_EVENING.hour - _MORNING.hour) * 60)


def link_of(host: Host) -> Link:
    """Return how a host of the ministry is connected: plain, VLAN, QinQ, or PPPoE for the branch office."""
    if host == BRANCH:
        return _BRANCH_LINK
    return next((link for prefix, link in _LINKS.items() if host.ip.startswith(prefix)), _PLAIN)


class Stage:
    """Everything a scene may do. The same seed and script make the same frames."""

    def __init__(self, seed: int) -> None:
        """Begin with nothing on the wire."""
        self.frames: list[Frame] = []
        self.planted: list[Planted] = []
        self.countries: dict[str, str] = {}
        self.damaged: dict[str, int] = {}
        self.scene = ""
        self.rng = random.Random(seed)  # noqa: S311 - a day to be made again from its seed, no secret
        self._seed = seed
        self._ports: dict[str, int] = {}

    def begin(self, scene: str, number: int) -> None:
        """Open a scene: its chances do not depend on what other scenes drew."""
        self.scene = scene
        self.rng = random.Random(f"{self._seed}/{scene}/{number}")  # noqa: S311 - as above

    def tcp(
        self,
        client: Host,
        server: Host,
        port: int,
        at_ns: int,
        *,
        link: Link | Tunnel | None = None,
        mbit: float = 40.0,
        mtu: int = 1500,
    ) -> Tcp:
        """Return a TCP connection that has just been opened."""
        return Tcp(self.frames, self._ends(client, server, port, link), at_ns, self.rng, mbit, mtu)

    def udp(
        self, client: Host, server: Host, port: int, at_ns: int, *, link: Link | Tunnel | None = None, sport: int = 0
    ) -> Datagrams:
        """Return datagrams to be exchanged; `sport` where the client's port is not a passing one."""
        ends = self._ends(client, server, port, link)
        return Datagrams(self.frames, ends._replace(sport=sport) if sport else ends, at_ns, self.rng)

    def echoes(self, client: Host, server: Host, at_ns: int) -> Echoes:
        """Return pings to be sent."""
        self.note(client, server)
        kind = 128 if ":" in client.ip else 8
        return Echoes(self.frames, Ends(client, server, kind, 0, link_of(client)), at_ns, self.rng)

    def _ends(self, client: Host, server: Host, port: int, link: Link | Tunnel | None) -> Ends:
        self.note(client, server)
        local = client if client.inside else server
        return Ends(client, server, self._port(client), port, link or link_of(local))

    def _port(self, client: Host) -> int:
        """Return the next passing port of a host: none is used twice, so that no two flows are one."""
        self._ports[client.ip] = port = self._ports.get(client.ip, 49_151 + self.rng.randrange(4000)) + 1
        return port

    def note(self, *hosts: Host) -> None:
        """Take down where public addresses are expected to stand."""
        for host in hosts:
            if not host.ip.startswith(("10.", "172.20.", "fd")):
                self.countries[host.ip] = host.country

    def send(self, time_ns: int, frame: bytes, wire_length: int | None = None) -> None:
        """Put a frame on the wire that belongs to no conversation."""
        self.frames.append(Frame(time_ns, frame, wire_length or len(frame)))

    def damage(self, reason: str, time_ns: int, frame: bytes, wire_length: int | None = None) -> None:
        """Put a frame on the wire that must be dropped for this reason."""
        self.damaged[reason] = self.damaged.get(reason, 0) + 1
        self.send(time_ns, frame, wire_length)

    def plant(self, conversation: Conversation, *rules: str) -> None:
        """Take down that these rules must find this conversation."""
        self.planted += [self._planted(conversation, rule) for rule in rules]

    def plant_together(self, rule: str, local: Host, remote: Host | None = None) -> None:
        """Take down that this rule must find several conversations of a host together, and no one by itself."""
        place = (remote.ip, remote.country) if remote else ("", "")
        self.planted.append(Planted(self.scene, rule, local.ip, *place, ""))

    def innocent(self, *conversations: Conversation) -> None:
        """Take down that no rule may find these conversations."""
        self.planted += [self._planted(conversation, "") for conversation in conversations]

    def _planted(self, conversation: Conversation, rule: str) -> Planted:
        local, remote = conversation.local, conversation.remote
        return Planted(self.scene, rule, local.ip, remote.ip, remote.country, conversation.community_id)

    def resolve(self, client: Host, server: Host, at_ns: int, alias: str = "") -> int:
        """Let a host look a name up at the ministry's resolver; return when it knows the address."""
        ident = self.rng.randrange(65_536)
        kind: Literal["A", "AAAA"] = "AAAA" if ":" in server.ip else "A"
        talk = self.udp(client if "." in client.ip else OFFICE[0], RESOLVER, 53, at_ns)  # dual-stack hosts ask by IPv4
        talk.client(dns.question(ident, server.name, kind)).server(
            dns.answer(ident, server.name, server.ip, alias=alias)
        )
        return talk.now + talk.turn(True)
