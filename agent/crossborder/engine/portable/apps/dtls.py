"""DTLS 1.0 to 1.3 (RFC 6347, RFC 9147): the client's hello, put together from its fragments."""

from __future__ import annotations

from typing import TYPE_CHECKING

from crossborder.engine.portable.apps import tls
from crossborder.engine.portable.apps.handshakes import Pieces
from crossborder.engine.portable.apps.reader import Reader, ShortError
from crossborder.engine.portable.apps.talk import Step
from crossborder.engine.portable.apps.tlstalk import note_client_hello

if TYPE_CHECKING:
    from collections.abc import Iterator

    from crossborder.engine.names import Names

RECORD_HEADER = 13  # RFC 6347 4.1
MAX_HELLO = 16_384  # bytes of a fragmented hello
MAX_FRAGMENTS = 64  # of it
MAX_KEPT = 65_536  # bytes of fragments: they may overlap
MAX_DATAGRAMS = 64  # after which a hello that has not come is not waited for
_VERSIONS = frozenset({b"\xfe\xff", b"\xfe\xfd"})  # on the wire DTLS 1.3 says 1.2 (RFC 9147 5.3)


def looks_like_dtls(datagram: bytes) -> bool:
    """Tell whether a datagram begins with a DTLS record that fits into it."""
    return (
        len(datagram) > RECORD_HEADER
        and tls.CHANGE_CIPHER_SPEC <= datagram[0] <= tls.HEARTBEAT
        and datagram[1:3] in _VERSIONS
        and 0 < int.from_bytes(datagram[11:13], "big") <= len(datagram) - RECORD_HEADER
    )


def handshake_fragments(datagram: bytes) -> Iterator[tuple[int, int, int, bytes]]:
    """Yield (type, whole length, offset, bytes) of the fragments of epoch 0 (RFC 6347 4.2.2)."""
    reader = Reader(datagram)
    try:
        while reader.left:
            kind, _version, epoch = reader.uint(1), reader.uint(2), reader.uint(2)
            reader.take(6)  # sequence number
            record = Reader(reader.block(2))
            while kind == tls.HANDSHAKE and epoch == 0 and record.left:
                message, whole = record.uint(1), record.uint(3)
                record.take(2)  # message sequence
                offset = record.uint(3)
                yield message, whole, offset, record.block(3)
    except ShortError:
        return


class DtlsTalk:
    """DTLS over UDP until both hellos are known."""

    rest = b""

    def __init__(self, names: Names) -> None:
        """Write into these."""
        self._names = names
        self._pieces = Pieces(MAX_FRAGMENTS)
        self._known = False
        self._datagrams = 0

    def feed(self, outward: bool, data: bytes) -> Step:
        """Take one datagram of either direction."""
        del outward
        self._datagrams += 1
        for kind, whole, offset, piece in handshake_fragments(data):
            if kind == tls.SERVER_HELLO and (answer := tls.parse_server_hello(piece)) is not None:
                self._names.tls_version = tls.version_name(answer.version)
                return Step.DONE
            if kind == tls.CLIENT_HELLO and not self._known:
                self._client_hello(whole, offset, piece)
        return Step.DONE if self._datagrams > MAX_DATAGRAMS else Step.MORE

    def _client_hello(self, whole: int, offset: int, piece: bytes) -> None:
        fits = offset + len(piece) <= whole <= MAX_HELLO and self._pieces.kept + len(piece) <= MAX_KEPT
        if not fits or not self._pieces.add(offset, piece):
            return
        body = self._pieces.joined()
        if len(body) < whole:
            return
        self._known = True
        self._pieces.clear()
        hello = tls.parse_client_hello(body[:whole], dtls=True)
        if hello is not None:
            note_client_hello(hello, self._names, "tls", "d")

    def gap(self, outward: bool) -> None:
        """Datagrams have no gaps."""
