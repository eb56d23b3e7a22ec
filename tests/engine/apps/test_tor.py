"""Links of Tor are told by their certificate, and nothing that only looks like one is."""

from __future__ import annotations

import random
from typing import TYPE_CHECKING

import pytest
from tests.engine.apps.speech import Line, frames_of, hear, hello_body, message, record, server_name
from tests.engine.apps.test_certificate import attribute, distinguished, element
from tests.engine.captures import HOME, write
from tests.engine.oracle import differences, run

from crossborder.engine import EngineConfig, native_available
from crossborder.engine.portable.apps.certificate import CertificateNames
from crossborder.engine.portable.apps.tor import is_tor

if TYPE_CHECKING:
    from pathlib import Path

CN, ORGANIZATION = b"\x55\x04\x03", b"\x55\x04\x0a"
RELAY, SIGNER, ASKED = b"www.k2v5xqjt7wd.net", b"www.5trmabuyi3qh6n.com", b"www.b57efmuh4c.com"


def certificate(subject: bytes, issuer: bytes, dns_names: tuple[bytes, ...] = ()) -> bytes:
    """Return a certificate, right in what is read."""
    names = element(0x30, b"".join(element(0x82, name) for name in dns_names))
    extension = element(0x30, element(6, b"\x55\x1d\x11") + element(4, names)) if dns_names else b""
    empty = element(0x30, b"")
    fields = element(2, b"\1") + empty + issuer + empty + subject + empty + element(0xA3, element(0x30, extension))
    return element(0x30, element(0x30, fields))


def common(name: bytes) -> bytes:
    """Return a distinguished name that is a common name."""
    return distinguished(attribute(CN, 12, name))


def talk(der: bytes, asked: bytes | None = ASKED) -> tuple[Line, ...]:
    """Return the hellos and the certificate of a handshake of TLS 1.2."""
    chain = len(der).to_bytes(3, "big") + der
    answer = message(2, b"\x03\x03" + bytes(32) + b"\0\xc0\x2f\0")
    whole = answer + message(11, len(chain).to_bytes(3, "big") + chain)
    extensions = [server_name(asked)] if asked is not None else []
    return (">", record(message(1, hello_body(extensions)))), ("<", record(whole))


GOOD = certificate(common(RELAY), common(SIGNER))
TOR = (talk(GOOD), talk(GOOD, None))
NOT_TOR = (
    talk(certificate(common(RELAY), common(SIGNER), (RELAY,))),  # an alternative name
    talk(certificate(common(SIGNER), common(RELAY))),  # the other way round
    talk(certificate(common(RELAY), common(RELAY))),
    talk(certificate(common(b"www.k2v5xqj.net"), common(SIGNER))),  # too short
    talk(certificate(common(RELAY), common(b"www." + b"a2b3" * 5 + b"c.com"))),  # too long
    talk(certificate(common(b"www.K2v5xqjt7wd.net"), common(SIGNER))),  # no base32
    talk(certificate(common(b"www.k2v5-qjt7wd.net"), common(SIGNER))),
    talk(certificate(common(b"www.k2v5.qjt7wd.net"), common(SIGNER))),
    talk(certificate(common(b"www.k9v5xqjt8wd.net"), common(SIGNER))),
    talk(certificate(common(b"k2v5xqjt7wd.net"), common(SIGNER))),
    talk(certificate(common(b"www.bookshops.net"), common(b"www.certifiers.com"))),  # words
    talk(certificate(common(b"www.bookshop2.net"), common(b"www.certifiers.com"))),
    talk(certificate(common(b"www.k2v5xqjtwd.net"), common(b"www.k2v5xqjtwd.com"))),  # one name
    talk(certificate(distinguished(attribute(CN, 12, RELAY), attribute(ORGANIZATION, 12, b"A")), common(SIGNER))),
    talk(certificate(common(RELAY), distinguished(attribute(CN, 12, SIGNER), attribute(ORGANIZATION, 12, b"A")))),
    talk(certificate(common(RELAY), distinguished())),
    talk(GOOD, RELAY),  # who asks for the server by its name knows it
    talk(GOOD, b"www.example-host.com"),
    talk(b""),
)


@pytest.mark.parametrize("lines", TOR)
@pytest.mark.parametrize("piece", [None, 1])
def test_a_relay_is_told(lines: tuple[Line, ...], piece: int | None) -> None:
    """By subject, issuer and what is not there; with or without a name asked for."""
    names = hear("tcp", *lines, piece=piece)

    assert (names.app_protocol, names.cert_subject, names.tls_version) == ("tor", "CN=" + RELAY.decode(), "1.2")
    assert names.inspected(payload_seen=True) == "metadata"


@pytest.mark.parametrize("lines", NOT_TOR)
def test_what_only_looks_like_one_is_tls(lines: tuple[Line, ...]) -> None:
    """Each lacks one thing that a relay has, or has one more."""
    assert hear("tcp", *lines).app_protocol == "tls"


def test_a_name_that_is_asked_for_tells_nothing() -> None:
    """A hello alone may ask for any name, and sites have such names."""
    assert hear("tcp", (">", record(message(1, hello_body([server_name(ASKED)]))))).app_protocol == "tls"


def test_nearly_all_random_names_are_told() -> None:
    """Names as relays make them: 8 to 20 letters of base32."""
    rng = random.Random(7)  # noqa: S311 - names, not secrets

    def name() -> bytes:
        return "".join(rng.choices("abcdefghijklmnopqrstuvwxyz234567", k=rng.randint(8, 20))).encode()

    made = [CertificateNames(b"CN=www.%b.net" % name(), b"CN=www.%b.com" % name()) for _ in range(5000)]

    assert sum(is_tor(names, None) for names in made) > 0.95 * len(made)


@pytest.mark.skipif(not native_available(), reason="the native extension is not installed")
def test_both_engines_tell_alike(tmp_path: Path) -> None:
    """All of the above through whole engines."""
    frames = [frame for number, lines in enumerate((*TOR, *NOT_TOR)) for frame in frames_of(lines, number)]
    chosen = EngineConfig(HOME, files=(write(tmp_path, frames),))
    native = run("native", chosen)

    assert native.reports["app_protocol"].to_list().count("tor") == len(TOR)
    assert differences(run("portable", chosen), native) == {}
