"""The benchmark's section on listening: traffic that stays at home, and what is made of what listeners took."""

from __future__ import annotations

from ipaddress import ip_address, ip_network

from tools.bench.domestic import ABROAD, moved
from tools.bench.live import RECEIVER, UNTRIAGED, Measured, floors, middle, rows
from tools.bench.ours import AGENT, ENGINE
from tools.bench.traffic import play

HOME = [
    ip_network(text) for text in ("10.0.0.0/8", "192.168.0.0/16", "14.225.0.0/16", "2001:ee0::/32", "2405:4800::/32")
]


def ends(frame: bytes) -> list[bool]:
    """Tell of both addresses of a frame whether they are at home."""
    v4 = frame[12:14] == b"\x08\x00"
    places = (slice(26, 30), slice(30, 34)) if v4 else (slice(22, 38), slice(38, 54))
    return [any(ip_address(frame[place]) in network for network in HOME) for place in places]


def test_flows_are_moved_home_whole() -> None:
    """Both ends, both directions, nothing but the addresses; and there is something to be moved."""
    abroad = 0
    for _, _, frames in play(300, 1):
        there = moved(frames)
        assert [len(frame) for _, frame in there] == [len(frame) for _, frame in frames]
        assert all(ends(frame) == [True, True] for _, frame in there)
        abroad += sum(not all(ends(frame)) for _, frame in frames)
    assert abroad > 300
    assert ABROAD == 10


def result(busy: float, packets: int = 2000, kernel: int = 0) -> dict[str, float]:
    """Return what a listener took of two thousand packets, half of them before it was measured."""
    told = {"sent": 1000, "all_sent": 2000, "rate": 500.0, "idle": 0.1, "busy": busy, "packets": packets}
    return {**told, "kernel": kernel, "domestic": 900}


def test_the_middle_round_counts_and_losses_of_all() -> None:
    """What the kernel dropped is among the packets; what never came is not."""
    ours = middle([result(0.4), result(0.3, kernel=7), result(9.9)])
    assert (ours.nanoseconds, ours.dropped, ours.lost) == (0.3 / 1000 * 1e9, 7, 0)

    receiver = middle([result(0.2, packets=1998, kernel=8)])
    assert (receiver.dropped, receiver.lost) == (8, 2)


def test_floors_compare_at_the_same_traffic() -> None:
    """The engine with the receiver, the agent with itself."""
    one = Measured(500, 1000, 0.1, 0.2, 0.9, 0, 0)
    results = {
        (RECEIVER, "short flows"): one,
        (ENGINE, "short flows"): one._replace(busy=0.4, dropped=3),
        (UNTRIAGED, "most at home"): one._replace(busy=0.5),
        (AGENT, "most at home"): one._replace(busy=0.2),
    }
    lost, short, long, triage = floors(results)

    assert (lost.measured, lost.holds) == (3, False)
    assert (round(short.measured or 0, 6), short.holds) == (3, False)
    assert (long.measured, long.holds) == (None, None)
    assert (round(triage.measured or 0, 6), triage.holds) == (0.25, True)
    assert len(rows(results)) == 4
