"""What tests of sinks share: an event log being written, a real web server, certificates made for the test."""

from __future__ import annotations

import contextlib
import gzip
import json
import socket
import ssl
import threading
import time
from datetime import UTC, datetime, timedelta
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import TYPE_CHECKING, Any, NamedTuple

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID

from crossborder.publish.chain import Origin
from crossborder.publish.logfile import open_appenders
from crossborder.publish.shipping.shipper import Pace, Shipper, Standing

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

    from crossborder.publish.shipping.destination import Destination

QUICK = Pace(lines=50, poll=0.01, first_wait=0.02, longest_wait=0.1, look_behind=0.0)


def event(number: int, filling: str = "") -> bytes:
    """Return an event that is not linked yet."""
    return b'{"crossborder":{"chain":{\0}},"event":{"sequence":\0},"message":"n%d %b","rule":{}}\n' % (
        number,
        filling.encode(),
    )


class Log:
    """An event log as the agent writes it."""

    def __init__(self, path: Path) -> None:
        """Open it; a log that is there goes on."""
        self.path = path
        (self.appender,) = open_appenders(path, stdout=False, origin=Origin("g"))
        self.number = 0

    def write(self, events: int, filling: str = "") -> None:
        """Append events."""
        self.appender.append([event(self.number + n, filling) for n in range(events)])
        self.number += events

    @property
    def end(self) -> tuple[str, int]:
        """Return the id and the last line's number."""
        assert self.appender.chain
        return self.appender.chain.end.log, self.appender.chain.end.sequence


@pytest.fixture
def log(tmp_path: Path) -> Iterator[Log]:
    """Return a log in a folder of its own."""
    (tmp_path / "log").mkdir()
    log = Log(tmp_path / "log" / "events.jsonl")
    yield log
    log.appender.close()


class Shipping:
    """Starts shippers, keeps what they tell, and ends them."""

    def __init__(self, log: Log) -> None:
        """Take the log they ship."""
        self._log = log
        self._running: list[Shipper] = []
        self.standing = Standing()

    def start(self, destination: Destination, pace: Pace = QUICK, name: str = "siem") -> Shipper:
        """Start one."""
        shipper = Shipper(name, self._log.path, destination, lambda: self._log.end, self._tell, pace)
        self._running.append(shipper)
        shipper.start()
        return shipper

    def end(self, patience: float = 5.0) -> int:
        """End all in order; return how many lines are left of the last."""
        for shipper in self._running:
            shipper.stop(patience)
        left = [shipper.join() for shipper in self._running]
        self._running.clear()
        return left[-1] if left else 0

    def _tell(self, _name: str, standing: Standing) -> None:
        self.standing = standing


@pytest.fixture
def shipping(log: Log) -> Iterator[Shipping]:
    """Return who ships the log."""
    shipping = Shipping(log)
    yield shipping
    shipping.end(0.0)


class Got(NamedTuple):
    """A request."""

    headers: dict[str, str]
    body: bytes

    @property
    def lines(self) -> list[bytes]:
        """Return the lines posted."""
        packed = self.headers.get("Content-Encoding") == "gzip"
        return (gzip.decompress(self.body) if packed else self.body).splitlines()


