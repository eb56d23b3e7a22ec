"""Numbers of other things: orders, times, goods, invoices, books, machines, telephones abroad, sums of money."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import TYPE_CHECKING, Final

from tools.detectors import people
from tools.detectors.digits import ean13, luhn_digit, number, some
from tools.detectors.unlabelled import payment
from tools.detectors.writing import label

if TYPE_CHECKING:
    from collections.abc import Callable
    from random import Random

ORDERS: Final = ("Mã đơn hàng", "Đơn hàng số", "Order", "Order ID", "Mã vận đơn", "Tracking", "Mã giao dịch", "Transaction",
                 "Mã phiếu", "Phiếu xuất kho", "Ref", "Mã yêu cầu", "Ticket", "Mã sản phẩm", "Serial", "Mã lô", "Số lô",
                 "Mã kiện", "ID", "Mã hồ sơ", "Số biên nhận", "Số hợp đồng", "Session", "Trace")  # fmt: skip


def order(rng: Random) -> str:
    """Return an order, a parcel or a transaction with a number of any length, also as long as a person's."""
    digits = rng.choice((some, number))(rng, rng.choice((8, 9, 10, 10, 10, 11, 12, 12, 12, 13, 14, 15, 16, 16, 18, 19)))
    return f"{label(rng, rng.choice(ORDERS))}{rng.choice((': ', ' ', ' #', '='))}{digits}"


def order_like_person(rng: Random) -> str:
    """Return an order whose number has the structure of an identifier by chance."""
    makers = (people.personal_id, people.mobile, people.fixed, people.tax_code, people.card)
    return f"{label(rng, rng.choice(ORDERS))}: {rng.choice(makers)(rng)}"


def time(rng: Random) -> str:
    """Return a time as machines write it."""
    moment = datetime.fromtimestamp(rng.randrange(1_400_000_000, 1_790_000_000), UTC)
    seconds = int(moment.timestamp())
    return rng.choice((
        f"ts={seconds}", f"{seconds * 1000 + rng.randrange(1000)}", f'"time":{seconds * 10**6 + rng.randrange(10**6)}',
        f"{moment:%Y%m%d%H%M%S}", f"{moment:%Y%m%d%H%M}", f"[{moment:%d/%b/%Y:%H:%M:%S} +0700] GET /", f"{moment:%d/%m/%Y %H:%M}",
        f"cập nhật: {moment:%d-%m-%Y}", f"exp={seconds}.{rng.randrange(1000):03}", f"ngày cấp {moment:%d/%m/%Y}",
        f"Last-Modified: {moment:%a, %d %b %Y %H:%M:%S} GMT", f"Hết hạn: {moment:%d.%m.%Y}",
    ))  # fmt: skip


def product(rng: Random) -> str:
    """Return a code of goods or parts."""
    letters = "ABCDEFGHIJKLMNOPQRSTUVWXYZ"
    two, one = "".join(rng.choices(letters, k=2)), rng.choice(letters)
    return f"{rng.choice(('SKU', 'Mã hàng', 'Model', 'Part no', 'Mã linh kiện', 'Mã SP', 'Lot'))}: " + rng.choice((
        f"{two}-{some(rng, 5)}", f"{one}{some(rng, 7)}", f"{two}{rng.randrange(1, 6)}{some(rng, 12)}", f"{two} {some(rng, 6)}",
        f"{rng.randrange(10, 100)}{one}-{some(rng, 5)}", f"{rng.randrange(10, 100)}{one}{some(rng, 5)}", f"{one}{some(rng, 2)}.{some(rng, 1)}",
        f"DH{rng.randrange(2020, 2027)}{rng.randrange(1, 13):02}{rng.randrange(1, 29):02}{some(rng, 5)}", f"{one}{some(rng, 2)}", f"D {some(rng, 7)}",
    ))  # fmt: skip


def hexadecimal(rng: Random) -> str:
    """Return a hash or a universally unique identifier."""
    digest = rng.randbytes(rng.choice((4, 16, 20, 32, 64))).hex()
    plain = rng.randbytes(16).hex()
    unique = f"{plain[:8]}-{plain[8:12]}-4{plain[13:16]}-a{plain[17:20]}-{plain[20:]}"
    return rng.choice(
        (digest, digest.upper(), f"sha256:{digest}", f"commit {digest}", f'ETag: "{digest}"', unique, f"id={unique}")
    )


def telephone_abroad(rng: Random) -> str:
    """Return a telephone number of another country, behind the same words."""
    digits = rng.choice((
        f"+1 {rng.randrange(201, 990)} 555 {some(rng, 4)}", f"+1-{rng.randrange(201, 990)}-555-{some(rng, 4)}", f"({rng.randrange(201, 990)}) 555-{some(rng, 4)}",
        f"+44 7{some(rng, 3)} {some(rng, 6)}", f"+44 20 {some(rng, 4)} {some(rng, 4)}", f"07{some(rng, 9)}", f"+86 1{some(rng, 10)}",
        f"+65 {rng.choice('689')}{some(rng, 7)}", f"+81 90 {some(rng, 4)} {some(rng, 4)}", f"090-{some(rng, 4)}-{some(rng, 4)}",
        f"+82 10-{some(rng, 4)}-{some(rng, 4)}", f"+66 8{some(rng, 8)}", f"+855 {some(rng, 8)}", f"+33 6 {some(rng, 2)} {some(rng, 2)} {some(rng, 2)} {some(rng, 2)}",
        f"+49 151 {some(rng, 8)}", f"+61 4{some(rng, 8)}", f"0044 20 {some(rng, 8)}", f"+856 20 {some(rng, 8)}", f"1900 {some(rng, 4)}", f"1800 {some(rng, 6)}",
    ))  # fmt: skip
    return f"{label(rng, rng.choice(('Phone', 'Tel', 'Điện thoại', 'Hotline', 'Mobile', 'SĐT', 'Liên hệ', 'Fax')))}: {digits}"


