"""A report's document made readable: one HTML file, pictures inside, for a phone, a mail client or a printer."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from service import charts, words

CHARTED_TOUCHPOINTS = 8


def render_html(document: Mapping[str, Any], language: str, *, zone: str = "UTC") -> str:
    """The HTML of a weekly report's document (see `reputation.weekly.weekly_report`) in French or English.

    Self-contained: styles are inline and charts are PNG data addresses, so that nothing is fetched on opening.
    """
    made = words.environment(language, zone)
    name = made.filters["name"]
    pictures = {"moods": _moods(document, name), "touchpoints": _touchpoints(document, name)}
    return made.get_template("report.html").render(report=document, pictures=pictures)


def _moods(document: Mapping[str, Any], name: Any) -> str | None:
    days = document["daily"]
    if not any(day["mentions"] for day in days):
        return None
    titles = {mood: name(mood) for mood in charts.COLOURS}
    return charts.data_uri(charts.png(charts.moods(days, titles, width=600, height=180)))


def _touchpoints(document: Mapping[str, Any], name: Any) -> str | None:
    rows = [
        {"name": name(point["touchpoint"]), "blamed": point["blamed"], "praised": point["praised"]}
        for point in document["pain_points"][:CHARTED_TOUCHPOINTS]
    ]
    if not rows:
        return None
    titles = {mood: name(mood) for mood in charts.COLOURS}
    return charts.data_uri(charts.png(charts.touchpoints(rows, titles, width=400)))
