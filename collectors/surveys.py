"""What survey tools add to a table: further header rows, previews among the answers, answers nested in JSON."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from collectors.headings import words
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
_RESPONDENT = {"respondent id", "id du repondant", "identifiant du repondant"}
_COLLECTOR = {"collector id", "id du collecteur", "identifiant du collecteur"}
_PRIVATE = {"email", "phone_number", "file_url", "url", "payment"}
"""Types of Typeform's answers that say nothing of the brand, and who the person is."""


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
    SurveyMonkey: two, the second naming the options of each question. Typeform and Delighted: one.
    """
    rows = [list(row) + [""] * (len(header) - len(row)) for row in following]
    plain = [words(name) for name in header]
    if len(rows) == 2 and rows[1][0].startswith('{"ImportId"'):
        return Layout("Qualtrics", list(header), _questions(header, rows[0]), 2, _position(header, "Status"))
    if rows and header[:2] == ["V1", "V2"] and "ResponseID" in rows[0]:
        names = [label if name.startswith("V") else name for name, label in zip(header, rows[0], strict=False)]
        return Layout("Qualtrics (legacy)", names, _questions(names, rows[0]), 1, _position(names, "Status"))
    if rows and plain[0] in _RESPONDENT and set(plain) & _COLLECTOR and not rows[0][0]:
        return _survey_monkey(header, rows[0])
    return _of_one_row(header, plain)


def _of_one_row(header: Sequence[str], plain: Sequence[str]) -> Layout | None:
    """The layout of an export whose header is one row, as any table's."""
    no_labels = [""] * len(header)
    if header[0] == "#" and any(name.startswith("Submit Date") for name in header):
        return Layout("Typeform", list(header), no_labels, 0)
    if "survey type" in plain and "score" in plain:
        return Layout("Delighted", list(header), no_labels, 0, high_is_easy=True)
    if {"ResponseId", "recordedDate", "status"} <= set(header):
        return Layout("Qualtrics (JSON)", list(header), no_labels, 0, _position(header, "status"))
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
    """The answers in a document of a survey tool's API; None for any other document.

    SurveyMonkey v3 (`responses/bulk`; with `simple=true` its questions and choices are named), Typeform
    (`responses`), Qualtrics (`exportResponses` as JSON). Raises ParseError for SurveyMonkey's documents that
    describe a survey or its collectors and hold no answers.
    """
    if "question_count" in document and "pages" in document:
        raise ParseError(
            "this describes a SurveyMonkey survey (its questions) and holds no answers",
            remedy="save the answer of …/surveys/ID/responses/bulk instead",
            permanent=True,
        )
    if responses := [one for one in _dicts(document.get("responses")) if isinstance(one.get("values"), dict)]:
        return [{"ResponseId": one.get("responseId"), **one["values"]} for one in responses]
    if items := [one for one in _dicts(document.get("items")) if isinstance(one.get("answers"), list)]:
        return [_typeform(one, {}) for one in items]
    data = document.get("data")
    if not isinstance(data, list) or "surveymonkey" not in str(document.get("links")):
        return None
    if not any(isinstance(record, dict) and "pages" in record for record in data):
        raise ParseError(
            "this is a SurveyMonkey list without answers (collectors, surveys or answers in short)",
            remedy="save the answer of …/surveys/ID/responses/bulk instead",
            permanent=True,
        )
    return [_survey_monkey_answer(record) for record in data if isinstance(record, dict)]


def answer(record: dict[str, Any]) -> dict[str, Any]:
    """One object of a file of objects: Typeform's webhook unfolded, any other as it is."""
    response = record.get("form_response")
    if not isinstance(response, dict):
        return record
    definition = response.get("definition")
    fields = _dicts(definition.get("fields")) if isinstance(definition, dict) else []
    return _typeform(response, {str(field.get("id")): str(field.get("title", "")) for field in fields})


def _typeform(response: dict[str, Any], titles: dict[str, str]) -> dict[str, Any]:
    """A response with a column for each question, named by its title, reference or number."""
    record: dict[str, Any] = {
        "#": response.get("token") or response.get("response_id"),
        "Submit Date (UTC)": response.get("submitted_at"),
    }
    for given in _dicts(response.get("answers")):
        field, kind = given.get("field"), str(given.get("type"))
        if not isinstance(field, dict) or kind in _PRIVATE:
            continue
        number = str(field.get("id"))
        value = given.get(kind)
        if isinstance(value, dict):  # a choice, or several
            labels = value.get("labels")
            value = ", ".join(map(str, labels)) if isinstance(labels, list) else value.get("label")
        record[titles.get(number) or str(field.get("ref") or number)] = value
    return record


def _survey_monkey_answer(record: dict[str, Any]) -> dict[str, Any]:
    """An answer: under "text" what has no question named, each other thing under its question's heading."""
    texts, named = [], {}
    for page in _dicts(record.get("pages")):
        for question in _dicts(page.get("questions")):
            said = [
                value.strip()
                for given in _dicts(question.get("answers"))
                if isinstance(value := given.get("text") or given.get("simple_text"), str) and value.strip()
            ]
            if heading := question.get("heading"):
                named[str(heading)] = "\n".join(said) or None
            else:
                texts += said
    text = {"text": "\n".join(texts)} if texts or not named else {}
    return {"Respondent ID": record.get("id"), "Start Date": record.get("date_created"), **text, **named}


def _dicts(value: object) -> list[dict[str, Any]]:
    return [item for item in value if isinstance(item, dict)] if isinstance(value, list) else []
