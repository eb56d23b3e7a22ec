"""Takes frames of real captures and made ones, and damages them: flips, cuts, splices. The same seed gives the same."""

from __future__ import annotations

import struct
from functools import cache
from itertools import islice
from typing import TYPE_CHECKING, NamedTuple

from tests.engine.captures import START
from tests.engine.frames import BODY, ETHER, FOUR, INNER, INNER6, LINKS, OUTER, OUTER6, SIX, TUNNELS, pieces_of

from crossborder.demo.protocols import dns, http
from crossborder.engine import SECOND_NS
from crossborder.engine.portable.source import read_capture
from crossborder.engine.portable.stream import open_stream
from crossborder.errors import CrossborderError

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path
    from random import Random

PER_CAPTURE = 60
"""Frames taken of one capture: hellos stand at the beginning."""
LINKTYPES = (0, 1, 9, 12, 14, 50, 51, 101, 104, 108, 113, 127, 166, 204, 228, 229, 276)


class Sample(NamedTuple):
    """A frame as captured."""

    linktype: int
    data: bytes
    wire_len: int


@cache
def made_frames() -> list[Sample]:
    """Return sound frames of each link, tunnel and fragment that the decoder's tests know."""
    links = [(link if head is None else head / link, kind) for link in (FOUR, SIX) for head, kind, _ in LINKS.values()]
    tunnels = [whole for whole, _ in TUNNELS.values()]
    pieces = [piece for whole in (*tunnels, INNER, INNER6, FOUR, SIX) for piece in pieces_of(whole)]
    nested = [outer / piece for outer in (OUTER, OUTER6) for piece in pieces[:24]]
    bodies = (http.get("portal.example", "/a?b=c"), dns.question(7, "host.example"), BODY * 90)
    talks = [OUTER / type(FOUR.payload)(sport=40000, dport=80, flags="PA", seq=1) / body for body in bodies]
    frames = links + [(ETHER / packet, 1) for packet in (*tunnels, *pieces, *nested, *talks)]
    return [Sample(linktype, data, len(data)) for frame, linktype in frames for data in (bytes(frame),)]


def taken_frames(captures: list[Path]) -> list[Sample]:
    """Return the first frames of each capture, as far as it can be read."""
    return [sample for path in captures for sample in islice(_frames(path), PER_CAPTURE)]


def _frames(path: Path) -> Iterator[Sample]:
    try:
        for frame in read_capture(open_stream(path, lambda: False), str(path), "x"):
            yield Sample(frame.linktype, frame.data, frame.wire_len)
    except CrossborderError:
        return


def damaged(rng: Random, pool: list[Sample], count: int) -> list[Sample]:
    """Return so many frames: short runs in the order they came, so that fragments and streams meet, most damaged."""
    frames: list[Sample] = []
    while len(frames) < count:
        at = rng.randrange(len(pool))
        run = pool[at : at + rng.choice((1, 1, 1, 4, 8, 20))]
        frames += [_damage(rng, sample, pool) for sample in run] if rng.random() < 0.8 else run
    return frames[:count]


def _damage(rng: Random, sample: Sample, pool: list[Sample]) -> Sample:
    data = bytearray(sample.data)
    for _ in range(rng.choice((0, 0, 1, 1, 2, 3, 6))):
        if data:  # headers are in front
            at = rng.randrange(min(len(data), rng.choice((20, 40, 60, 100, 10_000))))
            data[at] = rng.choice((rng.randrange(256), data[at] ^ 1 << rng.randrange(8), 0, 255))
    if rng.random() < 0.2:
        del data[rng.randrange(min(len(data), rng.choice((60, 100, 3000))) + 1) :]
    if rng.random() < 0.1:
        other = rng.choice(pool).data
        data = data[: rng.randrange(len(data) + 1)] + other[rng.randrange(len(other) + 1) :]
    if rng.random() < 0.1:
        data += rng.randbytes(rng.randrange(30))
    linktype = rng.choice(LINKTYPES) if rng.random() < 0.03 else sample.linktype
    wire_len = max(len(data), rng.choice((len(data), sample.wire_len, sample.wire_len, rng.randrange(2000))))
    return Sample(linktype, bytes(data), wire_len)


def files(samples: list[Sample]) -> dict[int, bytes]:
    """Return a pcap file in nanoseconds for each link type, its frames a millisecond apart."""
    by_link: dict[int, list[Sample]] = {}
    for sample in samples:
        by_link.setdefault(sample.linktype, []).append(sample)
    return {linktype: _pcap(linktype, frames) for linktype, frames in sorted(by_link.items())}


def _pcap(linktype: int, frames: list[Sample]) -> bytes:
    records = [struct.pack("<IHHIIII", 0xA1B23C4D, 2, 4, 0, 0, 262_144, linktype)]
    for number, frame in enumerate(frames):
        seconds, nanoseconds = divmod(START + number * 1_000_000, SECOND_NS)
        records.append(struct.pack("<IIII", seconds, nanoseconds, len(frame.data), frame.wire_len) + frame.data)
    return b"".join(records)
