"""Values behind the words that say what they are, one at a time and as fields of one record."""

from __future__ import annotations

import unicodedata
from typing import TYPE_CHECKING, Final, NamedTuple

from tools.detectors import people
from tools.detectors.corpus import LABELLED, Example
from tools.detectors.digits import number, some
from tools.detectors.writing import bare, beside, camel, snake

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from random import Random

    from tools.detectors.corpus import Sizes


class Kind(NamedTuple):
    """A kind of value: its detector, what people call it, and how one is made."""

    detector: str
    names: tuple[str, ...]
    make: Callable[[Random], str]
    also: frozenset[str] = frozenset()


def _grouped(rng: Random, value: str, groups: tuple[int, ...], signs: str = " .-") -> str:
    if rng.random() < 0.7:
        return value
    parts, at = [], 0
    for group in groups:
        parts.append(value[at : at + group])
        at += group
    return rng.choice(signs).join(parts)


def _insurance_card(rng: Random) -> str:
    group = rng.choice(
        [
            "DN",
            "HC",
            "CC",
            "HX",
            "HT",
            "TB",
            "CB",
            "NO",
            "CT",
            "XK",
            "TY",
            "HN",
            "DT",
            "DK",
            "XB",
            "TC",
            "HS",
            "GD",
            "TE",
            "QN",
            "CA",
            "CY",
            "CN",
            "LH",
            "LS",
            "KC",
            "CK",
            "CH",
            "SV",
        ]
    )
    value = f"{group}{rng.randrange(1, 6)}{rng.randrange(1, 97):02}{some(rng, 10)}"
    return _grouped(rng, value, (2, 1, 2, 10), " -")


def _written_name(rng: Random) -> str:
    name = people.name(rng)
    ways = (name, name, name, name.upper(), bare(name).upper(), bare(name), unicodedata.normalize("NFD", name))
    return rng.choice(ways)


def _day(rng: Random) -> str:
    born = people.birthday(rng)
    return rng.choice((f"{born:%d/%m/%Y}", f"{born:%d-%m-%Y}", f"{born:%d.%m.%Y}", f"{born:%Y-%m-%d}", f"{born:%Y/%m/%d}",
                       f"{born.day}/{born.month}/{born.year}"))  # fmt: skip


def _plate(rng: Random) -> str:
    local = rng.choice([code for code in range(11, 100) if code not in {13, 42, 44, 45, 46, 87, 91, 96}])
    letters = "ABCDEFGHKLMNPRSTUVXYZ"
    series = rng.choice((rng.choice(letters), rng.choice(letters) + rng.choice("123456789"), rng.choice(letters) * 2))
    last = rng.choice((some(rng, 5), some(rng, 5), some(rng, 4)))
    dotted = f"{last[:3]}.{last[3:]}" if len(last) == 5 else last
    return rng.choice((f"{local}{series}-{dotted}", f"{local}{series}-{last}", f"{local}{series}{last}",
                       f"{local}{series} {dotted}", f"{local}-{series} {dotted}"))  # fmt: skip


def _certificate(rng: Random) -> str:
    letters = "ABCDEGHKLMNPQRSTUVXY"
    space = rng.choice(("", " ", " "))
    two = rng.choice((rng.choice(letters) + rng.choice(letters), "B" + "Đ", "Đ" + rng.choice(letters)))
    return rng.choice((f"{two}{space}{some(rng, 6)}", f"{two}{space}{some(rng, 6)}", f"AA{space}{some(rng, 8)}",
                       f"D{space}{some(rng, 7)}"))  # fmt: skip


def _diagnosis(rng: Random) -> str:
    code = f"{rng.choice('ABCDEFGHIJKLMNOPQRSTVXYZ')}{some(rng, 2)}"
    return code + rng.choice(("", f".{some(rng, 1)}", f".{some(rng, 1)}", f".{some(rng, 2)}"))


def _account(rng: Random) -> str:
    return some(rng, rng.choice((9, 10, 12, 13, 13, 14, 15))) if rng.random() < 0.7 else number(rng, 8)


