"""`crossborder key`: the key under which identifiers are hashed."""

from __future__ import annotations

from pathlib import Path

import click


@click.group()
def key() -> None:
    """Make the key under which identifiers are hashed.

    The agent keeps no identifier, only its hash under this key. Counts of several gateways can be joined only when
    all of them use the same key. Keep a safe copy: without the key a count can't go on, with it hashes can be tried.
    """


@key.command("make")
@click.argument("file", type=click.Path(path_type=Path, dir_okay=False))
def make(file: Path) -> None:
    """Write 32 random bytes to FILE, which only its owner may read. A file that is there is left alone.

    \b
    crossborder key make /etc/crossborder/persons.key      then in the configuration:
                                                           state: {key: /etc/crossborder/persons.key}
    """
    from crossborder import keyfile

    made = keyfile.make(file)
    click.echo(f"{file}: made, fingerprint {made.fingerprint}; keep a safe copy")


@key.command("show")
@click.argument("file", type=click.Path(path_type=Path, dir_okay=False))
def show(file: Path) -> None:
    """Print the fingerprint of the key in FILE: the same on all gateways whose counts are to be joined."""
    from crossborder import keyfile

    click.echo(keyfile.read(file).fingerprint)
