"""`crossborder whatif`: what another policy would have made of the record."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from crossborder.commands.options import config_option
from crossborder.commands.record import folder_argument, from_option, history_place, to_option
from crossborder.commands.transfers import Lang, decision, lang_option, sender
from crossborder.commands.writing import Column, Lacks, Sheet, format_option, out_option, said, write

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from datetime import datetime

    from crossborder.config import Config
    from crossborder.match.permits import Permits
    from crossborder.publish.history.places import Place
    from crossborder.review.whatif import Outcome, Policy

HEADS = {
    "data": "dữ liệu",
    "recipient": "bên nhận",
    "to": "đến",
    "rule": "quy tắc",
    "before": "hiện nay",
    "after": "nếu đổi",
    "findings": "số lần",
    "out": "lượng",
}
NOTHING = {"en": "no finding", "vi": "không có"}
EFFECTS = {
    "en": {"added": "violations added", "removed": "violations removed", "same": "unchanged"},
    "vi": {"added": "vi phạm thêm", "removed": "vi phạm bớt", "same": "không đổi"},
}


def _countries(_context: click.Context, parameter: click.Parameter, value: str | None) -> frozenset[str] | None:
    if value is None:
        return None
    from crossborder.classify.countries import Countries
    from crossborder.config import data_folder

    codes = frozenset(code.strip().upper() for code in value.split(",") if code.strip())
    unknown = sorted(codes - Countries.read(data_folder("geoip")).codes)
    if unknown or not codes:
        raise click.BadParameter(f"{', '.join(unknown) or 'nothing'} is no ISO 3166 country, as VN,SG", param=parameter)
    return codes


@click.command()
@folder_argument
@config_option
@from_option(required=False)
@to_option(required=False)
@click.option(
    "--allow", metavar="VN,SG", callback=_countries, help="Countries of the sets allowed_*, instead of theirs."
)
@click.option("--without", "dropped", multiple=True, metavar="permit:ID", help="This permit is not there; many times.")
@click.option("--with", "added", type=click.Path(path_type=Path), help="Permits of this file are there, too.")
@click.option("--all", "everything", is_flag=True, help="Show what does not change, too.")
@lang_option
@format_option
@out_option
def whatif(
    folder: Place | None,
    config_path: Path | None,
    since: datetime | None,
    until: datetime | None,
    allow: frozenset[str] | None,
    dropped: tuple[str, ...],
    added: Path | None,
    everything: bool,
    lang: Lang,
    form: str,
    out: Path | None,
) -> None:
    """Replay policy over the record: what becomes of findings when countries are allowed, or permits go or come.

    FOLDER is a history; without it, history.directory of the configuration. Before: rules and permits as configured.
    After: with what the options change. A finding counts where it opened, bytes where they were sent. Correlations
    count over the hours of the record with the memory an agent has; rules about counted persons cannot be asked and
    are named. Ceilings are held to what the time asked holds, each gateway for itself.

    \b
    crossborder whatif -c crossborder.yaml --from 2026-03-01 --allow VN,SG
    crossborder whatif -c crossborder.yaml --without permit:hospital-lab-2026
    crossborder whatif -c crossborder.yaml --with draft.yaml --format csv -o whatif.csv
    """
    from crossborder import config
    from crossborder.review.record import gaps, open_record
    from crossborder.review.whatif import whatif as replayed

    if not (allow or dropped or added):
        raise click.UsageError("Nothing changes: name --allow, --without or --with.")
    if since and until and since >= until:
        raise click.UsageError("--from must be before --to.")
    settings = config.read(config_path)
    policies = _policies(settings, allow, dropped, added)
    record = open_record(history_place(folder, config_path), since, until)
    found = replayed(record, *policies, settings.rules.max_groups)
    rows = found.rows if everything else found.rows.filter(found.rows["effect"] != "same")
    change = {"allow": sorted(allow or ()), "without": list(dropped), "with": str(added) if added else None}
    about = {"from": said(since), "to": said(until), **change, "not_asked": found.refused, "sums": _sums(found)}
    lacks = Lacks(found.left_out, tuple(gaps(record, since, until)))
    for name in found.refused:
        click.echo(
            f"{name}: not asked: it counts persons since 1 July 2025, which no row of the record holds", err=True
        )
    if form == "table":
        _tell_sums(found, lang, out)
    write(Sheet("transfers", rows, _columns(lang), lambda row: _group(row, lang), about, lacks), form, out)


def _policies(
    settings: Config, allow: frozenset[str] | None, dropped: Sequence[str], added: Path | None
) -> tuple[Policy, Policy]:
    """Return the policy in force and the other."""
    from crossborder.parts import read_permits, read_rules
    from crossborder.review.whatif import Policy, allowing, also, without

    rules, permits = read_rules(settings).enabled, read_permits(settings)
    names = {_permit_id(name, permits) for name in dropped}
    others = without(permits, names)
    if added:
        others = also(others, read_permits(settings, added).permits)
    return Policy(rules, permits), Policy(allowing(rules, allow) if allow else rules, others)


def _permit_id(name: str, permits: Permits) -> str:
    known = {permit.id for permit in permits.permits}
    wanted = name.removeprefix("permit:")
    if wanted not in known:
        there = ", ".join(sorted(known)) or "none"
        raise click.BadParameter(
            f"{wanted!r} is no permit of the configuration: there are {there}", param_hint="--without"
        )
    return wanted


def _sums(found: Outcome) -> dict[str, Any]:
    from crossborder.review.whatif import sums

    return {f"by_{name}": list(sums(found.rows, name)) for name in ("country", "category", "unit")}


def _tell_sums(found: Outcome, lang: Lang, out: Path | None) -> None:
    """Say how much is added and removed, in all and by country, category and unit."""
    import polars as pl

    from crossborder.publish.units import size_of
    from crossborder.review.whatif import sums
    from crossborder.telemetry import printable

    lines = []
    for effect, words in EFFECTS[lang].items():
        findings, size = found.rows.filter(pl.col("effect") == effect).select("findings", "bytes_out").sum().row(0)
        lines.append(f"{words:20} {findings:>9,} {size_of(size):>9}")
    for name in ("country", "category", "unit"):
        for row in sums(found.rows, name):
            parts = [(row[f"{effect}_findings"], row[f"{effect}_bytes"]) for effect in ("added", "removed")]
            if any(map(any, parts)):
                told = [f"{sign}{count:,} ({size_of(size)})" for sign, (count, size) in zip("+-", parts, strict=True)]
                lines.append(f"  {printable(str(row[name] or '-'))[:40]:40} {told[0]:>20} {told[1]:>20}")
    click.echo("\n".join([*lines, ""]), err=out is not None)


def _group(row: Mapping[str, Any], lang: Lang) -> str:
    return f"{EFFECTS[lang][row['effect']]}: {sender(row, lang)}"


def _columns(lang: Lang) -> tuple[Column, ...]:
    from crossborder.publish.units import size_of

    def head(name: str) -> str:
        return HEADS[name] if lang == "vi" else name

    def told(side: str) -> Column:
        return Column(head(side), 13, lambda row: decision(row[side], lang) if row[side] else NOTHING[lang])

    return (
        Column(head("data"), 9, lambda row: row["category"]),
        Column(head("recipient"), 16, lambda row: row["recipient"] or "-"),
        Column(head("to"), 3, lambda row: row["country"] or "-"),
        Column(head("rule"), 22, lambda row: row["rule"]),
        told("before"),
        told("after"),
        Column(head("findings"), 8, lambda row: f"{row['findings']:,}", right=True),
        Column(head("out"), 8, lambda row: size_of(row["bytes_out"]), right=True),
    )
