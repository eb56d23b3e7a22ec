"""TLS hellos, versions, certificates and the places where TLS begins late."""

from __future__ import annotations

import ssl
import struct
from typing import TYPE_CHECKING

import pytest
from tests.engine.apps.speech import (
    Line,
    client_hello,
    extension,
    frames_of,
    handshake,
    hear,
    hello_body,
    message,
    record,
    server_name,
    told,
)
from tests.engine.captures import HOME, write
from tests.engine.oracle import differences, run

from crossborder.engine import EngineConfig, native_available
from crossborder.engine.names import Names
from crossborder.engine.portable.apps import Conversation, DnsNames
from crossborder.engine.portable.apps.ja4 import is_grease, ja4
from crossborder.engine.portable.apps.tls import (
    looks_like_record,
    parse_client_hello,
    parse_server_hello,
    version_name,
)

if TYPE_CHECKING:
    from pathlib import Path

SUBJECT, ISSUER = "CN=www.example.com,O=Example\\, Office,C=VN", "CN=Example Root"


@pytest.mark.parametrize("piece", [None, 1, 3, 100])
@pytest.mark.parametrize("client_at_home", [True, False])
def test_a_handshake_of_tls_1_2(piece: int | None, client_at_home: bool) -> None:
    """Name, ALPN, version and certificate of a real handshake, however cut, whoever opened it."""
    names = hear("tcp", *handshake(ssl.TLSVersion.TLSv1_2), piece=piece, client_at_home=client_at_home)

    known = told(names)
    assert str(known.pop("ja4")).startswith("t12d")
    assert known == {
        "app_protocol": "tls",
        "server_name": "www.example.com",
        "server_name_source": "tls",
        "alpn": "h2",
        "tls_version": "1.2",
        "ech": "none",
        "cert_subject": SUBJECT,
        "cert_issuer": ISSUER,
        "tls_san": ["www.example.com", "*.example.net"],
    }
    assert names.inspected(payload_seen=True) == "metadata"


@pytest.mark.parametrize("piece", [None, 1, 100])
def test_a_handshake_of_tls_1_3(piece: int | None) -> None:
    """The version is the negotiated one; the certificate is encrypted."""
    names = hear("tcp", *handshake(), piece=piece)

    assert names.tls_version == "1.3"
    assert names.cert_subject is None
    assert names.server_name == "www.example.com"


def test_the_version_is_what_the_server_takes() -> None:
    """Offered is 1.3, taken is 1.2."""
    hello = record(message(1, hello_body([extension(43, b"\x04\x03\x04\x03\x03")])))
    answer = record(message(2, b"\x03\x03" + bytes(32) + b"\0\x13\x01\0"))

    assert hear("tcp", (">", hello)).tls_version == "1.3"
    assert hear("tcp", (">", hello), ("<", answer)).tls_version == "1.2"


def test_nothing_more_is_wanted_after_the_handshake() -> None:
    """Once both sides have said what can be read, the conversation is over and its memory free."""
    conversation = Conversation("tcp", Names(), DnsNames())
    wanted = [conversation.feed(side == ">", side == ">", data) for side, data in handshake()]

    assert wanted[0]
    assert wanted[1:] == [False] * (len(wanted) - 1)


def test_a_hello_over_many_records_and_segments() -> None:
    """A message may be spread over records, and a record hold several messages (RFC 8446 5.1)."""
    body = message(1, hello_body([server_name(b"split.example")]))
    stream = b"".join(record(body[at : at + 7]) for at in range(0, len(body), 7))

    assert hear("tcp", (">", stream), piece=5).server_name == "split.example"


@pytest.mark.parametrize("piece", [None, 1])
def test_an_alert_before_the_hello(piece: int | None) -> None:
    """Records of other kinds are passed over, whole or in pieces."""
    hello = record(message(1, hello_body([server_name(b"after.example")])))

    assert hear("tcp", (">", record(b"\1\0", kind=21) + hello), piece=piece).server_name == "after.example"


def test_a_stream_met_in_the_middle_is_tls_and_opaque() -> None:
    """Records of application data tell the protocol and nothing else."""
    names = hear("tcp", (">", record(bytes(100), kind=23, version=0x0303)), initiator_known=False)

    assert told(names) == {"app_protocol": "tls"}
    assert names.inspected(payload_seen=True) == "opaque"


