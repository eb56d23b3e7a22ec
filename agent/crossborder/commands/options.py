"""Options that several commands share, and how they tell verdicts."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import click

if TYPE_CHECKING:
    from collections.abc import Sequence

config_option = click.option(
    "-c",
    "--config",
    "config_path",
    type=click.Path(path_type=Path),
    help="Configuration file; without it every default holds (crossborder init shows them).",
)
paths_argument = click.argument("paths", nargs=-1, type=click.Path(path_type=Path, exists=True))
engine_option = click.option(
    "--engine",
    type=click.Choice(["auto", "native", "portable", "tshark"]),
    help="auto takes native where it is installed, else portable; tshark is slow and knows every protocol.",
)
workers_option = click.option(
    "--workers",
    type=click.IntRange(0, 256),
    help="Threads of the native engine; 0 (the default): a core each for interfaces, 1 for files.",
)
filter_option = click.option("--filter", "bpf", help="BPF expression, as: 'not port 22' (pcap-filter(7)).")
events_option = click.option(
    "--events",
    type=click.Path(path_type=Path),
    help="Append one ECS JSON line per finding to this file; - for standard output.",
)
listen_option = click.option("--listen", metavar="ADDRESS:PORT", help="Serve Prometheus metrics there.")


def duration(_context: click.Context, parameter: click.Parameter, value: str | None) -> float | None:
    """Read a duration option as the configuration file does."""
    if value is None:
        return None
    from crossborder.config import seconds

    try:
        return seconds(value)
    except ValueError as error:
        raise click.BadParameter(f"{value!r}: {error}", param=parameter) from None


def tell_verdicts(verdicts: Sequence[tuple[bool, str]], what: str, *, quiet: bool) -> None:
    """Print verdicts, or failures only, and how many there were; ends the command with exit code 2 on a failure."""
    failed = [said for passed, said in verdicts if not passed]
    for said in failed if quiet else [said for _, said in verdicts]:
        click.echo(said)
    click.echo(f"{len(verdicts) - len(failed)} {what} passed, {len(failed)} failed", err=True)
    if failed:
        raise click.exceptions.Exit(2)
