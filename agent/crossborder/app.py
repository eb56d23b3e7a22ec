"""The only place that wires: builds the agent from the configuration, starts in order, stops in reverse."""

from __future__ import annotations

import signal
import threading
import time
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

from crossborder import config as configuration
from crossborder import pipeline, telemetry
from crossborder.classify import Classifier
from crossborder.costing import Costs
from crossborder.engine import SECOND_NS
from crossborder.errors import CrossborderError
from crossborder.match import Matcher
from crossborder.match.permits.judge import Judge
from crossborder.match.permits.ledger import Ledger
from crossborder.match.permits.usage import first_warnings, usages
from crossborder.match.persons import Persons
from crossborder.match.persons.standing import gauges
from crossborder.match.persons.tally import Tally
from crossborder.model import gravest
from crossborder.opening import (
    Options,
    engine_config,
    hidden,
    log_origin,
    log_rotation,
    open_evidence,
    open_history,
    open_pseudonyms,
    open_state,
)
from crossborder.parts import Parts, build_parts, stamps
from crossborder.progress import shown
from crossborder.publish.ecs import EventMaker
from crossborder.publish.events import EventLog
from crossborder.publish.fanout import Publishers
from crossborder.publish.logfile import open_appenders
from crossborder.publish.metrics import Metrics
from crossborder.publish.summary import Summary
from crossborder.searching import Search
from crossborder.shipping import open_shippers
from crossborder.statefile import StateError, StateFile
from crossborder.telling import evicted, labels_of, legal_of, measured

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

    from crossborder.config import Config
    from crossborder.engine import Engine
    from crossborder.model import Batch
    from crossborder.publish.server import Server
    from crossborder.statefile import Kept

__all__ = ["Agent", "Options", "listen", "replay", "serve_signals"]

_LOOK = 1.0  # seconds between two looks at the files while nothing is read


