"""From the mean of a model's probabilities to the shares of a group of texts: the correction on the model's card.

Averaged over the texts of one brand, a model's probabilities lean to the middle: they know each text, but not
that nearly everybody who writes about this brand is angry. Over companies the true share follows the mean of the
probabilities closely along a straight line between their log-odds, steeper than 1. So the share of answers above
each cut of the ordered scale is moved along that line:

    logit(share above cut k) = shift_k + slope · logit(mean probability above cut k)

This is the cumulative logit model (P. McCullagh, "Regression Models for Ordinal Data", Journal of the Royal
Statistical Society B 42(2), 1980) with the mean probability as its only regressor and whole groups as its cases;
with one cut it is Platt's scaling (1999) of a share. It needs nothing but the sums of the probabilities, so the
days of a year can be added before it. The shares stay in [0, 1] and sum to 1, and they rise with the means.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from itertools import pairwise
from typing import Any, Self

WIDEST = 10.0
"""Largest size of any number of an adjustment."""


@dataclass(frozen=True, slots=True)
class Adjustment:
    """How the mean probabilities of K ordered answers are moved.

    `shifts` has K - 1 log-odds, one for each cut from the lowest to the highest; upwards is better. `slope` is
    positive. `lean` is how far one brand lies off the line, and `doubt` how far it may still lie off, as one
    standard deviation. Both are angles: a share p is the angle 2·arcsin(√p), on which a small step is worth
    √(p(1 - p)). So a group that nearly all agree in is surer, but not as much as in log-odds.
    """

    shifts: tuple[float, ...]
    slope: float = 1.0
    doubt: float = 0.0
    lean: float = 0.0

    def __post_init__(self) -> None:
        numbers = (*self.shifts, self.slope, self.doubt, self.lean)
        if not all(math.isfinite(number) and abs(number) <= WIDEST for number in numbers):
            raise ValueError(f"shifts, slope, doubt and lean are at most {WIDEST:g} in size: {self}")
        if not self.shifts or self.slope <= 0 or self.doubt < 0:
            raise ValueError(f"there is a cut, a positive slope and no negative doubt: {self}")

    @classmethod
    def of(cls, written: Mapping[str, Any]) -> Self:
        """The adjustment as `config.json` has it. Raises ValueError, KeyError or TypeError for anything else."""
        shifts = tuple(float(shift) for shift in written["shifts"])
        return cls(shifts, float(written["slope"]), float(written["doubt"]))

    def above(self, means: Sequence[float], nudge: float = 0.0) -> tuple[float, ...]:
        """The share of answers above each cut, from mean probabilities above it (0 to 1, falling).

        `nudge` is an angle added to the lean: plus and minus the doubt give the limits of what shares may be.
        """
        out: list[float] = []
        for shift, mean in zip(self.shifts, means, strict=True):
            moved = _turned(_expit(shift + self.slope * _logit(mean)), self.lean + nudge)
            # Cuts with different shifts could cross where few answers lie between them.
            out.append(min(moved, out[-1]) if out else moved)
        return tuple(out)

    def shares(self, means: Sequence[float], nudge: float = 0.0) -> tuple[float, ...]:
        """The share of each answer, the lowest first, from the K mean probabilities in the same order."""
        total = math.fsum(means)
        if total <= 0:
            raise ValueError("probabilities of nothing have no shares")
        tails = [min(1.0, max(0.0, math.fsum(means[k:]) / total)) for k in range(1, len(means))]
        edges = [1.0, *self.above(tails, nudge), 0.0]
        return tuple(upper - lower for upper, lower in pairwise(edges))

    def leaning(self, lean: float, doubt: float) -> Self:
        """The same for a brand of which that much is known."""
        return replace(self, lean=lean, doubt=doubt)


def _turned(share: float, angle: float) -> float:
    if angle == 0:
        return share
    return math.sin(min(math.pi / 2, max(0.0, math.asin(math.sqrt(share)) + angle / 2))) ** 2


def _logit(share: float) -> float:
    if share <= 0:
        return -math.inf
    return math.inf if share >= 1 else math.log(share) - math.log1p(-share)


def _expit(odds: float) -> float:
    return 1 / (1 + math.exp(-odds)) if odds > 0 else math.exp(odds) / (1 + math.exp(odds))
