"""Persons who do not exist: names, days of birth and the numbers they carry. Invented at random, never looked up."""

from __future__ import annotations

from datetime import date, timedelta
from typing import TYPE_CHECKING, Final

from tools.detectors.digits import luhn_digit, mrz_digit, some, tax_digit

if TYPE_CHECKING:
    from random import Random

# About so many in a hundred people, after published counts of family names; the last group stands for hundreds of rare ones.
FAMILIES: Final = (
    ("Nguyễn", 38), ("Trần", 11), ("Lê", 9), ("Phạm", 7), ("Hoàng", 3), ("Huỳnh", 3), ("Phan", 4), ("Vũ", 2), ("Võ", 2),
    ("Đặng", 2), ("Bùi", 2), ("Đỗ", 1), ("Hồ", 1), ("Ngô", 1), ("Dương", 1), ("Lý", 1), ("Đinh", 1), ("Trịnh", 1),
    ("Trương", 1), ("Lâm", 0.8), ("Đoàn", 0.8), ("Tạ", 0.4), ("Lương", 0.6), ("Châu", 0.3), ("Tô", 0.3), ("Cao", 0.6),
    ("Mai", 0.6), ("Hà", 0.6), ("Nông", 0.3), ("Giàng", 0.2), ("Thạch", 0.2), ("Phùng", 0.3), ("Quách", 0.2),
    ("Thái", 0.3), ("Từ", 0.2), ("Kiều", 0.1), ("Âu", 0.1), ("Ông", 0.1), ("Trà", 0.1), ("Lã", 0.1), ("Cung", 0.05),
    ("Danh", 0.1), ("Sơn", 0.1), ("Hầu", 0.05), ("Ksor", 0.1), ("Siu", 0.05), ("Rơ Châm", 0.05), ("Tòng", 0.1),
)  # fmt: skip
MIDDLES: Final = (
    "Văn",
    "Thị",
    "Hữu",
    "Đức",
    "Minh",
    "Ngọc",
    "Thanh",
    "Quốc",
    "Thu",
    "Xuân",
    "Kim",
    "Gia",
    "Bảo",
    "Thùy",
)
GIVEN: Final = (
    "Anh", "Bình", "Châu", "Dũng", "Đạt", "Giang", "Hà", "Hải", "Hạnh", "Hiếu", "Hoa", "Hùng", "Hương", "Khánh", "Khoa",
    "Lan", "Linh", "Long", "Mai", "Nam", "Nga", "Nghĩa", "Ngân", "Oanh", "Phát", "Phương", "Quang", "Quyên", "Sơn", "Tâm",
    "Thảo", "Thắng", "Thịnh", "Trang", "Trí", "Tú", "Tuấn", "Tuyết", "Uyên", "Việt", "Vy", "Yến", "Ý", "Ái", "Út",
)  # fmt: skip
PROVINCES: Final = [
    "001",
    "002",
    "004",
    "006",
    "008",
    "010",
    "011",
    "012",
    "014",
    "015",
    "017",
    "019",
    "020",
    "022",
    "024",
    "025",
    "026",
    "027",
    "030",
    "031",
    "033",
    "034",
    "035",
    "036",
    "037",
    "038",
    "040",
    "042",
    "044",
    "045",
    "046",
    "048",
    "049",
    "051",
    "052",
    "054",
    "056",
    "058",
    "060",
    "062",
    "064",
    "066",
    "067",
    "068",
    "070",
    "072",
    "074",
    "075",
    "077",
    "079",
    "080",
    "082",
    "083",
    "084",
    "086",
    "087",
    "089",
    "091",
    "092",
    "093",
    "094",
    "095",
    "096",
]
PREFIXES: Final = [
    "032",
    "033",
    "034",
    "035",
    "036",
    "037",
    "038",
    "039",
    "086",
    "096",
    "097",
    "098",
    "081",
    "082",
    "083",
    "084",
    "085",
    "088",
    "091",
    "094",
    "070",
    "076",
    "077",
    "078",
    "079",
    "089",
    "090",
    "093",
    "052",
    "056",
    "058",
    "092",
    "059",
    "099",
]
AREAS: Final = [
    "24",
    "28",
    "203",
    "204",
    "205",
    "206",
    "207",
    "208",
    "209",
    "210",
    "211",
    "212",
    "213",
    "214",
    "215",
    "216",
    "218",
    "219",
    "220",
    "221",
    "222",
    "225",
    "226",
    "227",
    "228",
    "229",
    "232",
    "233",
    "234",
    "235",
    "236",
    "237",
    "238",
    "239",
    "251",
    "252",
    "254",
    "255",
    "256",
    "257",
    "258",
    "259",
    "260",
    "261",
    "262",
    "263",
    "269",
    "270",
    "271",
    "272",
    "273",
    "274",
    "275",
    "276",
    "277",
    "290",
    "291",
    "292",
    "293",
    "294",
    "296",
    "297",
    "299",
]


def name(rng: Random) -> str:
    """Return a name of two to four words."""
    family = rng.choices([one for one, _ in FAMILIES], [share for _, share in FAMILIES])[0]
    middles = rng.sample(MIDDLES, rng.choices((0, 1, 2), (10, 75, 15))[0])
    return " ".join([family, *middles, rng.choice(GIVEN)])


