"""`crossborder top` as it is started: its options, where no terminal is, and on terminals of several kinds."""

from __future__ import annotations

import json
import os
import pty
import re
import select
import subprocess
import sys
import time
from contextlib import contextmanager
from fcntl import ioctl
from struct import pack
from termios import TIOCSWINSZ
from threading import Event, Thread
from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from tests.top.conftest import Gateway

    from crossborder.publish.server import Server

TELLING = """
import json, sys
from crossborder import cli
try:
    cli.main()
finally:
    print(json.dumps([*sys.modules]))
"""
COMMAND = [sys.executable, "-m", "crossborder", "top"]


def run(*words: str, **env: str) -> subprocess.CompletedProcess[str]:
    """Run the command without a terminal and return what came of it."""
    setting = {**os.environ, "PYTHONWARNINGS": "", **env}
    nothing = subprocess.DEVNULL
    return subprocess.run(
        [*COMMAND, *words], stdin=nothing, capture_output=True, text=True, check=False, env=setting, timeout=60
    )


@contextmanager
def ticking(gateway: Gateway) -> Iterator[None]:
    """Let a tick pass every half second, however long the command takes to start."""
    ended = Event()

    def tick() -> None:
        while not ended.wait(0.5):
            gateway.tick()

    thread = Thread(target=tick)
    thread.start()
    try:
        yield
    finally:
        ended.set()
        thread.join()


def test_once(server: Server, gateway: Gateway, tmp_path: Path) -> None:
    """One frame on standard output, by the configuration alone, with rates; nothing is said beside it."""
    config = tmp_path / "crossborder.yaml"
    config.write_text(f"metrics: {{listen: '{server.address}'}}\nevents: {{file: {gateway.events.name}}}\n")

    with ticking(gateway):
        done = run("--once", "--every", "0.2s", "-c", str(config))

    assert (done.returncode, done.stderr) == (0, "")
    assert done.stdout.startswith("crossborder 0.0.0 · hn-1 · Bộ Nội vụ")
    for text in ("SG Singapore", "core-data-abroad", "rates over ", "4 Loss & health"):
        assert text in done.stdout
    assert "\x1b" not in done.stdout


def test_where_no_terminal_is(server: Server, gateway: Gateway) -> None:
    """It says so and prints one frame; in a locale without UTF-8 in plain ASCII."""
    with ticking(gateway):
        done = run("--url", server.address, "--every", "0.2s", LC_ALL="C")

    assert done.returncode == 0
    assert done.stderr == "crossborder: no terminal here: one frame, as --once\n"
    assert "For single findings: --events FILE" in done.stdout
    assert done.stdout.isascii()


@pytest.mark.parametrize(
    ("words", "sentence"),
    [
        (("--url", "127.0.0.1:9"), "crossborder: no agent at http://127.0.0.1:9: start one with crossborder run\n"),
        (("--url", "https://x"), "an agent speaks http, not https"),
        (("--every", "soon"), "a duration as 500ms, 10s"),
        (("--every", "1ms"), "more often than every 0.2s says nothing new"),
        (("-c", "none.yaml"), "none.yaml"),
    ],
)
def test_what_a_person_can_put_right(words: tuple[str, ...], sentence: str) -> None:
    """One sentence each, exit code 2, no traceback."""
    done = run("--once", *words)

    assert done.returncode == 2
    assert sentence in done.stderr
    assert "Traceback" not in done.stderr


def test_other_commands_do_not_pay_for_it() -> None:
    """The library of the screen is loaded when a screen is shown, and not for one frame as text."""
    loaded = {}
    for words in (["version"], ["top", "--help"], ["top", "--once", "--url", "127.0.0.1:9"]):
        done = subprocess.run([sys.executable, "-c", TELLING, *words], capture_output=True, text=True, check=False)
        loaded[" ".join(words)] = "textual" in json.loads(done.stdout.splitlines()[-1])

    assert loaded == dict.fromkeys(loaded, False)


@contextmanager
def on_terminal(words: list[str], **env: str) -> Iterator[tuple[int, subprocess.Popen[bytes]]]:
    """Run the command on a terminal of 80 by 24 that a person would sit at."""
    master, slave = pty.openpty()
    ioctl(slave, TIOCSWINSZ, pack("HHHH", 24, 80, 0, 0))
    setting = {name: value for name, value in os.environ.items() if name not in {"NO_COLOR", "COLORTERM"}}
    process = subprocess.Popen(
        [*COMMAND, *words], stdin=slave, stdout=slave, stderr=slave, env=setting | env, start_new_session=True
    )
    os.close(slave)
    try:
        yield master, process
    finally:
        process.kill()
        process.wait()
        os.close(master)


def read_until(master: int, wanted: bytes, seconds: float = 30.0) -> bytes:
    """Read what the terminal is sent until something is among it."""
    got, end = b"", time.monotonic() + seconds
    sent = select.poll()  # of any descriptor, however many a long run of tests has open
    sent.register(master, select.POLLIN)
    while wanted not in got and time.monotonic() < end:
        if sent.poll(200):
            got += os.read(master, 65_536)
    assert wanted in got, got[-2000:]
    return got


@pytest.mark.parametrize("term", ["xterm", "linux", "screen", "xterm-256color"])
def test_on_a_terminal(server: Server, gateway: Gateway, term: str) -> None:
    """It asks for no colour but the terminal's own sixteen, takes keys, and leaves the terminal as it was."""
    words = ["--url", server.address, "--events", str(gateway.events)]
    with on_terminal(words, TERM=term, LC_ALL="C.UTF-8") as (master, process):
        got = read_until(master, b"critical")
        os.write(master, b"q")
        got += read_until(master, b"\x1b[?1049l")

        assert process.wait(10) == 0
    colours = {number for found in re.findall(rb"\x1b\[([\d;]+)m", got) for number in found.split(b";")}
    assert not re.search(rb"\x1b\[[\d;]*[34]8;[25];", got)
    assert b"31" in colours
    assert b"7" in colours


def test_without_colour(server: Server, gateway: Gateway) -> None:
    """NO_COLOR leaves reversed and bold text, and no colour at all."""
    words = ["--url", server.address, "--events", str(gateway.events), "--ascii"]
    with on_terminal(words, TERM="xterm", NO_COLOR="1") as (master, _):
        got = read_until(master, b"critical")

    numbers = {int(n) for found in re.findall(rb"\x1b\[([\d;]+)m", got) for n in found.split(b";") if n}
    assert not {n for n in numbers if 30 <= n <= 37 or 40 <= n <= 47 or 90 <= n <= 107}
    assert {1, 7} <= numbers
    assert re.sub(rb"\x1b\][^\x07\x1b]*", b"", got).isascii()
