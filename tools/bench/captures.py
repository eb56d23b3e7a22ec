"""Keeps the captures a benchmark reads, made once for each seed, size and version of what makes them.

Making happens in a process of its own, `python -m tools.bench.captures`: the one that measures stays small, because a
child's peak memory is never told as less than its parent's (getrusage(2) counts what was there before exec).
"""

from __future__ import annotations

import hashlib
import json
import struct
import subprocess
import sys
import time
from dataclasses import dataclass
from pathlib import Path
from typing import NamedTuple

ROOT = Path(__file__).resolve().parents[2]
SEED = 20260126
_MAKERS = (
    *(
        Path(__file__).with_name(f"{room}.py")
        for room in (
            "crowd",
            "domestic",
            "frames",
            "mixed",
            "places",
            "sessions",
            "talk",
            "traffic",
            "web",
        )
    ),
    *(ROOT / "agent/crossborder/demo/protocols" / f"{room}.py" for room in ("tls", "quic")),
)
PCAP_HEADER = struct.pack("<IHHiIII", 0xA1B2C3D4, 2, 4, 0, 0, 262_144, 1)
"""Header of a pcap file: Ethernet, microseconds."""


@dataclass(frozen=True, slots=True)
class Capture:
    """A capture file and what it holds; 0 stands for what nobody counted."""

    path: Path
    packets: int
    bytes: int
    flows: int = 0
    web: int = 0  # flows of TLS or HTTP
    short: int = 0  # flows of a few packets
    seconds: float = 0.0  # it took to make


class Sizes(NamedTuple):
    """How large the captures of a run are."""

    flows: int
    crowd: int  # flows alive at the same time
    mixed_bytes: int
    slice: int  # packets for what is slow


FULL = Sizes(500_000, 1_000_000, 1_000_000_000, 20_000)
SHORT = Sizes(3_000, 3_000, 1_000_000, 2_000)


class Captures:
    """The captures of one run, in a folder that other runs use again."""

    def __init__(self, folder: Path, sizes: Sizes, corpus: Path | None, seed: int = SEED) -> None:
        """Use a folder, which is made; `corpus` holds the captures that are mixed, None takes the demo's."""
        folder.mkdir(parents=True, exist_ok=True)
        self._folder = folder
        self._sizes = sizes
        self.corpus = corpus
        self._seed = seed

    def gateway(self) -> Capture:
        """Return many short flows, as a gateway sees them."""
        return self._made("gateway", self._sizes.flows)

    def crowd(self) -> Capture:
        """Return very many flows that live at the same time."""
        return self._made("crowd", self._sizes.crowd)

    def domestic(self) -> Capture:
        """Return short flows of which one in ten crosses."""
        return self._made("domestic", self._sizes.flows // 5)

    def mixed(self) -> Capture:
        """Return few and long flows of real traffic."""
        return self._made("mixed", self._sizes.mixed_bytes, str(self.corpus or ""))

    def longer(self) -> Capture:
        """Return the same for longer, so that what a program does once when it starts hardly counts."""
        return self._made("mixed", 3 * self._sizes.mixed_bytes, str(self.corpus or ""))

    def empty(self) -> Path:
        """Return a capture without a packet."""
        path = self._folder / "empty.pcap"
        path.write_bytes(PCAP_HEADER)
        return path

    def head(self, capture: Capture, packets: int) -> Capture:
        """Return the first packets of a capture as one of its own."""
        path = self._folder / f"head-{packets}-{capture.path.name}"
        if not path.exists():
            _cut(capture.path, path, packets)
        return Capture(path, packets, path.stat().st_size)

    def slice(self, capture: Capture) -> Capture:
        """Return as much of a capture as a slow program can read."""
        return self.head(capture, min(self._sizes.slice, capture.packets))

    def _made(self, kind: str, size: int, *more: str) -> Capture:
        version = hashlib.sha256("\0".join((str(self._seed), *more, *map(Path.read_text, _MAKERS))).encode())
        path = self._folder / f"{kind}-{size}-{version.hexdigest()[:12]}.pcap"
        if not path.with_suffix(".json").exists():
            for old in self._folder.glob(f"*{kind}-{size}-*"):
                old.unlink()
            _make(path, kind, str(size), str(self._seed), *more)
        return Capture(path, **json.loads(path.with_suffix(".json").read_text()))


def _cut(source: Path, target: Path, packets: int) -> None:
    """Copy the file header and so many records, read in large pieces."""
    partial = target.with_suffix(".partial")
    with source.open("rb", buffering=1 << 20) as file, partial.open("wb", buffering=1 << 20) as head:
        head.write(file.read(len(PCAP_HEADER)))
        for _ in range(packets):
            record = file.read(16)
            head.write(record + file.read(int.from_bytes(record[8:12], "little")))
    partial.rename(target)


def _make(path: Path, kind: str, *words: str) -> None:
    print(f"bench: making {path.name} ...", file=sys.stderr, flush=True)
    subprocess.run([sys.executable, "-m", __spec__.name, str(path), kind, *words], check=True, cwd=ROOT)


def main(path: Path, kind: str, size: int, seed: int, corpus: str = "") -> None:
    """Make a capture of a kind and write down beside it what it holds."""
    from tools.bench import crowd, domestic, mixed, traffic

    partial, begin = path.with_suffix(".partial"), time.perf_counter()
    if kind == "mixed":
        content = mixed.write_mixed(partial, mixed.source(corpus, path.parent), size, seed)
    else:
        makers = {"gateway": traffic.write_traffic, "crowd": crowd.write_crowd, "domestic": domestic.write_domestic}
        content = makers[kind](partial, size, seed)
    partial.rename(path)
    told = content._asdict() | {"seconds": round(time.perf_counter() - begin, 1)}
    path.with_suffix(".json").write_text(json.dumps(told) + "\n", encoding="utf-8")


if __name__ == "__main__":
    main(Path(sys.argv[1]), sys.argv[2], int(sys.argv[3]), int(sys.argv[4]), *sys.argv[5:])
