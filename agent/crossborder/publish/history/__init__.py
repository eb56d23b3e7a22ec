"""The flow history: every crossing as Parquet, a row for each flow and hour, in partitions by gateway and hour."""

from crossborder.publish.history.keeping import Limits
from crossborder.publish.history.reading import read
from crossborder.publish.history.sink import History

__all__ = ["History", "Limits", "read"]
