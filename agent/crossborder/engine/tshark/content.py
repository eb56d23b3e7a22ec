"""Writes what Wireshark knows of a flow's content into its names: protocol, server, questions, files."""

from __future__ import annotations

from socket import AF_INET, AF_INET6, inet_pton
from typing import TYPE_CHECKING, Final

from crossborder.engine.names import Names
from crossborder.engine.packet import TCP, UDP
from crossborder.engine.portable.apps import DnsNames, dns, mail
from crossborder.engine.portable.apps.parts import PartScanner
from crossborder.engine.portable.apps.smb import DIRECTORY, READS, WRITES
from crossborder.engine.tshark.applications import note_protocol
from crossborder.engine.tshark.hellos import note_handshake
from crossborder.engine.tshark.tree import as_number
from crossborder.engine.tshark.web import Web, note_http2
from crossborder.model import Initiator, Inspection

if TYPE_CHECKING:
    from collections.abc import Iterator

    from crossborder.engine.flow import Flow
    from crossborder.engine.packet import Packet
    from crossborder.engine.tshark.tree import Layer

_CREATE1, _CREATE2 = 0xA2, 5
_ENCRYPTION: Final = frozenset({"tls", "dtls", "quic"})
_STORES: Final = frozenset({"STOR", "STOU", "APPE"})
_ROOT = "<Root>"  # other words in angle brackets are what Wireshark calls a name that it cannot read
_TFTP_READ, _TFTP_WRITE = 1, 2


class Talk:
    """What is kept of one flow between its packets."""

    def __init__(self, names: Names) -> None:
        """Write into these names."""
        self.names = names
        self.web = Web(names)
        self.mail = PartScanner()

    def close(self) -> None:
        """Have nothing to let go that others wait for."""


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
                    self._dns(layer, Names())

    def inspect(self, flow: Flow, packet: Packet, content: list[Layer], segment: Layer) -> None:
        """Read the content of a packet that its flow has counted; `segment` is the layer of its transport."""
        if packet.proto not in {TCP, UDP}:
            return
        talk = flow.conversation
        if not isinstance(talk, Talk):
            talk = flow.conversation = Talk(flow.names)
        content = _readable(content)
        note_protocol(content, talk.names)
        for layer in content:
            self._layer(layer, talk, flow.outward(packet), segment, packet.payload_bytes)

    def _layer(self, layer: Layer, talk: Talk, outward: bool, segment: Layer, payload_bytes: int) -> None:
        names = talk.names
        if layer.name in _ENCRYPTION:
            note_handshake(layer, names)
        elif layer.name == "http":
            talk.web.note(layer, outward, segment.get("tcp.payload"), payload_bytes)
        elif layer.name == "gquic":
            for name in layer.all("gquic.tag.sni"):
                names.name_server(name, "quic")
        elif layer.name in {"dns", "llmnr"}:
            self._dns(layer, names)
        elif layer.name == "http2":
            note_http2(layer, names, outward)
            if "dns.id" in layer:  # RFC 8484
                self._dns(layer, names)
        elif layer.name == "smtp":
            _smtp(layer, talk, outward)
        elif layer.name == "ftp":
            _ftp(layer, names, outward)
        elif layer.name in {"smb", "smb2"}:
            _smb(layer, names, outward)
        elif layer.name == "tftp":
            _tftp(layer, names, outward)

    def _dns(self, layer: Layer, names: Names) -> None:
        """Take what is asked and answered, and which addresses the name asked for has."""
        asked = [name for name in layer.all("dns.qry.name") if name == _ROOT or not name.startswith("<")]
        for name in asked[: dns.MAX_QUESTIONS]:
            names.add("dns_query", "." if name == _ROOT else name)
        if not layer.number("dns.flags.response") or "dns.id" not in layer:
            return
        names.dns_rcode = dns.rcode_name(layer.number("dns.flags.rcode") or 0)
        if asked and asked[0] != _ROOT:
            for address in _answers(layer, asked[0]):
                self._dns_names.learn(address, asked[0].lower())


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


def _smtp(layer: Layer, talk: Talk, outward: bool) -> None:
    """Take recipients; of mail that goes out, the files it carries."""
    for line in layer.all("smtp.command_line"):
        domain = mail.recipient_domain(line.encode("utf-8", "surrogateescape"))
        if domain is not None:
            talk.names.add("mail_domains", domain)
    text = "".join(layer.all("smtp.message")) if outward else ""
    for part in talk.mail.feed(text.encode("utf-8", "surrogateescape")):
        talk.names.add("file_names", part.name)
        talk.names.add("file_types", part.media_type)


def _ftp(layer: Layer, names: Names, outward: bool) -> None:
    """Take the file that a client at home stores abroad, or a client abroad fetches at home."""
    command, argument = (layer.get("ftp.request.command") or "").upper(), layer.get("ftp.request.arg")
    if argument and (command in _STORES if outward else command == "RETR"):
        names.add("file_names", argument)


def _smb(layer: Layer, names: Names, outward: bool) -> None:
    """Take the files that are opened so that their content may go out: for writing by us, for reading by others."""
    wanted = WRITES if outward else READS
    if "smb2.header.transform.encrypted_message_size" in layer:
        names.inspection = Inspection.METADATA.value
    for message, create, response, name in _smb_messages(layer):
        values = {field: as_number(texts[0]) or 0 for field, texts in message.items()}
        asks = values.get(f"{layer.name}.cmd") == create and not values.get(response)
        access, options = values.get("smb.access_mask", 0), values.get("smb.create_options", 0)
        if asks and access & wanted and not options & DIRECTORY:
            for text in message.get(name, ()):
                names.add("file_names", text)


def _smb_messages(layer: Layer) -> Iterator[tuple[dict[str, list[str]], int, str, str]]:
    """Yield (fields, command to open a file, field of the direction, field of the name) of each message.

    Requests of SMB 2 may be compounded; a message of SMB 1 repeats its command's field for the one chained to it.
    """
    if layer.name == "smb2":
        for message in layer.pieces("smb2.cmd"):
            yield message, _CREATE2, "smb2.flags.response", "smb2.filename"
    else:
        for message in layer.pieces("smb.server_component"):
            yield message, _CREATE1, "smb.flags.response", "smb.file"


def _tftp(layer: Layer, names: Names, outward: bool) -> None:
    opcode = layer.number("tftp.opcode")
    file = layer.get("tftp.destination_file" if opcode == _TFTP_WRITE else "tftp.source_file")
    if file and opcode == (_TFTP_WRITE if outward else _TFTP_READ):
        names.add("file_names", file)
