"""Writes a pack into a folder, and never over what it has not written itself."""

from __future__ import annotations

import hashlib
import re
from typing import TYPE_CHECKING

from crossborder.errors import CrossborderError, Fault

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

SUMS = "SHA256SUMS"
_LINE = re.compile(r"([0-9a-f]{64})  (.+)")


def write_pack(folder: Path, files: Mapping[str, str]) -> None:
    """Make a folder hold these files, by their places in it, and their digests, and nothing else.

    Files of an earlier export go. Raises CrossborderError with every file that is not of an export, or was changed.
    """
    try:
        before = _digests(folder)
        strange = [path for path in _found(folder) if not _is_own(path, folder, before, files)]
        if strange:
            message = "is not of an export, or was changed since: name another folder, or move it away"
            raise CrossborderError(*(Fault(str(path), None, message) for path in strange))
        _replace(folder, files)
    except OSError as error:
        raise CrossborderError.at(folder, f"cannot be written: {error.strerror or error}") from None


def _found(folder: Path) -> list[Path]:
    return sorted(path for path in folder.rglob("*") if path.is_symlink() or not path.is_dir())


def _digests(folder: Path) -> dict[str, str]:
    """Return what an earlier export wrote: place → digest."""
    path = folder / SUMS
    lines = path.read_text(encoding="utf-8", errors="replace").splitlines() if path.is_file() else []
    return {found[2]: found[1] for line in lines if (found := _LINE.fullmatch(line))}


def _is_own(path: Path, folder: Path, before: Mapping[str, str], files: Mapping[str, str]) -> bool:
    place = path.relative_to(folder).as_posix()
    if path.is_symlink() or not path.is_file():
        return False
    if place == SUMS:
        return bool(before)
    content = path.read_bytes()  # the same as what is to be written: an export that was broken off
    return _sha256(content) == before.get(place) or content == files.get(place, "").encode()


def _replace(folder: Path, files: Mapping[str, str]) -> None:
    for path in _found(folder):
        if path.relative_to(folder).as_posix() not in files:
            path.unlink()
    for place, text in sorted(files.items()):
        path = folder / place
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(text.encode())
    sums = "".join(f"{_sha256(text.encode())}  {place}\n" for place, text in sorted(files.items()))
    (folder / SUMS).write_bytes(sums.encode())


def _sha256(content: bytes) -> str:
    return hashlib.sha256(content).hexdigest()
