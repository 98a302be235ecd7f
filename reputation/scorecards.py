"""Scorecards: the figures of one brand, period and slice, which everything that shows figures reads.

The page, the report, the API and the alerts agree to the digit because none of them works out a figure of its
own. `work_out` is pure; `scorecard` reads what it needs from the rollups.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import date, timedelta
from typing import Any

from sqlalchemy import Connection

from reputation.change import Change, change
from reputation.figures import Figure, SystematicError
from reputation.indicators import DIGITS, FEWEST, UNKNOWN, indicators, net_sentiment, rating
from reputation.periods import Period
from reputation.score import DEFAULT_WEIGHTS, Score, freshness, score
from storage import annotations as opinions
from storage import brands, calibrations, rollups
from storage.brands import Brand
from storage.tally import Tally

ROLLING_DAYS = 7
"""Days behind each point of the trend: a whole week, so that weekends do not show as waves."""


@dataclass(frozen=True, slots=True)
class Slice:
    """A part of a brand's mentions; None and "" mean all. `segment` is a name and its value."""

    source_id: int | None = None
    language: str | None = None
    touchpoint: str = ""
    segment: tuple[str, str] | None = None

    def to_json(self) -> dict[str, Any]:
        """Source number, language, touchpoint and segment, null for all."""
        return {
            "source": self.source_id,
            "language": self.language,
            "touchpoint": self.touchpoint or None,
            "segment": dict([self.segment]) if self.segment else None,
        }


EVERYTHING = Slice()


@dataclass(frozen=True, slots=True)
class Indicator:
    """A figure, and its change against the period before; None where nothing was answered."""

    figure: Figure | None
    change: Change | None

    def to_json(self, digits: int = 1) -> dict[str, Any] | None:
        """The figure's fields with `change` beside them, or null."""
        if self.figure is None:
            return None
        return self.figure.to_json(digits) | {"change": self.change.to_json(digits) if self.change else None}


@dataclass(frozen=True, slots=True)
class Scorecard:
    """The figures of one brand in one period and slice, against the period of the same length before it.

    `mentions` counts opinions, near-duplicates folded; `copies` counts them all.
    """

    brand: str
    period: Period
    slice: Slice
    tally: Tally
    before: Tally
    indicators: Mapping[str, Indicator]
    score: Score | None
    score_change: Change | None

    @property
    def mentions(self) -> int:
        """Opinions, near-duplicates folded."""
        return round(self.tally.mentions)

    def to_json(self) -> dict[str, Any]:
        """The whole card as plain JSON."""
        return {
            "brand": self.brand,
            "period": {
                "start": self.period.start.isoformat(),
                "end": self.period.end.isoformat(),
                "days": self.period.days,
            },
            "slice": self.slice.to_json(),
            "mentions": self.mentions,
            "mentions_before": round(self.before.mentions),
            "copies": round(self.tally.copies),
            "reach": round(self.tally.reach),
            "replied": round(self.tally.replied),
            "score": self._score_json(),
            "indicators": {name: i.to_json(DIGITS.get(name, 1)) for name, i in self.indicators.items()},
        }

    def _score_json(self) -> dict[str, Any] | None:
        if self.score is None:
            return None
        return self.score.to_json() | {"change": self.score_change.to_json(2) if self.score_change else None}


def work_out(
    brand: str,
    period: Period,
    by_day: Mapping[date, Tally],
    *,
    answerable: tuple[float, float] | None = None,
    error: SystematicError = UNKNOWN,
    weights: Mapping[str, float] = DEFAULT_WEIGHTS,
    part: Slice = EVERYTHING,
) -> Scorecard:
    """A scorecard from tallies by day, which reach back over the period before; other days are left out.

    `answerable` is how many mentions of the period, and of the one before, stand where replies can be seen.
    """
    days, days_before = _within(by_day, period), _within(by_day, period.before())
    tally, before = add_up(days), add_up(days_before)
    figures, figures_before = indicators(tally, error), indicators(before, error)
    new, old = (
        score(
            whole,
            days=period.days,
            freshness=freshness(_mentions(of), last),
            answerable=asked,
            error=error,
            weights=weights,
        )
        for whole, of, last, asked in (
            (tally, days, period.end, answerable and answerable[0]),
            (before, days_before, period.before().end, answerable and answerable[1]),
        )
    )
    return Scorecard(
        brand=brand,
        period=period,
        slice=part,
        tally=tally,
        before=before,
        indicators={
            name: Indicator(figure, change(figures_before[name], figure)) for name, figure in figures.items()
        },
        score=new,
        score_change=change(old.figure if old else None, new.figure if new else None),
    )


def scorecard(
    conn: Connection,
    brand: Brand,
    period: Period,
    *,
    part: Slice = EVERYTHING,
    weights: Mapping[str, float] = DEFAULT_WEIGHTS,
) -> Scorecard:
    """The scorecard of a brand, from the rollups: at most one row for each day, source, language.

    A segment is counted from the mentions themselves, which costs their number.
    """
    counted = _by_source_and_day(conn, brand, period, part)
    seen = {source for (source, _), tally in counted.items() if tally.replied}
    by_day: dict[date, Tally] = {}
    asked = {True: 0.0, False: 0.0}
    for (source, day), tally in counted.items():
        by_day[day] = by_day.get(day, _NONE) + tally
        asked[day >= period.start] += tally.mentions if source in seen else 0.0
    return work_out(
        brand.name,
        period,
        by_day,
        answerable=(asked[True], asked[False]),
        error=model_error(conn, brand.id),
        weights=weights,
        part=part,
    )


