"""A published figure: its value, how sure it is, and how many answers stand behind it."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import Any, Self

from nlp.quantification import Adjustment
from reputation.intervals import Interval, Z
from storage.tally import SATISFIED_FROM

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


WORTH: Mapping[str, float] = {"nps": 90.0, "csat": 50.0, "net_sentiment": 90.0, "ces": 2.0, "rating": 2.0}
"""About what an adjustment's angle of 1 is worth in the middle of each figure's scale, in its own unit."""
CUTS: Mapping[str, int] = {"nps": 2, "csat": 1, "net_sentiment": 2, "ces": 1, "rating": 1}
"""Cuts between the answers of each figure; a mean is a share of its scale, and has one."""
NOTHING: Mapping[str, Adjustment] = {}


@dataclass(frozen=True, slots=True)
class SystematicError:
    """How a model is off for a whole group of texts, however many there are: what can be put right, and the rest.

    Each number is one standard deviation (the root mean square, over held-out companies, of said minus true), in
    the figure's own unit: points of 100 for `nps`, `csat`, `net_sentiment`, `churn_intent`; levels for `ces`;
    stars for `rating`. What is not given is taken from `CAUTIOUS`. A figure with an adjustment is moved by it,
    and the adjustment's doubt stands in for the number: it is smaller at the ends of the scale.
    """

    nps: float = CAUTIOUS["nps"]
    csat: float = CAUTIOUS["csat"]
    net_sentiment: float = CAUTIOUS["net_sentiment"]
    ces: float = CAUTIOUS["ces"]
    rating: float = CAUTIOUS["rating"]
    churn_intent: float = CAUTIOUS["churn_intent"]
    adjustments: Mapping[str, Adjustment] = field(default_factory=lambda: NOTHING)

    @classmethod
    def from_card(
        cls,
        systematic_error: Mapping[str, float | None] | None,
        quantification: Mapping[str, Any] | None = None,
        *,
        satisfied_from: float = SATISFIED_FROM,
    ) -> Self:
        """The errors and adjustments on a model's card, for a brand that counts as satisfied what it says.

        A missing or null error becomes the cautious one, others are ignored. Raises ValueError for a negative or
        non-finite error, ValueError, KeyError or TypeError for an adjustment that cannot be read.
        """
        given = {k: float(v) for k, v in (systematic_error or {}).items() if k in CAUTIOUS and v is not None}
        if any(not math.isfinite(v) or v < 0 for v in given.values()):
            raise ValueError(f"a model's systematic errors are finite and not negative: {given}")
        return cls(**given, adjustments=_adjustments(quantification or {}, satisfied_from))

    def adjustment(self, figure: str) -> Adjustment:
        """How the mean probabilities of a figure of `CUTS` are moved; the one that moves nothing where unknown.

        The latter's doubt is worth the figure's error in the middle of the scale.
        """
        known = self.adjustments.get(figure)
        return known or Adjustment((0.0,) * CUTS[figure], 1.0, getattr(self, figure) / WORTH[figure])

    def learned(self, own: Mapping[str, tuple[float, float]]) -> Self:
        """The same for a brand whose answers were compared with its texts: figure → (lean, doubt left)."""
        moved = {name: self.adjustment(name).leaning(*one) for name, one in own.items() if name in CUTS}
        return replace(self, adjustments={**self.adjustments, **moved})


def _adjustments(quantification: Mapping[str, Any], satisfied_from: float) -> dict[str, Adjustment]:
    """Those of `config.json`, where `csat` has one for each lowest star that satisfies, "2" to "5"."""
    wanted = {name: written for name, written in quantification.items() if name in CUTS and name != "csat"}
    lowest = next((star for star in range(2, 6) if (star - 1) / 4 >= satisfied_from - 1e-9), 5)
    if satisfied := quantification.get("csat", {}).get(str(lowest)):
        wanted["csat"] = satisfied
    found = {name: Adjustment.of(written) for name, written in wanted.items()}
    for name, adjustment in found.items():
        if len(adjustment.shifts) != CUTS[name]:
            raise ValueError(f"{name} has {CUTS[name]} cuts: {adjustment}")
    return found


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
    systematic: float | tuple[float, float],
    lowest: float,
    highest: float,
) -> Figure:
    """Put a value, its sampling interval and the model's systematic error together.

    `systematic` is the standard deviation of the inferred part, or that below and that above, where they differ.
    Sampling and systematic errors are independent, so each arm of the interval is the root of the sum of
    squares: √((value - low)² + (1.96·systematic·inferred share)²). The interval always holds the value and
    never leaves the scale from `lowest` to `highest`.
    """
    value = min(highest, max(lowest, value))
    share = inferred / (observed + inferred)
    own = [share * one for one in (systematic if isinstance(systematic, tuple) else (systematic, systematic))]
    below, above = max(0.0, value - sampling.low), max(0.0, sampling.high - value)
    return Figure(
        value=value,
        low=max(lowest, value - math.hypot(below, Z * own[0])),
        high=min(highest, value + math.hypot(above, Z * own[1])),
        observed=round(observed),
        inferred=round(inferred),
        centre=sampling.centre,
        error=sampling.error,
        systematic=sum(own) / 2,
    )
