"""Who talks through the gateway: hosts at home, servers all over the world, and what the servers are called."""

from __future__ import annotations

import itertools
from bisect import bisect
from ipaddress import IPv4Network, IPv6Network, ip_address
from typing import TYPE_CHECKING, NamedTuple

if TYPE_CHECKING:
    import random
    from collections.abc import Iterator

CLIENTS, CLIENTS_V6 = 8_000, 3_000
SERVERS, SERVERS_V6 = 110_000, 30_000
SITES = 6_000  # names; many servers share one, as they do behind one service
RESOLVERS = tuple(ip_address(text).packed for text in ("8.8.8.8", "1.1.1.1", "9.9.9.9", "208.67.222.222", "8.8.4.4"))

_OFFICES = [IPv4Network(text) for text in ("10.20.0.0/16", "10.64.0.0/14", "192.168.0.0/17", "14.225.12.0/22")]
_OFFICES_V6 = [IPv6Network(text) for text in ("2001:ee0:4f00::/48", "2405:4800:102::/48")]
_PORTALS = [f"14.225.{third}.{last}" for third in (20, 21) for last in range(10, 40)]
_PORTALS_V6 = [f"2001:ee0:4f01:80::{last:x}" for last in range(0x10, 0x40)]

_RESERVED = """
0.0.0.0/8 10.0.0.0/8 100.64.0.0/10 127.0.0.0/8 169.254.0.0/16 172.16.0.0/12 192.0.0.0/24 192.0.2.0/24 192.88.99.0/24
192.168.0.0/16 198.18.0.0/15 198.51.100.0/24 203.0.113.0/24 224.0.0.0/3
"""
"""What is not on the Internet: RFC 6890, multicast and class E, in order."""

_WORLD_V6 = """
2607:f8b0::/32 2a00:1450::/32 2a03:2880::/32 2606:4700::/32 2a01:4f8::/32 2404:6800::/32 240e::/32 2408:8000::/32
2001:200::/32 2001:240::/32 2001:e60::/32 2001:d08::/32 2001:c38::/32 2400:3200::/32 2a02:6b8::/32 2001:41d0::/32
2001:bc8::/32 2804:14c::/32 2001:b000::/32 2403:300::/32 2a04:4e42::/32 2620:1ec::/32 2603:1000::/32 2600:1f00::/32
2406:da00::/32 2a05:d000::/32 2a02:c0::/32 2001:4860::/32 2a00:800::/32 2400:cb00::/32 2001:388::/32 2001:878::/32
2a02:26f0::/32 2a09:8280::/32
"""
"""Networks of well-known operators in many countries."""

_SERVICES = """
www.google.com fonts.gstatic.com graph.facebook.com content.dropboxapi.com api.openai.com drive.google.com t.me
mail.google.com api.anthropic.com github.com pastebin.com outlook.office365.com web.telegram.org zalo.me dns.google
connect.ngrok-agent.com storm-eu-west-1.wetransfer.com backup.s3.ap-southeast-1.amazonaws.com www.youtube.com
update.microsoft.com deb.debian.org cdn.jsdelivr.net cloudflare-dns.com api.deepseek.com
"""
"""What rules know by name stands among the rest."""

_WORDS = """
alpha bao cloud data echo file game hoa image job kite lan mail news ocean photo quest river shop tour
"""
_LABELS = ("www", "api", "cdn-{n}", "img{n}.static", "edge-{n}.eu-west", "login", "v{n}.telemetry.collector")


class Server(NamedTuple):
    """A machine abroad, or one of ours that serves people abroad."""

    address: bytes
    name: str


class Places:
    """Every address and name of one capture, made from its dice."""

    def __init__(self, dice: random.Random) -> None:
        """Place clients at home and servers in the world; the first of each are the busiest."""
        names = list(itertools.islice(_names(), SITES))
        self._clients = [_host(dice, _OFFICES) for _ in range(CLIENTS)]
        self._clients6 = [
            dice.choice(_OFFICES_V6).network_address.packed[:6] + dice.randbytes(10) for _ in range(CLIENTS_V6)
        ]
        self._servers = [Server(public(dice), names[n % SITES]) for n in range(SERVERS)]
        self._servers6 = [Server(public6(dice), names[n % SITES]) for n in range(SERVERS_V6)]
        self._portals = [Server(ip_address(a).packed, f"p{n}.portal.example") for n, a in enumerate(_PORTALS)]
        self._portals6 = [Server(ip_address(a).packed, f"p{n}.portal.example") for n, a in enumerate(_PORTALS_V6)]
        self._dice = dice

    def client(self, *, v6: bool) -> bytes:
        """Return some client at home."""
        crowd = self._clients6 if v6 else self._clients
        return crowd[int(self._dice.random() * len(crowd))]

    def server(self, *, v6: bool) -> Server:
        """Return a server abroad, a busy one more often than others."""
        world = self._servers6 if v6 else self._servers
        return world[int(self._dice.random() ** 2 * len(world))]

    def portal(self, *, v6: bool) -> Server:
        """Return a server at home that the world may reach."""
        ours = self._portals6 if v6 else self._portals
        return ours[int(self._dice.random() * len(ours))]

    def stranger(self, *, v6: bool) -> bytes:
        """Return any address abroad."""
        return public6(self._dice) if v6 else public(self._dice)


def _host(dice: random.Random, networks: list[IPv4Network]) -> bytes:
    network = dice.choice(networks)
    return (int(network.network_address) + dice.randrange(1, network.num_addresses - 1)).to_bytes(4)


_FROM = [int(IPv4Network(text).network_address) for text in _RESERVED.split()]
_UNTIL = [int(IPv4Network(text).broadcast_address) for text in _RESERVED.split()]
_PREFIXES_V6 = [IPv6Network(text).network_address.packed[:4] for text in _WORLD_V6.split()]


def public(dice: random.Random) -> bytes:
    """Return an IPv4 address of the Internet."""
    while True:
        number = int(dice.random() * (1 << 32))
        if number > _UNTIL[bisect(_FROM, number) - 1]:
            return number.to_bytes(4)


def public6(dice: random.Random) -> bytes:
    """Return an IPv6 address in a network of a known operator."""
    return dice.choice(_PREFIXES_V6) + dice.randbytes(12)


def _names() -> Iterator[str]:
    """Yield names, each once: services, then inventions without end."""
    yield from _SERVICES.split()
    words = _WORDS.split()
    for number in itertools.count():
        word, label = words[number % len(words)], _LABELS[number % len(_LABELS)]
        yield f"{label.format(n=number % 9)}.{word}-{number}.example"
