"""Asking for metrics: over real sockets, of agents and of everything else that may answer."""

from __future__ import annotations

import contextlib
import socket
import time
from threading import Thread
from typing import TYPE_CHECKING

import pytest

from crossborder.errors import CrossborderError
from crossborder.top.address import Address, address_of, address_of_listener
from crossborder.top.reading import UnreadError, metrics_text
from crossborder.top.watch import Watch

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

    from tests.top.conftest import Gateway

    from crossborder.publish.server import Server

OK = b"HTTP/1.1 200 OK\r\nContent-Type: text/plain\r\n"


@contextlib.contextmanager
def answering(answer: Callable[[socket.socket], None]) -> Iterator[Address]:
    """Listen for one connection and let `answer` do with it what it likes."""
    with socket.create_server(("127.0.0.1", 0)) as listener:

        def serve() -> None:
            with contextlib.suppress(OSError):
                connection, _ = listener.accept()
                with connection:
                    connection.recv(65_536)
                    answer(connection)

        thread = Thread(target=serve, daemon=True)
        thread.start()
        yield Address("127.0.0.1", listener.getsockname()[1])
        thread.join(5)


def saying(*parts: bytes) -> Callable[[socket.socket], None]:
    """Answer with bytes and hang up."""
    return lambda connection: connection.sendall(b"".join(parts))


def test_an_agent(server: Server, gateway: Gateway) -> None:
    """What comes back is the whole text, whatever proxy the environment names."""
    assert metrics_text(address_of(server.address)).encode() == gateway.metrics.expose()[1]


def test_no_proxy_hears_of_it(server: Server, monkeypatch: pytest.MonkeyPatch) -> None:
    """Nothing is sent anywhere but to the agent."""
    monkeypatch.setenv("http_proxy", "http://127.0.0.1:9")

    assert metrics_text(address_of(server.address))


@pytest.mark.parametrize(
    ("answer", "sentence"),
    [
        ((b"HTTP/1.1 404 Not Found\r\nContent-Length: 0\r\n\r\n",), "answers 404: an agent's metrics are at /metrics"),
        ((b"HTTP/1.1 302 Found\r\nLocation: http://192.0.2.1/\r\nContent-Length: 0\r\n\r\n",), "answers 302"),
        ((b"HTTP/1.1 200 OK\r\nContent-Type: text/html\r\n\r\n<h1>hello</h1>\n",), "answers with text/html, not with"),
        ((OK, b"Content-Length: 100\r\n\r\ncrossborder_ticks_total 1\n"), "broke off in the middle of its answer"),
        ((OK, b"\r\ncrossborder_ticks_to"), "broke off in the middle of its answer"),
        ((OK, b"\r\n\xff\xfe\n"), "answers with bytes that are no text"),
        ((b"220 mail.example ESMTP\r\n",), "does not answer as a web server does"),
        ((), "does not answer as a web server does"),
    ],
)
def test_what_is_no_agent(answer: tuple[bytes, ...], sentence: str) -> None:
    """Each has its sentence, which names the address."""
    with answering(saying(*answer)) as address, pytest.raises(UnreadError) as caught:
        metrics_text(address)

    assert sentence in str(caught.value)
    assert str(caught.value).startswith(f"{address} ")


@pytest.mark.parametrize(
    ("text", "sentence"),
    [
        (b"go_goroutines 8\n", "answers with the metrics of something that is no Crossborder"),
        (b"hello, world\n", "answers with a text that is not metrics: is another program there?"),
        (b'crossborder_build_info{version="1" 1\n', "answers with a text that is not metrics"),
        (b"", "answers with the metrics of something that is no Crossborder"),
    ],
)
def test_what_is_no_crossborder(text: bytes, sentence: str) -> None:
    """A text that is no exposition, or somebody else's, is told of and not shown."""
    with answering(saying(OK, b"\r\n", text)) as address:
        look = Watch(address).look()

    assert look.sample is None
    assert sentence in look.trouble


def test_refused_and_unknown() -> None:
    """Nobody at the port, and a host nobody knows."""
    with pytest.raises(UnreadError, match=r"^no agent at http://127.0.0.1:9: start one with crossborder run$"):
        metrics_text(Address("127.0.0.1", 9))
    with pytest.raises(UnreadError, match=r"nobody knows the host nowhere\.invalid"):
        metrics_text(Address("nowhere.invalid", 9836))


