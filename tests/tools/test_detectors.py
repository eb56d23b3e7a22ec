"""The corpus and what it says of detectors: the floors on a sample, and the page that was published."""

from __future__ import annotations

import random
from collections import Counter

import pytest
from tools.detectors import people
from tools.detectors.__main__ import PAGE, SEED
from tools.detectors.corpus import FULL, SAMPLE, Example, corpus
from tools.detectors.digits import crc16, ean13, luhn_digit, mrz_digit, tax_digit
from tools.detectors.edges import edges
from tools.detectors.judge import Verdict, judge, judge_apart, shipped
from tools.detectors.page import MARK, PRECISION, RECALL, described, fallen, page
from tools.detectors.writing import bare, camel, snake

from crossborder.engine.detectors import Detector

SLACK = 3
"""Texts of a form, of thirty or so, that the sample may get wrong where the whole corpus holds the floor."""


@pytest.fixture(scope="module")
def sample() -> list[Example]:
    """Return a small corpus."""
    return list(corpus(7, SAMPLE))


@pytest.fixture(scope="module")
def verdict(sample: list[Example]) -> Verdict:
    """Return what the shipped detectors make of it."""
    return judge(sample, shipped())


def test_the_sample_holds_the_floors(verdict: Verdict) -> None:
    """Each form of each detector; engines that disagree would raise."""
    low = {key: one for key, one in verdict.counts.items() if one.told + SLACK < RECALL * one.texts or one.false > 1}

    assert low == {}


def test_every_detector_is_measured(verdict: Verdict) -> None:
    """In each form that its scores promise."""
    measured = {detector.id: {form for name, form in verdict.counts if name == detector.id} for detector in shipped()}

    for detector in shipped():
        assert measured[detector.id], detector.id
        assert ("labelled" in measured[detector.id]) >= (detector.scores.labelled > 0 and bool(detector.search.labels))
        assert ("in bulk" in measured[detector.id]) == (detector.scores.bulk > 0)


def test_the_same_seed_makes_the_same_corpus(sample: list[Example]) -> None:
    """And another seed another."""
    assert list(corpus(7, SAMPLE)) == sample
    assert [one.data for one in corpus(8, SAMPLE)] != [one.data for one in sample]


def test_the_whole_corpus_is_large_enough(sample: list[Example]) -> None:
    """At least 20,000 texts that hold values and 200,000 that do not, an export of each kind among them."""
    kinds = Counter((bool(one.holds), one.is_bulk, one.about) for one in sample)
    short = [about for holds, bulk, about in kinds if not holds and not bulk]
    singles = sum(one for (holds, bulk, _), one in kinds.items() if holds and not bulk)

    assert len(short) * FULL.negative >= 200_000
    assert singles * FULL.single // SAMPLE.single >= 20_000
    assert all(one.records >= 50 for one in sample if one.is_bulk)


def test_a_corpus_in_parts_is_the_same_corpus(sample: list[Example], verdict: Verdict) -> None:
    """Several processes add up."""
    apart = judge_apart(sample, 2)

    assert (apart.counts, apart.false, apart.positive, apart.negative) == (
        verdict.counts,
        verdict.false,
        verdict.positive,
        verdict.negative,
    )


def test_a_detector_that_tells_too_much_or_too_little_falls(sample: list[Example]) -> None:
    """Floors are judged by what is there: one that takes every number, one that takes none."""
    (real,) = [detector for detector in shipped() if detector.id == "vn-cmnd"]
    greedy = {**real.model_dump(), "pattern": "[0-9]{9,12}", "labels": (), "scores": {"bare": 0.9}}
    blind = {**real.model_dump(), "labels": ("không ai viết thế",)}

    for broken in (greedy, blind):
        assert ("vn-cmnd", "labelled") in fallen(judge(sample, [Detector.model_validate(broken)]))


def test_check_digits_are_those_of_the_standards() -> None:
    """By examples that are published."""
    assert luhn_digit("7992739871") == "3"
    assert (tax_digit("010023348"), tax_digit("031440905"), tax_digit("010004751")) == ("8", "8", "6")
    assert mrz_digit("L898902C3") == "6"  # ICAO 9303 part 4, the specimen
    assert mrz_digit("740812") == "2"
    assert crc16("123456789") == "29B1"  # CRC-16/CCITT-FALSE
    assert ean13(random.Random(1), "978030640615") == "9780306406157"  # noqa: S311 - no chance in it
    assert (bare("Đường Nguyễn Huệ"), snake("Số CCCD"), camel("Họ và tên")) == (
        "Duong Nguyen Hue",
        "so_cccd",
        "hoVaTen",
    )
    assert len(people.PROVINCES) == 63


def test_the_page_is_what_was_measured() -> None:
    """Detectors as they are today; a line for each form, and every floor holds."""
    text = PAGE.read_text(encoding="utf-8")
    below = text.partition(MARK)[2]

    assert text.count(MARK) == 1
    assert "\n\n".join(part.strip() for part in described(shipped())) in below, "run `make detectors`"
    assert f"Seed {SEED}: " in below
    assert "both engines" in below
    assert "**fails**" not in below
    for name, form in judge(corpus(7, SAMPLE._replace(negative=0, bulk_negative=0)), []).counts:
        assert any(line.startswith(f"| `{name}` ") and f"| {form} " in line for line in below.splitlines())


def test_what_people_wrote_above_the_mark_stays(verdict: Verdict) -> None:
    """All else is written anew; a floor that does not hold is said."""
    written = page(f"# Mine\n\nwords\n\n{MARK}\nold", shipped(), verdict, edges(7, 2), 7)
    verdict.told["vn-cmnd", "labelled"] -= 10
    worse = page("", shipped(), verdict, [], 7)
    verdict.told["vn-cmnd", "labelled"] += 10

    assert written.startswith(f"# Mine\n\nwords\n\n{MARK}\n\n## The detectors")
    assert "old" not in written.split(MARK)[1].split("##")[0]
    assert "## At the edges" in written
    assert "**fails**" in worse
    assert PRECISION == 0.99
