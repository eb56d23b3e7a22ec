"""The one door to pyshark: runs tshark over a capture file and hands over its dissection, frame by frame."""

from __future__ import annotations

import asyncio
import json
import os
import shutil
import subprocess
import tempfile
from contextlib import closing
from typing import TYPE_CHECKING, Any, Final

from pyshark.capture.file_capture import FileCapture
from pyshark.tshark.output_parser.base_parser import BaseTsharkOutputParser

from crossborder.engine.tshark.tree import Tree
from crossborder.errors import CrossborderError

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

COMPLAINT_LIMIT: Final = 4096  # bytes kept of what tshark says on standard error
_WHEN_ROOT = b"Running as user"
_CUT, _IN_HEADER = "cut short in the middle", "or other data"
_READ: Final = 1 << 16
_END: Final = b"\n  }"  # of an element; deeper objects are indented deeper, and text has no raw line ends


def tshark_path() -> str:
    """Return the path of tshark; raises CrossborderError when it is not installed."""
    found = shutil.which("tshark")
    if found is None:
        raise CrossborderError("engine tshark: the program tshark is not installed: apt-get install tshark")
    return found


def environment(folder: str) -> dict[str, str]:
    """Return the environment tshark runs in: no one's profile, plugins or Lua scripts, names and times in no locale.

    `folder` is empty and stands for the home, the configuration and the plugins.
    """
    paths = dict.fromkeys(("HOME", "XDG_CONFIG_HOME", "WIRESHARK_CONFIG_DIR", "WIRESHARK_PLUGIN_DIR"), folder)
    return {"PATH": os.environ.get("PATH", os.defpath), "LC_ALL": "C.UTF-8", "TZ": "UTC", **paths}


def dissect(path: Path, name: str, parameters: list[str]) -> Iterator[Tree]:
    """Yield the frames of a capture file.

    Raises CrossborderError, naming the file `name`, after the last frame that could be read when the file is cut or
    damaged or tshark fails.
    """
    with tempfile.TemporaryDirectory(prefix="crossborder-tshark-") as folder, closing(asyncio.new_event_loop()) as loop:
        capture = _Capture(path, folder, loop, parameters)
        number = 0
        with closing(iter(capture)) as packets:
            for packet in packets:
                number += 1
                yield Tree(packet)
        if capture.status:
            raise CrossborderError.at(name, _fault(capture.status, capture.complaint, number))


def print_frames(path: Path, numbers: list[int], parameters: list[str]) -> Iterator[str]:
    """Yield the lines of the protocol trees of some frames, given by number in ascending order.

    Streams are put together from the frames before, as in a full dissection; frames behind the last are not read.
    """
    wanted = f"frame.number in {{{','.join(map(str, numbers))}}}"
    command = [tshark_path(), "-n", "-V", "-Y", wanted, "-c", str(numbers[-1]), *parameters, "-r", str(path)]
    with tempfile.TemporaryDirectory(prefix="crossborder-tshark-") as folder:
        shown = subprocess.run(command, env=environment(folder), capture_output=True, check=False)  # noqa: S603 - our own
    yield from shown.stdout.decode("utf-8", "replace").splitlines()


class _OrderedJson(BaseTsharkOutputParser):  # type: ignore[misc] # pyshark ships no types
    """Reads tshark's JSON array, one element a frame, as pyshark wants it read: what is there, and what is left over.

    It keeps what pyshark's own parser loses: the order of layers, and layers and fields that stand there twice. And
    each byte is looked at once: a frame that ends a large message may be printed as many megabytes.
    """

    def __init__(self) -> None:
        super().__init__()
        self._looked = 0  # bytes of the data in which no element ends

    async def get_packets_from_stream(
        self,
        stream: asyncio.StreamReader,
        existing_data: bytearray | bytes,
        got_first_packet: bool = True,  # noqa: ARG002 - pyshark's word
    ) -> tuple[Any, bytearray]:
        data = existing_data if isinstance(existing_data, bytearray) else bytearray()
        while (end := data.find(_END, self._looked)) < 0:
            self._looked = max(len(data) - len(_END), 0)
            new = await stream.read(_READ)
            if not new:
                raise EOFError
            data += new
        element = data[data.find(b"{") : end + len(_END)]
        del data[: end + len(_END)]
        self._looked = 0
        return json.loads(element.decode("utf-8", "replace"), object_pairs_hook=list, strict=False), data


class _Capture(FileCapture):  # type: ignore[misc] # pyshark ships no types
    """pyshark's capture of a file, with three things changed that matter here.

    tshark is started in an environment of its own. Its JSON is asked for with repeated keys, in order (XML takes
    three times the bytes, EK groups layers of one name). And its end is waited for: pyshark kills a tshark that has
    closed its output but not ended yet, and so loses, now and then, the news that a file was cut.
    """

    def __init__(self, path: Path, folder: str, loop: asyncio.AbstractEventLoop, parameters: list[str]) -> None:
        super().__init__(str(path), keep_packets=False, use_json=True, eventloop=loop, custom_parameters=parameters)
        self._command = [tshark_path(), "-n", "-l", "-T", "json"]
        self._folder = folder
        self._said = b""
        self.status = 0

    async def _get_tshark_process(
        self, packet_count: int | None = None, stdin: int | None = None
    ) -> asyncio.subprocess.Process:
        process = await asyncio.create_subprocess_exec(
            *self._command,
            *self.get_parameters(packet_count=packet_count),
            stdin=stdin or subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            env=environment(self._folder),
        )
        self._create_stderr_handling_task(process.stderr)
        self._running_processes.add(process)
        return process

    async def _handle_process_stderr_forever(self, stderr: asyncio.StreamReader) -> None:
        while line := await stderr.read(COMPLAINT_LIMIT):
            self._said = (self._said + line)[:COMPLAINT_LIMIT]

    def _setup_tshark_output_parser(self) -> _OrderedJson:
        return _OrderedJson()

    async def _cleanup_subprocess(self, process: asyncio.subprocess.Process) -> None:
        if not self._eof_reached and process.returncode is None:
            process.kill()
        # What is left in the pipes is read: a process is waited for until both are at their end, and neither gets there
        # while asyncio has put off reading it for being too full.
        await asyncio.gather(_emptied(process.stdout), process.wait(), *self._stderr_handling_tasks)
        self._running_processes.discard(process)
        self.status = (process.returncode or 0) if self._eof_reached else 0

    @property
    def complaint(self) -> str:
        """What tshark said was wrong."""
        lines = [line for line in self._said.splitlines() if line and not line.startswith(_WHEN_ROOT)]
        return b" ".join(lines).decode("utf-8", "replace")


async def _emptied(stream: asyncio.StreamReader | None) -> None:
    """Read a pipe to its end, for nothing."""
    while stream and await stream.read(_READ):
        pass


def _fault(status: int, complaint: str, packets: int) -> str:
    """Say what was wrong with the file, from tshark's own words."""
    if status < 0:
        return f"tshark crashed (signal {-status}) after packet {packets}"
    if _CUT in complaint and not packets and _IN_HEADER in complaint:
        return "ends or is damaged inside its file header"
    if _CUT in complaint:
        return f"ends in the middle of packet {packets + 1}"
    reason = complaint.removeprefix("tshark: ")
    return f"cannot be read on after packet {packets}: {reason}" if packets else f"tshark cannot read it: {reason}"
