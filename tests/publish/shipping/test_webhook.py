"""The webhook: what a batch looks like on the wire, TLS that is verified, secrets that stay in their files."""

from __future__ import annotations

import hashlib
import hmac
from typing import TYPE_CHECKING

import pytest
from tests.publish.shipping.conftest import Certificates, Receiver

from crossborder.errors import CrossborderError
from crossborder.publish.shipping.destination import NotTaken
from crossborder.publish.shipping.trust import Trust, context_of
from crossborder.publish.shipping.webhook import Webhook, read_headers, read_hmac_secret

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

LINES = [b'{"event":{"sequence":1}}', b'{"event":{"sequence":2}}']


@pytest.fixture
def secure(certificates: Certificates) -> Iterator[Receiver]:
    """Return a server that speaks HTTPS."""
    receiver = Receiver(certificates.context())
    yield receiver
    receiver.close()


def test_a_batch_on_the_wire(receiver: Receiver) -> None:
    """NDJSON, packed, signed over the bytes as they are sent, on one connection."""
    webhook = Webhook(
        f"http://127.0.0.1:{receiver.port}/in?source=gw", headers={"Authorization": "Bearer x"}, secret=b"s" * 16
    )
    webhook.send(LINES)
    webhook.send(LINES[:1])
    webhook.close()

    first, second = receiver.got
    assert (first.lines, second.lines) == (LINES, LINES[:1])
    assert first.headers["Content-Type"] == "application/x-ndjson"
    assert first.headers["Content-Encoding"] == "gzip"
    assert first.headers["Authorization"] == "Bearer x"
    assert first.headers["User-Agent"].startswith("crossborder/")
    digest = hmac.new(b"s" * 16, first.body, hashlib.sha256).hexdigest()
    assert first.headers["X-Crossborder-Signature"] == f"sha256={digest}"


def test_as_it_is(receiver: Receiver) -> None:
    """Without packing and secret the body is the lines, and there is no signature."""
    webhook = Webhook(f"http://127.0.0.1:{receiver.port}", pack=False)
    webhook.send(LINES)
    webhook.close()

    (got,) = receiver.got
    assert got.body == b"".join(line + b"\n" for line in LINES)
    assert "X-Crossborder-Signature" not in got.headers


def test_https_with_an_authority_of_our_own(secure: Receiver, certificates: Certificates) -> None:
    """The name and the signature of the certificate are right: it is taken."""
    webhook = Webhook(f"https://localhost:{secure.port}/", Trust(ca=certificates.ca))
    webhook.send(LINES)
    webhook.close()

    assert secure.sequences == [1, 2]


def test_https_of_a_stranger(secure: Receiver, certificates: Certificates) -> None:
    """Another authority, or another name: nothing is sent, and why is said."""
    unknown = Webhook(f"https://localhost:{secure.port}/")
    misnamed = Webhook(f"https://127.0.0.1:{secure.port}/", Trust(ca=certificates.ca))
    with pytest.raises(NotTaken, match=r"unable to get local issuer certificate|self-signed") as first:
        unknown.send(LINES)
    unknown.close()
    assert first.value.reason == "tls"
    with pytest.raises(NotTaken) as second:
        misnamed.send(LINES)
    misnamed.close()
    assert second.value.reason == "tls"
    assert secure.requests == 0


def test_our_own_certificate(certificates: Certificates) -> None:
    """A server that asks for a certificate gets ours."""
    context = certificates.context()
    context.load_verify_locations(certificates.ca)
    context.verify_mode = 2  # type: ignore[assignment]
    receiver = Receiver(context)
    trust = Trust(certificates.ca, certificates.client, certificates.client_key)
    webhook = Webhook(f"https://localhost:{receiver.port}/", trust)
    webhook.send(LINES)
    webhook.close()
    receiver.close()

    assert receiver.sequences == [1, 2]


def test_files_of_trust(tmp_path: Path, certificates: Certificates) -> None:
    """A file that is missing, is none, or that others may read is told by its name."""
    none = tmp_path / "none.pem"
    none.write_text("hello", encoding="utf-8")
    open_key = tmp_path / "open.key"
    open_key.write_bytes(certificates.client_key.read_bytes())
    open_key.chmod(0o644)
    for trust, said in (
        (Trust(ca=none), "none.pem: holds no certificate in PEM"),
        (Trust(ca=tmp_path / "gone.pem"), "gone.pem: cannot be read: No such file"),
        (Trust(None, certificates.client, open_key), "open.key: others may read or write the key"),
        (Trust(None, certificates.server, certificates.client_key), "server.crt: is no PEM of the key"),
    ):
        with pytest.raises(CrossborderError, match=said):
            context_of(trust)


def test_headers_from_a_file(tmp_path: Path) -> None:
    """Each fault has its line, and what stands there is not repeated: it is a secret."""
    path = tmp_path / "headers"
    path.write_text("# of the SIEM\nAuthorization: Splunk 1-2-3\nX-Index:  gw\n", encoding="utf-8")
    path.chmod(0o600)
    assert read_headers(path) == {"Authorization": "Splunk 1-2-3", "X-Index": "gw"}

    path.write_text("Bearer hush\nContent-Type: text/plain\nX-A: b\n", encoding="utf-8")
    with pytest.raises(CrossborderError) as caught:
        read_headers(path)
    assert [(fault.line, fault.message) for fault in caught.value.faults] == [
        (1, "a header is expected: Name: value"),
        (2, "Content-Type is set by the agent"),
    ]

    path.chmod(0o644)
    with pytest.raises(CrossborderError, match="others may read"):
        read_headers(path)


def test_a_short_secret(tmp_path: Path) -> None:
    """Sixteen bytes at least; a line end is none of it."""
    path = tmp_path / "secret"
    path.write_bytes(b"0123456789abcdef\n")
    path.chmod(0o600)
    assert read_hmac_secret(path) == b"0123456789abcdef"
    path.write_bytes(b"0123456789abcde\n")

    with pytest.raises(CrossborderError, match="16 bytes at least"):
        read_hmac_secret(path)
