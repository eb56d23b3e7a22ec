"""A register knows a unit's own people and stores nobody; both engines recognise them in what leaves."""

from __future__ import annotations

import stat
from typing import TYPE_CHECKING, Any, Literal

import pytest
from click.testing import CliRunner
from hypothesis import given
from hypothesis import strategies as st
from tests.engine.searches import KEY, LIMIT, register, shipped

from crossborder import config, keyfile
from crossborder.cli import cli
from crossborder.engine import native_available
from crossborder.engine import register as registers
from crossborder.engine.detectors import Detector
from crossborder.engine.enrolment import TOLD_LIMIT, Enrolment, forms
from crossborder.engine.portable.search import Detectors, Shown
from crossborder.errors import CrossborderError
from crossborder.keyfile import Key
from crossborder.parts import used_registers

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

    from crossborder.engine.detectors import Search
    from crossborder.engine.register import Register

pytestmark = pytest.mark.skipif(not native_available(), reason="registers are made by the native extension")

STAFF = [f"001099{at:06}" for at in range(1, 401)]
STRANGERS = [f"079088{at:06}" for at in range(1, 401)]
PERSONAL_ID = next(detector.search for detector in shipped() if detector.id == "vn-personal-id")


def number(name: str, pattern: str, validator: str, label: str, **scores: float) -> Search:
    """Return a detector of numbers that name persons."""
    told = {"id": name, "title": name, "finds": "basic", "pattern": pattern, "edges": "number", "labels": [label]}
    more = {"validator": validator, "scores": scores, "person": 50, "mask": [2, 2], "vectors": {"match": ["x"]}}
    return Detector.model_validate(told | more).search


PHONE = number("phone", "(?:[+]84|0)[0-9]{9}", "mobile-phone", "so dt", labelled=0.9, bare=0.2, bulk=0.8)
OLD_ID = number("old-id", "[0-9]{9}", "digits", "cmnd", labelled=0.9)
CODE = number("code", "[A-Z]{1,2}(?:[ -]?[0-9]){7,13}", "compact", "ho chieu", labelled=0.9)
ALL = [PERSONAL_ID, PHONE, OLD_ID, CODE]


def by_portable(text: str, *known: Register) -> Any:
    """Return what the portable engine tells of registers in a text, and the persons of it."""
    shown = Shown(Detectors(ALL, KEY, LIMIT, known))
    shown.show(text.encode())
    shown.finish()
    found = shown.take(last=True)
    told = [
        (name, pytest.approx(one.confidence), one.matches, list(one.distinct), one.samples)
        for name, one in found.detections.items()
    ]
    return told, [(row["kind"], row["hashes"]) for row in found.person_rows()]


def by_native(text: str, *known: Register) -> Any:
    """Return what the native engine tells."""
    import crossborder_native

    return crossborder_native.ContentSearch(ALL, KEY, LIMIT, list(known)).search(text.encode())


def recognised(text: str, *known: Register) -> list[tuple[str, int]]:
    """Return of each register how many were recognised; both engines agree."""
    found = by_portable(text, *known)

    assert by_native(text, *known) == found
    return [(name, matches) for name, _, matches, *_ in found[0] if name.startswith(registers.PREFIX)]


def apart(people: Sequence[str]) -> str:
    """Return identifiers without a label, each far from the next."""
    return "".join(f"{at:05x} ok {one} x\n" for at, one in enumerate(people))


def test_these_very_people_are_recognised() -> None:
    """With nothing that says what the number is, beside strangers who are not told of."""
    staff = register("staff", STAFF)

    assert recognised(f"order {STAFF[7]} shipped", staff) == [("register:staff", 1)]
    assert recognised(f"order {STAFF[7][:3]} {STAFF[7][3:6]} {STAFF[7][6:]} shipped", staff) == [("register:staff", 1)]
    assert recognised(apart(STRANGERS[:40]), staff) == []
    assert recognised(f"order {STAFF[7]} shipped") == []


def test_eight_bits_wait_for_three_or_a_label() -> None:
    """One stranger in 256 looks like one's own: a label or two others beside make it one."""
    staff = register("staff", STAFF, 8)

    assert recognised(apart(STAFF[:2]), staff) == []
    assert recognised(apart([STAFF[0]] * 5), staff) == []
    assert recognised(apart(STAFF[:3]), staff) == [("register:staff", 3)]
    assert recognised(f"CCCD: {STAFF[0]}", staff) == [("register:staff", 1)]


def test_strangers_by_the_thousand_are_no_register() -> None:
    """Four in a thousand of them look like one's own; they are too few of those that were asked."""
    staff = register("staff", STAFF, 8)
    crowd = [f"036{at % 4}{at % 97:02}{at:06}" for at in range(6000)]
    alike = [one for one in crowd if staff.holds(Detectors(ALL, KEY, LIMIT).hash(one.encode()))]

    assert len(alike) >= 10
    assert recognised(apart(crowd), staff) == []
    assert recognised(apart([*crowd[:1000], *STAFF[:12]]), staff)[0][1] >= 10