def test_silence() -> None:
    """Who takes the connection and says nothing is given up."""
    begin = time.monotonic()
    with (
        answering(lambda _: time.sleep(1)) as address,
        pytest.raises(UnreadError, match=r"did not answer within 0.3 s"),
    ):
        metrics_text(address, within=0.3)

    assert time.monotonic() - begin < 2


@pytest.mark.parametrize("begun", [b"", OK + b"\r\n"])
def test_a_byte_at_a_time(begun: bytes) -> None:
    """The bound is on the whole answer, its head too: one byte now and then keeps nobody waiting."""

    def drip(connection: socket.socket) -> None:
        connection.sendall(begun)
        for byte in (OK + b"#" * 100)[:40]:
            connection.sendall(bytes([byte]))
            time.sleep(0.05)

    begin = time.monotonic()
    with answering(drip) as address:
        with pytest.raises(UnreadError, match=r"did not answer within 0.4 s"):
            metrics_text(address, within=0.4)
        assert time.monotonic() - begin < 1.5


def test_a_hundred_megabytes() -> None:
    """The body is read to a bound and no further."""
    sent = []

    def flood(connection: socket.socket) -> None:
        connection.sendall(OK + b"\r\n")
        for _ in range(100):
            connection.sendall(b"#" * (1 << 20))
            sent.append(1)

    with answering(flood) as address, pytest.raises(UnreadError, match="answers with more than 4 MiB"):
        metrics_text(address, within=10, most=4 << 20)

    assert len(sent) < 50


def test_a_look_without_an_agent_has_the_events_all_the_same(gateway: Gateway, tmp_path: Path) -> None:
    """What one source lacks the other still tells."""
    look = Watch(Address("127.0.0.1", 9), gateway.events).look()
    missing = Watch(Address("127.0.0.1", 9), tmp_path / "none.jsonl").look()

    assert (look.sample, [finding.rule for finding in look.findings]) == (None, ["core-data-abroad"])
    assert missing.note.endswith("none.jsonl: not there yet; it is looked for")


@pytest.mark.parametrize(
    ("url", "address"),
    [
        ("http://127.0.0.1:9836", ("127.0.0.1", 9836, "/metrics")),
        ("127.0.0.1:9836", ("127.0.0.1", 9836, "/metrics")),
        ("http://[::1]:9836/", ("::1", 9836, "/metrics")),
        ("http://gw.example/agents/1?x=y", ("gw.example", 80, "/agents/1?x=y")),
    ],
)
def test_addresses(url: str, address: tuple[str, int, str]) -> None:
    """A URL as people write it."""
    assert address_of(url) == address


@pytest.mark.parametrize(
    ("url", "sentence"),
    [
        ("https://127.0.0.1:9836", "an agent speaks http, not https"),
        ("file:///etc/passwd", "an agent speaks http, not file"),
        ("http://127.0.0.1:99999", "Port out of range"),
        ("http://127.0.0.1:x", "Port could not be cast"),
        ("http://[::1", "Invalid IPv6 URL"),
        ("http://", "a host and a port, and no more"),
        ("http://me:secret@gw.example", "a host and a port, and no more"),
        ("http://gw.example/\r\nX: y", "only plain ASCII"),
        ("http://gw.example/a b", "only plain ASCII"),
    ],
)
def test_wrong_addresses(url: str, sentence: str) -> None:
    """Each says what is wrong, and how to write it."""
    with pytest.raises(CrossborderError, match=r"write it as http://127\.0\.0\.1:9836") as caught:
        address_of(url)

    assert sentence in str(caught.value)


@pytest.mark.parametrize(
    ("listen", "url"),
    [
        ("127.0.0.1:9836", "http://127.0.0.1:9836"),
        ("0.0.0.0:9836", "http://127.0.0.1:9836"),
        ("[::]:9", "http://[::1]:9"),
        ("[::1]:9", "http://[::1]:9"),
    ],
)
def test_where_a_configured_agent_is(listen: str, url: str) -> None:
    """An agent that listens everywhere is asked on loopback."""
    assert str(address_of_listener(listen)) == url


def test_any_free_port_must_be_named() -> None:
    """Of port 0 nobody outside knows what it became."""
    with pytest.raises(CrossborderError, match="--url"):
        address_of_listener("127.0.0.1:0")
