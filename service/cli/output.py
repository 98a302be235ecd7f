"""Prints data: the only place that writes to stdout."""

from __future__ import annotations

import csv
import json
import os
import sys
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import fields, is_dataclass
from datetime import datetime
from itertools import chain
from pathlib import Path
from typing import Any, TextIO

from collectors.post import Post
from service.cli.options import Format
from service.errors import ServiceError

Row = Mapping[str, Any]
_FORMULA = ("=", "+", "-", "@", "\t", "\r")
_WIDEST_CELL, _WIDEST_LAST = 60, 160
_POST_COLUMNS = ("kind", "external_id", "published_at", "language", "rating", "title", "text")


@contextmanager
def destination(path: Path | None) -> Iterator[TextIO]:
    """Where data goes: stdout, or a file that appears only once it is complete.

    Raises ServiceError when the file cannot be written.
    """
    if path is None:
        yield sys.stdout
        return
    draft = path.with_name(f".{path.name}.{os.getpid()}")
    try:
        with draft.open("w", encoding="utf-8", newline="") as file:
            yield file
        draft.replace(path)
    except OSError as error:
        raise ServiceError(
            f"{path} cannot be written: {error.strerror}", "choose another file with -o"
        ) from error
    finally:
        draft.unlink(missing_ok=True)


def write_rows(rows: Iterable[Row], format_: Format, columns: Sequence[str], out: TextIO) -> int:
    """Print rows in the chosen format; `columns` are those of a table and a CSV. Returns how many."""
    match format_:
        case Format.JSON:
            return _json(rows, out)
        case Format.JSONL:
            return _lines(rows, out)
        case Format.CSV:
            return _csv(rows, columns, out)
        case Format.TABLE:
            return _table(rows, columns, out)


def write_object(value: Any, out: TextIO) -> None:
    """Print one JSON object."""
    out.write(json.dumps(value, ensure_ascii=False, indent=2, default=str) + "\n")


def safe_cell(value: Any) -> Any:
    """A value for a spreadsheet: nested ones as JSON, and text that looks like a formula made harmless.

    https://owasp.org/www-community/attacks/CSV_Injection: a quote is put before it. Numbers are left alone.
    """
    if isinstance(value, dict | list):
        value = json.dumps(value, ensure_ascii=False)
    if isinstance(value, str) and value.startswith(_FORMULA):
        return f"'{value}"
    return value


def _json(rows: Iterable[Row], out: TextIO) -> int:
    count = 0
    out.write("[")
    for count, row in enumerate(rows, start=1):
        out.write(("\n" if count == 1 else ",\n") + json.dumps(row, ensure_ascii=False, default=str))
    out.write("\n]\n" if count else "]\n")
    return count


def _lines(rows: Iterable[Row], out: TextIO) -> int:
    count = 0
    for row in rows:
        out.write(json.dumps(row, ensure_ascii=False, default=str) + "\n")
        count += 1
    return count


def _csv(rows: Iterable[Row], columns: Sequence[str], out: TextIO) -> int:
    writer = csv.writer(out)
    writer.writerow(columns)
    count = 0
    for row in rows:
        writer.writerow([safe_cell(row.get(column)) for column in columns])
        count += 1
    return count


def _table(rows: Iterable[Row], columns: Sequence[str], out: TextIO) -> int:
    """Columns set under each other; control characters out, so that no text can play with the terminal."""
    room = [_WIDEST_CELL] * (len(columns) - 1) + [_WIDEST_LAST]
    cells = [[_shown(row.get(column), most) for column, most in zip(columns, room, strict=True)] for row in rows]
    head = [column.replace("_", " ") for column in columns]
    widths = [max(map(len, column)) for column in zip(*chain([head], cells), strict=True)]
    for line in chain([head], cells):
        padded = "  ".join(cell.ljust(width) for cell, width in zip(line, widths, strict=True))
        out.write(padded.rstrip() + "\n")
    return len(cells)


def _shown(value: Any, most: int) -> str:
    text = "" if value is None else f"{value:g}" if isinstance(value, float) else str(value)
    text = " ".join("".join(c if c.isprintable() else " " for c in text).split())
    return text if len(text) <= most else text[: most - 1] + "…"


def write_posts(posts: Iterable[Post], format_: Format, out: TextIO) -> int:
    """Print posts: whole as JSON, their main fields as a table or CSV."""
    rows: Iterator[Row]
    if format_ in (Format.TABLE, Format.CSV):
        rows = (post_json(post) | {"rating": _rating(post)} for post in posts)
    else:
        rows = (post_json(post) for post in posts)
    return write_rows(rows, format_, _POST_COLUMNS, out)


def _rating(post: Post) -> str | None:
    return f"{post.rating.value:g}/{post.rating.best:g}" if post.rating else None


def post_json(post: Post) -> dict[str, Any]:
    """A post as plain JSON, with the fields of `Post` but for the raw one."""
    return {field.name: _plain(getattr(post, field.name)) for field in fields(post) if field.name != "raw"}


def _plain(value: Any) -> Any:
    if is_dataclass(value) and not isinstance(value, type):
        return {field.name: _plain(getattr(value, field.name)) for field in fields(value)}
    if isinstance(value, datetime):
        return value.isoformat()
    return value
