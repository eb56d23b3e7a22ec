"""How datagrams are told apart: one probe a protocol, one table, strong marks first.

Ports are never asked.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Final

from crossborder.engine.portable.apps import dns, dtls, quic
from crossborder.engine.portable.apps.dnstalk import DnsDatagrams
from crossborder.engine.portable.apps.probe import Probe
from crossborder.engine.portable.apps.probes import OPENVPN_RESETS, sunrpc_message
from crossborder.engine.portable.apps.quictalk import QuicTalk
from crossborder.engine.portable.apps.tftp import TftpTalk, looks_like_tftp
from crossborder.model import Inspection

if TYPE_CHECKING:
    from crossborder.engine.portable.apps.probe import Test


def _matches(pattern: bytes) -> Test:
    compiled = re.compile(pattern, re.DOTALL)
    return lambda data, _: compiled.match(data) is not None


def _quic(data: bytes, previous: bytes) -> bool:
    del previous
    return quic.looks_like_quic(data)


def _dtls(data: bytes, previous: bytes) -> bool:
    del previous
    return dtls.looks_like_dtls(data)


def _dns(data: bytes, previous: bytes) -> bool:
    del previous
    return dns.looks_like_dns(data, len(data)) is True


def _mdns(data: bytes, previous: bytes) -> bool:
    """An answer without a question (RFC 6762 6, 18)."""
    del previous
    return len(data) > 12 and data[:6] == b"\0\0\x84\0\0\0" and data[6:8] != b"\0\0"


def _stun(data: bytes, previous: bytes) -> bool:
    """A header with the magic cookie and its own length (RFC 8489 5)."""
    del previous
    return data[4:8] == b"\x21\x12\xa4\x42" and data[0] < 4 and int.from_bytes(data[2:4], "big") == len(data) - 20


def _dhcp(data: bytes, previous: bytes) -> bool:
    """BOOTP with the magic cookie (RFC 2131 3)."""
    del previous
    return data[236:240] == b"\x63\x82\x53\x63" and data[0] in {1, 2}


def _ntp(data: bytes, previous: bytes) -> bool:
    """Version 1 to 4, mode 1 to 5, a stratum and a precision that exist (RFC 5905 7.3)."""
    del previous
    return (
        (len(data) == 48 or (52 <= len(data) <= 1024 and len(data) % 4 == 0))
        and 1 <= data[0] >> 3 & 7 <= 4
        and 1 <= data[0] & 7 <= 5
        and data[1] <= 16
        and (data[3] >= 0xE0 or data[3] == 0)
        and data[2] <= 17
    )


def _snmp(data: bytes, previous: bytes) -> bool:
    """A sequence with version 1, 2c or 3 and a community or the header of version 3 (RFC 1157, RFC 3412)."""
    del previous
    return re.match(rb"\x30(?:[\x00-\x7f]|\x81.|\x82..)\x02\x01[\x00\x01\x03][\x04\x30]", data, re.DOTALL) is not None


def _cldap(data: bytes, previous: bytes) -> bool:
    """A search request or its entry over UDP ([MS-ADTS] 6.3.3)."""
    del previous
    return re.match(rb"\x30(?:[\x05-\x7f]|\x84....)\x02[\x01-\x04].{1,4}?[\x63\x64\x65]", data, re.DOTALL) is not None


def _wireguard(data: bytes, previous: bytes) -> bool:
    """A message type, three zeros, and the type's length (WireGuard 5.4)."""
    del previous
    if data[1:4] != b"\0\0\0":
        return False
    size = {1: 148, 2: 92, 3: 64}.get(data[0])
    return len(data) == size or (data[0] == 4 and len(data) >= 32 and len(data) % 16 == 0)


def _openvpn(data: bytes, previous: bytes) -> bool:
    """A hard reset of client or server with key 0."""
    del previous
    if data[0] not in {0x38, 0x40} or len(data) not in OPENVPN_RESETS:
        return False
    return len(data) != 14 or data[9:] == b"\0\0\0\0\0"


def _ike(data: bytes, at: int) -> bool:
    """An ISAKMP header of version 1 or 2 that knows the datagram's length (RFC 2408 3.1, RFC 7296 3.1)."""
    return (
        data[at : at + 8] != bytes(8)
        and data[at + 17 : at + 18] in {b"\x10", b"\x20"}
        and int.from_bytes(data[at + 24 : at + 28], "big") == len(data) - at
    )


