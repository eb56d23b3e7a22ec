"""How streams are told apart by their first bytes: one probe a protocol, one table, cheap rejects first.

Ports are never asked.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Final

from crossborder.engine.portable.apps import ftp, http, http2, mail, smb, socks, tls, watch
from crossborder.engine.portable.apps.dnstalk import DnsStream, stream_looks_like_dns
from crossborder.engine.portable.apps.httptalk import HttpTalk
from crossborder.engine.portable.apps.linetalk import LineTalk
from crossborder.engine.portable.apps.mailbox import MailboxTalk
from crossborder.engine.portable.apps.probe import Probe
from crossborder.engine.portable.apps.tlstalk import TlsTalk
from crossborder.model import Inspection

if TYPE_CHECKING:
    from collections.abc import Callable

    from crossborder.engine.names import Names
    from crossborder.engine.portable.apps.probe import Test
    from crossborder.engine.portable.apps.talk import Scene, Talk

    Make = Callable[[Scene], Talk]

OPAQUE = Inspection.OPAQUE.value
MAX_LINE = 512  # bytes in which a first line must end


def _begins(*starts: bytes) -> Test:
    def test(head: bytes, other: bytes) -> bool | None:
        del other
        if head.startswith(starts):
            return True
        return None if any(start.startswith(head) for start in starts) else False

    return test


def _first_line(pattern: bytes) -> Test:
    """Match the whole first line, its end cut off."""
    compiled = re.compile(pattern, re.IGNORECASE | re.DOTALL)

    def test(head: bytes, other: bytes) -> bool | None:
        del other
        line, end, _ = head[:MAX_LINE].partition(b"\n")
        if _BINARY.search(line):
            return False
        if end:
            return compiled.fullmatch(line.rstrip(b"\r")) is not None
        return _until(head, MAX_LINE)

    return test


_BINARY = re.compile(rb"[\x00-\x08\x0e-\x1f\x7f]")


def _says(commands: frozenset[bytes], greeting: bytes, wanted: bytes) -> Test:
    """Match a protocol whose server greets first, by the greeting's words or by the client's first command."""

    def test(head: bytes, other: bytes) -> bool | None:
        if head.startswith(greeting):
            banner = head[:MAX_LINE].upper()
            return True if wanted in banner else (None if len(head) < MAX_LINE else False)
        if greeting.startswith(head[: len(greeting)]):
            return None
        word = re.split(rb"[ \r\n]", head[:16], maxsplit=1)
        if len(word) < 2:
            return None if any(command.startswith(word[0].upper()) for command in commands) else False
        return word[0].upper() in commands and (not other or greeting.startswith(other[: len(greeting)]))

    return test


def _tls(head: bytes, other: bytes) -> bool | None:
    del other
    return tls.looks_like_record(head[: tls.RECORD_HEADER])


def _ssl2(head: bytes, other: bytes) -> bool | None:
    del other
    return tls.looks_like_ssl2_hello(head)


def _http(head: bytes, other: bytes) -> bool | None:
    del other
    return http.looks_like_http(head)


def _http2(head: bytes, other: bytes) -> bool | None:
    del other
    return http2.looks_like_http2(head)


def _dns(head: bytes, other: bytes) -> bool | None:
    del other
    return stream_looks_like_dns(head)


def _smb(head: bytes, other: bytes) -> bool | None:
    del other
    return smb.looks_like_smb(head)


def _rdp(head: bytes, other: bytes) -> bool | None:
    """TPKT with an X.224 connection request or confirm ([MS-RDPBCGR] 2.2.1.1); S7 and MMS begin alike."""
    del other
    if not b"\x03\x00".startswith(head[:2]) or head[5:6] not in {b"", b"\xe0", b"\xd0"}:
        return False
    if len(head) < 11 or (head[4] != 6 and len(head) < 13):
        return None
    return head[4] == 6 or head[11] in {1, 2, 3} or head[11:13] == b"Co"


def _mysql(head: bytes, other: bytes) -> bool | None:
    """The server's greeting, protocol 10: length, sequence 0, 10, a version that begins with a digit."""
    del other
    if head[3:5] not in {b"", b"\x00", b"\x00\x0a"} or head[2:3] not in {b"", b"\x00"}:
        return False
    if len(head) < 9:
        return None
    return re.match(rb"\d{1,2}\.\d", head[5:9]) is not None and int.from_bytes(head[:3], "little") < MAX_LINE


