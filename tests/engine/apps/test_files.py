"""Mail, FTP, SMB and TFTP: whom mail goes to and which files go out."""

from __future__ import annotations

import struct

import pytest
from tests.engine.apps.speech import Line, hear

from crossborder.engine.names import Names
from crossborder.engine.portable.apps import Conversation, DnsNames
from crossborder.engine.portable.apps.mail import recipient_domain
from crossborder.engine.portable.apps.parts import MAX_SCAN, PartScanner
from crossborder.engine.portable.apps.smb import looks_like_smb

MAIL = (
    b"Subject: x\r\nContent-Type: multipart/mixed; boundary=yy\r\n\r\n--yy\r\n"
    b"Content-Type: application/zip;\r\n name=x.zip\r\nContent-Transfer-Encoding: base64\r\n"
    b'content-disposition: attachment;\r\n\tfilename="=?UTF-8?B?bMawxqFuZy56aXA=?="\r\n\r\nUEsDBA==\r\n--yy--\r\n'
    b"RCPT TO:<inside@body.example>\r\n..\r\n"
)  # fmt: skip
GREETING = ("<", b"220 mx.example.com ESMTP\r\n")


def _smtp(mail: bytes = MAIL) -> list[Line]:
    return [
        GREETING,
        (">", b"EHLO client.example\r\n"),
        ("<", b"250-mx\r\n250 PIPELINING\r\n"),
        (">", b"MAIL FROM:<a@home.example>\r\nRCPT TO:<b@Example.COM> NOTIFY=NEVER\r\n"),
        (">", b"rcpt to: <@relay.example:c@x.example>\r\n"),
        ("<", b"250 ok\r\n550 no\r\n250 ok\r\n"),
        (">", b"DATA\r\n"),
        ("<", b"354 go\r\n"),
        (">", mail + b".\r\n"),
        ("<", b"250 queued\r\n"),
        (">", b"RCPT TO:<d@later.example>\r\nQUIT\r\n"),
    ]


@pytest.mark.parametrize("piece", [None, 1, 9])
def test_mail_goes_out(piece: int | None) -> None:
    """Recipients' domains of every mail, the attachments' names and types; the mail's own text is no command."""
    names = hear("tcp", *_smtp(), piece=piece)

    assert names.app_protocol == "smtp"
    assert names.mail_domains == ["example.com", "x.example", "later.example"]
    assert names.file_names == ["lương.zip"]
    assert names.file_types == ["application/zip"]


def test_mail_that_comes_in_names_no_files() -> None:
    """Attachments of mail from abroad do not leave; whom it is for is told all the same."""
    names = hear("tcp", *_smtp(), client_at_home=False)

    assert names.file_names is None
    assert names.mail_domains == ["example.com", "x.example", "later.example"]


@pytest.mark.parametrize("piece", [None, 1])
def test_one_direction_of_mail_is_enough(piece: int | None) -> None:
    """Where the replies take another way, DATA is believed at once."""
    names = hear("tcp", *(line for line in _smtp() if line[0] == ">"), piece=piece, initiator_known=False)

    assert names.mail_domains == ["example.com", "x.example", "later.example"]
    assert names.file_names == ["lương.zip"]


def test_refused_data_is_no_mail() -> None:
    """After 554 the client goes on with commands."""
    names = hear("tcp", GREETING, (">", b"HELO a\r\n"), ("<", b"250 a\r\n"), (">", b"DATA\r\n"), ("<", b"554 no\r\n"),
                 (">", b"RCPT TO:<x@after.example>\r\n"))  # fmt: skip

    assert names.mail_domains == ["after.example"]


@pytest.mark.parametrize("piece", [None, 1])
def test_mail_in_chunks(piece: int | None) -> None:
    """BDAT says how long the mail is (RFC 3030)."""
    chunk = b"BDAT %d LAST\r\n" % len(MAIL) + MAIL + b"RCPT TO:<x@after.example>\r\n"
    names = hear("tcp", GREETING, (">", b"EHLO a\r\n"), ("<", b"250 a\r\n"), (">", chunk), piece=piece)

    assert names.mail_domains == ["after.example"]
    assert names.file_names == ["lương.zip"]


