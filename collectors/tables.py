"""Rows of a CSV, TSV, XLSX, JSON Lines or Parquet file, whatever its dialect, without holding it all.

What a file is, is told by its content, not by its name. Names of columns are made unique; the extra header
rows of survey tools are understood (`surveys`).
"""

from __future__ import annotations

import hashlib
import io
import json
import math
import re
import shutil
import sys
import tempfile
from abc import ABC, abstractmethod
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from datetime import date, datetime, time
from itertools import chain, islice
from pathlib import Path
from typing import Any, BinaryIO, ClassVar, cast

from collectors import surveys, transcripts
from collectors.delimited import STRAY, Delimited, decode, detect_encoding, lines_of
from collectors.source import Fault, ParseError, SourceError
from collectors.workbooks import check_archive

Cell = str | float | int | bool | datetime | date | time | None
"""What one cell may hold. Text cells are stripped; an empty one is None. Formula-like text stays text."""

Row = tuple[int, Sequence[Cell]]
"""The number of a row or line as an editor shows it, and as many cells as the header has."""

_IN_MEMORY = 64 << 20
_JSON_SAMPLE = 1000
_TITLE_ROWS = 20
_ENOUGH = 20
"""Values of a column that tell what it holds."""
_JSON_DOCUMENT = 256 << 20
_LONGEST_CALL = 4 << 20


class Table(ABC):
    """One table: its columns and its rows, which may be read again from the start."""

    header: list[str]
    labels: list[str]
    """The question asked under each column, where a survey tool gives it; else ""."""
    notes: list[str]
    """How the file was read, for people."""
    unit: ClassVar[str] = "row"
    """What a number of `rows` counts: rows, or lines of a text."""
    layout: surveys.Layout | None = None
    _skip = 0

    @abstractmethod
    def _raw(self, faults: list[Fault]) -> Iterator[tuple[int, Sequence[Cell]]]:
        """Yield (number, cells) from the first record after the header on, of any width."""

    def rows(self, faults: list[Fault]) -> Iterator[Row]:
        """Yield the rows in order; those that cannot be used are appended to `faults`.

        Raises ParseError where the file is damaged so that nothing after it can be read.
        """
        width = len(self.header)
        for number, cells in islice(self._raw(faults), self._skip, None):
            if len(cells) < width or any(cell is not None for cell in cells[width:]):
                problem = f"{len(cells)} cells where the header has {width}: the row was left out"
                faults.append(Fault(f"{self.unit} {number}", problem))
                continue
            if self.layout and (reason := self.layout.unwanted(cells)):
                faults.append(Fault(f"{self.unit} {number}", reason))
                continue
            yield number, cells if len(cells) == width else cells[:width]

    def sample(self, size: int = 2_000, most: int = 20_000) -> list[Sequence[Cell]]:
        """The cells of the first `size` rows, and of up to `most` while a column is still nearly empty."""
        rows = []
        scarce = dict.fromkeys(range(len(self.header)), 0)
        for _, cells in islice(self.rows([]), most):
            rows.append(cells)
            for at in [at for at in scarce if cells[at] is not None]:
                scarce[at] += 1
                if scarce[at] == _ENOUGH:
                    del scarce[at]
            if len(rows) >= size and not scarce:
                break
        return rows

    def _name_columns(self, header: Sequence[Cell]) -> None:
        """Take the header over, understanding that of a survey tool."""
        names = ["" if cell is None else _label(cell) for cell in header]
        following = [[_label(cell) for cell in cells] for _, cells in islice(self._raw([]), 2)]
        self.layout = surveys.recognise(names, following)
        if self.layout:
            self._skip = self.layout.skip
            self.notes.append(f"{self.layout.tool} export")
        elif any(re.fullmatch(r"[\d.,/ -]+", name) for name in names):
            self.notes.append(
                "the first row holds numbers, but is taken for the header: add one if there is none"
            )
        self.header = _unique(self.layout.header if self.layout else names)
        self.labels = self.layout.labels if self.layout else [""] * len(names)


def _label(cell: Cell) -> str:
    return "" if cell is None else " ".join(str(cell).replace("\ufeff", "").split())


def _unique(names: Sequence[str]) -> list[str]:
    """Name every column, and each differently: "Note", "Note (2)", "column 3"."""
    taken: set[str] = set()
    result = []
    for position, name in enumerate(names, 1):
        candidate, copy = name or f"column {position}", 1
        while candidate in taken:
            copy += 1
            candidate = f"{name or f'column {position}'} ({copy})"
        taken.add(candidate)
        result.append(candidate)
    return result


