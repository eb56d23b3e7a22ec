"""Personal data that leave in clear text by HTTP: a form, a JSON document, an uploaded table, a dump."""

from __future__ import annotations

from typing import TYPE_CHECKING

from crossborder.demo import people
from crossborder.demo.places import ADJUSTER, FORMS, HOSPITAL_DESK, INSURANCE, LAB, OFFICE, SURVEY
from crossborder.demo.protocols import http

if TYPE_CHECKING:
    from crossborder.demo.stage import Stage

_TAKEN = http.response(b'{"status":"ok"}', "application/json")


def form(stage: Stage, at: int) -> None:
    """A ward types patients into a foreign form service, one form after the other on one connection."""
    talk = stage.tcp(HOSPITAL_DESK, FORMS, 80, stage.resolve(HOSPITAL_DESK, FORMS, at))
    for patient in people.people(stage.rng, 20):
        talk.client(http.form(FORMS.name, "/intake/submit", patient.fields)).server(_TAKEN).pause(2)
    stage.plant(
        talk.close(), "core_personal_data_abroad", "cleartext_personal_abroad", "http_upload_abroad", *people.FOUND_BY
    )


def document(stage: Stage, at: int) -> None:
    """The insurance office hands claims to an adjuster abroad as JSON."""
    talk = stage.tcp(INSURANCE, ADJUSTER, 8080, stage.resolve(INSURANCE, ADJUSTER, at))
    for _ in range(3):
        claims = [one.fields | {"so_tien": "1250000"} for one in people.people(stage.rng, 60)]
        talk.client(http.as_json(ADJUSTER.name, "/v2/claims", {"claims": claims})).server(_TAKEN).pause(1)
    stage.plant(
        talk.close(),
        "important_personal_data_abroad",
        "cleartext_personal_abroad",
        "http_upload_abroad",
        *people.FOUND_BY,
    )


def table(stage: Stage, at: int) -> None:
    """The hospital uploads a table of patients to a laboratory abroad as a multipart form."""
    talk = stage.tcp(HOSPITAL_DESK, LAB, 80, stage.resolve(HOSPITAL_DESK, LAB, at))
    content = people.csv(people.people(stage.rng, 2_500))
    talk.client(http.upload(LAB.name, "/upload", "benh-nhan-2026-01.csv", "text/csv", content)).server(_TAKEN)
    stage.plant(
        talk.close(), "core_personal_data_abroad", "cleartext_personal_abroad", "http_upload_abroad", *people.FOUND_BY
    )


def dump(stage: Stage, at: int) -> None:
    """A clerk uploads a database dump by its name."""
    talk = stage.tcp(OFFICE[3], SURVEY, 80, stage.resolve(OFFICE[3], SURVEY, at))
    content = b"-- dump\n" + people.csv(people.people(stage.rng, 900))
    talk.client(http.upload(SURVEY.name, "/import", "khao-sat.sql", "application/sql", content)).server(_TAKEN)
    stage.plant(talk.close(), "http_upload_abroad", "database_dump_abroad", *people.FOUND_BY)


def feedback(stage: Stage, at: int) -> None:
    """A clerk sends a short form to a foreign site: no tagged system, nothing to find."""
    talk = stage.tcp(OFFICE[8], SURVEY, 80, stage.resolve(OFFICE[8], SURVEY, at))
    talk.client(http.form(SURVEY.name, "/feedback", {"rating": "4", "comment": "Cảm ơn"})).server(_TAKEN)
    stage.innocent(talk.close())
