"""What the native engine alone reads: archives, office documents, PDF, Vietnamese as it was before Unicode."""

from __future__ import annotations

import gzip
import io
import random
import subprocess
import unicodedata
import zipfile
import zlib
from typing import TYPE_CHECKING

import pytest
from tests.engine.captures import LOCAL, REMOTE, config, pcap
from tests.engine.contents import SHIPPED, by_native, by_portable, counts, cut, parts, request
from tests.engine.searches import searching, word
from tests.engine.test_detectors import engines, native, segments

from crossborder.config import read
from crossborder.engine import open_engine
from crossborder.parts import build_parts
from crossborder.searching import searching as searching_of

if TYPE_CHECKING:
    from pathlib import Path

    from tests.engine.contents import Pieces

    from crossborder.engine import EngineName

TEXT = "Kính gửi: đơn vị được giao, tài liệu TUYỆT MẬT số 7 của Chính phủ, không sao chụp.\n" * 3
ROWS = word("row", "An 001099012345", "An\t001099012345")
SEARCH = [word("secret", "Tuyệt mật số 7", "TUYỆT MẬT số 7"), ROWS, word("zip", "PK\x03\x04")]
pytestmark = native


def archive(*members: tuple[str, bytes], method: int = zipfile.ZIP_DEFLATED) -> bytes:
    """Return an archive."""
    file = io.BytesIO()
    with zipfile.ZipFile(file, "w", method) as packed:
        for name, data in members:
            packed.writestr(name, data)
    return file.getvalue()


class _Pipe(io.BytesIO):
    """Written without going back: sizes stand behind the data."""

    def seekable(self) -> bool:
        return False

    def seek(self, *_: int) -> int:
        raise io.UnsupportedOperation

    def tell(self) -> int:
        raise io.UnsupportedOperation


def streamed(data: bytes) -> bytes:
    """Return an archive as programs write it to a pipe."""
    file = _Pipe()
    with zipfile.ZipFile(file, "w", zipfile.ZIP_DEFLATED) as packed, packed.open("a.txt", "w") as member:
        member.write(data)
    return file.getvalue()


def document(name: str, text: str) -> bytes:
    """Return an office document of one part."""
    return archive(("[Content_Types].xml", b"<Types/>"), (name, f'<?xml version="1.0"?>{text}'.encode()))


def pdf(content: bytes, *, packed: bool = True) -> bytes:
    """Return a PDF file of one page."""
    data, told = (zlib.compress(content), b" /Filter /FlateDecode") if packed else (content, b"")
    head = b"%%PDF-1.4\n1 0 obj\n<< /Length %d%b >>\nstream\r\n" % (len(data), told)
    return head + data + b"\nendstream\nendobj\ntrailer\n<< >>\n%%EOF\n"


def wide(text: str) -> bytes:
    """Return a string of PDF in UTF-16."""
    escaped = text.encode("utf-16-be").replace(b"\\", b"\\\\").replace(b"(", b"\\(").replace(b")", b"\\)")
    return b"(\xfe\xff" + escaped.replace(b"\r", b"\\r") + b")"


def written(text: str, *, last: bool, objects: bool) -> bytes:
    """Return a PDF file as writers make it of letters beyond Latin-1: codes of a font, and what they mean.

    `last`: the font stands behind the page; `objects`: in a stream of objects.
    """
    letters = sorted(set(text))
    codes = "".join(f"{letters.index(letter) + 3:04x}" for letter in text)
    chars = "\n".join(f"<{at + 3:04X}> <{letter.encode('utf-16-be').hex()}>" for at, letter in enumerate(letters))
    cmap = f"1 begincodespacerange <0000><FFFF> endcodespacerange\n{len(letters)} beginbfchar\n{chars}\nendbfchar\n"
    font = "<< /Type /Font /Subtype /Type0 /Encoding /Identity-H /DescendantFonts [6 0 R] /ToUnicode 9 0 R >>"
    page = "<< /Type /Page /Parent 2 0 R /Contents 5 0 R /Resources << /Font << /F4 7 0 R >> >> >>"
    index = f"7 0 3 {len(font) + 1} "
    shown = [_stream(5, f"q BT /F4 11 Tf 1 0 0 1 57 700 Tm [<{codes[:8]}> -9 <{codes[8:]}>] TJ ET Q".encode())]
    fonts = [_stream(9, cmap.encode()), b"7 0 obj\n%b\nendobj\n3 0 obj\n%b\nendobj\n" % (font.encode(), page.encode())]
    if objects:
        told = f"/Type /ObjStm /N 2 /First {len(index)}"
        fonts[1] = _stream(8, f"{index}{font} {page}".encode(), told)
    return b"%PDF-1.7\n" + b"".join(shown + fonts if last else fonts + shown) + b"trailer\n<< >>\n%%EOF\n"


