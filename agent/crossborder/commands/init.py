"""`crossborder init`: a commented configuration, or the JSON Schema that editors read."""

from __future__ import annotations

import json
from pathlib import Path

import click


@click.command()
@click.argument("file", required=False, type=click.Path(path_type=Path, dir_okay=False))
@click.option("--schema", is_flag=True, help="Write the configuration's JSON Schema instead, for your editor.")
def init(file: Path | None, schema: bool) -> None:
    """Write a commented configuration to FILE, or to standard output. A file that is there is left alone.

    \b
    crossborder init crossborder.yaml
    crossborder init --schema crossborder.schema.json
    """
    from crossborder.config import Config
    from crossborder.configtext import commented
    from crossborder.errors import CrossborderError

    text = json.dumps(Config.model_json_schema(), indent=2) + "\n" if schema else commented(Config)
    if file is None:
        click.echo(text, nl=False)
        return
    try:
        with file.open("x", encoding="utf-8") as new:
            new.write(text)
    except OSError as error:
        raise CrossborderError.at(file, f"cannot be written: {error.strerror or error}") from None