def _isakmp(data: bytes, previous: bytes) -> bool:
    del previous
    return _ike(data, 0)


def _nat_t(data: bytes, previous: bytes) -> bool:
    """ISAKMP behind the marker of four zeros that tells it from ESP (RFC 3948 2.2)."""
    del previous
    return data[:4] == bytes(4) and _ike(data, 4)


def _esp(data: bytes, previous: bytes) -> bool:
    """ESP in UDP (RFC 3948 2.1) in mid-stream: the same SPI twice, the sequence number a little further."""
    if len(data) < 32 or len(data) % 4 or data[:4] != previous[:4] or data[:4] <= b"\0\0\0\xff":
        return False
    return 0 < int.from_bytes(data[4:8], "big") - int.from_bytes(previous[4:8], "big") <= 64


def _rtp(data: bytes, previous: bytes) -> bool:
    """RTP (RFC 3550 5.1): version 2, the same source and payload type twice, the sequence number a little further."""
    if len(data) < 20 or data[0] >> 6 != 2 or data[8:12] != previous[8:12] or data[8:12] == bytes(4):
        return False
    step = int.from_bytes(data[2:4], "big") - int.from_bytes(previous[2:4], "big")
    return 0 < step & 0xFFFF <= 64 and (data[1] ^ previous[1]) & 0x7F == 0 and not 72 <= data[1] & 0x7F <= 76


def _l2tp(data: bytes, previous: bytes) -> bool:
    """A control message with its length (RFC 2661 3.1)."""
    del previous
    return data[:2] == b"\xc8\x02" and int.from_bytes(data[2:4], "big") == len(data)


def _radius(data: bytes, previous: bytes) -> bool:
    """A code, the datagram's length, a first attribute that fits (RFC 2865 3, 5)."""
    del previous
    if data[0] not in {1, 2, 3, 4, 5, 11, 12} or not 22 <= len(data) <= 4096:
        return False
    return int.from_bytes(data[2:4], "big") == len(data) and data[20] != 0 and 2 <= data[21] <= len(data) - 20


def _sunrpc(data: bytes, previous: bytes) -> bool:
    del previous
    return len(data) >= 24 and sunrpc_message(data)


def _nfs(data: bytes, previous: bytes) -> bool:
    return _sunrpc(data, previous) and data[4:8] == b"\0\0\0\0" and data[12:16] == (100_003).to_bytes(4, "big")


def _tftp(data: bytes, previous: bytes) -> bool:
    del previous
    return looks_like_tftp(data)


DATAGRAM_PROBES: Final[tuple[Probe, ...]] = (
    Probe("quic", _quic, lambda scene: QuicTalk(scene.names)),
    Probe("nbns", _matches(rb".{12}\x20[A-P]{32}\x00")),
    Probe("dns", _dns, lambda scene: DnsDatagrams(scene.names, scene.dns_names)),
    Probe("mdns", _mdns),
    Probe("dtls", _dtls, lambda scene: dtls.DtlsTalk(scene.names)),
    Probe("stun", _stun),
    Probe("dhcp", _dhcp),
    Probe("isakmp", _isakmp),
    Probe("ipsec", _nat_t),
    Probe("wireguard", _wireguard),
    Probe("openvpn", _openvpn),
    Probe("l2tp", _l2tp),
    Probe("ntp", _ntp),
    Probe("snmp", _snmp),
    Probe("ldap", _cldap),
    Probe("sip", _matches(rb"SIP/2\.0 \d{3}|[A-Z]{3,16} [^\r\n]{1,512} SIP/2\.0\r?\n")),
    Probe("ssdp", _matches(rb"(?:M-SEARCH|NOTIFY) \* HTTP/1\.1\r?\n|HTTP/1\.1 200 OK\r\n")),
    Probe("bittorrent", _matches(rb"d1:[adeqr](?:[lid]|\d).*1:y1:[qre]")),
    Probe("syslog", _matches(rb"<\d{1,3}>[\x20-\x7e]")),
    Probe("nfs", _nfs),
    Probe("sunrpc", _sunrpc),
    Probe("radius", _radius),
    Probe("tftp", _tftp, lambda scene: TftpTalk(scene.names)),
    Probe("rtp", _rtp, inspection=Inspection.OPAQUE.value),  # SRTP looks the same
    Probe("esp", _esp),
)  # fmt: skip
