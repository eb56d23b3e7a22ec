"""The flow table orients, counts, ends and reports flows, and never grows beyond its bounds."""

from __future__ import annotations

import ipaddress
from typing import TYPE_CHECKING, Any

import polars as pl
import pytest
from hypothesis import given
from hypothesis import strategies as st
from tests.engine.captures import (
    HOME,
    LOCAL,
    LOCAL2,
    LOCAL6,
    REMOTE,
    REMOTE2,
    REMOTE6,
    START,
    config,
    limits,
    packed,
    packet,
)

from crossborder.engine import SECOND_NS
from crossborder.engine.communityid import community_id
from crossborder.engine.flowtable import FlowTable, choose
from crossborder.engine.home import Home
from crossborder.model import REPORT_SCHEMA
from crossborder.prefixes import PRIVATE, PrefixSet

if TYPE_CHECKING:
    from collections.abc import Iterable

    from crossborder.engine.packet import Packet

SYN, SYN_ACK, ACK, FIN, RST = 0x02, 0x12, 0x10, 0x11, 0x04


def feed(table: FlowTable, packets: Iterable[Packet]) -> list[pl.DataFrame]:
    """Add packets as an engine does; return the frames of the ticks between them."""
    frames = []
    for one in packets:
        if table.tick(one.ts_ns) is not None:
            frames.append(table.drain())
        table.add(one)
    return frames


def total(frame: pl.DataFrame, *columns: str) -> int:
    """Return the sum of columns over a frame."""
    return sum(int(value) for column in columns for value in frame[column])


def single(packets: Iterable[Packet], **settings: Any) -> dict[str, Any]:
    """Return the only report of a table that was fed the packets and closed."""
    table = FlowTable(config(**settings))
    assert not feed(table, packets)
    (row,) = table.close().to_dicts()
    return row


@pytest.mark.parametrize(
    ("here", "there", "keys"),
    [
        (LOCAL, REMOTE, [bytes(10) + b"\xff\xff" + packed(LOCAL), bytes(10) + b"\xff\xff" + packed(REMOTE)]),
        (LOCAL6, REMOTE6, [packed(LOCAL6), packed(REMOTE6)]),
    ],
)
def test_keys_are_the_addresses(here: str, there: str, keys: list[bytes]) -> None:
    """Both ends stand as keys, too, IPv4 mapped into IPv6, whoever opened the flow."""
    for ends in ((here, there), (there, here)):
        report = single([packet(0, *ends)])

        assert [report["local_key"], report["remote_key"]] == keys


@pytest.mark.parametrize("opener", ["local", "remote"])
@pytest.mark.parametrize(("here", "there"), [(LOCAL, REMOTE), (LOCAL6, REMOTE6)])
def test_local_is_the_end_at_home_whoever_opened(opener: str, here: str, there: str) -> None:
    """A foreign client that downloads from home makes outbound bytes: that is a transfer too."""
    client, server = (here, there) if opener == "local" else (there, here)
    row = single(
        [
            packet(0, client, server, 40000, 443, tcp_flags=SYN, ip_bytes=60, payload_bytes=0),
            packet(0.1, server, client, 443, 40000, tcp_flags=SYN_ACK, ip_bytes=60, payload_bytes=0),
            packet(0.2, client, server, 40000, 443, tcp_flags=ACK, ip_bytes=52, payload_bytes=0),
            packet(0.3, server, client, 443, 40000, tcp_flags=ACK, ip_bytes=1500, payload_bytes=1448),
        ]
    )

    assert (row["local_ip"], row["remote_ip"], row["initiator"], row["scope"]) == (here, there, opener, "crossing")
    assert (row["local_port"], row["remote_port"]) == ((40000, 443) if opener == "local" else (443, 40000))
    served, asked = (row["bytes_in"], row["bytes_out"]) if opener == "local" else (row["bytes_out"], row["bytes_in"])
    assert (asked, served) == (112, 1560)
    assert row["payload_in" if opener == "local" else "payload_out"] == 1448
    assert row["rtt_us"] == 200_000
    assert (row["transport"], row["report"], row["end_reason"]) == ("tcp", "ended", "shutdown")
    assert (row["missing_out"], row["missing_in"], row["detections"]) == (0, 0, None)


