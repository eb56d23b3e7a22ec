"""Options that several commands share."""

from __future__ import annotations

from pathlib import Path

import click

config_option = click.option(
    "-c",
    "--config",
    "config_path",
    type=click.Path(path_type=Path),
    help="Configuration file; without it every default holds (crossborder init shows them).",
)
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
