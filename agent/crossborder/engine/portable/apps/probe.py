"""A probe: how one protocol is known by its content, and who follows it."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, NamedTuple

if TYPE_CHECKING:
    from crossborder.engine.portable.apps.talk import Scene, Talk

Test = Callable[[bytes, bytes], bool | None]
"""Of a stream: (first bytes of one direction, of the other); of datagrams: (this one, the one before it that way).

True: this is it. False: it is not, whatever comes. None: more bytes are needed, which only a stream brings.
"""


class Probe(NamedTuple):
    """One protocol."""

    protocol: str
    test: Test
    make: Callable[[Scene], Talk] | None = None  # None: nothing but its name is to be learnt
    inspection: str | None = None  # what can be read of it, where Names' rule would say otherwise
