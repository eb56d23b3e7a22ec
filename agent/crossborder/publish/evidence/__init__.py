"""Packet evidence: the front of the flow of each finding as a small pcapng file, sealed to recipients' keys."""

from crossborder.publish.evidence.sealing import Seal
from crossborder.publish.evidence.sink import Evidence
from crossborder.publish.evidence.store import Store

__all__ = ["Evidence", "Seal", "Store"]
