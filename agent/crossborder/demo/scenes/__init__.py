"""Scenes of the day: who talks to whom, and what must be found in it."""
