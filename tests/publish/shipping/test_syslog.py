"""Syslog over TLS: the message, and a real rsyslogd that is stopped, killed and hangs while events are sent."""

from __future__ import annotations

import json
import os
import shutil
import signal
import socket
import subprocess
import time
from pathlib import Path
from typing import TYPE_CHECKING, Any, get_args

import pytest
from tests.publish.shipping.conftest import QUICK, Certificates, Log, Shipping, until

from crossborder.eventsconfig import Facility
from crossborder.publish.shipping.destination import NotTaken, Unwanted
from crossborder.publish.shipping.syslog import FACILITIES, Syslog, message
from crossborder.publish.shipping.trust import Trust

if TYPE_CHECKING:
    from collections.abc import Iterator

RSYSLOGD = shutil.which("rsyslogd") or "/usr/sbin/rsyslogd"
CONFIGURATION = """
global(workDirectory="{folder}" maxMessageSize="64k" defaultNetstreamDriver="ossl"
  defaultNetstreamDriverCAFile="{ca}" defaultNetstreamDriverCertFile="{cert}" defaultNetstreamDriverKeyFile="{key}")
module(load="imtcp" streamDriver.name="ossl" streamDriver.mode="1" streamDriver.authMode="x509/name"
  permittedPeer="gw-test")
template(name="all" type="list") {{
  property(name="pri") constant(value=" ") property(name="timereported" dateFormat="rfc3339") constant(value=" ")
  property(name="hostname") constant(value=" ") property(name="app-name") constant(value=" ")
  property(name="msgid") constant(value=" ") property(name="structured-data") constant(value="\\n")
  property(name="msg") constant(value="\\n") }}
ruleset(name="keep") {{ action(type="omfile" file="{out}" template="all" flushOnTXEnd="on" asyncWriting="off") }}
input(type="imtcp" address="127.0.0.1" port="{port}" ruleset="keep")
"""

LINE = b'{"crossborder":{"chain":{"log":"a","previous":"b"}},"event":{"sequence":1}}'


class Rsyslogd:
    """A real rsyslogd that receives over TLS and asks for our certificate."""

    def __init__(self, folder: Path, certificates: Certificates) -> None:
        """Choose a port; nothing runs yet."""
        with socket.create_server(("127.0.0.1", 0)) as free:
            self.port = free.getsockname()[1]
        self.out = folder / "received"
        self._folder, self._conf = folder, folder / "rsyslog.conf"
        self._conf.write_text(
            CONFIGURATION.format(
                folder=folder,
                ca=certificates.ca,
                cert=certificates.server,
                key=certificates.server_key,
                out=self.out,
                port=self.port,
            ),
            encoding="utf-8",
        )
        self._process: subprocess.Popen[bytes] | None = None

    def start(self) -> None:
        """Start it and wait until it listens."""
        said = (self._folder / "said").open("ab")
        with said:
            self._process = subprocess.Popen(
                [RSYSLOGD, "-n", "-f", self._conf, "-i", self._folder / "pid"], stdout=said, stderr=said
            )
        until(self._listens)

    def _listens(self) -> bool:
        with socket.socket() as probe:
            return probe.connect_ex(("127.0.0.1", self.port)) == 0

    def tell(self, number: signal.Signals) -> None:
        """Send it a signal."""
        assert self._process
        self._process.send_signal(number)

    def stop(self, number: signal.Signals = signal.SIGTERM) -> None:
        """End it."""
        if self._process:
            self._process.send_signal(number)
            self._process.wait()
        self._process = None

    @property
    def received(self) -> list[tuple[str, dict[str, Any]]]:
        """Return head and event of each message."""
        lines = self.out.read_text(encoding="utf-8").splitlines() if self.out.exists() else []
        return [(head, json.loads(body)) for head, body in zip(lines[::2], lines[1::2], strict=False)]

    @property
    def sequences(self) -> list[int]:
        """Return the numbers of the events in the order they came."""
        return [event["event"]["sequence"] for _, event in self.received]


@pytest.fixture
def rsyslogd(tmp_path: Path, certificates: Certificates) -> Iterator[Rsyslogd]:
    """Return one that runs, or skip where Debian's rsyslog and rsyslog-openssl are not installed."""
    if not os.access(RSYSLOGD, os.X_OK) or not list(Path("/usr/lib").glob("*/rsyslog/lmnsd_ossl.so")):
        pytest.skip("no rsyslogd with TLS: tools/setup.sh kit installs rsyslog and rsyslog-openssl")
    server = Rsyslogd(tmp_path, certificates)
    server.start()
    yield server
    server.stop(signal.SIGKILL)


def to(server: Rsyslogd, certificates: Certificates, settles: float = 0.5) -> Syslog:
    """Return a sink for it, with our certificate."""
    trust = Trust(certificates.ca, certificates.client, certificates.client_key)
    return Syslog("localhost", server.port, trust, timeout=2.0, settles=settles)


