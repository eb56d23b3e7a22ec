"""`python -m tools.dashboards` writes every dashboard anew."""

from __future__ import annotations

from pathlib import Path

from tools.dashboards.boards import files

FOLDER = Path(__file__).resolve().parents[2] / "dashboards"
"""Where dashboards lie; JSON of nothing else may lie there."""


def main() -> None:
    """Write dashboards/NAME.LANGUAGE.json, and take away those that are no longer made."""
    made = files()
    for old in FOLDER.glob("*.json"):
        if old.name not in made:
            old.unlink()
    for name, text in made.items():
        (FOLDER / name).write_text(text, encoding="utf-8")
    print(f"{len(made)} dashboards in {FOLDER}")


if __name__ == "__main__":
    main()
