"""Counts that outlive the agent: through kills, merges, reloads, and refused when they cannot be trusted."""

from __future__ import annotations

import json
import random
import re
import signal
import subprocess
import sys
import time
from dataclasses import replace
from typing import TYPE_CHECKING, Any

import polars as pl
import pytest
from click.testing import CliRunner
from scapy.layers.inet import IP, TCP
from scapy.layers.l2 import Ether
from scapy.utils import wrpcap

from crossborder import app, config, keyfile
from crossborder.cli import cli
from crossborder.errors import CrossborderError
from crossborder.match.persons.tally import PERSONS_PART, Place, Tally
from crossborder.model import PERSONS
from crossborder.statefile import FILE_NAME, StateFile

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from crossborder.engine import Engine
    from crossborder.model import Batch

COUNTING = """
import sys
from pathlib import Path
import polars as pl
from crossborder import keyfile
from crossborder.match.persons import Persons
from crossborder.match.persons.tally import PERSONS_PART, Place, Tally
from crossborder.model import PERSONS
from crossborder.statefile import StateFile

path, key, begin, ticks = Path(sys.argv[1]), sys.argv[2], int(sys.argv[3]), int(sys.argv[4])
state = StateFile.open(path, PERSONS_PART)
state.bind(keyfile.read(Path(key)).fingerprint)
count = Persons(Tally.read(state))
for tick in range(begin, begin + ticks):
    numbers = pl.int_range(tick * 100, tick * 100 + 100, dtype=pl.UInt64, eager=True).hash(seed=5)
    row = {"row": 0, "unit": "Example Ministry", "country": "SG", "as_org": None, "server_name": f"h{tick % 9}.example",
           "last_ns": 1_767_225_600_000_000_000 + tick, "persons": [{"kind": "basic", "hashes": numbers.to_list()}]}
    count(pl.DataFrame([row], schema_overrides={"persons": PERSONS, "as_org": pl.String}))
    state.keep([count])
    print(tick, flush=True)
state.close()
"""


@pytest.fixture
def key(tmp_path: Path) -> Path:
    """Return a key file."""
    path = tmp_path / "persons.key"
    keyfile.make(path)
    return path


def counting(path: Path, key: Path, begin: int, ticks: int) -> subprocess.Popen[str]:
    """Start a program that counts a hundred new persons a tick."""
    words = [sys.executable, "-c", COUNTING, str(path), str(key), str(begin), str(ticks)]
    return subprocess.Popen(words, stdout=subprocess.PIPE, text=True)


def counted(path: Path) -> Tally:
    """Read what a state keeps."""
    state = StateFile.look(path, PERSONS_PART)
    tally = Tally.read(state)
    state.close()
    return tally


def run(*words: object) -> Any:
    """Run a command of ours in this process."""
    return CliRunner().invoke(cli, [str(word) for word in words])


def test_killed_while_counting(tmp_path: Path, key: Path) -> None:
    """Kill -9 at any moment loses at most the tick under way: every tick that was told is in the counts."""
    path = tmp_path / FILE_NAME
    dice = random.Random(2)  # noqa: S311 - moments, not secrets
    done = -1
    for _ in range(8):
        with counting(path, key, done + 1, 10_000) as program:
            assert program.stdout
            first = program.stdout.readline()
            time.sleep(dice.random() * 0.2)
            program.send_signal(signal.SIGKILL)
            rest = program.stdout.read().splitlines()
        told = int([first, *rest[:-1]][-1])
        tally = counted(path)
        last = tally.counts[Place("Example Ministry", "basic")].last_ns - 1_767_225_600_000_000_000

        assert told <= last <= told + 2  # the line not read, and the tick kept and not told
        assert tally.persons(Place("Example Ministry", "basic")) == pytest.approx((last + 1) * 100, rel=0.03)
        assert tally.persons(Place("Example Ministry", "basic", "SG")) == pytest.approx((last + 1) * 100, rel=0.03)
        done = last


def test_two_gateways_are_joined(tmp_path: Path, key: Path) -> None:
    """Who was seen at both counts once; what comes out is read like any state."""
    hanoi, danang, out = tmp_path / "hanoi", tmp_path / "danang", tmp_path / "ministry.state"
    for folder, begin in ((hanoi, 0), (danang, 5)):
        with counting(folder / FILE_NAME, key, begin, 10) as program:
            program.communicate()

    merged = run("persons", "merge", hanoi, danang / FILE_NAME, "-o", out)
    listed = json.loads(run("persons", "list", out, "--json").output)

    assert merged.exit_code == 0, merged.output
    assert listed["persons"] == pytest.approx(1_500, rel=0.03)
    assert listed["lower"] <= listed["persons"] <= listed["upper"]
    assert (listed["unit"], listed["kind"], listed["band"], listed["next_band"]) == (
        "Example Ministry",
        "basic",
        None,
        "important",
    )
    assert [sent["name"] for sent in listed["countries"]] == ["SG"]
    assert len(listed["recipients"]) == 9
    again = run("persons", "merge", hanoi, danang, "-o", out)
    assert "is not overwritten" in str(again.exception)


