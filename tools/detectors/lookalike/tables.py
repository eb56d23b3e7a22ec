"""Exports of other things: orders, logs, goods, sensors, telephones and places abroad."""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING, Final

from tools.detectors.digits import ean13, luhn_digit, number, some
from tools.detectors.exports import table

if TYPE_CHECKING:
    from collections.abc import Callable
    from random import Random


def _column(make: Callable[[Random], str]) -> Callable[[Random, int], str]:
    return lambda rng, count: table(rng, [make], count)


def in_turn(rng: Random, count: int) -> str:
    """Return orders numbered one after another, from a place that may look like anything."""
    size = rng.choice((9, 10, 11, 12, 13, 15, 16))
    first, step = int(some(rng, size - 3)) * 1000, rng.randrange(1, 8)
    numbers = iter(range(first, first + count * step, step))
    return table(rng, [lambda _: f"{next(numbers):0{size}}"], count)


def log(rng: Random, count: int) -> str:
    """Return lines of a log with times in seconds, milliseconds or microseconds."""
    at, lines = rng.randrange(1_500_000_000, 1_790_000_000), []
    unit = rng.choice((1, 1000, 10**6))
    for _ in range(count):
        at += rng.randrange(1, 90)
        stamp = at * unit + rng.randrange(unit)
        lines.append(
            f"{stamp} INFO req={number(rng, rng.choice((9, 10, 12)))} took {rng.uniform(0, 99):.4f} ms, {rng.uniform(90, 120):.4f} left\n"
        )
    return "".join(lines)


def dated(rng: Random) -> str:
    """Return an order number of letters, a date and a counter."""
    return f"{rng.choice(('DH', 'HD', 'PX', 'SO', 'TC'))}20{rng.randrange(20, 27)}{rng.randrange(1, 13):02}{rng.randrange(1, 29):02}{some(rng, 5)}"


def imei(rng: Random) -> str:
    """Return the number of a telephone set, with its Luhn digit."""
    body = "35" + some(rng, 12)
    return body + luhn_digit(body)


KINDS: Final[dict[str, Callable[[Random, int], str]]] = {
    **{f"orders of {size} digits": _column(partial(number, count=size)) for size in (9, 10, 12, 13, 16, 19)},
    **{f"orders of {size} digits, 0 among the first": _column(partial(some, count=size)) for size in (10, 11, 12, 16)},
    "orders that begin with 0": _column(lambda rng: "0" + some(rng, 9)),
    "orders of 12 digits that begin with 0": _column(lambda rng: "0" + some(rng, 11)),
    "cards' first digits": _column(lambda rng: "4" + some(rng, 15)),
    "orders in turn": in_turn,
    "logs": log,
    "orders by date": _column(dated),
    "goods": _column(lambda rng: ean13(rng, "893")),
    "books": _column(lambda rng: ean13(rng, "978604")),
    "telephone sets": _column(imei),
    "telephones in America": _column(lambda rng: f"+1{rng.randrange(201, 990)}{some(rng, 7)}"),
    "telephones in China": _column(lambda rng: f"861{some(rng, 10)}"),
    "telephones in Britain": _column(lambda rng: f"07{some(rng, 9)}"),
    "telephones in France": _column(
        lambda rng: rng.choice(("01", "02", "04", "06", "06", "06", "07", "07")) + some(rng, 8)
    ),
    "telephones in Thailand": _column(lambda rng: rng.choice(("06", "08", "08", "09", "09")) + some(rng, 8)),
    "telephones in Singapore": _column(lambda rng: f"65{rng.choice('689')}{some(rng, 7)}"),
    "hashes": _column(lambda rng: rng.randbytes(16).hex()),
    "addresses": _column(lambda rng: ".".join(str(rng.randrange(256)) for _ in range(4))),
    "places in Europe": _column(lambda rng: f"{rng.uniform(36, 60):.6f},{rng.uniform(0, 30):.6f}"),
    "places in Australia": _column(lambda rng: f"-{rng.uniform(12, 38):.6f},{rng.uniform(114, 150):.6f}"),
    "sensors": _column(lambda rng: f"{rng.uniform(15, 40):.{rng.choice((3, 4, 5))}f},{rng.uniform(95, 108):.5f}"),
    "numbers that are no numbers of anything": _column(lambda rng: f"{rng.gauss(0, 100):.6f},{rng.gauss(0, 100):.6f}"),
    "prices": _column(lambda rng: f"{rng.randrange(10**5, 10**9)}"),
    "plates of parts": _column(lambda rng: f"{rng.randrange(10, 100)}{rng.choice('ABCDEFGHIJKLMNOP')}-{some(rng, 5)}"),
}
