"""The reputation score: 0 to 100, additive, open.

score = Σ weight · part, with five parts from 0 to 100:

- rating: mean stars, 1 ★ = 0 and 5 ★ = 100, drawn towards 3.5 ★ as if 7 such reviews had been there before;
- net_sentiment: -100 = 0 and 100 = 100, drawn towards 0 as if by 7 neutral mentions;
- volume: 100·m/(m + 30), with m the mentions in 30 days: 30 a month are worth 50, a flood is worth no more
  than 100;
- recency: the mean of 100·½^(age in days/30): what was said today counts 100, a month ago 50;
- response: the share of mentions that the brand answered, among those of the sources where it was ever seen to
  answer (an App Store feed shows no replies), drawn towards 50 as if by 7 mentions.

The prior of 7 reviews of 3.5 ★ is the one Trustpilot publishes for its TrustScore. The same inputs always give
the same score.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from typing import Any

from reputation.figures import Figure, SystematicError
from reputation.indicators import FEWEST, UNKNOWN, net_sentiment, rating
from reputation.intervals import Z
from storage.tally import Tally

PARTS: tuple[str, ...] = ("rating", "net_sentiment", "volume", "recency", "response")
"""The parts, in the order in which they are shown."""

DEFAULT_WEIGHTS: Mapping[str, float] = {
    "rating": 0.40,
    "net_sentiment": 0.30,
    "volume": 0.10,
    "recency": 0.10,
    "response": 0.10,
}
"""Any non-negative weights may be given instead; they are divided by their sum."""

PRIOR_STRENGTH = 7.0
"""Imaginary mentions behind the prior."""
PRIOR: Mapping[str, float] = {"rating": 62.5, "net_sentiment": 50.0, "response": 50.0}
"""What those mentions say, on the 0-100 scale of a part (62.5 is 3.5 ★)."""
HALF_VOLUME = 30.0
"""Mentions in 30 days that are worth half of the volume part."""
HALF_LIFE_DAYS = 30.0
"""Age at which a mention is worth half of the recency part."""


@dataclass(frozen=True, slots=True)
class Part:
    """One part: value from 0 to 100, weight from 0 to 1, and the points of the score it gives."""

    name: str
    value: float
    weight: float
    contribution: float

    def to_json(self) -> dict[str, Any]:
        """Name, value, weight, contribution."""
        return {
            "name": self.name,
            "value": round(self.value, 1),
            "weight": round(self.weight, 4),
            "contribution": self.contribution,
        }


@dataclass(frozen=True, slots=True)
class Score:
    """The score with its interval, and the parts whose contributions add up to it to the digit."""

    figure: Figure
    parts: tuple[Part, ...]

    def to_json(self) -> dict[str, Any]:
        """The figure's fields and the parts; the value has the contributions' two digits, so that they add up."""
        return self.figure.to_json(2) | {"parts": [part.to_json() for part in self.parts]}


def normalised_weights(weights: Mapping[str, float] = DEFAULT_WEIGHTS) -> dict[str, float]:
    """The five weights as shares of their sum, in the order of `PARTS`; a part not named weighs nothing.

    Raises ValueError for an unknown part, a negative weight or weights that are all 0.
    """
    if unknown := sorted(set(weights) - set(PARTS)):
        raise ValueError(f"the score has no part {unknown[0]!r}; its parts are {', '.join(PARTS)}")
    total = math.fsum(weights.values())
    if not math.isfinite(total) or total <= 0 or min(weights.values()) < 0:
        raise ValueError("the weights of the score are not negative and not all 0")
    return {name: weights.get(name, 0.0) / total for name in PARTS}


def score(
    tally: Tally,
    *,
    days: int,
    freshness: float,
    answerable: float | None = None,
    error: SystematicError = UNKNOWN,
    weights: Mapping[str, float] = DEFAULT_WEIGHTS,
) -> Score | None:
    """The score of a period of `days` days; None when nothing was said.

    `freshness` (0 to 1) is that of `freshness()`; `answerable` is how many mentions stand where answers can be
    seen, all of them when None. Raises ValueError for days < 1 or weights that cannot be used.
    """
    if days < 1:
        raise ValueError("a period has at least one day")
    shares = normalised_weights(weights)
    n = tally.mentions
    if n < FEWEST:
        return None
    asked = n if answerable is None else max(answerable, tally.replied)
    stars, mood = rating(tally, error), net_sentiment(tally, error)
    a_month = n * 30 / days
    values = {
        "rating": _drawn("rating", 25 * (stars.value - 1) if stars else 0.0, _answers(stars)),
        "net_sentiment": _drawn("net_sentiment", (mood.value + 100) / 2 if mood else 0.0, _answers(mood)),
        "volume": 100 * a_month / (a_month + HALF_VOLUME),
        "recency": 100 * freshness,
        "response": _drawn("response", 100 * tally.replied / asked if asked else 0.0, asked),
    }
    parts = tuple(Part(k, values[k], shares[k], round(shares[k] * values[k], 2)) for k in PARTS)
    return Score(_figure(parts, tally, stars, mood), parts)


def freshness(mentions_by_day: Mapping[date, float], last: date) -> float:
    """The mean of ½^(age/30 days) over mentions, at the end of the day `last`: 1 when all are of that day.

    0 when there are none; a day after `last` counts as `last`.
    """
    total = math.fsum(mentions_by_day.values())
    if total < FEWEST:
        return 0.0
    worth = (
        count * 0.5 ** (max(0, (last - day).days) / HALF_LIFE_DAYS) for day, count in mentions_by_day.items()
    )
    return math.fsum(worth) / total


def _answers(figure: Figure | None) -> float:
    return figure.answers if figure else 0.0


def _drawn(name: str, value: float, n: float) -> float:
    """`value` from `n` mentions, drawn to the prior of that part."""
    return (value * n + PRIOR[name] * PRIOR_STRENGTH) / (n + PRIOR_STRENGTH)


def _figure(parts: tuple[Part, ...], tally: Tally, stars: Figure | None, mood: Figure | None) -> Figure:
    """The interval comes from the two parts that are estimates; volume, recency and response are counts.

    Both are read from the same texts, so their errors are added as if they always went the same way: the
    widest they can be.
    """
    weights = {part.name: part.weight for part in parts}
    sampling = systematic = 0.0
    for name, figure, scale in (("rating", stars, 25.0), ("net_sentiment", mood, 0.5)):
        if figure:
            reach = weights[name] * scale * figure.answers / (figure.answers + PRIOR_STRENGTH)
            sampling += reach * figure.error
            systematic += reach * figure.systematic
    value = round(math.fsum(part.contribution for part in parts), 2)
    half = Z * math.hypot(sampling, systematic)
    rated = round(tally.rated)
    return Figure(
        value=value,
        low=max(0.0, value - half),
        high=min(100.0, value + half),
        observed=rated,
        inferred=max(0, round(tally.mentions) - rated),
        centre=value,
        error=sampling,
        systematic=systematic,
    )
