"""Reviews and survey answers from files: CSV, TSV, XLSX, JSON Lines, JSON, Parquet.

`path` is a file, a folder, a pattern such as `exports/*.csv`, or "-" for standard input. A relative one starts
at the configuration's folder, where the options are validated with `context={"folder": …}`, else at the current
one. Separator, charset, columns, the order of day and month and the rating's scale are found out and shown
(`explain`); each can be set. Exports of Qualtrics, SurveyMonkey and Typeform are
understood. A broken row is named and left out.

A file is recognised by its SHA-256: unchanged, it is not read again. Where no column holds an id, a row's id is
the SHA-256 of its content, so that importing a file again, or a longer version of it, doubles nothing.

A survey's questions on recommendation (NPS), satisfaction (CSAT) and effort (CES) are recognised by their wording
in French and English, each with its scale and which end of it is good; each can be set (`questions`). A row gives
one answer to each of the three.

What it cannot: rows gone from a later version are not taken as deleted.
"""

from __future__ import annotations

import glob
import hashlib
import json
from collections.abc import Iterator, Sequence
from contextlib import closing
from dataclasses import replace
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any, BinaryIO, ClassVar, cast
from zoneinfo import ZoneInfo

from pydantic import Field, ValidationInfo, field_validator

from collectors import rows
from collectors.columns import ColumnMapping, MappingOptions, guess_mapping
from collectors.post import Post
from collectors.source import Answer, Cursor, Fault, Page, Source, SourceError, SourceOptions
from collectors.tables import Table, digest, open_file, open_table

if TYPE_CHECKING:
    from collectors.http import Http

_PAGE = 2_000
_MOST_FAULTS = 100


class Options(MappingOptions):
    """What the user may set on an import."""

    path: str = Field(description='a file, a folder, a pattern such as exports/*.csv, or "-" for standard input')
    brand_column: str | None = Field(
        default=None, description="the column that names the brand, short for mapping.brand"
    )
    language: str | None = Field(default=None, description="the language of all rows, where no column says it")
    zone: str = Field(default="UTC", description="the time zone of times that carry none, such as Europe/Paris")
    sheet: str | None = Field(
        default=None, description="the sheet of a workbook; else the first that is not empty"
    )
    delimiter: str | None = Field(
        default=None, min_length=1, max_length=1, description="what separates cells of a CSV"
    )
    encoding: str | None = Field(default=None, description="the charset of a CSV, such as windows-1252")

    @field_validator("path")
    @classmethod
    def _from_its_folder(cls, path: str, info: ValidationInfo) -> str:
        folder = (info.context or {}).get("folder")
        if folder is None or path == "-":
            return path
        whole = Path(folder, path)
        is_plain = whole.exists() or not glob.has_magic(path)
        return str(whole if is_plain else Path(glob.escape(str(folder)), path))

    @field_validator("zone")
    @classmethod
    def _known_zone(cls, zone: str) -> str:
        try:
            ZoneInfo(zone)
        except (KeyError, ValueError, OSError) as error:
            raise ValueError(f"there is no time zone called {zone!r}; use a name such as Europe/Paris") from error
        return zone


