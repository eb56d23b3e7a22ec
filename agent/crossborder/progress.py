"""A progress bar on standard error while an engine reads files."""

from __future__ import annotations

import threading
from contextlib import contextmanager
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterator

    from crossborder.engine import Engine

REFRESH_SECONDS = 0.2


@contextmanager
def shown(engine: Engine, *, visible: bool) -> Iterator[None]:
    """Show how far the engine is while the block runs; on a terminal only, and gone afterwards."""
    if not visible:
        yield
        return
    from rich.console import Console
    from rich.progress import BarColumn, DownloadColumn, Progress, TextColumn, TimeRemainingColumn

    done = threading.Event()
    columns = (
        TextColumn("{task.fields[packets]:,} packets"),
        BarColumn(),
        DownloadColumn(),
        TimeRemainingColumn(),
    )
    with Progress(*columns, console=Console(stderr=True), transient=True) as bar:
        task = bar.add_task("replay", total=None, packets=0)

        def follow() -> None:
            while not done.wait(REFRESH_SECONDS):
                far = engine.progress()
                bar.update(task, completed=far.read_bytes, total=far.total_bytes or None, packets=far.packets)

        thread = threading.Thread(target=follow, name="progress", daemon=True)
        thread.start()
        try:
            yield
        finally:
            done.set()
            thread.join()
