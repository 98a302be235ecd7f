"""The page that says how far the model can be trusted: measured on the user's own texts, and by its card."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any

from fastapi import APIRouter
from fastapi.responses import HTMLResponse
from markupsafe import Markup

from nlp import model_card
from nlp.correction import FIELDS
from service import charts, evaluating, words
from service.web.request import Reader, leading
from service.workspace import Workspace
from storage import brands, evaluations

router = APIRouter(default_response_class=HTMLResponse)

GROUPED = ("polarity", "stars.exact", "sentiment.accuracy", "touchpoints.f1")
"""What is shown of each language and source."""
FEW = 30
"""Below so many texts a measure says little, and the page says so."""


@router.get("/accuracy")
def accuracy_page(reader: Reader) -> str:
    """What evaluations were kept, what the corrections made by hand say, and what the model's card measured."""
    ws = reader.ws
    with ws.database.read() as conn:
        known = leading(brands.all_brands(conn))
        kept = evaluations.newest(conn)
    corrected = evaluating.of_corrections(ws)
    shown = [_evaluation(one.name, one.measured_at, one.document, reader.language) for one in kept]
    if corrected["n"]:
        shown.insert(0, _evaluation("", None, corrected, reader.language))
    return reader.render(
        "accuracy.html",
        known,
        None,
        model=evaluating.version(ws.model),
        evaluations=shown,
        card=model_card.measured(_name(ws)),
        few=FEW,
    )


def _name(ws: Workspace) -> str | None:
    """Which model's card is shown: the configured one, as it was found."""
    return getattr(ws.model, "model", None)


def _evaluation(name: str, at: datetime | None, document: Mapping[str, Any], language: str) -> dict[str, Any]:
    overall = document["overall"]
    return {
        "name": name,
        "at": at,
        "n": document["n"],
        "kind": document["kind"],
        "model": document["model"],
        "measures": _measures(overall, evaluating.MEASURES),
        "confusions": [_confusion(overall[field], field) for field in ("sentiment", "stars") if overall[field]],
        "reliability": _reliability(overall, language),
        "groups": [
            {"kind": kind, "columns": columns, "rows": [_group(one, columns) for one in document[kind]]}
            for kind in ("languages", "sources")
            if (columns := _columns(document[kind])) and any(one["name"] for one in document[kind])
        ],
    }


def _measures(group: Mapping[str, Any], names: Sequence[str]) -> list[dict[str, Any]]:
    """Each measure that there is, in the unit it is shown in: per cent, or stars."""
    found = [(name, evaluating.measure(group, name)) for name in names]
    return [{"name": name, **_in_unit(name, measure)} for name, measure in found if measure]


def _in_unit(name: str, measure: Mapping[str, Any]) -> dict[str, Any]:
    error = name in evaluating.ERRORS
    scale = 1 if name == "stars.mae" else 100
    ends = {end: measure[end] * scale for end in ("value", "low", "high")}
    widest = 4 if name == "stars.mae" else 100
    bar = {end: round(100 * ends[end] / widest, 1) for end in ends}
    return {**ends, "n": measure["n"], "unit": "" if scale == 1 else "%", "bar": bar, "error": error}


def _columns(groups: Sequence[Mapping[str, Any]]) -> list[str]:
    return [name for name in GROUPED if any(evaluating.measure(group, name) for group in groups)]


def _group(group: Mapping[str, Any], columns: Sequence[str]) -> dict[str, Any]:
    measures = {name: evaluating.measure(group, name) for name in columns}
    cells = [_in_unit(name, found) if found else None for name, found in measures.items()]
    return {"name": group["name"], "n": group["n"], "cells": cells}


def _confusion(part: Mapping[str, Any], field: str) -> dict[str, Any]:
    """True values in rows, said ones in columns, with each cell's share of its row for the shade."""
    rows = [
        {
            "value": value,
            "cells": [{"n": n, "share": n / total if (total := sum(counts)) else 0.0} for n in counts],
        }
        for value, counts in zip(FIELDS[field], part["confusion"], strict=True)
    ]
    return {"field": field, "values": FIELDS[field], "rows": rows}


def _reliability(overall: Mapping[str, Any], language: str) -> Markup | None:
    """Confidence against how often it was right, for what the file tells of: stars, sentiment, or both."""
    name = words.environment(language).filters["name"]
    points = [
        {"of": name(field), "confidence": row["confidence"], "n": row["n"], **row["right"]}
        for field in ("sentiment", "stars")
        if overall[field]
        for row in overall[field]["reliability"]
    ]
    if not points:
        return None
    titles = {key: name(key) for key in ("confidence", "right")}
    return Markup(charts.svg(charts.reliability(points, titles)))  # noqa: S704  drawn from numbers and our words
