"""Which column of a table holds what: guessed from French and English header words and from values, and said.

What the user sets counts before what is guessed; `ColumnMapping.explain` tells which is which.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from typing import Any

from pydantic import BaseModel, ConfigDict, Field, field_validator

from collectors import presets
from collectors.cells import EXCEL_DAYS
from collectors.headings import words
from collectors.post import PostKind, Question
from collectors.profiles import WORDS, Profile, by_values, fits
from collectors.questions import Asked, Easy, Setting, parse_setting, recognise
from collectors.source import ParseError, SourceError, SourceOptions, SurveyQuestion
from collectors.surveys import Layout

SEGMENTS = ("brand", "location", "product")
"""Fields that become segments of a post; `segments.NAME` maps a column to any other segment."""

_ALIASES = {"id": "external_id", "date": "published_at", "stars": "rating", "owner_reply": "reply"}
_SURVEY = re.compile(r"\b(nps|csat|ces|verbatim|respondent|response id|survey|enquete)\b")
_NUMERIC_DATE = re.compile(r"(\d{1,2})[/.-](\d{1,2})[/.-](?:\d{4}|\d{2})\b")


class MappingOptions(SourceOptions):
    """What the user may say about the columns; what is left out is guessed and shown."""

    mapping: dict[str, str] = Field(
        default_factory=dict,
        description="field → column, as text = 'Commentaire'; '' for no column; segments.NAME for a segment",
    )
    worst: float | None = Field(default=None, description="the worst answer on the rating's scale")
    best: float | None = Field(
        default=None, description="the best answer on the rating's scale (below worst for CES 1.0)"
    )
    question: Question | None = Field(default=None, description="what the rating answers")
    easy: Easy | None = Field(
        default=None,
        description="which end of an effort scale is easy; else as it is worded, or low for 1–5, high for 1–7",
    )
    questions: dict[str, str] = Field(
        default_factory=dict,
        description="column → what it asks, with the worst and the best answer, as Q5 = 'effort 5-1';"
        " '' for no question",
    )
    day_first: bool | None = Field(
        default=None, description="whether 03/04/2026 is 3 April; else told from the column"
    )
    post_kind: PostKind | None = Field(default=None, description="what the rows are: review, survey, comment, …")
    preset: presets.Name | None = Field(
        default=None,
        description="what kind of table it is: mystery_visits, transcripts, linkedin, tripadvisor; 'none' for an"
        " ordinary one; else recognised by its columns",
    )
    customer: str | None = Field(
        default=None, description="the label of the customer's turns in transcripts, where it is not known"
    )

    @field_validator("questions")
    @classmethod
    def _readable(cls, questions: dict[str, str]) -> dict[str, str]:
        for said in filter(None, questions.values()):
            parse_setting(said)
        return questions


class ColumnMapping(BaseModel):
    """Which column holds which field, on what scale ratings are, and why it is thought so."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    columns: dict[str, str]
    why: dict[str, str] = Field(default_factory=dict)
    unused: list[str] = Field(default_factory=list)
    worst: float = 1.0
    best: float = 5.0
    question: Question = Question.SATISFACTION
    day_first: bool = True
    post_kind: PostKind = PostKind.REVIEW
    preset: str = ""
    """The kind of table, where it was recognised as a whole."""
    identity: tuple[str, ...] = ()
    """Columns that name a row together, where none does by itself."""
    rated: Asked | None = None
    """How the column of ratings is read."""
    answers: tuple[Asked, ...] = ()
    """Columns that answer a survey's other questions."""

    @property
    def questions(self) -> tuple[SurveyQuestion, ...]:
        """What was asked, where the rows are answers to a survey."""
        if self.post_kind is not PostKind.SURVEY:
            return ()
        return tuple(asked.as_question() for asked in (self.rated, *self.answers) if asked)

    def explain(self) -> list[str]:
        """The mapping in lines for people, in English."""
        lines = [f"read as {self.preset}"] if self.preset else []
        for name, column in self.columns.items():
            detail = self.why.get(name, "")
            if name == "rating":
                scale = f"{self.question.value}, {self.worst:g} (worst) to {self.best:g} (best)"
                detail = f"{scale}; {detail}"
            lines.append(f"{name} ← {column!r}{f' ({detail})' if detail else ''}")
        lines += [f"answer ← {asked.column!r} ({asked.scale}; {asked.why})" for asked in self.answers]
        lines.append(f"each row is a {self.post_kind.value}")
        if self.unused:
            lines.append("not used: " + ", ".join(repr(column) for column in self.unused))
        return lines


