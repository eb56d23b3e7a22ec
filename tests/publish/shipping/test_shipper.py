"""Shipping: an outage, a kill, a refusal and a hanging server lose nothing, change no order and slow nobody."""

from __future__ import annotations

import json
import random
import socket
import subprocess
import sys
import time
from typing import TYPE_CHECKING

import pytest
from structlog.testing import capture_logs
from tests.publish.shipping.conftest import QUICK, Log, Receiver, Shipping, event, until

from crossborder.errors import CrossborderError
from crossborder.publish.shipping.position import Position, position_file, read_position
from crossborder.publish.shipping.webhook import Webhook

if TYPE_CHECKING:
    from pathlib import Path


def to(port: int, timeout: float = 5.0) -> Webhook:
    """Return a webhook on this machine."""
    return Webhook(f"http://127.0.0.1:{port}/events", timeout=timeout)


def test_every_line_as_it_stands(log: Log, shipping: Shipping, receiver: Receiver) -> None:
    """What arrives is the file, byte for byte: chain, checkpoints and all."""
    log.write(500)
    shipping.start(to(receiver.port))
    until(lambda: len(receiver.sequences) == 501)
    log.write(7)
    left = shipping.end()

    arrived = b"".join(line + b"\n" for got in receiver.got for line in got.lines)
    assert left == 0
    assert arrived == log.path.read_bytes()
    assert shipping.standing.sent == 508
    assert shipping.standing.up is True
    assert (shipping.standing.waiting, shipping.standing.waiting_bytes) == (0, 0)
    assert time.time() - (shipping.standing.last_success or 0) < 60
    assert read_position(position_file(log.path, "siem")).sequence == 508


def test_an_outage_loses_nothing(log: Log, shipping: Shipping, receiver: Receiver) -> None:
    """The server goes away while events are written, and comes back: all are there, once, in order."""
    port = receiver.port
    with capture_logs() as said:
        log.write(100)
        shipping.start(to(port))
        until(lambda: len(receiver.sequences) == 101)
        receiver.close()
        before = receiver.sequences
        for _ in range(20):
            log.write(100)
            time.sleep(0.005)
        until(lambda: shipping.standing.failures["connection"] >= 3 and shipping.standing.waiting >= 2000)
        assert shipping.standing.up is False
        assert shipping.standing.waiting_bytes > 100_000
        back = Receiver(port=port)
        left = shipping.end()
        back.close()

    assert left == 0
    assert before + back.sequences == list(range(1, 2102))
    assert [entry["event"] for entry in said] == [
        "a sink takes no events, they wait in the log",
        "a sink takes events again",
    ]


def test_a_start_goes_on(log: Log, shipping: Shipping, receiver: Receiver) -> None:
    """The next start sends what came since, and nothing twice."""
    log.write(10)
    shipping.start(to(receiver.port))
    shipping.end()
    log.write(10)
    shipping.start(to(receiver.port))
    shipping.end()

    assert receiver.sequences == list(range(1, 22))


def test_an_answer_that_got_lost(log: Log, shipping: Shipping, receiver: Receiver) -> None:
    """What was taken without a word is sent again: at least once, and the number tells that it is the same."""
    answers = iter([503])
    accepted: list[int] = []

    def judge(got: object) -> int:
        accepted.append(len(got.lines))  # type: ignore[attr-defined]
        return next(answers, 200)

    receiver.judge = judge
    log.write(30)
    shipping.start(to(receiver.port))
    shipping.end()

    assert accepted == [31, 31]
    assert receiver.sequences == list(range(1, 32))
    assert shipping.standing.failures == {"busy": 1}


def test_a_server_that_hangs(log: Log, shipping: Shipping) -> None:
    """No answer is no reason to wait for ever; the end is bounded too."""
    with socket.create_server(("127.0.0.1", 0)) as silent:
        log.write(5)
        shipping.start(to(silent.getsockname()[1], timeout=0.1))
        until(lambda: shipping.standing.failures["timeout"] >= 2)
        begin = time.monotonic()
        left = shipping.end(0.3)

    assert left == 6
    assert time.monotonic() - begin < 2


@pytest.mark.parametrize("status", [401, 403, 404, 302])
def test_a_server_that_refuses_everything(status: int, log: Log, shipping: Shipping, receiver: Receiver) -> None:
    """A wrong password or address passes over nothing: it is mended, and everything is sent."""
    receiver.judge = lambda _: status
    log.write(20)
    shipping.start(to(receiver.port))
    until(lambda: shipping.standing.failures["rejected"] >= 2)
    receiver.judge = lambda _: 200
    left = shipping.end()

    assert left == 0
    assert receiver.sequences == list(range(1, 22))
    assert not shipping.standing.skipped


def test_a_line_that_is_not_wanted(log: Log, shipping: Shipping, receiver: Receiver) -> None:
    """One line is refused for what it is: the others arrive, and it is told by its number and counted."""
    receiver.judge = lambda got: 400 if any(b'"n77 ' in line for line in got.lines) else 200
    log.write(200)
    with capture_logs() as said:
        shipping.start(to(receiver.port))
        left = shipping.end()

    assert left == 0
    assert receiver.sequences == [n for n in range(1, 202) if n != 79]
    assert shipping.standing.skipped == {"refused": 1}
    (told,) = [entry for entry in said if entry["event"] == "lines of the event log are passed over"]
    assert (told["sequence"], told["lines"], told["reason"]) == (79, 1, "answers 400 Bad Request")


