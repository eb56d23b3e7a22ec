"""`crossborder events`: what can be asked of an event log."""

from __future__ import annotations

import json
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

if TYPE_CHECKING:
    from crossborder.publish.verify import Report

_FILES = click.Path(path_type=Path, dir_okay=False)
_TOLD = ("kind", "path", "line", "expected", "found", "message")


@click.group()
def events() -> None:
    """Verify that the event log is as it was written."""


@events.command("verify")
@click.argument("files", nargs=-1, required=True, type=_FILES)
@click.option(
    "--public-key", "keys", multiple=True, type=_FILES, help="FILE.pub of the key that signs; may be several."
)
@click.option("--checkpoint", "kept", multiple=True, type=_FILES, help="Checkpoint lines that were kept elsewhere.")
@click.option("--json", "as_json", is_flag=True, help="One JSON object.")
def verify(files: tuple[Path, ...], keys: tuple[Path, ...], kept: tuple[Path, ...], *, as_json: bool) -> None:
    """Tell whether event logs are whole, and else where a line was altered, removed, added or reordered.

    FILES are those of a log in any order, .gz and .zst too. Nothing but them and the public key is needed. Without
    the key only the chain is judged: whoever can write a file can rebuild that from any line on.

    \b
    crossborder events verify /var/log/crossborder/events.jsonl*
    crossborder events verify events.jsonl* --public-key events.key.pub --json
    crossborder events verify events.jsonl --public-key events.key.pub --checkpoint from-siem.jsonl

    Exit codes: 0 whole; 1 broken; 2 a file cannot be read.
    """
    from crossborder import signingkey
    from crossborder.publish.logreading import logs_in
    from crossborder.publish.verify import read_kept
    from crossborder.publish.verify import verify as verified

    public = [signingkey.read_public(path) for path in keys]
    elsewhere = read_kept(kept)
    logs, empty = logs_in(files)
    reports = [verified(log, public, elsewhere) for log in logs]
    whole = all(report.whole for report in reports)
    if as_json:
        told = {"whole": whole, "logs": [_object(report) for report in reports], "empty": [str(path) for path in empty]}
        click.echo(json.dumps(told, ensure_ascii=False, indent=2))
    else:
        for report in reports:
            _print(report, signed=bool(public))
    if not whole:
        raise click.exceptions.Exit(1)


def _object(report: Report) -> dict[str, Any]:
    told = asdict(report)
    told["faults"] = [{name: fault[name] for name in _TOLD} for fault in told["faults"]]
    return {"whole": report.whole, **told}


def _print(report: Report, *, signed: bool) -> None:
    from crossborder.telemetry import printable

    for fault in report.faults:
        click.echo(printable(f"{fault.path}:{fault.line}: {fault.kind}: {fault.message}"))
    if report.more_faults:
        click.echo(f"and {report.more_faults} more faults")
    for note in report.notes:
        click.echo(printable(f"note: {note}"))
    if not signed:
        click.echo("note: signatures were not checked, there was no --public-key: the end can have been rebuilt")
    verdict = "whole" if report.whole else "BROKEN"
    span = f"sequence {report.first} to {report.last}, {report.events} events, {report.signed} signatures hold"
    click.echo(printable(f"{verdict}: log {report.log} of {report.gateway or 'an unnamed gateway'}: {span}"))
