"""Evidence by its parts: the folder's limits, what cannot be written, what there are no packets of."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING

import pyrage
import pytest

from crossborder.publish.evidence import Evidence, Seal, Store
from crossborder.publish.evidence.sink import MOST, Kept
from crossborder.publish.evidence.store import Limits

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

    from tests.publish.conftest import Batches, Frames

LIMITS = Limits(keep=100.0, size=1_000, reserve=0)


def names(folder: Path) -> list[str]:
    """Return the names of the findings there are files of."""
    return sorted(path.name.removesuffix(".pcapng.age") for path in folder.iterdir())


def test_the_oldest_are_removed(tmp_path: Path) -> None:
    """By size and by age, over restarts."""
    store = Store(tmp_path / "kept", LIMITS)
    for at, name in enumerate("abcd"):
        store.put(name, bytes(300), now=1_000.0 + at)
    store.tend(1_004.0)
    assert names(tmp_path / "kept") == ["b", "c", "d"]

    for at, name in enumerate("bcd"):
        os.utime(tmp_path / "kept" / f"{name}.pcapng.age", (1_000 + at, 1_000 + at))
    store = Store(tmp_path / "kept", LIMITS)
    assert store.bytes == 900
    store.tend(1_101.5)
    assert names(tmp_path / "kept") == ["d"]


def test_a_draft_that_a_crash_left_is_removed(tmp_path: Path) -> None:
    """No half file is ever seen, and none stays."""
    Store(tmp_path, LIMITS).put("a", b"x", 0.0)
    (tmp_path / ".b.pcapng.age.draft").write_bytes(b"half")

    Store(tmp_path, LIMITS)

    assert [path.name for path in tmp_path.iterdir() if "b" in path.name.split(".")[:2]] == []


def test_no_room_leaves_nothing(tmp_path: Path) -> None:
    """What is reserved stays free."""
    store = Store(tmp_path, LIMITS._replace(reserve=1 << 62))

    with pytest.raises(OSError, match="no room"):
        store.put("a", b"x", 0.0)
    assert not list(tmp_path.iterdir())


@pytest.fixture
def seal() -> Seal:
    """Return a seal for somebody."""
    return Seal((str(pyrage.x25519.Identity.generate().to_public()),))


def test_misses_are_counted(tmp_path: Path, seal: Seal, batch: Batches, findings: Frames, crossings: Frames) -> None:
    """Flows of which nothing is left, or not the first packet; those that go on are not asked for."""
    told: list[Kept] = []
    asked: list[int] = []

    def ask(flows: Sequence[tuple[int, Sequence[str]]]) -> list[tuple[bytes, bool] | None]:
        asked.extend(flow for flow, _ in flows)
        return [None, (b"pcapng", False), (b"pcapng", True)]

    sink = Evidence("gw", Store(tmp_path, LIMITS), seal, ask, told.append)
    rows = [{"flow_id": n, "finding_id": f"{n:016x}"} for n in (1, 2, 3)]
    sink(batch(), crossings(), findings(*rows, {"flow_id": 4, "phase": "closed"}))

    assert asked == [1, 2, 3]
    assert names(tmp_path) == ["0000000000000002", "0000000000000003"]
    assert told[-1].misses == {"gone": 1, "front": 1, "many": 0, "disk": 0}
    assert (told[-1].files, told[-1].bytes) == (2, told[-1].written)


def test_a_flood_is_bounded(tmp_path: Path, seal: Seal, batch: Batches, findings: Frames, crossings: Frames) -> None:
    """Of very many findings in one tick the first are kept."""
    sink = Evidence("gw", Store(tmp_path, LIMITS), seal, lambda asked: [None] * len(asked), lambda _: None)

    sink(batch(), crossings(), findings(*({"flow_id": n} for n in range(MOST + 5))))

    assert sink.kept.misses["many"] == 5
    assert sink.kept.misses["gone"] == MOST


def test_a_disk_that_fails_is_told_once(
    tmp_path: Path,
    seal: Seal,
    batch: Batches,
    findings: Frames,
    crossings: Frames,
    capsys: pytest.CaptureFixture[str],
) -> None:
    """And tried again with the next finding."""
    store = Store(tmp_path, LIMITS._replace(reserve=1 << 62))
    sink = Evidence("gw", store, seal, lambda asked: [(b"x", True)] * len(asked), lambda _: None)

    for _ in range(3):
        sink(batch(), crossings(), findings({}))

    said = capsys.readouterr()
    assert (said.out + said.err).count("evidence cannot be written") == 1
    assert sink.kept.misses["disk"] == 3
