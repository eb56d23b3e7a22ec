"""A gateway for looking at: real metrics behind the real server, and events of the real maker in a file."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest
from tests.publish.conftest import BOOKS, NOON, batch, crossings, findings

from crossborder.model import Books, DropReason
from crossborder.publish.ecs import EventMaker
from crossborder.publish.metrics import Metrics, RuleLabels
from crossborder.publish.server import Identity, Server
from crossborder.top.finding import findings_in
from crossborder.top.sample import Sample
from crossborder.top.state import Look, State

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from tests.publish.conftest import Batches, Frames

__all__ = ["batch", "crossings", "findings"]  # fixtures that are told of here

SECOND = NOON // 10**9
BEGAN = SECOND - 11_520
HR = {"system": "hr-db", "categories": ["core:I.26"], "owner": "Personnel", "app_protocol": "tls"}
MAIL = {"system": "mail", "categories": ["personal:basic"]}
AWAY = {"country": "ZZ", "country_basis": "unknown", "inspection": "opaque", "geo_database": None, "server_name": None}
RULES = [
    RuleLabels("core-data-abroad", "Core data abroad", "core", "critical", "Decision 20/2025/QĐ-TTg", "I.26"),
    RuleLabels("unknown-country", "Nobody knows where", "none", "medium"),
    RuleLabels("opaque-at-night", "Opaque at night", "none", "informational"),
]


class Gateway:
    """An agent without packets: what its stages would hand over is given to its sinks, tick by tick."""

    def __init__(self, events: Path, batch: Batches, crossings: Frames, findings: Frames) -> None:
        """Take where events go, and makers of frames."""
        self.metrics = Metrics("hn-1", "Bộ Nội vụ", version="0.0.0", process=False)
        self.metrics.rules(RULES)
        self.metrics.databases({"IPFire": SECOND - 12 * 86_400})
        self.metrics.reload(ok=True, timestamp=SECOND - 600)
        self.events = events
        self._maker = EventMaker("hn-1", "Ministry", version="0.0.0")
        self._batch, self._crossings, self._findings = batch, crossings, findings
        self._books = BOOKS
        self.ticks = 0

    def tick(self, *flows: dict[str, Any], found: list[dict[str, Any]] | None = None, **about: Any) -> None:
        """Let ten seconds pass in which these flows sent, and these findings were made."""
        self.ticks += 1
        number = self.ticks
        books = Books("eth0", 5_000 * number, 4_000_000 * number, 4_000 * number, 3_200_000 * number, 985 * number)
        books.dropped.update({DropReason.NOT_IP: 12 * number, DropReason.CHECKSUM: 3 * number})
        about = {"tick_ns": NOON + number * 10 * 10**9} | about
        made = self._findings(*(found or []))
        self.metrics(self._batch(about.pop("books", books), **about), self._crossings(*flows), made)
        lines = self._maker.lines(made).to_list()
        self.metrics.events(written=len(lines))
        with self.events.open("a", encoding="utf-8") as file:
            file.writelines(lines)

    def scrape(self, after: float = 0.0) -> Sample:
        """Return what a scrape says, so many seconds after the last tick."""
        text = self.metrics.expose()[1].decode() + f"crossborder_process_start_time_seconds {BEGAN}\n"
        return Sample.of(text, SECOND + 10 * self.ticks + after)

    def look(self, *, record: bool = True, after: float = 0.5) -> Look:
        """Return what a look brings, with the whole event file."""
        sample = self.scrape(after)
        if not record:
            return Look(sample.taken, sample)
        found, broken = findings_in(self.events.read_bytes().splitlines())
        return Look(sample.taken, sample, record="events.jsonl", findings=tuple(found), broken=broken)

    def begin(self) -> None:
        """Let the first tick of the story pass."""
        self.tick(HR | {"bytes_out": 40_000}, {"country": "NO", "flow_id": 2}, AWAY | {"flow_id": 3}, found=[HR])

    def go_on(self) -> None:
        """Let the second pass, in which more went, and more was found."""
        found = HR | AWAY | {"rule": "unknown-country", "severity": "medium", "decision": "permitted"}
        self.tick(
            HR | AWAY | {"bytes_out": 1_234_567, "flow_id": 4},
            MAIL | {"country": "NO", "bytes_out": 65_000, "flow_id": 5},
            found=[found | {"category": "none", "finding_id": "00000000000000b2", "last_ns": NOON + 12 * 10**9}],
        )


@pytest.fixture
def gateway(tmp_path: Path, batch: Batches, crossings: Frames, findings: Frames) -> Gateway:
    """Return a gateway whose first tick has passed."""
    made = Gateway(tmp_path / "events.jsonl", batch, crossings, findings)
    made.begin()
    return made


@pytest.fixture
def state(gateway: Gateway) -> State:
    """Return what two looks say, one at each of two ticks."""
    seen = State().seen(gateway.look())
    gateway.go_on()
    return seen.seen(gateway.look())


@pytest.fixture
def server(gateway: Gateway) -> Iterator[Server]:
    """Return the gateway's server, on a free port of loopback."""
    made = Server("127.0.0.1:0", gateway.metrics, Identity("hn-1", "Ministry", "0.0.0"))
    made.start()
    made.ready()
    yield made
    made.stop()
