"""Compiled rules agree with a slow interpreter that asks one flow after the other."""

from __future__ import annotations

import ipaddress
import re
from typing import TYPE_CHECKING, Any

import polars as pl
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from crossborder.match import masks
from crossborder.match.cases import crossings
from crossborder.match.compiler import truth
from crossborder.match.conditions import And, Not, Op, Or, Test
from crossborder.match.fields import KINDS, Kind
from crossborder.match.plan import Plan
from crossborder.match.why import Why, listed

if TYPE_CHECKING:
    from crossborder.match.conditions import Node

TEXT, OTHER, LIST, NUMBER = "destination.domain", "url.domain", "dns.question.name", "destination.as.number"
ADDRESS, COUNTRY, CHOICE = "destination.ip", "destination.geo.country_iso_code", "data.inspection"
WORDS = ("cleartext", "metadata", "opaque")
CODES = ("NO", "SE", "ZZ")
V6 = ("2001:db8::7", "::", "::ffff:198.51.100.7", "ffff:" * 7 + "ffff")

letters = st.text("aAbB.*?\\-+()[]$^|{}# đĐẞΣ\n", max_size=5)
some_text = letters.filter(bool)
addresses = st.one_of(st.ip_addresses(v=4), st.ip_addresses(v=6)).map(str) | st.sampled_from(
    [
        "198.51.100.7",
        "198.51.100.8",
        "2001:db8::7",
        "::ffff:198.51.100.7",
        "::fffe:0:0",
        "0.0.0.1",
        "255.255.255.255",
        "::",
        "ffff:" * 7 + "ffff",
    ]
)


def few(values: st.SearchStrategy[Any]) -> st.SearchStrategy[tuple[Any, ...]]:
    """Return tuples of one to three different values."""
    return st.lists(values, min_size=1, max_size=3, unique=True).map(tuple)


def networks() -> st.SearchStrategy[str]:
    """Return networks around the addresses in use, from one address to all."""
    v4 = st.tuples(st.sampled_from(["198.51.100.7", "0.0.0.1", "255.255.255.255"]), st.integers(0, 32))
    v6 = st.tuples(st.sampled_from(V6), st.integers(0, 128))
    return (v4 | v6).map(lambda pair: str(ipaddress.ip_network(f"{pair[0]}/{pair[1]}", strict=False)))


texts = st.builds(
    Test,
    st.sampled_from([TEXT, LIST]),
    st.sampled_from([Op.IS, Op.CONTAINS, Op.STARTS, Op.ENDS, Op.LIKE]),
    few(some_text),
    cased=st.booleans(),
)
leaves = st.one_of(
    texts,
    st.builds(Test, st.sampled_from([TEXT, LIST]), st.just(Op.DOMAIN), few(st.sampled_from(["a", "a.b", "đ.a"]))),
    st.builds(Test, st.just(TEXT), st.just(Op.RE), few(some_text.map(re.escape)), flags=st.sampled_from(["", "i"])),
    st.builds(Test, st.just(NUMBER), st.just(Op.IS), few(st.integers(0, 4))),
    st.builds(Test, st.just(NUMBER), st.sampled_from([Op.GT, Op.GTE, Op.LT, Op.LTE]), st.tuples(st.integers(0, 4))),
    st.builds(Test, st.just(ADDRESS), st.just(Op.CIDR), few(networks())),
    st.builds(Test, st.just(COUNTRY), st.just(Op.IS), few(st.sampled_from(CODES))),
    st.builds(Test, st.just(CHOICE), st.just(Op.IS), few(st.sampled_from(WORDS))),
    st.builds(Test, st.just(TEXT), st.just(Op.SAME), st.just((OTHER,))),
    st.builds(Test, st.sampled_from([TEXT, LIST, NUMBER, CHOICE]), st.sampled_from([Op.EXISTS, Op.MISSING])),
)
trees: st.SearchStrategy[Node] = st.recursive(
    leaves,
    lambda node: st.one_of(st.builds(Not, node), st.builds(And, few(node)), st.builds(Or, few(node))),
    max_leaves=6,
)
flows = st.fixed_dictionaries(
    {
        TEXT: st.none() | letters,
        OTHER: st.none() | letters,
        LIST: st.none() | st.lists(letters, max_size=3),
        NUMBER: st.none() | st.integers(0, 4),
        ADDRESS: addresses,
        COUNTRY: st.sampled_from(CODES),
        CHOICE: st.none() | st.sampled_from(WORDS),
    }
)


