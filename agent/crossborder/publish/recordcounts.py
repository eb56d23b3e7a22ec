"""What metrics say of the record: event log, its sinks, flow history, packets of findings."""

from __future__ import annotations

from typing import TYPE_CHECKING

from crossborder.publish.shipping.destination import REASONS
from crossborder.publish.tables import Tables

if TYPE_CHECKING:
    from crossborder.publish.evidence.sink import Kept
    from crossborder.publish.history.sink import Standing
    from crossborder.publish.shipping.shipper import Standing as Shipped


class RecordCounts(Tables):
    """Takes how the record stands; may be told from any thread."""

    def events(self, written: int = 0, failed: int = 0, lost: int = 0) -> None:
        """Count events written, delayed and given up."""
        self._count("crossborder_events_written_total", (), written)
        self._count("crossborder_events_failed_total", (), failed)
        self._count("crossborder_events_lost_total", (), lost)

    def evidence(self, kept: Kept) -> None:
        """Take what was kept of packets."""
        self._follow("crossborder_evidence_files_written_total", [((), kept.files)])
        self._follow("crossborder_evidence_written_bytes_total", [((), kept.written)])
        self._follow("crossborder_evidence_misses_total", (((miss,), n) for miss, n in kept.misses.items()))
        with self._lock:
            self._of("crossborder_evidence_bytes").set((), kept.bytes)

    def history(self, standing: Standing) -> None:
        """Take how the flow history stands."""
        kept = standing.kept
        self._follow("crossborder_history_rows_written_total", [((), standing.written)])
        self._follow("crossborder_history_rows_lost_total", [((), standing.lost)])
        self._follow("crossborder_history_files_moved_total", [((), standing.kept.moved)])
        self._follow("crossborder_history_errors_total", (((fault,), n) for fault, n in standing.faults.items()))
        with self._lock:
            self._of("crossborder_history_rows_waiting").set((), standing.waiting)
            self._of("crossborder_history_room_bytes").set((), standing.room)
            self._of("crossborder_history_bytes").set((), kept.bytes)
            self._of("crossborder_history_held_partitions").set((), kept.held)
            if kept.oldest:
                self._of("crossborder_history_oldest_timestamp_seconds").set((), kept.oldest)

    def shipped(self, sink: str, standing: Shipped) -> None:
        """Take how a sink of the event log stands."""
        with self._lock:
            self._of("crossborder_sink_lines_sent_total").follow((sink,), standing.sent)
            for name, totals in (("failures", standing.failures), ("skipped_lines", standing.skipped)):
                for reason in REASONS[name]:
                    self._of(f"crossborder_sink_{name}_total").follow((sink, reason), totals[reason])
            for name, value in standing.gauges.items():
                self._of(f"crossborder_sink_{name}").set((sink,), value)

    def chain(self, sequence: int, checkpoint: float | None, room: int | None) -> None:
        """Take the number of the event log's last line, when its last checkpoint was, and bytes free on its disk."""
        with self._lock:
            self._of("crossborder_events_chain_sequence").set((), sequence)
            if checkpoint is not None:
                self._of("crossborder_events_checkpoint_timestamp_seconds").set((), checkpoint)
            if room is not None:
                self._of("crossborder_events_room_bytes").set((), room)
