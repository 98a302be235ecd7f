"""Charts: one Altair specification each, drawn as SVG in a page and as PNG in a mail or report.

Colours tell negative from positive to colour-blind readers too (blue and vermilion, Okabe and Ito 2008).
"""

from __future__ import annotations

import base64
from collections.abc import Mapping, Sequence
from typing import Any

import altair as alt
import vl_convert

COLOURS = {"negative": "#d1582f", "neutral": "#c3cad1", "positive": "#2a7f9e"}
INK, QUIET = "#1b2430", "#66707c"

Drawing = alt.Chart | alt.LayerChart


def step_of(days: int) -> str:
    """What one bar of a chart over so many days stands for: "day", "week" or "month"."""
    return "day" if days <= 45 else "week" if days <= 400 else "month"


def moods(
    days: Sequence[Mapping[str, Any]], titles: Mapping[str, str], *, width: int = 680, height: int = 190
) -> Drawing:
    """Mentions as stacked bars by mood: a bar a day, in long periods a week or a month (`step_of`).

    Each day: day, and sums of probabilities negative, neutral, positive, so that they add up to mentions.
    `titles` names the moods in the reader's language.
    """
    unit, form = {
        "day": ("yearmonthdate", "%d/%m"),
        "week": ("yearweek", "%d/%m"),
        "month": ("yearmonth", "%m/%Y"),
    }[step_of(len(days))]
    rows = [
        {"day": day["day"], "mood": titles[mood], "order": order, "mentions": round(day[mood], 2)}
        for day in days
        for order, mood in enumerate(COLOURS)
    ]
    return _styled(
        alt.Chart(alt.InlineData(values=rows), width=width, height=height)
        .mark_bar()
        .encode(
            x=alt.X(f"{unit}(day):T", title=None, axis=alt.Axis(format=form, tickCount=8, grid=False)),
            # Vega puts ticks at halves of small counts whatever tickMinStep says: those bear no label.
            y=alt.Y(
                "sum(mentions):Q",
                title=None,
                axis=alt.Axis(tickCount=4, format="d", labelExpr="datum.value % 1 ? '' : datum.label"),
            ),
            color=alt.Color(
                "mood:N",
                title=None,
                sort=None,
                scale=alt.Scale(domain=[titles[m] for m in COLOURS], range=list(COLOURS.values())),
                legend=alt.Legend(orient="top", symbolType="square"),
            ),
            order=alt.Order("order:Q"),
        )
    )


def touchpoints(rows: Sequence[Mapping[str, Any]], titles: Mapping[str, str], *, width: int = 430) -> Drawing:
    """Blame to the left, praise to the right, a bar each. Each row: name, blamed, praised (mentions)."""
    values = [
        {"name": row["name"], "mood": titles[mood], "mentions": sign * row[field]}
        for row in rows
        for mood, field, sign in (("negative", "blamed", -1), ("positive", "praised", 1))
    ]
    order = [row["name"] for row in rows]
    return _styled(
        alt.Chart(alt.InlineData(values=values), width=width, height=alt.Step(24))
        .mark_bar(height=14)
        .encode(
            x=alt.X(
                "mentions:Q", title=None, axis=alt.Axis(format="d", labelExpr="abs(datum.value)", tickCount=5)
            ),
            y=alt.Y("name:N", sort=order, title=None, axis=alt.Axis(labelLimit=170)),
            color=alt.Color(
                "mood:N",
                title=None,
                scale=alt.Scale(
                    domain=[titles["negative"], titles["positive"]],
                    range=[COLOURS["negative"], COLOURS["positive"]],
                ),
                legend=alt.Legend(orient="top", symbolType="square"),
            ),
        )
    )


def reliability(points: Sequence[Mapping[str, Any]], titles: Mapping[str, str], *, size: int = 250) -> Drawing:
    """Confidence against how often it was right, with limits; on the dotted line a model keeps its word.

    Each point: of (what was told), confidence, value, low, high (all 0 to 1), n. `titles` names the two axes,
    confidence and right.
    """
    scale, names = alt.Scale(domain=[0, 1]), list(dict.fromkeys(point["of"] for point in points))
    axis = alt.Axis(format="%", values=[0, 0.25, 0.5, 0.75, 1])
    told = alt.Color(
        "of:N",
        title=None,
        scale=alt.Scale(domain=names, range=[COLOURS["positive"], COLOURS["negative"]][: len(names)]),
        legend=alt.Legend(orient="top", symbolType="circle"),
    )
    base = alt.Chart(alt.InlineData(values=[dict(point) for point in points]), width=size, height=size).encode(
        x=alt.X("confidence:Q", title=titles["confidence"], scale=scale, axis=axis), color=told
    )
    ends = alt.InlineData(values=[{"x": 0, "y": 0}, {"x": 1, "y": 1}])
    ideal = (
        alt.Chart(ends)
        .mark_line(color=QUIET, strokeDash=[3, 3], strokeWidth=1)
        .encode(x=alt.X("x:Q"), y=alt.Y("y:Q"))
    )
    limits = base.mark_rule(opacity=0.55, strokeWidth=2).encode(y=alt.Y("low:Q", axis=axis), y2=alt.Y2("high:Q"))
    dots = base.mark_circle(opacity=1).encode(
        y=alt.Y("value:Q", title=titles["right"], scale=scale, axis=axis),
        size=alt.Size("n:Q", legend=None, scale=alt.Scale(range=[30, 220])),
    )
    return _styled(ideal + limits + dots)


def _styled(chart: Drawing) -> Drawing:
    styled: Drawing = (
        chart.configure(background="white", font="DejaVu Sans, Helvetica, Arial, sans-serif")
        .configure_view(stroke=None)
        .configure_axis(
            labelColor=QUIET, domainColor="#d5dae0", tickColor="#d5dae0", gridColor="#eceff2", labelFontSize=11
        )
        .configure_legend(labelColor=INK, labelFontSize=12)
    )
    return styled


def svg(chart: Drawing) -> str:
    """The chart as SVG markup, for a page."""
    return str(vl_convert.vegalite_to_svg(chart.to_json()))


def png(chart: Drawing, *, scale: float = 2) -> bytes:
    """The chart as a PNG, `scale` pixels a point, for mails and reports."""
    return bytes(vl_convert.vegalite_to_png(chart.to_json(), scale=scale))


def data_uri(image: bytes) -> str:
    """A PNG inside a document: no file beside it, nothing fetched."""
    return "data:image/png;base64," + base64.b64encode(image).decode()
