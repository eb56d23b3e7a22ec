"""`crossborder history`: what was recorded of flows, whether it is whole, and what must not be removed."""

from __future__ import annotations

import json
from itertools import groupby
from typing import TYPE_CHECKING, NamedTuple

import click

from crossborder.commands.options import config_option
from crossborder.commands.record import folder_argument, from_option, history_folder, history_place, to_option

if TYPE_CHECKING:
    from collections.abc import Iterator
    from datetime import datetime
    from pathlib import Path

    from crossborder.publish.history.gathering import Where
    from crossborder.publish.history.holds import Hold
    from crossborder.publish.history.places import File, Place

DAMAGED = 1


@click.group()
def history() -> None:
    """List and check the flow history, hold hours of it, release them.

    The history is Parquet under history.directory, a row for each flow and hour:
    gateway=NAME/date=YYYY-MM-DD/hour=HH/*.parquet, hours in UTC. Days given without a zone are Vietnam's.
    """


class _Hour(NamedTuple):
    gateway: str
    hour: datetime
    rows: int | None  # none: it cannot be read
    bytes: int
    files: int
    held: bool


@history.command("list")
@folder_argument
@config_option
@click.option("--json", "as_json", is_flag=True, help="One JSON object a line.")
def list_hours(folder: Place | None, config_path: Path | None, as_json: bool) -> None:
    """List the hours that were recorded: rows, bytes, files, and whether they are held.

    FOLDER is a history, or the address of a store that hours were moved to; without it, history.directory and
    history.store of the configuration. An agent may be writing it.

    \b
    crossborder history list -c crossborder.yaml
    crossborder history list /srv/history --json
    crossborder history list s3://records/crossborder
    """
    from crossborder.publish.units import size_of
    from crossborder.telemetry import printable

    place = history_place(folder, config_path)
    found = list(_hours(place))
    if as_json:
        for one in found:
            click.echo(json.dumps({**one._asdict(), "hour": one.hour.isoformat()}, ensure_ascii=False))
        return
    for one in found:
        rows = "damaged" if one.rows is None else f"{one.rows:,}"
        held = "held" if one.held else ""
        line = f"{one.hour:%Y-%m-%d %H}h UTC  {rows:>13} rows  {size_of(one.bytes):>10}  {one.files:>3} files  {held:4}"
        click.echo(f"{line}  {printable(one.gateway)}")
    total = size_of(sum(one.bytes for one in found))
    click.echo(f"{len(found)} hours, {sum(one.rows or 0 for one in found):,} rows, {total}", err=True)


@history.command()
@folder_argument
@config_option
def check(folder: Place | None, config_path: Path | None) -> None:
    """Read every byte of the history and name what is damaged or gone; exit code 1 when anything is.

    \b
    crossborder history check -c crossborder.yaml
    """
    from crossborder.publish.history import read
    from crossborder.telemetry import printable

    place = history_place(folder, config_path)
    found = read(place, thorough=True)
    faults = [f"{path}: {why}" for path, why in found.left_out]
    if place.folder:
        faults += [f"{path}: a write-ahead segment that could not be read" for path in _spoilt(place.folder)]
    for fault in faults:
        click.echo(printable(fault))
    if found.pseudonyms:
        keys = ", ".join(sorted(found.pseudonyms))
        click.echo(f"note: addresses at home are pseudonyms under key {keys}: rules that ask of them find nothing")
    click.echo(f"{len(found.files)} files are fine, {len(faults)} damaged or gone", err=True)
    if faults:
        raise click.exceptions.Exit(DAMAGED)


