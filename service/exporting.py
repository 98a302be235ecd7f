"""Reads mentions out for people and programs: masked, and noted in the audit log."""

from __future__ import annotations

import getpass
from collections.abc import Iterator
from datetime import date, timedelta
from typing import Any

from nlp.masking import mask
from service.workspace import Workspace
from storage import audit, mentions
from storage.brands import Brand
from storage.mentions import MentionView

COLUMNS = (
    "id", "source", "kind", "published_at", "language", "title", "text", "rating", "rating_worst", "rating_best",
    "rating_question", "answers",
    "url", "author", "reach", "copies", "owner_reply", "sentiment", "negative", "neutral", "positive", "stars",
    "detractor", "passive", "promoter", "churn_intent", "touchpoints", "segments",
)  # fmt: skip
"""What is exported of a mention, in this order."""
_WINDOW = timedelta(days=30)


def export(
    ws: Workspace, brand: Brand | None = None, *, start: date | None = None, end: date | None = None
) -> Iterator[dict[str, Any]]:
    """The mentions (of a brand), newest first, each near-duplicate by itself, from `start` to `end` included.

    It is noted at once that they are read out, whether or not the caller then reads to the end.
    """
    with ws.database.begin() as conn:
        detail = {
            "what": "mentions",
            "brand": brand.name if brand else None,
            "from": _iso(start),
            "to": _iso(end),
        }
        audit.record(conn, getpass.getuser(), "export", detail, ws.clock.now())
    return _rows(ws, brand, start, end)


def _rows(ws: Workspace, brand: Brand | None, start: date | None, end: date | None) -> Iterator[dict[str, Any]]:
    with ws.database.read() as conn:
        brand_id = brand.id if brand else None
        left = mentions.count(conn, brand_id)
        earliest = start or date.min
        last = end or ws.clock.now().date() + mentions.FUTURE
        window = _WINDOW
        # By windows of days, so that memory does not grow with the number of mentions.
        while left > 0 and last >= earliest:
            first = last - min(window, last - earliest)
            found = mentions.latest(conn, brand_id, start=first, end=last, fold=False, limit=left)
            yield from (_row(ws, mention) for mention in found)
            left -= len(found)
            if first == earliest:
                break
            last = first - timedelta(days=1)
            window = _WINDOW if found else window * 2


def _row(ws: Workspace, mention: MentionView) -> dict[str, Any]:
    hide = mask if ws.config.privacy.mask else str
    said = mention.annotation.to_json() if mention.annotation else {}
    sentiment, recommendation = said.get("sentiment") or {}, said.get("recommendation") or {}
    rating, reply = mention.rating, mention.owner_reply
    return {
        "id": f"{mention.source}/{mention.external_id}",
        "source": mention.source,
        "kind": str(mention.kind),
        "published_at": mention.moment.isoformat() if mention.dated else None,
        "language": mention.language,
        "title": hide(mention.title) if mention.title else None,
        "text": hide(mention.text),
        "rating": rating.value if rating else None,
        "rating_worst": rating.worst if rating else None,
        "rating_best": rating.best if rating else None,
        "rating_question": rating.question.value if rating else None,
        "answers": [
            {"question": one.question.value, "value": one.value, "worst": one.worst, "best": one.best}
            for one in mention.answers
        ],
        "url": mention.url,
        "author": mention.author_name or mention.author_key,
        "reach": mention.reach,
        "copies": mention.copies,
        "owner_reply": hide(reply.text) if reply else None,
        "sentiment": sentiment.get("label"),
        **{mood: sentiment.get(mood) for mood in ("negative", "neutral", "positive")},
        "stars": (said.get("stars") or {}).get("expected"),
        **{group: recommendation.get(group) for group in ("detractor", "passive", "promoter")},
        "churn_intent": said.get("churn_intent"),
        "touchpoints": [{**opinion, "quote": hide(opinion["quote"])} for opinion in said.get("touchpoints", ())],
        "segments": mention.segments,
    }


def _iso(day: date | None) -> str | None:
    return day.isoformat() if day else None