def holds(node: Node, flow: dict[str, Any]) -> bool:
    """Tell, slowly and plainly, whether a tree is true of a flow."""
    if isinstance(node, Not):
        return not holds(node.part, flow)
    if isinstance(node, And):
        return all(holds(part, flow) for part in node.parts)
    if isinstance(node, Or):
        return any(holds(part, flow) for part in node.parts)
    value = flow[node.field]
    if node.op is Op.MISSING:
        return bool(value is None or value == [])
    if value is None:
        return False
    if node.op is Op.EXISTS:
        return bool(value != [])
    if KINDS[node.field] is Kind.LIST:
        return any(compares(node, element, flow, wanted) for element in value for wanted in node.values)
    return any(compares(node, value, flow, wanted) for wanted in node.values)


def compares(test: Test, value: Any, flow: dict[str, Any], wanted: Any) -> bool:  # noqa: PLR0912 - one line per operator
    """Tell whether one value compares with one wanted value as the test asks."""
    if test.op is Op.SAME:
        return flow[wanted] is not None and value.lower() == flow[wanted].lower()
    if test.op is Op.RE:
        return re.search(wanted, value, re.IGNORECASE if "i" in test.flags else 0) is not None
    if test.op is Op.CIDR:
        return lies_in(ipaddress.ip_address(value), ipaddress.ip_network(wanted))
    if isinstance(value, str) and not test.cased and test.field in {TEXT, LIST}:
        value, wanted = value.lower(), wanted.lower()
    match test.op:
        case Op.IS:
            return bool(value == wanted)
        case Op.CONTAINS:
            return wanted in value
        case Op.STARTS:
            return bool(value.startswith(wanted))
        case Op.ENDS:
            return bool(value.endswith(wanted))
        case Op.DOMAIN:
            return bool(value == wanted or value.endswith("." + wanted))
        case Op.LIKE:
            return is_like(value, wanted)
        case Op.GT:
            return bool(value > wanted)
        case Op.GTE:
            return bool(value >= wanted)
        case Op.LT:
            return bool(value < wanted)
        case Op.LTE:
            return bool(value <= wanted)
    raise AssertionError(test.op)


def lies_in(address: Any, network: Any) -> bool:
    """Tell whether an address lies in a network; one mapped into IPv6 is the IPv4 address, and so is its network."""
    mapped = ipaddress.ip_network("::ffff:0:0/96")
    address = getattr(address, "ipv4_mapped", None) or address
    if network.version == 6 and network.subnet_of(mapped):
        network = ipaddress.ip_network((network.network_address.packed[12:], network.prefixlen - 96))
    return address in network


def is_like(text: str, pattern: str) -> bool:
    """Match wildcards by trying, without regular expressions."""
    if not pattern:
        return not text
    if pattern[0] == "*":
        return any(is_like(text[at:], pattern[1:]) for at in range(len(text) + 1))
    if pattern[0] == "?":
        return bool(text) and is_like(text[1:], pattern[1:])
    if pattern[0] == "\\" and pattern[1:2] in {"*", "?", "\\"}:
        pattern = pattern[1:]
    return text[:1] == pattern[0] and is_like(text[1:], pattern[1:])


