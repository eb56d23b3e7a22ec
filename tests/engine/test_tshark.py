"""The tshark engine keeps the contract: files whole, faults last, names by Wireshark, nobody's settings but ours."""

from __future__ import annotations

import asyncio
import functools
import gzip
import os
import shutil
import subprocess
import sys
import threading
from pathlib import Path
from typing import TYPE_CHECKING, Any

import polars as pl
import pytest
import zstandard
from scapy.layers.dns import DNS, DNSQR, DNSRR
from scapy.layers.inet import IP, TCP, UDP
from scapy.layers.l2 import Ether
from tests.engine.captures import LOCAL, REMOTE, REMOTE2, START, check, config, flows_of, pcap
from tests.engine.test_engine_files import FRAMES, pcapng

from crossborder.engine import SECOND_NS, open_engine
from crossborder.engine.home import Home
from crossborder.engine.tshark import TsharkEngine
from crossborder.engine.tshark.capture import environment, tshark_path
from crossborder.errors import CrossborderError
from crossborder.prefixes import PrefixSet

if TYPE_CHECKING:
    from collections.abc import Callable

    from crossborder.model import Batch

pytestmark = pytest.mark.skipif(shutil.which("tshark") is None, reason="tshark is not installed")

PACKINGS: dict[str, Callable[[bytes], bytes]] = {"plain": bytes, "gz": gzip.compress, "zst": zstandard.compress}


def children() -> set[str]:
    """Return the processes that this one has started and not yet waited for."""
    return {child for task in Path("/proc/self/task").iterdir() for child in (task / "children").read_text().split()}


def run(*paths: Path, **settings: Any) -> tuple[list[Batch], str]:
    """Run the engine over files; return its batches, checked, and the sentence it ended with."""
    batches: list[Batch] = []
    try:
        for batch in TsharkEngine(config(files=paths, **settings)):
            check(batch)
            batches.append(batch)
    except CrossborderError as error:
        return batches, str(error)
    return batches, ""


def one_flow(path: Path, frames: list[bytes]) -> dict[str, Any]:
    """Write frames to a file, run the engine, and return the only flow."""
    path.write_bytes(pcap(frames))
    batches, fault = run(path)
    flows = flows_of(batches)
    assert not fault
    assert len(flows) == 1
    return flows.to_dicts()[0]


def talk(server_port: int, *said: tuple[bool, bytes]) -> list[bytes]:
    """Return the frames of a TCP connection: who says what, True for the client."""
    ends = {True: (LOCAL, 40000, 1000), False: (REMOTE, server_port, 5000)}
    sent = {True: 1, False: 1}
    frames = [_segment(ends, sent, True, "S", b"", -1), _segment(ends, sent, False, "SA", b"", -1)]
    for client, data in said:
        frames.append(_segment(ends, sent, client, "PA", data))
        sent[client] += len(data)
    return frames


def _segment(
    ends: dict[bool, tuple[str, int, int]], sent: dict[bool, int], client: bool, flags: str, data: bytes, back: int = 0
) -> bytes:
    src, sport, seq = ends[client]
    dst, dport, ack = ends[not client]
    tcp = TCP(sport=sport, dport=dport, flags=flags, seq=seq + sent[client] + back, ack=ack + sent[not client])
    return bytes(Ether() / IP(src=src, dst=dst) / tcp / data)


def test_it_is_an_engine(tmp_path: Path) -> None:
    """`tshark` opens it; it names itself, tells its progress, and counts like every engine."""
    path = tmp_path / "a.pcap"
    path.write_bytes(pcap(FRAMES))

    engine = open_engine("tshark", config(files=(path,)))
    batches = list(engine)

    assert engine.name == "tshark"
    assert engine.progress().packets == 3
    assert engine.progress().read_bytes == engine.progress().total_bytes == path.stat().st_size
    assert flows_of(batches)["total_packets_out"].to_list() == [2, 1]
    assert flows_of(batches)["interface"].to_list() == ["a.pcap", "a.pcap"]


