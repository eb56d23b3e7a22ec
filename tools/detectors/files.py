"""Beginnings of files, made by the libraries that write such files where Python has one, else from their formats."""

from __future__ import annotations

import bz2
import gzip
import io
import lzma
import struct
import tarfile
import zipfile
from typing import TYPE_CHECKING, Final

from tools.detectors.corpus import ALONE, Example

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from random import Random

    from tools.detectors.corpus import Sizes


def _zip(rng: Random, *names: str) -> bytes:
    file = io.BytesIO()
    with zipfile.ZipFile(file, "w") as archive:
        way = rng.choice((zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED))
        for name in names:
            archive.writestr(zipfile.ZipInfo(name), rng.randbytes(rng.randrange(20, 200)).hex(), way)
    return file.getvalue()


def _office(rng: Random) -> bytes:
    kind = rng.randrange(4)
    if kind == 0:
        return (
            bytes.fromhex("d0cf11e0a1b11ae1")
            + bytes(16)
            + struct.pack("<HHH", 0x3E, 3, 0xFFFE)
            + bytes(6)
            + rng.randbytes(400)
        )
    if kind == 1:
        file = io.BytesIO()
        with zipfile.ZipFile(file, "w") as archive:
            archive.writestr(
                zipfile.ZipInfo("mimetype"), f"application/vnd.oasis.opendocument.{rng.choice(('text', 'spreadsheet'))}"
            )
        return file.getvalue()
    part = rng.choice(("word/document.xml", "xl/workbook.xml", "ppt/presentation.xml"))
    first = rng.choice(("[Content_Types].xml", "_rels/.rels", "docProps/app.xml"))
    return _zip(rng, first, part)


def _archive(rng: Random) -> bytes:
    data = rng.randbytes(rng.randrange(50, 500))
    return rng.choice((
        lambda: _zip(rng, f"anh{rng.randrange(99)}.jpg", "b.txt"),
        lambda: gzip.compress(data, mtime=rng.randrange(1 << 31)),
        lambda: bz2.compress(data),
        lambda: lzma.compress(data),
        lambda: _tar(rng, data),
        lambda: b"Rar!\x1a\x07" + rng.choice((b"\x00", b"\x01\x00")) + data,
        lambda: b"7z\xbc\xaf\x27\x1c\x00\x04" + data,
        lambda: bytes.fromhex("28b52ffd") + data,
    ))()  # fmt: skip


def _tar(rng: Random, data: bytes) -> bytes:
    file = io.BytesIO()
    with tarfile.open(fileobj=file, mode="w", format=rng.choice((tarfile.USTAR_FORMAT, tarfile.GNU_FORMAT))) as archive:
        member = tarfile.TarInfo(f"thumuc/{rng.randrange(999)}.dat")
        member.size = len(data)
        archive.addfile(member, io.BytesIO(data))
    return file.getvalue()[:3000]


def tiff(rng: Random, tags: list[int]) -> bytes:
    """Return a TIFF of one directory, in either order of bytes."""
    order = rng.choice("<>")
    head = (b"II" if order == "<" else b"MM") + struct.pack(order + "HI", 42, 8) + struct.pack(order + "H", len(tags))
    entries = (
        struct.pack(order + "HHII", tag, 3, 1 if tag < 1000 else 4, rng.randrange(1 << 16)) for tag in sorted(tags)
    )
    return head + b"".join(entries) + bytes(4) + rng.randbytes(300)


BASE_TAGS: Final = [256, 257, 258, 259, 262, 273, 277, 278, 279, 282, 283, 284, 296]


def _geotiff(rng: Random) -> bytes:
    return tiff(
        rng, [*rng.sample(BASE_TAGS, rng.randrange(8, 13)), 33550, 33922, 34735, *rng.sample([34736, 34737, 42113], 2)]
    )


def _shapefile(rng: Random) -> bytes:
    head = struct.pack(">I20xI", 9994, rng.randrange(50, 1 << 20)) + struct.pack(
        "<II", 1000, rng.choice((1, 3, 5, 8, 11, 13, 15))
    )
    return head + struct.pack("<8d", *(rng.uniform(8, 110) for _ in range(8))) + rng.randbytes(200)


def _laser(rng: Random) -> bytes:
    head = (
        b"LASF"
        + struct.pack("<HH", rng.randrange(99), rng.choice((0, 1, 17)))
        + rng.choice((bytes(16), rng.randbytes(16)))
    )
    return head + bytes((1, rng.randrange(5))) + b"OTHER".ljust(32, b"\0") + rng.randbytes(150)


def _dicom(rng: Random) -> bytes:
    preamble = rng.choice((bytes(128), rng.randbytes(128)))
    return preamble + b"DICM" + struct.pack("<HH2sHI", 2, 0, b"UL", 4, rng.randrange(180, 220)) + rng.randbytes(200)


def _dump(rng: Random) -> bytes:
    version = f"{rng.randrange(5, 17)}.{rng.randrange(30)}"
    return rng.choice((
        f"-- MySQL dump 10.13  Distrib {version}, for Linux (x86_64)\n--\n-- Host: localhost    Database: mau\n",
        f"-- MariaDB dump 10.19  Distrib {version}-MariaDB, for debian-linux-gnu (x86_64)\n--\n",
        f"/*!999999\\- enable the sandbox mode */ \n-- MariaDB dump 10.19-{version}.8-MariaDB, for debian-linux-gnu\n",
        f"--\n-- PostgreSQL database dump\n--\n\n-- Dumped from database version {version}\n",
        f"-- phpMyAdmin SQL Dump\n-- version {version}\n",
        f"PGDMP\x01{chr(rng.randrange(12, 17))}\0\4\b\1",
        f"SQLite format 3\0{chr(16)}\0\1\1\0@  ",
        "PRAGMA foreign_keys=OFF;\nBEGIN TRANSACTION;\nCREATE TABLE t(a);\n",
    )).encode()  # fmt: skip


def _disk(rng: Random) -> bytes:
    return rng.choice((
        b"QFI\xfb" + struct.pack(">I", rng.choice((2, 3))),
        b"KDMV" + struct.pack("<I", rng.choice((1, 2, 3))),
        b"# Disk DescriptorFile\nversion=1\nCID=",
        b"conectix" + struct.pack(">II", 2, 0x10000),
        b"vhdxfile" + "QEMU".encode("utf-16le"),
        b"<<< Oracle VM VirtualBox Disk Image >>>\n".ljust(64, b"\0") + struct.pack("<I", 0xBEDA107F),
        b"EVF\x09\x0d\x0a\xff\x00\x01\x01\x00",
    )) + rng.randbytes(100)  # fmt: skip


KINDS: Final[tuple[tuple[str, Callable[[Random], bytes], frozenset[str]], ...]] = (
    ("office-document", _office, frozenset({"archive-file"})),
    ("archive-file", _archive, frozenset()),
    ("geotiff", _geotiff, frozenset()),
    ("shapefile", _shapefile, frozenset()),
    ("las-point-cloud", _laser, frozenset()),
    ("dicom-file", _dicom, frozenset()),
    ("sql-dump", _dump, frozenset()),
    ("disk-image", _disk, frozenset()),
)


def examples(rng: Random, sizes: Sizes) -> Iterator[Example]:
    """Make beginnings of files."""
    for detector, make, also in KINDS:
        for _ in range(sizes.single):
            yield Example(make(rng), {detector: ALONE}, also=also, about="file")
