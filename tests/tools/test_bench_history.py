"""What the history costs is measured on what was really written."""

from __future__ import annotations

from typing import TYPE_CHECKING

from scapy.layers.inet import IP, UDP
from scapy.layers.l2 import Ether
from scapy.utils import wrpcap
from tools.bench.history import measure, told

if TYPE_CHECKING:
    from pathlib import Path


def test_the_cost_of_a_history(tmp_path: Path) -> None:
    """Rows, bytes and ticks of a capture of twenty flows in a minute."""
    frames = []
    for n in range(20):
        frame = Ether() / IP(src="10.20.10.5", dst="103.28.248.9") / UDP(sport=40_000 + n, dport=8443) / b"x"
        frame.time = 1_767_225_600 + 3 * n
        frames.append(frame)
    wrpcap(str(tmp_path / "x.pcap"), frames)

    cost = measure(tmp_path / "x.pcap", tmp_path / "history", 10.0)

    assert cost.rows == 20
    assert 0 <= cost.hashes < cost.bytes == sum(p.stat().st_size for p in tmp_path.rglob("*.parquet"))
    assert cost.ticks >= 6
    assert cost.history > 0
    assert "20 crossings" in told("x", cost)
