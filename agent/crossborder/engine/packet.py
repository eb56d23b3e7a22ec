"""One IP packet as the flow table counts it, and the names of the transports."""

from __future__ import annotations

from typing import NamedTuple

ICMP, TCP, UDP, ICMP6, SCTP = 1, 6, 17, 58, 132
FIN, SYN, RST, PSH, ACK = 0x01, 0x02, 0x04, 0x08, 0x10


class Packet(NamedTuple):
    """One IP packet, headers read. A tuple, because one is made for every packet on the wire.

    Transport payload is what follows the transport header: TCP with its options, UDP 8 bytes (the rest of its own
    length), SCTP 12, ICMP and ICMPv6 8. Protocols whose header is not read (GRE, ESP …) and fragments other than the
    first are payload throughout. Extension headers of IPv6 and AH belong to the IP header.
    """

    ts_ns: int  # nanoseconds since 1970 UTC
    interface: str  # capture interface, or the capture file's name
    src: bytes  # 4 or 16 bytes
    dst: bytes
    proto: int  # IANA protocol number of the transport, extension headers skipped
    sport: int  # ICMP: type; 0 where the transport has no ports
    dport: int  # ICMP: code
    ip_bytes: int  # length by the IP header, header included; what was captured does not matter
    payload_bytes: int  # transport payload on the wire, padding of the link left out
    tcp_flags: int = 0
    tcp_seq: int = 0
    tcp_ack: int = 0
    payload: bytes = b""  # the part of the transport payload that was captured; of a last fragment wanted, the whole
    vlan: str | None = None  # VLAN id, outer.inner for QinQ
    tunnel: str | None = None  # tunnels around this packet, outermost first, joined by '/'
    carries: str | None = None  # the tunnel this packet is itself, where what is inside does not cross


# https://www.iana.org/assignments/protocol-numbers, in order from 0; a blank has no keyword there.
_KEYWORDS = """
hopopt icmp igmp ggp ipv4 st tcp cbt egp igp bbn-rcc-mon nvp-ii pup argus emcon xnet chaos udp mux dcn-meas hmp
prm xns-idp trunk-1 trunk-2 leaf-1 leaf-2 rdp irtp iso-tp4 netblt mfe-nsp merit-inp dccp 3pc idpr xtp ddp
idpr-cmtp tp++ il ipv6 sdrp ipv6-route ipv6-frag idrp rsvp gre dsr bna esp ah i-nlsp swipe narp min-ipv4 tlsp
skip ipv6-icmp ipv6-nonxt ipv6-opts - cftp - sat-expak kryptolan rvd ippc - sat-mon visa ipcv cpnx cphb wsn pvp
br-sat-mon sun-nd wb-mon wb-expak iso-ip vmtp secure-vmtp vines iptm nsfnet-igp dgp tcf eigrp ospfigp sprite-rpc
larp mtp ax.25 ipip micp scc-sp etherip encap - gmtp ifmp pnni pim aris scps qnx a/n ipcomp snp compaq-peer
ipx-in-ip vrrp pgm - l2tp ddx iatp stp srp uti smp sm ptp isis-over-ipv4 fire crtp crudp sscopmce iplt sps pipe
sctp fc rsvp-e2e-ignore mobility-header udplite mpls-in-ip manet hip shim6 wesp rohc ethernet aggfrag nsh homa
bit-emu
"""

TRANSPORTS: tuple[str, ...] = tuple(
    keyword if keyword != "-" else f"ip-{number}" for number, keyword in enumerate(_KEYWORDS.split())
)
"""Protocol number → IANA keyword in lower case, as far as the registry goes."""


def transport_name(proto: int) -> str:
    """Return the IANA keyword of a protocol number in lower case, `ip-<n>` when it has none."""
    return TRANSPORTS[proto] if proto < len(TRANSPORTS) else f"ip-{proto}"