def _in_groups(rng: Random, value: str) -> str:
    return " ".join(value[at : at + 4] for at in range(0, len(value), 4)) if rng.random() < 0.3 else value


KINDS: Final = (
    Kind("vn-personal-id", ("Số thẻ căn cước", "Mã số định danh", "Số CCCD/CMND", "Thẻ căn cước số", "Số định danh", "Số CCCD", "CCCD", "Căn cước công dân", "Số căn cước công dân", "Số định danh cá nhân", "Số căn cước",
                            "Mã định danh cá nhân", "CMND/CCCD", "CCCD số"),
         lambda rng: _grouped(rng, people.personal_id(rng), (3, 3, 3, 3))),
    Kind("vn-cmnd", ("CMT", "Số CMT", "CMND/CCCD", "CMND", "Số CMND", "Chứng minh nhân dân", "Số chứng minh nhân dân", "CMND số", "Chứng minh thư"),
         lambda rng: _grouped(rng, number(rng, 9) if rng.random() < 0.6 else "0" + some(rng, 8), (3, 3, 3), " .")),
    Kind("vn-tax-code", ("MST/CCCD", "Tax ID", "Mã số thuế bên mua", "MST NNT", "Mã số thuế", "MST", "Mã số doanh nghiệp", "MST công ty", "Tax code", "Mã số thuế cá nhân"),
         people.tax_code),
    Kind("vn-social-insurance", ("Mã BHXH", "Số sổ BHXH cũ", "Mã số sổ BHXH", "Mã số BHXH", "Số BHXH", "Số sổ BHXH", "Mã số bảo hiểm xã hội", "Số sổ bảo hiểm xã hội",
                                 "Sổ BHXH số", "Social insurance number"), lambda rng: some(rng, 10)),
    Kind("vn-health-insurance-card", ("Số BHYT", "Thẻ BHYT", "Số thẻ BHYT", "Mã thẻ BHYT", "Thẻ BHYT", "Số thẻ bảo hiểm y tế", "BHYT",
                                      "Thẻ bảo hiểm y tế số"), _insurance_card, frozenset({"vn-health-insurance-number"})),
    Kind("vn-health-insurance-number", ("Số thẻ BHYT", "Mã số BHYT", "Mã thẻ BHYT", "Số BHYT", "Thẻ BHYT số",
                                        "Mã số bảo hiểm y tế"), lambda rng: some(rng, 10)),
    Kind("vn-mobile-phone", ("Số ĐT", "SĐT liên hệ", "Điện thoại liên lạc", "Điện thoại/Zalo", "Mobile phone", "Contact number", "Số điện thoại", "Điện thoại", "SĐT", "ĐT", "Di động", "Điện thoại di động", "Phone", "Mobile",
                             "Hotline", "Zalo", "Số di động", "Phone number", "Tel", "ĐTDĐ"),
         lambda rng: people.written_phone(rng, people.mobile(rng))),
    Kind("vn-fixed-phone", ("Số ĐT", "ĐT cơ quan", "Điện thoại/Fax", "Điện thoại nhà riêng", "Điện thoại", "Số điện thoại", "ĐT", "Điện thoại cố định", "Tel", "Fax", "Máy bàn", "Điện thoại bàn",
                            "Tổng đài"), lambda rng: people.written_phone(rng, people.fixed(rng))),
    Kind("vn-passport", ("Số hộ chiếu/Passport No", "Hộ chiếu (Passport)", "Số hộ chiếu", "Hộ chiếu", "Hộ chiếu số", "Passport No", "Passport number", "Passport"),
         lambda rng: f"{rng.choice('BCNEKP')}{some(rng, 7)}"),
    Kind("vn-plate", ("Biển số phương tiện", "Biển kiểm soát số", "Biển xe", "Biển số", "Biển số xe", "BKS", "Biển kiểm soát", "Biển số đăng ký", "BSX", "License plate"), _plate),
    Kind("bank-card", ("Số thẻ", "Số thẻ tín dụng", "Card number", "Thẻ Visa", "Số thẻ ngân hàng", "Thẻ ghi nợ", "Mã thẻ"),
         people.card),
    Kind("vn-domestic-card", ("Số thẻ", "Số thẻ ATM", "Thẻ nội địa", "Card number", "Số thẻ ngân hàng", "Thẻ NAPAS"),
         lambda rng: _in_groups(rng, people.domestic_card(rng))),
    Kind("vn-bank-account", ("STK nhận tiền", "Số tài khoản thụ hưởng", "Số tài khoản người nhận", "Acc No", "TK ngân hàng", "Số tài khoản", "STK", "Số TK", "Tài khoản ngân hàng", "Tài khoản số", "Account number",
                             "Số tài khoản ngân hàng", "Bank account"), _account),
    Kind("vn-land-certificate", ("Số seri GCN", "Số phát hành GCNQSDĐ", "Số phát hành", "Số phát hành GCN", "Giấy chứng nhận quyền sử dụng đất số", "GCN QSDĐ số",
                                 "GCNQSDĐ", "Sổ đỏ số", "Số giấy chứng nhận"), _certificate),
    Kind("vn-person-name", ("Họ, chữ đệm và tên", "Họ và tên khai sinh", "Họ tên người nộp", "Tên chủ thẻ", "Customer name", "Họ và tên", "Họ tên", "Tên khách hàng", "Họ tên bệnh nhân", "Bệnh nhân", "Chủ tài khoản",
                            "Full name", "Người nhận", "Họ tên chủ hộ", "Tên bệnh nhân"), _written_name),
    Kind("vn-birth-date", ("Ngày, tháng, năm sinh", "Sinh ngày (DOB)", "Ngày/tháng/năm sinh", "Ngày sinh", "Ngày tháng năm sinh", "Sinh ngày", "Date of birth", "DOB", "NTNS"), _day),
    Kind("icd-10", ("Chẩn đoán chính", "Mã ICD10", "Bệnh chính", "Mã bệnh (ICD-10)", "Mã bệnh", "Mã ICD", "ICD-10", "Mã bệnh chính", "Mã ICD-10", "Chẩn đoán", "Mã bệnh kèm theo"), _diagnosis),
    Kind("email-address", ("E-mail", "Email", "Thư điện tử", "Hộp thư"), people.email),
)  # fmt: skip


