"""Which column of a table holds what: guessed from French and English header words and from values, and said.

What the user sets counts before what is guessed; `ColumnMapping.explain` tells which is which.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Callable, Mapping, Sequence
from datetime import date, datetime
from typing import Any, Literal

from pydantic import BaseModel, ConfigDict, Field

from collectors.cells import EXCEL_DAYS, read_date
from collectors.post import PostKind, Question
from collectors.ratings import parse_rating
from collectors.source import ParseError, SourceError, SourceOptions
from collectors.surveys import Layout

SEGMENTS = ("brand", "location", "product")
"""Fields that become segments of a post; `segments.NAME` maps a column to any other segment."""

_WORDS: dict[str, tuple[str, ...]] = {
    "text": (
        "text", "texte", "review text", "review body", "verbatim", "comment", "commentaire", "comments",
        "commentaires", "review", "avis", "body", "content", "contenu", "message", "feedback", "free text",
        "texte libre", "opinion", "reponse libre", "temoignage", "reviews", "pourquoi", "why", "remarques",
        "description", "tweet", "tell us", "dites nous", "what could we", "que pourrions nous", "suggestion",
        "suggestions", "ameliorer", "improve", "raison", "reason",
    ),
    "title": ("title", "titre", "headline", "review title", "titre avis", "subject", "sujet", "objet"),
    "rating": (
        "rating", "note", "stars", "star rating", "etoiles", "nps", "csat", "ces", "score", "star", "etoile",
        "satisfaction", "recommanderiez", "recommend", "recommendation", "recommandation", "recommander",
        "likely to recommend", "effort", "evaluation", "notes", "ratings", "appreciation", "likert",
    ),
    "published_at": (
        "published at", "date published", "date", "recorded date", "submit date utc", "submitted at",
        "created at", "date de publication", "date publication", "date avis", "date de creation", "review date",
        "end date", "timestamp", "horodateur", "horodatage", "published", "created", "date created",
        "date de reponse", "date reponse", "start date", "datetime", "date utc", "jour", "time",
    ),
    "external_id": (
        "id", "external id", "review id", "response id", "respondent id", "identifiant", "uuid", "id avis",
        "avis id", "id reponse", "reference", "ref", "numero", "message id", "id review", "#",
    ),
    "author": (
        "author", "auteur", "reviewer", "author name", "reviewer name", "user name", "username", "pseudo",
        "display name", "nom", "name", "user", "utilisateur", "nom client", "client", "customer name", "prenom",
    ),
    "url": ("url", "link", "lien", "permalink", "review url", "permalien"),
    "language": ("language", "langue", "lang", "user language", "reviewer language", "locale"),
    "brand": (
        "brand", "marque", "company", "entreprise", "enseigne", "societe", "assureur", "company name",
        "organisation", "organization", "business", "business name",
    ),
    "location": (
        "location", "store", "magasin", "agence", "boutique", "point de vente", "lieu", "etablissement",
        "city", "ville", "site", "branch", "restaurant", "hotel",
    ),
    "product": ("product", "produit", "product name", "nom produit", "article", "item", "offre", "sku"),
    "reply": (
        "reply", "owner reply", "company reply", "owner response", "company response", "developer reply",
        "developer reply text", "reponse du proprietaire", "reponse entreprise", "reponse de l entreprise",
        "reponse marque",
    ),
}  # fmt: skip
_CONTAINED = {"text", "rating", "published_at"}
"""Fields whose header is often a whole question: one of the words within it will do."""
_ALIASES = {"id": "external_id", "date": "published_at", "stars": "rating", "owner_reply": "reply"}
_DERIVED = re.compile(r"\b(nps group|topics|sentiment|parent topics)\b")
"""Columns that a survey tool works out from an answer."""
_RECOMMENDATION = re.compile(r"\b(nps|recomm[ae]nd\w*)\b")
_EFFORT = re.compile(r"\b(ces|effort|facile|easy)\b")
_SURVEY = re.compile(r"\b(nps|csat|ces|verbatim|respondent|response id|survey|enquete)\b")
_NUMERIC_DATE = re.compile(r"(\d{1,2})[/.-](\d{1,2})[/.-](?:\d{4}|\d{2})\b")
_LANGUAGE = re.compile(r"[a-zA-Z]{2}(?:[-_][a-zA-Z]{2,4})?")
LANGUAGE_NAMES = {
    "french": "fr", "francais": "fr", "english": "en", "anglais": "en", "german": "de", "allemand": "de",
    "spanish": "es", "espagnol": "es", "italian": "it", "italien": "it",
}  # fmt: skip


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
    easy: Literal["low", "high"] | None = Field(
        default=None,
        description="which end of an effort scale is easy; else low for 1–5 (CES 1.0), high for 1–7 (CES 2.0)",
    )
    day_first: bool | None = Field(
        default=None, description="whether 03/04/2026 is 3 April; else told from the column"
    )
    post_kind: PostKind | None = Field(default=None, description="what the rows are: review, survey, comment, …")


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

    def explain(self) -> list[str]:
        """The mapping in lines for people, in English."""
        lines = []
        for name, column in self.columns.items():
            detail = self.why.get(name, "")
            if name == "rating":
                scale = f"{self.question.value}, {self.worst:g} (worst) to {self.best:g} (best)"
                detail = f"{scale}; {detail}"
            lines.append(f"{name} ← {column!r}{f' ({detail})' if detail else ''}")
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
    columns, why = _chosen(header, options.mapping)
    declined = {_ALIASES.get(name, name) for name, column in options.mapping.items() if not column}
    profiles = [
        _Profile(name, labels[at] if at < len(labels) else "", [row[at] for row in rows if row[at] is not None])
        for at, name in enumerate(header)
    ]
    _guess(profiles, columns, why, declined)
    if "text" not in columns and "rating" not in columns:
        raise ParseError(
            f"no column of texts or ratings was recognised among: {', '.join(header)}",
            remedy="name it, for example mapping = { text = 'COLUMN' }",
            permanent=True,
        )
    by_name = {profile.name: profile for profile in profiles}
    worst, best, question = 1.0, 5.0, Question.SATISFACTION
    if "rating" in columns:
        asked = " ".join([by_name[columns["rating"]].asked, *_survey_type(profiles)])
        worst, best, question, reason = _scale(by_name[columns["rating"]], asked, options)
        why["rating"] = "; ".join(filter(None, (why["rating"], reason)))
    day_first = True
    if "published_at" in columns:
        day_first, reason = _date_order(by_name[columns["published_at"]].values, options, layout)
        why["published_at"] = "; ".join(filter(None, (why["published_at"], reason)))
    return ColumnMapping(
        columns={field: columns[field] for field in [*_WORDS, *columns] if field in columns},
        why=why,
        unused=[name for name in header if name not in columns.values()],
        worst=worst,
        best=best,
        question=question,
        day_first=day_first,
        post_kind=options.post_kind or _post_kind(header, question, layout),
    )


def _chosen(header: Sequence[str], mapping: Mapping[str, str]) -> tuple[dict[str, str], dict[str, str]]:
    columns, by_lower = {}, {name.casefold(): name for name in reversed(header)}
    for field, column in mapping.items():
        name = _ALIASES.get(field, field)
        if name not in _WORDS and not re.fullmatch(r"segments\.[\w -]+", name):
            raise SourceError(
                f"there is no field called {field!r}",
                remedy=f"map one of: {', '.join(_WORDS)}, segments.NAME",
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


def words(name: str) -> str:
    """A header in plain words: "dateDePublication" and "Date_de publication" are both "date de publication"."""
    split = re.sub(r"(?<=[a-zà-ÿ])(?=[A-Z])", " ", name)
    plain = unicodedata.normalize("NFKD", split).encode("ascii", "ignore").decode()
    return " ".join(re.findall(r"[a-z0-9]+|#", plain.lower()))


class _Profile:
    """What a sample of one column looks like."""

    def __init__(self, name: str, label: str, values: list[Any]) -> None:
        self.name = name
        self.names = [words(part) for part in (name, label) if part]
        self.asked = " ".join(self.names)
        self.heading = f"{name} {label}"
        self.values = values
        self.texts = [value for value in values if isinstance(value, str)]
        self.length = sum(map(len, self.texts)) / len(self.texts) if self.texts else 0.0

    def share(self, test: Callable[[Any], object], size: int = 100) -> float:
        """The share of up to `size` values, spread over the sample, that pass a test; 1 where there is none."""
        some = self.values[:: max(len(self.values) // size, 1)]
        return sum(bool(test(value)) for value in some) / len(some) if some else 1.0

    def score(self, field: str) -> float:
        """How well the header's words fit a field, from 0 (not at all) to 100."""
        best = 0.0
        for rank, word in enumerate(_WORDS[field]):
            for name in () if _DERIVED.search(self.asked) else self.names:
                if name == word:
                    best = max(best, 100.0 - rank)
                elif field in _CONTAINED and re.search(rf"(?:^| ){re.escape(word)}(?: |$)", name):
                    best = max(best, 50.0 - rank)
        return best


