"""`crossborder register transfers`: what went where, from whom, of what kind, and by what right."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Literal

import click

from crossborder.commands.options import config_option
from crossborder.commands.record import folder_argument, from_option, history_place, to_option
from crossborder.commands.writing import Column, Lacks, Sheet, format_option, out_option, said, write

if TYPE_CHECKING:
    from collections.abc import Mapping
    from datetime import date, datetime
    from pathlib import Path

    import polars as pl

    from crossborder.config import Config
    from crossborder.publish.history.gathering import Where
    from crossborder.publish.history.places import Place
    from crossborder.review.record import Record
    from crossborder.review.transfers import Standards

Lang = Literal["en", "vi"]
HEADS: dict[str, str] = {
    "data": "dữ liệu",
    "recipient": "bên nhận",
    "to": "đến",
    "form": "dạng",
    "flows": "luồng",
    "out": "lượng",
    "opaque": "mã hóa",
    "persons": "người",
    "decision": "đánh giá",
    "due": "hạn nộp",
}
"""Heading → what an officer reads."""
DECISIONS = {
    "violation": "vi phạm",
    "permitted": "được phép",
    "overrun": "vượt mức",
    "expired": "hết hạn",
    "not-yet-valid": "chưa hiệu lực",
    "new-recipient": "bên nhận mới",
}
NOBODY = {"en": "sender not known", "vi": "không rõ bên chuyển"}

lang_option = click.option("--lang", type=click.Choice(["en", "vi"]), default="en", help="Language of the table.")


@click.command("transfers")
@folder_argument
@config_option
@from_option(required=False)
@to_option(required=False)
@click.option("--all", "everything", is_flag=True, help="Personal, other and untagged data, too.")
@lang_option
@format_option
@out_option
def list_transfers(
    folder: Place | None,
    config_path: Path | None,
    since: datetime | None,
    until: datetime | None,
    everything: bool,
    lang: Lang,
    form: str,
    out: Path | None,
) -> None:
    """List the transfers of core and important data that were observed: a row for each sender, item and recipient.

    FOLDER is a history; without it, history.directory of the configuration. Hours are whole. What the data are the
    assets file said (declared) or detectors saw (found). The form, a, b or c of Law 91/2025, Article 20(1), is a
    permit's word, else what service and protocol show. `due` counts from the first such transfer in all the history;
    which duty applies a person decides. A table shows the persons of the kind with most; the other formats have every
    column, with bounds.

    \b
    crossborder register transfers -c crossborder.yaml --from 2026-03-01 --to 2026-03-31
    crossborder register transfers -c crossborder.yaml --format csv -o march.csv
    """
    from crossborder import config
    from crossborder.review.record import gaps, made_of_sound
    from crossborder.review.transfers import register

    settings = config.read(config_path)
    place, standards = history_place(folder, config_path), standards_of(settings)

    def make(thorough: bool) -> tuple[pl.DataFrame, Record, Record | None]:
        now, before = _records(place, since, until, thorough=thorough)
        earlier = before.rows if before else None
        return register(now.rows, standards, earlier=earlier, everything=everything), now, before

    found, now, before = made_of_sound(make)
    left_out = (*now.left_out, *(before.left_out if before else ()))
    about = {"from": said(since), "to": said(until)}
    lacks = Lacks(left_out, tuple(gaps(now, since, until)))
    write(Sheet("transfers", found, _columns(lang), lambda row: sender(row, lang), about, lacks), form, out)
    if form == "table":
        click.echo(f"{found.height:,} transfers", err=True)


def standards_of(settings: Config) -> Standards:
    """Return what the configuration judges transfers by, today."""
    from crossborder.parts import read_permits, read_rules
    from crossborder.review.transfers import Standards

    return Standards(read_permits(settings), read_rules(settings), today())


def today() -> date:
    """Return the day it is in Viet Nam."""
    from datetime import datetime

    from crossborder.match.permits import VIETNAM

    return datetime.now(VIETNAM).date()


def _records(
    place: Where, since: datetime | None, until: datetime | None, *, thorough: bool
) -> tuple[Record, Record | None]:
    """Return the record of the time asked, and of all before it: clocks run from there."""
    from crossborder.review.record import open_record

    if since and until and since >= until:
        raise click.UsageError("--from must be before --to.")
    now = open_record(place, since, until, thorough=thorough)
    return now, open_record(place, None, whole_hour(since), thorough=thorough) if since else None


def whole_hour(at: datetime) -> datetime:
    """Return the beginning of an hour: where hours that are read whole begin."""
    return at.replace(minute=0, second=0, microsecond=0)


def sender(row: Mapping[str, Any], lang: Lang) -> str:
    """Return unit and system as a line above their rows."""
    return " / ".join(filter(None, (row["unit"], row["system"]))) or NOBODY[lang]


def _columns(lang: Lang) -> tuple[Column, ...]:
    from crossborder.publish.units import size_of

    def head(name: str) -> str:
        return HEADS[name] if lang == "vi" else name

    return (
        Column(head("data"), 17, lambda row: row["category"] + ("" if row["basis"] == "declared" else "*")),
        Column(head("recipient"), 16, lambda row: row["recipient"] or "-"),
        Column(head("to"), 3, lambda row: row["country"] or "-"),
        Column(head("form"), 4, lambda row: "?" if row["form"] == "unknown" else row["form"]),
        Column(head("flows"), 7, lambda row: f"{row['flows']:,}", right=True),
        Column(head("out"), 8, lambda row: size_of(row["bytes_out"]), right=True),
        Column(head("opaque"), 6, _opaque, right=True),
        Column(head("persons"), 7, _persons, right=True),
        Column(head("decision"), 13, lambda row: decision(row["decision"], lang)),
        Column(head("due"), 10, lambda row: str(row["due"] or "-")),
    )


def decision(said: str | None, lang: Lang) -> str:
    """Return a decision as people read it."""
    return "-" if said is None else DECISIONS[said] if lang == "vi" else said


def _opaque(row: Mapping[str, Any]) -> str:
    return "-" if row["opaque_share"] is None else f"{row['opaque_share']:.0%}"


def _persons(row: Mapping[str, Any]) -> str:
    counts = [row[f"persons_{kind}"] for kind in ("basic", "sensitive", "bank")]
    return "-" if counts[0] is None else f"{max(counts):,}"