def _by_source_and_day(
    conn: Connection, brand: Brand, period: Period, part: Slice
) -> dict[tuple[int, date], Tally]:
    """The tallies of the slice over the period and the one before, by source and day."""
    start, end = period.before().start, period.end
    if part.segment is None:
        return rollups.by_source_and_day(
            conn,
            brand.id,
            start,
            end,
            source_id=part.source_id,
            language=part.language,
            touchpoint=part.touchpoint,
        )
    found: dict[tuple[int, date], Tally] = {}
    counted = rollups.of_segment(conn, brand.id, start, end, part.segment)
    for (source, day, language, touchpoint), tally in sorted(counted.items()):
        wanted = part.source_id in (None, source) and part.language in (None, language)
        if wanted and touchpoint == part.touchpoint:
            found[source, day] = found.get((source, day), _NONE) + tally
    return found


def by_source(
    conn: Connection, brand: Brand, period: Period, *, weights: Mapping[str, float] = DEFAULT_WEIGHTS
) -> list[Scorecard]:
    """Each source scored by itself, the one with most mentions first (then the oldest source).

    Ratings are biased differently from site to site: look at these before the pooled card.
    """
    cards = [
        scorecard(conn, brand, period, part=Slice(source_id=source), weights=weights)
        for source in rollups.by_source(conn, brand.id, period.start, period.end)
    ]
    return sorted(cards, key=lambda card: (-card.mentions, card.slice.source_id or 0))


def model_error(conn: Connection, brand_id: int) -> SystematicError:
    """How the current model is off for a brand: by the model's card, and by what the brand's answers taught."""
    of_model = usual_error(conn, brand_id)
    return of_model.learned({one.figure: (one.shift, one.doubt) for one in calibrations.of(conn, brand_id)})


def usual_error(conn: Connection, brand_id: int) -> SystematicError:
    """How the current model is off by its card alone, for a brand that counts as satisfied what it does."""
    model = opinions.current_model(conn)
    if model is None:
        return UNKNOWN
    return SystematicError.from_card(
        model.card.get("systematic_error"),
        model.card.get("quantification"),
        satisfied_from=brands.satisfied_from(conn, brand_id),
    )


def daily(by_day: Mapping[date, Tally], period: Period, error: SystematicError = UNKNOWN) -> list[dict[str, Any]]:
    """One row for each day of the period, days without mentions included.

    `negative`, `neutral` and `positive` are sums of probabilities. `rating` and `net_sentiment` are those of
    the `ROLLING_DAYS` days up to that day ({value, low, high, observed, inferred} or null); `by_day` has to
    reach that far back for the first points to be whole.
    """
    return [
        {
            "day": day.isoformat(),
            "mentions": round(by_day[day].mentions) if day in by_day else 0,
            "copies": round(by_day[day].copies) if day in by_day else 0,
            **{mood: round(getattr(by_day.get(day, _NONE), f"p_{mood}"), 3) for mood in _MOODS},
            "rating": _rolling(by_day, day, rating, error, DIGITS["rating"]),
            "net_sentiment": _rolling(by_day, day, net_sentiment, error, 1),
        }
        for day in period.each_day()
    ]


def daily_series(
    conn: Connection, brand: Brand, period: Period, *, part: Slice = EVERYTHING
) -> list[dict[str, Any]]:
    """`daily` of a brand, from the rollups."""
    by_day = rollups.by_day(
        conn,
        brand.id,
        period.start - timedelta(ROLLING_DAYS - 1),
        period.end,
        source_id=part.source_id,
        language=part.language,
        touchpoint=part.touchpoint,
    )
    return daily(by_day, period, model_error(conn, brand.id))


@dataclass(frozen=True, slots=True)
class Voice:
    """A brand's part of what is said of it and its competitors, in percent: of opinions, and of all copies."""

    brand: str
    mentions: int
    copies: int
    share: float
    share_of_copies: float

    def to_json(self) -> dict[str, Any]:
        """Both counts and both shares."""
        return {
            "brand": self.brand,
            "mentions": self.mentions,
            "copies": self.copies,
            "share": round(self.share, 1),
            "share_of_copies": round(self.share_of_copies, 1),
        }


def share_of_voice(tallies: Mapping[str, Tally]) -> list[Voice]:
    """The share of voice of each brand among those given, the loudest first; empty when nobody said anything."""
    mentions = sum(tally.mentions for tally in tallies.values())
    copies = sum(tally.copies for tally in tallies.values())
    if mentions < FEWEST:
        return []
    voices = [
        Voice(
            brand=name,
            mentions=round(tally.mentions),
            copies=round(tally.copies),
            share=100 * tally.mentions / mentions,
            share_of_copies=100 * tally.copies / copies if copies else 0.0,
        )
        for name, tally in tallies.items()
    ]
    return sorted(voices, key=lambda voice: (-voice.mentions, voice.brand))


def add_up(by_day: Mapping[date, Tally]) -> Tally:
    """The tally of all days, added in their order, so that the same days give the same sum to the last bit."""
    total = Tally()
    for day in sorted(by_day):
        total += by_day[day]
    return total


_NONE = Tally()
_MOODS = ("negative", "neutral", "positive")


def _within(by_day: Mapping[date, Tally], period: Period) -> dict[date, Tally]:
    return {day: tally for day, tally in by_day.items() if period.start <= day <= period.end}


def _mentions(by_day: Mapping[date, Tally]) -> dict[date, float]:
    return {day: tally.mentions for day, tally in by_day.items()}


def _rolling(
    by_day: Mapping[date, Tally],
    day: date,
    formula: Callable[[Tally, SystematicError], Figure | None],
    error: SystematicError,
    digits: int,
) -> dict[str, Any] | None:
    window = Period(day - timedelta(ROLLING_DAYS - 1), day)
    found = formula(add_up(_within(by_day, window)), error)
    return found.to_json(digits) if found else None