_LONGEST_DATE = 48


def _is_date(value: object) -> bool:
    # Looking for a date written in words is dear, and no date is as long as a sentence.
    return not (isinstance(value, str) and len(value) > _LONGEST_DATE) and read_date(value) is not None


def _is_prose(value: object) -> bool:
    """Something a person may have written: no number, no link."""
    return isinstance(value, str) and parse_rating(value, 0, 1e9) is None and not _is_link(value)


def _is_name(value: object) -> bool:
    return not isinstance(value, datetime | date) and not _is_link(value)


def _is_link(value: object) -> bool:
    return isinstance(value, str) and value.startswith(("http://", "https://"))


def language_code(value: object) -> str | None:
    """The two letters of "FR", "fr-CA" or "français"; None where it is no language."""
    if not isinstance(value, str):
        return None
    if _LANGUAGE.fullmatch(value):
        return value[:2].lower()
    return LANGUAGE_NAMES.get(words(value))


_FITS: dict[str, tuple[Callable[[Any], object], float]] = {
    "text": (_is_prose, 0.5),
    "reply": (_is_prose, 0.5),
    "rating": (lambda value: parse_rating(value, 0, 100), 0.7),
    "published_at": (_is_date, 0.5),
    "url": (_is_link, 0.5),
    "language": (language_code, 0.5),
}
"""What values of a field look like, and the share of a column's that have to; other fields are names."""


