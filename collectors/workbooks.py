"""What a workbook must not be before it is opened: damaged, no workbook, or small outside and enormous inside.

The reader lays a sheet out in memory as one rectangle around its filled cells: two of them in opposite corners,
in a file of 5 KB, would take 500 GB and end the program. So the corners are looked for first.
"""

from __future__ import annotations

import re
import zipfile
import zlib
from typing import IO, BinaryIO

from collectors.source import ParseError

_UNPACKED_LIMIT = 2 << 30
_BOMB = 64 << 20
_DENSEST = 100
"""So many times its packed size, and more than `_BOMB` bytes: real sheets unpack to 10 to 30 times."""
_MOST_CELLS = 40_000_000
"""Of the rectangle: 1,048,576 rows of 38 columns, about 1.3 GB."""
_ROWS = 1_048_576
_CHUNK = 1 << 20
_PARTS = {"xl/workbook.xml", "xl/workbook.bin", "content.xml"}
_SHEET = re.compile(r"xl/worksheets/[^/]+\.xml")
_PLACE = re.compile(rb'r=["\']([A-Za-z]{2,3})?(\d{1,7})["\'][^<>]{0,200}?(/?)>')
"""The number of a row, or the place of a cell from column AA on: fewer columns never make too many cells."""
_SPACED = re.compile(rb"r(?:\s+=|=\s)")
_SPACED_PLACE = re.compile(_PLACE.pattern.replace(b"=", rb"\s*=\s*", 1))
"""The same as nobody writes it; ten times as slow."""


def check_archive(stream: BinaryIO) -> None:
    """Refuse archives that are broken, are no workbook, or unpack to something enormous. Raises ParseError."""
    stream.seek(0)
    if stream.read(2) == b"PK":
        try:
            with zipfile.ZipFile(stream) as archive:
                _check(archive)
        except (zipfile.BadZipFile, zlib.error, OSError, EOFError, ValueError, NotImplementedError,
                RuntimeError) as error:  # fmt: skip
            raise ParseError(
                f"the workbook is damaged: {error}", remedy="export it again", permanent=True
            ) from error
    stream.seek(0)


def _check(archive: zipfile.ZipFile) -> None:
    entries = archive.infolist()
    unpacked, packed = (sum(getattr(entry, name) for entry in entries) for name in ("file_size", "compress_size"))
    if unpacked > _UNPACKED_LIMIT:
        raise ParseError("the workbook unpacks to more than 2 GiB", remedy="save it as CSV", permanent=True)
    if unpacked > max(_BOMB, _DENSEST * packed):
        raise ParseError(
            f"the workbook unpacks to {unpacked / max(packed, 1):.0f} times its size, as made to do harm",
            remedy="if you trust it, save it as CSV",
            permanent=True,
        )
    if not {entry.filename for entry in entries} & _PARTS:
        raise ParseError(
            "this is a ZIP archive, not a workbook", remedy="unpack it and import what is in it", permanent=True
        )
    for entry in entries:
        if _SHEET.fullmatch(entry.filename):
            with archive.open(entry) as sheet:
                _check_extent(sheet)


def _check_extent(sheet: IO[bytes]) -> None:
    """Refuse a sheet whose filled cells lie too far apart."""
    rows = columns = 0
    rest = b""
    while chunk := sheet.read(_CHUNK):
        text = rest + chunk
        for found in (_SPACED_PLACE if _SPACED.search(text) else _PLACE).finditer(text):
            letters, number, is_empty = found.groups()
            if is_empty:  # a format without a value takes no place
                continue
            rows = max(rows, min(int(number), _ROWS))
            columns = max(columns, _column(letters)) if letters else columns
        rest = text[text.rfind(b"<") :][-1_000:] if b"<" in text[-1_000:] else b""
    if columns * rows > _MOST_CELLS:
        raise ParseError(
            f"the filled cells of a sheet reach over {rows:,} rows and {columns:,} columns",
            remedy="delete the stray cells far right or far below, or save the sheet as CSV",
            permanent=True,
        )


def _column(letters: bytes) -> int:
    """The number of a column: AA is 27."""
    number = 0
    for letter in letters.upper():
        number = 26 * number + letter - 64
    return number
