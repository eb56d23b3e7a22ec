"""Gathers what there is of a time: the files of all gateways, in the folder and in the store, and what is missing."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple
from urllib.parse import unquote

from crossborder.publish.history import inventory
from crossborder.publish.history.inventory import NAME, Inventory
from crossborder.publish.history.places import Url, files_of, gateways, standing
from crossborder.publish.history.store import Store

if TYPE_CHECKING:
    from collections.abc import Iterable
    from pathlib import Path

    from crossborder.publish.history.inventory import Span
    from crossborder.publish.history.places import File, Place

GONE = "was written and is not there any more"


class LeftOut(NamedTuple):
    """A file that is not in a frame, and why."""

    path: Place
    why: str


class Gathered(NamedTuple):
    """The files of some hours, what is known to lack, and when somebody recorded, by gateway."""

    files: list[File]
    left_out: list[LeftOut]
    recorded: dict[str, tuple[Span, ...]]


class Where(NamedTuple):
    """Where a history is: a folder, and the store that its hours are moved to; or a store alone."""

    folder: Path | None = None
    store: Url | None = None


def where(place: Place | Where) -> Where:
    """Return where a history is by a folder or an address."""
    if isinstance(place, Where):
        return place
    return Where(store=place) if isinstance(place, Url) else Where(folder=place)


def gather(place: Where, first: int, after: int) -> Gathered:
    """Return what there is of the hours from one to before another. A store that does not answer is left out."""
    found = Gathered([], [], {})
    here = {_name(folder): folder for folder in gateways(place.folder)} if place.folder else {}
    store = Store(place.store) if place.store else None
    there = _gateways(store, found.left_out) if store else {}
    for name in sorted({*here, *there}):
        folder, moved = here.get(name), there.get(name)
        files = list(files_of(folder, first, after)) if folder else []
        if store and moved:
            files = _united(files, _files(store, moved, found.left_out), first, after)
        stand = standing(files)[0]
        said = _inventory(folder, store, moved, found.left_out)
        missing = said.missing(stand, here=folder is not None, stored=moved is not None)
        found.files.extend(stand)
        found.left_out.extend(LeftOut(one.place, GONE) for one in missing if first <= one.hour < after)
        found.recorded[name] = said.recorded
    return found


def _name(folder: Place) -> str:
    return unquote(folder.name.removeprefix("gateway="))


def _gateways(store: Store, left_out: list[LeftOut]) -> dict[str, Url]:
    try:
        return {_name(folder): folder for folder in store.gateways()}
    except OSError as error:
        left_out.append(LeftOut(store.url, str(error.strerror)))
        return {}


def _files(store: Store, folder: Url, left_out: list[LeftOut]) -> list[File]:
    try:
        return store.files_of(folder)
    except OSError as error:
        left_out.append(LeftOut(folder, str(error.strerror)))
        return []


def _united(here: list[File], there: Iterable[File], first: int, after: int) -> list[File]:
    """Return files of both places; one that a crash has left in both is there once."""
    known = {file[1:6] for file in here}
    return here + [file for file in there if first <= file.hour < after and file[1:6] not in known]


def _inventory(folder: Path | None, store: Store | None, moved: Url | None, left_out: list[LeftOut]) -> Inventory:
    """Return what a gateway's inventory says, the one beside the segment first; what cannot be read of it is named."""
    place: Place = folder or moved or Url()
    try:
        said = inventory.read(folder) if folder else Inventory()
        if not folder and store and moved:
            said = store.inventory_of(moved)
    except OSError as error:
        left_out.append(LeftOut(place / NAME, error.strerror or str(error)))
        return Inventory()
    left_out += (LeftOut(place / NAME, f"line {number} says nothing") for number in said.unread)
    return said
