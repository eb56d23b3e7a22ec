"""The register of transfers: who sent what kind of data to whom, how much, of how many persons, and by what right."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal

import polars as pl

from crossborder.model import Decision

if TYPE_CHECKING:
    from collections.abc import Mapping
    from datetime import date

    from crossborder.match.permits import Permits
    from crossborder.match.ruleset import NamedSet

Form = Literal["a", "b", "c", "unknown"]

FORMS: dict[str, Form] = {"storage-abroad": "a", "recipient-abroad": "b", "platform-abroad": "c"}
"""What permits call the forms of Law 91/2025/QH15, Article 20(1) → their points."""

KEY = ("unit", "system", "category", "recipient", "country", "form")
"""What makes two rows of the register two transfers."""

_MOMENT = pl.Datetime("us", "UTC")
_PERSONS = {
    f"persons_{kind}{bound}": pl.UInt64() for kind in ("basic", "sensitive", "bank") for bound in ("_low", "", "_high")
}

TRANSFER_SCHEMA = pl.Schema(
    {
        "unit": pl.String(),
        "system": pl.String(),
        "category": pl.String(),
        "basis": pl.Enum(["declared", "found", "both"]),
        "recipient": pl.String(),
        "country": pl.String(),
        "form": pl.Enum(["a", "b", "c", "unknown"]),
        "form_basis": pl.Enum(["permit", "observed", "none"]),
        "gateways": pl.List(pl.String()),
        "first_seen": _MOMENT,
        "last_seen": _MOMENT,
        "known_since": _MOMENT,
        "flows": pl.UInt64(),
        "bytes_out": pl.UInt64(),
        "payload_out": pl.UInt64(),
        "cleartext_bytes": pl.UInt64(),
        "metadata_bytes": pl.UInt64(),
        "opaque_bytes": pl.UInt64(),
        "opaque_share": pl.Float64(),
        **_PERSONS,
        "decision": pl.Enum([decision.value for decision in Decision]),
        "permit": pl.String(),
        "permit_reason": pl.String(),
        "permitted_bytes": pl.UInt64(),
        "route": pl.String(),
        "law": pl.String(),
        "due": pl.Date(),
        "days_left": pl.Int32(),
        "clock": pl.String(),
    }
)
"""A transfer: KEY tells it from others, and the frame is sorted by KEY.

unit, system      the sender, by the assets file; null: none is named there
category          class or class:item of the catalog, as core:I.26; `untagged` where nothing is known of the data
basis             declared: the assets file says the system holds it; found: detectors saw it leave; or both
recipient         the operator of the network, else the server's name, else the prefix, else the address
country           ISO 3166 alpha-2; ZZ: unknown
form, form_basis  a, b or c of Law 91/2025/QH15, Article 20(1); as the permit says, or as service and protocol show
gateways          those that saw it, sorted
first_seen        when the first flow of it in the time asked began; last_seen: its newest packet. UTC
known_since       the same of all the record that was given, before the time asked too: what the clock runs from
flows             distinct flows
bytes_out         outward bytes of IP packets; payload_out: of transport payload
*_bytes           bytes_out by how much of the flows could be read; opaque_share: 0 to 1, null where nothing went out
persons_KIND      distinct persons recognised in the time, an estimate; _low and _high: its bounds at 95 %.
                  null: in none of its flows anything looked for persons
decision          the gravest of its flows: `permitted` where a permit covers all; null: data of no class of the law
permit            the one that covers it, or that nearly does; permit_reason: its dossier, or why it does not cover
permitted_bytes   of bytes_out what a permit covered
route             nd165-core, nd165-important or pdpl; null: none
law, due          where the duty to file stands, and the day it falls due, in Viet Nam
days_left         until then, negative once it has passed
clock             filed, filed late, named (a dossier, no day of filing), due or overdue
"""


@dataclass(frozen=True, slots=True)
class Standards:
    """What transfers are judged by."""

    permits: Permits
    sets: Mapping[str, NamedSet]  # of the ruleset: the services that tell the form
    today: date  # in Viet Nam: what is due or overdue


def register(
    rows: pl.LazyFrame, standards: Standards, *, earlier: pl.LazyFrame | None = None, everything: bool = False
) -> pl.DataFrame:
    """Return the transfers among rows of the record (HISTORY_SCHEMA): TRANSFER_SCHEMA, sorted by KEY.

    `earlier` are the rows of the record before the time asked: filing clocks run from the first transfer ever seen.
    `everything` has data in the register, too, that are neither core nor important.
    """
    raise NotImplementedError
