"""Permits as an operator meets them: a day of traffic under permits, commands, an agent that is killed and goes on."""

from __future__ import annotations

import json
import re
import signal
import sys
from collections import Counter
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
from tests.e2e.test_gateway import NORWAY, SINGAPORE, Agent, _frames
from tests.golden import assert_golden

from crossborder import keyfile
from crossborder.cli import main
from crossborder.demo import write_capture
from crossborder.demo.gateway import Gateway, until
from crossborder.match.permits.ledger import PART, Ledger, Transfer, Way
from crossborder.statefile import FILE_NAME, StateFile

if TYPE_CHECKING:
    from collections.abc import Iterator

EXAMPLES = Path(__file__).resolve().parents[2] / "examples"
GOLDEN = Path(__file__).with_name("golden")
COVERED = {("core_data_abroad", "tender-documents-2026"), ("core_personal_data_abroad", "hospital-lab-2026")}


@pytest.fixture(scope="module")
def day(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    """Return the demo's capture; the file is removed afterwards, it is large."""
    path = tmp_path_factory.mktemp("demo") / "day.pcap"
    write_capture(path)
    yield path
    path.unlink()


def run(capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch, *words: object) -> tuple[int, str, str]:
    """Run a command in this process; return exit code, standard output and standard error."""
    monkeypatch.setattr(sys, "argv", ["crossborder", *map(str, words)])
    with pytest.raises(SystemExit) as ended:
        main()
    said = capsys.readouterr()
    return int(ended.value.code or 0), said.out, said.err


def configured(folder: Path, permits: str, more: str = "") -> Path:
    """Write a configuration with the example's assets and these permits."""
    (folder / "permits.yaml").write_text(permits, encoding="utf-8")
    config = folder / "c.yaml"
    text = f"unit: Example Ministry\nassets: {EXAMPLES / 'assets.yaml'}\npermits: permits.yaml\n"
    config.write_text(text + more, encoding="utf-8")
    return config


def openings(path: Path) -> list[dict[str, Any]]:
    """Return the events of findings that opened."""
    events = [json.loads(line) for line in path.read_text(encoding="utf-8").splitlines()]
    return [event for event in events if event["crossborder"].get("phase") == "opened"]


def test_a_day_under_permits(
    day: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    """The example's permits turn what they cover into permitted, hide nothing, and name what is nearly covered."""
    config = configured(tmp_path, (EXAMPLES / "permits.yaml").read_text(encoding="utf-8"))
    (tmp_path / "none.yaml").write_text("permits: []", encoding="utf-8")

    code, *_ = run(capsys, monkeypatch, "replay", day, "-c", config, "--events", tmp_path / "with", "--quiet")
    config.write_text(config.read_text(encoding="utf-8").replace("permits.yaml", "none.yaml"), encoding="utf-8")
    run(capsys, monkeypatch, "replay", day, "-c", config, "--events", tmp_path / "without", "--quiet")

    found, bare = openings(tmp_path / "with"), openings(tmp_path / "without")
    decisions = Counter(event["crossborder"]["decision"] for event in found)
    covered = [event for event in found if event["crossborder"]["decision"] == "permitted"]
    assert code == 0
    assert [(e["event"]["id"], e["event"]["severity"]) for e in found] == [
        (e["event"]["id"], e["event"]["severity"]) for e in bare
    ]
    assert {event["crossborder"]["decision"] for event in bare} == {"violation"}
    assert decisions["permitted"] == 9
    assert decisions["new-recipient"] >= 14
    assert {(e["rule"]["name"], e["crossborder"]["permit"]["id"]) for e in covered} >= COVERED
    assert {event["destination"]["geo"]["country_iso_code"] for event in covered} == {"JP", "MY"}
    assert all(event["rule"]["category"] != "none" for event in covered)


def test_a_ceiling_is_overrun_on_the_way(
    day: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    """The laboratory gets 393 kB and then 11 kB: with a ceiling of 400 kB the second is an overrun."""
    permits = (EXAMPLES / "permits.yaml").read_text(encoding="utf-8").replace("2GiB", "400000")
    config = configured(tmp_path, permits)

    run(capsys, monkeypatch, "replay", day, "-c", config, "--events", tmp_path / "events", "--quiet")

    lab = [e for e in openings(tmp_path / "events") if e["destination"].get("domain") == "lab.gene-map.example"]
    told = {
        (event["source"]["bytes"] > 100_000, event["crossborder"]["decision"])
        for event in lab
        if event["rule"]["category"] != "none"
    }
    assert told == {(True, "permitted"), (False, "overrun")}


def test_fail_on_passes_over_what_is_permitted(
    day: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    """A rule all of whose findings a permit covers does not fail a replay; one that is a new recipient does."""
    (tmp_path / "rules").mkdir()
    for name in ("health_protocol_abroad", "core_data_abroad"):
        text = (EXAMPLES.parent / "rules" / "vn" / f"{name}.yaml").read_text(encoding="utf-8")
        (tmp_path / "rules" / f"{name}.yaml").write_text(text, encoding="utf-8")
    more = "rules: {shipped: false, paths: [rules], disable: [%s]}\n"
    codes = {}
    for name in ("health_protocol_abroad", "core_data_abroad"):
        permits = (EXAMPLES / "permits.yaml").read_text(encoding="utf-8")
        config = configured(tmp_path, permits, more % name)
        codes[name], *_ = run(capsys, monkeypatch, "replay", day, "-c", config, "--fail-on", "low", "--quiet")

    assert codes == {"health_protocol_abroad": 1, "core_data_abroad": 0}


KEPT = """
permits:
  - id: lab
    route: pdpl
    dossier: 118/CB-DLCN
    filed: 2026-02-10
    sender: {systems: [hospital-records]}
    categories: [core:I.25, personal]
    recipients: [{name: gene laboratory, networks: [133.242.18.0/24]}]
    countries: [JP]
    from: 2020-01-01
    until: 2099-12-31
    ceilings: {bytes: 1000000, flows: 10}
"""
DAY_NS = 86_400 * 10**9
SEEN = 1_767_225_600 * 10**9  # 2026-01-01


@pytest.fixture
def kept(tmp_path: Path) -> Path:
    """Return a configuration whose state knows one permit's use and two ways."""
    keyfile.make(tmp_path / "key")
    config = configured(tmp_path, KEPT, "state: {directory: state, key: key}\n")
    state = StateFile.open(tmp_path / "state" / FILE_NAME, PART)
    ledger = Ledger(state)
    ledger.debit("lab", 850_000, 3, SEEN, SEEN + DAY_NS)
    ledger.debit("gone", 7, 1, SEEN, SEEN)
    ledger.note(
        Way("Department of Medical Services", "pdpl", "JP", "lab.gene-map.example"), Transfer(SEEN, SEEN, "lab")
    )
    ledger.note(Way("Department of Planning and Finance", "nd165-core", "FR", "tender"), Transfer(SEEN, SEEN + DAY_NS))
    state.keep([ledger])
    state.close()
    return config


@pytest.mark.parametrize("lang", ["en", "vi"])
@pytest.mark.parametrize("command", ["list", "use", "clocks"])
def test_golden_tables(
    kept: Path, command: str, lang: str, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    """What an officer reads, in both languages; days left depend on the day and are blotted out."""
    _, out, err = run(capsys, monkeypatch, "permits", command, "-c", kept, "--lang", lang)

    assert err == ""
    assert_golden(_blotted(out, command), GOLDEN / f"permits-{command}-{lang}.txt")


def _blotted(out: str, command: str) -> str:
    """Replace the column of days left, whose width is that of its heading or of its numbers."""
    place = {"use": r"(2099-12-31 +)[0-9]+ *", "clocks": r"((?:2026-03-02|2026-01-01)  )-[0-9]+ *"}.get(command)
    return re.sub(place, r"\1# ", out) if place else out


def test_json(kept: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch) -> None:
    """One object a line, with numbers as numbers."""
    listed, used, clocks = (
        [json.loads(line) for line in run(capsys, monkeypatch, "permits", *words)[1].splitlines()]
        for words in (
            ("list", kept.parent / "permits.yaml", "--json"),
            ("use", "-c", kept, "--json"),
            ("clocks", "-c", kept, "--json"),
        )
    )

    assert [(p["id"], p["from"], p["ceilings"]["bytes"]) for p in listed] == [("lab", "2020-01-01", 1_000_000)]
    assert [(p["permit"], p["bytes"], p["in_file"]) for p in used] == [("lab", 850_000, True), ("gone", 7, False)]
    assert used[0]["ceilings"]["bytes"] == {"used": 850_000, "ceiling": 1_000_000, "ratio": 0.85}
    assert used[0]["warnings"] == ["85% of its ceiling of bytes is used"]
    assert (used[0]["first_use"], used[0]["last_use"]) == ("2026-01-01T00:00:00Z", "2026-01-02T00:00:00Z")
    assert [(c["recipient"], c["due"], c["state"], c["dossier"]) for c in clocks] == [
        ("tender", "2026-01-01", "overdue", None),
        ("lab.gene-map.example", "2026-03-02", "filed", "118/CB-DLCN"),
    ]


def test_permits_check(tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch) -> None:
    """Warnings with exit code 0, faults with exit code 2; the configuration's check tells the same."""
    config = configured(tmp_path, KEPT.replace("    recipients", "    note: any\n    #"))
    path = tmp_path / "permits.yaml"

    code, out, err = run(capsys, monkeypatch, "permits", "check", path)
    assert (code, out) == (0, f"{path}:3: warning: permit 'lab' covers any recipient in its countries\n")
    assert err == "1 permits are fine, 1 warnings\n"
    assert "permit 'lab' covers any recipient" in run(capsys, monkeypatch, "check", "-c", config)[2]

    path.write_text(KEPT.replace("[JP]", "[JQ]").replace("2099", "2019"), encoding="utf-8")
    for words in (("permits", "check", path), ("check", "-c", config)):
        code, out, err = run(capsys, monkeypatch, *words)
        assert (code, out) == (2, "")
        assert err.splitlines() == [
            f"{path}:10: 'JQ' is no ISO 3166 country",
            f"{path}:12: ends on 2019-12-31, before it begins on 2020-01-01",
        ]


def test_without_a_state_nothing_is_told(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    """Zero would be a lie."""
    code, _, err = run(capsys, monkeypatch, "permits", "use", "-c", configured(tmp_path, KEPT))

    assert code == 2
    assert "name state.directory" in err


LIVE = """
permits:
  - id: norway
    route: nd165-core
    dossier: 1
    sender: {units: [Test unit]}
    categories: [core, none, untagged]
    countries: [%s]
    from: 2020-01-01
    until: 2099-12-31
    ceilings: {flows: 2}
"""


@pytest.fixture
def agent(tmp_path: Path) -> Iterator[Agent]:
    """An agent with a rule for Norway, a permit and a state, listening."""
    keyfile.make(tmp_path / "key")
    (tmp_path / "permits.yaml").write_text(LIVE % "NO", encoding="utf-8")
    with Gateway() as gateway:
        yield Agent(gateway, tmp_path, "portable", "permits: permits.yaml\nstate: {directory: state, key: key}\n")


def _decided(agent: Agent, decision: str) -> float:
    return agent.value("crossborder_violations_total", rule="to_norway", decision=decision)


@pytest.mark.live
def test_an_agent_that_is_killed_goes_on_with_the_ceiling(
    agent: Agent, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    """Two flows may go: one before kill -9 and one after; the third is an overrun, told in metrics, log and table."""
    agent.gateway.send(_frames(NORWAY, 40000))
    assert until(lambda: _decided(agent, "permitted") == 1, 20), agent.said()
    ticks = agent.value("crossborder_ticks_total")
    assert until(lambda: agent.value("crossborder_ticks_total") > ticks + 1, 20)
    agent.process.send_signal(signal.SIGKILL)
    agent.process.wait(20)

    agent.start()
    assert agent.value("crossborder_violations_total", country="NO", decision="overrun") == 0  # a series from the start
    agent.gateway.send([*_frames(NORWAY, 40001)])
    assert until(lambda: _decided(agent, "permitted") == 1, 20), agent.said()
    agent.gateway.send([*_frames(NORWAY, 40002), *_frames(SINGAPORE, 40003)])
    assert until(lambda: _decided(agent, "overrun") == 1, 20), agent.said()

    debited = 3 * (4 * 40 + 1000)
    assert until(lambda: agent.value("crossborder_permit_used_bytes", permit="norway") == debited, 20), agent.said()
    assert agent.value("crossborder_permit_used_ratio", permit="norway", ceiling="flows") == 1.5
    assert agent.value("crossborder_permit_expiry_timestamp_seconds", permit="norway") > 4e9
    assert agent.said().count("of its ceiling of flows is used") == 1
    use = ("permits", "use", "-c", agent.config, "--json")
    assert until(lambda: json.loads(run(capsys, monkeypatch, *use)[1])["flows"] == 3, 20)


@pytest.mark.live
def test_permits_are_taken_in_while_it_runs(agent: Agent) -> None:
    """A changed file is in force without a restart; a faulty one keeps the last good."""
    path = agent.folder / "permits.yaml"
    path.write_text(LIVE % "QQ", encoding="utf-8")
    assert until(lambda: agent.value("crossborder_config_reload_success") == 0, 20), agent.said()
    assert f"{path}:8: 'QQ' is no ISO 3166 country" in agent.said()
    agent.gateway.send(_frames(NORWAY, 40000))
    assert until(lambda: _decided(agent, "permitted") == 1, 20), agent.said()

    path.write_text(LIVE % "SE", encoding="utf-8")
    assert until(lambda: agent.value("crossborder_config_reload_success") == 1, 20), agent.said()
    agent.gateway.send(_frames(NORWAY, 40001))

    assert until(lambda: _decided(agent, "new-recipient") >= 1, 20), agent.said()
    assert until(lambda: agent.value("crossborder_permit_used_ratio", permit="norway", ceiling="flows") == 0.5, 20)
