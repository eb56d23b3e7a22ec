"""Foreign clients at the ministry's servers: readers of the portal, and those who carry registers away."""

from __future__ import annotations

from typing import TYPE_CHECKING

from crossborder.demo import people
from crossborder.demo.places import DRAINER, HOSPITAL_DB, PORTAL, REGISTRY, RESEARCH, VISITORS
from crossborder.demo.protocols import http, sql, tls
from crossborder.demo.scenes.sessions import PROGRAM, Way, bulk, fetch, open_secure, secure

if TYPE_CHECKING:
    from crossborder.demo.stage import Stage


def readers(stage: Stage, at: int) -> None:
    """Readers in ten countries fetch small pages: ordinary, and outbound bytes all the same."""
    for number, visitor in enumerate(VISITORS):
        begin = at + number * 3_100_000_000
        if number % 2:
            stage.innocent(fetch(stage, visitor, PORTAL, begin, "/van-ban/", http.page("Văn bản", 90)))
        else:
            down = stage.rng.randint(20_000, 120_000)
            stage.innocent(secure(stage, visitor, PORTAL, begin, down=down))


def register_drained(stage: Stage, at: int) -> None:
    """A program abroad downloads the citizen registry: the connection comes in, the register goes out."""
    way = Way(hybrid=False, alpn=PROGRAM.alpn, name=REGISTRY.name, mbit=4)
    talk = open_secure(stage, DRAINER, REGISTRY, at, way)
    content = bulk(stage, 10_600_000)
    talk.client(tls.application(stage.rng, 640))
    records = (tls.record(tls.APPLICATION, content[start : start + 16_000]) for start in range(0, len(content), 16_000))
    talk.server(b"".join(records)).close()
    stage.plant(
        talk, "drain_tagged", "citizen_data_bulk_abroad", "core_personal_data_abroad", "recipient_personal_data"
    )


def patients_copied(stage: Stage, at: int) -> None:
    """A research group abroad logs in to the hospital's database and copies a table."""
    talk = stage.tcp(RESEARCH, HOSPITAL_DB, 5432, at)
    talk.client(sql.postgres_startup("cohort", "hospital")).server(sql.postgres_ready(stage.rng))
    talk.client(sql.postgres("Q", b"COPY benh_nhan TO STDOUT\0"))
    rows = [tuple(one.fields.values()) for one in people.people(stage.rng, 4_000)]
    talk.server(sql.postgres_copy(rows)).client(sql.postgres("X")).close()
    stage.plant(talk, "cleartext_database_abroad", "cleartext_personal_abroad", *people.FOUND_BY)
    stage.plant(talk, "core_personal_data_abroad", "recipient_personal_data")


def knocking(stage: Stage, at: int) -> None:
    """Scanners abroad knock: refused connections and bare handshakes carry nothing away."""
    for number, visitor in enumerate(VISITORS[:6]):
        talk = stage.tcp(visitor, REGISTRY, 443, at + number * 800_000_000)
        stage.innocent(talk.client(tls.record(tls.HANDSHAKE, tls.client_hello(stage.rng, ""), b"\3\1")).reset())
