"""Values that say by themselves what they are: by check digits, by fixed prefixes, by their layout."""

from __future__ import annotations

import base64
import string
import unicodedata
from typing import TYPE_CHECKING, Final

from tools.detectors import people
from tools.detectors.corpus import ALONE, CHECKED, Example
from tools.detectors.digits import crc16, number, some
from tools.detectors.writing import bare

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from random import Random

    from tools.detectors.corpus import Sizes

SIGNS: Final = string.ascii_letters + string.digits


def _letters(rng: Random, count: int, signs: str = SIGNS) -> str:
    return "".join(rng.choices(signs, k=count))


def _card_in_groups(rng: Random) -> str:
    value = people.card(rng)
    return rng.choice((" ", "-")).join(value[at : at + 4] for at in range(0, 16, 4))


def payment(rng: Random) -> str:
    """Return the text of a VietQR code."""
    amount = str(rng.randrange(1, 10_000) * 1000) if rng.random() < 0.6 else ""
    bank = _tag("00", rng.choice(("970436", "970415", "970418", "970405", "970407", "970422", "970416")))
    account = _tag("00", "A000000727") + _tag("01", bank + _tag("01", number(rng, rng.randrange(8, 16))))
    text = _tag("00", "01") + _tag("01", "12" if amount else "11") + _tag("38", account + _tag("02", "QRIBFTTA"))
    text += _tag("53", "704") + (_tag("54", amount) if amount else "") + _tag("58", "VN")
    if rng.random() < 0.4:
        text += _tag("62", _tag("08", f"thanh toan {rng.randrange(10_000)}"))
    return text + "6304" + crc16(text + "6304")


def _tag(tag: str, value: str) -> str:
    return f"{tag}{len(value):02}{value}"


def _claim(rng: Random) -> str:
    visit = f"{rng.randrange(10_000, 99_999)}_{rng.randrange(10**6)}"
    tables = base64.b64encode(f"<TONG_HOP><MA_LK>{visit}</MA_LK></TONG_HOP>".encode()).decode()
    return rng.choice((
        f"<GIAMDINHHS><THONGTINHOSO><SOLUONGHOSO>1</SOLUONGHOSO>{visit}",
        f"<FILEHOSO><LOAIHOSO>XML{rng.randrange(16)}</LOAIHOSO><NOIDUNGFILE>{tables}</NOIDUNGFILE></FILEHOSO>",
        f"<TONG_HOP>\n  <MA_LK>{visit}</MA_LK>\n  <STT>1</STT>",
        f"<MA_LK><![CDATA[{visit}]]></MA_LK>",
    ))  # fmt: skip


def _head(rng: Random) -> str:
    country = rng.choice(("CỘNG HÒA XÃ HỘI CHỦ NGHĨA VIỆT NAM", "CỘNG HOÀ XÃ HỘI CHỦ NGHĨA VIỆT NAM",
                          "Cộng hòa xã hội chủ nghĩa Việt Nam"))  # fmt: skip
    motto = rng.choice(("Độc lập - Tự do - Hạnh phúc", "Độc lập – Tự do – Hạnh phúc", "Độc lập-Tự do-Hạnh phúc"))
    text = (
        f"{country}{rng.choice((chr(10), chr(13) + chr(10), chr(10) + '      ', chr(10) * 2))}{motto}\n---------------"
    )
    if rng.random() < 0.3:
        text = f"BỘ THỬ NGHIỆM{' ' * rng.randrange(4, 20)}{text}"
    return _composed(rng, text)


def _composed(rng: Random, text: str) -> str:
    return rng.choice((text, text, unicodedata.normalize("NFD", text)))


def _symbol(rng: Random) -> str:
    what = rng.choice(("QĐ", "TT", "NQ", "BC", "TB", "KH", "CV", "TTr", "CT", "HD", "GM"))
    year = rng.choice(("", f"/{rng.randrange(2019, 2027)}"))
    return (
        f"{rng.randrange(1, 9000)}{year}/{what}-{rng.choice(('UBND', 'BTN', 'STNMT', 'TTg', 'BTN-VP', 'HĐND', 'SYT'))}"
    )


def _numbered(rng: Random) -> str:
    unit = rng.choice(("BỘ THỬ NGHIỆM\n", "ỦY BAN NHÂN DÂN\nTỈNH MẪU\n-------\n", "SỞ MẪU\r\n", ""))
    return _composed(rng, f"{unit}{rng.choice(('Số: ', 'Số:', '  Số: ', 'SỐ: '))}{_symbol(rng)}\nV/v thử nghiệm")


