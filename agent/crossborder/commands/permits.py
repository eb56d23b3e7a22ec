"""`crossborder permits`: approved transfers, what was used of them, and by when the law wants a dossier."""

from __future__ import annotations

import json
from dataclasses import asdict
from datetime import UTC, date, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from crossborder.commands.options import config_option

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

    from crossborder.config import Config
    from crossborder.match.permits import Permits
    from crossborder.match.permits.clocks import Clock
    from crossborder.match.permits.ledger import Ledger
    from crossborder.match.permits.permit import Permit, Recipient
    from crossborder.match.permits.usage import Usage

Row = dict[str, str]

VIETNAMESE = {
    "permit": "giấy phép",
    "route": "căn cứ",
    "dossier": "hồ sơ",
    "sender": "bên chuyển",
    "data": "dữ liệu",
    "recipient": "bên nhận",
    "countries": "quốc gia",
    "country": "quốc gia",
    "from": "từ ngày",
    "until": "đến ngày",
    "ceilings": "giới hạn",
    "bytes": "dung lượng",
    "flows": "số luồng",
    "persons": "số người",
    "of ceilings": "đã dùng",
    "days left": "còn (ngày)",
    "first use": "lần đầu",
    "last use": "gần nhất",
    "warnings": "cảnh báo",
    "first seen": "lần đầu",
    "due": "hạn nộp",
    "state": "tình trạng",
    "law": "điều luật",
}
"""Heading → what an officer reads."""

STATES = {
    "filed": "đã nộp",
    "filed late": "nộp muộn",
    "named": "có hồ sơ",
    "due": "chưa nộp",
    "overdue": "quá hạn",
}

file_argument = click.argument("file", required=False, type=click.Path(path_type=Path, dir_okay=False))
json_option = click.option("--json", "as_json", is_flag=True, help="One JSON object a line.")
lang_option = click.option("--lang", type=click.Choice(["en", "vi"]), default="en", help="Language of the headings.")


@click.group()
def permits() -> None:
    """List, check and watch approved transfers; see by when dossiers are due.

    A permit never hides a finding: it changes its decision from `violation` to `permitted`, and what was sent is
    debited. How a permits file is written: examples/permits.yaml.
    """


@permits.command("list")
@file_argument
@config_option
@json_option
@lang_option
def list_permits(file: Path | None, config_path: Path | None, as_json: bool, lang: str) -> None:
    """List the permits of FILE, or of the configuration: who may send what to whom, until when.

    \b
    crossborder permits list -c crossborder.yaml
    crossborder permits list permits.yaml --lang vi
    """
    found = _permits(config_path, file)[1].permits
    data = [permit.model_dump(mode="json", by_alias=True) for permit in found]
    _show([_listed(permit) for permit in found], data if as_json else None, lang)


@permits.command()
@file_argument
@config_option
def check(file: Path | None, config_path: Path | None) -> None:
    """Check FILE, or the permits of the configuration: every fault and warning as path:line. Exit code 2 on a fault.

    \b
    crossborder permits check permits.yaml
    """
    settings, found = _permits(config_path, file)
    warnings = found.warnings(_now().date(), settings.home.country)
    for warning in warnings:
        click.echo(f"{warning.path}:{warning.line}: warning: {warning.message}")
    click.echo(f"{len(found.permits)} permits are fine, {len(warnings)} warnings", err=True)


@permits.command()
@config_option
@json_option
@lang_option
def use(config_path: Path | None, as_json: bool, lang: str) -> None:
    """Show what was used of each permit: of its ceilings, of its time, and when.

    Reads the agent's state as it stood after the last tick; the agent may be running.

    \b
    crossborder permits use -c crossborder.yaml
    """
    from crossborder.match.permits.usage import usages

    settings, found = _permits(config_path)
    rows = usages(found, _ledger(settings), _now())
    _show([_used(usage) for usage in rows], [_use_data(usage) for usage in rows] if as_json else None, lang)


@permits.command()
@config_option
@json_option
@lang_option
def clocks(config_path: Path | None, as_json: bool, lang: str) -> None:
    """Show by when a dossier is due, per sender, recipient and legal route, from the first transfer seen.

    Personal data: 60 days after the first transfer (Law 91/2025, Article 20(2)). Important data: 15 days before it
    (Decree 165/2025, Article 12(6)). Core data: approval before it (12(5)). Exceptions of 12(11): 15 days after the
    start (12(12)). First transfers are what rules found since the state began; which duty applies a person decides.

    \b
    crossborder permits clocks -c crossborder.yaml --lang vi
    """
    from crossborder.match.permits.clocks import clocks as clocks_of

    settings, found = _permits(config_path)
    rows = clocks_of(found, _ledger(settings), _now().date())
    data = [{**_plain(asdict(clock)), "state": clock.state} for clock in rows]
    _show([_clock(clock, lang) for clock in rows], data if as_json else None, lang)


def _now() -> datetime:
    from crossborder.match.permits import VIETNAM

    return datetime.now(VIETNAM)


