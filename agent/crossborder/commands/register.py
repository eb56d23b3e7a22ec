"""`crossborder register`: registers of two kinds; here a unit's own people, made into a filter that stores nobody."""

from __future__ import annotations

import re
import sys
from contextlib import contextmanager
from itertools import islice
from pathlib import Path
from typing import TYPE_CHECKING, BinaryIO

import click

from crossborder.commands.changes import list_changes
from crossborder.commands.transfers import list_transfers

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from crossborder.engine.enrolment import Enrolment
    from crossborder.engine.register import Register

LINES = 1 << 16  # between two looks at the progress


@click.group()
def register() -> None:
    """Two kinds of register: of transfers that were observed, and of your own people.

    \b
    Transfers (transfers, changes): who sent what kind of data to whom, by what
    right; made of the flow history for whoever must assess it.

    \b
    People (build, show): a filter that knows your own people, so that the agent
    recognises these very people leaving. It holds no identifier, only a few bits
    of each one's hash under a key: nobody can be read out of it, and who has both
    the key and the filter can try one identifier after another. Keep them as the
    list itself.
    """


register.add_command(list_transfers)
register.add_command(list_changes)


@register.command("build")
@click.argument("file", type=click.Path(path_type=Path, dir_okay=False, allow_dash=True))
@click.option(
    "--key-file", required=True, type=click.Path(path_type=Path), help="Key of the agent that will use it: state.key."
)
@click.option("-o", "--out", type=click.Path(path_type=Path), help="File to write; FILE with .register for its suffix.")
@click.option("--name", help="Name in findings, register:NAME; the name of the file written.")
@click.option(
    "--kind",
    type=click.Choice(["basic", "sensitive", "bank"]),
    default="basic",
    show_default=True,
    help="What a record of these people is, by Decree 356/2025.",
)
@click.option(
    "--bits",
    type=click.Choice(["8", "16"]),
    default="16",
    show_default=True,
    help="16: one stranger in 65,536 is taken for one of these people, 2.3 bytes a hash; 8: one in 256, 1.13 bytes.",
)
def build(file: Path, key_file: Path, out: Path | None, name: str | None, kind: str, bits: str) -> None:
    """Make a register of the identifiers in FILE, a CSV of one column with or without a head; - for standard input.

    Personal and other numbers, telephone numbers, passports, cards, e-mail addresses: mixed as you like, written as
    you like, twice where it happens. Lines that hold none are told by their numbers and left out.

    \b
    crossborder register build staff.csv --key-file persons.key
    psql -Atc 'select cccd from patients' | crossborder register build - --key-file persons.key -o patients.register
    then in the configuration:  content: {registers: [staff.register]}  and  state: {key: persons.key}
    """
    from crossborder import keyfile
    from crossborder.engine.enrolment import Enrolment

    target = _target(file, out)
    called = name or re.sub(r"[^a-z0-9]+", "-", target.stem.lower()).strip("-")
    if not re.fullmatch(r"[a-z0-9]+(-[a-z0-9]+)*", called) or len(called) > 64:
        raise click.BadParameter(
            f"{called!r}: small letters, digits and single hyphens, as staff-2026", param_hint="name"
        )
    key = keyfile.read(key_file)
    enrolment = Enrolment(key)
    with _opened(file) as lines, _progress(file, enrolment) as follow:
        while some := list(islice(lines, LINES)):
            enrolment.take(some)
            follow()
    _tell(str(file), enrolment)
    made = _made(enrolment, called, kind, int(bits), key.fingerprint)
    made.write(target)
    click.echo(f"{target}: {enrolment.identifiers:,} identifiers; {_size(made)}", err=True)


@register.command("show")
@click.argument("file", type=click.Path(path_type=Path, dir_okay=False))
def show(file: Path) -> None:
    """Print what the register in FILE says of itself, and whether it is whole."""
    from crossborder.engine import register as registers

    found = registers.read(file)
    click.echo(f"name      {found.name}, in findings {found.id}")
    click.echo(f"kind      {found.kind}")
    click.echo(f"holds     {_size(found)}")
    click.echo(f"strangers one in {1 << found.bits:,} is taken for one of these people")
    click.echo(f"made      {found.built:%Y-%m-%d %H:%M} UTC, under the key {found.key}")


def _target(file: Path, out: Path | None) -> Path:
    if out is None and str(file) == "-":
        raise click.UsageError("standard input has no name: say with -o where the register is written")
    target = out or file.with_suffix(".register")
    if target == file:
        raise click.UsageError(f"{file} would be overwritten: say with -o where the register is written")
    return target


def _made(enrolment: Enrolment, name: str, kind: str, bits: int, key: str) -> Register:
    from datetime import UTC, datetime

    from crossborder.engine.native import fuse
    from crossborder.engine.register import Register
    from crossborder.errors import CrossborderError

    if not enrolment.hashes:
        raise CrossborderError("no identifier in it, no register is made")
    count, seed, length, counted, fingerprints = fuse(enrolment.hashes, bits)
    return Register.model_validate(
        {
            "name": name,
            "kind": kind,
            "bits": bits,
            "count": count,
            "built": datetime.now(UTC).replace(microsecond=0),
            "key": key,
            "seed": seed,
            "segment_length": length,
            "segment_count_length": counted,
            "fingerprints": fingerprints,
        }
    )


def _size(found: Register) -> str:
    size = len(found.fingerprints)
    return f"{found.count:,} distinct hashes, {size:,} bytes, {size / found.count:.2f} a hash"


def _tell(file: str, enrolment: Enrolment) -> None:
    for line, why in enrolment.faults:
        click.echo(f"{file}:{line}: {why}", err=True)
    if enrolment.wrong:
        click.echo(f"{file}: {enrolment.wrong:,} lines left out", err=True)


@contextmanager
def _opened(file: Path) -> Iterator[BinaryIO]:
    from crossborder.errors import CrossborderError

    if str(file) == "-":
        yield sys.stdin.buffer
        return
    try:
        with file.open("rb") as lines:
            yield lines
    except OSError as error:
        raise CrossborderError.at(file, f"cannot be read: {error.strerror or error}") from None


@contextmanager
def _progress(file: Path, enrolment: Enrolment) -> Iterator[Callable[[], None]]:
    """Show on a terminal how many identifiers were read."""
    if not sys.stderr.isatty():
        yield lambda: None
        return
    from rich.console import Console

    with Console(stderr=True).status(f"{file}") as status:
        yield lambda: status.update(f"{file}: {enrolment.identifiers:,} identifiers")
