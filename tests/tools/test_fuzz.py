"""The fuzz targets begin with what captures hold, also with the beginning of one that is too long."""

from __future__ import annotations

from typing import TYPE_CHECKING

from scapy.layers.inet import UDP
from tests.engine.captures import pcap
from tests.engine.frames import ETHER, OUTER
from tools.fuzz.seeds import CUT, FILE_LIMIT, seeds

from crossborder.demo.protocols import dns

if TYPE_CHECKING:
    from pathlib import Path


def test_a_long_capture_gives_its_beginning(tmp_path: Path) -> None:
    """What reads frames and conversations begins with its packets; what reads files, with the first of its bytes."""
    frame = bytes(ETHER / OUTER / UDP(sport=40000, dport=53) / dns.question(7, "name.example"))
    path = tmp_path / "long.pcap"
    path.write_bytes(pcap([frame] * (FILE_LIMIT // len(frame))))

    made = list(seeds([path]))

    assert {seed.target for seed in made} == {"capture", "content", "datagrams", "decode", "dns", "filter", "fragments"}
    assert [seed.data[2:] for seed in made if seed.target == "capture"] == [path.read_bytes()[:CUT]]
