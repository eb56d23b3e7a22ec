"""`crossborder run`: the agent on a gateway."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import click

from crossborder.commands.options import (
    config_option,
    engine_option,
    events_option,
    filter_option,
    listen_option,
    workers_option,
)
from crossborder.lasting import lasting

if TYPE_CHECKING:
    from crossborder.engine import EngineName


@click.command()
@config_option
@click.option("-i", "--interface", "interfaces", multiple=True, help="Listen here; may be given several times.")
@engine_option
@workers_option
@filter_option
@events_option
@listen_option
@click.option("--flows", type=click.Path(path_type=Path), metavar="OUT", help="Write one row a flow, as replay does.")
def run(
    config_path: Path | None,
    interfaces: tuple[str, ...],
    engine: EngineName | None,
    workers: int | None,
    bpf: str | None,
    events: Path | None,
    listen: str | None,
    flows: Path | None,
) -> None:
    """Listen on interfaces and serve Prometheus metrics until stopped.

    Needs the right to capture: root, or CAP_NET_RAW on the interpreter. Rules, assets and databases that change on
    disk are taken in between two ticks, or at once on SIGHUP; SIGTERM and Ctrl-C close the books and end.

    \b
    sudo crossborder run -i eth0
    sudo crossborder run -c crossborder.yaml
    curl -s http://127.0.0.1:9836/metrics
    """
    with lasting():
        from crossborder import app

    app.listen(
        config_path,
        app.Options(
            interfaces=interfaces,
            engine=engine,
            workers=workers,
            bpf=bpf,
            events=events,
            listen=listen,
            flows=flows,
            serve=True,
        ),
    )
