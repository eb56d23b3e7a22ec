"""The register of transfers: who sent what kind of data to whom, how much, of how many persons, and by what right."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import polars as pl

from crossborder.model import Decision
from crossborder.review.filing import filed
from crossborder.review.headcount import headcount
from crossborder.review.lanes import FLOW, LANE, added_up, in_lanes
from crossborder.review.shares import KEY, SENDING, by_category, formed, numbered, summed

if TYPE_CHECKING:
    from datetime import date

    from crossborder.match.permits import Permits
    from crossborder.match.ruleset import Ruleset
    from crossborder.review.lanes import Lanes

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
                  null: in none of its flows persons were looked for, or could be: nothing was readable
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
    ruleset: Ruleset  # the services and protocols it names tell the form
    today: date  # in Viet Nam: what is due or overdue


def register(
    rows: pl.LazyFrame, standards: Standards, *, earlier: pl.LazyFrame | None = None, everything: bool = False
) -> pl.DataFrame:
    """Return the transfers among rows of the record (HISTORY_SCHEMA): TRANSFER_SCHEMA, sorted by KEY.

    `earlier` are the rows of the record before the time asked: filing clocks run from the first transfer ever seen.
    `everything` has data in the register, too, that are neither core nor important.
    """
    permits = standards.permits
    lanes = added_up(rows, permits, everything=everything)
    numbers = lanes.days.select(LANE).unique().sort(LANE).with_row_index("lane")
    days = numbered(formed(lanes.days.join(numbers, on=LANE, nulls_equal=True), standards, everything=everything))
    within = days.select("lane", "transfer").unique()
    transfers = summed(days).join(_flows(lanes, numbers, within), on="transfer", how="left")
    marked = in_lanes(rows.filter(pl.col("persons").list.len() > 0), permits, everything=everything)
    marked = marked.join(numbers.lazy(), on=LANE, nulls_equal=True)
    transfers = transfers.join(headcount(marked, within), on="transfer", how="left")
    if earlier is None:
        before = transfers.select(*SENDING, before_ns="first_ns").unique(SENDING)
    else:
        before = known_before(earlier, permits, everything=everything)
    return _finished(transfers.join(before, on=SENDING, how="left", nulls_equal=True), standards)


def known_before(earlier: pl.LazyFrame, permits: Permits, *, everything: bool = False) -> pl.DataFrame:
    """Return since when rows know each transfer: SENDING, and `before_ns`, nanoseconds since 1970 UTC."""
    laned = in_lanes(earlier, permits, everything=everything).group_by(LANE).agg(pl.col("first_ns").min())
    found = by_category(laned.collect(engine="streaming"), everything=everything)
    return found.group_by(SENDING).agg(before_ns=pl.col("first_ns").min())


def _flows(lanes: Lanes, numbers: pl.DataFrame, within: pl.DataFrame) -> pl.DataFrame:
    """Return how many distinct flows of several rows each transfer has: `several`."""
    laned = lanes.flows.join(numbers, on=LANE, nulls_equal=True).select("lane", *FLOW)
    told = laned.join(within, on="lane").select("transfer", *FLOW).unique()
    return told.group_by("transfer").agg(several=pl.len())


def _finished(transfers: pl.DataFrame, standards: Standards) -> pl.DataFrame:
    """Return transfers as TRANSFER_SCHEMA has them."""
    known = pl.min_horizontal("before_ns", "first_ns")
    timed = filed(transfers.with_columns(known_ns=known), standards.permits, standards.today)
    both = pl.when(pl.col("declared") & pl.col("found")).then(pl.lit("both"))
    told = timed.with_columns(
        basis=both.when("declared").then(pl.lit("declared")).when("found").then(pl.lit("found")),
        flows=pl.col("single") + pl.col("several").fill_null(0),
        opaque_share=pl.when(pl.col("bytes_out") > 0).then(pl.col("opaque_bytes") / pl.col("bytes_out")),
        first_seen=_moment("first_ns"),
        last_seen=_moment("last_ns"),
        known_since=_moment("known_ns"),
        **{name: pl.when("looked").then(pl.col(name).fill_null(0)) for name in _PERSONS},
    )
    return told.sort(KEY).select(pl.col(name).cast(dtype) for name, dtype in TRANSFER_SCHEMA.items())


def _moment(column: str) -> pl.Expr:
    return pl.from_epoch(pl.col(column), time_unit="ns").dt.replace_time_zone("UTC")
