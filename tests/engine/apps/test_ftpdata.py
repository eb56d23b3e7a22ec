"""Data connections of FTP and the control connections that announce them."""

from __future__ import annotations

import pytest

from crossborder.engine.names import Names
from crossborder.engine.portable.apps import Conversation, DnsNames, Ends, Transfers
from crossborder.engine.portable.apps.ftpdata import Place, announced

SERVER, CLIENT, OTHER = bytes([203, 0, 113, 21]), bytes([192, 0, 2, 10]), bytes([198, 51, 100, 7])
SERVER6 = bytes.fromhex("20010db8") + bytes(11) + b"\x21"
CONTROL, ACTIVE = Ends(SERVER, CLIENT), Ends(CLIENT, SERVER)


@pytest.mark.parametrize(
    ("line", "place"),
    [
        (b"227 Entering Passive Mode (203,0,113,21,156,64).", Place(SERVER, 40000)),
        (b"227 =203,0,113,21,156,64", Place(SERVER, 40000)),
        (b"port 192,0,2,10,4,1", Place(CLIENT, 1025)),
        (b"229 Entering Extended Passive Mode (|||40000|)", Place(None, 40000)),
        (b"EPRT |2|2001:db8::21|40000|", Place(SERVER6, 40000)),
        (b"EPRT |1|192.0.2.10|1025|", Place(CLIENT, 1025)),
        (b"227 (203,0,113,256,1,1)", None),
        (b"229 (|||70000|)", None),
        (b"EPRT |1|1.2.3|5|", None),
        (b"227 nothing", None),
        (b"200 203,0,113,21,156,64", None),
        (b"", None),
    ],
)
def test_places_are_read(line: bytes, place: Place | None) -> None:
    """Replies to PASV and EPSV, commands PORT and EPRT, whole and broken."""
    assert announced(line) == place


def _control(transfers: Transfers, *lines: tuple[str, bytes], client_at_home: bool = True) -> None:
    control = Conversation("tcp", Names(), DnsNames(), transfers, CONTROL)
    for side, data in [("<", b"220 FTP\r\n"), *lines]:
        control.feed(side == ">", (side == ">") is client_at_home, data)


@pytest.mark.parametrize("opens_early", [True, False])
@pytest.mark.parametrize("reply", [b"227 (10,0,0,5,156,64)\r\n", b"229 ok (|||40000|)\r\n"])
def test_a_file_is_named_on_the_connection_that_carries_it(opens_early: bool, reply: bytes) -> None:
    """Clients open the data connection before or after they name the file; the server may be behind a NAT."""
    transfers, names = Transfers(), Names()
    before, after = [(">", b"PASV\r\n"), ("<", reply)], [(">", b"STOR up/citizens.csv\r\n")]
    if opens_early:
        control = Conversation("tcp", Names(), DnsNames(), transfers, CONTROL)
        for side, data in [("<", b"220 FTP\r\n"), *before]:
            control.feed(side == ">", side == ">", data)
        assert transfers.claim(CONTROL, 40000, names)
        assert names.file_names is None
        control.feed(True, True, after[0][1])
    else:
        _control(transfers, *before, *after)
        assert transfers.claim(CONTROL, 40000, names)

    assert names.app_protocol == "ftp-data"
    assert names.file_names == ["citizens.csv"]
    assert names.inspected(payload_seen=True) == "cleartext"


def test_a_server_opens_to_the_client() -> None:
    """Active mode: a client abroad fetches, the server at home opens the connection."""
    transfers, names = Transfers(), Names()
    _control(transfers, (">", b"PORT 192,0,2,10,4,1\r\nRETR dump.sql\r\n"), client_at_home=False)

    assert transfers.claim(ACTIVE, 1025, names)
    assert names.file_names == ["dump.sql"]


def test_a_file_that_comes_in_is_not_named() -> None:
    """The connection is known, and nothing leaves by it."""
    transfers, names = Transfers(), Names()
    _control(transfers, (">", b"PASV\r\n"), ("<", b"229 (|||40000|)\r\n"), (">", b"RETR a.csv\r\n"))

    assert transfers.claim(CONTROL, 40000, names)
    assert (names.app_protocol, names.file_names) == ("ftp-data", None)


def test_what_was_not_announced_is_not_claimed() -> None:
    """And a place is claimed once."""
    transfers = Transfers()
    _control(transfers, (">", b"PASV\r\n"), ("<", b"229 (|||40000|)\r\n"))

    assert not transfers.claim(CONTROL, 40001, Names())
    assert transfers.claim(CONTROL, 40000, Names())
    assert not transfers.claim(CONTROL, 40000, Names())


@pytest.mark.parametrize(
    ("address", "opened"), [(None, CONTROL), (SERVER, CONTROL), (OTHER, CONTROL), (CLIENT, ACTIVE)]
)
def test_a_transfer_is_between_the_hosts_of_its_control(address: bytes | None, opened: Ends) -> None:
    """An address counts where it is one of the two; behind address translation the server's own does."""
    transfers = Transfers()
    transfers.announce(CONTROL, Place(address, 40000))

    assert not transfers.claim(Ends(opened.client, opened.server), 40000, Names())
    assert transfers.claim(opened, 40000, Names())


def test_no_one_names_the_flows_of_others() -> None:
    """Whatever a control connection says, a flow with another end is not its transfer."""
    transfers = Transfers()
    for address in (None, SERVER, CLIENT, OTHER):
        transfers.announce(CONTROL, Place(address, 40000))

    for ends in ((OTHER, CLIENT), (OTHER, SERVER), (SERVER, OTHER), (CLIENT, OTHER)):
        assert not transfers.claim(Ends(*ends), 40000, Names())


def test_announcements_are_bounded() -> None:
    """The one announced longest ago is forgotten first; announced again, it is new, and the older knows no flow."""
    transfers = Transfers(limit=2)
    first = transfers.announce(CONTROL, Place(None, 1))
    for port in (2, 1, 3):
        transfers.announce(CONTROL, Place(None, port))
    names = Names()

    assert len(transfers) == 2
    assert not transfers.claim(CONTROL, 2, Names())
    assert transfers.claim(CONTROL, 1, names)
    first.carries(b"nobody.txt")
    assert names.file_names is None


def test_nothing_is_announced_between_unknown_hosts() -> None:
    """A reply is read without knowing whom it is between; the file is the control connection's alone."""
    transfers, names = Transfers(), Names()
    control = Conversation("tcp", names, DnsNames(), transfers)
    for data in (b"PASV\r\n", b"227 (203,0,113,21,156,64)\r\n", b"STOR a.csv\r\n"):
        control.feed(None, not data.startswith(b"2"), data)

    assert len(transfers) == 0
    assert names.file_names == ["a.csv"]


def test_content_says_more_than_the_announcement() -> None:
    """A data connection that turns out to be TLS (RFC 4217) is TLS; a plain file keeps the connection's name."""
    for content, protocol in [(b"\x16\x03\x01\x02\0\x01\0\x01\xfc", "tls"), (b"HTTP/1.1 200 OK\r\n", "ftp-data")]:
        transfers, names = Transfers(), Names()
        transfers.announce(CONTROL, Place(SERVER, 40000))
        transfers.claim(CONTROL, 40000, names)
        wanted = Conversation("tcp", names, DnsNames(), transfers, CONTROL).feed(True, True, content)

        assert names.app_protocol == protocol
        assert wanted is (protocol == "tls")
