"""Turns a dissected frame into the packet that is counted: link, IP, tunnels, transport."""

from __future__ import annotations

from itertools import islice
from typing import TYPE_CHECKING, Final, NamedTuple

from crossborder.engine.flowtable import choose
from crossborder.engine.packet import Packet
from crossborder.engine.portable.decode import TUNNEL_LIMIT
from crossborder.engine.portable.fragments import Fragments
from crossborder.engine.portable.frame import UnreadableError
from crossborder.engine.portable.link import VLAN_LIMIT
from crossborder.engine.tshark.ip import DAMAGED, IPS, Around, read_ip
from crossborder.engine.tshark.transport import TRANSPORTS, read_transport
from crossborder.engine.tshark.tunnel import tunnel_word
from crossborder.model import DropReason

if TYPE_CHECKING:
    from crossborder.engine.home import Home
    from crossborder.engine.portable.ip import Fragment, Header
    from crossborder.engine.tshark.tree import Layer

_VLANS: Final = {"vlan": "vlan.id", "ieee8021ad": "ieee8021ad.id"}
_CARRIERS: Final = frozenset({"gre", "erspan", "vxlan", "geneve", "gtp", "teredo", "l2tp"})
_LINKS: Final = _CARRIERS | frozenset(
    {"eth", "vlan", "ieee8021ad", "llc", "mpls", "pwethheuristic", "pwethcw", "pwethnocw", "pppoes", "ppp"}
)
"""What may stand between a packet and the packet inside it."""

_OUTER_LINKS: Final = _LINKS | {"sll", "null", "chdlc", "raw"}


class Decoded(NamedTuple):
    """What a frame counts as, the layers of the content that this packet carries, and the one of its transport."""

    packet: Packet
    content: list[Layer]
    segment: Layer | None


class Decoder:
    """Reads dissections. Holds nothing but the fragments that wait for their others."""

    def __init__(self, home: Home) -> None:
        """Choose among the layers of a tunnel by `home`, which may be replaced at any time."""
        self.home = home
        self._fragments = Fragments()

    def decode(self, layers: list[Layer], ts_ns: int, interface: str) -> Decoded:
        """Return the packet of a frame; raises UnreadableError with the reason when there is none.

        Only what the outermost IP layer lacks makes a frame unreadable. A tunnel whose inside cannot be read is
        still a packet on its way: it counts as the tunnel's own.
        """
        reading = self._reading(layers, ts_ns, interface)
        packets = reading.packets
        counted = packets[0] if len(packets) == 1 else choose(packets, self.home)
        if counted is not packets[-1]:
            return Decoded(counted, [], None)
        return Decoded(counted, reading.content(), reading.segment())

    def packets(self, layers: list[Layer], ts_ns: int, interface: str) -> list[Packet]:
        """Return every packet of a frame, outermost first; raises UnreadableError as `decode` does."""
        return self._reading(layers, ts_ns, interface).packets

    def _reading(self, layers: list[Layer], ts_ns: int, interface: str) -> _Reading:
        at = next((at for at, layer in enumerate(layers) if layer.name in IPS), None)
        if at is None:
            raise UnreadableError(_why_no_ip(layers))
        reading = _Reading(layers, ts_ns, interface)
        self._read(reading, at, reading.vlans(0, at), None, None)
        return reading

    def _read(self, reading: _Reading, at: int, vlan: str | None, tunnel: str | None, around: Around | None) -> None:
        """Read the IP layer at `at` and what is inside it, adding a packet for each layer."""
        header, at, unseen = read_ip(reading.layers, at, around)
        packet = reading.packet(header, vlan, tunnel)
        fragment = header.fragment
        if fragment is not None and fragment.offset:
            reading.add(self._later_fragment(packet, header, fragment), len(reading.layers))
            return
        begun = fragment is not None or (around is not None and around.begun)
        packet = read_transport(packet, header, reading.layer(at), begun)
        at += header.proto in TRANSPORTS
        depth = len(reading.packets)
        reading.add(packet, at)
        if depth < TUNNEL_LIMIT:
            self._look_inside(reading, at, packet, Around(unseen, begun))
        if fragment is not None:
            counted = choose(reading.packets[depth:], self.home) if len(reading.packets) > depth + 1 else packet
            self._fragments.remember(header, fragment, counted)

    def _look_inside(self, reading: _Reading, at: int, packet: Packet, around: Around) -> None:
        layer = reading.layer(at)
        inner = reading.inner_ip(at)
        word = tunnel_word(packet, layer, reading.layers[inner]) if layer is not None and inner is not None else None
        if inner is None or word is None:
            return
        try:
            vlan = reading.vlans(at, inner) or packet.vlan
            self._read(reading, inner, vlan, f"{packet.tunnel}/{word}" if packet.tunnel else word, around)
        except UnreadableError:
            return

    def _later_fragment(self, packet: Packet, header: Header, fragment: Fragment) -> Packet:
        """Return a fragment as a packet of its first fragment's flow, or of a flow without ports."""
        first = self._fragments.find(header, fragment, packet.interface, packet.ts_ns)
        if first is None:
            return packet
        # Where the first fragment was counted as a packet inside a tunnel, the tunnel's IP header does not count.
        inside = first.tunnel != packet.tunnel
        return first._replace(
            ts_ns=packet.ts_ns,
            ip_bytes=packet.payload_bytes if inside else packet.ip_bytes,
            payload_bytes=packet.payload_bytes,
            tcp_flags=0,
        )


