"""Takes frames, conversations and files out of captures, in the forms that the fuzz targets read."""

from __future__ import annotations

import base64
import gzip
import hashlib
import io
import ipaddress
import struct
import zipfile
import zlib
from itertools import islice, pairwise
from typing import TYPE_CHECKING, Final, NamedTuple

import zstandard

from crossborder.engine.home import Home
from crossborder.engine.packet import SYN, TCP, UDP
from crossborder.engine.portable.decode import Decoder
from crossborder.engine.portable.frame import UnreadableError
from crossborder.engine.portable.reassembly import Budget, Direction
from crossborder.engine.portable.source import Filter, read_capture
from crossborder.engine.portable.stream import open_stream
from crossborder.errors import CrossborderError
from crossborder.prefixes import PRIVATE, PrefixSet

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from crossborder.engine.packet import Packet
    from crossborder.engine.portable.frame import Frame

LINKTYPES: Final = (1, 0, 9, 12, 14, 50, 51, 101, 104, 108, 113, 166, 204, 228, 229, 276, 127)
"""As in `agent/native/fuzz/src/frames.rs`: a frame says the place of its link type."""
PLAY_LIMIT: Final = 16_384
"""Bytes of one conversation, and the longest input of most targets."""
FILE_LIMIT: Final = 65_536
CUT: Final = 4_096
"""Bytes taken of a file that is longer."""
FRAMES_LIMIT: Final = 400
"""Frames of one capture that are looked at; of them so many are seeds of their own."""
ALONE_LIMIT: Final = 12
FILTERS: Final = (
    "tcp port 443",
    "ip6 protochain 6",
    "udp[8:2] & 0x8000 != 0 or vlan and tcp",
    "len > 99 and ether[0] & 1 = 0",
)
PIECE: Final = 7 << 2
"""Cuts lines into pieces of eight bytes."""


class Seed(NamedTuple):
    """An input to begin with."""

    target: str
    data: bytes

    def write(self, folder: Path) -> None:
        """Write it where its target looks."""
        place = folder / self.target
        place.mkdir(parents=True, exist_ok=True)
        place.joinpath(hashlib.sha256(self.data).hexdigest()[:16]).write_bytes(self.data)


def seeds(captures: list[Path]) -> Iterator[Seed]:
    """Return what captures hold, filter programs, and bodies."""
    yield from _filters()
    yield from _bodies()
    for path in captures:
        with path.open("rb") as file:
            yield Seed("capture", b"\x3f\x02" + file.read(FILE_LIMIT if path.stat().st_size < FILE_LIMIT else CUT))
        frames = list(islice(_frames(path), FRAMES_LIMIT))
        yield from _alone(frames)
        yield from _conversations(frames)


def _frames(path: Path) -> Iterator[Frame]:
    try:
        yield from read_capture(open_stream(path, lambda: False), str(path), "x")
    except CrossborderError:
        return


def _filters() -> Iterator[Seed]:
    for expression in FILTERS:
        program = Filter(expression).program(1)
        steps = [struct.pack("!BBBBI", code, jt, jf, 0xFF, k % (1 << 32)) for code, jt, jf, k in program]
        yield Seed("filter", bytes([len(steps)]) + b"".join(steps) + bytes(12) + b"\x08\x00\x45" + bytes(40))


