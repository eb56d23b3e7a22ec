"""Which part of the record a command looks at: the folder of a history, and a time."""

from __future__ import annotations

import re
from datetime import UTC, datetime, time, timedelta
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

if TYPE_CHECKING:
    from collections.abc import Callable

    from crossborder.publish.history.gathering import Where
    from crossborder.publish.history.places import Place


def _place(_context: click.Context, _parameter: click.Parameter, value: str | None) -> Place | None:
    """Take an address of an object store for one, and all else for a folder."""
    from crossborder.publish.history.places import Url

    if value is None:
        return None
    return Url.of(value) if "://" in value else Path(value)


folder_argument = click.argument("folder", required=False, callback=_place)
"""A folder, or s3://bucket/prefix; the function takes a `Place | None`."""


def moment(_context: click.Context, parameter: click.Parameter, value: str | None) -> datetime | None:
    """Read a day or a moment; without a zone it is Vietnam's. A day as `--to` is in it wholly."""
    if value is None:
        return None
    from crossborder.match.permits import VIETNAM

    try:
        at = datetime.fromisoformat(value)
    except ValueError:
        raise click.BadParameter(f"{value!r} is no day or moment, as 2026-03-31", param=parameter) from None
    at = at if at.tzinfo else at.replace(tzinfo=VIETNAM)
    if parameter.name == "until" and re.fullmatch(r"[0-9]{4}-?[0-9]{2}-?[0-9]{2}", value):
        at = datetime.combine(at.date() + timedelta(days=1), time(), at.tzinfo)
    return at.astimezone(UTC)


def from_option(*, required: bool) -> Callable[[Callable[..., Any]], Callable[..., Any]]:
    """Return the option of the time looked at begins with, `since`."""
    told = "First day or moment." if required else "First day or moment; all there is without it."
    return click.option("--from", "since", required=required, callback=moment, metavar="DAY", help=told)


def to_option(*, required: bool) -> Callable[[Callable[..., Any]], Callable[..., Any]]:
    """Return the option of the time looked at ends with, `until`."""
    told = "Last day, or the moment it ends." if required else "Last day, or the moment it ends; now without it."
    return click.option("--to", "until", required=required, callback=moment, metavar="DAY", help=told)


def history_place(folder: Place | None, config_path: Path | None) -> Where:
    """Return where the history is: the place named, else the configuration's folder and store; refused without any."""
    from crossborder import config
    from crossborder.errors import CrossborderError
    from crossborder.publish.history.gathering import Where, where
    from crossborder.publish.history.places import Url

    if folder:
        found = where(folder)
    else:
        section = config.read(config_path).history
        found = Where(section.directory, Url.of(section.store))
    if found == Where():
        raise CrossborderError("no history: name its folder, or history.directory in the configuration (-c)")
    if found.folder and not found.folder.is_dir():
        raise CrossborderError.at(found.folder, "there is no such folder")
    return found


def history_folder(config_path: Path | None) -> Path:
    """Return the folder that the agent of this configuration writes its history to."""
    from crossborder.errors import CrossborderError

    found = history_place(None, config_path).folder
    if found is None:
        raise CrossborderError("no history.directory in the configuration")
    return found
