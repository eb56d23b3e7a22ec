"""Which part of the record a command looks at: the folder of a history, and a time."""

from __future__ import annotations

import re
from datetime import UTC, datetime, time, timedelta
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

if TYPE_CHECKING:
    from collections.abc import Callable

folder_argument = click.argument("folder", required=False, type=click.Path(path_type=Path, file_okay=False))


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


def history_folder(folder: Path | None, config_path: Path | None) -> Path:
    """Return the folder of the history: the one named, else the configuration's; refused where there is none."""
    from crossborder import config
    from crossborder.errors import CrossborderError

    place = folder or config.read(config_path).history.directory
    if place is None:
        raise CrossborderError("no history: name its folder, or history.directory in the configuration (-c)")
    if not place.is_dir():
        raise CrossborderError.at(place, "there is no such folder")
    return place
