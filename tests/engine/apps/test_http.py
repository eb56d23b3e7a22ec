"""HTTP/1.x heads and talks."""

from __future__ import annotations

import pytest
from tests.engine.apps.speech import Line, client_hello, hear, told

from crossborder.engine.names import Names
from crossborder.engine.portable.apps import Conversation, DnsNames
from crossborder.engine.portable.apps.http import chunk_size, file_name, looks_like_http, parse_head

OK = b"HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nhello"
GET = b"GET /a/b?citizen=001199000001 HTTP/1.1\r\nHost: WWW.Example.com:8080\r\n\r\n"
FORM = (
    b'--xx\r\nContent-Disposition: form-data; name="note"\r\n\r\ntext\r\n'
    b"--xx\r\nContent-Type: application/pdf\r\n"
    b'Content-Disposition: form-data; name="f";\r\n filename="C:\\\\files\\\\report.pdf"\r\n\r\n%PDF-1.7\r\n'
    b"--xx\r\nContent-Disposition: form-data; name=f; filename*=UTF-8''b%E1%BA%A3ng.xlsx\r\n"
    b"Content-Type: application/vnd.ms-excel; x=y\r\n\r\n\0\1\2\r\n--xx--\r\n"
)  # fmt: skip
POST = (
    b"POST /upload HTTP/1.1\r\nHost: files.example.net\r\nContent-Type: Multipart/Form-Data; boundary=xx\r\n"
    b"Content-Length: " + str(len(FORM)).encode() + b"\r\n\r\n" + FORM
)


@pytest.mark.parametrize("piece", [None, 1, 7])
def test_a_request(piece: int | None) -> None:
    """Host, method and path; the query is cut off, the port too."""
    names = hear("tcp", (">", GET), ("<", OK), piece=piece)

    assert told(names) == {
        "app_protocol": "http",
        "server_name": "www.example.com",
        "server_name_source": "http",
        "http_host": "www.example.com",
        "http_method": "GET",
        "http_path": "/a/b",
    }
    assert names.inspected(payload_seen=True) == "cleartext"


@pytest.mark.parametrize("piece", [None, 1, 13])
def test_a_form_with_files_goes_out(piece: int | None) -> None:
    """What is sent abroad: how much, of what type, which files."""
    names = hear("tcp", (">", POST + GET), ("<", OK), piece=piece)

    assert names.http_upload_bytes == len(FORM)
    assert names.http_content_type == "multipart/form-data"
    assert names.file_names == ["report.pdf", "bảng.xlsx"]
    assert names.file_types == ["application/pdf", "application/vnd.ms-excel"]
    assert names.http_method == "POST"


@pytest.mark.parametrize("piece", [None, 1])
def test_a_foreign_client_draws_files_from_home(piece: int | None) -> None:
    """With the server at home the response's body is what goes out, not the request's."""
    response = (
        b"HTTP/1.1 200 OK\r\nContent-Type: text/csv; charset=utf-8\r\nContent-Length: 10\r\n"
        b"Content-Disposition: attachment; filename=citizens.csv\r\n\r\n0123456789"
    )
    names = hear("tcp", (">", POST + GET), ("<", OK + response), piece=piece, client_at_home=False)

    assert names.http_upload_bytes == 15
    assert names.http_content_type == "text/csv"
    assert names.file_names == ["citizens.csv"]
    assert names.file_types == ["text/csv"]


@pytest.mark.parametrize("piece", [None, 1, 4])
def test_chunks_are_counted_without_their_frame(piece: int | None) -> None:
    """A body in chunks counts by its content, and the next request is found behind its trailer (RFC 9112 7.1)."""
    body = b"5;ext=1\r\nhello\r\n0A\r\n0123456789\r\n0\r\nTrailer: x\r\n\r\n"
    put = b"PUT /dump.sql.gz?sig=1 HTTP/1.1\r\nHost: a.example\r\nTransfer-Encoding: gzip, Chunked\r\n\r\n"
    second = b"POST /second HTTP/1.1\r\nHost: a.example\r\nContent-Length: 3\r\n\r\nabc"
    names = hear("tcp", (">", put + body + second), piece=piece)

    assert names.http_upload_bytes == 18
    assert names.file_names == ["dump.sql.gz"]


def test_a_body_that_ends_with_the_connection_is_counted_as_seen() -> None:
    """Neither length nor chunks: the bytes that came are those that count (RFC 9112 6.3)."""
    names = hear("tcp", (">", GET), ("<", b"HTTP/1.0 200 OK\r\n\r\n" + bytes(1000)), client_at_home=False)

    assert names.http_upload_bytes == 1000


def test_announced_lengths_count_at_once() -> None:
    """An upload of gigabytes is known by its head; the claim is bounded like the column."""
    head = b"POST / HTTP/1.1\r\nHost: a.example\r\nContent-Length: %d\r\n\r\n"

    assert hear("tcp", (">", head % 5_000_000_000)).http_upload_bytes == 5_000_000_000
    assert hear("tcp", (">", head % 10**40)).http_upload_bytes == (1 << 62) - 1


