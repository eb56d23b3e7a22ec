"""What lanes of the record mean as transfers: by category, judged by permits, in a form, added up."""

from __future__ import annotations

from typing import TYPE_CHECKING

import polars as pl

from crossborder.model import Decision
from crossborder.review.forms import OF_PERMITS, observed
from crossborder.review.judging import ABOUT, COVERED, GRAVITY, judged
from crossborder.review.lanes import JOINED

if TYPE_CHECKING:
    from crossborder.review.transfers import Standards

SENDING = ("unit", "system", "category", "recipient", "country")
"""Who sends what to whom."""
KEY = (*SENDING, "form")
"""What makes two rows of the register two transfers."""
UNTAGGED = "untagged"
"""The category of what nothing is known of."""

_RECIPIENT = pl.coalesce("as_org", "server_name", "place").alias("recipient")
_PERSONAL = pl.col("tags").str.contains(rf"(^|{JOINED})personal(:|{JOINED}|$)")
_ROUTES = {"core": "nd165-core", "important": "nd165-important", "personal": "pdpl"}
_SUMS = ("bytes_out", "payload_out", "cleartext_bytes", "metadata_bytes", "opaque_bytes", "single")


def by_category(frame: pl.DataFrame, *, everything: bool) -> pl.DataFrame:
    """Return a row for each category that a lane holds or was found to carry, with its recipient."""
    pairs = frame.select("tags", "items").unique()
    named = [
        pairs.with_columns(category=pl.col(column).str.split(JOINED), declared=pl.lit(column == "tags"))
        for column in ("tags", "items")
    ]
    one = pl.concat(named).explode("category").filter(pl.col("category") != "")
    if everything:
        bare = pairs.filter(pl.col("tags") + pl.col("items") == "")
        one = pl.concat([one, bare.with_columns(category=pl.lit(UNTAGGED), declared=pl.lit(None, pl.Boolean))])
    else:
        one = one.filter(pl.col("category").str.contains("^(core|important)(:|$)"))
    known = one.group_by("tags", "items", "category").agg(
        declared=pl.col("declared").any(), found=(~pl.col("declared")).any()
    )
    split = known.with_columns(pl.col("category").str.split(":").list.first().alias("class"))
    return frame.join(split, on=["tags", "items"]).with_columns(_RECIPIENT)


def formed(laned: pl.DataFrame, standards: Standards, *, everything: bool) -> pl.DataFrame:
    """Return days of lanes by category, judged, with their form: that of a permit for it, in time or not, else as seen.

    A form does not change from day to day: the permit is the latest one that is for the lane.
    """
    days = laned.sort("lane", "gateway", "day").with_row_index("day_row")
    told = judged(routed(by_category(days, everything=everything)), standards.permits)
    forms = {permit.id: OF_PERMITS[permit.form] for permit in standards.permits.permits if permit.form}
    about = pl.when(pl.col("decision").is_in(ABOUT)).then("permit")
    said = about.replace_strict(forms, default=None, return_dtype=pl.String)
    latest = said.sort_by("last_ns", "day_row").drop_nulls().last().over("lane", "category")
    shown = told.with_columns(by_permit=latest, by_sight=observed(standards.ruleset))
    seen = pl.when(pl.col("by_sight").is_not_null()).then(pl.lit("observed")).otherwise(pl.lit("none"))
    basis = pl.when(pl.col("by_permit").is_not_null()).then(pl.lit("permit")).otherwise(seen)
    return shown.with_columns(form=pl.coalesce("by_permit", "by_sight", pl.lit("unknown")), form_basis=basis)


def routed(told: pl.DataFrame) -> pl.DataFrame:
    """Return days with their legal route: data of persons go the personal-data way, others by their class.

    Decree 356/2025/NĐ-CP, Article 42(3): a system says that its data are of persons, or a detector found such.
    """
    of_persons = (_PERSONAL | (pl.col("personal") & pl.col("found"))).any().over(SENDING)
    by_class = pl.col("class").replace_strict(_ROUTES, default=None, return_dtype=pl.String)
    return told.with_columns(
        route=pl.when(by_class.is_not_null() & of_persons).then(pl.lit("pdpl")).otherwise(by_class)
    )


def numbered(formed: pl.DataFrame) -> pl.DataFrame:
    """Return the days with the number of the transfer they are part of."""
    keys = formed.select(KEY).unique().sort(KEY).with_row_index("transfer")
    return formed.join(keys, on=KEY, nulls_equal=True)


def summed(days: pl.DataFrame) -> pl.DataFrame:
    """Return a row for each transfer: what its days add up to, and the gravest that was decided of them."""
    gravity = pl.col("decision").replace_strict({name: at for at, name in enumerate(GRAVITY)}, default=None)
    worst = [pl.col(name).sort_by(gravity, -pl.col("last_ns"), "day_row", nulls_last=True).first() for name in _SAID]
    permitted = pl.col("decision") == Decision.PERMITTED.value
    covered = pl.when(pl.col("decision").is_in(COVERED)).then("permit").sort_by("last_ns", "day_row")
    return days.group_by("transfer", maintain_order=True).agg(
        pl.col(*KEY, "route").first(),
        *(pl.col(name).sum() for name in _SUMS),
        *worst,
        pl.col("declared", "found", "looked").any(),
        pl.col("gateway").unique().sort().alias("gateways"),
        pl.col("first_ns").min(),
        pl.col("last_ns").max(),
        pl.col("form_basis").sort_by(pl.col("form_basis").replace_strict(_BASES)).first(),
        permitted_bytes=pl.col("bytes_out").filter(permitted.fill_null(value=False)).sum(),
        covered_by=covered.drop_nulls().last(),
    )


_SAID = ("decision", "permit", "permit_reason")
_BASES = {"permit": 0, "observed": 1, "none": 2}
