"""Opening databases: what is refused and how, and that nothing done to the file on disk can hurt."""

from __future__ import annotations

import gzip
import os
import shutil
import socket
import threading
import time
from typing import TYPE_CHECKING, Any

import maxminddb
import pytest

from crossborder.classify.mmdbfile import Mmdb, extension_loaded, fingerprint, prefix_of
from crossborder.errors import CrossborderError

if TYPE_CHECKING:
    from pathlib import Path

    from tests.classify.world import WriteMmdb


def packed(text: str) -> bytes:
    """Return an address as bytes."""
    return socket.inet_pton(socket.AF_INET6 if ":" in text else socket.AF_INET, text)


def test_find(write_mmdb: WriteMmdb) -> None:
    """A record comes with the prefix that matched, in the family that was asked."""
    mmdb = Mmdb.read(write_mmdb({"192.0.2.0/24": {"n": 4}, "2001:db8::/32": {"n": 6}}, "mine"))

    assert mmdb.find(packed("192.0.2.77")) == ({"n": 4}, "192.0.2.0/24")
    assert mmdb.find(packed("2001:db8:1::1")) == ({"n": 6}, "2001:db8::/32")
    assert mmdb.find(packed("198.51.100.1")) == (None, None)
    assert (mmdb.name, mmdb.build, mmdb.ip_version) == ("mine", 1_750_000_000, 6)


def test_the_extension_serves() -> None:
    """The tests, and whoever installs the locked versions, run the C reader."""
    assert extension_loaded()


def test_ipv6_in_an_ipv4_file_is_a_miss(write_mmdb: WriteMmdb) -> None:
    """The reader raises ValueError for it; for us it is an address the file does not know."""
    mmdb = Mmdb.read(write_mmdb({"192.0.2.0/24": {"n": 4}}, ip_version=4))

    assert mmdb.find(packed("2001:db8::1")) == (None, None)
    assert mmdb.find(packed("192.0.2.1")) == ({"n": 4}, "192.0.2.0/24")


@pytest.mark.parametrize(
    ("content", "sentence"),
    [
        (b"", "is empty"),
        (b"GEO-106FREE 20191224 Build" * 100, "no MMDB metadata"),
        (gzip.compress(b"anything", mtime=0), "gzip file: unpack it first"),
        (b"\xfd7zXZ\x00 and so on", "xz file: unpack it first"),
        (b"some bytes \xab\xcd\xefMaxMind.com", "damaged MMDB database"),
    ],
)
def test_what_is_no_database(content: bytes, sentence: str, tmp_path: Path) -> None:
    """One sentence says what the file is instead; no path of ours, no traceback."""
    path = tmp_path / "x.mmdb"
    path.write_bytes(content)

    with pytest.raises(CrossborderError, match=sentence) as told:
        Mmdb.read(path)
    assert str(told.value).startswith(f"{path}: ")
    assert "/proc/" not in str(told.value)


def test_missing_folder_and_pipe(tmp_path: Path) -> None:
    """A path that leads to no file is told so and does not block."""
    os.mkfifo(tmp_path / "pipe")
    (tmp_path / "pipe2").symlink_to("/dev/null")
    for path, sentence in (
        (tmp_path / "none.mmdb", "No such file"),
        (tmp_path, "directory|not a file"),
        (tmp_path / "pipe", "is not a file"),
        (tmp_path / "pipe2", "is not a file"),
    ):
        with pytest.raises(CrossborderError, match=sentence):
            Mmdb.read(path)


def test_cut_anywhere(write_mmdb: WriteMmdb, tmp_path: Path) -> None:
    """A download that stopped anywhere is refused or answers: it never crashes."""
    whole = write_mmdb({f"10.{n}.0.0/16": {"country": {"iso_code": "VN"}, "n": n} for n in range(64)}).read_bytes()
    cut = tmp_path / "cut.mmdb"
    for size in range(1, len(whole), 97):
        cut.write_bytes(whole[:size])
        with pytest.raises(CrossborderError):
            Mmdb.read(cut)


def test_broken_anywhere(write_mmdb: WriteMmdb) -> None:
    """Any single byte turned over is refused, or answers, or raises LookupError; nothing else."""
    path = write_mmdb({f"10.{n}.0.0/16": {"country": {"iso_code": "VN"}, "n": n} for n in range(16)})
    whole = path.read_bytes()
    for at in range(len(whole)):
        for flip in (0xFF, 0x20):
            raw = bytearray(whole)
            raw[at] ^= flip
            try:
                mmdb = Mmdb(bytes(raw), path)
                for last in (0, 5, 15):
                    mmdb.find(bytes((10, last, 0, 1)))
                    mmdb.find(packed("2001:db8::1"))
            except (CrossborderError, LookupError):
                continue


@pytest.mark.parametrize("spoil", ["truncate", "overwrite", "remove", "rename"])
def test_file_on_disk_may_go(spoil: str, write_mmdb: WriteMmdb, tmp_path: Path) -> None:
    """Truncated (SIGBUS under a map of the file), rewritten, removed or replaced: answers stay."""
    path = write_mmdb({"192.0.2.0/24": {"n": 4}})
    mmdb = Mmdb.read(path)
    if spoil == "truncate":
        os.truncate(path, 0)
    elif spoil == "overwrite":
        path.write_bytes(b"\xff" * 100_000)
    elif spoil == "remove":
        path.unlink()
    else:
        (tmp_path / "new").write_bytes(b"new")
        (tmp_path / "new").rename(path)

    assert mmdb.find(packed("192.0.2.1")) == ({"n": 4}, "192.0.2.0/24")
    assert len(list(mmdb.tree.leaves(1000))) > 0