def _permits(config_path: Path | None, file: Path | None = None) -> tuple[Config, Permits]:
    from crossborder import config
    from crossborder.errors import CrossborderError
    from crossborder.parts import read_permits

    settings = config.read(config_path)
    if file is None and settings.permits is None:
        raise CrossborderError("no permits: name a file, or one in `permits` of the configuration (-c)")
    return settings, read_permits(settings, file)


def _ledger(settings: Config) -> Ledger:
    from contextlib import closing

    from crossborder.errors import CrossborderError
    from crossborder.match.permits.ledger import PART, Ledger
    from crossborder.statefile import FILE_NAME, StateFile

    if settings.state.directory is None:
        message = "nothing is kept: name state.directory in the configuration"
        raise CrossborderError(settings.fault(message, "state"))
    with closing(StateFile.look(settings.state.directory / FILE_NAME, PART)) as state:
        return Ledger(state)


def _listed(permit: Permit) -> Row:
    sender = " of ".join(filter(None, (", ".join(permit.sender.systems), ", ".join(permit.sender.units))))
    return {
        "permit": permit.id,
        "route": permit.route,
        "dossier": permit.dossier or "-",
        "sender": sender,
        "data": " ".join(permit.categories),
        "recipient": "; ".join(map(_recipient, permit.recipients)) or "any",
        "countries": " ".join(permit.countries),
        "from": str(permit.first),
        "until": str(permit.until),
        "ceilings": ", ".join(f"{what} {_amount(what, n)}" for what, n in permit.ceilings if n is not None) or "none",
    }


def _recipient(recipient: Recipient) -> str:
    marks = [*recipient.networks, *recipient.server_names, *(f"AS{n}" for n in recipient.asns), *recipient.operators]
    return recipient.name or " ".join(map(str, marks))


def _used(usage: Usage) -> Row:
    return {
        "permit": usage.id if usage.permit else f"{usage.id} (not in the file)",
        "dossier": usage.permit.dossier or "-" if usage.permit else "-",
        "bytes": _amount("bytes", usage.use.bytes),
        "flows": f"{usage.use.flows:,}",
        "persons": f"{usage.persons:,}",
        "of ceilings": ", ".join(f"{what} {share.ratio:.1%}" for what, share in usage.shares.items()) or "-",
        "until": str(usage.permit.until) if usage.permit else "-",
        "days left": "-" if usage.days_left is None else str(max(usage.days_left, 0)),
        "first use": _moment(usage.use.first_ns) or "-",
        "last use": _moment(usage.use.last_ns) or "-",
        "warnings": "; ".join(usage.warnings.values()),
    }


def _use_data(usage: Usage) -> dict[str, Any]:
    return {
        "permit": usage.id,
        "dossier": usage.permit.dossier or None if usage.permit else None,
        "in_file": usage.permit is not None,
        "bytes": usage.use.bytes,
        "flows": usage.use.flows,
        "persons": usage.persons,
        "ceilings": {what: {**asdict(share), "ratio": share.ratio} for what, share in usage.shares.items()},
        "until": str(usage.permit.until) if usage.permit else None,
        "days_left": usage.days_left,
        "first_use": _moment(usage.use.first_ns),
        "last_use": _moment(usage.use.last_ns),
        "warnings": list(usage.warnings.values()),
    }


def _clock(clock: Clock, lang: str) -> Row:
    return {
        "sender": clock.unit or "-",
        "recipient": clock.recipient,
        "country": clock.country,
        "route": clock.route,
        "first seen": str(clock.first_seen),
        "due": str(clock.due),
        "days left": str(clock.days_left),
        "state": STATES[clock.state] if lang == "vi" else clock.state,
        "permit": clock.permit or "-",
        "dossier": clock.dossier or "-",
        "law": clock.law,
    }


def _amount(what: str, number: int) -> str:
    from crossborder.publish.units import size_of

    return size_of(number) if what == "bytes" else f"{number:,}"


def _moment(ns: int) -> str | None:
    """Return RFC 3339 in UTC, None for never."""
    return datetime.fromtimestamp(ns // 10**9, UTC).strftime("%Y-%m-%dT%H:%M:%SZ") if ns else None


def _plain(data: dict[str, Any]) -> dict[str, Any]:
    return {name: str(value) if isinstance(value, date) else value for name, value in data.items()}


def _show(rows: Sequence[Row], data: Iterable[Mapping[str, Any]] | None, lang: str) -> None:
    """Print rows as a table, or data as JSON, an object a line."""
    from crossborder.telemetry import printable

    if data is not None:
        for one in data:
            click.echo(json.dumps(one, ensure_ascii=False))
    elif rows:
        heads = {name: VIETNAMESE[name] if lang == "vi" else name for name in rows[0]}
        shown = [heads, *({name: printable(text) for name, text in row.items()} for row in rows)]
        widths = {name: max(len(row[name]) for row in shown) for name in heads}
        for row in shown:
            click.echo("  ".join(f"{text:{widths[name]}}" for name, text in row.items()).rstrip())
    else:
        click.echo("none", err=True)
