"""Erasing what an author wrote, everywhere it is kept, for good."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime

from sqlalchemy import Connection, delete, select, update

from storage import audit, complaints, dirty, overruling
from storage.database import in_chunks
from storage.tables import (
    Alert,
    AnnotationRow,
    Mention,
    Outgoing,
    RawAnswer,
    Revision,
    TouchpointOpinionRow,
)

ERASED = "[erased]"
"""What is shown in place of the text of an alert."""
_SHOWN = ("name", "brand", "reasons")
_SHOWN_OF_MENTION = ("source", "source_kind", "date")


def forget_author(conn: Connection, author_key: str, now: datetime, *, actor: str) -> int:
    """Erase all texts of the author with that pseudonym; returns from how many mentions.

    The mentions stay as empty tombstones, so that the same posts fetched again are not stored anew. Their
    older wordings, annotations, corrections and quotes go, with them complaints (whose labels are people's words)
    that too few are left to share; the alerts on them lose their messages and keep of their words no more than
    that there was something negative, where and when (`ERASED` stands for the text).
    The raw answers of their sources go altogether, since these cannot be told apart by author. Days are marked
    to be counted again. Frozen reports are not searched. Noted in the audit log by number, without the pseudonym.
    """
    query = select(Mention.id, Mention.source_id).where(
        Mention.author_key == author_key, Mention.erased_at.is_(None)
    )
    found = conn.execute(query).all()
    for rows in in_chunks(found):
        _erase(conn, [row.id for row in rows], now)
    sources = sorted({row.source_id for row in found})
    conn.execute(delete(RawAnswer).where(RawAnswer.source_id.in_(sources)))
    audit.record(conn, actor, "forget author", {"mentions": [row.id for row in found]}, now)
    return len(found)


def _erase(conn: Connection, ids: Sequence[int], now: datetime) -> None:
    dirty.dissolve(conn, ids)
    complained_of = complaints.about(conn, ids)
    for table in (Revision, AnnotationRow, TouchpointOpinionRow):
        conn.execute(delete(table).where(table.mention_id.in_(ids)))
    complaints.drop_unshared(conn, complained_of)
    overruling.erase(conn, ids)
    alerts = select(Alert.id).where(Alert.mention_id.in_(ids))
    conn.execute(delete(Outgoing).where(Outgoing.alert_id.in_(alerts)))
    _blank(conn, ids)
    conn.execute(
        update(Mention)
        .where(Mention.id.in_(ids))
        .values(
            deleted_at=now,
            erased_at=now,
            content_hash=b"",
            state_hash=b"",
            title=None,
            text="",
            has_text=False,
            rating=None,
            answers=None,
            url=None,
            author_key=None,
            author_name=None,
            reply_text=None,
            segments={},
        )
    )


def _blank(conn: Connection, mention_ids: Sequence[int]) -> None:
    """Leave of the alerts on these mentions what can still be shown, and nothing that the author wrote."""
    query = select(Alert.id, Alert.detail).where(Alert.mention_id.in_(mention_ids))
    for id_, detail in conn.execute(query).all():
        kept = {key: detail[key] for key in _SHOWN if key in detail}
        mention = detail.get("mention") or {}
        shown = {key: mention[key] for key in _SHOWN_OF_MENTION if key in mention}
        kept["mention"] = {**shown, "text": ERASED}
        conn.execute(update(Alert).where(Alert.id == id_).values(title=ERASED, detail=kept))
