"""The page in a real browser: it asks for nothing, complains of nothing, fits a desk, a phone and paper."""

from __future__ import annotations

import shutil
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from crossborder.review.report.page import page
from crossborder.review.report.text import LANGS

if TYPE_CHECKING:
    from collections.abc import Iterator

    from playwright.sync_api import Browser

    from crossborder.review.report.text import Lang

BUILD = Path(__file__).resolve().parents[3] / "build" / "report"
CHROMIUM = shutil.which("chromium")
QUIET = [
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
]
SCREENS = {"desk": (1280, 900), "phone": (390, 844)}
WIDER = """() => {
  const wide = document.documentElement.clientWidth;
  const scrolls = e => e && (getComputedStyle(e).overflowX !== 'visible' || scrolls(e.parentElement));
  return [...document.querySelectorAll('body *')]
    .filter(e => !e.closest('svg') || e.tagName === 'svg')
    .filter(e => e.getBoundingClientRect().right > wide + 1 && !scrolls(e.parentElement))
    .map(e => e.tagName + '.' + e.getAttribute('class') + ' ' + e.textContent.slice(0, 40));
}"""
"""Elements that stand out of the window and are not in something that scrolls by itself."""


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    """Return Debian's Chromium, headless, with a profile of its own."""
    if not CHROMIUM:
        pytest.skip("no chromium: tools/setup.sh kit installs it")
    from playwright.sync_api import sync_playwright

    with sync_playwright() as playwright:
        running = playwright.chromium.launch(executable_path=CHROMIUM, headless=True, args=QUIET)
        yield running
        running.close()


@pytest.mark.parametrize("screen", SCREENS)
@pytest.mark.parametrize("lang", LANGS)
@pytest.mark.parametrize("record", ["day", "hostile", "crowd", "nothing"])
def test_the_page_fits_and_asks_for_nothing(
    record: str, lang: Lang, screen: str, browser: Browser, request: pytest.FixtureRequest
) -> None:
    """No request leaves, the console is empty, nothing stands out to the right; a picture is left in build/report."""
    path = _written(request, record, lang)
    wide, high = SCREENS[screen]
    context = browser.new_context(viewport={"width": wide, "height": high}, device_scale_factor=1)
    view = context.new_page()
    asked: list[str] = []
    said: list[str] = []
    view.on("request", lambda it: asked.append(it.url))
    view.on("console", lambda it: said.append(it.text))
    view.on("pageerror", lambda it: said.append(str(it)))

    view.goto(path.as_uri())
    view.evaluate("() => document.fonts.ready")
    view.screenshot(path=BUILD / f"{path.stem}-{screen}.png", full_page=record == "day", clip=None)
    wider = view.evaluate(WIDER)
    whole = view.evaluate("() => [document.documentElement.scrollWidth, document.documentElement.clientWidth]")
    loaded = view.evaluate("() => [...document.fonts].filter(f => f.status === 'loaded').map(f => f.family)")
    context.close()

    assert [url for url in asked if not url.startswith(("file:", "data:"))] == []
    assert len([url for url in asked if url.startswith("file:")]) == 1
    assert said == []
    assert wider == []
    assert whole[0] <= whole[1]
    assert len(loaded) == 2


@pytest.mark.parametrize("lang", LANGS)
def test_the_browser_prints_two_pages_of_summary(
    lang: Lang, browser: Browser, request: pytest.FixtureRequest, tmp_path: Path
) -> None:
    """What a browser prints has its summary on two pages too."""
    import pypdf

    from crossborder.review.report import words

    path = _written(request, "day", lang)
    view = browser.new_page()
    view.goto(path.as_uri())
    printed = tmp_path / "printed.pdf"
    view.pdf(path=printed, prefer_css_page_size=True, print_background=True)
    view.close()
    pages = [one.extract_text() for one in pypdf.PdfReader(printed).pages]

    assert [n for n, text in enumerate(pages) if words.REGISTER.to(lang) in text[:80]] == [2]


def _written(request: pytest.FixtureRequest, record: str, lang: Lang) -> Path:
    BUILD.mkdir(parents=True, exist_ok=True)
    path = BUILD / f"{record}-{lang}.html"
    path.write_text(page(request.getfixturevalue(record), lang), encoding="utf-8")
    return path
