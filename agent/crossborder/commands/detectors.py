"""`crossborder detectors`: what content is searched for, on what ground, and whether it is found."""

from __future__ import annotations

import json
from pathlib import Path
from typing import TYPE_CHECKING, Any, BinaryIO

import click

from crossborder.commands.options import config_option, paths_argument, tell_verdicts

if TYPE_CHECKING:
    from crossborder.engine.detectors import Detector
    from crossborder.engine.portable.search import Detection, Found
    from crossborder.engine.vectors import Outcome

COLOURS = {"sensitive": "red", "bank": "red", "secrecy": "red", "secret": "red", "basic": "yellow"}
SHOWN = 70  # characters of a vector


@click.group()
def detectors() -> None:
    """List, test and try detectors: what is searched for in what leaves the country in the clear."""


@detectors.command("list")
@paths_argument
@config_option
@click.option("--json", "as_json", is_flag=True, help="One JSON object a line.")
def list_detectors(paths: tuple[Path, ...], config_path: Path | None, as_json: bool) -> None:
    """List the detectors in use: what each finds, how well its format is known, the law that names such data.

    PATHS are files or folders of detectors; without any, those of the configuration, else the shipped ones.

    \b
    crossborder detectors list                   what the agent would look for
    crossborder detectors list --json | jq .id   for programs
    """
    for detector in _detectors(paths, config_path):
        click.echo(json.dumps(_described(detector), ensure_ascii=False) if as_json else _row(detector))


def _described(detector: Detector) -> dict[str, Any]:
    told = ("id", "title", "title_vi", "finds", "law", "source", "evidence", "items", "labels", "scores", "person")
    return {key: value for key, value in detector.model_dump(mode="json").items() if key in told}


def _row(detector: Detector) -> str:
    finds = click.style(f"{detector.finds:9}", fg=COLOURS.get(detector.finds))
    return f"{detector.id:26} {finds} {detector.evidence or 'standard':9} {detector.law or '-':32} {detector.title}"


@detectors.command("test")
@paths_argument
@config_option
@click.option("--quiet", is_flag=True, help="Print failures only.")
def test_detectors(paths: tuple[Path, ...], config_path: Path | None, quiet: bool) -> None:
    """Run the vectors in the files: texts that must be found and texts that must not. Exit code 2 on a failure.

    \b
    crossborder detectors test                   the detectors in use
    crossborder detectors test my-detector.yaml  the one you are working on
    """
    from crossborder.engine.vectors import run_vectors

    outcomes = run_vectors(_detectors(paths, config_path))
    tell_verdicts([(outcome.ok, _verdict(outcome)) for outcome in outcomes], "texts", quiet=quiet)


def _verdict(outcome: Outcome) -> str:
    said = "must be found" if outcome.must_match else "must not be found"
    text = outcome.text if len(outcome.text) <= SHOWN else outcome.text[:SHOWN] + "…"
    return f"{'ok  ' if outcome.ok else 'FAIL'} {outcome.detector}: {said}: {text!r}"


@detectors.command("try")
@click.argument("file", type=click.File("rb"))
@config_option
@click.option(
    "-d",
    "--detector",
    "paths",
    multiple=True,
    type=click.Path(path_type=Path, exists=True),
    help="Look for this file or folder of detectors alone; may be given again.",
)
@click.option("--json", "as_json", is_flag=True, help="Print a JSON object.")
def try_detectors(file: BinaryIO, config_path: Path | None, paths: tuple[Path, ...], as_json: bool) -> None:
    """Show what is found in FILE (- for standard input), as a flow that carried it would report it.

    Values are masked and nothing is stored. The bytes are searched as they stand: archives are not opened.

    \b
    crossborder detectors try export.csv
    echo 'Số CCCD: 001099012345' | crossborder detectors try -
    crossborder detectors try -d my-detector.yaml sample.txt
    """
    from crossborder.engine.vectors import search_text

    found = search_text(file.read(), _detectors(paths, config_path))
    persons = {row["kind"]: len(row["hashes"]) for row in found.person_rows()}
    if as_json:
        rows = [{**row, "distinct": len(row["distinct"])} for row in found.detection_rows()]
        click.echo(json.dumps({"detections": rows, "persons": persons}, ensure_ascii=False))
        return
    click.echo("\n".join(_lines(found)) or "nothing was found")
    if persons:
        click.echo("persons, one a row: " + ", ".join(f"{kind} {count}" for kind, count in persons.items()))


def _lines(found: Found) -> list[str]:
    return [_line(name, one) for name, one in found.detections.items()]


def _line(name: str, one: Detection) -> str:
    counted = f"matches {one.matches}, distinct {len(one.distinct)}"
    return f"{name:26} {one.confidence:4.2f}  {counted}  {'  '.join(one.samples)}"


def _detectors(paths: tuple[Path, ...], config_path: Path | None) -> tuple[Detector, ...]:
    from crossborder import config
    from crossborder.engine.detectors import read_detectors
    from crossborder.parts import used_detectors

    return read_detectors(paths) if paths else used_detectors(config.read(config_path))
