"""Detectors are data, and both engines show them what leaves home in the clear: one definition, the same answers."""

from __future__ import annotations

import random
from typing import TYPE_CHECKING, Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scapy.layers.inet import IP, TCP
from scapy.layers.l2 import Ether
from tests.engine.captures import LOCAL, LOCAL2, REMOTE, config, flows_of, pcap
from tests.engine.searches import KEY, LIMIT, searching, shipped

from crossborder.demo.protocols import http, tls
from crossborder.engine import native_available, open_engine
from crossborder.engine.detectors import SURE, Detector, Many, read_detectors, vector_bytes
from crossborder.engine.portable.search import Detectors, Shown
from crossborder.errors import CrossborderError

if TYPE_CHECKING:
    from collections.abc import Iterable
    from pathlib import Path

    from crossborder.engine import EngineName
    from crossborder.engine.detectors import Search, Vector

PRIVATE = b"-----BEGIN PRIVATE KEY-----\nMIIEvQ\n"
ACCESS = b"id=AKIAABCDEFGHIJKLMNOP&id=AKIAABCDEFGHIJKLMNOP"
HEAD = "id: a\ntitle: x\nfinds: secret\nscores: {bare: 1}\nvectors: {match: [a]}\n"

native = pytest.mark.skipif(not native_available(), reason="the native extension is not installed")
engines = pytest.mark.parametrize("engine", ["portable", pytest.param("native", marks=native)])


def by_portable(text: bytes, searches: Iterable[Search], detectors: Detectors | None = None) -> Any:
    """Return what the portable engine finds in a whole text."""
    shown = Shown(detectors or Detectors(searches, KEY, LIMIT))
    shown.show(text)
    shown.finish()
    found = shown.take(last=True)
    told = [
        (name, pytest.approx(one.confidence), one.matches, list(one.distinct), one.samples)
        for name, one in found.detections.items()
    ]
    return told, [(row["kind"], row["hashes"]) for row in found.person_rows()]


def by_native(text: bytes, searches: Iterable[Search]) -> Any:
    """Return what the native engine finds in a whole text."""
    import crossborder_native

    return crossborder_native.ContentSearch(list(searches), KEY, LIMIT).search(text)


VECTORS = [
    pytest.param(detector, text, expected, id=f"{detector.id}-{'match' if expected else 'miss'}-{at}")
    for detector in shipped()
    for expected, texts in ((True, detector.vectors.match), (False, detector.vectors.miss))
    for at, text in enumerate(texts)
]


@pytest.mark.parametrize(("detector", "text", "expected"), VECTORS)
def test_vectors(detector: Detector, text: Vector, expected: bool) -> None:
    """Each text of a detector's own is found, or is not; by both engines with the same answer."""
    data = vector_bytes(text)
    found = by_portable(data, [detector.search])

    assert bool(found[0]) is expected
    if native_available():
        assert by_native(data, [detector.search]) == found


@pytest.fixture(scope="module")
def both() -> Any:
    """Return the shipped detectors compiled by both engines, once."""
    searches = [detector.search for detector in shipped()]
    by_rust: Any = None
    if native_available():
        import crossborder_native

        by_rust = crossborder_native.ContentSearch(searches, KEY, LIMIT)
    return Detectors(searches, KEY, LIMIT), by_rust


PIECES = st.one_of(
    st.text(max_size=12),
    st.from_regex(r"[0-9]{2,19}", fullmatch=True),
    st.from_regex(r"0[0-9]{2}[0-3][0-9]{8}", fullmatch=True),
    st.sampled_from(["CCCD: ", "số định danh ", "So\u0302\u0301 CCCD ", "SĐT ", "họ tên: ", '{"phone":"']),
    st.sampled_from(
        [", ", "\n", "},{", "-", ".", " (", "STK ", "Bệnh nhân Lê ", "TỐI MẬT", "<MA_LK>", "9704", "P<VNM", "C1234567"]
    ),
)


@native
@settings(deadline=None)
@given(st.lists(PIECES, max_size=30), st.integers(0, 80))
def test_both_engines_find_the_same(both: Any, pieces: list[str], many: int) -> None:
    """Whatever the text, exports among it."""
    text = "".join(pieces) + "".join(f"0790990{at:05},0912{at:06}\n" for at in range(many))
    portable, by_rust = both

    assert by_rust.search(text.encode()) == by_portable(text.encode(), (), portable)


