"""The programs of other people that the kit starts: found, or named with the package that has them."""

from __future__ import annotations

import shutil
import sys
from typing import NoReturn

PACKAGES = {
    "prometheus": "prometheus",
    "promtool": "prometheus",
    "prometheus-alertmanager": "prometheus-alertmanager",
    "amtool": "prometheus-alertmanager",
}
"""Program → Debian's package."""


def program(name: str) -> str:
    """Return the path of a program; ends with exit code 2 when it is not installed."""
    return shutil.which(name) or _missing(name)


def all_here() -> None:
    """Look for everything the kit starts, before anything is started; ends with exit code 2 as `program` does."""
    for name in ("prometheus", "prometheus-alertmanager"):
        program(name)


def _missing(name: str) -> NoReturn:
    package = PACKAGES[name]
    print(
        f"{name} is not installed; Debian and Ubuntu have it in {package}: apt-get install {package}", file=sys.stderr
    )
    raise SystemExit(2)
