"""Which permits know whom a flow goes to: networks, names, operators of thousands of permits asked at once."""

from __future__ import annotations

import ipaddress
from typing import TYPE_CHECKING

import polars as pl

from crossborder.prefixes import PrefixMap, key_range, numbers

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from crossborder.match.permits.permit import Permit, Recipient
    from crossborder.prefixes import Network

EVERY_IPV4 = ipaddress.ip_network("0.0.0.0/0")
"""Laid out even without permits for it: keys of IPv4 lie within those of IPv6, and ::/0 means no IPv4."""

MARKS = ("remote_key", "server_name", "asn", "as_org")
"""The columns of a crossing that tell whom it goes to."""

_FOUND = pl.Schema({"face": pl.UInt32, "leg": pl.UInt32, "kind": pl.UInt8})


class Recipients:
    """All recipients of all permits, each a leg: marks of several kinds that must all fit. Immutable."""

    def __init__(self, permits: tuple[Permit, ...]) -> None:
        """Lay out the recipients of permits."""
        legs = [(at, recipient) for at, permit in enumerate(permits) for recipient in permit.recipients]
        known = [recipient for _, recipient in legs]
        self._legs = pl.DataFrame(
            {
                "leg": range(len(legs)),
                "permit": [at for at, _ in legs],
                "kinds": [recipient.kinds for recipient in known],
            },
            schema={"leg": pl.UInt32, "permit": pl.UInt32, "kinds": pl.UInt32},
        )
        self._starts, self._ranges = _ranges(known)
        names = [(leg, name) for leg, recipient in enumerate(known) for name in recipient.server_names]
        self._names = _marks(((leg, name) for leg, name in names if not name.startswith("*.")), pl.String)
        self._above = _marks(((leg, name[2:]) for leg, name in names if name.startswith("*.")), pl.String)
        self._asns = _marks(((leg, asn) for leg, recipient in enumerate(known) for asn in recipient.asns), pl.UInt32)
        self._operators = _marks(
            ((leg, name.lower()) for leg, recipient in enumerate(known) for name in recipient.operators), pl.String
        )

    def of(self, faces: pl.DataFrame) -> pl.DataFrame:
        """Return every pair of face and permit that fits: `faces` has `face` and MARKS, the answer `face`, `permit`."""
        found = pl.concat([*self._by_network(faces), *self._by_name(faces), *self._by_operator(faces)])
        met = found.unique().group_by("face", "leg").len("met")
        fits = met.join(self._legs, on="leg").filter(pl.col("met") == pl.col("kinds"))
        return fits.select("face", "permit").unique()

    def _by_network(self, faces: pl.DataFrame) -> Iterator[pl.DataFrame]:
        if not self._starts.is_empty():
            asked = faces.select("face", key=numbers(pl.col("remote_key"))).drop_nulls()
            at = self._starts.search_sorted(asked["key"], side="right").cast(pl.Int64) - 1
            yield _found(asked.with_columns(at=at).join(self._ranges, on="at"), 0)

    def _by_name(self, faces: pl.DataFrame) -> Iterator[pl.DataFrame]:
        asked = faces.select("face", mark="server_name").drop_nulls()
        if not self._names.is_empty():
            yield _found(asked.join(self._names, on="mark"), 1)
        if not self._above.is_empty():
            yield _found(_above(asked).join(self._above, on="mark"), 1)

    def _by_operator(self, faces: pl.DataFrame) -> Iterator[pl.DataFrame]:
        operator = pl.col("as_org").str.to_lowercase()
        yield _found(faces.select("face", mark="asn").join(self._asns, on="mark"), 2)
        yield _found(faces.select("face", mark=operator).join(self._operators, on="mark"), 3)


def likeness(recipients: list[Recipient]) -> pl.Expr:
    """Return `remote_key` as an address that lies in the same networks of recipients; null where they name none.

    So rows of many addresses become few: of two that no permit tells apart, one is asked for both.
    """
    networks = [network for recipient in recipients for network in recipient.networks]
    if not networks:
        return pl.lit(None, pl.Binary).alias("remote_key")
    bounds = PrefixMap((network, True) for network in (EVERY_IPV4, *networks)).starts
    starts = pl.Series([bytes(16), *bounds] if bounds[0] != bytes(16) else bounds, dtype=pl.Binary)
    places = starts.to_frame("key").select(numbers(pl.col("key"))).to_series()

    def like(keys: pl.Series) -> pl.Series:
        return starts.gather(places.search_sorted(keys, side="right").cast(pl.Int64) - 1)

    return numbers(pl.col("remote_key")).map_batches(like, pl.Binary, is_elementwise=True).alias("remote_key")


def _found(frame: pl.DataFrame, kind: int) -> pl.DataFrame:
    return frame.select("face", "leg", kind=pl.lit(kind, pl.UInt8)).cast(_FOUND)


def _above(asked: pl.DataFrame) -> pl.DataFrame:
    """Return the names above each name: of a.b.example b.example and example."""
    labels = pl.col("mark").str.split(".")
    parents = pl.int_ranges(1, labels.list.len())
    several = asked.with_columns(labels=labels, skip=parents).explode("skip").drop_nulls("skip")
    return several.select("face", mark=pl.col("labels").list.slice(pl.col("skip")).list.join("."))


def _marks(pairs: Iterable[tuple[int, object]], dtype: type[pl.DataType]) -> pl.DataFrame:
    return pl.DataFrame(list(pairs), schema={"leg": pl.UInt32, "mark": dtype}, orient="row")


def _ranges(recipients: list[Recipient]) -> tuple[pl.Series, pl.DataFrame]:
    """Return from which keys on other legs fit, and of each such range the legs that do."""
    legs: dict[Network, frozenset[int]] = {EVERY_IPV4: frozenset()}
    for leg, recipient in enumerate(recipients):
        for network in recipient.networks:
            legs[network] = legs.get(network, frozenset()) | {leg}
    prefixes = PrefixMap(_nested(legs))
    rows = [(at, leg) for at, key in enumerate(prefixes.starts) for leg in sorted(prefixes.get(key) or ())]
    keys = pl.DataFrame({"key": prefixes.starts}, schema={"key": pl.Binary}).select(numbers(pl.col("key")))
    return keys.to_series(), pl.DataFrame(rows, schema={"at": pl.Int64, "leg": pl.UInt32}, orient="row")


def _nested(legs: dict[Network, frozenset[int]]) -> Iterator[tuple[Network, frozenset[int]]]:
    """Yield the networks, each with its own legs and those of the networks around it, of the same version of IP."""
    around: list[tuple[bytes, int, frozenset[int]]] = []
    for network in sorted(legs, key=lambda n: (key_range(n)[0], -int.from_bytes(key_range(n)[1], "big"))):
        low, high = key_range(network)
        while around and around[-1][0] < low:
            around.pop()
        whole = legs[network].union(*(held for _, version, held in around[-1:] if version == network.version))
        around.append((high, network.version, whole))
        yield network, whole
