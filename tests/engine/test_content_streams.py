"""What goes out over a stream of no protocol, as FTP sends a file, is read as the file it is."""

from __future__ import annotations

import unicodedata
from typing import TYPE_CHECKING

import pytest
import zstandard
from tests.engine.captures import LOCAL, REMOTE, config, flows_of, pcap
from tests.engine.contents import by_native, by_portable, counts, cut
from tests.engine.searches import searching, word
from tests.engine.test_content import engines as readers
from tests.engine.test_content_files import FILES, SEARCH, TEXT, encoded
from tests.engine.test_detectors import engines, native
from tests.engine.test_native_transfers import Play

from crossborder.engine import open_engine

if TYPE_CHECKING:
    from pathlib import Path
    from typing import Any

    from crossborder.engine import EngineName

STREAMS = {**FILES, "zstd": zstandard.compress(TEXT.encode())}
TEXTS = {
    "plain": TEXT.encode(),
    "decomposed": unicodedata.normalize("NFD", TEXT).encode(),
    "utf-16": TEXT.encode("utf-16"),
    "utf-16 unmarked": TEXT.encode("utf-16-le"),
    "utf-16 unmarked big": TEXT.encode("utf-16-be"),
}
LATE = bytes(128) + b"DICM\x02\x00" + bytes(99)


@native
@pytest.mark.parametrize("name", STREAMS)
def test_a_file_is_opened(name: str) -> None:
    """Told by its first bytes; in one piece, and in small ones."""
    whole = by_native([(True, STREAMS[name])], SEARCH)

    assert counts(whole)["secret"] >= 1
    assert by_native(cut([(True, STREAMS[name])], [8, 1, 5]), SEARCH) == whole


@readers
@pytest.mark.parametrize("name", TEXTS)
def test_a_text_is_read_in_its_encoding(found_by: Any, name: str) -> None:
    """As a body would be, by both engines."""
    found = found_by([(True, TEXTS[name])], SEARCH)

    assert counts(found) == {"secret": 3}
    assert found == by_portable([(True, TEXTS["plain"])], SEARCH)
    assert found_by(cut([(True, TEXTS[name])], [600, 1, 7]), SEARCH) == found


@native
@pytest.mark.parametrize("name", ["tcvn3", "vni", "viqr"])
def test_a_text_in_an_old_encoding_is_read(name: str) -> None:
    """Nobody declares it: it is told by how it looks."""
    search = [word("secret", "tuyệt mật số 7", "TUYỆT MẬT số 7")]

    assert counts(by_native([(True, encoded(TEXT)[name])], search)) == {"secret": 3}


@readers
def test_a_stream_of_a_known_protocol_is_shown_as_it_is(found_by: Any) -> None:
    """What a database answers is bytes, whatever they look like."""
    greeting = b"J\x00\x00\x00\n8.0.36\x00\x08\x00\x00\x00abcdefgh\x00\xff\xff\xff\x02\x00\xff\xdf\x15" + bytes(50)
    answer = TEXT.encode("utf-16-le")
    pieces = [(True, greeting), (True, answer)]

    assert counts(found_by(pieces, [word("secret", "Tuyệt mật số 7", "TUYỆT MẬT số 7")])) == {}
    assert counts(found_by(pieces, [word("version", "8.0.36")])) == {"version": 1}


@readers
def test_a_file_marked_late_is_seen(found_by: Any) -> None:
    """Its type stands behind its first bytes."""
    assert counts(found_by([(True, LATE)], [word("dicom", "DICM")])) == {"dicom": 1}
    assert counts(found_by([(True, bytes(128) + b"ELSE\x02\x00")], [word("dicom", "ELSE")])) == {}


def sent_by_ftp(folder: Path, data: bytes) -> Path:
    """Write a capture of a client at home that stores a file abroad, in segments of 1000 bytes."""
    play, control, store = Play(), ((LOCAL, 50000), (REMOTE, 21)), ((LOCAL, 51000), (REMOTE, 40000))
    play.say(*control, b"USER a\r\n")
    play.say(*control[::-1], b"229 (|||40000|)\r\n")
    play.say(*control, b"STOR a.bin\r\n")
    for at in range(0, len(data), 1000):
        play.say(*store, data[at : at + 1000])
    path = folder / "ftp.pcap"
    path.write_bytes(pcap(play.frames))
    return path


@engines
@pytest.mark.parametrize("name", ["utf-16 unmarked", "decomposed", "docx", "pdf", "zip in a zip", "gzip"])
def test_what_ftp_stores_is_read(tmp_path: Path, engine: EngineName, name: str) -> None:
    """From packets to the report: texts by both engines, files by the native one."""
    path = sent_by_ftp(tmp_path, {**STREAMS, **TEXTS}[name])
    flows = flows_of(open_engine(engine, config(files=(path,), searching=searching(*SEARCH)))).to_dicts()
    [flow] = [flow for flow in flows if flow["app_protocol"] == "ftp-data"]

    told = {one["detector"]: one["matches"] for one in flow["detections"] or ()}
    assert (told.get("secret", 0) > 0) == (engine == "native" or name in TEXTS)
