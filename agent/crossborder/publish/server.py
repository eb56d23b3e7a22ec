"""The HTTP server: /metrics, /healthz, /readyz and a landing page, on loopback unless told otherwise."""

from __future__ import annotations

import contextlib
import errno
import gzip
import socket
import sys
import time
from http import HTTPStatus
from http.client import HTTPException
from http.server import BaseHTTPRequestHandler
from socketserver import TCPServer, ThreadingMixIn
from threading import Event, Thread
from typing import TYPE_CHECKING, Any, NamedTuple
from urllib.parse import urlsplit

import crossborder
from crossborder.errors import CrossborderError
from crossborder.publish.page import landing_page
from crossborder.telemetry import log

if TYPE_CHECKING:
    from io import BufferedIOBase

    from crossborder.publish.metrics import Metrics

HEAD_BYTES = 16 * 1024
"""Most bytes of request line and headers."""
CONNECTION_SECONDS = 30.0
"""A connection older than this is closed, whatever it does."""
IDLE_SECONDS = 5.0
"""A connection silent for so long is closed."""
MAX_CONNECTIONS = 32
"""More than a handful of Prometheus servers never ask at once; the next one is turned away."""
LOOK_SECONDS = 0.2
"""How often it is looked for connections that have lasted too long."""

_TEXT, _HTML = "text/plain; charset=utf-8", "text/html; charset=utf-8"
_HINTS = {
    errno.EADDRINUSE: "another program listens there already; stop it or choose another port",
    errno.EADDRNOTAVAIL: "no interface of this machine has that address; 127.0.0.1 always works",
    errno.EACCES: "no permission; choose a port above 1023",
}


class Identity(NamedTuple):
    """What the landing page says of the agent."""

    gateway: str
    unit: str
    version: str = crossborder.__version__


class Answer(NamedTuple):
    """A response before it is sent."""

    status: HTTPStatus
    content_type: str
    body: bytes


class Server:
    """Serves from a thread of its own until `stop`. `ready` and `unready` say what /readyz answers."""

    def __init__(self, listen: str, metrics: Metrics, identity: Identity) -> None:
        """Bind `address:port` (IPv6 in brackets; port 0 takes any free one).

        Raises CrossborderError with the address and what to do when that cannot be.
        """
        self._ready = Event()
        self._http = _bound(listen)
        self._http.answer = self._answer
        self._metrics = metrics
        self._identity = identity
        self._thread = Thread(target=self._http.serve, name="metrics-server", daemon=True)

    @property
    def address(self) -> str:
        """Return the address and port that are really listened on."""
        host, port = self._http.server_address[:2]
        host = host if isinstance(host, str) else bytes(host).decode()
        return f"[{host}]:{port}" if ":" in host else f"{host}:{port}"

    def start(self) -> None:
        """Begin to answer."""
        self._thread.start()

    def ready(self) -> None:
        """Say that the agent is capturing."""
        self._ready.set()

    def unready(self) -> None:
        """Say that it is not, or no longer."""
        self._ready.clear()

    def stop(self) -> None:
        """Stop answering, close every connection and wait for the thread; twice does no harm."""
        self.unready()
        if self._thread.is_alive():
            self._http.end()
            self._thread.join()
        self._http.server_close()

    def _answer(self, path: str, accept: str) -> Answer:
        if path == "/metrics":
            return Answer(HTTPStatus.OK, *self._metrics.expose(accept))
        if path == "/healthz":
            return Answer(HTTPStatus.OK, _TEXT, b"ok\n")
        if path == "/readyz" and self._ready.is_set():
            return Answer(HTTPStatus.OK, _TEXT, b"ready\n")
        if path == "/readyz":
            return Answer(HTTPStatus.SERVICE_UNAVAILABLE, _TEXT, b"not capturing yet\n")
        if path == "/":
            page = landing_page(*self._identity, self._ready.is_set(), self._metrics)
            return Answer(HTTPStatus.OK, _HTML, page.encode())
        return Answer(HTTPStatus.NOT_FOUND, _TEXT, b"not found; there are / /metrics /healthz /readyz\n")


def _bound(listen: str) -> _Http:
    host, _, port = listen.rpartition(":")
    host = host.removeprefix("[").removesuffix("]")
    try:
        family, *_, address = socket.getaddrinfo(host, _port(port), type=socket.SOCK_STREAM, flags=socket.AI_PASSIVE)[0]
    except (OSError, ValueError):
        raise CrossborderError(
            f"metrics cannot be served on {listen}: not an address of this machine and a port; "
            "write metrics.listen as 127.0.0.1:9836 or [::1]:9836"
        ) from None
    try:
        return _Http(family, address)
    except OSError as error:
        hint = _HINTS.get(error.errno or 0, error.strerror or str(error))
        raise CrossborderError(f"metrics cannot be served on {listen}: {hint} (metrics.listen)") from None


