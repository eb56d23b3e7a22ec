"""HL7 version 2 messages in MLLP frames, as hospitals send results (HL7 2.5.1; MLLP release 1)."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from crossborder.demo.people import Person

_START, _END = b"\x0b", b"\x1c\r"


def result(number: int, patient: Person) -> bytes:
    """Return a laboratory result of one patient."""
    day, month, year = patient.ngay_sinh.split("/")
    born = year + month + day
    return _framed(
        f"MSH|^~\\&|LIS|HOSPITAL|LAB|ABROAD|20260126103000||ORU^R01|{number}|P|2.5.1|||||||UNICODE UTF-8",
        f"PID|1||{patient.so_cccd}^^^VN^NI||{patient.ho_ten}||{born}|||{patient.dia_chi}||{patient.dien_thoai}",
        f"OBR|1|{number}||24323-8^CMP^LN|||20260126",
        "OBX|1|NM|2345-7^Glucose^LN||5.4|mmol/L|3.9-6.1|N|||F",
    )


def accepted(number: int) -> bytes:
    """Return the acknowledgement of a message."""
    return _framed(f"MSH|^~\\&|LAB|ABROAD|LIS|HOSPITAL|20260126103001||ACK|{number}|P|2.5.1", f"MSA|AA|{number}")


def _framed(*segments: str) -> bytes:
    return _START + "".join(f"{segment}\r" for segment in segments).encode() + _END
