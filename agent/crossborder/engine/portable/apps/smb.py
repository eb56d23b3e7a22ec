"""SMB 1 to 3 over TCP ([MS-SMB2], [MS-CIFS]): which files go out."""

from __future__ import annotations

from typing import TYPE_CHECKING

from crossborder.engine.portable.apps.talk import Step
from crossborder.model import Inspection

if TYPE_CHECKING:
    from crossborder.engine.names import Names

SMB1, SMB2, ENCRYPTED, COMPRESSED = b"\xffSMB", b"\xfeSMB", b"\xfdSMB", b"\xfcSMB"
MAX_READ = 4096  # bytes of one message that are looked at: names stand in front, the files' content behind
MAX_COMPOUND = 16  # requests in one message
CREATE, CREATE_ANDX, SMB2_HEADER, SMB1_HEADER = 0x05, 0xA2, 64, 32
RESPONSE1, RESPONSE2, UNICODE = 0x80, 0x01, 0x8000
# Access masks ([MS-SMB2] 2.2.13.1): data, append, all, maximum allowed, generic.
WRITES = 0x0000_0002 | 0x0000_0004 | 0x0200_0000 | 0x1000_0000 | 0x4000_0000
READS = 0x0000_0001 | 0x0200_0000 | 0x1000_0000 | 0x8000_0000
DIRECTORY = 0x01  # create option


def looks_like_smb(head: bytes) -> bool | None:
    """Tell whether bytes begin SMB over TCP or NetBIOS ([MS-SMB2] 2.1, RFC 1002 4.3); None when more are needed."""
    if head[:1] == b"\x81" and len(head) >= 4:  # NetBIOS session request: two encoded names
        return head[1:4] == b"\x00\x00\x44" and head[4:5] in {b"", b"\x20"}
    if head[:1] not in {b"", b"\x00", b"\x81"}:
        return False
    if len(head) < 8:
        return None
    return head[4:8] in {SMB1, SMB2, ENCRYPTED, COMPRESSED}


def opened_files(message: bytes, outward: bool) -> list[bytes]:
    """Return the names, in UTF-8, of the files a request opens so that their content may go out.

    That is: opened for writing by a request that goes out, or for reading by one that comes in.
    """
    if message[:4] == SMB2:
        return _smb2_files(message, WRITES if outward else READS)
    if message[:4] == SMB1:
        return _smb1_files(message, WRITES if outward else READS)
    return []


def _smb2_files(message: bytes, access: int) -> list[bytes]:
    """CREATE requests ([MS-SMB2] 2.2.13), compounded or not (2.2.1.2: NextCommand)."""
    found: list[bytes] = []
    for _ in range(MAX_COMPOUND):
        if len(message) < SMB2_HEADER:
            break
        command, flags, following = _le(message, 12, 2), _le(message, 16, 4), _le(message, 20, 4)
        if command == CREATE and not flags & RESPONSE2 and len(message) >= SMB2_HEADER + 48:
            at, size = _le(message, SMB2_HEADER + 44, 2), _le(message, SMB2_HEADER + 46, 2)
            wanted, options = _le(message, SMB2_HEADER + 24, 4), _le(message, SMB2_HEADER + 40, 4)
            if wanted & access and not options & DIRECTORY:
                found.append(_utf16(message[at : at + size]))
        if not following:
            break
        message = message[following:]
    return found


def _smb1_files(message: bytes, access: int) -> list[bytes]:
    """NT_CREATE_ANDX requests ([MS-CIFS] 2.2.4.64.1)."""
    words = SMB1_HEADER + 1
    if len(message) < words + 50 or message[4] != CREATE_ANDX or message[9] & RESPONSE1:
        return []
    size = _le(message, words + 5, 2)
    if not _le(message, words + 15, 4) & access or _le(message, words + 39, 4) & DIRECTORY:
        return []
    at = words + 48 + 2
    if not _le(message, 10, 2) & UNICODE:
        return [message[at : at + size]]
    at += at % 2  # UTF-16 is aligned
    return [_utf16(message[at : at + size])]


def _le(message: bytes, at: int, size: int) -> int:
    return int.from_bytes(message[at : at + size], "little")


def _utf16(name: bytes) -> bytes:
    return name.decode("utf-16-le", "replace").rstrip("\0").encode("utf-8", "replace")


class SmbTalk:
    """SMB over TCP: messages behind a length of three bytes."""

    rest = b""

    def __init__(self, names: Names) -> None:
        """Write into these."""
        self._names = names
        self._held = {False: bytearray(), True: bytearray()}
        self._skip = {False: 0, True: 0}
        self._lost = {False: False, True: False}

    def feed(self, outward: bool, data: bytes) -> Step:
        """Take bytes of one direction; of each message only the beginning is kept."""
        if self._lost[outward]:
            if looks_like_smb(data) is not True:
                return Step.MORE
            self._lost[outward] = False
        held = self._held[outward]
        while data:
            skipped = min(self._skip[outward], len(data))
            self._skip[outward] -= skipped
            wanted = self._wanted(held)
            piece = data[skipped : skipped + wanted - len(held)]
            held += piece
            data = data[skipped + len(piece) :]
            if len(held) >= 4 and len(held) == self._wanted(held):
                self._skip[outward] = int.from_bytes(held[1:4], "big") + 4 - len(held)
                self._message(outward, bytes(held[4:]))
                held.clear()
        return Step.MORE

    @staticmethod
    def _wanted(held: bytearray) -> int:
        return 4 if len(held) < 4 else 4 + min(int.from_bytes(held[1:4], "big"), MAX_READ)

    def _message(self, outward: bool, message: bytes) -> None:
        if message[:4] == ENCRYPTED:
            self._names.inspection = Inspection.OPAQUE.value
        for name in opened_files(message, outward):
            self._names.add("file_names", name)

    def gap(self, outward: bool) -> None:
        """Wait for a piece that begins like a message."""
        self._lost[outward] = True
        self._held[outward].clear()
        self._skip[outward] = 0
