"""Stands before the sinks that write: addresses at home become keyed pseudonyms, hashes of them too."""

from __future__ import annotations

import re
from dataclasses import replace
from typing import TYPE_CHECKING

import polars as pl

from crossborder.model import REPORT_COLUMNS, WHY, Scope
from crossborder.publish.fanout import Publishers

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

    from crossborder.model import Batch
    from crossborder.pseudonyms import Pseudonyms
    from crossborder.publish.fanout import Sink

    Identify = Callable[[pl.Series], pl.Series]

TUPLE = ["transport", "initiator", "local_key", "remote_key", "local_port", "remote_port"]
"""What a Community ID is a hash of."""

_LOCAL_AT_HOME = pl.col("scope") != Scope.TRANSIT.value
_REMOTE_AT_HOME = pl.col("scope") == Scope.DOMESTIC.value
_TEXTS = ("server_name", "http_host", "http_path", "cert_subject", "cert_issuer")
_LISTS = ("tls_san", "dns_query", "file_names", "mail_domains")
"""Names from the wire, in which a server at home may stand by its address."""

_REVERSE = (r"(?i)(?:[0-9a-f]{1,3}\.)+(in-addr\.arpa|ip6\.arpa)", "${1}")
"""What stands in names of reverse lookups, an address spelt backwards, and what is left of them."""

assert {*_TEXTS, *_LISTS} <= {column.name for column in REPORT_COLUMNS}  # noqa: S101 - names of the model


class Pseudonymous:
    """A sink before sinks: what it hands on names nobody at home. Metrics and the stages before see real addresses."""

    name = "pseudonyms"

    def __init__(self, sinks: Iterable[Sink], failed: Callable[[str], None], hide: Hiding) -> None:
        """Take the sinks, who counts their failures, and who puts pseudonyms into frames."""
        self._publishers = Publishers(sinks, failed)
        self._hide = hide

    def __call__(self, batch: Batch, crossings: pl.DataFrame, findings: pl.DataFrame) -> None:
        """Hand on one batch."""
        batch = replace(batch, reports=batch.reports.clear())
        self._publishers(batch, self._hide(crossings), self._hide(findings))

    def close(self) -> None:
        """Close the sinks; raises CrossborderError with all that people must know."""
        self._publishers.close()


class Hiding:
    """Puts pseudonyms into frames of crossings and of findings."""

    def __init__(self, pseudonyms: Pseudonyms, identify: Identify) -> None:
        """Take who makes pseudonyms, and Community IDs of TUPLE in structs."""
        self._pseudonyms = pseudonyms
        self._identify = identify

    def __call__(self, frame: pl.DataFrame) -> pl.DataFrame:
        """Return the same rows and columns with pseudonyms for addresses at home, also in texts that repeat them.

        Flow and finding ids are pseudonyms too, and a Community ID is that of the tuple as it is written: each is a
        hash from which an address could be found by trying.
        """
        if frame.is_empty():
            return frame
        hidden = self._addressed(frame)
        hidden = hidden.with_columns(self._identify(hidden.select(pl.struct(TUPLE)).to_series()).alias("community_id"))
        hidden = hidden.with_columns(self._pseudonyms.ids(frame["flow_id"]))
        for end, at_home in (("local_ip", _LOCAL_AT_HOME), ("remote_ip", _REMOTE_AT_HOME)):
            hidden = _named(hidden, frame.select(pl.when(at_home).then(end)).to_series(), hidden[end])
        hidden = hidden.with_columns(_reversed(hidden))
        return hidden if "finding_id" not in frame.columns else self._found(frame, hidden)

    def _addressed(self, frame: pl.DataFrame) -> pl.DataFrame:
        """Return a frame with the pseudonyms of addresses at home."""
        at_home = {"local": _LOCAL_AT_HOME, "remote": _REMOTE_AT_HOME}
        keys = [frame.select(pl.when(where).then(f"{end}_key").alias("key")) for end, where in at_home.items()]
        names = self._pseudonyms.names(pl.concat(keys).to_series())
        for (end, _), key in zip(at_home.items(), keys, strict=True):
            found = key.join(names, on="key", how="left", maintain_order="left")
            frame = frame.with_columns(
                found["hidden_ip"].fill_null(frame[f"{end}_ip"]).alias(f"{end}_ip"),
                found["hidden_key"].fill_null(frame[f"{end}_key"]).alias(f"{end}_key"),
            )
        return frame

    def _found(self, frame: pl.DataFrame, hidden: pl.DataFrame) -> pl.DataFrame:
        ids = pl.Series("finding_id", [int(one, 16) for one in frame["finding_id"]], dtype=pl.UInt64)
        finding_ids = [f"{one:016x}" for one in self._pseudonyms.ids(ids)]
        return hidden.with_columns(pl.Series("finding_id", finding_ids, pl.String), _reasons(frame, hidden))