class Receiver:
    """A web server that keeps what it accepts. `judge` says with what status a request is answered."""

    def __init__(self, context: ssl.SSLContext | None = None, port: int = 0) -> None:
        """Listen on loopback."""
        self.got: list[Got] = []
        self.requests = 0
        self.judge: Callable[[Got], int] = lambda _: 204
        self.answer_headers: dict[str, str] = {}
        receiver = self

        class Handler(BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"

            def do_POST(self) -> None:
                got = Got(dict(self.headers), self.rfile.read(int(self.headers["Content-Length"])))
                receiver.requests += 1
                status = receiver.judge(got)
                if 200 <= status < 300:
                    receiver.got.append(got)
                self.send_response(status)
                for name, value in receiver.answer_headers.items():
                    self.send_header(name, value)
                self.send_header("Content-Length", "0")
                self.end_headers()

            def log_message(self, *_: Any) -> None:
                return

        self._server = _Server(("127.0.0.1", port), Handler)
        if context:
            self._server.socket = context.wrap_socket(self._server.socket, server_side=True)
        self.port = self._server.server_address[1]
        self._thread = threading.Thread(target=self._server.serve_forever, args=(0.02,), daemon=True)
        self._thread.start()

    @property
    def sequences(self) -> list[int]:
        """Return the numbers of the lines in the order they were accepted."""
        return [json.loads(line)["event"]["sequence"] for got in self.got for line in got.lines]

    def close(self) -> None:
        """Stop listening."""
        self._server.shutdown()
        self._server.server_close()
        self._server.hang_up()
        self._thread.join()


class _Server(ThreadingHTTPServer):
    allow_reuse_address = True
    daemon_threads = True

    def process_request(self, request: Any, client_address: Any) -> None:
        """Remember the connection."""
        self.connections = [*getattr(self, "connections", []), request]
        super().process_request(request, client_address)

    def hang_up(self) -> None:
        """End the connections that are kept open."""
        for connection in getattr(self, "connections", []):
            with contextlib.suppress(OSError):
                connection.shutdown(socket.SHUT_RDWR)

    def handle_error(self, *_: Any) -> None:
        """Say nothing: a client that goes away is what tests are about."""


@pytest.fixture
def receiver() -> Iterator[Receiver]:
    """Return a web server."""
    receiver = Receiver()
    yield receiver
    receiver.close()


def until(true: Callable[[], object], seconds: float = 15.0) -> None:
    """Wait until something is true."""
    end = time.monotonic() + seconds
    while not true():
        assert time.monotonic() < end, "it did not come true in time"
        time.sleep(0.005)


class Certificates(NamedTuple):
    """PEM files of an authority, a server called localhost, and a client."""

    ca: Path
    server: Path
    server_key: Path
    client: Path
    client_key: Path

    def context(self) -> ssl.SSLContext:
        """Return the server's side of TLS."""
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.load_cert_chain(self.server, self.server_key)
        return context


@pytest.fixture(scope="session")
def certificates(tmp_path_factory: pytest.TempPathFactory) -> Certificates:
    """Make an authority, and certificates that it signs."""
    folder = tmp_path_factory.mktemp("certificates")
    authority = ec.generate_private_key(ec.SECP256R1())
    _pem(folder / "ca", "Test authority", authority, authority, "Test authority")
    for name in ("server", "client"):
        _pem(folder / name, "localhost" if name == "server" else "gw-test", None, authority, "Test authority")
    return Certificates(*(folder / n for n in ("ca.crt", "server.crt", "server.key", "client.crt", "client.key")))


def _pem(
    path: Path,
    name: str,
    key: ec.EllipticCurvePrivateKey | None,
    signer: ec.EllipticCurvePrivateKey,
    issuer: str,
) -> None:
    own = key or ec.generate_private_key(ec.SECP256R1())
    now = datetime.now(UTC)
    made = (
        x509.CertificateBuilder()
        .subject_name(x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, name)]))
        .issuer_name(x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, issuer)]))
        .public_key(own.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - timedelta(hours=1))
        .not_valid_after(now + timedelta(days=2))
        .add_extension(x509.BasicConstraints(ca=key is not None, path_length=None), critical=True)
    )
    if key is None:
        made = made.add_extension(x509.SubjectAlternativeName([x509.DNSName("localhost")]), critical=False)
    pem = made.sign(signer, hashes.SHA256()).public_bytes(serialization.Encoding.PEM)
    path.with_suffix(".crt").write_bytes(pem)
    secret = own.private_bytes(
        serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
    )
    path.with_suffix(".key").write_bytes(secret)
    path.with_suffix(".key").chmod(0o600)
