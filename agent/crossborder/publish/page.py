"""The landing page: one self-contained screen for whoever opens the metrics port in a browser."""

from __future__ import annotations

from html import escape
from typing import TYPE_CHECKING

from crossborder.publish.units import size_of

if TYPE_CHECKING:
    from crossborder.publish.metrics import Destination, Metrics

TOP = 15

_PAGE = """<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>Crossborder · {gateway}</title>
<style>
:root {{ color-scheme: light dark; --line: #8884; --bar: #c8102e; }}
body {{ font: 16px/1.5 system-ui, sans-serif; max-width: 46rem; margin: 3rem auto; padding: 0 1rem; }}
h1 {{ font-size: 1.6rem; margin: 0; }}
h2 {{ font-size: 1.1rem; margin: 2rem 0 .5rem; }}
p {{ margin: .2rem 0; }}
.vi {{ opacity: .75; }}
table {{ border-collapse: collapse; width: 100%; }}
th, td {{ text-align: left; padding: .3rem .6rem; border-bottom: 1px solid var(--line); }}
.n {{ text-align: right; font-variant-numeric: tabular-nums; white-space: nowrap; }}
.share {{ width: 40%; }}
.bar {{ display: block; height: .6rem; background: var(--bar); border-radius: 2px; min-width: 1px; }}
nav a {{ margin-right: 1rem; }}
footer {{ margin-top: 2rem; font-size: .85rem; opacity: .75; }}
</style>
</head>
<body>
<header>
<h1>Crossborder</h1>
<p>What leaves the country, from whom, to where, what kind of data it is, and by what right.</p>
<p class="vi" lang="vi">Dữ liệu nào ra khỏi biên giới, từ ai, đến đâu, thuộc loại nào, theo căn cứ nào.</p>
</header>
<h2>{gateway}{unit}</h2>
<p>{state}. Findings: {findings}.</p>
<nav><a href="/metrics">/metrics</a> <a href="/healthz">/healthz</a> <a href="/readyz">/readyz</a></nav>
<h2>Destinations · <span lang="vi">Nơi đến</span></h2>
{destinations}
<footer>Version {version}. Counted since the start. ZZ: country unknown.</footer>
</body>
</html>
"""


def landing_page(gateway: str, unit: str, version: str, ready: bool, metrics: Metrics) -> str:
    """Return the page as HTML."""
    found = [f"{count} {level}" for level, count in metrics.findings().items() if count]
    return _PAGE.format(
        gateway=escape(gateway),
        unit=f" · {escape(unit)}" if unit else "",
        version=escape(version),
        state="Capturing" if ready else "Not capturing yet",
        findings=", ".join(found) or "none",
        destinations=_table([d for d in metrics.destinations() if d.bytes_out or d.bytes_in]),
    )


def _table(destinations: list[Destination]) -> str:
    if not destinations:
        return "<p>Nothing has crossed the border yet.</p>"
    total = sum(d.bytes_out for d in destinations) or 1
    rows = "\n".join(_row(d, 100 * d.bytes_out / total) for d in destinations[:TOP])
    rest = len(destinations) - TOP
    more = f'\n<p>And {rest} more in <a href="/metrics">/metrics</a>.</p>' if rest > 0 else ""
    return (
        '<table>\n<tr><th>Country</th><th class="n">Out</th><th class="n">In</th><th class="n">Flows</th>'
        f'<th class="share">Share of what left</th></tr>\n{rows}\n</table>{more}'
    )


def _row(found: Destination, share: float) -> str:
    return (
        f'<tr><td>{escape(found.country)}</td><td class="n">{size_of(found.bytes_out)}</td>'
        f'<td class="n">{size_of(found.bytes_in)}</td><td class="n">{found.flows}</td>'
        f'<td><span class="bar" style="width:{share:.1f}%" title="{share:.1f} %"></span></td></tr>'
    )