@pytest.mark.parametrize(
    ("src", "dst", "scope"),
    [
        (LOCAL, REMOTE, "crossing"),
        (REMOTE, LOCAL, "crossing"),
        (REMOTE, REMOTE2, "transit"),
        (LOCAL, LOCAL2, "domestic"),
        (LOCAL, "224.0.0.251", "domestic"),
        (REMOTE, "ff02::1", "domestic"),
        ("fe80::1", REMOTE6, "domestic"),
    ],
)
def test_scope_is_told_by_both_ends(src: str, dst: str, scope: str) -> None:
    """Multicast and link-local never cross, even beside a foreign address."""
    row = single([packet(0, src, dst, proto=17)], report_all=True)

    assert row["scope"] == scope
    if scope != "crossing":
        assert (row["local_ip"], row["initiator"]) == (src, "local")


def test_domestic_flows_are_not_flows_unless_reported() -> None:
    """The engine counts them per interface; the table does not hold them."""
    table = FlowTable(config())

    assert table.add(packet(0, LOCAL, LOCAL2)) is None
    assert len(table) == 0
    assert table.close().is_empty()


@pytest.mark.parametrize(
    ("first", "initiator"),
    [
        (packet(0, REMOTE, LOCAL, 443, 40000, tcp_flags=SYN_ACK), "local"),
        (packet(0, LOCAL, REMOTE, tcp_flags=ACK), "unknown"),
        (packet(0, REMOTE, LOCAL, tcp_flags=RST), "unknown"),
        (packet(0, REMOTE, LOCAL, 5000, 5001, proto=17), "remote"),
        (packet(0, REMOTE, LOCAL, 53, 5001, proto=17, payload=b"\x12\x34\x81\x80" + bytes(8)), "local"),
        (packet(0, LOCAL, REMOTE, 5001, 53, proto=17, payload=b"\x12\x34\x01\x00" + bytes(8)), "local"),
        (packet(0, REMOTE, LOCAL, 53, 5001, proto=17, payload=b"\x12"), "remote"),
        (packet(0, REMOTE, LOCAL, 8, 0, proto=1), "remote"),
        (packet(0, REMOTE, LOCAL, 0, 0, proto=1), "local"),
        (packet(0, REMOTE, LOCAL, 3, 1, proto=1), "remote"),
        (packet(0, REMOTE6, LOCAL6, 129, 0, proto=58), "local"),
        (packet(0, REMOTE, LOCAL, 0, 0, proto=47), "remote"),
    ],
)
def test_the_first_packet_tells_who_opened(first: Packet, initiator: str) -> None:
    """SYN and SYN-ACK, request and reply, question and answer; else the first sender; TCP in mid-stream is unknown."""
    row = single([first])

    assert row["initiator"] == initiator
    assert row["scope"] == "crossing"


def test_in_transit_the_initiator_is_local() -> None:
    """Where no end is at home, local is who opened; of TCP met in mid-stream, who was seen first."""
    answered = single([packet(0, REMOTE, REMOTE2, 443, 40000, tcp_flags=SYN_ACK)])
    middle = single([packet(0, REMOTE, REMOTE2, 443, 40000, tcp_flags=ACK)])

    assert (answered["local_ip"], answered["initiator"]) == (REMOTE2, "local")
    assert (middle["local_ip"], middle["initiator"]) == (REMOTE, "unknown")


def test_an_echo_and_its_reply_are_one_flow() -> None:
    """ICMP pairs are one flow with the request's type, whichever was seen first; each asker's is its own."""
    for order in ((8, 0), (0, 8)):
        ends = [(LOCAL, REMOTE) if kind == 8 else (REMOTE, LOCAL) for kind in order]
        row = single([packet(n, *ends[n], sport=kind, dport=0, proto=1) for n, kind in enumerate(order)])
        assert (row["local_port"], row["remote_port"], row["initiator"]) == (8, 0, "local")
        assert (row["packets_out"], row["packets_in"]) == (1, 1)
        assert row["community_id"] == community_id(packed(LOCAL), packed(REMOTE), 1, 8, 0)

    table = FlowTable(config())
    feed(table, [packet(0, LOCAL, REMOTE, 8, 0, proto=1), packet(1, REMOTE, LOCAL, 8, 0, proto=1)])
    assert table.close()["initiator"].to_list() == ["local", "remote"]

    row = single([packet(0, REMOTE, LOCAL, sport=3, dport=13, proto=1)])
    assert (row["local_port"], row["remote_port"]) == (3, 13)
    assert row["community_id"] == community_id(packed(REMOTE), packed(LOCAL), 1, 3, 13)


