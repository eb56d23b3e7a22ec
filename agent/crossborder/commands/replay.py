"""`crossborder replay`: capture files through the whole agent."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import TYPE_CHECKING

import click

from crossborder.commands.options import (
    config_option,
    duration,
    engine_option,
    events_option,
    filter_option,
    listen_option,
    workers_option,
)
from crossborder.lasting import lasting
from crossborder.model import LEVELS

if TYPE_CHECKING:
    from crossborder.engine import EngineName


@click.command()
@click.argument("files", nargs=-1, required=True, type=click.Path(path_type=Path, allow_dash=True))
@config_option
@engine_option
@workers_option
@filter_option
@click.option(
    "--flows",
    type=click.Path(path_type=Path),
    metavar="OUT",
    help="Write one row a flow: OUT.jsonl, OUT.csv or OUT.parquet.",
)
@click.option("--report", type=click.Choice(["crossing", "all"]), help="all reports domestic flows too.")
@events_option
@listen_option
@click.option("--realtime", is_flag=True, help="Keep packet time instead of going as fast as possible.")
@click.option(
    "--speed",
    type=click.FloatRange(0, 1_000_000, min_open=True),
    metavar="TIMES",
    help="Keep packet time so many times as fast as on the wire: 60 shows an hour in a minute.",
)
@click.option("--linger", is_flag=True, help="Go on serving metrics at the end, until stopped; with --listen.")
@click.option("--as-fast-as-possible", "fast", is_flag=True, help="The default, for scripts that like to say so.")
@click.option(
    "--tick",
    metavar="DURATION",
    callback=duration,
    help="Evaluate every so much packet time (default 5m; in real time as configured).",
)
@click.option("--fail-on", type=click.Choice(LEVELS), help="Exit with 1 when a finding is of this level or above.")
@click.option("--quiet", is_flag=True, help="No table and no progress; for scripts that read --flows or --events.")
def replay(  # one parameter an option
    files: tuple[Path, ...],
    config_path: Path | None,
    engine: EngineName | None,
    workers: int | None,
    bpf: str | None,
    flows: Path | None,
    report: str | None,
    events: Path | None,
    listen: str | None,
    realtime: bool,
    speed: float | None,
    linger: bool,
    fast: bool,
    tick: float | None,
    fail_on: str | None,
    quiet: bool,
) -> int:
    """Run capture FILES through the agent and show what left the country.

    Reads pcap and pcapng, also .gz and .zst, and standard input as -. A damaged file is read as far as it goes.

    \b
    crossborder replay office.pcap
    crossborder replay mon.pcapng.zst tue.pcapng.zst -c crossborder.yaml --flows week.parquet
    tcpdump -w - -i eth0 | crossborder replay - --fail-on high
    crossborder replay office.pcap --speed 60 --listen 127.0.0.1:9836 --linger
    """
    if realtime + fast + (speed is not None) > 1:
        raise click.UsageError("--realtime, --speed and --as-fast-as-possible exclude each other.")
    if linger and listen is None:
        raise click.UsageError("--linger goes on serving metrics: say where with --listen ADDRESS:PORT.")
    with lasting():
        from crossborder import app

    options = app.Options(
        files=files,
        engine=engine,
        workers=workers,
        bpf=bpf,
        flows=flows,
        report=report,
        events=events,
        listen=listen,
        serve=listen is not None,
        speed=1.0 if realtime else speed or 0.0,
        linger=linger,
        tick=tick,
        summary=not quiet,
        progress=not quiet and sys.stderr.isatty(),
    )
    worst = app.replay(config_path, options).summary.worst
    return int(fail_on is not None and worst is not None and LEVELS.index(worst) >= LEVELS.index(fail_on))
