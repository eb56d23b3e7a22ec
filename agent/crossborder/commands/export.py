"""`crossborder rules export`: the same rules for Prometheus over a fleet, and for a SIEM."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import click

from crossborder.commands.options import config_option, paths_argument

if TYPE_CHECKING:
    from collections.abc import Iterable

    from crossborder.match.export import LeftOut
    from crossborder.match.ruleset import Ruleset


@click.group("export")
def export_rules() -> None:
    """Write the rules in force for other programs: Prometheus over many gateways, or a SIEM."""


@export_rules.command()
@paths_argument
@config_option
@click.option(
    "--output", type=click.Path(path_type=Path, dir_okay=False), help="Write to this file, not to the screen."
)
def prometheus(paths: tuple[Path, ...], config_path: Path | None, output: Path | None) -> None:
    """Write correlations as Prometheus alerts over what all gateways counted together.

    A gateway judges what it sees itself: 20 MB through each of ten gateways reach no threshold of 200 MB. Prometheus,
    which scrapes all of them, can add up. A correlation is exported when its groups, and the values it counts, are a
    country or a system of the assets file; the others are told with their reason, and that is no error.

    \b
    crossborder rules export prometheus --output fleet.yaml
    promtool check rules fleet.yaml              then name it under rule_files of prometheus.yml

    PATHS are rule files or folders; without any, those of the configuration, else the shipped pack.
    """
    from crossborder.match.export.prometheus import rule_file

    text, names, left_out = rule_file(_ruleset(paths, config_path))
    if output:
        _write(output, text)
    else:
        click.echo(text, nl=False)
    _tell(names, left_out, "correlations")


@export_rules.command()
@paths_argument
@config_option
@click.option(
    "--output",
    type=click.Path(path_type=Path, file_okay=False),
    metavar="FOLDER",
    required=True,
    help="Write to this folder: a new or empty one, or that of an earlier export.",
)
def sigma(paths: tuple[Path, ...], config_path: Path | None, output: Path) -> None:
    """Write the rules in force as a Sigma pack that converters take for a SIEM.

    Named sets are written out, correlations stand with the rules they count, and a README.md in the folder says what a
    SIEM must hold, what differs, and which rules are not there: those that ask what only the agent counts.

    \b
    crossborder rules export sigma --output siem-rules
    sigma convert -t lucene --without-pipeline siem-rules/rules

    PATHS are rule files or folders; without any, those of the configuration, else the shipped pack.
    """
    from crossborder.match.export.folder import write_pack
    from crossborder.match.export.sigma import pack

    made = pack(_ruleset(paths, config_path))
    write_pack(output, made.files)
    _tell(made.names, made.left_out, "rules")


def _write(path: Path, text: str) -> None:
    from crossborder.errors import CrossborderError

    try:
        path.write_text(text, encoding="utf-8")
    except OSError as error:
        raise CrossborderError.at(path, f"cannot be written: {error.strerror or error}") from None


def _tell(names: list[str], left_out: Iterable[LeftOut], what: str) -> None:
    missing = list(left_out)
    for name, reason in missing:
        click.echo(f"not exported: {name}: {reason}", err=True)
    click.echo(f"{len(names)} of {len(names) + len(missing)} {what} exported", err=True)


def _ruleset(paths: tuple[Path, ...], config_path: Path | None) -> Ruleset:
    from crossborder import config
    from crossborder.parts import read_rules

    return read_rules(config.read(config_path), paths)
