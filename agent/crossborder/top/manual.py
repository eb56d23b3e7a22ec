"""The line of keys at the bottom, and the manual behind the question mark."""

from __future__ import annotations

from rich.text import Text


def keys(order: str) -> Text:
    """Return the line of keys; `order` is how lists are sorted."""
    pairs = (
        ("q", "quit"),
        ("1-4", "pane"),
        ("Enter", "more"),
        ("s", f"sort: {order}"),
        ("/", "filter"),
        ("p", "pause"),
        ("z", "zoom"),
        ("?", "help"),
    )
    line = Text()
    for key, does in pairs:
        line.append(key, style="bold")
        line.append(f" {does}  ", style="dim")
    return line


MANUAL = (
    ("Keys", ""),
    ("1 2 3 4, Tab", "a pane: countries, systems, findings, loss and health"),
    ("arrows, j k, PgUp PgDn", "move in it; Home and End"),
    ("Enter", "all that is known of the line; Escape goes back"),
    ("s", "sort countries and systems: by rate, by total, by name"),
    ("/", "show only what contains a text; Enter keeps it, Escape ends it"),
    ("p", "pause: nothing is asked for, nothing changes; p again goes on"),
    ("z", "the pane alone, and all of them again"),
    ("q", "quit"),
    ("", ""),
    ("What it says", ""),
    ("Out/s", "bytes that left a second, over the agent's last tick; - until there were two"),
    ("Total, Flows, Found", "since the agent's start"),
    ("Share", "of all that left"),
    ("Opaque", "the part of it of which neither content nor names can be read"),
    ("ZZ ?", "to an address that nobody can place"),
    ("Data", "the gravest that a system of the assets file holds"),
    ("ok, !!", "well, and needs a look; Enter in pane 4 says what each means"),
    ("Findings", "one line each of the event file, the newest first; without it, counts by rule"),
)


def manual() -> Text:
    """Return the manual."""
    page = Text()
    for left, right in MANUAL:
        page.append(f"{left:<24}", style="bold")
        page.append(f"{right}\n")
    return page
