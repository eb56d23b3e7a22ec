"""Database sessions: MySQL's protocol 4.1 and PostgreSQL's protocol 3.0, in clear text."""

from __future__ import annotations

import struct
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import random
    from collections.abc import Iterable, Sequence

_CAPABILITIES = (
    0x0008_A20D  # long password, connect with database, protocol 41, transactions, secure connection, plugin
)
_UTF8MB4 = 45
_PLUGIN = b"mysql_native_password\0"
OK = 0x00


def mysql_packet(number: int, body: bytes) -> bytes:
    """Return a MySQL packet: three bytes of length, one of sequence."""
    return len(body).to_bytes(3, "little") + bytes([number & 0xFF]) + body


def mysql_greeting(rng: random.Random, thread: int) -> bytes:
    """Return what a server says first."""
    salt = bytes(rng.randrange(1, 128) for _ in range(20))
    low, high = struct.pack("<H", _CAPABILITIES & 0xFFFF), struct.pack("<H", _CAPABILITIES >> 16)
    body = b"\x0a8.0.40\0" + struct.pack("<I", thread) + salt[:8] + b"\0" + low + bytes([_UTF8MB4]) + b"\2\0" + high
    return mysql_packet(0, body + b"\x15" + bytes(10) + salt[8:] + b"\0" + _PLUGIN)


def mysql_login(rng: random.Random, user: str, database: str) -> bytes:
    """Return a client's answer to the greeting."""
    head = struct.pack("<IIB23x", _CAPABILITIES, 1 << 24, _UTF8MB4)
    return mysql_packet(1, head + user.encode() + b"\0\x14" + rng.randbytes(20) + database.encode() + b"\0" + _PLUGIN)


def mysql_ok(number: int, rows: int = 0) -> bytes:
    """Return an OK packet that tells affected rows."""
    return mysql_packet(number, bytes([OK]) + _length(rows) + b"\0\2\0\0\0")


def _length(value: int) -> bytes:
    """Return MySQL's length-encoded integer."""
    return bytes([value]) if value < 251 else b"\xfc" + struct.pack("<H", value)


def mysql_query(statement: str) -> bytes:
    """Return a query."""
    return mysql_packet(0, b"\3" + statement.encode())


def mysql_insert(table: str, columns: Sequence[str], rows: Iterable[Iterable[str]]) -> bytes:
    """Return one INSERT of many rows, as a dump has it."""
    values = ",".join("(" + ",".join(f"'{value}'" for value in row) + ")" for row in rows)
    names = ",".join(f"`{column}`" for column in columns)
    return mysql_query(f"INSERT INTO `{table}` ({names}) VALUES {values}")  # noqa: S608 - bytes of a made-up dump


def postgres_startup(user: str, database: str) -> bytes:
    """Return the start-up message, which alone has no type byte."""
    pairs = b"user\0" + user.encode() + b"\0database\0" + database.encode() + b"\0client_encoding\0UTF8\0\0"
    return struct.pack("!II", 8 + len(pairs), 3 << 16) + pairs


def postgres(kind: str, body: bytes = b"") -> bytes:
    """Return a message: type, length, body."""
    return kind.encode() + struct.pack("!I", 4 + len(body)) + body


def postgres_ready(rng: random.Random) -> bytes:
    """Return what a server says once the user is let in."""
    settings = (("server_version", "16.6"), ("server_encoding", "UTF8"), ("TimeZone", "Asia/Ho_Chi_Minh"))
    status = b"".join(postgres("S", f"{name}\0{value}\0".encode()) for name, value in settings)
    return postgres("R", bytes(4)) + status + postgres("K", rng.randbytes(8)) + postgres("Z", b"I")


def postgres_copy(rows: Sequence[Sequence[str]]) -> bytes:
    """Return a table as COPY … TO STDOUT sends it."""
    columns = len(rows[0])
    head = postgres("H", struct.pack("!bh", 0, columns) + bytes(2 * columns))
    data = b"".join(postgres("d", ("\t".join(row) + "\n").encode()) for row in rows)
    return head + data + postgres("c") + postgres("C", f"COPY {len(rows)}\0".encode()) + postgres("Z", b"I")
