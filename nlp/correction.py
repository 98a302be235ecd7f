"""What a person may say against the model of one text, and the annotation that then counts.

A correction is a field and a value. The fields are those of an annotation that the figures are made of, and
whether the text is about the brand at all, which is no part of an annotation and left to storage.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

from nlp.annotation import (
    TOUCHPOINTS,
    Annotation,
    Effort,
    Recommendation,
    Sentiment,
    Stars,
    TouchpointOpinion,
)

RELEVANCE = "relevance"
TOUCHPOINT = "touchpoint."
"""Begins the field of a touchpoint, such as "touchpoint.delivery"."""
ABSENT = "none"
"""The value for what the text does not speak of."""

FIELDS: Mapping[str, tuple[str, ...]] = {
    "sentiment": ("negative", "neutral", "positive"),
    "stars": ("1", "2", "3", "4", "5"),
    "recommendation": ("detractor", "passive", "promoter"),
    "effort": (ABSENT, "1", "2", "3", "4", "5"),
    "churn_intent": ("no", "yes"),
    RELEVANCE: ("no", "yes"),
    **{f"{TOUCHPOINT}{name}": (ABSENT, "negative", "neutral", "positive", "mixed") for name in TOUCHPOINTS},
}
"""Every field that can be corrected, with its values."""


def check(field: str, value: str) -> None:
    """Raise ValueError, saying what was expected, unless `field` can be corrected to `value`."""
    if field not in FIELDS:
        raise ValueError(f"{field!r} cannot be corrected; expected one of: {', '.join(FIELDS)}")
    if value not in FIELDS[field]:
        raise ValueError(f"{value!r} is no {field}; expected one of: {', '.join(FIELDS[field])}")


def correct(annotation: Annotation, corrections: Mapping[str, str]) -> Annotation:
    """The annotation with these values, by field, in place of the model's: probabilities of 0 and 1.

    A touchpoint keeps the words that the model quoted for it. Raises ValueError for a value that is not of
    `FIELDS`.
    """
    changes: dict[str, Any] = {}
    opinions = annotation.touchpoints
    for field, value in corrections.items():
        check(field, value)
        if field.startswith(TOUCHPOINT):
            opinions = _opinions(opinions, field.removeprefix(TOUCHPOINT), value)
        elif field == "effort":
            changes[field] = None if value == ABSENT else Effort(float(value), 1.0)
        elif field == "churn_intent":
            changes[field] = float(value == "yes")
        elif field != RELEVANCE:
            kind: Any = {"sentiment": Sentiment, "recommendation": Recommendation, "stars": _stars}[field]
            changes[field] = kind(*(float(value == one) for one in FIELDS[field]))
    return replace(annotation, touchpoints=opinions, **changes)


def said(annotation: Annotation, field: str) -> str | None:
    """What an annotation says of a field, as a value of `FIELDS`: the likeliest; None where it says nothing."""
    if field.startswith(TOUCHPOINT):
        name = field.removeprefix(TOUCHPOINT)
        return next((o.polarity for o in annotation.touchpoints if o.touchpoint == name), ABSENT)
    if field == "effort":
        return str(round(annotation.effort.level)) if annotation.effort else ABSENT
    return _likeliest(field, probabilities(annotation).get(field))


def probabilities(annotation: Annotation) -> dict[str, tuple[float, ...] | None]:
    """What an annotation gives to each value of a field of `FIELDS`, in its order; None where it says nothing."""
    s, r, churn = annotation.sentiment, annotation.recommendation, annotation.churn_intent
    return {
        "sentiment": (s.negative, s.neutral, s.positive) if s else None,
        "stars": annotation.stars.probabilities if annotation.stars else None,
        "recommendation": (r.detractor, r.passive, r.promoter) if r else None,
        "churn_intent": None if churn is None else (1 - churn, churn),
    }


def _stars(*probabilities: float) -> Stars:
    return Stars(probabilities)  # type: ignore[arg-type]


def _likeliest(field: str, probabilities: tuple[float, ...] | None) -> str | None:
    if probabilities is None:
        return None
    return max(zip(probabilities, FIELDS[field], strict=True))[1]


def _opinions(
    opinions: tuple[TouchpointOpinion, ...], touchpoint: str, value: str
) -> tuple[TouchpointOpinion, ...]:
    """The opinions with one on this touchpoint, or none, where there were any number."""
    mine = [opinion for opinion in opinions if opinion.touchpoint == touchpoint]
    others = tuple(opinion for opinion in opinions if opinion.touchpoint != touchpoint)
    if value == ABSENT:
        return others
    words = mine[0].quote if mine else ""
    return (*others, TouchpointOpinion(touchpoint, value, 1.0, words))  # type: ignore[arg-type]
