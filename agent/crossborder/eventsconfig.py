"""The configuration of the event log, and of the sinks its lines are shipped to."""

from __future__ import annotations

import ipaddress
import re
from pathlib import Path
from typing import Annotated, Literal, Self
from urllib.parse import urlsplit

from pydantic import AfterValidator, Field, model_validator

from crossborder.configvalues import Duration, Listen, Section, StoreSize

SIX_MONTHS = 184 * 86400.0


def _name(value: str) -> str:
    if not re.fullmatch(r"[a-z][a-z0-9_-]{0,31}", value):
        message = f"{value!r} is no name of a sink: small letters, digits, - and _, at most 32, as siem"
        raise ValueError(message)
    return value


def _topic(value: str) -> str:
    if not re.fullmatch(r"[a-zA-Z0-9._-]{1,249}", value) or value in {".", ".."}:
        message = f"{value!r} is no name of a topic: letters, digits, ., _ and -"
        raise ValueError(message)
    return value


def is_loopback(host: str) -> bool:
    """Tell whether a host is this machine, by its address or as localhost."""
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return host == "localhost"


def _six_months(value: float) -> float:
    if value < SIX_MONTHS:
        message = "six months (184d) are the least, Decree 165/2025, Article 17(10); keep_bytes is for a small disk"
        raise ValueError(message)
    return value


KeptFor = Annotated[Duration, AfterValidator(_six_months)]


def _url(value: str) -> str:
    try:
        parts = urlsplit(value)
        port = parts.port
    except ValueError:
        parts, port = urlsplit(""), None
    if parts.scheme not in {"http", "https"} or not parts.hostname or port == 0 or re.search(r"[^!-~]", value):
        message = f"{value!r} is no address, as https://siem.example:8443/events"
        raise ValueError(message)
    if parts.username is not None or parts.fragment:
        message = "names and passwords stand in a file (headers), not in the address"
        raise ValueError(message)
    if parts.scheme == "http" and not is_loopback(parts.hostname):
        message = f"{value!r}: events leave this machine by https only"
        raise ValueError(message)
    return value


class TlsSection(Section):
    """Whom to trust, and who we are."""

    ca: Path | None = Field(None, description="PEM of who signs the other side's certificate; empty: the system's.")
    certificate: Path | None = Field(None, description="PEM of our own certificate, where the other side asks for it.")
    key: Path | None = Field(None, description="PEM of its key, for the agent's eyes only (0600).")

    @model_validator(mode="after")
    def _paired(self) -> Self:
        if (self.certificate is None) != (self.key is None):
            message = "certificate and key go together"
            raise ValueError(message)
        return self


class WebhookSection(Section):
    """Batches of lines are posted as NDJSON."""

    url: Annotated[str, AfterValidator(_url)] = Field(description="Where to, https.")
    tls: TlsSection = TlsSection()
    headers: Path | None = Field(None, description="File of more headers, `Name: value` each, 0600.")
    secret: Path | None = Field(
        None, description="File of the secret that batches are signed with (HMAC-SHA256), 0600."
    )
    gzip: bool = Field(True, description="Batches are packed.")
    timeout: Duration = Field(10.0, ge=0.1, le=300, description="How long is waited for an answer.")


Facility = Literal[
    "kern",
    "user",
    "mail",
    "daemon",
    "auth",
    "syslog",
    "lpr",
    "news",
    "uucp",
    "cron",
    "authpriv",
    "audit",
    "local0",
    "local1",
    "local2",
    "local3",
    "local4",
    "local5",
    "local6",
    "local7",
]


class SyslogSection(Section):
    """Lines are sent as syslog messages (RFC 5424) over TLS (RFC 5425)."""

    address: Listen = Field(description="Host and port, as siem.example:6514.")
    tls: TlsSection = TlsSection()
    facility: Facility = Field("local0", description="The facility of all messages.")
    timeout: Duration = Field(10.0, ge=0.1, le=300, description="How long is waited for the other side.")
    settle: Duration = Field(
        10.0, ge=0.1, le=3600, description="What was sent so shortly before a connection broke is sent again."
    )


class SaslSection(Section):
    """Name and password for a broker."""

    mechanism: Literal["SCRAM-SHA-512", "SCRAM-SHA-256", "PLAIN"] = Field("SCRAM-SHA-512", description="How.")
    username: str = Field(min_length=1, description="Name.")
    password: Path = Field(description="File of the password, 0600.")


class KafkaSection(Section):
    """Lines are records of a Kafka topic; needs the extra `kafka`."""

    brokers: Annotated[tuple[Listen, ...], Field(min_length=1)] = Field(description="Host and port of some brokers.")
    topic: Annotated[str, AfterValidator(_topic)] = Field(description="A topic that is there.")
    tls: TlsSection | None = Field(None, description="Empty: the system's authorities; in the clear on this machine.")
    sasl: SaslSection | None = Field(None, description="Name and password, where the brokers ask for them.")
    timeout: Duration = Field(30.0, ge=1, le=300, description="How long is waited for acknowledgements.")

    @property
    def clear(self) -> bool:
        """Tell whether nothing is encrypted: all brokers are this machine, and no TLS is asked for."""
        return self.tls is None and all(is_loopback(one.rpartition(":")[0].strip("[]")) for one in self.brokers)


class SinkSection(Section):
    """One place that lines of the event log are shipped to."""

    name: Annotated[str, AfterValidator(_name)] = Field(description="Its name in metrics, log and position file.")
    syslog: SyslogSection | None = None
    webhook: WebhookSection | None = None
    kafka: KafkaSection | None = None

    @model_validator(mode="after")
    def _one(self) -> Self:
        kinds = [name for name in type(self).model_fields if name != "name"]
        if sum(getattr(self, kind) is not None for kind in kinds) != 1:
            message = f"one of {', '.join(kinds)} is expected"
            raise ValueError(message)
        return self


class EventsSection(Section):
    """The event record."""

    stdout: bool = Field(False, description="Write events to standard output.")
    file: Path | None = Field(None, description="Append events to this file.")
    signing_key: Path | None = Field(
        None, description="Key checkpoints are signed with: crossborder key make --signing FILE."
    )
    checkpoint_events: int = Field(1000, ge=1, le=1_000_000, description="A checkpoint after so many events.")
    checkpoint_every: Duration = Field(300.0, ge=1, description="A checkpoint after so much time, events or not.")
    rotate_bytes: StoreSize | None = Field(None, description="The file is rotated when it is so large.")
    rotate_every: Duration | None = Field(
        None, ge=60, description="And when so much time is over, as 1d: at midnight UTC."
    )
    keep: KeptFor = Field(
        400 * 86400.0, description="Older files it has rotated are removed, when all sinks have them."
    )
    keep_bytes: StoreSize | None = Field(None, description="The oldest are removed when all are larger, sinks or not.")
    sinks: tuple[SinkSection, ...] = Field(
        (), description="Where lines of the file go as well: {name, syslog | webhook | kafka}."
    )
