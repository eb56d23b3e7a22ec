"""Real captures merged and repeated: other addresses and times, nothing else."""

from __future__ import annotations

import struct
from ipaddress import ip_address
from typing import TYPE_CHECKING

import pytest
from tools.bench.captures import PCAP_HEADER
from tools.bench.frames import Lane
from tools.bench.mixed import WINDOW_US, as_ethernet, write_mixed

from crossborder.engine.portable.files import Files
from crossborder.errors import CrossborderError

if TYPE_CHECKING:
    from pathlib import Path

    from crossborder.engine.portable.frame import Frame

HOST, SERVER, GROUP = "10.1.2.3", "203.0.113.9", "224.0.0.251"
HOST6, SERVER6 = "2001:db8:1::5", "2001:db8:9::9"


def _lane(src: str, dst: str) -> Lane:
    return Lane(ip_address(src).packed, ip_address(dst).packed, 40_000, 53, outward=True)


def _write(path: Path, frames: list[bytes], linktype: int = 1) -> None:
    records = (struct.pack("<IIII", 1000 + 90 * n, 0, len(f), len(f)) + f for n, f in enumerate(frames))
    path.write_bytes(PCAP_HEADER[:20] + struct.pack("<I", linktype) + b"".join(records))


def _frames(path: Path) -> list[Frame]:
    return list(Files((path,), "", lambda: False).frames())


def _source(frame: Frame) -> str:
    v6 = frame.data[12:14] == b"\x86\xdd"
    return str(ip_address(frame.data[22:38] if v6 else frame.data[26:30]))


def test_each_repetition_has_addresses_and_a_time_of_its_own(tmp_path: Path) -> None:
    """The network of a country stays, so does what is no host's address; payloads are untouched."""
    folder = tmp_path / "corpus"
    folder.mkdir()
    _write(folder / "a.pcap", [_lane(HOST, SERVER).udp(b"one"), _lane(HOST6, SERVER6).udp(b"two")])
    _write(folder / "b.pcap", [_lane(HOST, GROUP).udp(b"three")])

    content = write_mixed(tmp_path / "mixed.pcap", folder, 600, seed=1)
    frames = _frames(tmp_path / "mixed.pcap")
    times = [frame.ts_ns // 1000 for frame in frames]

    assert content.packets == len(frames) == 9
    assert content.bytes == (tmp_path / "mixed.pcap").stat().st_size >= 600
    assert times == sorted(times)
    assert times[3] // WINDOW_US == times[0] // WINDOW_US + 1
    assert {_source(frame) for frame in frames if b"one" in frame.data} == {HOST, "10.1.3.3", "10.1.0.3"}
    assert len({_source(frame) for frame in frames if b"two" in frame.data}) == 3
    assert {frame.data[30:34] for frame in frames if b"three" in frame.data} == {ip_address(GROUP).packed}


def test_the_same_repetition_is_the_same_connection(tmp_path: Path) -> None:
    """Both directions of a conversation are moved alike."""
    there, back = _lane(HOST, SERVER).udp(b"ask"), _lane(SERVER, HOST).udp(b"tell")
    _write(tmp_path / "a.pcap", [there, back])

    write_mixed(tmp_path / "mixed.pcap", tmp_path / "a.pcap", 400, seed=1)
    frames = [frame.data for frame in _frames(tmp_path / "mixed.pcap")]

    assert len(frames) >= 4
    for ask, tell in zip(frames[::2], frames[1::2], strict=True):
        assert (ask[26:30], ask[30:34]) == (tell[30:34], tell[26:30])


def test_links_that_carry_ip_become_ethernet() -> None:
    """Others are left out."""
    frame = _lane(HOST, SERVER).udp(b"x" * 20)
    packet = frame[14:]

    assert as_ethernet(1, frame) == frame
    for linktype, head in ((101, b""), (0, b"\2\0\0\0"), (113, bytes(14) + b"\x08\0"), (276, b"\x08\0" + bytes(18))):
        converted = as_ethernet(linktype, head + packet)
        assert converted is not None
        assert converted[12:] == frame[12:]
    assert as_ethernet(127, packet) is None


def test_a_folder_without_captures_is_refused(tmp_path: Path) -> None:
    """With its name, instead of a capture of nothing."""
    (tmp_path / "notes.pcap").write_text("no capture")

    with pytest.raises(CrossborderError, match="holds no capture"):
        write_mixed(tmp_path / "mixed.out", tmp_path, 100, seed=1)
