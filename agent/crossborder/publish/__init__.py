"""publish tells the world: metrics, events, the flows file and the summary, each a sink of its own."""

from crossborder.publish.fanout import Publishers, Sink

__all__ = ["Publishers", "Sink"]
