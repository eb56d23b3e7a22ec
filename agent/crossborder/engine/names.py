"""What the wire tells of a flow beside its counts: protocol, names, files. Bounded and safe to print."""

from __future__ import annotations

import re
from operator import attrgetter
from typing import TYPE_CHECKING

from crossborder.model import Inspection

if TYPE_CHECKING:
    from collections.abc import Callable

NAME_LIMIT = 255  # a DNS name in text (RFC 1035 2.3.4); also the bound of all short values
PATH_LIMIT = 512  # of http_path
LIST_LIMIT = 16  # distinct entries kept of each list
QUERY_LIMIT = 64  # the same of dns_query: one flow of a resolver asks many names
UPLOAD_LIMIT = (1 << 63) - 1  # a Content-Length may claim anything; the column holds 64 bits

_RANK = {"tls": 0, "quic": 0, "http": 1, "dns": 2}
"""Where server_name comes from, the most trusted first: a later, weaker source does not replace a stronger one."""

ENCRYPTED = frozenset(
    {"tls", "quic", "dtls", "ssh", "wireguard", "openvpn", "esp", "isakmp", "ipsec", "srtp", "tor", "bittorrent-mse"}
)
"""Application protocols whose content cannot be read. Every other protocol told by content is cleartext."""

COLUMNS = (
    "app_protocol",
    "inspection",
    "server_name",
    "server_name_source",
    "alpn",
    "tls_version",
    "ja4",
    "ech",
    "cert_subject",
    "cert_issuer",
    "tls_san",
    "http_host",
    "http_method",
    "http_path",
    "http_content_type",
    "http_upload_bytes",
    "dns_query",
    "dns_rcode",
    "mail_domains",
    "file_names",
    "file_types",
)
"""The columns of a report that come from here, in the order of the report."""
_VALUES = attrgetter(*COLUMNS)


def clean(value: str | bytes, limit: int = NAME_LIMIT) -> str:
    r"""Return text from the wire so that it may stand in JSON, a terminal and a metric.

    Bytes are read as UTF-8. Whatever is not printable (controls, direction marks, lone surrogates) and bytes that are
    no UTF-8 become escapes as \x1b or \u202e; longer text is cut.
    """
    text = bytes(value[: 4 * limit]).decode("utf-8", "backslashreplace") if not isinstance(value, str) else value
    text = text[:limit]
    if text.isprintable():
        return text
    return "".join(c if c.isprintable() else c.encode("unicode_escape").decode("ascii") for c in text)[:limit]


_ABSOLUTE = re.compile(r"^[A-Za-z][A-Za-z0-9+.-]*://[^/?#]*")


def _domain(text: str) -> str:
    return text.strip().rstrip(".").lower()


def _host(text: str) -> str:
    """Cut the port off a Host header; the brackets of an IPv6 literal too."""
    text = text.strip()
    if text.startswith("["):
        return text[1:].partition("]")[0].lower()
    host, colon, port = text.rpartition(":")
    return _domain(host if colon and (port.isdigit() or not port) else text)


def _path(text: str) -> str:
    """Keep the path of a request target: the query may hold identifiers, the absolute form repeats the host."""
    text = _ABSOLUTE.sub("", text.strip(), count=1) or "/"
    return text.partition("?")[0].partition("#")[0]


def _media_type(text: str) -> str:
    return text.partition(";")[0].strip().lower()


def _file_name(path: str | bytes) -> str | bytes:
    """Keep the last part of a path of any system; of bytes before they are read, since escapes have backslashes."""
    if isinstance(path, str):
        return path.replace("\\", "/").rstrip("/").rpartition("/")[2]
    return path.replace(b"\\", b"/").rstrip(b"/").rpartition(b"/")[2]


_NORMAL: dict[str, Callable[[str], str]] = {
    "http_host": _host,
    "http_path": _path,
    "http_content_type": _media_type,
    "dns_query": _domain,
    "mail_domains": _domain,
    "tls_san": _domain,
    "file_types": _media_type,
}
_LIMITS = {"http_path": PATH_LIMIT}
_SCAN = 4096  # a raw value longer than this is cut before it is normalised


