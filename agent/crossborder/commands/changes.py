"""`crossborder register changes`: what is in the register of a time that was not before, and what is no more."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import click

from crossborder.commands.options import config_option
from crossborder.commands.record import folder_argument, from_option, history_place, to_option
from crossborder.commands.transfers import Lang, lang_option, sender, whole_hour
from crossborder.commands.writing import Column, Lacks, Sheet, format_option, out_option, said, write

if TYPE_CHECKING:
    from collections.abc import Mapping
    from datetime import datetime
    from pathlib import Path

    import polars as pl

    from crossborder.publish.history.places import Place
    from crossborder.review.record import Record

HEADS = {
    "change": "thay đổi",
    "what": "nội dung",
    "flows": "luồng",
    "out": "lượng",
    "first seen": "lần đầu",
    "a flow of it": "một luồng trong đó",
}
CHANGES = {
    "new-data": "dữ liệu mới",
    "new-recipient": "bên nhận mới",
    "new-country": "quốc gia mới",
    "ended-data": "hết dữ liệu",
    "ended-recipient": "hết bên nhận",
    "ended-country": "hết quốc gia",
}


@click.command("changes")
@folder_argument
@config_option
@from_option(required=True)
@to_option(required=False)
@click.option("--all", "everything", is_flag=True, help="Personal, other and untagged data, too.")
@lang_option
@format_option
@out_option
def list_changes(
    folder: Place | None,
    config_path: Path | None,
    since: datetime,
    until: datetime | None,
    everything: bool,
    lang: Lang,
    form: str,
    out: Path | None,
) -> None:
    """List what was seen from --from to --to and never before in the record, and what was and is no more.

    Of each sender: new recipients, new countries, new data; data or a country that a known recipient is new to. Decree
    165/2025, Article 12(8), wants the assessment amended when purpose, method, scope or type change; of personal data
    Law 91/2025, Article 20(3), the dossier updated. Whether a line is such a change a person decides. It names the time
    it was compared with and flows that show it, by Community ID.

    \b
    crossborder register changes -c crossborder.yaml --from 2026-03-01 --to 2026-03-31
    crossborder register changes -c crossborder.yaml --from 2026-03-01 --format csv -o changes.csv
    """
    from crossborder import config
    from crossborder.review.changes import Span, changes
    from crossborder.review.record import gaps, made_of_sound, open_record

    if until and since >= until:
        raise click.UsageError("--from must be before --to.")
    place, begin = history_place(folder, config_path), whole_hour(since)
    seed = config.read(config_path).capture.community_id_seed

    def make(thorough: bool) -> tuple[pl.DataFrame, Record, Record]:
        then = open_record(place, None, begin, thorough=thorough)
        new = open_record(place, begin, until, thorough=thorough)
        spans = Span(then.rows, _interval(then, None, begin)), Span(new.rows, _interval(new, begin, until))
        return changes(*spans, everything=everything, seed=seed), then, new

    found, before, now = made_of_sound(make)
    compared = _interval(before, None, begin)
    if not now.files:  # then nothing can be said to have ended
        found = found.clear()
    silent = sorted({file.gateway for file in before.files} - {file.gateway for file in now.files})
    lacks = Lacks((*before.left_out, *now.left_out), (*gaps(before), *gaps(now, begin, until)), silent)
    about = {"from": said(begin), "to": said(until), "compared_with": compared, "empty_before": not before.files}
    write(Sheet("changes", found, _columns(lang), lambda row: sender(row, lang), about, lacks), form, out)
    if form == "table":
        none = "" if before.files else ": there is none, so all of it is new"
        click.echo(f"{found.height:,} changes; compared with the record of {compared}{none}", err=True)


def _interval(record: Record, since: datetime | None, until: datetime | None) -> str:
    """Return the time of a record; `..` stands for an open end that nothing was recorded of."""
    from crossborder.publish.history.places import moment

    hours = [file.hour for file in record.files]
    begin = since or (moment(min(hours)) if hours else None)
    end = until or (moment(max(hours) + 1) if hours else None)
    return f"{said(begin) or '..'}/{said(end) or '..'}"


def _columns(lang: Lang) -> tuple[Column, ...]:
    from crossborder.publish.units import size_of

    def head(name: str) -> str:
        return HEADS[name] if lang == "vi" else name

    return (
        Column(head("change"), 15, lambda row: CHANGES[row["change"]] if lang == "vi" else row["change"]),
        Column(head("what"), 26, _what),
        Column(head("flows"), 6, lambda row: f"{row['flows']:,}", right=True),
        Column(head("out"), 8, lambda row: size_of(row["bytes_out"]), right=True),
        Column(head("first seen"), 10, lambda row: f"{row['first_seen']:%Y-%m-%d}"),
        Column(head("a flow of it"), 30, lambda row: next(iter(row["samples"]), None) or "-"),
    )


def _what(row: Mapping[str, Any]) -> str:
    """Return what a change is about: what it names, and of a recipient its countries."""
    named = [row[name] for name in ("category", "country", "recipient") if row[name] is not None]
    return " ".join([*named, *(row["countries"] if row["change"].endswith("-recipient") else ())])
