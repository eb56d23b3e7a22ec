"""`explain` prints the protocol tree of one flow, and says clearly when there is none."""

from __future__ import annotations

import shutil
from typing import TYPE_CHECKING

import pytest
import zstandard
from scapy.layers.inet import IP, UDP
from scapy.layers.l2 import GRE, Ether
from tests.engine.captures import LOCAL, LOCAL2, REMOTE, REMOTE2, flows_of, pcap
from tests.engine.test_tshark import run, talk

from crossborder.engine.tshark import explain
from crossborder.errors import CrossborderError

if TYPE_CHECKING:
    from pathlib import Path

pytestmark = pytest.mark.skipif(shutil.which("tshark") is None, reason="tshark is not installed")

NOT_THERE = "1:wCb3OG7yAFWelaUydu0D+125CLM="
REQUEST = b"GET /so-lieu HTTP/1.1\r\nHost: www.example.com\r\n\r\n"
OTHER = bytes(Ether() / IP(src=LOCAL2, dst=REMOTE2) / UDP(sport=5000, dport=5001) / b"hello you")


@pytest.fixture
def capture(tmp_path: Path) -> Path:
    """Return a capture of an HTTP request and a datagram of another flow between its packets."""
    path = tmp_path / "a.pcap"
    frames = talk(80, (True, REQUEST[:30]), (True, REQUEST[30:]), (False, b"HTTP/1.1 204 No Content\r\n\r\n"))
    path.write_bytes(pcap([*frames[:2], OTHER, *frames[2:]]))
    return path


def flow_of(path: Path, transport: str, seed: int = 0) -> str:
    """Return the Community ID of the flow of a transport, as a report tells it."""
    batches, _ = run(path, community_seed=seed)
    ids = {flow["transport"]: flow["community_id"] for flow in flows_of(batches).to_dicts()}
    return str(ids[transport])


def frames_of(lines: list[str]) -> list[str]:
    """Return the first line of each packet's tree."""
    return [line.partition(":")[0] for line in lines if line.startswith("Frame ")]


@pytest.mark.parametrize("seed", [0, 7])
def test_the_packets_of_a_flow(capture: Path, seed: int) -> None:
    """Both directions of the flow and nothing of others, streams put together, every protocol to its leaves."""
    community_id = flow_of(capture, "tcp", seed)

    lines = list(explain(capture, community_id, seed))

    assert lines[0] == f"Flow {community_id}: 5 packets (1, 2, 4, 5, 6)"
    assert frames_of(lines) == ["Frame 1", "Frame 2", "Frame 4", "Frame 5", "Frame 6"]
    assert "    Host: www.example.com\\r\\n" in lines
    assert not any("User Datagram" in line for line in lines)


def test_no_more_packets_than_the_limit(capture: Path) -> None:
    """The first line says how many there are."""
    community_id = flow_of(capture, "tcp")

    lines = list(explain(capture, community_id, limit=2))

    assert lines[0] == f"Flow {community_id}: the first 2 of 5 packets (1, 2, 4, 5, 6)"
    assert frames_of(lines) == ["Frame 1", "Frame 2"]


def test_a_flow_of_one_packet(capture: Path) -> None:
    """One is not many."""
    community_id = flow_of(capture, "udp")

    assert next(explain(capture, community_id)) == f"Flow {community_id}: 1 packet (3)"


def test_a_tunnel_and_what_is_in_it(tmp_path: Path) -> None:
    """Both ids of a packet in a tunnel find it."""
    path = tmp_path / "a.pcap"
    inner = IP(src=LOCAL2, dst=REMOTE2) / UDP(sport=1, dport=2) / b"abc"
    path.write_bytes(pcap([bytes(Ether() / IP(src=LOCAL, dst=REMOTE) / GRE() / inner)]))
    bare = tmp_path / "b.pcap"
    bare.write_bytes(pcap([bytes(Ether() / inner), bytes(Ether() / IP(src=LOCAL, dst=REMOTE, proto=47) / b"....")]))

    for transport in ("udp", "gre"):
        assert frames_of(list(explain(path, flow_of(bare, transport)))) == ["Frame 1"]


def test_a_packed_file(tmp_path: Path, capture: Path) -> None:
    """A file that tshark cannot unpack is unpacked for it."""
    packed = tmp_path / "a.pcap.zst"
    packed.write_bytes(zstandard.compress(capture.read_bytes()))

    assert len(frames_of(list(explain(packed, flow_of(capture, "tcp"))))) == 5


def test_no_packet_of_that_flow(capture: Path) -> None:
    """The sentence tells the seed, how many flows there are, and their ids."""
    ids = {flow_of(capture, "tcp"), flow_of(capture, "udp")}

    with pytest.raises(CrossborderError) as caught:
        list(explain(capture, NOT_THERE))

    sentence = f"{capture}: no packet belongs to flow {NOT_THERE} (seed 0); the file has 2 flows: "
    assert str(caught.value).startswith(sentence)
    assert set(str(caught.value).removeprefix(sentence).split(", ")) == ids


def test_no_ip_at_all(tmp_path: Path) -> None:
    """A file without IP packets has no flows."""
    path = tmp_path / "a.pcap"
    path.write_bytes(pcap([bytes(Ether(type=0x0806)) + bytes(28)]))

    with pytest.raises(CrossborderError, match="there is no IP packet in the file"):
        list(explain(path, NOT_THERE))


@pytest.mark.parametrize("text", ["", "1:abc", NOT_THERE[2:], "2" + NOT_THERE[1:]])
def test_what_is_no_community_id(capture: Path, text: str) -> None:
    """A mistyped id is told before the file is read."""
    with pytest.raises(CrossborderError, match="is not a Community ID v1"):
        list(explain(capture, text))


def test_a_file_that_was_cut(capture: Path) -> None:
    """What could be read is printed first."""
    community_id = flow_of(capture, "tcp")
    capture.write_bytes(capture.read_bytes()[:-5])
    lines: list[str] = []

    with pytest.raises(CrossborderError, match="ends in the middle of packet 6"):
        lines.extend(explain(capture, community_id))

    assert lines[0] == f"Flow {community_id}: 4 packets (1, 2, 4, 5)"
    assert len(frames_of(lines)) == 4


def test_what_is_no_capture(tmp_path: Path) -> None:
    """The same sentence as everywhere."""
    with pytest.raises(CrossborderError, match="no such file"):
        list(explain(tmp_path / "missing", NOT_THERE))
