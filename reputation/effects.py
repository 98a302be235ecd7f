"""What a touchpoint does to a figure: the figure, less the figure without the mentions that touch it."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from reputation.figures import Figure, SystematicError
from reputation.indicators import FEWEST, UNKNOWN, csat, nps
from reputation.intervals import Z
from storage.tally import TALLY_FIELDS, Tally

Formula = Callable[[Tally, SystematicError], Figure | None]


@dataclass(frozen=True, slots=True)
class Effect:
    """Points that a touchpoint adds to (or takes from) a figure, with 95 % limits."""

    value: float
    low: float
    high: float

    def to_json(self, digits: int = 1) -> dict[str, float]:
        """Value, low and high."""
        return {
            "value": round(self.value, digits),
            "low": round(self.low, digits),
            "high": round(self.high, digits),
        }


def effect(whole: Tally, touching: Tally, formula: Formula, error: SystematicError = UNKNOWN) -> Effect | None:
    """The figure of `whole` minus that of `whole` without `touching`, which is a part of it.

    With a share w of the answers touching it, the effect is w·(figure of those - figure of the rest), exactly so
    where the model's means are not moved. So its standard error is w·√(e₁² + e₂²), the two parts being
    independent and w taken as known. The model's systematic error is left out: it is common to both parts. None
    when either part has no answer.
    """
    all_of_it, part, rest = (formula(some, error) for some in (whole, touching, without(whole, touching)))
    if all_of_it is None or part is None or rest is None or part.answers == 0 or rest.answers == 0:
        return None
    share = part.answers / (part.answers + rest.answers)
    value = all_of_it.value - rest.value
    half = Z * share * math.hypot(part.error, rest.error)
    return Effect(value, value - half, value + half)


def without(whole: Tally, part: Tally) -> Tally:
    """`whole` less `part`, where what rounding leaves of 0 is 0."""
    left = whole - part
    return Tally(**{name: value if (value := getattr(left, name)) > FEWEST else 0.0 for name in TALLY_FIELDS})


@dataclass(frozen=True, slots=True)
class TouchpointFigures:
    """One touchpoint of a scorecard. `mentions` touch it; a mixed one counts as both blame and praise."""

    touchpoint: str
    mentions: int
    negative: int
    positive: int
    effect_on_nps: Effect | None
    effect_on_csat: Effect | None

    def to_json(self) -> dict[str, Any]:
        """The touchpoint, its counts, and its effects in points or null."""
        return {
            "touchpoint": self.touchpoint,
            "n": self.mentions,
            "negative": self.negative,
            "positive": self.positive,
            "effect_on_nps": self.effect_on_nps.to_json() if self.effect_on_nps else None,
            "effect_on_csat": self.effect_on_csat.to_json() if self.effect_on_csat else None,
        }


def touchpoint_figures(
    whole: Tally, by_touchpoint: Mapping[str, Tally], error: SystematicError = UNKNOWN
) -> list[TouchpointFigures]:
    """Every touchpoint that somebody touched, the most mentioned first (then by name)."""
    found = [
        TouchpointFigures(
            touchpoint=name,
            mentions=round(tally.mentions),
            negative=round(tally.blamed),
            positive=round(tally.praised),
            effect_on_nps=effect(whole, tally, nps, error),
            effect_on_csat=effect(whole, tally, csat, error),
        )
        for name, tally in by_touchpoint.items()
        if name and tally.mentions >= FEWEST
    ]
    return sorted(found, key=lambda t: (-t.mentions, t.touchpoint))
