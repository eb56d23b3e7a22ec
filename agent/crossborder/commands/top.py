"""`crossborder top`: a running agent, live in a terminal."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import TYPE_CHECKING

import click

from crossborder.commands.options import config_option, duration
from crossborder.lasting import lasting

if TYPE_CHECKING:
    from crossborder.config import Config
    from crossborder.top.address import Address

SHORTEST = 0.2


@click.command()
@config_option
@click.option("--url", metavar="URL", help="Where the agent's metrics are; without it metrics.listen of -c, or 9836.")
@click.option(
    "--events",
    type=click.Path(path_type=Path),
    metavar="FILE",
    help="The agent's event file, for single findings; without it events.file of -c.",
)
@click.option("--every", default="2s", show_default=True, metavar="DURATION", callback=duration, help="Look so often.")
@click.option("--once", is_flag=True, help="Print one frame as plain text and end; waits for rates, at most 15 s.")
@click.option("--ascii", "plain", is_flag=True, help="ASCII only, for a terminal that shows ? or boxes instead.")
def top(
    config_path: Path | None, url: str | None, events: Path | None, every: float, *, once: bool, plain: bool
) -> None:
    """Look at a running agent: countries, systems, findings, loss, as they are now.

    It asks for the agent's metrics and reads the end of its event file; it needs no rights but to read that file,
    changes nothing and sends nothing anywhere else. An agent that is not there is waited for.

    \b
    crossborder top                                   the agent of this machine
    crossborder top -c crossborder.yaml               where the configuration says, with single findings
    ssh -t gateway crossborder top -c /etc/crossborder.yaml
    crossborder top --url http://[::1]:9836 --events /var/log/crossborder/events.jsonl
    crossborder top --once | mail -s gateway operator@example.vn

    \b
    Keys: 1 2 3 4 or Tab a pane, Enter details, s order, / filter, p pause, z one pane alone, ? help, q quit.
    Rates are those of the agent's last tick (capture.tick), totals count since its start.
    """
    if every < SHORTEST:
        raise click.BadParameter(f"more often than every {SHORTEST:g}s says nothing new", param_hint="--every")
    with lasting():
        from crossborder.config import read
    settings = read(config_path)
    address = _address(settings, url)
    file = events or settings.events.file
    if not once and not all(stream.isatty() for stream in (sys.stdin, sys.stdout, sys.stderr)):
        click.echo("crossborder: no terminal here: one frame, as --once", err=True)
        once = True
    _show(address, file, every, once=once, plain=plain)


def _address(settings: Config, url: str | None) -> Address:
    from crossborder.top.address import address_of, address_of_listener

    return address_of_listener(settings.metrics.listen) if url is None else address_of(url)


def _show(address: Address, events: Path | None, every: float, *, once: bool, plain: bool) -> None:
    from crossborder.classify.countries import Countries
    from crossborder.config import data_folder
    from crossborder.top.panes import View
    from crossborder.top.table import ASCII, BLOCKS, only_ascii
    from crossborder.top.watch import Watch

    glyphs = ASCII if plain or only_ascii() else BLOCKS
    names = Countries.read(data_folder("geoip")).name
    view = View(glyphs=glyphs, name_of=names, every=every, address=str(address))
    watch = Watch(address, None if events is None or str(events) == "-" else events)
    if once:
        from crossborder.top.once import once as one_frame

        click.echo(one_frame(watch, view), nl=False)
        return
    with lasting():
        from crossborder.top.screen import Top
    Top(watch, view).run()
