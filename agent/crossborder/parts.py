"""The parts that may change while the agent runs: geography, home, assets, permits, rules, detectors, registers."""

from __future__ import annotations

from dataclasses import dataclass
from functools import partial
from typing import TYPE_CHECKING, TypeVar

from crossborder.classify import Assets, Contents, Geography, Meaning, home_networks
from crossborder.classify.countries import Countries
from crossborder.config import cache_folder, data_folder
from crossborder.engine.detectors import detector_files, read_detectors
from crossborder.engine.home import Home
from crossborder.errors import Attempts, CrossborderError
from crossborder.match.files import CATALOG
from crossborder.match.permits import Permits
from crossborder.match.persons.marks import Balance, marks_in
from crossborder.match.recall import ruleset_of
from crossborder.publish.appender import check as check_events_file
from crossborder.shipping import check_sinks

if TYPE_CHECKING:
    from collections.abc import Collection, Iterator
    from datetime import date
    from pathlib import Path

    from crossborder.config import Config
    from crossborder.engine.detectors import Detector
    from crossborder.engine.register import Register
    from crossborder.errors import Fault
    from crossborder.keyfile import Key
    from crossborder.match.persons.marks import Mark
    from crossborder.match.ruleset import Ruleset

T = TypeVar("T")
Stamp = tuple[int, int, int] | None
DAY = 86_400


@dataclass(frozen=True, slots=True)
class Parts:
    """What is swapped while running, all or nothing. Immutable."""

    settings: Config
    geography: Geography
    home: Home
    assets: Assets
    ruleset: Ruleset
    detectors: tuple[Detector, ...]
    registers: tuple[Register, ...]  # whose people are known
    permits: Permits
    key: Key | None  # under which identifiers are hashed
    marks: tuple[Mark, ...]  # numbers of persons to be told of
    balances: tuple[Balance, ...]  # persons counted elsewhere
    seen: dict[Path, Stamp]  # the operator's files as they were when read

    @property
    def contents(self) -> Contents:
        """What the detectors' finds are."""
        found = (Meaning(one.id, one.finds, one.items) for one in self.detectors)
        return Contents((*found, *(Meaning(one.id, one.kind, ()) for one in self.registers)))

    def aged(self, now: float) -> list[str]:
        """Return a sentence for each database older than geoip.max_age; `now` in seconds since 1970 UTC.

        Age is told, not refused: a gateway without a way to fetch databases must start again after a power cut.
        """
        limit = self.settings.geoip.max_age
        return [
            f"{database.path}: is {(now - database.build) / DAY:.0f} days old, more than geoip.max_age allows: "
            "crossborder geoip update"
            for database in self.geography.databases
            if database.build is not None and now - database.build > limit
        ]

    def state(self, config_path: Path | None) -> dict[Path, Stamp]:
        """Return the present state of every file these parts are made of."""
        return stamps(self.settings, config_path) | {path: _stamp(path) for path, _ in self.geography.sources.seen}

    def changed(self, config_path: Path | None) -> bool:
        """Tell whether a file these parts were made of was changed, removed or has appeared."""
        return self.seen != stamps(self.settings, config_path) or self.geography.changed()


def build_parts(settings: Config, config_path: Path | None = None) -> Parts:
    """Read every file the configuration names.

    Raises CrossborderError with all faults of all files, so that a person mends them in one go.
    """
    tries = Attempts()
    attempt = tries.attempt
    seen = stamps(settings, config_path)
    geography = attempt(lambda: Geography.open(settings.geoip, data_folder("geoip"), cache_folder()))
    attempt(lambda: geography and geography.annotate)  # lays out the databases now, not in the first tick
    home = attempt(lambda: _home(settings, geography))
    assets = attempt(lambda: read_assets(settings))
    ruleset = attempt(lambda: read_rules(settings))
    detectors = attempt(lambda: used_detectors(settings)) or ()
    permits = attempt(lambda: read_permits(settings))
    attempt(lambda: _check_events_file(settings))
    attempt(lambda: check_sinks(settings))
    attempt(lambda: _check_history(settings))
    attempt(lambda: _check_pseudonyms(settings))
    attempt(lambda: _check_evidence(settings))
    key = attempt(lambda: _key(settings))
    registers = attempt(lambda: used_registers(settings, key)) or ()
    marks = attempt(lambda: marks_in(catalog_path(), cache_folder()))
    balances = attempt(lambda: balances_of(settings))
    if tries.errors:
        attempt(lambda: check_detectors(detectors))  # by the way: else the engine tells when it compiles them
        raise CrossborderError.joined(tries.errors)
    assert geography and home and assets and ruleset and permits  # noqa: PT018, S101 - there when nothing was raised
    counted = (marks or (), balances or ())
    return Parts(settings, geography, home, assets, ruleset, detectors, registers, permits, key, *counted, seen)


