"""The rule laboratory on the demo's day: the history finds what the agent found, and a draft does what it says."""

from __future__ import annotations

import json
from collections import Counter
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
from click.testing import CliRunner
from tests.golden import assert_golden

from crossborder import app, config
from crossborder.cli import cli
from crossborder.demo import write_capture
from crossborder.parts import read_rules
from crossborder.review.askable import refusal

if TYPE_CHECKING:
    from collections.abc import Iterator

GOLDEN = Path(__file__).parent / "golden"
EXAMPLES = config.data_folder("examples")


def run(*words: object) -> Any:
    """Run a command of ours in this process."""
    return CliRunner().invoke(cli, [str(word) for word in words])


def events_of(path: Path) -> list[dict[str, Any]]:
    """Return the findings in an event log."""
    return [event for event in map(json.loads, path.read_text(encoding="utf-8").splitlines()) if "rule" in event]


@pytest.fixture(scope="module")
def day(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    """Return a folder with the demo's capture, its event log and history, and the configuration of both."""
    folder = tmp_path_factory.mktemp("laboratory")
    write_capture(folder / "day.pcap")
    (folder / "c.yaml").write_text(
        f"gateway: gw-demo\nunit: Example Ministry\nassets: {EXAMPLES / 'assets.yaml'}\n"
        "history: {directory: history, reserve: 1MiB}\nevents: {file: events.jsonl}\n",
        encoding="utf-8",
    )
    app.replay(folder / "c.yaml", app.Options(files=(folder / "day.pcap",)))
    yield folder
    (folder / "day.pcap").unlink()


def test_history_tells_what_the_agent_found(day: Path) -> None:
    """As many findings of each rule, correlations too, with as many bytes."""
    refused = {rule.name for rule in read_rules(config.read(day / "c.yaml")).enabled if refusal(rule)}
    opened: Counter[str] = Counter()
    sent: Counter[str] = Counter()
    for event in events_of(day / "events.jsonl"):
        opened[event["rule"]["name"]] += event["crossborder"]["phase"] == "opened"
        sent[event["rule"]["name"]] += event["crossborder"]["matched_bytes"]

    told = json.loads(run("rules", "backtest", "-c", day / "c.yaml", "--json").stdout)

    found = {one["rule"]: one for one in told["results"] if one["findings"]}
    assert len(found) > 35
    assert {name: one["findings"] for name, one in found.items()} == {n: opened[n] for n in opened.keys() - refused}
    assert all(one["bytes"] >= sent[name] for name, one in found.items())  # what a flow goes on sending is no event
    assert sum(one["bytes"] == sent[name] for name, one in found.items()) > 30
    assert {one["rule"] for one in told["results"] if one["refused"]} == refused


def test_what_people_see_golden(day: Path) -> None:
    """A rule with findings, one that counts, one without findings, one that cannot be asked."""
    names = ("cloud_storage_upload", "dns_many_names", "ech_core", "band_near")

    ended = run("rules", "backtest", *names, "-c", day / "c.yaml", "--samples", 1)

    assert ended.exit_code == 0
    assert_golden(ended.stdout, GOLDEN / "backtest.txt")


def test_a_change_golden(day: Path, tmp_path: Path) -> None:
    """A copy with a higher threshold removes, and never adds."""
    changed = tmp_path / "cloud_storage_upload.yaml"
    shipped = config.data_folder("rules") / "vn/cloud_storage_upload.yaml"
    changed.write_text(shipped.read_text(encoding="utf-8").replace("gte: 262144", "gte: 1000000"), encoding="utf-8")

    ended = run("rules", "backtest", changed, day / "history", "--against", "cloud_storage_upload")

    assert ended.exit_code == 0
    assert_golden(ended.stdout, GOLDEN / "backtest-against.txt")


def test_of_another_time_there_is_nothing(day: Path) -> None:
    """The demo's day is long ago for `--since`; a moment of `--from` is as everywhere."""
    since = run("rules", "backtest", "core_data_abroad", "-c", day / "c.yaml", "--since", "1h")
    later = run("rules", "backtest", "core_data_abroad", day / "history", "--from", "2026-01-27", "--json")
    at = run("rules", "backtest", "core_data_abroad", day / "history", "--from", "2026-01-26", "--to", "2026-01-26")

    assert "the history holds nothing of that time" in since.stdout
    assert json.loads(later.stdout)["rows"] == 0
    assert "flow hours from 2026-01-26 07:00" in at.stdout


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (("core_data_abrod",), "there is no rule 'core_data_abrod'; do you mean core_data_abroad?"),
        (("missing.yaml",), "missing.yaml"),
        (("core_data_abroad", "--since", "1d", "--from", "2026-01-01"), "--since and --from exclude each other"),
        (
            ("core_data_abroad", "unknown_country", "--against", "ech_core"),
            "--against compares two rules: RULE means 2",
        ),
    ],
)
def test_mistakes_are_told(day: Path, words: tuple[str, ...], said: str) -> None:
    """In one sentence."""
    ended = run("rules", "backtest", *words, "-c", day / "c.yaml")

    assert ended.exit_code != 0
    assert said in f"{ended.output}{ended.exception}"
