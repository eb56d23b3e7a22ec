"""The one door to maxminddb: opens a database so that nothing done to the file can hurt, and answers lookups.

The C extension, twenty times faster than the Python reader, knows a file only by mapping it: a file that is truncated
or rewritten in place under the map kills the process (SIGBUS) or mixes two databases. So the file is read once, whole,
into anonymous memory (memfd, sealed against writing), and that is what the extension maps. The file on disk may then be
replaced, rewritten or removed at any time. The memory is freed when the last reader lets go of the object.
"""

from __future__ import annotations

import contextlib
import fcntl
import hashlib
import io
import mmap
import os
import socket
import stat
import tempfile
from functools import cached_property
from itertools import islice
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple

import maxminddb
import polars as pl

from crossborder.classify.ranges import IPV4_END
from crossborder.classify.searchtree import BrokenTree, SearchTree
from crossborder.errors import CrossborderError
from crossborder.kept import kept

if TYPE_CHECKING:
    from collections.abc import Iterator

    from crossborder.classify.searchtree import Leaf

MAX_BYTES = 1 << 30  # the largest databases sold are below 0.5 GiB
LAST_SECOND = 253_402_300_799  # end of the year 9999: what datetime can hold
BLOCKS_MADE = b"blocks, made the first way"  # another way to make them, another text here
_SAMPLE_NODES = 8_192  # nodes walked to find the layout
_SAMPLE_RECORDS = 256  # distinct records looked at
MARKER = b"\xab\xcd\xefMaxMind.com"
_PACKED = {b"\x1f\x8b": "gzip", b"\xfd7zXZ": "xz", b"\x28\xb5\x2f\xfd": "zstd", b"PK": "zip", b"!<arch>": "deb"}
_SEALS = fcntl.F_SEAL_WRITE | fcntl.F_SEAL_SHRINK | fcntl.F_SEAL_GROW | fcntl.F_SEAL_SEAL

# What the readers raise for a damaged record: InvalidDatabaseError is a RuntimeError, UnicodeDecodeError a ValueError.
_LOOKUP_ERRORS = (ValueError, RuntimeError, MemoryError, OverflowError, LookupError, TypeError)


class Fingerprint(NamedTuple):
    """What tells that a file was replaced or rewritten."""

    mtime_ns: int
    size: int
    inode: int


def fingerprint(path: Path) -> Fingerprint | None:
    """Return a file's fingerprint; None where there is no file."""
    try:
        found = path.stat()
    except OSError:
        return None
    return Fingerprint(found.st_mtime_ns, found.st_size, found.st_ino)


def extension_loaded() -> bool:
    """Tell whether the C extension serves; without it lookups take twenty times as long."""
    return bool(getattr(maxminddb, "_extension", None))


class Mmdb:
    """An open database, independent of the file it came from."""

    def __init__(self, raw: bytes, path: Path, cache: Path | None = None, sha256: bytes | None = None) -> None:
        """Open a database from its bytes; `path` names it in faults, `cache` is a folder to keep its blocks in.

        `sha256` is that of the bytes, for whoever knows it already. Raises CrossborderError.
        """
        self.path = path
        self._cache = cache
        if sha256:
            self.sha256 = sha256
        self._buffer: bytes | mmap.mmap = raw
        try:
            self._reader = self._open(raw)
            about = self._reader.metadata()
            self.name = _printable(about.database_type)
            self.build = about.build_epoch if 0 < about.build_epoch <= LAST_SECOND else None
            self.ip_version = about.ip_version
            self.tree = SearchTree(self._buffer, about.node_count, about.record_size, about.ip_version)
        except (*_LOOKUP_ERRORS, AttributeError, OSError, BrokenTree) as error:
            raise CrossborderError.at(path, _what_is(raw, error)) from None

    @classmethod
    def read(cls, path: Path, cache: Path | None = None) -> Mmdb:
        """Open the database in a file; raises CrossborderError: missing, not a file, too large, damaged."""
        return cls(read_bytes(path), path, cache)

    @cached_property
    def sha256(self) -> bytes:
        """Digest of the file."""
        return hashlib.sha256(self._buffer).digest()

    @cached_property
    def blocks(self) -> pl.DataFrame:
        """All addresses in blocks of one record each (searchtree.BLOCKS); raises CrossborderError: a broken tree."""
        of = BLOCKS_MADE + self.sha256 if self._cache else b""
        return pl.read_ipc(kept(self._cache, "blocks", of, self._blocks))

    def _blocks(self) -> bytes:
        written = io.BytesIO()
        try:
            self.tree.blocks().write_ipc(written, compression="zstd")
        except BrokenTree as error:
            raise CrossborderError.at(self.path, f"is a damaged MMDB database: {error}") from None
        return written.getvalue()

    @cached_property
    def sample(self) -> list[object]:
        """Some distinct records, to tell the layout by; raises CrossborderError when not one can be read."""
        firsts: dict[int, Leaf] = {}
        for leaf in self.tree.leaves(_SAMPLE_NODES):
            firsts.setdefault(leaf.record, leaf)
        records: list[object] = []
        damage = ""
        for leaf in islice(firsts.values(), _SAMPLE_RECORDS):
            try:
                records.append(self.find(self._first_address(leaf))[0])
            except LookupError as error:
                damage = str(error)
        if damage and not records:
            raise CrossborderError.at(self.path, f"is a damaged MMDB database: {damage}")
        return records

    def _first_address(self, leaf: Leaf) -> bytes:
        short = self.ip_version == 4 or (leaf.low < IPV4_END and leaf.bits <= 32)
        return leaf.low.to_bytes(4 if short else 16, "big")

    def find(self, packed: bytes) -> tuple[Any, str | None]:
        """Return the record of an address of 4 or 16 bytes and the prefix that matched; (None, None) without.

        Raises LookupError when the record is damaged.
        """
        if len(packed) == 16 and self.ip_version == 4:
            return None, None
        text = socket.inet_ntop(socket.AF_INET if len(packed) == 4 else socket.AF_INET6, packed)
        try:
            record, length = self._reader.get_with_prefix_len(text)
        except _LOOKUP_ERRORS as error:
            raise LookupError(_sentence(error)) from None
        return (record, prefix_of(packed, length)) if record is not None else (None, None)

    def _open(self, raw: bytes) -> maxminddb.Reader:
        mode = maxminddb.MODE_MMAP_EXT if extension_loaded() else maxminddb.MODE_MEMORY
        with _private_file(raw) as (path, self._buffer):
            return maxminddb.open_database(path, mode)


