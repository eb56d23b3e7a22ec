"""A demo day's history and hostile, empty and large records, and what is needed to make reports of them."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

import polars as pl
import pytest
from tests.review.rows import row, written

from crossborder import app, config
from crossborder.demo import write_capture
from crossborder.match.persons.standing import Standing
from crossborder.review.report.making import gather

if TYPE_CHECKING:
    from pathlib import Path

    from crossborder.review.report.sources import Sources

SINCE, UNTIL = datetime(2026, 1, 25, 17, tzinfo=UTC), datetime(2026, 1, 26, 17, tzinfo=UTC)
"""The demo's day in Viet Nam."""
MARCH = datetime(2026, 2, 28, 17, tzinfo=UTC), datetime(2026, 3, 31, 17, tzinfo=UTC)
HOSTILE = "<script>alert(1)</script>&\"'\u202e\u2066evil\u0007]]>{{7*7}}"
LONG = "Cục Đăng ký và Quản lý Hồ sơ Điện tử Quốc gia " * 5


@pytest.fixture(scope="session")
def settings(tmp_path_factory: pytest.TempPathFactory) -> config.Config:
    """Return the demo's configuration with a history."""
    folder = tmp_path_factory.mktemp("demo")
    path = folder / "demo.yaml"
    examples = config.data_folder("examples")
    text = (examples / "demo.yaml").read_text(encoding="utf-8").replace("assets.yaml", str(examples / "assets.yaml"))
    path.write_text(f"{text}permits: {examples / 'permits.yaml'}\nhistory: {{directory: history, reserve: 1MiB}}\n")
    return config.read(path)


@pytest.fixture(scope="session")
def day(settings: config.Config, tmp_path_factory: pytest.TempPathFactory) -> Sources:
    """Return what a report of the demo's day tells of."""
    capture = tmp_path_factory.mktemp("capture") / "day.pcap"
    write_capture(capture)
    agent = app.Agent(settings, app.Options(files=(capture,)))
    agent.run()
    agent.close()
    return gather(history_of(settings), settings, SINCE, UNTIL)


def history_of(settings: config.Config) -> Path:
    """Return the folder of the history."""
    assert settings.history.directory
    return settings.history.directory


@pytest.fixture(scope="session")
def nothing(settings: config.Config, tmp_path_factory: pytest.TempPathFactory) -> Sources:
    """Return what a report tells of where nothing was recorded."""
    return gather(tmp_path_factory.mktemp("empty"), settings, *MARCH)


@pytest.fixture(scope="session")
def hostile(settings: config.Config, tmp_path_factory: pytest.TempPathFactory) -> Sources:
    """Return a record in which every text the wire or a file can set is an attack."""
    told: dict[str, Any] = dict.fromkeys(("server_name", "as_org", "unit", "system", "owner"), HOSTILE)
    rows = [
        row(**told, gateway="gw<b>&", flow_id=1, categories=["core:I.26", HOSTILE]),
        row(**told | {"as_org": None}, gateway="gw<b>&", flow_id=2, country="ZZ", country_basis="unknown"),
    ]
    return gather(written(tmp_path_factory.mktemp("hostile"), *rows), settings, *MARCH)


@pytest.fixture(scope="session")
def crowd(settings: config.Config, tmp_path_factory: pytest.TempPathFactory) -> Sources:
    """Return ten thousand systems with names of two hundred characters, in many countries, at many gateways; damage."""
    folder = written(tmp_path_factory.mktemp("crowd"), *[row(gateway=f"{LONG[:60]}{n}") for n in range(6)])
    given = gather(folder, settings, *MARCH)
    names = pl.int_range(10_000, eager=True).cast(pl.String)
    countries = ["DE", "US", "CN", "SG", "JP", "FR", "GB", "HK", "TW", "KR", "AU", "CD", "ZZ", "BA", "VC"]
    shown = pl.DataFrame(
        {
            "unit": (names + LONG).str.slice(0, 200),
            "system": (names + LONG).str.slice(0, 200),
            "recipient": (names + LONG).str.slice(0, 200),
            "country": [countries[n % len(countries)] for n in range(10_000)],
        }
    )
    kinds = ["violation", "overrun", "expired", "not-yet-valid", "new-recipient", "permitted"]
    found = given.survey
    ways = _many(found.ways, shown, bytes_out=10**15, inspection="opaque")
    survey = found._replace(
        ways=ways,
        recipients=_many(found.recipients, shown, bytes_out=10**15, opaque=10**14),
        left_out=tuple((f"/history/{LONG}/{n}.parquet", LONG * 3) for n in range(500)),
    )
    transfers = _many(given.transfers, shown, permit=LONG, permit_reason=LONG).with_columns(
        decision=pl.Series([kinds[n % 6] for n in range(10_000)], dtype=given.transfers.schema["decision"])
    )
    return given._replace(survey=survey, transfers=transfers, unit=LONG, standings=tuple(map(_standing, range(30))))


def _standing(n: int) -> Standing:
    return Standing(
        unit=f"{n}{LONG}",
        kind="sensitive",
        persons=10**8,
        lower=10**8 - 10**6,
        upper=10**8 + 10**6,
        counted=10**8,
        balances=(),
        band="core" if n % 2 else "important",
        next_band=None if n % 2 else "core",
        next_at=None if n % 2 else 10**9,
        since_ns=0,
        last_ns=0,
        countries=(),
        recipients=(),
    )


def _many(frame: pl.DataFrame, names: pl.DataFrame, **values: object) -> pl.DataFrame:
    """Return a frame's first row once for each row of names."""
    rows = pl.concat([frame.head(1)] * names.height, rechunk=True)
    found = rows.with_columns(*(names[name] for name in names.columns if name in rows.columns))
    return found.with_columns(
        *(pl.lit(value).cast(found.schema[name]).alias(name) for name, value in values.items() if name in found.columns)
    )
