"""Any single change to an event log is found, at its place; an untouched log is whole."""

from __future__ import annotations

import gzip
import json
import random
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any

import pytest
import zstandard
from click.testing import CliRunner
from hypothesis import HealthCheck, assume, given, settings
from hypothesis import strategies as st

from crossborder import signingkey
from crossborder.cli import cli
from crossborder.publish.chain import Chain, Link, Origin, link_of
from crossborder.publish.logreading import logs_in
from crossborder.publish.verify import Fault, Report, verify

if TYPE_CHECKING:
    from collections.abc import Iterable
    from pathlib import Path

    from crossborder.signingkey import SigningKey, VerifyingKey

EVENT = b'{"crossborder":{"chain":{\0},"phase":"opened"},"event":{"id":"%d","sequence":\0},"rule":{"name":"r"}}\n'
LATER = datetime.now(UTC) + timedelta(days=1)
PLENTY = settings(max_examples=150, deadline=None, suppress_health_check=list(HealthCheck))
SIZES = st.lists(st.integers(1, 8), min_size=1, max_size=3)


@pytest.fixture(scope="module")
def keys(tmp_path_factory: pytest.TempPathFactory) -> tuple[SigningKey, VerifyingKey]:
    """Return a pair."""
    path = tmp_path_factory.mktemp("keys") / "events.key"
    return signingkey.make(path), signingkey.read_public(path.with_name("events.key.pub"))


class Log:
    """The files of a log, as lists of lines, written by the real chain."""

    def __init__(self, signer: SigningKey | None, sizes: list[int], every: int = 3) -> None:
        """Write so many events to each file; with a signer the end of each is signed."""
        chain = Chain(Origin("g", signer=signer, checkpoint_events=every))
        self.files: list[list[bytes]] = []
        for at, size in enumerate(sizes):
            lines: list[bytes] = [chain.note("log-continued" if at else "log-opened")]
            lines += chain.with_checkpoints([EVENT % number for number in range(size)])
            if signer:
                lines.append(chain.checkpoint("rotated" if at + 1 < len(sizes) else "closed"))
            linked = chain.linked(lines)
            chain.written(linked)
            self.files.append(linked)

    @property
    def places(self) -> list[tuple[int, int]]:
        """Return (file, line) of every line, from 0."""
        return [(file, line) for file, lines in enumerate(self.files) for line in range(len(lines))]

    def judged(self, folder: Path, keys: Iterable[VerifyingKey] = (), kept: Iterable[bytes] = ()) -> Report:
        """Write the files under names in no order and verify them, a day later."""
        paths = []
        for number, lines in enumerate(self.files):
            path = folder / f"{'cab'[number]}.jsonl"
            path.write_bytes(b"".join(lines))
            paths.append(path)
        random.shuffle(paths)
        (log,), _ = logs_in(paths)
        return verify(log, list(keys), kept, LATER)


def named(place: tuple[int, int]) -> tuple[str, int]:
    """Return a place as faults name it."""
    return f"{'cab'[place[0]]}.jsonl", place[1] + 1


def where(faults: Iterable[Fault]) -> set[tuple[str, int]]:
    """Return the places of faults."""
    return {(fault.path.rsplit("/", 1)[-1], fault.line) for fault in faults}


@PLENTY
@given(SIZES, st.booleans())
def test_an_untouched_log_is_whole(tmp_path: Path, keys: Any, sizes: list[int], signed: bool) -> None:
    """In as many files as it is, in whatever order they are named."""
    log = Log(keys[0] if signed else None, sizes)
    report = log.judged(tmp_path, keys[1:] if signed else ())

    assert report.faults == []
    assert report.lines == report.last == sum(map(len, log.files))
    assert report.events == sum(sizes)
    assert bool(report.signed) == signed


@PLENTY
@given(SIZES, st.data())
def test_an_altered_byte(tmp_path: Path, keys: Any, sizes: list[int], data: Any) -> None:
    """Any byte of any line, also where it is no JSON any more, or two lines, or one line with the next."""
    log = Log(keys[0], sizes)
    file, line = data.draw(st.sampled_from(log.places))
    text = bytearray(log.files[file][line])
    at = data.draw(st.integers(0, len(text) - 1))
    last = (file, line) == log.places[-1]
    assume(not (last and at == len(text) - 1))  # the end of the last line says nothing
    byte = data.draw(st.integers(0, 255).filter(lambda byte: byte != text[at]))
    text[at] = byte
    assume(not (at == len(text) - 1 and line == len(log.files[file]) - 1 and byte in b" \t\r"))
    log.files[file][line] = bytes(text)
    report = log.judged(tmp_path, keys[1:])

    assert where(report.faults) == {named((file, line))}
    assert {fault.kind for fault in report.faults} <= {"altered", "signature", "cut", "added"}


