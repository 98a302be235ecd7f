"""Mentions as plain records to take elsewhere, with personal numbers and addresses masked."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date
from typing import Any

from sqlalchemy import Connection

from nlp.masking import mask
from storage.mentions import MentionView, walk


def export(
    conn: Connection, brand_id: int | None = None, *, start: date | None = None, end: date | None = None
) -> Iterator[dict[str, Any]]:
    """The mentions (of a brand, from day `start` to day `end`, both included) as JSON records, in a fixed order.

    Titles, texts, replies and quotes are masked. Note the export in the audit log.
    """
    for view in walk(conn, brand_id, start=start, end=end):
        yield _record(view)


def _record(view: MentionView) -> dict[str, Any]:
    rating, reply = view.rating, view.owner_reply
    annotation = view.annotation.to_json() if view.annotation else None
    for opinion in annotation["touchpoints"] if annotation else ():
        opinion["quote"] = mask(opinion["quote"])
    return {
        "id": view.id,
        "source": view.source,
        "source_kind": view.source_kind,
        "external_id": view.external_id,
        "kind": view.kind.value,
        "published_at": view.moment.isoformat() if view.dated else None,
        "first_seen_at": view.first_seen_at.isoformat(),
        "url": view.url,
        "author": view.author_name or view.author_key,
        "language": view.language,
        "title": mask(view.title) if view.title else None,
        "text": mask(view.text),
        "rating": (
            {"value": rating.value, "worst": rating.worst, "best": rating.best, "question": rating.question.value}
            if rating
            else None
        ),
        "owner_reply": mask(reply.text) if reply else None,
        "reach": view.reach,
        "copies": view.copies,
        "segments": view.segments,
        "annotation": annotation,
    }