def test_interface_and_tunnel_part_flows_but_vlan_does_not() -> None:
    """A mirror port shows the two directions of a connection in two VLANs; one tuple in two tunnels is two flows."""
    table = FlowTable(config())
    feed(
        table,
        [
            packet(0, LOCAL, REMOTE, vlan="10"),
            packet(0, REMOTE, LOCAL, 443, 40000, vlan="20"),
            packet(0, LOCAL, REMOTE, tunnel="gre"),
            packet(0, LOCAL, REMOTE, interface="other"),
        ],
    )
    frame = table.close()

    assert frame.height == 3
    assert frame["flow_id"].n_unique() == 3
    assert frame.filter(pl.col("vlan") == "10")["packets_in"].to_list() == [1]


def test_reports_are_opened_active_ended_and_deltas_sum_up() -> None:
    """One report a flow and tick; the first has deltas equal to totals; silence is not reported."""
    table = FlowTable(config())
    sizes = [100, 200, 300]
    frames = feed(table, [packet(10 * n, LOCAL, REMOTE, ip_bytes=size) for n, size in enumerate(sizes)])
    frames.append(table.drain())
    assert table.tick(START + 60 * SECOND_NS) is not None
    frames.append(table.drain())
    frames.append(table.close())
    reports = pl.concat(frames)

    assert [frame.height for frame in frames] == [1, 1, 1, 0, 1]
    assert reports["report"].to_list() == ["opened", "active", "active", "ended"]
    assert reports["bytes_out"].to_list() == [100, 200, 300, 0]
    assert reports["total_bytes_out"].to_list() == [100, 300, 600, 600]
    assert reports["last_ns"].to_list() == [START + n * 10 * SECOND_NS for n in (0, 1, 2, 2)]
    assert reports["flow_id"].n_unique() == 1


def test_idle_flows_end_at_a_tick_without_further_packets() -> None:
    """The clock ends a silent flow, not its next packet."""
    table = FlowTable(config(limits=limits(idle=30)))
    feed(table, [packet(0, LOCAL, REMOTE)])
    table.drain()

    assert table.tick(START + 20 * SECOND_NS) is not None
    assert table.drain().is_empty()
    assert table.tick(START + 30 * SECOND_NS) is not None
    assert table.drain()["end_reason"].to_list() == ["idle"]
    assert len(table) == 0


def test_a_packet_after_the_idle_timeout_opens_a_new_flow() -> None:
    """Even within one tick: what the ticks are does not change what the flows are."""
    table = FlowTable(config(limits=limits(idle=2), tick_ns=3600 * SECOND_NS))
    feed(table, [packet(0, LOCAL, REMOTE), packet(1, LOCAL, REMOTE), packet(3.5, LOCAL, REMOTE)])
    frame = table.close()

    assert frame["packets_out"].to_list() == [2, 1]
    assert frame["end_reason"].to_list() == ["idle", "shutdown"]


def test_a_long_flow_goes_on_in_a_successor() -> None:
    """The record ends of age; its successor has a new id, keeps initiator, orientation and names, and counts anew."""
    table = FlowTable(config(limits=limits(active=60, idle=3600)))
    first = packet(0, REMOTE, LOCAL, 40000, 443, tcp_flags=SYN)
    table.tick(first.ts_ns)
    flow = table.add(first)
    assert flow is not None
    flow.names.name_server("files.example", "tls")
    flow.names.add_upload(7)
    later = [packet(at, LOCAL, REMOTE, 443, 40000, tcp_flags=ACK) for at in (30, 59, 61)]
    frames = feed(table, later)
    old, new = pl.concat([*frames, table.close()]).filter(pl.col("report") == "ended").to_dicts()

    assert (old["end_reason"], new["end_reason"]) == ("active", "shutdown")
    assert old["flow_id"] != new["flow_id"]
    assert (old["total_packets_out"], old["total_packets_in"]) == (2, 1)
    assert (new["total_packets_out"], new["total_packets_in"]) == (1, 0)
    assert {(r["initiator"], r["local_port"], r["server_name"]) for r in (old, new)} == {
        ("remote", 443, "files.example")
    }
    assert (old["http_upload_bytes"], new["http_upload_bytes"]) == (7, None)


