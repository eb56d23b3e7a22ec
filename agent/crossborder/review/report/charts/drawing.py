"""Draws specifications of Vega and Vega-Lite as SVG, without a browser and without a network."""

from __future__ import annotations

import re
from functools import cache
from typing import Any

import vl_convert

from crossborder.review.report.basis import FOLDER, FONT

ACCENT = "#9b1c1f"
INK, GREY, PALE, LINE = "#1b1b1b", "#6b6b6b", "#e4e1dc", "#c9c5be"
TONES = {"core": ACCENT, "important": "#d08a78", "personal": "#8f8a83", "other": "#bdb8b0", "none": "#dcd8d1"}
"""One colour for what is grave, greys for the rest."""

_STYLE = {
    "font": FONT,
    "background": None,
    "axis": {"labelFont": FONT, "titleFont": FONT, "labelFontSize": 9, "labelColor": GREY, "domainColor": LINE},
    "text": {"font": FONT},
    "view": {"stroke": None},
}
_SAID = re.compile(r' (?:role|aria-[a-z]+)="[^"]*"')
_ID = re.compile(r'<[a-zA-Z]+ id="([a-z_0-9]+)"')
_NAMED = re.compile(r'(\bid="|url\(#|href="#)([a-z_0-9]+)')


def vega(spec: dict[str, Any], prefix: str) -> str:
    """Return a Vega chart as SVG; `prefix` keeps its ids apart from those of others on the page."""
    _fonts()
    whole = {"$schema": "https://vega.github.io/schema/vega/v5.json", "config": _STYLE, **spec}
    return _apart(vl_convert.vega_to_svg(whole, allowed_base_urls=[]), prefix)


def lite(spec: dict[str, Any], prefix: str) -> str:
    """Return a Vega-Lite chart as SVG."""
    _fonts()
    whole = {"$schema": "https://vega.github.io/schema/vega-lite/v5.json", "config": _STYLE, **spec}
    return _apart(vl_convert.vegalite_to_svg(whole, vl_version="5.20", allowed_base_urls=[]), prefix)


@cache
def _fonts() -> None:
    """Have texts measured in the font they are printed in."""
    vl_convert.register_font_directory(str(FOLDER))


def _apart(svg: str, prefix: str) -> str:
    """Return an SVG whose ids nobody else on the page has: Vega numbers them over all charts it ever drew.

    What it says of each mark, in English, is left out.
    """
    svg = _SAID.sub("", svg).replace("<svg ", '<svg role="img" ', 1)
    ids = {old: f"{prefix}-{n}" for n, old in enumerate(dict.fromkeys(_ID.findall(svg)))}
    return _NAMED.sub(lambda found: f"{found[1]}{ids.get(found[2], found[2])}", svg)
