"""`crossborder rules`: what is evaluated, on what legal ground, and whether it does what it says."""

from __future__ import annotations

import json
from dataclasses import asdict
from typing import TYPE_CHECKING

import click

from crossborder.commands.backtest import backtest
from crossborder.commands.coverage import show_coverage
from crossborder.commands.exceptions import draft_exception
from crossborder.commands.export import export_rules
from crossborder.commands.mutate import mutate_rules
from crossborder.commands.options import config_option, paths_argument, tell_verdicts

if TYPE_CHECKING:
    from pathlib import Path

    from crossborder.match.describe import Description
    from crossborder.match.ruleset import Rule, Ruleset
    from crossborder.match.ruletests import CaseResult

COLOURS = {"critical": "red", "high": "red", "medium": "yellow", "low": "cyan", "informational": "blue"}
LABEL = 16  # width of the labels of `rules show`


@click.group()
def rules() -> None:
    """List, show, test, measure and export rules; try them on the flow history."""


rules.add_command(backtest)
rules.add_command(draft_exception)
rules.add_command(show_coverage)
rules.add_command(mutate_rules)
rules.add_command(export_rules)


@rules.command("list")
@paths_argument
@config_option
@click.option("--json", "as_json", is_flag=True, help="One JSON object a line.")
def list_rules(paths: tuple[Path, ...], config_path: Path | None, as_json: bool) -> None:
    """List the rules in force: level, legal category, evidence, name and title.

    PATHS are rule files or folders; without any, those of the configuration, else the shipped pack.
    """
    from crossborder.match.describe import describe

    ruleset = _ruleset(paths, config_path)
    for rule in ruleset.rules:
        click.echo(json.dumps(asdict(describe(rule)), ensure_ascii=False) if as_json else _row(rule))
    if not as_json:
        silent = len(ruleset.evaluated) - len(ruleset.enabled)
        shadow = f", {silent} in shadow" if silent else ""
        said = f"{len(ruleset.enabled)} of {len(ruleset.rules)} in force{shadow}, sha256 {ruleset.sha256[:16]}"
        click.echo(said, err=True)


def _row(rule: Rule) -> str:
    level = click.style(f"{rule.level:13}", fg=COLOURS[rule.level])
    off = "" if rule.enabled and not rule.shadow else "  (shadow)" if rule.enabled else "  (off)"
    return f"{level} {rule.category:9} {rule.evidence or '-':9} {rule.name:32} {rule.title}{off}"


@rules.command()
@click.argument("name")
@config_option
@click.option("--json", "as_json", is_flag=True, help="Print a JSON object.")
def show(name: str, config_path: Path | None, as_json: bool) -> None:
    """Show a rule in words: what it asks, what law it cites and how well that is known, what it misses.

    \b
    crossborder rules show core_data_abroad
    """
    from crossborder.match.describe import describe

    described = describe(named(_ruleset((), config_path), name))
    click.echo(json.dumps(asdict(described), ensure_ascii=False, indent=2) if as_json else _words(described))


def named(ruleset: Ruleset, name: str) -> Rule:
    """Return the rule of a name; raises CrossborderError with the nearest name where there is none."""
    from difflib import get_close_matches

    from crossborder.errors import CrossborderError

    try:
        return ruleset[name]
    except KeyError:
        near = get_close_matches(name, [rule.name for rule in ruleset.rules], 1)
        hint = f"; do you mean {near[0]}?" if near else "; crossborder rules list shows all"
        raise CrossborderError(f"there is no rule {name!r}{hint}") from None


def _standing(told: Description) -> str:
    if not told.enabled:
        return ", not in force"
    return ", in shadow: counted, and nothing else" if told.shadow else ""


def _words(told: Description) -> str:
    rows = {
        "": told.title,
        "name": told.name,
        "level": f"{told.level}, status {told.status}{_standing(told)}",
        "law": told.legal,
        "evidence": told.evidence,
        "what for": told.description,
        "finds flows with": told.conditions,
        "counts": told.counting,
        "misses": told.misses,
        "may be harmless": "; ".join(told.falsepositives),
        "references": "; ".join(told.references),
        "file": told.place,
        "sha256": told.sha256,
    }
    wrapped = (
        click.wrap_text(text, 100, f"{label:{LABEL}} ", " " * (LABEL + 1), preserve_paragraphs=True)
        for label, text in rows.items()
        if text
    )
    return "\n".join(wrapped)


@rules.command("test")
@paths_argument
@config_option
@click.option("--quiet", is_flag=True, help="Print failures only.")
def test_rules(paths: tuple[Path, ...], config_path: Path | None, quiet: bool) -> None:
    """Run the tests beside the rules: flows that must match and flows that must not.

    \b
    crossborder rules test                       the rules in force
    crossborder rules test my-rules/             a folder you are working on
    """
    from crossborder.match.ruletests import run_tests

    results = run_tests(_ruleset(paths, config_path))
    tell_verdicts([(result.ok, _verdict(result)) for result in results], "cases", quiet=quiet)


def _verdict(result: CaseResult) -> str:
    said = "must match" if result.must_match else "must not match"
    place = f"{result.path}:{result.line}: {result.rule} {said}: {result.why}"
    return f"ok   {place}" if result.ok else f"FAIL {place}\n     {result.explanation}"


def _ruleset(paths: tuple[Path, ...], config_path: Path | None) -> Ruleset:
    from crossborder import config
    from crossborder.parts import read_rules

    return read_rules(config.read(config_path), paths)
