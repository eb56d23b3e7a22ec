"""However hosts announce and open data connections, native and portable name the same, with any workers."""

from __future__ import annotations

import struct
from dataclasses import replace
from typing import TYPE_CHECKING

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from tests.engine.captures import HOME, LOCAL, LOCAL2, REMOTE, REMOTE2, packed, pcap
from tests.engine.oracle import differences, run

from crossborder.engine import EngineConfig, native_available

if TYPE_CHECKING:
    from pathlib import Path

pytestmark = pytest.mark.skipif(not native_available(), reason="the native extension is not installed")

HOSTS = (LOCAL, LOCAL2, REMOTE, REMOTE2)
PAIRS = ((LOCAL, REMOTE), (REMOTE, LOCAL), (LOCAL2, REMOTE), (LOCAL, REMOTE2))
CONTROL, PORTS = 50000, (40000, 1025)
FILES = (b"STOR a.csv\r\n", b"STOR b.csv\r\n", b"RETR c.csv\r\n")

Place = tuple[int, int]
"""A host and a port, by their number in the tables."""

Act = tuple[int, int, Place]
"""A pair of hosts, what it does, and where."""


class Play:
    """Frames of control and data connections, each direction with its own sequence numbers."""

    def __init__(self) -> None:
        """Begin with no frame."""
        self.frames: list[bytes] = []
        self._next: dict[tuple[str, int, str, int], int] = {}

    def say(self, src: tuple[str, int], dst: tuple[str, int], data: bytes) -> None:
        """Send data; the first to send opens the connection."""
        way, back = (*src, *dst), (*dst, *src)
        if way not in self._next:
            opens = back not in self._next
            self._next[way] = 1
            self._next.setdefault(back, 1)
            if opens:
                self.frames.append(_segment(*way, 0x02, 0, b""))
        self.frames.append(_segment(*way, 0x18, self._next[way], data))
        self._next[way] += len(data)


def _segment(src: str, sport: int, dst: str, dport: int, flags: int, seq: int, data: bytes) -> bytes:
    body = struct.pack("!HHIIBBHHH", sport, dport, seq, 1, 0x50, flags, 1000, 0, 0) + data
    header = struct.pack("!BBHHHBBH", 0x45, 0, 20 + len(body), 1, 0, 64, 6, 0) + packed(src) + packed(dst)
    return bytes(12) + b"\x08\x00" + header + body


def _six(host: int, port: int) -> bytes:
    return ",".join([*HOSTS[host].split("."), str(PORTS[port] >> 8), str(PORTS[port] & 255)]).encode()


def _announce(play: Play, pair: int, kind: int, place: Place) -> None:
    client, server = PAIRS[pair]
    asked = (client, CONTROL + pair), (server, 21)
    lines = (b"227 (%s)\r\n" % _six(*place), b"229 (|||%d|)\r\n" % PORTS[place[1]])
    if kind < len(lines):
        play.say(*asked[::-1], lines[kind])
    else:
        play.say(*asked, b"PORT %s\r\n" % _six(*place))


def _act(play: Play, pair: int, kind: int, place: Place) -> None:
    """Announce, name a file, or open a data connection: between the hosts of the pair, or of any two."""
    client, server = PAIRS[pair]
    if kind < 3:
        _announce(play, pair, kind, place)
    elif kind < 6:
        play.say((client, CONTROL + pair), (server, 21), FILES[kind - 3])
    else:
        opens, opened = ((client, server), (server, client), (HOSTS[place[0]], server))[kind - 6]
        if opens != opened:
            play.say((opens, 51000), (opened, PORTS[place[1]]), b"1,2,3\r\n")


def _capture(folder: Path, acts: list[Act]) -> EngineConfig:
    """Write a capture of the acts, behind a control connection of each pair, and return how to read it."""
    play = Play()
    for pair, (client, server) in enumerate(PAIRS):
        play.say((client, CONTROL + pair), (server, 21), b"USER a\r\n")
    for act in acts:
        _act(play, *act)
    path = folder / "ftp.pcap"
    path.write_bytes(pcap(play.frames))
    return EngineConfig(HOME, files=(path,), report_all=True)


ACTS = st.tuples(st.integers(0, 3), st.integers(0, 8), st.tuples(st.integers(0, 3), st.integers(0, 1)))


@settings(max_examples=40, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(acts=st.lists(ACTS, max_size=30), workers=st.integers(2, 5))
def test_any_announcements_name_the_same_flows(acts: list[Act], workers: int, tmp_path: Path) -> None:
    """Before or after the data connection opens, for the right hosts and the wrong ones."""
    config = _capture(tmp_path, acts)

    one = run("native", config)

    assert not differences(run("portable", config), one)
    assert not differences(one, run("native", replace(config, workers=workers)))


def test_a_file_is_named_on_its_connection(tmp_path: Path) -> None:
    """The play itself works: behind address translation too, and for no flow of another host."""
    reports = run(
        "native", _capture(tmp_path, [(0, 0, (3, 0)), (0, 3, (0, 0)), (0, 6, (0, 0)), (2, 6, (0, 0))])
    ).reports

    assert reports.filter(reports["app_protocol"] == "ftp-data")["file_names"].to_list() == [["a.csv"]]
