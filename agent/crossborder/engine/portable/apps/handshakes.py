"""Puts TLS handshake messages together: from records cut out of a stream, and from pieces that datagrams bring."""

from __future__ import annotations

from typing import TYPE_CHECKING

from crossborder.engine.portable.apps import tls

if TYPE_CHECKING:
    from collections.abc import Iterator

MAX_HANDSHAKE = 65_536  # bytes of one unfinished handshake message kept
SSL2_CLIENT_HELLO = -1
"""Stands where a handshake type does; the body is the whole SSL 2 message behind its length."""


class Handshakes:
    """One direction of a TLS stream. `finished` once nothing readable can follow, or the reader has what it needs."""

    def __init__(self) -> None:
        """Expect the first record."""
        self.finished = False
        self.patient = False  # a second hello may follow a ChangeCipherSpec that means nothing (RFC 8446 D.4)
        self._records = bytearray()  # what of the stream has not been cut into records yet
        self._messages = bytearray()  # what of the records has not been cut into messages yet
        self._begun = False

    def feed(self, data: bytes) -> Iterator[tuple[int, bytes]]:
        """Yield the handshake messages (type, body) that these bytes complete."""
        self._records += data
        if not self._begun:
            yield from self._ssl2()
        while self._begun and not self.finished and self._at_record():
            end = tls.RECORD_HEADER + int.from_bytes(self._records[3:5], "big")
            if len(self._records) < end and not self._encrypts(self._records[0]):
                return
            yield from self._record(end)
        if self.finished or (self._begun and self._at_record() is False):
            self.finish()

    def _at_record(self) -> bool | None:
        return tls.looks_like_record(bytes(self._records[: tls.RECORD_HEADER]))

    def _record(self, end: int) -> Iterator[tuple[int, bytes]]:
        kind = self._records[0]
        if self._encrypts(kind):
            self.finished = True
            return
        if kind == tls.HANDSHAKE:
            self._messages += self._records[tls.RECORD_HEADER : end]
            yield from self._cut()
        del self._records[:end]

    def _encrypts(self, kind: int) -> bool:
        """Tell whether all is encrypted from a record of this kind on."""
        return kind == tls.APPLICATION_DATA or (kind == tls.CHANGE_CIPHER_SPEC and not self.patient)

    def _cut(self) -> Iterator[tuple[int, bytes]]:
        while len(self._messages) >= 4 and not self.finished:
            end = 4 + int.from_bytes(self._messages[1:4], "big")
            if end > MAX_HANDSHAKE:
                self.finished = True
            if len(self._messages) < end:
                return
            kind, body = self._messages[0], bytes(self._messages[4:end])
            del self._messages[:end]
            yield kind, body

    def _ssl2(self) -> Iterator[tuple[int, bytes]]:
        """An SSL 2 hello may open the stream; what follows it are records (RFC 5246 E.2)."""
        answer = tls.looks_like_ssl2_hello(bytes(self._records[: tls.SSL2_HEADER]))
        if answer is False:
            self._begun = True
        elif answer:
            end = 2 + (int.from_bytes(self._records[:2], "big") & 0x7FFF)
            if len(self._records) >= end:
                self._begun = True
                body = bytes(self._records[2:end])
                del self._records[:end]
                yield SSL2_CLIENT_HELLO, body

    def unfinished(self) -> tuple[int, bytes]:
        """Return type and body, as far as they have come, of the message that is being read; (0, b"") without one."""
        if self.finished:
            return 0, b""
        data = bytes(self._messages)
        if self._records[:1] == bytes([tls.HANDSHAKE]):
            data += self._records[tls.RECORD_HEADER :]
        return (data[0], data[4:]) if len(data) > 4 else (0, b"")

    def finish(self) -> None:
        """Give this direction up and free its memory."""
        self.finished = True
        self._records.clear()
        self._messages.clear()


class Pieces:
    """Pieces of one stream of handshake messages that come in any order, some twice (QUIC CRYPTO, DTLS fragments)."""

    def __init__(self, limit: int) -> None:
        """Keep so many pieces at most."""
        self.kept = 0  # bytes, those that a longer piece replaced among them
        self._limit = limit
        self._pieces: dict[int, bytes] = {}

    def add(self, offset: int, data: bytes) -> bool:
        """Keep a piece: the longer of two at the same place, the first of two as long. False when it is not kept."""
        if len(data) <= len(self._pieces.get(offset, b"")) or len(self._pieces) >= self._limit:
            return False
        self._pieces[offset] = data
        self.kept += len(data)
        return True

    def joined(self) -> bytes:
        """Return the stream up to the first hole. Where pieces overlap the one that begins first counts."""
        joined = bytearray()
        for offset in sorted(self._pieces):
            if offset > len(joined):
                break
            joined += self._pieces[offset][len(joined) - offset :]
        return bytes(joined)

    def clear(self) -> None:
        """Forget them all."""
        self.kept = 0
        self._pieces.clear()
