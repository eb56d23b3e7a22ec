"""Alerts and recording rules: promtool's own tests, run by promtool; and that none is without page, texts and tests."""

from __future__ import annotations

import json
import re
import subprocess
from typing import TYPE_CHECKING, Any

import click
import pytest
from tests.dashboards.rules import ALERTS, FOLDER, KNOWN, NAMES, RECORDED, ROOT, RUNBOOKS, TESTS, THRESHOLDS, cases
from tests.promql import faults, metrics
from tests.promtool import program

from crossborder import yamlfile
from crossborder.cli import cli

if TYPE_CHECKING:
    from pathlib import Path

TEXTS = {"summary", "description", "summary_vi", "description_vi", "runbook_url"}
HEADINGS = ["Meaning", "Check", "Act", "Resolved"]
OFFICERS = {name for name in ALERTS if re.search("Violation|Grave|Permit|Band", name)}
CASES = cases()
NEVER, ALWAYS = "vector(0) > 1", "vector(1)"


def promtool(*args: object) -> subprocess.CompletedProcess[str]:
    """Run promtool."""
    return subprocess.run([program(), *map(str, args)], capture_output=True, text=True, check=False)


def test_promtool_reads_all_rules() -> None:
    """Syntax of rules, queries and templates."""
    done = promtool("check", "rules", *(FOLDER / f"{name}.yaml" for name in NAMES))

    assert done.returncode == 0, done.stdout + done.stderr


@pytest.mark.parametrize("path", TESTS, ids=lambda path: path.name)
def test_promtools_tests_hold(path: Path) -> None:
    """Each file of tests, by the real rules."""
    done = promtool("test", "rules", path)

    assert done.returncode == 0, done.stdout + done.stderr


@pytest.mark.parametrize("name", ALERTS)
def test_an_alert_says_all(name: str) -> None:
    """Severity; two languages; a page; a name of ours."""
    alert = ALERTS[name]

    assert re.fullmatch(r"Crossborder([A-Z][a-z]+)+", name)
    assert set(alert["labels"]) == {"severity"}
    assert alert["labels"]["severity"] in {"critical", "warning", "info"}
    assert set(alert["annotations"]) == TEXTS
    assert alert["annotations"]["runbook_url"] == f"docs/runbooks/{name}.md"


@pytest.mark.parametrize("name", ALERTS)
def test_an_alert_is_tested(name: str) -> None:
    """It fires with its texts, it is silent before, and it is silent again after it has fired."""
    of_it = [case for case in CASES if case.alert == name]
    fired = [number for number, case in enumerate(of_it) if case.fires]

    assert fired
    assert any(of_it[number].texts for number in fired)
    assert not of_it[0].fires
    assert any(not case.fires for case in of_it[fired[0] :])


@pytest.mark.parametrize("name", ALERTS)
def test_an_alert_has_a_page(name: str) -> None:
    """What it means, what to look at, what to do, when it ends; what officers read begins in Vietnamese."""
    page = (RUNBOOKS / f"{name}.md").read_text(encoding="utf-8")
    before = page.partition("## ")[0]

    assert page.startswith(f"# {name}\n")
    assert re.findall(r"^## (.*)$", page, re.MULTILINE) == HEADINGS
    assert len(page.splitlines()) <= 45
    assert bool(re.search("[ạảấầậệộợữịđơư]", before)) == (name in OFFICERS)


def test_no_page_without_an_alert() -> None:
    """Pages are of alerts, and the table of pages is of all of them, with their severity."""
    index = (RUNBOOKS / "README.md").read_text(encoding="utf-8")
    listed = re.findall(r"^\| \[(\w+)\]\((\w+)\.md\) \| (\w+) \|", index, re.MULTILINE)

    assert {path.stem for path in RUNBOOKS.glob("*.md")} - {"README"} == set(ALERTS)
    assert listed == [(name, name, alert["labels"]["severity"]) for name, alert in ALERTS.items()]


def commands_of_pages() -> set[str]:
    """Return every command of ours that a runbook names."""
    text = "".join(path.read_text(encoding="utf-8") for path in RUNBOOKS.glob("*.md"))
    return {found.strip() for found in re.findall(r"(?:^|`)crossborder ([a-z][^`\n#]*)", text, re.MULTILINE)}


@pytest.mark.parametrize("command", sorted(commands_of_pages()))
def test_a_command_of_a_page_exists(command: str) -> None:
    """Its words lead to a command, and that has the options."""
    words = command.split()
    at: click.Command = cli
    while isinstance(at, click.Group):
        found = at.get_command(click.Context(at), words.pop(0))
        assert found is not None
        at = found
    options = {option for parameter in at.params for option in parameter.opts}

    assert {word for word in words if word.startswith("-")} <= options


