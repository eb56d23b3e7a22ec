"""The agent finds what was planted, where it was planted, and nothing in what is innocent."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

import polars as pl
import pytest

from crossborder import config
from crossborder.classify import Classifier
from crossborder.engine import SECOND_NS, EngineConfig, open_engine
from crossborder.match import Matcher
from crossborder.parts import build_parts
from crossborder.searching import searching

if TYPE_CHECKING:
    from collections.abc import Sequence

    from crossborder.demo import Manifest
    from crossborder.model import Books
    from crossborder.parts import Parts


class Seen(NamedTuple):
    """What the agent made of the day."""

    parts: Parts
    books: Sequence[Books]
    flows: pl.DataFrame  # every report of every flow, domestic ones too
    findings: pl.DataFrame  # those that opened


@pytest.fixture(scope="session")
def seen(day: Manifest, tmp_path_factory: pytest.TempPathFactory) -> Seen:
    """Run the capture through the portable engine, the example assets, the packaged database and the shipped rules."""
    settings = tmp_path_factory.mktemp("settings") / "crossborder.yaml"
    settings.write_text(f"assets: {config.data_folder('examples') / 'assets.yaml'}\n", encoding="utf-8")
    parts = build_parts(config.read(settings))
    classify = Classifier(parts.geography, parts.assets, contents=parts.contents)
    match = Matcher(parts.ruleset)
    content = searching(parts)
    tick = 60 * SECOND_NS
    options = EngineConfig(home=parts.home, files=(day.path,), tick_ns=tick, report_all=True, searching=content)
    batches = list(open_engine("portable", options))
    flows = [classify(batch) for batch in batches]
    findings = pl.concat(match(frame) for frame in flows)
    return Seen(parts, batches[-1].books, pl.concat(flows), findings.filter(pl.col("phase") == "opened"))


def test_what_was_planted_is_found_and_nothing_else(day: Manifest, seen: Seen) -> None:
    """Each rule fires on the conversation it was planted in, and no rule fires on another."""
    together = {(p.rule, p.local_ip) for p in day.planted if not p.community_id}
    expected = {(p.rule, p.local_ip, p.community_id) for p in day.planted}
    found = {
        (row["rule"], row["local_ip"], "" if (row["rule"], row["local_ip"]) in together else row["community_id"])
        for row in seen.findings.iter_rows(named=True)
    }

    assert found == expected


def test_the_innocent_are_seen_and_left_alone(day: Manifest, seen: Seen) -> None:
    """Each innocent conversation is among the flows, and none among the findings."""
    innocent = {p.community_id for p in day.innocent}

    assert len(innocent) > 500
    assert innocent <= set(seen.flows["community_id"])
    assert innocent.isdisjoint(seen.findings["community_id"])


def test_every_address_stands_where_it_was_meant_to(day: Manifest, seen: Seen) -> None:
    """The packaged database places each public address in the country the script names; VN is home."""
    placed = {ip: seen.parts.geography.lookup(ip).country for ip in day.countries}

    assert placed == day.countries
    assert {"SG", "US", "JP", "DE", "CN", "KR", "AU", "NO", "VN", "ZZ"} <= set(day.countries.values())


def test_planted_conversations_reach_their_country(day: Manifest, seen: Seen) -> None:
    """The flow of each planted conversation bears its ends and its country."""
    rows = seen.flows.unique("community_id").select("community_id", "local_ip", "remote_ip", "country")
    flows = {row[0]: row[1:] for row in rows.iter_rows()}

    for planted in day.planted:
        if planted.community_id:
            assert flows[planted.community_id] == (planted.local_ip, planted.remote_ip, planted.country)


def test_the_books_balance_and_drops_are_those_planted(day: Manifest, seen: Seen) -> None:
    """Every packet is in a flow or dropped for the reason it was damaged for."""
    (books,) = seen.books

    assert books.balanced
    assert (books.packets, books.bytes) == (day.packets, day.bytes)
    assert {reason.value: count for reason, count in books.dropped.items()} == day.damaged


def test_planted_rules_are_shipped_and_nearly_all_are_planted(day: Manifest, seen: Seen) -> None:
    """The demo shows the pack: little more is left out than what takes gigabytes, or data this ministry has not."""
    shipped = {rule.name for rule in seen.parts.ruleset.enabled}
    planted = {p.rule for p in day.planted}

    assert planted <= shipped
    bands = {name for name in shipped if name.startswith("band_")}  # a day at one gateway does not come to a band
    unsaid = {
        "register_person_abroad",
        "secrecy_mark_abroad",
        "machine_secret_abroad",
    }  # nothing of it is said that day
    assert len(planted) > 0.8 * len(shipped - bands - unsaid)


def test_content_names_and_tunnels_are_told(seen: Seen) -> None:
    """What Wireshark dissects the engine knows too: protocols by content, names, tunnels, VLAN tags."""
    flows = seen.flows

    protocols = {"dns", "tls", "quic", "http", "smtp", "ftp", "smb", "mysql", "postgresql", "ssh", "ntp", "wireguard"}
    assert protocols <= set(flows["app_protocol"].drop_nulls())
    assert {"30", "60", "100.40"} <= set(flows["vlan"].drop_nulls())
    assert "6in4" in set(flows["tunnel"].drop_nulls())
    assert {"tls", "quic", "http", "dns"} == set(flows["server_name_source"].drop_nulls())
    assert "benh-nhan-2026-01.csv" in set(flows["file_names"].drop_nulls().explode())
    assert {"gmail.com", "tinh.example"} <= set(flows["mail_domains"].drop_nulls().explode())
    assert {"application/zip", "application/pdf"} <= set(flows["file_types"].drop_nulls().explode())
