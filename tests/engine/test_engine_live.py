"""An engine on real interfaces: a veth pair in a network namespace, without mocks."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
from tests.engine.captures import every_engine

from crossborder.engine import native_available

if TYPE_CHECKING:
    from crossborder.engine import EngineName

pytestmark = [
    pytest.mark.live,
    pytest.mark.skipif(os.geteuid() != 0 or not shutil.which("unshare"), reason="needs root and namespaces"),
]

native = pytest.mark.skipif(not native_available(), reason="the native extension is not installed")


def scenario(name: str, engine: EngineName, room: str = "tests.engine.live") -> dict[str, Any]:
    """Run a scenario in a namespace of its own and return what it printed."""
    command = ["unshare", "--net", sys.executable, "-W", "error", "-m", room, name, engine]
    done = subprocess.run(command, capture_output=True, text=True, check=False, timeout=60)
    assert done.returncode == 0, done.stderr
    assert not done.stderr
    result: dict[str, Any] = json.loads(done.stdout)
    return result


@every_engine
def test_frames_are_counted_with_their_vlan(engine: EngineName) -> None:
    """What is sent is counted once, with the wire's length, and the tag that the kernel took off."""
    result = scenario("counted", engine)

    assert result["packets"] == 5
    assert not result["dropped"]
    assert sorted((flow[1], flow[2], flow[4]) for flow in result["flows"]) == [("tcp", None, 3), ("udp", "42", 2)]
    assert {flow[0] for flow in result["flows"]} == {"vb"}
    assert result["bytes"] == 3 * (14 + 40 + 300) + 2 * (14 + 4 + 28 + 5)
    assert result["progress"] == [5, 0, 0]
    assert result["error"] == ""


@every_engine
def test_a_filter_is_the_kernels(engine: EngineName) -> None:
    """What does not pass was never received."""
    result = scenario("filtered", engine)

    assert result["packets"] == 4
    assert [flow[1] for flow in result["flows"]] == ["tcp"]


@every_engine
@pytest.mark.skipif(not Path("/dev/net/tun").exists(), reason="needs /dev/net/tun")
def test_a_filter_fits_the_frames_of_its_interface(engine: EngineName) -> None:
    """A tunnel hands out bare IP packets, where a filter for Ethernet would look at the wrong bytes."""
    result = scenario("bare", engine)

    assert sorted((flow[0], flow[1], flow[4]) for flow in result["flows"]) == [("tun9", "udp", 3), ("vb", "udp", 1)]
    assert result["packets"] == 3


@every_engine
def test_a_short_snaplen_counts_the_wire(engine: EngineName) -> None:
    """Bytes are those of the wire, not those captured."""
    assert scenario("cut", engine)["bytes"] == 3 * (14 + 40 + 300)


@every_engine
def test_the_loopback_is_seen_once(engine: EngineName) -> None:
    """The kernel shows each packet going out and coming in."""
    result = scenario("loopback", engine)

    assert result["packets"] == 3
    assert result["flows"][0][4] == 3


@every_engine
def test_ticks_come_without_packets(engine: EngineName) -> None:
    """A quiet wire must not make a quiet agent: five ticks a second, and the final batch."""
    result = scenario("quiet", engine)

    assert 4 <= result["batches"] <= 8
    assert result["packets"] == 0
    assert abs(result["age"]) < 1


def test_an_interface_that_goes_away_is_told_after_the_last_batch() -> None:
    """Nothing already read is lost."""
    result = scenario("gone", "portable")

    assert result["packets"] == 3
    assert result["flows"][0][4] == 3
    assert result["error"] == "interface vb went down or was removed while capturing"


@every_engine
def test_kernel_drops_are_in_the_books(engine: EngineName) -> None:
    """More came than the kernel could keep: what it dropped counts as received, under its own reason."""
    result = scenario("flooded", engine)

    assert result["dropped"]["kernel"] > 0
    assert result["packets"] == result["sent"]


def test_an_engine_that_falls_behind_sheds_names_never_packets() -> None:
    """And says so in its batches."""
    result = scenario("late", "portable")

    assert (result["packets"], result["flows"][0][4]) == (40, 40)
    assert result["sheds"] == ["names"]
    assert result["shed"] == {"names": 1}
    assert result["hosts"] == [None]


@every_engine
def test_what_cannot_be_opened_says_what_to_do(engine: EngineName) -> None:
    """No such interface, a filter that does not compile, down, no permission: one sentence each."""
    said = scenario("refused", engine)

    assert said["missing"].splitlines() == [
        "no interface nope; there are lo, vb, va",
        "no interface never; there are lo, vb, va",
    ]
    assert said["filter"].startswith("filter 'tcp prt 80' does not compile: ")
    assert said["down"] == "interface vb is down; bring it up with: ip link set vb up"
    assert said["permission"].startswith("no permission to capture on va: run as root, or ")
    assert "setcap cap_net_raw" in said["permission"]


@native
def test_workers_share_an_interface_by_pairs_of_hosts() -> None:
    """Every packet is seen once, and both directions of a pair by the same worker: one flow each."""
    result = scenario("shared", "native")

    assert result["packets"] == 1200
    assert not result["dropped"]
    assert result["both"] == [[3, 3]] * 200


@native
@pytest.mark.parametrize("how", ["down_and_up", "removed"])
def test_an_interface_that_is_back_is_read_on(how: str) -> None:
    """Down or removed and made again: it is said, it is waited for, and no packet is counted as lost."""
    result = scenario(how, "native")

    assert result["down"][-2:] == [["vb"], []]
    assert result["down"][:-2] in ([], [[]])  # lost within a tick of the start or later
    assert (result["packets"], result["dropped"], result["error"]) == (5, {}, "")
    assert sum(flow[4] for flow in result["flows"]) == 5


@native
def test_the_kernel_counts_what_stays_at_home() -> None:
    """Domestic packets never come up and are in the books; another home is the kernel's too, packets or not."""
    result = scenario("triaged", "native")

    assert (result["packets"], result["domestic"], result["dropped"]) == (57, 50, {})
    assert result["came_up"] == 7
    assert [flow[4] for flow in result["flows"]] == [7]


@native
def test_the_kernel_counts_on_when_an_interface_is_back() -> None:
    """An interface that is made again is triaged as the one before."""
    result = scenario("removed_while_triaged", "native")

    assert (result["packets"], result["domestic"], result["dropped"]) == (14, 9, {})
    assert result["came_up"] == 5