@pytest.mark.parametrize(
    ("line", "domain"),
    [
        (b"RCPT TO:<a@b.example>", b"b.example"),
        (b"RCPT TO: a@b.example", b"b.example"),
        (b'RCPT TO:<"x@y"@b.example>', b"b.example"),
        (b"RCPT TO:<postmaster>", None),
        (b"RCPT TO:<>", None),
        (b"RCPT", None),
    ],
)
def test_domains_of_recipients(line: bytes, domain: bytes | None) -> None:
    """Forms of RFC 5321 4.1.2, and what lax clients send."""
    assert recipient_domain(line) == domain


@pytest.mark.parametrize("greeting", [b"* OK IMAP4rev1\r\n", b"+OK POP3 server\r\n"])
@pytest.mark.parametrize("piece", [None, 1])
def test_a_mailbox_is_read_from_abroad(greeting: bytes, piece: int | None) -> None:
    """A mail client abroad fetches mail from a server at home: its attachments leave."""
    fetched = ("<", b"+OK 99 octets\r\n" + MAIL + b".\r\n")

    assert hear("tcp", ("<", greeting), fetched, piece=piece, client_at_home=False).file_names == ["lương.zip"]
    assert hear("tcp", ("<", greeting), fetched, piece=piece).file_names is None


def test_a_scanner_has_limits() -> None:
    """A header that never ends is not kept, nor is a body searched for ever."""
    scanner = PartScanner()
    assert scanner.feed(b"Content-Disposition: attachment; filename=a" + b"x" * 10_000 + b"\r\n\r\n") == []
    assert [part.name for part in scanner.feed(b"--b\nContent-Disposition: a; filename=b\n\n")] == [b"b"]
    scanner.feed(bytes(MAX_SCAN))
    assert scanner.full
    assert scanner.feed(b"\nContent-Disposition: a; filename=c\n\n") == []


@pytest.mark.parametrize(
    "word",
    [
        b"=?x-none?B?YQ==?=",
        b"=?unicode_escape?Q?=5Cq?=",
        b"=?windows-1258?Q?=FFq?=",
        b"=?utf-8?B?!?=",
        b"=?utf-8?Q?=ff?=",
        b"=?\xff?=",
    ],
)
def test_encoded_words_may_be_damaged(word: bytes) -> None:
    """They give some name, and never raise."""
    head = b'\nContent-Disposition: attachment; filename="' + word + b'"\r\n\r\n'

    assert len(PartScanner().feed(head)) == 1


FTP = [
    ("<", b"220 FTP ready\r\n"),
    (">", b"USER a\r\n"),
    (">", b"stor /up/sent.csv\r\n"),
    (">", b"RETR fetched.csv\r\n"),
    (">", b"APPE more.log\r\n"),
    (">", b"STOU\r\n"),
]


@pytest.mark.parametrize("piece", [None, 1])
def test_files_over_ftp(piece: int | None) -> None:
    """A client at home sends what it stores; a client abroad takes what it retrieves."""
    assert hear("tcp", *FTP, piece=piece).file_names == ["sent.csv", "more.log"]
    assert hear("tcp", *FTP, piece=piece, client_at_home=False).file_names == ["fetched.csv"]
    assert hear("tcp", *FTP, piece=piece).app_protocol == "ftp"


def test_a_line_without_end_is_cut() -> None:
    """Lines are bounded; the command behind a long one is found."""
    long = b"STOR " + b"x" * 100_000 + b"\r\nSTOR b.txt\r\n"

    assert "b.txt" in (hear("tcp", FTP[0], FTP[1], (">", long), piece=1400).file_names or [])


def _smb2(name: str, access: int, following: int = 0, flags: int = 0, options: int = 0x40) -> bytes:
    raw = name.encode("utf-16-le")
    header = b"\xfeSMB" + struct.pack("<HHIHHIIQ", 64, 0, 0, 5, 1, flags, following, 7) + bytes(32)
    body = struct.pack("<HBBIQQIIIIIHHII", 57, 0, 0, 2, 0, 0, access, 0, 7, 1, options, 120, len(raw), 0, 0)
    return (header + body + raw).ljust(following or len(header + body + raw), b"\0")


