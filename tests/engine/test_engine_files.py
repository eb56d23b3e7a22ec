"""Capture files are read whole: every kind, every packing; what is cut or damaged loses nothing read before."""

from __future__ import annotations

import gzip
import os
import struct
import subprocess
import sys
import threading
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
import zstandard
from hypothesis import given, settings
from hypothesis import strategies as st
from scapy.layers.inet import IP, TCP, UDP
from scapy.layers.l2 import Ether
from tests.engine.captures import (
    LOCAL,
    REMOTE,
    REMOTE2,
    START,
    batches_of,
    block,
    check,
    config,
    described,
    enhanced,
    every_engine,
    flows_of,
    pcap,
    section,
)

from crossborder.engine import SECOND_NS, open_engine
from crossborder.errors import CrossborderError

if TYPE_CHECKING:
    from collections.abc import Callable

    from crossborder.engine import Engine, EngineName
    from crossborder.model import Batch

pytestmark = every_engine

TCP_FRAME = bytes(Ether() / IP(src=LOCAL, dst=REMOTE) / TCP(sport=40000, dport=443) / b"hello")
UDP_FRAME = bytes(Ether() / IP(src=LOCAL, dst=REMOTE2) / UDP(sport=5000, dport=5001) / b"hello you")
FRAMES = [TCP_FRAME, UDP_FRAME, TCP_FRAME]


