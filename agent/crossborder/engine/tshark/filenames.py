"""Reads from Wireshark's fields which files go out, and whom mail goes to: SMTP, FTP, SMB, TFTP."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from crossborder.engine.portable.apps import mail
from crossborder.engine.portable.apps.smb import DIRECTORY, READS, WRITES
from crossborder.engine.tshark.tree import SEGMENT_LIMIT, as_bytes, as_number
from crossborder.model import Inspection

if TYPE_CHECKING:
    from collections.abc import Iterator

    from crossborder.engine.tshark.talk import Talk, Way
    from crossborder.engine.tshark.tree import Layer

_CONTENT_FOLLOWS: Final = frozenset({"DATA", "BDAT"})
_STORES: Final = frozenset({"STOR", "STOU", "APPE"})
_CREATE1, _CREATE2 = 0xA2, 5
_TFTP_READ, _TFTP_WRITE = 1, 2


def smtp(layer: Layer, talk: Talk, way: Way) -> None:
    """Take recipients; of mail that goes out, the files it carries.

    The mail itself is taken from the segments: where it ends, Wireshark shows the end and not the lines before it.
    """
    for line in layer.all("smtp.command_line"):
        domain = mail.recipient_domain(line.encode("utf-8", "surrogateescape"))
        if domain is not None:
            talk.names.add("mail_domains", domain)
    command = (layer.get("smtp.req.command") or "").upper()
    begins = command in _CONTENT_FOLLOWS if command or "smtp.eom" in layer else talk.mailing
    if way.outward and (talk.mailing or begins):
        for part in talk.mail.feed(as_bytes(way.payload, SEGMENT_LIMIT)):
            talk.names.add_file(part.name, part.media_type)
    if "smtp.rsp" not in layer:
        talk.mailing = begins


def ftp(layer: Layer, talk: Talk, way: Way) -> None:
    """Take the file that a client at home stores abroad, or a client abroad fetches at home."""
    command, argument = (layer.get("ftp.request.command") or "").upper(), layer.get("ftp.request.arg")
    if argument and (command in _STORES if way.outward else command == "RETR"):
        talk.names.add("file_names", argument)


def ftp_data(layer: Layer, talk: Talk, way: Way) -> None:
    """Take the file that goes out by what the control connection said of this one, which Wireshark remembers."""
    command, _, argument = (layer.get(layer.name) or "").partition(" ")
    if way.outward and command.upper() in _STORES | {"RETR"}:
        talk.names.add("file_names", argument)


def smb(layer: Layer, talk: Talk, way: Way) -> None:
    """Take the files that are opened so that their content may go out: for writing by us, for reading by others."""
    wanted = WRITES if way.outward else READS
    if "smb2.header.transform.encrypted_message_size" in layer:
        talk.names.inspection = Inspection.OPAQUE.value
    for message, create, response, name in _smb_messages(layer):
        values = {field: as_number(texts[0]) or 0 for field, texts in message.items()}
        asks = values.get(f"{layer.name}.cmd") == create and not values.get(response)
        access, options = values.get("smb.access_mask", 0), values.get("smb.create_options", 0)
        if asks and access & wanted and not options & DIRECTORY:
            for text in message.get(name, ()):
                talk.names.add("file_names", text)


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


def tftp(layer: Layer, talk: Talk, way: Way) -> None:
    """Take the file that is written abroad, or read at home."""
    opcode = layer.number("tftp.opcode")
    file = layer.get("tftp.destination_file" if opcode == _TFTP_WRITE else "tftp.source_file")
    if file and opcode == (_TFTP_WRITE if way.outward else _TFTP_READ):
        talk.names.add("file_names", file)
