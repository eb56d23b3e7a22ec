"""The section on content: how fast detectors read a text, and what they cost the whole agent."""

from __future__ import annotations

import time
from dataclasses import replace
from typing import TYPE_CHECKING

from tools.bench import texts
from tools.bench.live import is_short
from tools.bench.ours import whole_agent
from tools.bench.race import Race, trusted_clock
from tools.bench.ruleset import with_content
from tools.bench.table import Floor, Section

from crossborder.config import Config
from crossborder.parts import used_detectors

if TYPE_CHECKING:
    from crossborder_native import ContentSearch
    from tools.bench.setting import Setting

_SIZE = 16 << 20
_ROUNDS = 5
_SEARCHED = "whole agent, with all detectors"
_KINDS = {
    "english": "letters only: nothing can match",
    "vietnamese": "letters with diacritics: nothing can match",
    "page": "HTML: short numbers, dates",
    "log": "JSON: times, hex, numbers",
    "table": "CSV: two numbers of ten and twelve digits a line",
    "mixed": "all of these, in pieces",
}


def searching(setting: Setting) -> Section:
    """Measure every shipped detector at once over texts, and a replay of real traffic with and without them."""
    lead = (
        "Every shipped detector at once, over texts in memory, on one core; and the whole agent with them and without."
    )
    if setting.engine != "native":
        return Section("Content", lead, notes=["Not measured: only the native engine is made for it."])
    size = _SIZE // 16 if is_short(setting) else _SIZE
    speeds = {kind: _speed(texts.text(kind, size)) for kind in _KINDS}
    slower = _slower(setting)
    rows = [[kind, what, f"{speeds[kind]:.2f} GB/s"] for kind, what in _KINDS.items()]
    return Section(
        "Content",
        lead,
        ["text", "", "searched"],
        [*rows, ["whole agent, few long flows", "time with all detectors, times without", f"{slower:.2f}"]],
        [
            Floor("mixed cleartext", 1, speeds["mixed"], " GB/s"),
            Floor("letters only", 3, speeds["english"], " GB/s"),
            Floor("whole agent, with all detectors, times without", 1.3, slower, sense="at most"),
        ],
    )


def _speed(text: bytes) -> float:
    """Return gigabytes a second of processor time, of the best of several passes."""
    import crossborder_native

    detectors = [detector.search for detector in used_detectors(Config())]
    search = crossborder_native.ContentSearch(detectors, bytes(32), 1 << 40)
    best = min(_pass(search, text) for _ in range(_ROUNDS))
    return len(text) / best / 1e9


def _pass(search: ContentSearch, text: bytes) -> float:
    begin = time.process_time()
    search.search(text)
    return time.process_time() - begin


def _slower(setting: Setting) -> float:
    """Return the time of the whole agent with detectors, as a multiple of that without.

    Compiling detectors and loading what counts persons is part of a start, which has a floor of its own.
    """
    config = with_content(setting.config)
    without, searched = whole_agent(setting.engine, setting.config), whole_agent(setting.engine, config)
    race = Race(setting.captures, setting.captures.longer(), setting.cores, setting.rounds)
    results = race.run([without, replace(searched, name=_SEARCHED)])
    clock = trusted_clock(results)
    return results[_SEARCHED].seconds(clock) / results[without.name].seconds(clock)
