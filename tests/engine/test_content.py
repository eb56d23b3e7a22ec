"""What is searched: bodies of HTTP and mail in every encoding, by both engines alike, however they are cut."""

from __future__ import annotations

import base64
import json
import struct
import unicodedata
from email.header import Header
from typing import TYPE_CHECKING, Any
from urllib.parse import quote_plus

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from tests.engine.contents import (
    CODINGS,
    MAIL_ENCODINGS,
    SHIPPED,
    by_native,
    by_portable,
    counts,
    cut,
    packed,
    parts,
    request,
    smtp,
)
from tests.engine.searches import register, word

from crossborder.engine import native_available

if TYPE_CHECKING:
    from collections.abc import Iterable

    from tests.engine.contents import Pieces

native = pytest.mark.skipif(not native_available(), reason="the native extension is not installed")
engines = pytest.mark.parametrize("found_by", [by_portable, pytest.param(by_native, marks=native)])

MARKED = "Người nhận: TUYỆT MẬT 7"
"""A word with letters beyond ASCII; written otherwise in every encoding."""
SEARCH = [word("secret", MARKED), word("head", "Số hiệu 77")]
ROW = "Số CCCD: 001099012345\n"


def out(data: bytes) -> Pieces:
    """Return one piece that goes out."""
    return [(True, data)]


BODIES = {
    "plain": request(MARKED.encode()),
    "no type": request(MARKED.encode(), ""),
    "chunked": request(MARKED.encode(), chunk=5),
    "decomposed": request(unicodedata.normalize("NFD", MARKED).encode()),
    "form": request(f"a=1&b={quote_plus(MARKED)}".encode(), "application/x-www-form-urlencoded"),
    "json": request(json.dumps({"a": MARKED}).encode(), "application/json; charset=utf-8"),
    "json of no type": request(b"\xef\xbb\xbf " + json.dumps([MARKED]).encode(), "text/plain"),
    "json in a form": request(f"a={quote_plus(json.dumps([MARKED]))}".encode(), "application/x-www-form-urlencoded"),
    "xml": request(b"<a>" + MARKED.encode("ascii", "xmlcharrefreplace") + b"</a>", "application/soap+xml"),
    "hexadecimal entities": request(("<p>" + "".join(f"&#x{ord(c):x};" for c in MARKED)).encode(), "text/html"),
    "utf-16": request(("﻿" + MARKED * 3).encode("utf-16-le"), "text/csv"),
    "utf-16 big": request((MARKED * 3).encode("utf-16-be"), "text/csv; charset=utf-16be"),
    "utf-16 unmarked": request((MARKED * 3).encode("utf-16-le"), "text/csv"),
    "json in utf-16": request((json.dumps([MARKED])).encode("utf-16-le"), "application/json"),
    "utf-8 called otherwise": request(MARKED.encode(), "text/plain; charset=windows-1258"),
    "windows-1258": request(
        unicodedata.normalize("NFD", MARKED)
        .replace("o\u031b", "ơ")
        .replace("u\u031b", "ư")
        .replace("e\u0302", "ê")
        .replace("e\u0323\u0302", "ê\u0323")
        .replace("a\u0323\u0302", "â\u0323")
        .replace("A\u0323\u0302", "Â\u0323")
        .replace("E\u0323\u0302", "Ê\u0323")
        .replace("U\u031b", "Ư")
        .encode("cp1258"),
        "text/plain; charset=windows-1258",
    ),
    "parts": request(
        parts(('Content-Disposition: form-data; name="f"; filename="x.csv"', MARKED.encode())),
        "multipart/form-data; boundary==_b",
    ),
    "packed part": request(
        parts(("Content-Type: text/plain\r\nContent-Encoding: gzip", packed(MARKED.encode(), "gzip"))),
        'multipart/mixed; boundary="=_b"',
    ),
    "query": b"GET /x?q=" + quote_plus(MARKED).encode() + b" HTTP/1.1\r\nHost: a.example\r\n\r\n",
    **{
        f"{' '.join(codings) or 'unpacked'}": request(MARKED.encode(), "text/plain", *codings, chunk=9)
        for codings in [(name,) for name in CODINGS] + [("gzip", "br"), ("zstd", "deflate", "gzip")]
    },
    "transfer coding": b"POST / HTTP/1.1\r\nTransfer-Encoding: gzip, chunked\r\n\r\n%x\r\n%b\r\n0\r\n\r\n"
    % (len(packed(MARKED.encode(), "gzip")), packed(MARKED.encode(), "gzip")),
    "answer": b"HTTP/1.1 200 OK\r\nContent-Encoding: br\r\n\r\n" + packed(MARKED.encode(), "br"),
    "not HTTP any more": b"POST / HTTP/1.1\r\nContent-Length: 1\r\n\r\nx" + b"\x01" + MARKED.encode(),
}