def queries_of_pages() -> list[tuple[str, str]]:
    """Return every query of a runbook, with the page's name."""
    blocks = ((path.stem, path.read_text(encoding="utf-8")) for path in sorted(RUNBOOKS.glob("*.md")))
    return [(name, query) for name, text in blocks for query in re.findall(r"```promql\n(.*?)```", text, re.DOTALL)]


def queries() -> list[tuple[str, str]]:
    """Return every query of rules and pages, with a name."""
    asked = re.compile(r'query \(printf "([^"]+)"')
    in_texts = [
        (name, re.sub("%q", '"x"', query))
        for name, alert in ALERTS.items()
        for text in alert["annotations"].values()
        for query in asked.findall(text)
    ]
    return [*RECORDED, *((n, alert["expr"]) for n, alert in ALERTS.items()), *in_texts, *queries_of_pages()]


@pytest.mark.parametrize(("name", "query"), sorted(set(queries())))
def test_a_query_names_what_exists(name: str, query: str) -> None:
    """Metrics, labels and values of the catalogue, or what a recording rule makes of them."""
    assert faults(query, KNOWN) == [], name


def test_promtool_reads_the_queries_of_pages(tmp_path: Path) -> None:
    """What a page says to ask can be asked."""
    asked = [
        {"record": f"page:query{number}:any", "expr": query} for number, (_, query) in enumerate(queries_of_pages())
    ]
    (tmp_path / "pages.yaml").write_text(json.dumps({"groups": [{"name": "pages", "rules": asked}]}), encoding="utf-8")

    done = promtool("check", "rules", tmp_path / "pages.yaml")

    assert len(asked) > 40
    assert done.returncode == 0, done.stdout + done.stderr


def test_every_recorded_name_is_asked_for() -> None:
    """A threshold compares something; what is recorded is read, by an alert, another rule or a dashboard."""
    gone = str(ALERTS["CrossborderThresholdMissing"]["expr"])
    asked = [alert["expr"] for name, alert in ALERTS.items() if name != "CrossborderThresholdMissing"]
    used = {name for query in [*asked, *(query for _, query in RECORDED)] for name in metrics(query)}
    shown = "".join(path.read_text(encoding="utf-8") for path in ROOT.glob("dashboards/*.json"))

    unused = {name for name, _ in RECORDED if name not in used and name not in shown}

    assert unused == set()
    assert metrics(gone) == set(THRESHOLDS)
    assert {name for name in used if ":" in name} <= {name for name, _ in RECORDED}


@pytest.mark.parametrize("name", ALERTS)
def test_thresholds_stand_in_their_file(name: str) -> None:
    """No alert compares with a number of its own but 0 and 1, of which nobody wants another."""
    numbers = re.findall(r"(?:[<>]=?|[=!]=)\s*([0-9][0-9.e]*)\b", ALERTS[name]["expr"])

    assert set(numbers) <= {"0", "1"}


def of_one_alert(path: Path, name: str) -> dict[str, Any] | None:
    """Return the tests of a file as they are of one alert alone, None where there are none."""
    document = yamlfile.read(path).data
    tests = []
    for test in document["tests"]:
        checks = [check for check in test.get("alert_rule_test", []) if check["alertname"] == name]
        if checks:
            tests.append({**test, "alert_rule_test": checks, "promql_expr_test": []})
    files = [str((path.parent / file).resolve()) for file in document["rule_files"] if "alerts" not in file]
    return {**document, "tests": tests, "rule_files": [*files, "alone.yaml"]} if tests else None


def answers(folder: Path, name: str, expr: str) -> list[subprocess.CompletedProcess[str]]:
    """Run all tests of one alert with another query in its place."""
    rule = {key: value for key, value in ALERTS[name].items() if key != "expr"}
    group = {"name": "crossborder-agent", "rules": [{**rule, "expr": expr}]}
    (folder / "alone.yaml").write_text(json.dumps({"groups": [group]}), encoding="utf-8")
    done = []
    for path in TESTS:
        if (alone := of_one_alert(path, name)) is not None:
            (folder / path.name).write_text(json.dumps(alone), encoding="utf-8")
            done.append(promtool("test", "rules", folder / path.name))
    return done


@pytest.mark.slow
@pytest.mark.parametrize("name", ALERTS)
def test_the_tests_of_an_alert_can_fail(name: str, tmp_path: Path) -> None:
    """With the real query they hold; with one that is never true, or always, they do not."""
    assert all(done.returncode == 0 for done in answers(tmp_path, name, ALERTS[name]["expr"]))
    for mutant in (NEVER, ALWAYS):
        failed = [done for done in answers(tmp_path, name, mutant) if done.returncode]

        assert failed, mutant
        assert all(f"alertname: {name}" in done.stdout + done.stderr for done in failed)
