"""An engine as a whole, whichever: names, ticks, pace, stopping, books."""

from __future__ import annotations

import ipaddress
import threading
import time
from typing import TYPE_CHECKING

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scapy.layers.dns import DNS, DNSQR, DNSRR
from scapy.layers.inet import IP, UDP
from scapy.layers.l2 import Ether
from tests.engine.captures import (
    HOME,
    LOCAL,
    LOCAL2,
    REMOTE,
    REMOTE2,
    START,
    batches_of,
    check,
    config,
    every_engine,
    flows_of,
    limits,
    pcap,
    reports_of,
    write,
)
from tests.engine.frames import REQUEST, TUNNELS, conversation, tcp

from crossborder.engine import SECOND_NS, native_available, open_engine
from crossborder.engine.home import Home
from crossborder.prefixes import PRIVATE, PrefixSet

if TYPE_CHECKING:
    from pathlib import Path

    from crossborder.engine import EngineName
    from crossborder.model import Batch

pytestmark = every_engine


@pytest.mark.parametrize(("client", "server"), [(LOCAL, REMOTE), (REMOTE, LOCAL)])
def test_names_are_read_from_reordered_segments(tmp_path: Path, engine: EngineName, client: str, server: str) -> None:
    """An HTTP request that comes in pieces, the last first, in either direction."""
    (flow,) = flows_of(batches_of(write(tmp_path, conversation(client, server, REQUEST)), engine=engine)).to_dicts()

    assert (flow["app_protocol"], flow["inspection"]) == ("http", "cleartext")
    assert (flow["http_host"], flow["http_method"], flow["http_path"]) == ("files.example", "POST", "/upload/x")
    assert (flow["server_name"], flow["server_name_source"]) == ("files.example", "http")
    assert (flow["initiator"], flow["rtt_us"]) == ("local" if client == LOCAL else "remote", 2000)


@pytest.mark.parametrize("resolver", [REMOTE2, LOCAL2], ids=["abroad", "at home"])
def test_dns_answers_name_later_flows(tmp_path: Path, engine: EngineName, resolver: str) -> None:
    """Also the answers of a resolver at home, whose packets are domestic and in no flow."""
    asked = Ether() / IP(src=LOCAL, dst=resolver) / UDP(sport=5353, dport=53) / DNS(qd=DNSQR(qname="Files.example"))
    answered = (
        Ether()
        / IP(src=resolver, dst=LOCAL)
        / UDP(sport=53, dport=5353)
        / DNS(qr=1, qd=DNSQR(qname="Files.example"), an=DNSRR(rrname="Files.example", rdata=REMOTE))
    )
    frames = [bytes(asked), bytes(answered), tcp(LOCAL, REMOTE, 40000, 443, flags="S")]
    flows = flows_of(batches_of(write(tmp_path, frames), engine=engine))
    flow = flows.row(flows["transport"].to_list().index("tcp"), named=True)

    assert (flow["server_name"], flow["server_name_source"]) == ("files.example", "dns")
    assert flow["inspection"] is None
    assert flows.height == (1 if resolver == LOCAL2 else 2)


def test_opaque_is_said_of_payload_that_nobody_knows(tmp_path: Path, engine: EngineName) -> None:
    """Bytes without form are opaque; a flow without payload is neither."""
    frames = [tcp(LOCAL, REMOTE, 1, 2, 1, "PA", bytes(range(128, 256))), tcp(LOCAL, REMOTE, 3, 4, 1)]

    flows = flows_of(batches_of(write(tmp_path, frames), engine=engine)).sort("local_port")

    assert flows["inspection"].to_list() == ["opaque", None]


