"""Dashboards: the JSON is what the source makes, Grafana's own types take it, and every panel keeps the house rules."""

from __future__ import annotations

import json
import re
from collections import Counter
from itertools import product
from pathlib import Path
from typing import Any

import pytest
from grafana_foundation_sdk.cog.encoder import JSONEncoder
from grafana_foundation_sdk.cog.plugins import register_default_plugins
from grafana_foundation_sdk.models.dashboard import Dashboard
from tests.golden import assert_golden
from tools.dashboards.boards import NAMES, files
from tools.dashboards.queries import VALUES, asked_for_choices, filled, panels, queries

FOLDER = Path(__file__).resolve().parents[2] / "dashboards"
MADE = files()
PAGES: dict[str, dict[str, Any]] = {name: json.loads(text) for name, text in MADE.items()}
QUIET = {"row", "text"}
each = pytest.mark.parametrize("name", sorted(MADE))

_READ = {"title", "description", "label", "noValue", "displayName", "text", "content", "renamePattern", "uid", "tags"}
"""Keys of which the values are texts, or carry the language."""


def test_golden_json_is_what_the_source_makes() -> None:
    """Nobody edits a dashboard's JSON by hand, and none lies there that is made no more."""
    for name, text in MADE.items():
        assert_golden(text, FOLDER / name)

    assert {path.name for path in FOLDER.glob("*.json")} == set(MADE)


def test_there_are_seven_in_two_languages() -> None:
    """One file each."""
    assert set(MADE) == {f"{name}.{lang}.json" for name, lang in product(NAMES, ("en", "vi"))}
    assert len(NAMES) == 7


@each
def test_grafanas_own_types_lose_nothing(name: str) -> None:
    """What the SDK reads and writes again is the same, to the last key: no key is one that Grafana does not know."""
    register_default_plugins()

    read = Dashboard.from_json(PAGES[name])
    again = json.loads(json.dumps(read, cls=JSONEncoder))

    assert again == PAGES[name]
    assert PAGES[name]["schemaVersion"] == 39  # of Grafana 10.4; newer ones migrate, older ones cannot go back


@each
def test_it_is_found_by_uid_and_tags(name: str) -> None:
    """As links and provisioning want it."""
    page = PAGES[name]
    board, lang, _ = name.split(".")

    assert page["uid"] == f"crossborder-{board}-{lang}"
    assert len(page["uid"]) <= 40
    assert page["tags"] == ["crossborder", lang]
    assert (page["refresh"], page["timezone"], page["time"]["to"]) == ("1m", "browser", "now")
    assert "id" not in page


@each
def test_panels_have_ids_of_their_own(name: str) -> None:
    """Rows and what is in them included."""
    ids = Counter(panel["id"] for panel in _all(PAGES[name]))

    assert max(ids.values()) == 1


@each
def test_the_grid_has_no_overlap_and_no_hole(name: str) -> None:
    """Every line of panels is 24 wide and of one height."""
    taken = Counter(
        (x, y)
        for panel in _all(PAGES[name])
        for x in range(panel["gridPos"]["x"], panel["gridPos"]["x"] + panel["gridPos"]["w"])
        for y in range(panel["gridPos"]["y"], panel["gridPos"]["y"] + panel["gridPos"]["h"])
    )
    last = max(y for _, y in taken)

    assert set(taken) == set(product(range(24), range(last + 1)))
    assert max(taken.values()) == 1


@each
def test_a_panel_says_what_it_shows(name: str) -> None:
    """Title, description of more than one sentence, unit, and what stands there when there is nothing."""
    for panel in _shown(PAGES[name]):
        defaults = panel["fieldConfig"]["defaults"]

        assert panel["title"]
        assert panel["description"].count(".") + panel["description"].count(":") >= 2, panel["title"]
        assert defaults["unit"]
        assert defaults["noValue"]


@each
def test_no_data_source_but_the_chosen_one(name: str) -> None:
    """Of panels, queries and variables."""
    sources = [source["uid"] for source in _values(PAGES[name], "datasource") if isinstance(source, dict)]

    assert sources
    assert set(sources) <= {"${datasource}", "${logs}"}


@each
def test_variables_exist_and_are_used(name: str) -> None:
    """A query names no variable that the dashboard lacks; a dashboard asks for none that changes nothing."""
    page = PAGES[name]
    there = {variable["name"] for variable in page["templating"]["list"]}
    texts = json.dumps([_values(page, key) for key in ("expr", "query", "url", "content", "datasource")])
    used = {match[0] or match[1] for match in re.findall(r"\$\{(\w+)(?::\w+)?\}|\$(\w+)", texts)}
    of_grafana = {name for name in used if name.startswith("__")}

    assert used - of_grafana == there
    assert {"datasource", "unit", "gateway", "instance"} <= there


