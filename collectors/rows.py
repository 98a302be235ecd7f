"""A row of a table made a post: its text, its rating on the right scale, its date, an id that stays the same."""

from __future__ import annotations

import hashlib
import re
from collections.abc import Iterator, Sequence
from datetime import UTC, datetime, tzinfo
from typing import Generic, TypeVar

from collectors import transcripts
from collectors.cells import read_date
from collectors.columns import SEGMENTS, ColumnMapping
from collectors.post import Author, OwnerReply, Post, PostKind, Rating, Reach
from collectors.profiles import language_code
from collectors.questions import Asked
from collectors.source import Fault
from collectors.tables import Cell, Table

_NOBODY, _UNSEEN = Author(), Reach()
_LONGEST_ID = 200
_REMEMBERED = 100_000
_REACH = ("views", "likes", "shares", "comments")
_NO_ANSWER = {
    "",
    "-",
    "/",
    "n/a",
    "na",
    "nan",
    "none",
    "null",
    "nsp",
    "nr",
    "ne sait pas",
    "sans objet",
    "no answer",
}
Value = TypeVar("Value")


def posts(
    table: Table,
    mapping: ColumnMapping,
    faults: list[Fault],
    *,
    zone: tzinfo = UTC,
    language: str | None = None,
    customer: str | None = None,
) -> Iterator[Post]:
    """Yield a post for each row that has a text, a title or a rating, in the order of the table.

    Rows left out, and dates or ratings that could not be read, are appended to `faults`. `zone` is that of times
    that carry none, `language` that of rows that do not say theirs, `customer` the label of the customer's turns
    in transcripts. Raises ParseError where the file is damaged.
    """
    reader = _RowReader(table, mapping, faults, zone, language)
    found = table.rows(faults)
    if mapping.post_kind is PostKind.TRANSCRIPT and "text" in mapping.columns:
        found = _calls(table, mapping, faults, customer)
    for number, cells in found:
        post = reader.post(number, cells)
        if post is not None:
            yield post


def _calls(
    table: Table, mapping: ColumnMapping, faults: list[Fault], customer: str | None
) -> Iterator[tuple[int, Sequence[Cell]]]:
    at = {field: table.header.index(column) for field, column in mapping.columns.items()}
    return transcripts.calls(
        table.rows(faults),
        faults,
        table.unit,
        text=at["text"],
        speaker=at.get("speaker"),
        call=at.get("external_id"),
        customer=customer,
    )


