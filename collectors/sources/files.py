"""Reviews and survey answers from files: CSV, TSV, XLSX, JSON Lines, JSON, Parquet.

`path` is a file, a folder, a pattern such as `exports/*.csv`, or "-" for standard input. A relative one starts
at the configuration's folder, where the options are validated with `context={"folder": …}`, else at the current
one. Separator, charset, columns, the order of day and month and the rating's scale are found out and shown
(`explain`); each can be set. Exports of Qualtrics, SurveyMonkey and Typeform are
understood. A broken row is named and left out.

A file is recognised by its SHA-256: unchanged, or under another name, it is not read again. A watched folder
takes files as they come: put them there under a hidden name, or one that ends in `.part`, and rename them when
whole. A file that cannot be read is noted, and tried again when it has changed; the others are read. Where no
column holds an id, a row's id is the SHA-256 of its content, so that importing a file again, or a longer version
of it, doubles nothing.

A survey's questions on recommendation (NPS), satisfaction (CSAT) and effort (CES) are recognised by their wording
in French and English, each with its scale and which end of it is good; each can be set (`questions`). A row gives
one answer to each of the three.

Recognised as a whole (`preset`): grids of mystery visits (a row for each criterion: visit, criterion, mark,
comment), transcripts of calls (a row for each turn, or for each call with "Client: …" before its turns; the
customer's words are the text), LinkedIn's exports and tables of Tripadvisor's reviews (both unverified).

What it cannot: rows gone from a later version are not taken as deleted.

```toml
[[sources]]
name = "Surveys"
kind = "files"
[sources.options]
path = "exports/*.csv"
```
"""

from __future__ import annotations

import glob
import hashlib
import json
import re
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
from collectors.source import Answer, Cursor, Fault, Page, ParseError, Source, SourceError, SourceOptions
from collectors.tables import Table, digest, open_file, open_table

if TYPE_CHECKING:
    from collectors.http import Http

_PAGE = 2_000
_MOST_FAULTS = 100
_UNFINISHED = re.compile(
    r"(?:\.(?:part|filepart|crdownload|tmp|temp|swp)|~)$|(?:^|[/\\])~\$[^/\\]*$", re.IGNORECASE
)
"""Names of files that are still being written, or that Office keeps beside one that is open."""


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
        under "files". Rows dated before `since` are left out. Of several files a broken one is a fault, and the
        others are read. Raises SourceError where none can be.
        """
        options = cast("Options", self.options)
        paths = _paths(options.path)
        if paths == [options.path]:
            yield from _pages(options.path, options, cursor, since)
            return
        known: dict[str, Any] = cursor.get("files", {})
        states = {path: known[path] for path in paths if path in known}
        problems: list[SourceError] = []
        for path in paths:
            state = states[path] = states.get(path) or _moved(path, options, known)
            try:
                for page in _pages(path, options, state, since):
                    states[path] = page.cursor
                    yield replace(page, cursor={"files": dict(states)})
            except SourceError as error:
                problems.append(error)
                states[path] = _broken(path, options, error)
                fault = Fault(path, f"{error}: left out until it is changed")
                yield Page([], {"files": dict(states)}, [fault])
        if problems and len(problems) == len(paths):
            raise problems[0]

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
    """The files meant, sorted; a folder stands for all files in it but hidden and unfinished ones."""
    if path == "-" or Path(path).is_file():
        return [path]
    is_folder = Path(path).is_dir()
    pattern = str(Path(glob.escape(path)) / "*") if is_folder else path
    names = glob.glob(pattern, recursive=True)  # noqa: PTH207
    found = sorted(name for name in names if Path(name).is_file() and not _UNFINISHED.search(name))
    if not found and not is_folder:
        raise SourceError(
            f"there is no file {path!r}", remedy="check the path; * stands for any name", permanent=True
        )
    return found


def _moved(path: str, options: Options, known: dict[str, Any]) -> Cursor:
    """Where the reading of this very content stopped under another name; {} where it is new."""
    if not known:
        return {}
    marks = _marks_of(path, options)
    return next((state for state in known.values() if marks.items() <= state.items()), {}) if marks else {}


def _broken(path: str, options: Options, error: SourceError) -> Cursor:
    """The state of a file that cannot be read: it is not tried again until it changes."""
    return _marks_of(path, options) | {"problem": str(error)}


def _marks_of(path: str, options: Options) -> dict[str, str]:
    """What tells whether a file was read already; nothing where it cannot be opened."""
    try:
        with closing(open_file(path)) as stream:
            return _marks(stream, options)
    except SourceError:
        return {}


def _marks(stream: BinaryIO, options: Options) -> dict[str, str]:
    """The SHA-256 of a file and that of how it is to be read."""
    settings = options.model_dump(mode="json", exclude={"path"})
    how = hashlib.sha256(json.dumps(settings, sort_keys=True).encode()).hexdigest()[:16]
    return {"sha256": digest(stream), "options": how}


def _mapping(table: Table, options: Options) -> ColumnMapping:
    if options.brand_column:
        options = options.model_copy(update={"mapping": {**options.mapping, "brand": options.brand_column}})
    return guess_mapping(table.header, table.sample(), options, labels=table.labels, layout=table.layout)


def _pages(path: str, options: Options, cursor: Cursor, since: datetime | None) -> Iterator[Page]:
    with closing(open_file(path)) as stream:
        yield from _stream_pages(stream, options, cursor, since)


def _stream_pages(stream: BinaryIO, options: Options, cursor: Cursor, since: datetime | None) -> Iterator[Page]:
    state = _marks(stream, options)
    unchanged = state.items() <= cursor.items()
    if unchanged and cursor.get("done"):
        return
    if unchanged and (problem := cursor.get("problem")):
        raise ParseError(problem, remedy="correct the file", permanent=True)
    row = int(cursor.get("row", 0)) if unchanged else 0
    table = open_table(stream, sheet=options.sheet, delimiter=options.delimiter, encoding=options.encoding)
    faults: list[Fault] = []
    posts: list[Post] = []
    mapping = _mapping(table, options)
    done, zone = 0, ZoneInfo(options.zone)
    for post in rows.posts(
        table, mapping, faults, zone=zone, language=options.language, customer=options.customer
    ):
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
