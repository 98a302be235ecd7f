"""What survey tools add to a table: further header rows, previews among the answers, answers nested in JSON."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from collectors.source import ParseError

_QUALTRICS_STATUS = {
    "1": "a preview of the survey, not an answer",
    "survey preview": "a preview of the survey, not an answer",
    "2": "a test, not an answer",
    "survey test": "a test, not an answer",
    "8": "marked as spam by Qualtrics",
    "spam": "marked as spam by Qualtrics",
}
_NO_LABEL = {"", "response", "open-ended response", "réponse", "réponse ouverte"}


@dataclass(frozen=True, slots=True)
class Layout:
    """How one tool lays its export out: names of columns, the question under each, header rows to skip."""

    tool: str
    header: list[str]
    labels: list[str]
    skip: int
    status: int | None = None
    month_first: bool = False
    high_is_easy: bool = False
    """Whether its question on effort is answered the higher, the easier it was."""

    def unwanted(self, cells: Sequence[Any]) -> str | None:
        """Why a row is no answer (a preview, spam); None where it is one."""
        if self.status is None or cells[self.status] is None:
            return None
        return _QUALTRICS_STATUS.get(str(cells[self.status]).lower())


def recognise(header: Sequence[str], following: Sequence[Sequence[str]]) -> Layout | None:
    """The layout of an export whose first rows are these, or None for an ordinary table.

    Qualtrics: three header rows, the last of JSON ("ImportId"), or two in its legacy export ("V1", "ResponseID").
    SurveyMonkey: two, the second naming the options of each question. Typeform: one.
    """
    rows = [list(row) + [""] * (len(header) - len(row)) for row in following]
    if len(rows) == 2 and rows[1][0].startswith('{"ImportId"'):
        return Layout("Qualtrics", list(header), _questions(header, rows[0]), 2, _position(header, "Status"))
    if rows and header[:2] == ["V1", "V2"] and "ResponseID" in rows[0]:
        names = [label if name.startswith("V") else name for name, label in zip(header, rows[0], strict=False)]
        return Layout("Qualtrics (legacy)", names, _questions(names, rows[0]), 1, _position(names, "Status"))
    if rows and header[0] == "Respondent ID" and "Collector ID" in header and not rows[0][0]:
        return _survey_monkey(header, rows[0])
    if header[0] == "#" and any(name.startswith("Submit Date") for name in header):
        return Layout("Typeform", list(header), [""] * len(header), 0)
    return None


def _questions(names: Sequence[str], labels: Sequence[str]) -> list[str]:
    """The second header row, for questions only: Qualtrics translates its own columns' names as well."""
    return [
        label if name.startswith("Q") and label != name else ""
        for name, label in zip(names, labels, strict=False)
    ]


def _survey_monkey(header: Sequence[str], options: Sequence[str]) -> Layout:
    names, question = [], ""
    for name, option in zip(header, options, strict=False):
        question = name or question
        names.append(question if option.lower() in _NO_LABEL else f"{question} – {option}")
    return Layout("SurveyMonkey", names, [""] * len(names), 1, month_first=True)


def _position(header: Sequence[str], name: str) -> int | None:
    return list(header).index(name) if name in header else None


def answers(document: dict[str, Any]) -> list[Any] | None:
    """The answers in a document of SurveyMonkey's API v3 (`responses/bulk`); None for any other document.

    A choice is known by its number only, without the survey's own description, so texts are what is read.
    Raises ParseError for its documents that describe a survey or its collectors and hold no answers.
    """
    if "question_count" in document and "pages" in document:
        raise ParseError(
            "this describes a SurveyMonkey survey (its questions) and holds no answers",
            remedy="save the answer of …/surveys/ID/responses/bulk instead",
            permanent=True,
        )
    data = document.get("data")
    if not isinstance(data, list) or "surveymonkey" not in str(document.get("links")):
        return None
    if not any(isinstance(record, dict) and "pages" in record for record in data):
        raise ParseError(
            "this is a SurveyMonkey list without answers (collectors, surveys or answers in short)",
            remedy="save the answer of …/surveys/ID/responses/bulk instead",
            permanent=True,
        )
    return [_answer(record) for record in data if isinstance(record, dict)]


def _answer(record: dict[str, Any]) -> dict[str, Any]:
    texts = [
        answer["text"].strip()
        for page in _dicts(record.get("pages"))
        for question in _dicts(page.get("questions"))
        for answer in _dicts(question.get("answers"))
        if isinstance(answer.get("text"), str)
    ]
    return {
        "Respondent ID": record.get("id"),
        "Start Date": record.get("date_created"),
        "text": "\n".join(text for text in texts if text),
    }


def _dicts(value: object) -> list[dict[str, Any]]:
    return [item for item in value if isinstance(item, dict)] if isinstance(value, list) else []
