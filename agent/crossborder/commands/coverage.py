"""`crossborder rules coverage`: item by item, what the pack does for Decision 20/2025 and what it does not."""

from __future__ import annotations

import json
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal

import click

from crossborder.commands.options import config_option

if TYPE_CHECKING:
    from collections.abc import Iterator

    from crossborder.config import Config
    from crossborder.match.catalog import Band, Item, Missing
    from crossborder.match.coverage import Coverage, Line, Traffic
    from crossborder.match.ruleset import Evidence

Lang = Literal["vi", "en"]
SECTIONS = ("core", "important")
WHAT = 2  # the column that folds; those after it are numbers

WORDS: dict[Lang, dict[str, str]] = {
    "en": {
        "headings": "Item|Evidence|What it is, and what there is|Flows|Out",
        "core": "Section I, core data",
        "important": "Section II, important data",
        "band": "{0} from {1:,} citizens ({2})",
        "no_band": "{0}: bound not known",
        "basic": "basic data",
        "sensitive": "sensitive data",
        "bank": "bank data",
        "rules": "rules: {0}",
        "none": "no rule",
        "detectors": "detectors: {0}",
        "systems": "systems: {0}",
        "unknown": "not known: wording",
        "missing": "not known: number and wording",
        "at_least": "at least {0} of {1} other lines",
        "covered": "{0} of the {1} entries known have a rule.",
        "not_covered": "Not covered: {0}; and at least {1} lines of section II, number and wording not known.",
        "reconstructed": "",
        "bare": "Tagged with a class and no item of it: {0}.",
        "tags": "A rule sees what the assets file tags: of a system without a tag it knows nothing.",
    },
    "vi": {
        "headings": "Mục|Căn cứ|Là gì, và đã có gì|Luồng|Ra",
        "core": "Mục I, dữ liệu cốt lõi",
        "important": "Mục II, dữ liệu quan trọng",
        "band": "{0} từ {1:,} công dân ({2})",
        "no_band": "{0}: chưa biết ngưỡng",
        "basic": "dữ liệu cơ bản",
        "sensitive": "dữ liệu nhạy cảm",
        "bank": "dữ liệu ngân hàng",
        "rules": "quy tắc: {0}",
        "none": "không có quy tắc",
        "detectors": "bộ dò: {0}",
        "systems": "hệ thống: {0}",
        "unknown": "chưa biết: nội dung",
        "missing": "chưa biết: số mục và nội dung",
        "at_least": "ít nhất {0} trong {1} dòng khác",
        "covered": "{0} trên {1} mục đã biết có quy tắc.",
        "not_covered": "Chưa bao phủ: {0}; và ít nhất {1} dòng của mục II chưa biết số mục lẫn nội dung.",
        "reconstructed": "(*) Tên mục được dịch ngược từ nguồn thứ cấp, không phải nguyên văn: {0}.",
        "bare": "Gắn nhãn loại mà không nêu mục: {0}.",
        "tags": "Quy tắc chỉ thấy những gì tệp tài sản gắn nhãn: hệ thống không có nhãn thì không biết gì.",
    },
}
GRADES: dict[Lang, dict[str, str]] = {
    "en": {},
    "vi": {"verbatim": "nguyên văn", "ocr": "OCR", "secondary": "thứ cấp", "unverified": "chưa kiểm chứng"},
}


@click.command("coverage")
@config_option
@click.option("--flows", type=click.Path(path_type=Path), help="Flows recorded by replay --flows, .parquet or .jsonl.")
@click.option(
    "--events", type=click.Path(path_type=Path), help="Event file instead: it knows only flows with findings."
)
@click.option("--lang", type=click.Choice(["en", "vi"]), default="en", help="Language of headings and items.")
@click.option("--json", "as_json", is_flag=True, help="Print a JSON object.")
def show_coverage(config_path: Path | None, flows: Path | None, events: Path | None, lang: Lang, as_json: bool) -> None:
    """Show item by item of Decision 20/2025/QĐ-TTg what is there: rules, detectors, tagged systems, traffic.

    What is not known of the list says so. A rule counts for an item when it cites it, or when a flow of a system tagged
    with it can match and one of a system without a tag cannot.

    \b
    crossborder rules coverage -c crossborder.yaml
    crossborder rules coverage -c crossborder.yaml --flows week.parquet --lang vi
    """
    if flows and events:
        raise click.UsageError("--flows and --events exclude each other.")
    from crossborder import config

    found = _coverage(config.read(config_path), flows or events)
    if as_json:
        click.echo(json.dumps(_object(found), ensure_ascii=False, indent=2))
        return
    _print_table(found, lang)
    for sentence in sentences(found, lang):
        click.echo(sentence)


def _coverage(settings: Config, recorded: Path | None) -> Coverage:
    from crossborder.config import data_folder
    from crossborder.match.catalog import Catalog
    from crossborder.match.coverage import coverage, detector_items, traffic_of
    from crossborder.parts import catalog_path, read_assets, read_rules

    catalog = Catalog.read(catalog_path())
    detectors = detector_items([data_folder("rules") / "detectors", *settings.capture.detectors], catalog)
    systems = {system.name: system.categories for system in read_assets(settings).systems}
    traffic = traffic_of(recorded, catalog) if recorded else None
    return coverage(catalog, read_rules(settings), systems, detectors, traffic)


