"""Follows QUIC until the client's hello is known: Initial packets split, shuffled, coalesced and sent again."""

from __future__ import annotations

from typing import TYPE_CHECKING

from crossborder.engine.portable.apps import quic, tls
from crossborder.engine.portable.apps.handshakes import Pieces
from crossborder.engine.portable.apps.talk import Step
from crossborder.engine.portable.apps.tlstalk import note_client_hello

if TYPE_CHECKING:
    from crossborder.engine.names import Names

MAX_HELLO = 65_536  # bytes of handshake kept
MAX_PIECES = 256  # CRYPTO frames kept
MAX_FAILURES = 32  # packets that no key opens; the server's Initials are among them
MAX_DATAGRAMS = 256  # after which a hello that has not come is not waited for


class QuicTalk:
    """QUIC v1, v2 and drafts 23 to 32 over UDP, from the first Initial on."""

    rest = b""

    def __init__(self, names: Names) -> None:
        """Write into these."""
        self._names = names
        self._keys: quic.InitialKeys | None = None
        self._pieces = Pieces(MAX_PIECES)
        self._failures = self._datagrams = 0

    def feed(self, outward: bool, data: bytes) -> Step:
        """Take one datagram, of either direction: only the client's Initials open with the keys tried."""
        del outward
        self._datagrams += 1
        for packet in quic.initials(data):
            payload = self._open(data, packet)
            if payload is not None and self._learn(payload):
                return Step.DONE
        if self._failures > MAX_FAILURES or self._datagrams > MAX_DATAGRAMS or self._pieces.kept > MAX_HELLO:
            return Step.DONE
        return Step.MORE

    def _open(self, datagram: bytes, packet: quic.Initial) -> bytes | None:
        """Try the keys that fitted before, then those of this packet's id: first Initial, or after Retry."""
        if self._keys is not None:
            payload = quic.open_initial(datagram, packet, self._keys)
            if payload is not None:
                return payload
        keys = quic.initial_keys(packet.version, packet.dcid)
        payload = quic.open_initial(datagram, packet, keys) if keys != self._keys else None
        if payload is None:
            self._failures += 1
            return None
        self._keys = keys
        self._pieces.clear()  # another connection, or the same one begun again
        return payload

    def _learn(self, payload: bytes) -> bool:
        """Keep what a payload brings of the handshake; tell whether the talk is over."""
        new = [self._pieces.add(piece.offset, piece.data) for piece in quic.crypto_pieces(payload)]
        return any(new) and self._hello(self._pieces.joined())

    def _hello(self, handshake: bytes) -> bool:
        """Read the hello once it is whole; tell whether the talk is over."""
        if len(handshake) < 4 or len(handshake) < 4 + (size := int.from_bytes(handshake[1:4], "big")):
            return False
        hello = tls.parse_client_hello(handshake[4 : 4 + size]) if handshake[0] == tls.CLIENT_HELLO else None
        if hello is not None:
            note_client_hello(hello, self._names, "quic", "q")
        return True

    def gap(self, outward: bool) -> None:
        """Datagrams have no gaps."""