@pytest.mark.parametrize(
    ("text", "fault"),
    [
        (HEAD.replace("id: a", "id: other") + "literals: [a]\n", "id 'other' differs from the file's, 'a'"),
        (HEAD, "needs literals or a pattern, one of the two"),
        (HEAD + "literals: [a]\npattern: b\n", "needs literals or a pattern, one of the two"),
        (HEAD + "literal: [a]\n", "literal"),
        (HEAD.replace("bare: 1", "bare: 0.1") + "literals: [a]\n", "no score reaches 0.5"),
        (HEAD.replace("bare: 1", "labelled: 1") + "literals: [a]\n", "scores.labelled needs labels"),
        (HEAD + "pattern: '[oọ]'\n", "a letter beyond ASCII in brackets"),
        (HEAD + "pattern: 'họ'\nignore_case: true\n", "ignore_case knows the letters of ASCII only"),
        (HEAD + "literals: [a]\nitems: [core:I.26]\n", "items need law"),
        (HEAD + "literals: [a]\nevidence: unverified\n", "a format that is unverified is no fact to ship"),
    ],
)
def test_what_is_wrong_with_a_detector_is_told(tmp_path: Path, text: str, fault: str) -> None:
    """A sentence with the file's name and a line."""
    path = tmp_path / "a.yaml"
    path.write_text(text)

    with pytest.raises(CrossborderError, match=r"a\.yaml:\d+") as caught:
        read_detectors([path])
    assert fault in str(caught.value)


@engines
@pytest.mark.parametrize("pattern", ["'('", "a*", r"'(?=a)'", r"'(a)\1'"])
def test_a_pattern_that_does_not_compile_is_told(tmp_path: Path, engine: EngineName, pattern: str) -> None:
    """So is one that could match nothing, and one that cannot be searched for in linear time."""
    path = tmp_path / "a.yaml"
    path.write_text(HEAD + f"pattern: {pattern}\n")
    search = read_detectors([path])[0].search

    with pytest.raises(CrossborderError, match="detector a: "):
        open_engine(engine, config(searching=searching(search)))


def segments(src: str, dst: str, *payloads: bytes, sport: int = 40000, dport: int = 80) -> list[bytes]:
    """Return the frames of one direction of a connection, its SYN first."""
    frames = [Ether() / IP(src=src, dst=dst) / TCP(sport=sport, dport=dport, seq=99, flags="S")]
    seq = 100
    for payload in payloads:
        frames.append(Ether() / IP(src=src, dst=dst) / TCP(sport=sport, dport=dport, seq=seq, flags="PA") / payload)
        seq += len(payload)
    return [bytes(frame) for frame in frames]


def reports(tmp_path: Path, frames: list[bytes], engine: EngineName) -> Any:
    """Return the flows of some frames with what was found in them."""
    path = tmp_path / "x.pcap"
    path.write_bytes(pcap(frames))
    opened = open_engine(engine, config(files=(path,), searching=searching(), report_all=True))
    return flows_of(list(opened))


@engines
def test_what_leaves_in_the_clear_is_found_and_masked(tmp_path: Path, engine: EngineName) -> None:
    """Across segments, out of order too; counted, told apart by hashes, never stored."""
    request = http.form("drop.example", "/in", {}) + PRIVATE + ACCESS
    first, *rest = segments(LOCAL, REMOTE, request[:150], request[150:160], request[160:])
    (found,) = reports(tmp_path, [first, rest[0], rest[2], rest[1]], engine)["detections"].to_list()

    assert [(d["detector"], d["matches"], len(d["distinct"])) for d in found] == [
        ("private-key", 1, 1),
        ("access-key", 2, 1),
    ]
    assert found[1]["samples"] == ["AKIA**************OP"]


@engines
def test_persons_are_told_by_row_and_kind(tmp_path: Path, engine: EngineName) -> None:
    """Keyed hashes, one a row."""
    rows = "".join(f"Số CCCD: 001099{at:06}; CCCD 079099{at:06}\n" for at in range(20)).encode()
    flows = reports(tmp_path, segments(LOCAL, REMOTE, http.form("a.example", "/in", {}) + rows), engine)
    ((persons,),) = flows["persons"].to_list()

    assert persons["kind"] == "basic"
    assert len(set(persons["hashes"])) == len(persons["hashes"]) == 20


@pytest.mark.skipif(not native_available(), reason="the native extension is not installed")
@pytest.mark.parametrize(
    ("name", "texts", "persons"),
    [
        ("vn-passport", ("Số hộ chiếu: C1234567\n", "passport no. C 1234567\n"), 1),
        (
            "vn-health-insurance-card",
            ("Thẻ BHYT: HS4797912345678\n", "BHYT: HS 4 79 7912345678\n", "BHYT: HS-4-79-7912345678\n"),
            1,
        ),
        ("vn-plate", ("BKS 51F12345\n", "BKS 51F-123.45\n", "51F-123.45\n"), 0),
        ("vn-land-certificate", ("Số phát hành: BĐ012345\n", "sổ đỏ BĐ 012345\n"), 0),
    ],
)
def test_a_code_is_one_however_it_is_grouped(name: str, texts: tuple[str, ...], persons: int) -> None:
    """So who has two papers in two ways of writing is one person."""
    searches = [detector.search for detector in shipped() if detector.id == name]
    found = by_portable("".join(texts).encode(), searches)
    ((_, _, matches, distinct, _),) = found[0]

    assert found == by_native("".join(texts).encode(), searches)
    assert (matches, len(distinct)) == (len(texts), 1)
    assert [len(set(hashes)) for _, hashes in found[1]] == [1] * persons


