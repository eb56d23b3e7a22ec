"""The page: whole in itself, the same each time, in two languages, and nothing of the wire gets out of its text."""

from __future__ import annotations

import re
from html.parser import HTMLParser
from typing import TYPE_CHECKING
from unicodedata import is_normalized
from xml.etree import ElementTree as ET

import pytest
from tests.review.report.conftest import HOSTILE, MARCH
from tests.review.rows import row, written

from crossborder.review.report import words
from crossborder.review.report.making import gather
from crossborder.review.report.page import page
from crossborder.review.report.pictures import diagrams, file_name
from crossborder.review.report.text import LANGS, Text, count, name, share, size

if TYPE_CHECKING:
    from pathlib import Path

    from crossborder.config import Config
    from crossborder.review.report.sources import Sources
    from crossborder.review.report.text import Lang


class _Seen(HTMLParser):
    """Takes down the elements, attributes and text of a page."""

    def __init__(self, html: str) -> None:
        super().__init__()
        self.tags: set[str] = set()
        self.attributes: list[tuple[str, str]] = []
        self.text = ""
        self.feed(html)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.add(tag)
        self.attributes += [(key, value or "") for key, value in attrs]

    def handle_data(self, data: str) -> None:
        self.text += data


@pytest.mark.parametrize("lang", LANGS)
def test_the_page_asks_nobody_for_anything(day: Sources, lang: Lang) -> None:
    """No script, no address of anything outside, a policy that allows none; fonts and styles are within."""
    html = page(day, lang)
    seen = _Seen(html)

    assert not seen.tags & {"script", "img", "link", "iframe", "object", "form", "image", "use"}
    assert not [a for a in seen.attributes if a[0] in {"src", "href", "style", "xlink:href"} or a[0].startswith("on")]
    assert {found[0] for found in re.findall(r"url\(([^)]{0,12})", html) if found != '"data:font/o'} <= {"#"}
    assert any(value.startswith("default-src 'none'; style-src 'sha256-") for _, value in seen.attributes)


@pytest.mark.parametrize("lang", LANGS)
def test_the_same_record_makes_the_same_page(day: Sources, lang: Lang) -> None:
    """To the byte."""
    assert page(day, lang) == page(day, lang)


@pytest.mark.parametrize("lang", LANGS)
def test_names_of_the_wire_stay_names(hostile: Sources, lang: Lang) -> None:
    """A name with markup and controls in it is shown as text, its controls written out, in HTML and in SVG."""
    html = page(hostile, lang)
    seen = _Seen(html)

    assert "script" not in seen.tags
    assert "<script" not in html
    assert "<script>alert(1)</script>" in seen.text
    assert not re.search(r"[\u202a-\u202e\u2066-\u2069\x00-\x08]", html)
    assert r"\u202e" in html


def test_diagrams_are_well_formed_whatever_a_system_is_called(hostile: Sources) -> None:
    """Each is an SVG of its own, without a script, under a name that is no path."""
    for number, one in enumerate(diagrams(hostile.survey), 1):
        tags = {element.tag.rpartition("}")[2] for element in ET.fromstring(one.svg("vi", "d")).iter()}  # noqa: S314 - ours

        assert "script" not in tags
        assert re.fullmatch(r"[0-9]{4}-[a-z0-9-]+\.svg", file_name(one, number))


def test_ids_of_charts_are_apart(day: Sources) -> None:
    """Many charts stand on one page, and no id stands twice."""
    ids = re.findall(r'\bid="([^"]+)"', page(day, "vi"))

    assert len(ids) == len(set(ids))
    assert len(ids) > 3


def test_the_first_page_says_the_finding(day: Sources) -> None:
    """Headings say what the figures mean."""
    html = page(day, "vi")

    assert "92\u00a0% dữ liệu gửi ra từ hệ thống có dữ liệu cốt lõi đến Đức và Trung Quốc" in html
    assert "67\u00a0% dữ liệu gửi ra không đọc được" in html


def test_damaged_files_stand_on_the_first_page(settings: Config, tmp_path: Path) -> None:
    """They are named before anything else is said."""
    folder = written(tmp_path, row(flow_id=1), row("2026-03-02 12:00", flow_id=2))
    broken = min(folder.rglob("*.parquet"))
    broken.write_bytes(broken.read_bytes()[:-4])
    given = gather(folder, settings, *MARCH)

    html = page(given, "en")

    assert given.survey.bytes_out == 6_000
    assert html.index("Damaged files of the history: 1.") < html.index('class="figures"')
    assert broken.name in html[: html.index('class="figures"')]


def test_nothing_recorded_is_said(nothing: Sources) -> None:
    """An empty record is no clean one."""
    assert "nothing left the country, or nobody recorded it" in page(nothing, "en")
    assert "không có gì được chuyển, hoặc không ai ghi lại" in page(nothing, "vi")


def test_the_register_is_bounded_and_says_so(crowd: Sources) -> None:
    """Two hundred of ten thousand, the gravest first, and the command that lists the rest."""
    html = page(crowd, "en")

    assert "The first 200 of 10,000 transfers" in html
    assert "crossborder register transfers --from 2026-03-01T00:00 --to 2026-04-01T00:00 --format csv" in html
    assert html.count('class="grave">no permit') == 200


def test_every_text_is_in_both_languages() -> None:
    """Composed as Vietnamese is written, with the same places for values."""
    texts = [value for value in vars(words).values() if isinstance(value, Text)]
    texts += [
        one for key, value in vars(words).items() if isinstance(value, dict) and key.isupper() for one in value.values()
    ]

    assert len(texts) > 100
    for text in texts:
        assert text.en
        assert text.vi
        assert is_normalized("NFC", text.vi)
        assert sorted(re.findall(r"{\d?}", text.en)) == sorted(re.findall(r"{\d?}", text.vi)), text


def test_numbers_are_written_as_each_language_writes_them() -> None:
    """Points and commas change places; little is not nothing."""
    assert (size(1_234_567, "en"), size(1_234_567, "vi")) == ("1.23\u00a0MB", "1,23\u00a0MB")
    assert (count(1_234_567, "en"), count(1_234_567, "vi")) == ("1,234,567", "1.234.567")
    assert [share(part, "vi") for part in (0, 0.0001, 0.051, 0.5, 0.996, 0.9999, 1)] == [
        "0\u00a0%",
        "< 0,1\u00a0%",
        "5,1\u00a0%",
        "50\u00a0%",
        "99,6\u00a0%",
        "> 99,9\u00a0%",
        "100\u00a0%",
    ]
    assert name(HOSTILE, 10) == "<script>a…"
