"""`crossborder report`: the state of cross-border transfers in a time, as a page and a PDF to hand over."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import click

from crossborder.commands.options import config_option
from crossborder.commands.record import folder_argument, from_option, history_place, to_option

if TYPE_CHECKING:
    from datetime import datetime

    from crossborder.publish.history.places import Place
    from crossborder.review.report.sources import Sources
    from crossborder.review.report.text import Lang

_file = click.Path(path_type=Path, dir_okay=False)


@click.command()
@folder_argument
@config_option
@from_option(required=True)
@to_option(required=True)
@click.option(
    "--lang", type=click.Choice(["vi", "en"]), default="vi", show_default=True, help="Language of the report."
)
@click.option("-o", "--output", type=_file, metavar="FILE", help="The page; report.html without -o and --pdf.")
@click.option("--pdf", "pdf_file", type=_file, metavar="FILE", help="The same on A4; needs WeasyPrint and Pango.")
@click.option(
    "--diagrams", type=click.Path(path_type=Path, file_okay=False), metavar="FOLDER", help="An SVG for each system."
)
def report(
    folder: Place | None,
    config_path: Path | None,
    since: datetime,
    until: datetime,
    lang: Lang,
    output: Path | None,
    pdf_file: Path | None,
    diagrams: Path | None,
) -> None:
    """Write the report of a time: two pages of summary, the register of transfers, an annex.

    FOLDER is a history; without it, history.directory of the configuration. The page is one file that asks the network
    for nothing: it can be mailed, archived and printed. The same record makes the same bytes. Damaged files of the
    history are left out, and the first page says which.

    --diagrams writes a picture of each system's data flows, as the dossier on personal data asks for (Decree 356/2025,
    Article 18(3)(c)).

    \b
    crossborder report -c crossborder.yaml --from 2026-03-01 --to 2026-03-31 -o march.html --pdf march.pdf
    crossborder report -c crossborder.yaml --from 2026-03-01 --to 2026-03-31 --lang en --diagrams flows
    """
    from crossborder import config
    from crossborder.review.report.making import gather

    if since >= until:
        raise click.UsageError("--from must be before --to.")
    place = history_place(folder, config_path)
    given = gather(place, config.read(config_path), since, until)
    _tell_damage(given)
    if diagrams:
        _draw(given, lang, diagrams)
    if output or pdf_file or not diagrams:
        _print(given, lang, output or (None if pdf_file else Path("report.html")), pdf_file)


def _tell_damage(given: Sources) -> None:
    from crossborder.telemetry import printable

    for path, why in given.survey.left_out:
        click.echo(printable(f"{path}: left out: {why}"), err=True)
    if not given.survey.hours.height:
        click.echo("nothing was recorded of that time", err=True)


def _print(given: Sources, lang: Lang, output: Path | None, pdf_file: Path | None) -> None:
    from crossborder.review.report.page import page
    from crossborder.review.report.pdf import pdf

    html = page(given, lang)
    if output:
        _write(output, html.encode())
    if pdf_file:
        _write(pdf_file, pdf(html, given.survey.until))


def _draw(given: Sources, lang: Lang, folder: Path) -> None:
    from crossborder.errors import CrossborderError
    from crossborder.review.report.pictures import diagrams, file_name

    try:
        folder.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise CrossborderError.at(folder, f"cannot be made: {error.strerror or error}") from None
    drawn = 0
    for drawn, one in enumerate(diagrams(given.survey), 1):
        _write(folder / file_name(one, drawn), one.svg(lang, "flows").encode(), quiet=True)
    click.echo(f"{folder}: {drawn} diagrams", err=True)


def _write(path: Path, data: bytes, *, quiet: bool = False) -> None:
    from crossborder.errors import CrossborderError

    try:
        path.write_bytes(data)
    except OSError as error:
        raise CrossborderError.at(path, f"cannot be written: {error.strerror or error}") from None
    if not quiet:
        click.echo(f"{path}: {len(data) / 1000:,.0f} kB", err=True)
