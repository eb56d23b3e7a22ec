"""Both engines say the same of every capture of the corpus; where they do not, it is known why and who is right."""

from __future__ import annotations

import os
import shutil
from dataclasses import replace
from fnmatch import fnmatch
from pathlib import Path
from typing import Any, NamedTuple

import pytest
from tests.engine.agreement import Result, differences, run

from crossborder.demo import write_capture
from crossborder.model import REPORT_SCHEMA, DropReason

CORPUS = Path(os.environ.get("CROSSBORDER_CORPUS", Path(__file__).resolve().parents[3] / "shared" / "corpus"))
FOLDERS = ("communityid", "foxio", "quic", "suricata", "wireshark", "hostile")
CAPTURES = sorted(
    str(path.relative_to(CORPUS)) for folder in FOLDERS for path in CORPUS.glob(f"{folder}/*") if path.is_file()
)

pytestmark = pytest.mark.skipif(shutil.which("tshark") is None, reason="tshark is not installed")
with_corpus = pytest.mark.skipif(not CAPTURES, reason=f"no corpus at {CORPUS}")


class Tolerated(NamedTuple):
    """A difference that is known. Each file that fits must show each of the kinds, or the entry is out of date."""

    files: str  # a glob
    kinds: frozenset[str]
    right: str  # who is: portable, tshark, or both, each in its way
    why: str


def _known(files: str, kinds: str, right: str, why: str) -> Tolerated:
    return Tolerated(files, frozenset(kinds.split(", ")), right, why)


_UNKNOWN_TO_TSHARK = "Wireshark has no name for the link type and reads nothing; we count the frames as dropped"
_UNKNOWN_TO_US = "a link layer that only Wireshark reads; we drop the frames, counted"
_NONSENSE_TIME = "2^31 micro- or nanoseconds in a second: we add them up, Wireshark's arithmetic overflows"
_HTTP2 = "HTTP/2 in the clear on a port of another protocol: Wireshark knows it by port only; told the port, it agrees"

TOLERATED = (
    # Link layers.
    _known("hostile/tests__brcm-tag*.pcap", "error, frames, dropped", "portable", _UNKNOWN_TO_TSHARK),
    _known("hostile/tests__dsa.pcap", "error, frames, dropped", "portable", _UNKNOWN_TO_TSHARK),
    _known("hostile/tests__edsa.pcap", "error, frames, dropped", "portable", _UNKNOWN_TO_TSHARK),
    _known("hostile/tests__frf16_magic_ie-oobr.pcap", "error, frames, dropped", "portable", _UNKNOWN_TO_TSHARK),
    _known("hostile/tests__juniper_monitor_*.pcap", "error, frames, dropped", "portable", _UNKNOWN_TO_TSHARK),
    _known("hostile/tests__vtp_asan*.pcap", "error, frames, dropped", "portable", _UNKNOWN_TO_TSHARK),
    _known("hostile/tests__LINKTYPE_USER2_PKTAP.pcap", "only tshark, dropped", "tshark", _UNKNOWN_TO_US),
    _known("hostile/tests__OSPFv3_NBMA_adjacencies.pcap", "only tshark, dropped", "tshark", _UNKNOWN_TO_US),
    _known("hostile/tests__OSPFv3_multipoint_*.pcap", "only tshark, dropped", "tshark", _UNKNOWN_TO_US),
    _known("hostile/tests__arcnet-rfc1051-arp-*.pcap", "only tshark, dropped", "tshark", _UNKNOWN_TO_US),
    _known("hostile/tests__bgp-aigp.pcap", "only tshark, dropped", "tshark", _UNKNOWN_TO_US),
    _known("hostile/tests__macsec-short-*er.pcap", "only tshark, dropped", "tshark", _UNKNOWN_TO_US),
    _known("hostile/tests__nflog.pcap", "only tshark, dropped", "tshark", _UNKNOWN_TO_US),
    _known("hostile/tests__nsh.pcap", "only tshark, dropped", "tshark", _UNKNOWN_TO_US),
    _known("hostile/tests__vrrp-vrrp_print-oobr.pcap", "only tshark, dropped", "tshark", _UNKNOWN_TO_US),
    _known("hostile/tests__heap-overflow-2.pcap", "dropped", "tshark", _UNKNOWN_TO_US),
    _known(
        "hostile/tests__atm-oam-heapoverflow.pcap",
        "frames",
        "both",
        "Wireshark does not count the 4 bytes before an ATM cell, which no wire carried",
    ),
    # Damage, named otherwise.
    _known(
        "hostile/tests__heapoverflow-ppp_hdlc_if_print.pcap",
        "dropped",
        "both",
        "two bytes of PPP: we say cut short, Wireshark reads a protocol of one byte that is not IP",
    ),
    _known(
        "hostile/tests__stp-heapoverflow-1.pcap",
        "dropped",
        "both",
        "an 802.2 frame of another protocol, cut off in its header: not IP, or cut short",
    ),
    # Lengths and times.
    _known(
        "hostile/tests__bigtcp-ipv4-geneve-ipv6.pcap",
        "only portable, only tshark",
        "portable",
        "a UDP length of 0 is left by segmentation offload over IPv4 too; Wireshark believes it over IPv6 only and "
        "does not look into the tunnel",
    ),
    _known(
        "hostile/tests__timestamp_invalid_micro.pcap",
        "only portable, total_packets_out, total_bytes_out, end_reason, rtt_us",
        "portable",
        _NONSENSE_TIME,
    ),
    _known("hostile/tests__timestamp_invalid_nano.pcap", "last_ns, rtt_us", "portable", _NONSENSE_TIME),
    # Names.
    _known(
        "hostile/tests__dns_tcp_8053.pcap",
        "dns_query",
        "portable",
        "DNS over TCP on a port of its own: Wireshark knows it by port only",
    ),
    _known(
        "hostile/tests__quic_handshake_truncated.pcap",
        "tls_version",
        "tshark",
        "the client's hello is cut off; Wireshark opens the server's Initial too, which tells the version",
    ),
    _known(
        "foxio/tls-non-ascii-alpn.pcapng",
        "alpn, ja4",
        "portable",
        "Wireshark prints a replacement character for ALPN bytes that are no text: the bytes are lost",
    ),
    _known("suricata/tests__http2-compression-bug__input.pcap", "http_host", "portable", _HTTP2),
    _known("wireshark/grpc_web.pcapng.gz", "http_host", "portable", _HTTP2),
    _known(
        "suricata/tests__uricontent__detect-uricontent-06__*.pcap",
        "http_host",
        "both",
        "a method with a percent sign from port 53: we are as lenient as servers are, to Wireshark it is no HTTP",
    ),
)


