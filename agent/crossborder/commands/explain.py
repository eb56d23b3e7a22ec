"""`crossborder explain`: Wireshark's view of one flow."""

from __future__ import annotations

from pathlib import Path

import click


@click.command()
@click.argument("file", type=click.Path(path_type=Path))
@click.option(
    "--flow", "community_id", required=True, metavar="COMMUNITY_ID", help="As events, flows and Wireshark tell it."
)
@click.option("--seed", default=0, show_default=True, help="Seed of the Community ID.")
@click.option("--packets", default=20, show_default=True, type=click.IntRange(1), help="How many packets to print.")
def explain(file: Path, community_id: str, seed: int, packets: int) -> None:
    """Print the protocol tree of the packets of one flow of a capture FILE, as Wireshark dissects them.

    Needs tshark. The Community ID of a finding stands in its event (network.community_id) and in --flows.

    \b
    crossborder explain office.pcap --flow 1:wCb3OG7yAFWelaUydu0D+125CLM=
    """
    from crossborder.engine.tshark import explain as dissect

    for line in dissect(file, community_id, seed, packets):
        click.echo(line)
