"""Hours that are over move to an object store, a real server of S3's protocol: none is lost, doubled or unnamed."""

from __future__ import annotations

import itertools
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any

import obstore
import polars as pl
import pytest
from click.testing import CliRunner
from obstore.store import from_url
from structlog.testing import capture_logs
from tests.s3 import Server, serving

from crossborder.cli import cli
from crossborder.errors import CrossborderError
from crossborder.publish.history import History, Limits, holds, moving, read
from crossborder.publish.history.gathering import Where
from crossborder.publish.history.holds import Hold
from crossborder.publish.history.places import Url, gateway_folder
from crossborder.publish.history.rows import HOUR_NS
from crossborder.publish.history.store import Store

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from tests.publish.conftest import Batches, Frames

NOTHING = pl.DataFrame()
NOON = 1_767_268_800 * 10**9  # 2026-01-01 12:00:00 UTC
START = datetime(2026, 1, 1, 12, tzinfo=UTC)
GATEWAY = "gw one"
_numbers = itertools.count()


@pytest.fixture(scope="module")
def server() -> Iterator[Server]:
    """Yield a server with a bucket."""
    with serving() as one:
        one.make_bucket("records")
        yield one


@pytest.fixture
def url(server: Server, monkeypatch: pytest.MonkeyPatch) -> Url:
    """Return the address of a store with nothing in it."""
    for name, value in server.environment.items():
        monkeypatch.setenv(name, value)
    return Url(f"s3://records/test{next(_numbers)}")


class Recorder:
    """Records an hour after the other."""

    def __init__(self, folder: Path, url: Url, batch: Batches, crossings: Frames) -> None:
        """Take both places, and who makes batches."""
        self.folder, self.url = folder, url
        self._batch, self._crossings = batch, crossings

    def open(self, **limits: Any) -> History:
        """Open the history."""
        return History(self.folder, GATEWAY, Limits(reserve=0, **limits), store=Store(self.url))

    def write(self, history: History, hour: int) -> None:
        """Have a flow in an hour."""
        at = NOON + hour * HOUR_NS
        rows = self._crossings({"flow_id": hour, "first_ns": at, "last_ns": at})
        history(self._batch(tick_ns=at), rows, NOTHING)

    def record(self, *hours: int, **limits: Any) -> History:
        """Have a flow in each of some hours, and end."""
        history = self.open(**limits)
        for hour in hours:
            self.write(history, hour)
        history.close()
        return history

    def read(self, **options: Any) -> tuple[list[int], list[str]]:
        """Return the flows that are read from both places, and what is wrong."""
        found = read(Where(self.folder, self.url), **options)
        return sorted(found.rows.collect()["flow_id"]), [f"{left.path}: {left.why}" for left in found.left_out]

    @property
    def here(self) -> list[Path]:
        """Return what is on the disk."""
        return sorted(self.folder.rglob("*.parquet"))

    @property
    def there(self) -> list[str]:
        """Return what is in the store."""
        store = Store(self.url)
        return [str(file.place) for folder in store.gateways() for file in store.files_of(folder)]


@pytest.fixture
def recorder(tmp_path: Path, url: Url, batch: Batches, crossings: Frames) -> Recorder:
    """Return what records into a folder and a store."""
    return Recorder(tmp_path / "history", url, batch, crossings)


def test_hours_move_and_are_read_from_either(recorder: Recorder) -> None:
    """By the folder with the store, by the store alone, by any program that knows Hive's convention."""
    history = recorder.record(0, 1, 2)

    assert not recorder.here
    assert history.standing.kept.moved == 3
    assert history.standing.kept.bytes > 1000
    assert recorder.read() == ([0, 1, 2], [])
    alone = read(recorder.url)
    assert sorted(alone.rows.collect()["flow_id"]) == [0, 1, 2]
    assert alone.rows.select("gateway").collect()["gateway"].unique().to_list() == [GATEWAY]
    assert not alone.left_out
    assert alone.recorded == read(recorder.folder).recorded != {}
    plain = pl.scan_parquet(f"{recorder.url}/**/*.parquet", hive_partitioning=True, credential_provider=None)
    assert sorted(plain.collect()["flow_id"]) == [0, 1, 2]


def test_hours_that_were_not_asked_for_are_not_read(recorder: Recorder) -> None:
    """From an hour to before another."""
    recorder.record(0, 1, 2)

    assert recorder.read(since=START + timedelta(hours=1), until=START + timedelta(hours=2)) == ([1], [])


def test_the_disk_alone_misses_nothing(recorder: Recorder) -> None:
    """What moved is not missed where it was."""
    recorder.record(0, 1)

    assert not read(recorder.folder).left_out


def test_a_late_file_stands_beside_what_moved(recorder: Recorder) -> None:
    """Rows of an hour that is in the store already go into another file of it."""
    recorder.record(0)
    recorder.record(0, 1)

    assert recorder.read() == ([0, 0, 1], [])
    assert len(recorder.there) == 3


def test_an_outage_loses_nothing(recorder: Recorder, monkeypatch: pytest.MonkeyPatch) -> None:
    """Hours stay on the disk, it is said once and counted, and they move when the store answers again."""
    endpoint = "AWS_ENDPOINT_URL"
    with monkeypatch.context() as away:
        away.setenv(endpoint, "http://127.0.0.1:9")
        away.setattr("crossborder.publish.history.store._RETRY", timedelta(0))
        with capture_logs() as said:
            history = recorder.record(0, 1)
            assert len(recorder.here) == 2
            assert history.standing.faults["store"] >= 1
            assert history.standing.faults["upkeep"] == 0
            flows, left_out = recorder.read()
    assert [entry["event"] for entry in said].count(
        "the flow history cannot be moved, it stays on the disk and is tried again"
    ) == 1
    assert flows == [0, 1]
    assert [line.partition(": ")[0] for line in left_out] == [str(recorder.url)], "a store that is silent is named"

    recorder.record(2)

    assert not recorder.here
    assert recorder.read() == ([0, 1, 2], [])


