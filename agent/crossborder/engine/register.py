"""Registers: a unit's own people as keyed hashes in a filter. Nobody can be read out of it, all of them are known."""

from __future__ import annotations

import hashlib
import os
import struct
import tempfile
from datetime import datetime  # noqa: TC003 - pydantic reads annotations at run time
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, BinaryIO, Final, Literal

from pydantic import BaseModel, ConfigDict, Field, ValidationError

from crossborder.errors import CrossborderError

if TYPE_CHECKING:
    from crossborder.keyfile import Key

PREFIX: Final = "register:"
"""Of a detection: the name of the register stands behind it."""
FEW: Final = (3, 0.25, 4096)
"""Where one stranger in 256 is taken for one of these people: so many of them, so much of what was asked, so close."""
Kind = Literal["basic", "sensitive", "bank"]

_MAGIC: Final = b"xbregstr"
_VERSION: Final = 1
_FRONT: Final = struct.Struct("<8sII")  # magic, version, bytes of the head
_HEAD_LIMIT: Final = 1 << 16
_DIGEST_BYTES: Final = 16
_ALL_ONES: Final = (1 << 64) - 1
_AGAIN: Final = "make it again from the unit's list: crossborder register build"


class Head(BaseModel):
    """What a register says of itself."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    name: Annotated[str, Field(pattern=r"^[a-z0-9]+(?:-[a-z0-9]+)*$", max_length=64)]
    kind: Kind = Field(description="What a record of these people is.")
    bits: Literal[8, 16] = Field(
        description="Of a fingerprint: one stranger in 256 or 65,536 is taken for one of them."
    )
    count: int = Field(ge=1, description="Hashes; an identifier that is written in two ways has two.")
    built: datetime
    key: str = Field(description="Fingerprint of the key.")
    seed: int = Field(ge=0, le=_ALL_ONES)
    segment_length: int = Field(ge=1, le=1 << 31)
    segment_count_length: int = Field(ge=1, le=1 << 31)

    @property
    def id(self) -> str:
        """Return what a detection of these people is called."""
        return PREFIX + self.name

    @property
    def is_exact(self) -> bool:
        """Tell whether one that is in it is enough."""
        return self.bits == 16

    @property
    def confidence(self) -> float:
        """How sure it is who is found."""
        return 0.99 if self.is_exact else 0.9

    @property
    def size(self) -> int | None:
        """Return the bytes of all fingerprints; None when they can't lie as it is said."""
        length, counted = self.segment_length, self.segment_count_length
        if length & (length - 1) or counted % length:
            return None
        return (counted + 2 * length) * self.bits // 8


class Register(Head):
    """A unit's own people: a binary-fuse filter (Graf and Lemire 2022) as the library xorf makes it. Immutable."""

    fingerprints: bytes = Field(repr=False)

    def holds(self, hashed: int) -> bool:
        """Tell whether a keyed hash is in it; of those that are not, one in 2^bits seems to be."""
        mixed = _mix(hashed + self.seed)
        length, size = self.segment_length, self.bits // 8
        first = mixed * self.segment_count_length >> 64
        second = first + length ^ mixed >> 18 & length - 1
        third = first + 2 * length ^ mixed & length - 1
        left = (mixed ^ mixed >> 32) & (1 << self.bits) - 1
        for place in (first, second, third):
            left ^= int.from_bytes(self.fingerprints[place * size : (place + 1) * size], "little")
        return left == 0

    def write(self, path: Path) -> None:
        """Write it to a file of mode 0600, whole or not at all; raises CrossborderError when it can't be."""
        head = self.model_dump_json(exclude={"fingerprints"}).encode()
        parts = (_FRONT.pack(_MAGIC, _VERSION, len(head)), head, self.fingerprints)
        name = None
        try:
            handle, name = tempfile.mkstemp(prefix=f".{path.name}.", dir=path.parent)
            with os.fdopen(handle, "wb") as file:
                file.writelines((*parts, _digest(*parts)))
                file.flush()
                os.fsync(handle)
            Path(name).replace(path)
        except OSError as error:
            if name:
                Path(name).unlink(missing_ok=True)
            raise CrossborderError.at(path, f"cannot be written: {error.strerror or error}") from None


def read(path: Path, key: Key | None = None) -> Register:
    """Read a register; with a key, one that was made under it. Raises CrossborderError with what to do otherwise."""
    try:
        with path.open("rb") as file:
            register = _parsed(path, file)
    except OSError as error:
        raise CrossborderError.at(path, f"cannot be read: {error.strerror or error}") from None
    if key and register.key != key.fingerprint:
        raise CrossborderError.at(
            path,
            f"was made under another key ({register.key}, not {key.fingerprint}): name that key in state.key, or "
            f"{_AGAIN} FILE --key-file KEY",
        )
    return register


def _parsed(path: Path, file: BinaryIO) -> Register:
    """Read each part where it stays: fingerprints of ten million people need not be there twice."""
    damaged = CrossborderError.at(path, f"is damaged: put it back from a copy, or {_AGAIN}")
    front = file.read(_FRONT.size)
    if len(front) < _FRONT.size or not front.startswith(_MAGIC):
        raise CrossborderError.at(path, f"is no register: {_AGAIN}")
    _, version, length = _FRONT.unpack(front)
    if version > _VERSION:
        message = f"is of version {version}, this agent knows {_VERSION}: use a newer agent, or {_AGAIN} with this one"
        raise CrossborderError.at(path, message)
    size = os.fstat(file.fileno()).st_size - _FRONT.size - length - _DIGEST_BYTES
    if version != _VERSION or length > _HEAD_LIMIT or size < 0:
        raise damaged
    head, fingerprints, digest = file.read(length), file.read(size), file.read()
    if _digest(front, head, fingerprints) != digest:
        raise damaged
    try:
        found = Register(**Head.model_validate_json(head).model_dump(), fingerprints=fingerprints)
    except ValidationError:
        raise damaged from None
    if found.size != size:
        raise damaged
    return found


def _digest(*parts: bytes) -> bytes:
    digest = hashlib.blake2b(digest_size=_DIGEST_BYTES, person=b"xb-register")
    for part in parts:
        digest.update(part)
    return digest.digest()


def _mix(value: int) -> int:
    """Mix a number's bits (the end of MurmurHash3), as the filter does."""
    value &= _ALL_ONES
    value = (value ^ value >> 33) * 0xFF51AFD7ED558CCD & _ALL_ONES
    value = (value ^ value >> 33) * 0xC4CEB9FE1A85EC53 & _ALL_ONES
    return value ^ value >> 33
