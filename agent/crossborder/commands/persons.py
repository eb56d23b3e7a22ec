"""`crossborder persons`: how many persons were sent abroad, as the law counts them."""

from __future__ import annotations

import json
from dataclasses import asdict
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from crossborder.commands.options import config_option

if TYPE_CHECKING:
    from collections.abc import Iterator

    from crossborder.match.persons import Persons
    from crossborder.match.persons.standing import Sent, Standing

HEAD = ("unit", "kind", "persons", "95 % within", "opening", "band", "of next band", "since")
WIDTHS = (28, 9, 13, 27, 12, 9, 22, 10)
NUMBERS = {"persons", "95 % within", "opening"}


@click.group()
def persons() -> None:
    """Show how many persons were sent abroad, cumulative since 1 July 2025, and join the counts of gateways."""


@persons.command("list")
@click.argument("state", required=False, type=click.Path(path_type=Path))
@config_option
@click.option("--recipients", is_flag=True, help="Recipients below each country's count, too.")
@click.option("--json", "as_json", is_flag=True, help="One JSON object a line.")
def list_persons(state: Path | None, config_path: Path | None, recipients: bool, as_json: bool) -> None:
    """Show persons by unit and kind, with error bounds, the band they are in and how far the next one is.

    STATE is a state file or its folder; without it, state.directory of the configuration. An agent may be using it.
    Opening balances are the configuration's. Countries are not to be added up: who went to two is in both.

    \b
    crossborder persons list -c crossborder.yaml
    crossborder persons list merged.state -c crossborder.yaml --json
    """
    from crossborder.match.persons.standing import standings

    found = standings(_count(state, config_path))
    if as_json:
        for standing in found:
            click.echo(json.dumps(_data(standing), ensure_ascii=False))
        return
    click.echo(_row(HEAD))
    for standing in found:
        click.echo("\n".join(_lines(standing, recipients=recipients)))
    if not found:
        click.echo("nobody was counted yet", err=True)


@persons.command("merge")
@click.argument("states", nargs=-1, required=True, type=click.Path(path_type=Path))
@click.option("-o", "--out", required=True, type=click.Path(path_type=Path), help="State file to write; a new one.")
def merge_states(states: tuple[Path, ...], out: Path) -> None:
    """Join the counts in STATES, files or folders, into one: a person seen at two gateways counts once.

    All must have been counted under the same key. OUT holds counts of persons only; it is read with persons list.

    \b
    crossborder persons merge hanoi/crossborder.state danang/crossborder.state -o ministry.state
    """
    from crossborder.match.persons.merge import merge

    union = merge([_file(path) for path in states], out)
    click.echo(f"{out}: {len(union.counts)} counts of {len(states)} states", err=True)


def _file(path: Path) -> Path:
    from crossborder.statefile import FILE_NAME

    return path / FILE_NAME if path.is_dir() else path


def _count(state: Path | None, config_path: Path | None) -> Persons:
    from crossborder import config
    from crossborder.errors import CrossborderError
    from crossborder.match.persons import Persons
    from crossborder.match.persons.marks import marks_in
    from crossborder.match.persons.tally import PERSONS_PART, Tally
    from crossborder.parts import balances_of, catalog_path
    from crossborder.statefile import FILE_NAME, StateFile

    settings = config.read(config_path)
    path = _file(state) if state else settings.state.directory and settings.state.directory / FILE_NAME
    if path is None:
        raise CrossborderError("no state to read: name its file, or a configuration with state.directory")
    opened = StateFile.look(path, PERSONS_PART)
    try:
        tally = Tally.read(opened)
    finally:
        opened.close()
    return Persons(tally, marks_in(catalog_path(), config.cache_folder()), balances_of(settings))


def _row(cells: tuple[str, ...]) -> str:
    padded = [
        cell.rjust(width) if name in NUMBERS else cell.ljust(width)
        for name, cell, width in zip(HEAD, cells, WIDTHS, strict=True)
    ]
    return "  ".join(padded).rstrip()


def _lines(standing: Standing, *, recipients: bool) -> Iterator[str]:
    opening = standing.persons - standing.counted
    yield _row(
        (
            standing.unit or "(no unit)",
            standing.kind,
            f"{standing.persons:,}",
            f"{standing.lower:,} - {standing.upper:,}",
            f"{opening:,}" if opening else "",
            standing.band or "",
            _ahead(standing),
            _day(standing.since_ns),
        )
    )
    for sent in standing.countries:
        yield _below(sent, f"  {sent.name}")
        for one in standing.recipients if recipients else ():
            country, _, name = one.name.partition(" ")
            if country == sent.name:
                yield _below(one, f"    {name}")


def _below(sent: Sent, name: str) -> str:
    bounds = f"{sent.lower:,} - {sent.upper:,}"
    return _row((name, "", f"{sent.persons:,}", bounds, "", "", "", _day(sent.since_ns)))


def _ahead(standing: Standing) -> str:
    if standing.part_of_next is None:
        return "" if standing.band else "no band is known"
    return f"{standing.part_of_next:.1%} of {standing.next_band}"


def _day(time_ns: int | None) -> str:
    return f"{datetime.fromtimestamp(time_ns / 1e9, UTC):%Y-%m-%d}" if time_ns is not None else ""


def _data(standing: Standing) -> dict[str, Any]:
    """Return a standing as JSON has it: days and times as ISO 8601."""
    data = asdict(standing) | {"part_of_next": standing.part_of_next}
    for told in (data, *data["countries"], *data["recipients"]):
        for name in ("since", "last"):
            time_ns = told.pop(f"{name}_ns")
            told[name] = None if time_ns is None else datetime.fromtimestamp(time_ns / 1e9, UTC).isoformat()
    data["balances"] = [{**balance._asdict(), "as_of": balance.as_of.isoformat()} for balance in standing.balances]
    return data
