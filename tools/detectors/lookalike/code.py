"""Programs, pages, encoded data and files of other kinds."""

from __future__ import annotations

import base64
import struct
import zlib
from typing import TYPE_CHECKING, Final

from tools.detectors.digits import number, some
from tools.detectors.files import BASE_TAGS, tiff

if TYPE_CHECKING:
    from collections.abc import Callable
    from random import Random

SCRIPTS: Final = (
    "const phone = document.querySelector('#phone{n}'); if (!phone.value) return;",
    "function validateCCCD(s) {{ return /^\\d{{12}}$/.test(s) && s.length === 12; }} // {n}",
    "let soDienThoai = '', hoTen = null, ngaySinh = new Date({t});",
    "interface User {{ hoTen: string; email: string; cccd: string; id: {n} }}",
    "var _0x{h}=['{h}'];(function(a,b){{while(--b){{a['push'](a['shift']());}}}});",
    "@media (max-width: {n}px) {{ .card-number {{ color: #{h6}; }} }}",
    "background: url(icon@2x.png) no-repeat -{n}px 0; /* logo@3x.jpg */",
    "import x from 'lodash@4.17.{n}'; // pkg@^1.{n}.0, user@host",
    '<input type="tel" name="sdt" placeholder="Số điện thoại" maxlength="10" data-id="{t}">',
    '<label for="cccd">Số CCCD</label><input id="cccd" pattern="[0-9]{{12}}" tabindex="{n}">',
    "<td>Mã số thuế</td><td></td><td>{n}</td>",
    "if (passport.length !== 8) throw new Error('Passport E{n}');",
    "SELECT ho_ten, so_cccd, ngay_sinh FROM nguoi_dan WHERE id = {t} LIMIT {n};",
    "ALTER TABLE kh ADD COLUMN so_tai_khoan VARCHAR(20); -- v{n}",
    '"phone": null, "cccd": "", "id": {n9}, "v": {n}',
    "Card number validation: Luhn, e.g. 4xxx xxxx xxxx {n}",
    "0x{h} 0b1010 1e{n} 3.14159265358979 {n9}L",
    "npm ERR! code E{n} registry npm_config_registry ghp_token sk_test_{h6} AKIA{n}",
    "GET /api/v1/users/{t}?page={n}&sort=phone HTTP/1.1",
    'logger.info("CCCD: %s, SĐT: %s", cccd, sdt) # dòng {n}',
    "-----BEGIN CERTIFICATE-----\nMIIB{h}\n-----END CERTIFICATE-----",
    "-----BEGIN PUBLIC KEY-----\n{h}\n-----END PUBLIC KEY-----",
    "doMat: z.enum(['Mật', 'Tối mật', 'Tuyệt mật']), // {n}",
    '<xs:element name="MA_LK" type="xs:string" maxLength="{n}"/>',
    "git@git.example:kho/du-an.git {h6}",
    "margin:{n}px;z-index:{n9};transform:translate3d(-{n}px,0,0)",
)  # fmt: skip


def script(rng: Random) -> str:
    """Return a line of a program or a page."""
    filled = {
        "n": str(rng.randrange(1, 999)),
        "t": number(rng, 10),
        "h": rng.randbytes(12).hex(),
        "h6": rng.randbytes(3).hex(),
        "n9": number(rng, 9),
    }
    return rng.choice(SCRIPTS).format_map(filled)


def encoded(rng: Random) -> str:
    """Return data in base64, as in links, mails and tokens."""
    data = rng.randbytes(rng.randrange(30, 900))
    text = rng.choice((base64.b64encode, base64.urlsafe_b64encode))(data).decode()
    return rng.choice(
        (text, f"data:image/png;base64,{text}", f"Authorization: Bearer eyJhbGciOi{text}", f"Cookie: sid={text}")
    )


def link(rng: Random) -> str:
    """Return a link or a name of a file."""
    return rng.choice((
        f"https://tin.example/thoi-su/{some(rng, 8)}-cccd-gan-chip-{number(rng, 13)}.htm", f"/uploads/2026/11/IMG_{some(rng, 8)}_{some(rng, 6)}.jpg",
        f"https://shop.example/p-{number(rng, 10)}?spm={number(rng, 12)}.{some(rng, 4)}", f"video_{number(rng, 16)}_{number(rng, 15)}_n.mp4",
        f"C:\\Data\\Bao cao {some(rng, 4)}\\so_{number(rng, 9)}.xlsx", f"utm_id={number(rng, 17)}&fbclid=IwAR{rng.randbytes(20).hex()}",
        f"https://fb.example/{number(rng, 15)}/posts/{number(rng, 17)}", f"tel.example/line/{number(rng, 9)}",
    ))  # fmt: skip


def packed(rng: Random) -> bytes:
    """Return the beginning of a file of another kind."""
    noise = rng.randbytes(rng.randrange(200, 2200))
    return rng.choice((
        lambda: b"\x89PNG\r\n\x1a\n\x00\x00\x00\rIHDR" + noise, lambda: b"\xff\xd8\xff\xe0\x00\x10JFIF\x00\x01" + noise, lambda: b"%PDF-1.7\n%\xe2\xe3\xcf\xd3\n" + noise,
        lambda: b"\x00\x00\x00\x20ftypisom" + noise, lambda: b"\x7fELF\x02\x01\x01" + noise, lambda: b"MZ\x90\x00" + noise, lambda: b"GIF89a" + noise,
        lambda: b"RIFF" + struct.pack("<I", len(noise)) + b"WEBPVP8 " + noise, lambda: b"OggS\x00\x02" + noise, lambda: b"wOF2" + noise, lambda: noise,
        lambda: tiff(rng, rng.sample(BASE_TAGS, 9)), lambda: zlib.compress(noise), lambda: b"\x16\x03\x01" + noise, lambda: b"ID3\x04" + noise,
    ))()  # fmt: skip


def sentence(rng: Random) -> str:
    """Return words at random, with numbers between them."""
    words = [
        "và",
        "của",
        "là",
        "có",
        "được",
        "trong",
        "cho",
        "với",
        "các",
        "một",
        "người",
        "nhà",
        "nước",
        "thành",
        "phố",
        "năm",
        "tháng",
        "ngày",
        "công",
        "việc",
        "kinh",
        "tế",
        "xã",
        "hội",
        "văn",
        "bản",
    ]
    return " ".join(
        rng.choice(words) if rng.random() < 0.85 else number(rng, rng.randrange(1, 13))
        for _ in range(rng.randrange(8, 40))
    )


KINDS: Final[dict[str, Callable[[Random], str | bytes]]] = {
    "scripts and pages": script,
    "base64": encoded,
    "links and files": link,
    "other files": packed,
    "words and numbers": sentence,
}
