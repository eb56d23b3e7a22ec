"""What takes long to make and can be made again, kept in the cache folder, and taken back only when it is whole.

A file there holds a digest and what was kept. The digest is over both what it was made of and what was made, so that a
file that is cut, rewritten or made of something else is as good as none. It keeps nobody out who may write as us: files
of other owners, or that others may write, are not read.
"""

from __future__ import annotations

import contextlib
import hashlib
import os
import stat
import tempfile
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable

GENERATIONS = 4
"""Files kept of one name, the newest: a few configurations may take turns."""

_DIGEST = hashlib.sha256


def kept(folder: Path | None, name: str, of: bytes, make: Callable[[], bytes]) -> bytes:
    """Return what `make` makes of `of`, from the folder where it was made before; without a folder make it.

    A full or read-only folder only makes the next start slower.
    """
    if folder is None:
        return make()
    path = folder / f"{name}-{_DIGEST(of).hexdigest()[:16]}"
    made = _recalled(path, of)
    if made is None:
        made = make()
        with contextlib.suppress(OSError):
            _remember(path, (_digest(of, made), made))
            _forget_others(folder, name)
    return made


def makers(module: str) -> list[Path]:
    """Return the modules beside one and the agent's own above: where they change, things may be made otherwise."""
    here = Path(module).parent
    return sorted([*here.glob("*.py"), *here.parent.glob("*.py")])


def _recalled(path: Path, of: bytes) -> bytes | None:
    try:
        with path.open("rb") as file:
            status = os.fstat(file.fileno())
            if status.st_uid not in {0, os.geteuid()} or status.st_mode & (stat.S_IWGRP | stat.S_IWOTH):
                return None
            digest, made = file.read(_DIGEST().digest_size), file.read()
    except OSError:
        return None
    return made if _digest(of, made) == digest else None


def _digest(of: bytes, made: bytes) -> bytes:
    digest = _DIGEST(of)
    digest.update(made)
    return digest.digest()


def _remember(path: Path, parts: tuple[bytes, bytes]) -> None:
    """Put a file in place at once; not flushed to disk, for what a power cut spoils is made again."""
    handle, name = tempfile.mkstemp(prefix=f".{path.name}.", dir=path.parent)
    try:
        with os.fdopen(handle, "wb") as file:
            file.writelines(parts)
        Path(name).replace(path)
    except BaseException:
        Path(name).unlink()
        raise


def _forget_others(folder: Path, name: str) -> None:
    found = sorted(folder.glob(f"{name}-*"), key=lambda path: path.stat().st_mtime_ns, reverse=True)
    for path in found[GENERATIONS:]:
        path.unlink()
