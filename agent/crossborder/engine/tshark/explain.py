"""Prints the protocol tree of one flow, as Wireshark would show it."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Final

from crossborder.engine.communityid import community_id as id_of
from crossborder.engine.home import Home
from crossborder.engine.portable.frame import UnreadableError
from crossborder.engine.tshark.capture import dissect, print_frames
from crossborder.engine.tshark.decode import Decoder
from crossborder.engine.tshark.files import check_capture, readable
from crossborder.engine.tshark.settings import dissect_parameters, safe_parameters
from crossborder.errors import CrossborderError
from crossborder.prefixes import PrefixSet

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

DEFAULT_LIMIT: Final = 20  # packets
_COMMUNITY_ID = re.compile(r"1:[A-Za-z0-9+/]{27}=")
_LISTED = 10  # packet numbers named in the first line
_NEAREST = 3  # ids named when none fits


def explain(path: Path, community_id: str, seed: int = 0, limit: int = DEFAULT_LIMIT) -> Iterator[str]:
    """Yield, line by line, the protocol trees of the first packets of a flow.

    A packet belongs to the flow when the tuple of any of its IP layers has that Community ID v1: of a tunnel or of
    what is in it. Raises CrossborderError when the id is none, when no packet has it, and for a file that cannot be
    read; for one that is cut or damaged, after what could be read.
    """
    if not _COMMUNITY_ID.fullmatch(community_id):
        raise CrossborderError(f"{community_id!r} is not a Community ID v1, as 1:wCb3OG7yAFWelaUydu0D+125CLM=")
    check_capture(path)
    with readable(path) as (file, damage):
        numbers, ids, fault = _find(file, str(path), community_id, seed)
        if numbers:
            yield _heading(community_id, numbers, limit)
            yield from print_frames(file, numbers[:limit], safe_parameters())
    missing = None if numbers else CrossborderError.at(path, _nothing_found(community_id, seed, ids))
    faults = [error for error in (damage or fault, missing) if error is not None]
    if faults:
        raise CrossborderError.joined(faults)


def _find(path: Path, name: str, wanted: str, seed: int) -> tuple[list[int], set[str], CrossborderError | None]:
    """Return the numbers of the packets of a flow, the ids of all flows, and what was wrong with the file."""
    decoder = Decoder(Home(PrefixSet(())))
    numbers: list[int] = []
    ids: set[str] = set()
    try:
        for number, tree in enumerate(dissect(path, name, dissect_parameters()), 1):
            try:
                packets = decoder.packets(tree.layers, 0, name)
            except UnreadableError:
                continue
            found = {id_of(p.src, p.dst, p.proto, p.sport, p.dport, seed) for p in packets}
            ids |= found
            if wanted in found:
                numbers.append(number)
    except CrossborderError as error:
        return numbers, ids, error
    return numbers, ids, None


def _heading(community_id: str, numbers: list[int], limit: int) -> str:
    """Say which packets are shown, and how many there are."""
    listed = ", ".join(map(str, numbers[:_LISTED])) + (", …" if len(numbers) > _LISTED else "")
    shown = f"the first {limit} of {len(numbers)}" if len(numbers) > limit else f"{len(numbers)}"
    return f"Flow {community_id}: {shown} packet{'s' if len(numbers) > 1 else ''} ({listed})"


def _nothing_found(community_id: str, seed: int, ids: set[str]) -> str:
    """Say that no packet fits, and what would."""
    if not ids:
        return f"no packet belongs to flow {community_id}: there is no IP packet in the file"
    nearest = sorted(ids, key=lambda known: sum(a != b for a, b in zip(known, community_id, strict=True)))[:_NEAREST]
    flows = "1 flow" if len(ids) == 1 else f"{len(ids)} flows"
    return f"no packet belongs to flow {community_id} (seed {seed}); the file has {flows}: {', '.join(nearest)}" + (
        " …" if len(ids) > _NEAREST else ""
    )
