"""`crossborder geoip`: where addresses are, by which database, how old; and making databases."""

from __future__ import annotations

import json
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from crossborder.commands.options import config_option

if TYPE_CHECKING:
    from crossborder.classify import Geography


@click.group()
def geoip() -> None:
    """Look up addresses; build, update and inspect the databases."""


@geoip.command()
@click.argument("addresses", nargs=-1, required=True, metavar="IP… | -")
@click.option(
    "--json", "as_json", is_flag=True, help="One JSON object a line: ip country basis database prefix build …"
)
@config_option
def lookup(addresses: tuple[str, ...], as_json: bool, config_path: Path | None) -> None:
    """Tell the country of addresses, on what ground, and how old that knowledge is.

    - reads addresses from standard input, one a line. ZZ is the unknown country.

    \b
    crossborder geoip lookup 1.1.1.1 2001:4860:4860::8888
    cut -f3 flows.tsv | crossborder geoip lookup - --json
    """
    from crossborder.classify.geostatus import lookup as look_up

    wanted = map(str.strip, sys.stdin) if addresses == ("-",) else iter(addresses)
    wrong = 0
    for answer in look_up(_geography(config_path), (text for text in wanted if text)):
        wrong += "error" in answer
        click.echo(
            json.dumps(answer, ensure_ascii=False) if as_json else _line(answer), err="error" in answer and not as_json
        )
    if wrong:
        raise click.exceptions.Exit(2)


def _line(answer: dict[str, Any]) -> str:
    if "error" in answer:
        return str(answer["error"])
    ground = (
        f"{answer['database']} {answer['build'][:10] if answer['build'] else ''}".strip() if answer["database"] else ""
    )
    rest = (answer["prefix"] or "", ground, answer["label"] or answer["as_org"] or "")
    return f"{answer['ip']:<40} {answer['country']}  {answer['basis']:<9} " + "  ".join(filter(None, rest))


@geoip.command()
@click.option("--json", "as_json", is_flag=True, help="Print a JSON list.")
@config_option
def status(as_json: bool, config_path: Path | None) -> None:
    """Show the databases in use: what they are, where, of what date, under what licence."""
    from crossborder.classify.geostatus import status as tell
    from crossborder.config import data_folder

    rows = tell(_geography(config_path), data_folder("geoip"))
    if as_json:
        click.echo(json.dumps(rows, indent=2, ensure_ascii=False))
        return
    for row in rows:
        click.echo(f"{row['role']}: {row['name']}")
        for name in ("path", "build", "layout", "source", "licence"):
            click.echo(f"  {name:8} {row[name] or 'not known'}")
        if not row["fast"]:
            click.echo("  read without the C extension of maxminddb: lookups are ten times slower")


@geoip.command()
@click.argument("source", default="debian", metavar="[debian | URL | FILE]")
@click.option("--force", is_flag=True, help="Take a database that is older than the one in use.")
@config_option
def update(source: str, force: bool, config_path: Path | None) -> None:
    """Fetch a newer country database, check it and put it in place; the running agent takes it at its next tick.

    debian (the default) downloads, but does not install, the package tor-geoipdb from the archive this machine is set
    up for; or give an https URL or a file: .mmdb, .mmdb.gz, .mmdb.xz, .deb. A failed update changes nothing. This is
    the only command that uses the network.

    \b
    crossborder geoip update
    crossborder geoip update ./dbip-country-lite-2026-11.mmdb.gz
    """
    from crossborder.classify.geoupdate import update as fetch
    from crossborder.classify.shipped import updates_folder
    from crossborder.config import cache_folder, data_folder

    in_use = _build_in_use(config_path)
    done = fetch(source, updates_folder(cache_folder()), data_folder("geoip"), in_use=in_use, force=force)
    click.echo(f"{done.name} of {_day(done.build)} is in place: {done.path}")


@geoip.command()
@click.argument("sources", nargs=-1, required=True, type=click.Path(path_type=Path, exists=True))
@click.option("--clouds", "kind", flag_value="clouds", help="SOURCES are lists that cloud operators publish.")
@click.option(
    "--registry", "kind", flag_value="registry", help="SOURCES are delegated-extended files of the registries."
)
@click.option(
    "-o",
    "--out",
    type=click.Path(path_type=Path, dir_okay=False),
    help="Where to write; default: where the agent looks.",
)
def build(sources: tuple[Path, ...], kind: str | None, out: Path | None) -> None:
    """Build a database from text files: of countries, of cloud regions, or of registrations.

    Without a flag SOURCES is one folder with tor-geoipdb's `geoip` and `geoip6`.

    \b
    apt-get download tor-geoipdb && dpkg-deb -x tor-geoipdb_*.deb g
    crossborder geoip build g/usr/share/tor
    crossborder geoip build --clouds ip-ranges.json public_ip_ranges.json cloud.json
    crossborder geoip build --registry delegated-*-extended-latest -o registry.mmdb
    """
    if kind == "clouds":
        _build_clouds(sources, out)
    elif kind == "registry":
        _build_registry(sources, out)
    else:
        _build_country(sources, out)


def _build_country(sources: tuple[Path, ...], out: Path | None) -> None:
    from crossborder.classify.geobuild import build_country
    from crossborder.classify.shipped import UPDATED, updates_folder
    from crossborder.config import cache_folder

    if len(sources) != 1:
        raise click.UsageError("One folder is expected; --clouds and --registry take several files.")
    _told(build_country(sources[0], out or updates_folder(cache_folder()) / UPDATED))


def _build_registry(sources: tuple[Path, ...], out: Path | None) -> None:
    from crossborder.classify.geobuild import build_registry

    if out is None:
        raise click.UsageError("--registry needs --out FILE.mmdb; name it in geoip.registry then.")
    _told(build_registry(sources, out))


def _build_clouds(sources: tuple[Path, ...], out: Path | None) -> None:
    from crossborder.classify.clouds import REGIONS, build_clouds
    from crossborder.classify.countries import Countries
    from crossborder.classify.shipped import CLOUDS, updates_folder
    from crossborder.config import cache_folder, data_folder

    data = data_folder("geoip")
    report = build_clouds(sources, out or updates_folder(cache_folder()) / CLOUDS, data / REGIONS, Countries.read(data))
    click.echo(
        f"{report.path}: {report.prefixes} prefixes of {report.read} read, {report.everywhere} of no region left out"
    )
    for fault in report.faults:
        click.echo(str(fault), err=True)


def _told(built: Any) -> None:  # noqa: ANN401 - classify.geobuild.Built, imported where it is used
    click.echo(
        f"{built.path}: {built.ipv4_ranges:,} IPv4 and {built.ipv6_ranges:,} IPv6 ranges, {built.left_out:,} left out"
    )


def _build_in_use(config_path: Path | None) -> int | None:
    """Return the date of the country database in use; None where it is broken: then any new one is better."""
    from crossborder.errors import CrossborderError

    try:
        return _geography(config_path).databases[0].build
    except CrossborderError as error:
        click.echo(f"the database in use cannot be opened ({error}); any other is taken", err=True)
        return None


def _day(seconds: int | None) -> str:
    from datetime import UTC, datetime

    return f"{datetime.fromtimestamp(seconds, UTC):%Y-%m-%d}" if seconds else "unknown date"


def _geography(config_path: Path | None) -> Geography:
    from crossborder import config
    from crossborder.classify import Geography
    from crossborder.config import cache_folder, data_folder

    return Geography.open(config.read(config_path).geoip, data_folder("geoip"), cache_folder())
