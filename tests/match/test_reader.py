"""Rule files are read into one ruleset; what is wrong between files is told too."""

from __future__ import annotations

import hashlib
from typing import TYPE_CHECKING

import pytest
from tests.match.conftest import rule_head

from crossborder.errors import CrossborderError
from crossborder.match.conditions import And, Not, Op, Test
from crossborder.match.reader import read_ruleset
from crossborder.match.ruleset import Legal

if TYPE_CHECKING:
    from pathlib import Path

    from tests.match.conftest import Write

SSH = "detection:\n  it:\n    destination.port: 22\n  condition: it\n"


def faults(error: CrossborderError, folder: Path) -> list[str]:
    """Return the faults as lines, paths relative to a folder."""
    return str(error).replace(f"{folder}/", "").splitlines()


def test_a_rule_is_read_whole(write: Write) -> None:
    """Head, law, place and hash of a rule are kept, and its tree says what the file says."""
    body = """\
        description: Why it matters.
        falsepositives: [An administrator.]
        references: [https://law.example/165]
        detection:
          login:
            destination.port: [22, 2222]
            destination.geo.country_iso_code|neq: NO
          condition: login
        """
    path = write("login", body)

    (rule,) = read_ruleset([path]).rules

    assert (rule.name, rule.title, rule.level, rule.status) == ("login", "A rule", "high", "test")
    assert rule.legal == Legal("165/2025/NĐ-CP", None, "12(5)", "core", None, None)
    assert (rule.evidence, rule.misses, rule.description) == ("verbatim", "What it does not see.", "Why it matters.")
    assert (rule.falsepositives, rule.references) == (("An administrator.",), ("https://law.example/165",))
    assert (rule.path, rule.line, rule.enabled, rule.correlation) == (str(path), 1, True, None)
    assert rule.sha256 == hashlib.sha256(path.read_bytes()).hexdigest()
    assert rule.tree == And(
        (
            Test("destination.port", Op.IS, (22, 2222)),
            Not(Test("destination.geo.country_iso_code", Op.IS, ("NO",))),
        )
    )


def test_a_folder_is_read_without_its_tests_and_sets(write: Write) -> None:
    """Of a folder every YAML file is a rule, in order, but tests and the folders of other data."""
    path = write("ssh_b", SSH, number=1)
    write("ssh_a", SSH, number=2)
    deeper = path.parent / "deeper"
    for folder in ("deeper", "sets", "catalog", "detectors"):
        (path.parent / folder).mkdir()
        (path.parent / folder / "strange.yaml").write_text("neither: rule nor YAML: a:", encoding="utf-8")
    (deeper / "strange.yaml").unlink()
    (deeper / "ssh_c.yml").write_text(rule_head(3, "ssh_c") + SSH, encoding="utf-8")
    (path.parent / "ssh_a.test.yaml").write_text("strange", encoding="utf-8")
    (path.parent / "README.md").write_text("strange", encoding="utf-8")

    ruleset = read_ruleset([path.parent])

    assert [rule.name for rule in ruleset.rules] == ["ssh_c", "ssh_a", "ssh_b"]
    assert [file.name for file in ruleset.files] == ["ssh_c.yml", "ssh_a.yaml", "ssh_b.yaml"]


def test_a_file_named_twice_is_read_once(write: Write) -> None:
    """A file and its folder: one rule."""
    path = write("ssh", SSH)

    assert len(read_ruleset([path, path.parent]).rules) == 1


def test_files_that_are_not_there(tmp_path: Path) -> None:
    """A path that does not exist, and a folder without rules, are faults."""
    (tmp_path / "bare").mkdir()

    with pytest.raises(CrossborderError) as caught:
        read_ruleset([tmp_path / "gone.yaml", tmp_path / "bare"], [tmp_path / "gone"])

    assert sorted(faults(caught.value, tmp_path)) == [
        "bare: holds no YAML file",
        "gone.yaml: cannot be read: No such file or directory",
        "gone: cannot be read: No such file or directory",
    ]