def _stream(number: int, data: bytes, told: str = "") -> bytes:
    packed = zlib.compress(data)
    head = f"{number} 0 obj\n<< {told} /Length {len(packed)} /Filter /FlateDecode >>\nstream\n"
    return head.encode() + packed + b"\nendstream\nendobj\n"


RUNS = "<w:document><w:p>" + "".join(f"<w:r><w:t>{letter}</w:t></w:r>" for letter in TEXT.strip()) + "</w:p>"
ROW = "<w:tr><w:tc><w:p><w:t>An</w:t></w:p></w:tc><w:tc><w:p><w:t>001099012345</w:t></w:p></w:tc></w:tr>"
SHARED = f"<sst><si><t>{TEXT}</t></si><si><r><t>An </t></r><r><t>001099012345</t></r></si></sst>"
CELLS = "<sheetData><row><c t='s'><v>0</v></c></row><row><c t='s'><v>2</v></c><c t='s'><v>1</v></c></row></sheetData>"
SHARED_CELLS = f"<sst><si><t>{TEXT}</t></si><si><t>001099012345</t></si><si><t>An</t></si></sst>"


def workbook(*parts: tuple[str, str]) -> bytes:
    """Return a spreadsheet of these parts."""
    return archive(("[Content_Types].xml", b"<Types/>"), *((f"xl/{name}", text.encode()) for name, text in parts))


FILES = {
    "zip": archive(("a.txt", b"x"), ("b.csv", TEXT.encode())),
    "zip stored": archive(("a/", b""), ("b.csv", TEXT.encode("utf-16")), method=zipfile.ZIP_STORED),
    "zip to a pipe": streamed(TEXT.encode()),
    "zip in a zip": archive(("in.zip", archive(("b.csv", TEXT.encode())))),
    "gzip": gzip.compress(TEXT.encode()),
    "gzip in a zip": archive(("b.csv.gz", gzip.compress(TEXT.encode()))),
    "docx": document("word/document.xml", RUNS + ROW),
    "xlsx": document("xl/sharedStrings.xml", SHARED),
    "xlsx strings first": workbook(("sharedStrings.xml", SHARED_CELLS), ("worksheets/sheet1.xml", CELLS)),
    "xlsx strings last": workbook(("worksheets/sheet1.xml", CELLS), ("sharedStrings.xml", SHARED_CELLS)),
    "pdf": pdf(b"BT /F1 12 Tf 1 0 0 1 7 7 Tm " + wide("TUYỆT MẬT số 7") + b" Tj ET"),
    "pdf in parts": pdf(
        b"BT [" + wide("TUYỆT MẬ") + b" -20 " + wide("T số 7") + b"] TJ T* [(An) -300 (0010\\0719012345)] TJ"
    ),
    "pdf hexadecimal": pdf(b"BT <" + ("\ufeff" + "TUYỆT MẬT số 7").encode("utf-16-be").hex().encode() + b"> Tj ET"),
    **{
        f"pdf of a font {'last' if last else 'first'}{' in a stream' * objects}": written(
            TEXT.strip(), last=last, objects=objects
        )
        for last in (False, True)
        for objects in (False, True)
    },
    "pdf not packed": pdf(b"BT " + wide("TUYỆT MẬT số 7") + b" Tj ET", packed=False),
}


def sent(file: bytes) -> Pieces:
    """Return a file that goes out in a form."""
    head = 'Content-Disposition: form-data; name="f"; filename="x"\r\nContent-Type: application/octet-stream'
    return [(True, request(parts((head, file)), "multipart/form-data; boundary==_b"))]