@PLENTY
@given(SIZES, st.sampled_from(["log", "previous", "sequence", "id"]), st.data())
def test_an_altered_value(tmp_path: Path, keys: Any, sizes: list[int], field: str, data: Any) -> None:
    """What a forger would change: what an event says, its number, what it names as the line before."""
    log = Log(keys[0], sizes)
    file, line = data.draw(st.sampled_from(log.places))
    event = json.loads(log.files[file][line])
    if field in {"sequence", "id"}:
        event["event"][field] = data.draw(st.integers(0, 40).filter(lambda n: n != event["event"].get(field)))
    else:
        event["crossborder"]["chain"][field] = data.draw(st.sampled_from(["0" * 32, "f" * 64]))
    altered = json.dumps(event, separators=(",", ":"), sort_keys=True).encode() + b"\n"
    assume(altered != log.files[file][line])
    log.files[file][line] = altered
    report = log.judged(tmp_path, keys[1:])

    assert where(report.faults) == {named((file, line))}


@PLENTY
@given(SIZES, st.data())
def test_removed_lines(tmp_path: Path, keys: Any, sizes: list[int], data: Any) -> None:
    """One line or several are missed before the line that follows; at the end, the log was cut."""
    log = Log(keys[0], sizes)
    file, line = data.draw(st.sampled_from(log.places))
    count = data.draw(st.integers(1, len(log.files[file]) - line))
    assume(count < len(log.files[file]))
    cut = file == len(sizes) - 1 and line + count == len(log.files[file])
    del log.files[file][line : line + count]
    report = log.judged(tmp_path, keys[1:])

    place = (file, line) if line < len(log.files[file]) else (file + 1, 0)
    kind = ("cut" if report.signed else "unsigned") if cut else "removed"
    assert [fault.kind for fault in report.faults] == [kind]
    assert where(report.faults) == {named((file, line - 1) if cut else place)}


@PLENTY
@given(SIZES, st.sampled_from(["copy", "garbage", "forged"]), st.data())
def test_an_added_line(tmp_path: Path, keys: Any, sizes: list[int], what: str, data: Any) -> None:
    """A copy of any line, no line at all, or one that names the line before it as it should."""
    log = Log(keys[0], sizes)
    file, line = data.draw(st.sampled_from([*log.places, (len(sizes) - 1, len(log.files[-1]))]))
    flat = [log.files[f][number] for f, number in log.places]
    at = sum(map(len, log.files[:file])) + line
    assume(what != "forged" or at)
    if what == "copy":
        new = data.draw(st.sampled_from(flat))
    elif what == "garbage":
        new = data.draw(st.sampled_from([b"\n", b"{}\n", b"\xff\n", b'{"event":{"sequence":4}}\n']))
    else:
        (end, _) = link_of(flat[at - 1][:-1]) or (None, None)
        (new,) = Chain(Origin("g"), end).linked([EVENT % 99])
    log.files[file].insert(line, new)
    twins = {named(place) for place in log.places if log.files[place[0]][place[1]] == new}
    report = log.judged(tmp_path, keys[1:])

    assert report.faults
    assert where(report.faults) <= twins | {named((file, line))}
    assert {fault.kind for fault in report.faults} <= {"added", "altered", "cut"}


@PLENTY
@given(SIZES, st.data())
def test_swapped_lines(tmp_path: Path, keys: Any, sizes: list[int], data: Any) -> None:
    """Two lines that changed places, near or far, are told as that."""
    log = Log(keys[0], sizes)
    one, other = data.draw(st.lists(st.sampled_from(log.places), min_size=2, max_size=2, unique=True))
    files = log.files
    files[one[0]][one[1]], files[other[0]][other[1]] = files[other[0]][other[1]], files[one[0]][one[1]]
    report = log.judged(tmp_path, keys[1:])

    assert report.faults
    assert where(report.faults) <= {named(one), named(other)}
    assert "reordered" in {fault.kind for fault in report.faults}


