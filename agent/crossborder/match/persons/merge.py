"""Joins the counts of several gateways: who was seen at two of them counts once."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING

from crossborder.errors import CrossborderError, Fault
from crossborder.match.persons.tally import PERSONS_PART, Tally
from crossborder.statefile import StateFile

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence
    from pathlib import Path


def merge(paths: Sequence[Path], out: Path) -> Tally:
    """Write the union of the counts of several state files to a new one, and return it.

    Raises CrossborderError with every fault: files that cannot be trusted, of different keys, an `out` that is there.
    """
    if out.exists():
        raise CrossborderError.at(out, "is there already and is not overwritten")
    found = [_read(path) for path in paths]
    faults = list(_strangers(paths, [fingerprint for fingerprint, _ in found]))
    if faults:
        raise CrossborderError(*faults)
    union = Tally()
    union.join(tally for _, tally in found)
    state = StateFile.memory(PERSONS_PART)
    state.bind(found[0][0] or "")
    state.keep([union])
    _put(out, state.serialize())
    return union


def _read(path: Path) -> tuple[str | None, Tally]:
    state = StateFile.look(path, PERSONS_PART)
    try:
        return state.fingerprint, Tally.read(state)
    finally:
        state.close()


def _strangers(paths: Sequence[Path], fingerprints: Sequence[str | None]) -> Iterator[Fault]:
    first = fingerprints[0]
    for path, fingerprint in zip(paths, fingerprints, strict=True):
        if fingerprint is None:
            yield Fault(str(path), None, "was written under no key: nobody can tell whether persons are the same")
        elif fingerprint != first and first is not None:
            message = (
                f"was written under another key (fingerprint {fingerprint}) than {paths[0]} ({first}): persons cannot "
                "be told to be the same; give all gateways one key"
            )
            yield Fault(str(path), None, message)


def _put(path: Path, whole: bytes) -> None:
    try:
        handle = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
        with os.fdopen(handle, "wb") as file:
            file.write(whole)
            file.flush()
            os.fsync(handle)
    except OSError as error:
        raise CrossborderError.at(path, f"cannot be written: {error.strerror or error}") from None
