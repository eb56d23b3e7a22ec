"""Flow ids: a hash over what makes a flow itself, told apart where a tuple is used again in the same nanosecond."""

from __future__ import annotations

from collections import deque
from hashlib import sha1
from typing import Final

RECENT_IDS: Final = 65_536  # flows remembered, so that no id is given twice where the clock stood still or went back


class FlowIds:
    """The ids that were given of late. However often a tuple is used again, giving the next id costs the same."""

    def __init__(self) -> None:
        """Begin with none given."""
        self._uses: dict[int, list[int]] = {}  # first id → number of the next use, and uses remembered
        self._recent: deque[int] = deque()

    def give(self, data: bytes) -> int:
        """Return the id of a flow that is made of these bytes; that of its first use is a hash of them alone."""
        first = _hash(data)
        use = self._uses.setdefault(first, [0, 0])
        again, use[0], use[1] = use[0], use[0] + 1, use[1] + 1
        self._recent.append(first)
        return _hash(data + again.to_bytes(8, "big")) if again else first

    def forget(self) -> None:
        """Forget all but the newest."""
        while len(self._recent) > RECENT_IDS:
            first = self._recent.popleft()
            self._uses[first][1] -= 1
            if not self._uses[first][1]:
                del self._uses[first]


def _hash(data: bytes) -> int:
    return int.from_bytes(sha1(data, usedforsecurity=False).digest()[:8], "big")