def _print_table(found: Coverage, lang: Lang) -> None:
    from rich.box import SIMPLE_HEAD
    from rich.console import Console
    from rich.table import Table
    from rich.text import Text

    table = Table(box=SIMPLE_HEAD, padding=(0, 1, 0, 0), header_style="dim")
    for at, heading in enumerate(WORDS[lang]["headings"].split("|")):
        table.add_column(heading, justify="right" if at > WHAT else "left", overflow="fold", no_wrap=at != WHAT)
    for section in SECTIONS:
        table.add_row(Text(), Text(), Text(WORDS[lang][section], style="bold"), Text(), Text())
        for cells in _rows(found, section, lang):
            table.add_row(*map(Text, cells))
        table.add_section()
    Console().print(table, highlight=False)


def _rows(found: Coverage, section: str, lang: Lang) -> Iterator[tuple[str, ...]]:
    for line in found.lines:
        if line.item.category == section:
            yield (
                line.item.name,
                _grade(line.item.evidence, lang),
                "\n".join(_told(line, lang)),
                *_traffic_cells(line.traffic),
            )
    for missing in found.catalog.missing:
        if missing.category == section:
            count = WORDS[lang]["at_least"].format(missing.at_least, missing.of)
            yield "?", "-", f"{count}\n{WORDS[lang]['missing']}", "-", "-"


def _grade(evidence: Evidence, lang: Lang) -> str:
    return GRADES[lang].get(evidence, evidence)


def _bands(item: Item, lang: Lang) -> Iterator[str]:
    words = WORDS[lang]
    for band in item.bands:
        yield words["band"].format(words[band.kind], band.citizens, _grade(band.evidence, lang))
    for kind in item.unknown_bands:
        yield words["no_band"].format(words[kind])


def _told(line: Line, lang: Lang) -> Iterator[str]:
    words, item = WORDS[lang], line.item
    mark = " (*)" if lang == "vi" and item.reconstructed else ""
    yield f"{(item.vi if lang == 'vi' else item.en) or words['unknown']}{mark}"
    if item.threshold == "bands":
        yield "; ".join(_bands(item, lang))
    yield words["rules"].format(", ".join(line.rules)) if line.rules else words["none"]
    for key, names in (("detectors", line.detectors), ("systems", line.systems)):
        if names:
            yield words[key].format(", ".join(names))


def _traffic_cells(traffic: Traffic | None) -> tuple[str, str]:
    from crossborder.publish.units import size_of

    return ("-", "-") if traffic is None else (f"{traffic.flows:,}", size_of(traffic.bytes))


def sentences(found: Coverage, lang: Lang) -> Iterator[str]:
    """Yield what a table does not tell: how much is covered, what is not, and what no table could know."""
    words = WORDS[lang]
    known = [line for line in found.lines if line.item.evidence != "unverified"]
    yield words["covered"].format(sum(bool(line.rules) for line in known), len(known))
    lacking = ", ".join(line.item.id for line in found.uncovered) or "-"
    yield words["not_covered"].format(lacking, sum(missing.at_least for missing in found.catalog.missing))
    if words["reconstructed"]:
        yield words["reconstructed"].format(", ".join(line.item.id for line in known if line.item.reconstructed))
    if found.bare:
        yield words["bare"].format(", ".join(found.bare))
    yield words["tags"]


def _object(found: Coverage) -> dict[str, Any]:
    return {
        "instrument": found.catalog.instrument,
        "counted_since": found.catalog.counted_since.isoformat(),
        "items": [_line_object(line) for line in found.lines],
        "missing": [_missing_object(missing) for missing in found.catalog.missing],
        "systems_without_item": list(found.bare),
        "not_covered": " ".join(sentences(found, "en")),
    }


def _line_object(line: Line) -> dict[str, Any]:
    item = line.item
    return {
        "id": item.id,
        "number": item.name if item.numbers else None,
        "vi": item.vi,
        "en": item.en,
        "known": item.evidence != "unverified",
        "reconstructed": item.reconstructed,
        "holder": item.holder,
        "threshold": item.threshold,
        "bands": [_band_object(band) for band in item.bands],
        "unknown_bands": list(item.unknown_bands),
        "evidence": item.evidence,
        "rules": list(line.rules),
        "detectors": list(line.detectors),
        "systems": list(line.systems),
        "flows": line.traffic.flows if line.traffic else None,
        "bytes": line.traffic.bytes if line.traffic else None,
    }


def _band_object(band: Band) -> dict[str, Any]:
    return {"kind": band.kind, "citizens": band.citizens, "evidence": band.evidence}


def _missing_object(missing: Missing) -> dict[str, Any]:
    known = {"number": None, "vi": None, "en": None, "known": False}
    return {"category": missing.category, "at_least": missing.at_least, "of": missing.of, **known}