class _RowReader:
    def __init__(
        self, table: Table, mapping: ColumnMapping, faults: list[Fault], zone: tzinfo, language: str | None
    ) -> None:
        position = {field: table.header.index(column) for field, column in mapping.columns.items()}
        self._unit = table.unit
        self._text, self._title, self._id = (
            position.get("text"),
            position.get("title"),
            position.get("external_id"),
        )
        self._rating, self._date = position.get("rating"), position.get("published_at")
        self._author, self._url = position.get("author"), position.get("url")
        self._language, self._reply = position.get("language"), position.get("reply")
        self._segments = [
            (field.removeprefix("segments."), at)
            for field, at in position.items()
            if field in SEGMENTS or field.startswith("segments.")
        ]
        self._identity = [table.header.index(column) for column in mapping.identity]
        self._reach = {name: at for name in _REACH if (at := position.get(name)) is not None}
        self._kind, self._faults, self._default_language = mapping.post_kind, faults, language
        self._ratings, self._dates = _Ratings(_rated(mapping)), _Dates(zone, day_first=mapping.day_first)
        self._answers = [(_Ratings(asked), table.header.index(asked.column)) for asked in mapping.answers]
        self._languages: dict[str, str | None] = {}
        self._seen: dict[str, int] = {}
        self._contents: set[int] = set()

    def post(self, number: int, cells: Sequence[Cell]) -> Post | None:
        """The post of a row; None, and a fault, where it holds nothing, or the same as a row of its id before."""
        text = self._string(cells, self._text) or ""
        title = self._string(cells, self._title)
        rating = self._read(self._ratings, cells, self._rating, number)
        further = self._further(cells, number) if self._answers else []
        if rating is None and further:
            rating = further.pop(0)
        if not text and not title and rating is None:
            self._faults.append(
                Fault(f"{self._unit} {number}", "neither a text nor a rating: the row was left out")
            )
            return None
        published = self._read(self._dates, cells, self._date, number)
        author, url = self._string(cells, self._author), self._string(cells, self._url)
        segments = {name: value for name, at in self._segments if (value := self._string(cells, at))}
        answer = f"{rating and rating.value}\x1f{published and published.timestamp()}"
        content = "\x1f".join((text, title or "", answer, author or "", url or "", *segments.values()))
        external_id = self._identify(self._named(cells), content)
        if external_id is None:
            return None
        reply = self._string(cells, self._reply)
        return Post(
            kind=self._kind,
            external_id=external_id,
            text=text,
            title=title,
            author=Author(name=author) if author else _NOBODY,
            language=self._language_of(cells),
            rating=rating,
            answers=tuple(further),
            published_at=published,
            url=url,
            owner_reply=OwnerReply(reply) if reply else None,
            reach=Reach(**{name: _count(cells[at]) for name, at in self._reach.items()})
            if self._reach
            else _UNSEEN,
            segments=segments,
        )

    def _further(self, cells: Sequence[Cell], number: int) -> list[Rating]:
        """The answers to a survey's other questions."""
        return [found for read, at in self._answers if (found := self._read(read, cells, at, number))]

    def _named(self, cells: Sequence[Cell]) -> str | None:
        """What names the row: its id, or several cells together."""
        if not self._identity:
            return self._string(cells, self._id)
        parts = [self._string(cells, at) for at in self._identity]
        return self._string(cells, self._id) or (" / ".join(map(str, parts)) if parts and all(parts) else None)

    @staticmethod
    def _string(cells: Sequence[Cell], at: int | None) -> str | None:
        if at is None:
            return None
        value = cells[at]
        if value is None or isinstance(value, str):
            return value
        return str(int(value)) if isinstance(value, float) and value.is_integer() else str(value)

    def _language_of(self, cells: Sequence[Cell]) -> str | None:
        value = cells[self._language] if self._language is not None else None
        if not isinstance(value, str):
            return self._default_language
        if value not in self._languages:
            self._languages[value] = language_code(value)
        return self._languages[value] or self._default_language

    def _read(self, column: _Known[Value], cells: Sequence[Cell], at: int | None, number: int) -> Value | None:
        if at is None:
            return None
        try:
            return column.read(cells[at])
        except ValueError as error:
            self._faults.append(Fault(f"{self._unit} {number}", str(error)))
            return None

    def _identify(self, given: str | None, content: str) -> str | None:
        """A stable id: the row's own or the SHA-256 of its content; None for a repeat of a row with an id.

        Equal rows without an id are several people's ("Très bien", 5): they are numbered. An id met again on
        another content is numbered as well, so that neither row is lost.
        """
        written = content.encode()
        if given is None:
            name = hashlib.sha256(written).hexdigest()[:32]
        else:
            name = given if len(given) <= _LONGEST_ID else hashlib.sha256(given.encode()).hexdigest()
            if (same := hash((name, written))) in self._contents:
                return None
            self._contents.add(same)
        count = self._seen[name] = self._seen.get(name, 0) + 1
        return name if count == 1 else f"{name}-{count}"


def _count(cell: Cell) -> int | None:
    """How many views or likes a cell tells: 1200, "1 200", "1,200"; None where it tells none."""
    if isinstance(cell, str):
        digits = re.sub(r"[\s.,'\u202f\xa0]", "", cell)
        return int(digits) if digits.isdecimal() and len(digits) <= 15 else None
    return int(cell) if isinstance(cell, int | float) and 0 <= cell < 1e15 else None


class _Known(Generic[Value]):
    """Reads the cells of one column; what many rows share is read once."""

    def __init__(self) -> None:
        self._known: dict[Cell, Value | None] = {None: None}

    def read(self, cell: Cell) -> Value | None:
        """The value of a cell; None where it says that there is none. Raises ValueError where it is no value."""
        if cell in self._known:
            return self._known[cell]
        value = self._parse(cell)
        if value is None and not (isinstance(cell, str) and cell.casefold() in _NO_ANSWER):
            raise ValueError(f"{str(cell)[:40]!r} {self._problem()}")
        if len(self._known) < _REMEMBERED:
            self._known[cell] = value
        return value

    def _parse(self, cell: Cell) -> Value | None:
        raise NotImplementedError

    def _problem(self) -> str:
        raise NotImplementedError


def _rated(mapping: ColumnMapping) -> Asked:
    """How the column of ratings is read."""
    return mapping.rated or Asked("", "", mapping.question, mapping.worst, mapping.best)


class _Ratings(_Known[Rating]):
    def __init__(self, asked: Asked) -> None:
        super().__init__()
        self._asked = asked

    def _parse(self, cell: Cell) -> Rating | None:
        return self._asked.read(cell)

    def _problem(self) -> str:
        return f"is no rating from {self._asked.worst:g} to {self._asked.best:g}: left empty"


class _Dates(_Known[datetime]):
    def __init__(self, zone: tzinfo, *, day_first: bool) -> None:
        super().__init__()
        self._zone, self._day_first = zone, day_first

    def _parse(self, cell: Cell) -> datetime | None:
        return read_date(cell, zone=self._zone, day_first=self._day_first)

    def _problem(self) -> str:
        return "is no date: the day of import stands for it"
