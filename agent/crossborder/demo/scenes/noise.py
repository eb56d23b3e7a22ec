"""What every wire carries beside: ARP, LLDP, STP, multicast, pings, fragments, strays, and frames that are damaged."""

from __future__ import annotations

from typing import TYPE_CHECKING

from scapy.layers.l2 import ARP, LLC, STP, Dot3, Ether

from crossborder.demo.places import (
    ARCHIVE_V6,
    GATEWAY,
    GOOGLE_DNS,
    OFFICE,
    OFFICE_V6,
    PORTAL,
    VIDEO,
    VISITORS,
    VPN,
    WEB_V6,
)
from crossborder.demo.protocols import dns
from crossborder.demo.stage import SECOND_NS
from crossborder.demo.wire import ACK, GATEWAY_MAC, TCP, UDP, IpHeader, Lane, Link, mac_of

if TYPE_CHECKING:
    from collections.abc import Callable

    from crossborder.demo.stage import Stage

_MDNS_MAC, _MDNS = "01:00:5e:00:00:fb", "224.0.0.251"


def neighbours(stage: Stage, at: int) -> None:
    """ARP questions and answers, a switch that introduces itself, a spanning tree: none of it is IP."""
    for number in range(12):
        host = stage.rng.choice(OFFICE)
        ask = ARP(op=1, hwsrc=mac_of(host.ip), psrc=host.ip, pdst="10.20.60.1")
        tell = ARP(op=2, hwsrc=GATEWAY_MAC, psrc="10.20.60.1", hwdst=mac_of(host.ip), pdst=host.ip)
        begin = at + number * 700_000_000
        question = Ether(src=mac_of(host.ip), dst="ff:ff:ff:ff:ff:ff") / ask
        stage.damage("not_ip", begin, _padded(question))
        stage.damage("not_ip", begin + 90_000, _padded(Ether(src=GATEWAY_MAC, dst=mac_of(host.ip)) / tell))
    for number in range(4):
        stage.damage("not_ip", at + number * 2 * SECOND_NS, _spanning_tree())
    stage.damage("not_ip", at + SECOND_NS, _introduction())


def _padded(frame: Ether) -> bytes:
    return bytes(frame).ljust(60, b"\0")


def _spanning_tree() -> bytes:
    bridge = "02:00:5e:14:00:09"
    tree = STP(rootmac=bridge, bridgemac=bridge, portid=0x8001)
    return _padded(Dot3(src=bridge, dst="01:80:c2:00:00:00") / LLC(dsap=0x42, ssap=0x42, ctrl=3) / tree)


def _introduction() -> bytes:
    """Return an LLDP frame (IEEE 802.1AB): chassis, port, time to live, name; each a type, a length and a value."""
    switch = "02:00:5e:14:00:09"
    values = {
        1: b"\4" + bytes.fromhex(switch.replace(":", "")),
        2: b"\5ge-0/0/7",
        3: b"\0\x78",
        5: b"core-switch",
        0: b"",
    }
    units = b"".join((kind << 9 | len(value)).to_bytes(2) + value for kind, value in values.items())
    return _padded(Ether(src=switch, dst="01:80:c2:00:00:0e", type=0x88CC) / units)


def multicast(stage: Stage, at: int) -> None:
    """A computer asks its neighbours for a printer by multicast DNS: that never crosses."""
    host = OFFICE[0]
    wrap = _multicast_frame(mac_of(host.ip))
    lane = Lane(IpHeader(host.ip, _MDNS, UDP, 255), 5353, 5353, wrap)
    for number, service in enumerate(("ipp", "ipps", "pdl-datastream", "printer", "uscan", "smb")):
        stage.send(at + number * SECOND_NS, lane.udp(dns.multicast_question(f"_{service}._tcp.local")))


def _multicast_frame(sender: str) -> Callable[[bytes], bytes]:
    head = bytes(Ether(src=sender, dst=_MDNS_MAC, type=0x0800))
    return lambda packet: head + packet


