"""Reads HTTP from Wireshark's fields: who is asked for what, and how much of which kind goes out."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from crossborder.engine.portable.apps import http
from crossborder.engine.portable.apps.parts import PartScanner
from crossborder.engine.tshark.tree import SEGMENT_LIMIT, as_bytes, as_number

if TYPE_CHECKING:
    from crossborder.engine.names import Names
    from crossborder.engine.tshark.tree import Layer

_DATA: Final = "0"  # type of an HTTP/2 frame
_FIELDS: Final = {
    b"host": "http.host",
    b"content-type": "http.content_type",
    b"content-length": "http.content_length_header",
    b"transfer-encoding": "http.transfer_encoding",
}


class Web:
    """One HTTP/1.x connection. Bodies come in pieces, which Wireshark does not join: see `settings`."""

    def __init__(self, names: Names) -> None:
        """Write into these."""
        self._names = names
        self._counting = False  # a body goes out whose length was not announced
        self._scanner: PartScanner | None = None

    def note(self, layer: Layer, outward: bool, payload: str | None, payload_bytes: int) -> None:
        """Take an HTTP layer of a segment; `payload` is all of the segment, as tshark prints bytes."""
        head = _head(layer)
        if head is not None:
            self._note_head(head, outward)
        if outward and self._counting:  # of what follows the first segment, the chunks' own lines are counted too
            chunks = layer.all("http.chunk_data")
            self._names.add_upload(payload_bytes if head is None else sum((len(chunk) + 1) // 3 for chunk in chunks))
        if outward and self._scanner is not None:
            for part in self._scanner.feed(as_bytes(payload, SEGMENT_LIMIT)):
                self._names.add_file(part.name, part.media_type)

    def _note_head(self, head: http.Head, outward: bool) -> None:
        names = self._names
        if not head.status:
            names.first("http_method", head.method)
            if head.method != b"CONNECT":
                names.first("http_path", head.target)
            if head.host:
                names.first("http_host", head.host)
                if not _is_address(names.http_host or ""):
                    names.name_server(head.host, "http")
        if outward:
            self._counting, self._scanner = False, None
            if _has_body(head):
                self._begin_body(head)

    def _begin_body(self, head: http.Head) -> None:
        """Say what goes out, and how much of it where that is announced."""
        names = self._names
        media_type = head.fields.get(b"content-type", b"")
        names.first("http_content_type", media_type)
        if head.length is not None and not head.chunked:
            names.add_upload(head.length)
        self._counting = head.chunked or head.length is None
        self._scanner = PartScanner() if media_type.lower().startswith(b"multipart/") else None
        name = http.file_of(head)
        if name:
            names.add_file(name, media_type)


def note_http2(layer: Layer, names: Names, outward: bool) -> None:
    """Write what requests of HTTP/2 say (RFC 9113 8.3.1), and how much goes out, into the names."""
    for column, field in (("http_method", "method"), ("http_path", "path"), ("http_host", "authority")):
        value = layer.get(f"http2.headers.{field}")
        if value:
            names.first(column, value)
            if field == "authority" and not _is_address(names.http_host or ""):
                names.name_server(value, "http")
    for frame in layer.pieces("http2.length"):
        if outward and frame.get("http2.type") == [_DATA]:
            names.add_upload(as_number(frame["http2.length"][0]) or 0)


def _head(layer: Layer) -> http.Head | None:
    """Return the head of the message that begins in this segment, or None.

    Where a request follows the body of another, Wireshark may take the end of that body for the first line: then the
    method is not told, and the head is known by its fields.
    """
    method, status = layer.get("http.request.method"), layer.number("http.response.code")
    lines = layer.all("http.request.line") or layer.all("http.response.line")
    fields = http.parse_fields([_bytes(line).rstrip(b"\r\n") for line in lines])
    if method is None and status is None:
        fields = {name: _bytes(layer.get(field)) for name, field in _FIELDS.items() if field in layer}
        return http.Head(b"", b"", 0, fields) if fields else None
    return http.Head(_bytes(method), _bytes(layer.get("http.request.uri")), status or 0, fields)


def _has_body(head: http.Head) -> bool:
    """Tell whether a body follows a head (RFC 9112 6.3); one to a HEAD request is not told apart."""
    if head.status:
        return head.status >= 200 and head.status not in {204, 304} and (head.chunked or head.length != 0)
    return head.method != b"CONNECT" and (head.chunked or bool(head.length))


def _is_address(host: str) -> bool:
    """Tell whether a host is an address and so names nobody."""
    return ":" in host or host.replace(".", "").isdigit()


def _bytes(text: str | None) -> bytes:
    return (text or "").encode("utf-8", "surrogateescape")
