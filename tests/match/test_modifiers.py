"""Each modifier finds what it should and nothing else."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

from crossborder.match.compiler import ALTERNATIVES

if TYPE_CHECKING:
    from pathlib import Path

    from tests.match.conftest import Ask

NAME, HOST, PORT, SIZE = "destination.domain", "url.domain", "destination.port", "source.bytes"
COUNTRY, ADDRESS, DNS, AS = (
    "destination.geo.country_iso_code",
    "destination.ip",
    "dns.question.name",
    "destination.as.number",
)

# The test of one field, a value that must match, values that must not; null never matches unless it is asked for.
CASES: list[tuple[str, Any, list[Any]]] = [
    # plain values
    (f"{NAME}: drive.example", "Drive.EXAMPLE", ["x.drive.example", "drive-example", None]),
    (f"{NAME}: [a.example, b.example]", "b.example", ["c.example", None]),
    (f"{NAME}: ''", "", ["x", None]),
    (f"{NAME}: 123", "123", ["1234", None]),
    (f"{PORT}: 443", 443, [4433, 0]),
    (f"{PORT}: [80, 443, 65535]", 65535, [8080]),
    (f"{AS}: 64500", 64500, [64501, None]),
    (f"{COUNTRY}: NO", "NO", ["SE", "ZZ"]),
    (f"{COUNTRY}: [SG, NO]", "NO", ["VN"]),
    (f"{COUNTRY}: ZZ", "ZZ", ["US"]),
    (f"{ADDRESS}: 198.51.100.7", "198.51.100.7", ["198.51.100.70", "2001:db8::7"]),
    (f"{ADDRESS}: '2001:DB8:0:0::7'", "2001:db8::7", ["2001:db8::70"]),
    ("data.inspection: Opaque", "opaque", ["cleartext", None]),
    ("network.initiator: [local, unknown]", "unknown", ["remote"]),
    # null and presence
    (f"{NAME}: null", None, ["x", ""]),
    (f"{AS}: [null, 64500]", None, [64501]),
    (f"{AS}: [null, 64500]", 64500, [64501]),
    (f"{DNS}: null", [], [["x"]]),
    (f"{NAME}|exists: true", "", [None]),
    (f"{NAME}|exists: false", None, [""]),
    (f"{DNS}|exists: true", ["x"], [[], None]),
    # wildcards
    (f"{NAME}: '*.example'", "a.B.example", ["example", "a.example.com", None]),
    (f"{NAME}: 'files*'", "Files.example", ["myfiles.example"]),
    (f"{NAME}: '*upload*'", "an.UPLOAD.example", ["up.load"]),
    (f"{NAME}: '*'", "", [None]),
    (f"{NAME}: 'host?.example'", "host7.example", ["host.example", "host77.example"]),
    (f"{NAME}: 'a*b?c'", "a.*.bXc", ["a.bc", "xabbc"]),
    (f"{NAME}: 'a\\*b'", "a*b", ["axb"]),
    (f"{NAME}: 'a\\?b*'", "a?b.example", ["axb.example"]),
    (f"{NAME}: 'c:\\dir\\x'", "c:\\dir\\x", ["c:dirx"]),
    (f"{NAME}: 'a.b+c(d)*e'", "a.b+c(d).e", ["aXb+c(d).e"]),
    # text modifiers
    (f"{NAME}|contains: EXAMPLE", "an.example.com", ["exam.ple", None]),
    (f"{NAME}|contains: [one, two]", "xtwox", ["three"]),
    (f"{NAME}|contains|all: [one, two]", "two.one", ["one", "two", None]),
    (f"{NAME}|contains: 'o*e'", "x.one.y", ["eo"]),
    (f"{NAME}|startswith: Mail", "mail.example", ["e.mail.example"]),
    (f"{NAME}|startswith: [mail, ftp]", "ftp.example", ["sftp.example", None]),
    (f"{NAME}|endswith: .VN", "gov.vn", ["vn", "gov.vn.example"]),
    (f"{NAME}|endswith: [.vn, .la]", "x.la", ["x.lab", None]),
    (f"{NAME}|cased: Drive.example", "Drive.example", ["drive.example"]),
    (f"{NAME}|contains|cased: Dr", "a.Dr.b", ["a.dr.b"]),
    (f"{NAME}|startswith|cased: [Dr, Fi]", "Fi.b", ["fi.b"]),
    # regular expressions
    (f"{NAME}|re: '^[a-f0-9]{{8}}\\.'", "deadbeef.example", ["DEADBEEF.example", "xdeadbeef.example", None]),
    (f"{NAME}|re|i: '^[a-f0-9]{{8}}\\.'", "DEADBEEF.example", ["deadbeex.example"]),
    (f"{NAME}|re|ignorecase: 'exa'", "EXA", ["ex.a"]),
    (f"{NAME}|re: 'a.b'", "xa-by", ["a\nb"]),
    (f"{NAME}|re|s: 'a.b'", "a\nb", ["ab"]),
    (f"{NAME}|re|m: '^b$'", "a\nb", ["ab"]),
    (f"{NAME}|re: '^b$'", "b", ["a\nb"]),
    (f"{NAME}|re: ['^one', 'two$']", "a.two", ["two.one"]),
    (f"{NAME}|re|all: ['^one', 'two$']", "one.two", ["two.one", "one", "two"]),
    # numbers
    (f"{SIZE}|gt: 1000", 1001, [1000, 999]),
    (f"{SIZE}|gte: 1000", 1000, [999]),
    (f"{SIZE}|lt: 1000", 999, [1000, 1001]),
    (f"{SIZE}|lte: 1000", 1000, [1001]),
    (f"{SIZE}|gt: 0.5", 1, [0]),
    (f"{SIZE}: 18446744073709551615", 2**64 - 1, [2**64 - 2]),
    (f"{AS}|lt: 100", 99, [100, None]),
    # networks
    (f"{ADDRESS}|cidr: 198.51.100.0/24", "198.51.100.255", ["198.51.101.0", "198.51.99.255", "2001:db8::1"]),
    (f"{ADDRESS}|cidr: [192.0.2.0/25, '2001:db8:ff::/48']", "2001:db8:ff:1::1", ["2001:db8:fe::1", "192.0.2.128"]),
    (f"{ADDRESS}|cidr: 0.0.0.0/0", "203.0.113.1", ["2001:db8::1", "::1.2.3.4"]),
    (f"{ADDRESS}|cidr: '::/0'", "2001:db8::1", ["203.0.113.1"]),
    (f"{ADDRESS}|cidr: ['::/0', 0.0.0.0/0]", "203.0.113.1", []),
    (f"{ADDRESS}|cidr: 'ffff::/16'", "ffff:ffff:ffff:ffff:ffff:ffff:ffff:ffff", ["fffe::1"]),
    (f"{ADDRESS}|cidr: 198.51.100.7/32", "198.51.100.7", ["198.51.100.6", "198.51.100.8"]),
    # negation of a value
    (f"{COUNTRY}|neq: NO", "SE", ["NO"]),
    (f"{AS}|neq: 64500", 64501, [64500]),
    (f"{AS}|neq: 64500", None, [64500]),
    (f"{NAME}|endswith|neq: [.vn, .la]", "x.example", ["x.vn", "x.la"]),
    (f"{NAME}|contains|all|neq: [one, two]", "one", ["one.two"]),
    # lists: any element
    (f"{DNS}: b.example", ["a.example", "B.example"], [["a.example"], [], None, ["ab.example"]]),
    (f"{DNS}|endswith: .example", ["x", "y.example"], [["example.com"], []]),
    (f"{DNS}|contains|all: [one, two]", ["one", "two"], [["one"], ["two", "three"]]),
    (f"{DNS}|re: '^[0-9]+$'", ["x", "77"], [["x7"], []]),
    (f"{DNS}|cased: B.example", ["B.example"], [["b.example"]]),
    ("data.categories|startswith: core", ["personal", "core:I.26"], [["important:II.10"], [], None]),
    ("data.categories|neq: core", ["important"], [["important", "core"]]),
    ("data.categories|neq: core", None, [["CORE"]]),
    # sets
    (f"{COUNTRY}|expand: '%north%'", "NO", ["VN", "ZZ"]),
    (f"{COUNTRY}|expand: ['%north%', SG]", "SG", ["VN"]),
    (f"{COUNTRY}|expand|neq: ['%north%', SG]", "VN", ["SG", "NO"]),
    (f"{ADDRESS}|cidr|expand: '%offices%'", "198.51.100.127", ["198.51.100.128"]),
    (f"{ADDRESS}|cidr|expand: '%offices%'", "2001:db8:1:ffff::", ["2001:db8:2::"]),
    (f"{NAME}|endswith|expand: '%storage%'", "X.Drive.example", ["notdrive.example", "drive.example.com", None]),
    (f"{NAME}|expand: '%storage%'", "box.example.com", ["example.com", "xbox.example.com"]),
    (f"{DNS}|expand: '%storage%'", ["x", "a.b.drive.example"], [["drive-example"], []]),
    (f"{NAME}|contains|expand: '%tools%'", "my.RCLONE.example", ["rclon.e"]),
    (f"{NAME}|expand: '%tools%'", "A*B", ["axb"]),
    (f"{NAME}|startswith|expand: ['%tools%', sync]", "sync.example", ["async.example"]),
]


@pytest.mark.parametrize(("test", "good", "bad"), CASES, ids=[case[0] for case in CASES])
def test_a_modifier_finds_what_it_should(ask: Ask, test: str, good: object, bad: list[object]) -> None:
    """A test is true of the one value and false of the others, and its `not` is the opposite of each: never null."""
    field = test.split(":", 1)[0].split("|", 1)[0]
    flows = [{field: value} for value in (good, *bad)]

    found = ask(f"it:\n  {test}\ncondition: it", *flows)
    denied = ask(f"it:\n  {test}\ncondition: not it", *flows)

    assert found == [True, *(False for _ in bad)]
    assert denied == [not answer for answer in found]


def test_norway(ask: Ask) -> None:
    """A rule for Norway matches Norway: `NO` is a country, in a list, alone and in a set."""
    flows: list[dict[str, object]] = [{COUNTRY: "NO"}, {COUNTRY: "SE"}]

    assert ask(f"it:\n  {COUNTRY}: NO\ncondition: it", *flows) == [True, False]
    assert ask(f"it:\n  {COUNTRY}: [DE, NO, DK]\ncondition: it", *flows) == [True, False]
    assert ask(f"it:\n  {COUNTRY}|expand: '%north%'\ncondition: it", *flows) == [True, True]


@pytest.mark.parametrize("flow", [{ADDRESS: "203.0.113.9"}, {ADDRESS: "2001:db8::9"}], ids=["v4", "v6"])
def test_unknown_country_does_not_slip_through_an_allow_list(ask: Ask, flow: dict[str, object]) -> None:
    """`not in allowed` holds of the unknown country ZZ, and of a row whose country is null by mistake."""
    rule = f"allowed:\n  {COUNTRY}|expand: '%north%'\ncondition: not allowed"

    assert ask(rule, {**flow, COUNTRY: "ZZ"}) == [True]
    assert ask(rule, flow, country=None) == [True]


def test_fieldref_compares_two_fields(ask: Ask) -> None:
    """Two texts without regard to capitals, two numbers, two addresses; an unknown side is never the same."""
    texts = f"it:\n  {HOST}|fieldref: {NAME}\ncondition: it"
    pairs: list[tuple[str | None, str | None]] = [
        ("A.example", "a.example"),
        ("a.example", "b.example"),
        (None, "a"),
        (None, None),
    ]
    assert ask(texts, *[{HOST: a, NAME: b} for a, b in pairs]) == [True, False, False, False]

    fronting = f"it:\n  {HOST}|fieldref|neq: {NAME}\ncondition: it"
    assert ask(fronting, *[{HOST: a, NAME: b} for a, b in pairs]) == [False, True, True, True]

    kinds = f"it:\n  {COUNTRY}|fieldref: {NAME}\ncondition: it"
    assert ask(kinds, {COUNTRY: "NO", NAME: "no"}, {COUNTRY: "NO", NAME: "se"}) == [True, False]

    numbers = f"it:\n  {PORT}|fieldref: source.port\ncondition: it"
    assert ask(numbers, {PORT: 53, "source.port": 53}, {PORT: 53, "source.port": 54}) == [True, False]

    addresses = f"it:\n  {ADDRESS}|fieldref: source.ip\ncondition: it"
    assert ask(addresses, {ADDRESS: "10.0.0.1", "source.ip": "10.0.0.1"}, {ADDRESS: "10.0.0.2"}) == [True, False]


def test_client_server_name_is_only_what_a_client_said(ask: Ask) -> None:
    """`tls.client.server_name` is the server name where TLS or QUIC told it, not where DNS or HTTP did."""
    rule = "it:\n  tls.client.server_name: a.example\ncondition: it"
    flow = {NAME: "a.example"}

    assert [ask(rule, flow, server_name_source=source)[0] for source in ("tls", "quic", "http", "dns", None)] == [
        True,
        True,
        False,
        False,
        False,
    ]
    assert ask(f"it:\n  {NAME}: a.example\ncondition: it", flow, server_name_source="dns") == [True]


def test_keywords_are_looked_for_in_every_text(ask: Ask) -> None:
    """A bare word is in any text of a flow; a list is an or, `|all` an and."""
    flows: list[dict[str, object]] = [
        {"file.name": ["x", "My-Secret.zip"]},
        {HOST: "secret.example"},
        {PORT: 443},
        {NAME: "plan.secret.example"},
    ]

    assert ask("words: secret\ncondition: words", *flows) == [True, True, False, True]
    assert ask("words: [secret, plan]\ncondition: words", *flows) == [True, True, False, True]
    assert ask("words:\n  '|all': [secret, plan]\ncondition: words", *flows) == [False, False, False, True]
    assert ask("words: my*.zip\ncondition: words", *flows) == [True, False, False, False]


def test_selections_and_conditions(ask: Ask) -> None:
    """A mapping is an and, a list of mappings an or; conditions join selections by names and patterns."""
    flows: list[dict[str, object]] = [{PORT: 1, NAME: "x"}, {PORT: 2}, {PORT: 3, NAME: "x"}]
    a, b, c = flows
    selections = f"sel_one:\n  {PORT}: 1\n  {NAME}: x\nsel_two:\n  - {PORT}: 2\n  - {PORT}: 3\n    {NAME}: x\n"

    assert ask(f"{selections}condition: 1 of them", a, b, c, {PORT: 3}) == [True, True, True, False]
    assert ask(f"{selections}condition: any of sel_*", a, b, c) == [True, True, True]
    assert ask(f"{selections}condition: all of sel_*", a, b, c) == [False, False, False]
    assert ask(f"{selections}condition: sel_two and not sel_one", a, b, c) == [False, True, True]
    assert ask(f"{selections}condition: not (sel_one or sel_two)", a, b, c, {PORT: 9}) == [False, False, False, True]
    assert ask(f"{selections}condition: [sel_one, sel_two]", a, b, {PORT: 9}) == [True, True, False]


def test_selections_that_begin_with_an_underscore_are_not_them(ask: Ask) -> None:
    """`them` leaves out names that begin with an underscore, as Sigma does; named they are used."""
    rule = f"one:\n  {PORT}: 1\n_two:\n  {PORT}: 2\ncondition: 1 of them or _two"

    assert ask(rule, {PORT: 1}, {PORT: 2}, {PORT: 3}) == [True, True, False]


def test_many_domains(ask: Ask, sets: Path) -> None:
    """A set larger than one regular expression holds matches by its first, its last and no other name."""
    many = [f"host{at}.example" for at in range(2 * ALTERNATIVES + 1)]
    text = f"name: many\ntitle: Many\nsource: a test\ndate: 2026-01-01\nkind: domains\nvalues: [{', '.join(many)}]\n"
    (sets / "many.yaml").write_text(text, encoding="utf-8")
    rule = f"it:\n  {NAME}|expand: '%many%'\ncondition: it"

    flows = [{NAME: f"x.{many[0]}"}, {NAME: many[-1]}, {NAME: f"host{len(many)}.example"}]

    assert ask(rule, *flows) == [True, True, False]
