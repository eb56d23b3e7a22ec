"""The Rust data plane of Crossborder: packets in, one columnar batch of flow reports per tick out."""

from collections.abc import Sequence
from os import PathLike
from typing import Any, final

__version__: str

def linktype_of(name: str) -> int | None:
    """Return the link type of an interface's frames; None: no such interface, 2**32 - 1: they are no one's."""

def fuse(hashes: bytes, bits: int) -> tuple[int, int, int, int, bytes]:
    """Make a filter of keyed hashes, 8 bytes each: how many distinct ones, three numbers of layout, fingerprints."""

@final
class Home:
    """The networks at home: first and last key of each (16 bytes, IPv4 mapped), and NAT64 prefixes (12 bytes)."""

    def __new__(cls, networks: Sequence[tuple[bytes, bytes]], nat64: Sequence[bytes]) -> Home: ...

@final
class Pseudonyms:
    """What a secret of 32 bytes makes of addresses (16 bytes, IPv4 mapped) and of ids."""

    def __new__(cls, secret: bytes) -> Pseudonyms: ...
    def hide(self, keys: Sequence[bytes]) -> list[tuple[bytes, str]]: ...
    def reveal(self, keys: Sequence[bytes]) -> list[tuple[bytes, str]]: ...
    def ids(self, ids: Sequence[int]) -> list[int]: ...

@final
class Reports:
    """Reports in columns, handed over by the Arrow PyCapsule interface."""

    def __arrow_c_stream__(self, requested_schema: object = None) -> object: ...
    def __len__(self) -> int: ...

@final
class Tick:
    """What an engine hands over at each tick."""

    @property
    def reports(self) -> Reports: ...
    @property
    def books(self) -> list[dict[str, int | dict[str, int]]]: ...
    @property
    def tick_ns(self) -> int: ...
    @property
    def flows_active(self) -> int: ...
    @property
    def reader_failures(self) -> int: ...
    @property
    def shed(self) -> int: ...
    @property
    def lag_ns(self) -> int: ...
    @property
    def down(self) -> list[int]: ...

@final
class ContentSearch:
    """What content is searched for: detectors as `crossborder.engine.detectors.Search` has them, and registers."""

    def __new__(
        cls,
        detectors: list[Any],
        key: bytes,
        limit: int,
        registers: list[Any] = ...,
        depth: int = ...,
        codings: int = ...,
    ) -> ContentSearch: ...
    def triggers(self) -> list[tuple[str, str]]: ...
    def search(
        self, text: bytes
    ) -> tuple[list[tuple[str, float, int, list[int], list[str]]], list[tuple[str, list[int]]]]: ...
    def converse(
        self, pieces: list[tuple[bool, bytes]]
    ) -> tuple[tuple[list[tuple[str, float, int, list[int], list[str]]], list[tuple[str, list[int]]]], list[str]]: ...

@final
class Settings:
    """How an engine counts, whatever it reads. Times are nanoseconds."""

    def __new__(
        cls,
        *,
        tick_ns: int,
        idle_ns: int,
        active_ns: int,
        max_flows: int,
        report_all: bool = False,
        community_seed: int = 0,
        speed: float = 0.0,
        workers: int = 1,
        checksums: bool = False,
        content: ContentSearch | None = None,
        evidence: tuple[int, int, int] | None = None,
    ) -> Settings: ...

@final
class Engine:
    """Packets of files or interfaces, or pushed ones, to ticks of flow reports."""

    @staticmethod
    def open_files(
        paths: Sequence[PathLike[str]],
        names: Sequence[str],
        home: Home,
        settings: Settings,
        programs: dict[int, list[tuple[int, int, int, int]] | str],
    ) -> Engine: ...
    @staticmethod
    def listen(
        names: Sequence[str],
        home: Home,
        settings: Settings,
        *,
        ring_bytes: int,
        snaplen: int,
        promiscuous: bool,
        programs: list[list[tuple[int, int, int, int]]],
        triage: bool,
    ) -> Engine: ...
    @staticmethod
    def pushed(
        name: str, home: Home, settings: Settings, programs: dict[int, list[tuple[int, int, int, int]] | str]
    ) -> Engine: ...
    def push(self, frame: bytes, ts_ns: int, linktype: int = 1, wire_len: int = 0) -> bool: ...
    def end(self) -> None: ...
    @property
    def notes(self) -> list[str]: ...
    def next_tick(self) -> Tick | None: ...
    def faults(self) -> list[str]: ...
    def stop(self) -> None: ...
    def evidence(self, asked: Sequence[tuple[int, Sequence[str]]]) -> list[tuple[bytes, bool] | None]: ...
    def set_home(self, home: Home) -> None: ...
    def set_search(self, content: ContentSearch | None) -> None: ...
    def progress(self) -> tuple[int, int, int]: ...