class _TextTable(Table):
    unit = "line"

    def __init__(self, stream: BinaryIO, delimiter: str | None, encoding: str | None) -> None:
        self._file = Delimited(stream, delimiter=delimiter, encoding=encoding)
        self.notes = [self._file.note]
        broken: list[Fault] = []
        header = next(self._file.records(broken), None)
        if broken:
            raise ParseError(f"the header: {broken[0].problem}", remedy="correct the first line", permanent=True)
        if header is None:
            raise ParseError(
                "the file holds no rows, not even a header", remedy="export it again", permanent=True
            )
        self._name_columns(header[1])

    def _raw(self, faults: list[Fault]) -> Iterator[Row]:
        for number, cells in islice(self._file.records(faults), 1, None):
            yield number, [cell.strip() or None for cell in cells]


class _Workbook(Table):
    def __init__(self, stream: BinaryIO, sheet: str | None) -> None:
        check_archive(stream)
        import python_calamine  # noqa: PLC0415 - only who reads a workbook pays for it

        try:
            book = python_calamine.CalamineWorkbook.from_filelike(stream)
            names = list(book.sheet_names)
            if sheet is not None and sheet not in names:
                raise SourceError(
                    f"there is no sheet called {sheet!r}",
                    remedy=f"use one of: {', '.join(names)}",
                    permanent=True,
                )
            self._sheet, name = _first_filled(book, [sheet] if sheet else names)
        except (python_calamine.CalamineError, OSError, ValueError) as error:
            raise ParseError(
                f"the workbook cannot be read: {error}", remedy="save it again as .xlsx or CSV", permanent=True
            ) from error
        others = f" of {', '.join(names)}" if len(names) > 1 else ""
        self.notes = [f"workbook, sheet {name}{others}"]
        self._header_at = 0
        filled = [
            (row, cells) for row, cells in islice(self._all(), _TITLE_ROWS) if any(c is not None for c in cells)
        ]
        several = [(row, cells) for row, cells in filled if sum(cell is not None for cell in cells) > 1]
        # a single cell above the table is its title, not its header
        self._header_at, header = next(iter(several or filled or self._all()))
        self._name_columns(header)

    def _all(self) -> Iterator[Row]:
        for number, cells in enumerate(self._sheet.iter_rows(), 1):
            yield number, [_value(cell) for cell in cells]

    def _raw(self, faults: list[Fault]) -> Iterator[Row]:
        for number, cells in self._all():
            if number > self._header_at and any(cell is not None for cell in cells):
                yield number, cells


def _first_filled(book: Any, names: Iterable[str]) -> tuple[Any, str]:
    for name in names:
        sheet = book.get_sheet_by_name(name)
        if any(_value(cell) is not None for row in sheet.iter_rows() for cell in row):
            return sheet, name
    raise ParseError("the workbook's sheets are empty", remedy="export it again", permanent=True)


class _Objects(Table):
    """JSON Lines, or one JSON document that lists objects; nested objects give columns such as `author.name`."""

    unit = "line"

    def __init__(self, stream: BinaryIO, encoding: str | None) -> None:
        self._stream = stream
        stream.seek(0)
        self._encoding = encoding or detect_encoding(stream.read(1 << 18))[0]
        self._document = self._read_document()
        self.notes = ["JSON Lines" if self._document is None else "JSON"]
        names: dict[str, None] = {}
        for _, record in islice(self._objects([]), _JSON_SAMPLE):
            names.update(dict.fromkeys(record))
        if not names:
            raise ParseError(
                "the file holds no JSON object with a field", remedy="export it again", permanent=True
            )
        self._keys = list(names)
        self._name_columns(self._keys)

    def _read_document(self) -> list[Any] | None:
        """The records where the file is one JSON document; None where it has one object a line."""
        self._stream.seek(0)
        lines = (line for line in iter(lambda: self._stream.readline(_JSON_DOCUMENT), b"") if line.strip())
        first = _json(decode(next(lines, b"")))
        if isinstance(first, dict) and next(lines, None):
            return None
        if first is None:
            self._stream.seek(0)
            first = _json(decode(self._stream.read(_JSON_DOCUMENT)))
        if isinstance(first, dict):
            return surveys.answers(first) or [first]
        return first if isinstance(first, list) else None

    def _objects(self, faults: list[Fault]) -> Iterator[tuple[int, dict[str, Cell]]]:
        for number, record in self._values():
            if isinstance(record, dict):
                yield number, _flat(transcripts.spoken_text(surveys.answer(record)))
            else:
                problem = "not JSON" if record is None else "JSON, but not an object"
                faults.append(Fault(f"line {number}", f"{problem}: the line was left out"))

    def _values(self) -> Iterator[tuple[int, Any]]:
        if self._document is not None:
            yield from enumerate(self._document, 1)
            return
        self._stream.seek(0)
        text = io.TextIOWrapper(self._stream, self._encoding, STRAY)
        try:
            yield from (
                (number, _json(line))
                for number, line in enumerate(lines_of(text), 1)
                if line.strip(" \t\r\n\0\ufeff")
            )
        finally:
            text.detach()

    def _raw(self, faults: list[Fault]) -> Iterator[Row]:
        for number, record in self._objects(faults):
            yield number, [record.get(key) for key in self._keys]


