"""YAML is read as a person would read it, and every fault has its line."""

from __future__ import annotations

import contextlib
from pathlib import Path
from typing import Any

import pytest
import yaml
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from crossborder import yamlfile
from crossborder.errors import CrossborderError


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


TOKENS = [
    *(
        "a: ",
        "b",
        "- ",
        "\n",
        "  ",
        "    ",
        "[",
        "]",
        "{",
        "}",
        ",",
        "'",
        '"',
        "|",
        ">-\n",
        "#c",
        "&x ",
        "*x",
        "!!str ",
    ),
    *("---\n", "...\n", "? ", ": ", "1", "1.5", "true", "null", "~", "é", "\t", "\\u00e9", "\r\n", "\u2028", "\x85"),
    *("\ufeff", "key: value\n", "- item\n", "x: [1, 2]\n", "y: {a: b}\n", "\x00", "\x7f", "@", "%YAML 1.1\n", "`"),
]


def read_or_fault(text: str) -> object:
    """Return documents or faults."""
    try:
        return yamlfile.parse_all(text, "x")
    except CrossborderError as error:
        return error.faults


def by_both(text: str) -> tuple[object, object]:
    """Return what comes of a text as it is read, and as PyYAML's own reader reads it."""
    quick = read_or_fault(text)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(yamlfile, "MAX_QUICK_DEPTH", -1)
        return quick, read_or_fault(text)


@settings(max_examples=500, suppress_health_check=[HealthCheck.too_slow])
@given(st.lists(st.sampled_from(TOKENS), max_size=14).map("".join))
def test_libyaml_reads_the_same(text: str) -> None:
    """Data, lines and faults are those of PyYAML's own reader."""
    quick, slow = by_both(text)

    assert quick == slow


def test_libyaml_reads_our_files_the_same() -> None:
    """Every YAML file there is, good or bad."""
    paths = [path for path in Path(__file__).parents[1].rglob("*.yaml") if ".venv" not in path.parts]
    for path in paths:
        quick, slow = by_both(path.read_text(encoding="utf-8", errors="replace"))
        assert quick == slow, path
    assert len(paths) > 100


@pytest.mark.parametrize("opening", ["[", "{a: ", "- ", "? ", "a:\n "])
def test_nesting_of_any_depth_ends_in_a_fault(opening: str) -> None:
    """A hundred thousand levels neither end the process nor take its stack."""
    deep = "".join(" " * n + "a:\n" for n in range(3_000)) if "\n" in opening else opening * 100_000

    with pytest.raises(CrossborderError):
        yamlfile.parse_all(deep, "x")


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


_SCALARS = st.none() | st.booleans() | st.integers(-(2**63), 2**63) | st.text(st.characters(exclude_categories=["Cs"]))
_WRITTEN = st.recursive(
    _SCALARS, lambda part: st.lists(part) | st.dictionaries(st.text("abNO 0:#\n"), part), max_leaves=9
)


@given(_WRITTEN)
def test_what_is_written_is_read_the_same(data: Any) -> None:
    """By this door and by PyYAML's own, which takes NO for false where it is not in quotes."""
    text = yamlfile.text_of({"it": data})

    assert yamlfile.parse_all(text, "")[0].data == {"it": data}
    assert yaml.safe_load(text) == {"it": data}


def test_lines_are_a_block_and_keys_keep_their_order() -> None:
    """As a person would write it; what stands in two places is written twice, without an alias."""
    twice = ["NO", "12:30", "010", "2026-11-21"]

    assert yamlfile.text_of({"b": "one\ntwo\n", "a": twice, "c": twice}) == (
        "b: |\n  one\n  two\na:\n  - 'NO'\n  - '12:30'\n  - '010'\n  - '2026-11-21'\n"
        "c:\n  - 'NO'\n  - '12:30'\n  - '010'\n  - '2026-11-21'\n"
    )
