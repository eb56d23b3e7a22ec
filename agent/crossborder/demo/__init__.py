"""A day at a ministry's gateway, made up from a seed: written as a capture file, or sent through a live wire."""

from crossborder.demo.capture import SEED, write_capture
from crossborder.demo.manifest import Frame, Manifest, Planted

__all__ = ["SEED", "Frame", "Manifest", "Planted", "write_capture"]
