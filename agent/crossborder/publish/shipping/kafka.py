"""The one door to Kafka: lines as records of a topic, in order, acknowledged by all replicas in sync."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

from crossborder.errors import CrossborderError
from crossborder.publish.shipping.destination import NotTaken, Unwanted
from crossborder.publish.shipping.trust import Trust, context_of

if TYPE_CHECKING:
    from collections.abc import Sequence

    from confluent_kafka import KafkaError, Producer

_MORE = 2.0  # seconds that are waited beyond the time-out for what the library says of it


class Login(NamedTuple):
    """How we say who we are, beside a certificate."""

    mechanism: str
    username: str
    password: str


class Kafka:
    """A topic. Records have the gateway's name as key: one partition, and so one order."""

    settles = 0.0

    def __init__(
        self,
        brokers: Sequence[str],
        topic: str,
        gateway: str,
        trust: Trust | None,
        login: Login | None = None,
        timeout: float = 30.0,
    ) -> None:
        """Take host:port of brokers to begin with, the topic, the key, and whom to trust; without trust in the clear.

        Raises CrossborderError where the library is not installed, or files of `trust` cannot be used.
        """
        try:
            import confluent_kafka
        except ImportError as error:
            message = f"a sink of kafka needs the extra: pip install 'crossborder-agent[kafka]' ({error})"
            raise CrossborderError(message) from None
        self._library = confluent_kafka
        self._topic, self._key, self._timeout = topic, gateway.encode(), timeout
        self._settings = _settings(brokers, trust, login, timeout)
        self._producer: Producer | None = None
        self._said: KafkaError | None = None  # what the library last said of its connections
        self._errors: list[KafkaError] = []

    def send(self, lines: Sequence[bytes]) -> None:
        """Produce lines and wait until all of them are acknowledged."""
        self._errors.clear()
        producer = self._producer = self._producer or self._made()
        try:
            for line in lines:
                producer.produce(self._topic, line, self._key, on_delivery=self._delivered)
        except BufferError:
            raise NotTaken("internal", "the library takes no more records") from None
        except self._library.KafkaException as error:
            self.close()
            raise self._meaning(error.args[0]) from error
        if producer.flush(self._timeout + _MORE) or self._errors:
            first = self._errors[0] if self._errors else None
            self.close()  # what is on its way is given up: it is sent again, in order
            raise self._meaning(first)

    def look(self) -> None:
        """Do nothing: an acknowledgement is all there is to know."""

    def finish(self) -> bool:
        """Tell that what was acknowledged is taken."""
        return True

    def close(self) -> None:
        """Let go of the producer and of what it holds."""
        if self._producer:
            self._producer.purge()
            self._producer.flush(0)
        self._producer = None

    def _made(self) -> Producer:
        self._said = None
        return self._library.Producer(self._settings | {"error_cb": self._told})

    def _told(self, error: KafkaError) -> None:
        if self._said is None or error.code() != self._library.KafkaError._ALL_BROKERS_DOWN:  # noqa: SLF001 - its name
            self._said = error  # which says nothing of why

    def _delivered(self, error: KafkaError | None, _record: object) -> None:
        if error is not None:
            self._errors.append(error)

    def _meaning(self, error: KafkaError | None) -> NotTaken | Unwanted:
        """Return what an error means; that a record came too late is due to what was said of connections."""
        codes = self._library.KafkaError
        if error is not None and error.code() == codes.MSG_SIZE_TOO_LARGE:
            return Unwanted("too_large", error.str())
        late = error is None or error.code() in {codes._MSG_TIMED_OUT, codes._PURGE_QUEUE}  # noqa: SLF001 - their names
        known = self._said if late and self._said is not None else error
        if known is None or known.code() in {codes._MSG_TIMED_OUT, codes.REQUEST_TIMED_OUT}:  # noqa: SLF001
            return NotTaken("timeout", "no acknowledgement in time")
        return NotTaken(self._reason(known), known.str())

    def _reason(self, error: KafkaError) -> str:
        codes = self._library.KafkaError
        if error.code() == codes._SSL or "SSL routines" in error.str():  # noqa: SLF001
            return "tls"
        if error.code() in {codes._TRANSPORT, codes._ALL_BROKERS_DOWN, codes._RESOLVE}:  # noqa: SLF001
            return "connection"
        return "busy" if error.retriable() else "rejected"


def _settings(
    brokers: Sequence[str], trust: Trust | None, login: Login | None, timeout: float
) -> dict[str, str | int | float | bool]:
    protocol = ("SASL_" if login else "") + ("PLAINTEXT" if trust is None else "SSL")
    settings: dict[str, str | int | float | bool] = {
        "bootstrap.servers": ",".join(brokers),
        "client.id": "crossborder",
        "security.protocol": protocol,
        "acks": "all",
        "enable.idempotence": True,
        "compression.type": "zstd",
        "linger.ms": 5,
        "topic.metadata.propagation.max.ms": 1000,  # a topic that is not there is told as such
        "message.timeout.ms": round(timeout * 1000),
        "log_level": 0,  # what is wrong is said once, by the shipper
    }
    if trust:
        context_of(trust)  # faults are told with their files, before anything is connected
        settings |= {"ssl.endpoint.identification.algorithm": "https", "ssl.ca.location": str(trust.ca or "probe")}
    if trust and trust.certificate and trust.key:
        settings |= {"ssl.certificate.location": str(trust.certificate), "ssl.key.location": str(trust.key)}
    if login:
        settings |= {"sasl.mechanism": login.mechanism, "sasl.username": login.username}
        settings |= {"sasl.password": login.password}
    return settings
