"""The memory of DNS answers."""

from __future__ import annotations

from crossborder.engine.portable.apps import DnsNames

A, B, C = bytes([192, 0, 2, 1]), bytes([192, 0, 2, 2]), bytes([192, 0, 2, 3])


def test_the_last_answer_names_an_address() -> None:
    """Of two names for one address the later counts."""
    names = DnsNames()
    names.learn(A, "old.example")
    names.learn(A, "new.example")

    assert names.name_of(A) == "new.example"
    assert names.name_of(B) is None


def test_the_address_unused_for_longest_is_forgotten() -> None:
    """The memory is bounded; being asked for keeps an address in it."""
    names = DnsNames(limit=2)
    names.learn(A, "a.example")
    names.learn(B, "b.example")
    names.name_of(A)
    names.learn(C, "c.example")

    assert len(names) == 2
    assert names.name_of(A) == "a.example"
    assert names.name_of(B) is None
