"""Damaged frames mean the same to both engines: tuples, lengths, scope, names, drop reasons, to the last column.

One difference is known and wanted. The native engine puts the fragments of a packet together for those who read names;
the portable one reads each for itself. So the names (not the counts) of a flow that came in pieces may differ.

`make test-frames` is the full form, a hundred thousand frames; otherwise about five thousand are tried.
"""

from __future__ import annotations

import os
from pathlib import Path
from random import Random
from typing import TYPE_CHECKING, Any

import polars as pl
import pytest
from scapy.layers.inet import UDP
from tests.engine.agreement import HOME
from tests.engine.captures import pcap
from tests.engine.frames import ETHER, OUTER, pieces_of
from tests.engine.mutated import Sample, damaged, files, made_frames, taken_frames
from tests.engine.oracle import Run, differences, run

from crossborder.demo import write_capture
from crossborder.demo.protocols import dns
from crossborder.engine import EngineConfig, native_available
from crossborder.engine.communityid import community_id
from crossborder.engine.portable.decode import Decoder
from crossborder.engine.portable.fragments import Fragments
from crossborder.engine.portable.frame import UnreadableError
from crossborder.engine.portable.source import read_capture
from crossborder.engine.portable.stream import open_stream
from crossborder.model import REPORT_SCHEMA

if TYPE_CHECKING:
    from crossborder.engine.packet import Packet

CORPUS = Path(os.environ.get("CROSSBORDER_CORPUS", Path(__file__).resolve().parents[3] / "shared" / "corpus"))
FOLDERS = ("communityid", "foxio", "quic", "suricata", "wireshark", "hostile")
CAPTURES = sorted(path for folder in FOLDERS for path in CORPUS.glob(f"{folder}/*") if path.is_file())

TOGETHER = 2_500
"""Frames that go through the engines together."""
SEEDS = range(-(-int(os.environ.get("CROSSBORDER_FRAMES", "5000")) // TOGETHER))
"""Each round has one: its frames can be had again."""
CAPTURES_OF_A_ROUND = 80
NAMES = list(REPORT_SCHEMA)[list(REPORT_SCHEMA).index("app_protocol") :]
"""The columns that payload tells."""

pytestmark = pytest.mark.skipif(not native_available(), reason="the native extension is not installed")


@pytest.fixture(scope="session")
def demo(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return the demo's capture, which stands in for real ones where there are none."""
    path = tmp_path_factory.mktemp("demo") / "day.pcap"
    write_capture(path)
    return path


def pool(rng: Random, request: pytest.FixtureRequest) -> list[Sample]:
    """Return frames to be damaged."""
    captures = rng.sample(CAPTURES, min(len(CAPTURES), CAPTURES_OF_A_ROUND))
    captures = captures or [request.getfixturevalue("demo")]
    return made_frames() + taken_frames(captures)


class Watched(Fragments):
    """Fragments that tell whether the last frame was one."""

    seen = False

    def remember(self, *args: Any) -> None:
        """Keep the first of a packet's fragments."""
        self.seen = True
        super().remember(*args)

    def find(self, *args: Any) -> Packet | None:
        """Return what the first fragment was counted as."""
        self.seen = True
        return super().find(*args)


def in_pieces(path: Path) -> set[str]:
    """Return the community ids of the flows of a capture that have packets in pieces."""
    decoder, ids = Decoder(HOME), set()
    for frame in read_capture(open_stream(path, lambda: False), str(path), "x"):
        decoder._fragments = watched = _watching(decoder._fragments)
        try:
            packet = decoder.decode(frame)
        except UnreadableError:
            continue
        if watched.seen:
            ids.add(community_id(packet.src, packet.dst, packet.proto, packet.sport, packet.dport))
    return ids


def _watching(fragments: Fragments) -> Watched:
    watched = fragments if isinstance(fragments, Watched) else Watched()
    watched.seen = False
    return watched


def nameless(made: Run, ids: set[str]) -> Run:
    """Return what an engine made, without the names of these flows."""
    named = pl.col("community_id").is_in(list(ids)).not_()
    return made._replace(reports=made.reports.with_columns(pl.when(named).then(pl.col(name)) for name in NAMES))


@pytest.mark.parametrize("seed", SEEDS)
def test_damaged_frames_mean_the_same(seed: int, tmp_path: Path, request: pytest.FixtureRequest) -> None:
    """The whole reports and books of both engines are equal, a file for each link type."""
    rng = Random(seed)  # noqa: S311 - the same each time
    unlike: dict[tuple[str, str], Any] = {}
    for linktype, content in files(damaged(rng, pool(rng, request), TOGETHER)).items():
        path = tmp_path / f"{seed}-{linktype}.pcap"
        path.write_bytes(content)
        whole = EngineConfig(HOME, files=(path,), report_all=True)
        known = in_pieces(path)
        found = differences(nameless(run("portable", whole), known), nameless(run("native", whole), known))
        unlike |= {(path.name, part): values for part, values in found.items()}

    assert not unlike, "\n".join(f"{place}: {values}" for place, values in unlike.items())


def test_the_known_difference_is_there(tmp_path: Path) -> None:
    """A DNS question cut in two is read by the native engine alone; counts and tuple are the same."""
    name = ".".join(["a" * 60] * 3 + ["example"])
    question = OUTER / UDP(sport=40000, dport=53) / dns.question(7, name)
    path = tmp_path / "cut.pcap"
    path.write_bytes(pcap(bytes(ETHER / piece) for piece in pieces_of(question)))
    whole = EngineConfig(HOME, files=(path,), report_all=True)

    portable, native = run("portable", whole), run("native", whole)

    assert native.reports["dns_query"].to_list() == [[name]]
    assert portable.reports["dns_query"].to_list() != [[name]]
    assert differences(nameless(portable, in_pieces(path)), nameless(native, in_pieces(path))) == {}
