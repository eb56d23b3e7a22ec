"""From packets to the counter that a fleet adds up, of a threshold that this gateway does not reach."""

from __future__ import annotations

from typing import TYPE_CHECKING

from prometheus_client.parser import text_string_to_metric_families
from scapy.layers.inet import IP, UDP
from scapy.layers.l2 import Ether
from scapy.utils import wrpcap
from tests.match.conftest import rule_head

from crossborder import config
from crossborder.app import Agent, Options

if TYPE_CHECKING:
    from pathlib import Path


def test_what_is_below_the_threshold_is_counted(tmp_path: Path) -> None:
    """Three flows to Norway, where a hundred would be a finding: no finding, and three in the metrics."""
    sent = [IP(src="10.20.10.5", dst="77.16.0.9") / UDP(sport=40_000 + n, dport=9999) / (b"x" * 100) for n in range(3)]
    wrpcap(str(tmp_path / "three.pcap"), [Ether() / packet for packet in sent])
    counting = "{type: event_count, rules: any, group-by: destination.geo.country_iso_code, timespan: 1h"
    (tmp_path / "many.yaml").write_text(
        f"{rule_head(1, 'any')}detection: {{it: {{source.port|gte: 1}}, condition: it}}\n---\n"
        f"{rule_head(2, 'many')}correlation: {counting}, condition: {{gte: 100}}}}\n",
        encoding="utf-8",
    )
    path = tmp_path / "crossborder.yaml"
    path.write_text("rules: {shipped: false, paths: [many.yaml]}\n", encoding="utf-8")
    agent = Agent(config.read(path), Options(files=(tmp_path / "three.pcap",), engine="portable"), path)

    agent.run()
    agent.close()

    families = text_string_to_metric_families(agent.metrics.expose()[1].decode())
    shown = [
        (s.labels, s.value) for family in families for s in family.samples if s.name == "crossborder_counted_total"
    ]
    assert shown == [({"rule": "many", "system": "", "country": "NO"}, 3)]
    assert sum(agent.metrics.findings().values()) == 0