def birthday(rng: Random) -> date:
    """Return a day from 1940 to 2025."""
    return date(1940, 1, 1) + timedelta(days=rng.randrange(31_000))


def personal_id(rng: Random) -> str:
    """Return a personal number: where, which century and sex, which year; one in a hundred was born abroad."""
    born = birthday(rng)
    where = rng.choice(PROVINCES) if rng.random() < 0.99 else f"{rng.randrange(100, 400)}"
    return f"{where}{(born.year // 100 - 19) * 2 + rng.randrange(2)}{born.year % 100:02}{some(rng, 6)}"


def mobile(rng: Random) -> str:
    """Return a mobile number as it is dialled at home."""
    return rng.choice(PREFIXES) + some(rng, 7)


def fixed(rng: Random) -> str:
    """Return a fixed number: eleven digits."""
    area = rng.choice(AREAS)
    return f"0{area}{rng.randrange(2, 9)}{some(rng, 9 - len(area))}"


def written_phone(rng: Random, number: str) -> str:
    """Return a telephone number as people and programs write it."""
    trunk = rng.choice(("0", "0", "0", "+84", "+84 ", "84", "(+84) "))
    rest = number[1:]
    if rng.random() < 0.5:
        return trunk + rest
    cut = rng.choice((2, 3)) if rest[0] != "2" else (2 if rest[:2] in {"24", "28"} else 3)
    apart = rng.choice((" ", ".", "-"))
    return trunk + apart.join((rest[:cut], rest[cut : cut + 3], rest[cut + 3 :]))


def tax_code(rng: Random) -> str:
    """Return a tax code whose check digit is right; a third are of a branch."""
    while True:
        nine = f"{rng.randrange(1, 64):02}{rng.randrange(1, 10**7):07}"
        last = tax_digit(nine)
        if last is not None:
            branch = rng.choice(("", "", f"-{rng.randrange(1, 60):03}", f"{rng.randrange(1, 60):03}"))
            return nine + last + ("" if rng.random() < 0.5 else branch)


def email(rng: Random) -> str:
    """Return an address in a domain for examples, or one that nobody can own."""
    user = rng.choice(("mau", "vidu", "thunghiem", "lienhe", "nguyen.mau", "t_mau", "x-mau"))
    host = rng.choice(("example.com", "example.org", "mail.example.vn", "donvi.example", "vidu.gov.vn", "EXAMPLE.NET"))
    return f"{user}{rng.choice(('', '.', '_'))}{rng.randrange(10_000)}@{host}"


def card(rng: Random, prefixes: tuple[str, ...] = ("4", "51", "53", "55", "2221", "2720", "3528", "3589")) -> str:
    """Return the number of a card with its Luhn digit; of sixteen digits."""
    prefix = rng.choice(prefixes)
    body = prefix + some(rng, 15 - len(prefix))
    return body + luhn_digit(body)


def domestic_card(rng: Random) -> str:
    """Return the number of a domestic card, with a Luhn digit as most have."""
    bank = rng.choice(("36", "15", "18", "05", "07", "22", "16", "03", "37", "23", "32", "48"))
    body = f"9704{bank}" + some(rng, rng.choice((9, 9, 12)))
    return body + luhn_digit(body)


def passport_zone(rng: Random) -> str:
    """Return the two lines of a passport (ICAO 9303, part 4)."""
    number = rng.choice("BCNKEP") + some(rng, 7) + "<"
    dates = [f"{rng.randrange(100):02}{rng.randrange(1, 13):02}{rng.randrange(1, 29):02}" for _ in range(2)]
    first = f"P<VNM{_latin(rng)}".ljust(44, "<")[:44]
    own = "<" * 14 if rng.random() < 0.6 else (some(rng, 12) + "<<")
    own_digit = mrz_digit(own) if own.strip("<") else rng.choice("<0")
    second = f"{number}{mrz_digit(number)}VNM{dates[0]}{mrz_digit(dates[0])}{rng.choice('MF')}{dates[1]}{mrz_digit(dates[1])}"
    whole = second[:10] + second[13:20] + second[21:28] + own + own_digit
    return f"{first}\n{second}{own}{own_digit}{mrz_digit(whole)}"


def card_zone(rng: Random) -> str:
    """Return the three lines on the back of an identity card (ICAO 9303, part 5)."""
    number, person = some(rng, 9), personal_id(rng)
    first = f"IDVNM{number}{mrz_digit(number)}{person}<<"
    first += mrz_digit(first[5:])
    dates = [f"{rng.randrange(100):02}{rng.randrange(1, 13):02}{rng.randrange(1, 29):02}" for _ in range(2)]
    second = f"{dates[0]}{mrz_digit(dates[0])}{rng.choice('MF')}{dates[1]}{mrz_digit(dates[1])}VNM" + "<" * 11
    second += mrz_digit(first[5:30] + second[:7] + second[8:15] + second[18:29])
    return f"{first}\n{second}\n{_latin(rng).ljust(30, '<')[:30]}"


def _latin(rng: Random) -> str:
    from tools.detectors.writing import bare

    family, *others = bare(name(rng)).upper().split()
    return f"{family}<<{'<'.join(others)}"