def test_there_is_a_batch_at_each_tick(tmp_path: Path) -> None:
    """Ticks close by packet time, and the last batch ends every flow."""
    path = tmp_path / "a.pcap"
    path.write_bytes(pcap(FRAMES, step_ns=11 * SECOND_NS))

    batches, _ = run(path)

    assert [batch.tick_ns for batch in batches] == [
        START + 10 * SECOND_NS,
        START + 20 * SECOND_NS,
        START + 22 * SECOND_NS,
    ]
    assert batches[-1].flows_active == 0
    assert set(batches[-1].reports["report"]) == {"ended"}


def test_home_may_change(tmp_path: Path) -> None:
    """A flow that opens after the change is judged by the new home."""
    path = tmp_path / "a.pcap"
    path.write_bytes(pcap(FRAMES))
    engine = TsharkEngine(config(files=(path,)))

    engine.set_home(Home(PrefixSet(())))

    assert set(flows_of(list(engine))["scope"]) == {"transit"}


@pytest.mark.parametrize("kind", ["pcap", "pcapng"])
@pytest.mark.parametrize("packing", PACKINGS)
def test_files_of_every_kind_and_packing(tmp_path: Path, kind: str, packing: str) -> None:
    """The same flows, whatever the file is packed in and called."""
    path = tmp_path / "capture"
    path.write_bytes(PACKINGS[packing](pcap(FRAMES) if kind == "pcap" else pcapng(FRAMES)))

    batches, fault = run(path)

    assert not fault
    assert batches[-1].books[0].packets == 3


def test_a_pipe(tmp_path: Path) -> None:
    """A named pipe is read to its end, though tshark would not read it."""
    pipe = tmp_path / "pipe"
    os.mkfifo(pipe)
    writer = threading.Thread(target=pipe.write_bytes, args=(gzip.compress(pcap(FRAMES)),))
    writer.start()

    batches, fault = run(pipe)
    writer.join()

    assert not fault
    assert batches[-1].books[0].packets == 3


def test_standard_input() -> None:
    """`-` is standard input."""
    program = (
        "from pathlib import Path; from tests.engine.captures import config; "
        "from crossborder.engine.tshark import TsharkEngine; "
        "print([b.books[0] for b in TsharkEngine(config(files=(Path('-'),)))][-1])"
    )

    done = subprocess.run(
        [sys.executable, "-W", "error", "-c", program], input=pcap(FRAMES), capture_output=True, check=True
    )

    assert b"interface='stdin', packets=3" in done.stdout


@pytest.mark.parametrize("kind", ["pcap", "pcapng"])
@pytest.mark.parametrize("packing", PACKINGS)
def test_a_file_that_was_cut_loses_nothing_before(tmp_path: Path, kind: str, packing: str) -> None:
    """Every whole packet is counted; then one sentence says where the file ends."""
    whole = pcap(FRAMES) if kind == "pcap" else pcapng(FRAMES)
    path = tmp_path / f"cut.{kind}"
    path.write_bytes(PACKINGS[packing](whole[:-10]))

    batches, fault = run(path)

    assert fault == f"{path}: ends in the middle of packet 3"
    assert batches[-1].books[0].packets == 2
    assert flows_of(batches)["report"].to_list() == ["ended", "ended"]


def test_a_file_cut_inside_its_header(tmp_path: Path) -> None:
    """It began like a capture; no packet is lost, for there was none."""
    path = tmp_path / "cut.pcap"
    path.write_bytes(pcap([])[:20])

    batches, fault = run(path)

    assert fault == f"{path}: ends or is damaged inside its file header"
    assert [len(batch.reports) for batch in batches] == [0]


def test_packing_that_was_cut(tmp_path: Path) -> None:
    """What could be unpacked is read; the sentence is about the packing."""
    packing = zstandard.ZstdCompressor().compressobj()
    packed = packing.compress(pcap(FRAMES)) + packing.flush(zstandard.COMPRESSOBJ_FLUSH_BLOCK)
    path = tmp_path / "cut.zst"
    path.write_bytes(packed)

    batches, fault = run(path)

    assert fault == f"{path}: is damaged after {len(pcap(FRAMES))} unpacked bytes: the zstd data ends early"
    assert batches[-1].books[0].packets == 3


