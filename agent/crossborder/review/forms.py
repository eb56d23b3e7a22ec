"""Which of the three forms of transfer a flow looks like: storage abroad, a recipient abroad, a platform abroad.

Law 91/2025/QH15, Article 20(1), of personal data (read verbatim); Law 60/2024/QH15, Article 23(2), of others (at second
hand). The services and protocols that tell are those of the rules that cite the points.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Literal

import polars as pl

from crossborder.match.compiler import truth
from crossborder.match.conditions import any_of, tests

if TYPE_CHECKING:
    from collections.abc import Iterator

    from crossborder.match.conditions import Test
    from crossborder.match.ruleset import Ruleset

Form = Literal["a", "b", "c", "unknown"]

OF_PERMITS: dict[str, Form] = {"storage-abroad": "a", "recipient-abroad": "b", "platform-abroad": "c"}
"""What permits call the forms → their points."""

_ARTICLES = (("91/2025/QH15", "20(1)"), ("60/2024/QH15", "23(2)"))
_SERVICE, _PROTOCOL = "destination.domain", "network.protocol"


def observed(ruleset: Ruleset) -> pl.Expr:
    """Return the form as service, protocol and opener show it, over columns of a crossing; null: nothing shows it.

    Whoever opens a connection from abroad is a recipient, whatever its name is. A service of storage or a platform is
    known by name; mail and file protocols reach somebody. What is sent over TLS to a server of no known service may be
    any of the three.
    """
    drawn = pl.col("initiator") == "remote"
    ways = (("b", drawn), *((form, _told(ruleset, form, field)) for form, field in _ASKED))
    return pl.coalesce(pl.when(told).then(pl.lit(form)) for form, told in ways)


_ASKED = (("a", _SERVICE), ("c", _SERVICE), ("b", _PROTOCOL))


def _told(ruleset: Ruleset, form: str, field: str) -> pl.Expr:
    """Return where a service or protocol is one that rules for a form name."""
    found = dict.fromkeys(_named(ruleset, form, field))
    return truth(any_of([*found])) if found else pl.lit(value=False)


def _named(ruleset: Ruleset, form: str, field: str) -> Iterator[Test]:
    for rule in ruleset.enabled:
        cited = (rule.legal.instrument, rule.legal.article)
        if cited in {(instrument, f"{article}({form})") for instrument, article in _ARTICLES}:
            yield from (test for test in tests(rule.tree) if test.field == field)
