"""The weekly report as a document without words: figures, keys and quotes, from which templates make prose."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import Connection

from reputation import pain_points
from reputation.complaints import complaints
from reputation.customers import figures
from reputation.figures import CAUTIOUS, SystematicError
from reputation.indicators import csat, net_sentiment, rating
from reputation.periods import Period, last_complete_week
from reputation.quotes import shown, telling
from reputation.score import DEFAULT_WEIGHTS
from reputation.scorecards import (
    Scorecard,
    by_source,
    daily_series,
    model_error,
    scorecard,
    share_of_voice,
)
from storage import annotations as opinions
from storage import brands, customers, mentions, questions, rollups, sources
from storage.brands import Brand
from storage.health import health

MENTIONS_READ = 2_000
"""Mentions among which the quotes are chosen, the newest of the week first."""
QUOTES = 5
PERIODS_COUNTED = 3
"""Periods of counted customers that are shown."""
CHARTED_DAYS = 28
"""Days that the chart shows: the week, and the three before it to see it against."""


def weekly_report(
    conn: Connection,
    brand: Brand,
    week: str | None,
    now: datetime,
    *,
    weights: Mapping[str, float] = DEFAULT_WEIGHTS,
) -> dict[str, Any]:
    """The report of an ISO week such as "2026-W46"; the last complete one before `now` when None.

    Language-neutral plain JSON. Raises ValueError where the week does not exist or has not begun.
    """
    week = week or last_complete_week(now)
    period = Period.of_week(week)
    if period.start > now.date():
        raise ValueError(f"week {week} has not begun; the last complete one is {last_complete_week(now)}")
    error = model_error(conn, brand.id)
    card = scorecard(conn, brand, period, weights=weights)
    points = pain_points.pain_points(conn, brand, period)
    complained_of = complaints(conn, brand, period)
    return {
        "kind": "weekly",
        "brand": brand.name,
        "week": week,
        "complete": period.end < now.date(),
        "scorecard": card.to_json(),
        "daily": daily_series(conn, brand, Period(period.end - timedelta(CHARTED_DAYS - 1), period.end)),
        "by_source": _by_source(conn, brand, period, weights),
        "by_language": _by_language(conn, brand, period, error),
        "share_of_voice": _voices(conn, brand, period),
        "pain_points": [
            point.to_json()
            | {"quotes": pain_points.quotes_of(conn, brand, period, point.touchpoint)}
            | complained_of[point.touchpoint].to_json()
            for point in points
        ],
        "priorities": pain_points.priorities(points),
        "quotes": _quotes(conn, brand, period),
        "coverage": _coverage(conn, brand, period, now),
        "survey_questions": _survey_questions(conn, brand),
        "customers": _customers(conn, brand, period),
        "accuracy": _accuracy(conn, card, error),
    }


def _survey_questions(conn: Connection, brand: Brand) -> list[dict[str, Any]]:
    """What surveys asked, with the scale of each question and which end of it is good (METRICS, CES)."""
    return [
        {
            "source": kept.source,
            "asked": kept.question.asked,
            "question": kept.question.question.value,
            "worst": kept.question.worst,
            "best": kept.question.best,
        }
        for kept in questions.kept(conn, brand.id)
    ]


def _customers(conn: Connection, brand: Brand, period: Period) -> list[dict[str, Any]]:
    """Retention, churn and lifetime value of the last periods that were counted to their end, oldest first."""
    counted = customers.counts(conn, brand.id, end=period.end)
    return [figures(one).to_json() for one in counted[-PERIODS_COUNTED:]]


def _by_source(
    conn: Connection, brand: Brand, period: Period, weights: Mapping[str, float]
) -> list[dict[str, Any]]:
    names = {state.id: state for state in sources.states(conn)}
    rows = []
    for card in by_source(conn, brand, period, weights=weights):
        state = names[card.slice.source_id or 0]
        rows.append({"source": state.name, "source_kind": state.kind, "scorecard": card.to_json()})
    return rows


def _by_language(conn: Connection, brand: Brand, period: Period, error: SystematicError) -> list[dict[str, Any]]:
    """The languages, the most spoken first; "" is an unknown one."""
    found = rollups.by_language(conn, brand.id, period.start, period.end)
    return [
        {
            "language": language,
            "mentions": round(tally.mentions),
            "copies": round(tally.copies),
            **{
                name: figure.to_json(digits) if figure else None
                for name, digits, figure in (
                    ("rating", 2, rating(tally, error)),
                    ("csat", 1, csat(tally, error)),
                    ("net_sentiment", 1, net_sentiment(tally, error)),
                )
            },
        }
        for language, tally in sorted(found.items(), key=lambda pair: (-pair[1].mentions, pair[0]))
    ]


def _voices(conn: Connection, brand: Brand, period: Period) -> list[dict[str, Any]]:
    """The brand among its competitors, as far as these are listened to; empty without any."""
    rivals = [brands.find(conn, name) for name in brand.settings.get("competitors", [])]
    known = [brand, *(rival for rival in rivals if rival and rival.id != brand.id)]
    if len(known) == 1:
        return []
    tallies = {each.name: rollups.read(conn, each.id, period.start, period.end) for each in known}
    return [voice.to_json() for voice in share_of_voice(tallies)]


def _quotes(conn: Connection, brand: Brand, period: Period) -> list[dict[str, Any]]:
    found = mentions.latest(conn, brand.id, start=period.start, end=period.end, limit=MENTIONS_READ)
    return [shown(mention) for mention in telling(found, QUOTES)]


def _coverage(conn: Connection, brand: Brand, period: Period, now: datetime) -> list[dict[str, Any]]:
    """Every source that ever spoke of the brand: a silent one must be seen to be silent."""
    healths = {one.state.id: one for one in health(conn, now)}
    in_week = rollups.by_source(conn, brand.id, period.start, period.end)
    rows = []
    for known in mentions.counts_by_source(conn, brand.id, end=period.end):
        tally, state = in_week.get(known.source_id), healths[known.source_id]
        rows.append(
            {
                "source": known.source,
                "source_kind": known.source_kind,
                "mentions": round(tally.mentions) if tally else 0,
                "copies": round(tally.copies) if tally else 0,
                "rated_share": round(100 * tally.rated / tally.mentions, 1) if tally and tally.mentions else None,
                "last_day": known.last_day.isoformat(),
                "usual_per_day": round(state.usual_per_day, 2),
                "quiet": state.quiet,
                "problem": state.state.problem if state.failing else None,
            }
        )
    return rows


def _accuracy(conn: Connection, card: Scorecard, error: SystematicError) -> dict[str, Any]:
    """What made the figures: the model, how far it may be off, and whether that was measured or assumed."""
    model = opinions.current_model(conn)
    measured = (model.card.get("systematic_error") or {}) if model else {}
    return {
        "model": model.name if model else None,
        "mentions": card.mentions,
        "rated": round(card.tally.rated),
        "systematic_error": {
            name: {"value": getattr(error, name), "measured": measured.get(name) is not None} for name in CAUTIOUS
        },
    }