@engines
@pytest.mark.parametrize("name", BODIES)
def test_bodies_of_http_are_read(found_by: Any, name: str) -> None:
    """Whatever they are packed and written in; in one piece, and byte by byte."""
    whole = found_by(out(BODIES[name]), SEARCH)

    assert counts(whole)["secret"] >= 1
    assert found_by(cut(out(BODIES[name]), [1]), SEARCH) == whole


def mail(content: bytes, encoding: str, content_type: str = "text/plain; charset=utf-8") -> bytes:
    """Return a message."""
    subject = Header("Số hiệu 77", "utf-8").encode()
    head = f"Subject: {subject}\r\nMIME-Version: 1.0\r\nContent-Type: {content_type}\r\n"
    head += f"Content-Transfer-Encoding: {encoding}\r\n" if encoding else ""
    return head.encode() + b"\r\n" + MAIL_ENCODINGS[encoding](content)


ATTACHED = parts(
    ("Content-Type: text/plain\r\nContent-Transfer-Encoding: base64", base64.encodebytes(b"nothing")),
    (
        'Content-Type: a/b\r\nContent-Disposition: attachment; filename="a"\r\nContent-Transfer-Encoding: BASE64',
        base64.encodebytes(MARKED.encode()),
    ),
)
NESTED = parts(
    ('Content-Type: multipart/alternative; boundary="in"', parts(("", MARKED.encode()), boundary="in")),
    ("Content-Type: message/rfc822", b"Subject: x\r\nContent-Type: text/html\r\n\r\n<p>" + MARKED.encode()),
)
IMAP = [(False, b"* OK IMAP4rev1 ready\r\n"), (True, b"a1 LOGIN x y\r\n"), (False, b"a1 OK\r\n")]


def messages() -> dict[str, Pieces]:
    """Return dialogues in which mail leaves home."""
    plain = mail(MARKED.encode(), "quoted-printable")
    size = len(plain)
    fetched = b"* 1 FETCH (UID 7 BODY[] {%d}\r\n%b)\r\n" % (size, plain)
    part = base64.encodebytes(MARKED.encode() * 3)
    return {
        **{f"sent {encoding}": smtp(mail(MARKED.encode(), encoding)) for encoding in MAIL_ENCODINGS},
        "attached": smtp(mail(ATTACHED, "", 'multipart/mixed; boundary="=_b"')),
        "nested": smtp(mail(NESTED, "", "multipart/mixed; boundary==_b")),
        "dots": smtp(mail(b"x\r\n." + MARKED.encode() + b"\r\n..", "")),
        "in chunks": [
            *smtp(b"")[:3],
            (True, b"MAIL FROM:<a@b.example>\r\nBDAT 99\r\n" + plain[:99] + b"BDAT %d LAST\r\n" % (size - 99)),
            (True, plain[99:] + b"QUIT\r\n"),
        ],
        "stored": [*IMAP, (True, b"a2 APPEND Sent (\\Seen) {%d+}\r\n%b\r\n" % (size, plain))],
        "fetched": [(True, b"* OK IMAP4 ready\r\n"), (False, b"a1 UID FETCH 1:* BODY[]\r\n"), (True, fetched)],
        "part fetched": [
            (True, b"* OK IMAP4 ready\r\n"),
            (True, b"* 1 FETCH (BODY[2.1] {%d}\r\n%b)\r\n" % (len(part), part)),
        ],
        "popped": [
            (True, b"+OK POP3 ready\r\n"),
            (False, b"USER a\r\nPASS b\r\nSTAT\r\nRETR 1\r\n"),
            (True, b"+OK\r\n+OK\r\n+OK 1 9\r\n+OK follows\r\n" + plain + b"\r\n.\r\n+OK bye\r\n"),
        ],
    }