def test_a_gap_leaves_the_name_that_came_before_it() -> None:
    """The second segment of a large hello is lost: its first may name the server. Its fingerprint means nothing."""
    hello = record(message(1, hello_body([server_name(b"half.example"), extension(21, bytes(2000))])))
    names = Names()
    conversation = Conversation("tcp", names, DnsNames())
    conversation.feed(True, True, hello[:1000])
    conversation.gap(True, True)
    conversation.feed(True, True, hello[1500:])

    assert names.server_name == "half.example"
    assert names.ja4 is None
    assert names.ech is None


def test_a_hello_of_the_format_of_ssl_2() -> None:
    """Old clients say hello in the format of SSL 2 and go on in TLS (RFC 5246 E.2)."""
    hello = b"\x01\x03\x01" + struct.pack("!HHH", 6, 0, 16) + b"\0\0\x2f\0\0\x35" + bytes(range(1, 17))
    hello = struct.pack("!H", 0x8000 | len(hello)) + hello
    answer = record(message(2, b"\x03\x01" + bytes(32) + b"\0\x00\x2f\0"))

    for piece in (None, 1):
        names = hear("tcp", (">", hello), ("<", answer), piece=piece)
        assert (names.app_protocol, names.tls_version, names.ja4) == ("tls", "1.0", None)
    assert hear("tcp", (">", bytes([hello[0] & 0x7F]) + hello[1:])).app_protocol is None  # no length of SSL 2


def test_the_first_hello_counts() -> None:
    """After a HelloRetryRequest a second hello comes: fingerprint and name are those of the first."""
    first = record(message(1, hello_body([server_name(b"first.example")], ciphers=(0x1301, 0x1302))))
    second = record(message(1, hello_body([server_name(b"second.example")])))

    once, twice = hear("tcp", (">", first)), hear("tcp", (">", first + second))

    assert told(once) == told(twice)


def test_a_name_without_sni_comes_from_nowhere() -> None:
    """Without SNI there is no name, but the fingerprint says so."""
    names = hear("tcp", *handshake(name=None))

    assert names.server_name is None
    assert (names.ja4 or "")[3] == "i"


INNER_ECH = extension(0xFE0D, b"\1")
SECOND_ECH = extension(0xFE0D, b"\0\0\1\0\1\x2a\0\0\0\x90" + bytes(144))
GREASE_ECH = extension(0xFE0D, b"\0\0\x01\0\x01\x2a\0\x20" + bytes(32) + b"\0\x90" + bytes(144))


@pytest.mark.parametrize(
    ("extensions", "ech"),
    [
        ([server_name(b"www.example.com")], "none"),
        ([server_name(b"www.example.com"), GREASE_ECH], "grease"),
        ([GREASE_ECH], "grease"),
        ([server_name(b"cloudflare-ech.com"), GREASE_ECH], "offered"),
        ([server_name(b"ech.example.net"), GREASE_ECH], "offered"),
        ([server_name(b"technology.example"), GREASE_ECH], "grease"),
        ([server_name(b"cloudflare-ech.com")], "none"),
        ([extension(0xFFCE, bytes(20))], "offered"),
        ([server_name(b"www.example.com"), INNER_ECH], "accepted"),
        ([server_name(b"www.example.com"), SECOND_ECH], "accepted"),
        ([extension(0xFE0D, b"\1\0")], "grease"),  # neither the inner form nor the outer
        ([extension(0xFE0D, b"\2")], "grease"),
        ([extension(0xFE0D, b"\0\0\1\0\1\x2a\0\0\0\0")], "grease"),
        ([extension(0xFE0D, b"\0\0\1\0\1\x2a\0\0\0\x09abc")], "grease"),
        ([extension(0xFE0D, b"")], "grease"),
    ],
)
def test_an_extension_present_is_not_an_extension_used(extensions: list[bytes], ech: str) -> None:
    """Browsers send ECH in every hello; only the outer name of a real configuration tells that it is used."""
    assert hear("tcp", (">", record(message(1, hello_body(extensions))))).ech == ech


RETRY_RANDOM = bytes.fromhex("cf21ad74e59a6111be1d8c021e65b891c2a211167abb8c5e079e09e2c8a8339c")
CCS = record(b"\1", kind=20)