def _reasons(frame: pl.DataFrame, hidden: pl.DataFrame) -> pl.Series:
    """Return the conditions that held, with pseudonyms for what they repeat."""
    repeated = ("local_ip", "remote_ip", "community_id")
    pairs = {f"{name} {which}": one[name] for name in repeated for which, one in (("old", frame), ("new", hidden))}
    lines = pl.DataFrame({"why": frame["why"], **pairs}).with_row_index("at").explode("why").drop_nulls("why")
    lines = lines.unnest("why")
    for name in repeated:
        old, new = lines[f"{name} old"], lines[f"{name} new"]
        old = old.zip_with(old != new, pl.Series([None], dtype=pl.String))
        lines = lines.with_columns(_put(lines[column], old, new) for column in ("test", "value"))
    lines = lines.with_columns(pl.col("value").str.replace_all(*_REVERSE))
    lists = lines.select("at", why=pl.struct("field", "test", "value")).group_by("at", maintain_order=True).agg("why")
    rows = pl.select(at=pl.int_range(frame.height, dtype=pl.get_index_type()))
    found = rows.join(lists, on="at", how="left", maintain_order="left")["why"]
    return found.fill_null(pl.Series([[]], dtype=pl.List(WHY)))


def _named(frame: pl.DataFrame, old: pl.Series, new: pl.Series) -> pl.DataFrame:
    """Return a frame in whose names from the wire one text per row is put for another, null for none."""
    return frame.with_columns(
        *(_put(frame[name], old, new) for name in _TEXTS if frame[name].null_count() < frame.height),
        *(_put_in_lists(frame[name], old, new) for name in _LISTS if frame[name].null_count() < frame.height),
    )


def _put(texts: pl.Series, old: pl.Series, new: pl.Series) -> pl.Series:
    """Return texts with `new` where they say `old`, row by row; few say it among other words."""
    rows = pl.DataFrame({"text": texts, "old": old, "new": new})
    rows = rows.with_columns(text=pl.when(pl.col("text") == pl.col("old")).then("new").otherwise("text"))
    among = pl.col("text").str.contains(pl.col("old"), literal=True) & (pl.col("text") != pl.col("new"))
    for before, after in rows.filter(among.fill_null(value=False)).select("old", "new").unique().iter_rows():
        whole = rf"\b{re.escape(before)}\b" if before[-1].isalnum() and before[0].isalnum() else re.escape(before)
        put = pl.col("text").str.replace_all(whole, after)
        rows = rows.with_columns(text=pl.when(pl.col("old") == before).then(put).otherwise("text"))
    return rows["text"].alias(texts.name)


def _put_in_lists(lists: pl.Series, old: pl.Series, new: pl.Series) -> pl.Series:
    rows = pl.DataFrame({"list": lists, "old": old, "new": new}).with_row_index("at")
    says = pl.col("list").list.join("\n", ignore_nulls=True).str.contains(pl.col("old"), literal=True)
    found = rows.filter(says.fill_null(value=False))
    if found.is_empty():
        return lists
    items = found.explode("list")
    items = items.with_columns(_put(items["list"], items["old"], items["new"]))
    changed = items.group_by("at", maintain_order=True).agg("list")
    return rows.select("at", "list").update(changed, on="at")["list"].alias(lists.name)


def _reversed(frame: pl.DataFrame) -> list[pl.Expr]:
    """Return names of reverse lookups without the address they spell."""
    text = [pl.col("server_name").str.replace_all(*_REVERSE)]
    if frame["dns_query"].null_count() == frame.height:
        return text
    return [*text, pl.col("dns_query").list.eval(pl.element().str.replace_all(*_REVERSE))]
