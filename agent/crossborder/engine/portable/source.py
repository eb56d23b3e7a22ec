"""The one door to scapy: reads capture files, opens interfaces, compiles capture filters."""

from __future__ import annotations

import ctypes
import errno
import logging
import socket
import struct
from typing import TYPE_CHECKING, Any, Final, Protocol

from scapy.error import Scapy_Exception
from scapy.utils import RawPcapNgReader, RawPcapReader

from crossborder.engine import SECOND_NS
from crossborder.engine.portable.frame import Frame
from crossborder.errors import CrossborderError

if TYPE_CHECKING:
    from collections.abc import Iterator

    from crossborder.engine.portable.stream import Stream

# What scapy would warn of on standard error is told by our own faults, with the file's name.
logging.getLogger("scapy").setLevel(logging.CRITICAL)

MAX_CAPTURED: Final = 262_144  # libpcap's MAXIMUM_SNAPLEN: a record that claims more is damage
_LINKTYPES: Final = 512  # https://www.tcpdump.org/linktypes.html has not come so far
_TIME_LIMIT: Final = (1 << 63) - 1
_PCAP_MAGICS = frozenset({b"\xa1\xb2\xc3\xd4", b"\xd4\xc3\xb2\xa1", b"\xa1\xb2\x3c\x4d", b"\x4d\x3c\xb2\xa1"})
_PCAPNG_MAGIC = b"\x0a\x0d\x0d\x0a"
_TSOFFSET = 14  # option if_tsoffset, seconds to add


def read_capture(stream: Stream, path: str, interface: str) -> Iterator[Frame]:
    """Yield the frames of a pcap or pcapng stream.

    Raises CrossborderError at once when it is no capture; and, after every whole frame, when it is cut or damaged.
    """
    magic = stream.peek(4)
    if not magic:
        raise CrossborderError.at(path, stream.failure or "is empty, not a capture file")
    if magic not in _PCAP_MAGICS and magic != _PCAPNG_MAGIC:
        raise CrossborderError.at(path, f"is not a pcap or pcapng capture: it begins with {magic.hex(' ')}")
    reading = _PcapNg if magic == _PCAPNG_MAGIC else _Pcap
    try:
        return reading(stream, path, interface).frames()
    except Scapy_Exception as error:
        raise CrossborderError.at(path, "ends or is damaged inside its file header") from error


class _Pcap:
    """Frames of a pcap file, one record after the other, as scapy's raw reader gives them."""

    def __init__(self, stream: Stream, path: str, interface: str) -> None:
        self._stream = stream
        self._path = path
        self._interface = interface
        self._packets = 0
        self._reader = self._open()

    def _open(self) -> Any:  # noqa: ANN401 - scapy ships no types
        return RawPcapReader(self._stream)

    def frames(self) -> Iterator[Frame]:
        """Yield every whole frame; then raise CrossborderError if the file ended for another reason than its end."""
        stream = self._stream
        while not stream.ended:
            stream.mark()
            try:
                frame = self._next()
            except (EOFError, StopIteration, OSError, Scapy_Exception):
                break
            if stream.broken is not None:
                break
            if frame is not None:
                self._packets += 1
                yield frame
        if not stream.ended:
            raise CrossborderError.at(self._path, self._fault())

    def _next(self) -> Frame | None:
        data, record = next(self._reader)
        if record.caplen > MAX_CAPTURED:
            self._stream.fail(record.caplen)
        ts_ns = record.sec * SECOND_NS + record.usec * (1 if self._reader.nano else 1000)
        linktype = self._reader.linktype & 0xFFFF  # the upper half tells of frame check sequences
        return Frame(ts_ns, linktype, max(record.wirelen, len(data)), data, self._interface)

    def _fault(self) -> str:
        """Say where and why the file could not be read on."""
        broken, number = self._stream.broken, self._packets + 1
        if broken is None:
            return f"is damaged after packet {self._packets} (byte {self._stream.offset}): a block contradicts itself"
        if broken.reason:
            return f"is damaged in packet {number} (byte {broken.offset}): {broken.reason}"
        return (
            f"ends in the middle of packet {number} (byte {broken.offset}): "
            f"{broken.wanted} bytes expected, {broken.got} there"
        )


class _PcapNg(_Pcap):
    """Frames of a pcapng file, whatever blocks stand between them."""

    def _open(self) -> Any:  # noqa: ANN401 - scapy ships no types
        self._newest = 0
        return _Blocks(self._stream)

    def _next(self) -> Frame | None:
        packet = self._reader._read_block()  # noqa: SLF001 - one block a call: where each begins must be marked
        if packet is None:
            return None
        data, record = packet
        if record.tshigh is not None:  # simple packet blocks have no time: the one before serves
            ticks = record.tshigh << 32 | record.tslow
            since = ticks * SECOND_NS // record.tsresol + self._reader.offset_seconds() * SECOND_NS
            self._newest = min(max(since, 0), _TIME_LIMIT)
        return Frame(self._newest, record.linktype, max(record.wirelen, len(data)), data, self._interface)