@pytest.mark.parametrize(
    ("closing", "reason"),
    [
        ([(LOCAL, REMOTE, FIN), (REMOTE, LOCAL, FIN)], "fin"),
        ([(REMOTE, LOCAL, RST)], "rst"),
        ([(LOCAL, REMOTE, FIN)], None),
        ([(LOCAL, REMOTE, FIN), (LOCAL, REMOTE, FIN)], None),
    ],
)
def test_tcp_ends_by_fin_from_both_or_rst(closing: list[tuple[str, str, int]], reason: str | None) -> None:
    """A half-closed connection is still open; the last acknowledgement opens no new flow."""
    table = FlowTable(config())
    feed(table, [packet(0, LOCAL, REMOTE, tcp_flags=SYN)])
    for src, dst, flags in closing:
        ports = (40000, 443) if src == LOCAL else (443, 40000)
        feed(table, [packet(1, src, dst, *ports, tcp_flags=flags)])
    feed(table, [packet(1.1, LOCAL, REMOTE, tcp_flags=ACK)])
    assert table.tick(START + 10 * SECOND_NS) is not None
    frame = table.drain()

    assert frame["end_reason"].to_list() == [reason]
    assert total(frame, "packets_out", "packets_in") == 2 + len(closing)
    assert len(table) == (0 if reason else 1)


def test_a_tick_right_after_the_close_leaves_time_for_the_last_ack() -> None:
    """Else the last acknowledgement would open a flow of its own."""
    table = FlowTable(config())
    closed = [packet(9.9, LOCAL, REMOTE, tcp_flags=FIN), packet(9.95, REMOTE, LOCAL, 443, 40000, tcp_flags=FIN)]
    frames = feed(table, [*closed, packet(10.01, LOCAL, REMOTE, tcp_flags=ACK)])
    assert table.tick(START + 20 * SECOND_NS) is not None
    frames.append(table.drain())

    assert [frame["report"].to_list() for frame in frames] == [["opened"], ["ended"]]


@pytest.mark.parametrize("tick", [1, 300])
def test_a_packet_long_after_the_close_is_of_another_flow(tick: int) -> None:
    """How long a closed flow lives does not depend on when ticks close."""
    table = FlowTable(config(tick_ns=tick * SECOND_NS))
    closed = [packet(0, LOCAL, REMOTE, tcp_flags=FIN), packet(0.1, REMOTE, LOCAL, 443, 40000, tcp_flags=FIN)]
    frames = feed(
        table, [*closed, packet(1.0, LOCAL, REMOTE, tcp_flags=ACK), packet(1.2, LOCAL, REMOTE, tcp_flags=ACK)]
    )
    ended = pl.concat([*frames, table.close()]).filter(pl.col("report") == "ended")

    assert ended["total_packets_out"].to_list() == [2, 1]
    assert ended["end_reason"].to_list() == ["fin", "shutdown"]


def test_a_tuple_used_again_is_a_new_flow_at_once() -> None:
    """A SYN on a closed connection does not wait for the tick."""
    table = FlowTable(config())
    feed(
        table,
        [
            packet(0, LOCAL, REMOTE, tcp_flags=SYN),
            packet(0.1, REMOTE, LOCAL, 443, 40000, tcp_flags=RST | ACK),
            packet(0.2, LOCAL, REMOTE, tcp_flags=SYN),
        ],
    )
    frame = table.close()

    assert frame["end_reason"].to_list() == ["rst", "shutdown"]
    assert frame["packets_out"].to_list() == [1, 1]


def test_a_full_table_gives_up_the_longest_idle_without_losing_counts() -> None:
    """A scan cannot make the table grow; every packet is still in a report."""
    table = FlowTable(config(limits=limits(max_flows=16)))
    feed(table, [packet(n / 1000, LOCAL, REMOTE, 1000 + n) for n in range(16)])
    feed(table, [packet(0.02, LOCAL, REMOTE, 1000)])  # no longer the one idle the longest
    feed(table, [packet(0.03 + n / 1000, LOCAL, REMOTE, 2000 + n) for n in range(8)])
    assert len(table) == 16
    frame = table.close()

    evicted = frame.filter(pl.col("end_reason") == "evicted")
    assert evicted["local_port"].to_list() == list(range(1001, 1009))
    assert total(frame, "packets_out") == 25