@engines
def test_what_stays_comes_in_or_hides_is_not_searched(tmp_path: Path, engine: EngineName) -> None:
    """Flows at home have no detections at all; of a crossing flow only what goes out counts."""
    inward = segments(REMOTE, LOCAL, b"HTTP/1.1 200 OK\r\n\r\n" + PRIVATE, sport=80, dport=40001)
    home = segments(LOCAL, LOCAL2, b"POST / HTTP/1.1\r\n\r\n" + PRIVATE)
    hello, *_ = tls.opening_13(random.Random(1), "bank.example", ("h2",), hybrid=False)  # noqa: S311 - a hello
    hidden = segments(LOCAL, REMOTE, hello, tls.record(23, PRIVATE), sport=40002, dport=443)
    found = reports(tmp_path, [*inward, *home, *hidden], engine)

    assert found["detections"].to_list() == [[], None, []]
    assert found["persons"].to_list() == [[], None, []]


def test_every_shipped_detector_can_be_told() -> None:
    """Each is sure in some way, and says where its format is known from."""
    for detector in shipped():
        assert max(detector.scores.labelled, detector.scores.bare, detector.scores.bulk) >= SURE
        assert detector.source


def test_every_shipped_detector_brings_enough_vectors() -> None:
    """At least four that match and six hard ones that do not."""
    few = [d.id for d in shipped() if len(d.vectors.match) < 4 or len(d.vectors.miss) < 6]

    assert not few


def test_no_sample_could_be_put_together_again() -> None:
    """At most six characters of a number stay, and four of what is short."""
    assert not [detector.id for detector in shipped() if detector.person and sum(detector.mask) > 6]


def test_what_is_in_a_pattern() -> None:
    """Words are found as they are written, and only behind a label; each needs its place in the pattern."""
    head = {"id": "a", "title": "x", "finds": "basic", "vectors": {"match": ["a"]}, "labels": ["Họ tên"]}
    named = {**head, "pattern": "{label}: ({word})", "words": ["Lê"], "scores": {"labelled": 0.9}}
    search = Detector.model_validate(named).search

    for text in ("Họ tên: Lê", "HO_TEN: LE", "ho ten: Le\u0302"):
        assert by_portable(text.encode(), [search])[0]
    for text in ("Lê", "Họ tên: La", "tên: Lê"):
        assert not by_portable(text.encode(), [search])[0]
    with pytest.raises(ValueError, match="need each other"):
        Detector.model_validate({**named, "pattern": "{label}: x"})


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("Số BHXH 12", True),
        ("so_bhxh=12", True),
        ('{"soBHXH": "12"}', True),
        ('{"soBhxh":12}', True),
        ("<SO_BHXH>12</SO_BHXH>", True),
        ("<td>Số BHXH</td>\n<td class=x>12</td>", True),
        ("Số BHXH (nếu có): 12", True),
        ("SỐ BHXH của tôi là 12", True),
        ("Số BHXH\r\n12", True),
        ("Số BHXH;12", True),
        ("Số BHXH: chưa có; đơn 12", False),
        ("Số BHXH đã cấp 12", False),
        ("Số BHXH. 12", False),
        ("BHXH: 12", False),
    ],
)
def test_what_stands_beside_a_label(text: str, expected: bool) -> None:
    """Something joins it to its value: a colon, a tag, a cell, nothing; not other words."""
    head = {"id": "a", "title": "x", "finds": "basic", "vectors": {"match": ["a"]}, "labels": ["số BHXH"]}
    search = Detector.model_validate({**head, "pattern": "{label}{beside}(12)", "scores": {"labelled": 0.9}}).search

    assert bool(by_portable(text.encode(), [search])[0]) is expected
    if native_available():
        assert by_native(text.encode(), [search]) == by_portable(text.encode(), [search])


def test_vectors_of_bytes_and_of_many_records() -> None:
    """What is no text is written in hexadecimal; many records differ from each other."""
    many = vector_bytes(Many(repeat=50, record="{n},{n}\n")).split()

    assert vector_bytes("hex:00ff") == b"\x00\xff"
    assert vector_bytes("ọ") == "ọ".encode()
    assert len(set(many)) == 50
    assert many[0] == b"007919,007919"