@PLENTY
@given(SIZES, st.data())
def test_a_cut_end(tmp_path: Path, keys: Any, sizes: list[int], data: Any) -> None:
    """Wherever it was cut, in a line too: the promise is broken, and a checkpoint kept elsewhere says it exactly."""
    log = Log(keys[0], sizes)
    *_, kept = log.files[-1]
    whole = b"".join(log.files[-1])
    size = data.draw(st.integers(len(log.files[-1][0]), len(whole) - 2))
    log.files[-1] = [whole[:size]]
    later, sure = log.judged(tmp_path, keys[1:]), log.judged(tmp_path, keys[1:], [kept[:-1]])

    assert [fault.kind for fault in later.faults] == ["cut" if later.signed else "unsigned"]
    assert "cut" in {fault.kind for fault in sure.faults}
    assert f"a checkpoint kept elsewhere is {link_of(kept[:-1])[0].sequence}" in sure.faults[0].message  # type: ignore[index]


def test_a_chain_that_was_made_anew(tmp_path: Path, keys: Any) -> None:
    """Without the private key nobody can sign it; without a public key nobody can tell."""
    log = Log(None, [5])

    assert log.judged(tmp_path).whole
    assert [fault.kind for fault in log.judged(tmp_path, keys[1:]).faults] == ["unsigned"]


def test_another_key(tmp_path: Path, keys: Any) -> None:
    """Checkpoints of a key that was not given prove nothing."""
    stranger = signingkey.make(tmp_path / "stranger.key")
    report = Log(stranger, [5]).judged(tmp_path, keys[1:])

    assert {fault.kind for fault in report.faults} == {"signature"}


def test_more_events_than_promised_behind_the_last_checkpoint(tmp_path: Path, keys: Any) -> None:
    """A chain rebuilt behind a true checkpoint has no more of them."""
    log = Log(keys[0], [3])
    (end, _) = link_of(log.files[0][-1][:-1]) or (None, None)
    assert isinstance(end, Link)
    log.files[0] += Chain(Origin("g"), end).linked([EVENT % 9] * 4)

    assert {fault.kind for fault in log.judged(tmp_path, keys[1:]).faults} == {"unsigned", "cut"}


def run(*words: object) -> tuple[int, str]:
    """Run the command."""
    done = CliRunner().invoke(cli, ["events", "verify", *map(str, words)])
    return done.exit_code, done.output


def test_the_command(tmp_path: Path, keys: Any) -> None:
    """Packed files, any order, the place of a fault on a line of its own, JSON for programs."""
    log = Log(keys[0], [4, 4, 4])
    paths = [tmp_path / "events.jsonl.2.gz", tmp_path / "events.jsonl.1.zst", tmp_path / "events.jsonl"]
    first, second, third = (b"".join(lines) for lines in log.files)
    public = tmp_path / "events.key.pub"
    from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat

    public.write_bytes(keys[1]._key.public_bytes(Encoding.PEM, PublicFormat.SubjectPublicKeyInfo))
    paths[0].write_bytes(gzip.compress(first))
    paths[1].write_bytes(zstandard.compress(second))
    paths[2].write_bytes(third)

    code, said = run(*reversed(paths), "--public-key", public)
    assert (code, said.count("\n")) == (0, 2)
    assert said.endswith("sequence 1 to 21, 12 events, 6 signatures hold\n")
    code, said = run(*paths[1:])
    assert code == 0
    assert "begins with sequence 8: older files of this log were not given" in said
    assert "signatures were not checked" in said

    paths[1].write_bytes(zstandard.compress(second.replace(b'"id":"2"', b'"id":"7"')))
    code, said = run(*paths, "--public-key", public)
    assert code == 1
    assert said.startswith(f"{paths[1]}:4: altered: is not what sequence 11 was\n")
    code, said = run(*paths, "--public-key", public, "--json")
    told = json.loads(said)
    assert (code, told["whole"]) == (1, False)
    assert told["logs"][0]["faults"][0]["line"] == 4


@pytest.mark.parametrize(
    ("name", "data", "told"),
    [
        ("events.gz", b"\x1f\x8b\x08nothing", "cannot be unpacked"),
        ("events.zst", b"\x28\xb5\x2f\xfdnothing", "cannot be read: the zstd data is damaged"),
        ("events.jsonl", b'{"event":{"id":1}}\n', "holds no line of an event log"),
    ],
)
def test_what_cannot_be_read(tmp_path: Path, name: str, data: bytes, told: str) -> None:
    """A sentence with the path, and another exit code than for a broken log."""
    path = tmp_path / name
    path.write_bytes(data)
    from crossborder.errors import CrossborderError

    done = CliRunner().invoke(cli, ["events", "verify", str(path)])

    assert isinstance(done.exception, CrossborderError)
    assert told in str(done.exception)
