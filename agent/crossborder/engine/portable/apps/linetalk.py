"""Follows protocols of lines (mail, file transfer) and notices when TLS takes over."""

from __future__ import annotations

from typing import TYPE_CHECKING

from crossborder.engine.portable.apps import tls
from crossborder.engine.portable.apps.talk import Step

if TYPE_CHECKING:
    from crossborder.engine.portable.apps.talk import Scene

MAX_LINE = 4096  # what is longer is cut; RFC 5321 4.5.3.1 asks for 1,000
MAX_LINES = 256  # after which a talk that only waits for TLS stops waiting


class LineTalk:
    """Cuts both directions into lines. By itself it only waits for TLS (IMAP, POP3 and their like)."""

    READS = False  # it hands over what goes out for detectors; else they see the stream

    def __init__(self, scene: Scene) -> None:
        """Write into its names."""
        self.rest = b""
        self._scene = scene
        self._names = scene.names
        self._held = {False: bytearray(), True: bytearray()}
        self._lines = 0

    def feed(self, outward: bool, data: bytes) -> Step:
        """Take bytes of one direction."""
        if self.READS:
            self._scene.take_over()
        step = self._follow(outward, data)
        if step is not Step.MORE:
            self._scene.give_back(len(self.rest))
        return step

    def _follow(self, outward: bool, data: bytes) -> Step:
        held = self._held[outward]
        while data and not self.over():
            if not held:
                data = self.content(outward, data)
            elif len(held) < tls.RECORD_HEADER:  # the end of a line may be among them
                data = bytes(held) + data
                held.clear()
            if not held and data:
                verdict = tls.looks_like_record(data[: tls.RECORD_HEADER])
                if verdict:
                    self.rest = data
                    return Step.UPGRADE
                if verdict is None:
                    held += data
                    break
            piece, end, data = data.partition(b"\n")
            held += piece[: MAX_LINE - len(held)]
            if end:
                line = bytes(held).rstrip(b"\r")
                held.clear()
                self.line(outward, line)
        return Step.DONE if self.over() else Step.MORE

    def line(self, outward: bool, line: bytes) -> None:
        """Take one line, its end cut off."""
        del outward, line
        self._lines += 1

    def content(self, outward: bool, data: bytes) -> bytes:
        """Take what of the data is no line but content, and return the rest."""
        del outward
        return data

    def over(self) -> bool:
        """Tell whether nothing more is to be learnt."""
        return self._lines > MAX_LINES

    def gap(self, outward: bool) -> None:
        """Begin a new line with what comes next."""
        self._held[outward].clear()
