"""The PDF: the page as it is printed, by WeasyPrint, which is an extra: it stands on libraries of the system."""

from __future__ import annotations

import logging
from typing import TYPE_CHECKING

from crossborder.errors import CrossborderError

if TYPE_CHECKING:
    from datetime import datetime

NEEDS = (
    "a PDF needs WeasyPrint and Pango: pip install 'crossborder[pdf]' and "
    "apt-get install libpango-1.0-0 libpangoft2-1.0-0 libharfbuzz-subset0"
)


def pdf(html: str, until: datetime) -> bytes:
    """Return a page as PDF, dated with the end of its time: the same page makes the same bytes.

    Raises CrossborderError with what to install where something is missing.
    """
    try:
        import weasyprint
        from weasyprint.urls import URLFetcher
    except (ImportError, OSError):
        raise CrossborderError(NEEDS) from None
    for told in ("weasyprint", "fontTools"):  # which warn of CSS for screens
        logging.getLogger(told).setLevel(logging.ERROR)
    whole = html.replace("<title>", f'<meta name="dcterms.created" content="{until:%Y-%m-%dT%H:%M:%SZ}">\n<title>', 1)
    within = URLFetcher(allowed_protocols=("data",))  # what could be made to ask for something would tell who reads it
    made: bytes = weasyprint.HTML(string=whole, url_fetcher=within).write_pdf(pdf_identifier=b"crossborder")
    return made
