"""Runs an engine on real interfaces. Started by the tests inside a network namespace of its own.

`python -m tests.engine.live SCENARIO ENGINE` makes a veth pair, sends frames into one end, listens on the other, and
prints what came of it as JSON.
"""

from __future__ import annotations

import fcntl
import ipaddress
import itertools
import json
import os
import signal
import socket
import struct
import subprocess
import sys
import threading
import time
from pathlib import Path
from typing import TYPE_CHECKING, Any

from scapy.layers.inet import IP, TCP, UDP
from scapy.layers.l2 import Dot1Q, Ether
from tests.engine.captures import LOCAL, LOCAL2, REMOTE, check, config, flows_of

from crossborder.engine import SECOND_NS, open_engine, portable
from crossborder.engine.home import Home
from crossborder.errors import CrossborderError
from crossborder.prefixes import PRIVATE, PrefixSet

if TYPE_CHECKING:
    from collections.abc import Callable

    from crossborder.engine import Engine, EngineName
    from crossborder.model import Batch

ETHER = Ether(src="02:00:00:00:00:01", dst="02:00:00:00:00:02")
TCP_FRAME = bytes(ETHER / IP(src=LOCAL, dst=REMOTE) / TCP(sport=40000, dport=443) / bytes(300))
VLAN_FRAME = bytes(ETHER / Dot1Q(vlan=42) / IP(src=LOCAL, dst=REMOTE) / UDP(sport=5000, dport=5001) / b"hello")
TICK = SECOND_NS // 5
PATIENCE_SECONDS = 10


def ip(*words: str) -> None:
    """Change the namespace's network."""
    subprocess.run(["ip", *words], check=True)


def make_pair() -> None:
    """Make va and vb, the two ends of a wire."""
    ip("link", "add", "va", "type", "veth", "peer", "name", "vb")
    for name in ("va", "vb"):
        ip("link", "set", name, "addrgenmode", "none", "up")  # the kernel itself stays silent


def send(frames: list[bytes], interface: str = "va", pause: float = 0.0) -> None:
    """Send frames into an interface."""
    with socket.socket(socket.AF_PACKET, socket.SOCK_RAW) as wire:
        wire.bind((interface, 0))
        for frame in frames:
            wire.send(frame)
            time.sleep(pause)


def while_stopped(work: Callable[[], None]) -> None:
    """Have a process of its own do something while this one stands still, its engine too."""
    stopped = Path(f"/proc/{os.getpid()}/stat")
    if (child := os.fork()) == 0:
        try:
            while stopped.read_text().rsplit(")", 1)[1].split()[0] != "T":
                time.sleep(0.001)
            work()
        finally:
            os.kill(os.getppid(), signal.SIGCONT)
            os._exit(0)
    os.kill(os.getpid(), signal.SIGSTOP)
    os.waitpid(child, 0)


def opened(**settings: Any) -> Engine:
    """Open the engine that is asked for."""
    name: EngineName = "native" if sys.argv[2] == "native" else "portable"
    return open_engine(name, config(**settings))


def listen(
    engine: Engine,
    meanwhile: Callable[[], None],
    packets: int = 0,
    watch: Callable[[Batch], None] = lambda _: None,
) -> dict[str, Any]:
    """Run an engine while something happens, until so many packets came; return what it said."""
    batches: list[Batch] = []
    worker = threading.Thread(target=meanwhile)
    error = ""
    started = time.monotonic()
    worker.start()
    try:
        for batch in engine:
            check(batch)
            batches.append(batch)
            watch(batch)
            if batch.books[0].packets >= packets > 0 or time.monotonic() - started > PATIENCE_SECONDS:
                engine.stop()
    except CrossborderError as fault:
        error = str(fault)
    worker.join()
    book = batches[-1].books[0]
    return {
        "error": error,
        "packets": book.packets,
        "domestic": book.domestic_packets,
        "bytes": book.bytes,
        "dropped": {reason.value: count for reason, count in book.dropped.items()},
        "flows": flows_of(batches).select("interface", "transport", "vlan", "packets_out", "total_packets_out").rows(),
        "both": flows_of(batches).select("total_packets_out", "total_packets_in").rows(),
        "batches": len(batches),
        "sheds": sorted({shed for batch in batches for shed in batch.sheds}),
        "shed": book.shed,
        "hosts": flows_of(batches)["http_host"].to_list(),
        "progress": engine.progress(),
        "down": [list(down) for down, _ in itertools.groupby(batch.down for batch in batches)],
        "age": (time.time_ns() - batches[-1].tick_ns) / SECOND_NS,
    }


