"""`crossborder version`: what is running here."""

from __future__ import annotations

import json
import platform
from importlib.metadata import PackageNotFoundError
from importlib.metadata import version as version_of

import click

from crossborder import __version__

PARTS = ("polars", "scapy", "pyshark", "maxminddb", "pysigma", "prometheus-client", "crossborder-native")


@click.command()
@click.option("--json", "as_json", is_flag=True, help="Print one JSON object.")
def version(*, as_json: bool) -> None:
    """Print versions of the agent and what it stands on."""
    parts = {"crossborder": __version__, "python": platform.python_version()}
    parts |= {name: _version_of(name) for name in PARTS}
    if as_json:
        click.echo(json.dumps(parts))
    else:
        click.echo("\n".join(f"{name:20} {number}" for name, number in parts.items()))


def _version_of(name: str) -> str:
    try:
        return version_of(name)
    except PackageNotFoundError:
        return "not installed"
