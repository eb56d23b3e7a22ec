"""`python -m tools.detectors`: makes the corpus, shows it to the shipped detectors, writes docs/DETECTORS.md."""

from __future__ import annotations

import argparse
import os
import sys
from pathlib import Path

from tools.detectors.corpus import FULL, SAMPLE, corpus
from tools.detectors.edges import edges
from tools.detectors.judge import judge_apart, shipped
from tools.detectors.page import fallen, page

PAGE = Path(__file__).resolve().parents[2] / "docs/DETECTORS.md"
SEED = 356


def read_arguments(words: list[str] | None = None) -> argparse.Namespace:
    """Read the command line."""
    parser = argparse.ArgumentParser(prog="make detectors ARGS=...", description=__doc__)
    parser.add_argument("--seed", type=int, default=SEED, help="another corpus of the same kinds")
    parser.add_argument("--short", action="store_true", help="a small corpus; the page is not written")
    parser.add_argument("--jobs", type=int, default=os.cpu_count() or 1, help="processes")
    parser.add_argument("--show", metavar="DETECTOR", help="print texts it missed and texts it was wrong about")
    parser.add_argument(
        "--output", type=Path, help="write the page here; default: docs/DETECTORS.md, with the usual seed"
    )
    return parser.parse_args(words)


def main() -> int:
    """Measure; the exit code is 1 where a floor does not hold."""
    words = read_arguments()
    verdict = judge_apart(list(corpus(words.seed, SAMPLE if words.short else FULL)), words.jobs)
    written = page(PAGE.read_text(encoding="utf-8"), shipped(), verdict, edges(words.seed), words.seed)
    usual = words.seed == SEED and not words.short
    output = words.output or (PAGE if usual else None)
    if output:
        output.write_text(written, encoding="utf-8")
    print(written[written.index("## Measured") :])
    for title, texts in (("missed", verdict.missed), ("wrong", verdict.alarmed)):
        for text in texts.get(words.show, [])[:40]:
            print(f"{title}: {text[:300].decode(errors='replace')}")
    for name, form in fallen(verdict):
        print(f"{name}, {form}: the floors do not hold", file=sys.stderr)
    return 1 if fallen(verdict) else 0


if __name__ == "__main__":
    sys.exit(main())