def examples(rng: Random, sizes: Sizes) -> Iterator[Example]:
    """Make values behind labels, and records of several."""
    for kind in KINDS:
        for _ in range(sizes.single):
            text = beside(rng, rng.choice(kind.names), kind.make(rng))
            yield Example(text.encode(), {kind.detector: LABELLED}, also=kind.also, about="labelled")
    for _ in range(sizes.single):
        yield _record(rng)


def _record(rng: Random) -> Example:
    """Make a record of three to six fields, in the words of a form or as a program sends it."""
    kinds = rng.sample([kind for kind in KINDS if kind.detector != "vn-land-certificate"], rng.randrange(3, 7))
    if any(kind.detector == "vn-health-insurance-card" for kind in kinds):
        kinds = [kind for kind in kinds if kind.detector != "vn-health-insurance-number"]
    fields = [(rng.choice(kind.names), kind.make(rng)) for kind in kinds]
    way = rng.randrange(3)
    if way == 0:
        text = rng.choice(("; ", "\n", ", ")).join(f"{name}: {value}" for name, value in fields)
    elif way == 1:
        case = rng.choice((snake, camel))
        text = "{" + ",".join(f'"{case(name)}":"{value}"' for name, value in fields) + "}"
    else:
        text = "".join(f"<{snake(name).upper()}>{value}</{snake(name).upper()}>\n" for name, value in fields)
    also = frozenset().union(*(kind.also for kind in kinds))
    return Example(text.encode(), {kind.detector: LABELLED for kind in kinds}, also=also, about="record")
