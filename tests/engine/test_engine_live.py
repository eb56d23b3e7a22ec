"""The engine on real interfaces: a veth pair in a network namespace, without mocks."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
from typing import Any

import pytest

pytestmark = [
    pytest.mark.live,
    pytest.mark.skipif(os.geteuid() != 0 or not shutil.which("unshare"), reason="needs root and namespaces"),
]


def scenario(name: str) -> dict[str, Any]:
    """Run a scenario in a namespace of its own and return what it printed."""
    command = ["unshare", "--net", sys.executable, "-W", "error", "-m", "tests.engine.live", name]
    done = subprocess.run(command, capture_output=True, text=True, check=False, timeout=60)
    assert done.returncode == 0, done.stderr
    assert not done.stderr
    result: dict[str, Any] = json.loads(done.stdout)
    return result


def test_frames_are_counted_with_their_vlan() -> None:
    """What is sent is counted once, with the wire's length, and the tag that the kernel took off."""
    result = scenario("counted")

    assert result["packets"] == 5
    assert not result["dropped"]
    assert sorted((flow[1], flow[2], flow[4]) for flow in result["flows"]) == [("tcp", None, 3), ("udp", "42", 2)]
    assert {flow[0] for flow in result["flows"]} == {"vb"}
    assert result["bytes"] == 3 * (14 + 40 + 300) + 2 * (14 + 4 + 28 + 5)
    assert result["progress"] == [5, 0, 0]
    assert result["error"] == ""


def test_a_filter_is_the_kernels() -> None:
    """What does not pass was never received."""
    result = scenario("filtered")

    assert result["packets"] == 4
    assert [flow[1] for flow in result["flows"]] == ["tcp"]


def test_a_short_snaplen_counts_the_wire() -> None:
    """Bytes are those of the wire, not those captured."""
    assert scenario("cut")["bytes"] == 3 * (14 + 40 + 300)


def test_the_loopback_is_seen_once() -> None:
    """The kernel shows each packet going out and coming in."""
    result = scenario("loopback")

    assert result["packets"] == 3
    assert result["flows"][0][4] == 3


def test_ticks_come_without_packets() -> None:
    """A quiet wire must not make a quiet agent: five ticks a second, and the final batch."""
    result = scenario("quiet")

    assert 4 <= result["batches"] <= 8
    assert result["packets"] == 0
    assert abs(result["age"]) < 1


def test_an_interface_that_goes_away_is_told_after_the_last_batch() -> None:
    """Nothing already read is lost."""
    result = scenario("gone")

    assert result["packets"] == 3
    assert result["flows"][0][4] == 3
    assert result["error"] == "interface vb went down or was removed while capturing"


def test_kernel_drops_are_in_the_books() -> None:
    """More came than the kernel could keep: what it dropped counts as received, under its own reason."""
    result = scenario("flooded")

    assert result["dropped"]["kernel"] > 0
    assert result["packets"] == result["sent"]


def test_an_engine_that_falls_behind_sheds_names_never_packets() -> None:
    """And says so in its batches."""
    result = scenario("late")

    assert (result["packets"], result["flows"][0][4]) == (40, 40)
    assert result["sheds"] == ["names"]
    assert result["hosts"] == [None]


def test_what_cannot_be_opened_says_what_to_do() -> None:
    """No such interface, a filter that does not compile, down, no permission: one sentence each."""
    said = scenario("refused")

    assert said["missing"].splitlines() == [
        "no interface nope; there are lo, vb, va",
        "no interface never; there are lo, vb, va",
    ]
    assert said["filter"].startswith("filter 'tcp prt 80' does not compile: ")
    assert said["down"] == "interface vb is down; bring it up with: ip link set vb up"
    assert said["permission"].startswith("no permission to capture on va: run as root, or ")
    assert "setcap cap_net_raw" in said["permission"]
