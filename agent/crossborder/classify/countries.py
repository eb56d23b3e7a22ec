"""The countries that are: ISO 3166 codes, and what the pseudo codes of databases come to."""

from __future__ import annotations

from typing import TYPE_CHECKING

from crossborder.errors import CrossborderError
from crossborder.model import UNKNOWN_COUNTRY

if TYPE_CHECKING:
    from pathlib import Path

FILE = "iso3166.tab"
_SYNONYMS = {"UK": "GB"}  # exceptionally reserved, used by some registries' data
_USER_ASSIGNED = {"XK": "Kosovo"}  # no ISO code, but every database and the EU use this one


class Countries:
    """Code → name. Immutable."""

    def __init__(self, names: dict[str, str]) -> None:
        """Take ISO 3166 alpha-2 codes and names; XK is added."""
        self._names = names | _USER_ASSIGNED

    @classmethod
    def read(cls, folder: Path) -> Countries:
        """Read the table that is shipped in the folder of country data; raises CrossborderError."""
        path = folder / FILE
        try:
            lines = path.read_text(encoding="utf-8").splitlines()
        except (OSError, UnicodeDecodeError) as error:
            raise CrossborderError.at(path, f"cannot be read: {error}") from None
        return cls(dict(line.split("\t")[:2] for line in lines if "\t" in line and not line.startswith("#")))

    def __contains__(self, code: object) -> bool:
        """Tell whether a code is a country's, in capitals; ZZ is not."""
        return code in self._names

    @property
    def codes(self) -> frozenset[str]:
        """Return every country's code."""
        return frozenset(self._names)

    def __len__(self) -> int:
        """Return the number of countries."""
        return len(self._names)

    def name(self, code: str) -> str:
        """Return a country's English name; of what is no country the code itself."""
        return self._names.get(code, code)

    def settle(self, code: str | None) -> str:
        """Return the ISO code that a database means; ZZ for EU, AP, ??, A1, CS and whatever else is no country."""
        if code is None:
            return UNKNOWN_COUNTRY
        code = _SYNONYMS.get(code, code)
        return code if code in self._names else UNKNOWN_COUNTRY