@engines
@pytest.mark.parametrize("name", messages())
def test_mail_is_read(found_by: Any, name: str) -> None:
    """Sent, stored and fetched; in one piece, and byte by byte."""
    pieces = messages()[name]
    whole = found_by(pieces, SEARCH)

    assert counts(whole)["secret"] >= 1
    assert found_by(cut(pieces, [1]), SEARCH) == whole
    if name != "part fetched":
        assert counts(whole)["head"] == 1


@engines
def test_a_field_of_a_form_has_its_name_for_a_label(found_by: Any) -> None:
    """The head of a part that is no file and its value are one text."""
    body = parts(('Content-Disposition: form-data; name="so_cccd"', b"001099012345"))
    pieces = out(request(body, "multipart/form-data; boundary==_b"))

    assert sum(counts(found_by(pieces, SHIPPED)).values()) >= 1


@engines
def test_a_bomb_ends_at_the_limit_and_is_counted(found_by: Any) -> None:
    """And so do packings in each other without end; the flow goes on."""
    for coding in ("gzip", "deflate", "br", "zstd"):
        found = found_by(out(request(bytes(50 << 20), "text/plain", coding)), SEARCH, 1 << 20)
        assert found[1] == ["bytes"], coding
    deep = request(b"x", "text/plain", *["gzip"] * 4)
    assert found_by(out(deep), SEARCH)[1] == ["depth"]


@engines
def test_what_is_opened_is_set(found_by: Any) -> None:
    """How many packings one over the other, and how many parts inside each other."""
    packed_twice = out(request(MARKED.encode(), "text/plain", "gzip", "br"))
    nested = smtp(mail(NESTED, "", "multipart/mixed; boundary==_b"))

    for pieces, enough, too_few in (
        (packed_twice, {"codings": 2}, {"codings": 1}),
        (nested, {"depth": 3}, {"depth": 1}),
    ):
        found, limits = found_by(pieces, SEARCH, **enough)
        assert (counts((found, limits))["secret"], limits) == (1 if pieces is packed_twice else 2, [])
        assert found_by(pieces, SEARCH, **too_few)[1] == ["depth"]


@engines
def test_damage_ends_a_body_and_nothing_else(found_by: Any) -> None:
    """What is no gzip says nothing; the next request is read."""
    pieces = out(request(b"x", "text/plain").replace(b"text/plain", b"a/b\r\nContent-Encoding: gzip") + BODIES["br"])

    assert counts(found_by(pieces, SEARCH)) == {"secret": 1}


@engines
def test_texts_do_not_run_over(found_by: Any) -> None:
    """A label in one body is none for a value in the next."""
    pieces = out(request("Số CCCD: ".encode()) + request(b"001099012345"))
    together = out(request(ROW.encode()))

    assert not [name for name in counts(found_by(pieces, SHIPPED)) if "personal" in name]
    assert counts(found_by(together, SHIPPED))


def posts(values: Iterable[str], filling: str = "") -> Pieces:
    """Return a connection on which each value is posted by itself."""
    return [(True, request(f'{filling}{{"x":"{value}"}}'.encode(), "application/json")) for value in values]


def personal(found: tuple[Any, list[str]]) -> int:
    """Return how many distinct personal numbers were found."""
    (detections, _), _ = found
    return sum(len(distinct) for name, _, _, distinct, _ in detections if name == "vn-personal-id")


@engines
def test_names_behind_labels_of_any_writing_are_found_in_one_text(found_by: Any) -> None:
    """Whatever comes first: labels are looked for in groups, and one group's last match hides no earlier one."""
    lines = ["ho ten: Nguyen Van Mau", "Họ tên: Trần Thị Mẫu", "HO_TEN: LE THI MAU"]
    for text in ("\n".join(lines), "\n".join(reversed(lines))):
        assert counts(found_by([(True, request(text.encode()))], SHIPPED))["vn-person-name"] == 3