def test_a_batch_that_is_too_large(log: Log, shipping: Shipping, receiver: Receiver) -> None:
    """It is sent in smaller ones; a line that is too large alone is passed over."""
    receiver.judge = lambda got: 413 if sum(map(len, got.lines)) > 4_000 else 200
    log.write(60)
    log.write(1, filling="x" * 5_000)
    log.write(60)
    shipping.start(to(receiver.port))
    left = shipping.end()

    assert left == 0
    assert receiver.sequences == [n for n in range(1, 123) if n != 62]
    assert shipping.standing.skipped == {"too_large": 1}


def test_a_server_that_wants_no_line(log: Log, shipping: Shipping, receiver: Receiver) -> None:
    """400 to everything is not the lines' fault: nothing is passed over."""
    receiver.judge = lambda _: 400
    log.write(200)
    shipping.start(to(receiver.port))
    until(lambda: shipping.standing.failures["rejected"] >= 2)
    receiver.judge = lambda _: 200
    left = shipping.end()

    assert left == 0
    assert receiver.sequences == list(range(1, 202))
    assert not shipping.standing.skipped


def test_retry_after_is_heeded(log: Log, shipping: Shipping, receiver: Receiver) -> None:
    """Who asks for a second has it."""
    receiver.judge = lambda _: 429
    receiver.answer_headers = {"Retry-After": "1"}
    log.write(1)
    shipping.start(to(receiver.port))
    until(lambda: receiver.requests == 1)
    time.sleep(0.5)

    assert receiver.requests == 1


def test_tries_become_fewer(log: Log, shipping: Shipping, receiver: Receiver) -> None:
    """The wait doubles up to the longest."""
    receiver.judge = lambda _: 500
    log.write(1)
    shipping.start(to(receiver.port), QUICK._replace(first_wait=0.05, longest_wait=30.0))
    time.sleep(1.0)

    assert 3 <= receiver.requests <= 7


def test_a_position_that_says_nothing(log: Log, shipping: Shipping) -> None:
    """It is refused: to begin anew sends everything twice, which a person decides."""
    position_file(log.path, "siem").write_text("{}", encoding="utf-8")

    with pytest.raises(CrossborderError, match=r"\.events\.jsonl\.siem\.position: does not say how far"):
        shipping.start(to(1))

    assert Position() == read_position(position_file(log.path, "other"))


SHIPPING = """
import sys, time
from pathlib import Path
from tests.publish.shipping.conftest import QUICK, Log, event
from crossborder.publish.shipping.shipper import Shipper
from crossborder.publish.shipping.webhook import Webhook
log = Log(Path(sys.argv[1]))
shipper = Shipper("siem", log.path, Webhook(sys.argv[2]), lambda: log.end, lambda *_: None, QUICK)
shipper.start()
print("ready", flush=True)
while True:
    log.write(20)
    time.sleep(0.001)
"""


@pytest.mark.slow
def test_killed_at_any_moment(tmp_path: Path, receiver: Receiver) -> None:
    """Six kills while it ships: every line is there in the end, in order but for what is sent again."""
    path = tmp_path / "events.jsonl"
    for _ in range(6):
        words: list[str | Path] = [sys.executable, "-c", SHIPPING, path, f"http://127.0.0.1:{receiver.port}/"]
        process = subprocess.Popen(words, stdout=subprocess.PIPE)
        assert process.stdout is not None
        process.stdout.readline()
        time.sleep(random.uniform(0.02, 0.2))  # noqa: S311 - any moment will do
        process.kill()
        process.wait()
        process.stdout.close()
    log = Log(path)
    log.write(1)
    shipping = Shipping(log)
    shipping.start(to(receiver.port))
    left = shipping.end()
    log.appender.close()

    arrived = receiver.sequences
    assert left == 0
    assert sorted(set(arrived)) == list(range(1, log.end[1] + 1))
    first = {number: at for at, number in reversed(list(enumerate(arrived)))}
    assert [first[n] for n in sorted(first)] == sorted(first.values())
    lines = {json.loads(line)["event"]["sequence"]: line for got in receiver.got for line in got.lines}
    assert b"".join(lines[n] + b"\n" for n in sorted(lines)).count(b"\n") == log.end[1]


@pytest.mark.slow
def test_a_dead_sink_slows_nobody(log: Log, shipping: Shipping) -> None:
    """Appending with a sink that hangs is as fast as without, nine tenths at least: best of many short rounds each."""
    lines = [event(n, "x" * 1_500) for n in range(1_000)]

    def rate() -> float:
        begin = time.perf_counter()
        log.appender.append(lines)
        return 1_000 / (time.perf_counter() - begin)

    without: list[float] = []
    beside: list[float] = []
    with socket.create_server(("127.0.0.1", 0)) as silent:
        for turn in range(16):
            if turn >= 4 and max(beside) >= 0.9 * max(without):
                break
            without += [rate() for _ in range(15)]
            shipping.start(to(silent.getsockname()[1], timeout=0.2))
            until(lambda: shipping.standing.failures["timeout"] >= 1)
            beside += [rate() for _ in range(15)]
            shipping.end(0.0)
            shipping.standing.failures.clear()

    assert max(beside) >= 0.9 * max(without), (max(beside), max(without))