class Agent:
    """One agent: an engine, the stages, the sinks; parts are swapped between two ticks."""

    def __init__(self, settings: Config, options: Options, config_path: Path | None = None) -> None:
        """Build everything and open every source and sink; nothing is captured yet.

        Raises CrossborderError with every fault of the files, or with the first that stands in the way of starting.
        """
        self._config_path = config_path
        self._options = options
        self._reload_asked = False
        self._stopped = threading.Event()
        self._closed_ns: int | None = None  # packet time of the last tick
        self._down: set[str] = set()
        self._faulty: dict[Path, Any] | None = None
        self._refused: Config | None = None
        self._record: EventLog | None = None
        self._record_path: Path | None = None
        self.parts = build_parts(settings, config_path)
        self.state = open_state(settings, options, self.parts)
        config = engine_config(settings, options, self.parts)
        self._search = Search(self.parts, config.searching)
        self.engine: Engine = self._search.open(options.engine or settings.capture.engine, config)
        self.metrics = Metrics(settings.gateway, settings.unit, settings.metrics.max_series)
        self._events = EventMaker(settings.gateway, settings.unit)
        self.classifier = Classifier(self.parts.geography, self.parts.assets, settings.unit, self.parts.contents)
        persons = Persons(Tally.read(self.state), self.parts.marks, self.parts.balances)
        self.ledger = Ledger(self.state)
        judge = Judge(self.parts.permits, self.ledger)
        self.matcher = Matcher(self.parts.ruleset, settings.rules.max_groups, persons=persons, judge=judge)
        self._costs = Costs(self.metrics.rule_cost)
        self._kept: tuple[Kept, ...] = (persons, self.ledger)
        self.metrics.state_durable(durable=self.state.path is not None)
        self._generation = 0
        self._told(self.parts)
        self.summary = Summary(self._events, options.first_events)
        self.publishers = self._open_sinks(settings)
        self.server = self._open_server(settings) if options.serve else None

    def _open_sinks(self, settings: Config) -> Publishers:
        options = self._options
        names = open_pseudonyms(settings)
        sinks: list[Any] = []
        path = options.events or settings.events.file
        if path or settings.events.stdout:
            appenders = open_appenders(path, stdout=settings.events.stdout, origin=log_origin(settings, options))
            rotation = log_rotation(settings, path)
            self._record = EventLog(self._events, appenders, self.metrics.events, self.metrics.chain, rotation)
            self._record_path = path
            sinks.append(self._record)
        shippers = open_shippers(settings, path, self._head, self.metrics.shipped, live=not options.files)
        if options.flows:
            from crossborder.publish.flows import FlowsFile

            sinks.append(FlowsFile(options.flows))
        if history := open_history(settings, self.metrics.history, names):
            sinks.append(history)
        if options.files:
            sinks.append(self.summary)
        failed = self.metrics.sink_failed
        writers = hidden(sinks, settings, names, failed)
        evidence = open_evidence(settings, self.engine, self.metrics.evidence, names)
        # closed in reverse: what the event log writes last is shipped too
        return Publishers([one for one in (self.metrics, shippers, *writers, evidence) if one], failed)

    def _head(self) -> tuple[str, int]:
        return self._record.end if self._record else ("", 0)

    def _open_server(self, settings: Config) -> Server:
        from crossborder.publish.server import Identity, Server

        listen = self._options.listen or settings.metrics.listen
        return Server(listen, self.metrics, Identity(settings.gateway, settings.unit))

    def run(self) -> None:
        """Carry batches through the pipeline until the source ends or the agent is told to stop.

        Whatever ends it, the sinks are closed in reverse and what was read before is published.
        """
        if self.server:
            self.server.start()
            self.server.ready()
        try:
            with shown(self.engine, visible=self._options.progress):
                pipeline.run(
                    self._batches(),
                    self._timed("classify", self.classifier),
                    self._timed("match", self.matcher),
                    self._timed("publish", self.publishers),
                )
        finally:
            if self.server:
                self.server.unready()
            self.publishers.close()

    def linger(self) -> None:
        """Serve the last values, and reload what changes, until told to stop."""
        while not self._stopped.wait(_LOOK):
            self._follow_files()

    def stop(self) -> None:
        """Have `run` and `linger` end; safe in a signal handler."""
        self._stopped.set()
        self.engine.stop()

    def close(self) -> None:
        """Let go of the state and stop serving; apart from `run` so that the last values can be scraped in between."""
        self.state.close()
        if self.server:
            self.server.stop()

    def _batches(self) -> Iterator[Batch]:
        begin = time.perf_counter()
        for batch in self.engine:
            self.metrics.stage_seconds("engine", time.perf_counter() - begin)
            self._tell_of_interfaces(set(batch.down))
            yield batch
            self._closed_ns = batch.tick_ns
            self._tell_of_permits(batch.tick_ns)
            self._keep()
            if self.server:
                self._costs(self.matcher)
            self.metrics.geo_lookups(self.classifier.lookups())
            stats = self.matcher.stats()
            self.metrics.match_evicted(evicted(stats))
            self.metrics.counted(stats.counted)
            self.metrics.shadow(stats.shadow)
            self._follow_files()
            begin = time.perf_counter()

    def _follow_files(self) -> None:
        """Take in what changed on disk, or all of it where that was asked for."""
        if self._reload_asked:
            self._reload_asked = False
            self._reopen()
            self.reload()
        elif self._changed():
            self.reload()
        else:
            return
        if self._closed_ns is not None:
            self._tell_of_permits(self._closed_ns)

    def _keep(self) -> None:
        """Write what must outlive the agent; after the batch was published, so that nothing is kept and never told."""
        if self.matcher.persons.changed:
            self.metrics.persons(gauges(self.matcher.persons))
        try:
            self.state.keep(self._kept)
        except StateError as error:
            self.metrics.state_not_written()
            telemetry.log().error("not kept, it is tried again with the next tick", fault=str(error))

    def _tell_of_permits(self, now_ns: int) -> None:
        """Show how far permits are used, and log once what is nearly used up or over; the time is that of packets."""
        found = usages(self.parts.permits, self.ledger, datetime.fromtimestamp(now_ns / SECOND_NS, UTC))
        self.metrics.permits({usage.id: measured(usage) for usage in found})
        for permit, sentence in first_warnings(found, self.ledger):
            telemetry.log().warning("a permit needs a look", permit=permit, reason=sentence)

    def _tell_of_interfaces(self, down: set[str]) -> None:
        """Log once when an interface goes down, and once when it is back."""
        for interface in sorted(down - self._down):
            telemetry.log().warning("interface is down or gone, it is waited for", interface=interface)
        for interface in sorted(self._down - down):
            telemetry.log().warning("interface is back", interface=interface)
        self._down = down

    def _timed(self, stage: str, call: Callable[..., Any]) -> Callable[..., Any]:
        def timed(*args: Any) -> Any:  # noqa: ANN401 - whatever the stage takes
            begin = time.perf_counter()
            try:
                return call(*args)
            finally:
                self.metrics.stage_seconds(stage, time.perf_counter() - begin)

        return timed

    def _reopen(self) -> None:
        """Open the event file anew: after rotation it has another name."""
        if self._record and self._record_path:
            self._record.reopen(self._record_path)

    def _changed(self) -> bool:
        """Tell whether files changed; a faulty state is told of once and not read again until it changes."""
        if self._faulty is not None:
            return self._state() != self._faulty  # put back as it was before, it is no fault any more
        return self.parts.changed(self._config_path)

    def _state(self) -> dict[Path, Any]:
        """Return the present state of all files of what is in force, and of what was refused."""
        refused = stamps(self._refused, self._config_path) if self._refused else {}
        return self.parts.state(self._config_path) | refused

    def ask_reload(self) -> None:
        """Read rules, detectors, assets and databases anew after the current batch; safe in a signal handler."""
        self._reload_asked = True

    def reload(self) -> None:
        """Read everything anew and swap it in, all or nothing; a fault keeps the last good parts and is logged."""
        try:
            self._refused = configuration.read(self._config_path)  # unless all goes well
            parts = build_parts(self._refused, self._config_path)
            self._search.follow(parts, self.engine)  # the last that may be refused
        except CrossborderError as error:
            for fault in error.faults:
                telemetry.log().error("not reloaded, the last good state stays", fault=str(fault))
            self.metrics.reload(ok=False, timestamp=time.time())
            paths = {fault.path for fault in error.faults}
            self.metrics.unreadable(one.name for one in self.parts.geography.databases if str(one.path) in paths)
            self._faulty = self._state()
            return
        self.classifier.replace(parts.geography, parts.assets, parts.contents)
        self.matcher.replace(parts.ruleset)
        self.matcher.persons.replace(parts.marks, parts.balances)
        self.matcher.judge.replace(parts.permits)
        self.engine.set_home(parts.home)
        self.parts, self._refused, self._faulty = parts, None, None
        self._told(parts)
        telemetry.log().info("reloaded", rules=len(parts.ruleset.enabled), generation=self._generation)

    def _told(self, parts: Parts) -> None:
        """Tell metrics and events which parts are in force."""
        ruleset = parts.ruleset
        self._generation += 1
        permitted = {country for permit in parts.permits.permits for country in permit.countries}
        self.metrics.rules(labels_of(ruleset), ruleset.sha256, self._generation, permitted)
        self.metrics.systems((system.name, gravest(system.categories)) for system in parts.assets.systems)
        self.metrics.detectors((*(one.id for one in parts.detectors), *(one.id for one in parts.registers)))
        self.metrics.databases({database.name: database.build for database in parts.geography.databases})
        self.metrics.reload(ok=True, timestamp=time.time())
        self.metrics.persons(gauges(self.matcher.persons))
        for sentence in parts.aged(time.time()):
            telemetry.log().warning("a database is old", reason=sentence)
        self._events.ruleset(ruleset.sha256, self._generation, {r.name: legal_of(r) for r in ruleset.enabled})