@engines
def test_numbers_posted_one_by_one_are_an_export(found_by: Any) -> None:
    """Fifty distinct ones, whatever heads stand between; fewer are not, nor one over and over."""
    many = [f"0010990{at:05}" for at in range(120)]

    assert personal(found_by(posts(many), SHIPPED)) == 120
    assert found_by(cut(posts(many), [97]), SHIPPED) == found_by(posts(many), SHIPPED)
    assert personal(found_by(posts(many[:49]), SHIPPED)) == 0
    assert personal(found_by(posts(many[:30] * 4), SHIPPED)) == 0
    assert personal(found_by(posts(many, "no number " * 200), SHIPPED)) == 0


@engines
def test_what_came_before_does_not_hide_an_export(found_by: Any) -> None:
    """A body that is one by itself is one behind numbers that are none, and behind one of its own."""
    export = "".join(f"0010990{at:05}\n" for at in range(50)).encode()
    noise = "".join(f"9{at:011}\n" for at in range(300)).encode()
    pieces = out(request(export[:13] + noise) + request(noise) + request(export))

    assert personal(found_by(pieces, SHIPPED)) == 50


@pytest.mark.skipif(not native_available(), reason="the native extension makes registers")
@pytest.mark.parametrize("found_by", [by_portable, by_native])
def test_people_of_a_register_posted_one_by_one_are_recognised(found_by: Any) -> None:
    """Three of them, where one in 256 strangers passes for one."""
    own = [f"0010990{at:05}" for at in range(3)]
    staff = register("staff", own, bits=8)

    assert counts(found_by(posts(own), SHIPPED, registers=[staff])) == {staff.id: 3}
    assert counts(found_by(posts(own[:2]), SHIPPED, registers=[staff])) == {}


@native
@settings(max_examples=60, deadline=None)
@given(st.lists(st.tuples(st.integers(0, 70), st.integers(0, 3), st.integers(0, 40)), max_size=12))
def test_both_engines_gather_the_same(sent: list[tuple[int, int, int]]) -> None:
    """Whatever is posted, in whatever portions."""
    pieces: Pieces = []
    for many, kind, first in sent:
        shape = ("0010990{:05}", "9{:011}", "09{:08}", "0010{:08}")[kind]
        pieces += out(request("\n".join(shape.format(first + at * 7919) for at in range(many)).encode()))

    assert by_native(pieces, SHIPPED) == by_portable(pieces, SHIPPED)


TEXTS = st.lists(
    st.one_of(
        st.text(max_size=20),
        st.sampled_from(
            [
                ROW,
                MARKED,
                unicodedata.normalize("NFD", MARKED),
                "\\ud83d\\ude00",
                "\\ud8ad\\ud",
                "&#7853;",
                "%C3%A9",
                "=",
            ]
        ),
        st.from_regex(r"0[0-9]{2}[0-3][0-9]{8}", fullmatch=True),
        st.integers(1, 60).map(lambda size: "điện thoại " * size),
    ),
    max_size=6,
).map("".join)
CHARSETS = st.sampled_from(["utf-8", "utf-8", "utf-16-le", "utf-16-be", "utf-16", "cp1258", "latin-1"])
TYPES = st.sampled_from(
    [
        *("text/plain", "", "text/html; charset=utf-8", "application/json", "application/x-www-form-urlencoded"),
        *("text/csv; charset=windows-1258", 'text/plain; charset="UTF-16LE"', "multipart/form-data; boundary==_b"),
        *("multipart/mixed; boundary=in", "message/rfc822"),
    ]
)


@st.composite
def bodies(draw: st.DrawFn, depth: int = 0) -> bytes:
    """Return bytes of a body: text in some charset, parts, or anything."""
    kind = draw(st.integers(0, 5))
    if kind == 0:
        return draw(st.binary(max_size=64))
    if kind == 1 and depth < 3:
        heads = st.sampled_from(
            [
                "",
                "Content-Type: text/plain\r\nContent-Transfer-Encoding: base64",
                "Content-Type: text/html\r\nContent-Transfer-Encoding: quoted-printable",
                'Content-Disposition: form-data; name="cccd"',
                'Content-Disposition: form-data; name="f"; filename="x"\r\nContent-Type: application/json',
                "Content-Type: multipart/mixed; boundary=in",
                "Content-Type: message/rfc822",
                "Content-Encoding: gzip",
            ]
        )
        contents = draw(st.lists(st.tuples(heads, bodies(depth + 1)), max_size=3))
        encoded = [
            (head, base64.encodebytes(data) if "base64" in head else packed(data, "gzip") if "gzip" in head else data)
            for head, data in contents
        ]
        return parts(*encoded, boundary=draw(st.sampled_from(["=_b", "in"])))
    text = draw(TEXTS)
    if kind == 2:
        text = json.dumps({"a": text})
    if kind == 3:
        return f"a={quote_plus(text)}".encode()
    return text.encode(draw(CHARSETS), "replace")


