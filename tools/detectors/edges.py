"""Where detectors are weak: texts that are told wrongly, values that are not told. Measured, and held to no floor."""

from __future__ import annotations

import random
import unicodedata
from typing import TYPE_CHECKING, Final, NamedTuple

from tools.detectors import people
from tools.detectors.digits import number, some
from tools.detectors.judge import engines, shipped, told_in

if TYPE_CHECKING:
    from collections.abc import Callable
    from random import Random

TEXTS: Final = 200


class Edge(NamedTuple):
    """A kind of text at the edge, and how often something was told in it."""

    about: str
    wrong: bool  # nothing of the kind is there: telling is a false alarm; else it is right
    example: str
    texts: int
    told: int


def _empty_field(rng: Random) -> str:
    field, size = rng.choice((("CCCD", 12), ("Mã số BHXH", 10), ("Số tài khoản", 13), ("Mã số BHYT", 10)))
    return f"{field}: {rng.choice(('chưa có', 'không', 'trống'))}; mã đơn {some(rng, size)}"


def _neighbour(rng: Random) -> str:
    return rng.choice(
        (
            f"Tel: 08{rng.randrange(10)} {some(rng, 3)} {some(rng, 4)}",
            f"Phone: 07 {some(rng, 2)} {some(rng, 2)} {some(rng, 2)} {some(rng, 2)}",
        )
    )


def _other_words(rng: Random) -> str:
    return rng.choice((
        f"giấy tờ em {people.personal_id(rng)}", f"mã công dân: {people.personal_id(rng)}", f"thẻ gắn chip {people.personal_id(rng)}",
        f"alo em theo số {people.mobile(rng)}", f"lh: {people.mobile(rng)}", f"contact me {people.mobile(rng)}",
        f"chuyển vào VCB {some(rng, 13)}", f"bank: {some(rng, 12)}", f"MSBHXH: {some(rng, 10)}", f"giấy cm cũ {some(rng, 9)}",
    ))  # fmt: skip


def _short_table(rng: Random) -> str:
    rows = (f"{at},{people.personal_id(rng)},{people.mobile(rng)}\n" for at in range(1, rng.randrange(10, 45)))
    return "STT,Mã,Số\n" + "".join(rows)


def _plates(rng: Random) -> str:
    return "".join(f"{at};{rng.choice((29, 30, 51))}{rng.choice('ABCDEFGH')}{some(rng, 5)}\n" for at in range(80))


KINDS: Final[tuple[tuple[str, bool, frozenset[str], Callable[[Random], str]], ...]] = (
    ("an empty field, then another number", True, frozenset({"vn-personal-id", "vn-social-insurance", "vn-bank-account", "vn-health-insurance-number"}), _empty_field),
    ("a telephone of a neighbour in its national form, behind a label", True, frozenset({"vn-mobile-phone", "vn-fixed-phone"}), _neighbour),
    ("a count where a number could stand", True, frozenset({"vn-bank-account"}), lambda rng: f"Số tài khoản mở mới: {number(rng, 7)}"),
    ("the stamps themselves in a text about the law", True, frozenset({"secrecy-mark"}), lambda rng: f"Mẫu số {some(rng, 2)}:\n{rng.choice(('TUYỆT MẬT', 'TỐI MẬT', 'MẬT'))}\nKích thước khung"),
    ("a member's card of sixteen digits", True, frozenset({"bank-card"}), lambda rng: f"Mã thẻ thành viên: {number(rng, 16)}"),
    ("ten digits at random behind MST", True, frozenset({"vn-tax-code"}), lambda rng: f"MST: {some(rng, 10)}"),
    ("a place as a name", True, frozenset({"vn-person-name"}), lambda rng: f"Tên khách hàng: {rng.choice(('Hà Nội', 'Lâm Đồng', 'Hồ Gươm', 'Kim Liên'))} {rng.choice(('Plaza', 'Tour', 'Palace'))}"),
    ("one personal number without a label", False, frozenset({"vn-personal-id"}), lambda rng: f"gửi anh {people.personal_id(rng)} nhé"),
    ("one telephone number without a label", False, frozenset({"vn-mobile-phone"}), lambda rng: f"gọi em {people.mobile(rng)}"),
    ("one tax code without a label", False, frozenset({"vn-tax-code"}), lambda rng: f"xuất cho {people.tax_code(rng)}"),
    ("words for it that no list has", False, frozenset({"vn-personal-id", "vn-cmnd", "vn-mobile-phone", "vn-bank-account", "vn-social-insurance"}), _other_words),
    ("the label behind the value", False, frozenset({"vn-personal-id"}), lambda rng: f"{people.personal_id(rng)} (CCCD)"),
    ("fewer than fifty records under headings that say nothing", False, frozenset({"vn-personal-id", "vn-mobile-phone"}), _short_table),
    ("digits one by one", False, frozenset({"vn-mobile-phone"}), lambda rng: f"SĐT: {'  '.join(people.mobile(rng))}"),
    ("a name in small letters", False, frozenset({"vn-person-name"}), lambda rng: f"họ tên: {people.name(rng).lower()}"),
    ("a label half composed", False, frozenset({"vn-person-name"}), lambda rng: f"Họ va{chr(0x300)} tên: {people.name(rng)}"),
    ("a long label in decomposed letters", False, frozenset({"vn-land-certificate"}), lambda rng: unicodedata.normalize("NFD", f"Giấy chứng nhận quyền sử dụng đất số: BM {some(rng, 6)}")),
    ("plates in one piece, many, without a label", False, frozenset({"vn-plate"}), _plates),
    ("an international card in one piece, without a label", False, frozenset({"bank-card"}), lambda rng: f"đây ạ {people.card(rng)}"),
    ("a day of birth in words", False, frozenset({"vn-birth-date"}), lambda rng: f"Ngày sinh: ngày {rng.randrange(1, 29)} tháng {rng.randrange(1, 13)} năm {rng.randrange(1950, 2020)}"),
)  # fmt: skip


def edges(seed: int, texts: int = TEXTS) -> list[Edge]:
    """Return how often each kind is told."""
    readers, found = engines(shipped()), []
    for about, wrong, names, make in KINDS:
        rng = random.Random(f"{seed}/{about}")  # noqa: S311 - a corpus, no secret
        made = [make(rng) for _ in range(texts)]
        told = sum(bool(told_in(text.encode(), readers).keys() & names) for text in made)
        found.append(Edge(about, wrong, _short(made[0]), texts, told))
    return found


def _short(text: str) -> str:
    line = " ".join(unicodedata.normalize("NFC", text).split()).replace("|", "\\|")
    return line if len(line) <= 60 else line[:60] + "…"
