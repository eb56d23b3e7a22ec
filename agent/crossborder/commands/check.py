"""`crossborder check`: everything that can be wrong before a packet is read, told at once."""

from __future__ import annotations

from typing import TYPE_CHECKING

import click

from crossborder.commands.options import config_option

if TYPE_CHECKING:
    from pathlib import Path


@click.command()
@config_option
def check(config_path: Path | None) -> None:
    """Check configuration, rules, assets and databases; tell every fault as path:line.

    Nothing is captured and nothing is written. Exit code 0 when all is well, 2 when not.

    \b
    crossborder check                       the shipped rules and database
    crossborder check -c crossborder.yaml   and your own
    """
    from crossborder import app, config

    settings = config.read(config_path)
    parts = app.build_parts(settings)
    app.check_sinks(settings)
    for line in app.summary_lines(settings, parts):
        click.echo(line)
