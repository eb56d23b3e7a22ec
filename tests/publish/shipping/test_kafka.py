"""Kafka: Apache's own broker, in the clear and over TLS, stopped and started while events are sent."""

from __future__ import annotations

import json
import shutil
import signal
import socket
import subprocess
import time
import uuid
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
from confluent_kafka import Consumer, TopicPartition
from confluent_kafka.admin import AdminClient
from confluent_kafka.cimpl import NewTopic
from tests.publish.shipping.conftest import QUICK, Certificates, Log, Shipping, until

from crossborder.publish.shipping.destination import NotTaken, Unwanted
from crossborder.publish.shipping.kafka import Kafka
from crossborder.publish.shipping.trust import Trust

if TYPE_CHECKING:
    from collections.abc import Iterator

JARS = Path(__file__).resolve().parents[3] / "build" / "kafka"
PROPERTIES = """
process.roles=broker,controller
node.id=1
listeners=CLEAR://127.0.0.1:{clear},SECURE://localhost:{secure},CONTROLLER://127.0.0.1:{controller}
advertised.listeners=CLEAR://127.0.0.1:{clear},SECURE://localhost:{secure}
listener.security.protocol.map=CLEAR:PLAINTEXT,SECURE:SSL,CONTROLLER:PLAINTEXT
inter.broker.listener.name=CLEAR
controller.listener.names=CONTROLLER
controller.quorum.voters=1@127.0.0.1:{controller}
ssl.keystore.type=PEM
ssl.keystore.location={keystore}
ssl.truststore.type=PEM
ssl.truststore.location={ca}
ssl.client.auth=required
log.dirs={folder}/data
offsets.topic.replication.factor=1
transaction.state.log.replication.factor=1
transaction.state.log.min.isr=1
auto.create.topics.enable=false
"""


class Broker:
    """A broker of Apache Kafka on loopback."""

    def __init__(self, folder: Path, certificates: Certificates) -> None:
        """Lay out its folder; nothing runs yet."""
        probes = [socket.create_server(("127.0.0.1", 0)) for _ in range(3)]
        self.clear, self.secure, controller = (probe.getsockname()[1] for probe in probes)
        for probe in probes:
            probe.close()
        self._folder, self._properties = folder, folder / "server.properties"
        keystore = folder / "keystore.pem"
        keystore.write_bytes(certificates.server_key.read_bytes() + certificates.server.read_bytes())
        self._properties.write_text(
            PROPERTIES.format(
                clear=self.clear,
                secure=self.secure,
                controller=controller,
                keystore=keystore,
                ca=certificates.ca,
                folder=folder,
            ),
            encoding="utf-8",
        )
        self._java("kafka.tools.StorageTool", "format", "-t", "AAAAAAAAQACAAAAAAAAAAA", "-c").wait()
        self._process: subprocess.Popen[bytes] | None = None

    def _java(self, *words: str) -> subprocess.Popen[bytes]:
        with (self._folder / "said").open("ab") as said:
            java = ["java", "-Xmx256m", "-XX:TieredStopAtLevel=1", "-cp", f"{JARS}/*", *words, str(self._properties)]
            return subprocess.Popen(java, stdout=said, stderr=said)

    @property
    def address(self) -> str:
        """Return where it listens in the clear."""
        return f"127.0.0.1:{self.clear}"

    def start(self) -> None:
        """Start it and wait until it answers."""
        self._process = self._java("kafka.Kafka")
        admin = AdminClient({"bootstrap.servers": self.address, "log_level": 0})
        until(lambda: _answers(admin), 60)

    def stop(self, number: signal.Signals = signal.SIGKILL) -> None:
        """End it."""
        if self._process:
            self._process.send_signal(number)
            self._process.wait()
        self._process = None

    def topic(self, **settings: str) -> str:
        """Make a topic of three partitions and return its name."""
        name = f"events-{uuid.uuid4().hex[:8]}"
        admin = AdminClient({"bootstrap.servers": self.address, "log_level": 0})
        made = admin.create_topics([NewTopic(name, 3, 1, config=settings)])
        made[name].result(30)
        return name

    def records(self, topic: str, number: int) -> list[tuple[int, bytes, dict[str, Any]]]:
        """Return the records of a topic, at least so many: partition, key, event."""
        consumer = Consumer({"bootstrap.servers": self.address, "group.id": "test", "log_level": 0})
        consumer.assign([TopicPartition(topic, part, 0) for part in range(3)])
        found: list[tuple[int, bytes, dict[str, Any]]] = []
        end = time.monotonic() + 20
        while time.monotonic() < end and len(found) < number:
            for record in consumer.consume(500, 0.2):
                key, value = record.key(), record.value()
                if record.error() is None and isinstance(key, bytes) and isinstance(value, bytes):
                    found.append((record.partition() or 0, key, json.loads(value)))
        consumer.close()
        return found


def _answers(admin: AdminClient) -> bool:
    try:
        return bool(admin.list_topics(timeout=1).brokers)
    except Exception:  # noqa: BLE001 - not yet
        return False


