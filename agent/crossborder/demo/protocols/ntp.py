"""NTP version 4 packets, made with scapy (RFC 5905)."""

from __future__ import annotations

from scapy.layers.ntp import NTPHeader

_EPOCH = 2_208_988_800  # seconds from 1900 to 1970
_CLIENT, _SERVER = 3, 4


def request(time_ns: int) -> bytes:
    """Return a client's question."""
    nothing = {"ref": 0, "orig": 0, "recv": 0}
    return bytes(
        NTPHeader(leap=3, version=4, mode=_CLIENT, stratum=0, poll=6, precision=-23, sent=_stamp(time_ns), **nothing)
    )


def reply(time_ns: int) -> bytes:
    """Return a server's answer to the question of that time."""
    now = _stamp(time_ns)
    times = {"ref": now - 40, "orig": now, "recv": now + 0.01, "sent": now + 0.0101}
    return bytes(NTPHeader(leap=0, version=4, mode=_SERVER, stratum=2, poll=6, precision=-23, **times))


def _stamp(time_ns: int) -> float:
    """Return seconds since 1900."""
    return _EPOCH + time_ns / 1e9
