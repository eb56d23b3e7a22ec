"""Makes what the report's charts stand on: outlines of land, a point and names of each country, a font.

`python -m tools.atlas FOLDER` reads there what `npm pack` of world-atlas@2, cldr-localenames-full@48 and
i18n-iso-countries@7 and `apt-get download fonts-inter` bring, each unpacked under its own name, and writes
agent/crossborder/review/report/atlas. It needs fontTools, which WeasyPrint brings.
"""

from __future__ import annotations

import argparse
import json
from itertools import pairwise
from pathlib import Path
from typing import Any

from fontTools import subset
from fontTools.ttLib import TTFont

OUT = Path(__file__).resolve().parents[1] / "agent" / "crossborder" / "review" / "report" / "atlas"
WEIGHTS = {"Regular": "regular", "SemiBold": "semibold"}
LETTERS = "0020-007E,00A0-024F,0300-0309,0323,02BC,1E00-1EFF,2000-206F,20AB,2190-2193,2212,2264,2265"
OWN = {"VN": (106.0, 16.3), "US": (-98.5, 39.8), "FR": (2.4, 46.6), "RU": (60.0, 58.0), "FJ": (178.0, -17.8)}
"""Where the middle of the largest part would stand badly."""


def main() -> None:
    """Write everything anew."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("folder", type=Path)
    folder = parser.parse_args().folder
    world = folder / "world-atlas"
    OUT.mkdir(parents=True, exist_ok=True)
    (OUT / "land.json").write_bytes((world / "land-110m.json").read_bytes())
    points = _points(json.loads((world / "countries-50m.json").read_text(encoding="utf-8")), _codes(folder))
    names = {lang: _names(folder, lang) for lang in ("en", "vi")}
    rows = [
        f"{code}\t{_told(points.get(code))}\t{names['en'][code]}\t{names['vi'][code]}"
        for code in sorted({*_codes(folder).values(), "XK"} & names["vi"].keys())
    ]
    (OUT / "countries.tab").write_text("\n".join(rows) + "\n", encoding="utf-8")
    for weight, name in WEIGHTS.items():
        _font(folder / "fonts-inter" / f"Inter-{weight}.otf", OUT / f"inter-{name}.otf")


def _codes(folder: Path) -> dict[str, str]:
    """Return numeric code → alpha-2."""
    table = json.loads((folder / "i18n-iso-countries" / "codes.json").read_text(encoding="utf-8"))
    return {row[2]: row[0] for row in table}


def _names(folder: Path, lang: str) -> dict[str, str]:
    path = folder / "cldr-localenames-full" / "main" / lang / "territories.json"
    told = json.loads(path.read_text(encoding="utf-8"))["main"][lang]["localeDisplayNames"]["territories"]
    return {code: told[f"{code}-alt-short"] if code in {"HK", "MO"} else told[code] for code in told if len(code) == 2}


def _told(point: tuple[float, float] | None) -> str:
    return f"{point[0]:.1f}\t{point[1]:.1f}" if point else "\t"


def _points(world: dict[str, Any], codes: dict[str, str]) -> dict[str, tuple[float, float]]:
    arcs = [_arc(arc, world["transform"]) for arc in world["arcs"]]
    found: dict[str, tuple[float, float, float]] = {}
    for shape in world["objects"]["countries"]["geometries"]:
        code = codes.get(shape.get("id", ""), "XK" if shape["properties"]["name"] == "Kosovo" else "")
        parts = {"Polygon": [shape.get("arcs")], "MultiPolygon": shape.get("arcs")}.get(shape.get("type"), [])
        if code and parts:
            largest = max(_middle(_ring(part[0], arcs)) for part in parts)
            found[code] = max(largest, found.get(code, largest))
    return {code: (lon, lat) for code, (_, lon, lat) in found.items()} | OWN


def _arc(arc: list[list[int]], transform: dict[str, list[float]]) -> list[tuple[float, float]]:
    (kx, ky), (dx, dy), x, y, points = transform["scale"], transform["translate"], 0, 0, []
    for step in arc:
        x, y = x + step[0], y + step[1]
        points.append((x * kx + dx, y * ky + dy))
    return points


def _ring(numbers: list[int], arcs: list[list[tuple[float, float]]]) -> list[tuple[float, float]]:
    return [point for at in numbers for point in (arcs[at] if at >= 0 else arcs[~at][::-1])]


def _middle(ring: list[tuple[float, float]]) -> tuple[float, float, float]:
    """Return area and centroid of a ring."""
    area = x = y = 0.0
    for (ax, ay), (bx, by) in pairwise([*ring, ring[0]]):
        cross = ax * by - bx * ay
        area, x, y = area + cross / 2, x + (ax + bx) * cross, y + (ay + by) * cross
    return (abs(area), x / (6 * area), y / (6 * area)) if area else (0.0, *ring[0])


def _font(source: Path, target: Path) -> None:
    options = subset.Options(layout_features=["kern", "mark", "mkmk", "ccmp", "locl", "tnum", "liga"], hinting=False)
    options.name_IDs = [0, 1, 2, 3, 4, 6, 13, 14, 16, 17]
    font = TTFont(source, recalcTimestamp=False)
    letters = subset.Subsetter(options)
    letters.populate(unicodes=subset.parse_unicodes(LETTERS))
    letters.subset(font)
    font.save(target)


if __name__ == "__main__":
    main()