@settings(max_examples=150, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(st.lists(trees, min_size=1, max_size=4), st.lists(flows, min_size=1, max_size=6), st.sampled_from([-1, 64]))
def test_compiled_rules_agree_with_the_interpreter(nodes: list[Node], rows: list[dict[str, Any]], few: int) -> None:
    """Each tree, compiled alone and compiled with others into one plan, answers as the interpreter; never null.

    Whether texts count as few, and are asked once each, or as many makes no difference.
    """
    frame = crossings((1, at, row) for at, row in enumerate(rows))
    expected = [[holds(node, row) for row in rows] for node in nodes]

    alone = [frame.select(truth(node).alias("it"))["it"].to_list() for node in nodes]
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("crossborder.match.questions.FEW", few)
        patch.setattr("crossborder.match.questions.MANY", 1)
        plan = Plan(nodes)
        together = [masks.column(mask, frame.height).to_list() for mask in plan.matches(plan.tests(frame))]

    assert alone == expected
    assert together == expected


@settings(max_examples=150, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(trees, st.lists(flows, min_size=1, max_size=4))
def test_reasons_are_true_and_enough(node: Node, rows: list[dict[str, Any]]) -> None:
    """Each reason told of a row that matches holds of it, and there is at least one."""
    matching = [row for row in rows if holds(node, row)]
    frame = crossings((1, at, row) for at, row in enumerate(matching)).with_row_index("at")

    told = listed([Why(node, truth)(frame)], len(matching)).to_list()

    for row, reasons in zip(matching, told, strict=True):
        assert reasons
        for reason in reasons:
            assert reason["field"] in KINDS
            shown = row[reason["field"]]
            assert reason["value"] == (
                ", ".join(shown) if isinstance(shown, list) else None if shown is None else str(shown)
            )


@settings(max_examples=150, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(st.lists(trees, min_size=1, max_size=4), st.lists(flows, min_size=1, max_size=4))
def test_reasons_are_the_same_in_company(nodes: list[Node], rows: list[dict[str, Any]]) -> None:
    """What a plan leaves out where it does not matter is missing from no reason, and adds none."""
    frame = crossings((1, at, row) for at, row in enumerate(rows)).with_row_index("at")
    plan = Plan(nodes)
    answers = plan.tests(frame)
    asked = frame.with_columns(masks.column(mask, frame.height).alias(name) for name, mask in answers.items())
    for node in nodes:
        matching = asked.filter([holds(node, row) for row in rows])

        alone, together = (Why(node, truths)(matching) for truths in (truth, plan.truth))

        assert together.sort("at", "order").equals(alone.sort("at", "order"))


def test_networks_join_where_they_touch() -> None:
    """Neighbours and nested networks are one range, the end of the address space is no border that overflows."""
    test = Test(ADDRESS, Op.CIDR, ("198.51.100.0/25", "198.51.100.128/25", "198.51.100.0/28", "ff00::/8"))
    frame = crossings(
        (1, 0, {ADDRESS: a}) for a in ("198.51.100.127", "198.51.100.128", "198.51.101.0", "ff02::1", "fe80::1")
    )

    assert frame.select(truth(test).alias("it"))["it"].to_list() == [True, True, False, True, False]


@pytest.mark.parametrize(
    ("network", "inside"),
    [
        ("::/0", ["2001:db8::1", "::fffe:0:0", "::1:0:0:0"]),
        ("::fffe:0:0/95", ["::fffe:0:0"]),
        ("::ffff:0:0/96", ["198.51.100.7", "::ffff:198.51.100.7"]),
        ("::ffff:198.51.100.0/120", ["198.51.100.7", "::ffff:198.51.100.7"]),
        ("198.51.100.0/24", ["198.51.100.7", "::ffff:198.51.100.7"]),
    ],
)
def test_addresses_mapped_into_ipv6_are_ipv4(network: str, inside: list[str]) -> None:
    """A mapped address is matched by networks of IPv4 and never by one of IPv6 that spans them."""
    asked = ["2001:db8::1", "::fffe:0:0", "198.51.100.7", "::ffff:198.51.100.7", "::1:0:0:0"]
    frame = crossings((1, 0, {ADDRESS: address}) for address in asked)

    found = frame.filter(truth(Test(ADDRESS, Op.CIDR, (network,))))["remote_ip"].to_list()

    assert sorted(found) == sorted(inside)


def test_an_empty_frame_has_no_answers() -> None:
    """A batch without crossings is evaluated like any other."""
    plan = Plan([Test(LIST, Op.IS, ("a",)), Not(Test(NUMBER, Op.GT, (1,)))])

    answers = [masks.column(mask, 0) for mask in plan.matches(plan.tests(crossings([])))]

    assert [answer.dtype for answer in answers] == [pl.Boolean, pl.Boolean]
    assert all(answer.is_empty() for answer in answers)
