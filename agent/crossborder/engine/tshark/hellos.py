"""Reads TLS handshake messages from Wireshark's fields: over TCP, inside QUIC, as DTLS."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final, Literal

from crossborder.engine.portable.apps import tls
from crossborder.engine.portable.apps.certificate import MAX_CERTIFICATE
from crossborder.engine.portable.apps.ja4 import is_grease
from crossborder.engine.portable.apps.tlstalk import note_certificate, note_client_hello
from crossborder.engine.tshark.tree import as_bytes, as_number

if TYPE_CHECKING:
    from collections.abc import Iterator

    from crossborder.engine.names import Names
    from crossborder.engine.tshark.tree import Layer

    Fields = dict[str, list[str]]
    Transport = Literal["t", "q", "d"]

_SOURCES: Final[dict[str, tuple[Literal["tls", "quic"], Transport]]] = {
    "tls": ("tls", "t"),
    "dtls": ("tls", "d"),
    "quic": ("quic", "q"),
}


_GARBLED: Final = "\ufffd".encode()  # Wireshark prints this for bytes that are no text: what they were is lost


def note_handshake(layer: Layer, names: Names) -> bool:
    """Write what the handshake messages of a layer say into the names; tell whether there were any."""
    source, transport = _SOURCES[layer.name]
    found = False
    for fields in _pieces(layer, "handshake.type"):
        found = True
        kind = _first(fields, "tls.handshake.type")
        if kind == tls.CLIENT_HELLO and "tls.handshake.version" in fields:
            note_client_hello(_client_hello(layer, fields), names, source, transport)
        elif kind == tls.SERVER_HELLO and "tls.handshake.version" in fields:
            version = _first(fields, "tls.handshake.extensions.supported_version")
            version = _first(fields, "tls.handshake.version") if version is None else version
            names.tls_version = tls.version_name(version or 0)
        elif kind == tls.CERTIFICATE and names.tls_version != "1.3":  # where it is encrypted
            _note_certificate(fields, names)
    return found


def _client_hello(layer: Layer, fields: Fields) -> tls.ClientHello:
    extensions = _numbers(fields, "tls.handshake.extension.type")
    name = _text(fields, "tls.handshake.extensions_server_name")
    alpn = _text(fields, "tls.handshake.extensions_alpn_str")
    garbled = alpn is not None and _GARBLED in alpn
    return tls.ClientHello(
        offered_version=_offered(fields),
        ciphers=_numbers(fields, "tls.handshake.ciphersuite"),
        extensions=extensions,
        server_name=name,
        alpn=None if garbled else alpn,
        signature_algorithms=_signature_algorithms(layer),
        ech=tls._ech(dict.fromkeys(extensions, b""), name),  # noqa: SLF001 - one rule for both engines,
        whole="_ws.malformed.expert" not in layer and not garbled,
    )


def _offered(fields: Fields) -> int:
    """Return the highest version offered; DTLS counts downwards."""
    legacy = _first(fields, "tls.handshake.version") or 0
    offered = [v for v in _numbers(fields, "tls.handshake.extensions.supported_version") if not is_grease(v)]
    if not offered:
        return legacy
    return min(offered) if legacy >> 8 == 0xFE else max(offered)


def _signature_algorithms(layer: Layer) -> tuple[int, ...]:
    """Return the algorithms of the extension of that name; delegated credentials list some too."""
    for extension in _pieces(layer, "handshake.extension.type"):
        if _first(extension, "tls.handshake.extension.type") == tls.SIGNATURE_ALGORITHMS:
            return _numbers(extension, "tls.handshake.sig_hash_alg")
    return ()


def _pieces(layer: Layer, field: str) -> Iterator[Fields]:
    """Cut a layer where a field stands; the fields of DTLS get the names they have in TLS."""
    if layer.name != "dtls":
        yield from layer.pieces(f"tls.{field}")
        return
    for piece in layer.pieces(f"dtls.{field}"):
        yield {name[1:] if name.startswith("dtls.") else name: values for name, values in piece.items()}


def _note_certificate(fields: Fields, names: Names) -> None:
    """Name the server by its certificate, the first of the chain."""
    der = as_bytes(next(iter(fields.get("tls.handshake.certificate", ())), None), MAX_CERTIFICATE)
    if der:
        note_certificate(der, names)


def _first(fields: Fields, name: str) -> int | None:
    values = fields.get(name)
    return as_number(values[0]) if values else None


def _numbers(fields: Fields, name: str) -> tuple[int, ...]:
    return tuple(number for number in map(as_number, fields.get(name, ())) if number is not None)


def _text(fields: Fields, name: str) -> bytes | None:
    values = fields.get(name)
    return values[0].encode("utf-8", "surrogateescape") if values and values[0] else None
