"""The peers: what Debian has to read a capture with, each called in the fastest way that is fair."""

from __future__ import annotations

import contextlib
import os
import shutil
import socket
import subprocess
import sys
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

from tools.bench.contestants import Contestant, Field

if TYPE_CHECKING:
    from collections.abc import Iterator

COUNTING_LOOP = "counting loop"
_SOURCE = Path(__file__).with_name("pcapcount.c")
_POLICY = Path("/usr/sbin/policy-rc.d")


class _Needed(NamedTuple):
    """A Debian package, and how to see that it is there."""

    package: str
    there: str  # a program, or a header file

    @property
    def missing(self) -> bool:
        return not (Path(self.there).exists() if self.there.startswith("/") else shutil.which(self.there))


_NEEDED = (
    _Needed("gcc", "cc"),
    _Needed("libc6-dev", "/usr/include/stdio.h"),
    _Needed("libpcap-dev", "/usr/include/pcap/pcap.h"),
    _Needed("softflowd", "softflowd"),
    _Needed("nfdump", "nfpcapd"),
    _Needed("argus-server", "argus"),
    _Needed("argus-client", "racount"),
    _Needed("tshark", "tshark"),
)


def gather(folder: Path, sink: str, *, install: bool) -> Field:
    """Return the peers that are here; what is missing is installed first where that is allowed and possible."""
    missing = [one.package for one in _NEEDED if one.missing]
    if missing and install and os.geteuid() == 0 and shutil.which("apt-get"):
        _install(missing)
    absent = [f"{one.package} is not installed: apt-get install {one.package}" for one in _NEEDED if one.missing]
    gone = {one.there for one in _NEEDED if one.missing}
    peers = [peer for program, peer in _peers(sink) if program not in gone]
    if not gone & {one.there for one in _NEEDED[:3]}:
        peers.insert(0, _counting_loop(folder))
    return Field(peers, absent, {one.package: _version(one.package) for one in _NEEDED if not one.missing})


@contextlib.contextmanager
def sink() -> Iterator[str]:
    """Hold a port on the loopback where exporters may send: what is not read is dropped, as by a collector too slow."""
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as listener:
        listener.bind(("127.0.0.1", 0))
        yield str(listener.getsockname()[1])


def _counting_loop(folder: Path) -> Contestant:
    program = folder / "pcapcount"
    subprocess.run(["cc", "-O2", "-o", program, _SOURCE, "-lpcap"], check=True)
    return Contestant(
        COUNTING_LOOP,
        "`pcap_next_ex` and a counter, compiled with `-O2`: nobody reads a capture through libpcap in less",
        lambda capture, _: [program, capture],
        [r"(\d+) packets"],
    )


def _peers(sink: str) -> list[tuple[str, Contestant]]:
    """Return each peer with the program it needs."""
    collector = f"127.0.0.1:{sink}"
    said = [r"Packets processed: (\d+)", r"Ignored packets: (\d+)"]
    return [
        (
            "softflowd",
            Contestant(
                "softflowd",
                "`softflowd -v 9`: NetFlow 9, as older ones leave IPv6 out; its own table of 8,192 flows stays in the "
                "processor's cache, at the price of flows torn apart",
                lambda capture, _: ["softflowd", "-r", capture, "-n", collector, "-v", "9"],
                said,
                exporter=True,
            ),
        ),
        (
            "softflowd",
            Contestant(
                "softflowd -m 262144",
                "the same with a table as large as ours: flows stay whole",
                lambda capture, _: ["softflowd", "-r", capture, "-n", collector, "-v", "9", "-m", "262144"],
                said,
                exporter=True,
            ),
        ),
        (
            "nfpcapd",
            Contestant(
                "nfpcapd",
                "`nfpcapd -H`: sent to a collector, which is quicker than files",
                lambda capture, _: ["nfpcapd", "-r", capture, "-H", f"127.0.0.1/{sink}"],
                [r"Total: Processed: (\d+)"],
                exporter=True,
            ),
        ),
        (
            "argus",
            Contestant(
                "argus",
                "`argus -S 3600 -w /dev/null`: one record a flow, as ours, instead of one a minute",
                lambda capture, _: ["argus", "-X", "-S", "3600", "-r", capture, "-w", "/dev/null"],
                [r"sum\s+\d+\s+(\d+)"],
                proof=lambda capture, folder: ["sh", "-c", _ARGUS, capture, folder / "argus.out"],
                exporter=True,
            ),
        ),
        (
            "tshark",
            Contestant(
                "tshark",
                "`tshark -T fields` with addresses, SNI and Host: every protocol in full",
                lambda capture, _: ["tshark", "-n", "-r", capture, "-T", "fields", *_TSHARK],
                [r"(?m)^(\d+)$"],
                proof=lambda capture, _: ["sh", "-c", 'tshark -n -r "$0" -T fields -e frame.number | wc -l', capture],
                sliced=True,
            ),
        ),
    ]


_ARGUS = 'argus -X -S 3600 -r "$0" -w "$1" && racount -r "$1"'
_TSHARK = [
    word
    for name in ("ip.src", "ip.dst", "ipv6.src", "ipv6.dst", "tls.handshake.extensions_server_name", "http.host")
    for word in ("-e", name)
]


def _install(packages: list[str]) -> None:
    """Install Debian packages; the services some bring are not started."""
    print(f"bench: installing {' '.join(packages)}", file=sys.stderr, flush=True)
    environment = {**os.environ, "DEBIAN_FRONTEND": "noninteractive"}
    with _no_services():
        for words in (["update"], ["install", "-y", "--no-install-recommends", *packages]):
            subprocess.run(["apt-get", "-qq", *words], env=environment, stdout=subprocess.DEVNULL, check=False)


@contextlib.contextmanager
def _no_services() -> Iterator[None]:
    """Tell Debian's maintainer scripts that nothing may be started, unless somebody has a policy already."""
    ours = not _POLICY.exists()
    if ours:
        _POLICY.write_text("#!/bin/sh\nexit 101\n", encoding="utf-8")
        _POLICY.chmod(0o755)
    try:
        yield
    finally:
        if ours:
            _POLICY.unlink()


def _version(package: str) -> str:
    asked = subprocess.run(["dpkg-query", "-W", "-f=${Version}", package], capture_output=True, text=True, check=False)
    return asked.stdout or "not from Debian"
