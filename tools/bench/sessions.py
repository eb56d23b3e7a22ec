"""The kinds of conversation a gateway carries, and how many of a thousand flows each of them is."""

from __future__ import annotations

import random
from typing import TYPE_CHECKING, NamedTuple

from tools.bench.frames import ACK, RST, SYN, Lane
from tools.bench.places import RESOLVERS, Places
from tools.bench.talk import CLIENT, SERVER, Talk
from tools.bench.web import Quill

if TYPE_CHECKING:
    from collections.abc import Callable

    Frames = list[tuple[int, bytes]]  # microseconds to wait, frame
    Session = Callable[["Stage"], Frames]

_V6_SHARE = 0.25
_INBOUND_SHARE = 0.12  # of web flows: people abroad who use a server at home
_PORTS = range(32_768, 61_000)
_NEAR_US = 300
_NTP_REQUEST = bytes.fromhex("230006ec").ljust(48, b"\0")
_NTP_REPLY = bytes.fromhex("24010ce8").ljust(48, b"\x5a")


class Ends(NamedTuple):
    """Both directions of a conversation, the way to the far end and back, and the server's name."""

    client: Lane
    server: Lane
    far_us: int
    name: str


class Stage:
    """What sessions are made with: dice, places, words. `ends` and `talk` give each flow ports of its own."""

    def __init__(self, seed: int) -> None:
        """Set the stage for one capture."""
        self.dice = random.Random(seed)  # noqa: S311 - a capture to be made again, no secret
        self.places = Places(self.dice)
        self.quill = Quill(seed)
        self._flows = 0

    def ends(self, port: int, *, inbound: bool = False, to: bytes | None = None) -> Ends:
        """Return the ends of a new flow to a port, from a client at home to a server abroad unless it is inbound."""
        v6 = self.dice.random() < _V6_SHARE and to is None
        if inbound:
            (address, name), other = self.places.portal(v6=v6), self.places.stranger(v6=v6)
        else:
            (address, name), other = self.places.server(v6=v6), self.places.client(v6=v6)
        address = to or address
        self._flows += 1
        source = _PORTS[self._flows * 7919 % len(_PORTS)]
        client = Lane(other, address, source, port, outward=not inbound)
        server = Lane(address, other, port, source, outward=inbound)
        return Ends(client, server, 5_000 + (address[-1] << 8 | address[-2]) * 3, name)

    def talk(self, port: int, *, inbound: bool = False) -> tuple[Talk, str]:
        """Return a TCP connection that is open, and the server's name."""
        ends = self.ends(port, inbound=inbound)
        first = int(self.dice.random() * (1 << 31)), int(self.dice.random() * (1 << 31))
        talk = Talk(ends.client, ends.server, ends.far_us, first)
        talk.open()
        return talk, ends.name

    def size(self, mean: int, most: int = 60_000) -> int:
        """Return a size as sizes on the Internet are: mostly small, sometimes not."""
        return min(20 + int(self.dice.expovariate(1 / mean)), most)

    def chance(self, share: float) -> bool:
        """Tell whether something that happens so often happens now."""
        return self.dice.random() < share

    def pause(self, most_us: int) -> int:
        """Return how long somebody thinks."""
        return int(self.dice.random() * most_us)


def tls13(stage: Stage) -> Frames:
    """TLS 1.3: most connections are resumed and carry one request."""
    talk, name = stage.talk(443, inbound=stage.chance(_INBOUND_SHARE))
    hello, reply, finished = stage.quill.tls(name, modern=True).turns
    talk.say(CLIENT, hello)
    talk.acknowledge(SERVER)
    talk.say(SERVER, reply)
    talk.say(CLIENT, finished + stage.quill.sealed(stage.size(180, 1000)))
    return _carry(stage, talk)


def tls12(stage: Stage) -> Frames:
    """TLS 1.2, the whole handshake with the certificate in clear."""
    talk, name = stage.talk(443 if stage.chance(0.8) else 8443, inbound=stage.chance(_INBOUND_SHARE))
    for number, turn in enumerate(stage.quill.tls(name, modern=False).turns):
        talk.say(number & 1, turn)
    talk.say(CLIENT, stage.quill.sealed(stage.size(180, 1000)))
    return _carry(stage, talk)


def _carry(stage: Stage, talk: Talk) -> Frames:
    """Let an encrypted connection answer, go on now and then, rarely upload, and end."""
    secret = stage.quill.sealed
    talk.say(SERVER, secret(stage.size(400, 16_000)))
    talk.acknowledge(CLIENT)
    if stage.chance(0.3):
        talk.say(CLIENT, secret(stage.size(200)), stage.pause(5_000_000))
        talk.say(SERVER, secret(stage.size(800, 16_000)))
        talk.acknowledge(CLIENT)
    if stage.chance(0.005):
        for _ in range(stage.size(6, 40)):
            talk.say(CLIENT, secret(8_000))
        talk.say(SERVER, secret(60))
    return _end(stage, talk)


def _end(stage: Stage, talk: Talk) -> Frames:
    roll = stage.dice.random()
    if roll < 0.85:
        talk.close(CLIENT if roll < 0.6 else SERVER, stage.pause(8_000_000))
    elif roll < 0.95:
        talk.reset(CLIENT)
    return talk.frames