def _stamped(rng: Random) -> str:
    level = rng.choice(("MẬT", "TỐI MẬT", "TUYỆT MẬT"))
    stamp = rng.choice((level, f"  {level}  ", f"[{level}]", f"| {level} |", f"\t{level}"))
    return _composed(rng, rng.choice((
        f"BỘ THỬ NGHIỆM\n{stamp}\nSố: {_symbol(rng)}\n",
        f"{stamp}\n\nBÁO CÁO\nV/v thử nghiệm",
        f"Số: {_symbol(rng)}\r\n{stamp}\r\nNơi nhận:",
        f"Số: {_symbol(rng)}\nĐộ mật: {level.capitalize()}\nĐộ khẩn: Hỏa tốc",
        f'{{"doMat":"{level.capitalize()}","trichYeu":"thử"}}',
        f"<DO_MAT>{level.capitalize()}</DO_MAT>",
        bare(f"Độ mật: {level.capitalize()}\nTrích yếu: thử"),
    )))  # fmt: skip


def _dotted_plate(rng: Random) -> str:
    last = some(rng, 5)
    local = rng.choice((29, 30, 51, 59, 43, 15, 60, 61, 72, 92, 99, 80, 37, 36, 14))
    return (
        f"xe {local}{rng.choice('ABCDEFGHKLMNPRSTUVXYZ')}-{last[:3]}.{last[3:]} {rng.choice(('đi qua', 'đỗ tại', ''))}"
    )


def _cloud_key(rng: Random) -> str:
    return rng.choice((
        f"AccountName=mau;AccountKey={base64.b64encode(rng.randbytes(64)).decode()};EndpointSuffix=x",
        f"access_id = LTAI{_letters(rng, 20)}",
        f"secretId: 'AKID{_letters(rng, 32)}'",
        f"DO_TOKEN=dop_v1_{rng.randbytes(32).hex()}",
    ))  # fmt: skip


def _service_token(rng: Random) -> str:
    return rng.choice((
        f"Authorization: token gh{rng.choice('pousr')}_{_letters(rng, 36)}",
        f"github_pat_{_letters(rng, 22)}_{_letters(rng, 59)}",
        f"PRIVATE-TOKEN: glpat-{_letters(rng, 20)}",
        f"xoxb-{number(rng, 12)}-{number(rng, 12)}-{_letters(rng, 24)}",
        f'{{"key":"sk_live_{_letters(rng, rng.choice((24, 99)))}"}}',
        f"//registry.example/:_authToken=npm_{_letters(rng, 36)}",
        f"SG.{_letters(rng, 22)}.{_letters(rng, 43)}",
    ))  # fmt: skip


def _pem(rng: Random) -> str:
    kind = rng.choice(("", "RSA ", "EC ", "OPENSSH ", "ENCRYPTED ", "DSA "))
    return f"-----BEGIN {kind}PRIVATE KEY-----\n{base64.b64encode(rng.randbytes(48)).decode()}\n-----END {kind}PRIVATE KEY-----"


def _in_text(rng: Random, value: str) -> str:
    return rng.choice((value, f"{value}\n", f"ghi: {value}, xong", f'"{value}"', f"({value})"))


CHECKED_KINDS: Final[tuple[tuple[str, Callable[[Random], str]], ...]] = (
    ("bank-card-grouped", _card_in_groups),
    ("vn-domestic-card", people.domestic_card),
    ("vn-mrz-passport", people.passport_zone),
    ("vn-mrz-card", people.card_zone),
    ("vietqr", payment),
)
ALONE_KINDS: Final[tuple[tuple[str, Callable[[Random], str]], ...]] = (
    ("email-address", people.email),
    ("vn-plate", _dotted_plate),
    ("health-insurance-xml", _claim),
    ("official-document-header", _head),
    ("private-key", _pem),
    ("access-key", lambda rng: f"{rng.choice(('AKIA', 'ASIA'))}{_letters(rng, 16, string.ascii_uppercase + '234567')}"),
    ("google-api-key", lambda rng: f"AIza{_letters(rng, 35, SIGNS + '_-')}"),
    ("cloud-access-key", _cloud_key),
    ("service-token", _service_token),
)
WHOLE_KINDS: Final[tuple[tuple[str, Callable[[Random], str]], ...]] = (
    ("official-document-number", _numbered),
    ("secrecy-mark", _stamped),
)


def examples(rng: Random, sizes: Sizes) -> Iterator[Example]:
    """Make values without a label, within a little text where that changes nothing."""
    for form, kinds in ((CHECKED, CHECKED_KINDS), (ALONE, ALONE_KINDS)):
        for detector, make in kinds:
            for _ in range(sizes.single):
                yield Example(_in_text(rng, make(rng)).encode(), {detector: form}, about=form)
    for detector, make in WHOLE_KINDS:
        for _ in range(sizes.single):
            also = frozenset({"official-document-number"})
            yield Example(make(rng).encode(), {detector: ALONE}, also=also, about=ALONE)