class _Reading:
    """The layers of one frame, and the packets found in it so far, outermost first."""

    def __init__(self, layers: list[Layer], ts_ns: int, interface: str) -> None:
        self.layers = layers
        self.packets: list[Packet] = []
        self._ts_ns = ts_ns
        self._interface = interface
        self._content = 0

    def layer(self, at: int) -> Layer | None:
        return self.layers[at] if at < len(self.layers) else None

    def packet(self, header: Header, vlan: str | None, tunnel: str | None) -> Packet:
        """Return what an IP header tells of a packet: without ports, all behind the header its payload."""
        return Packet(
            self._ts_ns,
            self._interface,
            header.src,
            header.dst,
            header.proto,
            0,
            0,
            header.ip_bytes,
            header.ip_bytes - header.body,
            vlan=vlan,
            tunnel=tunnel,
        )

    def add(self, packet: Packet, content: int) -> None:
        """Add a packet whose content begins at the layer `content`."""
        self.packets.append(packet)
        self._content = content

    def vlans(self, start: int, end: int) -> str | None:
        """Return the VLAN tags between two layers; id 0 is a priority without a VLAN."""
        tagged = (layer.number(_VLANS[layer.name]) for layer in self.layers[start:end] if layer.name in _VLANS)
        return ".".join(str(tag) for tag in islice(filter(None, tagged), VLAN_LIMIT)) or None

    def inner_ip(self, start: int) -> int | None:
        """Return where the IP layer inside a tunnel stands; only links may stand before it."""
        for at in range(start, len(self.layers)):
            if self.layers[at].name in IPS:
                return at
            if self.layers[at].name not in _LINKS:
                return None
        return None

    def content(self) -> list[Layer]:
        """Return the layers the innermost packet carries, up to a packet in it that is not looked into."""
        found = self.layers[self._content :]
        end = next((at for at, layer in enumerate(found) if layer.name in IPS or layer.name in _LINKS), len(found))
        return found[:end]

    def segment(self) -> Layer | None:
        """Return the layer before the content: the innermost packet's transport."""
        return self.layer(self._content - 1)


def _why_no_ip(layers: list[Layer]) -> DropReason:
    """Tell why a frame has no IP layer. Wireshark's mark of damage names the protocol it happened in."""
    if not layers or layers[0].name == "data":
        return DropReason.LINK_TYPE
    last = layers[-1]
    if last.name in DAMAGED:
        if any(word in (last.get(last.name) or "") for word in ("IPv4", "IPv6", "Raw ")):
            return DropReason.TRUNCATED_IP
        if all(layer.name in _OUTER_LINKS for layer in layers[:-1]):
            return DropReason.TRUNCATED_LINK
    return DropReason.NOT_IP
