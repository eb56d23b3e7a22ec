"""Community IDs of recorded flows, made again from the columns they are a hash of."""

from __future__ import annotations

from typing import TYPE_CHECKING

import polars as pl

from crossborder.engine.communityid import ICMP_ANSWERS, community_id
from crossborder.engine.packet import TRANSPORTS
from crossborder.model import Initiator
from crossborder.prefixes import address_of

if TYPE_CHECKING:
    from collections.abc import Mapping

_NUMBERS = {name: number for number, name in enumerate(TRANSPORTS)}


def community_ids(flows: pl.Series, seed: int = 0) -> pl.Series:
    """Return the Community ID of each flow: structs with the columns of a report, keys of addresses among them.

    Each tuple is hashed once, in Python: for the flows that somebody looks at, not for millions.
    """
    tuples = flows.unique()
    ids = [_id(flow, seed) for flow in tuples]
    return (
        flows.replace_strict(tuples, pl.Series(ids, dtype=pl.String)) if len(flows) else pl.Series([], dtype=pl.String)
    )


def _id(flow: Mapping[str, object], seed: int) -> str | None:
    name, local, remote = flow["transport"], flow["local_key"], flow["remote_key"]
    if not isinstance(name, str) or not isinstance(local, bytes) or not isinstance(remote, bytes):
        return None
    proto = _NUMBERS.get(name)
    number = int(name.removeprefix("ip-")) if proto is None else proto
    source, target = address_of(local), address_of(remote)
    if number in ICMP_ANSWERS and flow["initiator"] == Initiator.REMOTE.value:
        source, target = target, source  # type and code belong to the packet, not to the ends
    return community_id(source, target, number, int(str(flow["local_port"])), int(str(flow["remote_port"])), seed)