def _pgsql(head: bytes, other: bytes) -> bool | None:
    """A start-up, SSL, GSS or cancel request, an answer to one, or a simple query in mid-stream."""
    del other
    if head[:1] in {b"Q", b"R"}:
        if len(head) < 12:
            return None if head[1:2] in {b"", b"\x00"} else False
        size = int.from_bytes(head[1:5], "big")
        if head[:1] == b"R":
            return size in {8, 12, 23, 42} and int.from_bytes(head[5:9], "big") <= 12
        return size < 1 << 24 and re.match(rb"[A-Za-z]{4,}[\s;\0]", head[5:32]) is not None
    if head[:1] not in {b"", b"\x00"}:
        return False
    if len(head) < 8:
        return None
    code = int.from_bytes(head[4:8], "big")
    size = int.from_bytes(head[:4], "big")
    return (code == 0x0003_0000 and 8 < size < 10_000) or (size in {8, 16} and 80_877_102 <= code <= 80_877_104)


def _mongodb(head: bytes, other: bytes) -> bool | None:
    """The header of a wire message: length, ids, operation code, little-endian."""
    del other
    if head[3:4] not in {b"", b"\x00", b"\x01", b"\x02"}:
        return False
    if len(head) < 16:
        return None
    operation = int.from_bytes(head[12:16], "little")
    return operation in {2004, 2005, 2010, 2011, 2012, 2013} and int.from_bytes(head[:4], "little") >= 16


def _ldap(head: bytes, other: bytes) -> bool | None:
    """A sequence, a small message id, an operation of class application (RFC 4511 4.1.1)."""
    del other
    found = re.match(rb"\x30(?:[\x05-\x7f]|\x81.|\x82..|\x83...|\x84....)\x02[\x01-\x04]", head[:8], re.DOTALL)
    if not found:
        return None if len(head) < 8 and head[:1] in {b"", b"\x30"} else False
    at = found.end() + head[found.end() - 1]
    return 0x60 <= head[at] <= 0x79 or head[at] in {0x42, 0x4A, 0x50} if len(head) > at else None


def _mqtt(head: bytes, other: bytes) -> bool | None:
    """CONNECT: its type, a length of up to four bytes, the protocol's name (MQTT 5.0, 3.1)."""
    del other
    if head[:1] not in {b"", b"\x10"}:
        return False
    found = re.match(rb"\x10[\x80-\xff]{0,3}[\x00-\x7f]\x00(?:\x04MQTT|\x06MQIsdp)", head)
    return True if found else (None if len(head) < 13 else False)


def _openvpn(head: bytes, other: bytes) -> bool | None:
    """A hard reset of the client (opcode 7) or server (8), key 0, behind a length of two bytes."""
    del other
    if head[:1] not in {b"", b"\x00"} or head[2:3] not in {b"", b"\x38", b"\x40"}:
        return False
    if len(head) < 3:
        return None
    return head[1] in OPENVPN_RESETS


OPENVPN_RESETS: Final = frozenset({14, 26, 38, 42, 50, 54, 62, 66, 86, 98})
"""Lengths of OpenVPN resets: bare, or with the HMAC of tls-auth or tls-crypt, and with an acknowledgement."""


def _sunrpc(head: bytes, other: bytes) -> bool | None:
    """A record mark, then a call of version 2 or an answer (RFC 5531 9, 11)."""
    del other
    if head[:1] not in {b"", b"\x80"}:
        return False
    return None if len(head) < 24 else sunrpc_message(head[4:])


