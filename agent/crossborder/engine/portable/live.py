"""Reads interfaces: frames with their kernel time and VLAN tag, and how many the kernel had to drop."""

from __future__ import annotations

import errno
import select
import socket
import struct
import time
from typing import TYPE_CHECKING, Final

from crossborder.engine import ETHERNET
from crossborder.engine.portable.frame import Frame
from crossborder.engine.portable.source import open_listener
from crossborder.errors import CrossborderError

if TYPE_CHECKING:
    from collections.abc import Iterator

RECEIVE_BUFFER: Final = 1 << 25  # bytes of frames the kernel keeps for us
BURST: Final = 512  # frames read of one interface before the others have their turn
POLL_SECONDS: Final = 0.2  # how soon a quiet engine notices that it shall stop

_SOL_PACKET, _PACKET_STATISTICS, _PACKET_AUXDATA = 263, 6, 8  # linux/if_packet.h
_SO_TIMESTAMPNS, _SO_RCVBUFFORCE = 35, 33  # asm-generic/socket.h
_AUXDATA = struct.Struct("=IIIHHHH")  # tpacket_auxdata: status, len, snaplen, mac, net, vlan tci, vlan tpid
_VLAN_VALID, _VLAN_TPID_VALID = 0x10, 0x40
_TIME = struct.Struct("@qq")
_ANCILLARY = socket.CMSG_SPACE(_AUXDATA.size) + socket.CMSG_SPACE(_TIME.size)
_OUTGOING = 4  # PACKET_OUTGOING
_LOOPBACK = 772  # ARPHRD_LOOPBACK
_RAW_IP, _UNKNOWN = 101, -1  # link types; the last is no one's
# ARPHRD of net/if_arp.h → link type. On tunnels, PPP and modems the kernel hands out bare IP packets.
_LINKTYPES = {1: ETHERNET, _LOOPBACK: ETHERNET} | dict.fromkeys((512, 519, 768, 769, 776, 778, 65534), _RAW_IP)


class Interface:
    """One interface, open."""

    def __init__(self, name: str, bpf: str, snaplen: int, promiscuous: bool) -> None:
        """Open it; raises CrossborderError when that cannot be."""
        self.name = name
        self._snaplen = snaplen
        self._listener = open_listener(name, bpf, promiscuous)
        self._socket = self._listener.ins
        self._socket.setblocking(False)
        try:
            self._socket.setsockopt(socket.SOL_SOCKET, _SO_RCVBUFFORCE, RECEIVE_BUFFER)
        except OSError:  # without CAP_NET_ADMIN: what net.core.rmem_max allows
            self._socket.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, RECEIVE_BUFFER)
        self.kernel_drops()  # those before the buffer was there

    def fileno(self) -> int:
        """Return what `select` waits on."""
        return self._socket.fileno()

    def frames(self) -> Iterator[Frame]:
        """Yield what is waiting, a burst at most; raises CrossborderError when the interface has gone."""
        for _ in range(BURST):
            try:
                data, ancillary, _, address = self._socket.recvmsg(self._snaplen, _ANCILLARY)
            except BlockingIOError:
                return
            except OSError as error:
                raise CrossborderError(self._gone(error)) from error
            if address[3] == _LOOPBACK and address[2] == _OUTGOING:
                continue  # every packet on a loopback is seen twice
            yield self._frame(data, ancillary, address[3])

    def _frame(self, data: bytes, ancillary: list[tuple[int, int, bytes]], hardware: int) -> Frame:
        ts_ns, wire_len = 0, len(data)
        for level, kind, value in ancillary:
            if level == socket.SOL_SOCKET and kind == _SO_TIMESTAMPNS and len(value) == _TIME.size:
                seconds, nanoseconds = _TIME.unpack(value)
                ts_ns = seconds * 1_000_000_000 + nanoseconds
            elif level == _SOL_PACKET and kind == _PACKET_AUXDATA and len(value) >= _AUXDATA.size:
                status, length, _, _, _, tci, tpid = _AUXDATA.unpack_from(value)
                wire_len = max(length, wire_len)
                if tci or status & _VLAN_VALID:
                    tag = struct.pack("!HH", tpid if status & _VLAN_TPID_VALID else 0x8100, tci)
                    data, wire_len = data[:12] + tag + data[12:], wire_len + 4
        return Frame(ts_ns or time.time_ns(), _LINKTYPES.get(hardware, _UNKNOWN), wire_len, data, self.name)

    def _gone(self, error: OSError) -> str:
        if error.errno in {errno.ENETDOWN, errno.ENODEV, errno.ENXIO}:
            return f"interface {self.name} went down or was removed while capturing"
        return f"interface {self.name} cannot be read any longer: {error.strerror or error}"

    def kernel_drops(self) -> int:
        """Return how many frames the kernel dropped since this was asked last."""
        try:
            counts = self._socket.getsockopt(_SOL_PACKET, _PACKET_STATISTICS, 8)
        except OSError:
            return 0
        dropped: int = struct.unpack("=II", counts)[1]
        return dropped

    def close(self) -> None:
        """Close the socket; promiscuous mode ends with it."""
        self._listener.close()


def open_interfaces(names: tuple[str, ...], bpf: str, snaplen: int, promiscuous: bool) -> list[Interface]:
    """Open every interface, or none: raises CrossborderError with each one that cannot be opened."""
    opened: list[Interface] = []
    errors: list[CrossborderError] = []
    for name in dict.fromkeys(names):
        try:
            opened.append(Interface(name, bpf, snaplen, promiscuous))
        except CrossborderError as error:
            errors.append(error)
    if errors:
        for interface in opened:
            interface.close()
        raise CrossborderError.joined(errors)
    return opened


def waiting(interfaces: list[Interface], seconds: float) -> list[Interface]:
    """Return the interfaces that have frames, waiting a moment for the first."""
    return select.select(interfaces, [], [], min(max(seconds, 0.0), POLL_SECONDS))[0]
