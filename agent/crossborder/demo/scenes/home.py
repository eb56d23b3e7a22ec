"""What stays at home: services of the ministry, Vietnamese sites, mail between offices. No rule may find any of it."""

from __future__ import annotations

from typing import TYPE_CHECKING

from crossborder.demo import people
from crossborder.demo.places import (
    DOMESTIC,
    DOMESTIC_MAIL,
    DOMESTIC_RESOLVER,
    DOMESTIC_TIME,
    DOMESTIC_V6,
    GATEWAY,
    HOSPITAL,
    HOSPITAL_DB,
    INSURANCE,
    MAIL,
    OFFICE,
    OFFICE_V6,
    PORTAL,
    REGISTRY,
    RESOLVER,
)
from crossborder.demo.protocols import dns, http, ntp, sql
from crossborder.demo.scenes.sessions import BROWSER, OLD, Letter, fetch, post, quic_session, secure

if TYPE_CHECKING:
    from crossborder.demo.stage import Stage


def browsing(stage: Stage, at: int) -> None:
    """Clerks read Vietnamese sites: TLS 1.3, TLS 1.2 and QUIC to addresses at home."""
    for number in range(6):
        clerk, site = stage.rng.choice(OFFICE), stage.rng.choice(DOMESTIC)
        begin = at + number * 1_700_000_000
        if number == 5:
            stage.innocent(quic_session(stage, clerk, site, begin, down=stage.rng.randint(20, 60)))
        else:
            way = OLD if number == 4 else BROWSER
            size = stage.rng.randint(8_000, 90_000)
            stage.innocent(secure(stage, clerk, site, begin, up=stage.rng.randint(600, 2_500), down=size, way=way))


def browsing_v6(stage: Stage, at: int) -> None:
    """A clerk with an IPv6 address of a Vietnamese network reads a Vietnamese site."""
    stage.innocent(secure(stage, OFFICE_V6, DOMESTIC_V6, at, down=70_000))


def counter(stage: Stage, at: int) -> None:
    """Clerks type citizens' forms into the registry: identifiers in clear text, but at home."""
    for number in range(4):
        talk = stage.tcp(stage.rng.choice(OFFICE), REGISTRY, 80, at + number * 900_000_000)
        form = http.form(REGISTRY.name, "/ho-so/moi", people.person(stage.rng).fields)
        stage.innocent(talk.client(form).server(http.response(http.page("Đã nhận"))).close())


def reading_portal(stage: Stage, at: int) -> None:
    """People in Viet Nam read the portal."""
    for number, reader in enumerate(DOMESTIC[:4]):
        stage.innocent(fetch(stage, reader, PORTAL, at + number * 600_000_000, "/tin-tuc/", http.page("Tin tức", 60)))


def office_mail(stage: Stage, at: int) -> None:
    """A list of citizens goes to a province by mail: at home."""
    letter = Letter(
        "vanthu@ministry.example",
        ["so-noi-vu@tinh.example"],
        "Danh sách công dân",
        "Kính gửi danh sách kèm theo.",
        "danh-sach.csv",
        people.csv(people.people(stage.rng, 120)),
    )
    stage.innocent(post(stage, MAIL, DOMESTIC_MAIL, at, letter))


def hospital_query(stage: Stage, at: int) -> None:
    """The hospital's application reads its own database; the insurance office asks the hospital."""
    talk = stage.tcp(HOSPITAL, HOSPITAL_DB, 5432, at)
    talk.client(sql.postgres_startup("records", "hospital")).server(sql.postgres_ready(stage.rng))
    talk.client(sql.postgres("Q", b"COPY (SELECT * FROM benh_nhan LIMIT 400) TO STDOUT\0"))
    rows = [tuple(one.fields.values()) for one in people.people(stage.rng, 400)]
    stage.innocent(talk.server(sql.postgres_copy(rows)).client(sql.postgres("X")).close())
    stage.innocent(secure(stage, INSURANCE, HOSPITAL, at + 2_000_000_000, up=4_000, down=60_000))


def resolver_upstream(stage: Stage, at: int) -> None:
    """The resolver asks a Vietnamese one: names with an alias, and names that do not exist."""
    talk = stage.udp(RESOLVER, DOMESTIC_RESOLVER, 53, at)
    for site in DOMESTIC:
        ident = stage.rng.randrange(65_536)
        talk.client(dns.question(ident, f"www.{site.name}"))
        talk.server(dns.answer(ident, f"www.{site.name}", site.ip, alias=site.name))
    ident = stage.rng.randrange(65_536)
    talk.client(dns.question(ident, "khong-co.example")).server(dns.no_such_name(ident, "khong-co.example"))
    stage.innocent(talk)


def clocks(stage: Stage, at: int) -> None:
    """The gateway sets its clock by a Vietnamese server."""
    talk = stage.udp(GATEWAY, DOMESTIC_TIME, 123, at, sport=123)
    sent = talk.now
    stage.innocent(talk.client(ntp.request(sent)).server(ntp.reply(sent)))