def test_a_flood_within_one_tick_calls_the_tick_early(monkeypatch: pytest.MonkeyPatch) -> None:
    """Ended flows wait for their report in memory, so the wait is bounded."""
    monkeypatch.setattr("crossborder.engine.flowtable.MAX_UNREPORTED", 100)
    table = FlowTable(config(limits=limits(max_flows=16)))
    frames = feed(table, [packet(n / 1e6, LOCAL, REMOTE, n) for n in range(1000)])
    frames.append(table.close())

    assert len(frames) > 5
    assert max(frame.height for frame in frames) <= 100 + 16
    assert sum(total(frame, "packets_out") for frame in frames) == 1000


def test_time_set_back_breaks_nothing() -> None:
    """Ageing goes on from the new time; a packet from the far future does not freeze the table."""
    table = FlowTable(config(limits=limits(idle=30)))
    times = [0, 5, 4.9, 1e9, 6, 7, 20, 45, 80]
    frames = feed(table, [packet(at, LOCAL, REMOTE, 1000 + n) for n, at in enumerate(times)])
    frames.append(table.close())
    reports = pl.concat(frames)

    assert total(reports, "packets_out") == len(times)
    ended = reports.filter(pl.col("end_reason").is_in(["idle", "shutdown"]))
    assert ended.height == len(times)
    # Those of before the jump and those idle for 30 seconds after it have ended as idle.
    assert ended.filter(pl.col("end_reason") == "idle")["local_port"].sort().to_list()[:3] == [1000, 1001, 1002]
    assert 1004 in ended.filter(pl.col("end_reason") == "idle")["local_port"].to_list()


def test_home_may_change_for_new_flows_only() -> None:
    """Flows in the table keep the scope they have."""
    table = FlowTable(config())
    feed(table, [packet(0, LOCAL, REMOTE)])
    table.set_home(Home(PrefixSet([*PRIVATE, ipaddress.ip_network("203.0.113.0/24")])))
    feed(table, [packet(1, LOCAL, REMOTE)])

    assert table.add(packet(2, LOCAL2, REMOTE)) is None
    assert table.close()["packets_out"].to_list() == [2]


def test_ids_are_the_same_each_time_and_differ_between_flows() -> None:
    """Same packets, same ids; a tuple used again in the same nanosecond gets another id all the same."""
    still = [packet(0, LOCAL, REMOTE, tcp_flags=flags) for flags in (SYN, RST, SYN, RST, SYN)]
    tables = [FlowTable(config()) for _ in range(2)]
    for table in tables:
        feed(table, still)
    first, second = (table.close() for table in tables)

    assert first.equals(second)
    assert first.height == 3
    assert first["flow_id"].n_unique() == 3


def test_flows_are_reported_in_the_order_they_opened() -> None:
    """Neither time stamps that are out of order nor what came last change it."""
    table = FlowTable(config())
    feed(table, [packet(at, LOCAL, REMOTE, sport=port) for at, port in ((3, 7), (1, 5), (2, 6), (4, 7))])
    assert table.close()["local_port"].to_list() == [7, 5, 6]


def test_vlan_and_addresses_are_text() -> None:
    """The report holds text forms, IPv6 compressed."""
    row = single([packet(0, LOCAL6, REMOTE6, vlan="10.20", tunnel="gre", proto=200)])

    assert (row["local_ip"], row["remote_ip"]) == ("2001:db8:1::5", "2001:db8:9::9")
    assert (row["vlan"], row["tunnel"], row["transport"]) == ("10.20", "gre", "ip-200")


def test_rtt_is_null_where_the_handshake_was_not_seen() -> None:
    """A SYN sent again counts from the newest; without it there is nothing to measure."""
    seen = [
        packet(0, LOCAL, REMOTE, tcp_flags=SYN),
        packet(1, LOCAL, REMOTE, tcp_flags=SYN),
        packet(1.1, REMOTE, LOCAL, 443, 40000, tcp_flags=SYN_ACK),
        packet(1.15, LOCAL, REMOTE, tcp_flags=ACK),
        packet(1.5, LOCAL, REMOTE, tcp_flags=ACK),
    ]

    assert single(seen)["rtt_us"] == 150_000
    assert single(seen[2:])["rtt_us"] is None
    assert single(seen[:2])["rtt_us"] is None


