"""Measures registers of one's own people: how long they take to make and to load, and what they cost in memory."""

from __future__ import annotations

import argparse
import resource
import subprocess
import sys
import tempfile
import time
from pathlib import Path

from crossborder import keyfile
from crossborder.engine import register

LOAD_SECONDS = 2.0
MEMORY_MB = 15.0
BYTES = 1.25  # of each key at 1/256
KEY = bytes(range(32))


def resident() -> float:
    """Return what this process has in memory, in MB."""
    pages = int(Path("/proc/self/statm").read_text(encoding="ascii").split()[1])
    return pages * 4096 / 1e6


def load(path: Path, key: Path) -> None:
    """Load a register as the agent does, in a process of its own; print seconds, MB, and the share of strangers."""
    import crossborder_native as native

    native.ContentSearch([], KEY, 1 << 20)
    secret = keyfile.read(key)
    before, begin = resident(), time.perf_counter()
    found = register.read(path, secret)
    search = native.ContentSearch([], KEY, 1 << 20, [found])
    seconds, grown = time.perf_counter() - begin, resident() - before
    strangers = sum(found.holds(at * 0x9E3779B97F4A7C15 & (1 << 64) - 1) for at in range(100_000))
    print(f"{seconds:.3f} {grown:.2f} {strangers / 100_000:.6f}")
    del search


def csv(path: Path, many: int) -> None:
    """Write so many invented personal numbers."""
    with path.open("w", encoding="ascii") as file:
        file.write("cccd\n")
        file.writelines(f"{1 + at % 96:03}{at // 96 % 2}{at // 192 % 100:02}{at // 19_200:06}\n" for at in range(many))


def measure(folder: Path, many: int) -> bool:
    """Make a register of so many people by the command, load it, and tell whether it is within the limits."""
    own, key, path = folder / "own.csv", folder / "key", folder / "own.register"
    keyfile.make(key)
    csv(own, many)
    fine = True
    print("bits        keys   make s  make MB  load s  load MB  bytes a key  strangers")
    for bits in (8, 16):
        begin = time.perf_counter()
        command = ("-m", "crossborder", "register", "build", own, "--key-file", key, "-o", path, "--bits", str(bits))
        subprocess.run([sys.executable, *map(str, command)], check=True, stderr=subprocess.DEVNULL)
        made = time.perf_counter() - begin
        peak = resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss / 1000
        loaded = subprocess.run(
            [sys.executable, "-m", "tools.registers", "--load", str(path), "--key", str(key)],
            check=True,
            stdout=subprocess.PIPE,
            text=True,
        )
        seconds, grown, strangers = map(float, loaded.stdout.split())
        size = path.stat().st_size / many
        alike = "none" if not strangers else f"1 in {1 / strangers:,.0f}"
        print(f"{bits:4} {many:>10,} {made:8.1f} {peak:8.0f} {seconds:7.3f} {grown:8.1f} {size:12.3f}  {alike}")
        if bits == 8:
            scale = max(many / 10_000_000, 0.05)
            fine = seconds <= LOAD_SECONDS and grown <= MEMORY_MB * scale and size <= BYTES
    return fine


def main() -> None:
    """Measure, and fail where a limit is missed."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--people", type=int, default=10_000_000)
    parser.add_argument("--load", type=Path, help=argparse.SUPPRESS)
    parser.add_argument("--key", type=Path, help=argparse.SUPPRESS)
    asked = parser.parse_args()
    if asked.load:
        load(asked.load, asked.key)
        return
    with tempfile.TemporaryDirectory() as folder:
        fine = measure(Path(folder), asked.people)
    if not fine:
        sys.exit(f"a limit is missed: {LOAD_SECONDS} s, {MEMORY_MB} MB at ten million, {BYTES} bytes a key, of 8 bits")


if __name__ == "__main__":
    main()
