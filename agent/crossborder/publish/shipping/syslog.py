"""Sends lines as syslog messages (RFC 5424) over TLS (RFC 5425), which has no acknowledgements."""

from __future__ import annotations

import contextlib
import re
import socket
import ssl
from typing import TYPE_CHECKING, Any

import crossborder
from crossborder.publish.chain import link_of
from crossborder.publish.shipping.destination import NotTaken, Unwanted
from crossborder.publish.shipping.trust import Trust, context_of, not_taken

if TYPE_CHECKING:
    from collections.abc import Sequence

_EARLY = ("kern", "user", "mail", "daemon", "auth", "syslog", "lpr", "news", "uucp", "cron", "authpriv")
FACILITIES = {name: number for number, name in enumerate(_EARLY)}
FACILITIES |= {"audit": 13} | {f"local{n}": 16 + n for n in range(8)}

_SEVERITY = {"critical": 2, "high": 3, "medium": 4, "low": 5, "informational": 6}
_ERROR, _INFORMATIONAL = 3, 6
_NIL = "-"
_TOO_OLD = 0.5
"""The part of the time after which lines count as taken, in which the other side's kernel must have them."""


class Syslog:
    """A syslog server. What was sent counts as taken when the connection lived on for a while."""

    def __init__(
        self,
        host: str,
        port: int,
        trust: Trust | None = None,
        *,
        facility: str = "local0",
        timeout: float = 10.0,
        settles: float = 10.0,
    ) -> None:
        """Take where to, whom to trust, one of FACILITIES, and seconds: to wait for the other side, to count as taken.

        Raises CrossborderError for files of `trust` that cannot be used.
        """
        self.settles = settles
        self._host, self._port, self._timeout = host, port, timeout
        self._context = context_of(trust or Trust())
        self._facility = FACILITIES[facility]
        self._connection: ssl.SSLSocket | None = None

    def send(self, lines: Sequence[bytes]) -> None:
        """Send each line as a message, its length before it."""
        data = b"".join(b"%d %b" % (len(text), text) for text in (message(line, self._facility) for line in lines))
        try:
            self._connection = self._connection or self._connected()
            self.look()
            self._connection.sendall(data)
        except OSError as error:
            raise not_taken(error) from error

    def look(self) -> None:
        """Find out whether the other side has ended the connection, or the kernel has given it up."""
        if self._connection is None:
            return
        try:
            self._connection.settimeout(0)
            while self._connection.recv(1024):
                continue  # nothing is said to who sends; what is said all the same means nothing
        except (ssl.SSLWantReadError, BlockingIOError):
            self._connection.settimeout(self._timeout)
        except OSError as error:
            raise not_taken(error) from error
        else:
            raise NotTaken("connection", "the other side has ended the connection")

    def finish(self) -> bool:
        """Say that this is the end; who answers that has read everything before it."""
        if self._connection is None:
            return False
        try:
            self._connection.unwrap()
        except ssl.SSLEOFError:
            return True  # ended without a word, and not reset: nothing was left unread
        except (OSError, ValueError):
            return False
        return True

    def close(self) -> None:
        """Let go of the connection."""
        if self._connection:
            self._connection.close()
        self._connection = None

    def _connected(self) -> ssl.SSLSocket:
        raw = socket.create_connection((self._host, self._port), self._timeout)
        try:
            with contextlib.suppress(AttributeError, OSError):
                patience = round(self.settles * _TOO_OLD * 1000)
                raw.setsockopt(socket.IPPROTO_TCP, socket.TCP_USER_TIMEOUT, max(1, patience))
            return self._context.wrap_socket(raw, server_hostname=self._host)
        except BaseException:
            raw.close()
            raise


def message(line: bytes, facility: int) -> bytes:
    """Return the syslog message of a line: its own time, its severity, log and number as structured data.

    Raises Unwanted for what is no line of an event log.
    """
    linked = link_of(line)
    if linked is None:
        raise Unwanted("refused", "is no line of an event log any more")
    link, event = linked
    at, own, observer = event["event"], event["crossborder"], event.get("observer") or {}
    gateway, version = str(observer.get("name", "")), str(observer.get("version", crossborder.__version__))
    data = {"gateway": gateway, "log": link.log, "sequence": link.sequence}
    head = (
        f"<{facility * 8 + _severity(at, own)}>1",
        _word(event.get("@timestamp"), 32),
        _word(gateway, 255),
        "crossborder",
        _NIL,
        _word(at.get("action"), 32),
        _element("origin", {"software": "crossborder", "swVersion": version}) + _element("crossborder@32473", data),
    )
    return " ".join(head).encode() + b" " + line


def _severity(event: dict[str, Any], own: dict[str, Any]) -> int:
    if event.get("action") == "events-lost":
        return _ERROR
    return _SEVERITY.get(str(own.get("severity")), _INFORMATIONAL)


def _word(value: object, most: int) -> str:
    """Return a field of the header: printable ASCII without blanks."""
    return re.sub(r"[^!-~]", "-", str(value or ""))[:most] or _NIL


def _element(name: str, values: dict[str, object]) -> str:
    return f"[{name}" + "".join(f' {key}="{_escaped(str(value))}"' for key, value in values.items()) + "]"


def _escaped(value: str) -> str:
    return re.sub(r'(["\\\]])', r"\\\1", value)