LAYERS = {
    "home": (LOCAL, LOCAL2),
    "crossing": (LOCAL, REMOTE),
    "transit": (REMOTE2, REMOTE),
    "never": (LOCAL, "224.0.0.5"),
    "crossing2": (LOCAL2, REMOTE2),
}


@pytest.mark.parametrize(
    ("layers", "counted"),
    [
        (["crossing"], 0),
        (["home", "crossing"], 1),
        (["crossing", "crossing2"], 1),
        (["crossing", "home"], 0),
        (["crossing", "transit"], 0),
        (["crossing", "never"], 0),
        (["crossing", "crossing2", "home"], 1),
        (["transit", "home"], 1),
        (["home", "transit"], 1),
        (["home", "home"], 1),
    ],
)
def test_a_tunnel_does_not_hide_a_crossing(layers: list[str], counted: int) -> None:
    """The innermost layer that crosses is counted; where none does, the innermost layer."""
    packets = [packet(0, *LAYERS[layer], sport=n) for n, layer in enumerate(layers)]

    assert choose(packets, HOME) is packets[counted]


def test_a_tunnel_that_is_counted_itself_says_what_it_is() -> None:
    """Where the inside stays at home, the flow abroad is the tunnel's own, and its protocol is the tunnel."""
    outer = packet(0, LOCAL, REMOTE, 4789, 4789, proto=17)
    inner = packet(0, LOCAL, LOCAL2, tunnel="vxlan")

    table = FlowTable(config())
    flow = table.add(choose([outer, inner], HOME))

    assert flow is not None
    assert (flow.remote, flow.names.app_protocol) == (outer.dst, "vxlan")


ENDS = st.sampled_from([LOCAL, LOCAL2, REMOTE, REMOTE2, "224.0.0.5"])
PACKETS = st.lists(
    st.builds(
        lambda at, src, dst, sport, dport, proto, flags, size: packet(
            at, src, dst, sport, dport, proto=proto, tcp_flags=flags, ip_bytes=size + 40, payload_bytes=size
        ),
        st.floats(-100, 400),
        ENDS,
        ENDS,
        st.integers(0, 3),
        st.integers(0, 3),
        st.sampled_from([1, 6, 17, 47]),
        st.integers(0, 31),
        st.integers(0, 1460),
    ),
    max_size=80,
)


@given(PACKETS, st.booleans())
def test_sums_of_deltas_are_totals_are_packets(packets: list[Packet], report_all: bool) -> None:
    """Whatever comes in whatever order: every packet of a flow is in exactly one delta, and deltas sum to totals."""
    table = FlowTable(config(limits=limits(idle=15, active=60, max_flows=16), report_all=report_all))
    counted, frames = [], []
    for one in packets:
        if table.tick(one.ts_ns) is not None:
            frames.append(table.drain())
        if table.add(one) is not None:
            counted.append(one)
    frames.append(table.close())
    reports = pl.concat(frames)

    assert reports.schema == REPORT_SCHEMA
    assert total(reports, "packets_out", "packets_in") == len(counted)
    assert total(reports, "bytes_out", "bytes_in") == sum(p.ip_bytes for p in counted)
    assert total(reports, "payload_out", "payload_in") == sum(p.payload_bytes for p in counted)
    for unit in ("packets", "bytes", "payload"):
        for way in ("out", "in"):
            sums = reports.group_by("flow_id").agg(
                pl.col(f"{unit}_{way}").sum().alias("sum"),
                pl.col(f"total_{unit}_{way}").last().alias("total"),
                (pl.col("report") == "ended").sum().alias("ends"),
            )
            assert (sums["sum"] == sums["total"]).all()
            assert (sums["ends"] == 1).all()
    first = reports.filter(pl.struct("flow_id").is_first_distinct())
    assert (first["packets_out"] == first["total_packets_out"]).all()
    opened = reports.filter(pl.col("report") == "opened")
    assert set(opened["flow_id"]) <= set(first.filter(pl.col("report") == "opened")["flow_id"])
