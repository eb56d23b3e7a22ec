"""What ships the event log, made from the configuration; everything that can be wrong with it is told at once."""

from __future__ import annotations

import stat
from typing import TYPE_CHECKING

from crossborder.errors import Attempts, CrossborderError

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from crossborder.config import Config
    from crossborder.errors import Fault
    from crossborder.eventsconfig import KafkaSection, SinkSection, SyslogSection, TlsSection, WebhookSection
    from crossborder.publish.shipping.destination import Destination
    from crossborder.publish.shipping.position import Position
    from crossborder.publish.shipping.shipper import Standing
    from crossborder.publish.shipping.shippers import Shippers
    from crossborder.publish.shipping.trust import Trust

LIVE_PATIENCE = 5.0
"""Seconds that sinks have at the end of an agent: what is left is with the next start."""
REPLAY_PATIENCE = 60.0
"""The same at the end of capture files: there may be no next start."""


def check_sinks(settings: Config) -> None:
    """Raise CrossborderError with all that is wrong with the sinks; nothing is connected, nothing is made."""
    faults = list(_faults(settings))
    if faults:
        raise CrossborderError(*faults)
    tries = Attempts()
    for sink in settings.events.sinks:
        tries.attempt(lambda sink=sink: _destination(sink, settings.gateway))  # type: ignore[misc]
        if settings.events.file:
            tries.attempt(lambda file=settings.events.file, sink=sink: _position(file, sink))  # type: ignore[misc]
    if tries.errors:
        raise CrossborderError.joined(tries.errors)


def _position(file: Path, sink: SinkSection) -> Position:
    from crossborder.publish.shipping.position import position_file, read_position

    return read_position(position_file(file, sink.name))


def open_shippers(
    settings: Config,
    path: Path | None,
    head: Callable[[], tuple[str, int]],
    tell: Callable[[str, Standing], None],
    *,
    live: bool,
) -> Shippers | None:
    """Make what ships the event log, where that is wanted; nothing is connected before the first batch.

    Raises CrossborderError where there is no file to ship, or a position that cannot be read.
    """
    if not settings.events.sinks:
        return None
    from crossborder.publish.shipping.shipper import Shipper
    from crossborder.publish.shipping.shippers import Shippers

    if path is None or not may_be_file(path):
        raise CrossborderError("events.sinks ship the lines of a file, and what waits for a sink waits in it: name one")
    shippers = [
        Shipper(sink.name, path, _destination(sink, settings.gateway), head, tell) for sink in settings.events.sinks
    ]
    return Shippers(shippers, LIVE_PATIENCE if live else REPLAY_PATIENCE, must=not live)


def _faults(settings: Config) -> list[Fault]:
    events = settings.events
    faults: list[Fault] = []
    if events.sinks and (events.file is None or not may_be_file(events.file)):
        message = "sinks need events.file, a file on a disk: what waits for a sink waits in it"
        faults.append(settings.fault(message, "events", "sinks"))
    first: dict[str, int] = {}
    for at, sink in enumerate(events.sinks):
        if first.setdefault(sink.name, at) != at:
            faults.append(settings.fault(f"a second sink is called {sink.name}", "events", "sinks", at, "name"))
    return faults


def may_be_file(path: Path) -> bool:
    """Tell whether lines that go to a path go to a file on a disk, or will when it is made."""
    try:
        return str(path) != "-" and stat.S_ISREG(path.stat().st_mode)
    except OSError:
        return True


def _destination(sink: SinkSection, gateway: str) -> Destination:
    if sink.syslog:
        return _syslog(sink.syslog)
    if sink.kafka:
        return _kafka(sink.kafka, gateway)
    assert sink.webhook  # noqa: S101 - the section sees to it
    return _webhook(sink.webhook)


def _syslog(section: SyslogSection) -> Destination:
    from crossborder.publish.shipping.syslog import Syslog

    host, _, port = section.address.rpartition(":")
    return Syslog(
        host.strip("[]"),
        int(port),
        _trust(section.tls),
        facility=section.facility,
        timeout=section.timeout,
        settles=section.settle,
    )


def _webhook(section: WebhookSection) -> Destination:
    from crossborder.publish.shipping.webhook import Webhook, read_headers, read_hmac_secret

    tries = Attempts()
    headers = tries.attempt(lambda: read_headers(section.headers) if section.headers else {})
    secret = tries.attempt(lambda: read_hmac_secret(section.secret) if section.secret else b"")
    webhook = tries.attempt(
        lambda: Webhook(
            section.url, _trust(section.tls), headers, secret or b"", pack=section.gzip, timeout=section.timeout
        )
    )
    if tries.errors or webhook is None:
        raise CrossborderError.joined(tries.errors)
    return webhook


def _kafka(section: KafkaSection, gateway: str) -> Destination:
    from crossborder.keyfile import read_secret
    from crossborder.publish.shipping.kafka import Kafka, Login
    from crossborder.publish.shipping.trust import Trust

    login = None
    if section.sasl:
        password = read_secret(section.sasl.password, 4096, "the password of the brokers is not there").strip()
        login = Login(section.sasl.mechanism, section.sasl.username, password.decode("utf-8", "replace"))
    trust = _trust(section.tls) if section.tls else None if section.clear else Trust()
    return Kafka(section.brokers, section.topic, gateway, trust, login, section.timeout)


def _trust(section: TlsSection) -> Trust:
    from crossborder.publish.shipping.trust import Trust

    return Trust(section.ca, section.certificate, section.key)