def _hello(*extensions: bytes) -> bytes:
    return record(message(1, hello_body([server_name(b"www.example.com"), *extensions])))


def _answer(random: bytes) -> bytes:
    chosen = extension(43, b"\3\4")
    return record(message(2, b"\3\3" + random + b"\0\x13\1\0" + struct.pack("!H", len(chosen)) + chosen))


RETRY, ANSWER = _answer(RETRY_RANDOM), _answer(bytes(32))
RETRIED = [  # what is said, and what it tells of ECH
    ([(">", _hello(GREASE_ECH)), ("<", RETRY + CCS), (">", CCS + _hello(SECOND_ECH)), ("<", ANSWER)], "accepted"),
    ([(">", _hello(GREASE_ECH)), ("<", RETRY), (">", _hello(SECOND_ECH))], "accepted"),
    ([(">", _hello(GREASE_ECH)), (">", CCS + _hello(SECOND_ECH))], "accepted"),  # the server is heard elsewhere
    ([(">", _hello(GREASE_ECH)), ("<", RETRY), (">", CCS + _hello(GREASE_ECH)), (">", _hello(SECOND_ECH))], "grease"),
    ([(">", _hello(GREASE_ECH)), ("<", ANSWER), (">", CCS + _hello(SECOND_ECH))], "grease"),
    ([(">", _hello(GREASE_ECH) + CCS + record(bytes(9), kind=23)), ("<", RETRY), (">", _hello(SECOND_ECH))], "grease"),
    ([("<", RETRY), (">", _hello(GREASE_ECH)), (">", _hello(SECOND_ECH))], "grease"),
    ([(">", _hello()), ("<", RETRY), (">", CCS + _hello(SECOND_ECH))], "none"),
]


@pytest.mark.parametrize(("lines", "ech"), RETRIED)
@pytest.mark.parametrize("piece", [None, 1, 7])
def test_a_second_hello_tells_that_ech_was_accepted(lines: list[Line], ech: str, piece: int | None) -> None:
    """After a HelloRetryRequest, behind a ChangeCipherSpec that means nothing; it tells nothing else."""
    names = hear("tcp", *lines, piece=piece)

    assert names.ech == ech
    assert names.ja4 == hear("tcp", (">", b"".join(data for side, data in lines if side == ">"))).ja4


@pytest.mark.skipif(not native_available(), reason="the native extension is not installed")
def test_both_engines_hear_second_hellos_alike(tmp_path: Path) -> None:
    """The same through whole engines."""
    frames = [frame for number, (lines, _) in enumerate(RETRIED) for frame in frames_of(lines, number)]
    chosen = EngineConfig(HOME, files=(write(tmp_path, frames),))
    native = run("native", chosen)

    assert sorted(native.reports["ech"].to_list()) == sorted(ech for _, ech in RETRIED)
    assert differences(run("portable", chosen), native) == {}


def test_versions_have_names() -> None:
    """Known versions, drafts of 1.3, DTLS and the rest."""
    assert [version_name(v) for v in (0x0300, 0x0301, 0x0304, 0x7F16, 0xFB1A, 0xFEFD, 0x0505)] == [
        "ssl3",
        "1.0",
        "1.3",
        "1.3",
        "1.3",
        "1.2",
        "0x0505",
    ]


def test_extensions_that_break_off_leave_those_before() -> None:
    """A hello that lies about its extensions still says what stands in front."""
    body = hello_body([server_name(b"a.example"), extension(16, b"\0\x03\x02h2")])

    hello = parse_client_hello(body[:-2])

    assert hello is not None
    assert hello.server_name == b"a.example"
    assert not hello.whole


@pytest.mark.parametrize("body", [b"", bytes(34), b"\x03\x03" + bytes(32) + b"\xff"])
def test_what_is_no_hello(body: bytes) -> None:
    """A body that ends before the cipher suites is none, of client or server."""
    assert parse_client_hello(body) is None
    assert parse_server_hello(body) is None


def test_record_headers() -> None:
    """Undecided, yes and no."""
    assert looks_like_record(b"\x16\x03") is None
    assert looks_like_record(b"\x16\x03\x01\x00\x05")
    assert looks_like_record(b"\x16\x02\x01\x00\x05") is False
    assert looks_like_record(b"\x16\x03\x01\xff\xff") is False
    assert looks_like_record(b"\x30") is False


