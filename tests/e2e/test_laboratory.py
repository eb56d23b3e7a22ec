"""The rule laboratory on the demo's day: the history finds what the agent found, and a draft does what it says."""

from __future__ import annotations

import gzip
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


def draft_of(day: Path, rule: str, *words: object) -> tuple[dict[str, Any], str]:
    """Return the first event of a rule and the draft made of it."""
    event = next(e for e in events_of(day / "events.jsonl") if e["rule"]["name"] == rule)
    ended = run("rules", "except", event["event"]["id"], "-c", day / "c.yaml", *words)
    assert ended.exit_code == 0, ended.output
    return event, ended.stdout


def again(day: Path, folder: Path, more: str) -> list[dict[str, Any]]:
    """Replay the demo's day with something more in the configuration; return its findings as they opened."""
    text = (day / "c.yaml").read_text(encoding="utf-8").split("history:")[0]
    (folder / "again.yaml").write_text(text + more, encoding="utf-8")
    app.replay(folder / "again.yaml", app.Options(files=(day / "day.pcap",), events=folder / "again.jsonl"))
    return [e for e in events_of(folder / "again.jsonl") if e["crossborder"]["phase"] == "opened"]


def same(event: dict[str, Any]) -> tuple[str, ...]:
    """Return what makes findings the same in two replays."""
    return event["rule"]["name"], event["network"]["community_id"], event["@timestamp"]


def completed(text: str) -> str:
    """Write what a person is to write."""
    for blank, said in (
        ("'FILL IN: why these transfers are no finding, and until when that holds'", "Contract of 2026"),
        ("'FILL IN: who decided it'", "head of the office"),
        ("'FILL IN: number of the dossier that was approved'", "7/DG"),
        ("'FILL IN: day it was sent, as 2026-02-10'", "2025-10-01"),
        ("'FILL IN: first day, as 2026-01-01'", "2026-01-01"),
        ("'FILL IN: last day'", "2026-12-31"),
        ("'FILL IN: most that may leave in all, as 2GiB; or leave ceilings out'", "2GiB"),
        ("'FILL IN: who answers for it, a role or a mailbox'", "registry office"),
        ("'FILL IN: who receives it'", "an office abroad"),
    ):
        text = text.replace(blank, said)
    assert ": 'FILL IN" not in text
    return text


def test_a_filter_silences_this_and_nothing_else(day: Path, tmp_path: Path) -> None:
    """The draft is refused as it is; completed, its flow fires no more, and every other finding stays."""
    event, draft = draft_of(day, "core_data_abroad")
    (tmp_path / "own").mkdir()
    place = tmp_path / "own/excepted.yaml"
    place.write_text(draft, encoding="utf-8")
    rules = "rules: {paths: [own]}\n"
    (tmp_path / "c.yaml").write_text(rules, encoding="utf-8")

    refused = str(run("check", "-c", tmp_path / "c.yaml").exception)
    place.write_text(completed(draft), encoding="utf-8")
    before = [e for e in events_of(day / "events.jsonl") if e["crossborder"]["phase"] == "opened"]
    after = again(day, tmp_path, rules)

    assert draft.startswith(f"# Drafted from event {event['event']['id']} of {event['@timestamp']}")
    assert refused.count("is still to be filled in by a person") == 2
    gone = {same(e) for e in before} - {same(e) for e in after}
    assert same(event) in gone
    assert {rule for rule, *_ in gone} == {"core_data_abroad"}
    assert {same(e) for e in after} <= {same(e) for e in before}
    left = {e["destination"].get("domain") for e in before if same(e) in gone}
    assert left == {event["destination"].get("domain")}


def test_a_permit_permits_it(day: Path, tmp_path: Path) -> None:
    """The draft is refused as it is; completed, its flow is found and permitted."""
    event, draft = draft_of(day, "core_data_abroad", "--as", "permit")
    place = tmp_path / "permits.yaml"
    place.write_text(draft, encoding="utf-8")

    refused = str(run("permits", "check", place).exception)
    place.write_text(completed(draft), encoding="utf-8")
    after = again(day, tmp_path, "permits: permits.yaml\n")

    for blank in ("dossier", "filed", "from", "until", "contact", "recipients"):
        assert blank in refused
    (decided,) = {e["crossborder"]["decision"] for e in after if same(e) == same(event)}
    assert decided == "permitted"


def test_a_correlation_is_excepted_by_what_it_counts(day: Path) -> None:
    """Sigma puts filters to rules, not to correlations."""
    _, draft = draft_of(day, "dns_many_names")
    ended = run("rules", "except", draft.split()[4], "-c", day / "c.yaml", "--as", "permit")

    (counted,) = read_rules(config.read(day / "c.yaml"))["dns_many_names"].correlation.bases  # type: ignore[union-attr]
    assert f"- {counted}\n" in draft
    assert "no permit covers what dns_many_names finds" in str(ended.exception)


def test_rotated_files_are_searched(day: Path, tmp_path: Path) -> None:
    """The event may be in any file of the log."""
    event = events_of(day / "events.jsonl")[0]
    with gzip.open(tmp_path / "events.jsonl.1.gz", "wt", encoding="utf-8") as file:
        file.write((day / "events.jsonl").read_text(encoding="utf-8"))
    (tmp_path / "events.jsonl").write_text("", encoding="utf-8")

    ended = run("rules", "except", event["event"]["id"], "--events", tmp_path / "events.jsonl")
    missing = run("rules", "except", "0" * 16, "--events", tmp_path / "events.jsonl")

    assert f"{tmp_path}/events.jsonl.1.gz:" in ended.stdout
    assert "no finding '0000000000000000' was opened in the event log" in str(missing.exception)


def test_a_shadow_alerts_nobody(day: Path, tmp_path: Path) -> None:
    """An experimental copy of a rule that fires: counted as often, and no event, no violation, no exit code of it."""
    shipped = (config.data_folder("rules") / "vn/cloud_storage_upload.yaml").read_text(encoding="utf-8")
    copy = shipped.replace("status: test", "status: experimental").replace("name: cloud_storage_upload", "name: tried")
    uuid = next(line for line in copy.splitlines() if line.startswith("id: "))
    (tmp_path / "own").mkdir()
    text = copy.replace(uuid, "id: 00000000-0000-4000-8000-00000000abcd")
    (tmp_path / "own/tried.yaml").write_text(text, encoding="utf-8")
    settings = tmp_path / "c.yaml"
    base = (day / "c.yaml").read_text(encoding="utf-8").split("history:")[0]
    settings.write_text(base + "rules: {paths: [own], shipped: false}\n", encoding="utf-8")

    agent = app.replay(settings, app.Options(files=(day / "day.pcap",), events=tmp_path / "x.jsonl", summary=True))
    failed = run("replay", day / "day.pcap", "-c", settings, "--fail-on", "informational")
    listed = run("rules", "list", "-c", settings)

    metrics = agent.metrics.expose()[1].decode()
    (counted,) = [line for line in metrics.splitlines() if line.startswith("crossborder_shadow_findings_total{")]
    assert counted.endswith(" 4.0")
    assert 'rule="tried"' in counted
    assert [line for line in metrics.splitlines() if 'rule="tried"' in line and "shadow" not in line
            and "rule_flow_seconds" not in line] == []  # fmt: skip
    assert events_of(tmp_path / "x.jsonl") == []
    assert failed.exit_code == 0
    assert "(shadow)" in listed.stdout
    assert "0 of 1 in force, 1 in shadow" in listed.stderr