def _normal(column: str, value: str | bytes) -> str:
    """Return a value as its column holds it; an empty string says nothing was told."""
    value = value[:_SCAN]
    if column == "file_names":
        return clean(_file_name(value))
    text = value if isinstance(value, str) else bytes(value).decode("utf-8", "backslashreplace")
    change = _NORMAL.get(column, str.strip)
    return clean(change(text), _LIMITS.get(column, NAME_LIMIT))


class Names:
    """The state columns of a flow that the wire tells. Values are set through methods that clean and bound them.

    Only constants of our own code (app_protocol, tls_version, ech, inspection) may be assigned directly.
    """

    __slots__ = COLUMNS

    app_protocol: str | None
    inspection: str | None
    server_name: str | None
    server_name_source: str | None
    alpn: str | None
    tls_version: str | None
    ja4: str | None
    ech: str | None
    cert_subject: str | None
    cert_issuer: str | None
    tls_san: list[str] | None
    http_host: str | None
    http_method: str | None
    http_path: str | None
    http_content_type: str | None
    http_upload_bytes: int | None
    dns_query: list[str] | None
    dns_rcode: str | None
    mail_domains: list[str] | None
    file_names: list[str] | None
    file_types: list[str] | None

    def __init__(self) -> None:
        """Start with nothing known."""
        for column in COLUMNS:
            setattr(self, column, None)

    def first(self, column: str, value: str | bytes) -> None:
        """Set a text column unless it is set: the first sighting counts. Empty text says nothing."""
        if getattr(self, column) is None:
            self.latest(column, value)

    def latest(self, column: str, value: str | bytes) -> None:
        """Set a text column, replacing what was known. Empty text says nothing."""
        text = _normal(column, value)
        if text:
            setattr(self, column, text)

    def add(self, column: str, value: str | bytes) -> None:
        """Add to a list column (dns_query, mail_domains, file_names, file_types, tls_san): distinct, bounded."""
        text = _normal(column, value)
        if not text:
            return
        known: list[str] | None = getattr(self, column)
        if known is None:
            setattr(self, column, [text])
        elif len(known) < (QUERY_LIMIT if column == "dns_query" else LIST_LIMIT) and text not in known:
            known.append(text)

    def name_server(self, name: str | bytes, source: str) -> None:
        """Name the server; a stronger source replaces a weaker one, an equal one does not (the first name counts)."""
        if self.server_name_source is not None and _RANK[source] >= _RANK[self.server_name_source]:
            return
        text = _normal("http_host", name) if source == "http" else clean(_domain(clean(name)))
        if text:
            self.server_name, self.server_name_source = text, source

    def add_file(self, name: str | bytes, media_type: str | bytes) -> None:
        """Add a file that goes out."""
        self.add("file_names", name)
        self.add("file_types", media_type)

    def add_upload(self, count: int) -> None:
        """Add bytes of HTTP bodies going out."""
        self.http_upload_bytes = min((self.http_upload_bytes or 0) + max(count, 0), UPLOAD_LIMIT)

    def fork(self) -> Names:
        """Return a copy that keeps today's values for a record that ends, and begin the successor's totals here.

        The flow's conversation goes on writing into this object.
        """
        kept = Names()
        for column, value in zip(COLUMNS, _VALUES(self), strict=True):
            setattr(kept, column, list(value) if isinstance(value, list) else value)
        self.http_upload_bytes = None
        return kept

    def row(self, payload_seen: bool) -> tuple[object, ...]:
        """Return the values in the order of COLUMNS, inspection decided."""
        protocol, _, *rest = _VALUES(self)
        return protocol, self.inspected(payload_seen), *rest

    def inspected(self, payload_seen: bool) -> str | None:
        """Decide how much of the flow could be read. This is the one place of the rule.

        What a protocol's own reader says stands. Else: `cleartext` when the protocol is known and not encrypted;
        `metadata` when a TLS or QUIC hello gave a name or another trait; `opaque` when there was payload and neither
        held; null when there was no payload to read. A name from a DNS answer is no inspection of this flow.
        """
        if self.inspection is not None:
            return self.inspection
        if self.app_protocol is not None and self.app_protocol not in ENCRYPTED:
            return Inspection.CLEARTEXT.value
        if self.server_name_source in ("tls", "quic") or self.ja4 or self.alpn or self.cert_subject or self.tls_san:
            return Inspection.METADATA.value
        return Inspection.OPAQUE.value if payload_seen else None