def _bodies() -> Iterator[Seed]:
    """Return bodies of each kind: a byte says what is said of one, as in `agent/native/fuzz/src/content.rs`."""
    text = "TUYỆT MẬT a\u0302\u0323, số 7\n".encode() * 9
    file = io.BytesIO()
    with zipfile.ZipFile(file, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("word/document.xml", b"<w:p><w:t>" + text + b"</w:t></w:p>")
        archive.writestr("b.txt", text)
    stream = zlib.compress(b"BT (a) Tj [(b) -300 (c)] TJ T* ET")
    pdf = b"%PDF-1.4\n1 0 obj\n<< /Filter /FlateDecode >>\nstream\n" + stream + b"\nendstream\nendobj\n"
    part = b"--b\r\nContent-Type: text/plain\r\nContent-Transfer-Encoding: base64\r\n\r\n"
    plain = [
        text,
        text.decode().encode("utf-16"),
        file.getvalue(),
        pdf,
        b'{"a": "\\u1ead\\ud83d\\ude00"}',
        b"<p>&#7853;",
    ]
    for data in [*plain, part + base64.b64encode(text) + b"\r\n--b--\r\n", b"a=%E1%BA%AD+b"]:
        yield from (Seed("content", bytes([kind, 7]) + data) for kind in (0, 1, 3, 4, 6, 7))
    packings = (gzip.compress, zlib.compress, None, zstandard.compress)
    for at, pack in enumerate(packings, 1):
        yield from (Seed("content", bytes([8 * at, 7]) + pack(data)) for data in plain if pack)


def _alone(frames: list[Frame]) -> Iterator[Seed]:
    """Return each of the first frames, and all of them one after the other."""
    known = [frame for frame in frames if frame.linktype in LINKTYPES][:ALONE_LIMIT]
    heads = [bytes([LINKTYPES.index(frame.linktype), 0]) for frame in known]
    yield from (Seed("decode", head + frame.data) for head, frame in zip(heads, known, strict=True))
    pairs = zip(heads, known, strict=True)
    together = (b"\0" + head + struct.pack("!H", len(frame.data)) + frame.data for head, frame in pairs)
    yield Seed("fragments", b"".join(together)[:PLAY_LIMIT])


class Talk:
    """What is said in one flow: the first to speak is at home."""

    def __init__(self) -> None:
        """Begin with nothing said."""
        self.lines: list[tuple[bool, bytes]] = []
        self._client: tuple[bytes, int] | None = None
        self._ways: dict[bool, Direction] = {}
        self._budget = Budget()

    def hear(self, packet: Packet) -> None:
        """Take a packet: a datagram as it is, a segment in order."""
        self._client = self._client or (packet.src, packet.sport)
        outward = self._client == (packet.src, packet.sport)
        data = packet.payload
        if packet.proto == TCP:
            start = packet.tcp_seq + (1 if packet.tcp_flags & SYN else 0)
            data = self._ways.setdefault(outward, Direction(start, self._budget)).push(start, data)
        if data:
            self.lines.append((outward, data))

    @property
    def play(self) -> bytes:
        """The conversation in the form that targets read."""
        lines = (bytes([PIECE | way]) + struct.pack("!H", len(data)) + data for way, data in self.lines)
        return b"".join(lines)[:PLAY_LIMIT]


def _conversations(frames: list[Frame]) -> Iterator[Seed]:
    decoder = Decoder(Home(PrefixSet([*PRIVATE, ipaddress.ip_network("2001:db8::/32")])))
    talks: dict[tuple[int, frozenset[tuple[bytes, int]]], Talk] = {}
    for frame in frames:
        try:
            packet = decoder.decode(frame)
        except UnreadableError:
            continue
        if packet.proto in {TCP, UDP}:
            ends = frozenset({(packet.src, packet.sport), (packet.dst, packet.dport)})
            talks.setdefault((packet.proto, ends), Talk()).hear(packet)
    for (proto, ends), talk in talks.items():
        if talk.lines:
            yield from _crypto(talk.lines[0][1])
            for target in _listeners(proto, {port for _, port in ends}, talk.lines[0][1]):
                yield Seed(target, talk.play)


def _crypto(said: bytes) -> Iterator[Seed]:
    """Return the hello of a TLS stream as frames of QUIC, one and two: the target puts them into packets."""
    hello = said[5:1_200]
    if not said.startswith(b"\x16\x03"):
        return
    for cuts in ((0, len(hello)), (0, len(hello) // 2, len(hello))):
        frames = (
            struct.pack("!BHH", 6, 0x4000 | start, 0x4000 | (stop - start)) + hello[start:stop]
            for start, stop in pairwise(cuts)
        )
        lines = (b"\1" + struct.pack("!H", len(frame)) + frame for frame in frames)
        yield Seed("quic", b"".join(lines))


def _listeners(proto: int, ports: set[int], first: bytes) -> Iterator[str]:
    """Return the targets that a conversation is for."""
    yield "stream" if proto == TCP else "datagrams"
    if ports & {53, 5353}:
        yield "dns"
    if proto == TCP and first.startswith((b"\x16\x03", b"\x80")):
        yield "tls"
    if proto == TCP and first[:1].isalpha():
        yield "http"
    if proto == UDP and first[0] >= 0xC0:
        yield "quic"
