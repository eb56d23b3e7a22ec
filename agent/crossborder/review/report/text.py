"""Texts in pairs, and names and numbers as readers of each language write them."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Literal, NamedTuple
from unicodedata import normalize

from crossborder.match.permits import VIETNAM
from crossborder.publish.units import size_of
from crossborder.telemetry import printable

Lang = Literal["en", "vi"]
LANGS: tuple[Lang, ...] = ("vi", "en")
DASH = "\u2013"
"""Stands where there is nothing to tell, and between two bounds."""
LONGEST = 60
"""Characters of a name that a table or chart shows."""


class Text(NamedTuple):
    """One text in both languages; may hold places for values, as str.format knows them."""

    en: str
    vi: str

    def to(self, lang: Lang, *values: object) -> str:
        """Return it in one language, with values in their places."""
        text = self.vi if lang == "vi" else self.en
        return text.format(*values) if values else text


def name(text: object, longest: int = LONGEST) -> str:
    """Return a name from the wire or a file as it may be shown: nothing that moves or hides, nothing endless."""
    shown = printable(normalize("NFC", str(text)))
    return shown if len(shown) <= longest else f"{shown[: longest - 1]}…"


def count(number: float, lang: Lang) -> str:
    """Return a whole number, thousands apart."""
    return _marks(f"{round(number):,}", lang)


def size(number: float, lang: Lang) -> str:
    """Return a count of bytes with a decimal unit."""
    return _marks(size_of(round(number)), lang).replace(" ", "\u00a0")


def share(part: float, lang: Lang) -> str:
    """Return a part of a whole, 0 to 1, as percent; what is little is not told as nothing, nor most as all."""
    percent = 100 * part
    if 0 < percent < 0.1:
        return f"< {_marks('0.1', lang)}\u00a0%"
    if 99.9 < percent < 100:
        return f"> {_marks('99.9', lang)}\u00a0%"
    whole = percent in {0, 100} or 10 <= percent < 99
    return f"{_marks(f'{percent:.0f}' if whole else f'{percent:.1f}', lang)}\u00a0%"


def day(at: datetime, lang: Lang) -> str:
    """Return a day in Viet Nam."""
    return f"{at.astimezone(VIETNAM):{'%d/%m/%Y' if lang == 'vi' else '%-d %B %Y'}}"


def moment(at: datetime, lang: Lang) -> str:
    """Return a time in Viet Nam, to the minute."""
    return f"{day(at, lang)} {at.astimezone(VIETNAM):%H:%M}"


def of_ns(time_ns: int) -> datetime:
    """Return a time that is told in nanoseconds since 1970 UTC."""
    return datetime.fromtimestamp(time_ns // 10**9, UTC)


def _marks(number: str, lang: Lang) -> str:
    return number.translate(str.maketrans(",.", ".,")) if lang == "vi" else number
