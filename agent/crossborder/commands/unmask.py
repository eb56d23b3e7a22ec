"""`crossborder unmask`: gives back addresses that were stored as pseudonyms, and logs that it did."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import click

from crossborder.commands.options import config_option

if TYPE_CHECKING:
    from crossborder.config import Config

_FILE = click.Path(path_type=Path, dir_okay=False)


@click.command()
@click.argument("addresses", nargs=-1, required=True, metavar="ADDRESS...")
@click.option("--reason", required=True, help="Why, as a file number. It stands in the log.")
@config_option
@click.option("--key", "key_file", type=_FILE, help="The key; privacy.pseudonyms of the configuration without it.")
@click.option("--log", "log_file", type=_FILE, help="Where it is logged; events.file with .unmasked behind without it.")
def unmask(
    addresses: tuple[str, ...], reason: str, config_path: Path | None, key_file: Path | None, log_file: Path | None
) -> None:
    """Give back the addresses behind pseudonyms, as events, flows and history have them.

    An event `address-unmasked` with who, when, why and which pseudonym is logged first, never the address. It goes to
    a chained log of its own beside the event log, which a running agent holds; `crossborder events verify` reads it.
    What cannot be logged is not given back.

    \b
    crossborder unmask 177.159.61.147 --reason "inspection 17/2026" -c crossborder.yaml
    crossborder unmask 177.159.61.147 --reason "inspection 17/2026" --key pseudonyms.key --log unmasked.jsonl

    Of what was never made under this key it gives some address: nothing tells them apart.
    """
    from crossborder import config, pseudonyms
    from crossborder.opening import Options, log_origin
    from crossborder.publish.unmasking import Unmasking, log_unmasking
    from crossborder.telemetry import printable

    if not reason.strip():
        raise click.UsageError("--reason must say something.")
    settings = config.read(config_path)
    names = pseudonyms.read(_key(settings, key_file))
    found = [(address, names.reveal(address)) for address in addresses]
    origin = log_origin(settings, Options())
    log_unmasking(_log(settings, log_file), origin, Unmasking(addresses, reason, names.fingerprint))
    for pseudonym, address in found:
        click.echo(printable(f"{pseudonym}  {address}"))


def _key(settings: Config, key_file: Path | None) -> Path:
    key = key_file or settings.privacy.pseudonyms
    if key is None:
        raise click.UsageError("Name the key: --key FILE, or privacy.pseudonyms in the configuration (-c).")
    return key


def _log(settings: Config, log_file: Path | None) -> Path:
    from crossborder.publish.unmasking import SUFFIX

    if log_file:
        return log_file
    if settings.events.file is None:
        raise click.UsageError("It must be logged: name --log FILE, or events.file in the configuration (-c).")
    return settings.events.file.with_name(settings.events.file.name + SUFFIX)
