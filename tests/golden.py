"""Golden files: compare with what people see, or write them anew with CROSSBORDER_UPDATE_GOLDEN=1."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from pathlib import Path


def assert_golden(got: str, path: Path) -> None:
    """Compare text with a golden file to the letter."""
    if os.environ.get("CROSSBORDER_UPDATE_GOLDEN"):
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(got, encoding="utf-8")
    assert path.is_file(), f"{path} is missing: write it with `make golden` and read it"
    assert got == path.read_text(encoding="utf-8")
