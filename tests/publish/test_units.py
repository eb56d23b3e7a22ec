"""Numbers as people read them."""

from __future__ import annotations

import pytest

from crossborder.publish.units import size_of, span_of


@pytest.mark.parametrize(
    ("count", "text"),
    [
        (0, "0 B"),
        (999, "999 B"),
        (1_000, "1.00 kB"),
        (9_994, "9.99 kB"),
        (9_995, "10.0 kB"),
        (99_949, "99.9 kB"),
        (99_950, "100 kB"),
        (999_499, "999 kB"),
        (999_500, "1.00 MB"),
        (1_234_567_890, "1.23 GB"),
        (5 * 10**15, "5.00 PB"),
        (12_345 * 10**15, "12345 PB"),
    ],
)
def test_sizes_have_three_digits(count: int, text: str) -> None:
    """SI units, three significant digits, never 1000 kB."""
    assert size_of(count) == text


@pytest.mark.parametrize(
    ("seconds", "text"),
    [
        (0, "0.0 s"),
        (12.34, "12.3 s"),
        (59.94, "59.9 s"),
        (59.96, "1 min 0 s"),
        (60, "1 min 0 s"),
        (3_599.6, "1 h 0 min"),
        (3_720, "1 h 2 min"),
        (86_400, "1 d 0 h"),
        (190_000, "2 d 4 h"),
    ],
)
def test_spans(seconds: float, text: str) -> None:
    """The two largest units."""
    assert span_of(seconds) == text