def _fits(profile: _Profile, field: str) -> bool:
    """Whether the values may be what the header promises; an empty sample may be anything."""
    if field == "external_id":
        return len(set(map(str, profile.values))) == len(profile.values) and profile.length <= 200
    test, share = _FITS.get(field, (_is_name, 1.0))
    return profile.share(test) >= share


def _by_values(profile: _Profile, field: str) -> float:
    """How well the values alone tell a field, from 0 to 20: for headers of unknown words."""
    if not profile.values:
        return 0.0
    if field == "text" and profile.share(_is_prose) > 0.9 and profile.share(_is_date) < 0.1:
        return min(profile.length, 200.0) / 10 if profile.length >= 15 else 0.0
    if field == "published_at" and profile.share(lambda value: not isinstance(value, int | float)) == 1:
        return 10.0 if profile.share(_is_date) >= 0.95 else 0.0
    if field == "rating" and len(profile.texts) == len(profile.values):
        bare = profile.share(lambda value: re.fullmatch(r"[\d.,+-]+", value.strip()))
        return 10.0 if not bare and profile.share(parse_rating) >= 0.95 else 0.0
    return 10.0 if field == "url" and profile.share(_is_link) == 1 else 0.0


def _guess(
    profiles: Sequence[_Profile], columns: dict[str, str], why: dict[str, str], declined: set[str]
) -> None:
    """Give each field that is still free the free column that fits best, the surest pair first."""
    pairs = []
    for field in set(_WORDS) - set(columns) - declined:
        for at, profile in enumerate(profiles):
            score, reason = profile.score(field), "header"
            if score and not _fits(profile, field):
                score = 0.0
            if not score:
                score, reason = _by_values(profile, field), "values"
            if score and field == "text":
                score += min(profile.length, 300.0) / 15  # of two columns of comments the longer one
            if score and not profile.values:
                score /= 4
            pairs.append((-score, at, field, reason))
    taken = set(columns.values())
    for score, at, field, reason in sorted(pairs):
        name = profiles[at].name
        if score and field not in columns and name not in taken:
            columns[field], why[field] = name, f"from its {reason}"
            taken.add(name)


