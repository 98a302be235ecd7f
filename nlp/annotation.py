"""The shape of what the opinion model says of one text.

`Annotation.to_json` is the public contract of `oyez analyze`: tests and users rely on its keys.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any, Literal

import numpy as np
from numpy.typing import NDArray

Polarity = Literal["negative", "neutral", "positive", "mixed"]
SentimentLabel = Literal["negative", "neutral", "positive"]

TOUCHPOINTS: tuple[str, ...] = (
    "information",
    "price",
    "ordering",
    "delivery",
    "product",
    "website_app",
    "premises",
    "staff",
    "customer_service",
    "billing",
    "after_sales",
    "loyalty",
)
"""The twelve touchpoints, in the order of the customer's journey."""

JOURNEY_STAGES: dict[str, tuple[str, ...]] = {
    "discovery": ("information",),
    "purchase": ("price", "ordering"),
    "delivery": ("delivery",),
    "use": ("product", "website_app", "premises", "staff"),
    "support": ("customer_service", "billing"),
    "after_sales": ("after_sales",),
    "loyalty": ("loyalty",),
}
"""Journey stage → its touchpoints."""


@dataclass(frozen=True, slots=True)
class Sentiment:
    """Probabilities in [0, 1] that sum to 1. A text without an opinion is neutral."""

    negative: float
    neutral: float
    positive: float

    @property
    def label(self) -> SentimentLabel:
        """The most probable class; on a tie the less extreme one."""
        ranked: list[tuple[float, SentimentLabel]] = [
            (self.neutral, "neutral"),
            (self.negative, "negative"),
            (self.positive, "positive"),
        ]
        return max(ranked, key=lambda pair: pair[0])[1]

    def to_json(self) -> dict[str, Any]:
        """The label and the three probabilities."""
        return {
            "label": self.label,
            "negative": round(self.negative, 4),
            "neutral": round(self.neutral, 4),
            "positive": round(self.positive, 4),
        }


@dataclass(frozen=True, slots=True)
class Stars:
    """Probabilities of 1 to 5 stars, in that order, summing to 1."""

    probabilities: tuple[float, float, float, float, float]

    @property
    def expected(self) -> float:
        """The mean number of stars, from 1 to 5."""
        return sum(star * p for star, p in enumerate(self.probabilities, start=1))

    def to_json(self) -> dict[str, Any]:
        """The expected stars and the five probabilities."""
        return {"expected": round(self.expected, 3), "probabilities": [round(p, 4) for p in self.probabilities]}


@dataclass(frozen=True, slots=True)
class Recommendation:
    """Probabilities of detractor (0-6), passive (7-8) and promoter (9-10), summing to 1."""

    detractor: float
    passive: float
    promoter: float

    def to_json(self) -> dict[str, float]:
        """The three probabilities."""
        return {
            "detractor": round(self.detractor, 4),
            "passive": round(self.passive, 4),
            "promoter": round(self.promoter, 4),
        }


@dataclass(frozen=True, slots=True)
class Effort:
    """How much effort the customer says it took: level from 1 (easy) to 5 (a struggle), confidence in [0, 1]."""

    level: float
    confidence: float

    def to_json(self) -> dict[str, float]:
        """Level and confidence."""
        return {"level": round(self.level, 2), "confidence": round(self.confidence, 3)}


@dataclass(frozen=True, slots=True)
class TouchpointOpinion:
    """What the text says of one touchpoint; `quote` is an exact substring of the text, or empty."""

    touchpoint: str
    polarity: Polarity
    confidence: float
    quote: str

    def to_json(self) -> dict[str, Any]:
        """Touchpoint, polarity, confidence in [0, 1] and quote."""
        return {
            "touchpoint": self.touchpoint,
            "polarity": self.polarity,
            "confidence": round(self.confidence, 3),
            "quote": self.quote,
        }


@dataclass(frozen=True, slots=True)
class Annotation:
    """What one model said of one text. A field is None where the model does not know it or the text is empty."""

    model: str
    language: str | None = None
    sentiment: Sentiment | None = None
    stars: Stars | None = None
    recommendation: Recommendation | None = None
    explicit_recommendation: Literal["yes", "no"] | None = None
    effort: Effort | None = None
    churn_intent: float | None = None
    sarcasm: float | None = None
    touchpoints: tuple[TouchpointOpinion, ...] = ()
    relevance: float | None = None
    embedding: NDArray[np.float32] | None = field(default=None, repr=False, compare=False)

    def to_json(self) -> dict[str, Any]:
        """The public contract of `oyez analyze`, less the row's id."""

        def shape(part: Any) -> Any:
            return None if part is None else part.to_json()

        def probability(value: float | None) -> float | None:
            return None if value is None else round(value, 4)

        return {
            "model": self.model,
            "language": self.language,
            "sentiment": shape(self.sentiment),
            "stars": shape(self.stars),
            "recommendation": shape(self.recommendation),
            "explicit_recommendation": self.explicit_recommendation,
            "effort": shape(self.effort),
            "churn_intent": probability(self.churn_intent),
            "sarcasm": probability(self.sarcasm),
            "touchpoints": [opinion.to_json() for opinion in self.touchpoints],
            "relevance": probability(self.relevance),
        }
