"""Exports: many records with values that nothing names, as CSV, as SQL and as lines of JSON."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Final

from tools.detectors import people
from tools.detectors.corpus import BULK, Example
from tools.detectors.digits import number, some

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence
    from random import Random

    from tools.detectors.corpus import Sizes

LEAST: Final = 50


def _point(rng: Random) -> str:
    latitude, longitude = rng.uniform(8.6, 23.3), rng.uniform(102.2, 109.4)
    places = rng.choice((5, 6, 7))
    return f"{latitude:.{places}f},{longitude:.{places}f}"


KINDS: Final[dict[str, Callable[[Random], str]]] = {
    "vn-personal-id": people.personal_id,
    "vn-tax-code": people.tax_code,
    "vn-mobile-phone": people.mobile,
    "vn-fixed-phone": people.fixed,
    "bank-card": people.card,
    "vn-domestic-card": people.domestic_card,
}
PAIRS: Final = (("vn-personal-id", "vn-mobile-phone"), ("vn-tax-code", "vn-fixed-phone"), ("bank-card", "vn-mobile-phone"),
                ("vn-tax-code", "vn-mobile-phone"), ("vn-personal-id", "vn-domestic-card"))  # fmt: skip
OTHERS: Final[tuple[Callable[[Random], str], ...]] = (
    lambda rng: f"20{rng.randrange(20, 27)}-{rng.randrange(1, 13):02}-{rng.randrange(1, 29):02}",
    lambda rng: str(rng.randrange(1, 900) * 1000),
    lambda rng: rng.choice(("A", "B", "C", "true", "false", "NULL", "x")),
    lambda rng: f"DH{rng.randrange(10**5, 10**6)}",
    lambda rng: f"{rng.uniform(0, 99):.2f}",
    lambda rng: number(rng, 7),
)


def examples(rng: Random, sizes: Sizes) -> Iterator[Example]:
    """Make exports of each kind, of pairs of kinds, and of points."""
    for _ in range(sizes.bulk):
        for detector in KINDS:
            yield _export(rng, (detector,))
        yield _points(rng)
    for _ in range(sizes.bulk // 4):
        for pair in PAIRS:
            yield _export(rng, pair)


def table(rng: Random, columns: Sequence[Callable[[Random], str]], count: int) -> str:
    """Return records of some columns among others that say nothing, in one of the ways programs write them."""
    others = rng.sample(OTHERS, rng.randrange(1, 4))
    places = [*columns, *others]
    rng.shuffle(places)
    rows = [[make(rng) for make in places] for _ in range(count)]
    numbered = rng.random() < 0.5
    return rng.choice((_csv, _sql, _json))(
        rng, [[str(at), *row] if numbered else row for at, row in enumerate(rows, 1)]
    )


def _csv(rng: Random, rows: list[list[str]]) -> str:
    comma, end = rng.choice((",", ";", "\t", "|")), rng.choice(("\n", "\r\n"))
    quote = rng.choice(("", "", '"'))
    head = comma.join(f"c{at}" for at in range(len(rows[0]))) + end if rng.random() < 0.5 else ""
    return head + "".join(comma.join(f"{quote}{value}{quote}" for value in row) + end for row in rows)


def _sql(rng: Random, rows: list[list[str]]) -> str:
    values = ["(" + ",".join(f"'{value}'" for value in row) + ")" for row in rows]
    if rng.random() < 0.5:
        return f"INSERT INTO t VALUES {','.join(values)};\n"
    return "".join(f"INSERT INTO t1 (a, b) VALUES {value};\n" for value in values)


def _json(rng: Random, rows: list[list[str]]) -> str:
    if rng.random() < 0.5:
        return "".join(json.dumps({f"f{at}": value for at, value in enumerate(row)}) + "\n" for row in rows)
    return json.dumps(rows)


def _export(rng: Random, detectors: tuple[str, ...]) -> Example:
    count = rng.randrange(LEAST + 10, LEAST * 3)
    text = table(rng, [KINDS[detector] for detector in detectors], count)
    return Example(text.encode(), dict.fromkeys(detectors, BULK), count, about="export")


def _points(rng: Random) -> Example:
    count = rng.randrange(LEAST + 10, LEAST * 3)
    points = [_point(rng) for _ in range(count)]
    way = rng.randrange(5)
    if way == 0:
        text = "".join(f"{at},{point}\n" for at, point in enumerate(points))
    elif way == 1:
        text = json.dumps({"coordinates": [[float(part) for part in reversed(point.split(","))] for point in points]})
    elif way == 2:
        text = "LINESTRING(" + ", ".join(" ".join(reversed(point.split(","))) for point in points) + ")"
    elif way == 3:
        pairs = (point.split(",") for point in points)
        text = "".join(f'<trkpt lat="{lat}" lon="{lon}"><ele>{some(rng, 2)}</ele></trkpt>\n' for lat, lon in pairs)
    else:
        pairs = (point.split(",") for point in points)
        text = "".join(f'{{"id":{at},"lat":{lat},"lng":{lon}}}\n' for at, (lat, lon) in enumerate(pairs))
    return Example(text.encode(), {"geographic-coordinates": BULK}, count, about="points")