def test_a_message() -> None:
    """RFC 5424: priority, the event's own time, gateway, action, structured data, and the line as it stands."""
    event = {
        "@timestamp": "2026-01-01T12:00:01.500000Z",
        "crossborder": {"chain": {"log": "ab", "previous": "00"}, "severity": "critical"},
        "event": {"action": "finding-opened", "sequence": 17},
        "observer": {"name": 'cổng "1"]', "version": "0.3.0"},
    }
    line = json.dumps(event, ensure_ascii=False).encode()

    assert message(line, 16).decode() == (
        '<130>1 2026-01-01T12:00:01.500000Z c-ng-"1"] crossborder - finding-opened '
        '[origin software="crossborder" swVersion="0.3.0"]'
        '[crossborder@32473 gateway="cổng \\"1\\"\\]" log="ab" sequence="17"] ' + line.decode()
    )


def test_a_line_that_was_altered() -> None:
    """What is no JSON any more is refused, so that it stands in nobody's way."""
    with pytest.raises(Unwanted, match="no line of an event log"):
        message(LINE[:-1], 16)


@pytest.mark.parametrize(
    ("severity", "action", "number"),
    [("high", "x", 3), ("medium", "x", 4), ("low", "x", 5), ("informational", "x", 6), (None, "events-lost", 3)],
)
def test_severity(severity: str | None, action: str, number: int) -> None:
    """The level of the finding; a gap in the log is an error, its other lines are informational."""
    own = {"chain": {"log": "a", "previous": ""}, "severity": severity}
    event = {"crossborder": own, "event": {"action": action, "sequence": 1}}

    assert message(json.dumps(event).encode(), 0).startswith(b"<%d>1 - - crossborder " % number)


def test_every_facility_has_a_number() -> None:
    """Configuration and wire know the same."""
    assert set(get_args(Facility)) == FACILITIES.keys()


def test_rsyslogd_has_them(log: Log, shipping: Shipping, rsyslogd: Rsyslogd, certificates: Certificates) -> None:
    """Over TLS with certificates on both sides: every line, in order, what is long too; the end settles it."""
    log.write(300)
    log.write(1, filling="ừ" * 9_000)
    shipping.start(to(rsyslogd, certificates, settles=60.0))
    left = shipping.end()
    until(lambda: len(rsyslogd.sequences) == 302)

    head, event = rsyslogd.received[0]
    assert left == 0
    assert shipping.standing.sent == 302
    assert rsyslogd.sequences == list(range(1, 303))
    assert [json.dumps(event) for _, event in rsyslogd.received] == [
        json.dumps(json.loads(line)) for line in log.path.read_bytes().splitlines()
    ]
    assert head.split(" ", 5)[0] == "134"
    assert head.split(" ", 5)[2:5] == ["g", "crossborder", "log-opened"]
    assert f'log="{log.end[0]}" sequence="1"]' in head
    assert event["event"]["action"] == "log-opened"


@pytest.mark.parametrize("ending", [signal.SIGTERM, signal.SIGKILL])
def test_rsyslogd_ends_and_comes_back(
    ending: signal.Signals, log: Log, shipping: Shipping, rsyslogd: Rsyslogd, certificates: Certificates
) -> None:
    """What was sent shortly before the connection broke is sent again: nothing is missing, the number tells doubles."""
    shipping.start(to(rsyslogd, certificates))
    for at in range(30):
        log.write(20)
        time.sleep(0.01)
        if at == 15:
            rsyslogd.stop(ending)
    until(lambda: shipping.standing.failures["connection"] >= 2)
    rsyslogd.start()
    left = shipping.end()
    until(lambda: set(rsyslogd.sequences) == set(range(1, log.end[1] + 1)))

    assert left == 0
    assert shipping.standing.sent == log.end[1] == 601


def test_rsyslogd_that_hangs(log: Log, shipping: Shipping, rsyslogd: Rsyslogd, certificates: Certificates) -> None:
    """A server that reads no more is found out by the kernel's timer, and goes on to have everything."""
    shipping.start(to(rsyslogd, certificates), QUICK._replace(lines=500))
    log.write(10)
    until(lambda: shipping.standing.sent == 11)
    rsyslogd.tell(signal.SIGSTOP)
    for _ in range(12):
        log.write(500, filling="x" * 2_000)
    until(lambda: sum(shipping.standing.failures.values()) >= 1)
    rsyslogd.tell(signal.SIGCONT)
    left = shipping.end(10.0)
    until(lambda: set(rsyslogd.sequences) == set(range(1, log.end[1] + 1)))

    assert left == 0


def test_a_stranger_gets_nothing(rsyslogd: Rsyslogd, certificates: Certificates) -> None:
    """The server's name or authority is not the one expected: no message is sent."""
    for host, trust in (("127.0.0.1", Trust(certificates.ca)), ("localhost", Trust())):
        sink = Syslog(host, rsyslogd.port, trust, timeout=2.0)
        with pytest.raises(NotTaken) as caught:
            sink.send([LINE])
        sink.close()
        assert caught.value.reason == "tls"
    assert rsyslogd.received == []
