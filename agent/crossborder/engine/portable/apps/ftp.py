"""The control connection of FTP (RFC 959): which files go out."""

from __future__ import annotations

from crossborder.engine.portable.apps.linetalk import LineTalk

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

    def line(self, outward: bool, line: bytes) -> None:
        """Take a command or a reply."""
        word, _, argument = line.partition(b" ")
        if word.upper() in (_SENDS if outward else _FETCHES) and argument.strip():
            self._names.add("file_names", argument)

    def over(self) -> bool:
        """There may always be another file."""
        return False