def test_a_damaged_file(tmp_path: Path) -> None:
    """A record that contradicts itself ends the file, in tshark's words."""
    path = tmp_path / "damaged.pcap"
    path.write_bytes(pcap(FRAMES[:2]) + b"\xff" * 64)

    batches, fault = run(path)

    assert fault.startswith(f"{path}: cannot be read on after packet 2: The file ")
    assert batches[-1].books[0].packets == 2


def test_a_fault_does_not_keep_the_next_file_from_being_read(tmp_path: Path) -> None:
    """Both files are counted; the fault comes last."""
    cut, good = tmp_path / "cut.pcap", tmp_path / "good.pcap"
    cut.write_bytes(pcap(FRAMES)[:-10])
    good.write_bytes(pcap(FRAMES))

    batches, fault = run(cut, good)

    assert fault == f"{cut}: ends in the middle of packet 3"
    assert [(book.interface, book.packets) for book in batches[-1].books] == [("cut.pcap", 2), ("good.pcap", 3)]


@pytest.mark.parametrize(
    ("content", "sentence"),
    [
        (b"", "is empty, not a capture file"),
        (b"hello, world", "is not a pcap or pcapng capture: it begins with 68 65 6c 6c"),
        (zstandard.compress(bytes(99))[:8], "the zstd data ends early"),
        (gzip.compress(b"", mtime=0), "is empty, not a capture file"),
    ],
)
def test_what_is_no_capture_is_refused_at_once(tmp_path: Path, content: bytes, sentence: str) -> None:
    """Wireshark would read a text as one; we say what it is."""
    path = tmp_path / "file"
    path.write_bytes(content)

    with pytest.raises(CrossborderError) as caught:
        TsharkEngine(config(files=(path, tmp_path / "missing")))

    assert [str(fault) for fault in caught.value.faults] == [
        f"{path}: {sentence}",
        f"{tmp_path / 'missing'}: no such file",
    ]


def test_interfaces_and_filters_are_refused() -> None:
    """The sentence says which engine to use."""
    with pytest.raises(CrossborderError, match="capture files only: use --engine portable"):
        TsharkEngine(config(interfaces=("lo",)))
    with pytest.raises(CrossborderError, match="takes no capture filter: use --engine portable"):
        TsharkEngine(config(bpf="tcp"))