@pytest.mark.parametrize(
    "response",
    [
        b"HTTP/1.1 204 No Content\r\nContent-Length: 9\r\n\r\n",
        b"HTTP/1.1 304 Not Modified\r\nContent-Length: 9\r\n\r\n",
        b"HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n",
    ],
)
def test_responses_without_a_body(response: bytes) -> None:
    """Their heads may speak of one; the next response follows at once."""
    names = hear("tcp", (">", GET + GET), ("<", response + OK), client_at_home=False)

    assert names.http_upload_bytes == 5


def test_the_answer_to_head_has_no_body() -> None:
    """It speaks of the body that GET would bring."""
    head = GET.replace(b"GET", b"HEAD")
    answer = b"HTTP/1.1 200 OK\r\nContent-Length: 99999\r\n\r\n"
    names = hear("tcp", (">", head + GET), ("<", answer + OK), client_at_home=False)

    assert names.http_upload_bytes == 5
    assert names.http_method == "HEAD"


@pytest.mark.parametrize(
    ("request_head", "host"),
    [
        (b"GET http://Proxied.example:3128/x HTTP/1.1\r\nHost: other.example\r\n\r\n", "proxied.example"),
        (b"GET http://user:pw@a.example?x HTTP/1.1\r\n\r\n", "a.example"),
        (b"GET / HTTP/1.1\nHost:bare-line-feeds.example\n\n", "bare-line-feeds.example"),
        (b"GET / HTTP/1.1\r\nX: 1\r\n  folded: 2\r\nHost :\t spaced.example \r\n\r\n", "spaced.example"),
        (b"GET / HTTP/1.1\r\nHost:\r\n folded.example\r\n\r\n", "folded.example"),
        (b"GET / HTTP/1.1\r\nhOsT: one.example\r\nHost: two.example\r\n\r\n", "one.example"),
        (b"GET / HTTP/1.1\r\nX: 1\r\nX: 2\r\n Host: of-a-repeated-field.example\r\n\r\n", None),
        (b"\r\n\r\nGET  /  HTTP/1.1\r\r\nHost: leading.example\r\r\n\r\n", "leading.example"),
        (b"GET%00 /i HTTP/1.1\r\nHost: odd-method.example\r\n\r\n", "odd-method.example"),
        (b"M-CUSTOM /i HTTP/1.1\r\nHost: custom.example\r\n\r\n", "custom.example"),
        (b"GET / HTTP/1.1\r\nHost: [2001:db8::1]:80\r\n\r\n", "2001:db8::1"),
        (b"GET /old\r\n", None),  # HTTP/0.9
    ],
)
@pytest.mark.parametrize("piece", [None, 1])
def test_hosts_of_awkward_heads(request_head: bytes, host: str | None, piece: int | None) -> None:
    """Heads are read as lenient servers read them."""
    names = hear("tcp", (">", request_head), piece=piece)

    assert names.app_protocol == "http"
    assert names.http_host == host


def test_an_address_names_no_server() -> None:
    """A Host that is an address is kept as Host, and is nobody's name."""
    names = hear("tcp", (">", GET.replace(b"WWW.Example.com:8080", b"203.0.113.9")))

    assert names.http_host == "203.0.113.9"
    assert names.server_name is None


@pytest.mark.parametrize("piece", [None, 1])
@pytest.mark.parametrize("answer", [[("<", b"HTTP/1.1 200 Connection established\r\n\r\n")], []])
def test_connect_opens_a_tunnel(answer: list[Line], piece: int | None) -> None:
    """Inside stands TLS: the flow is called by what is inside, and the proxy's request is kept."""
    connect = b"CONNECT files.example.net:443 HTTP/1.1\r\nHost: files.example.net:443\r\n\r\n"
    names = hear("tcp", (">", connect), *answer, (">", client_hello("inner.example")), piece=piece)

    assert names.app_protocol == "tls"
    assert (names.server_name, names.server_name_source) == ("inner.example", "tls")
    assert (names.http_method, names.http_host, names.http_path) == ("CONNECT", "files.example.net", None)
    assert names.inspected(payload_seen=True) == "metadata"


def test_a_tunnel_of_nothing_known_is_opaque() -> None:
    """A proxy's request is cleartext; what hides behind it is not."""
    connect = b"CONNECT a.example:9 HTTP/1.1\r\n\r\n"
    names = hear("tcp", (">", connect), ("<", b"HTTP/1.1 200 OK\r\n\r\n"), (">", bytes(range(256)) * 20))

    assert names.app_protocol == "http"
    assert names.inspected(payload_seen=True) == "opaque"


def test_a_refused_tunnel_stays_http() -> None:
    """407 asks for a password; the client asks again."""
    connect = b"CONNECT a.example:443 HTTP/1.1\r\n\r\n"
    refused = b"HTTP/1.1 407 Authenticate\r\nContent-Length: 2\r\n\r\nno"
    names = hear("tcp", (">", connect), ("<", refused), (">", GET), ("<", OK))

    assert names.app_protocol == "http"
    assert names.http_path == "/a/b"


