"""Reads detectors: what content that leaves home in the clear is searched for. Data, not code."""

from __future__ import annotations

import re
import unicodedata
from collections import Counter
from functools import partial
from itertools import accumulate, pairwise
from typing import TYPE_CHECKING, Annotated, Literal, NamedTuple, Self

from pydantic import BaseModel, ConfigDict, Field, model_validator

from crossborder import yamlfile
from crossborder.errors import Attempts, CrossborderError

if TYPE_CHECKING:
    from collections.abc import Collection, Iterable, Iterator, Sequence
    from pathlib import Path

    from crossborder.errors import Fault
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
    "plate",
    "digits",
    "name",
]

SURE = 0.5
"""A match at least so sure is told."""
_COMMON = frozenset({b"the", b"han", b"ten", b"nam", b"ame", b"and", b"inh", b"anh", b"ong", b"so", b"ho"})
"""Pieces that stand in words of every kind: looked for only where nothing else will do."""
LABEL = "{label}"
"""In a pattern: any of the labels, with or without diacritics, in small or capital letters, as names or fields are."""
WORD = "{word}"
"""In a pattern: any of the words, written in as many ways."""
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

    @property
    def search(self) -> Search:
        """Return the detector as engines take it."""
        scores, bulk = self.scores, self.bulk
        within = LABEL in self.pattern  # then whatever matches is labelled
        return Search(
            self.id,
            list(self.literals),
            self._written(self.pattern),
            [
                (self._written(branch), _hints(self.labels) if _needs(branch, LABEL) else [])
                for branch in _branches(self.pattern)
            ],
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

    def _written(self, pattern: str) -> str:
        labels, words = ("|".join(_forms(words)) for words in (self.labels, self.words))
        return pattern.replace(LABEL, f"(?:{labels})").replace(WORD, f"(?:{words})")


class Search(NamedTuple):
    """A detector as engines take it: see the classes above."""

    id: str
    literals: list[str]
    pattern: str
    branches: list[tuple[str, list[bytes]]]  # alternatives, each with words of which its matches hold one, if known
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


def vector_bytes(vector: Vector) -> bytes:
    """Return a vector as it is searched."""
    text = str(vector)
    return bytes.fromhex(text.removeprefix(HEX)) if text.startswith(HEX) else text.encode()


def plain(text: str) -> str:
    """Return a text without the diacritics of Vietnamese."""
    apart = unicodedata.normalize("NFD", text.replace("đ", "d").replace("Đ", "D"))
    return "".join(letter for letter in apart if not "\u0300" <= letter <= "\u036f")


def fold(text: str) -> str:
    """Return a text as labels are compared: small ASCII letters and digits, all else one space."""
    spaced = re.sub(r"(?<=[a-z])(?=[A-Z])", " ", plain(text))
    return " ".join(re.findall(r"[a-z0-9]+", spaced.lower()))


def _branches(pattern: str) -> list[str]:
    """Return the alternatives of a pattern; none: it has but one."""
    veiled = re.sub(r"\\.|\[\^?\]?(?:\\.|[^\]])*\]", lambda found: "." * len(found[0]), pattern)
    depths = accumulate((letter == "(") - (letter == ")") for letter in veiled)
    cuts = [at for at, (letter, depth) in enumerate(zip(veiled, depths, strict=True)) if letter == "|" and depth == 0]
    places = [-1, *cuts, len(pattern)]
    return [pattern[start + 1 : end] for start, end in pairwise(places)] if pattern else []


def _needs(branch: str, part: str) -> bool:
    """Tell whether every match of one alternative holds a part: it stands in no group, and not perhaps."""
    before, found, after = branch.partition(part)
    veiled = re.sub(r"\\.|\[\^?\]?(?:\\.|[^\]])*\]", "", before)
    return bool(found) and veiled.count("(") == veiled.count(")") and not after.startswith(("?", "*", "{"))


def _hints(labels: Sequence[str]) -> list[bytes]:
    """Return few short words of which every way of writing the labels holds one: what is looked for first."""
    left = [[word.encode() for word in form.replace("_", " ").split()] for form in _written(labels)]
    hints: list[bytes] = []
    while left:
        counts = Counter(part for words in left for part in {p for word in words for p in _parts(word)})
        best = max(counts, key=lambda part: (counts[part] * _rarity(part), part))
        hints.append(best)
        left = [words for words in left if not any(best in word for word in words)]
    return hints


def _rarity(part: bytes) -> float:
    """Return how much better a piece is to look for than another: long ones are seldom found in vain."""
    if part.lower() in _COMMON:
        return 0.01
    return len(part) ** 3 * (1 if part.isascii() else 4)


def _parts(word: bytes) -> Iterator[bytes]:
    """Yield pieces of a word of three to six bytes, or the whole of a shorter one."""
    yield from (word[at : at + size] for size in (3, 4, 5, 6) for at in range(len(word) - size + 1))
    if len(word) < 3:
        yield word


def _written(labels: Sequence[str]) -> set[str]:
    forms = {form for label in labels for text in (label, plain(label)) for form in _cases(text)}
    return forms | {unicodedata.normalize("NFD", form) for form in forms}


def _forms(labels: Sequence[str]) -> list[str]:
    """Return the ways a label is written as patterns, longest first: an alternation takes the first that fits."""
    forms = _written(labels)
    return [r"\s{1,3}".join(map(re.escape, form.split())) for form in sorted(forms, key=_longest)]


def _cases(text: str) -> set[str]:
    first, *others = text.lower().split()
    camel = first + "".join(word.capitalize() for word in others)
    cases = {text, text.lower(), text.upper(), text.title(), text.capitalize(), camel}
    return cases | {case.replace(" ", "_") for case in (text.lower(), text.upper())}


def _longest(form: str) -> tuple[int, str]:
    return -len(form), form


def read_detectors(paths: Iterable[Path], items: Collection[str] | None = None) -> tuple[Detector, ...]:
    """Read files, and folders of them, in the order of their names; raises CrossborderError with every fault.

    A detector of a later file takes the place of one with the same id. `items` are the catalog's; None: not checked.
    """
    tries = Attempts()
    found: dict[str, Detector] = {}
    for path in _files(paths):
        detector = tries.attempt(partial(_read, path, items))
        if detector is not None:
            found[detector.id] = detector
    if tries.errors:
        raise CrossborderError.joined(tries.errors)
    return tuple(found.values())


def _files(paths: Iterable[Path]) -> Iterable[Path]:
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
