"""A rule is told in words that need no Sigma."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

import pytest
from tests.match.conftest import rule_head

from crossborder.match.conditions import And, Node, Not, Op, Or, Test
from crossborder.match.describe import describe, sentence
from crossborder.match.reader import read_ruleset

if TYPE_CHECKING:
    from pathlib import Path

    from tests.match.conftest import Write

A = Test("source.port", Op.IS, (1,), shown="1")
B = Test("url.path", Op.CONTAINS, ("x", "y"), shown="x, y")
C = Test("local.owner", Op.EXISTS)


@pytest.mark.parametrize(
    ("tree", "words"),
    [
        (A, "source.port is 1"),
        (Not(A), "source.port is not 1"),
        (B, "url.path contains any of x, y"),
        (Not(B), "url.path does not contain any of x, y"),
        (And((A, Not(C))), "source.port is 1 and local.owner is not known"),
        (Or((A, And((B, C)))), "source.port is 1 or (url.path contains any of x, y and local.owner is known)"),
        (Not(Or((A, C))), "source.port is not 1 and local.owner is not known"),
        (Not(And((A, C))), "source.port is not 1 or local.owner is not known"),
        (
            And((A, Not(Or((B, C))))),
            "source.port is 1 and (url.path does not contain any of x, y and local.owner is not known)",
        ),
        (Not(Not(C)), "local.owner is known"),
    ],
)
def test_a_tree_in_words(tree: Node, words: str) -> None:
    """`not` stands with the test it denies; brackets stand where and and or meet."""
    assert sentence(tree) == words


@pytest.mark.parametrize("op", list(Op))
def test_every_operator_has_words_and_their_opposite(op: Op) -> None:
    """No operator is told by its code."""
    test = Test("source.port", op, (1,), shown="1")

    assert sentence(test) != sentence(Not(test))


def test_a_rule_in_words(write: Write, sets: Path) -> None:
    """All that `rules show` tells."""
    body = """\
        detection:
          big:
            source.bytes|gte: 1000000
          allowed:
            destination.geo.country_iso_code|expand: '%north%'
          condition: big and not allowed
        """
    path = write("abroad", body)
    rule = read_ruleset([path], [sets])["abroad"]

    told = describe(rule)

    assert (
        told.conditions
        == "source.bytes is at least 1000000 and destination.geo.country_iso_code is not any of %north% (3)"
    )
    assert told.legal == "165/2025/NĐ-CP, Article 12(5), category core"
    assert told.evidence == "verbatim: the legal text was read"
    assert (told.counting, told.misses, told.enabled) == ("", "What it does not see.", True)
    assert (told.place, told.sha256) == (f"{path}:1", rule.sha256)


def test_a_correlation_in_words(tmp_path: Path) -> None:
    """What is counted, how much of it, how long, and for whom."""
    path = tmp_path / "counted.yaml"
    uncited = rule_head(2, "counted").replace("evidence: verbatim\n", "")
    uncited = re.sub(r"legal: .*", "legal: {category: none}", uncited)
    path.write_text(
        rule_head(1, "base")
        + "detection:\n  it:\n    destination.port: 22\n  condition: it\n---\n"
        + uncited
        + "correlation:\n  type: value_sum\n  rules: base\n  group-by: [source.ip, local.system]\n  timespan: 1d\n"
        "  condition: {gte: 200000000, field: source.bytes}\n",
        encoding="utf-8",
    )

    told = describe(read_ruleset([path])["counted"])

    assert told.conditions == "destination.port is 22"
    assert told.counting == (
        "a finding when the sum of source.bytes that match within 1d come to at least 200,000,000, "
        "for each source.ip and local.system"
    )
    assert (told.legal, told.evidence) == ("no legal basis: a sign of danger", "")
