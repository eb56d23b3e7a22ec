"""The configuration: one YAML file, every key checked, every fault at its line; and where the package's data are."""

from __future__ import annotations

import os
from datetime import date
from pathlib import Path
from typing import Annotated, Any, Literal

from pydantic import BeforeValidator, Field, PrivateAttr

from crossborder import yamlfile
from crossborder.configvalues import (
    ContentSize,
    Country,
    Duration,
    Listen,
    Network,
    RingSize,
    Section,
    StoreSize,
    seconds,
)
from crossborder.errors import CrossborderError, Fault
from crossborder.eventsconfig import EventsSection

__all__ = ["Config", "Section", "cache_folder", "data_folder", "read", "seconds"]

COUNTED_SINCE = date(2025, 7, 1)


def data_folder(name: Literal["rules", "geoip", "dashboards", "examples"]) -> Path:
    """Return the folder of shipped data: inside the installed package, or in the checkout it is run from.

    The one function that knows where they are.
    """
    here = Path(__file__).resolve().parent
    packaged = here / "data" / name
    return packaged if packaged.is_dir() else here.parents[1] / name


def cache_folder() -> Path:
    """Return the folder for what can be made again (the unpacked country database), made when missing."""
    base = os.environ.get("CROSSBORDER_CACHE") or os.environ.get("XDG_CACHE_HOME")
    folder = Path(base) if base else Path("/var/cache") if os.geteuid() == 0 else Path.home() / ".cache"
    folder = folder / "crossborder"
    try:
        folder.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise CrossborderError.at(
            folder, f"cannot be made: {error.strerror}; name a writable folder in CROSSBORDER_CACHE"
        ) from None
    return folder


def _since_the_law_counts(given: object) -> date:
    try:
        value = date.fromisoformat(str(given))
    except ValueError:
        message = f"{given!r} is not a date, as 2026-03-31"
        raise ValueError(message) from None
    if value < COUNTED_SINCE:
        message = f"persons count since {COUNTED_SINCE} (Decree 165/2025, Article 12(10)), {value} is before"
        raise ValueError(message)
    return value


class HomeSection(Section):
    """Which networks are at home."""

    country: Country = Field("VN", description="Home country, ISO 3166 alpha-2.")
    private: bool = Field(True, description="Private, CGNAT and unique local space is home.")
    database: bool = Field(True, description="Prefixes the database places in the home country are home.")
    networks: tuple[Network, ...] = Field((), description="More home networks, as 203.0.113.0/24.")
    strict: bool = Field(False, description="Database prefixes are home only where geoip.registry says the same.")


class FlowSection(Section):
    """How long and how many flows are kept."""

    idle_timeout: Duration = Field(120.0, gt=0, description="A flow without packets for so long has ended.")
    active_timeout: Duration = Field(3600.0, gt=0, description="A flow older than this ends and a successor goes on.")
    max_flows: int = Field(
        262_144, ge=16, le=100_000_000, description="Most flows held; the longest idle one gives way."
    )


class CaptureSection(Section):
    """What is read and how."""

    interfaces: tuple[str, ...] = Field((), description="Interfaces `crossborder run` listens on.")
    engine: Literal["auto", "native", "portable", "tshark"] = Field(
        "auto", description="auto takes native if installed."
    )
    filter: str = Field("", description="BPF expression, pcap-filter(7); empty takes everything.")
    snaplen: int = Field(65_535, ge=64, le=262_144, description="Most bytes taken of a frame.")
    promiscuous: bool = Field(True, description="See frames for other hosts: what a mirror port delivers.")
    workers: int = Field(
        0, ge=0, le=256, description="Threads of the native engine; 0: a core each for interfaces, 1 for files."
    )
    ring: RingSize = Field(1 << 26, description="What the kernel keeps for us, for each worker and interface; native.")
    checksums: bool = Field(
        False,
        description="Packets with a wrong checksum are dropped, counted; native and portable.",
    )
    triage: bool = Field(True, description="The kernel counts what stays at home, where it lets us; native.")
    tick: Duration = Field(10.0, ge=0.1, le=3600, description="How often flows are reported and rules are evaluated.")
    report: Literal["crossing", "all"] = Field("crossing", description="all reports domestic flows too.")
    community_id_seed: int = Field(0, ge=0, le=65_535, description="Seed of Community ID v1.")
    flow: FlowSection = Field(FlowSection(), description="Flow table.")