def _check_events_file(settings: Config) -> None:
    """Raise CrossborderError when events could not be written or signed, without making a file."""
    if settings.events.file:
        check_events_file(settings.events.file)
    if settings.events.signing_key:
        from crossborder import signingkey

        signingkey.read(settings.events.signing_key)


def _check_history(settings: Config) -> None:
    """Raise CrossborderError when the flow history could not be written, without making anything."""
    if settings.history.directory:
        from crossborder.publish.history.sink import check  # needed only where one is kept

        check(settings.history.directory, settings.gateway, settings.history.store)


def _check_pseudonyms(settings: Config) -> None:
    """Raise CrossborderError when pseudonyms could not be made."""
    if settings.privacy.pseudonyms:
        from crossborder import pseudonyms  # and with it the extension

        pseudonyms.read(settings.privacy.pseudonyms)


def _check_evidence(settings: Config) -> None:
    """Raise CrossborderError when evidence could not be sealed."""
    section = settings.evidence
    if section.directory and not section.recipients:
        message = "evidence is never kept in clear: name who can open it, public keys as age-keygen makes them"
        raise CrossborderError(settings.fault(message, "evidence", "recipients"))
    if section.directory:
        from crossborder.publish.evidence.sealing import Seal  # needed only where packets are kept

        try:
            Seal(section.recipients)
        except CrossborderError as error:  # what names no file is about the configuration
            located = (f if f.path else settings.fault(f.message, "evidence", "recipients") for f in error.faults)
            raise CrossborderError(*located) from None


def _key(settings: Config) -> Key | None:
    """Read the key, and look whether it is the state's; raises CrossborderError when the two do not fit."""
    if settings.state.key is None:
        if settings.state.directory:
            message = "needs state.key, under which persons are told apart: crossborder key make FILE"
            raise CrossborderError(settings.fault(message, "state", "directory"))
        return None
    from crossborder import keyfile, statefile  # and with it SQLite, for who keeps a state

    key = keyfile.read(settings.state.key)
    if settings.state.directory:
        statefile.fits(settings.state.directory / statefile.FILE_NAME, key)
    return key


def balances_of(settings: Config) -> tuple[Balance, ...]:
    """Return the opening balances; raises CrossborderError where one is given twice."""
    faults: list[Fault] = []
    first: dict[tuple[str, str, date], int] = {}
    for at, given in enumerate(settings.persons.opening_balance):
        if first.setdefault((given.unit, given.kind, given.as_of), at) != at:
            message = f"persons of {given.unit!r}, {given.kind}, as of {given.as_of} are given twice"
            faults.append(settings.fault(message, "persons", "opening_balance", at))
    if faults:
        raise CrossborderError(*faults)
    return tuple(Balance(**dict(given)) for given in settings.persons.opening_balance)


def _home(settings: Config, geography: Geography | None) -> Home | None:
    faults = []
    if settings.home.strict and not settings.geoip.registry:
        faults.append(settings.fault("needs geoip.registry, a database of the registries' countries", "home", "strict"))
    if settings.home.country not in Countries.read(data_folder("geoip")):
        faults.append(settings.fault(f"{settings.home.country!r} is no ISO 3166 country", "home", "country"))
    if faults:
        raise CrossborderError(*faults)
    return Home(home_networks(settings.home, geography, cache_folder()), geography.nat64) if geography else None


def rule_paths(settings: Config) -> tuple[tuple[Path, ...], tuple[Path, ...]]:
    """Return the files and folders of rules, and those of named sets: the shipped ones and the operator's own."""
    shipped = data_folder("rules")
    pack = (shipped / "vn",) if settings.rules.shipped else ()
    return (*pack, *settings.rules.paths), (shipped / "sets", *settings.rules.sets)


def catalog_path() -> Path:
    """Return the file of the catalog: what is known of the list of core and important data."""
    return data_folder("rules") / CATALOG


def read_assets(settings: Config) -> Assets:
    """Read the operator's assets, their items held to the catalog; raises CrossborderError with every fault."""
    return Assets.read(settings.assets, _catalog_items()) if settings.assets else Assets()


