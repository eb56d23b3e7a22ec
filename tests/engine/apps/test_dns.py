"""DNS messages and talks."""

from __future__ import annotations

import pytest
from tests.engine.apps.speech import answer, dns_message, hear, labels, question

from crossborder.engine.portable.apps import DnsNames
from crossborder.engine.portable.apps.dns import looks_like_dns, parse
from crossborder.engine.portable.apps.reader import Reader

V4, V6 = bytes([203, 0, 113, 7]), bytes.fromhex("20010db8") + bytes(12)
POINTER = b"\xc0\x0c"  # to the first question's name


def _name(wire: bytes) -> str:
    said = parse(dns_message(wire + b"\0\x01\0\x01"))
    assert said is not None
    return said.questions[0].name if said.questions else "?"


def test_a_question_is_read() -> None:
    """The names asked come in the wire's case, without the dot at the end."""
    said = parse(dns_message(question(b"WWW.Example.com")))

    assert said is not None
    assert [(q.name, q.kind, q.klass) for q in said.questions] == [("WWW.Example.com", 1, 1)]
    assert not said.response
    assert not said.damaged


def test_a_message_without_a_whole_header_says_nothing() -> None:
    """Twelve bytes are a header; fewer are not DNS."""
    assert parse(bytes(11)) is None


@pytest.mark.parametrize(
    ("wire", "name"),
    [
        (b"\x03www\xc0\x12\0", "www"),  # a pointer to a root behind it
        (b"\xc0\x0c", ""),  # a pointer to itself
        (b"\x01a\xc0\x0c", "a." * 31 + "a." + "a"),  # a loop: as many labels as jumps are followed
        (b"\x40abc", "?"),  # a reserved label type
        (b"\xff\xff", "?"),  # a pointer outside the message
        (b"\x09short", "?"),  # a label longer than the message
        (b"\x05a.b\\c\x03com\0", r"a\.b\\c.com"),  # dots and backslashes inside a label
        (b"\x06vi\xe1\xbb\x87t\0", "việt"),  # UTF-8, as multicast names are
        (b"\x02\xff\xfe\0", r"\xff\xfe"),  # no UTF-8
    ],
)
def test_damaged_and_odd_names(wire: bytes, name: str) -> None:
    """Each way a name may be damaged has its answer, and none raises."""
    assert _name(wire) == name


def test_a_name_is_cut_at_255_bytes() -> None:
    """Labels beyond the longest name are left out."""
    wire = (b"\x3f" + b"x" * 63) * 10 + b"\0"

    assert _name(wire) == ".".join(["x" * 63] * 3)


def test_answers_follow_the_chain_of_aliases() -> None:
    """Addresses of the name asked and of its aliases count; those of others prove nothing."""
    said = parse(
        dns_message(
            question(b"www.example.com"),
            flags=0x8180,
            answers=[
                answer(POINTER, 5, labels(b"cdn.example.net")),
                answer(labels(b"CDN.example.net"), 1, V4),
                answer(labels(b"cdn.example.net"), 28, V6),
                answer(labels(b"bank.example.org"), 1, bytes(4)),
                answer(POINTER, 1, b"abc"),  # an A record of three bytes
            ],
        )
    )

    assert said is not None
    assert said.addresses == (V4, V6)


def test_an_answer_that_breaks_off_keeps_what_stands_before() -> None:
    """A response cut by the capture is damaged, and what was read of it counts."""
    whole = dns_message(
        question(b"a.example"), flags=0x8183, answers=[answer(POINTER, 1, V4), answer(POINTER, 1, bytes(4))]
    )

    said = parse(whole[:-2])

    assert said is not None
    assert said.damaged
    assert said.addresses == (V4,)


def test_responses_teach_addresses_and_codes() -> None:
    """The names asked, the last response code and the map of addresses come from one talk."""
    known = DnsNames()
    names = hear(
        "udp",
        (">", dns_message(question(b"www.Example.com"))),
        ("<", dns_message(question(b"www.example.com"), flags=0x8180, answers=[answer(POINTER, 1, V4)])),
        (">", dns_message(question(b"nowhere.example"))),
        ("<", dns_message(question(b"nowhere.example"), flags=0x8183)),
        dns_names=known,
    )

    assert names.app_protocol == "dns"
    assert names.dns_query == ["www.example.com", "nowhere.example"]
    assert names.dns_rcode == "nxdomain"
    assert known.name_of(V4) == "www.example.com"


def test_an_unknown_code_keeps_its_number() -> None:
    """Codes that have no name are told by number."""
    assert hear("udp", ("<", dns_message(question(b"a.example"), flags=0x800F))).dns_rcode == "rcode15"


def test_the_root_is_a_name() -> None:
    """A question for the root zone is seen, and tells its code."""
    names = hear("udp", ("<", dns_message(question(b""), flags=0x8180)))

    assert names.app_protocol == "dns"
    assert names.dns_rcode == "noerror"


@pytest.mark.parametrize("piece", [1, 2, 3, 7, 1000])
def test_several_messages_over_tcp(piece: int) -> None:
    """Over TCP each message has its length before it, however the stream is cut."""
    messages = [dns_message(question(name)) for name in (b"a.example", b"b.example", b"a.example")]
    stream = b"".join(len(m).to_bytes(2, "big") + m for m in messages)

    names = hear("tcp", (">", stream), piece=piece)

    assert names.app_protocol == "dns"
    assert names.dns_query == ["a.example", "b.example"]


def test_junk_first_hides_no_question() -> None:
    """A datagram of another protocol, or of none, does not hide the questions behind it."""
    snmp = bytes.fromhex("302902010104067075626c6963a01c020412345678020100020100300e300c06082b060102010101000500")
    asked = dns_message(question(b"hidden.example"))

    assert hear("udp", (">", snmp), (">", asked)).dns_query == ["hidden.example"]
    assert hear("udp", (">", b"\xff" * 40), (">", asked)).dns_query == ["hidden.example"]


@pytest.mark.parametrize(
    "datagram",
    [
        bytes(40),  # no question
        dns_message(question(b"a.example", klass=7)),  # a class that does not exist
        dns_message(question(b"a.example", kind=0)),
        dns_message(question(b"a.example"))[:-1],  # the question is not whole
        b"\x12\x34\x01\0\0\x01\0\0\0\0\0\0" + b"\x40" * 40,  # reserved label type
        b"\x12\x34\x01\0\xff\xff\0\0\0\0\0\0" + question(b"a.example"),
    ],
)
def test_what_is_not_dns(datagram: bytes) -> None:
    """Content alone must tell: a port never helps."""
    assert looks_like_dns(datagram, len(datagram)) is False


def test_more_bytes_are_asked_for_only_where_they_may_come() -> None:
    """A message whose rest is still to come is undecided; one that ends there is not DNS."""
    head = dns_message(question(b"www.example.com"))[:20]

    assert looks_like_dns(head, 33) is None
    assert looks_like_dns(head, 20) is False


def test_a_reader_never_reads_beyond_its_end() -> None:
    """The cursor knows how much is left."""
    reader = Reader(b"\x02ab\x40\x25", 0)

    assert reader.block(1) == b"ab"
    assert reader.varint() == 0x25
    assert reader.left == 0
