"""`crossborder demo`: a day at a ministry's gateway, made up, and what the agent says of it."""

from __future__ import annotations

import sys
import tempfile
from pathlib import Path

import click

EVENTS_SHOWN = 3
METRICS_SHOWN = (  # the start of a line each, in this order
    'crossborder_violations_total{category="core"',
    "crossborder_egress_bytes_total",
    "crossborder_capture_packets_total",
    "crossborder_capture_dropped_packets_total",
    "crossborder_geo_database_build_timestamp_seconds",
)


@click.command()
@click.option(
    "--write", type=click.Path(path_type=Path, dir_okay=False), metavar="FILE", help="Only write the capture file."
)
@click.option(
    "--live", is_flag=True, help="Send it through a veth pair to a listening agent, as a gateway would (root)."
)
def demo(write: Path | None, live: bool) -> None:
    """Make a day of traffic at a ministry's gateway and run it through the agent with the shipped rules.

    Every identifier in it is invented. Nothing leaves this machine: --live uses two network namespaces of its own.

    \b
    crossborder demo                    countries, findings, books, the first events, the metrics that matter
    crossborder demo --write day.pcap   keep the capture, to look at it with Wireshark or replay it
    sudo crossborder demo --live        the same through a listening agent
    """
    if write:
        _make(write)
        return
    if live:
        from crossborder.demo.live import run_live

        run_live(click.echo)
        return
    with tempfile.TemporaryDirectory(prefix="crossborder-demo-") as folder:
        capture = Path(folder) / "demo.pcap"
        _make(capture)
        _replay(capture)


def _make(path: Path) -> None:
    from crossborder.demo import write_capture

    click.echo(f"making a day of traffic in {path} …", err=True)
    manifest = write_capture(path)
    click.echo(f"{manifest.packets:,} packets, {manifest.bytes / 1e6:.0f} MB", err=True)


def _replay(capture: Path) -> None:
    from rich.console import Console

    from crossborder import app
    from crossborder.config import data_folder
    from crossborder.publish.terminal import show_events

    options = app.Options(files=(capture,), summary=True, progress=sys.stderr.isatty(), first_events=EVENTS_SHOWN)
    agent = app.replay(data_folder("examples") / "demo.yaml", options)
    click.echo("\nThe first events\n")
    show_events(Console(), agent.summary.events)
    click.echo("\nThe metrics that matter, as Prometheus reads them\n")
    click.echo("\n".join(_metrics(agent.metrics.expose()[1].decode())))


def _metrics(text: str) -> list[str]:
    """Return the lines of the metrics that matter which are not zero."""
    lines = [line for line in text.splitlines() if not line.endswith(" 0.0")]
    return [line for start in METRICS_SHOWN for line in lines if line.startswith(start)]
