"""Processes that are started together and end together; each writes a log of its own."""

from __future__ import annotations

import socket
import subprocess
import time
import urllib.error
import urllib.request
from contextlib import ExitStack
from typing import TYPE_CHECKING, Self

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence
    from pathlib import Path

PATIENCE = 60.0  # seconds until a program must be ready, on a machine that has other work


class Processes:
    """What runs, and where it writes; all of it ends with the context."""

    def __init__(self, folder: Path) -> None:
        """Take the folder for logs."""
        self.folder = folder
        self._stack = ExitStack()

    def __enter__(self) -> Self:
        """Begin."""
        return self

    def __exit__(self, *_: object) -> None:
        """End all, the last one first."""
        self._stack.close()

    def start(self, name: str, command: Sequence[str]) -> subprocess.Popen[bytes]:
        """Start a program whose output goes to NAME.log."""
        log = self._stack.enter_context((self.folder / f"{name}.log").open("ab"))
        process = subprocess.Popen(command, stdout=log, stderr=subprocess.STDOUT)
        self._stack.callback(ended, process)
        return process

    def log(self, name: str) -> str:
        """Return what a program wrote."""
        return (self.folder / f"{name}.log").read_text(encoding="utf-8", errors="replace")

    def ready(self, name: str, process: subprocess.Popen[bytes], url: str) -> None:
        """Wait until a URL answers 200; raises RuntimeError with what the program said when it does not."""
        if not until(lambda: process.poll() is not None or answers(url), PATIENCE) or process.poll() is not None:
            raise RuntimeError(f"{name} did not start:\n{self.log(name)[-2000:]}")


def ended(process: subprocess.Popen[bytes]) -> None:
    """Ask a process to end, and make it where it does not."""
    process.terminate()
    try:
        process.wait(10)
    except subprocess.TimeoutExpired:
        process.kill()
        process.wait()


def until(holds: Callable[[], bool], seconds: float) -> bool:
    """Wait until something holds; False: it did not within so many seconds."""
    end = time.monotonic() + seconds
    while not holds():
        if time.monotonic() > end:
            return False
        time.sleep(0.1)
    return True


def answers(url: str) -> bool:
    """Tell whether a URL answers with success."""
    try:
        with urllib.request.urlopen(url, timeout=2) as response:  # noqa: S310 - loopback
            return bool(response.status == 200)
    except (urllib.error.URLError, OSError):
        return False


def free_port(wanted: int = 0) -> int:
    """Return a port of loopback nobody uses: the one wanted, if it is free."""
    for port in (wanted, 0):
        with socket.socket() as tried:
            tried.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            try:
                tried.bind(("127.0.0.1", port))
            except OSError:
                continue
            return int(tried.getsockname()[1])
    raise RuntimeError("no port is free")