def sunrpc_message(message: bytes) -> bool:
    """Tell whether a message is a call or an answer of ONC RPC (RFC 5531 9)."""
    kind = int.from_bytes(message[4:8], "big")
    state = int.from_bytes(message[8:12], "big")
    if kind == 0:
        return state == 2 and 100_000 <= int.from_bytes(message[12:16], "big") < 0x6000_0000
    return kind == 1 and state <= 1 and int.from_bytes(message[12:16], "big") <= 7


def _nfs(head: bytes, other: bytes) -> bool | None:
    called = _sunrpc(head, other)
    return called and head[8:12] == b"\0\0\0\0" and int.from_bytes(head[16:20], "big") == 100_003


def _telnet(head: bytes, other: bytes) -> bool | None:
    """A negotiation (RFC 854): IAC, a verb, an option that exists."""
    del other
    if not b"\xff".startswith(head[:1]):
        return False
    if len(head) < 3:
        return None
    return 0xFA <= head[1] <= 0xFE and (head[2] <= 50 or head[2] == 0xFF)


def _tds(head: bytes, other: bytes) -> bool | None:
    """PRELOGIN of MS SQL Server ([MS-TDS] 2.2.3.1, 2.2.6.5): first and last packet, first option VERSION."""
    del other
    if not b"\x12\x01".startswith(head[:2]):
        return False
    return None if len(head) < 9 else head[4:6] == b"\0\0" and head[7:9] == b"\0\0"


def _oracle(head: bytes, other: bytes) -> bool | None:
    """A connect packet of TNS: length, no checksum, type 1, a description."""
    del other
    if head[2:4] not in {b"", b"\0", b"\0\0"} or head[4:6] not in {b"", b"\x01", b"\x01\0"}:
        return False
    return True if b"(DESCRIPTION" in head.upper() or b"(CONNECT_DATA" in head.upper() else _until(head, MAX_LINE)


def _cassandra(head: bytes, other: bytes) -> bool | None:
    """STARTUP of the native protocol, versions 3 to 5: opcode 1, a map that names the CQL version."""
    del other
    if head[:1] not in {b"", b"\x03", b"\x04", b"\x05"} or head[4:5] not in {b"", b"\x01", b"\x05"}:
        return False
    return None if len(head) < 24 else b"CQL_VERSION" in head or head[4:9] == b"\x05\0\0\0\0"


def _dicom(head: bytes, other: bytes) -> bool | None:
    """A-ASSOCIATE request or acceptance (DICOM PS3.8 9.3): version 1, two printable titles of 16 bytes."""
    del other
    if head[:1] not in {b"", b"\x01", b"\x02"} or head[1:3] not in {b"", b"\0", b"\0\0"}:
        return False
    if len(head) < 42:
        return None
    return head[6:10] == b"\0\x01\0\0" and re.fullmatch(rb"[\x20-\x7e]{32}", head[10:42]) is not None


def _until(head: bytes, size: int) -> bool | None:
    return None if len(head) < size else False


def _git(head: bytes, other: bytes) -> bool | None:
    """The request of a Git client: length in hexadecimal, command (gitprotocol-pack)."""
    del other
    if head[4:8] and not b"git-".startswith(head[4:8]):
        return False
    if re.match(rb"[0-9a-f]{4}git-(?:upload|receive)-pack ", head):
        return True
    return _until(head, 26)


def _pptp(head: bytes, other: bytes) -> bool | None:
    """A control message with its magic cookie (RFC 2637 2.1)."""
    del other
    if head[2:3] not in {b"", b"\0"} or head[4:5] not in {b"", b"\x1a"}:
        return False
    return None if len(head) < 8 else head[2:8] == b"\0\x01\x1a\x2b\x3c\x4d"


def _bgp(head: bytes, other: bytes) -> bool | None:
    return _begins(b"\xff" * 16)(head, other)


def _only_names(make: Callable[[Names], Talk]) -> Make:
    return lambda scene: make(scene.names)


