"""Has an engine fall behind on a real interface. Started by the tests inside a network namespace of its own.

`python -m tests.engine.overload SCENARIO native` prints what came of it as JSON. Every frame sent opens a flow: one in
two a request with a word that a detector looks for, one in two a hello of TLS.
"""

from __future__ import annotations

import json
import os
import socket
import sys
import threading
import time
from functools import cache, partial
from itertools import cycle, islice
from pathlib import Path
from typing import TYPE_CHECKING, Any

import polars as pl
from scapy.layers.inet import IP, TCP
from tests.engine.apps.speech import client_hello
from tests.engine.captures import LOCAL, check
from tests.engine.live import ETHER, PATIENCE_SECONDS, make_pair, opened, while_stopped
from tests.engine.searches import searching, word

from crossborder.engine import SECOND_NS
from crossborder.model import CROSSING_SCHEMA, FINDING_SCHEMA
from crossborder.publish.metrics import Metrics

if TYPE_CHECKING:
    from collections.abc import Iterator

    from crossborder.model import Batch

TICK = SECOND_NS // 20
RING = 16 << 20
PAUSE_SECONDS = 0.5  # many ticks, and time to count what was sent
FILLED = (0.58, 0.71, 0.95, 0.2)  # of the ring, by each wave
FLOOD_SECONDS = 1.0  # at least
SURGES = range(1000, 9000, 500)  # frames; the smallest ring there is holds some 4,400
HEADER = 86  # of a frame in the ring
WORDS = searching(word("word", "secret"))
REQUEST = b"POST /up HTTP/1.1\r\nHost: away.example\r\nContent-Length: 800\r\n\r\nsecret ".ljust(860, b".")


@cache
def templates(wave: int) -> tuple[bytearray, bytearray]:
    """Return a request and a hello to a server of the wave's own."""
    said = (REQUEST, 80), (client_hello("away.example"), 443)
    first, second = (
        bytearray(bytes(ETHER / IP(src=LOCAL, dst=f"203.0.113.{wave}") / TCP(dport=port, flags="PA") / data))
        for data, port in said
    )
    return first, second


