"""An engine that falls behind on a real interface leaves out work by its marks, never packets, and recovers."""

from __future__ import annotations

import re
from typing import Any

from tests.engine.test_engine_live import native, pytestmark, scenario

__all__ = ["pytestmark"]

LEAST = 300  # flows of a step, several blocks of the ring
STEPS = [[], ["content"], ["content", "some names"], ["content", "names"]]


def balanced(result: dict[str, Any]) -> bool:
    """Tell whether every packet sent was counted, in a flow or as a drop of the kernel."""
    dropped = sum(result["dropped"].values())
    return bool(result["packets"] == result["sent"] == result["flow_packets"] + dropped)


@native
def test_work_is_left_out_by_how_full_the_ring_is() -> None:
    """Beyond half content, beyond 65 % most names, beyond 80 % all; and back again while what waits is read."""
    result = scenario("waves", "native", "tests.engine.overload")
    content, most, names, nothing = result["waves"]

    assert balanced(result)
    steps = rf"n{{{LEAST},}}c{{{LEAST},}}"
    assert re.fullmatch(steps, content["states"])
    assert re.fullmatch(rf"([n-]{{{LEAST},}}-)?{steps}", most["states"])
    assert re.fullmatch(rf"-{{{LEAST},}}([n-]{{{LEAST},}}-)?{steps}", names["states"])
    sampled = most["states"][: most["states"].rindex("-")]
    assert 0.05 < sampled.count("n") / len(sampled) < 0.25  # one in eight
    assert re.fullmatch("c+", nothing["states"])
    worst = [max(wave["sheds"], key=STEPS.index) for wave in result["waves"]]
    assert worst == [STEPS[1], STEPS[2], STEPS[3], STEPS[0]]
    shed, states = nothing["shed"], "".join(wave["states"] for wave in result["waves"])
    assert (shed["content"], shed["some names"] + shed["names"]) == (states.count("n"), states.count("-"))
    assert names["shed"] == shed
    for wave in result["waves"]:
        assert abs(wave["found"] - wave["states"].count("c") / 2) < 2  # every request that was searched


@native
def test_packets_are_counted_while_nobody_takes_the_reports() -> None:
    """Reports wait, packets do not: ticks that close meanwhile are late, and made one."""
    result = scenario("untaken", "native", "tests.engine.overload")

    assert balanced(result)
    assert result["dropped"].get("kernel", 0) == 0
    assert result["ticks"] < 20


@native
def test_an_engine_that_cannot_keep_up_counts_every_packet() -> None:
    """With hardly any of its core: the kernel drops, every step is told in batches and metrics; then it recovers."""
    result = scenario("overrun", "native", "tests.engine.overload")

    assert balanced(result)
    assert result["dropped"]["kernel"] > 0
    assert {work for shed in result["flooded"]["sheds"] for work in shed} == {"content", "some names", "names"}
    assert result["shown"] == {"content": [0, 1], "some names": [0, 1], "names": [0, 1]}
    assert (result["peace"]["states"], result["peace"]["found"], result["peace"]["sheds"]) == ("c" * 40, 20, [[]])
