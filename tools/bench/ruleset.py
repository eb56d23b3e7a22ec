"""Writes the configuration of the benchmark: the shipped rules and generated ones, a hundred together; some assets."""

from __future__ import annotations

import itertools
import uuid
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

RULES = 100
_NAMESPACE = uuid.UUID("5d0f4b1c-9a57-4b7e-8f6a-3b9a0f3f7c11")
_COUNTRIES = [
    "US",
    "CN",
    "JP",
    "DE",
    "SG",
    "HK",
    "KR",
    "FR",
    "GB",
    "NL",
    "RU",
    "IN",
    "AU",
    "CA",
    "TW",
    "TH",
    "MY",
    "SE",
    "NO",
    "CH",
    "IE",
    "BR",
]
_SUFFIXES = [f".{word}-{n}.example" for word in ("alpha", "cloud", "file", "photo", "tour") for n in range(7, 900, 41)]

_HEAD = """title: Benchmark rule {number}
id: {uuid}
name: {name}
status: test
description: Made for a measurement.
author: Crossborder
date: 2026-11-21
logsource: {{product: crossborder, category: network_flow}}
"""
_TAIL = """level: {level}
legal: {{category: none}}
misses: Everything that matters.
"""

_DETECTIONS = (  # the kinds of rules people write, in turns
    """detection:
  there:
    destination.geo.country_iso_code: [{countries}]
  much:
    data.payload_bytes|gte: {bytes}
  opened:
    network.initiator: remote
  condition: there and much and not opened
""",
    """detection:
  named:
    destination.domain|endswith: [{suffixes}]
  much:
    data.payload_bytes|gte: {bytes}
  condition: named and much
""",
    """detection:
  request:
    http.request.method: POST
    url.path|startswith: [/upload/{number}, /api/v{number}]
  home:
    destination.geo.country_iso_code|expand: '%home%'
  condition: request and not home
""",
    """detection:
  network:
    destination.ip|cidr: [{octet}.32.0.0/13, {octet}.128.0.0/11, '2a01:4f8:{number}::/48']
    destination.port: [{number}, 8443]
  condition: network
""",
    """detection:
  hello:
    tls.version: ['1.0', '1.1', '1.2']
    tls.client.ja4|startswith: t12d{number}
  much:
    source.bytes|gte: {bytes}
  condition: hello and much
""",
    """detection:
  asked:
    dns.question.name|re: '(^|\\.)tunnel{number}[a-z0-9]*\\.[a-z-]+\\.example$'
  many:
    source.packets|gt: 2
  condition: asked and many
""",
    """detection:
  tagged:
    data.categories|startswith: [core, important]
  readable:
    data.inspection: [cleartext, opaque]
  much:
    data.payload_bytes|gte: {bytes}
  condition: tagged and readable and much
""",
)
_CORRELATION = """---
title: Benchmark correlation {number}
id: {uuid}
name: {name}
status: test
description: Made for a measurement.
author: Crossborder
date: 2026-11-21
correlation:
  type: value_sum
  rules: [{base}]
  group-by: [local.system, destination.geo.country_iso_code]
  timespan: 1h
  condition: {{field: source.bytes, gte: 50000000}}
"""

_ASSETS = """systems:
  - {name: registry, owner: registry office, categories: [core:I.26, personal], networks: [10.20.10.0/24]}
  - {name: insurance, owner: insurance fund, categories: [important:II.10, personal], networks: [10.20.20.0/24]}
  - {name: records, owner: medical records, categories: [important:inspection, personal], networks: [10.64.32.0/22]}
  - {name: portal, owner: web office, categories: [other], networks: [14.225.20.0/23, '2001:ee0:4f01::/48']}
  - {name: offices, owner: everybody, categories: [], networks: [10.20.0.0/16, 192.168.0.0/17]}
"""


def write_config(folder: Path, count: int) -> Path:
    """Write configuration, assets and so many rules beside the shipped ones; return the configuration's path."""
    rules = folder / "rules"
    rules.mkdir(parents=True, exist_ok=True)
    for old in rules.glob("*.yaml"):
        old.unlink()
    for name, text in itertools.islice(_rules(), count):
        (rules / f"{name}.yaml").write_text(text, encoding="utf-8")
    (folder / "assets.yaml").write_text(_ASSETS, encoding="utf-8")
    config, text = folder / "bench.yaml", "gateway: bench\nassets: assets.yaml\nrules:\n  paths: [rules]\n"
    with_content(config).write_text(text, encoding="utf-8")
    config.write_text(text + "content: {search: false}  # no peer looks into what is carried\n", encoding="utf-8")
    return config


def with_content(config: Path) -> Path:
    """Return the configuration beside another that searches content too."""
    return config.with_name(f"content-{config.name}")


def _rules() -> Iterator[tuple[str, str]]:
    """Yield names and texts of rules; one in ten also adds its flows up."""
    for number in itertools.count(1):
        name = f"bench_rule_{number:03}"
        adds_up = number % 10 == 0
        base = f"{name}_flow" if adds_up else name
        text = _HEAD.format(number=number, uuid=_uuid(base), name=base) + _detection(number)
        if adds_up:
            text += _CORRELATION.format(number=number, uuid=_uuid(name), name=name, base=base)
        yield name, text + _TAIL.format(level=("low", "medium", "high")[number % 3])


def _uuid(name: str) -> str:
    """Return a random-looking (version 4) id that is always the same."""
    return str(uuid.UUID(bytes=uuid.uuid5(_NAMESPACE, name).bytes, version=4))


def _detection(number: int) -> str:
    countries = [_COUNTRIES[(number * 5 + step) % len(_COUNTRIES)] for step in range(4)]
    suffixes = [_SUFFIXES[(number * 7 + step) % len(_SUFFIXES)] for step in range(12)]
    return _DETECTIONS[number % len(_DETECTIONS)].format(
        number=number,
        countries=", ".join(countries),
        suffixes=", ".join(suffixes),
        bytes=20_000 * number,
        octet=20 + number,
    )
