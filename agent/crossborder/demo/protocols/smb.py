"""SMB 3.0.2 over TCP, made with scapy: a file is written to a share ([MS-SMB2])."""

from __future__ import annotations

import struct
from typing import TYPE_CHECKING, Any
from uuid import UUID

from scapy.layers import smb2
from scapy.packet import Raw

if TYPE_CHECKING:
    import random
    from collections.abc import Iterator

    from scapy.packet import Packet

_DIALECT = 0x0302
_NEGOTIATE, _SESSION, _TREE, _CREATE, _CLOSE, _WRITE = 0, 1, 3, 5, 6, 9
_MORE_PROCESSING = 0xC0000016
_TREE_ID = 5
_RESPONSE = 1  # SMB2_FLAGS_SERVER_TO_REDIR
_WHEN = 134_138_448_000_000_000  # FILETIME of the morning of 2026-01-26
_CHUNK = 65_536
_NTLM = b"NTLMSSP\0"
_NTLM_FLAGS = 0xE2088297


class Session:
    """One session in which one file is written; numbers rise as messages are made."""

    def __init__(self, rng: random.Random) -> None:
        """Invent ids."""
        self._rng = rng
        self._session = rng.getrandbits(48)
        self._file = smb2.SMB2_FILEID(Persistent=rng.getrandbits(32), Volatile=rng.getrandbits(32))
        self._number = 0

    def write_file(self, share: str, path: str, content: bytes) -> Iterator[tuple[bool, bytes]]:
        """Yield who says what, from the negotiation to the close of the file; True is the client."""
        yield from self._negotiate()
        yield from self._log_on()
        yield from self._ask(_TREE, smb2.SMB2_Tree_Connect_Request(Buffer=[("Path", share)]), _tree_answer(), tree=0)
        yield from self._ask(_CREATE, _create(path), self._created(len(content)))
        for offset in range(0, len(content), _CHUNK):
            part = content[offset : offset + _CHUNK]
            yield from self._ask(_WRITE, self._write(offset, part), smb2.SMB2_Write_Response(Count=len(part)))
        closed = {"CreationTime": 0, "LastAccessTime": 0, "LastWriteTime": 0, "ChangeTime": 0, "FileAttributes": 0}
        request = smb2.SMB2_Close_Request(FileId=self._file)
        yield from self._ask(_CLOSE, request, smb2.SMB2_Close_Response(**closed))

    def _negotiate(self) -> Iterator[tuple[bool, bytes]]:
        guid = UUID(int=self._rng.getrandbits(128), version=4)
        request = smb2.SMB2_Negotiate_Protocol_Request(
            Dialects=[0x0202, 0x0210, 0x0300, _DIALECT], ClientGUID=guid, SecurityMode=1, Capabilities=0x7F
        )
        sizes = {"MaxTransactionSize": 1 << 20, "MaxReadSize": 1 << 20, "MaxWriteSize": 1 << 20}
        answer = smb2.SMB2_Negotiate_Protocol_Response(
            SecurityMode=1,
            DialectRevision=_DIALECT,
            GUID=UUID(int=self._rng.getrandbits(128), version=4),
            Capabilities=0x2F,
            ServerTime=_WHEN,
            ServerStartTime=_WHEN,
            **sizes,
        )
        yield from self._ask(_NEGOTIATE, request, answer, session=0, tree=0)

    def _log_on(self) -> Iterator[tuple[bool, bytes]]:
        offer = _NTLM + struct.pack("<II", 1, _NTLM_FLAGS) + bytes(16) + bytes.fromhex("0a00614a0000000f")
        yield from self._ask(_SESSION, _security(offer), _granted(self._challenge()), _MORE_PROCESSING, 0, tree=0)
        yield from self._ask(_SESSION, _security(_authenticate(self._rng)), _granted(b""), tree=0)

    def _challenge(self) -> bytes:
        """Return an NTLM challenge whose target and target information are empty ([MS-NLMP] 2.2.1.2)."""
        fields = struct.pack("<HHI", 0, 0, 56)
        info = bytes(4)  # MsvAvEOL
        head = struct.pack("<I", 2) + fields + struct.pack("<I", _NTLM_FLAGS) + self._rng.randbytes(8) + bytes(8)
        return _NTLM + head + struct.pack("<HHI", len(info), len(info), 56) + bytes.fromhex("0a00614a0000000f") + info

    def _created(self, size: int) -> Packet:
        times = dict.fromkeys(("CreationTime", "LastAccessTime", "LastWriteTime", "ChangeTime"), _WHEN)
        return smb2.SMB2_Create_Response(
            CreateAction=2, EndOfFile=0, AllocationSize=size, FileAttributes=0x20, FileId=self._file, **times
        )

    def _write(self, offset: int, part: bytes) -> Packet:
        return smb2.SMB2_Write_Request(Offset=offset, FileId=self._file, Buffer=[("Data", part)])

    def _ask(
        self,
        command: int,
        request: Packet,
        answer: Packet,
        status: int = 0,
        session: int | None = None,
        tree: int = _TREE_ID,
    ) -> Iterator[tuple[bool, bytes]]:
        known: dict[str, Any] = {"SessionId": self._session if session is None else session, "TID": tree}
        common = {"Command": command, "MID": self._number, "PID": 0xFEFF, "CreditRequest": 8, "CreditCharge": 1}
        self._number += 1
        yield True, _framed(smb2.SMB2_Header(Flags=0, **common, **known) / request)
        known = {"SessionId": 0 if command == _NEGOTIATE else self._session, "TID": _TREE_ID if command >= _TREE else 0}
        yield False, _framed(smb2.SMB2_Header(Flags=_RESPONSE, Status=status, **common, **known) / answer)


def _framed(message: Packet) -> bytes:
    """Put the length in front, as SMB over TCP has it."""
    raw = bytes(message)
    return struct.pack("!I", len(raw)) + raw


def _security(token: bytes) -> Packet:
    return smb2.SMB2_Session_Setup_Request(SecurityMode=1, Capabilities=1, Buffer=[("SecurityBlob", Raw(token))])


def _granted(token: bytes) -> Packet:
    return smb2.SMB2_Session_Setup_Response(Buffer=[("Security", token)])


def _tree_answer() -> Packet:
    return smb2.SMB2_Tree_Connect_Response(ShareType=1, MaximalAccess=0x001F01FF)


def _create(path: str) -> Packet:
    return smb2.SMB2_Create_Request(
        ImpersonationLevel=2,
        DesiredAccess=0x0012019F,
        FileAttributes=0x20,
        ShareAccess=1,
        CreateDisposition=5,
        CreateOptions=0x44,
        Buffer=[("Name", path)],
    )


def _authenticate(rng: random.Random) -> bytes:
    """Return an NTLM authentication of an invented user ([MS-NLMP] 2.2.1.3)."""
    domain, user, host = (text.encode("utf-16-le") for text in ("MINISTRY", "bids", "BIDS-DESK"))
    parts = (rng.randbytes(24), rng.randbytes(24), domain, user, host, b"")
    offset, head, payload = 72, b"", b""
    for part in parts:
        head += struct.pack("<HHI", len(part), len(part), offset + len(payload))
        payload += part
    head += struct.pack("<I", _NTLM_FLAGS & ~0x40000000) + bytes.fromhex("0a00614a0000000f")
    return _NTLM + struct.pack("<I", 3) + head + payload
