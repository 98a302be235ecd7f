"""Text tables as spreadsheets and survey tools write them: any separator, charset, quoting; broken rows named.

The reader is strict where a mistake would merge rows: a quotation mark that is never closed costs its own line,
which is named, and reading goes on with the next one.
"""

from __future__ import annotations

import codecs
import csv
import io
import re
from collections import deque
from collections.abc import Iterator, Sequence
from typing import BinaryIO

from collectors.source import Fault, ParseError

_SAMPLE = 256 * 1024
_DELIMITERS = ";,\t|"
_NONE = "\x1f"
"""The ASCII unit separator: as good as no separator, for files of one column."""
_WIDEST_CELL = 1 << 20
_LONGEST_LINE = 1 << 24
"""Characters: a longer line is that of no table, and is not read to its end."""
STRAY = "oyez.stray"
"""Name of the codec error handler that reads a byte out of place as windows-1252."""

csv.field_size_limit(_WIDEST_CELL)  # the default of 131,072 characters is below a long survey answer


def _decode_stray(error: UnicodeError) -> tuple[str, int]:
    """Read bytes that are not UTF-8 as windows-1252, what French spreadsheets write; never fail."""
    if not isinstance(error, UnicodeDecodeError):
        raise error
    if error.encoding.lower().startswith(("utf-16", "utf-32")):
        return "\ufffd", error.end
    stray = error.object[error.start : error.end]
    return "".join(bytes([byte]).decode("cp1252", "ignore") or chr(byte) for byte in stray), error.end


codecs.register_error(STRAY, _decode_stray)


def lines_of(text: io.TextIOWrapper) -> Iterator[str]:
    """The lines of a file, which may be of any size. Raises ParseError where one is longer than any table's."""
    while line := text.readline(_LONGEST_LINE):
        if len(line) == _LONGEST_LINE:
            raise ParseError(
                f"a line is longer than {_LONGEST_LINE:,} characters: no table, or one whose line ends are lost",
                remedy="export it again, as CSV or XLSX",
                permanent=True,
            )
        yield line


def decode(body: bytes) -> str:
    """Decode text of whatever charset; never raises."""
    return body.decode(detect_encoding(body[:_SAMPLE])[0], STRAY)