def _catalog_items() -> Collection[str]:
    from crossborder.match.catalog import Catalog  # needed only where the operator names items

    return Catalog.read(catalog_path()).ids


def read_permits(settings: Config, path: Path | None = None) -> Permits:
    """Read the operator's permits, or those of another file; raises CrossborderError with every fault."""
    path = path or settings.permits
    if not path:
        return Permits()
    from crossborder.match.catalog import Catalog  # needed only with permits

    countries = Countries.read(data_folder("geoip")).codes
    return Permits.read(path, countries, Catalog.read(catalog_path()).ids)


def read_rules(settings: Config, paths: tuple[Path, ...] = ()) -> Ruleset:
    """Read the rules the configuration names, or those at other paths; raises CrossborderError with every fault."""
    configured, sets = rule_paths(settings)
    countries = Countries.read(data_folder("geoip")).codes
    disable = () if paths else settings.rules.disable
    try:
        return ruleset_of(
            paths or configured,
            sets,
            disable,
            countries,
            settings.home.country,
            cache_folder(),
            catalog_path(),
            partial=bool(paths),
            shadow=settings.rules.shadow,
        )
    except CrossborderError as error:  # what names no file is about rules.disable
        raise CrossborderError(
            *(f if f.path else settings.located(f, "rules", "disable") for f in error.faults)
        ) from None


def used_detectors(settings: Config) -> tuple[Detector, ...]:
    """Return the detectors that the configuration asks for; raises CrossborderError with every fault."""
    content = settings.content
    if not content.search:
        return ()
    shipped = read_detectors(_shipped_detectors(settings))
    own = read_detectors(content.detectors, _catalog_items()) if content.detectors else ()
    detectors = tuple({detector.id: detector for detector in (*shipped, *own)}.values())
    known = [detector.id for detector in detectors]
    faults = [
        settings.fault(f"{name!r} is no detector: there are {', '.join(known)}", "content", "disable", at)
        for at, name in enumerate(content.disable)
        if name not in known
    ]
    if faults:
        raise CrossborderError(*faults)
    return tuple(detector for detector in detectors if detector.id not in content.disable)


def _shipped_detectors(settings: Config) -> tuple[Path, ...]:
    return (data_folder("rules") / "detectors",) if settings.content.shipped else ()


def check_detectors(detectors: Collection[Detector]) -> None:
    """Look whether detectors compile; raises CrossborderError with the line of each that does not."""
    from crossborder.engine.compiling import check_compiled  # and with it both engines' compilers

    check_compiled(detectors)


def used_registers(settings: Config, key: Key | None) -> tuple[Register, ...]:
    """Return the registers of one's own people; raises CrossborderError with every fault.

    Without a key there is one fault at most: either none is named, or why it could not be read is told already.
    """
    paths = settings.content.registers
    if not paths or not settings.content.search:
        return ()
    if settings.state.key is None:
        message = "needs state.key, the key they were made under: crossborder register show FILE tells its fingerprint"
        raise CrossborderError(settings.fault(message, "content", "registers"))
    from crossborder.engine import register

    tries = Attempts()
    found = [(at, tries.attempt(partial(register.read, path, key))) for at, path in enumerate(paths)]
    first: dict[str, int] = {}
    for at, one in found:
        if one and first.setdefault(one.name, at) != at:
            message = f"name {one.name!r} is that of {paths[first[one.name]]}, too: crossborder register build --name"
            tries.errors.append(CrossborderError(settings.fault(message, "content", "registers", at)))
    if tries.errors:
        raise CrossborderError.joined(tries.errors)
    return tuple(one for _, one in found if one)


def stamps(settings: Config, config_path: Path | None) -> dict[Path, Stamp]:
    """Return the present state of every file that a configuration names, and of its own."""
    return {path: _stamp(path) for path in _files(settings, config_path)}


def _files(settings: Config, config_path: Path | None) -> Iterator[Path]:
    if config_path:
        yield config_path
    if settings.assets:
        yield settings.assets
    if settings.permits:
        yield settings.permits
    yield from settings.content.registers
    yield from detector_files((*_shipped_detectors(settings), *settings.content.detectors))
    yield catalog_path()
    for place in (path for paths in rule_paths(settings) for path in paths):
        yield from sorted(place.rglob("*.yaml")) if place.is_dir() else (place,)


def _stamp(path: Path) -> Stamp:
    try:
        stat = path.stat()
    except OSError:
        return None
    return stat.st_mtime_ns, stat.st_size, stat.st_ino
