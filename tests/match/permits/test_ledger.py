"""What was debited, warned of and first seen outlives the agent, however it ends."""

from __future__ import annotations

import random
import signal
import subprocess
import sys
import time
from typing import TYPE_CHECKING

import pytest
from tests.match.permits.conftest import PERMIT, batch, report

from crossborder.errors import CrossborderError
from crossborder.match.permits import ledger as ledgers
from crossborder.match.permits.ledger import OTHER, PART, Ledger, Transfer, Use, Way
from crossborder.statefile import StateFile

if TYPE_CHECKING:
    from pathlib import Path

    from tests.match.permits.conftest import Court

WAY = Way("Registry office", "pdpl", "SG", "files.example")


def test_what_is_kept_is_read_back(tmp_path: Path) -> None:
    """Debits, first transfers, warnings given and persons; a second agent goes on where the first ended."""
    path = tmp_path / "crossborder.state"
    state = StateFile.open(path, PART)
    first = Ledger(state)
    first.debit("p1", 1_000, 1, 10, 20)
    first.add_persons("p1", [1, 2, 3])
    first.note(WAY, Transfer(10, 20, "p1"))
    assert first.first_warning("p1", "bytes 1000")
    state.keep([first])
    state.close()

    state = StateFile.open(path, PART)
    second = Ledger(state)
    second.debit("p1", 500, 1, 5, 15)
    second.note(WAY, Transfer(15, 30))
    state.close()

    assert second.use("p1") == Use(1_500, 2, 5, 20)
    assert second.persons("p1") == 3
    assert second.transfers == {WAY: Transfer(10, 30, "")}
    assert not second.first_warning("p1", "bytes 1000")


def test_a_damaged_sketch_is_refused() -> None:
    """Persons are never counted from zero silently."""
    state = StateFile.memory(PART)
    ledger = Ledger()
    ledger.add_persons("p1", [1, 2, 3])
    state.keep([ledger])
    with state.tick():
        state.write("UPDATE permit_persons SET sketch = ?", [(b"\0" * 40,)])

    with pytest.raises(CrossborderError, match=r"damaged \(the persons of permit p1\)"):
        Ledger(state)


TICKER = """
import sys
from pathlib import Path
from crossborder.match.permits.ledger import PART, Ledger, Transfer, Way
from crossborder.statefile import StateFile
state = StateFile.open(Path(sys.argv[1]), PART)
ledger = Ledger(state)
while True:
    n = ledger.use("p1").flows + 1
    ledger.debit("p1", 1000, 1, n, n)
    ledger.debit("p2", 7, 1, n, n)
    ledger.note(Way("u", "pdpl", "SG", "r"), Transfer(1, n))
    state.keep([ledger])
    print(n, flush=True)
"""


def test_killed_at_any_moment(tmp_path: Path) -> None:
    """After kill -9 no debit is halved, and at most the last tick is lost."""
    path = tmp_path / "crossborder.state"
    dice = random.Random(5)  # noqa: S311 - moments, not secrets
    ticks = 0
    for _ in range(8):
        with subprocess.Popen([sys.executable, "-c", TICKER, path], stdout=subprocess.PIPE, text=True) as ticker:
            assert ticker.stdout
            first = ticker.stdout.readline()
            time.sleep(dice.random() * 0.1)
            ticker.send_signal(signal.SIGKILL)
            rest = ticker.stdout.read().splitlines()  # a line cut by the kill says nothing
        done = max(int(line) for line in [first.strip(), *rest[:-1]] if line)
        state = StateFile.open(path, PART)
        ledger = Ledger(state)
        state.close()

        ticks = ledger.use("p1").flows
        assert done <= ticks <= done + 2  # the line not read, and the tick committed and not told
        assert ledger.use("p1").bytes == 1000 * ticks
        assert ledger.use("p2") == Use(7 * ticks, ticks, 1, ticks)
        assert ledger.transfers[Way("u", "pdpl", "SG", "r")].last_ns == ticks
    assert ticks > 8


def test_a_restarted_agent_goes_on_with_the_ceiling(court: Court) -> None:
    """What was used before the restart is used."""
    state = StateFile.memory(PART)
    permits = PERMIT + "    ceilings: {bytes: 8000}\n"
    ledger = Ledger(state)
    court(permits, ledger=ledger)(batch(report(1)))
    state.keep([ledger])

    findings = court(permits, ledger=Ledger(state))(batch(report(2)))

    assert findings["decision"].to_list() == ["overrun"]


def test_recipients_are_bounded(monkeypatch: pytest.MonkeyPatch) -> None:
    """When no more can be told apart they are one recipient of their country; those known stay."""
    monkeypatch.setattr(ledgers, "MAX_TRANSFERS", 2)
    ledger = Ledger()

    for number, recipient in enumerate(["a", "b", "c", "d", "a"]):
        ledger.note(WAY._replace(recipient=recipient), Transfer(number, number))

    assert {way.recipient: t.last_ns for way, t in ledger.transfers.items()} == {"a": 4, "b": 1, OTHER: 3}
