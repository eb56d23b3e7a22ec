"""Mail messages and the lines of SMTP (RFC 5321, RFC 5322, RFC 2045)."""

from __future__ import annotations

import base64
import textwrap

_BOUNDARY = "=_demo_a1f0"


def message(sender: str, recipients: list[str], subject: str, text: str, file_name: str, content: bytes) -> bytes:
    """Return a message with one attachment, ready for DATA: dots doubled, closed by a dot."""
    attached = "\r\n".join(textwrap.wrap(base64.b64encode(content).decode(), 76))
    coded = base64.b64encode(subject.encode()).decode()
    lines = [
        "Date: Mon, 26 Jan 2026 09:40:00 +0700",
        f"From: <{sender}>",
        f"To: {', '.join(f'<{one}>' for one in recipients)}",
        f"Subject: =?utf-8?B?{coded}?=",
        f"Message-ID: <demo.{len(content)}@{sender.partition('@')[2]}>",
        "MIME-Version: 1.0",
        f'Content-Type: multipart/mixed; boundary="{_BOUNDARY}"',
        "",
        f"--{_BOUNDARY}",
        "Content-Type: text/plain; charset=utf-8",
        "Content-Transfer-Encoding: 8bit",
        "",
        text,
        f"--{_BOUNDARY}",
        f'Content-Type: text/csv; name="{file_name}"',
        f'Content-Disposition: attachment; filename="{file_name}"',
        "Content-Transfer-Encoding: base64",
        "",
        attached,
        f"--{_BOUNDARY}--",
        ".",
        "",
    ]
    return "\r\n".join(lines).encode()


def dialogue(client: str, server: str, sender: str, recipients: list[str]) -> list[tuple[bool, bytes]]:
    """Return who says what up to the message itself; True is the client."""
    said = [
        (False, f"220 {server} ESMTP\r\n"),
        (True, f"EHLO {client}\r\n"),
        (False, f"250-{server}\r\n250-SIZE 52428800\r\n250-8BITMIME\r\n250 SMTPUTF8\r\n"),
        (True, f"MAIL FROM:<{sender}>\r\n"),
        (False, "250 2.1.0 Ok\r\n"),
    ]
    for one in recipients:
        said += [(True, f"RCPT TO:<{one}>\r\n"), (False, "250 2.1.5 Ok\r\n")]
    said += [(True, "DATA\r\n"), (False, "354 End data with <CR><LF>.<CR><LF>\r\n")]
    return [(client_speaks, line.encode()) for client_speaks, line in said]
