"""Workbooks made to do harm, or by mistake: refused before the memory is."""

import io
import re
import zipfile

import openpyxl
import pytest

from collectors.source import ParseError
from collectors.tables import open_table


def workbook(**cells: object) -> bytes:
    book = openpyxl.Workbook()
    for place, value in {"A1": "texte", "B1": "note", "A2": "bien", "B2": 4, **cells}.items():
        book.active[place] = value
    out = io.BytesIO()
    book.save(out)
    return out.getvalue()


def rewritten(body: bytes, what: bytes, by: bytes) -> bytes:
    """The workbook with this changed in its sheet."""
    out = io.BytesIO()
    with zipfile.ZipFile(io.BytesIO(body)) as old, zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED) as new:
        for entry in old.infolist():
            content = old.read(entry)
            is_sheet = entry.filename.startswith("xl/worksheets/")
            new.writestr(entry.filename, re.sub(what, by, content) if is_sheet else content)
    return out.getvalue()


@pytest.mark.parametrize("how", [b'r="', b'r = "', b'r\n="'])
def test_two_cells_in_opposite_corners_do_not_end_the_program(how: bytes) -> None:
    body = rewritten(workbook(XFD1048576="x"), rb'\br="', how)
    with pytest.raises(ParseError, match="1,048,576 rows and 16,384 columns") as caught:
        open_table(body)
    assert "stray cells" in caught.value.remedy


def test_cells_far_right_or_far_below_alone_are_read() -> None:
    assert len(open_table(workbook(XFD1="x")).header) == 16_384
    rows = list(open_table(workbook(A100000="fin")).rows([]))
    assert [number for number, _ in rows] == [2, 100_000]


def test_formats_without_values_do_not_count() -> None:
    far = b'<row r="1048576"><c r="XFD1048576" s="0"/></row></sheetData>'
    assert open_table(rewritten(workbook(), b"</sheetData>", far)).header == ["texte", "note"]


def test_a_small_file_that_unpacks_to_an_enormous_one_is_refused() -> None:
    bomb = b"<!--" + b" " * (70 << 20) + b"--></worksheet>"
    with pytest.raises(ParseError, match="times its size"):
        open_table(rewritten(workbook(), b"</worksheet>", bomb))


def test_a_damaged_sheet_is_told() -> None:
    body = bytearray(workbook())
    with zipfile.ZipFile(io.BytesIO(body)) as archive:
        entry = archive.getinfo("xl/worksheets/sheet1.xml")
    start = entry.header_offset + 60
    body[start : start + 40] = bytes(40)
    with pytest.raises(ParseError):
        open_table(bytes(body))
