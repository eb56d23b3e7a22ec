"""Turns a frame into the packet that is counted: link, IP, tunnels, transport."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final, NamedTuple

from crossborder.engine.flowtable import choose
from crossborder.engine.portable.checksum import is_sound
from crossborder.engine.portable.fragments import Fragments, key_of
from crossborder.engine.portable.frame import UnreadableError
from crossborder.engine.portable.ip import Fit, read_ip, read_joined
from crossborder.engine.portable.link import find_ip, find_ip_under
from crossborder.engine.portable.pieces import Pieces
from crossborder.engine.portable.transport import read_transport, read_unported
from crossborder.engine.portable.tunnel import GRE, IP6, IPIP, L2TP, open_tunnel
from crossborder.model import DropReason

if TYPE_CHECKING:
    from crossborder.engine.home import Home
    from crossborder.engine.packet import Packet
    from crossborder.engine.portable.frame import Frame
    from crossborder.engine.portable.ip import Fragment, Header

TUNNEL_LIMIT: Final = 8  # tunnels in tunnels that are looked into; what is deeper counts as the deepest one's packet

_UDP: Final = 17
_CARRIERS = frozenset({IPIP, IP6, GRE, L2TP, _UDP})


class _Cut(NamedTuple):
    """The outermost layer of a frame that is a fragment."""

    header: Header
    fragment: Fragment
    vlan: str | None
    tunnel: str | None


class Decoder:
    """Reads frames. Holds nothing but the fragments that wait for their others.

    What is counted is each fragment for itself, as it came. Beside that the pieces are put together, for those who
    read names: the first fragment brings its own payload at once, so that a packet that is never completed says what
    there is of it; the fragment that completes it brings the payload of the whole packet, the beginning once more.
    """

    def __init__(self, home: Home, fit: Fit = Fit.SLICED, *, checksums: bool = False) -> None:
        """Choose among the layers of a tunnel by `home`, which may be replaced at any time.

        `fit` is what an IP packet longer than its frame means: in a file perhaps a sliced capture, on an interface,
        where the frame's length is known, a forgery that would inflate the counts (`Fit.WHOLE`). With `checksums` a
        packet whose checksum is wrong is none: no host would take it.
        """
        self.home = home
        self._fit = fit
        self._checksums = checksums
        self._fragments = Fragments()
        self._pieces = Pieces()
        self._cut: _Cut | None = None

    def decode(self, frame: Frame) -> Packet:
        """Return the packet of a frame; raises UnreadableError with the reason when there is none.

        Only what the outermost IP layer lacks makes a frame unreadable. A tunnel whose inside cannot be read is
        still a packet on its way: it counts as the tunnel's own.
        """
        offset, vlan = find_ip(frame.linktype, frame.data)
        if self._checksums and not is_sound(frame, offset, self._fit):
            raise UnreadableError(DropReason.CHECKSUM)
        layers: list[Packet] = []
        self._read(frame, offset, frame.wire_len, vlan, None, self._fit, layers)
        packet = layers[0] if len(layers) == 1 else choose(layers, self.home)
        cut, self._cut = self._cut, None
        return self._joined(frame, cut, packet) if cut else packet

    def _read(
        self,
        frame: Frame,
        at: int,
        end: int,
        vlan: str | None,
        tunnel: str | None,
        fit: Fit,
        layers: list[Packet],
    ) -> None:
        """Read the IP packet at `at` and what is inside it, adding a packet for each layer."""
        self._read_behind(frame, read_ip(frame.data, at, end, fit), vlan, tunnel, fit, layers)

    def _read_behind(
        self, frame: Frame, header: Header, vlan: str | None, tunnel: str | None, fit: Fit, layers: list[Packet]
    ) -> None:
        fragment = header.fragment
        if fragment is not None and fragment.offset:
            self._cut = self._cut or _Cut(header, fragment, vlan, tunnel)
            layers.append(self._later_fragment(frame, header, fragment, vlan, tunnel))
            return
        cut = fragment is not None or fit is Fit.BEGUN
        packet = read_transport(frame, header, vlan, tunnel, cut)
        if fragment is not None:
            self._cut = self._cut or _Cut(header, fragment, vlan, tunnel)
        depth = len(layers)
        layers.append(packet)
        if header.proto in _CARRIERS and depth < TUNNEL_LIMIT:
            self._look_inside(frame, header, packet, cut, layers)
        if fragment is not None:
            counted = layers[depth] if len(layers) == depth + 1 else choose(layers[depth:], self.home)
            self._fragments.remember(header, fragment, counted)

    def _look_inside(self, frame: Frame, header: Header, packet: Packet, cut: bool, layers: list[Packet]) -> None:
        inner = open_tunnel(frame.data, header, packet)
        if inner is None:
            return
        end = min(header.end, header.body + 8 + packet.payload_bytes) if header.proto == _UDP else header.end
        tunnel = f"{packet.tunnel}/{inner.word}" if packet.tunnel else inner.word
        try:
            offset, vlan = find_ip_under(inner.ethertype, frame.data, inner.offset)
            self._read(frame, offset, end, vlan or packet.vlan, tunnel, Fit.BEGUN if cut else Fit.WHOLE, layers)
        except UnreadableError:
            return

    def _later_fragment(
        self, frame: Frame, header: Header, fragment: Fragment, vlan: str | None, tunnel: str | None
    ) -> Packet:
        """Return a fragment as a packet of its first fragment's flow, or of a flow without ports."""
        packet = read_unported(frame, header, vlan, tunnel)
        first = self._fragments.find(header, fragment, frame.interface, frame.ts_ns)
        if first is None:
            return packet
        # Where the first fragment was counted as a packet inside a tunnel, the tunnel's IP header does not count.
        inside = first.tunnel != tunnel
        return first._replace(
            ts_ns=frame.ts_ns,
            ip_bytes=packet.payload_bytes if inside else packet.ip_bytes,
            payload_bytes=packet.payload_bytes,
            tcp_flags=0,
        )

    def _joined(self, frame: Frame, cut: _Cut, counted: Packet) -> Packet:
        """Return the packet that is counted, with the payload of the whole when this was its last missing piece."""
        header, fragment, vlan, tunnel = cut
        piece = frame.data[fragment.start : header.end]
        if len(piece) != header.end - fragment.start:
            return counted
        joined = self._pieces.add(key_of(frame.interface, header, fragment), fragment, piece, frame.ts_ns)
        if joined is None:
            return counted
        whole, alone = frame._replace(data=joined.data, wire_len=len(joined.data)), Decoder(self.home)
        layers: list[Packet] = []
        try:
            header = read_joined(joined.data, header.src, header.dst, joined.following)
            alone._read_behind(whole, header, vlan, tunnel, Fit.WHOLE, layers)
        except UnreadableError:
            return counted
        packet = choose(layers, self.home)
        if alone._cut is None and _flow_of(packet) == _flow_of(counted):
            return counted._replace(payload=packet.payload)
        return counted


def _flow_of(packet: Packet) -> tuple[object, ...]:
    return packet.src, packet.dst, packet.proto, packet.sport, packet.dport, packet.tunnel