@native
@settings(suppress_health_check=[HealthCheck.too_slow], deadline=None)
@given(
    st.lists(
        st.tuples(
            bodies(), TYPES, st.lists(st.sampled_from(list(CODINGS)), max_size=2), st.sampled_from([0, 0, 7, 900])
        ),
        min_size=1,
        max_size=3,
    ),
    st.lists(st.integers(1, 3000), max_size=4),
)
def test_both_engines_read_the_same_of_http(said: list[Any], sizes: list[int]) -> None:
    """Whatever bodies hold and are said to be, cut anywhere."""
    stream = b"".join(request(body, kind, *codings, chunk=chunk) for body, kind, codings, chunk in said)
    whole = by_portable(out(stream), SHIPPED + SEARCH)

    assert by_native(out(stream), SHIPPED + SEARCH) == whole
    assert by_native(cut(out(stream), sizes), SHIPPED + SEARCH) == whole
    assert by_portable(cut(out(stream), sizes), SHIPPED + SEARCH) == whole


@native
@settings(suppress_health_check=[HealthCheck.too_slow], deadline=None)
@given(bodies(), TYPES, st.sampled_from(list(MAIL_ENCODINGS)), st.lists(st.integers(1, 3000), max_size=4))
def test_both_engines_read_the_same_of_mail(body: bytes, kind: str, encoding: str, sizes: list[int]) -> None:
    """Whatever messages hold and are said to be, cut anywhere."""
    pieces = smtp(mail(body, encoding, kind or "text/plain"))
    whole = by_portable(pieces, SHIPPED + SEARCH)

    assert by_native(pieces, SHIPPED + SEARCH) == whole
    assert by_native(cut(pieces, sizes), SHIPPED + SEARCH) == whole
    assert by_portable(cut(pieces, sizes), SHIPPED + SEARCH) == whole


RAW: dict[str, Pieces] = {
    "mysql": [
        (False, b"\x21\0\0\x01\x85\xa6\x03\0" + bytes(24) + b"a\0"),
        (True, b"\x2c\0\0\x00\x0a8.0.36\0" + bytes(38)),
        (True, b"\x1c\0\0\x05\x0fHo ten: An;CCCD;12\x0c001099012345"),
    ],
    "postgresql": [
        (False, b"\0\0\0\x16\0\x03\0\0user\0a\0\0" + bytes(3)),
        (True, b"R\0\0\0\x08\0\0\0\0D\0\0\0\x20\0\x02\0\0\0\x05CCCD \0\0\0\x0c001099012345"),
    ],
    "redis": [(False, b"*2\r\n$3\r\nGET\r\n$1\r\na\r\n"), (True, b"$18\r\nCCCD: 001099012345\r\n")],
    "mongodb": [
        (True, struct.pack("<iiii", 60, 7, 6, 2013) + bytes(5) + b"\x02cccd\0\x0d\0\0\x00001099012345\0" + bytes(9))
    ],
    "smb2": [
        (False, b"\0\0\0\x44\xfeSMB\x40\0" + bytes(58) + b"\x24\0\0\0"),
        (True, b"\0\0\0\x60\xfeSMB\x40\0" + bytes(58) + b"\x31\0" + b"CCCD: 001099012345; x;" + bytes(8)),
    ],
    "nfs": [
        (
            True,
            struct.pack("!IIIIIII", 1 << 31 | 84, 7, 0, 2, 100003, 3, 7)
            + bytes(16)
            + b"CCCD: 001099012345 "
            + bytes(25),
        )
    ],
    "nobody's": [(True, b"CCCD: 001099012345\n")],
}


@engines
@pytest.mark.parametrize("name", RAW)
def test_other_protocols_are_read_as_bytes(found_by: Any, name: str) -> None:
    """Values in answers of databases stand as they are."""
    assert counts(found_by(RAW[name], SHIPPED)) == {"vn-personal-id": 1}
