"""`crossborder rules mutate`: whether the tests beside the rules would notice a mistake in a rule."""

from __future__ import annotations

import json
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from crossborder.commands.options import config_option

if TYPE_CHECKING:
    from collections.abc import Sequence

    from crossborder.match.mutants import Mutant
    from crossborder.match.mutation import Outcome


@click.command("mutate")
@click.argument("paths", nargs=-1, type=click.Path(path_type=Path, exists=True))
@config_option
@click.option("--least", type=click.FloatRange(0, 100), metavar="PERCENT", help="Exit with 2 when fewer are killed.")
@click.option("--quiet", is_flag=True, help="Print survivors and the total only.")
@click.option("--json", "as_json", is_flag=True, help="One JSON object a rule.")
def mutate_rules(
    paths: tuple[Path, ...], config_path: Path | None, least: float | None, quiet: bool, as_json: bool
) -> None:
    """Change one thing at a time in each rule, and see whether a test beside it fails: then the mutant is killed.

    A condition left out, or for and, a not too many, a threshold doubled, halved, or moved by one, a value or a country
    more or less, a time span, a group. What survives is a mistake that nobody would notice: write the case that does.

    \b
    crossborder rules mutate                       the rules in force
    crossborder rules mutate my-rules/ --least 95  a folder you are working on
    """
    from crossborder import config
    from crossborder.match.mutation import run_mutation
    from crossborder.parts import read_rules

    outcomes = []
    for outcome in run_mutation(read_rules(config.read(config_path), paths)):
        outcomes.append(outcome)
        for line in [json.dumps(_object(outcome), ensure_ascii=False)] if as_json else _lines(outcome, quiet=quiet):
            click.echo(line)
    share = _percent(outcomes)
    made, killed = (sum(getattr(o, name) for o in outcomes) for name in ("mutants", "killed"))
    click.echo(f"{killed:,} of {made:,} mutants killed, {share:.1f} %", err=True)
    if least is not None and share < least:
        raise click.exceptions.Exit(2)


def _percent(outcomes: Sequence[Outcome]) -> float:
    made = sum(outcome.mutants for outcome in outcomes)
    return 100 * sum(outcome.killed for outcome in outcomes) / made if made else 100.0


def _lines(outcome: Outcome, *, quiet: bool) -> list[str]:
    head = f"{outcome.rule:40} {outcome.killed:4} of {outcome.mutants:4} killed"
    return [*([] if quiet else [head]), *(f"{_place(m)}: survives: {m.what}" for m in outcome.survivors)]


def _place(mutant: Mutant) -> str:
    return f"{mutant.path}:{mutant.line}"


def _object(outcome: Outcome) -> dict[str, Any]:
    survivors = [{"path": m.path, "line": m.line, "what": m.what} for m in outcome.survivors]
    return {"rule": outcome.rule, "mutants": outcome.mutants, "killed": outcome.killed, "survivors": survivors}
