"""Asks an agent for its metrics: one GET, bounded in time and in size, and a sentence for whatever goes wrong."""

from __future__ import annotations

import contextlib
import socket
import time
from http import HTTPStatus
from http.client import HTTPConnection, HTTPException
from threading import Event, Timer
from typing import TYPE_CHECKING

from crossborder.top.address import PATH

if TYPE_CHECKING:
    from collections.abc import Iterator
    from http.client import HTTPResponse

    from crossborder.top.address import Address

WITHIN = 2.0
"""Seconds a whole answer may take."""
MOST_BYTES = 64 * 1024 * 1024
"""An agent at its cap of series on every metric says about half as much."""
_AT_ONCE = 1 << 20
_HEADERS = {"Accept": "text/plain; version=0.0.4", "Accept-Encoding": "identity", "Connection": "close"}
_KINDS = ("text/plain", "application/openmetrics-text")


class UnreadError(Exception):
    """Why there are no metrics, in one sentence."""


def metrics_text(address: Address, within: float = WITHIN, most: int = MOST_BYTES) -> str:
    """Return the text of all metrics; raises UnreadError. Goes nowhere else: no proxy, no redirection."""
    connection = HTTPConnection(address.host, address.port, timeout=within)
    begin, late = time.monotonic(), Event()
    try:
        connection.connect()
        with _clock(within - (time.monotonic() - begin), connection.sock, late):
            return _asked(connection, address, most)
    except (OSError, HTTPException, UnreadError) as error:
        raise UnreadError(_sentence(error, address, within, late=late.is_set())) from None
    finally:
        connection.close()


@contextlib.contextmanager
def _clock(seconds: float, connection: socket.socket, late: Event) -> Iterator[None]:
    """End an answer that comes a byte at a time: the time-out of a socket is for each byte."""
    clock = Timer(seconds, _hang_up, (connection, late))
    clock.daemon = True
    clock.start()
    try:
        yield
    finally:
        clock.cancel()


def _asked(connection: HTTPConnection, address: Address, most: int) -> str:
    connection.request("GET", address.path, headers=_HEADERS)
    with connection.getresponse() as response:
        if response.status != HTTPStatus.OK:
            raise UnreadError(f"{address} answers {response.status}: an agent's metrics are at {PATH}")
        kind = response.headers.get_content_type()
        if kind not in _KINDS:
            raise UnreadError(f"{address} answers with {kind}, not with metrics: is another program there?")
        return _text(_body(response, most, address), address)


def _body(response: HTTPResponse, most: int, address: Address) -> bytes:
    body = bytearray()
    while chunk := response.read(_AT_ONCE):
        body += chunk
        if len(body) > most:
            raise UnreadError(f"{address} answers with more than {most >> 20} MiB: no agent says so much")
    if response.length:  # what was promised and did not come
        raise UnreadError(f"{address} broke off in the middle of its answer")
    return bytes(body)


def _text(body: bytes, address: Address) -> str:
    try:
        text = body.decode()
    except UnicodeDecodeError:
        raise UnreadError(f"{address} answers with bytes that are no text: is another program there?") from None
    if text and not text.endswith("\n"):
        raise UnreadError(f"{address} broke off in the middle of its answer")
    return text


def _hang_up(connection: socket.socket, late: Event) -> None:
    late.set()
    with contextlib.suppress(OSError):
        connection.shutdown(socket.SHUT_RDWR)


def _sentence(error: Exception, address: Address, within: float, *, late: bool) -> str:
    if late or isinstance(error, TimeoutError):
        return f"{address} did not answer within {within:g} s"
    if isinstance(error, UnreadError):
        return str(error)
    if isinstance(error, ConnectionRefusedError):
        return f"no agent at {address}: start one with crossborder run"
    if isinstance(error, socket.gaierror):
        return f"nobody knows the host {address.host} ({error.strerror})"
    if isinstance(error, OSError) and error.strerror:
        return f"{address} cannot be reached: {error.strerror}"
    return f"{address} does not answer as a web server does: is another program there?"
