"""Makes a capture of which nine tenths stay at home: flows as on a gateway, most of their servers moved next door."""

from __future__ import annotations

from ipaddress import ip_address, ip_network
from typing import TYPE_CHECKING

from tools.bench.traffic import Content, Timeline, play

if TYPE_CHECKING:
    from pathlib import Path

    from tools.bench.sessions import Frames

ABROAD = 10  # of so many flows one crosses
_NEXT_DOOR, _NEXT_DOOR_V6 = ip_address("10.200.0.0").packed, ip_address("2001:ee0:4f02::").packed
_HOME = [ip_network(text) for text in ("10.0.0.0/8", "192.168.0.0/16", "14.225.0.0/16")]
_HOME_V6 = [ip_network(text) for text in ("2001:ee0::/32", "2405:4800::/32")]


def write_domestic(path: Path, flows: int, seed: int) -> Content:
    """Write the capture and say what it holds. Checksums are those of the flows before they were moved."""
    with path.open("wb", buffering=1 << 20) as file:
        timeline = Timeline(file)
        for number, (at_us, _, frames) in enumerate(play(flows, seed)):
            timeline.add(at_us, moved(frames) if number % ABROAD else frames)
        timeline.close()
    return Content(timeline.packets, timeline.bytes, flows)


def moved(frames: Frames) -> Frames:
    """Return the frames of a flow with both ends at home."""
    at_home: dict[bytes, bytes] = {}
    return [(wait, _moved(frame, at_home)) for wait, frame in frames]


def _moved(frame: bytes, at_home: dict[bytes, bytes]) -> bytes:
    start, size = (26, 4) if frame[12:14] == b"\x08\x00" else (22, 16)
    for at in (start, start + size):
        address = frame[at : at + size]
        if address not in at_home:
            at_home[address] = _home(address)
        frame = frame[:at] + at_home[address] + frame[at + size :]
    return frame


def _home(address: bytes) -> bytes:
    """Return the address, or one at home in its place."""
    number = ip_address(address)
    if any(number in network for network in (_HOME if len(address) == 4 else _HOME_V6)):
        return address
    return _NEXT_DOOR[:2] + address[2:] if len(address) == 4 else _NEXT_DOOR_V6[:6] + address[6:]