@each
def test_all_gateways_are_those_that_were_chosen(name: str) -> None:
    """All instances are a list of them: `.*` would be those of every unit."""
    variables = {variable["name"]: variable for variable in PAGES[name]["templating"]["list"]}

    assert "allValue" not in variables["instance"]
    assert variables["instance"]["hide"] == 2
    assert all(v["allValue"] == ".*" for v in variables.values() if v.get("multi") and v["name"] != "instance")


@each
def test_links_lead_to_dashboards_of_the_same_language(name: str) -> None:
    """And set variables that are there."""
    lang = name.split(".")[1]
    variables = {
        page["uid"]: {v["name"] for v in page["templating"]["list"]}
        for key, page in PAGES.items()
        if f".{lang}." in key
    }
    urls = [url for url in _values(PAGES[name], "url") if url.startswith("/d/")]

    for url in urls:
        uid, query = url.removeprefix("/d/").split("?")
        assert uid in variables
        assert set(re.findall(r"var-(\w+)=", query)) <= variables[uid]


@pytest.mark.parametrize("board", NAMES)
def test_languages_differ_in_what_is_read(board: str) -> None:
    """Same queries, same layout, same colours."""
    english, vietnamese = (_blank(PAGES[f"{board}.{lang}.json"]) for lang in ("en", "vi"))

    assert english == vietnamese


@each
def test_columns_of_a_table_are_those_of_its_queries(name: str) -> None:
    """A single query's column is `Value`, those of several `Value #A` and on; each has a title."""
    for panel in _shown(PAGES[name]):
        if panel["type"] == "table" and panel["datasource"]["uid"] == "${datasource}":
            letters = [target["refId"] for target in panel["targets"]]
            organized = next(t for t in panel["transformations"] if t["id"] == "organize")["options"]
            wanted = {"Value"} if len(letters) == 1 else {f"Value #{letter}" for letter in letters}
            titled = {o["matcher"]["options"] for o in panel["fieldConfig"]["overrides"]}
            left_out = set(organized["excludeByName"])

            assert {column for column in titled if column.startswith("Value")} == wanted - left_out
            assert set(organized["indexByName"]) == titled
            assert all(target["instant"] and target["format"] == "table" for target in panel["targets"])


@each
def test_the_map_asks_nobody_abroad(name: str) -> None:
    """No address of another server is anywhere in a dashboard."""
    assert not re.search(r"https?://", MADE[name])


def test_rates_are_over_grafanas_intervals() -> None:
    """No span is written out: it would be wrong at the next range, or for the next scrape interval."""
    spans = {span for query in queries(FOLDER) for span in re.findall(r"\[([^\]]+)\]", query.text)}

    assert spans == {"$__rate_interval", "$__range", "$__range:$__interval"}


def test_every_query_can_be_filled() -> None:
    """With the values that the real run uses; what is asked for choices too."""
    found = list(queries(FOLDER))
    choices = [choice for page in PAGES.values() for choice in asked_for_choices(page)]

    assert len(found) > 200
    assert not [text for text in (*(q.text for q in found), *choices) if "$" in filled(text, VALUES)]
    with pytest.raises(KeyError, match="nobody"):
        filled("up{a=~'$nobody'}", VALUES)
    assert filled("x{a='${instance}'}[$__range]", {"instance": "b", "__range": "1h"}) == "x{a='b'}[1h]"


def _all(page: dict[str, Any]) -> list[dict[str, Any]]:
    return [*(row for row in page["panels"] if row["type"] == "row"), *panels(page)]


def _shown(page: dict[str, Any]) -> list[dict[str, Any]]:
    return [panel for panel in panels(page) if panel["type"] not in QUIET]


def _values(node: Any, key: str) -> list[Any]:
    """Return every value under a key, at any depth."""
    if isinstance(node, list):
        return [value for part in node for value in _values(part, key)]
    if not isinstance(node, dict):
        return []
    return [*([node[key]] if key in node else []), *(value for part in node.values() for value in _values(part, key))]


def _blank(node: Any) -> Any:
    """Return a dashboard without what is read; of links and choices the language is taken out, the rest stays."""
    if isinstance(node, list):
        return [_blank(part) for part in node]
    if not isinstance(node, dict):
        return node
    if node.get("id") == "displayName":
        return "displayName"
    if node.get("type") == "custom":
        node = node | {"query": re.sub(r"[^,:]+ : ", "", node["query"])}
    if "url" in node:
        node = node | {"url": re.sub(r"-(en|vi)\?", "?", node["url"] or "")}
    return {key: _blank(value) for key, value in node.items() if key not in _READ}
