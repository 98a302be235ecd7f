"""What hurts, by touchpoint: how many blame it, what it costs, whether it grows, and in whose words."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from sqlalchemy import Connection

from reputation.change import Change, change
from reputation.effects import Effect, effect
from reputation.figures import Figure, SystematicError, figure
from reputation.indicators import FEWEST, UNKNOWN, csat, nps
from reputation.intervals import wilson
from reputation.periods import Period
from reputation.quotes import distinct
from reputation.scorecards import model_error
from storage import annotations as opinions
from storage import rollups
from storage.brands import Brand
from storage.tally import Tally

QUOTES_READ = 60
"""Quotes looked at for each touchpoint, the surest first, to find distinct ones in each language."""
PRIORITIES = 3
SEVERAL = 3
"""One or two people may be anybody: what they blame is told, not what it costs "beyond doubt"."""


@dataclass(frozen=True, slots=True)
class PainPoint:
    """A touchpoint that somebody blames.

    `share` is 100·blaming/all mentions, as the model reads them; `change` is that of the share against the
    period before. A mention that blames and praises counts as both.
    """

    touchpoint: str
    mentions: int
    blamed: int
    praised: int
    share: Figure
    change: Change | None
    effect_on_nps: Effect | None
    effect_on_csat: Effect | None

    @property
    def cost(self) -> float:
        """Points of NPS (else of CSAT) that it takes away, 0 or more. How many speak of it is in it already."""
        known = self.effect_on_nps or self.effect_on_csat
        return max(0.0, -known.value) if known else 0.0

    @property
    def reason(self) -> str:
        """Why to begin here: "rising", "costly" (beyond doubt) or "blamed"."""
        if self.change and self.change.direction == "up":
            return "rising"
        known = self.effect_on_nps or self.effect_on_csat
        return "costly" if known and known.high < 0 and self.blamed >= SEVERAL else "blamed"

    def to_json(self) -> dict[str, Any]:
        """All of it; `effect_on_…` and `change` are null where they cannot be known."""
        return {
            "touchpoint": self.touchpoint,
            "mentions": self.mentions,
            "blamed": self.blamed,
            "praised": self.praised,
            "share": self.share.to_json(),
            "change": self.change.to_json() if self.change else None,
            "effect_on_nps": self.effect_on_nps.to_json() if self.effect_on_nps else None,
            "effect_on_csat": self.effect_on_csat.to_json() if self.effect_on_csat else None,
        }


def find(
    whole: Tally,
    by_touchpoint: Mapping[str, Tally],
    whole_before: Tally,
    before: Mapping[str, Tally],
    error: SystematicError = UNKNOWN,
) -> list[PainPoint]:
    """The touchpoints that somebody blames, the costliest first, then the most blamed, then by name."""
    found = [
        PainPoint(
            touchpoint=name,
            mentions=round(tally.mentions),
            blamed=round(tally.blamed),
            praised=round(tally.praised),
            share=share,
            change=change(share_of_mentions(before.get(name, Tally()).blamed, whole_before), share),
            effect_on_nps=effect(whole, tally, nps, error),
            effect_on_csat=effect(whole, tally, csat, error),
        )
        for name, tally in by_touchpoint.items()
        if name and tally.blamed >= FEWEST and (share := share_of_mentions(tally.blamed, whole))
    ]
    return sorted(found, key=lambda point: (-point.cost, -point.blamed, point.touchpoint))


def pain_points(conn: Connection, brand: Brand, period: Period) -> list[PainPoint]:
    """The pain points of a brand against the period before, from the rollups."""
    before = period.before()
    return find(
        rollups.read(conn, brand.id, period.start, period.end),
        rollups.by_touchpoint(conn, brand.id, period.start, period.end),
        rollups.read(conn, brand.id, before.start, before.end),
        rollups.by_touchpoint(conn, brand.id, before.start, before.end),
        model_error(conn, brand.id),
    )


def quotes_of(conn: Connection, brand: Brand, period: Period, touchpoint: str) -> dict[str, list[dict[str, Any]]]:
    """The surest distinct complaints about a touchpoint by language, masked."""
    return distinct(opinions.quotes(conn, brand.id, period.start, period.end, touchpoint, limit=QUOTES_READ))


def priorities(points: list[PainPoint], wanted: int = PRIORITIES) -> list[dict[str, Any]]:
    """What to do first: the costliest pain points, with the reason's key and the figures that prove it."""
    worth = [point for point in points if point.cost > 0 or point.reason != "blamed"] or points
    return [
        {"rank": rank, "reason": point.reason, "cost": round(point.cost, 1), **point.to_json()}
        for rank, point in enumerate(worth[:wanted], start=1)
    ]


def share_of_mentions(blamed: float, whole: Tally) -> Figure | None:
    """100·blamed/all mentions as the model reads them; None with too few mentions."""
    n = whole.mentions
    if n < FEWEST:
        return None
    return figure(
        100 * blamed / n,
        wilson(blamed, n).scaled(100),
        observed=0.0,
        inferred=n,
        systematic=0.0,
        lowest=0.0,
        highest=100.0,
    )
