"""The HTTP server over real sockets: what it answers, whom it turns away, how it ends."""

from __future__ import annotations

import contextlib
import gzip
import http.client
import re
import socket
import threading
import time
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from tests.golden import assert_golden

from crossborder.errors import CrossborderError
from crossborder.publish import server as module
from crossborder.publish.metrics import Metrics
from crossborder.publish.page import landing_page
from crossborder.publish.server import Identity, Server

if TYPE_CHECKING:
    from collections.abc import Iterator

    from tests.publish.conftest import Batches, Frames

GOLDEN = Path(__file__).parent / "golden"


@pytest.fixture
def metrics(batch: Batches, crossings: Frames, findings: Frames) -> Metrics:
    """Return metrics that have seen a batch."""
    made = Metrics("hn-1", "Ministry", version="0.0.0", process=False)
    made(batch(), crossings({}, {"country": "NO", "bytes_out": 2_000}), findings({}, {"severity": "low"}))
    return made


@pytest.fixture
def server(metrics: Metrics) -> Iterator[Server]:
    """Return a server on a free port of loopback."""
    made = Server("127.0.0.1:0", metrics, Identity("hn-1", "Ministry", "0.0.0"))
    made.start()
    yield made
    made.stop()


def ask(server: Server, path: str, method: str = "GET", **headers: str) -> tuple[http.client.HTTPResponse, bytes]:
    """Ask and return response and body."""
    connection = http.client.HTTPConnection(server.address, timeout=10)
    try:
        connection.request(method, path, headers={k.replace("_", "-"): v for k, v in headers.items()})
        response = connection.getresponse()
        return response, response.read()
    finally:
        connection.close()


def raw(server: Server, *parts: bytes) -> bytes:
    """Send bytes as they are and return all that comes back."""
    host, port = server.address.rsplit(":", 1)
    with socket.create_connection((host, int(port)), timeout=10) as connection:
        got = b""
        try:
            for part in parts:
                connection.sendall(part)
            while chunk := connection.recv(65_536):
                got += chunk
        except ConnectionError:
            return got
        return got


def test_metrics(server: Server, metrics: Metrics) -> None:
    """A scrape gets the whole text in the plain format Prometheus has always read."""
    response, body = ask(server, "/metrics?name=ignored")

    assert response.status == 200
    assert response.getheader("Content-Type") == "text/plain; version=0.0.4; charset=utf-8"
    assert body == metrics.expose()[1]


def test_open_metrics_and_gzip(server: Server) -> None:
    """What Prometheus sends by itself: OpenMetrics wanted, gzip accepted."""
    response, body = ask(
        server,
        "/metrics",
        Accept="application/openmetrics-text;version=1.0.0;q=0.5,text/plain;version=0.0.4;q=0.4",
        Accept_Encoding="gzip",
    )

    assert str(response.getheader("Content-Type")).startswith("application/openmetrics-text; version=1.0.0")
    assert response.getheader("Content-Encoding") == "gzip"
    assert gzip.decompress(body).endswith(b"# EOF\n")


def test_healthy_from_the_start_ready_while_capturing(server: Server) -> None:
    """/healthz is 200 while the process lives; /readyz only while packets are captured."""
    seen = [ask(server, "/healthz")[0].status, ask(server, "/readyz")[0].status]
    server.ready()
    seen.append(ask(server, "/readyz")[0].status)
    server.unready()
    seen.append(ask(server, "/readyz")[0].status)

    assert seen == [200, 503, 200, 503]


def test_golden_landing_page(server: Server) -> None:
    """The page a person sees, whole; it loads nothing from anywhere."""
    server.ready()
    response, body = ask(server, "/")

    assert response.getheader("Content-Type") == "text/html; charset=utf-8"
    assert "default-src 'none'" in str(response.getheader("Content-Security-Policy"))
    assert not re.search(rb"https?://|<script|<img|<link", body)
    assert_golden(body.decode(), GOLDEN / "landing.html")


def test_the_page_escapes_what_it_shows() -> None:
    """A gateway's name is text, not markup; an agent that has seen nothing says so."""
    empty = Metrics("g", "u", process=False)

    page = landing_page("<script>x</script>", "a&b", "0.0.0", ready=False, metrics=empty)

    assert "<script>" not in page
    assert "a&amp;b" in page
    assert "Nothing has crossed the border yet." in page
    assert "Not capturing yet" in page


@pytest.mark.parametrize(
    ("method", "path", "status"),
    [
        ("GET", "/favicon.ico", 404),
        ("GET", "/metrics/", 404),
        ("GET", "/../etc/passwd", 404),
        ("HEAD", "/metrics", 200),
        ("HEAD", "/nowhere", 404),
        ("POST", "/metrics", 405),
        ("DELETE", "/", 405),
        ("OPTIONS", "/", 405),
        ("TRACE", "/", 501),
    ],
)
def test_what_else_is_asked(server: Server, method: str, path: str, status: int) -> None:
    """Only GET and HEAD, only the four paths; HEAD has headers and no body."""
    response, body = ask(server, path, method)

    assert response.status == status
    assert method != "HEAD" or (body == b"" and int(response.getheader("Content-Length") or 0) > 0)