def counted() -> dict[str, Any]:
    """Count what is sent, tagged frames with the tag the kernel took off."""
    engine = opened(interfaces=("vb",), tick_ns=TICK, bpf="ip")
    return listen(engine, lambda: send([TCP_FRAME] * 3 + [VLAN_FRAME] * 2, pause=0.01), 5)


def filtered() -> dict[str, Any]:
    """Count only what passes the filter."""
    engine = opened(interfaces=("vb",), tick_ns=TICK, bpf="tcp port 443")
    return listen(engine, lambda: send([VLAN_FRAME[:12] + VLAN_FRAME[16:], TCP_FRAME] * 4), 4)


def bare() -> dict[str, Any]:
    """Filter a tunnel, whose frames are bare IP packets, together with an Ethernet."""
    tunnel = os.open("/dev/net/tun", os.O_RDWR)
    fcntl.ioctl(tunnel, 0x400454CA, struct.pack("16sH22x", b"tun9", 0x1001))  # TUNSETIFF: IFF_TUN, IFF_NO_PI
    ip("link", "set", "tun9", "addrgenmode", "none", "up")
    ip("address", "add", f"{LOCAL}/32", "dev", "tun9")
    ip("route", "add", "203.0.113.0/24", "dev", "tun9")
    engine = opened(interfaces=("tun9", "vb"), tick_ns=TICK, bpf=f"udp port 5001 and host {REMOTE}")

    def talk() -> None:
        with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as sender:
            for port in (5001, 5002) * 3:
                sender.sendto(b"hello", (REMOTE, port))
        send([VLAN_FRAME[:12] + VLAN_FRAME[16:], TCP_FRAME])

    result = listen(engine, talk, 3)
    os.close(tunnel)
    return result


def cut() -> dict[str, Any]:
    """Take few bytes of each frame and still count all of them."""
    engine = opened(interfaces=("vb",), tick_ns=TICK, bpf="ip", snaplen=64, promiscuous=False)
    return listen(engine, lambda: send([TCP_FRAME] * 3), 3)


def loopback() -> dict[str, Any]:
    """See each packet on the loopback once, though the kernel shows it twice."""
    ip("link", "set", "lo", "up")
    engine = opened(interfaces=("lo",), tick_ns=TICK, bpf="udp", report_all=True)

    def talk() -> None:
        with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as sender:
            for _ in range(3):
                sender.sendto(b"hello", ("127.0.0.1", 9))

    return listen(engine, talk, 3)


def quiet() -> dict[str, Any]:
    """Tick by the clock when there are no packets."""
    engine = opened(interfaces=("vb",), tick_ns=TICK, bpf="tcp port 9")
    timer = threading.Timer(1.1, engine.stop)
    timer.start()
    return listen(engine, lambda: None)


def gone() -> dict[str, Any]:
    """Lose the interface while listening."""
    engine = opened(interfaces=("vb",), tick_ns=100 * SECOND_NS, bpf="ip")

    def lose() -> None:
        send([TCP_FRAME] * 3)
        while engine.progress().packets < 3:
            time.sleep(0.01)
        ip("link", "del", "va")

    return listen(engine, lose)


def flooded() -> dict[str, Any]:
    """Listen only after more came than the kernel can keep."""
    engine = opened(interfaces=("vb",), tick_ns=TICK, bpf="ip", ring_bytes=1 << 20)
    while_stopped(lambda: send([TCP_FRAME.ljust(1500, b"\0")] * 40_000))
    result = listen(engine, lambda: None, 40_000)
    return result | {"sent": 40_000}


def late() -> dict[str, Any]:
    """Fall behind: stop reading names, go on counting."""
    portable.SHED_NAMES_SECONDS = -1.0  # type: ignore[misc] # as if the machine were that slow
    request = bytes(
        ETHER / IP(src=LOCAL, dst=REMOTE) / TCP(sport=40000, dport=80) / b"GET / HTTP/1.1\r\nHost: a\r\n\r\n"
    )
    engine = opened(interfaces=("vb",), tick_ns=TICK, bpf="ip")
    return listen(engine, lambda: send([request] * 40, pause=0.02), 40)


