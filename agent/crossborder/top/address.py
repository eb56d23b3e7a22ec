"""Where the metrics of an agent are: from what a person wrote, or from the agent's own configuration."""

from __future__ import annotations

from typing import NamedTuple
from urllib.parse import urlsplit

from crossborder.errors import CrossborderError

PATH = "/metrics"
_EXAMPLE = "write it as http://127.0.0.1:9836"
_ANY = {"0.0.0.0": "127.0.0.1", "[::]": "[::1]", "": "127.0.0.1"}  # noqa: S104 - where an agent listens, not we


class Address(NamedTuple):
    """A place to ask: host without brackets, port, path."""

    host: str
    port: int
    path: str = PATH

    def __str__(self) -> str:
        """Return it as a person writes it."""
        host = f"[{self.host}]" if ":" in self.host else self.host
        return f"http://{host}:{self.port}{'' if self.path == PATH else self.path}"


def address_of(url: str) -> Address:
    """Read a URL; raises CrossborderError with what to write instead."""
    if not url.isascii() or not url.isprintable() or " " in url:
        raise CrossborderError(f"--url {url!r}: only plain ASCII can stand in it; {_EXAMPLE}")
    try:
        parts = urlsplit(url if "://" in url else f"http://{url}")
        host, port = parts.hostname, parts.port
    except ValueError as error:
        raise CrossborderError(f"--url {url}: {error}; {_EXAMPLE}") from None
    if parts.scheme != "http":
        raise CrossborderError(f"--url {url}: an agent speaks http, not {parts.scheme}; {_EXAMPLE}")
    if not host or parts.username is not None:
        raise CrossborderError(f"--url {url}: a host and a port, and no more, are expected; {_EXAMPLE}")
    path = PATH if parts.path in {"", "/"} else parts.path
    return Address(host, 80 if port is None else port, path + (f"?{parts.query}" if parts.query else ""))


def address_of_listener(listen: str) -> Address:
    """Return where an agent that listens there (`metrics.listen`) can be asked from the same machine."""
    host, _, port = listen.rpartition(":")
    if port == "0":
        raise CrossborderError(f"metrics.listen {listen} takes any free port: name the address with --url")
    return address_of(f"http://{_ANY.get(host, host)}:{port}")
