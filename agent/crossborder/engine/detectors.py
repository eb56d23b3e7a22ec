"""Reads detectors: what content that leaves home in the clear is searched for. Data, not code."""

from __future__ import annotations

import re
from functools import partial
from typing import TYPE_CHECKING, Annotated, Literal, NamedTuple, Self

from pydantic import BaseModel, ConfigDict, Field, PrivateAttr, model_validator

from crossborder import yamlfile
from crossborder.engine.branches import Branch, branches
from crossborder.engine.written import LABEL, WORD, fold, written_out
from crossborder.errors import Attempts, CrossborderError, Fault

if TYPE_CHECKING:
    from collections.abc import Collection, Iterable, Iterator
    from pathlib import Path

    from crossborder.engine.register import Register
    from crossborder.yamlfile import Document

Text = Annotated[str, Field(min_length=1, max_length=1024)]
Score = Annotated[float, Field(ge=0, le=1)]
Finds = Literal["basic", "sensitive", "bank", "document", "secrecy", "geography", "file", "secret"]
"""What a value is: personal data by Decree 356/2025 (data of banks are sensitive by Article 4(1)(k), and are counted
apart), a mark or head of a document, a place, a kind of file, a secret of a machine."""
Edges = Literal["any", "word", "number"]
Validator = Literal[
    "any",
    "personal-id",
    "tax-code",
    "mobile-phone",
    "fixed-phone",
    "card",
    "domestic-card",
    "mrz-td1",
    "mrz-td3",
    "vietqr",
    "date",
    "compact",
    "digits",
    "name",
]

SURE = 0.5
"""A match at least so sure is told."""
DEPTH = 4
"""Things inside each other that are opened, unless it is said otherwise: parts, messages, members, packed files."""
CODINGS = 3
"""Packings of a body one over the other that are undone, unless it is said otherwise."""
HEX = "hex:"
"""A vector that begins so is bytes that are no text."""


class Bulk(BaseModel):
    """What tells an export from a chat, for matches that prove nothing alone."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    distinct: int = Field(50, ge=2, le=1000, description="So many distinct values, at least.")
    share: Score = Field(0.5, description="So much of what has their shape is likely by its structure.")
    within: int = Field(1024, ge=16, le=65_536, description="Bytes, at most, for each distinct value.")


class Scores(BaseModel):
    """How sure a match is, from 0 to 1; from 0.5 on it is told."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    labelled: Score = Field(0.0, description="Behind one of the labels.")
    bare: Score = Field(0.0, description="By itself; half of it where its structure is not right.")
    bulk: Score = Field(0.0, description="As one of many.")


class Many(BaseModel):
    """A text of many records, each with another number."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    repeat: int = Field(ge=2, le=1000)
    record: Text = Field(description="`{n}` stands for six digits, others in each record.")

    def __str__(self) -> str:
        """Return the text."""
        return "".join(self.record.replace("{n}", f"{at * 7919 % 1_000_000:06}") for at in range(1, self.repeat + 1))


Vector = str | Many


class Vectors(BaseModel):
    """Texts that must be found, whole texts each, and texts that must not: the detector's own tests."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    match: tuple[Vector, ...] = Field(min_length=1)
    miss: tuple[Vector, ...] = ()


