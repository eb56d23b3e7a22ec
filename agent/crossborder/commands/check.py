"""`crossborder check`: everything that can be wrong before a packet is read, told at once."""

from __future__ import annotations

import time
from datetime import UTC, datetime
from typing import TYPE_CHECKING

import click

from crossborder.commands.options import config_option

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from crossborder.parts import Parts


@click.command()
@config_option
def check(config_path: Path | None) -> None:
    """Check configuration, rules, detectors, assets, permits, registers and databases; tell every fault as path:line.

    Nothing is captured and nothing is written. Exit code 0 when all is well, 2 when not.

    \b
    crossborder check                       the shipped rules and database
    crossborder check -c crossborder.yaml   and your own
    """
    from crossborder import config
    from crossborder.match.permits import VIETNAM
    from crossborder.parts import build_parts, check_detectors

    parts = build_parts(config.read(config_path), config_path)
    check_detectors(parts.detectors)
    click.echo("\n".join(_found(parts)))
    today = datetime.now(VIETNAM).date()
    for sentence in (*parts.aged(time.time()), *parts.permits.warnings(today, parts.settings.home.country)):
        click.echo(f"warning: {sentence}", err=True)


def _found(parts: Parts) -> Iterator[str]:
    settings = parts.settings
    yield f"configuration  fine: gateway {settings.gateway}" + (f" of {settings.unit}" if settings.unit else "")
    yield f"home           {settings.home.country}: {len(parts.home.networks)} networks"
    for database in parts.geography.databases:
        built = f"of {datetime.fromtimestamp(database.build, UTC):%Y-%m-%d}" if database.build else "of unknown date"
        yield f"{database.role + ' database':14} {database.name} {built} ({database.path})"
    yield f"assets         {len(parts.assets.systems)} systems"
    yield f"detectors      {len(parts.detectors)} in use"
    if parts.registers:
        held = "; ".join(f"{one.name}, {one.count:,} hashes" for one in parts.registers)
        yield f"registers      {len(parts.registers)} of one's own people: {held}"
    enabled = parts.ruleset.enabled
    yield f"permits        {len(parts.permits.permits)} approved transfers"
    yield f"rules          {len(enabled)} in force of {len(parts.ruleset.rules)}, sha256 {parts.ruleset.sha256[:16]}"
