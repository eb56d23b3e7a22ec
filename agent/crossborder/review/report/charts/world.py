"""The map: a disc where each country is, as large as what went there, and lines from Viet Nam."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, NamedTuple

from crossborder.review.report.basis import countries, land
from crossborder.review.report.charts.drawing import ACCENT, INK, PALE, lite

if TYPE_CHECKING:
    from collections.abc import Sequence


HOME = "VN"
_EAST = 150
"""The meridian in the middle: Asia and both its oceans in one piece, the cut in the Atlantic."""


class Disc(NamedTuple):
    """A country, what went there and its label; an empty one is not shown."""

    code: str
    size: float
    label: str


def world(discs: Sequence[Disc], width: int, height: int, prefix: str) -> str:
    """Return the map. A country without a point on it has no disc."""
    places = countries()
    shown = [
        {"lon": at.lon, "lat": at.lat, "size": disc.size, "label": disc.label}
        for disc in discs
        if (at := places.get(disc.code)) and at.lon is not None
    ]
    home = places[HOME]
    lines = [
        {"lon": home.lon, "lat": home.lat, "lon2": disc["lon"], "lat2": disc["lat"], "size": disc["size"]}
        for disc in shown
    ]
    projection = {
        "type": "equalEarth",
        "rotate": [-_EAST, 0, 0],
        "scale": width / 5.45,
        "translate": [width / 2, height * 0.57],
        "clipExtent": [[0, 0], [width, height]],
    }
    largest = max((disc.size for disc in discs), default=1) or 1
    scale = {"domain": [0, largest], "range": [6, width * 1.1], "type": "linear"}
    return lite(_spec(shown, lines, (width, height), projection, scale), prefix)


def _spec(
    shown: list[Any], lines: list[Any], size: tuple[int, int], projection: dict[str, Any], scale: dict[str, Any]
) -> dict[str, Any]:
    width, height = size
    at = {"longitude": {"field": "lon", "type": "quantitative"}, "latitude": {"field": "lat", "type": "quantitative"}}
    to = {"longitude2": {"field": "lon2"}, "latitude2": {"field": "lat2"}}
    area = {"field": "size", "type": "quantitative", "scale": scale, "legend": None}
    wide = {**area, "scale": {**scale, "range": [0.4, 2.2]}}
    home = countries()[HOME]
    return {
        "width": width,
        "height": height,
        "padding": 0,
        "projection": projection,
        "layer": [
            {
                "data": {"values": land(), "format": {"type": "topojson", "feature": "land"}},
                "mark": {"type": "geoshape", "fill": PALE, "stroke": None},
            },
            {
                "data": {"values": lines},
                "mark": {"type": "rule", "color": ACCENT, "opacity": 0.35},
                "encoding": {**at, **to, "strokeWidth": wide},
            },
            {
                "data": {"values": shown},
                "mark": {"type": "circle", "color": ACCENT, "opacity": 0.55, "stroke": ACCENT, "strokeWidth": 0.6},
                "encoding": {**at, "size": area},
            },
            {
                "data": {"values": [{"lon": home.lon, "lat": home.lat}]},
                "mark": {"type": "point", "filled": True, "color": INK, "size": 26, "shape": "diamond", "opacity": 1},
                "encoding": at,
            },
            {
                "data": {"values": [d for d in shown if d["label"]]},
                "mark": {
                    "type": "text",
                    "fontSize": 9.5,
                    "color": INK,
                    "dy": -9,
                    "stroke": "white",
                    "strokeWidth": 2.5,
                },
                "encoding": {**at, "text": {"field": "label"}},
            },
            {
                "data": {"values": [d for d in shown if d["label"]]},
                "mark": {"type": "text", "fontSize": 9.5, "color": INK, "dy": -9},
                "encoding": {**at, "text": {"field": "label"}},
            },
        ],
    }
