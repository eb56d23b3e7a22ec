"""The key under which identifiers are hashed: 32 random bytes in a file that only its owner may read."""

from __future__ import annotations

import hashlib
import os
import secrets
import stat
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from crossborder.errors import CrossborderError

if TYPE_CHECKING:
    from pathlib import Path

KEY_BYTES = 32
_OTHERS = stat.S_IRWXG | stat.S_IRWXO


@dataclass(frozen=True, slots=True)
class Key:
    """A key of 32 bytes; never shown, only its fingerprint is."""

    secret: bytes = field(repr=False)

    @property
    def fingerprint(self) -> str:
        """Return 16 hex digits that tell keys apart and say nothing of them."""
        return hashlib.blake2b(self.secret, digest_size=8, person=b"xb-fingerprint").hexdigest()


def fresh() -> Key:
    """Return a new random key."""
    return Key(secrets.token_bytes(KEY_BYTES))


LOSS = "what was counted under it would be lost"


def make(path: Path, loss: str = LOSS) -> Key:
    """Write a new key to a file of mode 0600 and return it; raises CrossborderError where a file is there already."""
    key = fresh()
    write_secret(path, key.secret, loss)
    return key


def write_secret(path: Path, secret: bytes, loss: str) -> None:
    """Write a new file of mode 0600; raises CrossborderError where one is there, with what its loss would be."""
    try:
        handle = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
        with os.fdopen(handle, "wb") as file:
            os.fchmod(handle, 0o600)  # whatever the umask took away
            file.write(secret)
            file.flush()
            os.fsync(handle)
    except FileExistsError:
        raise CrossborderError.at(path, f"is there already and is not overwritten: {loss}") from None
    except OSError as error:
        raise CrossborderError.at(path, f"cannot be written: {error.strerror or error}") from None


def read(path: Path) -> Key:
    """Read a key; raises CrossborderError with what to do where it is missing, of another length or open to others."""
    secret = read_secret(
        path,
        KEY_BYTES,
        "the key is not there: put the key back from its safe copy; only for a count that begins anew: "
        f"crossborder key make {path}",
    )
    if len(secret) != KEY_BYTES:
        raise CrossborderError.at(
            path, f"is no key: {KEY_BYTES} bytes are expected; put the key back from its safe copy"
        )
    return Key(secret)


def read_secret(path: Path, most: int, missing: str) -> bytes:
    """Read a file of secrets, at most a byte more than `most`; raises CrossborderError where others may read it too."""
    try:
        with path.open("rb") as file:
            mode = os.fstat(file.fileno()).st_mode
            secret = file.read(most + 1)
    except FileNotFoundError:
        raise CrossborderError.at(path, missing) from None
    except OSError as error:
        raise CrossborderError.at(path, f"cannot be read: {error.strerror or error}") from None
    if mode & _OTHERS:
        raise CrossborderError.at(path, f"others may read or write the key (mode {mode & 0o777:04o}): chmod 600 {path}")
    return secret
