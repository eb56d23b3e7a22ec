"""What went out over time: a bar for each hour, day or month, what is grave at its foot."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from crossborder.review.report.charts.drawing import GREY, LINE, TONES, lite

if TYPE_CHECKING:
    from collections.abc import Sequence

    import polars as pl


def trend(
    bars: pl.DataFrame,
    times: Sequence[tuple[int, str]],
    marks: Sequence[tuple[float, str]],
    width: int,
    height: int,
    prefix: str,
) -> str:
    """Return the chart of `bars`: at (place from the left), tone (a class), low and high (what it is between).

    `times` are places and what stands below them, `marks` values and what stands beside them, the last one the top.
    """
    last = max([at for at, _ in times], default=0) if bars.is_empty() else max(int(bars["at"].max() or 0), times[-1][0])  # type: ignore[arg-type]
    x = {"field": "at", "type": "quantitative", "axis": None, "scale": {"domain": [-0.5, last + 0.5], "nice": False}}
    y = {"type": "quantitative", "axis": None, "scale": {"domain": [0, marks[-1][0]], "nice": False}}
    lines = [{"value": value, "label": label} for value, label in marks]
    below = [{"at": at, "label": label, "value": 0} for at, label in times]
    tone = {"field": "tone", "type": "nominal", "legend": None, "scale": _TONES}
    wide = max(1.0, 0.72 * width / (last + 1))
    text = {"text": {"field": "label"}}
    layers = [
        _layer(lines, {"type": "rule", "color": LINE, "strokeWidth": 0.6}, {"y": {"field": "value", **y}}),
        _layer(
            lines,
            {"type": "text", "align": "right", "x": -5, "fontSize": 9, "color": GREY},
            {"y": {"field": "value", **y}, **text},
        ),
        _layer(
            bars.to_dicts(),
            {"type": "bar", "width": min(wide, 40.0)},
            {"x": x, "y": {"field": "low", **y}, "y2": {"field": "high"}, "color": tone},
        ),
        _layer(
            below,
            {"type": "text", "dy": 10, "fontSize": 9, "color": GREY, "baseline": "top"},
            {"x": x, "y": {"field": "value", **y}, **text},
        ),
    ]
    padding = {"left": 58, "right": 14, "top": 6, "bottom": 24}
    autosize = {"type": "none"}
    size = {"width": width - 72, "height": height - 30}
    return lite({**size, "padding": padding, "autosize": autosize, "layer": layers}, prefix)


_TONES = {"domain": list(TONES), "range": list(TONES.values())}


def _layer(values: list[Any], mark: dict[str, Any], encoding: dict[str, Any]) -> dict[str, Any]:
    return {"data": {"values": values}, "mark": mark, "encoding": encoding}
