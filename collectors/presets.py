"""Kinds of tables that are recognised as a whole: which of their columns holds what, and what a row is.

- Mystery-shopper grids: a row for each criterion of a visit, with its mark and a comment.
- Transcripts of calls: a row for each turn of speech, or for each call.
- LinkedIn: a member's comments and shares, a page's posts (its "Content" export). *Unverified*: no real file was
  at hand.
- Tripadvisor: tables of reviews with the date of stay beside that of publication. *Unverified* as well; there is
  no official export, and the site's own pages are not collected.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Literal

from collectors.headings import words
from collectors.post import PostKind
from collectors.questions import Setting, yes_or_no

Name = Literal["mystery_visits", "transcripts", "linkedin", "tripadvisor", "none"]


@dataclass(frozen=True, slots=True)
class Preset:
    """One kind of table: headers by field in plain words, the fields that tell it, and what its rows are.

    `identity` are the fields that name a row together, where no column does by itself.
    """

    name: Name
    title: str
    kind: PostKind
    headers: Mapping[str, tuple[str, ...]]
    needs: frozenset[str]
    identity: tuple[str, ...] = ()
    setting: Setting = field(default_factory=Setting)


@dataclass(frozen=True, slots=True)
class Found:
    """A preset, and the columns of one table that it maps."""

    preset: Preset
    columns: dict[str, str]


_VISITS = Preset(
    "mystery_visits",
    "grid of mystery visits",
    PostKind.VISIT,
    {
        "segments.visit": ("visit", "visite", "visit id", "id visite", "numero visite", "no visite", "n visite",
                           "visite id", "reference visite", "mission", "mission id", "visit number", "visite n"),
        "segments.criterion": ("criterion", "critere", "criteria", "criteres", "libelle critere", "question",
                               "point de controle", "item controle", "intitule", "point controle"),
        "rating": ("mark", "note", "score", "resultat", "conformite", "conforme", "reponse", "points",
                   "note obtenue", "answer", "result", "evaluation"),
        "text": ("comment", "commentaire", "commentaires", "comments", "remarque", "remarques", "observation",
                 "observations", "verbatim"),
        "segments.theme": ("theme", "rubrique", "section", "category", "categorie", "chapitre"),
    },
    frozenset({"segments.visit", "segments.criterion"}),
    identity=("segments.visit", "segments.criterion"),
)  # fmt: skip
_TRANSCRIPTS = Preset(
    "transcripts",
    "transcripts of calls",
    PostKind.TRANSCRIPT,
    {
        "speaker": ("speaker", "locuteur", "intervenant", "interlocuteur", "speaker role", "role", "participant",
                    "qui parle", "speaker label"),
        "external_id": ("call id", "call", "appel", "id appel", "appel id", "conversation id", "conversation",
                        "interaction id", "id conversation", "session id", "id interaction", "numero appel",
                        "contact id", "dialogue id"),
        "text": ("transcript", "transcription", "utterance", "texte", "text", "propos", "words", "message",
                 "turn", "paroles", "dialogue", "verbatim", "content", "enonce"),
    },
    frozenset({"speaker", "text", "external_id"}),
)  # fmt: skip
_CALLS = Preset(
    "transcripts",
    "transcripts of calls",
    PostKind.TRANSCRIPT,
    {"external_id": _TRANSCRIPTS.headers["external_id"],
     "text": ("transcript", "transcription", "call transcript", "transcription appel", "dialogue",
              "conversation text", "turns", "utterances")},
    frozenset({"text"}),
)  # fmt: skip
_LINKEDIN = (
    Preset(
        "linkedin",
        "posts of a LinkedIn page",
        PostKind.POST,
        {
            "text": ("post title", "titre du post", "titre de la publication"),
            "url": ("post link", "lien du post", "lien de la publication"),
            "published_at": ("created date", "date de creation"),
            "author": ("posted by", "publie par"),
            "views": ("impressions",),
            "likes": ("likes", "reactions", "j aime"),
            "comments": ("comments", "commentaires"),
            "shares": ("reposts", "shares", "republications", "partages"),
        },
        frozenset({"text", "url", "views"}),
    ),
    Preset(
        "linkedin",
        "shares of a LinkedIn member",
        PostKind.POST,
        {"text": ("share commentary",), "url": ("share link",), "published_at": ("date",)},
        frozenset({"text", "url"}),
    ),
    Preset(
        "linkedin",
        "comments of a LinkedIn member",
        PostKind.COMMENT,
        {"text": ("message",), "url": ("link",), "published_at": ("date",)},
        frozenset({"text", "url", "published_at"}),
    ),
)
_TRIPADVISOR = Preset(
    "tripadvisor",
    "Tripadvisor reviews",
    PostKind.REVIEW,
    {
        "title": ("review title", "title", "titre", "titre de l avis", "titre avis"),
        "text": ("review text", "review", "text", "avis", "texte", "review body", "texte de l avis"),
        "rating": ("rating", "bubble rating", "bubbles", "note", "review rating", "overall rating",
                   "note globale"),
        "published_at": ("published date", "review date", "date published", "date of review", "publication date",
                         "date de publication", "date de l avis", "written on", "publish date"),
        "author": ("reviewer", "username", "reviewer name", "user", "author", "auteur", "member"),
        "url": ("review url", "url", "link", "lien"),
        "reply": ("management response", "owner response", "response", "reponse de la direction",
                  "reponse du proprietaire"),
        "external_id": ("review id", "id"),
        "language": ("language", "langue", "lang"),
        "segments.trip": ("trip type", "type of trip", "type de voyage", "traveler type", "travel type"),
        "segments.stay": ("date of stay", "date of experience", "date of visit", "stay date", "travel date",
                          "date du sejour", "date de l experience", "date de visite"),
        "location": ("location", "hotel", "hotel name", "property", "restaurant", "etablissement"),
    },
    frozenset({"rating", "segments.stay"}),
    setting=Setting(worst=1.0, best=5.0),
)  # fmt: skip
PRESETS = (_VISITS, _TRANSCRIPTS, _CALLS, _TRIPADVISOR, *_LINKEDIN)
_EXACT = frozenset({"date", "link", "message"})
"""A LinkedIn member's comments have these three columns and no others: many a table has them among others."""


def recognise(header: Sequence[str], chosen: Name | None = None) -> Found | None:
    """The preset that a table's header fits, or the one that is chosen; None for an ordinary table."""
    if chosen == "none":
        return None
    by_words = {words(name): name for name in reversed(header)}
    for preset in PRESETS:
        if chosen is not None and preset.name != chosen:
            continue
        columns: dict[str, str] = {}
        for name, known in preset.headers.items():
            column = next((by_words[word] for word in known if word in by_words), None)
            if column is not None and column not in columns.values():
                columns[name] = column
        fits = preset.needs <= columns.keys() or (chosen is not None and "text" in columns)
        if preset.kind is PostKind.COMMENT and chosen is None:
            fits = fits and by_words.keys() == _EXACT
        if fits:
            return Found(preset, columns)
    return None


def mark_setting(values: Sequence[Any]) -> Setting | None:
    """How marks of a grid are to be read where they are yes or no; None where they are numbers."""
    said = [yes_or_no(value) for value in values]
    known = [value for value in said if value is not None]
    return Setting(worst=0.0, best=1.0) if known and 2 * len(known) >= len(said) else None
