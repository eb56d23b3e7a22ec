"""Tells at which lines detectors do not compile, before they are in force or when an engine refuses them."""

from __future__ import annotations

from typing import TYPE_CHECKING

from crossborder.engine import native_available
from crossborder.engine.detectors import Searching
from crossborder.errors import Attempts, CrossborderError, Fault

if TYPE_CHECKING:
    from collections.abc import Collection, Iterator

    from crossborder.engine.detectors import Detector


def check_compiled(detectors: Collection[Detector]) -> None:
    """Compile detectors as each engine that is here would; raises CrossborderError with a fault for each that is wrong.

    What is wrong to several engines is told in the words of the first.
    """
    from crossborder.engine.native import compiled
    from crossborder.engine.portable.search import Detectors

    searching = Searching(tuple(detector.search for detector in detectors), bytes(32), 1)
    tries = Attempts()
    if native_available():
        tries.attempt(lambda: compiled(searching))
    tries.attempt(lambda: Detectors(*searching))
    faults = [fault for error in tries.errors for fault in placed(error, detectors).faults]
    if faults:
        raise CrossborderError(*{(fault.path, fault.line): fault for fault in reversed(faults)}.values())


def placed(error: CrossborderError, detectors: Collection[Detector]) -> CrossborderError:
    """Return an engine's faults, those of detectors at the lines of their files."""
    return CrossborderError(*_placed(error.faults, {f"detector {one.id}: ": one for one in detectors}))


def _placed(faults: list[Fault], detectors: dict[str, Detector]) -> Iterator[Fault]:
    for fault in faults:
        begin = next((begin for begin in detectors if not fault.path and fault.message.startswith(begin)), None)
        if begin is None:
            yield fault
            continue
        reason = fault.message.removeprefix(begin).splitlines()[-1].removeprefix("error: ")
        yield detectors[begin].fault(f"what it looks for does not compile: {reason}")