def test_a_record_of_theirs_is_of_the_registers_kind() -> None:
    """One person, whatever else stands in the row; several registers may know one."""
    patients, staff = register("patients", STAFF[:9], kind="sensitive"), register("staff", STAFF)

    text = f"{STAFF[0]} 0912345678\n{STAFF[20]}\n{STRANGERS[0]}\n"
    told, persons = by_portable(text, patients, staff)

    assert (told, persons) == by_native(text, patients, staff)
    assert [(name, matches) for name, _, matches, *_ in told] == [("register:patients", 1), ("register:staff", 2)]
    assert [(kind, len(hashes)) for kind, hashes in persons] == [("basic", 2), ("sensitive", 1)]


def test_however_a_telephone_is_written() -> None:
    """The trunk is left out; the list and what leaves need not agree."""
    staff = register("staff", ["0912 345 678", "+84357000111", "912000222"])

    text = "x 84912345678 y\nx 0357000111 y\nx 0912000222 y\nx 0912000333 y\n"
    assert recognised(text.replace("84912", "+84912"), staff) == [("register:staff", 3)]


def test_however_a_code_is_written() -> None:
    """In capitals, without what parts its letters and digits; in the list and in what leaves."""
    staff = register("staff", ["C1234567", "hs 4 79 7912345678"])

    assert recognised("Số hộ chiếu: C 1234567", staff) == [("register:staff", 1)]
    assert recognised("Hộ chiếu: HS-4-79-7912345678\nHộ chiếu: HS4797912345678", staff) == [("register:staff", 2)]


def test_what_needs_a_label_is_asked_behind_one() -> None:
    """Nine digits are anything: one number in 65,536 of all traffic would be somebody."""
    staff = register("staff", ["012 345 678"])

    assert recognised("order 012345678 shipped", staff) == []
    assert recognised("CMND: 012345678", staff) == [("register:staff", 1)]


PIECES = st.one_of(
    st.sampled_from(["012345678", "CMND ", "cmnd: 012345678"]),
    st.sampled_from([*STAFF[:30], *STRANGERS[:30], "0912345678", "+84912345678"]),
    st.sampled_from(["CCCD: ", "số định danh ", ", ", "\n", "},{", " ", " x ", "\n\n"]),
    st.text(max_size=12),
)


@given(st.lists(PIECES, max_size=40), st.booleans())
def test_both_engines_recognise_the_same(pieces: list[str], export: bool) -> None:
    """By registers of 8 bits and 16, in a chat and in an export."""
    text = "".join(pieces) + apart(STAFF[:60] if export else [])
    both = (register("few", STAFF[:40], 8, "sensitive"), register("all", [*STAFF, "0912345678", "012345678"]))

    assert by_native(text, *both) == by_portable(text, *both)


@pytest.mark.parametrize(
    ("value", "expected"),
    [
        ("001099000001", {"001099000001"}),
        ("001.099-000 001", {"001099000001"}),
        ("0912 345 678", {"0912345678", "912345678"}),
        ("+84 (912) 345-678", {"84912345678", "912345678"}),
        ("02438251234", {"02438251234", "2438251234"}),
        ("b 1234567", {"B1234567", "b 1234567"}),
        ("DN4797912345678", {"DN4797912345678"}),
        ("Lan@Example.VN", {"Lan@Example.VN", "lan@example.vn"}),
        ("000000000000", set()),
        ("12345", set()),
        ("123456789012345678901", set()),
        ("Nguyen Van A", set()),
        ("a@b", set()),
        ("001099000001,Nguyen", set()),
    ],
)
def test_forms(value: str, expected: set[str]) -> None:
    """As validators normalise, so that the hash of what is seen can be asked for directly."""
    assert forms(value.encode()) == {form.encode() for form in expected}


def test_lines_without_an_identifier_are_told_by_number() -> None:
    """The head is none, nor are empty lines; what stands in a wrong line is never repeated."""
    enrolment = Enrolment(Key(KEY))

    enrolment.take([b"\xef\xbb\xbfso_cccd\r\n", b'"001099000001"\r\n', b"\r\n", b"nobody\r\n"])
    enrolment.take([b"001099000001,An\r\n", b"001099000001\r\n", *[b"x\n"] * 40])

    assert enrolment.identifiers == 2
    assert len({enrolment.hashes[at : at + 8].hex() for at in range(0, len(enrolment.hashes), 8)}) == 1
    assert enrolment.wrong == 42
    assert len(enrolment.faults) == TOLD_LIMIT
    assert [line for line, _ in enrolment.faults[:3]] == [4, 5, 7]
    assert enrolment.faults[1][1] == "more than one column"


@pytest.fixture
def key(tmp_path: Path) -> Path:
    """Make a key."""
    keyfile.make(tmp_path / "k")
    return tmp_path / "k"


def invoke(*args: str | Path, stdin: str | None = None) -> Any:
    """Run the command."""
    return CliRunner().invoke(cli, ["register", *map(str, args)], input=stdin)