class ContentSection(Section):
    """What that leaves home in the clear is searched for; engines native and portable."""

    search: bool = Field(True, description="Detectors look at what crosses in the clear.")
    shipped: bool = Field(True, description="The shipped detectors are used.")
    detectors: tuple[Path, ...] = Field((), description="More files and folders of detectors: your own.")
    disable: tuple[str, ...] = Field((), description="Ids of detectors that are not used.")
    registers: tuple[Path, ...] = Field((), description="Your own people: crossborder register build FILE.")
    limit: ContentSize = Field(
        16 << 20, description="Most that is looked at of one direction of a flow, unpacked bytes too."
    )
    depth: int = Field(4, ge=1, le=16, description="Things inside each other that are opened.")
    codings: int = Field(3, ge=1, le=8, description="Packings of a body one over the other that are undone.")


class GeoipSection(Section):
    """Where countries and operators come from."""

    country: Path | None = Field(None, description="Country MMDB; empty: the packaged IPFire database.")
    asn: Path | None = Field(None, description="ASN MMDB; empty: no operator names.")
    registry: Path | None = Field(None, description="MMDB of the registries' countries, for home.strict.")
    overlays: tuple[Path, ...] = Field((), description="CSV prefix,country[,label]: your own word over the database's.")
    nat64: tuple[Network, ...] = Field((), description="Your NAT64 /96 prefixes beside 64:ff9b::/96.")
    max_age: Duration = Field(200 * 86400.0, gt=0, description="An older database is warned of.")


class RulesSection(Section):
    """Which rules are evaluated."""

    shipped: bool = Field(True, description="The shipped pack is evaluated.")
    paths: tuple[Path, ...] = Field((), description="More rule files and folders: your own.")
    sets: tuple[Path, ...] = Field((), description="More files of named sets (country groups, networks, domains).")
    disable: tuple[str, ...] = Field((), description="Names of rules that are not evaluated.")
    shadow: Literal["count", "off", "alert"] = Field(
        "count", description="Rules of status experimental: counted alone, off, or alert as any other."
    )
    max_groups: int = Field(
        100_000, ge=1, description="Most groups a correlation keeps; the oldest gives way, counted."
    )


class MetricsSection(Section):
    """The Prometheus endpoint."""

    listen: Listen = Field("127.0.0.1:9836", description="Address and port.")
    max_series: int = Field(5_000, ge=100, description="Hard cap per metric; the rest goes to `other`.")


class StateSection(Section):
    """What outlives the agent: the count of persons, what permits were used for."""

    directory: Path | None = Field(None, description="Folder of the state file; empty: kept in memory and lost.")
    key: Path | None = Field(None, description="Key identifiers are hashed under: crossborder key make FILE.")


class BalanceSection(Section):
    """Persons the operator knows were sent abroad since 1 July 2025, and the agent did not count."""

    unit: str = Field(max_length=128, description="Unit that sent them, as in the assets file or `unit`.")
    kind: Literal["basic", "sensitive", "bank"] = Field(description="Kind of the data.")
    persons: int = Field(gt=0, le=10**12, description="Distinct persons.")
    as_of: Annotated[date, BeforeValidator(_since_the_law_counts)] = Field(description="Counted up to this day.")
    evidence: str = Field(min_length=1, description="What the number rests on, as a dossier's number.")
    note: str = Field("", description="Anything else.")


class PersonsSection(Section):
    """The count of persons sent abroad, cumulative since 1 July 2025."""

    opening_balance: tuple[BalanceSection, ...] = Field(
        (), description="Sent before the agent counted: {unit, kind, persons, as_of, evidence, note}."
    )