def _framed(frame: Callable[[bytes], int]) -> Make:
    return lambda _: watch.FramedTalk(frame)


_POP3 = frozenset({b"CAPA", b"APOP", b"STLS"})

_IMAP_LINE = rb"\* (?:OK|PREAUTH|BYE)\b.*|\S{1,16} (?:CAPABILITY|STARTTLS|(?:LOGIN|AUTHENTICATE|ID) .*)"
_MEMCACHED_LINE = (
    rb"(?:set|add|replace|append|prepend) \S{1,250}(?: \d{1,10}){3}(?: noreply)?|VALUE \S{1,250} \d+ \d+.*"
)
_XMPP = (b"<stream:stream", b"<?xml version='1.0'?><stream:", b'<?xml version="1.0"?><stream:')

STREAM_PROBES: Final[tuple[Probe, ...]] = (
    Probe("tls", _tls, _only_names(TlsTalk)),
    Probe("http2", _http2, lambda scene: http2.Http2Talk(scene.names, scene.dns_names)),
    Probe("http", _http, HttpTalk),
    Probe("ssh", _begins(b"SSH-")),
    Probe("dns", _dns, lambda scene: DnsStream(scene.names, scene.dns_names)),
    Probe("smb", _smb, _only_names(smb.SmbTalk)),
    Probe("smtp", _says(mail.COMMANDS, b"220", b"SMTP"), mail.SmtpTalk),
    Probe("ftp", _says(ftp.COMMANDS, b"220", b"FTP"), ftp.FtpTalk),
    Probe("pop3", _says(_POP3, b"+OK", b"POP"), MailboxTalk),
    Probe("imap", _first_line(_IMAP_LINE), MailboxTalk),
    Probe("rdp", _rdp, _framed(watch.tpkt_frame), OPAQUE),
    Probe("mysql", _mysql, _framed(watch.mysql_frame)),
    Probe("postgresql", _pgsql, _framed(watch.pgsql_frame)),
    Probe("tds", _tds),
    Probe("oracle", _oracle),
    Probe("mongodb", _mongodb),
    Probe("cassandra", _cassandra),
    Probe("memcached", _first_line(_MEMCACHED_LINE)),
    Probe("redis", _first_line(rb"\*\d{1,6}")),
    Probe("ldap", _ldap, _framed(watch.ldap_frame)),
    Probe("sip", _first_line(rb"SIP/2\.0 \d{3}.*|[A-Z]{3,16} \S+ SIP/2\.0")),
    Probe("rtsp", _first_line(rb"RTSP/1\.0 \d{3}.*|[A-Z_]{3,16} \S+ RTSP/1\.0")),
    Probe("mqtt", _mqtt),
    Probe("amqp", _begins(b"AMQP\x00", b"AMQP\x03")),
    Probe("xmpp", _begins(*_XMPP), LineTalk),
    Probe("bittorrent", _begins(b"\x13BitTorrent protocol")),
    Probe("rfb", _begins(b"RFB 003.", b"RFB 004.", b"RFB 005.")),
    Probe("nfs", _nfs),
    Probe("sunrpc", _sunrpc),
    Probe("telnet", _telnet),
    Probe("dicom", _dicom),
    Probe("hl7", _begins(b"\x0bMSH|")),
    Probe("rsync", _begins(b"@RSYNCD: ")),
    Probe("git", _git),
    Probe("irc", _first_line(rb"(?:NICK \S+|CAP LS.*|:\S+ NOTICE .*)"), LineTalk),
    Probe("syslog", _first_line(rb"(?:\d{1,5} )?<\d{1,3}>.*")),
    Probe("socks", socks.looks_like_socks, lambda _: socks.SocksTalk()),
    Probe("dnp3", _begins(b"\x05\x64")),
    Probe("pptp", _pptp),
    Probe("openvpn", _openvpn),
    Probe("bgp", _bgp),
    Probe("tls", _ssl2, _only_names(TlsTalk)),
)  # fmt: skip