def refused() -> dict[str, Any]:
    """Ask for what cannot be opened; return the sentences."""
    ip("link", "set", "vb", "down")
    said = {}
    cases: dict[str, dict[str, Any]] = {
        "missing": {"interfaces": ("nope", "va", "never")},
        "filter": {"interfaces": ("va",), "bpf": "tcp prt 80"},
        "down": {"interfaces": ("vb",)},
    }
    for case, settings in cases.items():
        said[case] = sentence(settings)
    os.setgroups([])
    os.setuid(65534)
    said["permission"] = sentence({"interfaces": ("va",)})
    return said


def sentence(settings: dict[str, Any]) -> str:
    """Return what opening says."""
    try:
        opened(**settings)
    except CrossborderError as error:
        return str(error)
    return "opened"


def shared() -> dict[str, Any]:
    """Share an interface between two workers: many pairs of hosts, both directions of each."""
    ways = [(LOCAL, f"203.0.113.{n}") for n in range(1, 201)]
    frames = [
        bytes(ETHER / IP(src=src, dst=dst) / UDP(sport=sport, dport=dport) / b"hello")
        for out in ways
        for src, dst, sport, dport in ((*out, 5000, 53), (*out[::-1], 53, 5000))
    ]
    engine = opened(interfaces=("vb",), tick_ns=TICK, workers=2, triage=False, bpf="udp")
    return listen(engine, lambda: send(frames * 3, pause=0.0005), 3 * len(frames))


def returned(
    lose: Callable[[], None], find: Callable[[], None], packets: int = 5, bpf: str = "tcp", **settings: Any
) -> dict[str, Any]:
    """Send three frames, lose the interface, find it again, send two more."""
    engine = opened(interfaces=("vb",), tick_ns=TICK, bpf=bpf, **settings)
    seen = threading.Event()

    def meanwhile() -> None:
        send([TCP_FRAME] * 3)
        until(lambda: engine.progress().packets >= 3)
        lose()
        until(seen.is_set)
        find()
        until(lambda: not seen.is_set())
        send([TCP_FRAME] * 2)

    result = listen(engine, meanwhile, packets, watch=lambda batch: seen.set() if batch.down else seen.clear())
    return result | {"came_up": engine.progress().packets}


def until(true: Callable[[], bool]) -> None:
    """Wait for something, but not for ever."""
    begun = time.monotonic()
    while not true() and time.monotonic() - begun < PATIENCE_SECONDS:
        time.sleep(0.01)


def down_and_up() -> dict[str, Any]:
    """Set the interface down and up again."""
    return returned(lambda: ip("link", "set", "vb", "down"), lambda: ip("link", "set", "vb", "up"))


def removed() -> dict[str, Any]:
    """Remove the interface and make it again, with two workers that share it."""
    return returned(lambda: ip("link", "del", "va"), make_pair, workers=2)


def removed_while_triaged() -> dict[str, Any]:
    """Remove the interface and make it again; the kernel counts what stays at home, before and after."""
    stay = bytes(ETHER / IP(src=LOCAL, dst=LOCAL2) / UDP(sport=5000, dport=5001) / b"at home")

    def remake() -> None:
        make_pair()
        time.sleep(2)
        send([stay] * 9)

    return returned(lambda: ip("link", "del", "va"), remake, bpf="", packets=14)


def triaged() -> dict[str, Any]:
    """Let the kernel count what stays at home; then move home, so that what was domestic crosses."""
    stay = bytes(ETHER / IP(src=LOCAL, dst=LOCAL2) / UDP(sport=5000, dport=5001) / b"at home")
    engine = opened(interfaces=("vb",), tick_ns=TICK)
    moved = Home(PrefixSet([n for n in PRIVATE if n.version == 6] + [ipaddress.ip_network(f"{LOCAL}/32")]))

    def meanwhile() -> None:
        send([stay] * 50)
        until(lambda: bool(counts) and counts[-1][1] == 50)
        engine.set_home(moved)
        time.sleep(1)  # no packet tells the engine to look
        send([stay] * 7)

    counts: list[tuple[int, int]] = []

    def watch(batch: Batch) -> None:
        counts.append((batch.books[0].packets, batch.books[0].domestic_packets))

    result = listen(engine, meanwhile, 57, watch)
    return result | {"came_up": engine.progress().packets}


SCENARIOS = (
    *(counted, filtered, bare, cut, loopback, quiet, gone, flooded, late, refused),
    *(shared, down_and_up, removed, removed_while_triaged, triaged),
)

if __name__ == "__main__":
    make_pair()
    chosen = {scenario.__name__: scenario for scenario in SCENARIOS}[sys.argv[1]]
    json.dump(chosen(), sys.stdout)
