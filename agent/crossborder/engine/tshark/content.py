"""Writes what Wireshark knows of a flow's content into its names: protocol, server, questions, files."""

from __future__ import annotations

from socket import AF_INET, AF_INET6, inet_pton
from typing import TYPE_CHECKING, Final

from crossborder.engine.names import Names
from crossborder.engine.packet import TCP, UDP
from crossborder.engine.portable.apps import DnsNames, dns
from crossborder.engine.portable.apps.content import SAMPLE
from crossborder.engine.tshark import filenames
from crossborder.engine.tshark.applications import note_protocol
from crossborder.engine.tshark.hellos import note_handshake
from crossborder.engine.tshark.talk import Talk, Way
from crossborder.engine.tshark.tree import as_bytes
from crossborder.engine.tshark.web import note_http2
from crossborder.model import Initiator

if TYPE_CHECKING:
    from collections.abc import Callable

    from crossborder.engine.flow import Flow
    from crossborder.engine.packet import Packet
    from crossborder.engine.tshark.tree import Layer

_ENCRYPTION: Final = frozenset({"tls", "dtls", "quic"})
_JUDGED: Final = frozenset({None, "ftp-data"})
_ROOT = "<Root>"  # other words in angle brackets are what Wireshark calls a name that it cannot read


class Inspector:
    """Learns names from dissections. Never raises, whatever they hold."""

    def __init__(self) -> None:
        """Begin knowing nothing."""
        self._dns_names = DnsNames()

    def label(self, flow: Flow) -> None:
        """Name the server of a new flow by the DNS answer that gave its address."""
        server = flow.local if flow.initiator is Initiator.REMOTE else flow.remote
        name = self._dns_names.name_of(server)
        if name:
            flow.names.name_server(name, "dns")

    def overhear(self, packet: Packet, content: list[Layer]) -> None:
        """Learn from a DNS answer that stays at home: clients ask a resolver at home for names abroad."""
        if packet.proto == UDP:
            for layer in content:
                if layer.name == "dns":
                    _note_dns(layer, Names(), self._dns_names)

    def inspect(self, flow: Flow, packet: Packet, content: list[Layer], segment: Layer) -> None:
        """Read the content of a packet that its flow has counted; `segment` is the layer of its transport."""
        if packet.proto not in {TCP, UDP}:
            return
        talk = flow.conversation
        if not isinstance(talk, Talk):
            talk = flow.conversation = Talk(flow.names, self._dns_names)
        content = _readable(content)
        note_protocol(content, talk.names)
        payload = segment.get("tcp.payload") or segment.get("udp.payload")
        way = Way(flow.outward(packet), payload, packet.payload_bytes)
        if talk.names.app_protocol in _JUDGED:
            talk.judge(way.outward, as_bytes(payload, SAMPLE))
        for layer in content:
            read = _READERS.get(layer.name)
            if read is not None:
                read(layer, talk, way)


def _readable(content: list[Layer]) -> list[Layer]:
    """Leave out what is inside of encryption: a file may bring its keys, and the house decrypts nothing."""
    found: list[Layer] = []
    hidden: str | None = None
    for layer in content:
        if hidden is None or layer.name == hidden:
            found.append(layer)
        if layer.name in _ENCRYPTION:
            hidden = layer.name
    return found


def _handshake(layer: Layer, talk: Talk, way: Way) -> None:
    del way
    note_handshake(layer, talk.names)


def _gquic(layer: Layer, talk: Talk, way: Way) -> None:
    """Take the name of the server from Google's QUIC before the standard."""
    del way
    for name in layer.all("gquic.tag.sni"):
        talk.names.name_server(name, "quic")


def _http(layer: Layer, talk: Talk, way: Way) -> None:
    talk.web.note(layer, way.outward, way.payload, way.payload_bytes)


def _http2(layer: Layer, talk: Talk, way: Way) -> None:
    note_http2(layer, talk.names, way.outward)
    if "dns.id" in layer:  # RFC 8484
        _dns(layer, talk, way)


def _dns(layer: Layer, talk: Talk, way: Way) -> None:
    del way
    _note_dns(layer, talk.names, talk.dns_names)


def _note_dns(layer: Layer, names: Names, dns_names: DnsNames) -> None:
    """Take what is asked and answered, and which addresses the name asked for has."""
    asked = [name for name in layer.all("dns.qry.name") if name == _ROOT or not name.startswith("<")]
    for name in asked[: dns.MAX_QUESTIONS]:
        names.add("dns_query", "." if name == _ROOT else name)
    if not layer.number("dns.flags.response"):
        return
    names.dns_rcode = dns.rcode_name(layer.number("dns.flags.rcode") or 0)
    if asked and asked[0] != _ROOT:
        for address in _answers(layer, asked[0]):
            dns_names.learn(address, asked[0].lower())


def _answers(layer: Layer, asked: str) -> list[bytes]:
    """Return the addresses of the name asked and of its aliases; records of other names prove nothing."""
    aliases, found = {asked.lower()}, []
    for record in layer.pieces("dns.resp.name"):
        if record["dns.resp.name"][0].lower() not in aliases:
            continue
        aliases.update(name.lower() for name in record.get("dns.cname", ()))
        found += [inet_pton(AF_INET, text) for text in record.get("dns.a", ())]
        found += [inet_pton(AF_INET6, text) for text in record.get("dns.aaaa", ())]
    return found[: dns.MAX_ANSWERS]


_READERS: Final[dict[str, Callable[[Layer, Talk, Way], None]]] = {
    **dict.fromkeys(_ENCRYPTION, _handshake),
    "gquic": _gquic,
    "http": _http,
    "http2": _http2,
    "dns": _dns,
    "llmnr": _dns,
    "smtp": filenames.smtp,
    "ftp": filenames.ftp,
    "ftp-data.command": filenames.ftp_data,
    "smb": filenames.smb,
    "smb2": filenames.smb,
    "tftp": filenames.tftp,
}
"""Layer → who reads it."""
