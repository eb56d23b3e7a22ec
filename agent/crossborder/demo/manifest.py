"""The nouns of the demo: what was written, what was planted in it, what is innocent."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, NamedTuple

if TYPE_CHECKING:
    from pathlib import Path


class Frame(NamedTuple):
    """One frame as the gateway's interface sees it."""

    time_ns: int  # nanoseconds since 1970 UTC
    data: bytes
    wire_length: int  # more than len(data) where the capture cut the frame


class Planted(NamedTuple):
    """One conversation and what must be found in it: a rule, or nothing where it is innocent.

    Where a rule counts over several flows, any of them may be the one that is found: `community_id` is empty then, and
    so are `remote_ip` and `country` where the flows go to many places.
    """

    scene: str  # the scene of the script that made it
    rule: str  # the rule that must match; empty: no rule may
    local_ip: str
    remote_ip: str
    country: str  # expected country of remote_ip, ISO 3166 alpha-2, ZZ when nobody knows
    community_id: str


@dataclass(frozen=True, slots=True)
class Manifest:
    """What a capture holds, so that a test can ask the agent for exactly that."""

    path: Path
    seed: int
    packets: int
    bytes: int  # wire length of all frames
    first_ns: int
    last_ns: int
    planted: tuple[Planted, ...]
    innocent: tuple[Planted, ...]
    countries: dict[str, str] = field(default_factory=dict)  # every public address in it → expected country
    damaged: dict[str, int] = field(default_factory=dict)  # drop reason → frames planted for it