@with_corpus
@pytest.mark.parametrize("capture", CAPTURES)
def test_engines_agree(capture: str) -> None:
    """The same flows, packets, bytes, times and names; every difference is in the table and every entry is needed."""
    known = [entry for entry in TOLERATED if fnmatch(capture, entry.files)]
    expected = {kind for entry in known for kind in entry.kinds}

    found = differences(run("portable", CORPUS / capture), run("tshark", CORPUS / capture))

    unexplained = [difference for difference in found if difference.kind not in expected]
    assert not unexplained, "\n".join(map(str, unexplained))
    assert {difference.kind for difference in found} == expected, "a difference of the table is gone"


@with_corpus
@pytest.mark.parametrize("entry", TOLERATED, ids=lambda entry: entry.files)
def test_tolerated_differences_are_of_files_that_exist(entry: Tolerated) -> None:
    """An entry fits a capture, has a reason, and says who is right."""
    assert any(fnmatch(capture, entry.files) for capture in CAPTURES)
    assert entry.why
    assert entry.right in {"portable", "tshark", "both"}


@pytest.fixture(scope="module")
def result(corpus: Path) -> Result:
    """Return what an engine made of one capture with several flows."""
    return run("portable", corpus / "foxio" / "latest.pcapng")


@pytest.mark.parametrize(
    ("column", "value"),
    [
        ("total_packets_out", 99),
        ("total_bytes_in", 99),
        ("sni", "other.example"),
        ("dns_query", ["other.example"]),
        ("http_host", "other.example"),
        ("flow_id", 99),
    ],
)
def test_a_difference_of_one_flow_is_seen(result: Result, column: str, value: Any) -> None:
    """The comparison is not blind: one value of one flow is enough."""
    key = next(iter(result.flows))
    other = result._replace(flows=result.flows | {key: result.flows[key] | {column: value}})

    assert differences(result, result) == []
    assert [difference.kind for difference in differences(result, other)] == [column]


def test_a_flow_or_packet_of_one_engine_is_seen(result: Result) -> None:
    """A flow, a frame, a drop or an error that only one engine has is a difference."""
    fewer = result._replace(flows=dict(list(result.flows.items())[1:]))
    assert result.books is not None
    books = result._replace(books=replace(result.books, packets=1, dropped={DropReason.NOT_IP: 1}))

    assert [difference.kind for difference in differences(result, fewer)] == ["only portable"]
    assert [difference.kind for difference in differences(fewer, result)] == ["only tshark"]
    assert [difference.kind for difference in differences(result, books)] == ["frames", "dropped"]
    assert [difference.kind for difference in differences(result, result._replace(error="cut"))] == ["error"]


@pytest.mark.slow
def test_engines_agree_on_every_column_of_the_demo(tmp_path: Path) -> None:
    """On a day of sound traffic of many protocols the reports are the same to the last column."""
    path = tmp_path / "day.pcap"
    write_capture(path)

    portable, tshark = run("portable", path), run("tshark", path)

    assert len(portable.flows) > 1000
    assert differences(portable, tshark) == []
    unlike = {
        column: (report[column], tshark.flows[key][column])
        for key, report in portable.flows.items()
        for column in REPORT_SCHEMA
        if report[column] != tshark.flows[key][column]
    }
    assert unlike == {}