def _json(text: str) -> Any:
    """The JSON value, or None where it is none (or null, or nested beyond reason)."""
    try:
        return json.loads(text.strip("\ufeff"))
    except (ValueError, RecursionError):
        return None


def _flat(record: dict[str, Any], prefix: str = "", depth: int = 0) -> dict[str, Cell]:
    """Nested objects become dotted names; lists are left out: they are not one cell."""
    flat: dict[str, Cell] = {}
    for key, value in record.items():
        name = f"{prefix}{key}"
        if isinstance(value, dict):
            if depth < 3:
                flat.update(_flat(value, f"{name}.", depth + 1))
        elif not isinstance(value, list):
            flat[name] = _value(value)
    return flat


class _OneCall(Table):
    """A text that is the transcript of one call: a table of one row."""

    def __init__(self, stream: BinaryIO, encoding: str | None) -> None:
        stream.seek(0)
        body = stream.read(_LONGEST_CALL)
        self._text = (
            body.decode(encoding or detect_encoding(body)[0], STRAY).lstrip("\ufeff").replace("\r\n", "\n")
        )
        self.notes = ["transcript of one call"]
        self._name_columns(["transcript"])

    def _raw(self, faults: list[Fault]) -> Iterator[Row]:
        yield 1, [_text(self._text)]


class _Parquet(Table):
    def __init__(self, stream: BinaryIO) -> None:
        import pyarrow.parquet  # noqa: PLC0415 - takes 0.2 s: only who reads Parquet pays for it

        stream.seek(0)
        with _parquet_errors():
            self._file = pyarrow.parquet.ParquetFile(stream)
            schema = self._file.schema_arrow
        nested = pyarrow.types.is_nested
        self._columns = [field.name for field in schema if not nested(field.type)]
        if not self._columns or len(set(schema.names)) < len(schema.names):
            raise ParseError("the Parquet file has no plain columns, or two of one name", permanent=True)
        left_out = [field.name for field in schema if nested(field.type)]
        self.notes = [f"Parquet{', without the nested columns ' + ', '.join(left_out) if left_out else ''}"]
        self._name_columns(self._columns)

    def _raw(self, faults: list[Fault]) -> Iterator[Row]:
        with _parquet_errors():
            batches = self._file.iter_batches(4096, columns=self._columns)
            rows = (zip(*map(_arrow_values, batch.columns), strict=True) for batch in batches)
            yield from enumerate(chain.from_iterable(rows), 1)


@contextmanager
def _parquet_errors() -> Iterator[None]:
    import pyarrow  # noqa: PLC0415

    try:
        yield
    except (pyarrow.ArrowException, OSError, UnicodeError) as error:
        raise ParseError(
            f"the Parquet file is damaged: {str(error)[:200]}", remedy="export it again", permanent=True
        ) from error


def _arrow_values(column: Any) -> list[Cell]:
    import pyarrow.compute  # noqa: PLC0415

    kind = column.type
    if pyarrow.types.is_string(kind) or pyarrow.types.is_large_string(kind):
        trimmed = pyarrow.compute.utf8_trim_whitespace(pyarrow.compute.replace_substring(column, "\0", ""))
        return [value or None for value in trimmed.to_pylist()]
    values: list[Any] = column.to_pylist()
    if pyarrow.types.is_integer(kind) or pyarrow.types.is_boolean(kind):
        return values
    return [_value(value.decode("utf-8", STRAY) if isinstance(value, bytes) else value) for value in values]


def _text(value: str) -> str | None:
    """A text cell, without what neither a database nor UTF-8 can hold."""
    if "\0" in value:
        value = value.replace("\0", "")
    if not value.isascii():
        value = value.encode("utf-8", "replace").decode()  # lone surrogates, which JSON can write
    return value.strip() or None


