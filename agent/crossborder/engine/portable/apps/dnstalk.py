"""Follows DNS over UDP and over TCP: what is asked, how it is answered, and which addresses the names have."""

from __future__ import annotations

from typing import TYPE_CHECKING

from crossborder.engine.portable.apps import dns
from crossborder.engine.portable.apps.talk import Step

if TYPE_CHECKING:
    from crossborder.engine.names import Names
    from crossborder.engine.portable.apps.dnsnames import DnsNames


def note(message: bytes, names: Names, dns_names: DnsNames) -> bool:
    """Write what one message says into the names; tell whether it said anything."""
    said = dns.parse(message)
    if said is None:
        return False
    for question in said.questions:
        names.add("dns_query", question.name)
    if said.response:
        names.dns_rcode = dns.rcode_name(said.rcode)
        if said.questions and said.questions[0].name:
            for address in said.addresses:
                dns_names.learn(address, said.questions[0].name.lower())
    return True


class DnsDatagrams:
    """DNS over UDP: a datagram is a message."""

    rest = b""

    def __init__(self, names: Names, dns_names: DnsNames) -> None:
        """Write into these."""
        self._names = names
        self._dns_names = dns_names

    def feed(self, outward: bool, data: bytes) -> Step:
        """Take one message. There is always another question to come."""
        del outward
        note(data, self._names, self._dns_names)
        return Step.MORE

    def gap(self, outward: bool) -> None:
        """Datagrams have no gaps."""


class DnsStream:
    """DNS over TCP: each message is preceded by its length in two bytes (RFC 1035 4.2.2, RFC 7766 8)."""

    rest = b""

    def __init__(self, names: Names, dns_names: DnsNames) -> None:
        """Write into these."""
        self._names = names
        self._dns_names = dns_names
        self._pending: dict[bool, bytes | None] = {False: b"", True: b""}  # None: lost

    def feed(self, outward: bool, data: bytes) -> Step:
        """Take bytes of one direction; at most one message of 65,535 bytes is kept."""
        pending = self._pending[outward]
        if pending is None and stream_looks_like_dns(data) is not True:
            return Step.MORE
        self._pending[outward] = self._messages((pending or b"") + data)
        return Step.MORE

    def _messages(self, data: bytes) -> bytes:
        while len(data) >= 2 and len(data) >= 2 + (size := int.from_bytes(data[:2], "big")):
            note(data[2 : 2 + size], self._names, self._dns_names)
            data = data[2 + size :]
        return data

    def gap(self, outward: bool) -> None:
        """Wait for a piece that begins like a message."""
        self._pending[outward] = None


def stream_looks_like_dns(head: bytes) -> bool | None:
    """Tell whether a stream's bytes begin DNS over TCP; None when more are needed."""
    if len(head) < 2:
        return None
    return dns.looks_like_dns(head[2:], int.from_bytes(head[:2], "big"))
