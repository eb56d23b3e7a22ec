"""What content is searched for while the agent runs: detectors and registers as they are by now, under one key."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING

from crossborder.engine import open_engine
from crossborder.engine.compiling import placed
from crossborder.engine.detectors import Searching
from crossborder.errors import CrossborderError

if TYPE_CHECKING:
    from crossborder.engine import Engine, EngineConfig, EngineName
    from crossborder.parts import Parts


def searching(parts: Parts) -> Searching | None:
    """Return what content is searched for; without a key of the operator's, values are told apart for this run only."""
    searches = tuple(detector.search for detector in parts.detectors)
    key = parts.key.secret if parts.key else os.urandom(32)
    content = parts.settings.content
    searching = Searching(searches, key, content.limit, parts.registers, content.depth, content.codings)
    return searching if searches else None


class Search:
    """What an engine searches for, from its start on."""

    def __init__(self, parts: Parts, begun: Searching | None) -> None:
        """Begin with what these parts search for."""
        self._parts = parts
        self._searching = begun
        self._secret = begun.key if begun else os.urandom(32)

    def open(self, name: EngineName, config: EngineConfig) -> Engine:
        """Open an engine; raises CrossborderError, for detectors that do not compile with their lines."""
        try:
            return open_engine(name, config)
        except CrossborderError as error:
            raise placed(error, self._parts.detectors) from None

    def follow(self, parts: Parts, engine: Engine) -> None:
        """Have the engine search for what these parts say; raises CrossborderError, and nothing has changed.

        Values are told apart under the key of the start: under another, everybody would be counted once more.
        """
        if parts.key != self._parts.key:
            message = "another key than the agent began with, under which it counts: start it anew to use this one"
            raise CrossborderError(parts.settings.fault(message, "state", "key"))
        wanted = searching(parts)
        wanted = wanted and wanted._replace(key=self._secret)
        if wanted != self._searching:
            try:
                engine.set_searching(wanted)
            except CrossborderError as error:
                raise placed(error, parts.detectors) from None
            self._searching = wanted
