"""Sessions that many scenes play: TLS, QUIC, SSH, mail, a fetched page."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

from crossborder.demo.protocols import http, mail, quic, ssh, tls

if TYPE_CHECKING:
    from crossborder.demo.conversation import Datagrams, Tcp
    from crossborder.demo.places import Host
    from crossborder.demo.stage import Stage
    from crossborder.demo.wire import Link, Tunnel

_QUIC_PAYLOAD, _QUIC_ACK = 1180, 30
_BLOCK = 1 << 20


class Way(NamedTuple):
    """How a secure session is made; the defaults are a browser's."""

    version: float = 1.3
    alpn: tuple[str, ...] = ("h2", "http/1.1")
    hybrid: bool = True  # a post-quantum key share, as browsers send since 2024
    name: str | None = None  # server name in the hello; None: the server's own, empty: none
    port: int = 443
    mbit: float = 40.0
    link: Link | Tunnel | None = None
    look_up: bool = True


BROWSER = Way()
PROGRAM = Way(alpn=("http/1.1",), hybrid=False)
OLD = Way(version=1.2, hybrid=False)


def secure(
    stage: Stage, client: Host, server: Host, at: int, *, up: int = 900, down: int = 24_000, way: Way = BROWSER
) -> Tcp:
    """Play a TLS session in which `up` and `down` bytes of application data go; return its connection, closed."""
    talk = open_secure(stage, client, server, at, way)
    exchange(stage, talk, up=up, down=down)
    return talk.close()


def open_secure(stage: Stage, client: Host, server: Host, at: int, way: Way = BROWSER) -> Tcp:
    """Shake hands by TLS and leave the connection open."""
    if way.look_up and server.name and client.inside:
        at = stage.resolve(client, server, at)
    talk = stage.tcp(client, server, way.port, at, link=way.link, mbit=way.mbit)
    name = server.name if way.name is None else way.name
    if way.version >= 1.3:
        hello, reply, finished = tls.opening_13(stage.rng, name, way.alpn, hybrid=way.hybrid)
        return talk.client(hello).server(reply).client(finished)
    hello, reply, key, ticket = tls.opening_12(stage.rng, name, way.alpn, server.name or server.ip)
    return talk.client(hello).server(reply).client(key).server(ticket)


def exchange(stage: Stage, talk: Tcp, *, up: int, down: int) -> None:
    """Let one request and its answer go in an open secure session."""
    talk.client(tls.application(stage.rng, up))
    if down:
        talk.server(tls.application(stage.rng, down))


def quic_session(
    stage: Stage, client: Host, server: Host, at: int, *, up: int = 2, down: int = 30, hybrid: bool = True
) -> Datagrams:
    """Play a QUIC session of so many full datagrams up and down."""
    at = stage.resolve(client, server, at)
    talk = stage.udp(client, server, 443, at)
    opening = quic.opening(stage.rng, server.name, hybrid=hybrid)
    for datagram in opening.client:
        talk.client(datagram)
    for datagram in opening.server:
        talk.server(datagram)
    talk.client(opening.confirm)
    talk.stream(_short(stage, opening.server_id, up), _short(stage, opening.client_id, up // 8, _QUIC_ACK))
    down_acks = _short(stage, opening.server_id, down // 8, _QUIC_ACK)
    return talk.stream(_short(stage, opening.client_id, down), down_acks, from_client=False)


def _short(stage: Stage, to: bytes, count: int, size: int = _QUIC_PAYLOAD) -> list[bytes]:
    return [quic.short(stage.rng, to, size) for _ in range(count)]


def open_ssh(stage: Stage, client: Host, server: Host, at: int, mbit: float = 40.0, mtu: int = 1500) -> Tcp:
    """Log in by SSH and leave the connection open; a large `mtu` is a storage network's."""
    rng = stage.rng
    begin = stage.resolve(client, server, at) if client.inside else at
    talk = stage.tcp(client, server, 22, begin, mbit=mbit, mtu=mtu)
    talk.client(ssh.banner("OpenSSH_9.9")).server(ssh.banner("OpenSSH_9.6p1 Ubuntu-3"))
    talk.client(ssh.key_exchange_init(rng)).server(ssh.key_exchange_init(rng))
    talk.client(ssh.key_offer(rng)).server(ssh.key_reply(rng)).client(ssh.new_keys(rng))
    for asked, answered in ((44, 44), (68, 52), (548, 44), (112, 616)):
        talk.client(ssh.sealed(rng, asked)).server(ssh.sealed(rng, answered))
    return talk


def bulk(stage: Stage, size: int) -> bytes:
    """Return many bytes nobody can read: one block again and again, which costs no time."""
    block = stage.rng.randbytes(min(size, _BLOCK))
    return (block * (size // len(block) + 1))[:size]


def fetch(stage: Stage, client: Host, server: Host, at: int, path: str, body: bytes) -> Tcp:
    """Fetch one page in clear text."""
    talk = stage.tcp(client, server, 80, at)
    name = server.name or server.ip
    return talk.client(http.get(name, path)).server(http.response(body)).close()


class Letter(NamedTuple):
    """A mail with one attachment."""

    sender: str
    recipients: list[str]
    subject: str
    text: str
    file_name: str
    content: bytes


def post(stage: Stage, client: Host, server: Host, at: int, letter: Letter) -> Tcp:
    """Hand a mail over by SMTP in clear text."""
    talk = stage.tcp(client, server, 25, stage.resolve(client, server, at))
    for from_client, line in mail.dialogue(client.name, server.name, letter.sender, letter.recipients):
        (talk.client if from_client else talk.server)(line)
    talk.client(mail.message(*letter))
    talk.server(b"250 2.0.0 Ok: queued as 4fXk2q1\r\n").client(b"QUIT\r\n").server(b"221 2.0.0 Bye\r\n")
    return talk.close()