def pings(stage: Stage, at: int) -> None:
    """Somebody looks whether the Internet is there."""
    first = stage.echoes(OFFICE[2], GOOGLE_DNS, at).ping(5)
    second = stage.echoes(OFFICE_V6, WEB_V6, at + 500_000_000).ping(4)
    stage.innocent(first, second, stage.echoes(GATEWAY, VISITORS[0], at + 800_000_000).ping(3))


def fragments(stage: Stage, at: int) -> None:
    """Datagrams too large for the way, in IPv4 and in IPv6."""
    old = stage.udp(OFFICE[13], VIDEO, 5004, at)
    for _ in range(6):
        old.fragmented(b"\x80\x60" + stage.rng.randbytes(3_898)).pause(0.2)
    new = stage.udp(OFFICE_V6, ARCHIVE_V6, 5004, at + 3 * SECOND_NS)
    for _ in range(4):
        new.fragmented(b"\x80\x60" + stage.rng.randbytes(2_998), 1232).pause(0.2)
    stage.innocent(old, new)


def strays(stage: Stage, at: int) -> None:
    """A packet between two foreign addresses, and the middle of a connection whose beginning nobody saw."""
    stage.note(VISITORS[0], VISITORS[1])
    wrap = Link().wrap(VISITORS[0].ip, VISITORS[1].ip, outward=False)
    lost = Lane(IpHeader(VISITORS[0].ip, VISITORS[1].ip, UDP, 51), 40_404, 33_434, wrap)
    stage.send(at, lost.udp(stage.rng.randbytes(32)))
    wrap = Link().wrap(PORTAL.ip, VISITORS[2].ip, outward=True)
    middle = Lane(IpHeader(PORTAL.ip, VISITORS[2].ip, TCP, 63), 443, 51_515, wrap)
    for number in range(3):
        stage.send(at + number * SECOND_NS, middle.tcp(7_000_000 + 100 * number, 9, ACK, stage.rng.randbytes(100)))


def damage(stage: Stage, at: int) -> None:
    """Frames no decoder can follow to the end, each with the reason it must be dropped for."""
    talk = stage.udp(OFFICE[15], VPN, 5_555, at)
    talk.client(stage.rng.randbytes(64))
    head, ip = bytes(Ether(src=mac_of(OFFICE[15].ip), dst=GATEWAY_MAC, type=0x0800)), _packet()
    broken = {
        "truncated_ip": (head + ip[:12], head + ip[:19]),
        "malformed_ip": (head + b"\x43" + ip[1:], head + b"\x95" + ip[1:], head + ip[:2] + b"\0\x0c" + ip[4:]),
        "truncated_transport": (head + _packet(TCP, bytes(11)), head + _packet(UDP, bytes(5))),
        "malformed_transport": (head + _packet(TCP, bytes(12) + b"\x20\x10" + bytes(6)),),
        "truncated_link": (bytes(Ether(src=mac_of(OFFICE[15].ip), dst=GATEWAY_MAC, type=0x8864)) + b"\x11\0\x0a",),
    }
    for reason, frames in broken.items():
        for number, frame in enumerate(frames):
            stage.damage(reason, at + number * 40_000_000, frame)
    stage.damage("nesting", at + SECOND_NS, _nested())
    stage.damage("truncated_ip", at + SECOND_NS, head + ip[:16], 14 + len(ip))


def _nested() -> bytes:
    """Return an IPv6 packet with more extension headers than anybody follows (RFC 8504 section 5.3 allows a limit)."""
    chain = b"".join(bytes([60, 0, 1, 4]) + bytes(4) for _ in range(19)) + bytes([59, 0, 1, 4]) + bytes(4)
    packet = IpHeader(OFFICE_V6.ip, ARCHIVE_V6.ip, 60, 63).packet(chain)
    return bytes(Ether(src=mac_of(OFFICE_V6.ip), dst=GATEWAY_MAC, type=0x86DD)) + packet


def _packet(protocol: int = UDP, payload: bytes = bytes(30)) -> bytes:
    return IpHeader(OFFICE[15].ip, VPN.ip, protocol, 63).packet(payload)
