"""What charts stand on, from the package: land, a point and names of each country, a font with all of Vietnamese."""

from __future__ import annotations

import json
from base64 import b64encode
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple

if TYPE_CHECKING:
    from crossborder.review.report.text import Lang

FOLDER = Path(__file__).resolve().parent / "atlas"
FONT = "Inter"
FACES = {400: FOLDER / "inter-regular.otf", 600: FOLDER / "inter-semibold.otf"}
"""Weight → file."""


class Country(NamedTuple):
    """A country or territory of ISO 3166; where its disc stands is None where the map has no room for one."""

    code: str
    lon: float | None
    lat: float | None
    en: str
    vi: str

    def name(self, lang: Lang) -> str:
        """Return its name."""
        return self.vi if lang == "vi" else self.en


@cache
def countries() -> dict[str, Country]:
    """Return every country by code."""
    lines = (FOLDER / "countries.tab").read_text(encoding="utf-8").splitlines()
    rows = (line.split("\t") for line in lines)
    return {
        code: Country(code, float(lon) if lon else None, float(lat) if lat else None, en, vi)
        for code, lon, lat, en, vi in rows
    }


@cache
def land() -> dict[str, Any]:
    """Return the outlines of land as TopoJSON."""
    found: dict[str, Any] = json.loads((FOLDER / "land.json").read_bytes())
    return found


@cache
def font_face(weight: int) -> str:
    """Return a face as a CSS rule that holds the font itself."""
    data = b64encode(FACES[weight].read_bytes()).decode()
    source = f'url("data:font/otf;base64,{data}") format("opentype")'
    return f'@font-face {{ font-family: "{FONT}"; font-weight: {weight}; src: {source}; }}'