def test_ja4_of_the_specification() -> None:
    """The example that the specification of JA4 works through, GREASE in every list."""
    ciphers = (0x1301, 0x1302, 0x1303, 0xC02B, 0xC02F, 0xC02C, 0xC030, 0xCCA9, 0xCCA8, 0xC013, 0xC014, 0x9C, 0x9D)
    numbers = (0x1B, 0x00, 0x33, 0x10, 0x4469, 0x17, 0x2D, 0x0D, 0x05, 0x23, 0x12, 0x2B, 0xFF01, 0x0B, 0x0A, 0x15)
    algorithms = b"".join(
        struct.pack("!H", a) for a in (0xCACA, 0x403, 0x804, 0x401, 0x503, 0x805, 0x501, 0x806, 0x601)
    )
    bodies = {
        0x10: b"\0\x0c\x02h2\x08http/1.1",
        0x0D: struct.pack("!H", len(algorithms)) + algorithms,
        0x2B: b"\x06\x6a\x6a\x03\x04\x03\x03",
    }
    extensions = [extension(0x3A3A, b"")] + [extension(number, bodies.get(number, b"")) for number in numbers]
    hello = parse_client_hello(hello_body(extensions, ciphers=(0xAAAA, *ciphers, 0x2F, 0x35)))

    assert hello is not None
    assert ja4(hello, "t") == "t13d1516h2_8daaf6152771_e5627efa2ab1"


@pytest.mark.parametrize(
    ("alpn", "told_as"),
    [
        (b"h2", "h2"),
        (b"http/1.1", "h1"),
        (b"x", "xx"),
        (b"\xab\xcd", "ad"),
        (b"0\xab", "3b"),
        (b"\xab", "ab"),
        (b"", "00"),
    ],
)
def test_ja4_of_alpn(alpn: bytes, told_as: str) -> None:
    """First and last character; of the hex form where one is no letter or digit of ASCII."""
    values = bytes([len(alpn)]) + alpn
    hello = parse_client_hello(hello_body([extension(16, struct.pack("!H", len(values)) + values)]))

    assert hello is not None
    assert ja4(hello, "q")[8:10] == told_as


def test_ja4_without_anything() -> None:
    """A hello without extensions, and one whose counts pass two digits."""
    hello = parse_client_hello(hello_body([], ciphers=(), version=0x0300))
    many = parse_client_hello(hello_body([], ciphers=tuple(range(120))))

    assert hello is not None
    assert ja4(hello, "t") == "ts3i000000_000000000000_000000000000"
    assert many is not None
    assert ja4(many, "d")[4:6] == "99"


def test_grease_values() -> None:
    """The sixteen values of RFC 8701, and neighbours."""
    assert [value for value in range(0x10000) if is_grease(value)] == [0x0A0A + 0x1010 * n for n in range(16)]


def _pgsql() -> list[Line]:
    return [(">", b"\0\0\0\x08\x04\xd2\x16\x2f"), ("<", b"S")]


def _mysql() -> list[Line]:
    greeting = b"\x0a8.0.36\0" + bytes(4) + b"abcdefgh\0" + bytes(40)
    return [
        ("<", len(greeting).to_bytes(3, "little") + b"\0" + greeting),
        (">", b"\x20\0\0\x01" + struct.pack("<IIB", 0x0800, 1 << 24, 45) + bytes(23)),
    ]


def _ldap() -> list[Line]:
    oid = b"1.3.6.1.4.1.1466.20037"
    request = b"\x02\x01\x01\x77" + bytes([len(oid) + 2]) + b"\x80" + bytes([len(oid)]) + oid
    return [(">", b"\x30" + bytes([len(request)]) + request), ("<", b"\x30\x0c\x02\x01\x01\x78\x07\x0a\x01\0\4\0\4\0")]


def _rdp() -> list[Line]:
    return [
        (">", bytes.fromhex("030000130ee00000000000010008000b000000")),
        ("<", bytes.fromhex("030000130ed000001234000200080001000000")),
    ]


