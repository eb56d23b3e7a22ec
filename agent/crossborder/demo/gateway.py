"""A gateway in miniature: two network namespaces and a wire between them; frames go in, metrics come out.

Nothing leaves the machine: neither namespace has an address or a route but its loopback.
"""

from __future__ import annotations

import atexit
import ctypes
import fcntl
import http.client
import itertools
import os
import shutil
import socket
import struct
import subprocess
import time
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any, Self

from crossborder.errors import CrossborderError

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Sequence

_NETNS = Path("/run/netns")
_CLONE_NEWNET = 0x40000000
_MTU = 9216  # jumbo frames, and room for tags
_SIOCETHTOOL = 0x8946
_OFFLOADS = (0x15, 0x17, 0x19, 0x1F, 0x22, 0x24, 0x2C)  # ETHTOOL_S: RXCSUM TXCSUM SG TSO UFO GSO GRO, linux/ethtool.h
_PAUSE = 0.004  # seconds between two bursts
_numbers = itertools.count(1)


class Gateway:
    """Namespaces and wire for as long as the context lasts. Needs root on Linux.

    `interface` is where an agent started with `start` listens; what `send` sends arrives there.
    """

    interface = "wan0"
    _feed = "feed0"

    def __init__(self) -> None:
        """Choose names no other process uses; nothing is made yet."""
        tag = f"{os.getpid()}-{next(_numbers)}"
        self.inside, self.outside = f"cb-gateway-{tag}", f"cb-world-{tag}"
        self._started: list[subprocess.Popen[Any]] = []
        self._socket: socket.socket | None = None

    def __enter__(self) -> Self:
        """Make both namespaces and the wire; raises CrossborderError when that is not allowed here."""
        if os.geteuid() != 0:
            raise CrossborderError("network namespaces need root: run this with sudo")
        atexit.register(self.close)
        try:
            self._make()
        except BaseException:
            self.close()
            raise
        return self

    def _make(self) -> None:
        for name in (self.inside, self.outside):
            _ip("netns", "add", name)
            _ip("-n", name, "link", "set", "lo", "up")
        peer = ("peer", "name", self.interface, "mtu", str(_MTU), "netns", self.inside)
        _ip("-n", self.outside, "link", "add", self._feed, "mtu", str(_MTU), "type", "veth", *peer)
        for name, interface in ((self.inside, self.interface), (self.outside, self._feed)):
            _ip("-n", name, "link", "set", interface, "addrgenmode", "none")  # the kernel itself stays silent
            with _in_namespace(name):
                _offloads_off(interface)
            _ip("-n", name, "link", "set", interface, "up")
        with _in_namespace(self.outside):
            self._socket = socket.socket(socket.AF_PACKET, socket.SOCK_RAW)
            self._socket.bind((self._feed, 0))

    def __exit__(self, *_: object) -> None:
        """Remove everything."""
        self.close()

    def close(self) -> None:
        """End what was started and remove both namespaces; the wire goes with them. Twice does no harm."""
        for process in self._started:
            self.stop(process)
        self._started.clear()
        if self._socket is not None:
            self._socket.close()
            self._socket = None
        for name in (self.inside, self.outside):
            if (_NETNS / name).exists():
                _ip("netns", "del", name)
        atexit.unregister(self.close)

    def start(self, command: Sequence[str], **options: Any) -> subprocess.Popen[Any]:  # noqa: ANN401 - as Popen takes them
        """Start a program inside the gateway; it is ended with the context at the latest."""
        words = [_program("ip"), "netns", "exec", self.inside, *command]
        process: subprocess.Popen[Any] = subprocess.Popen(words, **options)  # noqa: S603 - our caller's own program
        self._started.append(process)
        return process

    def stop(self, process: subprocess.Popen[Any], timeout: float = 20.0) -> int:
        """End a program by SIGTERM, as an operator would; return its exit code, negative when it had to be killed."""
        if process.poll() is None:
            process.terminate()
            try:
                process.wait(timeout)
            except subprocess.TimeoutExpired:
                process.kill()
        return process.wait()

    def send(
        self, frames: Iterable[bytes], rate: float = 5_000.0, progress: Callable[[int], None] | None = None
    ) -> int:
        """Send frames from the other side, so many a second and no faster; return how many were sent.

        `progress` is told now and then how many have gone.
        """
        if self._socket is None:
            raise CrossborderError("the gateway is not open")
        begun, sent = time.monotonic(), 0
        for frame in frames:
            self._socket.send(frame)
            sent += 1
            if sent % max(1, int(rate * _PAUSE)) == 0:
                time.sleep(max(0.0, begun + sent / rate - time.monotonic()))
                if progress is not None:
                    progress(sent)
        return sent

    def get(self, path: str, port: int = 9836, timeout: float = 5.0) -> tuple[int, str]:
        """Fetch a page from a server on the gateway's loopback; return status and body.

        Raises OSError when nobody answers.
        """
        with _in_namespace(self.inside):
            connected = socket.create_connection(("127.0.0.1", port), timeout)
        connection = http.client.HTTPConnection("127.0.0.1", port)
        connection.sock = connected
        try:
            connection.request("GET", path)
            response = connection.getresponse()
            return response.status, response.read().decode()
        finally:
            connection.close()

    def scrape(self, port: int = 9836) -> str:
        """Return the text of /metrics."""
        return self.get("/metrics", port)[1]


def until(true: Callable[[], bool], timeout: float, step: float = 0.1) -> bool:
    """Wait until something is true; return False when it was not in time."""
    end = time.monotonic() + timeout
    while not true():
        if time.monotonic() > end:
            return False
        time.sleep(step)
    return True


@contextmanager
def _in_namespace(name: str) -> Iterator[None]:
    """Move this thread into a network namespace for a while: sockets opened in it stay there (setns(2))."""
    with Path("/proc/thread-self/ns/net").open("rb") as home, (_NETNS / name).open("rb") as there:
        _set_namespace(there.fileno())
        try:
            yield
        finally:
            _set_namespace(home.fileno())


def _set_namespace(descriptor: int) -> None:
    libc = ctypes.CDLL(None, use_errno=True)
    if libc.setns(descriptor, _CLONE_NEWNET) != 0:
        error = ctypes.get_errno()
        raise OSError(error, os.strerror(error))


def _offloads_off(interface: str) -> None:
    """Let frames arrive as they were sent: nothing merged, nothing left for a network card to do."""
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as control:
        for command in _OFFLOADS:
            value = ctypes.create_string_buffer(struct.pack("II", command, 0))
            request = struct.pack("16sP", interface.encode(), ctypes.addressof(value)).ljust(40, b"\0")
            try:
                fcntl.ioctl(control, _SIOCETHTOOL, request)
            except OSError:  # this kernel's wire never had that one
                continue


def _ip(*words: str) -> None:
    done = subprocess.run([_program("ip"), *words], capture_output=True, text=True, check=False)  # noqa: S603 - fixed words
    if done.returncode != 0:
        raise CrossborderError(f"ip {' '.join(words)}: {done.stderr.strip() or 'failed'}")


def _program(name: str) -> str:
    found = shutil.which(name)
    if found is None:
        raise CrossborderError(f"the program {name!r} is missing: apt-get install iproute2")
    return found
