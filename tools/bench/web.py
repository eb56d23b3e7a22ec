"""What web clients and servers say: TLS and QUIC openings kept as templates, HTTP requests with their Host."""

from __future__ import annotations

import functools
import random
from typing import NamedTuple

from crossborder.demo.protocols import quic, tls

_SECRET = 1 << 20
_RANDOM, _SESSION = slice(11, 43), slice(44, 76)  # of a hello in its record: client or server random, session id
_OFFERS = (("h2", "http/1.1"), ("http/1.1",), (), ("h2",))
_CHANGE_CIPHER = 6  # bytes of that record
QUIC_OPENINGS = 256
_CERTIFICATES = 300

_AGENTS = (
    "Mozilla/5.0 (Windows NT 10.0; Win64; x64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/140.0.0.0 Safari/537.36",
    "Mozilla/5.0 (X11; Linux x86_64; rv:140.0) Gecko/20100101 Firefox/140.0",
    "Microsoft-CryptoAPI/10.0",
    "curl/8.14.1",
    "okhttp/4.12.0",
)
_PATHS = ("/", "/index.html", "/api/v2/items/{n}", "/static/app.{n}.js", "/img/{n}.jpg?w=640", "/search?q=term{n}")
_KINDS = ("text/html; charset=utf-8", "application/json", "image/jpeg", "application/octet-stream", "text/css")


class Opening(NamedTuple):
    """What both sides send in turn before a TLS connection carries data, the client first."""

    turns: tuple[bytes, ...]
    modern: bool


class Quill:
    """Writes what is said: secrets from one pool of random bytes, openings from templates made once for each name."""

    def __init__(self, seed: int) -> None:
        """Fill the pool."""
        self._dice = random.Random(f"{seed}/quill")  # noqa: S311 - a capture to be made again, no secret
        self._pool = self._dice.randbytes(_SECRET)

    def secret(self, size: int) -> bytes:
        """Return bytes nobody can read; up to half of the pool."""
        begin = int(self._dice.random() * (_SECRET - size))
        return self._pool[begin : begin + size]

    def sealed(self, size: int) -> bytes:
        """Return application data of TLS with a payload of up to one record."""
        return tls.record(tls.APPLICATION, self.secret(size + 17))

    def tls(self, name: str, *, modern: bool) -> Opening:
        """Return an opening whose randoms and session ids are its own."""
        turns = _opening(name, int(self._dice.random() * 2), modern=modern)
        random_, session = self.secret(32), self.secret(32)
        hello = b"%b%b%b%b%b" % (turns[0][:11], random_, turns[0][43:44], session, turns[0][76:])
        echo = session if modern else self.secret(32)
        reply = b"%b%b%b%b%b" % (turns[1][:11], self.secret(32), turns[1][43:44], echo, turns[1][76:])
        return Opening((hello, reply, *turns[2:]), modern)

    def quic(self, number: int) -> quic.Opening:
        """Return one of a few hundred openings: their packets are sealed, which takes too long for each flow."""
        return _quic_opening(number % QUIC_OPENINGS)

    def request(self, host: str) -> bytes:
        """Return an HTTP/1.1 request; one in six carries a form."""
        roll = self._dice.random()
        number = int(roll * 1e9)
        head = f"{_PATHS[number % len(_PATHS)].format(n=number)} HTTP/1.1\r\nHost: {host}\r\n"
        head += f"User-Agent: {_AGENTS[number // 7 % len(_AGENTS)]}\r\nAccept: */*\r\n"
        if roll * 6 % 1 < 1 / 6:
            body = f"id={number}&text={'x' * (number % 900)}"
            kind = "application/x-www-form-urlencoded"
            return f"POST {head}Content-Type: {kind}\r\nContent-Length: {len(body)}\r\n\r\n{body}".encode()
        return f"GET {head}Cookie: session={number:012x}\r\n\r\n".encode()

    def response(self, size: int) -> bytes:
        """Return an answer with a body of that size."""
        kind = _KINDS[size % len(_KINDS)]
        return f"HTTP/1.1 200 OK\r\nContent-Type: {kind}\r\nContent-Length: {size}\r\n\r\n".encode() + self.secret(size)


@functools.cache
def _opening(name: str, visitor: int, *, modern: bool) -> tuple[bytes, ...]:
    """Return a template: browsers with a post-quantum key share and without, programs with one offer or none."""
    dice = random.Random(f"{name}/{visitor}/{modern}")  # noqa: S311 - as above
    style = dice.randrange(8)
    offer = _OFFERS[style % len(_OFFERS)]
    if not modern:
        return tls.opening_12(dice, name, offer, f"host-{dice.randrange(_CERTIFICATES)}.example")
    hello, reply, finished = tls.opening_13(dice, name, offer, hybrid=style == 0)
    if style > 1:  # a session resumed: no certificate is sent
        reply = reply[: 5 + int.from_bytes(reply[3:5]) + _CHANGE_CIPHER] + tls.application(dice, dice.randint(60, 120))
    return hello, reply, finished


@functools.cache
def _quic_opening(number: int) -> quic.Opening:
    dice = random.Random(f"quic/{number}")  # noqa: S311 - as above
    return quic.opening(dice, f"h3-{number}.video.example", hybrid=number % 3 == 0)
