"""Variables of the dashboards: which gateways, which class of data, which country, which logs."""

from __future__ import annotations

from typing import TYPE_CHECKING

from grafana_foundation_sdk.builders import dashboard as builders
from grafana_foundation_sdk.models.dashboard import (
    DataSourceRef,
    VariableHide,
    VariableOption,
    VariableRefresh,
    VariableSort,
)
from tools.dashboards.text import Lang, Text
from tools.dashboards.words import CATEGORY

if TYPE_CHECKING:
    from collections.abc import Callable

    from grafana_foundation_sdk.cog.builder import Builder
    from grafana_foundation_sdk.models.dashboard import VariableModel

    Variable = Callable[[Lang], Builder[VariableModel]]

PROMETHEUS = DataSourceRef(type_val="prometheus", uid="${datasource}")
LOKI = DataSourceRef(type_val="loki", uid="${logs}")
ALL = VariableOption(selected=True, text="All", value="$__all")
ANYTHING = ".*"


def datasource(lang: Lang) -> builders.DatasourceVariable:
    """Return the choice of a Prometheus."""
    label = Text("Metrics", "Số liệu").to(lang)
    return builders.DatasourceVariable("datasource").label(label).type("prometheus").allow_custom_value(False)


def logs(lang: Lang) -> builders.DatasourceVariable:
    """Return the choice of a Loki, which may be none at all."""
    label = Text("Event log", "Nhật ký sự kiện").to(lang)
    return builders.DatasourceVariable("logs").label(label).type("loki").allow_custom_value(False)


def unit(lang: Lang) -> builders.QueryVariable:
    """Return the units that own gateways."""
    return _values("unit", "label_values(crossborder_gateway_info, unit)", Text("Unit", "Đơn vị"), lang)


def gateway(lang: Lang) -> builders.QueryVariable:
    """Return the gateways of the chosen units."""
    query = 'label_values(crossborder_gateway_info{unit=~"$unit"}, gateway)'
    return _values("gateway", query, Text("Gateway", "Cổng mạng"), lang)


def instance(_: Lang) -> builders.QueryVariable:
    """Return the targets of the chosen gateways, unseen. All of them are a list: `.*` would be every gateway's."""
    query = 'label_values(crossborder_gateway_info{unit=~"$unit",gateway=~"$gateway"}, instance)'
    return _queried("instance", query).hide(VariableHide.HIDE_VARIABLE)


def category(lang: Lang) -> builders.CustomVariable:
    """Return the legal classes by name."""
    choices = ", ".join(f"{word.text.to(lang)} : {value}" for value, word in CATEGORY.items())
    made = builders.CustomVariable("category").label(Text("Class of data", "Loại dữ liệu").to(lang)).values(choices)
    return made.multi(True).include_all(True).all_value(ANYTHING).current(ALL).allow_custom_value(False)


def country(lang: Lang) -> builders.QueryVariable:
    """Return the countries that anything went to."""
    query = 'label_values(crossborder_egress_bytes_total{instance=~"$instance"}, country)'
    return _values("country", query, Text("Country", "Quốc gia"), lang)


def rule(lang: Lang) -> builders.QueryVariable:
    """Return the rules in force."""
    return _values(
        "rule", 'label_values(crossborder_rule_info{instance=~"$instance"}, rule)', Text("Rule", "Quy tắc"), lang
    )


def runbooks(lang: Lang) -> builders.TextBoxVariable:
    """Return where the runbooks are served from: a page of the operator's own, or their folder in the repository."""
    label = Text("Runbooks at", "Sổ tay xử lý ở").to(lang)
    chosen = VariableOption(selected=True, text="docs/runbooks", value="docs/runbooks")
    return builders.TextBoxVariable("runbooks").label(label).default_value("docs/runbooks").current(chosen)


ALWAYS: tuple[Variable, ...] = (datasource, unit, gateway, instance)


def _values(name: str, query: str, label: Text, lang: Lang) -> builders.QueryVariable:
    return _queried(name, query).label(label.to(lang)).all_value(ANYTHING)


def _queried(name: str, query: str) -> builders.QueryVariable:
    asked: dict[str, object] = {"qryType": 1, "query": query, "refId": "PrometheusVariableQueryEditor-VariableQuery"}
    made = builders.QueryVariable(name).datasource(PROMETHEUS).query(asked).multi(True).include_all(True).current(ALL)
    return made.refresh(VariableRefresh.ON_TIME_RANGE_CHANGED).sort(VariableSort.ALPHABETICAL_ASC)