def _value(value: object) -> Cell:
    if isinstance(value, str):
        return _text(value)
    if isinstance(value, float):
        return value if math.isfinite(value) else None
    if value is None or isinstance(value, bool | int | datetime | date | time):
        return value
    return str(value)


def open_table(
    source: str | Path | bytes | BinaryIO,
    *,
    sheet: str | None = None,
    delimiter: str | None = None,
    encoding: str | None = None,
) -> Table:
    """Open a table from a file, its bytes, or "-" for standard input; `sheet` is that of a workbook.

    Raises ParseError when it is not a table at all, SourceError when it cannot be opened.
    """
    stream = open_file(source)
    if encoding is not None:
        _check_encoding(encoding)
    head = stream.read(4096)
    if not head.strip(b"\xef\xbb\xbf\xff\xfe\0 \t\r\n"):
        stream.seek(0, io.SEEK_END)
        size = stream.tell()
        if size <= len(head):
            raise ParseError("the file is empty", remedy="export it again", permanent=True)
    if head[:4] == b"PAR1":
        return _Parquet(stream)
    if head[:4] in (b"PK\x03\x04", b"\xd0\xcf\x11\xe0"):
        return _Workbook(stream, sheet)
    text = head.decode(encoding or detect_encoding(head)[0], STRAY).lstrip("\ufeff\0 \t\r\n")
    _refuse_other_formats(head, text)
    if text[:1] in ("{", "["):
        return _Objects(stream, encoding)
    if delimiter is None and transcripts.looks_like_transcript(text):
        return _OneCall(stream, encoding)
    return _TextTable(stream, delimiter, encoding)


def open_file(source: str | Path | bytes | BinaryIO) -> BinaryIO:
    """Open a source of bytes that can be read again; "-" is standard input.

    Raises SourceError when there is no such file or it may not be read.
    """
    if isinstance(source, bytes):
        return io.BytesIO(source)
    if source == "-":
        spool = tempfile.SpooledTemporaryFile(_IN_MEMORY)  # noqa: SIM115 - lives as long as the table
        shutil.copyfileobj(sys.stdin.buffer, spool)
        spool.seek(0)
        return cast(BinaryIO, spool)
    if not isinstance(source, str | Path):
        source.seek(0)
        return source
    try:
        return Path(source).open("rb")
    except (OSError, ValueError) as error:
        reason = error.strerror if isinstance(error, OSError) else "the name is not a path"
        raise SourceError(
            f"cannot open {str(source)!r}: {reason}", remedy="check the path and its permissions", permanent=True
        ) from error


def _check_encoding(encoding: str) -> None:
    try:
        "".encode(encoding)
    except LookupError as error:
        raise SourceError(
            f"there is no text encoding called {encoding!r}",
            remedy="use utf-8, windows-1252, utf-16, … or leave it out: it is found out",
            permanent=True,
        ) from error


def _refuse_other_formats(head: bytes, text: str) -> None:
    if text[:1] == "<":
        raise ParseError("this is a web page or XML, not a table", remedy="export CSV or XLSX", permanent=True)
    if head[:2] == b"\x1f\x8b":
        raise ParseError("the file is compressed", remedy="unpack it with gunzip first", permanent=True)
    controls = sum(
        character < " " and character not in "\t\r\n\x0b\x0c\x1a\x1c\x1d\x1e\x1f\0" for character in text
    )
    if controls > len(text) / 20:
        raise ParseError(
            "this is a binary file, not a table", remedy="use CSV, XLSX, JSON Lines or Parquet", permanent=True
        )


def read_table(
    source: str | Path | bytes | BinaryIO,
    *,
    sheet: str | None = None,
    delimiter: str | None = None,
    encoding: str | None = None,
    faults: list[Fault] | None = None,
) -> Iterator[dict[str, Cell]]:
    """Yield the rows of a table as dictionaries in the order of the file; "-" is standard input.

    Rows that cannot be used are left out and appended to `faults`, named by their line, where it is given.
    Raises ParseError when it is not a table at all, SourceError when the file cannot be opened.
    """
    table = open_table(source, sheet=sheet, delimiter=delimiter, encoding=encoding)
    header = table.header
    for _, cells in table.rows([] if faults is None else faults):
        yield dict(zip(header, cells, strict=True))


def digest(stream: BinaryIO) -> str:
    """The SHA-256 of a whole file, in hexadecimal."""
    stream.seek(0)
    total = hashlib.sha256()
    while chunk := stream.read(1 << 20):
        total.update(chunk)
    return total.hexdigest()
