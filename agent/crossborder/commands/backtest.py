"""`crossborder rules backtest`: what rules would have found in the recorded flows."""

from __future__ import annotations

import json
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import TYPE_CHECKING

import click

from crossborder.commands.options import config_option, duration
from crossborder.commands.record import from_option, history_place, to_option

if TYPE_CHECKING:
    from crossborder.config import Config
    from crossborder.match.ruleset import Rule
    from crossborder.publish.history.places import Place
    from crossborder.review.backtest import Backtest
    from crossborder.review.compare import Comparison


@click.command()
@click.argument("words", nargs=-1, metavar="[RULE]... [FOLDER]")
@config_option
@click.option("--since", "back", callback=duration, metavar="SPAN", help="The last so long, as 30d; instead of --from.")
@from_option(required=False)
@to_option(required=False)
@click.option("--against", metavar="OTHER", help="What one RULE adds and removes against another: a file or a name.")
@click.option("--samples", type=click.IntRange(0, 100), default=3, show_default=True, help="Flows shown of each rule.")
@click.option("--json", "as_json", is_flag=True, help="One JSON object.")
def backtest(
    words: tuple[str, ...],
    config_path: Path | None,
    back: float | None,
    since: datetime | None,
    until: datetime | None,
    against: str | None,
    samples: int,
    *,
    as_json: bool,
) -> None:
    """Try rules on the flow history: how often each would have fired, for whom, where to, when, on which flows.

    RULE is a rule file, a folder of them or the name of a rule of the configuration (without -c, of the shipped pack);
    without any, those in force and in shadow. FOLDER is a history; without it, history.directory of the configuration.

    The rules themselves run, compiled as in the agent: one finding for each flow and rule however many hours the flow
    lasts. Permits are not asked: a permitted flow is found too. What hours cannot tell as the agent told it is said
    with each rule.

    \b
    crossborder rules backtest my-rules/archive_abroad.yaml -c crossborder.yaml --since 30d
    crossborder rules backtest core_data_abroad unknown_country /srv/history --from 2026-03-01 --to 2026-03-31
    crossborder rules backtest core_data_abroad.yaml --against core_data_abroad -c crossborder.yaml
    """
    from crossborder import config
    from crossborder.commands.laboratory import lines_of, object_of
    from crossborder.review.backtest import backtest as tried
    from crossborder.review.compare import compare
    from crossborder.review.record import open_record

    if back is not None and since:
        raise click.UsageError("--since and --from exclude each other.")
    names, folder = _history_last(words)
    settings = config.read(config_path)
    rules = _rules(settings, names)
    begin = since if back is None else datetime.now(UTC) - timedelta(seconds=back)
    found: Backtest | Comparison
    record = open_record(history_place(folder, config_path), begin, until)
    if against is None:
        found = tried(record, rules, samples)
    else:
        found = compare(record, _only(rules, "RULE"), _only(_rules(settings, (against,)), "OTHER"), samples)
    if as_json:
        click.echo(json.dumps(object_of(found), ensure_ascii=False, indent=2))
        return
    for line in lines_of(found):
        click.echo(line)


def _history_last(words: tuple[str, ...]) -> tuple[tuple[str, ...], Place | None]:
    """Return the rules named, and the history if the last word is the folder of one, or an address."""
    from crossborder.publish.history.places import Url, gateways

    if words and "://" in words[-1]:
        return words[:-1], Url.of(words[-1])
    if words and any(gateways(Path(words[-1]))):
        return words[:-1], Path(words[-1])
    return words, None


def _rules(settings: Config, words: tuple[str, ...]) -> tuple[Rule, ...]:
    """Return the rules that words mean, in their order; without any those evaluated. Each is asked, of any status.

    Raises CrossborderError with every fault of their files, and for a name that no rule has.
    """
    from crossborder.commands.rules import named
    from crossborder.parts import read_rules

    if not words:
        return read_rules(settings).evaluated
    found: list[Rule] = []
    for word in words:
        path = Path(word)
        if path.exists() or path.suffix == ".yaml":
            found += read_rules(settings, (path,)).rules
        else:
            found.append(named(read_rules(settings), word))
    return tuple(replace(rule, enabled=True, shadow=False) for rule in found)


def _only(rules: tuple[Rule, ...], what: str) -> Rule:
    if len(rules) != 1:
        raise click.UsageError(f"--against compares two rules: {what} means {len(rules)}.")
    return rules[0]
