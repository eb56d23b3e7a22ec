"""What an agent opens, by its configuration with the command line over it: state, event log, what is read and how."""

from __future__ import annotations

import os
from dataclasses import dataclass
from functools import partial
from typing import TYPE_CHECKING

from crossborder.engine import SECOND_NS, EngineConfig, EvidenceLimits, FlowLimits
from crossborder.errors import CrossborderError
from crossborder.match.permits.ledger import PART as PERMITS_PART
from crossborder.match.persons.tally import PERSONS_PART
from crossborder.publish.chain import Origin
from crossborder.publish.rotation import Limits, Rotation
from crossborder.searching import searching
from crossborder.shipping import may_be_file
from crossborder.statefile import FILE_NAME, StateFile

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence
    from pathlib import Path

    from crossborder.config import Config
    from crossborder.engine import Engine, EngineName
    from crossborder.parts import Parts
    from crossborder.pseudonyms import Pseudonyms
    from crossborder.publish.evidence import Evidence
    from crossborder.publish.evidence.sink import Kept
    from crossborder.publish.fanout import Sink
    from crossborder.publish.history import History
    from crossborder.publish.history.sink import Standing
    from crossborder.publish.pseudonymous import Hiding
    from crossborder.statefile import StatePart

STATE_PARTS: tuple[StatePart, ...] = (PERSONS_PART, PERMITS_PART)
MOST_PATIENCE = 900.0  # seconds an hour of the history is kept open for flows that end late
REPLAY_TICK = 300.0  # seconds of packet time: nobody waits for a dashboard, so fewer and fuller batches


@dataclass(frozen=True, slots=True)
class Options:
    """What the command line says beside, and over, the configuration file."""

    files: tuple[Path, ...] = ()
    interfaces: tuple[str, ...] = ()
    engine: EngineName | None = None
    workers: int | None = None
    bpf: str | None = None
    flows: Path | None = None
    report: str | None = None
    events: Path | None = None
    listen: str | None = None
    serve: bool = False
    speed: float = 0.0  # of files: so many times as fast as on the wire; 0: as fast as possible
    linger: bool = False  # go on serving at the end of the files
    tick: float | None = None
    summary: bool = False
    progress: bool = False
    first_events: int = 0  # kept for showing


def open_pseudonyms(settings: Config) -> Pseudonyms | None:
    """Return what makes pseudonyms, where they are asked for; raises CrossborderError when the key is not to be had."""
    if settings.privacy.pseudonyms is None:
        return None
    from crossborder import pseudonyms

    return pseudonyms.read(settings.privacy.pseudonyms)


def hidden(
    sinks: Sequence[Sink], settings: Config, names: Pseudonyms | None, failed: Callable[[str], None]
) -> list[Sink]:
    """Return the sinks that write, behind one that puts pseudonyms where they are asked for."""
    hide = _hiding(settings, names)
    if hide is None or not sinks:
        return list(sinks)
    from crossborder.publish.pseudonymous import Pseudonymous

    return [Pseudonymous(sinks, failed, hide)]


def _hiding(settings: Config, names: Pseudonyms | None) -> Hiding | None:
    if names is None:
        return None
    from crossborder.engine.communityids import community_ids
    from crossborder.publish.pseudonymous import Hiding

    return Hiding(names, partial(community_ids, seed=settings.capture.community_id_seed))


def open_history(settings: Config, tell: Callable[[Standing], None], names: Pseudonyms | None = None) -> History | None:
    """Open the gateway's flow history, where one is to be kept; raises CrossborderError when it cannot be written."""
    section = settings.history
    if section.directory is None:
        return None
    from crossborder.publish.history import History
    from crossborder.publish.history import Limits as HistoryLimits
    from crossborder.publish.history.store import Store

    patience = min(settings.capture.flow.idle_timeout + 2 * settings.capture.tick, MOST_PATIENCE)
    pause = max(300.0, 2 * settings.capture.tick)
    limits = HistoryLimits(
        section.keep,
        section.size,
        section.compact,
        section.reserve,
        round(pause * SECOND_NS),
        round(patience * SECOND_NS),
    )
    store = Store(section.store) if section.store else None
    return History(section.directory, settings.gateway, limits, tell, store, names.fingerprint if names else None)