@pytest.mark.parametrize(
    ("request_bytes", "status"),
    [
        (b"GET /" + b"a" * 20_000 + b" HTTP/1.1\r\n\r\n", b"414"),
        (b"GET / HTTP/1.1\r\nX: " + b"a" * 20_000 + b"\r\n\r\n", b"431"),
        (b"GET / HTTP/1.1\r\n" + b"X: a\r\n" * 3_000 + b"\r\n", b"431"),
        (b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03\r\n\r\n", b"400"),
        (b"GET / HTTP/9.9\r\n\r\n", b"505"),
        (b"\r\n", b""),
    ],
)
def test_hostile_requests(server: Server, request_bytes: bytes, status: bytes) -> None:
    """Too long, not HTTP, not this HTTP: an answer or a hang-up, and the next one is served."""
    got = raw(server, request_bytes)

    hung_up = got == b"" and len(request_bytes) > module.HEAD_BYTES  # a reset may overtake the answer
    assert status in got[:200] or hung_up
    assert ask(server, "/healthz")[0].status == 200


def test_a_silent_connection_is_closed(server: Server, monkeypatch: pytest.MonkeyPatch) -> None:
    """Whoever connects and says nothing is hung up on."""
    monkeypatch.setattr(module._Handler, "timeout", 0.2)
    begin = time.monotonic()

    assert raw(server, b"GET /") == b""
    assert time.monotonic() - begin < 5


def test_a_slow_connection_is_closed(server: Server, monkeypatch: pytest.MonkeyPatch) -> None:
    """Whoever sends a byte now and then keeps no place for ever."""
    monkeypatch.setattr(module, "CONNECTION_SECONDS", 0.5)
    host, port = server.address.rsplit(":", 1)
    begin = time.monotonic()

    with socket.create_connection((host, int(port)), timeout=10) as connection, contextlib.suppress(ConnectionError):
        while time.monotonic() - begin < 8:
            connection.sendall(b"X")
            time.sleep(0.1)

    assert time.monotonic() - begin < 5


def test_connections_are_bounded_and_places_come_back(server: Server) -> None:
    """When all places are taken the next one is turned away; when they are free again it is served."""
    host, port = server.address.rsplit(":", 1)
    holders = [socket.create_connection((host, int(port)), timeout=10) for _ in range(module.MAX_CONNECTIONS)]
    deadline = time.monotonic() + 10
    while len(server._http._open) < module.MAX_CONNECTIONS and time.monotonic() < deadline:
        time.sleep(0.01)
    turned_away = raw(server, b"GET /healthz HTTP/1.1\r\n\r\n")
    for holder in holders:
        holder.close()
    while server._http._open and time.monotonic() < deadline:
        time.sleep(0.01)

    assert turned_away == b""
    assert ask(server, "/healthz")[0].status == 200


def test_scrapes_while_batches_are_counted(
    server: Server, metrics: Metrics, batch: Batches, crossings: Frames, findings: Frames
) -> None:
    """Four scrapers and a busy pipeline: every scrape is whole and sees bytes and flows of the same batches."""
    frame, none = crossings({"country": "DE"}), findings()
    wrong: list[str] = []

    def scrape() -> None:
        for _ in range(10):
            text = ask(server, "/metrics")[1].decode()
            out = re.search(r'egress_bytes_total{country="DE",inspection="metadata"} (\S+)', text)
            flows = re.search(r'egress_flows_total{basis="geo",country="DE"} (\S+)', text)
            if out and flows and float(out[1]) != 6_000 * float(flows[1]):
                wrong.append(text)

    threads = [threading.Thread(target=scrape) for _ in range(4)]
    for thread in threads:
        thread.start()
    while any(thread.is_alive() for thread in threads):
        metrics(batch(), frame, none)

    assert not wrong


def test_stopping_frees_the_port(metrics: Metrics) -> None:
    """After `stop` nobody answers, the port is free at once, and stopping twice does no harm."""
    first = Server("127.0.0.1:0", metrics, Identity("g", "u"))
    first.start()
    address = first.address
    ask(first, "/healthz")
    first.stop()
    first.stop()

    with pytest.raises(ConnectionRefusedError):
        ask(first, "/healthz")
    second = Server(address, metrics, Identity("g", "u"))
    second.stop()


def test_stopping_waits_for_no_look_around(metrics: Metrics, monkeypatch: pytest.MonkeyPatch) -> None:
    """The thread is woken: it would look whether to end only after an hour."""
    monkeypatch.setattr(module, "LOOK_SECONDS", 3600.0)
    server = Server("127.0.0.1:0", metrics, Identity("g", "u"))
    server.start()
    ask(server, "/healthz")  # it waits for a connection now

    server.stop()

    with pytest.raises(ConnectionRefusedError):
        ask(server, "/healthz")


def test_ipv6(metrics: Metrics) -> None:
    """An IPv6 address in brackets is listened on and told back in brackets."""
    try:
        server = Server("[::1]:0", metrics, Identity("g", "u"))
    except CrossborderError:
        pytest.skip("no IPv6 loopback here")
    server.start()
    status = ask(server, "/healthz")[0].status
    server.stop()

    assert server.address.startswith("[::1]:")
    assert status == 200


def test_a_port_in_use(server: Server, metrics: Metrics) -> None:
    """One sentence with the address and what to do."""
    with pytest.raises(CrossborderError) as told:
        Server(server.address, metrics, Identity("g", "u"))

    assert str(told.value) == (
        f"metrics cannot be served on {server.address}: another program listens there already; "
        "stop it or choose another port (metrics.listen)"
    )


@pytest.mark.parametrize(
    ("listen", "said"),
    [
        ("203.0.113.1:9836", "no interface of this machine has that address; 127.0.0.1 always works"),
        ("nowhere:9836:x", "not an address of this machine and a port"),
        ("127.0.0.1:99999", "not an address of this machine and a port"),
        ("300.1.1.1:80", "not an address of this machine and a port"),
        (":", "not an address of this machine and a port"),
    ],
)
def test_an_address_that_cannot_be(metrics: Metrics, listen: str, said: str) -> None:
    """Each gets its sentence, no traceback, and nothing is left open."""
    with pytest.raises(CrossborderError) as told:
        Server(listen, metrics, Identity("g", "u"))

    assert f"metrics cannot be served on {listen}: {said}" in str(told.value)
