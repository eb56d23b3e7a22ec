"""The log of who had pseudonyms given back: chained, beside the event log, which a running agent alone holds."""

from __future__ import annotations

import os
import pwd
from contextlib import suppress
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple

from crossborder.errors import CrossborderError
from crossborder.publish.ecs import ECS_VERSION
from crossborder.publish.jsontext import SLOT, dumps
from crossborder.publish.logfile import open_appenders

if TYPE_CHECKING:
    from collections.abc import Sequence

    from crossborder.publish.appender import Appender
    from crossborder.publish.chain import Origin

SUFFIX = ".unmasked"
"""Behind the name of the event log: `events verify events.jsonl*` reads it too."""

_NOBODY = 4_294_967_295  # of loginuid: no session began it
_LINK, _SEQUENCE = "@link", "@sequence"


class Unmasking(NamedTuple):
    """What is told of it; never the addresses."""

    pseudonyms: Sequence[str]
    reason: str
    key: str  # fingerprint


def log_unmasking(path: Path, origin: Origin, told: Unmasking) -> None:
    """Append an event `address-unmasked` for each pseudonym to a log, on the disk when this returns.

    Raises CrossborderError when it cannot be written: then nothing is to be given back.
    """
    appender = open_appenders(path, stdout=False, origin=origin)[0]
    try:
        appender.append([_line(origin, told, pseudonym) for pseudonym in told.pseudonyms])
        if appender.chain and origin.signer and not appender.held:
            appender.begin(appender.chain.checkpoint("closed"))
            appender.append([])
        _settle(appender, path)
    finally:
        appender.close()


def _settle(appender: Appender, path: Path) -> None:
    if appender.held or appender.lost:
        raise CrossborderError.at(path, f"cannot be written, and nothing is given back unlogged: {appender.reason}")
    with suppress(OSError):  # a pipe
        os.fsync(appender.fd)


def _line(origin: Origin, told: Unmasking, pseudonym: str) -> bytes:
    observer = {"name": origin.gateway, "type": "sensor", "vendor": "Crossborder", "version": origin.version}
    whole: dict[str, Any] = {
        "@timestamp": datetime.now(UTC).strftime("%Y-%m-%dT%H:%M:%S.%fZ"),
        "crossborder": {"chain": _LINK, "unmasked": {"key": told.key, "pseudonym": pseudonym, "reason": told.reason}},
        "ecs": {"version": ECS_VERSION},
        "event": {
            "action": "address-unmasked",
            "category": ["process"],
            "kind": "event",
            "sequence": _SEQUENCE,
            "type": ["access"],
        },
        "message": f"The address behind {pseudonym} was given back",
        "observer": observer,
        "user": _user(),
    }
    if origin.unit:
        whole["organization"] = {"name": origin.unit}
    text = dumps(whole).replace(f'"{_LINK}"', f"{{{SLOT}}}", 1).replace(f'"{_SEQUENCE}"', SLOT, 1)
    return (text + "\n").encode()


def _user() -> dict[str, Any]:
    """Return who asks: who logged in, where the system knows; and as whom this runs, where that is another."""
    runs = os.getuid()
    login = runs
    with suppress(OSError, ValueError):
        began = int(Path("/proc/self/loginuid").read_text(encoding="ascii"))
        login = runs if began == _NOBODY else began
    return _named(login) if login == runs else {**_named(login), "effective": _named(runs)}


def _named(uid: int) -> dict[str, str]:
    try:
        return {"id": str(uid), "name": pwd.getpwuid(uid).pw_name}
    except KeyError:
        return {"id": str(uid)}