def read_bytes(path: Path) -> bytes:
    """Read a whole file that nobody writes meanwhile; raises CrossborderError."""
    try:
        # Not blocking: a named pipe without a writer would hold the start for ever.
        with os.fdopen(os.open(path, os.O_RDONLY | os.O_NONBLOCK | os.O_CLOEXEC), "rb") as file:
            before = os.fstat(file.fileno())
            if not stat.S_ISREG(before.st_mode):
                raise CrossborderError.at(path, "is not a file")
            if before.st_size > MAX_BYTES:
                raise CrossborderError.at(path, f"is larger than {MAX_BYTES >> 20} MiB")
            raw = file.read(MAX_BYTES)
            after = os.fstat(file.fileno())
    except OSError as error:
        raise CrossborderError.at(path, f"cannot be read: {error.strerror or error}") from None
    if len(raw) != before.st_size or (after.st_mtime_ns, after.st_size) != (before.st_mtime_ns, before.st_size):
        raise CrossborderError.at(path, "was being written while it was read: write beside it and rename")
    if not raw:
        raise CrossborderError.at(path, "is empty")
    return raw


def prefix_of(packed: bytes, length: int) -> str:
    """Return the prefix of that length around an address, as text."""
    spare = len(packed) * 8 - length
    network = (int.from_bytes(packed, "big") >> spare << spare).to_bytes(len(packed), "big")
    return f"{socket.inet_ntop(socket.AF_INET if len(packed) == 4 else socket.AF_INET6, network)}/{length}"


@contextlib.contextmanager
def _private_file(raw: bytes) -> Iterator[tuple[str, mmap.mmap]]:
    """Give a path to a copy of the bytes that nobody else can write, and the same copy mapped."""
    try:
        handle = os.memfd_create("crossborder-mmdb", os.MFD_CLOEXEC | os.MFD_ALLOW_SEALING)
    except (AttributeError, OSError):
        handle = -1
    if handle < 0 or not Path(f"/proc/self/fd/{handle}").exists():
        yield from _unlinked_file(raw)
        return
    with os.fdopen(handle, "wb") as file:
        file.write(raw)
        file.flush()
        fcntl.fcntl(handle, fcntl.F_ADD_SEALS, _SEALS)
        yield f"/proc/self/fd/{handle}", _mapped(handle, len(raw))


def _unlinked_file(raw: bytes) -> Iterator[tuple[str, mmap.mmap]]:
    """Do the same with a temporary file that has no name once it is open: where memfd or /proc is missing."""
    with tempfile.NamedTemporaryFile(prefix="crossborder-", suffix=".mmdb") as file:
        file.write(raw)
        file.flush()
        yield file.name, _mapped(file.fileno(), len(raw))


def _mapped(handle: int, size: int) -> mmap.mmap:
    # Private: kernels before 6.7 refuse to share even a read-only map of a sealed file opened for writing.
    return mmap.mmap(handle, size, flags=mmap.MAP_PRIVATE, prot=mmap.PROT_READ)


def _what_is(raw: bytes, error: Exception) -> str:
    """Say of bytes that do not open what they are instead."""
    if raw.rfind(MARKER) >= 0:
        return f"is a damaged MMDB database: {_sentence(error)}"
    packed = next((name for magic, name in _PACKED.items() if raw.startswith(magic)), None)
    if packed:
        return f"is no MMDB database but a {packed} file: unpack it first"
    return "is no MMDB database: it has no MMDB metadata (cut off, or an old GeoIP .dat file?)"


def _sentence(error: Exception) -> str:
    """Return an error's first line; the path of the private copy in it would tell nobody anything."""
    said = str(error).splitlines()[0] if str(error) else type(error).__name__
    return "the reader refuses it" if "/proc/self/fd" in said or "crossborder-" in said else said


def _printable(text: object) -> str:
    """Return a database's own name for itself, short and without control characters: it becomes a label."""
    return "".join(c for c in str(text) if c.isprintable())[:64] or "unnamed"