@history.command()
@config_option
@from_option(required=True)
@to_option(required=True)
@click.option("--reason", required=True, help="Why, as a file number.")
def hold(config_path: Path | None, since: datetime, until: datetime, reason: str) -> None:
    """Keep the hours of a time whatever their age and size, those that are yet to come too.

    A line of HOLD in the gateway's folder. A file HOLD in the folder of an hour, made by hand, holds that hour.

    \b
    crossborder history hold -c crossborder.yaml --from 2026-03-01 --to 2026-03-31 --reason "inspection 17/2026"
    """
    from crossborder.publish.history.holds import Hold

    if since >= until:
        raise click.UsageError("--from must be before --to.")
    place, holds = _holds(config_path)
    _write(place, (*holds, Hold(since, until, reason)))
    click.echo(f"held from {since:%Y-%m-%d %H:%M} to {until:%Y-%m-%d %H:%M} UTC: {place}", err=True)


@history.command()
@config_option
@from_option(required=True)
@to_option(required=True)
def release(config_path: Path | None, since: datetime, until: datetime) -> None:
    """Let go of the holds that lie within a time; the next round of the agent may remove what is too old.

    \b
    crossborder history release -c crossborder.yaml --from 2026-03-01 --to 2026-03-31
    """
    from crossborder.errors import CrossborderError

    place, holds = _holds(config_path)
    within = {one for one in holds if since <= one.since and one.until <= until}
    if not within:
        raise CrossborderError.at(place / "HOLD", "no hold lies within that time")
    _write(place, tuple(one for one in holds if one not in within))
    for one in sorted(within):
        click.echo(
            f"released from {one.since:%Y-%m-%d %H:%M} to {one.until:%Y-%m-%d %H:%M} UTC: {one.reason}", err=True
        )


def _hours(place: Where) -> Iterator[_Hour]:
    from crossborder.publish.history import holds
    from crossborder.publish.history.files import height_of
    from crossborder.publish.history.gathering import gather
    from crossborder.publish.history.places import EVER, gateway_folder, moment

    files, left_out, _ = gather(place, *EVER)
    for path, why in left_out:
        click.echo(f"{path}: {why}", err=True)
    sizes = _sizes(place, files)
    for (gateway, hour), group in groupby(files, key=lambda file: (file.gateway, file.hour)):
        some = list(group)
        rows = [height_of(file) for file in some]
        known = None if None in rows else sum(n for n in rows if n is not None)
        held = place.folder is not None and holds.read(gateway_folder(place.folder, gateway)).covers(hour)
        yield _Hour(gateway, moment(hour), known, sum(sizes[file] for file in some), len(some), held)


def _sizes(place: Where, files: list[File]) -> dict[File, int]:
    from crossborder.publish.history.places import gateway_folder
    from crossborder.publish.history.store import Store

    sizes = {file: file.path.stat().st_size for file in files if not file.store}
    if place.store and len(sizes) < len(files):
        store = Store(place.store)
        for gateway in {file.gateway for file in files}:
            sizes |= dict(store.sizes_of(gateway_folder(place.store, gateway)))
    return sizes


def _spoilt(place: Path) -> list[Path]:
    from crossborder.publish.history.ahead import FOLDER
    from crossborder.publish.history.places import gateways

    return [path for folder in gateways(place) for path in sorted((folder / FOLDER).glob("*.damaged"))]


def _holds(config_path: Path | None) -> tuple[Path, tuple[Hold, ...]]:
    """Return the gateway's folder and what is held there by lines of ours."""
    from crossborder import config
    from crossborder.errors import CrossborderError
    from crossborder.publish.history import holds
    from crossborder.publish.history.places import gateway_folder

    place = gateway_folder(history_folder(config_path), config.read(config_path).gateway)
    if not place.is_dir():
        raise CrossborderError.at(place, "nothing was recorded of this gateway")
    found = holds.read(place)
    if found.all_of_it:
        message = "does not say what it holds, so it holds everything: put it right, or remove it to release all"
        raise CrossborderError.at(place / holds.NAME, message)
    return place, found.holds


def _write(place: Path, held: tuple[Hold, ...]) -> None:
    from crossborder.errors import CrossborderError
    from crossborder.publish.history import holds

    try:
        holds.write(place, held)
    except OSError as error:
        raise CrossborderError.at(place / holds.NAME, f"cannot be written: {error.strerror or error}") from None