def guess_mapping(
    header: Sequence[str],
    rows: Sequence[Sequence[Any]],
    options: MappingOptions | None = None,
    *,
    labels: Sequence[str] = (),
    layout: Layout | None = None,
) -> ColumnMapping:
    """Guess which column holds what from the header, its `labels` (questions asked) and a sample of the rows.

    Raises SourceError when the options name a column or field that there is not, ParseError when neither a text
    nor a rating can be found.
    """
    options = options or MappingOptions.model_validate({})
    found = presets.recognise(header, options.preset)
    options = _with_preset(header, rows, options, found)
    columns, why, profiles = _assigned(header, rows, options, labels, found)
    rated, answers = _questions(profiles, columns, options, layout)
    if rated:
        why["rating"] = "; ".join(filter(None, (why["rating"], rated.why)))
    question = rated.question if rated else Question.SATISFACTION
    day_first = True
    if "published_at" in columns:
        dates = profiles[header.index(columns["published_at"])].values
        day_first, reason = _date_order(dates, options, layout)
        why["published_at"] = "; ".join(filter(None, (why["published_at"], reason)))
    return ColumnMapping(
        columns={field: columns[field] for field in [*WORDS, *columns] if field in columns},
        why=why,
        unused=[name for name in header if name not in {*columns.values(), *(asked.column for asked in answers)}],
        worst=rated.worst if rated else 1.0,
        best=rated.best if rated else 5.0,
        question=question,
        preset=found.preset.title if found else "",
        identity=tuple(found.columns[name] for name in found.preset.identity) if found else (),
        rated=rated,
        answers=answers,
        day_first=day_first,
        post_kind=options.post_kind or _post_kind(header, question, layout),
    )


def _assigned(
    header: Sequence[str],
    rows: Sequence[Sequence[Any]],
    options: MappingOptions,
    labels: Sequence[str],
    found: presets.Found | None,
) -> tuple[dict[str, str], dict[str, str], list[Profile]]:
    """Which column holds which field, why it is thought so, and what each column looks like."""
    columns, why = _chosen(header, options.mapping)
    known = found.columns if found else {}
    why |= {name: f"as in {found.preset.title}" for name in known if found and columns.get(name) == known[name]}
    declined = {_ALIASES.get(name, name) for name, column in options.mapping.items() if not column}
    profiles = [
        Profile(
            name,
            labels[at] if at < len(labels) else "",
            [row[at] for row in rows if row[at] is not None],
            beside=header,
        )
        for at, name in enumerate(header)
    ]
    no_question = {name for name, said in options.questions.items() if not said}
    _guess(profiles, columns, why, declined, no_question)
    if "text" not in columns and "rating" not in columns:
        raise ParseError(
            f"no column of texts or ratings was recognised among: {', '.join(header)}",
            remedy="name it, for example mapping = { text = 'COLUMN' }",
            permanent=True,
        )
    return columns, why, profiles


def _with_preset(
    header: Sequence[str], rows: Sequence[Sequence[Any]], options: MappingOptions, found: presets.Found | None
) -> MappingOptions:
    """The options with what a preset knows of the columns, where the user did not say otherwise."""
    if found is None:
        return options
    changes: dict[str, Any] = {"mapping": {**found.columns, **options.mapping}}
    if options.post_kind is None:
        changes["post_kind"] = found.preset.kind
    setting = found.preset.setting
    if found.preset.kind is PostKind.VISIT and "rating" in found.columns:
        at = header.index(found.columns["rating"])
        setting = presets.mark_setting([row[at] for row in rows if row[at] is not None]) or setting
    if options.worst is None and options.best is None:
        changes |= {"worst": setting.worst, "best": setting.best}
    return options.model_copy(update=changes)


def _chosen(header: Sequence[str], mapping: Mapping[str, str]) -> tuple[dict[str, str], dict[str, str]]:
    columns, by_lower = {}, {name.casefold(): name for name in reversed(header)}
    for field, column in mapping.items():
        name = _ALIASES.get(field, field)
        if name not in WORDS and not re.fullmatch(r"segments\.[\w -]+", name):
            raise SourceError(
                f"there is no field called {field!r}",
                remedy=f"map one of: {', '.join(WORDS)}, segments.NAME",
                permanent=True,
            )
        if not column:
            continue
        found = column if column in header else by_lower.get(column.strip().casefold())
        if found is None:
            raise SourceError(
                f"there is no column {column!r} for {field}",
                remedy=f"use one of: {', '.join(header)}",
                permanent=True,
            )
        columns[name] = found
    return columns, dict.fromkeys(columns, "as set")