@pytest.mark.parametrize("name", FILES)
def test_files_are_opened(name: str) -> None:
    """In one piece, and byte by byte; what kind of file it is is still seen."""
    whole = by_native(sent(FILES[name]), SEARCH)

    assert counts(whole)["secret"] >= 1
    assert by_native(cut(sent(FILES[name]), [1]), SEARCH) == whole
    if name in {"docx", "xlsx", "pdf in parts", "xlsx strings first", "xlsx strings last"}:
        assert counts(whole)["row"] == 1
    if "zip" in name and not name.startswith("gzip"):
        assert counts(whole)["zip"] >= 1


@pytest.mark.parametrize("last", [False, True])
def test_a_label_in_a_sheet_stands_beside_its_value(last: bool) -> None:
    """In the cell to the left; what is numbered first is another's. Wherever the shared strings stand in the file."""
    strings = ("sharedStrings.xml", "<sst><si><t>x</t></si><si><t>C1234567</t></si><si><t>Số hộ chiếu</t></si></sst>")
    sheet = ("worksheets/sheet1.xml", "<row><c t='s'><v>2</v></c><c t='s'><v>1</v></c></row>")
    found = by_native(sent(workbook(*((sheet, strings) if last else (strings, sheet)))), SHIPPED)
    alone = by_native(sent(workbook(strings)), SHIPPED)

    assert counts(found)["vn-passport"] == 1
    assert "vn-passport" not in counts(alone)


def test_archives_in_archives_end() -> None:
    """At the depth that is named; an archive that is a bomb at the limit."""
    deep = TEXT.encode()
    for _ in range(6):
        deep = archive(("in.zip", deep), method=zipfile.ZIP_STORED)
    bomb = archive(("bomb", bytes(30 << 20)))

    as_ever = by_native(sent(archive(("in.zip", deep))), SEARCH)
    deeper = by_native(sent(archive(("in.zip", deep))), SEARCH, depth=8)

    assert as_ever[1] == ["depth"]
    assert deeper[1] == []
    assert counts(deeper)["secret"] > counts(as_ever)["secret"]
    assert by_native(sent(bomb), SEARCH, 1 << 20)[1] == ["bytes"]
    assert by_native(sent(pdf(bytes(30 << 20))), SEARCH, 1 << 20)[1] == ["bytes"]


@pytest.mark.parametrize("damage", range(30))
def test_damaged_files_are_read_as_far_as_they_go(damage: int) -> None:
    """Bytes changed at random: nothing fails, and how the stream is cut changes nothing."""
    chance = random.Random(damage)  # noqa: S311 - no secret
    for file in FILES.values():
        spoilt = bytearray(file)
        for _ in range(3):
            spoilt[chance.randrange(len(spoilt))] = chance.randrange(256)
        whole = by_native(sent(bytes(spoilt)), SEARCH)
        assert by_native(cut(sent(bytes(spoilt)), [chance.randrange(1, 99), 1]), SEARCH) == whole


VNI = {
    **dict(zip("áàảãạ", ("aù", "aø", "aû", "aõ", "aï"), strict=True)),
    **dict(zip("âấầẩẫậ", ("aâ", "aá", "aà", "aå", "aã", "aä"), strict=True)),
    **dict(zip("ơờợ", ("ô", "ôø", "ôï"), strict=True)),
    "ư": "ö",
    "ử": "öû",
    "đ": "ñ",
    "í": "í",
    "ị": "ò",
    "ệ": "eä",
    "ô": "oâ",
    "ố": "oá",
    "ủ": "uû",
    "ụ": "uï",
    "Ệ": "EÄ",
    "Ậ": "AÄ",
    "Đ": "Ñ",
    "ó": "où",
    "é": "eù",
}
TONES = {
    "\u0301": "'",
    "\u0300": "`",
    "\u0309": "?",
    "\u0303": "~",
    "\u0323": ".",
    "\u0302": "^",
    "\u0306": "(",
    "\u031b": "+",
}


