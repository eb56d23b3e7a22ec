"""The page: one HTML file with everything in it, for a screen, a phone and paper; it asks the network for nothing."""

from __future__ import annotations

from base64 import b64encode
from functools import cache
from hashlib import sha256
from pathlib import Path
from typing import TYPE_CHECKING, Any

import jinja2
from markupsafe import Markup

from crossborder.review.report import words
from crossborder.review.report.annex import annex
from crossborder.review.report.basis import FACES, font_face
from crossborder.review.report.charts.drawing import TONES
from crossborder.review.report.register import register
from crossborder.review.report.summary import summary
from crossborder.review.report.text import moment

if TYPE_CHECKING:
    from crossborder.review.report.sources import Sources
    from crossborder.review.report.text import Lang

_NEVER = "base-uri 'none'; form-action 'none'"
HERE = Path(__file__).resolve().parent


def page(given: Sources, lang: Lang) -> str:
    """Return the report as HTML."""
    style = _style()
    digest = b64encode(sha256(style.encode()).digest()).decode()
    values: dict[str, Any] = {
        "lang": lang,
        "policy": f"default-src 'none'; style-src 'sha256-{digest}'; font-src data:; {_NEVER}",
        "style": Markup(style),  # noqa: S704 - ours, and its digest stands in the policy
        "made": words.MADE_BY.to(lang, given.version, moment(given.survey.until, lang)),
        "s": summary(given, lang),
        "r": register(given, lang),
        "a": annex(given, lang),
        "w": _Words(lang),
    }
    return _template().render(values)


class _Words:
    """The texts of one language, by their names in `words`."""

    def __init__(self, lang: Lang) -> None:
        self._lang: Lang = lang

    def __getattr__(self, key: str) -> str:
        told: str = getattr(words, key).to(self._lang)
        return told


@cache
def _template() -> jinja2.Template:
    room = jinja2.Environment(
        loader=jinja2.FileSystemLoader(HERE),
        autoescape=True,
        undefined=jinja2.StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    room.filters["svg"] = Markup  # of charts alone: Vega has escaped what is in them
    return room.get_template("page.html")


@cache
def _style() -> str:
    tones = "".join(f".tone-{name} {{ background: {tone}; }}\n" for name, tone in TONES.items())
    faces = "\n".join(font_face(weight) for weight in FACES)
    return f"{faces}\n{(HERE / 'page.css').read_text(encoding='utf-8')}\n{tones}"
