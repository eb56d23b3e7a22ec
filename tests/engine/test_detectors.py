"""Detectors are data, and the native engine shows them what leaves home in the clear."""

from __future__ import annotations

import random
from typing import TYPE_CHECKING

import pytest
from scapy.layers.inet import IP, TCP
from scapy.layers.l2 import Ether
from tests.engine.captures import LOCAL, LOCAL2, REMOTE, config, flows_of, pcap

from crossborder.config import data_folder
from crossborder.demo.protocols import http, tls
from crossborder.engine import native_available, open_engine
from crossborder.engine.detectors import read_detectors
from crossborder.errors import CrossborderError

if TYPE_CHECKING:
    from pathlib import Path
    from typing import Any

KEY = b"-----BEGIN PRIVATE KEY-----\nMIIEvQ\n"
ACCESS = b"id=AKIAABCDEFGHIJKLMNOP&id=AKIAABCDEFGHIJKLMNOP"


def test_the_shipped_detectors_are_read() -> None:
    """Each is called as its file and says what it looks for."""
    detectors = read_detectors([data_folder("rules") / "detectors"])

    assert {detector.id for detector in detectors} >= {"private-key", "access-key"}


@pytest.mark.parametrize(
    ("text", "fault"),
    [
        ("id: other\ntitle: x\nliterals: [a]\n", "id 'other' differs from the file's, 'a'"),
        ("id: a\ntitle: x\n", "needs literals or a pattern, one of the two"),
        ("id: a\ntitle: x\nliterals: [a]\npattern: b\n", "needs literals or a pattern, one of the two"),
        ("id: a\ntitle: x\nliteral: [a]\n", "literal"),
    ],
)
def test_what_is_wrong_with_a_detector_is_told(tmp_path: Path, text: str, fault: str) -> None:
    """A sentence with the file's name."""
    path = tmp_path / "a.yaml"
    path.write_text(text)

    with pytest.raises(CrossborderError, match=r"a\.yaml") as caught:
        read_detectors([path])
    assert fault in str(caught.value)


native = pytest.mark.skipif(not native_available(), reason="the native extension is not installed")


@native
def test_a_pattern_that_does_not_compile_is_told(tmp_path: Path) -> None:
    """So is one that could match nothing."""
    path = tmp_path / "a.yaml"
    path.write_text("id: a\ntitle: x\npattern: '('\n")

    with pytest.raises(CrossborderError, match="detector a: "):
        open_engine("native", config(detectors=read_detectors([path])))


def segments(src: str, dst: str, *payloads: bytes, sport: int = 40000, dport: int = 80) -> list[bytes]:
    """Return the frames of one direction of a connection, its SYN first."""
    frames = [Ether() / IP(src=src, dst=dst) / TCP(sport=sport, dport=dport, seq=99, flags="S")]
    seq = 100
    for payload in payloads:
        frames.append(Ether() / IP(src=src, dst=dst) / TCP(sport=sport, dport=dport, seq=seq, flags="PA") / payload)
        seq += len(payload)
    return [bytes(frame) for frame in frames]


def detections(tmp_path: Path, frames: list[bytes]) -> list[Any]:
    """Return what detectors found in the flows of some frames."""
    path = tmp_path / "x.pcap"
    path.write_bytes(pcap(frames))
    detectors = read_detectors([data_folder("rules") / "detectors"])
    engine = open_engine("native", config(files=(path,), detectors=detectors, report_all=True))
    return flows_of(list(engine))["detections"].to_list()


@native
def test_what_leaves_in_the_clear_is_found_and_masked(tmp_path: Path) -> None:
    """Across segments, out of order too; counted, told apart by hashes, never stored."""
    request = http.form("drop.example", "/in", {}) + KEY + ACCESS
    first, *rest = segments(LOCAL, REMOTE, request[:150], request[150:160], request[160:])
    (found,) = detections(tmp_path, [first, rest[0], rest[2], rest[1]])

    assert [(d["detector"], d["matches"], len(d["distinct"])) for d in found] == [
        ("access-key", 2, 1),
        ("private-key", 1, 1),
    ]
    assert found[0]["samples"] == ["AK****************OP"]


@native
def test_what_stays_comes_in_or_hides_is_not_searched(tmp_path: Path) -> None:
    """Flows at home have no detections at all; of a crossing flow only what goes out counts."""
    inward = segments(REMOTE, LOCAL, b"HTTP/1.1 200 OK\r\n\r\n" + KEY, sport=80, dport=40001)
    home = segments(LOCAL, LOCAL2, b"POST / HTTP/1.1\r\n\r\n" + KEY)
    hello, *_ = tls.opening_13(random.Random(1), "bank.example", ("h2",), hybrid=False)  # noqa: S311 - a hello
    hidden = segments(LOCAL, REMOTE, hello, tls.record(23, KEY), sport=40002, dport=443)

    assert [found or None for found in detections(tmp_path, [*inward, *home, *hidden])] == [None, None, None]