@pytest.fixture(scope="module")
def broker(tmp_path_factory: pytest.TempPathFactory, certificates: Certificates) -> Iterator[Broker]:
    """Return one that runs, or skip where its jars are not there."""
    if not (JARS / ".stamp").exists() or not shutil.which("java"):
        pytest.skip("no Kafka broker: tools/setup.sh kit fetches it, with java and maven")
    broker = Broker(tmp_path_factory.mktemp("broker"), certificates)
    broker.start()
    yield broker
    broker.stop()


pytestmark = pytest.mark.slow


def test_records(log: Log, shipping: Shipping, broker: Broker) -> None:
    """Every line is a record under the gateway's name, in one partition and in order."""
    topic = broker.topic()
    log.write(2_000)
    shipping.start(Kafka([broker.address], topic, "gw-test", None), QUICK._replace(lines=500))
    left = shipping.end(30)

    records = broker.records(topic, 2_001)
    assert left == 0
    assert [event["event"]["sequence"] for _, _, event in records] == list(range(1, 2_002))
    assert {key for _, key, _ in records} == {b"gw-test"}
    assert len({partition for partition, _, _ in records}) == 1
    assert shipping.standing.sent == 2_001


def test_a_broker_that_is_away(log: Log, shipping: Shipping, broker: Broker) -> None:
    """Killed while events are written, and started again: all are there, in order but for what is sent again."""
    topic = broker.topic()
    shipping.start(Kafka([broker.address], topic, "gw-test", None, timeout=1.0))
    for at in range(30):
        log.write(20)
        time.sleep(0.02)
        if at == 10:
            until(lambda: shipping.standing.sent > 20)
            broker.stop()
    until(lambda: sum(shipping.standing.failures.values()) >= 1, 30)
    broker.start()
    left = shipping.end(60)

    found = [event["event"]["sequence"] for _, _, event in broker.records(topic, 601)]
    firsts = list(dict.fromkeys(found))
    assert left == 0
    assert firsts == list(range(1, 602))


def test_over_tls(log: Log, shipping: Shipping, broker: Broker, certificates: Certificates) -> None:
    """With certificates on both sides."""
    topic = broker.topic()
    trust = Trust(certificates.ca, certificates.client, certificates.client_key)
    log.write(10)
    shipping.start(Kafka([f"localhost:{broker.secure}"], topic, "g", trust))
    left = shipping.end(30)

    assert left == 0
    assert len(broker.records(topic, 11)) == 11


def test_a_stranger_gets_nothing(broker: Broker, certificates: Certificates) -> None:
    """A broker whose certificate or name is another's is not spoken to; nor does it take us without a certificate."""
    topic = broker.topic()
    ours = Trust(certificates.ca, certificates.client, certificates.client_key)
    for host, trust, reasons in (
        ("localhost", Trust(), {"tls"}),
        ("127.0.0.1", ours, {"tls"}),
        ("localhost", Trust(certificates.ca), {"tls", "connection"}),  # it hangs up, with a word or without
    ):
        sink = Kafka([f"{host}:{broker.secure}"], topic, "g", trust, timeout=1.0)
        with pytest.raises(NotTaken) as caught:
            sink.send([b"{}"])
        sink.close()
        assert caught.value.reason in reasons, str(caught.value)


def test_a_record_that_is_too_large(log: Log, shipping: Shipping, broker: Broker) -> None:
    """It is passed over and told; the others arrive."""
    topic = broker.topic(**{"max.message.bytes": "20000", "compression.type": "uncompressed"})
    log.write(20)
    log.write(1, filling=uuid.uuid4().hex * 2_000)
    log.write(20)
    log.write(1, filling="x" * 1_100_000)
    log.write(20)
    shipping.start(Kafka([broker.address], topic, "g", None), QUICK._replace(lines=10))
    left = shipping.end(60)

    found = list(dict.fromkeys(event["event"]["sequence"] for _, _, event in broker.records(topic, 61)))
    assert left == 0
    assert shipping.standing.skipped == {"too_large": 2}
    assert found == [n for n in range(1, 64) if n not in {22, 43}]


def test_a_topic_that_is_not_there(broker: Broker) -> None:
    """It is waited for, under the broker's own words."""
    sink = Kafka([broker.address], "no-such-topic", "g", None, timeout=5.0)
    with pytest.raises(NotTaken) as caught:
        sink.send([b"{}"])
    sink.close()
    assert caught.value.reason == "rejected"
    assert "Unknown topic" in str(caught.value)


def test_nobody_listens() -> None:
    """A connection refused is told as such, within the time-out."""
    with socket.create_server(("127.0.0.1", 0)) as probe:
        port = probe.getsockname()[1]
    sink = Kafka([f"127.0.0.1:{port}"], "events", "g", None, timeout=1.0)
    begin = time.monotonic()
    with pytest.raises(NotTaken) as caught:
        sink.send([b"{}"])
    sink.close()

    assert caught.value.reason == "connection"
    assert time.monotonic() - begin < 5


def test_larger_than_the_library_takes() -> None:
    """What the library refuses at once is not wanted, without a connection."""
    sink = Kafka(["127.0.0.1:1"], "events", "g", None, timeout=1.0)
    with pytest.raises(Unwanted) as caught:
        sink.send([b"x" * 2_000_000])
    assert caught.value.reason == "too_large"
    sink.close()