def test_without_tshark(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The sentence says what to install."""
    path = tmp_path / "a.pcap"
    path.write_bytes(pcap(FRAMES))
    monkeypatch.setenv("PATH", str(tmp_path))

    with pytest.raises(CrossborderError, match="not installed: apt-get install tshark"):
        TsharkEngine(config(files=(path,)))


def test_an_engine_that_is_stopped_closes_its_books_and_ends_tshark(tmp_path: Path) -> None:
    """The last batch holds what was read; no process is left behind."""
    path = tmp_path / "a.pcap"
    path.write_bytes(pcap(FRAMES * 20_000, step_ns=SECOND_NS))
    before = children()
    engine = TsharkEngine(config(files=(path,)))
    batches = []
    for batch in engine:
        engine.stop()
        engine.stop()
        batches.append(batch)

    assert len(batches) == 2
    assert 0 < batches[-1].books[0].packets < 1000
    assert children() == before


def test_a_stop_does_not_wait_for_a_full_pipe(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Asyncio stops reading a pipe whose buffer is full; a process is not waited for behind one."""
    start = asyncio.create_subprocess_exec
    monkeypatch.setattr(asyncio, "create_subprocess_exec", functools.partial(start, limit=64))  # full at the first read
    path = tmp_path / "a.pcap"
    path.write_bytes(pcap(FRAMES * 20_000, step_ns=SECOND_NS))
    before = children()
    engine = TsharkEngine(config(files=(path,)))

    for _ in engine:
        engine.stop()

    assert children() == before


def test_realtime_keeps_the_time_between_packets(tmp_path: Path) -> None:
    """Packets come as they came."""
    import time

    path = tmp_path / "a.pcap"
    path.write_bytes(pcap(FRAMES, step_ns=SECOND_NS // 4))
    began = time.monotonic()

    batches, _ = run(path, speed=1.0)

    assert time.monotonic() - began >= 0.5
    assert batches[-1].books[0].packets == 3


def test_nobodys_settings_count_but_ours(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A user's profile may switch TCP off: the dissection is the same on every machine."""
    profile = tmp_path / "home" / ".config" / "wireshark"
    profile.mkdir(parents=True)
    (profile / "disabled_protos").write_text("tcp\n")
    monkeypatch.setenv("HOME", str(tmp_path / "home"))
    monkeypatch.setenv("XDG_CONFIG_HOME", str(tmp_path / "home" / ".config"))
    path = tmp_path / "a.pcap"
    path.write_bytes(pcap(FRAMES))
    fields = [tshark_path(), "-r", str(path), "-T", "fields", "-e", "tcp.dstport"]
    theirs = subprocess.run(fields, capture_output=True, check=True, text=True).stdout.split()

    batches, _ = run(path)

    assert theirs == []  # the profile works
    assert sorted(flows_of(batches)["remote_port"]) == [443, 5001]


def test_the_environment_is_empty_of_the_users(monkeypatch: pytest.MonkeyPatch) -> None:
    """Nothing of the caller's environment but where programs are."""
    monkeypatch.setenv("WIRESHARK_RUN_FROM_BUILD_DIRECTORY", "1")
    monkeypatch.setenv("SSLKEYLOGFILE", "/tmp/keys")  # noqa: S108 - never opened

    theirs = environment("/nowhere")

    assert "SSLKEYLOGFILE" not in theirs
    assert "WIRESHARK_RUN_FROM_BUILD_DIRECTORY" not in theirs
    assert theirs["HOME"] == theirs["WIRESHARK_CONFIG_DIR"] == theirs["WIRESHARK_PLUGIN_DIR"] == "/nowhere"


@pytest.mark.skipif(shutil.which("strace") is None, reason="strace is not installed")
def test_tshark_asks_nobody(tmp_path: Path) -> None:
    """No socket of the network is opened, whatever addresses and names the file holds."""
    path, trace = tmp_path / "a.pcap", tmp_path / "trace"
    path.write_bytes(pcap(FRAMES))
    program = (
        "import sys; from pathlib import Path; from tests.engine.captures import config; "
        "from crossborder.engine.tshark import TsharkEngine; list(TsharkEngine(config(files=(Path(sys.argv[1]),))))"
    )

    traced = [
        "strace",
        "-f",
        "-e",
        "trace=socket,connect,execve",
        "-o",
        str(trace),
        sys.executable,
        "-c",
        program,
        str(path),
    ]
    subprocess.run(traced, capture_output=True, check=True)

    called = trace.read_text()
    assert "/tshark" in called
    assert "AF_INET" not in called
    assert "AF_NETLINK" not in called


def test_tls_names(tmp_path: Path, corpus: Path) -> None:
    """Server name, ALPN, version, JA4 and certificate from Wireshark's fields."""
    del tmp_path
    batches, _ = run(corpus / "foxio" / "browsers-x509.pcapng")
    flows = flows_of(batches).filter(pl.col("cert_subject").is_not_null()).sort("first_ns")
    flow = flows.to_dicts()[0]

    assert flow["app_protocol"] == "tls"
    assert flow["inspection"] == "metadata"
    assert flow["server_name_source"] == "tls"
    assert flow["tls_version"] == "1.2"
    assert flow["ja4"].startswith("t1")
    assert "CN=" in flow["cert_issuer"]


def test_quic_names(corpus: Path) -> None:
    """The hello inside QUIC's Initial, split and shuffled."""
    batches, _ = run(corpus / "foxio" / "quic-with-several-tls-frames.pcapng")
    flow = flows_of(batches).filter(pl.col("app_protocol") == "quic").to_dicts()[0]

    assert flow["server_name_source"] == "quic"
    assert flow["alpn"] == "h3"
    assert flow["ja4"].startswith("q13d")


def test_what_a_file_brings_keys_for_stays_closed(corpus: Path) -> None:
    """The house decrypts nothing: a host inside TLS is not told, though Wireshark knows it."""
    batches, _ = run(corpus / "wireshark" / "tls12-dsb.pcapng")
    flows = flows_of(batches)

    assert flows["http_host"].null_count() == len(flows)
    assert set(flows["inspection"].drop_nulls()) == {"metadata"}


def test_http_request_and_upload(tmp_path: Path) -> None:
    """Host, method, path without its query, kind and announced length of the body, and the file in the form."""
    part = (
        b'--x\r\nContent-Disposition: form-data; name="f"; filename="so-lieu.xlsx"\r\n'
        b"Content-Type: application/zip\r\n\r\nPK"
    )
    head = (
        b"POST /up/load?cccd=012345678901 HTTP/1.1\r\nHost: Files.Example.COM:8080\r\n"
        b"Content-Type: multipart/form-data; boundary=x\r\nContent-Length: 100000\r\n\r\n"
    )
    frames = talk(
        8080, (True, head + part), (True, bytes(1000)), (False, b"HTTP/1.1 201 Created\r\nContent-Length: 0\r\n\r\n")
    )

    flow = one_flow(tmp_path / "a.pcap", frames)

    assert (flow["app_protocol"], flow["inspection"]) == ("http", "cleartext")
    assert (flow["http_method"], flow["http_host"], flow["http_path"]) == ("POST", "files.example.com", "/up/load")
    assert (flow["server_name"], flow["server_name_source"]) == ("files.example.com", "http")
    assert (flow["http_content_type"], flow["http_upload_bytes"]) == ("multipart/form-data", 100000)
    assert (flow["file_names"], flow["file_types"]) == (["so-lieu.xlsx"], ["application/zip"])


def test_http_head_out_of_order(tmp_path: Path) -> None:
    """Segments that came out of order are put together."""
    request = b"GET / HTTP/1.1\r\nHost: www.example.com\r\nX: " + b"y" * 40 + b"\r\n\r\n"
    frames = talk(80, (True, request[:20]), (True, request[20:40]), (True, request[40:]))
    frames[2:] = [frames[2], frames[4], frames[3]]

    assert one_flow(tmp_path / "a.pcap", frames)["http_host"] == "www.example.com"


def test_a_head_whose_body_never_comes(tmp_path: Path) -> None:
    """A capture that ends inside a body has told its head."""
    head = b"PUT /a/b.zip HTTP/1.1\r\nHost: www.example.com\r\nContent-Length: 9999999\r\n\r\n"

    flow = one_flow(tmp_path / "a.pcap", talk(80, (True, head + b"PK\x03\x04")))

    assert (flow["http_host"], flow["http_upload_bytes"], flow["file_names"]) == ("www.example.com", 9999999, ["b.zip"])


def test_dns_names_the_flows_that_follow(tmp_path: Path) -> None:
    """What is asked and answered; an answer names the server of later flows, through aliases, but not of others."""
    asked = DNS(id=7, qd=DNSQR(qname="WWW.example.com"))
    answered = DNS(
        id=7,
        qr=1,
        qd=DNSQR(qname="WWW.example.com"),
        an=[
            DNSRR(rrname="WWW.example.com", type="CNAME", rdata="cdn.example.net"),
            DNSRR(rrname="cdn.example.net", rdata=REMOTE2),
            DNSRR(rrname="other.example.net", rdata="203.0.113.77"),
        ],
    )
    frames = [
        bytes(Ether() / IP(src=LOCAL, dst=REMOTE) / UDP(sport=5000, dport=53) / asked),
        bytes(Ether() / IP(src=REMOTE, dst=LOCAL) / UDP(sport=53, dport=5000) / answered),
        bytes(Ether() / IP(src=LOCAL, dst=REMOTE2) / TCP(sport=40000, dport=443, flags="S")),
        bytes(Ether() / IP(src=LOCAL, dst="203.0.113.77") / TCP(sport=40001, dport=443, flags="S")),
    ]
    path = tmp_path / "a.pcap"
    path.write_bytes(pcap(frames))

    batches, _ = run(path)
    flows = {flow["remote_ip"]: flow for flow in flows_of(batches).to_dicts()}

    assert (flows[REMOTE]["dns_query"], flows[REMOTE]["dns_rcode"]) == (["www.example.com"], "noerror")
    assert (flows[REMOTE2]["server_name"], flows[REMOTE2]["server_name_source"]) == ("www.example.com", "dns")
    assert flows["203.0.113.77"]["server_name"] is None


def test_mail(tmp_path: Path) -> None:
    """Domains of the recipients, and the file attached to mail that goes out."""
    mail = (
        b"Subject: x\r\nContent-Type: multipart/mixed; boundary=b\r\n\r\n--b\r\nContent-Type: application/pdf\r\n"
        b'Content-Disposition: attachment; filename="ho-so.pdf"\r\n\r\nJVBERi0=\r\n--b--\r\n.\r\n'
    )
    said = [
        (False, b"220 mx.example.com ESMTP\r\n"),
        (True, b"EHLO a.example\r\n"),
        (False, b"250 mx.example.com\r\n"),
        (True, b"MAIL FROM:<a@b.example>\r\n"),
        (False, b"250 ok\r\n"),
        (True, b"RCPT TO:<someone@Partner.Example>\r\n"),
        (False, b"250 ok\r\n"),
        (True, b"DATA\r\n"),
        (False, b"354 go on\r\n"),
        (True, mail),
        (False, b"250 ok\r\n"),
    ]

    flow = one_flow(tmp_path / "a.pcap", talk(25, *said))

    assert (flow["app_protocol"], flow["mail_domains"]) == ("smtp", ["partner.example"])
    assert (flow["file_names"], flow["file_types"]) == (["ho-so.pdf"], ["application/pdf"])


def test_ftp_says_what_goes_out(tmp_path: Path) -> None:
    """A stored file is told, a fetched one is not: it comes in."""
    said = [
        (False, b"220 FTP ready\r\n"),
        (True, b"USER a\r\n"),
        (False, b"331 password\r\n"),
        (True, b"RETR in.txt\r\n"),
        (True, b"STOR dir/out.txt\r\n"),
    ]

    assert one_flow(tmp_path / "a.pcap", talk(21, *said))["file_names"] == ["out.txt"]


def test_smb_says_what_goes_out(corpus: Path) -> None:
    """Files opened for writing abroad: of one host to another, seen from its home."""
    path = corpus / "suricata" / "tests__smb-filename__input.pcap"
    batches = list(TsharkEngine(config(files=(path,), report_all=True)))
    names = {name for names in flows_of(batches)["file_names"].drop_nulls() for name in names}

    assert {"samr", "netlogon"} <= names


def test_text_and_files_of_no_known_protocol(tmp_path: Path) -> None:
    """Content that nobody knows is cleartext where it is text or a file, and opaque else."""
    zipped = one_flow(tmp_path / "a.pcap", talk(9999, (True, b"PK\x03\x04" + bytes(range(200)))))
    plain = one_flow(tmp_path / "b.pcap", talk(9999, (True, b"so lieu cua chung toi, dong mot\r\n" * 3)))
    noise = one_flow(tmp_path / "c.pcap", talk(9999, (True, bytes(range(1, 255)))))

    assert (zipped["inspection"], zipped["file_types"]) == ("cleartext", ["application/zip"])
    assert (plain["inspection"], plain["app_protocol"]) == ("cleartext", None)
    assert (noise["inspection"], noise["file_types"]) == ("opaque", None)


def test_a_port_is_no_protocol(tmp_path: Path) -> None:
    """Noise on the port of HTTP is not HTTP; HTTP on the port of TLS is."""
    noise = one_flow(tmp_path / "a.pcap", talk(80, (True, bytes(range(1, 255)))))
    hidden = one_flow(tmp_path / "b.pcap", talk(443, (True, b"GET / HTTP/1.1\r\nHost: h.example\r\n\r\n")))

    assert noise["app_protocol"] is None
    assert (hidden["app_protocol"], hidden["http_host"]) == ("http", "h.example")
