"""Links from one dashboard to another, which keep time, gateways and language."""

from __future__ import annotations

from grafana_foundation_sdk.builders.dashboard import DashboardLink
from grafana_foundation_sdk.models.dashboard import DashboardLinkType
from tools.dashboards.text import Lang, Text

KEPT = "${datasource:queryparam}&${unit:queryparam}&${gateway:queryparam}&${__url_time_range}"
TAG = "crossborder"


def uid(name: str, lang: Lang) -> str:
    """Return what Grafana knows a dashboard by, for ever."""
    return f"{TAG}-{name}-{lang}"


def others(lang: Lang) -> DashboardLink:
    """Return the list of all dashboards of the language, at the top of each."""
    title = Text("Cross-border dashboards", "Các bảng theo dõi xuyên biên giới").to(lang)
    link = DashboardLink(title).type(DashboardLinkType.DASHBOARDS).tags([TAG, lang]).as_dropdown(True)
    return link.icon("external link").include_vars(True).keep_time(True)


def towards(name: str, title: Text, variable: str, lang: Lang) -> dict[str, object]:
    """Return the link of a cell to a dashboard, with a variable set to the cell's value."""
    url = f"/d/{uid(name, lang)}?var-{variable}=${{__value.raw}}&{KEPT}"
    return {"title": title.to(lang), "url": url, "targetBlank": False}


def country(lang: Lang) -> dict[str, object]:
    """Return the link of a country to what goes there."""
    return towards("destinations", Text("What goes there", "Dữ liệu gửi đến nước này"), "country", lang)


def rule(lang: Lang) -> dict[str, object]:
    """Return the link of a rule to its violations."""
    return towards("violations", Text("Violations of this rule", "Vi phạm quy tắc này"), "rule", lang)


def category(lang: Lang) -> dict[str, object]:
    """Return the link of a class of data to its violations."""
    return towards("violations", Text("Violations of this class", "Vi phạm về loại dữ liệu này"), "category", lang)


def opened(name: str, title: Text, lang: Lang) -> DashboardLink:
    """Return the link of a whole panel to a dashboard."""
    return DashboardLink(title.to(lang)).type(DashboardLinkType.LINK).url(f"/d/{uid(name, lang)}?{KEPT}")