def open_state(settings: Config, options: Options, parts: Parts) -> StateFile:
    """Open the agent's state; in memory without a folder, and for capture files: what is run twice counts once.

    Raises CrossborderError with what to do when it cannot be trusted.
    """
    if settings.state.directory is None or options.files:
        return StateFile.memory(*STATE_PARTS)
    state = StateFile.open(settings.state.directory / FILE_NAME, *STATE_PARTS)
    if parts.key:
        state.bind(parts.key.fingerprint)
    return state


def open_evidence(
    settings: Config, engine: Engine, tell: Callable[[Kept], None], names: Pseudonyms | None
) -> Evidence | None:
    """Open where packets of findings are kept, where they are to be; raises CrossborderError when that cannot be."""
    section = settings.evidence
    if section.directory is None:
        return None
    from crossborder.engine.native import NativeEngine
    from crossborder.publish.evidence import Evidence, Seal, Store
    from crossborder.publish.evidence.store import Limits

    if not isinstance(engine, NativeEngine):
        raise CrossborderError(f"engine {engine.name} keeps no packets: evidence needs engine native")
    limits = Limits(section.keep_days * 86_400.0, section.keep_bytes, section.reserve)
    store, hide = Store(section.directory, limits), _hiding(settings, names)
    return Evidence(settings.gateway, store, Seal(section.recipients), engine.evidence, tell, hide)


def _kept(settings: Config) -> EvidenceLimits | None:
    section = settings.evidence
    if section.directory is None:
        return None
    return EvidenceLimits(section.ring_bytes, section.front_bytes, round(section.seconds_before * SECOND_NS))


def log_origin(settings: Config, options: Options) -> Origin:
    """Return whose event log is written, and who signs it; raises CrossborderError where that key cannot be used."""
    events = settings.events
    signer = None
    if events.signing_key:
        from crossborder import signingkey

        signer = signingkey.read(events.signing_key)
    return Origin(
        settings.gateway,
        settings.unit,
        signer=signer,
        checkpoint_events=events.checkpoint_events,
        checkpoint_every=events.checkpoint_every,
        tick=options.tick or settings.capture.tick,
    )


def log_rotation(settings: Config, path: Path | None) -> Rotation | None:
    """Return what rotates the event log, where it is a file and rotation is wanted."""
    events = settings.events
    if path is None or (events.rotate_bytes is None and events.rotate_every is None) or not may_be_file(path):
        return None
    limits = Limits(events.rotate_bytes, events.rotate_every, events.keep, events.keep_bytes)
    return Rotation(path, limits, [sink.name for sink in events.sinks])


def engine_config(settings: Config, options: Options, parts: Parts) -> EngineConfig:
    """Return what the engine is to read and how: the configuration file, with the command line over it."""
    capture = settings.capture
    fast = bool(options.files) and not options.speed
    tick = options.tick or (max(REPLAY_TICK, capture.tick) if fast else capture.tick)
    workers = capture.workers if options.workers is None else options.workers
    return EngineConfig(
        home=parts.home,
        files=options.files,
        interfaces=() if options.files else options.interfaces or capture.interfaces,
        bpf=capture.filter if options.bpf is None else options.bpf,
        snaplen=capture.snaplen,
        promiscuous=capture.promiscuous,
        speed=options.speed,
        tick_ns=round(tick * SECOND_NS),
        report_all=(options.report or capture.report) == "all",
        community_seed=capture.community_id_seed,
        limits=FlowLimits(
            round(capture.flow.idle_timeout * SECOND_NS),
            round(capture.flow.active_timeout * SECOND_NS),
            capture.flow.max_flows,
        ),
        workers=workers or (1 if options.files else len(os.sched_getaffinity(0))),
        ring_bytes=capture.ring,
        checksums=capture.checksums,
        triage=capture.triage,
        searching=searching(parts),
        evidence=_kept(settings),
    )
