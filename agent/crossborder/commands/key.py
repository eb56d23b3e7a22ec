"""`crossborder key`: the key under which identifiers are hashed, and the one the event log is signed with."""

from __future__ import annotations

from pathlib import Path

import click


@click.group()
def key() -> None:
    """Make the key under which identifiers are hashed, or the one that signs the event log.

    The agent keeps no identifier, only its hash under this key. Counts of several gateways can be joined only when
    all of them use the same key. Keep a safe copy: without the key a count can't go on, with it hashes can be tried.
    """


@key.command("make")
@click.option("--signing", is_flag=True, help="A pair of Ed25519 keys for the event log instead, as PEM.")
@click.option("--pseudonyms", is_flag=True, help="A key for pseudonyms of addresses instead: one of its own.")
@click.argument("file", type=click.Path(path_type=Path, dir_okay=False))
def make(file: Path, *, signing: bool, pseudonyms: bool) -> None:
    """Write 32 random bytes to FILE, which only its owner may read. A file that is there is left alone.

    \b
    crossborder key make /etc/crossborder/persons.key      then in the configuration:
                                                           state: {key: /etc/crossborder/persons.key}
    crossborder key make --signing /etc/crossborder/events.key
                                                           events: {signing_key: /etc/crossborder/events.key}
    crossborder key make --pseudonyms /etc/crossborder/pseudonyms.key
                                                           privacy: {pseudonyms: /etc/crossborder/pseudonyms.key}

    With --signing the public key is written beside it, as FILE.pub: give that to whoever is to verify the log.
    """
    if signing and pseudonyms:
        raise click.UsageError("--signing and --pseudonyms are two keys: make one after the other.")
    if signing:
        from crossborder import signingkey

        signer = signingkey.make(file)
        click.echo(f"{file}: made, public key in {file}.pub, fingerprint {signer.fingerprint}")
        return
    from crossborder import keyfile

    loss = "addresses that were stored under it could not be had back" if pseudonyms else keyfile.LOSS
    made = keyfile.make(file, loss)
    away = ", and one away from the gateway: crossborder unmask needs it" if pseudonyms else ""
    click.echo(f"{file}: made, fingerprint {made.fingerprint}; keep a safe copy{away}")


@key.command("show")
@click.argument("file", type=click.Path(path_type=Path, dir_okay=False))
def show(file: Path) -> None:
    """Print the fingerprint of the key in FILE: the same on all gateways whose counts are to be joined.

    Of a public key (FILE.pub) it is what checkpoints of the event log name.
    """
    from crossborder import keyfile, signingkey

    if file.suffix == signingkey.PUBLIC:
        click.echo(signingkey.read_public(file).fingerprint)
        return
    click.echo(keyfile.read(file).fingerprint)
