"""Reads detectors: what content that leaves home in the clear is searched for. Data, not code."""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING, Annotated, Self

from pydantic import BaseModel, ConfigDict, Field, model_validator

from crossborder import yamlfile
from crossborder.errors import Attempts, CrossborderError

if TYPE_CHECKING:
    from collections.abc import Iterable
    from pathlib import Path

Text = Annotated[str, Field(min_length=1, max_length=1024)]


class Detector(BaseModel):
    """A file of detectors: words as they stand, or a pattern in the syntax of Rust's `regex`."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    id: Annotated[Text, Field(pattern=r"^[a-z0-9]+(?:-[a-z0-9]+)*$")]
    title: Text
    literals: tuple[Text, ...] = ()
    pattern: str = Field("", max_length=4096)
    ignore_case: bool = False
    confidence: float = Field(1.0, gt=0, le=1)

    @model_validator(mode="after")
    def _one_of_two(self) -> Self:
        if bool(self.literals) == bool(self.pattern):
            raise ValueError("needs literals or a pattern, one of the two")
        return self


def read_detectors(paths: Iterable[Path]) -> tuple[Detector, ...]:
    """Read files, and folders of them, in the order of their names; raises CrossborderError with every fault."""
    tries = Attempts()
    found: dict[str, Detector] = {}
    for path in _files(paths):
        detector = tries.attempt(partial(_read, path))
        if detector is not None:
            found[detector.id] = detector
    if tries.errors:
        raise CrossborderError.joined(tries.errors)
    return tuple(found.values())


def _files(paths: Iterable[Path]) -> Iterable[Path]:
    for path in paths:
        yield from sorted(path.glob("*.yaml")) if path.is_dir() else (path,)


def _read(path: Path) -> Detector:
    document = yamlfile.read(path)
    detector = yamlfile.fill(document, Detector)
    if detector.id != path.stem:
        raise CrossborderError(document.fault(f"id {detector.id!r} differs from the file's, {path.stem!r}", "id"))
    return detector