class Detector(BaseModel):
    """A file of detectors: words as they stand, or a pattern in the syntax that RE2 and Rust's `regex` share.

    Patterns are of bytes: `.` is a byte, and letters beyond ASCII stand outside of brackets. The first group, if there
    is one, is the value.
    """

    model_config = ConfigDict(extra="forbid", frozen=True)

    id: Annotated[Text, Field(pattern=r"^[a-z0-9]+(?:-[a-z0-9]+)*$")]
    title: Text
    title_vi: str = ""
    finds: Finds
    law: str = Field("", description="What says that this is such data; empty: nothing does.")
    source: str = Field("", description="Where the format is known from.")
    evidence: Literal["verbatim", "ocr", "secondary", "unverified"] | None = Field(
        None, description="How well the format is known; null: it is a technical standard."
    )
    items: tuple[Annotated[str, Field(pattern=r"^(?:core|important):[A-Za-z0-9][A-Za-z0-9._-]*$")], ...] = ()
    literals: tuple[Text, ...] = ()
    pattern: str = Field("", max_length=8192)
    ignore_case: bool = False
    at_start: bool = Field(False, description="Only at the beginning of a text: what kind of file it is.")
    edges: Edges = "any"
    validator: Validator = "any"
    labels: tuple[Text, ...] = ()
    words: tuple[Text, ...] = Field((), description="What `{word}` in the pattern stands for.")
    scores: Scores
    bulk: Bulk = Bulk()
    mask: tuple[Annotated[int, Field(ge=0, le=8)], Annotated[int, Field(ge=0, le=8)]] = (0, 0)
    person: int | None = Field(
        None, ge=1, le=99, description="A value names a person; of several in one row the lowest number does."
    )
    vectors: Vectors
    _document: yamlfile.Document | None = PrivateAttr(None)

    @model_validator(mode="after")
    def _consistent(self) -> Self:
        if bool(self.literals) == bool(self.pattern):
            raise ValueError("needs literals or a pattern, one of the two")
        if self.scores.labelled and not (self.labels or LABEL in self.pattern):
            raise ValueError("scores.labelled needs labels")
        if bool(self.words) != (WORD in self.pattern):
            raise ValueError(f"words and {WORD} in the pattern need each other")
        if max(self.scores.labelled, self.scores.bare, self.scores.bulk) < SURE:
            raise ValueError(f"no score reaches {SURE}: nothing would ever be told")
        if not self.pattern.isascii() and re.search(r"(?<!\\)\[[^\]]*[^\x00-\x7f]", self.pattern):
            raise ValueError("a letter beyond ASCII in brackets: patterns are of bytes, write (?:ọ|o)")
        if self.ignore_case and not self.pattern.isascii():
            raise ValueError("ignore_case knows the letters of ASCII only: write both, or use {label}")
        return self

    def fault(self, message: str) -> Fault:
        """Make a fault of what it looks for, at its place in the file it was read from."""
        if self._document is None:
            return Fault("", None, f"detector {self.id}: {message}")
        return self._document.fault(message, "pattern" if self.pattern else "literals")

    @property
    def search(self) -> Search:
        """Return the detector as engines take it."""
        scores, bulk = self.scores, self.bulk
        within = LABEL in self.pattern  # then whatever matches is labelled
        return Search(
            self.id,
            list(self.literals),
            written_out(self.pattern, self.labels, self.words),
            branches(self.pattern, self.labels, self.words),
            self.ignore_case,
            self.at_start,
            self.edges,
            self.validator,
            [] if within else sorted({fold(label) for label in self.labels}),
            (scores.labelled, max(scores.bare, scores.labelled) if within else scores.bare, scores.bulk),
            (bulk.distinct, bulk.share, bulk.within),
            self.mask,
            self.finds if self.finds in {"basic", "sensitive", "bank"} else "other",
            self.person,
        )


class Search(NamedTuple):
    """A detector as engines take it: see the classes above."""

    id: str
    literals: list[str]
    pattern: str
    branches: list[Branch]  # the pattern's alternatives
    ignore_case: bool
    at_start: bool
    edges: str
    validator: str
    labels: list[str]  # folded
    scores: tuple[float, float, float]  # labelled, bare, bulk
    bulk: tuple[int, float, int]  # distinct, share, within
    mask: tuple[int, int]
    kind: str  # basic, sensitive, bank or other
    person: int | None


class Searching(NamedTuple):
    """What content is searched for, under which key values are told apart, and how much is looked at."""

    searches: tuple[Search, ...]
    key: bytes  # 32 bytes
    limit: int  # bytes of one direction of one flow
    registers: tuple[Register, ...] = ()  # whose people are known
    depth: int = DEPTH  # things inside each other that are opened
    codings: int = CODINGS  # packings one over the other that are undone


def vector_bytes(vector: Vector) -> bytes:
    """Return a vector as it is searched."""
    text = str(vector)
    return bytes.fromhex(text.removeprefix(HEX)) if text.startswith(HEX) else text.encode()


def read_detectors(paths: Iterable[Path], items: Collection[str] | None = None) -> tuple[Detector, ...]:
    """Read files, and folders of them, in the order of their names; raises CrossborderError with every fault.

    A detector of a later file takes the place of one with the same id. `items` are the catalog's; None: not checked.
    """
    tries = Attempts()
    found: dict[str, Detector] = {}
    for path in detector_files(paths):
        detector = tries.attempt(partial(_read, path, items))
        if detector is not None:
            found[detector.id] = detector
    if tries.errors:
        raise CrossborderError.joined(tries.errors)
    return tuple(found.values())


def detector_files(paths: Iterable[Path]) -> Iterable[Path]:
    """Yield files, and those of folders in the order of their names."""
    for path in paths:
        yield from sorted(path.glob("*.yaml")) if path.is_dir() else (path,)


def _read(path: Path, items: Collection[str] | None) -> Detector:
    document = yamlfile.read(path)
    detector = yamlfile.fill(document, Detector)
    if detector.id != path.stem:
        raise CrossborderError(document.fault(f"id {detector.id!r} differs from the file's, {path.stem!r}", "id"))
    faults = list(_wrong_law(detector, document, items))
    if faults:
        raise CrossborderError(*faults)
    detector._document = document  # noqa: SLF001 - ours: pydantic's private attributes are set after the model
    return detector


def _wrong_law(detector: Detector, document: Document, items: Collection[str] | None) -> Iterator[Fault]:
    """Find where a detector speaks for the law without saying which, or without knowing it."""
    if detector.items and not detector.law:
        yield document.fault("items need law: what says that this is such data", "items")
    if detector.evidence == "unverified":
        yield document.fault("a format that is unverified is no fact to ship", "evidence")
    for at, item in enumerate(detector.items):
        if items is not None and item not in items:
            yield document.fault(f"item {item!r} is not in the catalog", "items", at)
