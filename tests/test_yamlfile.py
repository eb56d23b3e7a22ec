"""YAML is read as a person would read it, and every fault has its line."""

from __future__ import annotations

import contextlib
from typing import TYPE_CHECKING

import pytest
from hypothesis import given
from hypothesis import strategies as st

from crossborder import yamlfile
from crossborder.errors import CrossborderError

if TYPE_CHECKING:
    from pathlib import Path


def _one(text: str) -> object:
    return yamlfile.parse_all(text, "x.yaml")[0].data


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("NO", "NO"),  # Norway
        ("no", "no"),
        ("on", "on"),
        ("yes", "yes"),
        ("True", "True"),
        ("true", True),
        ("false", False),
        ("12:30", "12:30"),
        ("010", "010"),
        ("0x1f", "0x1f"),
        ("1_000", "1_000"),
        ("1e3", "1e3"),
        ("42", 42),
        ("-7", -7),
        ("0", 0),
        ("1.5", 1.5),
        ("2026-11-21", "2026-11-21"),
        ("null", None),
        ("~", None),
        ("'NO'", "NO"),
        ("'42'", "42"),
        ("<<", "<<"),
        (".inf", ".inf"),
    ],
)
def test_plain_values_are_what_a_person_reads(text: str, value: object) -> None:
    """Only true, false, decimal numbers and null are not text."""
    assert _one(f"key: {text}") == {"key": value}
    assert _one(f"[{text}]") == [value]


def test_every_value_keeps_its_line() -> None:
    """The line of a value is that of its key; a place without line answers with the nearest around it."""
    document = yamlfile.parse_all("a:\n  b: 1\n  c:\n    - x\n    - y\n", "x.yaml")[0]

    assert [document.line(p) for p in (("a",), ("a", "b"), ("a", "c", 1), ("a", "nowhere"))] == [1, 2, 5, 1]


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("a: 1\nb: 2\na: 3\n", "x.yaml:3: key 'a' is given twice, first on line 1"),
        ("a:\n  - b: 1\n    b: 2\n", "x.yaml:3: key 'b' is given twice, first on line 2"),
        ("a: [1\n", "x.yaml:2: not YAML: expected ',' or ']', but got '<stream end>'"),
        ("a: &x [1]\nb: *x\n", "x.yaml:2: aliases (*name) to lists and mappings are not read: write the value out"),
        ("a: !!python/name:os.system\n", "x.yaml:1: tag 'tag:yaml.org,2002:python/name:os.system' is not read"),
        ("a: !!int x\n", "x.yaml:1: 'x' is not a value of tag 'tag:yaml.org,2002:int'"),
        ("? [a]\n: 1\n", "x.yaml:1: a key must be plain text"),
    ],
)
def test_what_is_ambiguous_is_refused(text: str, message: str) -> None:
    """A double key, an alias, a tag: one sentence with its place."""
    with pytest.raises(CrossborderError) as caught:
        yamlfile.parse_all(text, "x.yaml")

    assert str(caught.value) == message


def test_deep_nesting_is_a_fault_not_a_crash() -> None:
    """A file of ten thousand brackets ends in a sentence."""
    for depth in (100, 10_000):
        with pytest.raises(CrossborderError):
            yamlfile.parse_all("[" * depth + "]" * depth, "x.yaml")


def test_a_file_that_cannot_be_read(tmp_path: Path) -> None:
    """Missing, a folder, not text: each says so."""
    with pytest.raises(CrossborderError, match=r"cannot be read: No such file"):
        yamlfile.read(tmp_path / "nowhere.yaml")
    with pytest.raises(CrossborderError, match=r"cannot be read: Is a directory"):
        yamlfile.read(tmp_path)
    (tmp_path / "latin.yaml").write_bytes(b"a: 1\nb: \xe9\n")
    with pytest.raises(CrossborderError, match=r"latin.yaml:2: is not UTF-8 text"):
        yamlfile.read(tmp_path / "latin.yaml")


@given(st.text(max_size=200))
def test_any_text_is_read_or_refused(text: str) -> None:
    """Nothing but CrossborderError comes out of the door."""
    with contextlib.suppress(CrossborderError):
        assert isinstance(yamlfile.parse_all(text, "x.yaml"), list)
