"""TLS towards a destination: always verified, by the system's authorities or the operator's own."""

from __future__ import annotations

import ssl
from typing import TYPE_CHECKING, NamedTuple

from crossborder.errors import CrossborderError
from crossborder.keyfile import read_secret
from crossborder.publish.shipping.destination import NotTaken

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

_MOST = 1 << 16  # bytes of a key


class Trust(NamedTuple):
    """PEM files: who signs the other side's certificate, our own certificate and its key."""

    ca: Path | None = None
    certificate: Path | None = None
    key: Path | None = None


def context_of(trust: Trust) -> ssl.SSLContext:
    """Return a context that verifies name and certificate; raises CrossborderError for files that are no PEM."""
    context = ssl.create_default_context()
    context.minimum_version = ssl.TLSVersion.TLSv1_2
    if trust.ca:
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
        context.minimum_version = ssl.TLSVersion.TLSv1_2
        _load(trust.ca, lambda: context.load_verify_locations(trust.ca), "holds no certificate in PEM")
    if trust.certificate and trust.key:
        certificate, key = trust.certificate, trust.key
        read_secret(key, _MOST, "the key of the sink's certificate is not there")
        _load(certificate, lambda: context.load_cert_chain(certificate, key, password=_none), "is no PEM of the key")
    return context


def _none() -> str:
    return ""  # a key under a password is refused, not asked for at a terminal nobody sits at


def _load(path: Path, load: Callable[[], None], fault: str) -> None:
    try:
        load()
    except ssl.SSLError as error:
        raise CrossborderError.at(path, f"{fault}: {error.reason or error}") from None
    except OSError as error:
        raise CrossborderError.at(path, f"cannot be read: {error.strerror or error}") from None


def not_taken(error: Exception) -> NotTaken:
    """Return what an error of a socket, or of a protocol on one, means."""
    if isinstance(error, ssl.SSLError):
        return NotTaken("tls", f"TLS: {error.reason or error}" + _certificate(error))
    if isinstance(error, TimeoutError):
        return NotTaken("timeout", "no answer in time")
    if isinstance(error, OSError):
        return NotTaken("connection", error.strerror or str(error) or type(error).__name__)
    return NotTaken("connection", f"{type(error).__name__}: {error}")


def _certificate(error: Exception) -> str:
    said = getattr(error, "verify_message", "")
    return f": {said}" if said else ""
