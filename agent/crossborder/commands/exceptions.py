"""`crossborder rules except`: drafts what excepts a finding from its rule."""

from __future__ import annotations

from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING

import click

from crossborder.commands.options import config_option

if TYPE_CHECKING:
    from crossborder.config import Config


@click.command("except")
@click.argument("event_id")
@config_option
@click.option(
    "--as",
    "form",
    type=click.Choice(["filter", "permit"]),
    default="filter",
    show_default=True,
    help="A filter hides such findings for good; a permit records them as permitted, and counts.",
)
@click.option(
    "--events",
    "log",
    type=click.Path(path_type=Path, dir_okay=False),
    help="The event log; events.file of the configuration without it. Rotated files beside it are read too.",
)
def draft_exception(event_id: str, config_path: Path | None, form: str, log: Path | None) -> None:
    """Draft a Sigma filter or a permit from an event, for a person to complete; nothing is changed.

    EVENT_ID is `event.id` of a finding. The draft is for exactly this sender, this destination and this rule. What only
    a person can say stands in it as FILL IN, and `check` refuses it until that is written.

    \b
    crossborder rules except 5f0c2a9d1e7b4c38 -c crossborder.yaml > my-rules/except_portal.yaml
    crossborder rules except 5f0c2a9d1e7b4c38 -c crossborder.yaml --as permit > permit.yaml
    """
    from crossborder import config
    from crossborder.commands.rules import named
    from crossborder.match.permits import VIETNAM
    from crossborder.parts import read_rules
    from crossborder.review.excepting import files_of, filter_draft, find, permit_draft

    settings = config.read(config_path)
    found = find(files_of(_log(settings, log)), event_id)
    rule = named(read_rules(settings), str(found.at("rule.name")))
    today = datetime.now(VIETNAM).date()
    text = filter_draft(found, rule, today) if form == "filter" else permit_draft(found, rule)
    click.echo(text, nl=False)


def _log(settings: Config, log: Path | None) -> Path:
    from crossborder.errors import CrossborderError

    place = log or settings.events.file
    if place is None:
        raise CrossborderError("no event log: name it (--events), or events.file in the configuration (-c)")
    if not place.exists():
        raise CrossborderError.at(place, "there is no such file")
    return place