class _Blocks(RawPcapNgReader):  # type: ignore[misc] # scapy ships no types
    """scapy's pcapng reader, with four things put right that it gets wrong on sound files (2.6 to 2.8).

    It keeps the interfaces of an earlier section, though each section counts its own from 0: a file joined from two
    would get the link type and the clock of the wrong one. It passes over if_tsoffset, by which a packet's time may
    be off by years. A snaplen of 0, which means none, empties its simple packets. And it leaves out, without a word,
    packets of an interface that the file does not describe.
    """

    def _read_block_shb(self) -> None:
        super()._read_block_shb()
        self.interfaces: list[Any] = []
        self._interface = 0

    def _read_block_idb(self, block: bytes, size: int) -> None:
        super()._read_block_idb(block, size)
        linktype, snaplen, options = self.interfaces[-1]
        offset = self._read_options(block[8:]).get(_TSOFFSET, b"")
        options["offset"] = struct.unpack(self.endian + "q", offset)[0] if len(offset) == 8 else 0
        self.interfaces[-1] = (linktype, snaplen or MAX_CAPTURED, options)

    def _check_interface_id(self, intid: int) -> bool:
        if intid >= len(self.interfaces):
            raise EOFError
        self._interface = intid
        return True

    def offset_seconds(self) -> int:
        """Return what is to be added to the time of the packet read last."""
        seconds: int = self.interfaces[self._interface][2]["offset"]
        return seconds


class Filter:
    """A pcap-filter(7) expression, compiled by libpcap for each link type it meets."""

    def __init__(self, expression: str) -> None:
        """Compile the expression for Ethernet; raises CrossborderError when it does not compile."""
        self._expression = expression
        self._programs: dict[int, Any] = {}
        if expression:
            self._compile(1)

    def matches(self, frame: Frame) -> bool:
        """Tell whether a frame passes. Raises CrossborderError when the filter makes no sense on its link type."""
        if not self._expression:
            return True
        program = self._programs.get(frame.linktype) or self._compile(frame.linktype)
        return bool(_bpf_filter()(program.bf_insns, frame.data, frame.wire_len, len(frame.data)))

    def programs(self) -> dict[int, list[tuple[int, int, int, int]] | str]:
        """Return the program for each link type, or the sentence of why there is none; nothing without an expression.

        An instruction is (code, jump if true, jump if false, k), as in net/bpf.h.
        """
        if not self._expression:
            return {}
        return {linktype: self._program(linktype) for linktype in range(_LINKTYPES)}

    def program(self, linktype: int) -> list[tuple[int, int, int, int]]:
        """Return the program for one link type; nothing without an expression. Raises CrossborderError."""
        if not self._expression:
            return []
        program = self._programs.get(linktype) or self._compile(linktype)
        return [(i.code, i.jt, i.jf, i.k & 0xFFFF_FFFF) for i in program.bf_insns[: program.bf_len]]

    def _program(self, linktype: int) -> list[tuple[int, int, int, int]] | str:
        try:
            return self.program(linktype)
        except CrossborderError as error:
            return str(error)

    def _compile(self, linktype: int) -> Any:  # noqa: ANN401 - scapy ships no types
        try:
            from scapy.arch.common import compile_filter

            program = compile_filter(self._expression, linktype=linktype)
        except (ImportError, OSError) as error:
            raise CrossborderError("a capture filter needs libpcap: apt-get install libpcap0.8") from error
        except Scapy_Exception as error:
            reason = str(error).rpartition("(")[2] if str(error).endswith(")") else str(error)
            raise CrossborderError(f"filter {self._expression!r} does not compile: {reason.rstrip(')')}") from error
        self._programs[linktype] = program
        return program


def _bpf_filter() -> Any:  # noqa: ANN401 - a C function
    """Return libpcap's interpreter: (instructions, bytes, wire length, captured length) to bytes to keep or 0."""
    from scapy.libs.winpcapy import _lib

    _lib.bpf_filter.restype = ctypes.c_uint
    return _lib.bpf_filter


class Listener(Protocol):
    """A socket that scapy opened on an interface: `ins` is bound, filtered, and gives times and VLAN tags."""

    ins: socket.socket

    def close(self) -> None:
        """Leave the interface as it was."""


def open_listener(interface: str, expression: str, promiscuous: bool) -> Listener:
    """Open an interface through scapy.

    Raises CrossborderError: no such interface, it is down, no permission, a filter that does not compile.
    """
    from scapy.arch.linux import L2ListenSocket
    from scapy.config import conf

    try:
        socket.if_nametoindex(interface)
    except OSError as error:
        there = ", ".join(name for _, name in socket.if_nameindex())
        raise CrossborderError(f"no interface {interface}; there are {there}") from error
    Filter(expression)
    try:
        conf.ifaces.reload()  # scapy remembers the interfaces there were when it was imported
        listener: Listener = L2ListenSocket(iface=interface, promisc=promiscuous, filter=expression or None)
    except PermissionError as error:
        raise CrossborderError(_NO_PERMISSION.format(interface)) from error
    except (OSError, Scapy_Exception, ValueError) as error:
        down = isinstance(error, OSError) and error.errno == errno.ENETDOWN
        reason = f"is down; bring it up with: ip link set {interface} up" if down else f"cannot be opened: {error}"
        raise CrossborderError(f"interface {interface} {reason}") from error
    return listener


_NO_PERMISSION = (
    "no permission to capture on {}: run as root, or allow the interpreter once with: "
    'sudo setcap cap_net_raw,cap_net_admin+ep "$(readlink -f .venv/bin/python)"'
)