@pytest.mark.parametrize("step", ["note_moved", "remove"])
def test_a_crash_while_moving_loses_and_doubles_nothing(
    recorder: Recorder, monkeypatch: pytest.MonkeyPatch, step: str
) -> None:
    """A file that is in both places is read once, and moved by the next start."""
    with monkeypatch.context() as crash:
        crash.setattr(moving, step, lambda *_: (_ for _ in ()).throw(OSError("killed")))
        recorder.record(0, 1)
    assert len(recorder.here) == 2

    assert recorder.read() == ([0, 1], [])
    recorder.record(2)
    assert not recorder.here
    assert recorder.read() == ([0, 1, 2], [])


def test_what_somebody_removed_from_the_store_is_missed(recorder: Recorder) -> None:
    """Named by its address."""
    recorder.record(0, 1)
    gone = recorder.there[0]
    obstore.delete(from_url(recorder.url), gone.removeprefix(f"{recorder.url}/"))

    for place in (Where(recorder.folder, recorder.url), recorder.url):
        (left,) = read(place).left_out
        assert str(left.path).endswith(gone.removeprefix(f"{recorder.url}/"))
        assert left.why == "was written and is not there any more"


def test_a_damaged_file_in_the_store_is_named_and_left_out(recorder: Recorder) -> None:
    """By its end at each reading; by all its bytes when asked."""
    recorder.record(0, 1, 2)
    first, second, _ = recorder.there
    store = from_url(recorder.url)
    obstore.put(store, first.removeprefix(f"{recorder.url}/"), b"nothing of the kind")
    data = bytearray(obstore.get(store, second.removeprefix(f"{recorder.url}/")).bytes())
    data[100] ^= 1
    obstore.put(store, second.removeprefix(f"{recorder.url}/"), bytes(data))

    left_out = [str(left.path) for left in read(recorder.url).left_out]
    thorough = sorted(str(left.path) for left in read(recorder.url, thorough=True).left_out)

    assert (left_out, thorough) == ([first], [first, second])
    assert read(recorder.url, thorough=True).rows.collect()["flow_id"].to_list() == [2]


def test_what_is_too_old_leaves_the_store_and_what_is_held_stays(recorder: Recorder) -> None:
    """Age, size and holds are of both places."""
    recorder.record(0, 1, 2, 3)
    holds.write(gateway_folder(recorder.folder, GATEWAY), (Hold(START, START + timedelta(hours=1), "17/2026"),))

    history = recorder.record(4, keep=2 * 3600)

    assert recorder.read() == ([0, 2, 3, 4], [])
    assert history.standing.kept.held == 1
    assert len(recorder.there) == 4

    recorder.record(size=1)
    assert recorder.read() == ([0, 4], [])


def test_hours_that_are_open_stay(recorder: Recorder) -> None:
    """What is still written to is not moved."""
    history = recorder.open()
    recorder.write(history, 0)
    recorder.write(history, 1)
    history._keeper.round()

    assert not recorder.there
    history.close()
    assert len(recorder.there) == 2


@pytest.mark.parametrize(
    ("address", "sentence"),
    [("nonsense://x", "is no object store"), ("s3://", "is no object store"), ("s3:/x", "is no object store")],
)
def test_an_address_that_is_none_is_refused(address: str, sentence: str) -> None:
    """With one sentence."""
    with pytest.raises(CrossborderError, match=sentence) as refused:
        Store(address)

    assert "\n" not in str(refused.value)


def test_the_commands_read_the_store(recorder: Recorder, tmp_path: Path) -> None:
    """By address, and by the configuration."""
    recorder.record(0, 1)
    config = tmp_path / "crossborder.yaml"
    config.write_text(f"gateway: {GATEWAY}\nhistory: {{directory: {recorder.folder}, store: {recorder.url}}}\n")

    by_address = CliRunner().invoke(cli, ["history", "list", str(recorder.url)])
    by_configuration = CliRunner().invoke(cli, ["history", "check", "-c", str(config)])

    assert by_address.output.count("1 rows") == 2, by_address.output
    assert "2 hours, 2 rows" in by_address.output
    assert (by_configuration.exit_code, by_configuration.output) == (0, "2 files are fine, 0 damaged or gone\n")


def test_a_mounted_folder_is_a_store_too(tmp_path: Path, batch: Batches, crossings: Frames) -> None:
    """file:// is an address as any other."""
    (tmp_path / "nas").mkdir()
    recorder = Recorder(tmp_path / "history", Url(f"file://{tmp_path}/nas"), batch, crossings)

    recorder.record(0, 1)

    assert not recorder.here
    assert recorder.read() == ([0, 1], [])
    assert len(list((tmp_path / "nas").rglob("*.parquet"))) == 2


def test_check_tells_of_an_address_that_is_none(tmp_path: Path) -> None:
    """Before the agent starts, and without asking anybody."""
    config = tmp_path / "crossborder.yaml"
    config.write_text("history: {directory: history, store: 's3:///'}\n")

    done = CliRunner().invoke(cli, ["check", "-c", str(config)])

    assert isinstance(done.exception, CrossborderError)
    assert "is no object store" in str(done.exception)