def _survey_type(profiles: Sequence[_Profile]) -> set[str]:
    """What a column such as Delighted's "survey_type" says of every answer: "nps", "ces", …"""
    said = {
        str(value).lower() for profile in profiles if "survey type" in profile.names for value in profile.values
    }
    return said if len(said) == 1 else set()


def _scale(profile: _Profile, asked: str, options: MappingOptions) -> tuple[float, float, Question, str]:
    """The worst and the best of a rating's scale, what was asked, and why."""
    numbers = [rating.value for value in profile.values if (rating := parse_rating(value, 0, 1e6))]
    effort = bool(_EFFORT.search(asked))
    recommendation = not effort and bool(_RECOMMENDATION.search(asked))
    low, high, reason = _scale_ends(profile, numbers, effort=effort, recommendation=recommendation)
    question = options.question or (
        Question.EFFORT if effort
        else Question.RECOMMENDATION if recommendation and (low, high) == (0.0, 10.0)
        else Question.SATISFACTION
    )  # fmt: skip
    worst, best = low, high
    if question is Question.EFFORT and (options.easy or ("low" if high <= 5 else "high")) == "low":
        worst, best = high, low
    if options.worst is not None or options.best is not None:
        reason = "scale as set"
        worst = worst if options.worst is None else options.worst
        best = best if options.best is None else options.best
    if worst == best:
        raise SourceError("a rating's worst and best are the same", remedy="set worst and best", permanent=True)
    return worst, best, question, reason


def _scale_ends(
    profile: _Profile, numbers: Sequence[float], *, effort: bool, recommendation: bool
) -> tuple[float, float, str]:
    smallest, largest = min(numbers, default=1.0), max(numbers, default=5.0)
    if found := re.search(r"\b(\d)\s*(?:-|–|à|a|to)\s*(\d{1,3})\b", profile.heading):
        return float(found[1]), float(found[2]), "scale from the header"
    if found := re.search(r"(?:\bsur|\bout of|/)\s*(\d{1,3})\b", profile.heading):
        best = float(found[1])
        return 0.0 if smallest < 1 or (best > 5 and not effort) else 1.0, best, "scale from the header"
    if recommendation and largest <= 10:
        return 0.0, 10.0, "the 0–10 of NPS"
    for value in profile.texts[:50]:
        own = parse_rating(value)
        if own and not re.fullmatch(r"[\d.,+-]+", value.strip()):
            return own.worst, own.best, "scale written with the values"
    best = next((end for end in (5.0, 7.0 if effort else 5.0, 10.0, 20.0, 100.0) if largest <= end), largest)
    worst = 0.0 if smallest < 1 or (best > 5 and not effort) else 1.0
    return worst, best, f"scale from values between {smallest:g} and {largest:g}"


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
