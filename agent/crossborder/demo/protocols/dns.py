"""DNS messages, made with scapy: questions, answers by address and alias, names that do not exist, a tunnel."""

from __future__ import annotations

import base64
from typing import TYPE_CHECKING

from scapy.layers.dns import DNS, DNSQR, DNSRR, DNSRROPT

if TYPE_CHECKING:
    import random

_NXDOMAIN = 3


def question(ident: int, name: str, kind: str = "A", payload_size: int = 1232) -> bytes:
    """Return a query that wishes recursion and announces EDNS (RFC 6891)."""
    return bytes(DNS(id=ident, rd=1, qd=[DNSQR(qname=name, qtype=kind)], ar=[DNSRROPT(rclass=payload_size)]))


def multicast_question(name: str) -> bytes:
    """Return a question to all neighbours (RFC 6762): no id, no wish for recursion."""
    return bytes(DNS(id=0, rd=0, qd=[DNSQR(qname=name, qtype="PTR")]))


def answer(ident: int, name: str, *addresses: str, alias: str = "", ttl: int = 300) -> bytes:
    """Return the answer to an A or AAAA query; with an alias a CNAME comes first and owns the addresses."""
    kind = "AAAA" if ":" in addresses[0] else "A"
    records = [DNSRR(rrname=name, type="CNAME", ttl=ttl, rdata=alias)] if alias else []
    records += [DNSRR(rrname=alias or name, type=kind, ttl=ttl, rdata=address) for address in addresses]
    return bytes(DNS(id=ident, qr=1, rd=1, ra=1, qd=[DNSQR(qname=name, qtype=kind)], an=records))


def no_such_name(ident: int, name: str) -> bytes:
    """Return NXDOMAIN."""
    return bytes(DNS(id=ident, qr=1, rd=1, ra=1, rcode=_NXDOMAIN, qd=[DNSQR(qname=name)]))


def text_answer(ident: int, name: str, text: bytes) -> bytes:
    """Return a TXT answer."""
    record = DNSRR(rrname=name, type="TXT", ttl=0, rdata=[text])
    return bytes(DNS(id=ident, qr=1, aa=1, qd=[DNSQR(qname=name, qtype="TXT")], an=[record]))


def tunnel_name(rng: random.Random, sequence: int, zone: str) -> str:
    """Return a name that carries 100 bytes in base32 labels, as DNS tunnels do."""
    code = base64.b32encode(rng.randbytes(100)).decode().rstrip("=").lower()
    return f"{sequence:04x}." + ".".join(code[at : at + 60] for at in range(0, len(code), 60)) + f".{zone}"
