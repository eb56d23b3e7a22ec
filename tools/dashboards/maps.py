"""The map of destinations: countries of Grafana's own, no tile from anywhere else."""

from __future__ import annotations

from typing import TYPE_CHECKING

from grafana_foundation_sdk.builders import common, geomap
from grafana_foundation_sdk.models import common as options
from grafana_foundation_sdk.models.dashboard import DynamicConfigValue
from grafana_foundation_sdk.models.geomap import TooltipMode
from tools.dashboards import links
from tools.dashboards.panels import asked
from tools.dashboards.shown import Cell, Target, dressed, transformed

if TYPE_CHECKING:
    from tools.dashboards.text import Lang, Said, Text

GAZETTEER = "public/gazetteer/countries.json"
SHAPES = "public/maps/countries.geojson"
BLANK = "data:image/gif;base64,R0lGODlhAQABAIAAAAAAAP///yH5BAEAAAAALAAAAAABAAEAAAIBRAA7"
"""A transparent pixel. Every base map of Grafana is fetched from a server abroad; who looks at this page is nobody's
business there, and a closed network has no such server."""


def world(said: Said, expr: str, unit: str, country: Text, value: Text, *, w: int = 14, h: int = 12) -> Cell:
    """Return a map with a disc on each country, as large as its value."""

    def make(lang: Lang) -> geomap.Panel:
        panel = dressed(geomap.Panel(), said, unit, lang).with_target(asked(Target(expr), instant=True, table=True))
        panel = panel.with_transformation(transformed("organize", {"excludeByName": {"Time": True}}))
        panel = panel.override_by_name("country", _titled(country, lang, links=[links.country(lang)]))
        panel = panel.override_by_name("Value", _titled(value, lang))
        panel = panel.view(geomap.MapViewConfig().id("coords").lat(20).lon(80).zoom(1).all_layers(True))
        panel = panel.controls(geomap.ControlsOptions().show_zoom(True).mouse_wheel_zoom(False).show_attribution(False))
        panel = panel.tooltip(geomap.TooltipOptions().mode(TooltipMode.DETAILS))
        return panel.basemap(_blank()).layers([_shapes(), _discs()])

    return Cell(said.key, w, h, make)


def _titled(title: Text, lang: Lang, **more: object) -> list[DynamicConfigValue]:
    values: dict[str, object] = {"displayName": title.to(lang), **more}
    return [DynamicConfigValue(id_val=name, value=value) for name, value in values.items()]


def _blank() -> common.MapLayerOptions:
    return common.MapLayerOptions().type("xyz").name("blank").config({"url": BLANK, "attribution": "Grafana"})


def _shapes() -> common.MapLayerOptions:
    style = {"color": {"fixed": "text"}, "opacity": 0.1, "lineWidth": 1}
    return (
        common.MapLayerOptions().type("geojson").name("countries").config({"src": SHAPES, "style": style, "rules": []})
    )


def _discs() -> common.MapLayerOptions:
    style = {
        "color": {"fixed": "semi-dark-orange"},
        "opacity": 0.6,
        "size": {"field": "Value", "fixed": 5, "min": 5, "max": 30},
        "symbol": {"mode": "fixed", "fixed": "img/icons/marker/circle.svg"},
        "text": {"mode": "field", "field": "country", "fixed": ""},
    }
    place = (
        common.FrameGeometrySource().mode(options.FrameGeometrySourceMode.LOOKUP).lookup("country").gazetteer(GAZETTEER)
    )
    layer = common.MapLayerOptions().type("markers").name("destinations").config({"style": style, "showLegend": False})
    return layer.location(place).tooltip(True)
