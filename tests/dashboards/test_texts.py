"""Every text is there in both languages, and says something in each."""

from __future__ import annotations

import pkgutil
import unicodedata
from importlib import import_module
from itertools import chain

import pytest
from tools.dashboards import texts, words
from tools.dashboards.text import Said, Text
from tools.dashboards.words import Word

PROPER = {"FIN", "RST", "SHA-256"}
MODULES = [import_module(f"tools.dashboards.texts.{found.name}") for found in pkgutil.iter_modules(texts.__path__)]


def _texts() -> list[Text]:
    found = [value for module in MODULES for value in vars(module).values() if isinstance(value, Said | Text)]
    said = [text for one in found for text in ((one.title, one.about, one.empty) if isinstance(one, Said) else (one,))]
    sets = [value for value in vars(words).values() if isinstance(value, dict)]
    told = [word.text for word in chain.from_iterable(one.values() for one in sets) if isinstance(word, Word)]
    return [*said, *told]


TEXTS = _texts()


def test_there_are_texts() -> None:
    """So that the tests below are about something."""
    assert len(TEXTS) > 300


@pytest.mark.parametrize("text", sorted(set(TEXTS)), ids=lambda text: text.en[:40])
def test_a_text_says_something_in_both_languages(text: Text) -> None:
    """Neither is empty; they are equal in proper names only; Vietnamese is composed, as search wants it."""
    assert text.en.strip()
    assert text.vi.strip()
    assert (text.en == text.vi) == (text.en in PROPER)
    assert text.vi == unicodedata.normalize("NFC", text.vi)


def test_keys_of_panels_are_used_once() -> None:
    """A panel's id is made of its key."""
    keys = [value.key for module in MODULES for value in vars(module).values() if isinstance(value, Said)]

    assert len(keys) == len(set(keys))
