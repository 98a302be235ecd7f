"""Rows of a CSV, TSV, XLSX, JSON Lines or Parquet file, whatever its dialect, without holding it all."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date, datetime, time
from pathlib import Path
from typing import BinaryIO

from collectors.source import Fault

Cell = str | float | int | bool | datetime | date | time | None
"""What one cell may hold. Text cells are stripped; an empty one is None. Formula-like text stays text."""


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
    raise NotImplementedError
