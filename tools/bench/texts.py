"""Makes the texts content search is measured on: the same bytes from the same seed, nobody's identifier in them."""

from __future__ import annotations

import json
import random
import re
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable

SEED = 20260126
_ENGLISH = re.findall(
    r"\w+",
    "lorem ipsum dolor sit amet consectetur adipiscing elit sed do eiusmod tempor incididunt ut labore et dolore magna "
    "aliqua enim minim veniam quis nostrud exercitation ullamco laboris nisi aliquip commodo consequat",
)
_VIETNAMESE = re.findall(
    r"\w+",
    "và của là có được trong cho không một những với các này khi đã về cũng như từ đến nhà nước công dân pháp luật "
    "kinh tế xã hội phát triển giáo dục môi trường quản lý thông tin doanh nghiệp hợp tác quốc tế",
)
_MIXED = {"english": 25, "vietnamese": 20, "page": 35, "log": 17, "table": 3}
"""Parts of a hundred of mixed cleartext: prose, pages, program logs, and some tables full of numbers."""


def _english(dice: random.Random) -> str:
    return " ".join(dice.choices(_ENGLISH, k=14)) + ".\n"


def _vietnamese(dice: random.Random) -> str:
    return " ".join(dice.choices(_VIETNAMESE, k=14)).capitalize() + ".\n"


def _page(dice: random.Random) -> str:
    """Return a line of HTML: classes, links, colours, a date and a time."""
    link = f'<a href="/item/{dice.randint(1, 99_999)}?page={dice.randint(1, 9)}">{_english(dice).strip()}</a>'
    style = f"color:#{dice.randrange(1 << 24):06x};width:{dice.randint(1, 100)}%"
    when = f"{dice.randint(1, 28)}/{dice.randint(1, 12)}/2026 {dice.randint(0, 23):02}:{dice.randint(0, 59):02}"
    return f'<div class="col-{dice.randint(1, 12)} p-4">{link}<span style="{style}">{when}</span></div>\n'


def _log(dice: random.Random) -> str:
    """Return a line of JSON: a time in milliseconds, a duration, a number, a trace of 32 hex digits."""
    said = {
        "ts": 1_769_389_200_000 + dice.randrange(10**9),
        "level": "info",
        "msg": _english(dice).strip(),
        "took": round(dice.random() * 100, 3),
        "item": dice.randrange(10**6),
        "trace": f"{dice.getrandbits(128):032x}",
    }
    return json.dumps(said) + "\n"


def _table(dice: random.Random) -> str:
    """Return a line of CSV with two numbers that could be somebody's by their length alone."""
    return f"{dice.choice(_ENGLISH)},{dice.randrange(10**11, 10**12)},{dice.randrange(10**9, 10**10)},{dice.random()}\n"


_LINES = {"english": _english, "vietnamese": _vietnamese, "page": _page, "log": _log, "table": _table}


def text(kind: str, size: int) -> bytes:
    """Return so many bytes of one kind, or of `mixed`: pieces of 64 KiB of all kinds in turn."""
    dice = random.Random(f"{SEED} {kind}")  # noqa: S311 - a benchmark
    if kind != "mixed":
        return _lines(_LINES[kind], dice, size)
    pieces = [_lines(_LINES[part], dice, size * share // 100) for part, share in _MIXED.items()]
    cut = [piece[at : at + (1 << 16)] for piece in pieces for at in range(0, len(piece), 1 << 16)]
    dice.shuffle(cut)
    return b"".join(cut)


def _lines(line: Callable[[random.Random], str], dice: random.Random, size: int) -> bytes:
    lines: list[bytes] = []
    length = 0
    while length < size:
        lines.append(line(dice).encode())
        length += len(lines[-1])
    return b"".join(lines)[:size]
