"""Makes texts that hold invented identifiers and texts that only look so, and measures how well detectors tell."""