def _port(text: str) -> int:
    """Return a port; getaddrinfo would take 99999 for 34463."""
    if not 0 <= int(text) <= 65_535:
        raise ValueError(text)
    return int(text)


class _Http(ThreadingMixIn, TCPServer):
    """A threading server that bounds how many connections there are and how long each may last."""

    allow_reuse_address = True  # a restart does not wait for the old connections' TIME_WAIT
    request_queue_size = 64  # a burst of scrapers waits here, not in SYN retransmissions
    daemon_threads = True
    block_on_close = False
    answer: Any

    def __init__(self, family: socket.AddressFamily, address: Any) -> None:  # noqa: ANN401 - as getaddrinfo gives it
        self.address_family = family
        self.timeout = LOOK_SECONDS
        self._ended = Event()
        self._open: dict[socket.socket, float] = {}
        super().__init__(address, _Handler)

    def serve(self) -> None:
        """Answer until `end`."""
        while not self._ended.is_set():
            self.handle_request()
            self._close_the_old()

    def end(self) -> None:
        """End `serve`: a socket that listens no more wakes it at once."""
        self._ended.set()
        with contextlib.suppress(OSError):  # where a system refuses that, it looks a few times a second
            self.socket.shutdown(socket.SHUT_RDWR)

    def verify_request(self, request: Any, client_address: Any) -> bool:  # noqa: ANN401 - socketserver's types
        del client_address
        if len(self._open) >= MAX_CONNECTIONS:
            return False
        self._open[request] = time.monotonic()
        return True

    def _close_the_old(self) -> None:
        """Close connections that have lasted too long."""
        oldest = time.monotonic() - CONNECTION_SECONDS
        for request, since in list(self._open.items()):
            if since < oldest:
                _hang_up(request)

    def shutdown_request(self, request: Any) -> None:  # noqa: ANN401
        self._open.pop(request, None)
        super().shutdown_request(request)

    def server_close(self) -> None:
        super().server_close()
        for request in list(self._open):
            _hang_up(request)

    def handle_error(self, request: Any, client_address: Any) -> None:  # noqa: ANN401
        """Log what went wrong with one request; a client that goes away is no error."""
        del request, client_address
        error = sys.exception()
        if not isinstance(error, OSError):
            log().error("a request to the metrics server failed", reason=repr(error))


def _hang_up(request: socket.socket) -> None:
    try:
        request.shutdown(socket.SHUT_RDWR)
    except OSError:
        return  # closed already


class _Head:
    """The request's reading end, which gives no more than HEAD_BYTES."""

    def __init__(self, file: BufferedIOBase) -> None:
        self._file = file
        self._left = HEAD_BYTES

    def readline(self, limit: int = -1) -> bytes:
        line = self._file.readline(min(limit if limit >= 0 else self._left + 1, self._left + 1))
        self._left -= len(line)
        if self._left < 0:
            raise HTTPException("headers too large")
        return line

    def close(self) -> None:
        self._file.close()

    @property
    def closed(self) -> bool:
        return self._file.closed


class _Handler(BaseHTTPRequestHandler):
    """Answers one request a connection."""

    server: _Http
    timeout = IDLE_SECONDS

    def setup(self) -> None:
        super().setup()
        self.rfile: Any = _Head(self.rfile)

    def handle_one_request(self) -> None:
        try:
            super().handle_one_request()
        except HTTPException:  # the request line alone is too large
            self.requestline = self.request_version = self.command = ""
            self.send_error(HTTPStatus.REQUEST_URI_TOO_LONG)
        self.close_connection = True

    def version_string(self) -> str:
        return "crossborder"

    def do_GET(self) -> None:
        answer = self.server.answer(urlsplit(self.path).path, self.headers.get("Accept", ""))
        body = answer.body
        self.send_response(answer.status)
        if len(body) > 1024 and "gzip" in self.headers.get("Accept-Encoding", "").lower():
            body = gzip.compress(body, 5, mtime=0)
            self.send_header("Content-Encoding", "gzip")
        self.send_header("Content-Type", answer.content_type)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        if self.command != "HEAD":
            self.wfile.write(body)

    def do_HEAD(self) -> None:
        self.do_GET()

    def do_POST(self) -> None:
        self.send_response(HTTPStatus.METHOD_NOT_ALLOWED)
        self.send_header("Allow", "GET, HEAD")
        self.send_header("Content-Length", "0")
        self.end_headers()

    do_PUT = do_PATCH = do_DELETE = do_OPTIONS = do_POST  # noqa: N815 - http.server's names

    def end_headers(self) -> None:
        self.send_header("Cache-Control", "no-store")
        self.send_header("Vary", "Accept, Accept-Encoding")
        self.send_header("X-Content-Type-Options", "nosniff")
        self.send_header("Content-Security-Policy", "default-src 'none'; style-src 'unsafe-inline'")
        super().end_headers()

    def log_message(self, *_: object) -> None:
        """Say nothing: a scrape every few seconds is no news."""
