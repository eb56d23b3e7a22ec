"""What findings that fit a permit take from its ceilings: row by row, a flow's bytes once per permit."""

from __future__ import annotations

from typing import TYPE_CHECKING

import polars as pl

from crossborder.match.persons.sketch import Sketch
from crossborder.model import Decision, Report

if TYPE_CHECKING:
    from crossborder.match.permits.ledger import Ledger

MAX_FLOWS = 1_000_000
"""Most living flows remembered; of a forgotten one everything counts anew."""

REPORTED = ("flow_id", "report", "last_ns", "total_bytes_out")
"""The columns of a report that debits are made of, beside the persons it carried."""

_CASE = ["row", "face"]
_PAIR = ["row", "permit"]
_TAKEN = pl.Schema({"row": pl.UInt32, "permit": pl.UInt32})


class Debits:
    """The memory of living flows, and the ledger they are debited in."""

    def __init__(self, ledger: Ledger) -> None:
        """Take the ledger."""
        self._ledger = ledger
        self._totals = pl.DataFrame(schema={"flow_id": pl.UInt64, "known": pl.UInt64})
        self._counted = pl.DataFrame(schema={"flow_id": pl.UInt64, "id": pl.String})
        self._taken = pl.DataFrame(schema=_TAKEN)  # in this batch

    def __call__(self, asked: pl.DataFrame, valid: pl.DataFrame) -> pl.DataFrame:
        """Return the verdict on findings that a valid permit fits: permitted, or overrun where none has room.

        `asked` are findings with `at`, `row`, `face`; `valid` pairs of them with permits. Where several permits fit,
        the first in rank with room takes the row; where none has, the first in rank, whose ceiling it breaks.
        """
        rows = self._rows(asked)
        cases = valid.unique([*_CASE, "permit"]).sort(*_CASE, "rank")
        cases = cases.with_columns(turn=pl.int_range(pl.len()).over(_CASE)).join(rows, on="row", maintain_order="left")
        self._taken = self._taken.clear()
        settled = self._settled(cases)
        self._keep(rows)
        told = asked.select("at", *_CASE).join(settled, on=_CASE)
        return told.select("at", "decision", pl.col("id").alias("permit"), "permit_reason")

    def _rows(self, asked: pl.DataFrame) -> pl.DataFrame:
        """Return the reports of findings, each with the bytes its flow sent since it was last seen here."""
        reports = asked.unique("row", keep="first", maintain_order=True).sort("row")
        stands_for = "stands_for" if "stands_for" in reports.columns else pl.lit(1, pl.Int64).alias("stands_for")
        rows = reports.select("row", *REPORTED, stands_for, hashes=_hashes(reports))
        known = rows.join(self._totals, on="flow_id", how="left", maintain_order="left")
        before = pl.coalesce(pl.col("total_bytes_out").shift().over("flow_id"), "known", pl.lit(0, pl.UInt64))
        grown = pl.col("total_bytes_out").cast(pl.Int64) - before.cast(pl.Int64)
        return known.with_columns(size=pl.max_horizontal(grown, 0)).drop("known")

    def _settled(self, cases: pl.DataFrame) -> pl.DataFrame:
        """Return decision and reason of every case, debited."""
        settled = []
        pending, turn = cases.filter(pl.col("turn") == 0), 0
        while not pending.is_empty():
            checked = self._checked(pending)
            settled.append(self._debited(checked.filter(pl.col("broken").is_null())))
            turn += 1
            refused = checked.drop_nulls("broken")
            pending = cases.filter(pl.col("turn") == turn).join(refused, on=_CASE, how="semi", maintain_order="left")
        rest = cases.filter(pl.col("turn") == 0)
        for part in settled:
            rest = rest.join(part, on=_CASE, how="anti", maintain_order="left")
        return pl.concat([*settled, self._debited(self._checked(rest))])

    def _checked(self, cases: pl.DataFrame) -> pl.DataFrame:
        """Add to cases what they would debit, and `broken`, the ceiling that would break, in the order of reports."""
        debits = cases.unique(_PAIR).join(self._taken, on=_PAIR, how="anti").sort("row", "permit")
        fresh = debits.join(self._counted, on=["flow_id", "id"], how="anti").unique(["flow_id", "id"], keep="first")
        counts = debits.join(fresh.select(*_PAIR, flows="stands_for"), on=_PAIR, how="left", maintain_order="left")
        flows = pl.col("flows").fill_null(0)
        used = counts.with_columns(flows).join(self._used(debits), on="id", maintain_order="left")
        sums = used.with_columns(
            sum_bytes=pl.col("used_bytes") + pl.col("size").cum_sum().over("permit"),
            sum_flows=pl.col("used_flows") + pl.col("flows").cum_sum().over("permit"),
        )
        sums = sums.with_columns(sum_persons=self._persons(sums))
        broken = pl.coalesce(map(_broken, ("bytes", "flows", "persons"))).alias("broken")
        return cases.join(sums.select(*_PAIR, "flows", broken), on=_PAIR, maintain_order="left")

    def _persons(self, debits: pl.DataFrame) -> pl.Series:
        """Return the distinct persons of each permit after each row, of those that have such a ceiling."""
        sums = pl.Series("persons", [None], pl.Int64).new_from_index(0, debits.height)
        counted = debits.with_row_index("place").drop_nulls("ceiling_persons")
        for (permit,), part in counted.partition_by("id", as_dict=True).items():
            sums[part["place"]] = self._followed(permit, part["hashes"])
        return sums

    def _followed(self, permit: str, lines: pl.Series) -> pl.Series:
        """Return the persons of a permit after each line of hashes, on a copy: what is refused is not debited.

        It asks once a line that carries persons: which one breaks the ceiling cannot be told otherwise.
        """
        known = self._ledger.sketches.get(permit)
        sketch = Sketch.read(known.to_bytes()) if known else Sketch()
        carried = lines.is_not_null().arg_true()
        grown = pl.Series([round(sketch.grown(hashes)) for hashes in lines[carried]], dtype=pl.Int64)
        sums = pl.Series([None], dtype=pl.Int64).new_from_index(0, len(lines)).scatter(carried, grown)
        return sums.fill_null(strategy="forward").fill_null(self._ledger.persons(permit))

    def _used(self, debits: pl.DataFrame) -> pl.DataFrame:
        uses = [(name, use.bytes, use.flows) for name in debits["id"].unique() for use in (self._ledger.use(name),)]
        schema = {"id": pl.String, "used_bytes": pl.Int64, "used_flows": pl.Int64}
        return pl.DataFrame(uses, schema=schema, orient="row")

    def _debited(self, checked: pl.DataFrame) -> pl.DataFrame:
        """Write debits into the ledger, each row once per permit; return the decision on their cases."""
        debits = checked.drop_nulls("flows").unique(_PAIR, maintain_order=True)
        when = pl.col("last_ns")
        sums = debits.group_by("id").agg(
            pl.col("size").sum(), pl.col("flows").sum(), when.min().alias("first"), when.max().alias("last")
        )
        for debit in sums.sort("id").iter_rows():
            self._ledger.debit(*debit)
        carried = debits.drop_nulls("hashes").group_by("id").agg(pl.col("hashes").explode())
        for permit, hashes in carried.iter_rows():
            self._ledger.add_persons(permit, hashes)
        self._counted = pl.concat([self._counted, debits.filter(pl.col("flows") > 0).select("flow_id", "id")])
        self._taken = pl.concat([self._taken, debits.select(*_PAIR)])
        decision = pl.when(pl.col("broken").is_null()).then(pl.lit(Decision.PERMITTED.value))
        reason = pl.coalesce("broken", "said").alias("permit_reason")
        return checked.select(*_CASE, "id", reason, decision=decision.otherwise(pl.lit(Decision.OVERRUN.value)))

    def _keep(self, rows: pl.DataFrame) -> None:
        """Remember the flows that live on."""
        ended = rows.filter(pl.col("report") == Report.ENDED.value).select("flow_id")
        seen = rows.group_by("flow_id", maintain_order=True).agg(known=pl.col("total_bytes_out").last())
        older = self._totals.join(seen, on="flow_id", how="anti", maintain_order="left")
        living = pl.concat([older, seen]).join(ended, on="flow_id", how="anti", maintain_order="left")
        self._totals = living.tail(MAX_FLOWS)
        counted = self._counted.join(ended, on="flow_id", how="anti", maintain_order="left")
        self._counted = counted.tail(MAX_FLOWS)


def _hashes(reports: pl.DataFrame) -> pl.Series:
    """Return the hashes of all persons each report carried, whatever is told of them; null where it carried none."""
    several = pl.col("persons").list.eval(pl.element().struct.field("hashes").explode().drop_nulls())
    hashes = reports.select(several.alias("hashes"))
    return hashes.select(pl.when(pl.col("hashes").list.len() > 0).then("hashes")).to_series()


def _broken(what: str) -> pl.Expr:
    """Return what a row says that breaks a ceiling, null where none breaks."""
    ceiling, total = pl.col(f"ceiling_{what}"), pl.col(f"sum_{what}")
    return pl.when(total > ceiling).then(pl.format(f"{what}: {{}} of {{}}", total, ceiling))
