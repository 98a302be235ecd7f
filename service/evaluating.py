"""Measures the opinion model on texts whose truth is known: a labelled file, or corrections made by hand."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from collectors.source import Fault
from collectors.tables import Table
from nlp.language import detect
from nlp.opinion import OpinionModel
from reputation.accuracy import Case, evaluate
from service.analysis import CHUNK_CHARACTERS, CHUNK_ROWS, plain
from service.errors import ServiceError
from service.labels import Labels
from service.progress import Advance, nothing
from service.workspace import Workspace
from storage import corrections, evaluations

FAULTS_SHOWN = 10
MEASURES = (
    "polarity", "stars.exact", "stars.within_1", "stars.mae", "stars.ece", "sentiment.accuracy",
    "sentiment.macro_f1", "sentiment.ece", "touchpoints.f1", "touchpoints.precision", "touchpoints.recall",
    "touchpoints.polarity", "recommendation", "effort", "churn_intent",
)  # fmt: skip
"""What is listed of a group, by its place in the document."""
ERRORS = ("stars.mae", "stars.ece", "sentiment.ece")
"""Those of them that are better when smaller."""

_Row = tuple[str, str | None, str, dict[str, str]]
"""Text, language, source and truth."""


@dataclass
class Labelled:
    """The rows of a table with texts and what is true of them. `given` names the columns of some fields."""

    table: Table
    given: Mapping[str, str] = field(default_factory=dict)
    faults: list[Fault] = field(default_factory=list)

    def __post_init__(self) -> None:
        """Raises ServiceError when there is no column of texts, or none that says anything of them."""
        self.labels = Labels(self.table.header, self.given)
        self._text, self._language, self._source = map(self.labels.place, ("text", "language", "source"))
        if self._text is None:
            raise ServiceError(
                "there is no column 'text'",
                f"name the one that holds the texts, as --column text=COLUMN; the table has: "
                f"{', '.join(self.table.header)}",
            )
        if not (self.labels.places or self.labels.object):
            raise ServiceError(
                "no column says what is true of the texts",
                "add a column stars, sentiment or touchpoints, or name it, as --column stars=COLUMN",
            )

    def rows(self) -> Iterator[_Row]:
        """Text, language, source and truth of each row that can be used; the others are faults."""
        self.faults.clear()
        for number, cells in self.table.rows(self.faults):
            try:
                truth = self.labels.of(cells)
            except ValueError as problem:
                self.faults.append(Fault(f"{self.table.unit} {number}", str(problem)))
                continue
            text, language, source = (
                plain(cells[place]) if place is not None else ""
                for place in (self._text, self._language, self._source)
            )
            if text and truth:
                yield text, language.lower() or None, source, truth

    def notes(self) -> list[str]:
        """What a careful reader of the result should know, once the rows were read."""
        notes = [f"{fault.item}: {fault.problem}" for fault in self.faults[:FAULTS_SHOWN]]
        if len(self.faults) > FAULTS_SHOWN:
            notes.append(f"and {len(self.faults) - FAULTS_SHOWN:,} more rows that could not be used")
        return notes


def of_file(
    rows: Labelled, model: OpinionModel, *, languages: Sequence[str] = ("fr", "en"), advance: Advance = nothing
) -> dict[str, Any]:
    """The measures of the model on a labelled table, as `reputation.accuracy.evaluate` gives them.

    Raises ServiceError when no row can be used, ParseError where the file is damaged.
    """
    cases: list[Case] = []
    for chunk in _chunks(rows.rows()):
        spoken = [language or detect(text, languages) for text, language, _, _ in chunk]
        read = model.annotate([text for text, *_ in chunk], spoken)
        for annotation, language, (_, _, source, truth) in zip(read, spoken, chunk, strict=True):
            cases.append(Case(truth, annotation, language or "", source))
        advance(len(chunk))
    if not cases:
        raise ServiceError("no row has both a text and something true of it", "; ".join(rows.notes()))
    return {"model": version(model), "kind": "file", **evaluate(cases)}


def of_corrections(ws: Workspace, brand_id: int | None = None) -> dict[str, Any]:
    """The measures of the current model on what was corrected by hand (of a brand's mentions).

    Where any mention was drawn by lot (`kind` is then "drawn"), these alone are measured: people who choose what
    to correct choose mistakes ("chosen"), which makes a model look worse than it is.
    """
    with ws.database.read() as conn:
        judged = corrections.judged(conn, brand_id)
    drawn = [one for one in judged if one.drawn]
    cases = [Case(one.truth, one.said, one.language or "", one.source) for one in drawn or judged]
    return {"model": version(ws.model), "kind": "drawn" if drawn else "chosen", **evaluate(cases)}


def keep(ws: Workspace, name: str, document: Mapping[str, Any]) -> None:
    """Keep an evaluation for the page of the accuracy."""
    with ws.database.begin() as conn:
        evaluations.keep(conn, name, document["model"], document, ws.clock.now())


def lines(document: Mapping[str, Any]) -> Iterator[dict[str, Any]]:
    """The document as rows: group, measure, n, value and limits. Confusion and reliability stay behind.

    A single group that has no name is all texts once more, and is left out.
    """
    groups = [("all", document["overall"])]
    for word, parts in (("language", document["languages"]), ("source", document["sources"])):
        if any(one["name"] for one in parts):
            groups += [(f"{word} {one['name'] or '?'}", one) for one in parts]
    for name, group in groups:
        yield from (
            {"group": name, "measure": one, **found} for one in MEASURES if (found := measure(group, one))
        )


def measure(group: Mapping[str, Any], name: str) -> dict[str, Any] | None:
    """One of `MEASURES` of a group of a document, with value, low, high and n; None where it was not measured."""
    part, _, inner = name.partition(".")
    found: dict[str, Any] | None = (group[part] or {}).get(inner) if inner else group[part]
    return found


def version(model: OpinionModel) -> str:
    """The name and version of a model, as evaluations and the database write it."""
    return f"{model.name}@{model.card.version}"


def _chunks(rows: Iterator[_Row]) -> Iterator[list[_Row]]:
    """Runs of rows that end at either bound of `oyez analyze`, so that few texts are in memory at once."""
    chunk: list[_Row] = []
    characters = 0
    for row in rows:
        chunk.append(row)
        characters += len(row[0])
        if len(chunk) >= CHUNK_ROWS or characters >= CHUNK_CHARACTERS:
            yield chunk
            chunk, characters = [], 0
    if chunk:
        yield chunk
