"""What the overview page of a brand shows. All figures come from scorecards; nothing is worked out here."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from datetime import datetime
from typing import Any
from urllib.parse import urlsplit

from markupsafe import Markup
from sqlalchemy import Connection

from nlp.masking import mask
from reputation import pain_points, scorecards
from reputation.complaints import complaints
from reputation.effects import touchpoint_figures
from reputation.periods import Period
from service import charts, words
from service.messages import alert_text
from storage import alerts, mentions, reports, rollups
from storage.brands import Brand
from storage.health import SourceHealth
from storage.health import health as all_healths
from storage.mentions import MentionView
from storage.tally import Tally

Name = Callable[[str], str]

PERIODS: tuple[int, ...] = (7, 30, 90, 365)
"""Lengths of period that the page offers, in days."""
LATEST = 20
SHOWN = 5
_NONE = Tally()
TEXT_SHOWN = 600


def overview(conn: Connection, brand: Brand, days: int, now: datetime, language: str) -> dict[str, Any]:
    """Everything the page of `brand` shows of the last `days` days, as the template names it.

    Numbers stay numbers; `language` is the reader's, for words inside charts and alerts.
    """
    name = words.environment(language).filters["name"]
    period = Period.last_days(days, now)
    card = scorecards.scorecard(conn, brand, period)
    return {
        "brand": brand.name,
        "days": days,
        "periods": PERIODS,
        "card": card.to_json(),
        "step": charts.step_of(days),
        "moods": _moods(conn, brand, period, name) if card.mentions else None,
        "touchpoints": _touchpoints(conn, brand, period, card, name),
        "pains": _pains(conn, brand, period, language),
        "alerts": [_alert(alert, language) for alert in alerts.list_alerts(conn, brand.id, limit=SHOWN)],
        "reports": reports.list_reports(conn, brand.id)[:5],
        "latest": [_mention(view) for view in mentions.latest(conn, brand.id, limit=LATEST)],
        "sources": _sources(conn, brand, period, now),
    }


def _moods(conn: Connection, brand: Brand, period: Period, name: Name) -> Markup:
    by_day = rollups.by_day(conn, brand.id, period.start, period.end)
    days = [
        {
            "day": day.isoformat(),
            **{mood: getattr(by_day.get(day, _NONE), f"p_{mood}") for mood in charts.COLOURS},
        }
        for day in period.each_day()
    ]
    titles = {mood: name(mood) for mood in charts.COLOURS}
    # The chart's own words are ours, and vl-convert escapes the names in it.
    return Markup(charts.svg(charts.moods(days, titles, width=560, height=190)))  # noqa: S704


def _touchpoints(
    conn: Connection, brand: Brand, period: Period, card: scorecards.Scorecard, name: Name
) -> Markup | None:
    tallies = rollups.by_touchpoint(conn, brand.id, period.start, period.end)
    rows = [
        {"name": name(found.touchpoint), "blamed": found.negative, "praised": found.positive}
        for found in touchpoint_figures(card.tally, tallies)
        if found.negative or found.positive
    ]
    titles = {mood: name(mood) for mood in charts.COLOURS}
    if not rows:
        return None
    return Markup(charts.svg(charts.touchpoints(rows, titles, width=300)))  # noqa: S704


def _pains(conn: Connection, brand: Brand, period: Period, language: str) -> list[dict[str, Any]]:
    """The worst pain points, with quotes in the reader's language first."""
    shown = []
    complained_of = complaints(conn, brand, period)
    for point in pain_points.pain_points(conn, brand, period)[:SHOWN]:
        spoken = pain_points.quotes_of(conn, brand, period, point.touchpoint)
        ordered = sorted(spoken.items(), key=lambda pair: pair[0] != language)
        quotes = [{**quote, "language": code} for code, said in ordered for quote in said]
        shown.append(point.to_json() | {"quotes": quotes[:2]} | complained_of[point.touchpoint].to_json())
    return shown


def _alert(alert: alerts.Alert, language: str) -> dict[str, Any]:
    told = {"rule": alert.rule, "brand": alert.brand, "severity": alert.severity, "detail": alert.detail}
    title, lines = alert_text(told, language)
    return {"title": title, "lines": lines, "rule": alert.rule, "severity": alert.severity, "at": alert.raised_at}


def _mention(view: MentionView) -> dict[str, Any]:
    annotation = view.annotation
    text = mask(view.text)
    return {
        "id": view.id,
        "title": mask(view.title) if view.title else None,
        "text": text if len(text) <= TEXT_SHOWN else text[:TEXT_SHOWN].rsplit(" ", 1)[0] + " …",
        "language": view.language,
        "stars": 1 + 4 * view.rating.normalised if view.rating else None,
        "mood": annotation.sentiment.label if annotation and annotation.sentiment else None,
        "touchpoints": annotation.touchpoints if annotation else (),
        "source": view.source,
        "at": view.moment,
        "copies": view.copies,
        "href": view.url if view.url and urlsplit(view.url).scheme in ("http", "https") else None,
        "replied": view.owner_reply is not None,
    }


def _sources(conn: Connection, brand: Brand, period: Period, now: datetime) -> list[dict[str, Any]]:
    healths = {health.state.id: health for health in all_healths(conn, now)}
    cards = {card.slice.source_id: card for card in scorecards.by_source(conn, brand, period)}
    return [
        _source(healths[count.source_id], cards.get(count.source_id))
        for count in mentions.counts_by_source(conn, brand.id)
    ]


def _source(health: SourceHealth, card: scorecards.Scorecard | None) -> dict[str, Any]:
    shown: Mapping[str, Any] = card.to_json() if card else {}
    # A finished import is "not configured", and as well as can be.
    state = "ok" if health.standing in ("well", "not configured") else health.standing.replace(" ", "-")
    return {
        "name": health.state.name,
        "kind": health.state.kind,
        "state": state,
        "problem": health.state.problem if health.failing else None,
        "mentions": shown.get("mentions", 0),
        "score": shown.get("score"),
        "nps": shown["indicators"]["nps"] if shown else None,
        "last_success": health.state.last_success_at,
    }
