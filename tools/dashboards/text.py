"""What people read: every text is a pair, and a language takes one of the two."""

from __future__ import annotations

from typing import Literal, NamedTuple

Lang = Literal["en", "vi"]
LANGS: tuple[Lang, ...] = ("en", "vi")


class Text(NamedTuple):
    """One text in both languages."""

    en: str
    vi: str

    def to(self, lang: Lang) -> str:
        """Return it in one language."""
        return self.vi if lang == "vi" else self.en


class Said(NamedTuple):
    """What a panel says: its lasting key, title, description, and what stands there when there is nothing to show."""

    key: str
    title: Text
    about: Text
    empty: Text


def proper(name: str) -> Text:
    """Return a name that is the same in both languages: of a product, a protocol, a label."""
    return Text(name, name)
