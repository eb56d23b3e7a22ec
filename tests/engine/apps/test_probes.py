"""Which protocol is spoken, told by the first bytes and never by a port."""

from __future__ import annotations

import struct

import pytest
from tests.engine.apps.speech import Line, client_hello, dns_message, hear, labels, question

from crossborder.engine.names import Names
from crossborder.engine.portable.apps import Conversation, DnsNames
from crossborder.engine.portable.apps.datagramprobes import DATAGRAM_PROBES
from crossborder.engine.portable.apps.listen import STREAM_LIMIT
from crossborder.engine.portable.apps.probes import STREAM_PROBES


def _dicom() -> bytes:
    return b"\x01\0\0\0\0\xcd\0\x01\0\0" + b"ANY-SCP".ljust(16) + b"ECHOSCU".ljust(16) + bytes(32)


def _tns() -> bytes:
    text = b"(DESCRIPTION=(CONNECT_DATA=(SERVICE_NAME=x)))"
    return struct.pack("!HHBB", 58 + len(text), 0, 1, 0) + bytes(52) + text


def _rpc(program: int) -> bytes:
    return struct.pack("!IIIIII", 0x7E57, 0, 2, program, 3, 1) + bytes(16)


STREAMS: dict[str, list[list[Line]]] = {
    "tls": [[(">", b"\x16\x03\x01\x02\0\x01\0\x01\xfc")], [("<", b"\x17\x03\x03\0\x20" + bytes(32))]],
    "ssh": [[("<", b"SSH-2.0-OpenSSH_9.6\r\n")]],
    "smtp": [
        [("<", b"220 mail.example.com ESMTP\r\n")],
        [("<", b"220 mail.example.com ready\r\n"), (">", b"EHLO x\r\n")],
        [(">", b"HELO x\r\n")],
        [(">", b"LHLO x\r\n")],
    ],
    "ftp": [
        [("<", b"220-Welcome\r\n220 FTP\r\n")],
        [("<", b"220 ready\r\n"), (">", b"USER anonymous\r\n")],
        [(">", b"PASV\r\n")],
    ],
    "pop3": [[("<", b"+OK Dovecot POP ready\r\n")], [("<", b"+OK ready\r\n"), (">", b"CAPA\r\n")]],
    "imap": [[("<", b"* OK [CAPABILITY IMAP4rev1] ready\r\n")], [(">", b"a1 LOGIN user pw\r\n")]],
    "rdp": [
        [(">", b"\x03\0\0\x2b\x26\xe0\0\0\0\0\0Cookie: mstshash=user\r\n\x01\0\x08\0\x03\0\0\0")],
        [("<", bytes.fromhex("030000130ed000001234000200080002000000"))],
        [(">", bytes.fromhex("0300000b06e00000000000"))],
    ],
    "mysql": [[("<", b"\x4a\0\0\0\x0a8.0.36\0" + bytes(66))]],
    "postgresql": [
        [(">", struct.pack("!II", 25, 0x30000) + b"user\0app\0\0" + bytes(7))],
        [("<", b"R\0\0\0\x08\0\0\0\0" + b"Z\0\0\0\x05I")],
        [(">", b"Q\0\0\0\x16select * from t;\0")],
    ],
    "tds": [[(">", b"\x12\x01\0\x2f\0\0\x01\0\0\0\x1a" + bytes(36))]],
    "oracle": [[(">", _tns())]],
    "mongodb": [[(">", struct.pack("<IIII", 60, 1, 0, 2013) + bytes(44))]],
    "cassandra": [[(">", b"\x04\0\0\0\x01\0\0\0\x16\0\x01\0\x0bCQL_VERSION\0\x053.0.0")],
                  [(">", b"\x04\0\0\0\x05\0\0\0\0" + bytes(20))]],
    "memcached": [[(">", b"set key 0 900 5\r\nhello\r\n")], [("<", b"VALUE key 0 5\r\nhello\r\nEND\r\n")]],
    "redis": [[(">", b"*2\r\n$3\r\nGET\r\n$1\r\nk\r\n")]],
    "ldap": [[(">", b"\x30\x0c\x02\x01\x01\x60\x07\x02\x01\x03\x04\0\x80\0")]],
    "sip": [[(">", b"REGISTER sip:example.com SIP/2.0\r\nVia: x\r\n")], [("<", b"SIP/2.0 200 OK\r\n")]],
    "rtsp": [[(">", b"OPTIONS rtsp://cam.example/1 RTSP/1.0\r\n")]],
    "mqtt": [[(">", b"\x10\x10\0\x04MQTT\x04\x02\0\x3c\0\x04abcd")]],
    "amqp": [[(">", b"AMQP\0\0\x09\x01")]],
    "xmpp": [[(">", b"<?xml version='1.0'?><stream:stream to='x'>")]],
    "bittorrent": [[(">", b"\x13BitTorrent protocol" + bytes(48))]],
    "rfb": [[("<", b"RFB 003.008\n")]],
    "nfs": [[(">", struct.pack("!I", 0x80000000 | 40) + _rpc(100_003))]],
    "sunrpc": [[(">", struct.pack("!I", 0x80000000 | 40) + _rpc(100_000))],
               [("<", struct.pack("!IIIIIII", 0x80000018, 9, 1, 0, 0, 0, 0))]],
    "telnet": [[("<", b"\xff\xfd\x18\xff\xfd\x20")]],
    "dicom": [[(">", _dicom())]],
    "hl7": [[(">", b"\x0bMSH|^~\\&|LAB|HOSPITAL|\r")]],
    "rsync": [[("<", b"@RSYNCD: 31.0\n")]],
    "git": [[(">", b"0032git-upload-pack /project.git\0host=example.com\0\n")]],
    "irc": [[(">", b"NICK someone\r\nUSER a 0 * :b\r\n")]],
    "syslog": [[(">", b"<34>1 2026-01-01T00:00:00Z host app - - - text\n")],
               [(">", b"52 <34>1 2026-01-01T00:00:00Z host app - - - text\n")]],
    "socks": [[(">", b"\x05\x01\0"), ("<", b"\x05\0")],
              [(">", b"\x04\x01\0\x50\xcb\0\x71\x07\0"), ("<", b"\0\x5a" + bytes(6))]],
    "dnp3": [[(">", b"\x05\x64\x05\xc0\x01\0\0\x04\xe9\x21")]],
    "pptp": [[(">", b"\0\x9c\0\x01\x1a\x2b\x3c\x4d\0\x01" + bytes(146))]],
    "openvpn": [[(">", b"\0\x0e\x38" + bytes(range(1, 9)) + bytes(5))]],
    "bgp": [[(">", b"\xff" * 16 + b"\0\x1d\x01\x04")]],
    "dns": [[(">", b"\0\x21" + dns_message(question(b"www.example.com")))]],
    "http": [[(">", b"GET / HTTP/1.1\r\n")], [("<", b"HTTP/1.1 200 OK\r\n")]],
    "http2": [[(">", b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n")]],
    "smb": [[(">", b"\0\0\0\x9b\xffSMBr" + bytes(30))]],
}  # fmt: skip

DATAGRAMS: dict[str, list[Line]] = {
    "dns": [(">", dns_message(question(b"www.example.com")))],
    "mdns": [
        ("<", b"\0\0\x84\0\0\0\0\x01\0\0\0\0" + labels(b"a.local") + b"\0\x01\x80\x01\0\0\0\x78\0\x04\xc0\0\x02\1")
    ],
    "nbns": [
        (">", b"\x12\x34\x01\x10\0\x01\0\0\0\0\0\0\x20" + b"CKAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA" + b"\0\0\x21\0\x01")
    ],
    "stun": [(">", b"\0\x01\0\0\x21\x12\xa4\x42" + bytes(12))],
    "dhcp": [(">", b"\x01\x01\x06\0" + bytes(232) + b"\x63\x82\x53\x63\x35\x01\x01\xff")],
    "isakmp": [(">", bytes(range(1, 9)) + bytes(8) + b"\x21\x20\x22\x08\0\0\0\0\0\0\0\x40" + bytes(36))],
    "ipsec": [(">", bytes(4) + bytes(range(1, 9)) + bytes(8) + b"\x21\x20\x22\x08\0\0\0\0\0\0\0\x40" + bytes(36))],
    "wireguard": [(">", b"\x01\0\0\0" + bytes(144))],
    "openvpn": [(">", b"\x38" + bytes(range(1, 9)) + bytes(5))],
    "l2tp": [(">", b"\xc8\x02\0\x0c" + bytes(8))],
    "ntp": [(">", b"\x23\0\x06\xec" + bytes(44))],
    "snmp": [(">", b"\x30\x29\x02\x01\x01\x04\x06public" + bytes(30))],
    "ldap": [(">", b"\x30\x84\0\0\0\x2d\x02\x01\x01\x63\x84\0\0\0\x24" + bytes(36))],
    "sip": [(">", b"INVITE sip:b@example.com SIP/2.0\r\n")],
    "ssdp": [(">", b"M-SEARCH * HTTP/1.1\r\nHost: x\r\n")],
    "bittorrent": [(">", b"d1:ad2:id20:" + bytes(20) + b"e1:q4:ping1:t2:aa1:y1:qe")],
    "syslog": [(">", b"<13>Jan  1 00:00:00 host app: text")],
    "nfs": [(">", _rpc(100_003))],
    "sunrpc": [(">", _rpc(100_000))],
    "radius": [(">", b"\x01\x07\0\x1b" + bytes(16) + b"\x01\x07alice")],
    "tftp": [(">", b"\0\x01a.cfg\0octet\0")],
    "esp": [
        (">", b"\x12\x34\x56\x78\0\0\0\x01" + bytes(range(56))),
        (">", b"\x12\x34\x56\x78\0\0\0\x02" + bytes(range(56))),
    ],
    "rtp": [
        (">", b"\x80\x60\xff\xff\0\0\x10\0\x12\x34\x56\x78" + bytes(160)),
        (">", b"\x80\xe0\0\0\0\0\x10\xa0\x12\x34\x56\x78" + bytes(160)),
        (">", b"\x80\x60\0\1\0\0\x11\x40\x12\x34\x56\x78" + bytes(160)),
    ],
    "quic": [(">", b"\xc0\xff\0\0\x20\x08abcdefgh\0" + bytes(40))],
    "dtls": [(">", b"\x16\xfe\xfd\0\0" + bytes(6) + b"\0\x0e\x10" + bytes(13))],
}

CASES = [(protocol, lines) for protocol, plays in STREAMS.items() for lines in plays]


@pytest.mark.parametrize("piece", [None, 1, 3])
@pytest.mark.parametrize(("protocol", "lines"), CASES, ids=[f"{p}-{i}" for i, (p, _) in enumerate(CASES)])
def test_streams_are_told_apart(protocol: str, lines: list[Line], piece: int | None) -> None:
    """By their first bytes, however these come."""
    assert hear("tcp", *lines, piece=piece).app_protocol == protocol


@pytest.mark.parametrize("protocol", DATAGRAMS)
def test_datagrams_are_told_apart(protocol: str) -> None:
    """By one datagram, or by two where one cannot tell."""
    assert hear("udp", *DATAGRAMS[protocol]).app_protocol == protocol


def test_every_probe_has_a_case() -> None:
    """A protocol is added together with bytes that show it."""
    assert {probe.protocol for probe in STREAM_PROBES} == set(STREAMS)
    assert {probe.protocol for probe in DATAGRAM_PROBES} == set(DATAGRAMS)


def test_media_may_be_encrypted() -> None:
    """RTP and SRTP look alike: neither counts as readable, however many datagrams come."""
    assert hear("udp", *DATAGRAMS["rtp"]).inspected(payload_seen=True) == "opaque"


@pytest.mark.parametrize("transport", ["tcp", "udp"])
@pytest.mark.parametrize("data", [bytes(64), b"\xff" * 64, b"\x80" * 64, bytes(range(256)), b"A" * 64])
def test_nothing_is_told_of_what_nobody_speaks(transport: str, data: bytes) -> None:
    """Plain patterns are no protocol."""
    assert hear(transport, (">", data), ("<", data)).app_protocol in {None, "bgp"}


@pytest.mark.parametrize(
    ("data", "inspection"),
    [
        (b"12:Hello world", "cleartext"),
        ("Họ tên: Nguyễn Văn A; số định danh: …\n".encode(), "cleartext"),
        ("Họ tên: Nguyễn Văn A, sinh ngày 1 tháng 1\n".encode("cp1258", "replace"), "cleartext"),
        (b"\xff\xfe" + "chữ".encode("utf-16-le"), "cleartext"),
        (b"PK\x03\x04" + bytes(range(200)), "cleartext"),
        (bytes(range(200)), "opaque"),
        (bytes(range(128, 256)), "opaque"),
        (b"ab", "opaque"),
    ],
)
@pytest.mark.parametrize("piece", [None, 1])
def test_what_can_be_read_of_an_unknown_protocol(data: bytes, inspection: str, piece: int | None) -> None:
    """Text and files of known formats are cleartext; what cannot be read counts as what hides."""
    names = hear("tcp", (">", data), piece=piece)

    assert names.app_protocol is None
    assert names.inspected(payload_seen=True) == inspection


def test_a_file_on_a_bare_stream_has_a_type() -> None:
    """As in a data connection of FTP; only one that goes out is told."""
    assert hear("tcp", (">", b"%PDF-1.7\n")).file_types == ["application/pdf"]
    assert hear("tcp", ("<", b"%PDF-1.7\n")).file_types is None


def test_one_side_that_is_unknown_may_be_explained_by_the_other() -> None:
    """The client says something odd, the server answers in HTTP."""
    assert hear("tcp", (">", b"\0\0\0\0odd"), ("<", b"HTTP/1.1 400 Bad Request\r\n\r\n")).app_protocol == "http"


def test_listening_ends() -> None:
    """Neither a stream nor datagrams of an unknown protocol are kept for long."""
    stream = Conversation("tcp", Names(), DnsNames())
    fed = 0
    while stream.feed(True, True, b"\0\1\2\3" * 25):
        fed += 100
    assert fed <= STREAM_LIMIT

    datagrams = Conversation("udp", Names(), DnsNames())
    assert [datagrams.feed(True, True, bytes(30)) for _ in range(8)] == [True] * 7 + [False]


def test_other_transports_have_no_content() -> None:
    """What is neither TCP nor UDP is not followed."""
    assert not Conversation("sctp", Names(), DnsNames()).feed(True, True, b"GET / HTTP/1.1\r\n")


@pytest.mark.parametrize("piece", [None, 1])
@pytest.mark.parametrize(
    "lines",
    [
        [(">", b"\x05\x02\0\x02"), ("<", b"\x05\x02"), (">", b"\x01\x01u\x02pw"), ("<", b"\x01\0"),
         (">", b"\x05\x01\0\x03\x09a.example\x01\xbb"), ("<", b"\x05\0\0\x01\xcb\0\x71\x07\x01\xbb")],
        [(">", b"\x05\x01\0"), ("<", b"\x05\0"), (">", b"\x05\x01\0\x04" + bytes(16) + b"\x01\xbb"),
         ("<", b"\x05\0\0\x01" + bytes(6))],
        [(">", b"\x04\x01\x01\xbb\0\0\0\x01me\0a.example\0"), ("<", b"\0\x5a" + bytes(6))],
    ],
)  # fmt: skip
def test_what_is_behind_a_proxy(lines: list[Line], piece: int | None) -> None:
    """SOCKS hands the connection on; the flow is called by what is inside, whichever side begins there."""
    tls = hear("tcp", *lines, (">", client_hello("inner.example")), piece=piece)
    ssh = hear("tcp", *lines, ("<", b"SSH-2.0-x\r\n"), piece=piece)

    assert (tls.app_protocol, tls.server_name) == ("tls", "inner.example")
    assert ssh.app_protocol == "ssh"


@pytest.mark.parametrize("piece", [None, 1])
def test_a_greeting_without_end_ends_at_its_limit(piece: int | None) -> None:
    """A user's name of SOCKS 4 that never ends: what is behind the limit is what is inside."""
    lines = [(">", b"\x04\x01\0\x50\xcb\0\x71\x07u"), ("<", b"\0\x5a" + bytes(6)), (">", b"u" * 1015)]

    assert hear("tcp", *lines, (">", b"GET / HTTP/1.1\r\n\r\n"), piece=piece).app_protocol == "http"


@pytest.mark.parametrize("piece", [None, 1, 3])
def test_a_line_may_begin_like_a_record(piece: int | None) -> None:
    """Three bytes that begin a TLS record and end a line: TLS is noticed on the next."""
    names = hear("tcp", (">", b"NICK a\r\n"), (">", b"\x16\x03\n" + client_hello("inner.example")), piece=piece)

    assert names.server_name == "inner.example"


def test_proxies_in_proxies_have_an_end() -> None:
    """A few protocols inside each other are followed, not any number."""
    layer: list[Line] = [(">", b"CONNECT a.example:1 HTTP/1.1\r\n\r\n"), ("<", b"HTTP/1.1 200 OK\r\n\r\n")]
    conversation = Conversation("tcp", Names(), DnsNames())

    wanted = [conversation.feed(side == ">", side == ">", data) for _ in range(10) for side, data in layer]

    assert wanted[0]
    assert not wanted[-1]
