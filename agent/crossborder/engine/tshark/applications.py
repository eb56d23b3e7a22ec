"""The words for application protocols: Wireshark's name, ours, and the field that proves that it is spoken."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Final

from crossborder.engine.portable.apps.datagramprobes import DATAGRAM_PROBES
from crossborder.engine.portable.apps.probes import STREAM_PROBES
from crossborder.model import Inspection

if TYPE_CHECKING:
    from collections.abc import Iterable

    from crossborder.engine.names import Names
    from crossborder.engine.tshark.tree import Layer

WORDS: Final = {
    "bt-dht": "bittorrent",
    "cldap": "ldap",
    "gquic": "quic",
    "llmnr": "dns",
    "mongo": "mongodb",
    "openwire": "activemq",
    "pgsql": "postgresql",
    "pop": "pop3",
    "resp": "redis",
    "rpc": "sunrpc",
    "smb2": "smb",
    "tns": "oracle",
    "udpencap": "ipsec",
    "vnc": "rfb",
    "wg": "wireguard",
}
"""Wireshark's name → ours, where they differ."""

_PROOFS: Final = {
    "dns": ("dns.qry.name",),
    "dtls": ("dtls.record.content_type",),
    "http": ("http.request.method", "http.response.code"),
    "http2": ("http2.type", "http2.magic"),
    "quic": ("quic.long.packet_type",),
    "smtp": ("smtp.req.command", "smtp.response.code"),
    "ftp": ("ftp.request.command", "ftp.response.code"),
    "tls": ("tls.record.content_type", "tls.record.opaque_type", "tls.handshake.type"),
}
"""Wireshark calls what it finds on a protocol's port by its name; these want to be seen."""

_NO_PROTOCOLS: Final = frozenset(
    {"data", "vssmonitoring", "nbss", "tpkt", "cotp"}
    | {"data-text-lines", "media", "json", "xml", "mime_multipart", "urlencoded-form", "imf", "esp"}
)
"""Layers that are framing or content and name no protocol."""

_PROTOCOL = re.compile(r"[a-z0-9_-]+")  # a dot or a capital tells a field or a text beside the protocols

_READ_AS: Final = {probe.protocol: probe.inspection for probe in (*STREAM_PROBES, *DATAGRAM_PROBES)}
"""What can be read of a protocol where Names' own rule does not say."""


def note_protocol(layers: Iterable[Layer], names: Names) -> None:
    """Call a flow by the protocol of its content; what a proxy hands on gives it its name."""
    for layer in layers:
        if not _proves(layer):
            continue
        word = WORDS.get(layer.name, layer.name)
        if names.app_protocol is None or (_hands_on(names) and word != names.app_protocol):
            names.app_protocol, names.inspection = word, _READ_AS.get(word)
        elif word == "tls" and names.app_protocol not in {"tls", "quic", "dtls", "tor"}:
            names.inspection = Inspection.METADATA.value  # STARTTLS and its like


def _hands_on(names: Names) -> bool:
    """Tell whether a flow is so far known by its proxy only; HTTP carries much that is no protocol of its own."""
    return names.app_protocol == "socks" or (names.app_protocol == "http" and names.http_method == "CONNECT")


def _proves(layer: Layer) -> bool:
    name = layer.name
    if name in _NO_PROTOCOLS or not _PROTOCOL.fullmatch(name):
        return False
    proofs = _PROOFS.get(name)
    return proofs is None or any(field in layer for field in proofs)
