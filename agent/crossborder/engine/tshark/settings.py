"""How tshark is told to dissect: what it may not do, what it shall put together, and what it prints."""

from __future__ import annotations

from typing import Final

from crossborder.engine.portable.tunnel import VXLAN_LINUX_PORT

_PRINTED: Final = (
    "frame",
    *("vlan", "ieee8021ad", "ip", "ipv6", "ah"),
    *("gre", "erspan", "vxlan", "geneve", "gtp", "teredo", "l2tp"),
    *("tcp", "udp", "sctp", "icmp", "icmpv6"),
    *("tls", "dtls", "quic", "gquic", "http", "http2", "dns", "mdns", "llmnr"),
    *("smtp", "mime_multipart", "media", "ftp", "ftp-data", "ftp-data.command", "smb", "smb2", "tftp"),
)
"""Protocols whose fields are printed. Of the others only the name is: a screen of pixels over VNC is no metadata."""

PREFERENCES: Final = {
    # Nothing is asked of anyone: no resolver, no country database of Wireshark's own.
    "nameres.network_name": "FALSE",
    "nameres.use_external_name_resolver": "FALSE",
    "ip.use_geoip": "FALSE",
    "ipv6.use_geoip": "FALSE",
    # Each packet is counted as it came, so fragments are not joined: the first of them shows the ports.
    "ip.defragment": "FALSE",
    "ipv6.defragment": "FALSE",
    # A length of 0 is what segmentation offload leaves; it stands for all there is.
    "ip.tso_support": "TRUE",
    "ipv6.tso_support": "TRUE",
    # What a session of L2TP version 3 carries is agreed on beforehand: it is read as Ethernet, straight behind its id.
    "l2tp.cookie_size": "None",
    "l2tp.l2_specific": "None",
    # Streams are put together, segments that came out of order too.
    "tcp.desegment_tcp_streams": "TRUE",
    "tcp.reassemble_out_of_order": "TRUE",
    # A bad checksum is what offload leaves, and a retransmission may be the first sighting of its bytes.
    "tcp.check_checksum": "FALSE",
    "udp.check_checksum": "FALSE",
    "tcp.no_subdissector_on_error": "FALSE",
    # A protocol is told by its content where Wireshark can, not by its port.
    "tcp.try_heuristic_first": "TRUE",
    "udp.try_heuristic_first": "TRUE",
    # Heads are read when they are whole. Bodies are not collected: they are large, and a body that the capture cuts
    # off would take the head with it.
    "http.desegment_headers": "TRUE",
    "http.desegment_body": "FALSE",
    "smtp.desegment_data": "FALSE",
    # Quadratic in the length of the stream.
    "vnc.desegment": "FALSE",
}


def dissect_parameters() -> list[str]:
    """Return the parameters of tshark for a dissection of which the engine reads the fields."""
    decoded_as = ("-d", f"udp.port=={VXLAN_LINUX_PORT},vxlan", "-d", "l2tp.pw_type==0,eth")
    return [*safe_parameters(), *decoded_as, "-J", " ".join(_PRINTED)]


def safe_parameters() -> list[str]:
    """Return the parameters of tshark that every run of it has."""
    return [part for name, value in PREFERENCES.items() for part in ("-o", f"{name}:{value}")]
