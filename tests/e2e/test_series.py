"""However hostile the traffic is, the number of series stays within the cap, and no label holds a word of it."""

from __future__ import annotations

import random
import struct
from typing import TYPE_CHECKING

import pytest
from prometheus_client.parser import text_string_to_metric_families
from tests.engine.captures import pcap

from crossborder import app
from crossborder.engine import native_available

if TYPE_CHECKING:
    from pathlib import Path

    from prometheus_client.metrics_core import Metric

HOSTS = 100_000
WORD = "hostile"  # in every name on the wire
ASSETS = """
systems:
  - {name: registry, categories: [core:I.26, personal], networks: [10.20.10.0/24]}
  - {name: insurance, categories: [important:II.10], networks: [10.20.20.0/24]}
"""

pytestmark = pytest.mark.skipif(not native_available(), reason="100,000 flows take the portable engine a minute")


def _dns(name: bytes) -> bytes:
    labels = b"".join(bytes([len(part)]) + part for part in name.split(b"."))
    return struct.pack("!6H", 7, 0x100, 1, 0, 0, 0) + labels + b"\0\0\1\0\1"


def _http(name: bytes) -> bytes:
    return b"POST /%b HTTP/1.1\r\nHost: %b\r\nContent-Length: 5\r\n\r\nhello" % (name, name)


def _frame(chance: random.Random, number: int) -> bytes:
    """Return one packet from a system at home to an address, a port and with names nobody has seen before."""
    source = bytes((10, 20, chance.choice((10, 20, 30)), chance.randrange(256)))
    name = b'%s-%d"}\n%d.example' % (WORD.encode(), number, number)
    ports = struct.pack("!2H", chance.randrange(1024, 65536), chance.randrange(1, 65536))
    if number % 2:
        payload = _dns(name)
        segment = ports + struct.pack("!2H", 8 + len(payload), 0) + payload
    else:
        payload = _http(name)
        segment = ports + struct.pack("!2I4H", 1, 1, 0x5018, 65535, 0, 0) + payload
    target = struct.pack("!I", chance.randrange(1 << 24, 224 << 24))
    head = struct.pack("!BBHHHBBH", 0x45, 0, 20 + len(segment), 0, 0, 64, 17 if number % 2 else 6, 0)
    return bytes(12) + b"\x08\x00" + head + source + target + segment


def _families(folder: Path, max_series: int) -> list[Metric]:
    chance = random.Random(2026)  # noqa: S311 - the same every time
    capture, settings = folder / "a.pcap", folder / "c.yaml"
    capture.write_bytes(pcap([_frame(chance, number) for number in range(HOSTS)], step_ns=10_000_000))
    (folder / "assets.yaml").write_text(ASSETS, encoding="utf-8")
    settings.write_text(f"assets: assets.yaml\nmetrics:\n  max_series: {max_series}\n", encoding="utf-8")
    agent = app.replay(settings, app.Options(files=(capture,)))
    return list(text_string_to_metric_families(agent.metrics.expose()[1].decode()))


@pytest.mark.parametrize("most", [5_000, 500])
def test_a_hundred_thousand_strangers(tmp_path: Path, most: int) -> None:
    """Of each metric there are at most as many series as is promised, all together few, and none tells a name."""
    families = _families(tmp_path, most)
    sizes = {family.name: len(family.samples) for family in families if family.type != "histogram"}
    values = {value for family in families for sample in family.samples for value in sample.labels.values()}
    countries = {sample.labels["country"] for f in families for sample in f.samples if "country" in sample.labels}
    counted = {family.name: sum(sample.value for sample in family.samples) for family in families}

    assert max(sizes.values()) <= most
    assert sum(sizes.values()) < 3 * most + 1_000
    assert not [value for value in values if WORD in value or value.count(".") == 3]
    assert len(countries) > 100
    assert counted["crossborder_capture_packets"] == HOSTS
    assert counted["crossborder_egress_flows"] > 0.9 * HOSTS
    assert (counted["crossborder_series_dropped"] > 0) == (most == 500)