STARTED_LATE = {
    "smtp": [
        ("<", b"220 mx.example.com ESMTP\r\n"),
        (">", b"EHLO a\r\n"),
        ("<", b"250-mx\r\n250 STARTTLS\r\n"),
        (">", b"STARTTLS\r\n"),
        ("<", b"220 go\r\n"),
    ],
    "ftp": [("<", b"220 ProFTPD FTP server\r\n"), (">", b"AUTH TLS\r\n"), ("<", b"234 go\r\n")],
    "imap": [("<", b"* OK IMAP4rev1 ready\r\n"), (">", b"a STARTTLS\r\n"), ("<", b"a OK go\r\n")],
    "pop3": [("<", b"+OK POP3 ready\r\n"), (">", b"STLS\r\n"), ("<", b"+OK go\r\n")],
    "postgresql": _pgsql(),
    "mysql": _mysql(),
    "ldap": _ldap(),
    "rdp": _rdp(),
    "xmpp": [
        (">", b"<?xml version='1.0'?><stream:stream to='example.com'>\n"),
        ("<", b"<stream:features/>\n"),
        (">", b"<starttls/>\n"),
        ("<", b"<proceed/>\n"),
    ],
}


@pytest.mark.parametrize("piece", [None, 1, 4])
@pytest.mark.parametrize("protocol", STARTED_LATE)
def test_tls_that_starts_late(protocol: str, piece: int | None) -> None:
    """STARTTLS and its like: the flow keeps its protocol, tells the server's name, and is no longer cleartext."""
    names = hear("tcp", *STARTED_LATE[protocol], *handshake(ssl.TLSVersion.TLSv1_2), piece=piece)

    assert names.app_protocol == protocol
    assert (names.server_name, names.server_name_source) == ("www.example.com", "tls")
    assert (names.tls_version, names.cert_subject) == ("1.2", SUBJECT)
    assert names.inspected(payload_seen=True) == "metadata"


@pytest.mark.parametrize("protocol", STARTED_LATE)
def test_without_tls_the_protocol_stays_what_it_is(protocol: str) -> None:
    """What was said before is in the clear, but for RDP, which has ciphers of its own."""
    names = hear("tcp", *STARTED_LATE[protocol])

    assert names.app_protocol == protocol
    assert names.inspected(payload_seen=True) == ("opaque" if protocol == "rdp" else "cleartext")


def _dtls(body: bytes, size: int, cookie: bytes = b"") -> list[bytes]:
    at = 35 + body[34]
    body = body[:at] + bytes([len(cookie)]) + cookie + body[at:]
    return [
        b"\x16\xfe\xff\0\0" + bytes(6) + struct.pack("!H", len(piece) + 12)
        + b"\x01" + len(body).to_bytes(3, "big") + b"\0\0"
        + start.to_bytes(3, "big") + len(piece).to_bytes(3, "big") + piece
        for start in range(0, len(body), size)
        for piece in [body[start : start + size]]
    ]  # fmt: skip


@pytest.mark.parametrize("size", [1000, 20])
def test_dtls_in_fragments_out_of_order(size: int) -> None:
    """A hello over UDP comes in fragments, in any order (RFC 6347 4.2.3)."""
    body = hello_body([server_name(b"vpn.example.com"), extension(16, b"\0\x07\x06webrtc")], version=0xFEFD)
    names = hear("udp", *((">", datagram) for datagram in reversed(_dtls(body, size, b"cookie"))))

    assert told(names) == {
        "app_protocol": "dtls",
        "server_name": "vpn.example.com",
        "server_name_source": "tls",
        "alpn": "webrtc",
        "tls_version": "1.2",
        "ech": "none",
        "ja4": names.ja4,
    }
    assert (names.ja4 or "").startswith("dd2d0102wc")


def test_a_real_hello_passes_for_itself() -> None:
    """The record that OpenSSL makes is taken by the probe at its first bytes."""
    hello = client_hello()

    assert hear("tcp", (">", hello[:5])).app_protocol == "tls"
    assert hear("tcp", (">", hello[:4])).app_protocol is None


def test_fragments_that_lie_do_not_stand_in_the_way() -> None:
    """Fragments over the end of their message are left out; of two at the same place the first counts."""
    good = _dtls(hello_body([server_name(b"vpn.example.com")], version=0xFEFD), 1000)[0]
    over = good[:22] + b"\0\x40\0" + good[25:]  # the same, said to lie further on

    assert hear("udp", (">", over)).server_name is None
    assert hear("udp", (">", over), (">", good)).server_name == "vpn.example.com"
