"""Tells what a packet carries when it is a tunnel's: the same tunnels, on the same proof, as every engine knows.

But for one: of the sessions of L2TP version 3 Wireshark is told one form, Ethernet without a sublayer.
"""

from __future__ import annotations

from socket import AF_INET6, inet_pton
from typing import TYPE_CHECKING, Final

from crossborder.engine.portable.tunnel import (
    GENEVE_PORT,
    GRE,
    GTP_PORT,
    IP6,
    IPIP,
    L2TP,
    L2TP_FLAGS,
    L2TP_PORT,
    L2TP_VERSION,
    L2TP_VERSION_3,
    LINK_LOCAL,
    TEREDO,
    TEREDO_PORT,
    VXLAN_LINUX_PORT,
    VXLAN_PORT,
)

if TYPE_CHECKING:
    from crossborder.engine.packet import Packet
    from crossborder.engine.tshark.tree import Layer

_WORDS: Final = {(4, IPIP): "ipip", (4, IP6): "6in4", (16, IPIP): "4in6", (16, IP6): "6in6"}
_ERSPAN: Final = frozenset({0x88BE, 0x22EB})
_PPTP, _WCCP = 0x880B, 0x883E  # WCCP puts a header of its own before the packet, by a flag it has no bit for
_GRE_ROUTING, _GRE_KEY, _GRE_SEQUENCE = 0x4000, 0x2000, 0x1000
_BRIDGED: Final = frozenset({0x6558, 0x0800, 0x86DD})
_TPDU = 255


def tunnel_word(packet: Packet, layer: Layer, inner: Layer) -> str | None:
    """Return the word for the tunnel that a packet is, or None.

    `layer` is what follows the packet's transport header, `inner` the IP layer inside. Wireshark knows a tunnel in UDP
    by its port, which is no proof: its header must be sound too.
    """
    if packet.proto in {IPIP, IP6}:
        return _WORDS[len(packet.src), packet.proto] if layer is inner else None
    if packet.proto == GRE:
        return _gre(layer) if layer.name == "gre" else None
    if layer.name == "vxlan":
        return "vxlan" if _is_vxlan(packet, layer) else None
    if layer.name == "geneve":
        return "geneve" if _is_geneve(packet, layer) else None
    if layer.name == "gtp":
        return "gtp" if _is_gtp(packet, layer) else None
    if layer.name == "teredo":
        return "teredo" if _is_teredo(packet, inner) else None
    if layer.name == "l2tp":
        return "l2tp" if _is_l2tp(packet, layer) else None
    return None


def _gre(layer: Layer) -> str | None:
    flags, ethertype = layer.number("gre.flags_and_version") or 0, layer.number("gre.proto") or 0
    if flags & 7 == 1:
        return "pptp" if ethertype == _PPTP and flags & _GRE_KEY and flags & _GRE_SEQUENCE else None
    if flags & 7 or flags & _GRE_ROUTING or ethertype == _WCCP:
        return None
    return "erspan" if ethertype in _ERSPAN else "gre"


def _is_vxlan(packet: Packet, layer: Layer) -> bool:
    flags = layer.number("vxlan.flags") or 0
    if packet.dport == VXLAN_LINUX_PORT:
        return flags == 0x0800 and not layer.number("vxlan.gbp") and not layer.number("vxlan.reserved8")
    return packet.dport == VXLAN_PORT and flags & 0x0F00 == 0x0800


def _is_geneve(packet: Packet, layer: Layer) -> bool:
    reserved = (layer.number("geneve.flags") or 0) & 0x3F or layer.number("geneve.reserved")
    sound = not layer.number("geneve.version") and not reserved
    return packet.dport == GENEVE_PORT and sound and layer.number("geneve.proto_type") in _BRIDGED


def _is_gtp(packet: Packet, layer: Layer) -> bool:
    version1 = (layer.number("gtp.flags") or 0) & 0xF8 == 0x30
    return GTP_PORT in {packet.sport, packet.dport} and version1 and layer.number("gtp.message") == _TPDU


def _is_teredo(packet: Packet, inner: Layer) -> bool:
    src, dst = _prefix(inner, "ipv6.src"), _prefix(inner, "ipv6.dst")
    return TEREDO_PORT in {packet.sport, packet.dport} and (TEREDO in {src, dst} or src == LINK_LOCAL)


def _prefix(layer: Layer, field: str) -> bytes:
    """Return the first 32 bits of an IPv6 address."""
    try:
        return inet_pton(AF_INET6, layer.get(field) or "")[:4]
    except OSError:
        return b""


def _is_l2tp(packet: Packet, layer: Layer) -> bool:
    if packet.proto == L2TP:
        return bool(layer.number("l2tp.sid"))
    flags = layer.number("l2tp.flags") or 0
    if flags == L2TP_VERSION_3:
        return not layer.number("l2tp.res") and bool(layer.number("l2tp.sid"))
    return L2TP_PORT in {packet.sport, packet.dport} and flags & ~L2TP_FLAGS == L2TP_VERSION