def test_replaced_under_load(write_mmdb: WriteMmdb, tmp_path: Path) -> None:
    """While one thread looks up another keeps rewriting the file in place: no crash, and no answer of two versions."""
    one = write_mmdb({"192.0.2.0/24": {"n": 1}}, "one")
    two = write_mmdb({"192.0.2.0/25": {"n": 2}, "192.0.2.128/25": {"n": 3}}, "two")
    path = tmp_path / "live.mmdb"
    shutil.copy(one, path)
    stop = threading.Event()

    def rewrite() -> None:
        while not stop.is_set():
            for source in (two, one):
                with path.open("r+b") as file:
                    file.truncate(0)
                    file.write(source.read_bytes())
                stop.wait(0.002)

    writer = threading.Thread(target=rewrite)
    writer.start()
    opened = 0
    deadline = time.monotonic() + 60
    try:
        while opened < 200 and time.monotonic() < deadline:
            try:
                mmdb = Mmdb.read(path)
            except CrossborderError:
                continue
            opened += 1
            answers = {mmdb.find(packed(f"192.0.2.{n}"))[0]["n"] for n in (1, 200) for _ in range(20)}
            assert answers == ({1} if mmdb.name == "one" else {2, 3})
    finally:
        stop.set()
        writer.join()

    assert opened == 200


def test_memory_is_freed(write_mmdb: WriteMmdb) -> None:
    """Letting go of a database closes it: no descriptor stays behind after many reloads."""
    path = write_mmdb({"192.0.2.0/24": {"n": 4}})
    Mmdb.read(path)
    before = len(os.listdir("/proc/self/fd"))  # noqa: PTH208 - names are all that is needed
    for _ in range(50):
        Mmdb.read(path).find(packed("192.0.2.1"))

    assert len(os.listdir("/proc/self/fd")) <= before + 1  # noqa: PTH208 - the same


@pytest.mark.parametrize("missing", ["memfd", "extension"])
def test_without_memfd_or_extension(missing: str, write_mmdb: WriteMmdb, monkeypatch: pytest.MonkeyPatch) -> None:
    """On a platform that lacks one of them the answers are the same, and the file on disk may still go."""
    if missing == "memfd":
        monkeypatch.delattr(os, "memfd_create")
    else:
        monkeypatch.setattr(maxminddb, "_extension", None)
    path = write_mmdb({"192.0.2.0/24": {"n": 4}, "2001:db8::/32": {"n": 6}})

    mmdb = Mmdb.read(path)
    os.truncate(path, 0)

    assert extension_loaded() is (missing == "memfd")
    assert mmdb.find(packed("192.0.2.1")) == ({"n": 4}, "192.0.2.0/24")
    assert mmdb.find(packed("2001:db8::1")) == ({"n": 6}, "2001:db8::/32")


def test_fingerprint(tmp_path: Path) -> None:
    """A rewrite, a replacement and a removal each change the fingerprint; reading does not."""
    path = tmp_path / "x"
    path.write_bytes(b"one")
    first = fingerprint(path)
    path.read_bytes()

    assert fingerprint(path) == first
    (tmp_path / "y").write_bytes(b"one")
    assert first
    os.utime(tmp_path / "y", ns=(first.mtime_ns, first.mtime_ns))
    (tmp_path / "y").rename(path)
    assert fingerprint(path) != first
    path.unlink()
    assert fingerprint(path) is None


@pytest.mark.parametrize(
    ("text", "length", "prefix"),
    [
        ("192.0.2.77", 24, "192.0.2.0/24"),
        ("192.0.2.77", 0, "0.0.0.0/0"),
        ("192.0.2.77", 32, "192.0.2.77/32"),
        ("2001:db8:ffff::1", 33, "2001:db8:8000::/33"),
        ("2001:db8::1", 0, "::/0"),
    ],
)
def test_prefix_of(text: str, length: int, prefix: str) -> None:
    """The prefix is that of the address, host bits cleared."""
    assert prefix_of(packed(text), length) == prefix


@pytest.mark.parametrize(("name", "shown"), [("evil\n# HELP", "evil# HELP"), ("x" * 500, "x" * 64), ("", "unnamed")])
def test_name_is_fit_for_a_label(name: str, shown: str, tmp_path: Path) -> None:
    """A file's own name for itself becomes a label: short, without control characters."""
    from crossborder.classify.mmdbwriter import Metadata, write

    raw = write([(1, 1, 0)], lambda _: {"n": 1}, Metadata(name, "d", 1))

    assert Mmdb(raw, tmp_path).name == shown


@pytest.mark.parametrize(("epoch", "build"), [(1, 1), ((1 << 64) - 1, None), (253_402_300_799, 253_402_300_799)])
def test_build_time_is_clamped(epoch: int, build: int | None, tmp_path: Path) -> None:
    """A build time no calendar holds is unknown."""
    from crossborder.classify.mmdbwriter import Metadata, write

    raw = write([(1, 1, 0)], lambda _: {"n": 1}, Metadata("n", "d", epoch))

    assert Mmdb(raw, tmp_path).build == build


def test_being_written(write_mmdb: WriteMmdb, monkeypatch: pytest.MonkeyPatch) -> None:
    """A file that grows while it is read is refused, with advice."""
    path = write_mmdb({"192.0.2.0/24": {"n": 4}})
    asked: list[Any] = []
    real = os.fstat

    def fstat(handle: int) -> os.stat_result:
        found = real(handle)
        asked.append(found)
        if len(asked) == 1:
            with path.open("ab") as file:
                file.write(b"more")
        return found

    monkeypatch.setattr(os, "fstat", fstat)

    with pytest.raises(CrossborderError, match="was being written"):
        Mmdb.read(path)
