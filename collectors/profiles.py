"""What one column of a table looks like: what its header's words and its values tell of what it holds."""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from datetime import date, datetime
from typing import Any

from collectors.cells import read_date
from collectors.headings import words
from collectors.questions import is_answer, topic
from collectors.ratings import parse_rating

WORDS: dict[str, tuple[str, ...]] = {
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
    "speaker": (), "views": (), "likes": (), "comments": (), "shares": (),
}  # fmt: skip
_ASKED = 55.0
"""How well a column of ratings is told by a whole question: better than by a word within its header."""
_CONTAINED = {"text", "rating", "published_at"}
"""Fields whose header is often a whole question: one of the words within it will do."""
_DERIVED = re.compile(r"\b(nps group|topics|sentiment|parent topics)\b")
"""Columns that a survey tool works out from an answer."""
_LANGUAGE = re.compile(r"[a-zA-Z]{2}(?:[-_][a-zA-Z]{2,4})?")
LANGUAGE_NAMES = {
    "french": "fr", "francais": "fr", "english": "en", "anglais": "en", "german": "de", "allemand": "de",
    "spanish": "es", "espagnol": "es", "italian": "it", "italien": "it",
}  # fmt: skip


class Profile:
    """What a sample of one column looks like."""

    def __init__(self, name: str, label: str, values: list[Any], beside: Sequence[str] = ()) -> None:
        self.name, self.label = name, label
        self.hints = ["nps"] if f"{name}_NPS_GROUP" in beside else []
        """What a column worked out from this one says of it: Qualtrics puts Q1_NPS_GROUP beside Q1."""
        self.names = [words(part) for part in (name, label) if part]
        self.asked = " ".join(self.names)
        self.values = values
        self.texts = [value for value in values if isinstance(value, str)]
        self.length = sum(map(len, self.texts)) / len(self.texts) if self.texts else 0.0

    @property
    def is_overall(self) -> bool:
        """Whether a question is about the whole, and not about one part of it."""
        return bool(re.search(r"\b(?:overall|global\w*|general\w*|ensemble)\b", self.asked))

    @property
    def asks_something(self) -> bool:
        """Whether this column holds answers to a question on recommendation, satisfaction or effort."""
        if (
            _DERIVED.search(self.asked)
            or not self.values
            or not (topic(f"{self.name} {self.label}") or self.hints)
        ):
            return False
        return self.share(is_answer) >= 0.7

    def share(self, test: Callable[[Any], object], size: int = 100) -> float:
        """The share of up to `size` values, spread over the sample, that pass a test; 1 where there is none."""
        some = self.values[:: max(len(self.values) // size, 1)]
        return sum(bool(test(value)) for value in some) / len(some) if some else 1.0

    def score(self, field: str) -> float:
        """How well the header's words fit a field, from 0 (not at all) to 100."""
        best = 0.0
        for rank, word in enumerate(WORDS[field]):
            for name in () if _DERIVED.search(self.asked) else self.names:
                if name == word:
                    best = max(best, 100.0 - rank)
                elif field in _CONTAINED and re.search(rf"(?:^| ){re.escape(word)}(?: |$)", name):
                    best = max(best, 50.0 - rank)
        if field == "rating" and best < _ASKED and self.asks_something:
            return _ASKED + 5.0 * self.is_overall
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
    "rating": (is_answer, 0.7),
    "published_at": (_is_date, 0.5),
    "url": (_is_link, 0.5),
    "language": (language_code, 0.5),
}
"""What values of a field look like, and the share of a column's that have to; other fields are names."""


def fits(profile: Profile, field: str) -> bool:
    """Whether the values may be what the header promises; an empty sample may be anything."""
    if field == "external_id":
        return len(set(map(str, profile.values))) == len(profile.values) and profile.length <= 200
    test, share = _FITS.get(field, (_is_name, 1.0))
    return profile.share(test) >= share


def by_values(profile: Profile, field: str) -> float:
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
