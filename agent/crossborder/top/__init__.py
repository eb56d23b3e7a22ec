"""The live view of a running agent, from outside: its metrics and the end of its event file, in a terminal.

`reading` and `tail` look, `state` says what two looks mean, `panes` draws it, `screen` shows it.
"""
