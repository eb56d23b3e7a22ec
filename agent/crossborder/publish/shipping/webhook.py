"""Posts batches of lines to an HTTP server as NDJSON, packed and signed where that is wanted."""

from __future__ import annotations

import gzip
import hashlib
import hmac
import http.client
import re
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

import crossborder
from crossborder.errors import CrossborderError, Fault
from crossborder.keyfile import read_secret
from crossborder.publish.shipping.destination import NotTaken, Unwanted
from crossborder.publish.shipping.trust import Trust, context_of, not_taken

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from pathlib import Path
    from ssl import SSLContext

SIGNATURE = "X-Crossborder-Signature"
_MOST = 1 << 16  # bytes of a file of headers or a secret
_ANSWER = 1 << 16  # bytes read of an answer
_LONGEST_WAIT = 3600.0  # seconds that are believed of Retry-After
_HEADER = re.compile(r"([!#$%&'*+.^_`|~0-9A-Za-z-]+):[ \t]*([ -~]*[!-~])[ \t]*")
_OURS = {"content-type", "content-encoding", "content-length", "transfer-encoding", "host", "connection"}


class Webhook:
    """An HTTP server that answers 2xx when it has a batch."""

    settles = 0.0

    def __init__(
        self,
        url: str,
        trust: Trust | None = None,
        headers: Mapping[str, str] | None = None,
        secret: bytes = b"",
        *,
        pack: bool = True,
        timeout: float = 10.0,
    ) -> None:
        """Take where to, whom to trust, more headers, the secret of signatures, and how long an answer may take.

        Raises CrossborderError for files of `trust` that cannot be used.
        """
        parts = urlsplit(url)
        self._host, self._port = parts.hostname or "", parts.port
        self._target = (parts.path or "/") + (f"?{parts.query}" if parts.query else "")
        self._context: SSLContext | None = context_of(trust or Trust()) if parts.scheme == "https" else None
        self._headers = {"User-Agent": f"crossborder/{crossborder.__version__}", **(headers or {})}
        self._secret, self._pack, self._timeout = secret, pack, timeout
        self._connection: http.client.HTTPConnection | None = None

    def send(self, lines: Sequence[bytes]) -> None:
        """Post lines, and judge the answer."""
        body = b"".join(line + b"\n" for line in lines)
        headers = self._headers | {"Content-Type": "application/x-ndjson"}
        if self._pack:
            body = gzip.compress(body, 1, mtime=0)
            headers["Content-Encoding"] = "gzip"
        if self._secret:
            headers[SIGNATURE] = "sha256=" + hmac.new(self._secret, body, hashlib.sha256).hexdigest()
        try:
            answer = self._posted(body, headers)
        except (OSError, http.client.HTTPException) as error:
            raise not_taken(error) from error
        _judge(answer)

    def look(self) -> None:
        """Do nothing: an answer is all there is to know."""

    def finish(self) -> bool:
        """Tell that what was answered is taken."""
        return True

    def close(self) -> None:
        """Let go of the connection."""
        if self._connection:
            self._connection.close()
        self._connection = None

    def _posted(self, body: bytes, headers: Mapping[str, str]) -> http.client.HTTPResponse:
        kept = self._connection is not None
        try:
            return self._post(body, headers)
        except (ConnectionError, http.client.BadStatusLine):
            if not kept:
                raise
            self.close()  # one that was kept too long: the server has ended it, which is no fault
            return self._post(body, headers)

    def _post(self, body: bytes, headers: Mapping[str, str]) -> http.client.HTTPResponse:
        self._connection = self._connection or self._connected()
        self._connection.request("POST", self._target, body, dict(headers))
        answer = self._connection.getresponse()
        if len(answer.read(_ANSWER)) == _ANSWER:
            self.close()
        return answer

    def _connected(self) -> http.client.HTTPConnection:
        if self._context is None:
            return http.client.HTTPConnection(self._host, self._port, timeout=self._timeout)
        return http.client.HTTPSConnection(self._host, self._port, timeout=self._timeout, context=self._context)


def _judge(answer: http.client.HTTPResponse) -> None:
    """Raise what a status means: nothing for 2xx.

    400, 413 and 422 speak of what was sent. All else may be mended at the other side, and is waited for.
    """
    status = answer.status
    said = f"answers {status} {answer.reason}".strip()
    if 200 <= status < 300:
        return
    if status == 413:
        raise Unwanted("too_large", said)
    if status in {400, 422}:
        raise Unwanted("refused", said)
    if status in {408, 425, 429} or status >= 500:
        raise NotTaken("busy", said, _retry_after(answer))
    raise NotTaken("rejected", said)


def _retry_after(answer: http.client.HTTPResponse) -> float:
    said = answer.getheader("Retry-After") or ""
    return min(float(said), _LONGEST_WAIT) if said.isascii() and said.isdigit() and len(said) < 9 else 0.0


def read_headers(path: Path) -> dict[str, str]:
    """Read a file of headers, `Name: value` a line; raises CrossborderError with every fault at its line."""
    text = read_secret(path, _MOST, "the file of headers is not there").decode("utf-8", "replace")
    headers: dict[str, str] = {}
    faults: list[Fault] = []
    for number, line in enumerate(text.splitlines(), 1):
        found = _HEADER.fullmatch(line)
        if found and found[1].lower() not in _OURS:
            headers[found[1]] = found[2]
        elif line.strip() and not line.startswith("#"):
            why = f"{found[1]} is set by the agent" if found else "a header is expected: Name: value"
            faults.append(Fault(str(path), number, why))  # never what stands there: it is a secret
    if faults:
        raise CrossborderError(*faults)
    return headers


def read_hmac_secret(path: Path) -> bytes:
    """Read a secret that signatures are made with, without the line end; raises CrossborderError where it is short."""
    secret = read_secret(path, _MOST, "the secret of the webhook is not there").strip()
    if not 16 <= len(secret) <= _MOST:
        raise CrossborderError.at(path, "is no secret: 16 bytes at least are expected")
    return secret