class Files(Source):
    """Rows of files."""

    kind: ClassVar[str] = "files"
    title: ClassVar[str] = "Files (CSV, XLSX, JSON Lines, Parquet)"
    Options: ClassVar[type[SourceOptions]] = Options

    @classmethod
    def parse(cls, answer: Answer) -> Page:
        """Read a saved file, its columns guessed.

        Raises ParseError when it is no table, or none with texts or ratings.
        """
        options = Options(path=answer.url or "-")
        table = open_table(answer.body)
        faults: list[Fault] = []
        mapping = _mapping(table, options)
        posts = list(rows.posts(table, mapping, faults))
        if not posts and not faults:
            faults.append(Fault("file", "there is a header and no row below it"))
        return Page(posts, {}, faults, answer, mapping.questions)

    def pages(self, http: Http, cursor: Cursor, *, since: datetime | None = None) -> Iterator[Page]:
        """Yield about 2,000 posts a page from each file that changed, going on where a killed run stopped.

        The cursor of one file is its SHA-256, the rows done and whether that was all; of several, one for each
        under "files". Rows dated before `since` are left out. Raises SourceError.
        """
        options = cast("Options", self.options)
        paths = _paths(options.path)
        if paths == [options.path]:
            yield from _pages(options.path, options, cursor, since)
            return
        states: dict[str, Any] = dict(cursor.get("files", {}))
        for path in paths:
            for page in _pages(path, options, states.get(path, {}), since):
                states[path] = page.cursor
                yield replace(page, cursor={"files": dict(states)})

    def explain(self) -> list[str]:
        """How each file is read, in lines for people: its dialect, then which column holds what and why.

        Raises SourceError.
        """
        options = cast("Options", self.options)
        lines = []
        for path in _paths(options.path):
            with closing(open_file(path)) as stream:
                table = open_table(
                    stream, sheet=options.sheet, delimiter=options.delimiter, encoding=options.encoding
                )
                lines += [f"{path}: {'; '.join(table.notes)}", *_mapping(table, options).explain()]
        return lines


def _paths(path: str) -> list[str]:
    """The files meant, sorted; a folder stands for all files in it but hidden ones."""
    if path == "-" or Path(path).is_file():
        return [path]
    pattern = str(Path(glob.escape(path)) / "*") if Path(path).is_dir() else path
    found = sorted(name for name in glob.glob(pattern, recursive=True) if Path(name).is_file())  # noqa: PTH207
    if not found:
        raise SourceError(
            f"there is no file {path!r}", remedy="check the path; * stands for any name", permanent=True
        )
    return found


def _mapping(table: Table, options: Options) -> ColumnMapping:
    if options.brand_column:
        options = options.model_copy(update={"mapping": {**options.mapping, "brand": options.brand_column}})
    return guess_mapping(table.header, table.sample(), options, labels=table.labels, layout=table.layout)


def _pages(path: str, options: Options, cursor: Cursor, since: datetime | None) -> Iterator[Page]:
    with closing(open_file(path)) as stream:
        yield from _stream_pages(stream, options, cursor, since)


def _stream_pages(stream: BinaryIO, options: Options, cursor: Cursor, since: datetime | None) -> Iterator[Page]:
    settings = options.model_dump(mode="json", exclude={"path"})
    state = {
        "sha256": digest(stream),
        "options": hashlib.sha256(json.dumps(settings, sort_keys=True).encode()).hexdigest()[:16],
    }
    unchanged = all(cursor.get(key) == value for key, value in state.items())
    if unchanged and cursor.get("done"):
        return
    row = int(cursor.get("row", 0)) if unchanged else 0
    table = open_table(stream, sheet=options.sheet, delimiter=options.delimiter, encoding=options.encoding)
    faults: list[Fault] = []
    posts: list[Post] = []
    mapping = _mapping(table, options)
    done, zone = 0, ZoneInfo(options.zone)
    for post in rows.posts(table, mapping, faults, zone=zone, language=options.language):
        done += 1
        if done <= row:  # built all the same: which of several identical rows it is, makes its id
            faults.clear()
            continue
        if since is None or post.published_at is None or post.published_at >= since:
            posts.append(post)
        if len(posts) >= _PAGE:
            cursor = {**state, "row": done, "done": False}
            yield Page(posts, cursor, _capped(faults), questions=mapping.questions)
            posts, faults[:] = [], []
    if not done and not faults:
        faults.append(Fault("file", "there is a header and no row below it"))
    yield Page(posts, {**state, "row": done, "done": True}, _capped(faults), questions=mapping.questions)


def _capped(faults: Sequence[Fault]) -> list[Fault]:
    if len(faults) <= _MOST_FAULTS:
        return list(faults)
    more = Fault("file", f"{len(faults) - _MOST_FAULTS} more rows of this part have a fault")
    return [*faults[:_MOST_FAULTS], more]
