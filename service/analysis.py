"""Annotate or score the rows of a table without a database: the work behind `oyez analyze`.

Rows stream through in chunks, so memory does not grow with the file. Rows are taken as they are: every row is
one answer, near-duplicates included, and a text is annotated as written, so that quotes are parts of it.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from difflib import get_close_matches
from pathlib import Path
from typing import Any

from collectors.columns import ColumnMapping, MappingOptions, guess_mapping
from collectors.post import Question, Rating
from collectors.ratings import parse_rating
from collectors.source import Fault
from collectors.tables import Cell, Table
from nlp.annotation import Annotation
from nlp.language import detect
from nlp.opinion import OpinionModel
from reputation.figures import SystematicError
from reputation.groups import group_scorecard
from service import oyez_toml
from service.config import BrandConfig, Config
from service.errors import ServiceError
from service.home import find_home
from service.progress import Advance, nothing
from service.reader import Reader
from storage.tally import Tally, tally_mention

CHUNK_ROWS = 1_024
CHUNK_CHARACTERS = 1_000_000
"""A chunk ends at either bound."""
SAMPLE_ROWS = 1_000
"""Rows that decide what was not said: which column holds the texts, which scale the ratings have."""
FAULTS_SHOWN = 10


class ColumnError(ServiceError):
    """A column that was asked for is not in the table."""


@dataclass(frozen=True, slots=True)
class Columns:
    """Which column holds what; None where it is not used. `id` counts the rows from 1 where it is missing."""

    text: str | None = None
    """None: "text", else the likeliest column."""
    id: str = "id"
    rating: str | None = None
    group: str | None = None
    worst: float | None = None
    """Ends of the ratings' scale, and what they answer; None: as the column's name and values tell."""
    best: float | None = None
    question: Question | None = None


@dataclass(frozen=True, slots=True)
class Row:
    """One row as far as it matters here. `lost` is one that could not be read: it has its place, no content."""

    id: str
    text: str = ""
    rating: Rating | None = None
    group: str = ""
    lost: bool = False


class Answers:
    """The rows of one table: what to annotate, and the ratings and groups beside it."""

    def __init__(self, table: Table, columns: Columns) -> None:
        """Raises ColumnError when a column is not there, SourceError when none seems to hold the texts."""
        self.table = table
        self.faults: list[Fault] = []
        self.unrated = 0
        """Ratings that were not on the scale."""
        self.mapping = self._map(columns)
        self._text = table.header.index(self.mapping.columns["text"])
        self._id = table.header.index(columns.id) if columns.id in table.header else None
        self._rating = self._place(columns.rating) if columns.rating else None
        self._group = self._place(columns.group) if columns.group else None

    def __len__(self) -> int:
        """How many rows there are: one quick pass over the file."""
        faults: list[Fault] = []
        return sum(1 for _ in self.table.rows(faults)) + len(faults)

    def rows(self) -> Iterator[Row]:
        """Every row in order, those that the reader had to leave out included.

        Raises ParseError where the file is damaged so that nothing after it can be read.
        """
        self.faults.clear()
        self.unrated, told = 0, 0
        for number, (_, cells) in enumerate(self.table.rows(self.faults), start=1):
            yield from (Row(fault.item, lost=True) for fault in self.faults[told:])
            told = len(self.faults)
            yield self._row(number + told, cells)
        yield from (Row(fault.item, lost=True) for fault in self.faults[told:])

    def notes(self) -> list[str]:
        """What a careful reader of the results should know, once the rows were read."""
        text = self.table.header[self._text]
        notes = [f"the texts are taken from the column {text!r}"] if text != "text" else []
        if self._rating is not None:
            scale = f"{self.mapping.worst:g} (worst) to {self.mapping.best:g} (best)"
            notes.append(f"ratings are taken as answers on {self.mapping.question}, {scale}")
            if self.unrated:
                notes.append(f"{self.unrated:,} ratings were not on that scale and are not used")
        notes += [f"{fault.item}: {fault.problem}" for fault in self.faults[:FAULTS_SHOWN]]
        if len(self.faults) > FAULTS_SHOWN:
            notes.append(f"and {len(self.faults) - FAULTS_SHOWN:,} more rows that could not be read")
        return notes

    def _place(self, name: str) -> int:
        if name in self.table.header:
            return self.table.header.index(name)
        close = get_close_matches(name, self.table.header, 1)
        meant = f"did you mean {close[0]!r}? " if close else ""
        raise ColumnError(f"there is no column {name!r}", f"{meant}the table has: {', '.join(self.table.header)}")

    def _map(self, columns: Columns) -> ColumnMapping:
        """The columns as given, and what is not said as `oyez import` would guess it."""
        text = columns.text or ("text" if "text" in self.table.header else None)
        given = {"text": text, "rating": columns.rating}
        for name in filter(None, given.values()):
            self._place(name)
        options = MappingOptions(
            mapping={field: name for field, name in given.items() if name},
            worst=columns.worst,
            best=columns.best,
            question=columns.question,
            easy=None,
        )
        table = self.table
        mapping = guess_mapping(
            table.header, table.sample(SAMPLE_ROWS), options, labels=table.labels, layout=table.layout
        )
        if "text" not in mapping.columns:
            raise ColumnError("no column seems to hold texts", f"name one of: {', '.join(table.header)}")
        return mapping

    def _row(self, number: int, cells: Sequence[Cell]) -> Row:
        said = plain(cells[self._id]) if self._id is not None else ""
        rating = self._read_rating(cells[self._rating]) if self._rating is not None else None
        group = plain(cells[self._group]) if self._group is not None else ""
        return Row(said or str(number), plain(cells[self._text]), rating, group)

    def _read_rating(self, value: Cell) -> Rating | None:
        if plain(value) == "":
            return None
        found = parse_rating(value, self.mapping.worst, self.mapping.best)
        if found is None:
            self.unrated += 1
            return None
        return Rating(found.value, found.worst, found.best, self.mapping.question)


def plain(value: Cell) -> str:
    """A cell as text: "" for nothing, "17" for 17.0."""
    if value is None:
        return ""
    if isinstance(value, float) and value.is_integer():
        return str(int(value))
    return str(value).strip()


def annotate(
    answers: Answers, model: OpinionModel, *, languages: Sequence[str] = ("fr", "en"), advance: Advance = nothing
) -> Iterator[dict[str, Any]]:
    """One annotation for each row, in order, as the public JSON of `oyez analyze`.

    Raises ParseError where the file is damaged so that nothing after it can be read.
    """
    for row, annotation in _annotated(answers, model, languages, advance):
        yield {"id": row.id, **annotation.to_json()}


def score(
    answers: Answers, model: OpinionModel, *, languages: Sequence[str] = ("fr", "en"), advance: Advance = nothing
) -> list[dict[str, Any]]:
    """One scorecard for each group of rows, in the order in which the groups first appear.

    Rows without a group make the group "". Raises like `annotate`.
    """
    whole: dict[str, Tally] = defaultdict(Tally)
    touched: dict[str, dict[str, Tally]] = defaultdict(lambda: defaultdict(Tally))
    for row, annotation in _annotated(answers, model, languages, advance):
        if row.lost:
            continue
        whole[row.group] += tally_mention(annotation, row.rating)
        for touchpoint in dict.fromkeys(opinion.touchpoint for opinion in annotation.touchpoints):
            touched[row.group][touchpoint] += tally_mention(annotation, row.rating, touchpoint=touchpoint)
    error = SystematicError.from_card(model.card.systematic_error, model.card.quantification)
    return [group_scorecard(name, tally, touched[name], error) for name, tally in whole.items()]


def _annotated(
    answers: Answers, model: OpinionModel, languages: Sequence[str], advance: Advance
) -> Iterator[tuple[Row, Annotation]]:
    for chunk in _chunks(answers.rows()):
        texts = [row.text for row in chunk]
        spoken = [detect(text, languages) for text in texts]
        yield from zip(chunk, model.annotate(texts, spoken), strict=True)
        advance(len(chunk))


def _chunks(rows: Iterable[Row]) -> Iterator[list[Row]]:
    chunk: list[Row] = []
    characters = 0
    for row in rows:
        chunk.append(row)
        characters += len(row.text)
        if len(chunk) >= CHUNK_ROWS or characters >= CHUNK_CHARACTERS:
            yield chunk
            chunk, characters = [], 0
    if chunk:
        yield chunk


def open_model(home: Path | None = None, model: str | None = None) -> tuple[OpinionModel, tuple[str, ...]]:
    """The opinion model (or another one) and languages of the home folder's oyez.toml, else the delivered ones.

    Raises ServiceError when there is no such model, ConfigError when the configuration is wrong.
    """
    config = configuration(home)
    reader = Reader(model) if model else Reader(config.nlp.model, find_home(home).path)
    return reader, tuple(config.nlp.languages)


def about_brand(model: OpinionModel, brand: str, about: str | None, home: Path | None = None) -> OpinionModel:
    """The model, which also says how likely texts are about a brand, known by its name and what oyez.toml adds.

    Raises ConfigError when the configuration is wrong.
    """
    from service.relevance import AboutBrand, names_of  # noqa: PLC0415 (only where a brand is named)

    known = configuration(home).brand(brand) or BrandConfig(name=brand)
    return AboutBrand(model, names_of(known.model_copy(update={"about": about or known.about})))


def configuration(home: Path | None = None) -> Config:
    """The configuration of the home folder, or the usual one where there is no oyez.toml.

    Raises ConfigError when the file is wrong.
    """
    place = find_home(home)
    return oyez_toml.load(place.config) if place.config.is_file() else Config()
