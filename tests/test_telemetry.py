"""The agent's own log: on standard error, for people or for machines, and safe to show."""

from __future__ import annotations

import io
import json
import os
import subprocess
import sys
from typing import TYPE_CHECKING

import pytest
import structlog

from crossborder import telemetry

if TYPE_CHECKING:
    from collections.abc import Iterator

EVIL = "x\x1b[2Jy\x9b\u202e\nz"


class Terminal(io.StringIO):
    """A stream that says it is a terminal."""

    def isatty(self) -> bool:
        """Say so."""
        return True


@pytest.fixture(autouse=True)
def _log_as_before() -> Iterator[None]:
    """Give the log back as it was."""
    before = structlog.get_config()
    was_configured = structlog.is_configured()
    yield
    structlog.configure(**before) if was_configured else structlog.reset_defaults()


def test_json_where_nobody_watches() -> None:
    """One JSON object a line with level and UTC time; hostile text is escaped."""
    stream = io.StringIO()
    telemetry.set_up(stream)
    telemetry.log().warning("a sink failed", reason=EVIL, count=3)

    (line,) = stream.getvalue().splitlines()
    told = json.loads(line)
    assert (told["event"], told["level"], told["count"]) == ("a sink failed", "warning", 3)
    assert told["timestamp"].endswith("Z")
    assert line.isascii()


def test_words_on_a_terminal() -> None:
    """A person reads a line, coloured by us and by nobody else."""
    stream = Terminal()
    telemetry.set_up(stream)
    telemetry.log().error("not reloaded", fault=EVIL)

    text = stream.getvalue()
    assert "not reloaded" in text
    assert "\x1b[2J" not in text
    assert "\x9b" not in text
    assert text.count("\n") == 1


def test_a_traceback_keeps_its_lines() -> None:
    """What is logged of an exception stays readable, but for control characters in its message."""
    stream = io.StringIO()
    telemetry.set_up(stream, human=True)
    try:
        int(EVIL)
    except ValueError as error:
        error.add_note(EVIL)
        telemetry.log().exception("bad")

    assert "Traceback" in stream.getvalue()
    assert len(stream.getvalue().splitlines()) > 3
    assert "\x1b" not in stream.getvalue()


def test_an_unconfigured_log_does_not_touch_standard_output() -> None:
    """Standard output belongs to events and tables, even before anyone sets the log up."""
    code = "from crossborder import telemetry; telemetry.log().warning('hello')"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True, env={**os.environ})

    assert done.stdout == ""
    assert json.loads(done.stderr)["event"] == "hello"


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("Bộ Tài chính 🇻🇳", "Bộ Tài chính 🇻🇳"),
        ("\x00\x1b\x7f\x85\x9b", r"\u0000\u001b\u007f\u0085\u009b"),
        ("a\u202eb\u2066c\u200bd\ufeff", r"a\u202eb\u2066c\u200bd\ufeff"),
        ("\ud800", r"\ud800"),
        ("a\tb\r\n", r"a\u0009b\u000d\u000a"),
    ],
)
def test_printable(text: str, shown: str) -> None:
    """Text stays, what acts on a terminal is written out."""
    assert telemetry.printable(text) == shown
