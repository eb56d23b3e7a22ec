"""Loss and health: what the metrics say of the agent itself, each with whether it needs a look."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import TYPE_CHECKING, NamedTuple

from crossborder.publish.units import size_of, span_of

if TYPE_CHECKING:
    from collections.abc import Callable

    from crossborder.top.sample import Sample
    from crossborder.top.state import State

CAPTURE_LOSS, COVERAGE, LAG_SECONDS, DATABASE_DAYS = 0.001, 0.99, 5.0, 200
"""Beyond these it needs a look; the alerts of dashboards/prometheus have the same."""
LOST = ("kernel", "ring")


class Check(NamedTuple):
    """One thing that may be wrong: its name, what it is now, whether that is well, what it means."""

    name: str
    now: str
    well: bool
    meaning: str


def checks(state: State) -> list[Check]:
    """Return all checks in the order they are shown; none before the first scrape."""
    sample = state.now
    return [check(state, sample) for check in _CHECKS] if sample else []


def _received(state: State, sample: Sample) -> Check:
    down = sorted(labels[0] for labels, up in sample.sums("capture_interface_up", "interface").items() if not up)
    packets, size = state.rate("capture_packets_total"), state.rate("capture_bytes_total")
    if packets is None or size is None:
        now = f"{sample.total('capture_packets_total'):,.0f} packets"
    else:
        now = f"{packets:,.0f}/s, {size_of(round(size))}/s"
    if down:
        now = f"{', '.join(down)} down"
    return Check("received", now, not down, "packets and bytes of frames; an interface that is down is waited for")


def _lost(state: State, sample: Sample) -> Check:
    names = [("capture_dropped_packets_total", {"reason": reason}) for reason in LOST]
    totals = [sample.total(name, **where) for name, where in names]
    rates = [state.rate(name, **where) for name, where in names]
    received = state.rate("capture_packets_total")
    if received is None or None in rates:
        lost, whole = sum(totals), sample.total("capture_packets_total")
    else:
        lost, whole = sum(rate or 0.0 for rate in rates), received
    share = lost / whole if whole else 0.0
    now = f"{share:.2%}: " + ", ".join(f"{r} {t:,.0f}" for r, t in zip(LOST, totals, strict=True))
    meaning = "share of packets that kernel or ring dropped, now; how many since the start"
    return Check("lost", now, share <= CAPTURE_LOSS, meaning)


def _left_out(_: State, sample: Sample) -> Check:
    reasons = sample.sums("capture_dropped_packets_total", "reason")
    others = sorted((-count, key[0]) for key, count in reasons.items() if key[0] not in LOST and count)
    now = ", ".join(f"{reason} {-count:,.0f}" for count, reason in others) or "nothing"
    return Check("left out", now, True, "packets in no flow, by reason, since the start: not IP, or malformed")


def _coverage(state: State, sample: Sample) -> Check:
    names = ("unseen_bytes_total", "capture_flow_bytes_total")
    rates = [state.rate(name) for name in names]
    unseen, seen = (sample.total(name) if rate is None else rate for name, rate in zip(names, rates, strict=True))
    meaning = "of the TCP bytes that were acknowledged, those that came by: a bad mirror port, another route"
    if not seen:
        return Check("coverage", "nothing to tell by", True, meaning)
    share = 1 / (1 + unseen / seen)
    return Check("coverage", f"{share:.2%}", share >= COVERAGE, meaning)


def _lag(_: State, sample: Sample) -> Check:
    lag = sample.value("capture_lag_seconds") or 0.0
    return Check("lag", span_of(lag), lag <= LAG_SECONDS, "how far the engine is behind the wire")


def _shedding(_: State, sample: Sample) -> Check:
    works = sorted(labels[0] for labels, on in sample.sums("capture_shedding", "work").items() if on)
    meaning = "work left out under load: content, then names; never counts"
    return Check("shedding", ", ".join(works) or "nothing", not works, meaning)


def _books(_: State, sample: Sample) -> Check:
    names = ("flow_packets", "domestic_packets", "dropped_packets")
    off = sample.total("capture_packets_total") - sum(sample.total(f"capture_{name}_total") for name in names)
    now = f"off by {off:,.0f}" if off else "balanced"
    return Check("books", now, not off, "packets received = in flows + domestic + dropped")


def _folded(_: State, sample: Sample) -> Check:
    metrics = sorted(labels[0] for labels, n in sample.sums("series_dropped_total", "metric").items() if n)
    count = sample.total("series_dropped_total")
    now = f"{count:,.0f} folded" if metrics else "none folded"
    about = f" ({', '.join(metrics)})" if metrics else ""
    return Check("series", now, not metrics, f"labels that became `other`: metrics.max_series is too low{about}")


def _reload(state: State, sample: Sample) -> Check:
    well = sample.value("config_reload_success") != 0
    when = sample.value("config_last_reload_timestamp_seconds")
    ago = "" if when is None else f" {span_of(max(0.0, state.at - when))} ago"
    return Check("rules read", f"well{ago}" if well else f"FAILED{ago}", well, "the log names the faulty line")


def _database(state: State, sample: Sample) -> Check:
    missing = [labels[0] for labels, on in sample.sums("geo_database_loaded", "database").items() if not on]
    builds = sample.sums("geo_database_build_timestamp_seconds", "database")
    meaning = "the oldest database of countries; crossborder geoip update fetches a newer one"
    if missing:
        return Check("database", f"{', '.join(sorted(missing))} not loaded", False, meaning)
    if not builds:
        return Check("database", "does not say its age", True, meaning)
    build, name = min((build, labels[0]) for labels, build in builds.items())
    days = max(0, int(state.at - build) // 86_400)
    return Check("database", f"{days:,} days, {name}", days <= DATABASE_DAYS, meaning)


def _events(_: State, sample: Sample) -> Check:
    written, failed, lost = (sample.value(f"events_{word}_total") or 0.0 for word in ("written", "failed", "lost"))
    said = [f"{count:,.0f} {word}" for count, word in ((failed, "delayed"), (lost, "lost")) if count]
    now = ", ".join([f"{written:,.0f} written", *said])
    return Check("events", now, not said, "lines of the event file; the disk is full or failing where some wait")


_CHECKS: tuple[Callable[[State, Sample], Check], ...] = (
    _received,
    _lost,
    _left_out,
    _coverage,
    _lag,
    _shedding,
    _books,
    _folded,
    _reload,
    _database,
    _events,
)


def moment(seconds: float) -> str:
    """Return a time of a scrape in UTC; of what is no time a question mark."""
    try:
        return f"{datetime.fromtimestamp(seconds, UTC):%Y-%m-%d %H:%M:%SZ}"
    except (OverflowError, ValueError, OSError):
        return "?"
