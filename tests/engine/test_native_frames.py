"""Damaged frames mean the same to both engines: tuples, lengths, scope, names, drop reasons, to the last column.

`make test-frames` is the full form, a hundred thousand frames; otherwise about five thousand are tried.
"""

from __future__ import annotations

import os
from pathlib import Path
from random import Random
from typing import Any

import pytest
from scapy.layers.inet import UDP
from tests.engine.agreement import HOME
from tests.engine.captures import pcap
from tests.engine.frames import ETHER, OUTER, pieces_of
from tests.engine.mutated import Sample, damaged, files, made_frames, taken_frames
from tests.engine.oracle import differences, run

from crossborder.demo import write_capture
from crossborder.demo.protocols import dns
from crossborder.engine import EngineConfig, native_available

CORPUS = Path(os.environ.get("CROSSBORDER_CORPUS", Path(__file__).resolve().parents[3] / "shared" / "corpus"))
FOLDERS = ("communityid", "foxio", "quic", "suricata", "wireshark", "hostile")
CAPTURES = sorted(path for folder in FOLDERS for path in CORPUS.glob(f"{folder}/*") if path.is_file())

TOGETHER = 2_500
"""Frames that go through the engines together."""
SEEDS = range(-(-int(os.environ.get("CROSSBORDER_FRAMES", "5000")) // TOGETHER))
"""Each round has one: its frames can be had again."""
CAPTURES_OF_A_ROUND = 80

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


@pytest.mark.parametrize("seed", SEEDS)
def test_damaged_frames_mean_the_same(seed: int, tmp_path: Path, request: pytest.FixtureRequest) -> None:
    """The whole reports and books of both engines are equal, a file for each link type."""
    rng = Random(seed)  # noqa: S311 - the same each time
    unlike: dict[tuple[str, str], Any] = {}
    for linktype, content in files(damaged(rng, pool(rng, request), TOGETHER)).items():
        path = tmp_path / f"{seed}-{linktype}.pcap"
        path.write_bytes(content)
        whole = EngineConfig(HOME, files=(path,), report_all=True)
        found = differences(run("portable", whole), run("native", whole))
        unlike |= {(path.name, part): values for part, values in found.items()}

    assert not unlike, "\n".join(f"{place}: {values}" for place, values in unlike.items())


@pytest.mark.parametrize("order", [slice(None), slice(None, None, -1)], ids=["in order", "last first"])
def test_a_name_that_came_in_pieces_is_read(order: slice, tmp_path: Path) -> None:
    """A DNS question cut in two says its name to both, whichever piece comes first."""
    name = ".".join(["a" * 60] * 3 + ["example"])
    question = OUTER / UDP(sport=40000, dport=53) / dns.question(7, name)
    path = tmp_path / "cut.pcap"
    path.write_bytes(pcap(bytes(ETHER / piece) for piece in pieces_of(question)[order]))
    whole = EngineConfig(HOME, files=(path,), report_all=True)

    portable, native = run("portable", whole), run("native", whole)

    assert [name] in portable.reports["dns_query"].to_list()
    assert differences(portable, native) == {}
