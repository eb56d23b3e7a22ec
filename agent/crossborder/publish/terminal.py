"""The terminal: countries, findings, books and notes as tables, events as cards. Wire text is shown, never obeyed."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

from rich.box import SIMPLE_HEAD
from rich.console import Group
from rich.padding import Padding
from rich.table import Table
from rich.text import Text

from crossborder.model import LEVELS, UNKNOWN_COUNTRY, Inspection
from crossborder.publish.summary import Summary
from crossborder.publish.units import size_of, span_of
from crossborder.telemetry import printable

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    from rich.console import Console

    from crossborder.model import Books
    from crossborder.publish.summary import Broken, Destination

__all__ = ["Summary", "card", "show_events", "show_summary"]

TOP = 20
BAR = 14
COLOURS = dict(zip(LEVELS, ("blue", "cyan", "yellow", "red", "bold white on red"), strict=True))


def show_summary(console: Console, summary: Summary, *, elapsed: float | None = None, now: float | None = None) -> None:
    """Print the tables of a replay; `elapsed` seconds it took, `now` seconds since 1970 to tell databases' age by."""
    plain = console.options.ascii_only
    _print(console, Text("What left the country", style="bold"), _destinations(summary, plain=plain))
    _print(console, Text("Findings", style="bold"), _findings(summary))
    _print(console, Text("Books", style="bold"), _books(summary.books, plain=plain))
    for note in _notes(summary, elapsed, now):
        console.print(Text(note), highlight=False)


def show_events(console: Console, events: Sequence[Mapping[str, Any]]) -> None:
    """Print events as cards of a few lines each."""
    for event in events:
        console.print(card(event), highlight=False)


def _print(console: Console, title: Text, table: Table | None) -> None:
    console.print(title)
    console.print(Text("  none\n") if table is None else table, highlight=False)


def _table(*columns: tuple[str, bool]) -> Table:
    """Make a table of (heading, is a number) columns."""
    table = Table(box=SIMPLE_HEAD, padding=(0, 1, 0, 0), header_style="dim")
    for heading, number in columns:
        table.add_column(Text(heading), justify="right" if number else "left", overflow="fold", no_wrap=number)
    return table


def _destinations(summary: Summary, *, plain: bool) -> Table | None:
    found = sorted(summary.destinations.items(), key=lambda item: (-item[1].bytes_out, -item[1].bytes_in, item[0]))
    if not found:
        return None
    total = summary.bytes_out or 1
    table = _table(("Country", False), ("Out", True), ("In", True), ("Flows", True), ("Basis", False), ("Share", False))
    for code, destination in found[:TOP]:
        table.add_row(*_destination(code, destination, destination.bytes_out / total, plain=plain))
    if rest := found[TOP:]:
        table.add_row(*_cells(f"{len(rest)} more", *_sums([d for _, d in rest])))
    table.add_section()
    table.add_row(*_cells("all", *_sums([d for _, d in found])), style="bold")
    return table


def _destination(code: str, found: Destination, share: float, *, plain: bool) -> list[Text]:
    bar = ("#" if plain else "█") * round(share * BAR)
    basis = Text(" ".join(sorted(found.bases)))
    name = Text(code, style="bold yellow" if code == UNKNOWN_COUNTRY else "bold")
    numbers = _cells(size_of(found.bytes_out), size_of(found.bytes_in), f"{found.flows:,}")
    return [name, *numbers, basis, Text(f"{bar:{BAR}}{share:7.1%}")]


def _sums(found: Sequence[Destination]) -> tuple[str, str, str]:
    out, back, flows = (sum(getattr(d, name) for d in found) for name in ("bytes_out", "bytes_in", "flows"))
    return size_of(out), size_of(back), f"{flows:,}"


def _cells(*texts: str) -> list[Text]:
    return [Text(printable(text)) for text in texts]


def _findings(summary: Summary) -> Table | None:
    if not summary.rules:
        return None
    worst_first = sorted(
        summary.rules.items(), key=lambda item: (-LEVELS.index(item[1].severity), -item[1].findings, item[0])
    )
    table = _table(("Severity", False), ("Rule", False), ("Found", True), ("Bytes", True), ("To", False))
    for name, rule in worst_first:
        table.add_row(*_rule(name, rule))
    return table


def _rule(name: str, rule: Broken) -> list[Text]:
    title = Text.assemble((printable(name), "bold"), "\n", (printable(rule.title), "dim"))
    found = f"{rule.findings:,}" + (f"\n({rule.permitted:,} permitted)" if rule.permitted else "")
    countries = sorted(rule.countries)
    to = " ".join(countries[:4]) + (f" +{len(countries) - 4}" if len(countries) > 4 else "")
    return [
        Text(rule.severity, style=COLOURS[rule.severity]),
        title,
        Text(found),
        Text(size_of(rule.matched_bytes)),
        Text(to),
    ]