def test_the_command_makes_and_shows(tmp_path: Path, key: Path) -> None:
    """A file of mode 0600 in which no identifier stands, that says what it is."""
    (tmp_path / "Staff 2026.csv").write_text("cccd\n" + "\n".join([*STAFF, "?"]), encoding="utf-8")

    made = invoke("build", tmp_path / "Staff 2026.csv", "--key-file", key, "--kind", "sensitive")
    path = tmp_path / "Staff 2026.register"
    shown = invoke("show", path).output

    assert made.exit_code == 0, made.output
    assert "Staff 2026.csv:402: no identifier" in made.output
    assert "400 identifiers; 400 distinct hashes" in made.output
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    assert not any(one.encode() in path.read_bytes() for one in STAFF)
    assert all(word in shown for word in ("register:staff-2026", "sensitive", "65,536", keyfile.read(key).fingerprint))


def test_the_command_reads_standard_input(tmp_path: Path, key: Path) -> None:
    """Which has no name, so that it must be said where to."""
    assert invoke("build", "-", "--key-file", key, stdin="001099000001\n").exit_code == 2
    out = tmp_path / "r"

    made = invoke("build", "-", "--key-file", key, "-o", out, "--bits", "8", "--name", "own", stdin="001099000001\n")

    assert made.exit_code == 0, made.output
    found = registers.read(out, keyfile.read(key))
    assert (found.name, found.bits, found.count) == ("own", 8, 1)
    nobody = invoke("build", "-", "--key-file", key, "-o", out, stdin="cccd\n?\n")
    assert isinstance(nobody.exception, CrossborderError)
    assert registers.read(out) == found
    assert invoke("build", out, "--key-file", key, "-o", out).exit_code == 2


@pytest.mark.parametrize("at", [0.0, 0.1, 0.5, 0.9, 0.999])
def test_what_is_damaged_is_refused(tmp_path: Path, at: float) -> None:
    """One bit is enough, wherever; so is a missing end. What to do is said."""
    path = tmp_path / "r"
    register("staff", STAFF).write(path)
    whole = path.read_bytes()
    place = int(at * len(whole))

    for spoilt in (whole[:place] + bytes([whole[place] ^ 4]) + whole[place + 1 :], whole[:place], whole + b"x"):
        path.write_bytes(spoilt)
        with pytest.raises(CrossborderError, match=r"r: is .*crossborder register build"):
            registers.read(path)


def test_a_newer_one_another_key_and_none_are_refused(tmp_path: Path) -> None:
    """Each with what to do."""
    path = tmp_path / "r"
    register("staff", STAFF).write(path)

    with pytest.raises(CrossborderError, match="made under another key"):
        registers.read(path, keyfile.fresh())
    data = path.read_bytes()
    path.write_bytes(data[:8] + b"\2" + data[9:])
    with pytest.raises(CrossborderError, match="use a newer agent"):
        registers.read(path)
    with pytest.raises(CrossborderError, match="cannot be read: No such file"):
        registers.read(tmp_path / "none")
    with pytest.raises(CrossborderError, match="cannot be written"):
        register("staff", STAFF).write(tmp_path / "none" / "r")


def test_a_layout_that_lies_is_refused(tmp_path: Path) -> None:
    """Even where somebody made its checksum fit: nothing is read outside of it."""
    whole = register("staff", STAFF)
    for wrong in ({"segment_length": 3}, {"segment_length": 1 << 20}, {"segment_count_length": 1}, {"bits": 8}):
        path = tmp_path / "r"
        whole.model_copy(update=wrong).write(path)
        with pytest.raises(CrossborderError, match="is damaged"):
            registers.read(path)


def test_the_configuration_needs_the_key(tmp_path: Path, key: Path) -> None:
    """And registers with names of their own; every fault is told."""
    for name in ("a", "b"):
        register("staff", STAFF).write(tmp_path / f"{name}.register")
    path = tmp_path / "c.yaml"

    def faults(text: str) -> str:
        path.write_text(text)
        settings = config.read(path)
        with pytest.raises(CrossborderError) as told:
            used_registers(settings, keyfile.read(settings.state.key) if settings.state.key else None)
        return str(told.value)

    assert "c.yaml:1: content.registers: needs state.key" in faults("content: {registers: [a.register]}\n")
    both = faults("content: {registers: [a.register, none]}\nstate: {key: k}\n")
    assert "made under another key" in both
    assert "none: cannot be read" in both
    key.write_bytes(KEY)
    assert "name 'staff' is that of" in faults("content: {registers: [a.register, b.register]}\nstate: {key: k}\n")


def test_a_filter_is_small_and_knows_few_strangers() -> None:
    """At most 1.25 bytes a hash at 1/256, and the rates that it says."""
    own = [f"{at:012}" for at in range(1_000_000, 1_060_000)]
    sizes: tuple[tuple[Literal[8, 16], int], ...] = ((8, 120), (16, 4))
    for bits, most in sizes:
        made = register("own", own, bits)
        hashed = Detectors((), KEY, LIMIT).hash

        assert len(made.fingerprints) / made.count <= 1.25 * bits / 8
        assert all(made.holds(hashed(one.encode())) for one in own[:5000])
        assert sum(made.holds(hashed(b"%012d" % at)) for at in range(20_000)) < most
