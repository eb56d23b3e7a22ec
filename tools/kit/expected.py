"""What the trial expects: which alerts fire and what ends them, and which queries may find nothing."""

from __future__ import annotations

FIRES = {
    "CrossborderCoreDataViolation": "the day's traffic; ends with it",
    "CrossborderImportantDataViolation": "the day's traffic; ends with it",
    "CrossborderPersonalDataViolation": "the day's traffic; ends with it",
    "CrossborderGraveSign": "the day's traffic; ends with it",
    "CrossborderOpaqueCoreTraffic": "the day's traffic; ends with it",
    "CrossborderPermitOverrun": "a ceiling of a kibibyte; ends with the permit's renewal",
    "CrossborderPermitNearlyUsed": "a ceiling of two flows; ends with the permit's renewal",
    "CrossborderPermitExpiring": "a permit that ends in ten days; ends with its renewal",
    "CrossborderPermitExpired": "a permit that ended last week; ends with its removal",
    "CrossborderBandApproached": "persons sent before; ends with the correction of their number",
    "CrossborderBandEntered": "persons sent before; ends with the correction of their number",
    "CrossborderReloadFailed": "a rule that cannot be read; ends with its removal",
    "CrossborderAgentDown": "the province's agent stopped; ends with its start",
    "CrossborderNoTraffic": "the day is over; ends with the next one",
    "CrossborderStuck": "the day is over; ends with the next one",
}
"""Alert → why it must fire, and what must end it. None other may fire."""

EITHER: dict[str, str] = {
    "CrossborderHistoryRoomShort": "depends on the disk of the machine, and on who else writes to it",
    "CrossborderDatabaseOld": "depends on when the shipped database was built and on the day of the trial",
}
"""Alerts that may fire or not, and why."""

EMPTY: dict[str, str] = {}
"""Pattern of queries that may find nothing → why."""

NOT_ASKED = {"loki": "neither Debian nor PyPI has a Loki; a test holds their fields to what events have"}
"""Data source → why its queries are not asked."""
