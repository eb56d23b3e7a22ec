"""HTTP/1.1 messages: pages, forms, JSON, uploads (RFC 9110, RFC 9112, RFC 7578)."""

from __future__ import annotations

import json
from urllib.parse import urlencode

AGENT = "Mozilla/5.0 (X11; Linux x86_64; rv:140.0) Gecko/20100101 Firefox/140.0"
_BOUNDARY = "----demo7MA4YWxkTrZu0gW"


def get(host: str, path: str) -> bytes:
    """Return a request for a page."""
    return _request("GET", host, path, {"Accept": "text/html,*/*;q=0.8"})


def form(host: str, path: str, fields: dict[str, str]) -> bytes:
    """Return an urlencoded form."""
    return _request(
        "POST", host, path, {"Content-Type": "application/x-www-form-urlencoded"}, urlencode(fields).encode()
    )


def as_json(host: str, path: str, value: object) -> bytes:
    """Return a JSON document on its way to an interface."""
    body = json.dumps(value, ensure_ascii=False).encode()
    return _request("POST", host, path, {"Content-Type": "application/json; charset=utf-8"}, body)


def upload(host: str, path: str, file_name: str, media_type: str, content: bytes) -> bytes:
    """Return a multipart form with one field and one file."""
    head = (
        f'--{_BOUNDARY}\r\nContent-Disposition: form-data; name="purpose"\r\n\r\nmonthly\r\n'
        f'--{_BOUNDARY}\r\nContent-Disposition: form-data; name="file"; filename="{file_name}"\r\n'
        f"Content-Type: {media_type}\r\n\r\n"
    )
    body = head.encode() + content + f"\r\n--{_BOUNDARY}--\r\n".encode()
    return _request("POST", host, path, {"Content-Type": f"multipart/form-data; boundary={_BOUNDARY}"}, body)


def _request(method: str, host: str, path: str, headers: dict[str, str], body: bytes = b"") -> bytes:
    length = {"Content-Length": str(len(body))} if method == "POST" else {}
    return _message(f"{method} {path} HTTP/1.1", {"Host": host, "User-Agent": AGENT, **headers, **length}, body)


def response(body: bytes, media_type: str = "text/html; charset=utf-8", status: str = "200 OK") -> bytes:
    """Return an answer with its length."""
    headers = {"Server": "demo", "Content-Type": media_type, "Content-Length": str(len(body))}
    return _message(f"HTTP/1.1 {status}", headers, body)


def page(title: str, paragraphs: int = 12) -> bytes:
    """Return a small page."""
    text = "".join(f"<p>Thông báo số {n}: lịch tiếp công dân và thủ tục hành chính.</p>\n" for n in range(paragraphs))
    return f"<!doctype html><html><head><title>{title}</title></head><body>\n{text}</body></html>\n".encode()


def _message(first: str, headers: dict[str, str], body: bytes) -> bytes:
    lines = [first, *(f"{name}: {value}" for name, value in headers.items()), "", ""]
    return "\r\n".join(lines).encode() + body
