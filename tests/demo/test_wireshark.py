"""Wireshark reads the capture as it was meant: nothing malformed but what was damaged on purpose."""

from __future__ import annotations

from collections import Counter
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable

    from crossborder.demo import Manifest

    Tshark = Callable[..., list[str]]

PROTOCOLS = frozenset({
    "dns", "mdns", "tls", "quic", "http", "urlencoded-form", "json", "mime_multipart", "smtp", "imf", "ftp", "ftp-data",
    "smb2", "ntlmssp", "mysql", "pgsql", "ssh", "ntp", "icmp", "icmpv6", "arp", "stp", "lldp", "gre", "vxlan", "wg",
    "bt-dht", "hl7", "ipv6", "vlan", "ieee8021ad", "pppoes",
})  # fmt: skip


def test_only_what_was_damaged_on_purpose_is_malformed(day: Manifest, tshark: Tshark) -> None:
    """Our bytes are real protocol bytes: what Wireshark cannot follow was planted so."""
    broken = tshark(
        "-Y", "_ws.malformed or _ws.short or _ws.expert.severity == error", "-T", "fields", "-e", "frame.number"
    )
    planted = sum(frames for reason, frames in day.damaged.items() if reason not in {"not_ip", "nesting"})

    assert len(broken) == planted


def test_checksums_are_right(day: Manifest, tshark: Tshark) -> None:
    """IP, TCP, UDP and ICMP checksums are those that were computed by another program, in tunnels too."""
    checks = ("ip", "tcp", "udp")
    options = [word for name in checks for word in ("-o", f"{name}.check_checksum:TRUE")]
    fields = [f"{name}.checksum.status" for name in (*checks, "icmp", "icmpv6")]
    lines = tshark(*options, "-T", "fields", *(word for field in fields for word in ("-e", field)))
    states = Counter(state for line in lines for column in line.split("\t") for state in column.split(",") if state)

    assert states["1"] > day.packets  # good: a packet has two, of IP and of transport
    assert states["0"] <= day.damaged["malformed_transport"] + day.damaged["malformed_ip"]  # bad: damaged ones


def test_every_protocol_of_the_script_is_seen(tshark: Tshark) -> None:
    """The day has what a gateway sees in a day."""
    seen = {line.split()[0] for line in tshark("-q", "-z", "io,phs") if "frames:" in line}
    asked = {"smb2", "ntlmssp"} - seen  # io,phs lists a segment under the protocol of its last byte only
    found = {name for name in asked if tshark("-Y", name, "-T", "fields", "-e", "frame.number")}

    assert seen | found >= PROTOCOLS


def test_tcp_is_whole(tshark: Tshark) -> None:
    """No segment is missing, sent twice or acknowledged before it was seen."""
    flags = "tcp.analysis.lost_segment or tcp.analysis.retransmission or tcp.analysis.ack_lost_segment"

    assert tshark("-Y", f"({flags}) or tcp.analysis.out_of_order or tcp.analysis.duplicate_ack") == []


def test_quic_initials_open_to_their_names(tshark: Tshark) -> None:
    """Anyone can open an Initial: the split post-quantum hello gives its name too."""
    names = tshark(
        "-Y", "quic and tls.handshake.type == 1", "-T", "fields", "-e", "tls.handshake.extensions_server_name"
    )

    assert {"drive.usercontent.google.com", "www.youtube.com"} <= set(names)


def test_certificates_are_read(tshark: Tshark) -> None:
    """TLS 1.2 shows the certificate of the server asked for."""
    names = tshark("-Y", "tls.handshake.type == 11", "-T", "fields", "-e", "x509ce.dNSName")

    assert "docs.python.org" in names


def test_fragments_come_together(tshark: Tshark) -> None:
    """IPv4 and IPv6 datagrams in pieces are one datagram again."""
    whole = tshark("-Y", "udp.dstport == 5004", "-T", "fields", "-e", "udp.length", "-e", "ip.version")

    assert Counter(whole) == {"3908\t4": 12, "3008\t6": 8}
