"""No id is given twice, and a tuple that is used again and again costs no more than another."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from tests.engine.captures import HOME, LOCAL, REMOTE, pcap
from tests.engine.frames import tcp

from crossborder.engine import EngineConfig, EngineName, native_available, open_engine
from crossborder.engine.flowids import RECENT_IDS, FlowIds

if TYPE_CHECKING:
    from pathlib import Path


def test_the_first_use_is_a_hash_of_the_bytes_alone() -> None:
    """Whatever was used before it."""
    one, other = FlowIds(), FlowIds()
    other.give(b"else")

    assert one.give(b"flow") == other.give(b"flow")
    assert one.give(b"flow") == other.give(b"flow")


def test_what_is_old_is_forgotten() -> None:
    """And the numbers of its uses with it, once none is remembered."""
    ids = FlowIds()
    first = [ids.give(b"flow") for _ in range(3)]
    for number in range(RECENT_IDS - 1):
        ids.give(number.to_bytes(4, "big"))
    ids.forget()
    assert ids.give(b"flow") not in first  # one of the three is remembered

    for number in range(RECENT_IDS):
        ids.give(number.to_bytes(4, "big"))
    ids.forget()
    assert [ids.give(b"flow") for _ in range(3)] == first


@pytest.mark.parametrize(
    ("engine", "flows"),
    [
        pytest.param("native", 60_000, marks=pytest.mark.skipif(not native_available(), reason="not built")),
        ("portable", 20_000),
    ],
)
def test_a_tuple_used_again_in_the_same_nanosecond_costs_no_more(
    tmp_path: Path, engine: EngineName, flows: int
) -> None:
    """Were the uses counted one by one for each flow, this would take minutes."""
    pair = [tcp(LOCAL, REMOTE, 40000, 443, flags=flags) for flags in ("S", "R")]
    path = tmp_path / "still.pcap"
    path.write_bytes(pcap(pair * flows, step_ns=0))
    ids = [
        flow
        for batch in open_engine(engine, EngineConfig(HOME, files=(path,)))
        for flow in batch.reports.filter(batch.reports["report"] == "ended")["flow_id"]
    ]

    assert len(ids) == len(set(ids)) == flows
