"""A published figure: its value, how sure it is, and how many answers stand behind it."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Self

from reputation.intervals import Interval, Z

CAUTIOUS: Mapping[str, float] = {
    "nps": 15.0,
    "csat": 8.0,
    "net_sentiment": 10.0,
    "ces": 0.5,
    "rating": 0.4,
    "churn_intent": 8.0,
}
"""Systematic error assumed where the model's card gives none: wide on purpose, so that an unmeasured model
never looks sure."""


@dataclass(frozen=True, slots=True)
class SystematicError:
    """How far a model is off for a whole group of texts, however many there are.

    Each is one standard deviation (the root mean square, over held-out companies, of said minus true), in the
    figure's own unit: points of 100 for `nps`, `csat`, `net_sentiment`, `churn_intent`; levels for `ces`; stars
    for `rating`. What is not given is taken from `CAUTIOUS`.
    """

    nps: float = CAUTIOUS["nps"]
    csat: float = CAUTIOUS["csat"]
    net_sentiment: float = CAUTIOUS["net_sentiment"]
    ces: float = CAUTIOUS["ces"]
    rating: float = CAUTIOUS["rating"]
    churn_intent: float = CAUTIOUS["churn_intent"]

    @classmethod
    def from_card(cls, systematic_error: Mapping[str, float | None] | None) -> Self:
        """The errors on a model's card; a missing or null entry becomes the cautious one, others are ignored.

        Raises ValueError for a negative or non-finite error.
        """
        given = {k: float(v) for k, v in (systematic_error or {}).items() if k in CAUTIOUS and v is not None}
        if any(not math.isfinite(v) or v < 0 for v in given.values()):
            raise ValueError(f"a model's systematic errors are finite and not negative: {given}")
        return cls(**given)


@dataclass(frozen=True, slots=True)
class Figure:
    """A value with its 95 % limits, in its own unit, and the answers behind it.

    The last three serve the comparison of two figures: `centre` is the value that few answers allow (that of
    the sampling interval, drawn to the middle of the scale), `error` the standard error from sampling,
    `systematic` the model's systematic error times the inferred share.
    """

    value: float
    low: float
    high: float
    observed: int
    inferred: int
    centre: float
    error: float
    systematic: float

    @property
    def answers(self) -> int:
        """Observed and inferred answers together."""
        return self.observed + self.inferred

    def to_json(self, digits: int = 1) -> dict[str, Any]:
        """Value, low, high, observed and inferred; limits are rounded outwards, so that they never overstate."""
        step = 10**digits
        return {
            "value": round(self.value, digits),
            "low": math.floor(round(self.low * step, 6)) / step,
            "high": math.ceil(round(self.high * step, 6)) / step,
            "observed": self.observed,
            "inferred": self.inferred,
        }


def figure(
    value: float,
    sampling: Interval,
    *,
    observed: float,
    inferred: float,
    systematic: float,
    lowest: float,
    highest: float,
) -> Figure:
    """Put a value, its sampling interval and the model's systematic error together.

    Sampling and systematic errors are independent, so each arm of the interval is the root of the sum of
    squares: √((value - low)² + (1.96·systematic·inferred share)²). The interval always holds the value and
    never leaves the scale from `lowest` to `highest`.
    """
    value = min(highest, max(lowest, value))
    own = systematic * inferred / (observed + inferred)
    below, above = max(0.0, value - sampling.low), max(0.0, sampling.high - value)
    return Figure(
        value=value,
        low=max(lowest, value - math.hypot(below, Z * own)),
        high=min(highest, value + math.hypot(above, Z * own)),
        observed=round(observed),
        inferred=round(inferred),
        centre=sampling.centre,
        error=sampling.error,
        systematic=own,
    )