def test_other_keys_are_not_joined(tmp_path: Path, key: Path) -> None:
    """Under two keys nobody can tell that a person is the same."""
    other = tmp_path / "other.key"
    keyfile.make(other)
    for folder, its in (("a", key), ("b", other)):
        with counting(tmp_path / folder / FILE_NAME, its, 0, 1) as program:
            program.communicate()

    merged = run("persons", "merge", tmp_path / "a", tmp_path / "b", "-o", tmp_path / "out")

    assert "was written under another key" in str(merged.exception)
    assert not (tmp_path / "out").exists()


def test_the_list(tmp_path: Path, key: Path) -> None:
    """A table by unit and kind, countries and recipients below, opening balances told apart."""
    with counting(tmp_path / FILE_NAME, key, 0, 10) as program:
        program.communicate()
    settings = tmp_path / "crossborder.yaml"
    settings.write_text(
        f"state: {{directory: {tmp_path}, key: {key}}}\n"
        "persons:\n  opening_balance:\n"
        "    - {unit: Example Ministry, kind: basic, persons: 119000, as_of: 2026-01-01, evidence: dossier 7}\n"
        "    - {unit: Other, kind: bank, persons: 5, as_of: 2026-01-01, evidence: a letter}\n",
        encoding="utf-8",
    )

    lines = run("persons", "list", "-c", settings, "--recipients").output.splitlines()

    head = ["unit", "kind", "persons", "95", "%", "within", "opening", "band", "of", "next", "band", "since"]
    assert lines[0].split() == head
    assert re.match(r"Example Ministry +basic +1(19,9|20,0)\d\d +119,9\d\d - 120,\d{3} +119,000  ", lines[1])
    assert re.search(r"  important  12.0% of core +2026-01-01$", lines[1])
    assert lines[2].split()[0] == "SG"
    assert {line.split()[0] for line in lines[3:12]} == {f"h{n}.example" for n in range(9)}
    assert lines[12].split()[:3] == ["Other", "bank", "5"]
    assert "no band is known" in lines[12]


def test_a_program_that_counted_ends_quietly(tmp_path: Path, key: Path) -> None:
    """The library of sketches has nothing to complain of when the program ends."""
    with counting(tmp_path / FILE_NAME, key, 0, 1) as program:
        program.communicate()
    ending = (
        "import sys\nfrom crossborder import cli\nfrom crossborder.match.persons.sketch import Sketch\n"
        "class Ring: pass\nring = Ring()\nring.ring, ring.sketch = ring, Sketch()\ncli.main()"
    )

    done = subprocess.run(
        [sys.executable, "-c", ending, "persons", "list", str(tmp_path)], capture_output=True, text=True, check=True
    )

    assert "Example Ministry" in done.stdout
    assert done.stderr == ""


def test_nothing_to_list(tmp_path: Path) -> None:
    """Without a state there is a sentence."""
    assert "name its file" in str(run("persons", "list").exception)
    assert "no such state file" in str(run("persons", "list", tmp_path / "none").exception)


def test_a_wrong_key_or_state_stops_the_start(tmp_path: Path, key: Path) -> None:
    """`check`, and so a start, tells what to do; nothing begins from zero by itself."""
    with counting(tmp_path / FILE_NAME, key, 0, 1) as program:
        program.communicate()
    settings = tmp_path / "crossborder.yaml"
    settings.write_text(f"state: {{directory: {tmp_path}, key: {key}}}\n", encoding="utf-8")
    fine = run("check", "-c", settings)
    key.unlink()
    lost = run("check", "-c", settings)
    keyfile.make(key)
    wrong = run("check", "-c", settings)
    (tmp_path / FILE_NAME).write_bytes(b"")
    spoilt = run("check", "-c", settings)

    assert fine.exit_code == 0
    assert "put the key back" in str(lost.exception)
    assert "was written under another key" in str(wrong.exception)
    assert "put a copy of it back" in str(spoilt.exception)


