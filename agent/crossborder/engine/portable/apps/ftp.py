"""The control connection of FTP (RFC 959): which files go out, and over which data connections."""

from __future__ import annotations

from typing import TYPE_CHECKING

from crossborder.engine.portable.apps.ftpdata import announced
from crossborder.engine.portable.apps.linetalk import LineTalk

if TYPE_CHECKING:
    from crossborder.engine.portable.apps.ftpdata import Transfer
    from crossborder.engine.portable.apps.talk import Scene

COMMANDS = frozenset(
    {b"USER", b"PASS", b"AUTH", b"FEAT", b"SYST", b"OPTS", b"PASV", b"PORT", b"EPSV", b"EPRT", b"PBSZ", b"PROT"}
    | {
        b"TYPE",
        b"CWD",
        b"PWD",
        b"LIST",
        b"NLST",
        b"MLSD",
        b"SIZE",
        b"MDTM",
        b"RETR",
        b"STOR",
        b"STOU",
        b"APPE",
        b"CLNT",
    }
)
_SENDS = frozenset({b"STOR", b"STOU", b"APPE"})  # from the side that commands
_FETCHES = frozenset({b"RETR"})  # towards it


class FtpTalk(LineTalk):
    """FTP's commands. A file goes out that a client at home stores abroad, or a client abroad fetches at home."""

    def __init__(self, scene: Scene) -> None:
        """Write into the flow's names, and tell the other flows which data connections are to come."""
        super().__init__(scene)
        self._transfer: Transfer | None = None

    def line(self, outward: bool, line: bytes) -> None:
        """Take a command or a reply."""
        place = announced(line)
        if place is not None and self._scene.ends is not None:
            self._transfer = self._scene.transfers.announce(self._scene.ends, place)
        word, _, argument = line.partition(b" ")
        if word.upper() in (_SENDS if outward else _FETCHES) and argument.strip():
            self._names.add("file_names", argument)
            if self._transfer is not None:
                self._transfer.carries(argument)

    def over(self) -> bool:
        """There may always be another file."""
        return False
