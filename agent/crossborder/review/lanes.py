"""Adds the rows of the record up, in one pass, to lanes: whoever sends the same kind of data the same way."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

import polars as pl

from crossborder.match.permits.judge import DAY_NS, VIETNAM_NS
from crossborder.match.permits.recipients import likeness
from crossborder.match.persons.marks import KINDS
from crossborder.publish.columns import FIRST

if TYPE_CHECKING:
    from crossborder.match.permits import Permits

JOINED = "\x1f"
"""Between the texts of a list that has become one text: lists of a few systems are told apart much faster so."""

LANE = (
    "unit",
    "system",
    "tags",  # categories the system holds, joined
    "items",  # items that were found, joined
    "personal",  # data of persons were found
    "country",
    "as_org",
    "asn",
    "server_name",
    "place",  # prefix or address, where neither operator nor name is known
    "remote_key",  # an address that no permit tells from the flow's own
    "initiator",
    "app_protocol",
)
"""Columns of a lane. All that is asked of a transfer (whose, what, where to, which permit, which form) is in them."""

FLOW = ("gateway", "flow_id")

_OF_LAW = rf"(^|{JOINED})(core|important)(:|{JOINED}|$)"
_ENDED_AT_ONCE = FIRST & (pl.col("report").cast(pl.String) == "ended")
"""The one row there is of a flow: most flows have no other, and need not be told apart to be counted."""
_BYTES = pl.col("bytes_out")
_DAY = ((pl.col("last_ns") + VIETNAM_NS) // DAY_NS).cast(pl.Int32)


class Lanes(NamedTuple):
    """What was added up."""

    days: pl.DataFrame  # a row for each lane, gateway and day in Viet Nam: sums
    flows: pl.DataFrame  # LANE, FLOW: flows that have several rows, or may have


def added_up(rows: pl.LazyFrame, permits: Permits, *, everything: bool, sampled: bool = False) -> Lanes:
    """Return the lanes of rows (HISTORY_SCHEMA): those of core and important data, or of everything.

    `sampled`: each with `sample`, what the Community ID of its first flow is made of.
    """
    laned = in_lanes(rows, permits, everything=everything)
    carried = any(permit.ceilings.persons is not None for permit in permits.permits)
    day = _DAY if permits.permits else pl.lit(0, pl.Int32)
    more = [_SAMPLE] if sampled else []
    days = laned.with_columns(day=day).group_by(*LANE, "gateway", "day").agg(*_SUMS, _persons(carried=carried), *more)
    flows = laned.filter(~_ENDED_AT_ONCE).select(*LANE, *FLOW).unique()
    found = pl.collect_all([days, flows], engine="streaming")
    return Lanes(*found)


def in_lanes(rows: pl.LazyFrame, permits: Permits, *, everything: bool = False) -> pl.LazyFrame:
    """Return rows with the columns of LANE: those of core and important data, or all.

    A flow that has sent no payload, as a port that was knocked at in vain, has transferred nothing.
    """
    tags, items = (pl.col(name).list.join(JOINED).fill_null("") for name in ("categories", "detected_items"))
    named = rows.filter(pl.col("total_payload_out") > 0).with_columns(tags=tags, items=items)
    if not everything:
        named = named.filter(pl.col("tags").str.contains(_OF_LAW) | pl.col("items").str.contains(_OF_LAW))
    nameless = pl.col("as_org").is_null() & pl.col("server_name").is_null()
    kinds = pl.col("detected_kinds").list.eval(pl.element().is_in(KINDS)).list.any()
    return named.with_columns(
        likeness([recipient for permit in permits.permits for recipient in permit.recipients]),
        pl.col("initiator").cast(pl.String),
        remote=pl.col("remote_key"),
        personal=kinds.fill_null(value=False),
        place=pl.when(nameless).then(pl.coalesce("geo_prefix", "remote_ip")),
    )


def _persons(*, carried: bool) -> pl.Expr:
    """Return the persons of a lane's day, where a ceiling asks for them; else a null that costs nothing."""
    if carried:
        return pl.col("persons").list.explode(keep_nulls=False, empty_as_null=False)
    return pl.lit(None).first().alias("persons")


def _read(inspection: str) -> pl.Expr:
    of = pl.col("inspection").cast(pl.String) == inspection
    return _BYTES.filter(of).sum().alias(f"{inspection}_bytes")


_CLEARTEXT = pl.col("inspection").cast(pl.String) == "cleartext"
_LOOKED = (pl.col("persons").is_not_null() & _CLEARTEXT) | (pl.col("persons").list.len() > 0).fill_null(value=False)
"""Where something could look for persons, and did: of what is not readable a list of none says nothing."""
_SAMPLE = (
    pl.struct("transport", "initiator", "local_key", pl.col("remote").alias("remote_key"), "local_port", "remote_port")
    .min_by("first_ns")
    .alias("sample")
)
_SUMS = (
    _BYTES.sum(),
    pl.col("payload_out").sum(),
    *(_read(name) for name in ("cleartext", "metadata", "opaque")),
    pl.col("first_ns").min(),
    pl.col("last_ns").max(),
    _LOOKED.any().alias("looked"),
    _ENDED_AT_ONCE.sum().cast(pl.UInt64).alias("single"),
    FIRST.sum().cast(pl.Int64).alias("stands_for"),
)
