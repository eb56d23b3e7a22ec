"""Files and databases that leave by protocols made for them: mail, FTP, SMB, MySQL, SSH."""

from __future__ import annotations

from typing import TYPE_CHECKING

from crossborder.demo import people
from crossborder.demo.places import (
    BACKUP,
    FILESERVER,
    HOSPITAL,
    INSURANCE_DB,
    LAB,
    MAIL,
    MX_JP,
    PROCUREMENT,
    PROCUREMENT_DESK,
    REGISTRY_DB,
    REPLICA,
    TENDERS,
)
from crossborder.demo.protocols import hl7, smb, sql
from crossborder.demo.scenes.sessions import Letter, bulk, open_ssh, post

if TYPE_CHECKING:
    from crossborder.demo.stage import Stage

_ZIP = b"PK\x03\x04\x14\0\0\0\x08\0"
_PDF = b"%PDF-1.7\n"
_JUMBO = 9000


def mail_abroad(stage: Stage, at: int) -> None:
    """Procurement mails a list of bidders to advisers abroad, a copy to a foreign mailbox."""
    letter = Letter(
        "dau-thau@ministry.example",
        ["hiroshi@consultants.example", "advisor.vn@gmail.com", "ke-toan@ministry.example"],
        "Hồ sơ mời thầu",
        "Gửi ông bản dự thảo.",
        "nha-thau.csv",
        people.csv(people.people(stage.rng, 300)),
    )
    stage.plant(
        post(stage, PROCUREMENT_DESK, MX_JP, at, letter),
        "mail_attachment_abroad",
        *people.FOUND_BY,
        "mail_foreign_provider",
        "core_data_abroad",
        "recipient_tagged_data",
    )


def mail_from_server(stage: Stage, at: int) -> None:
    """The ministry's mail server delivers a mail with an attachment abroad."""
    content = people.csv(people.people(stage.rng, 200))
    to = ["office@consultants.example", "notes@gmail.com"]
    letter = Letter("vanthu@ministry.example", to, "Lịch họp", "Xem tệp kèm theo.", "dai-bieu.csv", content)
    stage.plant(
        post(stage, MAIL, MX_JP, at, letter), "mail_attachment_abroad", "mail_foreign_provider", *people.FOUND_BY
    )


def ftp_upload(stage: Stage, at: int) -> None:
    """Procurement uploads tender files by FTP: the control connection names them, the data connection carries them."""
    control = stage.tcp(PROCUREMENT, TENDERS, 21, stage.resolve(PROCUREMENT, TENDERS, at))
    control.server(b"220 Tender Watch FTP ready\r\n")
    for asked, answered in (("USER bids", "331 Password required"), ("PASS s3cret-demo", "230 Logged in")):
        control.client(f"{asked}\r\n".encode()).server(f"{answered}\r\n".encode())
    control.client(b"TYPE I\r\n").server(b"200 Type set to I\r\n")
    for name, size in (("ho-so-moi-thau.zip", 900_000), ("du-toan.pdf", 420_000)):
        port = stage.rng.randint(40_000, 60_000)
        passive = ",".join([*TENDERS.ip.split("."), str(port >> 8), str(port & 255)])
        control.client(b"PASV\r\n").server(f"227 Entering Passive Mode ({passive})\r\n".encode())
        control.client(f"STOR {name}\r\n".encode())
        data = stage.tcp(PROCUREMENT, TENDERS, port, control.now)
        control.now = data.now
        control.server(b"150 Ok to send data\r\n")
        magic = _ZIP if name.endswith(".zip") else _PDF
        data.client(magic + bulk(stage, size)).close()
        control.now = data.now
        control.server(b"226 Transfer complete\r\n")
        stage.plant(data, "cleartext_files_abroad", "core_data_abroad", "recipient_tagged_data")
    control.client(b"QUIT\r\n").server(b"221 Goodbye\r\n").close()


def share_copy(stage: Stage, at: int) -> None:
    """Procurement copies drawings to a share abroad by SMB."""
    talk = stage.tcp(PROCUREMENT_DESK, FILESERVER, 445, stage.resolve(PROCUREMENT_DESK, FILESERVER, at))
    content = _PDF + bulk(stage, 640_000)
    share = rf"\\{FILESERVER.ip}\drawings"
    for from_client, message in smb.Session(stage.rng).write_file(share, r"thau-2026\ban-ve.pdf", content):
        (talk.client if from_client else talk.server)(message)
    stage.plant(talk.close(), "cleartext_files_abroad", "core_data_abroad", "recipient_tagged_data")


def replica(stage: Stage, at: int) -> None:
    """The insurance database fills a replica abroad with INSERTs of many rows."""
    talk = stage.tcp(INSURANCE_DB, REPLICA, 3306, stage.resolve(INSURANCE_DB, REPLICA, at))
    talk.server(sql.mysql_greeting(stage.rng, 4_211)).client(sql.mysql_login(stage.rng, "dump", "baohiem"))
    talk.server(sql.mysql_ok(2))
    for _ in range(12):
        rows = [one.fields.values() for one in people.people(stage.rng, 250)]
        talk.client(sql.mysql_insert("nguoi_tham_gia", people.COLUMNS, rows)).server(sql.mysql_ok(1, len(rows)))
    talk.client(sql.mysql_packet(0, b"\1")).close()
    stage.plant(
        talk,
        "cleartext_database_abroad",
        "cleartext_personal_abroad",
        "important_personal_data_abroad",
        *people.FOUND_BY,
    )


def results(stage: Stage, at: int) -> None:
    """The hospital sends laboratory results abroad, patient by patient, as HL7 in clear text."""
    talk = stage.tcp(HOSPITAL, LAB, 2575, stage.resolve(HOSPITAL, LAB, at))
    for number, patient in enumerate(people.people(stage.rng, 30), 1):
        talk.client(hl7.result(number, patient)).server(hl7.accepted(number)).pause(0.5)
    stage.plant(talk.close(), "health_protocol_abroad", "cleartext_personal_abroad", "core_personal_data_abroad")


def vault(stage: Stage, at: int) -> None:
    """The registry's database server sends its nightly archive to a vault abroad by SFTP, in jumbo frames."""
    talk = open_ssh(stage, REGISTRY_DB, BACKUP, at, mbit=10, mtu=_JUMBO)
    talk.client(bulk(stage, 50_400_000)).server(stage.rng.randbytes(68)).close()
    stage.plant(talk, "bulk_upload_tagged", "opaque_core", "citizen_data_bulk_abroad", "core_personal_data_abroad")