def viqr(text: str) -> bytes:
    """Return a text in VIQR: the mark of the letter before that of the tone."""
    apart = "".join(TONES.get(c, c) for c in unicodedata.normalize("NFD", text.replace(".", "\\.").replace("đ", "dd")))
    for tone in "'`?~.":
        for mark in "^(+":
            apart = apart.replace(tone + mark, mark + tone)
    return apart.encode()


def encoded(text: str) -> dict[str, bytes]:
    """Return a text in each of the old encodings."""
    tcvn = subprocess.run(
        ["iconv", "-f", "utf-8", "-t", "TCVN5712-1"], input=text.lower().encode(), capture_output=True, check=True
    )
    vni = "".join(VNI.get(letter, letter) for letter in text)
    return {"tcvn3": tcvn.stdout, "vni": vni.encode("latin-1"), "viqr": viqr(text)}


@pytest.mark.parametrize("name", ["tcvn3", "vni", "viqr"])
@pytest.mark.parametrize("declared", [False, True])
def test_old_encodings_are_read(name: str, declared: bool) -> None:
    """Declared, or told by how they look."""
    kind = f"text/plain; charset={name}" if declared else "text/plain"
    pieces = [(True, request(encoded(TEXT)[name], kind))]
    search = [word("secret", "tuyệt mật số 7", "TUYỆT MẬT số 7")]

    assert counts(by_native(pieces, search))["secret"] == 3
    assert by_native(cut(pieces, [1]), search) == by_native(pieces, search)


@pytest.mark.parametrize(
    "text",
    [
        "Le café est situé près de l'hôtel où nous étions déjà allés l'année dernière, à côté. " * 8,
        "if (a^b) { x = y^'.'; } // don't. e.g. you're; a(b) u+o " * 20,
        "rẻ hơn ä ö ü ß",
    ],
)
@pytest.mark.parametrize("charset", ["utf-8", "cp1252"])
def test_what_is_something_else_is_left_alone(text: str, charset: str) -> None:
    """UTF-8 always, and other languages in 8 bits."""
    data = text.encode(charset, "ignore")
    search = [word("same", data.decode("latin-1")[:40])] if charset == "x" else [word("same", "ät", "(b) u+o", "déj")]
    pieces = [(True, request(data))]

    assert by_native(pieces, search) == by_portable(pieces, search)


@engines
def test_a_limit_is_counted_when_it_is_met(tmp_path: Path, engine: EngineName) -> None:
    """In the books of the tick in which it was, while its flow goes on; as deep as is set."""
    body = parts(("Content-Type: multipart/mixed; boundary=in", parts(("", b"x"), boundary="in")))
    path = tmp_path / "x.pcap"
    stream = request(body, "multipart/mixed; boundary==_b")
    path.write_bytes(pcap(segments(LOCAL, REMOTE, stream, b"GET"), step_ns=60 * 10**9))

    def limited(depth: int) -> list[dict[str, int]]:
        settings = config(files=(path,), searching=searching()._replace(depth=depth))
        return [dict(batch.books[0].limited) for batch in open_engine(engine, settings) if batch.books]

    met = limited(1)
    assert met.index({"depth": 1}) < len(met) - 1
    assert met[-1] == {"depth": 1}
    assert limited(2)[-1] == {}


@engines
def test_a_bomb_is_counted_in_the_books(tmp_path: Path, engine: EngineName) -> None:
    """Once for its flow, and the flow is counted on."""
    stream = request(bytes(3 << 20), "text/plain", "gzip") + b"x" * 99
    frames = segments(LOCAL, REMOTE, *(stream[at : at + 1000] for at in range(0, len(stream), 1000)))
    path = tmp_path / "x.pcap"
    path.write_bytes(pcap(frames))
    *_, last = open_engine(engine, config(files=(path,), searching=searching(limit=1 << 20)))

    assert last.books[0].limited == {"bytes": 1}
    assert last.books[0].balanced


def test_how_much_is_opened_is_configured(tmp_path: Path) -> None:
    """What the operator writes is what engines are given."""
    path = tmp_path / "c.yaml"
    path.write_text("content: {limit: 1MiB, depth: 2, codings: 1}\n", encoding="utf-8")
    content = searching_of(build_parts(read(path)))

    assert content is not None
    assert (content.limit, content.depth, content.codings) == (1 << 20, 2, 1)
