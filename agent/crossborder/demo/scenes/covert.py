"""What tries not to be seen: a DNS tunnel, a drip, many destinations, a nameless upload, a place on no map."""

from __future__ import annotations

import struct
from typing import TYPE_CHECKING

from crossborder.demo.places import (
    CONTRACTOR,
    HIDDEN,
    HOSPITAL_DESK,
    INSURANCE,
    INSURANCE_DB,
    NOBODY,
    NORDIC,
    OFFICE,
    PROCUREMENT,
    PROCUREMENT_DESK,
    REGISTRY,
    REGISTRY_DB,
    REVERSE,
    SENSOR,
    SURVEY,
    SWARM,
    TUNNEL_DNS,
    VPN,
)
from crossborder.demo.protocols import dns
from crossborder.demo.scenes.sessions import PROGRAM, Way, exchange, open_secure, open_ssh, secure

if TYPE_CHECKING:
    from crossborder.demo.conversation import Datagrams
    from crossborder.demo.places import Host
    from crossborder.demo.stage import Stage

_ZONE = "c.pixel-cdn.example"


def dns_tunnel(stage: Stage, at: int) -> None:
    """A program on a ward's computer carries data out in the names it asks a server abroad for."""
    for burst in range(24):
        _burst(stage, at + burst * 1_500_000_000, 10, "dns_long_labels")
    _burst(stage, at + 40_000_000_000, 200, "dns_long_labels", "dns_large_upload")
    stage.plant_together("dns_many_names", HOSPITAL_DESK, TUNNEL_DNS)


def _burst(stage: Stage, at: int, questions: int, *rules: str) -> None:
    talk = stage.udp(HOSPITAL_DESK, TUNNEL_DNS, 53, at)
    for number in range(questions):
        ident, name = stage.rng.randrange(65_536), dns.tunnel_name(stage.rng, number, _ZONE)
        talk.client(dns.question(ident, name, "TXT")).server(
            dns.text_answer(ident, name, stage.rng.randbytes(24).hex().encode())
        )
    stage.plant(talk, *rules)


def drip(stage: Stage, at: int) -> None:
    """The registry reports home to its maker in flows too small to be noticed one by one."""
    for number in range(76):
        way = Way(hybrid=False, alpn=PROGRAM.alpn, look_up=number == 0)
        secure(stage, REGISTRY, SURVEY, at + number * 4_000_000_000, up=3_300, down=200, way=way)
    stage.plant_together("core_data_drip", REGISTRY, SURVEY)


def swarm(stage: Stage, at: int) -> None:
    """A program on procurement's desk talks to peers all over the world."""
    for number, peer in enumerate(SWARM):
        talk = stage.udp(PROCUREMENT_DESK, peer, 6881, at + number * 700_000_000)
        for _ in range(3):
            talk.client(b"d1:ad2:id20:" + stage.rng.randbytes(20) + b"e1:q4:ping1:t2:aa1:y1:qe")
            talk.server(b"d1:rd2:id20:" + stage.rng.randbytes(20) + b"e1:t2:aa1:y1:re")
    stage.plant_together("many_destinations_tagged", PROCUREMENT_DESK)


def nameless(stage: Stage, at: int) -> None:
    """The insurance office uploads to Norway without saying to whom."""
    way = Way(alpn=(), hybrid=False, name="", look_up=False)
    talk = secure(stage, INSURANCE, NORDIC, at, up=410_000, down=1_200, way=way)
    stage.plant(talk, "tls_nameless_upload", "important_personal_data_abroad")


def norway(stage: Stage, at: int) -> None:
    """The registry's database server synchronises with Norway, the country that YAML readers lose."""
    talk = secure(stage, REGISTRY_DB, NORDIC, at, up=520_000, down=2_600, way=PROGRAM)
    stage.plant(talk, "core_personal_data_abroad")


def nowhere(stage: Stage, at: int) -> None:
    """Two systems send to an address that no database knows."""
    way = Way(alpn=(), hybrid=False, name="", look_up=False, port=8443)
    tagged = secure(stage, REGISTRY, NOBODY, at, up=120_000, down=900, way=way)
    stage.plant(tagged, "unknown_country_tagged", "core_personal_data_abroad")
    untagged = secure(stage, OFFICE[12], NOBODY, at + 6_000_000_000, up=150_000, down=900, way=way)
    stage.plant(untagged, "unknown_country")


def vpn(stage: Stage, at: int) -> None:
    """Two computers keep WireGuard tunnels to Switzerland open for minutes: long flows that nobody can read."""
    stage.plant(_wireguard(stage, OFFICE[14], at, 260), "tunnel_abroad")
    ward = _wireguard(stage, HOSPITAL_DESK, at + 30_000_000_000, 90)
    stage.plant(ward, "tunnel_tagged", "opaque_core", "core_personal_data_abroad")


def _wireguard(stage: Stage, client: Host, at: int, exchanges: int) -> Datagrams:
    rng = stage.rng
    talk = stage.udp(client, VPN, 51_820, stage.resolve(client, VPN, at))
    ours, theirs = rng.randbytes(4), rng.randbytes(4)
    talk.client(b"\1\0\0\0" + ours + rng.randbytes(140)).server(b"\2\0\0\0" + theirs + ours + rng.randbytes(80))
    for counter in range(exchanges):
        for peer, say in ((theirs, talk.client), (ours, talk.server)):
            say(b"\4\0\0\0" + peer + struct.pack("<Q", counter) + rng.randbytes(rng.choice((96, 272, 1312))))
        talk.pause(rng.uniform(0.5, 2.5))
    return talk


def reverse_tunnel(stage: Stage, at: int) -> None:
    """A clerk's computer keeps a door open to itself at a foreign tunnel service."""
    talk = open_secure(stage, OFFICE[18], REVERSE, at, PROGRAM)
    for _ in range(8):
        exchange(stage, talk, up=5_200, down=700)
        talk.pause(3)
    stage.plant(talk.close(), "tunnel_service_abroad")


def maintenance(stage: Stage, at: int) -> None:
    """A contractor abroad logs in to the insurance database by SSH and reads along."""
    talk = open_ssh(stage, CONTRACTOR, INSURANCE_DB, at)
    for _ in range(9):
        talk.client(stage.rng.randbytes(68)).server(stage.rng.randbytes(stage.rng.randint(2_400, 6_000))).pause(2)
    stage.plant(talk.close(), "remote_admin_tagged", "important_personal_data_abroad", "recipient_personal_data")


def hidden_name(stage: Stage, at: int) -> None:
    """Procurement's server opens connections whose true name is encrypted."""
    talk = secure(stage, PROCUREMENT, HIDDEN, at, up=1_400, down=9_000)
    stage.plant(talk, "ech_core")


def sensor(stage: Stage, at: int) -> None:
    """Something on procurement's server sends datagrams of no known protocol."""
    talk = stage.udp(PROCUREMENT, SENSOR, 9_930, at)
    for _ in range(40):
        talk.client(b"\xa7" + stage.rng.randbytes(620)).pause(0.8)
    stage.plant(talk, "opaque_core", "core_data_abroad")