def test_names_and_ids_are_one_rules_own(write: Write, tmp_path: Path) -> None:
    """Two rules of one id cannot be told apart in findings; the second is at fault and names the first."""
    first, second = write("ssh_one", SSH, number=7), write("ssh_two", SSH, number=7)
    third = tmp_path / "elsewhere" / "ssh_one.yaml"
    third.parent.mkdir()
    third.write_text(rule_head(8, "ssh_one") + SSH, encoding="utf-8")

    with pytest.raises(CrossborderError) as caught:
        read_ruleset([first, second, third])

    assert faults(caught.value, tmp_path) == [
        "rules/ssh_two.yaml:2: id '00000000-0000-4000-8000-000000000007' is already taken by rules/ssh_one.yaml:1",
        "elsewhere/ssh_one.yaml:3: name 'ssh_one' is already taken by rules/ssh_one.yaml:1",
    ]


def test_disabling_a_rule_that_is_none(write: Write) -> None:
    """A mistyped name in the configuration would leave the rule on: it is a fault that suggests the nearest."""
    with pytest.raises(CrossborderError, match=r"rules\.disable names 'shs', which is no rule; did you mean 'ssh'\?"):
        read_ruleset([write("ssh", SSH)], disable=["shs"])


def test_unverified_rules_are_read_where_they_are_not_evaluated(write: Write) -> None:
    """Switched off by status or by name an unverified rule may stand."""
    path = write("guess", SSH, status="unsupported")
    path.write_text(path.read_text(encoding="utf-8").replace("verbatim", "unverified"), encoding="utf-8")
    assert not read_ruleset([path])["guess"].enabled

    path.write_text(path.read_text(encoding="utf-8").replace("unsupported", "test"), encoding="utf-8")
    assert not read_ruleset([path], disable=["guess"])["guess"].enabled
    with pytest.raises(CrossborderError, match="evidence unverified never ships enabled"):
        read_ruleset([path])


def test_all_faults_of_all_files_are_told(write: Write, tmp_path: Path) -> None:
    """Faults come in the order of the files and their lines, whichever check found them."""
    paths = [
        write("zeta", "detection:\n  it:\n    dst: 1\n  condition: that\n", number=1),
        write("alpha", SSH, number=2, level="loud"),
        write("beta", "detection:\n  it:\n    destination.port: x\n  condition: it\n", number=3),
    ]

    with pytest.raises(CrossborderError) as caught:
        read_ruleset(paths, disable=["nobody"])

    assert [line.split(" ")[0] for line in faults(caught.value, tmp_path)] == [
        "rules.disable",
        "rules/zeta.yaml:12:",
        "rules/zeta.yaml:13:",
        "rules/alpha.yaml:6:",
        "rules/beta.yaml:12:",
    ]


def test_the_hash_of_a_ruleset(write: Write, sets: Path) -> None:
    """It is the same for the same texts in any order, and changes with a text, a set or a switch."""
    one, two = write("one_rule", SSH, number=1), write("two_rule", SSH, number=2)
    before = read_ruleset([one, two], [sets]).sha256

    assert read_ruleset([two, one], [sets]).sha256 == before
    assert read_ruleset([one, two], [sets], disable=["one_rule"]).sha256 != before
    assert read_ruleset([one], [sets]).sha256 != before
    north = sets / "north.yaml"
    north.write_text(north.read_text(encoding="utf-8").replace("FI]", "FI, DK]"), encoding="utf-8")
    assert read_ruleset([one, two], [sets]).sha256 != before


SET = "name: {name}\ntitle: A set\nsource: a test\ndate: 2026-01-01\nkind: {kind}\nvalues:\n  - {value}\n"


