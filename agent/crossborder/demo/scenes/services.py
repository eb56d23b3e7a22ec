"""Foreign services by their names: cloud storage, artificial intelligence, resolvers that hide, ordinary pages."""

from __future__ import annotations

from typing import TYPE_CHECKING

from crossborder.demo.places import (
    ANTHROPIC,
    CLOUDFLARE_DNS,
    DEEPSEEK,
    DRIVE,
    DROPBOX,
    GITHUB,
    GOOGLE_DNS,
    HANDOVER,
    HOSPITAL_DESK,
    INSURANCE,
    OFFICE,
    OFFICE_V6,
    OPENAI,
    PASTE,
    PROCUREMENT_DESK,
    PYTHON,
    RESOLVER,
    S3,
    TIME,
    VIDEO,
    WEB_V6,
    WEBMAIL,
    WIKIPEDIA,
    YOUTUBE,
)
from crossborder.demo.protocols import dns, ntp
from crossborder.demo.scenes.sessions import BROWSER, OLD, PROGRAM, Way, exchange, open_secure, quic_session, secure

if TYPE_CHECKING:
    from crossborder.demo.stage import Stage

_ALIAS = "edge-star.fjord-cdn.example"


def cloud_storage(stage: Stage, at: int) -> None:
    """Clerks put files into foreign cloud storage: by browser, by program, by QUIC."""
    dropbox = secure(stage, OFFICE[1], DROPBOX, at, up=760_000, down=6_000)
    bucket = secure(stage, OFFICE[2], S3, at + 9_000_000_000, up=1_300_000, down=3_000, way=PROGRAM)
    drive = quic_session(stage, OFFICE[4], DRIVE, at + 20_000_000_000, up=420, down=12)
    for talk in (dropbox, bucket, drive):
        stage.plant(talk, "cloud_storage_upload")
    ward = secure(stage, HOSPITAL_DESK, DROPBOX, at + 32_000_000_000, up=95_000, down=2_000)
    stage.plant(ward, "storage_personal_data", "core_personal_data_abroad")


def tagged_cloud_storage(stage: Stage, at: int) -> None:
    """Procurement puts tender files into foreign cloud storage."""
    talk = secure(stage, PROCUREMENT_DESK, S3, at, up=300_000, down=3_000, way=PROGRAM)
    stage.plant(talk, "cloud_storage_upload", "storage_tagged_data", "core_data_abroad")


def assistants(stage: Stage, at: int) -> None:
    """People paste texts into foreign AI services; a ward does it with patients' letters."""
    for number, (clerk, service) in enumerate(((OFFICE[5], OPENAI), (OFFICE[6], ANTHROPIC), (OFFICE[7], DEEPSEEK))):
        talk = open_secure(stage, clerk, service, at + number * 8_000_000_000)
        for _ in range(5):
            exchange(stage, talk, up=stage.rng.randint(9_000, 30_000), down=stage.rng.randint(4_000, 16_000))
            talk.pause(4)
        stage.plant(talk.close(), "ai_service_upload")
    ward = secure(stage, HOSPITAL_DESK, OPENAI, at + 40_000_000_000, up=38_000, down=9_000)
    stage.plant(ward, "platform_personal_data", "core_personal_data_abroad")


def handed_over(stage: Stage, at: int) -> None:
    """Clerks leave files in foreign webmail and at a transfer site, and text at a paste site."""
    attached = secure(stage, OFFICE[15], WEBMAIL, at, up=1_150_000, down=9_000)
    stage.plant(attached, "webmail_upload")
    left = secure(stage, OFFICE[16], HANDOVER, at + 9_000_000_000, up=480_000, down=2_000, way=PROGRAM)
    stage.plant(left, "file_transfer_upload")
    pasted = secure(stage, OFFICE[17], PASTE, at + 18_000_000_000, up=16_000, down=7_000)
    stage.plant(pasted, "paste_upload")


def reading_abroad(stage: Stage, at: int) -> None:
    """Clerks read foreign pages: nothing of theirs leaves but the request."""
    for number, (site, way) in enumerate(((WIKIPEDIA, BROWSER), (GITHUB, BROWSER), (PYTHON, OLD))):
        clerk = stage.rng.choice(OFFICE[10:])
        down = stage.rng.randint(30_000, 150_000)
        stage.innocent(secure(stage, clerk, site, at + number * 2_000_000_000, down=down, way=way))
    clip = quic_session(stage, stage.rng.choice(OFFICE[10:]), YOUTUBE, at + 7_000_000_000, down=160)
    stage.innocent(clip, secure(stage, OFFICE_V6, WEB_V6, at + 11_000_000_000, down=50_000))


def aliases(stage: Stage, at: int) -> None:
    """A name that is an alias labels a connection whose hello names nobody."""
    clerk = OFFICE[9]
    begin = stage.resolve(clerk, VIDEO, at, alias=_ALIAS)
    way = Way(version=1.2, name="", look_up=False, hybrid=False)
    stage.innocent(secure(stage, clerk, VIDEO, begin, up=30_000, down=60_000, way=way))


def hidden_lookups(stage: Stage, at: int) -> None:
    """Programs ask foreign resolvers over HTTPS, where nobody sees the names."""
    for number, (client, resolver) in enumerate(((INSURANCE, CLOUDFLARE_DNS), (HOSPITAL_DESK, GOOGLE_DNS))):
        talk = open_secure(stage, client, resolver, at + number * 3_000_000_000)
        for _ in range(6):
            exchange(stage, talk, up=130, down=210)
            talk.pause(0.6)
        stage.plant(talk.close(), "encrypted_dns_tagged")


def open_lookups(stage: Stage, at: int) -> None:
    """The resolver asks a foreign one in the clear, and the clock is set abroad."""
    talk = stage.udp(RESOLVER, GOOGLE_DNS, 53, at)
    for site in (WIKIPEDIA, GITHUB, PYTHON, WEB_V6):
        ident = stage.rng.randrange(65_536)
        kind = "AAAA" if ":" in site.ip else "A"
        talk.client(dns.question(ident, site.name, kind)).server(dns.answer(ident, site.name, site.ip))
    clock = stage.udp(RESOLVER, TIME, 123, at + 900_000_000, sport=123)
    sent = clock.now
    stage.innocent(talk, clock.client(ntp.request(sent)).server(ntp.reply(sent)))
