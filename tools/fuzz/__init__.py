"""Throws hostile bytes at the rooms of the native data plane: seeds of real captures, then libFuzzer."""
