"""Numbers as people read them."""

from __future__ import annotations

_SIZES = ("B", "kB", "MB", "GB", "TB", "PB")


def size_of(count: int) -> str:
    """Return a count of bytes with three significant digits and a decimal (SI) unit, as network people count."""
    value = float(count)
    for unit in _SIZES[:-1]:
        if value < 999.5:
            return f"{count} B" if unit == "B" else f"{value:.{_decimals(value)}f} {unit}"
        value /= 1000
    return f"{value:.{_decimals(value)}f} {_SIZES[-1]}"


def span_of(seconds: float) -> str:
    """Return a duration: 12.3 s, 4 min 5 s, 3 h 12 min, 2 d 4 h."""
    if seconds < 59.95:
        return f"{seconds:.1f} s"
    whole = round(seconds)
    if whole < 3600:
        return f"{whole // 60} min {whole % 60} s"
    if whole < 86_400:
        return f"{whole // 3600} h {whole % 3600 // 60} min"
    return f"{whole // 86_400} d {whole % 86_400 // 3600} h"


def _decimals(value: float) -> int:
    return 2 if value < 9.995 else 1 if value < 99.95 else 0
