"""Measures the whole agent as people run it, against a counting loop and against its peers, in one run."""