def http(stage: Stage) -> Frames:
    """HTTP/1.1 in clear, one in four connections used twice."""
    talk, name = stage.talk(80 if stage.chance(0.9) else 8080, inbound=stage.chance(_INBOUND_SHARE))
    for again in range(2 if stage.chance(0.25) else 1):
        talk.say(CLIENT, stage.quill.request(name), again * stage.pause(4_000_000))
        talk.say(SERVER, stage.quill.response(stage.size(700)))
        talk.acknowledge(CLIENT)
    return _end(stage, talk)


def quic(stage: Stage) -> Frames:
    """QUIC: Initial packets that anyone can open, then a few that nobody can."""
    ends = stage.ends(443)
    opening = stage.quill.quic(stage.pause(1 << 20))
    frames = [(0, ends.client.udp(datagram)) for datagram in opening.client]
    frames += [(ends.far_us >> number * 20, ends.server.udp(data)) for number, data in enumerate(opening.server)]
    frames.append((_NEAR_US, ends.client.udp(opening.confirm)))
    for _ in range(stage.size(4, 30) - 18):
        frames.append((_NEAR_US, ends.client.udp(b"\x41" + opening.server_id + stage.quill.secret(60))))
        frames.append((ends.far_us, ends.server.udp(b"\x42" + opening.client_id + stage.quill.secret(900))))
    return frames


def dns(stage: Stage) -> Frames:
    """DNS: half to a few public resolvers, half from our own resolver to servers of names all over the world."""
    ends = stage.ends(53, to=stage.dice.choice(RESOLVERS) if stage.chance(0.5) else None)
    ident = stage.pause(1 << 16).to_bytes(2)
    labels = b"".join(bytes([len(label)]) + label.encode() for label in ends.name.split("."))
    question = labels + (b"\0\0\x1c\0\1" if stage.chance(0.3) else b"\0\0\1\0\1")
    alias = b"\xc0\x0c\0\5\0\1\0\0\1\x2c\0\x06\3cdn\xc0\x0c" + b"\xc0\x0c\0\1\0\1\0\0\0\x3c\0\4\x68\x10\x84\xe5"
    query = ident + b"\1\0\0\1\0\0\0\0\0\1" + question + b"\0\0\x29\x04\xd0\0\0\0\0\0\0"
    if stage.chance(0.08):
        return [
            (0, ends.client.udp(query)),
            (ends.far_us, ends.server.udp(ident + b"\x81\x83\0\1\0\0\0\0\0\0" + question)),
        ]
    answer = ident + b"\x81\x80\0\1\0\2\0\0\0\0" + question + alias
    return [(0, ends.client.udp(query)), (ends.far_us, ends.server.udp(answer))]


def ntp(stage: Stage) -> Frames:
    """NTP: one question, one answer."""
    ends = stage.ends(123)
    return [(0, ends.client.udp(_NTP_REQUEST)), (ends.far_us, ends.server.udp(_NTP_REPLY))]


def datagrams(stage: Stage) -> Frames:
    """UDP that nobody knows: games, calls, telemetry."""
    ends = stage.ends(1024 + stage.pause(60_000))
    lanes = ends.client, ends.server
    return [
        (ends.far_us if number else 0, lanes[number & 1].udp(stage.quill.secret(stage.size(120, 1200))))
        for number in range(1 + stage.pause(4))
    ]


def knock(stage: Stage) -> Frames:
    """A port that somebody tries: silence or a refusal."""
    inbound = stage.chance(0.7)
    ends = stage.ends(1 + stage.pause(10_000), inbound=inbound)
    seq = stage.pause(1 << 31)
    frames = [(0, ends.client.tcp(seq, 0, SYN, options=b"\2\4\5\x78"))]
    if stage.chance(0.4):
        frames.append((_NEAR_US, ends.server.tcp(0, seq + 1, RST | ACK)))
    return frames


def ping(stage: Stage) -> Frames:
    """An echo request and its reply."""
    ends = stage.ends(0)
    payload = stage.pause(1 << 16).to_bytes(2) + b"\0\1" + bytes(range(48))
    return [(0, ends.client.echo(payload)), (ends.far_us, ends.server.echo(payload, reply=True))]


def opaque(stage: Stage) -> Frames:
    """TCP that is no web: remote shells, and protocols of nobody's."""
    talk, _ = stage.talk(22 if stage.chance(0.5) else 1024 + stage.pause(40_000))
    if stage.chance(0.5):
        talk.say(SERVER, b"SSH-2.0-OpenSSH_9.6\r\n")
        talk.say(CLIENT, b"SSH-2.0-OpenSSH_10.0\r\n")
    for side in range(2, 4 + stage.pause(16)):
        talk.say(side & 1, stage.quill.secret(stage.size(150)), stage.pause(400_000))
    return _end(stage, talk)


KINDS: tuple[tuple[int, Session], ...] = (
    (300, tls13),
    (75, tls12),
    (125, http),
    (20, quic),
    (285, dns),
    (35, ntp),
    (55, datagrams),
    (80, knock),
    (10, ping),
    (15, opaque),
)
"""Half of the flows are TLS or HTTP, nearly half have at most four packets."""