def pcapng(frames: list[bytes]) -> bytes:
    """Return a pcapng file in microseconds, its frames a millisecond apart."""
    blocks = [enhanced(frame, START // 1000 + number * 1000) for number, frame in enumerate(frames)]
    return section() + described() + b"".join(blocks)


def broken(engine: EngineName, path: Path) -> tuple[list[Batch], str]:
    """Run an engine over a file with a fault; return its batches and the sentence it ended with."""
    return failing(open_engine(engine, config(files=(path,))))


def failing(engine: Engine) -> tuple[list[Batch], str]:
    """Run an engine that ends in an error; return its batches and the error's text."""
    batches: list[Batch] = []

    def collect() -> None:
        for batch in engine:
            check(batch)
            batches.append(batch)

    with pytest.raises(CrossborderError) as caught:
        collect()
    return batches, str(caught.value)


def refused(engine: EngineName, path: Path) -> str:
    """Return the sentence with which a file is refused before anything is read."""
    with pytest.raises(CrossborderError) as caught:
        open_engine(engine, config(files=(path,)))
    return str(caught.value)


@pytest.mark.parametrize("order", "<>")
@pytest.mark.parametrize(("magic", "unit"), [(0xA1B2C3D4, 1000), (0xA1B23C4D, 1)])
def test_pcap_in_both_orders_and_units(tmp_path: Path, engine: EngineName, order: str, magic: int, unit: int) -> None:
    """Microseconds and nanoseconds, either byte order."""
    path = tmp_path / "x.pcap"
    record = struct.pack(f"{order}IIII", 1_700_000_000, 123_456, len(TCP_FRAME), len(TCP_FRAME)) + TCP_FRAME
    path.write_bytes(struct.pack(f"{order}IHHIIII", magic, 2, 4, 0, 0, 65_535, 1) + record)
    batches = batches_of(path, engine=engine)

    assert flows_of(batches)["first_ns"].to_list() == [1_700_000_000 * SECOND_NS + 123_456 * unit]
    assert flows_of(batches)["interface"].to_list() == ["x.pcap"]
    assert batches[-1].books[0].bytes == len(TCP_FRAME)


def test_a_snaplen_does_not_change_what_is_counted(tmp_path: Path, engine: EngineName) -> None:
    """The record says how long the frame was on the wire."""
    path = tmp_path / "x.pcap"
    record = struct.pack("<IIII", 1, 0, 54, len(TCP_FRAME)) + TCP_FRAME[:54]
    path.write_bytes(pcap([]) + record)
    batches = batches_of(path, engine=engine)

    assert batches[-1].books[0].bytes == len(TCP_FRAME)
    assert flows_of(batches).select("bytes_out", "payload_out").rows() == [(45, 5)]


@pytest.mark.parametrize("order", "<>")
@pytest.mark.parametrize(
    ("options", "ticks", "nanoseconds"),
    [
        ([], START // 1000, START),
        ([(9, b"\x09")], START + 1, START + 1),
        ([(9, b"\x03")], 1_700_000_000_123, START + 123_000_000),
        ([(9, b"\x8a")], 1_700_000_000 << 10 | 512, START + 500_000_000),
        ([(9, b"\x00")], 1_700_000_000, START),
        ([(14, None)], 5_000_000, START + 5 * SECOND_NS),
        ([(9, b"\x00"), (14, None)], 7, START + 7 * SECOND_NS),
        ([(9, b"\x7f")], (1 << 64) - 1, 0),
        ([(9, b"\x00")], (1 << 64) - 1, (1 << 63) - 1),
    ],
)
def test_pcapng_time_has_a_unit_and_an_offset(
    tmp_path: Path,
    engine: EngineName,
    order: str,
    options: list[tuple[int, bytes | None]],
    ticks: int,
    nanoseconds: int,
) -> None:
    """if_tsresol in powers of ten and two, if_tsoffset in seconds; what no clock can show is bounded."""
    offset = struct.pack(f"{order}q", 1_700_000_000)
    kept = [(code, offset if value is None else value) for code, value in options]
    path = tmp_path / "x.pcapng"
    path.write_bytes(section(order) + described(options=kept, order=order) + enhanced(TCP_FRAME, ticks, 0, order))

    assert flows_of(batches_of(path, engine=engine))["first_ns"].to_list() == [nanoseconds]


def test_pcapng_interfaces_have_their_own_link_and_clock(tmp_path: Path, engine: EngineName) -> None:
    """Two interfaces of different link types and units in one file."""
    path = tmp_path / "x.pcapng"
    path.write_bytes(
        section()
        + described(1, [(2, b"eth0"), (9, b"\x09")])
        + described(101, [(2, b"tun0")])
        + enhanced(TCP_FRAME, START, 0)
        + enhanced(TCP_FRAME[14:], START // 1000 + 1, 1)
    )
    batches = batches_of(path, engine=engine)

    assert flows_of(batches)["packets_out"].to_list() == [2]
    assert flows_of(batches)["last_ns"].to_list() == [START + 1000]


def test_pcapng_sections_count_their_own_interfaces(tmp_path: Path, engine: EngineName) -> None:
    """Files joined end to end: interface 0 of the second section is another link type, clock and byte order."""
    path = tmp_path / "x.pcapng"
    second = section(">") + described(101, [(9, b"\x09")], ">") + enhanced(UDP_FRAME[14:], START + 9, 0, ">")
    path.write_bytes(pcapng([TCP_FRAME]) + second)
    batches = batches_of(path, engine=engine)

    assert not batches[-1].books[0].dropped
    assert flows_of(batches)["first_ns"].to_list() == [START, START + 9]


def test_pcapng_other_blocks_and_simple_packets(tmp_path: Path, engine: EngineName) -> None:
    """Unknown blocks, names, secrets are passed over; simple packets have the time of the one before."""
    path = tmp_path / "x.pcapng"
    simple = block(3, struct.pack("<I", len(UDP_FRAME)) + UDP_FRAME)
    path.write_bytes(
        section()
        + block(0x0BAD, b"what is this")
        + described()
        + block(4, bytes(4))
        + enhanced(TCP_FRAME, START // 1000)
        + block(10, struct.pack("<II", 0x544C534B, 4) + b"none")
        + simple
    )

    assert flows_of(batches_of(path, engine=engine))["first_ns"].to_list() == [START, START]


PACKINGS: dict[str, Callable[[bytes], bytes]] = {
    "plain": lambda data: data,
    "gz": gzip.compress,
    "gz in two members": lambda data: gzip.compress(data[:50]) + gzip.compress(data[50:]) + bytes(512),
    "zst": zstandard.ZstdCompressor().compress,
    "zst in two frames": lambda data: zstandard.compress(data[:50]) + zstandard.compress(data[50:]),
    "zst behind a skippable frame": lambda data: b"\x50\x2a\x4d\x18\x04\0\0\0abcd" + zstandard.compress(data),
}


@pytest.mark.parametrize("packing", PACKINGS)
@pytest.mark.parametrize("form", [pcap, pcapng], ids=["pcap", "pcapng"])
def test_packed_files_are_unpacked(
    tmp_path: Path, engine: EngineName, form: Callable[[list[bytes]], bytes], packing: str
) -> None:
    """Gzip and zstd by content, whatever the file is called."""
    path = tmp_path / "capture"
    path.write_bytes(PACKINGS[packing](form(FRAMES * 50)))
    opened = open_engine(engine, config(files=(path,)))
    last = list(opened)[-1]

    assert last.books[0].packets == 150
    assert last.tick_ns == START + 149_000_000
    assert opened.progress() == (150, path.stat().st_size, path.stat().st_size)


def test_standard_input_is_read(tmp_path: Path, engine: EngineName) -> None:
    """`-` is a capture on standard input, packed or not."""
    path = tmp_path / "x.pcap.gz"
    path.write_bytes(gzip.compress(pcap(FRAMES)))
    script = (
        "import sys; from pathlib import Path; from tests.engine.captures import batches_of\n"
        "book = batches_of(Path('-'), engine=sys.argv[1])[-1].books[0]; print(book.interface, book.packets)"
    )
    with path.open("rb") as stream:
        done = subprocess.run(
            [sys.executable, "-c", script, engine], stdin=stream, capture_output=True, text=True, check=True
        )

    assert done.stdout.split() == ["stdin", "3"]


def test_a_pipe_is_read_as_it_comes_and_can_be_stopped(tmp_path: Path, engine: EngineName) -> None:
    """A writer that says no more does not hold the engine: stop ends it with what was read."""
    path = tmp_path / "pipe"
    os.mkfifo(path)
    opened = open_engine(engine, config(files=(path,)))

    def write() -> None:
        with path.open("wb", buffering=0) as pipe:
            pipe.write(pcap(FRAMES)[:-3])
            while opened.progress().packets < 2:
                pass
            opened.stop()
            opened.stop()
            done.wait(10)

    done = threading.Event()
    writer = threading.Thread(target=write)
    writer.start()
    batches = list(opened)
    done.set()
    writer.join()

    assert batches[-1].books[0].packets == 2
    assert flows_of(batches).height == 2
    assert opened.progress().total_bytes == 0


def test_files_follow_each_other(tmp_path: Path, engine: EngineName) -> None:
    """In the order given, each under its own name, even when a later one is older."""
    paths = [tmp_path / "b.pcap", tmp_path / "a.pcap"]
    paths[0].write_bytes(pcap(FRAMES, start_ns=START + 1000 * SECOND_NS))
    paths[1].write_bytes(pcap(FRAMES))
    last = batches_of(*paths, engine=engine)[-1]

    assert [(book.interface, book.packets) for book in last.books] == [("b.pcap", 3), ("a.pcap", 3)]


@pytest.mark.parametrize("form", [pcap, pcapng], ids=["pcap", "pcapng"])
def test_a_file_cut_anywhere_loses_nothing_before(
    tmp_path: Path, engine: EngineName, form: Callable[[list[bytes]], bytes]
) -> None:
    """Cut at every byte: each whole packet is in the final batch, and the cut is told unless it is at a boundary."""
    whole = form(FRAMES)
    starts = [len(form(FRAMES[:n])) for n in range(len(FRAMES) + 1)]
    path = tmp_path / "x.cap"
    boundaries = set(starts) | ({len(section())} if form is pcapng else set())
    for cut in range(len(whole)):
        path.write_bytes(whole[:cut])
        readable = sum(cut >= end for end in starts[1:])
        if cut < (24 if form is pcap else len(section())):
            assert str(path) in refused(engine, path)
        elif cut in boundaries:
            assert batches_of(path, engine=engine)[-1].books[0].packets == readable
        else:
            batches, sentence = broken(engine, path)
            assert batches[-1].books[0].packets == readable
            assert flows_of(batches)["packets_out"].sum() == readable
            assert f"ends in the middle of packet {readable + 1} (byte " in sentence


def test_the_sentence_of_a_cut_tells_where(tmp_path: Path, engine: EngineName) -> None:
    """Path, packet, byte, and how much is missing."""
    path = tmp_path / "x.pcap"
    path.write_bytes(pcap(FRAMES)[: 24 + 16 + len(TCP_FRAME) + 16 + 17])

    assert broken(engine, path)[1] == (
        f"{path}: ends in the middle of packet 2 (byte {24 + 16 + len(TCP_FRAME) + 16}): "
        f"{len(UDP_FRAME)} bytes expected, 17 there"
    )


@pytest.mark.parametrize("packing", ["gz", "zst"])
def test_packed_data_that_ends_early_or_is_damaged(tmp_path: Path, engine: EngineName, packing: str) -> None:
    """Truncated and altered packings end in a sentence, after everything that could be unpacked."""
    path = tmp_path / "x.pcap"
    incompressible = [TCP_FRAME[:54] + os.urandom(1000) for _ in range(600)]
    whole = PACKINGS[packing](pcap(incompressible))
    path.write_bytes(whole[: len(whole) // 2])
    batches, sentence = broken(engine, path)
    word = "gzip" if packing == "gz" else "zstd"

    assert 100 < batches[-1].books[0].packets < 600
    assert f"the {word} data ends early" in sentence

    path.write_bytes(whole[:-8] + bytes(4) + whole[-4:])
    batches, sentence = broken(engine, path)

    assert 450 < batches[-1].books[0].packets <= 600  # a block of zstd is 128 packets, the rest is sound
    assert f"the {word} data is damaged" in sentence


@pytest.mark.parametrize(
    ("content", "sentence"),
    [
        (b"", "is empty, not a capture file"),
        (b"PK\x03\x04 a zip file", "is not a pcap or pcapng capture: it begins with 50 4b 03 04"),
        (b"\n\r", "is not a pcap or pcapng capture: it begins with 0a 0d"),
        (pcap([])[:20], "ends or is damaged inside its file header"),
        (section()[:-5], "ends or is damaged inside its file header"),
        (gzip.compress(b"not a capture", mtime=0), "is not a pcap or pcapng capture: it begins with 6e 6f 74 20"),
        (gzip.compress(b"", mtime=0), "is empty, not a capture file"),
        (zstandard.compress(bytes(99))[:8], "the zstd data ends early"),
        (
            gzip.compress(gzip.compress(pcap(FRAMES), mtime=0), mtime=0),
            "is not a pcap or pcapng capture: it begins with 1f 8b 08 00",
        ),
    ],
)
def test_what_is_no_capture_is_refused_before_anything_runs(
    tmp_path: Path, engine: EngineName, content: bytes, sentence: str
) -> None:
    """One clear sentence with the path."""
    path = tmp_path / "x.pcap"
    path.write_bytes(content)

    assert refused(engine, path) == f"{path}: {sentence}"


def test_every_bad_file_is_told_at_once(tmp_path: Path, engine: EngineName) -> None:
    """Missing, a directory, not readable: all of them, with their paths."""
    folder, missing, fine = tmp_path / "folder", tmp_path / "missing.pcap", tmp_path / "fine.pcap"
    folder.mkdir()
    fine.write_bytes(pcap(FRAMES))
    with pytest.raises(CrossborderError) as caught:
        open_engine(engine, config(files=(folder, fine, missing)))

    assert str(caught.value).splitlines() == [
        f"{folder}: is a directory, not a capture file",
        f"{missing}: no such file",
    ]


def test_a_broken_file_does_not_keep_the_next_from_being_read(tmp_path: Path, engine: EngineName) -> None:
    """Everything is read that can be; the faults come at the end."""
    cut, whole = tmp_path / "cut.pcap", tmp_path / "whole.pcap"
    cut.write_bytes(pcap(FRAMES)[:-1])
    whole.write_bytes(pcap(FRAMES))
    batches, sentence = failing(open_engine(engine, config(files=(cut, whole))))

    assert f"{cut}: ends in the middle of packet 3" in sentence
    assert [book.packets for book in batches[-1].books] == [2, 3]


@pytest.mark.parametrize(("claimed", "there"), [(1 << 30, 60), (300_000, 300_000)])
def test_a_pcap_record_that_claims_too_much(tmp_path: Path, engine: EngineName, claimed: int, there: int) -> None:
    """A length beyond any capture is damage, as libpcap has it; it reserves no memory."""
    path = tmp_path / "x.pcap"
    whole = pcap([TCP_FRAME])
    path.write_bytes(whole + struct.pack("<IIII", 1, 0, claimed, 60) + bytes(there))
    batches, sentence = broken(engine, path)

    assert batches[-1].books[0].packets == 1
    assert sentence == f"{path}: is damaged in packet 2 (byte {len(whole)}): it claims {claimed} bytes"


@pytest.mark.parametrize(
    "damage",
    [
        enhanced(TCP_FRAME, 0, 7),
        struct.pack("<II", 6, 8),
        struct.pack("<III", 6, 12, 13),
        block(6, b"short"),
        struct.pack("<II", 6, 0xFFFFFFF0),
        struct.pack("<IIII", 0x0A0D0D0A, 28, 0xDEADBEEF, 0),
    ],
    ids=["unknown interface", "length", "trailer", "short", "huge", "byte order"],
)
def test_a_damaged_pcapng_block_is_told(tmp_path: Path, engine: EngineName, damage: bytes) -> None:
    """Blocks that contradict themselves end the file, after what was read."""
    path = tmp_path / "x.pcapng"
    path.write_bytes(pcapng([TCP_FRAME]) + damage)
    batches, sentence = broken(engine, path)

    assert batches[-1].books[0].packets == 1
    assert sentence.startswith(f"{path}: is damaged ")


def test_a_file_cut_in_a_later_section_header(tmp_path: Path, engine: EngineName) -> None:
    """The header of a second section has options, and the file ends in them."""
    path = tmp_path / "x.pcapng"
    second = section()[:4] + struct.pack("<I", 36) + section()[8:24] + b"abc"
    first = pcapng([TCP_FRAME])
    path.write_bytes(first + second)
    batches, sentence = broken(engine, path)

    assert batches[-1].books[0].packets == 1
    assert sentence.endswith(f"ends in the middle of packet 2 (byte {len(first) + 24}): 8 bytes expected, 3 there")


@settings(max_examples=60, deadline=None)
@given(st.data())
def test_hostile_files_end_in_books_and_a_sentence(
    tmp_path_factory: pytest.TempPathFactory, engine: EngineName, data: st.DataObject
) -> None:
    """Whatever bytes are changed: batches whose books balance, then perhaps CrossborderError, never anything else."""
    whole = bytearray(data.draw(st.sampled_from([pcap(FRAMES), pcapng(FRAMES)])))
    for at, value in data.draw(st.lists(st.tuples(st.integers(0, len(whole) - 1), st.integers(0, 255)), max_size=8)):
        whole[at] = value
    path = tmp_path_factory.getbasetemp() / "hostile.cap"
    path.write_bytes(whole)
    told = ""
    try:
        for batch in open_engine(engine, config(files=(path,))):
            check(batch)
    except CrossborderError as error:
        told = str(error)

    assert not told or told.startswith(str(path))


@pytest.mark.parametrize(
    ("expression", "packets"),
    [("tcp", 2), ("udp port 5001", 1), ("host 203.0.113.9", 2), ("greater 1000", 0), ("", 3), ("ip6", 0)],
)
@pytest.mark.parametrize("linktype", [1, 101])
def test_a_filter_works_on_files(
    tmp_path: Path, engine: EngineName, linktype: int, expression: str, packets: int
) -> None:
    """pcap-filter(7) on every link type, as on an interface: what does not pass was never received."""
    path = tmp_path / "x.pcap"
    path.write_bytes(pcap([frame[14:] if linktype == 101 else frame for frame in FRAMES], linktype))

    assert batches_of(path, engine=engine, bpf=expression)[-1].books[0].packets == packets


def test_a_filter_that_does_not_compile_is_refused(tmp_path: Path, engine: EngineName) -> None:
    """At the start, with libpcap's reason; one that makes no sense on a link type when it is met."""
    path = tmp_path / "x.pcap"
    path.write_bytes(pcap([TCP_FRAME[14:]], 101))
    with pytest.raises(CrossborderError, match=r"filter 'tcp prt 80' does not compile: .*syntax error"):
        open_engine(engine, config(files=(path,), bpf="tcp prt 80"))
    opened = open_engine(engine, config(files=(path,), bpf="ether host 02:00:00:00:00:01"))
    with pytest.raises(CrossborderError, match=r"filter 'ether host .*' does not compile"):
        list(opened)


def test_no_permission_is_said(tmp_path: Path, engine: EngineName) -> None:
    """A file that may not be read; as root everything may, so the question is asked of another user."""
    path = tmp_path / "x.pcap"
    path.write_bytes(pcap(FRAMES))
    path.chmod(0)
    if os.access(path, os.R_OK) and os.geteuid() != 0:
        pytest.skip("permissions do not bind here")
    script = (
        "import os, sys; from pathlib import Path; from tests.engine.captures import config\n"
        "from crossborder.engine import open_engine\n"
        "settings = config(files=(Path(sys.argv[1]),))\n"
        "if os.geteuid() == 0: open_engine(sys.argv[2], settings); os.setgroups([]); os.setuid(65534)\n"
        "open_engine(sys.argv[2], settings)"
    )
    for folder in (tmp_path, *tmp_path.parents):
        if folder.stat().st_uid == os.geteuid() and folder != Path("/"):
            folder.chmod(folder.stat().st_mode | 0o011)
    done = subprocess.run([sys.executable, "-c", script, path, engine], capture_output=True, text=True, check=False)

    assert f"{path}: no permission to read it" in done.stderr