def _netbios(message: bytes) -> bytes:
    return b"\0" + len(message).to_bytes(3, "big") + message


WRITE, READ = 0x0012_0196, 0x0012_0089


@pytest.mark.parametrize("piece", [None, 1, 50])
def test_files_over_smb2(piece: int | None) -> None:
    """Opened for writing by a client at home, or for reading by one abroad; compounds, large writes between."""
    write = _netbios(b"\xfeSMB" + struct.pack("<HHIHHIIQ", 64, 0, 0, 9, 1, 0, 0, 8) + bytes(60_000))
    stream = (
        _netbios(_smb2("dir\\sent.xlsx", WRITE, 256) + _smb2("dir\\both.xlsx", WRITE | READ))
        + write
        + _netbios(_smb2("read.xlsx", READ))
        + _netbios(_smb2("folder", WRITE, options=0x21))
        + _netbios(_smb2("answered.xlsx", WRITE, flags=1))
    )

    assert hear("tcp", (">", stream), piece=piece).file_names == ["sent.xlsx", "both.xlsx"]
    assert hear("tcp", (">", stream), piece=piece, client_at_home=False).file_names == ["both.xlsx", "read.xlsx"]
    assert hear("tcp", (">", stream), piece=piece).app_protocol == "smb"


@pytest.mark.parametrize("unicode", [True, False])
def test_files_over_smb1(unicode: bool) -> None:
    """NT_CREATE_ANDX, names in UTF-16 and in the old code page."""
    raw = "sent.doc".encode("utf-16-le") if unicode else b"sent.doc"
    header = b"\xffSMB\xa2" + bytes(4) + b"\x18" + struct.pack("<H", 0x8000 if unicode else 0) + bytes(20)
    words = b"\x18\xff\0\0\0\0" + struct.pack("<HIIIQIIIIIB", len(raw), 0, 0, WRITE, 0, 0, 7, 1, 0x40, 2, 0)
    message = header + words + struct.pack("<H", len(raw) + 1) + (b"\0" if unicode else b"") + raw

    assert hear("tcp", (">", _netbios(message))).file_names == ["sent.doc"]


def test_encrypted_smb_is_opaque() -> None:
    """SMB 3 may encrypt what is inside."""
    names = hear("tcp", (">", _netbios(b"\xfdSMB" + bytes(60))))

    assert names.app_protocol == "smb"
    assert names.inspected(payload_seen=True) == "opaque"


def test_smb_after_a_gap() -> None:
    """The next piece that begins like a message is one."""
    names = Names()
    conversation = Conversation("tcp", names, DnsNames())
    conversation.feed(True, True, _netbios(_smb2("a.txt", WRITE))[:80])
    conversation.gap(True, True)
    conversation.feed(True, True, bytes(50))
    conversation.feed(True, True, _netbios(_smb2("b.txt", WRITE)))

    assert names.file_names == ["b.txt"]


def test_what_looks_like_smb() -> None:
    """Direct and over NetBIOS; undecided, yes and no."""
    assert looks_like_smb(b"\0\0\0\x55\xffSM") is None
    assert looks_like_smb(b"\0\0\0\x55\xffSMB")
    assert looks_like_smb(b"\0\0\xff\xf7BAAD") is False
    assert looks_like_smb(b"\x81\0\0\x44\x20CKFDENECFD")
    assert looks_like_smb(b"\x82") is False


@pytest.mark.parametrize(
    ("opcode", "home", "files"), [(2, True, ["a.cfg"]), (1, True, None), (1, False, ["a.cfg"]), (2, False, None)]
)
def test_files_over_tftp(opcode: int, home: bool, files: list[str] | None) -> None:
    """Written abroad, or read at home."""
    names = hear("udp", (">", b"\0" + bytes([opcode]) + b"conf/a.cfg\0OCTET\0"), client_at_home=home)

    assert names.app_protocol == "tftp"
    assert names.file_names == files
