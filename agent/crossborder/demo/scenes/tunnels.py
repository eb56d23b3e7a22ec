"""Packets inside packets, and IPv6: what only a decoder that looks inside can judge."""

from __future__ import annotations

from ipaddress import ip_address
from typing import TYPE_CHECKING

from crossborder.demo.manifest import Planted
from crossborder.demo.places import (
    ARCHIVE_V6,
    BRANCH,
    BROKER,
    GATEWAY_PUBLIC,
    NORDIC_V6,
    OFFICE_V6,
    PEER_GRE,
    PEER_VXLAN,
    PROCUREMENT,
    REGISTRY_V6,
    TENDERS,
    Host,
)
from crossborder.demo.scenes.sessions import PROGRAM, Way, secure
from crossborder.demo.wire import GRE_PROTOCOL, UDP, VXLAN_PORT, Link, Tunnel
from crossborder.engine.communityid import community_id

if TYPE_CHECKING:
    from crossborder.demo.stage import Stage

_WAN = Link()
_PARTNER = Host("nas.partner-lab.example", "172.20.8.15")  # a private address, at the far end of the tunnels


def gre(stage: Stage, at: int) -> None:
    """Procurement copies to a partner's network through a GRE tunnel: private addresses, yet abroad."""
    stage.note(GATEWAY_PUBLIC, PEER_GRE)
    tunnel = Tunnel("gre", GATEWAY_PUBLIC.ip, PEER_GRE.ip, _WAN, 77)
    secure(stage, PROCUREMENT, _PARTNER, at, up=330_000, down=4_000, way=_inside(tunnel))
    _plant_outer(stage, PEER_GRE, GRE_PROTOCOL)


def vxlan(stage: Stage, at: int) -> None:
    """The same through VXLAN, whose outer packets are UDP."""
    stage.note(GATEWAY_PUBLIC, PEER_VXLAN)
    tunnel = Tunnel("vxlan", GATEWAY_PUBLIC.ip, PEER_VXLAN.ip, _WAN, 4242)
    secure(stage, PROCUREMENT, _PARTNER, at, up=260_000, down=4_000, way=_inside(tunnel))
    _plant_outer(stage, PEER_VXLAN, UDP, tunnel.udp_port, VXLAN_PORT)


def _plant_outer(stage: Stage, peer: Host, protocol: int, *ports: int) -> None:
    """Take down that the tunnel itself must be found: what is inside has private addresses at both ends."""
    ends = ip_address(GATEWAY_PUBLIC.ip).packed, ip_address(peer.ip).packed
    outer = community_id(*ends, protocol, *(ports or (0, 0)))
    stage.planted.append(Planted(stage.scene, "tunnel_abroad", GATEWAY_PUBLIC.ip, peer.ip, peer.country, outer))


def _inside(tunnel: Tunnel) -> Way:
    return Way(alpn=PROGRAM.alpn, hybrid=False, look_up=False, link=tunnel)


def six_in_four(stage: Stage, at: int) -> None:
    """A clerk's IPv6 goes to a broker in the United States inside IPv4; the real peer stands in Norway."""
    stage.note(GATEWAY_PUBLIC, BROKER)
    tunnel = Tunnel("6in4", GATEWAY_PUBLIC.ip, BROKER.ip, _WAN)
    way = Way(alpn=PROGRAM.alpn, hybrid=False, link=tunnel)
    stage.plant(secure(stage, OFFICE_V6, NORDIC_V6, at, up=40_000, down=30_000, way=way), "tunnel_abroad")


def archive_v6(stage: Stage, at: int) -> None:
    """The registry sends to an archive in Germany over native IPv6."""
    talk = secure(stage, REGISTRY_V6, ARCHIVE_V6, at, up=640_000, down=5_000, way=PROGRAM)
    stage.plant(talk, "core_personal_data_abroad")


def branch(stage: Stage, at: int) -> None:
    """A branch office on PPPoE sends tender files abroad."""
    way = Way(alpn=PROGRAM.alpn, hybrid=False)
    stage.plant(secure(stage, BRANCH, TENDERS, at, up=90_000, down=3_000, way=way), "core_data_abroad")