def _books(books: Sequence[Books], *, plain: bool) -> Table | None:
    if not books:
        return None
    numbers = [(heading, True) for heading in ("Received", "In flows", "Domestic", "Dropped")]
    table = _table(("Interface", False), *numbers, ("Balanced", False))
    for book in books:
        counts = (book.packets, book.flow_packets, book.domestic_packets, sum(book.dropped.values()))
        name = Text(printable(book.interface), style="bold")
        table.add_row(name, *_cells(*(f"{count:,}" for count in counts)), _balance(book, plain=plain))
    return table


def _balance(book: Books, *, plain: bool) -> Text:
    if book.balanced:
        return Text("yes" if plain else "✓", style="green")
    return Text("NO" if plain else "✗", style="bold red")


def _notes(summary: Summary, elapsed: float | None, now: float | None) -> Iterator[str]:
    packets = sum(book.packets for book in summary.books)
    size = sum(book.bytes for book in summary.books)
    if summary.first_ns is not None and summary.last_ns is not None:
        span = (summary.last_ns - summary.first_ns) / 1e9
        begin, end = (_clock(ns // 10**9) for ns in (summary.first_ns, summary.last_ns))
        yield f"{packets:,} packets, {size_of(size)} in {span_of(span)} of capture, {begin} to {end}."
    else:
        yield f"{packets:,} packets, {size_of(size)}; no flow is reported."
    if elapsed:
        yield f"Read in {span_of(elapsed)}: {packets / elapsed:,.0f} packets/s."
    for book in summary.books:
        if reasons := ", ".join(f"{reason} {count:,}" for reason, count in sorted(book.dropped.items()) if count):
            yield printable(f"Dropped on {book.interface}: {reasons}.")
    if summary.transit_flows:
        yield f"Transit, neither end at home: {size_of(summary.transit_bytes)}, flows: {summary.transit_flows:,}."
    if databases := [f"{name}{_age(build, now)}" for name, build in sorted(summary.databases.items())]:
        more = f" and {len(databases) - 5} more" if len(databases) > 5 else ""
        yield printable(f"Countries by {'; '.join(databases[:5])}{more}.")
    if summary.bytes_out:
        unknown = summary.destinations[UNKNOWN_COUNTRY].bytes_out if UNKNOWN_COUNTRY in summary.destinations else 0
        opaque = summary.inspected.get(Inspection.OPAQUE.value, 0)
        yield f"To an unknown country: {unknown / summary.bytes_out:.1%} of what left."
        yield f"Opaque, neither content nor names readable: {opaque / summary.bytes_out:.1%} of what left."


def _age(build: int | None, now: float | None) -> str:
    if build is None:
        return ""
    built = f", built {datetime.fromtimestamp(build, UTC):%Y-%m-%d}"
    return built if now is None else f"{built}, {max(0, int(now - build) // 86400):,} days old"


def _clock(seconds: int) -> str:
    return f"{datetime.fromtimestamp(seconds, UTC):%Y-%m-%d %H:%M:%S}Z"


def card(event: Mapping[str, Any]) -> Group:
    """Return an event as a few lines; of what is no event of ours KeyError, TypeError, ValueError, AttributeError."""
    own = event["crossborder"]
    head = Text.assemble(
        (f" {own['severity']} ", COLOURS[own["severity"]]),
        (f" {printable(event['rule']['name'])}", "bold"),
        f"  {printable(own['decision'])}  ",
        (printable(event["@timestamp"]), "dim"),
    )
    reasons = [f"because {why['field']} {why['test']} (is {why['value'] or 'nothing'})" for why in own.get("why", [])]
    body = [Text(printable(line)) for line in _lines(event)] + [Text(printable(r), style="dim") for r in reasons]
    return Group(head, *(Padding(line, (0, 0, 0, 3), expand=False) for line in body), "")


def _lines(event: Mapping[str, Any]) -> Iterator[str]:
    own, source, destination = event["crossborder"], event["source"], event["destination"]
    yield event["rule"]["description"]
    holder = ", ".join(filter(None, (own.get("system"), own.get("owner"))))
    operator = destination.get("as", {}).get("organization", {}).get("name")
    yield f"from {_end(source)}" + (f" ({holder})" if holder else "")
    country = destination["geo"]["country_iso_code"]
    yield f"to   {_end(destination)} in {country} by {own['country_basis']}" + (f", {operator}" if operator else "")
    seen = [destination.get("domain"), event["network"].get("protocol"), own.get("inspection")]
    seen += [f"{size_of(source['bytes'])} out", f"{size_of(destination['bytes'])} in", *own.get("categories", [])]
    yield ", ".join(filter(None, seen))
    permit = own.get("permit", {})
    if permit:
        name = f"permit {permit['id']}" if "id" in permit else "no permit"
        yield f"{name}: {permit['reason']}" if "reason" in permit else name


def _end(end: Mapping[str, Any]) -> str:
    ip = f"[{end['ip']}]" if ":" in end["ip"] else end["ip"]
    return f"{ip}:{end['port']}" if end.get("port") else end["ip"]
