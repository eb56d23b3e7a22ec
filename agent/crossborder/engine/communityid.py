"""Community ID v1: one name for a flow that every tool computes alike.

Source: https://github.com/corelight/community-id-spec, version 1.
"""

from __future__ import annotations

import base64
import hashlib
import struct

ICMP, TCP, UDP, ICMP6, SCTP = 1, 6, 17, 58, 132
PORTED = frozenset({TCP, UDP, SCTP})

# Type of a request → type of its answer (and back): a pair is one conversation. Others are one-way.
_ICMP4 = {8: 0, 0: 8, 13: 14, 14: 13, 15: 16, 16: 15, 10: 9, 9: 10, 17: 18, 18: 17}
_ICMP6 = {128: 129, 129: 128, 133: 134, 134: 133, 135: 136, 136: 135, 130: 131, 131: 130, 144: 145, 145: 144}
ICMP_ANSWERS = {ICMP: _ICMP4, ICMP6: _ICMP6}


def community_id(src: bytes, dst: bytes, proto: int, sport: int, dport: int, seed: int = 0) -> str:
    """Return the id of a tuple, the same for both directions.

    `src`, `dst` are 4 or 16 bytes. For ICMP `sport` is the type and `dport` the code. Protocols without ports are
    hashed without: pass zeros.
    """
    one_way = False
    if proto in ICMP_ANSWERS:
        answer = ICMP_ANSWERS[proto].get(sport)
        one_way = answer is None
        dport = dport if answer is None else answer
    with_ports = proto in PORTED or proto in ICMP_ANSWERS
    if not one_way and (src, sport) > (dst, dport):
        src, dst, sport, dport = dst, src, dport, sport
    data = struct.pack("!H", seed) + src + dst + struct.pack("!BB", proto, 0)
    if with_ports:
        data += struct.pack("!HH", sport, dport)
    return "1:" + base64.b64encode(hashlib.sha1(data, usedforsecurity=False).digest()).decode()