@pytest.mark.parametrize(
    ("kind", "value", "message"),
    [
        ("countries", "no", "9: 'no' is not an ISO 3166 alpha-2 code in capitals, as VN"),
        ("countries", "UK", "9: 'UK' is not a country of ISO 3166"),
        ("networks", "10.0.0.1/8", "9: not a network: 10.0.0.1/8 has host bits set"),
        ("domains", "'*.a.example'", "9: '*.a.example' is not a domain in small letters"),
        ("domains", ".a.example", "9: '.a.example' is not a domain in small letters"),
        ("domains", "đ.example", "9: 'đ.example' is not a domain in small letters"),
        ("strings", "''", "9: values.1: at least 1 character is expected"),
        ("strings", "[x]", "9: values.1: text is expected"),
        ("colours", "red", "6: kind: 'countries', 'networks', 'domains' or 'strings' is expected"),
    ],
)
def test_bad_sets(tmp_path: Path, kind: str, value: str, message: str) -> None:
    """A value that cannot match what its set is for is a fault at its line."""
    path = tmp_path / "bad_set.yaml"
    good = {"countries": "VN", "networks": "10.0.0.0/8"}.get(kind, "good")
    path.write_text(
        "# a set\n" + SET.format(name="bad_set", kind=kind, value=good) + f"  - {value}\n", encoding="utf-8"
    )

    with pytest.raises(CrossborderError) as caught:
        read_ruleset([], [path], countries=frozenset({"VN", "GB"}))

    (fault,) = faults(caught.value, tmp_path)
    assert fault.startswith(f"bad_set.yaml:{message}")


def test_a_later_set_stands_for_an_earlier_one(write: Write, sets: Path, tmp_path: Path) -> None:
    """An operator's set of the same name replaces the shipped one."""
    own = tmp_path / "own" / "north.yaml"
    own.parent.mkdir()
    own.write_text(SET.format(name="north", kind="countries", value="VN"), encoding="utf-8")
    body = "detection:\n  it:\n    destination.geo.country_iso_code|expand: '%north%'\n  condition: it\n"

    ruleset = read_ruleset([write("home", body)], [sets, own])

    assert ruleset["home"].tree == Test("destination.geo.country_iso_code", Op.IS, ("VN",))
    assert ruleset.sets["north"].path == own


def test_a_correlation_stands_with_what_it_counts(tmp_path: Path) -> None:
    """Base rules are named or given by id; what the correlation counts, by what and how long is kept."""
    path = tmp_path / "counted.yaml"
    base = "title: Base\nid: {id}\nname: {name}\nlogsource: {{product: crossborder}}\n" + SSH
    path.write_text(
        base.format(id="00000000-0000-4000-8000-000000000001", name="base_one")
        + "---\n"
        + base.format(id="00000000-0000-4000-8000-000000000002", name="base_two")
        + "---\n"
        + rule_head(3, "counted")
        + "correlation:\n  type: value_sum\n  rules: [base_one, 00000000-0000-4000-8000-000000000002]\n"
        + "  group-by: source.ip\n  timespan: 2h\n  condition: {field: source.bytes, gt: 18446744073709551617}\n",
        encoding="utf-8",
    )

    (rule,) = read_ruleset([path]).rules

    assert rule.correlation is not None
    assert rule.correlation.bases == ("base_one", "base_two")
    assert rule.correlation.span_ns == 7200 * 10**9
    assert rule.correlation.condition == "value_sum gt: 18446744073709551617 within 2h by source.ip"
    assert rule.line == 19


def test_home_in_a_set_is_the_home_country(tmp_path: Path) -> None:
    """An operator of another country changes one line of the configuration, and the rules follow."""
    sets = tmp_path / "sets"
    sets.mkdir()
    head = "title: t\nsource: s\ndate: 2026-11-21\nkind: countries\n"
    (sets / "allowed.yaml").write_text(f"name: allowed\n{head}values: [HOME, SG]\n", encoding="utf-8")

    here, there = (read_ruleset([], [sets], home=home) for home in ("VN", "TH"))

    assert (here.sets["allowed"].values, there.sets["allowed"].values) == (("VN", "SG"), ("TH", "SG"))
    assert here.sha256 != there.sha256
