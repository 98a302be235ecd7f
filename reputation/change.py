"""Whether a figure went up or down, said only when the difference is significant."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Any, Literal

from reputation.figures import Figure
from reputation.intervals import Z

Direction = Literal["up", "down", "no_significant_change"]

SHARED = 0.8
"""Correlation assumed between the systematic errors of two periods read by the same model.

The same model reading the same brand is wrong in nearly the same way twice, so most of its systematic error
cancels in a difference. Not all of it does, because what people write about changes: 0.8 leaves 63 % of one
period's systematic error in the difference, more than is usually left."""

FEWEST_ANSWERS = 5
"""No change is called significant with fewer answers on either side."""


@dataclass(frozen=True, slots=True)
class Change:
    """After minus before, in the figure's own unit; `direction` is "up" or "down" only when significant."""

    delta: float
    significant: bool
    direction: Direction

    def to_json(self, digits: int = 1) -> dict[str, Any]:
        """Delta, whether it is significant, and the direction."""
        return {
            "delta": round(self.delta, digits),
            "significant": self.significant,
            "direction": self.direction,
        }


def change(before: Figure | None, after: Figure | None, *, shared: float = SHARED) -> Change | None:
    """Compare two figures from independent answers at 95 %; None where either is missing.

    Significant when |c₂ - c₁| > 1.96·√(e₁² + e₂² + s₁² + s₂² - 2ρ·s₁·s₂), with c the centres of the intervals
    (as Agresti and Caffo, 2000, do for two shares: with few answers the raw difference says "significant" twice
    as often as it may), e the sampling and s the systematic errors. ρ is `shared`: pass 0 where the two figures
    come from different models. The `delta` told is that of the values shown.
    """
    if before is None or after is None:
        return None
    delta, moved = after.value - before.value, after.centre - before.centre
    left = before.systematic**2 + after.systematic**2 - 2 * shared * before.systematic * after.systematic
    bar = Z * math.sqrt(before.error**2 + after.error**2 + max(0.0, left))
    enough = min(before.answers, after.answers) >= FEWEST_ANSWERS
    if not enough or abs(moved) <= bar or moved * delta <= 0:
        return Change(delta, False, "no_significant_change")
    return Change(delta, True, "up" if delta > 0 else "down")