def network(rng: Random) -> str:
    """Return an address or a number of a network or a machine."""
    v4 = ".".join(str(rng.randrange(256)) for _ in range(4))
    return rng.choice((
        v4, f"{v4}:{rng.randrange(1024, 65536)}", f"src={v4} dst={v4}", f"2001:db8:{rng.randrange(65536):x}::{rng.randrange(65536):x}",
        ":".join(f"{byte:02x}" for byte in rng.randbytes(6)), f"IMEI: 35{some(rng, 13)}", f"S/N {some(rng, 12)}", f"AS{some(rng, 5)}",
        f"build {rng.randrange(99)}.{rng.randrange(99)}.{some(rng, 4)}.{some(rng, 5)}", f"pid={some(rng, 5)} seq={number(rng, 10)} ack={number(rng, 10)}",
    ))  # fmt: skip


def article(rng: Random) -> str:
    """Return a number of a book or of goods in a shop."""
    return rng.choice((f"ISBN {ean13(rng, '978')}", f"ISBN-13: 978-604-{some(rng, 2)}-{some(rng, 4)}-{some(rng, 1)}", f"EAN {ean13(rng, '893')}",
                       f"Mã vạch: {ean13(rng, '893')}", f"ISBN-10: {some(rng, 9)}X", f"ISBN {some(rng, 10)}", f"ISSN {some(rng, 4)}-{some(rng, 4)}",
                       f"GTIN {some(rng, 14)}"))  # fmt: skip


def invoice(rng: Random) -> str:
    """Return an invoice, a meter or a contract."""
    return rng.choice((
        f"Hóa đơn số {some(rng, 8)} ký hiệu 1C26TAA", f"Số hóa đơn: {some(rng, 7)}", f"Invoice No. INV-{some(rng, 10)}", f"Mã KH: PE{some(rng, 11)}",
        f"Mã khách hàng: {some(rng, 10)}", f"Số công tơ {some(rng, 10)}", f"Hợp đồng {some(rng, 4)}/2026/HĐKT", f"Số chứng từ: {some(rng, 9)}",
        f"Mã tra cứu: {some(rng, 12)}", f"Biên lai thu tiền số {some(rng, 7)}",
    ))  # fmt: skip


def money(rng: Random) -> str:
    """Return a sum, or a count of things that have numbers."""
    value = rng.randrange(10**5, 10**12)
    dotted = f"{value:,}".replace(",", ".")
    return rng.choice((f"Số tiền: {value}", f"{dotted} đồng", f"Tổng cộng: {dotted} VND", f"doanh thu {value} đ", f"Phải trả {value:,} VND", f"GDP {value} tỷ",
                       f"Số dư: {dotted}", f"Số tài khoản mở mới trong quý: {dotted}", f"Số thẻ phát hành: {dotted} thẻ", f"Số thẻ BHYT đã cấp: {dotted} thẻ"))  # fmt: skip


def wrong_digit(rng: Random) -> str:
    """Return a number behind the right words with a check digit that is wrong."""
    tax = people.tax_code(rng)[:10]
    plastic, zone = people.card(rng), rng.choice((people.passport_zone, people.card_zone))(rng)
    at = zone.index("VNM", 6) + 3 if zone.startswith("P") else 14
    paid = payment(rng)
    return rng.choice((
        f"{label(rng, 'Mã số thuế')}: {tax[:9]}{(int(tax[9]) + rng.randrange(1, 10)) % 10}",
        f"{label(rng, 'Số thẻ')}: {plastic[:15]}{(int(luhn_digit(plastic[:15])) + rng.randrange(1, 10)) % 10}",
        f"{plastic[:4]} {plastic[4:8]} {plastic[8:12]} {plastic[12:15]}{(int(plastic[15]) + rng.randrange(1, 10)) % 10}",
        zone[:at] + str((int(zone[at]) + rng.randrange(1, 10)) % 10) + zone[at + 1 :],
        paid[:-4] + f"{(int(paid[-4:], 16) + rng.randrange(1, 65536)) % 65536:04X}",
    ))  # fmt: skip


def place(rng: Random) -> str:
    """Return a place or measured values in a sentence."""
    return rng.choice((
        f"Tọa độ {rng.uniform(8, 23):.6f}, {rng.uniform(102, 110):.6f} trên bản đồ", f"{rng.uniform(8, 23):.4f}N {rng.uniform(102, 110):.4f}E",
        f"https://maps.example/@{rng.uniform(8, 23):.7f},{rng.uniform(102, 110):.7f},15z", f"loss: {rng.random():.8f} acc: {rng.random():.8f}",
        f"nhiệt độ {rng.uniform(15, 40):.1f}, độ ẩm {rng.uniform(40, 100):.1f}%", f"kinh độ {rng.uniform(102, 110):.5f}",
    ))  # fmt: skip


KINDS: Final[dict[str, Callable[[Random], str]]] = {
    "orders": order,
    "orders like persons": order_like_person,
    "times": time,
    "product codes": product,
    "hashes and UUIDs": hexadecimal,
    "telephones abroad": telephone_abroad,
    "network numbers": network,
    "books and goods": article,
    "invoices": invoice,
    "money and counts": money,
    "wrong check digits": wrong_digit,
    "places": place,
}