def test_another_protocol_after_101_ends_the_talk() -> None:
    """WebSocket frames are not read."""
    conversation = Conversation("tcp", Names(), DnsNames())

    assert conversation.feed(True, True, GET)
    assert not conversation.feed(False, False, b"HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\n\r\n")


def test_after_a_gap_the_next_message_is_found() -> None:
    """Bytes are missing in a body: the next piece that begins like a message is one."""
    names = Names()
    conversation = Conversation("tcp", names, DnsNames())
    conversation.feed(True, True, POST[:200])
    conversation.gap(True, True)
    conversation.feed(True, True, b"of the body the rest")
    conversation.feed(True, True, b"POST /2 HTTP/1.1\r\nContent-Length: 7\r\n\r\n")

    assert names.http_upload_bytes == len(FORM) + 7


def test_heads_and_chunks_have_limits() -> None:
    """A head that never ends is read up to the limit; a chunk line that is none ends the talk."""
    endless = b"GET / HTTP/1.1\r\nHost: a.example\r\n" + b"X: y\r\n" * 20_000

    assert hear("tcp", (">", endless), piece=1400).http_host == "a.example"
    bad = b"POST / HTTP/1.1\r\nTransfer-Encoding: chunked\r\n\r\nxyz\r\nPOST / HTTP/1.1\r\nContent-Length: 3\r\n\r\n"
    assert hear("tcp", (">", bad)).http_upload_bytes is None


@pytest.mark.parametrize("piece", [None, 1, 1400])
@pytest.mark.parametrize(
    ("before", "upload"),
    [
        (b"\n" * 31, 3),
        (b"\n" * 32, None),
        (GET + b"\nFOO " + b"x" * 16_300 + b" HTTP/1.1\r\n\r\n", 3),
        (GET + b"\nFOO " + b"x" * 16_400 + b" HTTP/1.1\r\n\r\n", None),
        (b"POST / HTTP/1.1\r\nTransfer-Encoding: chunked\r\n\r\n" + b" " * 4000 + b"0\r\n\r\n", 3),
        (b"POST / HTTP/1.1\r\nTransfer-Encoding: chunked\r\n\r\n" + b" " * 4097 + b"0\r\n\r\n", None),
        (b"GET / HTTP/1.1\r\n" + b"A: b\r\n" * 11_000 + b"\r\n", None),
    ],
)
def test_limits_hold_wherever_a_stream_is_cut(before: bytes, upload: int | None, piece: int | None) -> None:
    """What is too long is too long in one piece as well."""
    post = b"POST / HTTP/1.1\r\nContent-Length: 3\r\n\r\n"

    assert hear("tcp", (">", before + post), piece=piece).http_upload_bytes == upload


@pytest.mark.parametrize(
    ("head", "answer"),
    [
        (b"GET /", True),
        (b"HTTP/1.1 2", True),
        (b"HTT", None),
        (b"\r\n", None),
        (b"PROPFI", None),
        (b"FOO /x", None),
        (b"FOO /x HTTP/1.1\r\n", True),
        (b"INVITE sip:a@b SIP/2.0\r\n", False),
        (b"USER anonymous\r\n", False),
        (b"\x16\x03\x01", False),
        (b"x" * 40, False),
        (b" " * 40, False),
    ],
)
def test_what_looks_like_http(head: bytes, answer: bool | None) -> None:
    """Undecided, yes and no."""
    assert looks_like_http(head) is answer


def test_parts_of_heads() -> None:
    """Odd status lines, lengths and chunk sizes."""
    assert parse_head(b"nonsense") is None
    strange = parse_head(b"HTTP/1.1\tnothing\r\nContent-Length: x\r\n\r\n")
    assert strange is not None
    assert (strange.status, strange.length, strange.chunked) == (200, None, False)
    assert [chunk_size(line) for line in (b"1f;x", b"0x10", b"", b"g", b"f" * 40)] == [
        31,
        16,
        None,
        None,
        (1 << 62) - 1,
    ]


@pytest.mark.parametrize(
    ("disposition", "name"),
    [
        (b"attachment; filename=a.txt", b"a.txt"),
        (b'attachment; filename="a b;c.txt"; size=3', b"a b;c.txt"),
        (b'attachment; filename="say \\"x\\".txt"', b'say "x".txt'),
        (b"attachment; filename=old.txt; filename*=UTF-8''new%20name.txt", b"new name.txt"),
        (b"attachment; filename*0*=UTF-8''long; filename*1=name", b"long"),
        (b"inline", None),
        (b"form-data; name=f", None),
    ],
)
def test_file_names_of_dispositions(disposition: bytes, name: bytes | None) -> None:
    """RFC 6266, RFC 2231."""
    assert file_name(disposition) == name
