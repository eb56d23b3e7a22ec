"""The agent's own log on standard error: for people on a terminal, JSON lines otherwise; and text made safe to show."""

from __future__ import annotations

import re
import sys
from typing import TYPE_CHECKING, Any, TextIO

if TYPE_CHECKING:
    from collections.abc import MutableMapping

# What can move a cursor, recolour, reorder or hide: C0 and C1 controls, DEL, line and paragraph separators, zero-width
# and bidirectional controls (Unicode TR 36), the byte order mark, lone surrogates.
CONTROLS = r"\x00-\x1f\x7f-\x9f\u061c\u200b-\u200f\u2028-\u202e\u2060-\u2069\ufeff"
_UNSAFE = re.compile(rf"[{CONTROLS}\ud800-\udfff]")


def printable(text: str) -> str:
    r"""Return text with every control character written out as ``\uXXXX``: the wire may not speak to a terminal.

    Inside a JSON string that is also the JSON escape of the same character.
    """
    return _UNSAFE.sub(lambda found: f"\\u{ord(found[0]):04x}", text)


def set_up(stream: TextIO | None = None, *, human: bool | None = None) -> None:
    """Send the log to a stream, by default standard error; `human` None asks whether the stream is a terminal."""
    import structlog  # a tenth of a second, which whoever has nothing to say need not wait for

    stream = sys.stderr if stream is None else stream
    on_terminal = stream.isatty()
    human = on_terminal if human is None else human
    renderer: Any = (
        structlog.dev.ConsoleRenderer(colors=on_terminal, pad_event_to=0)
        if human
        else structlog.processors.JSONRenderer(sort_keys=True, ensure_ascii=True)
    )
    structlog.configure(
        processors=[
            structlog.processors.add_log_level,
            structlog.processors.TimeStamper(fmt="iso", utc=True),
            structlog.processors.format_exc_info,
            _cleaned,
            renderer,
        ],
        logger_factory=structlog.PrintLoggerFactory(stream),
        cache_logger_on_first_use=False,
    )


def log() -> Any:  # noqa: ANN401 - a bound logger has whatever methods it is asked for
    """Return the agent's logger; sets the log up when nobody has, so that nothing lands on standard output."""
    import structlog

    if not structlog.is_configured():
        set_up()
    return structlog.get_logger()


def _cleaned(_logger: object, _method: str, event: MutableMapping[str, Any]) -> MutableMapping[str, Any]:
    """Make every text of a log line safe, but for the traceback's own line ends."""
    for key, value in event.items():
        if isinstance(value, str):
            event[key] = "\n".join(map(printable, value.split("\n"))) if key == "exception" else printable(value)
    return event
