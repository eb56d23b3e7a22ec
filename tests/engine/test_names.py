"""Names from the wire are bounded, distinct, and safe to print."""

from __future__ import annotations

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from crossborder.engine.names import COLUMNS, NAME_LIMIT, PATH_LIMIT, QUERY_LIMIT, Names, clean
from crossborder.model import REPORT_COLUMNS


def test_the_columns_stand_as_in_the_report() -> None:
    """The row goes into the report as it is, so the order must be the report's."""
    names = [column.name for column in REPORT_COLUMNS]
    first = names.index(COLUMNS[0])

    assert names[first : first + len(COLUMNS)] == list(COLUMNS)


@given(st.one_of(st.text(), st.binary()))
def test_cleaned_text_is_printable_and_bounded(value: str | bytes) -> None:
    """Whatever comes from the wire may stand in a terminal, in JSON and in UTF-8."""
    text = clean(value)

    assert text.isprintable()
    assert len(text) <= NAME_LIMIT
    assert json.loads(json.dumps(text.encode().decode())) == text


def test_controls_become_escapes() -> None:
    """A terminal escape and a direction mark are shown, not obeyed."""
    assert clean(b"evil\x1b[2J\xff") == r"evil\x1b[2J\xff"
    assert clean("a\u202eb") == r"a\u202eb"


@pytest.mark.parametrize(
    ("first", "second", "name", "source"),
    [
        (("dns", "a.example"), ("tls", "b.example"), "b.example", "tls"),
        (("tls", "a.example"), ("http", "b.example"), "a.example", "tls"),
        (("http", "A.Example:8080"), ("dns", "b.example"), "a.example", "http"),
        (("http", "a.example"), ("quic", "B.EXAMPLE."), "b.example", "quic"),
        (("tls", "a.example"), ("tls", "b.example"), "a.example", "tls"),
        (("tls", ""), ("dns", "b.example"), "b.example", "dns"),
    ],
)
def test_the_stronger_source_names_the_server(
    first: tuple[str, str], second: tuple[str, str], name: str, source: str
) -> None:
    """TLS and QUIC before HTTP before DNS; of two equal sources the first."""
    names = Names()
    for origin, value in (first, second):
        names.name_server(value, origin)

    assert (names.server_name, names.server_name_source) == (name, source)


@pytest.mark.parametrize(
    ("column", "value", "kept"),
    [
        ("http_host", "Files.Example:8443", "files.example"),
        ("http_host", "[2001:db8::1]:80", "2001:db8::1"),
        ("http_path", "/a/b?id=012345678901#x", "/a/b"),
        ("http_path", "http://files.example/a?b", "/a"),
        ("http_path", "http://files.example", "/"),
        ("http_path", b"/" + b"a" * 9999, "/" + "a" * (PATH_LIMIT - 1)),
        ("http_content_type", "Text/HTML; charset=utf-8", "text/html"),
        ("dns_rcode", "nxdomain", "nxdomain"),
    ],
)
def test_text_columns_hold_what_the_report_promises(column: str, value: str | bytes, kept: str) -> None:
    """Ports, queries and parameters are cut off, names are lower case."""
    names = Names()
    names.first(column, value)
    names.first(column, "second")

    assert getattr(names, column) == kept


def test_lists_are_distinct_in_order_and_bounded() -> None:
    """A flood of names fills a list to its limit and no further; of a path the last part is kept, in UTF-8 or not."""
    names = Names()
    for name in ["B.example.", "a.example", "b.example", "", *(f"{n}.example" for n in range(100))]:
        names.add("dns_query", name)
    names.add("file_names", r"C:\secret\persons.xlsx")
    names.add("file_names", "/srv/persons.xlsx")
    names.add("file_names", b"C:\\srv\\b\xe1ng.xlsx")

    assert names.dns_query is not None
    assert names.dns_query[:2] == ["b.example", "a.example"]
    assert len(names.dns_query) == QUERY_LIMIT
    assert names.file_names == ["persons.xlsx", r"b\xe1ng.xlsx"]


def test_uploads_add_up_within_the_column() -> None:
    """A Content-Length may claim anything; the column holds 64 bits."""
    names = Names()
    names.add_upload(10)
    names.add_upload(-5)
    assert names.http_upload_bytes == 10

    names.add_upload(1 << 70)
    assert names.http_upload_bytes == (1 << 63) - 1


@pytest.mark.parametrize(
    ("known", "payload", "inspection"),
    [
        ({}, False, None),
        ({}, True, "opaque"),
        ({"app_protocol": "http"}, True, "cleartext"),
        ({"app_protocol": "tls"}, True, "opaque"),
        ({"app_protocol": "tls", "server_name": "a", "server_name_source": "tls"}, True, "metadata"),
        ({"app_protocol": "quic", "ja4": "q13d"}, True, "metadata"),
        ({"server_name": "a", "server_name_source": "dns"}, True, "opaque"),
        ({"app_protocol": "smtp", "inspection": "metadata"}, True, "metadata"),
    ],
)
def test_inspection_is_decided_by_what_is_known(known: dict[str, str], payload: bool, inspection: str | None) -> None:
    """Cleartext by protocol, metadata by a hello's traits, opaque where payload says nothing."""
    names = Names()
    for column, value in known.items():
        setattr(names, column, value)

    assert names.inspected(payload) == inspection
    assert names.row(payload)[1] == inspection


def test_a_fork_keeps_todays_values() -> None:
    """The record that ends keeps its values; the successor's total begins at nothing."""
    names = Names()
    names.add("dns_query", "a.example")
    names.add_upload(10)
    kept = names.fork()
    names.add("dns_query", "b.example")
    names.add_upload(1)

    assert (kept.dns_query, kept.http_upload_bytes) == (["a.example"], 10)
    assert (names.dns_query, names.http_upload_bytes) == (["a.example", "b.example"], 1)
