"""`crossborder init`: a commented configuration, or the JSON Schema that editors read."""

from __future__ import annotations

import json

import click


@click.command()
@click.option("--schema", is_flag=True, help="Print the configuration's JSON Schema instead, for your editor.")
def init(*, schema: bool) -> None:
    """Write a commented configuration to standard output.

    \b
    crossborder init > crossborder.yaml
    crossborder init --schema > crossborder.schema.json
    """
    from crossborder.config import Config
    from crossborder.configtext import commented

    click.echo(json.dumps(Config.model_json_schema(), indent=2) if schema else commented(Config), nl=schema)
