"""What an event of the demo says by itself: what matched and why, where and by whose word, which rule of which set."""

from __future__ import annotations

import hashlib
import json
from typing import TYPE_CHECKING, Any

import pytest

from crossborder import app, config
from crossborder.config import data_folder
from crossborder.parts import build_parts

if TYPE_CHECKING:
    from collections.abc import Callable

    from crossborder.demo import Manifest

DEMO = data_folder("examples") / "demo.yaml"
KINDS: dict[str, Callable[[dict[str, Any]], bool]] = {
    "flow": lambda event: event["rule"]["name"] == "core_data_abroad" and event["crossborder"]["phase"] == "opened",
    "content": lambda event: "detections" in event["crossborder"],
    "correlation": lambda event: event["rule"]["name"] == "many_destinations_tagged",
    "unknown country": lambda event: event["rule"]["name"] == "unknown_country",
    "closed": lambda event: event["crossborder"]["phase"] == "closed",
}


@pytest.fixture(scope="module")
def events(day: Manifest, tmp_path_factory: pytest.TempPathFactory) -> list[dict[str, Any]]:
    """Return the findings that an agent writes of the demo's day."""
    path = tmp_path_factory.mktemp("events") / "events.jsonl"
    app.replay(DEMO, app.Options(files=(day.path,), events=path))
    lines = map(json.loads, path.read_text(encoding="utf-8").splitlines())
    return [line for line in lines if "rule" in line]


@pytest.fixture(scope="module")
def hashes() -> dict[str, str]:
    """Return the hash of each rule's text, and under no name that of the set."""
    ruleset = build_parts(config.read(DEMO), DEMO).ruleset
    return {rule.name: rule.sha256 for rule in ruleset.enabled} | {"": ruleset.sha256}


@pytest.mark.parametrize("kind", KINDS)
def test_every_kind_names_rule_and_place(kind: str, events: list[dict[str, Any]], hashes: dict[str, str]) -> None:
    """Each kind says which text of which rule in which set it is by, and on what ground the country is told."""
    found = [event for event in events if KINDS[kind](event)]

    assert found
    for event in found:
        ours = event["crossborder"]
        assert ours["rule_sha256"] == hashes[event["rule"]["name"]]
        assert (ours["ruleset_sha256"], ours["generation"]) == (hashes[""], 1)
        assert ours["country_basis"] in {"geo", "anycast", "unknown", "override"}
        assert event["destination"]["geo"]["country_iso_code"]
        if ours["country_basis"] != "unknown":
            assert {"database", "build", "prefix"} <= ours["geo"].keys()


@pytest.mark.parametrize("kind", KINDS.keys() - {"closed"})
def test_every_kind_says_why(kind: str, events: list[dict[str, Any]]) -> None:
    """Each condition that held stands there with the flow's own value; closed findings refer to the opened ones."""
    for event in filter(KINDS[kind], events):
        reasons = event["crossborder"]["why"]
        value_of = {reason["field"]: reason["value"] for reason in reasons}

        assert all(reason.keys() == {"field", "test", "value"} for reason in reasons)
        country = event["destination"]["geo"]["country_iso_code"]
        assert value_of.get("destination.geo.country_iso_code") in {None, country}
        assert value_of.get("network.initiator") in {None, event["crossborder"]["initiator"]}
        assert value_of.get("data.inspection") in {None, event["crossborder"]["inspection"]}


def test_samples_are_masked(events: list[dict[str, Any]]) -> None:
    """What was found stands there masked, and how much of it."""
    found = [seen for event in events for seen in event["crossborder"].get("detections", ())]
    samples = [sample for seen in found for sample in seen.get("samples", ())]

    assert len(samples) > 20
    assert all("*" in sample for sample in samples)
    assert all(seen["matches"] >= seen["distinct"] > 0 for seen in found)


def test_the_hash_is_of_the_rules_text(hashes: dict[str, str]) -> None:
    """Whoever has the rule's file can tell that it is the one."""
    file = next(data_folder("rules").rglob("core_data_abroad.yaml"))

    assert hashes["core_data_abroad"] == hashlib.sha256(file.read_bytes()).hexdigest()
