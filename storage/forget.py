"""Erasing what an author wrote, everywhere it is kept, for good."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime

from sqlalchemy import Connection, delete, select, update

from storage import audit, dirty
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


def forget_author(conn: Connection, author_key: str, now: datetime, *, actor: str) -> int:
    """Erase all texts of the author with that pseudonym; returns from how many mentions.

    The mentions stay as empty tombstones, so that the same posts fetched again are not stored anew. Their
    older wordings, annotations and quotes go, the alerts on them lose their words and their messages. The raw
    answers of their sources go altogether, since these cannot be told apart by author. Days are marked to be
    counted again. Frozen reports are not searched. Noted in the audit log by number, without the pseudonym.
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
    for table in (Revision, AnnotationRow, TouchpointOpinionRow):
        conn.execute(delete(table).where(table.mention_id.in_(ids)))
    alerts = select(Alert.id).where(Alert.mention_id.in_(ids))
    conn.execute(delete(Outgoing).where(Outgoing.alert_id.in_(alerts)))
    conn.execute(update(Alert).where(Alert.mention_id.in_(ids)).values(title="", detail={}))
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
            url=None,
            author_key=None,
            author_name=None,
            reply_text=None,
            segments={},
        )
    )
