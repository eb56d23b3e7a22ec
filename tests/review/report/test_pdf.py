"""The PDF: a summary of two pages whatever there is, Vietnamese letters as letters, the same bytes each time."""

from __future__ import annotations

import io
import sys
from typing import TYPE_CHECKING

import pypdf
import pytest

from crossborder.errors import CrossborderError
from crossborder.review.report import words
from crossborder.review.report.page import page
from crossborder.review.report.pdf import pdf
from crossborder.review.report.text import LANGS

if TYPE_CHECKING:
    from pathlib import Path

    from crossborder.review.report.sources import Sources
    from crossborder.review.report.text import Lang

RECORDS = ("day", "nothing", "hostile", "crowd")


def _pages(given: Sources, lang: Lang) -> list[str]:
    made = pypdf.PdfReader(io.BytesIO(pdf(page(given, lang), given.survey.until)))
    return [one.extract_text() for one in made.pages]


@pytest.mark.parametrize("lang", LANGS)
@pytest.mark.parametrize("record", RECORDS)
def test_the_summary_has_two_pages(record: str, lang: Lang, request: pytest.FixtureRequest) -> None:
    """Of a day, of nothing, of hostile names, of ten thousand systems with names of two hundred characters."""
    pages = _pages(request.getfixturevalue(record), lang)
    starts = [n for n, text in enumerate(pages) if words.REGISTER.to(lang) in text.split("\n")[0]]

    assert starts == [2]
    assert words.TITLE.to(lang) in pages[0]
    assert len(pages) <= 40


def test_letters_are_letters(day: Sources) -> None:
    """Vietnamese can be searched and copied, and its font is within."""
    made = pypdf.PdfReader(io.BytesIO(pdf(page(day, "vi"), day.survey.until)))
    text = made.pages[0].extract_text()
    fonts = {str(font["/BaseFont"]) for font in made.pages[0]["/Resources"]["/Font"].values()}  # type: ignore[index]

    assert "Chuyển dữ liệu xuyên biên giới" in text
    assert "dữ liệu gửi ra không đọc được" in text.replace("\n", " ")
    assert all("Inter" in font for font in fonts)


def test_the_same_page_makes_the_same_pdf(nothing: Sources) -> None:
    """Its dates are the end of the time told of, its id is no chance."""
    html = page(nothing, "vi")

    assert pdf(html, nothing.survey.until) == pdf(html, nothing.survey.until)


def test_nothing_is_fetched(nothing: Sources, tmp_path: Path) -> None:
    """A page that asks for a file gets none: the PDF is the one of a page that asks for what is not there."""
    picture = tmp_path / "there.svg"
    picture.write_text(
        '<svg xmlns="http://www.w3.org/2000/svg" width="90" height="90"><rect width="90" height="90"/></svg>'
    )
    html = page(nothing, "en")
    asking = [
        html.replace("</main>", f'<img src="{path.as_uri()}"></main>') for path in (picture, tmp_path / "not.svg")
    ]

    assert pdf(asking[0], nothing.survey.until) == pdf(asking[1], nothing.survey.until)


def test_what_is_missing_is_said(nothing: Sources, monkeypatch: pytest.MonkeyPatch) -> None:
    """Without WeasyPrint one sentence tells what to install."""
    monkeypatch.setitem(sys.modules, "weasyprint", None)

    with pytest.raises(CrossborderError, match=r"pip install 'crossborder\[pdf\]' and apt-get install libpango"):
        pdf("<title>", nothing.survey.until)
