"""Kinds of texts that hold nothing a detector should tell, each by name: a hard case of something."""