class HistorySection(Section):
    """The flow history: every crossing as Parquet, an hour a partition."""

    directory: Path | None = Field(None, description="Folder of the history; empty: none is kept.")
    store: str | None = Field(
        None,
        pattern="^(s3|gs|az|file)://[^/]*/?.+",
        description="Object store that hours are moved to when they are over, as s3://bucket/prefix.",
    )
    keep: Duration = Field(400 * 86400.0, gt=0, description="Older hours are removed, unless they are held.")
    size: StoreSize = Field(100 << 30, description="The oldest hours are removed when all are larger.")
    compact: bool = Field(True, description="The files of an hour that is over are made into one.")
    reserve: StoreSize = Field(
        256 << 20, description="The history stops when no more is free on its disk: events come first."
    )


class PrivacySection(Section):
    """What of people at home is not stored as it is."""

    pseudonyms: Path | None = Field(
        None, description="Key: addresses at home are stored as pseudonyms: crossborder key make --pseudonyms FILE."
    )


class EvidenceSection(Section):
    """Packet evidence: the front of the flow of each finding, encrypted; engine native."""

    directory: Path | None = Field(None, description="Folder of the files; empty: no packet is kept anywhere.")
    recipients: Path | tuple[str, ...] = Field(
        (), description="Public keys of age, age1…, or a file of them: who can open the files."
    )
    front_bytes: ContentSize = Field(64 << 10, description="How much of a flow is its front.")
    ring_bytes: RingSize = Field(64 << 20, description="Memory for packets, for each worker and interface.")
    seconds_before: Duration = Field(10.0, ge=0, le=3600, description="And its last packets by the finding, so long.")
    keep_days: int = Field(30, ge=1, description="Older files are removed.")
    keep_bytes: StoreSize = Field(1 << 30, description="The oldest files are removed when all are larger.")
    reserve: StoreSize = Field(512 << 20, description="Evidence stops when no more is free on its disk, history later.")


class Config(Section):
    """The whole configuration file."""

    gateway: str = Field("gateway", min_length=1, max_length=64, description="Name of this gateway on every record.")
    unit: str = Field("", max_length=128, description="Unit that owns the gateway.")
    home: HomeSection = HomeSection()
    capture: CaptureSection = CaptureSection()
    content: ContentSection = ContentSection()
    geoip: GeoipSection = GeoipSection()
    assets: Path | None = Field(None, description="Assets file: networks to system, owner, unit, categories.")
    permits: Path | None = Field(None, description="Permits file: the transfers that were approved.")
    rules: RulesSection = RulesSection()
    metrics: MetricsSection = MetricsSection()
    events: EventsSection = EventsSection()
    history: HistorySection = HistorySection()
    privacy: PrivacySection = PrivacySection()
    evidence: EvidenceSection = EvidenceSection()
    state: StateSection = StateSection()
    persons: PersonsSection = PersonsSection()
    _document: yamlfile.Document | None = PrivateAttr(None)

    def fault(self, message: str, *place: str | int) -> Fault:
        """Make a fault at a key of the file this was read from; without a file, one that names the key."""
        return self.located(Fault("", None, f"{'.'.join(map(str, place))}: {message}"), *place)

    def located(self, fault: Fault, *place: str | int) -> Fault:
        """Return a fault with the place of a key in the file this was read from."""
        return self._document.fault(fault.message, *place) if self._document else fault


def read(path: Path | None) -> Config:
    """Read a configuration file; without one, every default. Relative paths are relative to the file's folder.

    Raises CrossborderError with every fault at its line.
    """
    if path is None:
        return Config()
    document = yamlfile.read(path)
    config: Config = _anchored(yamlfile.fill(document, Config), path.resolve().parent)
    config._document = document  # noqa: SLF001 - ours: pydantic's private attributes are set after the model
    return config


def _anchored(section: Any, folder: Path) -> Any:  # noqa: ANN401 - sections, tuples and plain values
    """Make relative paths of a section relative to the configuration file's folder."""
    if isinstance(section, Path):
        return section if section.is_absolute() else folder / section
    if isinstance(section, tuple):
        return tuple(_anchored(item, folder) for item in section)
    if isinstance(section, Section):
        return section.model_copy(
            update={k: _anchored(getattr(section, k), folder) for k in type(section).model_fields}
        )
    return section