def detect_encoding(sample: bytes) -> tuple[str, str]:
    """The codec for a text that starts like this, and its name for people."""
    for mark, codec in (
        (codecs.BOM_UTF8, "utf-8-sig"),
        (codecs.BOM_UTF32_LE, "utf-32"),
        (codecs.BOM_UTF16_LE, "utf-16"),
        (codecs.BOM_UTF16_BE, "utf-16"),
    ):
        if sample.startswith(mark):
            return codec, codec.removesuffix("-sig").upper()
    pairs = max(len(sample) // 2, 1)
    if sample[1::2].count(0) > 0.4 * pairs > 1:
        return "utf-16-le", "UTF-16"
    if sample[0::2].count(0) > 0.4 * pairs > 1:
        return "utf-16-be", "UTF-16"
    return _utf8_or_windows(sample)


def _utf8_or_windows(sample: bytes) -> tuple[str, str]:
    decoder = codecs.getincrementaldecoder("utf-8")("ignore")  # incremental: the sample may cut a character
    beyond_ascii = sum(byte > 127 for byte in sample)
    well_formed = sum(len(character.encode()) for character in decoder.decode(sample) if character > "\x7f")
    stray = beyond_ascii - well_formed - len(decoder.getstate()[0])
    if not stray:
        return "utf-8", "UTF-8"
    if well_formed > stray:
        return "utf-8", f"UTF-8, {stray} stray bytes read as windows-1252"
    return "cp1252", "windows-1252"


def _detect_delimiter(sample: str) -> str:
    """The separator under which the rows are most often as wide as the header; none for a single column."""
    best, best_key = _NONE, (0.0, 1)
    for delimiter in _DELIMITERS:
        try:
            rows = [row for row in csv.reader(io.StringIO(sample, newline=""), delimiter=delimiter) if row]
        except csv.Error:
            continue
        width = len(rows[0]) if rows else 0
        if width < 2:
            continue
        alike = sum(len(row) == width for row in rows[:200]) / len(rows[:200])
        if (key := (round(alike, 1), width)) > best_key:
            best, best_key = delimiter, key
    return best


class Delimited:
    """One CSV or TSV file: its dialect, found or given, and its records."""

    def __init__(self, stream: BinaryIO, *, delimiter: str | None = None, encoding: str | None = None) -> None:
        self._stream = stream
        stream.seek(0)
        sample = stream.read(_SAMPLE)
        self._encoding, charset = (encoding, encoding) if encoding else detect_encoding(sample)
        text = _cut(sample.decode(self._encoding, STRAY), whole=len(sample) < _SAMPLE)
        declared = re.match(r"\ufeff?sep=(.)\r?\n", text)  # a line that Excel writes and obeys
        self._declared = bool(declared)
        text = text[declared.end() :] if declared else text
        self.delimiter = delimiter or (declared[1] if declared else _detect_delimiter(text))
        separated = "one column" if self.delimiter == _NONE else f"cells separated by {self.delimiter!r}"
        self.note = f"{separated}, {charset}"

    def records(self, faults: list[Fault]) -> Iterator[tuple[int, list[str]]]:
        """Yield (line, cells) of each record that is not blank, the header's first; bad ones go to `faults`."""
        self._stream.seek(0)
        text = io.TextIOWrapper(self._stream, self._encoding, STRAY, newline="")
        try:
            lines = _Lines(lines_of(text), skip=1 if self._declared else 0)
            yield from _records(lines, self.delimiter, faults)
        finally:
            text.detach()  # the stream is the caller's and is read again


def _cut(sample: str, *, whole: bool) -> str:
    """Without the last line where the sample may have cut it."""
    return sample if whole else sample[: sample.rfind("\n") + 1] or sample


class _Lines:
    """Physical lines, fed to the csv module, that can be taken back when a record turns out to be broken."""

    def __init__(self, source: Iterator[str], skip: int) -> None:
        self._source = source
        self._again: deque[str] = deque()
        self.taken: list[str] = []
        self.line = 1 + skip
        for _ in range(skip):
            next(source, None)

    def __iter__(self) -> _Lines:
        return self

    def __next__(self) -> str:
        line = self._again.popleft() if self._again else next(self._source)
        if "\0" in line:
            line = line.replace("\0", "")
        self.taken.append(line)
        return line

    def accept(self) -> int:
        """Done with the lines taken; the number of their first one."""
        first = self.line
        self.line += len(self.taken)
        self.taken = []
        return first

    def keep_first(self) -> tuple[int, str]:
        """Take all but the first of the lines back; that line and its number."""
        line = self.taken[0]
        self._again.extendleft(reversed(self.taken[1:]))
        self.taken = []
        self.line += 1
        return self.line - 1, line


def _records(lines: _Lines, delimiter: str, faults: list[Fault]) -> Iterator[tuple[int, list[str]]]:
    width = 0
    reader = csv.reader(lines, delimiter=delimiter, strict=True)
    while True:
        try:
            cells = next(reader, None)
        except csv.Error as error:
            number, line = lines.keep_first()
            reader = csv.reader(lines, delimiter=delimiter, strict=True)
            cells = _loose(line, delimiter, width)
            if cells is None:
                faults.append(_broken(number, error))
                continue
        else:
            if cells is None:
                return
            if len(lines.taken) > 1 and _looks_merged(lines.taken, delimiter, cells, width):
                number, _ = lines.keep_first()
                reader = csv.reader(lines, delimiter=delimiter, strict=True)
                faults.append(_broken(number, None))
                continue
            number = lines.accept()
        # In a file of one column, "" is an empty answer and not a blank line.
        if not any(cell.strip() for cell in cells) and (width != 1 or cells != [""]):
            continue
        width = width or len(cells)
        yield number, cells


def _loose(line: str, delimiter: str, width: int) -> list[str] | None:
    """The cells of a line whose quoted text holds bare quotation marks; None where one stays open."""
    if line.count('"') % 2 or len(line) > _WIDEST_CELL:
        return None
    cells = next(csv.reader([line.rstrip("\r\n")], delimiter=delimiter), [])
    return cells if len(cells) == width else None


def _looks_merged(taken: Sequence[str], delimiter: str, cells: Sequence[str], width: int) -> bool:
    """Whether a record of several lines rather is several rows that an unclosed quotation mark swallowed.

    It is when the cells do not fit the header, or when each of its lines has a row's separators and starts like
    the first one (two numbers, say).
    """
    if not width:
        return False
    if len(cells) < width or any(cells[width:]):
        return True
    if width < 3 or any(line.count(delimiter) != width - 1 for line in taken):
        return False
    starts = {re.sub(r"\d+", "0", line.split(delimiter, 1)[0].strip()) for line in taken}
    return len(starts) == 1


def _broken(number: int, error: csv.Error | None) -> Fault:
    if error and "field larger" in str(error):
        problem = f"a cell is longer than {_WIDEST_CELL:,} characters, or its quotation mark is never closed"
    else:
        problem = "a quotation mark is not closed on this row, or stands bare inside a quoted text"
    return Fault(f"line {number}", f'{problem}: the row was left out; write "" for a quotation mark in a text')