def _guess(
    profiles: Sequence[Profile],
    columns: dict[str, str],
    why: dict[str, str],
    declined: set[str],
    no_question: set[str],
) -> None:
    """Give each field that is still free the free column that fits best, the surest pair first."""
    pairs = []
    for field in set(WORDS) - set(columns) - declined:
        for at, profile in enumerate(profiles):
            score, reason = profile.score(field), "header"
            if score and not fits(profile, field):
                score = 0.0
            if not score:
                score, reason = by_values(profile, field), "values"
            if score and field == "text":
                score += min(profile.length, 300.0) / 15  # of two columns of comments the longer one
            if score and not profile.values:
                score /= 4
            pairs.append((-score, at, field, reason))
    taken = set(columns.values())
    for score, at, field, reason in sorted(pairs):
        name = profiles[at].name
        if field == "rating" and name in no_question:
            continue
        if score and field not in columns and name not in taken:
            columns[field], why[field] = name, f"from its {reason}"
            taken.add(name)


def _survey_type(profiles: Sequence[Profile]) -> set[str]:
    """What a column such as Delighted's "survey_type" says of every answer: "nps", "ces", …"""
    said = {
        str(value).lower() for profile in profiles if "survey type" in profile.names for value in profile.values
    }
    return said if len(said) == 1 else set()


def _questions(
    profiles: Sequence[Profile], columns: Mapping[str, str], options: MappingOptions, layout: Layout | None
) -> tuple[Asked | None, tuple[Asked, ...]]:
    """How the column of ratings is read, and other columns that answer a question of their own."""
    by_name = {profile.name: profile for profile in profiles}
    if unknown := set(options.questions) - by_name.keys():
        raise SourceError(
            f"there is no column {min(unknown)!r} to ask",
            remedy=f"use one of: {', '.join(by_name)}",
            permanent=True,
        )
    set_ = {name: parse_setting(said) for name, said in options.questions.items() if said}
    if "rating" not in columns:
        return None, ()
    main = by_name[columns["rating"]]
    own = Setting(options.question, options.worst, options.best, options.easy)
    hints = [*_survey_type(profiles), *main.hints]
    rated = recognise(main.name, main.label, main.values, set_.get(main.name, own), hints=hints, layout=layout)
    answers: dict[Question, Asked] = {}
    free = [profile for profile in profiles if profile.name not in columns.values()]
    for profile in sorted(free, key=lambda profile: (profile.name not in set_, not profile.is_overall)):
        said = options.questions.get(profile.name)
        if said == "" or not (said or profile.asks_something):
            continue
        asked = recognise(
            profile.name,
            profile.label,
            profile.values,
            set_.get(profile.name),
            hints=profile.hints,
            layout=layout,
        )
        if asked.question is not rated.question:
            answers.setdefault(asked.question, asked)
    return rated, tuple(sorted(answers.values(), key=lambda asked: asked.question))


def _date_order(values: Sequence[Any], options: MappingOptions, layout: Layout | None) -> tuple[bool, str]:
    """Whether 03/04/2026 is 3 April, told from the whole sample of the column, and why."""
    found = [match for value in values if isinstance(value, str) and (match := _NUMERIC_DATE.match(value))]
    if options.day_first is not None:
        return options.day_first, f"{'day' if options.day_first else 'month'} first, as set"
    if not found:
        numbers = any(isinstance(value, int | float) and value <= EXCEL_DAYS[1] for value in values)
        return True, "Excel's day numbers" if numbers else ""
    day_first = next((match[0] for match in found if int(match[1]) > 12), None)
    month_first = next((match[0] for match in found if int(match[2]) > 12), None)
    if day_first and month_first:
        return True, f"both orders occur ({day_first}, {month_first}): each as it must be, day first where it may"
    if day_first or month_first:
        return bool(day_first), f"{'day' if day_first else 'month'} first, seen in {day_first or month_first}"
    if layout and layout.month_first:
        return False, f"month first, as {layout.tool} writes"
    return True, f"day first; {found[0][0]} could be read either way: set day_first if it is the month"


def _post_kind(header: Sequence[str], question: Question, layout: Layout | None) -> PostKind:
    asked = " | ".join(map(words, header))
    if layout or question is not Question.SATISFACTION or _SURVEY.search(asked):
        return PostKind.SURVEY
    return PostKind.REVIEW
