"""Searches the cleartext that leaves home for what detectors describe, in order and within bounds, and counts it.

The native engine's `search` says the same in Rust and finds the same.
"""

from crossborder.engine.portable.search.found import Detection, Found
from crossborder.engine.portable.search.reading import LIMITS, Clear, Reading
from crossborder.engine.portable.search.shown import Detectors, Shown

__all__ = ["LIMITS", "Clear", "Detection", "Detectors", "Found", "Reading", "Shown"]