def test_ticks_are_on_packet_time(tmp_path: Path, engine: EngineName) -> None:
    """Boundaries are multiples of the tick; a silence is closed by one tick; the last batch ends every flow."""
    path = write(tmp_path, [tcp(LOCAL, REMOTE, 1, 2, n) for n in range(8)], step_ns=7 * SECOND_NS)
    batches = batches_of(path, engine=engine, tick_ns=10 * SECOND_NS)

    assert [(batch.tick_ns - START) // SECOND_NS for batch in batches] == [10, 20, 30, 40, 49]
    assert [batch.reports.height for batch in batches] == [1, 1, 1, 1, 1]
    assert reports_of(batches)["report"].to_list() == ["opened", "active", "active", "active", "ended"]
    assert [batch.flows_active for batch in batches] == [1, 1, 1, 1, 0]
    assert batches[0].books[0].packets == 2


def test_realtime_keeps_the_pace_and_ticks_in_the_pauses(tmp_path: Path, engine: EngineName) -> None:
    """Two packets six tenths of a second apart take as long, with ticks between them."""
    path = write(tmp_path, [tcp(LOCAL, REMOTE, 1, 2, n) for n in range(2)], step_ns=6 * SECOND_NS // 10)
    started = time.monotonic()
    batches = batches_of(path, engine=engine, speed=1.0, tick_ns=SECOND_NS // 5)
    took = time.monotonic() - started

    assert 0.55 < took < 3
    assert len(batches) == 4
    assert [batch.reports.height for batch in batches] == [1, 0, 0, 1]


@pytest.mark.parametrize("speed", [0.5, 20.0])
def test_speed_shrinks_and_stretches_the_time_between_packets(tmp_path: Path, engine: EngineName, speed: float) -> None:
    """Two packets take as long as on the wire, divided by the speed; ticks stay those of packet time."""
    apart_ns = round(0.6 * speed * SECOND_NS)
    path = write(tmp_path, [tcp(LOCAL, REMOTE, 1, 2, n) for n in range(2)], step_ns=apart_ns)
    started = time.monotonic()
    batches = batches_of(path, engine=engine, speed=speed, tick_ns=apart_ns // 2)
    took = time.monotonic() - started

    assert 0.55 < took < 3
    assert [batch.reports.height for batch in batches] == [1, 0, 1]


def test_a_paced_replay_can_be_stopped(tmp_path: Path, engine: EngineName) -> None:
    """An hour's pause between two packets is not waited for."""
    path = write(tmp_path, [tcp(LOCAL, REMOTE, 1, 2, n) for n in range(2)], step_ns=3600 * SECOND_NS)
    opened = open_engine(engine, config(files=(path,), speed=1.0))
    threading.Timer(0.3, opened.stop).start()
    started = time.monotonic()
    batches = list(opened)

    assert time.monotonic() - started < 2
    assert flows_of(batches)["end_reason"].to_list() == ["shutdown"]


def test_stop_ends_with_what_was_read(tmp_path: Path, engine: EngineName) -> None:
    """The final batch holds every packet taken; the rest of the file is no fault."""
    path = write(tmp_path, [tcp(LOCAL, REMOTE, 1, 2, n) for n in range(100)], step_ns=SECOND_NS)
    opened = open_engine(engine, config(files=(path,)))
    batches: list[Batch] = []
    for batch in opened:
        batches.append(batch)
        opened.stop()

    assert len(batches) == 2
    packets = batches[-1].books[0].packets
    assert packets == flows_of(batches)["total_packets_out"].sum()
    assert packets in {10, 11}  # the one that closed the tick may be taken


def test_another_home_counts_from_the_next_packet(tmp_path: Path, engine: EngineName) -> None:
    """Flows keep their scope; new ones are judged anew."""
    frames = [tcp(LOCAL, REMOTE, 1, 2), tcp(LOCAL, REMOTE, 1, 2), tcp(LOCAL, REMOTE, 3, 4)]
    opened = open_engine(engine, config(files=(write(tmp_path, frames, step_ns=10 * SECOND_NS),)))
    batches = []
    for batch in opened:
        batches.append(batch)
        opened.set_home(Home(PrefixSet([*PRIVATE, ipaddress.ip_network("203.0.113.0/24")])))

    assert flows_of(batches)["total_packets_out"].to_list() == [2]
    assert batches[-1].books[0].domestic_packets == 1


def test_an_empty_capture_is_one_empty_batch(tmp_path: Path, engine: EngineName) -> None:
    """No packets is no fault."""
    (batch,) = batches_of(write(tmp_path, []), engine=engine)

    assert batch.reports.is_empty()
    assert [(book.interface, book.packets) for book in batch.books] == [("x.pcap", 0)]


def test_open_engine_gives_the_engine_of_that_name(tmp_path: Path, engine: EngineName) -> None:
    """And `auto` takes the native one where it is installed."""
    settings = config(files=(write(tmp_path, []),))

    assert open_engine(engine, settings).name == engine
    assert open_engine("auto", settings).name == ("native" if native_available() else "portable")


def test_the_books_of_a_batch_are_a_copy(tmp_path: Path, engine: EngineName) -> None:
    """What was handed over does not change afterwards."""
    path = write(tmp_path, [b"no frame"] * 20, step_ns=SECOND_NS)
    batches = batches_of(path, engine=engine)

    assert [sum(batch.books[0].dropped.values()) for batch in batches] == [10, 20]


PIECES = [
    *(bytes(Ether() / whole) for whole, _ in TUNNELS.values()),
    *conversation(LOCAL, REMOTE, REQUEST),
    *conversation(REMOTE, LOCAL, REQUEST),
    *conversation(LOCAL, LOCAL2, REQUEST),
]


@st.composite
def changed(draw: st.DrawFn) -> bytes:
    """Draw a frame of a conversation or a tunnel, perhaps with bytes changed or cut off."""
    data = bytearray(draw(st.sampled_from(PIECES)))
    for at, value in draw(st.lists(st.tuples(st.integers(0, len(data) - 1), st.integers(0, 255)), max_size=3)):
        data[at] = value
    return bytes(data[: draw(st.integers(len(data) // 2, len(data)))])


@settings(max_examples=60, deadline=None)
@given(
    st.lists(st.one_of(changed(), st.binary(max_size=80)), max_size=40),
    st.integers(1, 20 * SECOND_NS),
    st.booleans(),
)
def test_books_balance_for_any_frames(
    tmp_path_factory: pytest.TempPathFactory, engine: EngineName, frames: list[bytes], step_ns: int, report_all: bool
) -> None:
    """Random and mutated frames: every one is in a flow, domestic, or dropped for a reason, at every tick."""
    path = tmp_path_factory.getbasetemp() / "books.pcap"
    path.write_bytes(pcap(frames, step_ns=step_ns))
    batches = batches_of(path, engine=engine, report_all=report_all, limits=limits(max_flows=16, idle=30, active=60))
    (book,) = batches[-1].books
    reports = reports_of(batches)

    assert book.packets == len(frames)
    assert book.flow_packets == sum(reports["packets_out"]) + sum(reports["packets_in"])
    assert book.flow_bytes == sum(reports["bytes_out"]) + sum(reports["bytes_in"])
    assert HOME is config().home
    for batch in batches:
        check(batch)
