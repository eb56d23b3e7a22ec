"""Decides what findings mean once permits are known: permitted and debited, overrun, out of time, or a violation."""

from __future__ import annotations

from datetime import date

import polars as pl

from crossborder.match.permits import Permits
from crossborder.match.permits.debits import REPORTED, Debits
from crossborder.match.permits.fitting import SENDER, Fitting
from crossborder.match.permits.ledger import Ledger
from crossborder.match.permits.recipients import MARKS
from crossborder.match.permits.transfers import note_transfers
from crossborder.match.permits.turns import Turns
from crossborder.model import Decision

DAY_NS = 86_400 * 10**9
VIETNAM_NS = 7 * 3600 * 10**9

_NEEDED = {"at", "row", "beyond", "country", "persons", "stands_for", *REPORTED, *SENDER, *MARKS}
_EPOCH = date(1970, 1, 1)
_DAY = ((pl.col("last_ns") + VIETNAM_NS) // DAY_NS).cast(pl.Int32)  # days since 1970, as they begin in Viet Nam
_WAIT = pl.col("first") - pl.col("day")
_SINCE = pl.col("day") - pl.col("until")
_VALID = (_WAIT <= 0) & (_SINCE <= 0)
_NOTHING = (
    pl.lit(Decision.VIOLATION.value).alias("decision"),
    pl.lit(None, pl.String).alias("permit"),
    pl.lit(None, pl.String).alias("permit_reason"),
)
_TABLE = pl.Schema(
    {
        "permit": pl.UInt32,
        "id": pl.String,
        "rank": pl.UInt32,
        "first": pl.Int32,
        "until": pl.Int32,
        "ceiling_bytes": pl.Int64,
        "ceiling_flows": pl.Int64,
        "ceiling_persons": pl.Int64,
        "said": pl.String,
        "said_until": pl.String,
        "said_first": pl.String,
    }
)


class Judge:
    """Permits and their ledger: the last step of matching. Permits are swapped; the ledger stays."""

    def __init__(self, permits: Permits | None = None, ledger: Ledger | None = None) -> None:
        """Take the permits in force, none if none, and what was debited before."""
        self.ledger = ledger or Ledger()
        self._debits = Debits(self.ledger)
        self._turns = Turns()
        self.replace(permits or Permits())

    def replace(self, permits: Permits) -> None:
        """Use other permits from the next batch on; what was debited under the same ids stays."""
        self.permits = permits
        self._fitting = Fitting(permits.permits)
        self._table = _table(permits)

    def __call__(self, found: pl.DataFrame) -> pl.DataFrame:
        """Return findings with decision, permit and permit_reason; debits what is covered, notes first transfers.

        A finding that was permitted and is no longer opens again, under its id.

        `found` has the columns of crossings, `row` (of its report in the batch), `category` of its rule and what
        `rules.asked_of` tells of it. A row that sums several flows up says in `stands_for` how many began in it.
        """
        numbered = found.with_row_index("at")
        told = self._told(numbered) if self.permits.permits else numbered.select(pl.col("at"), *_NOTHING).drop("at")
        judged = self._turns(pl.concat([numbered, told], how="horizontal"))
        note_transfers(self.ledger, judged)
        return judged.drop("at")

    def _told(self, found: pl.DataFrame) -> pl.DataFrame:
        needed = [name for name in found.columns if name in _NEEDED]  # few of many columns: joins copy them all
        asked = found.select(needed).filter(pl.col("beyond").is_null()).with_columns(day=_DAY)
        faces = self._fitting.faces(asked)
        fits = self._fitting.fits(faces)
        asked = asked.join(faces.select("face", "at").explode("at"), on="at", maintain_order="left")
        pairs = self._fitting.pairs(asked.select("at", "face", "country", *MARKS), fits)
        timed = pairs.join(asked.select("at", "day", "row", "face"), on="at").join(self._table, on="permit")
        verdicts = [
            self._debits(asked, timed.filter(_VALID)),
            _out_of_time(timed),
            self._elsewhere(asked.join(pairs, on="at", how="anti"), fits),
        ]
        joined = found.select("at", "beyond").join(pl.concat(verdicts), on="at", how="left", maintain_order="left")
        return joined.select(
            pl.col("decision").fill_null(Decision.VIOLATION.value), "permit", pl.coalesce("permit_reason", "beyond")
        )

    def _elsewhere(self, asked: pl.DataFrame, fits: pl.DataFrame) -> pl.DataFrame:
        """Return the verdict on findings of which a valid permit covers sender and data, but not the recipient."""
        places = asked.select("face", "country", "day").unique()
        near = self._fitting.near(places, fits).join(self._table, on="permit").filter(_VALID)
        best = near.sort(~pl.col("there"), "rank").unique(["face", "country", "day"], keep="first", maintain_order=True)
        elsewhere = pl.concat_str(pl.lit("country "), "country", pl.lit(" is not in the permit"))
        here = pl.when("there").then(pl.lit("recipient is not in the permit"))
        told = best.with_columns(said=here.otherwise(elsewhere))
        joined = asked.select("at", "face", "country", "day").join(told, on=["face", "country", "day"])
        return _verdict(joined, pl.lit(Decision.NEW_RECIPIENT.value), pl.col("said"))


def _out_of_time(timed: pl.DataFrame) -> pl.DataFrame:
    """Return the verdict on findings whose permits all have ended or not begun: by the one that ended last, if any."""
    never = timed.join(timed.filter(_VALID), on="at", how="anti")
    sides = never.with_columns(ended=_SINCE > 0, away=pl.max_horizontal(_SINCE, _WAIT))
    first = sides.sort(~pl.col("ended"), "away", "rank").unique("at", keep="first", maintain_order=True)
    late, early = pl.lit(Decision.EXPIRED.value), pl.lit(Decision.NOT_YET_VALID.value)
    reason = pl.when("ended").then("said_until").otherwise("said_first")
    return _verdict(first, pl.when("ended").then(late).otherwise(early), reason)


def _verdict(frame: pl.DataFrame, decision: pl.Expr, reason: pl.Expr) -> pl.DataFrame:
    return frame.select("at", decision.alias("decision"), pl.col("id").alias("permit"), reason.alias("permit_reason"))


def _table(permits: Permits) -> pl.DataFrame:
    """Return what is asked of permits, a row each: those that name recipients come before those that do not."""
    order = sorted(range(len(permits.permits)), key=lambda at: (not permits.permits[at].recipients, at))
    ranks = {at: rank for rank, at in enumerate(order)}
    rows = [
        {
            "permit": at,
            "id": permit.id,
            "rank": ranks[at],
            "first": (permit.first - _EPOCH).days,
            "until": (permit.until - _EPOCH).days,
            "ceiling_bytes": permit.ceilings.bytes,
            "ceiling_flows": permit.ceilings.flows,
            "ceiling_persons": permit.ceilings.persons,
            "said": f"dossier {permit.dossier}" if permit.dossier else "no dossier is named",
            "said_until": f"ended on {permit.until}",
            "said_first": f"begins on {permit.first}",
        }
        for at, permit in enumerate(permits.permits)
    ]
    return pl.DataFrame(rows, schema=_TABLE)
