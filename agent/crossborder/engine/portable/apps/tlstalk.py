"""Follows TLS over a stream: the hellos and the server's certificate, across records and segments."""

from __future__ import annotations

from typing import TYPE_CHECKING, Literal

from crossborder.engine.portable.apps import tls
from crossborder.engine.portable.apps.certificate import certificate_names
from crossborder.engine.portable.apps.handshakes import SSL2_CLIENT_HELLO, Handshakes
from crossborder.engine.portable.apps.ja4 import ja4
from crossborder.engine.portable.apps.talk import Step
from crossborder.engine.portable.apps.tor import is_tor

if TYPE_CHECKING:
    from crossborder.engine.names import Names

BUDGET = 262_144  # bytes after which a handshake that has not come is not waited for


def note_client_hello(
    hello: tls.ClientHello, names: Names, source: Literal["tls", "quic"], transport: Literal["t", "q", "d"]
) -> None:
    """Write what a client hello says into the names; only the first hello of a flow counts."""
    if hello.server_name:
        names.name_server(hello.server_name, source)
    if hello.alpn:
        names.first("alpn", hello.alpn)
    if names.tls_version is None and (hello.whole or tls.SUPPORTED_VERSIONS in hello.extensions):
        names.tls_version = tls.version_name(hello.offered_version)
    if names.ech is None and (hello.whole or hello.ech != "none"):
        names.ech = hello.ech
    if hello.whole:
        names.first("ja4", ja4(hello, transport))


def note_certificate(der: bytes, names: Names) -> None:
    """Write what a server's certificate says into the names."""
    read = certificate_names(der)
    for column, text in (("cert_subject", read.subject), ("cert_issuer", read.issuer)):
        if text:
            names.first(column, text)
    for name in read.dns_names:
        names.add("tls_san", name)
    asked = names.server_name if names.server_name_source == "tls" else None
    if names.app_protocol == "tls" and is_tor(read, asked):
        names.app_protocol = "tor"


class TlsTalk:
    """TLS and SSL 3 over a stream, hellos in the format of SSL 2 tolerated."""

    rest = b""

    def __init__(self, names: Names) -> None:
        """Write into these."""
        self._names = names
        self._sides = {False: Handshakes(), True: Handshakes()}
        self._client: Handshakes | None = None
        self._fed = 0

    def feed(self, outward: bool, data: bytes) -> Step:
        """Take bytes of one direction until both have said what they have to say."""
        side = self._sides[outward]
        self._fed += len(data)
        if not side.finished:
            for kind, body in side.feed(data):
                self._message(side, kind, body)
        if self._fed > BUDGET or (side.finished and self._sides[not outward].finished):
            return Step.DONE
        return Step.MORE

    def _message(self, side: Handshakes, kind: int, body: bytes) -> None:
        if kind == tls.CLIENT_HELLO:
            self._client_hello(side, body)
        elif kind == SSL2_CLIENT_HELLO:
            self._ssl2_hello(body)
            self._client = side
            side.finish()
        elif kind == tls.SERVER_HELLO:
            answer = tls.parse_server_hello(body)
            if answer is not None:
                self._names.tls_version = tls.version_name(answer.version)
                if self._names.tls_version == "1.3":  # the rest is encrypted
                    side.finish()
            if self._client is not None and self._client is not side and not tls.is_retry(body):
                self._client.finish()
        elif kind == tls.CERTIFICATE and side is not self._client:
            self._certificate(body)
            side.finish()

    def _client_hello(self, side: Handshakes, body: bytes) -> None:
        """Take the first hello, and wait for a second one where it can tell that ECH was accepted (RFC 9849 6.1.5)."""
        hello = tls.parse_client_hello(body)
        if hello is not None and self._client is side:
            if hello.ech == "accepted":
                self._names.ech = "accepted"
        elif hello is not None:
            note_client_hello(hello, self._names, "tls", "t")
            answered = any(other.finished for other in self._sides.values())
            side.patient = hello.ech in {"grease", "offered"} and not answered
        if self._client is side or not side.patient:
            side.finish()
        self._client = side

    def _ssl2_hello(self, body: bytes) -> None:
        """Take the version (RFC 5246 E.2); such a hello has no extensions."""
        if self._names.tls_version is None:
            self._names.tls_version = tls.version_name(int.from_bytes(body[1:3], "big"))
            self._names.ech = "none"

    def _certificate(self, body: bytes) -> None:
        der = tls.first_certificate(body)
        if der is not None:
            note_certificate(der, self._names)

    def gap(self, outward: bool) -> None:
        """Take what a hello that breaks off says of the server's name, and give that direction up."""
        side = self._sides[outward]
        kind, body = side.unfinished()
        hello = tls.parse_client_hello(body) if kind == tls.CLIENT_HELLO else None
        if hello is not None:
            note_client_hello(hello._replace(whole=False), self._names, "tls", "t")
        side.finish()