def replay(config_path: Path | None, options: Options) -> Agent:
    """Run capture files through an agent and return it: its summary and metrics tell the end of it.

    Raises CrossborderError after everything read before a fault was published.
    """
    agent = Agent(configuration.read(config_path), options, config_path)
    serve_signals(agent)
    begin = time.perf_counter()
    try:
        try:
            agent.run()
        finally:
            if options.summary:
                _show(agent.summary, time.perf_counter() - begin)
        if options.linger:
            agent.linger()
    finally:
        agent.close()
    return agent


def _show(summary: Summary, elapsed: float) -> None:
    from rich.console import Console

    from crossborder.publish.terminal import show_summary

    show_summary(Console(), summary, elapsed=elapsed, now=time.time())


def listen(config_path: Path | None, options: Options) -> None:
    """Run an agent on interfaces until it is told to stop."""
    settings = configuration.read(config_path)
    if not options.interfaces and not settings.capture.interfaces:
        raise CrossborderError("no interface to listen on: name one with --interface, or in capture.interfaces")
    agent = Agent(settings, options, config_path)
    serve_signals(agent)
    _tell_of_state(agent.state)
    telemetry.log().info(
        "listening",
        interfaces=list(options.interfaces or settings.capture.interfaces),
        engine=agent.engine.name,
        rules=len(agent.parts.ruleset.enabled),
        home_networks=len(agent.parts.home.networks),
        metrics=agent.server.address if agent.server else None,
    )
    try:
        agent.run()
    finally:
        agent.close()
    telemetry.log().info("ended")


def _tell_of_state(state: StateFile) -> None:
    if state.path is None:
        telemetry.log().warning("counts are kept in memory only and end with the agent: name state.directory")
    elif state.new:
        telemetry.log().warning("a new state file was made, counts begin at zero", file=str(state.path))


def serve_signals(agent: Agent) -> None:
    """Let SIGTERM and Ctrl-C close the books and end, and SIGHUP reload; only a program's main thread may."""
    if threading.current_thread() is not threading.main_thread():
        return
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, lambda *_: agent.stop())
    signal.signal(signal.SIGHUP, lambda *_: agent.ask_reload())