class Carrying:
    """A real engine over a capture, whose reports carry persons: as one does that recognises them."""

    def __init__(self, engine: Engine, carried: list[list[int]]) -> None:
        """Take the engine and the persons of each flow, in the order of reports."""
        self._engine, self._carried = engine, carried

    def __getattr__(self, name: str) -> Any:
        """Be the engine for the rest."""
        return getattr(self._engine, name)

    def __iter__(self) -> Iterator[Batch]:
        """Yield its batches; the first opens all flows."""
        for batch in self._engine:
            persons = [[{"kind": "sensitive", "hashes": them}] if them else None for them in self._carried]
            those = persons[: batch.reports.height] + [None] * max(0, batch.reports.height - len(persons))
            self._carried = []
            yield replace(batch, reports=batch.reports.with_columns(persons=pl.Series(those, dtype=PERSONS)))


def frames(sport: int) -> list[Any]:
    """Return a short connection to Singapore, in January 2026."""
    out, back = IP(src="10.20.10.5", dst="103.28.248.9"), IP(src="103.28.248.9", dst="10.20.10.5")
    there, here = {"sport": sport, "dport": 8443}, {"sport": 8443, "dport": sport}
    made = [
        Ether() / out / TCP(**there, flags="S", seq=100),
        Ether() / back / TCP(**here, flags="SA", seq=500, ack=101),
        Ether() / out / TCP(**there, flags="PA", seq=101, ack=501) / (b"x" * 1000),
    ]
    for at, frame in enumerate(made):
        frame.time = 1_767_225_600 + sport % 100 + at / 1000
    return made


def test_through_the_agent(tmp_path: Path) -> None:
    """What an engine recognised is counted, found by the shipped rules, told in events and metrics, once."""
    capture, events = tmp_path / "x.pcap", tmp_path / "events.jsonl"
    wrpcap(str(capture), [frame for sport in (40_001, 40_002, 40_003) for frame in frames(sport)])
    settings = config.Config(
        unit="Example Ministry",
        persons=config.PersonsSection(
            opening_balance=(
                config.BalanceSection(
                    unit="Example Ministry", kind="sensitive", persons=5_000, as_of="2026-01-01", evidence="-"
                ),
            )
        ),
    )
    agent = app.Agent(settings, app.Options(files=(capture,), engine="portable", events=events))
    mixed = pl.int_range(9_000, dtype=pl.UInt64, eager=True).hash(seed=1).to_list()
    agent.engine = Carrying(agent.engine, [mixed[:2_000], mixed[1_000:4_000], mixed])

    agent.run()

    found = {
        e["rule"]["name"]: e["crossborder"]
        for e in map(json.loads, events.read_text(encoding="utf-8").splitlines())
        if "rule" in e
    }
    assert found["band_near"]["bands"] == ["important:sensitive:80%"]
    assert found["band_important_sensitive"]["bands"] == ["important:sensitive"]
    assert found["band_important_sensitive"]["persons"]["sensitive"] == pytest.approx(14_000, rel=0.02)
    assert "band_core_sensitive" not in found
    value = agent.metrics.registry.get_sample_value
    both = {"unit": "Example Ministry", "kind": "sensitive"}
    assert value("crossborder_persons_abroad", both) == pytest.approx(14_000, rel=0.02)
    assert value("crossborder_persons_opening_balance", both) == 5_000
    assert value("crossborder_persons_transferred", both | {"country": "SG"}) == pytest.approx(9_000, rel=0.03)
    assert value("crossborder_threshold_ratio", both | {"category": "core"}) == pytest.approx(0.14, rel=0.02)
    lower = value("crossborder_persons_abroad_bound", both | {"bound": "lower"})
    upper = value("crossborder_persons_abroad_bound", both | {"bound": "upper"})
    assert lower is not None
    assert upper is not None
    assert lower < 14_000 < upper
    assert value("crossborder_state_durable", {}) == 0

    kept = Tally.read(agent.state)
    assert kept.persons(Place("Example Ministry", "sensitive")) == pytest.approx(9_000, rel=0.02)
    agent.reload()
    assert agent.matcher.persons.total("Example Ministry", "sensitive") == pytest.approx(9_000, rel=0.02)
    agent.close()


def test_a_state_of_another_agent(tmp_path: Path, key: Path) -> None:
    """A second agent is refused with what to do."""
    held = StateFile.open(tmp_path / FILE_NAME, PERSONS_PART)
    section = config.StateSection(directory=tmp_path, key=key)
    settings = config.Config(state=section)

    with pytest.raises(CrossborderError, match="another agent is using this state"):
        app.Agent(settings, app.Options(interfaces=("lo",)))
    held.close()