def frames(wave: int) -> Iterator[bytes]:
    """Yield frames without end, each of a flow of its own: the ports first, then the host."""
    number = 0
    while True:
        for frame in templates(wave):
            frame[28:30] = (number // 60_000).to_bytes(2)  # the end of the address at home
            frame[34:36] = (1024 + number % 60_000).to_bytes(2)
            yield bytes(frame)
        number += 1


def amount(filled: float) -> int:
    """Return how many frames fill so much of the ring."""
    sizes = [(HEADER + len(frame)) // 16 * 16 + 16 for frame in templates(1)]
    return int(filled * RING / (sum(sizes) / len(sizes)))


class Watched:
    """An engine, and what its batches said."""

    def __init__(self, **settings: Any) -> None:
        """Listen."""
        self.engine = opened(interfaces=("vb",), tick_ns=TICK, bpf="tcp", searching=WORDS, **settings)
        self.batches: list[Batch] = []
        self.shown: dict[str, set[float]] = {}
        self.enough = threading.Event()  # every step of shedding was seen, and the kernel dropped
        self._metrics = Metrics("test", "", process=False)
        self._iterator = iter(self.engine)
        self._wire = socket.socket(socket.AF_PACKET, socket.SOCK_RAW)
        self._wire.bind(("va", 0))

    def send(self, wave: int, count: int) -> None:
        """Send so many frames."""
        for frame in list(islice(frames(wave), count)):  # made before: a pause would close a block before it is full
            self._wire.send(frame)

    def flood(self, wave: int) -> int:
        """Send surges, each larger, until every step was seen, and for some time at least; return how many frames."""
        begun, count, wire = time.monotonic(), 0, frames(wave)
        for surge in cycle(SURGES):
            passed = time.monotonic() - begun
            if passed > FLOOD_SECONDS and (self.enough.is_set() or passed > PATIENCE_SECONDS):
                break
            for frame in islice(wire, surge):
                self._wire.send(frame)
            count += surge
            time.sleep(TICK / SECOND_NS)
        return count

    def take(self, packets: int) -> list[Batch]:
        """Take batches until so many packets are in the books, and one in which nothing new came."""
        taken: list[Batch] = []
        begun = time.monotonic()
        while time.monotonic() - begun < PATIENCE_SECONDS:
            batch = next(self._iterator)
            check(batch)
            taken.append(batch)
            self._metrics(batch, pl.DataFrame(schema=CROSSING_SCHEMA), pl.DataFrame(schema=FINDING_SCHEMA))
            for work in ("content", "some names", "names"):
                value = self._metrics.registry.get_sample_value("crossborder_capture_shedding", {"work": work})
                self.shown.setdefault(work, set()).add(value or 0.0)
            if batch.books[0].dropped and all(1 in values for values in self.shown.values()):
                self.enough.set()
            if batch.books[0].packets >= packets and not batch.reports.height:
                break
        self.batches += taken
        return taken

    def told(self, wave: int, batches: list[Batch]) -> dict[str, Any]:
        """Return what was left out of the flows of a wave, in the order they opened.

        A letter for each: `c` content was searched, `n` only names were read, `-` nothing was.
        """
        flows = (
            pl.concat([batch.reports for batch in batches])
            .filter(pl.col("remote_ip") == f"203.0.113.{wave}")
            .group_by("flow_id")
            .agg(
                pl.col("first_ns").first(),
                pl.col("detections").is_not_null().any().alias("searched"),
                pl.col("detections").list.len().sum().alias("found"),
                pl.col("server_name").is_not_null().any().alias("named"),
            )
            .sort("first_ns", "flow_id")
        )
        state = pl.when("searched").then(pl.lit("c")).when("named").then(pl.lit("n")).otherwise(pl.lit("-"))
        return {
            "states": "".join(flows.select(state.alias("state"))["state"]),
            "found": int(flows["found"].sum()),
            "sheds": sorted({batch.sheds for batch in batches}),
            "shed": batches[-1].books[0].shed,
        }

    def end(self) -> dict[str, Any]:
        """Stop; return the books."""
        self.engine.stop()
        self.batches += list(self._iterator)
        self._wire.close()
        book = self.batches[-1].books[0]
        return {
            "packets": book.packets,
            "flow_packets": book.flow_packets,
            "dropped": {reason.value: count for reason, count in book.dropped.items()},
            "shown": {work: sorted(values) for work, values in self.shown.items()},
        }


def waves() -> dict[str, Any]:
    """Fill parts of the ring while the engine stands still, and have it go on."""
    watched = Watched(ring_bytes=RING)
    sent, told = 0, []
    for wave, filled in enumerate(FILLED, start=1):
        watched.take(sent)
        while_stopped(partial(watched.send, wave, amount(filled)))
        sent += amount(filled)
        told.append(watched.told(wave, watched.take(sent)))
    return watched.end() | {"sent": sent, "waves": told}


def untaken() -> dict[str, Any]:
    """Send more than the ring holds while nobody takes batches, and take them then."""
    watched = Watched(ring_bytes=RING)
    for wave in range(1, 6):
        watched.send(wave, amount(0.6))
        time.sleep(PAUSE_SECONDS)
    sent = 5 * amount(0.6)
    watched.take(sent)
    return watched.end() | {"sent": sent, "ticks": len(watched.batches)}


def overrun() -> dict[str, Any]:
    """Flood an engine that gets little of the only core, then leave it in peace."""
    os.sched_setaffinity(0, {max(os.sched_getaffinity(0))})
    watched = Watched(ring_bytes=1)
    for task in Path("/proc/self/task").iterdir():
        if (task / "comm").read_text().startswith("capture-"):
            os.setpriority(os.PRIO_PROCESS, int(task.name), 19)
    sent: list[int] = []
    flood = threading.Thread(target=lambda: sent.append(watched.flood(1)))
    flood.start()
    while flood.is_alive():
        watched.take(1)
    flooded = watched.told(1, watched.take(sent[0]) and watched.batches)
    watched.send(2, 40)
    peace = watched.told(2, watched.take(sent[0] + 40))
    return watched.end() | {"sent": sent[0] + 40, "flooded": flooded, "peace": peace}


SCENARIOS = (waves, untaken, overrun)

if __name__ == "__main__":
    make_pair()
    chosen = {scenario.__name__: scenario for scenario in SCENARIOS}[sys.argv[1]]
    json.dump(chosen(), sys.stdout)
