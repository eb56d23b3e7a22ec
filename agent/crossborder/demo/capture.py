"""Plays the day and writes it down as a capture file."""

from __future__ import annotations

from typing import TYPE_CHECKING, BinaryIO

from scapy.utils import RawPcapWriter

from crossborder.demo.manifest import Manifest
from crossborder.demo.script import SCRIPT
from crossborder.demo.stage import Stage, moment
from crossborder.engine import ETHERNET
from crossborder.errors import CrossborderError

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from crossborder.demo.manifest import Frame

SEED = 20260126
_SNAPLEN = 262_144


def play(seed: int = SEED, progress: Callable[[int, int], None] | None = None) -> Stage:
    """Play every scene; the stage then holds the frames in the order of time and what was planted.

    `progress` is told how many scenes of how many have been played.
    """
    stage = Stage(seed)
    calls = [(call, number, clock) for call in SCRIPT for number, clock in enumerate(call.times.split())]
    for played, (call, number, clock) in enumerate(calls, 1):
        stage.begin(call.name, number)
        call.scene(stage, moment(clock))
        if progress is not None:
            progress(played, len(calls))
    stage.frames = [frame._replace(time_ns=frame.time_ns // 1000 * 1000) for frame in stage.frames]  # as pcap has it
    stage.frames.sort(key=lambda frame: frame.time_ns)
    return stage


def write_capture(path: Path, seed: int = SEED, progress: Callable[[int, int], None] | None = None) -> Manifest:
    """Write the day as a pcap file and return what is in it. The same seed writes the same bytes.

    Raises CrossborderError when the file cannot be written.
    """
    try:
        with path.open("wb") as file:  # before the long part: a folder that is not there is told at once
            stage = play(seed, progress)
            _write(file, stage.frames)
    except OSError as error:
        raise CrossborderError.at(path, f"cannot be written: {error.strerror}") from None
    return Manifest(
        path=path,
        seed=seed,
        packets=len(stage.frames),
        bytes=sum(frame.wire_length for frame in stage.frames),
        first_ns=stage.frames[0].time_ns,
        last_ns=stage.frames[-1].time_ns,
        planted=tuple(one for one in stage.planted if one.rule),
        innocent=tuple(one for one in stage.planted if not one.rule),
        countries=stage.countries,
        damaged=stage.damaged,
    )


def _write(file: BinaryIO, frames: list[Frame]) -> None:
    with RawPcapWriter(file, linktype=ETHERNET, snaplen=_SNAPLEN) as writer:
        writer.write_header(None)
        for time_ns, data, wire_length in frames:
            seconds, nanoseconds = divmod(time_ns, 1_000_000_000)
            writer.write_packet(data, sec=seconds, usec=nanoseconds // 1000, caplen=len(data), wirelen=wire_length)
