"""Writes what was measured under what people wrote by hand in docs/DETECTORS.md."""

from __future__ import annotations

from itertools import groupby
from typing import TYPE_CHECKING, Final

from tools.bench.table import table

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from tools.detectors.edges import Edge
    from tools.detectors.judge import Verdict

    from crossborder.engine.detectors import Detector

MARK: Final = "<!-- Below this line `make detectors` writes. -->"
PRECISION, RECALL = 0.99, 0.95
"""The floors of every form."""
FORMS: Final = ("labelled", "check digit", "by itself", "in bulk")


def page(above: str, detectors: Sequence[Detector], verdict: Verdict, edges: Sequence[Edge], seed: int) -> str:
    """Return the page: what stood above the mark, the detectors, what was measured, and what happens at the edges."""
    kept = above.partition(MARK)[0].rstrip()
    parts = [kept, MARK, *described(detectors), *_measured(verdict, seed), *_wrong(verdict), *_edges(edges)]
    return "\n\n".join(part.strip() for part in parts) + "\n"


def described(detectors: Sequence[Detector]) -> Iterator[str]:
    """Yield what each detector finds, on what ground, and how sure it is."""
    yield "## The detectors"
    yield (
        "*Format known* is how well the format is known (`technical standard`: by a public one); *law* is what makes it such "
        "data, empty where no confirmed text does. Scores: behind a label, by itself, as one of many; from 0.5 on a match is told. "
        "*Person*: of several values in one row, the one with the lowest number names the person."
    )
    columns = ["detector", "finds", "", "law", "items", "format known", "label", "itself", "bulk", "person"]
    yield table(columns, [_row(detector) for detector in sorted(detectors, key=lambda one: (one.finds, one.id))])


def _row(detector: Detector) -> list[str]:
    search = detector.search
    scores = [f"{score:g}" if score else "" for score in search.scores]
    if detector.scores.labelled and not detector.scores.bare:
        scores[:2] = [f"{detector.scores.labelled:g}", ""]
    ground = [detector.law, " ".join(detector.items), detector.evidence or "technical standard"]
    return [f"`{detector.id}`", detector.title, detector.finds, *ground, *scores, str(detector.person or "")]


def _measured(verdict: Verdict, seed: int) -> Iterator[str]:
    yield "## Measured"
    yield (
        f"Seed {seed}: {verdict.positive:,} texts that hold values and {verdict.negative:,} that hold none. "
        f"Every text went through {verdict.engines}. "
        f"Floors, of every form: precision {PRECISION:g}, recall {RECALL:g}; "
        f"{'all hold' if not fallen(verdict) else 'not all hold'}."
    )
    yield (
        "An export (*in bulk*, 60 to 150 records without a label) counts as told when 95 % of its values are. False alarms are all "
        "texts of the whole corpus without such a value in which one was told: of exports for *in bulk*, of short texts for the "
        "other forms, and against each form in full."
    )
    columns = ["detector", "form", "texts", "told", "recall", "false alarms", "precision", ""]
    rows = [
        [f"`{name}`", form, f"{count.texts:,}", f"{count.told:,}", f"{count.recall:.4f}", str(count.false),
         f"{count.precision:.4f}", "holds" if (name, form) not in fallen(verdict) else "**fails**"]
        for (name, form), count in sorted(verdict.counts.items(), key=lambda one: (one[0][0], FORMS.index(one[0][1])))
    ]  # fmt: skip
    yield table(columns, rows)


def fallen(verdict: Verdict) -> list[tuple[str, str]]:
    """Return the detectors and forms whose floors do not hold."""
    return [key for key, one in verdict.counts.items() if one.precision < PRECISION or one.recall < RECALL]


def _wrong(verdict: Verdict) -> Iterator[str]:
    yield "### What set them off"
    yield "Texts in which a value was told that was not there, by what they were (*labelled*, *record*, *export*: of other values)."
    alarms = sorted((name, -count, about) for (name, about), count in verdict.false.items())
    yield table(
        ["detector", "in"],
        [
            [f"`{name}`", ", ".join(f"{about} {-count}" for _, count, about in group)]
            for name, group in groupby(alarms, key=lambda one: one[0])
        ],
    )


def _edges(edges: Sequence[Edge]) -> Iterator[str]:
    yield "## At the edges"
    yield (
        "Texts made to be read wrongly, and values written so that they are hard to find. No floor is set for them: how common they are "
        "in traffic nobody knows. They are not in the figures above."
    )
    for wrong, title in ((True, "What holds no such value, and is told"), (False, "What holds a value, and is told")):
        rows = [
            [edge.about, edge.example, f"{edge.texts}", f"{edge.told / edge.texts:.0%}"]
            for edge in edges
            if edge.wrong == wrong
        ]
        yield f"### {title}"
        yield table(["texts", "for example", "number", "told"], rows)
