"""Makes a capture of mixed real traffic: a folder of captures merged, then repeated under other addresses and times."""

from __future__ import annotations

import random
import struct
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

from tools.bench.captures import PCAP_HEADER
from tools.bench.traffic import RECORD, START, Content

from crossborder.demo import write_capture
from crossborder.engine.portable.files import Files
from crossborder.errors import CrossborderError

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from crossborder.engine.portable.frame import Frame

WINDOW_US = 60_000_000  # one repetition
_LONGEST_US, _LONGEST_GAP_US = 50_000_000, 1_000_000  # of one capture: nobody waits for a gap of years
_SNAPLEN = 262_144
_MOST_FRAMES = 1_000_000  # held in memory
_IPV4, _IPV6 = 0x0800, 0x86DD
_VLANS = {0x8100, 0x88A8}
_MACS = bytes.fromhex("02005e14000102005e14fffe")
_CAPTURES = {".pcap", ".pcapng", ".cap", ".gz", ".zst"}


class Moment(NamedTuple):
    """A frame and when it comes within a repetition, in microseconds."""

    at_us: int
    frame: bytes
    wire_len: int


def write_mixed(path: Path, folder: Path, least_bytes: int, seed: int) -> Content:
    """Repeat what is in a folder until the file is large enough; raises CrossborderError when nothing in it is IP."""
    moments = merged(folder, seed)
    if not moments:
        raise CrossborderError.at(folder, "holds no capture of Ethernet or IP")
    loop = Loop(moments)
    packets, size = 0, len(PCAP_HEADER)
    with path.open("wb", buffering=1 << 20) as file:
        file.write(PCAP_HEADER)
        number = 0
        while size < least_bytes:
            data = loop.turn(number)
            file.write(data)
            packets, size, number = packets + len(moments), size + len(data), number + 1
    return Content(packets, size)


def source(corpus: str, folder: Path) -> Path:
    """Return where captures are: the corpus, or where there is none the demo's capture, made in a folder."""
    if corpus:
        return Path(corpus)
    capture = folder / "demo.pcap"
    write_capture(capture)
    return capture


def merged(folder: Path, seed: int) -> list[Moment]:
    """Return the frames of one file, or of the captures under a folder until they are too many to hold.

    Each capture begins at a moment of its own.
    """
    dice = random.Random(seed)  # noqa: S311 - the same capture every time
    paths = sorted(folder.rglob("*")) if folder.is_dir() else [folder]
    moments: list[Moment] = []
    for path in paths:
        if path.suffix in _CAPTURES and len(moments) < _MOST_FRAMES:
            frames = list(_frames(path))
            times = _paced([frame.ts_ns // 1000 for frame, _ in frames])
            begin = dice.randrange(WINDOW_US - _LONGEST_US)
            moments += (
                Moment(begin + at, data, min(max(frame.wire_len, len(data)), _SNAPLEN))
                for at, (frame, data) in zip(times, frames, strict=True)
            )
    return sorted(moments, key=lambda moment: moment.at_us)


def _frames(path: Path) -> Iterator[tuple[Frame, bytes]]:
    """Yield frames with their bytes as Ethernet has them, as far as a damaged file goes."""
    try:
        for frame in Files((path,), "", lambda: False).frames():
            data = as_ethernet(frame.linktype, frame.data)
            if data is not None:
                yield frame, data
    except CrossborderError:
        return


def _paced(times: list[int]) -> list[int]:
    """Return times that begin at 0, never go back, and pause and last no longer than the limits."""
    at, result = 0, [0] * len(times)
    for number in range(1, len(times)):
        at += min(max(times[number] - times[number - 1], 0), _LONGEST_GAP_US)
        result[number] = at
    return [value * _LONGEST_US // at for value in result] if at > _LONGEST_US else result


_FAMILIES = {2: _IPV4, 24: _IPV6, 28: _IPV6, 30: _IPV6}
_VERSIONS = {4: _IPV4, 6: _IPV6}


def _loopback(data: bytes) -> bytes:
    family = _FAMILIES.get(min(int.from_bytes(data[:4]), int.from_bytes(data[:4], "little")), 0)
    return family.to_bytes(2) + data[4:]


def _raw(data: bytes) -> bytes:
    return _VERSIONS.get(data[0] >> 4, 0).to_bytes(2) + data


_LINKS: dict[int, Callable[[bytes], bytes]] = {  # link type to: type of the content, content
    0: _loopback,
    101: _raw,
    113: lambda data: data[14:],
    228: lambda data: _IPV4.to_bytes(2) + data,
    229: lambda data: _IPV6.to_bytes(2) + data,
    276: lambda data: data[:2] + data[20:],
}


def as_ethernet(linktype: int, data: bytes) -> bytes | None:
    """Return a frame as Ethernet carries it; None for a link that carries no IP or that is not known here."""
    if linktype == 1:
        return data
    change = _LINKS.get(linktype)
    return _MACS + change(data) if change and len(data) > 20 else None


class Loop:
    """One repetition in memory, patched in place and given again and again."""

    def __init__(self, moments: list[Moment]) -> None:
        """Lay the records out and note where addresses and times stand."""
        self._blob = bytearray()
        self._times: list[tuple[int, int]] = []  # place, microseconds
        self._low: list[int] = []  # places of the byte of an address that changes every time
        self._high: list[int] = []  # and of the one that changes every 256 times
        for at_us, frame, wire_len in moments:
            self._times.append((len(self._blob), at_us))
            self._blob += RECORD.pack(0, 0, len(frame), wire_len)
            for low, high in _changing(frame):
                self._low.append(len(self._blob) + low)
                self._high.append(len(self._blob) + high)
            self._blob += frame

    def turn(self, number: int) -> bytearray:
        """Return the records of a repetition: its time, its addresses. Checksums are as they were."""
        blob = bytearray(self._blob)
        for places, change in ((self._low, number & 0xFF), (self._high, number >> 8 & 0xFF)):
            for place in places if change else ():
                blob[place] ^= change
        begin_us = START * 1_000_000 + number * WINDOW_US
        for place, at_us in self._times:
            struct.pack_into("<II", blob, place, *divmod(begin_us + at_us, 1_000_000))
        return blob


def _changing(frame: bytes) -> Iterator[tuple[int, int]]:
    """Yield where the addresses of the outermost IP header may change, the network of a country kept.

    Third and fourth byte of IPv4, the subnet of IPv6. Multicast, broadcast and what is no address stay.
    """
    at = 12
    while int.from_bytes(frame[at : at + 2]) in _VLANS:
        at += 4
    kind = int.from_bytes(frame[at : at + 2])
    if kind == _IPV4 and len(frame) >= at + 22:
        for address in (at + 14, at + 18):
            if 0 < frame[address] < 224:
                yield address + 2, address + 3
    elif kind == _IPV6 and len(frame) >= at + 42:
        for address in (at + 10, at + 26):
            if 0 < frame[address] < 255:
                yield address + 7, address + 6
