"""Alerts: raised once, and put into the outbox in the same transaction; and what no alert has told yet."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from sqlalchemy import Connection, func, or_, select

from storage import mentions, outbox
from storage.database import in_chunks, insert_into
from storage.mentions import MentionView
from storage.tables import Alert as AlertRow
from storage.tables import AnnotationRow, Brand, Mention


@dataclass(frozen=True, slots=True)
class AlertDraft:
    """What a rule found. `key` names the event: an alert with a known key is not raised again."""

    rule: str
    brand_id: int
    key: str
    severity: str
    title: str
    detail: dict[str, Any] = field(default_factory=dict)
    mention_id: int | None = None


@dataclass(frozen=True, slots=True)
class Alert:
    """A raised alert."""

    id: int
    rule: str
    brand_id: int
    brand: str
    key: str
    severity: str
    title: str
    detail: dict[str, Any]
    mention_id: int | None
    raised_at: datetime


def raise_alert(conn: Connection, draft: AlertDraft, channels: Sequence[str], now: datetime) -> bool:
    """Raise an alert and queue it for every channel, unless its key is known. Whether it is new."""
    row = {name: getattr(draft, name) for name in _DRAFTED} | {"raised_at": now}
    statement = insert_into(conn, AlertRow).values(row).on_conflict_do_nothing(index_elements=["key"])
    id_ = conn.execute(statement.returning(AlertRow.id)).scalar()
    if id_ is None:
        return False
    brand = conn.execute(select(Brand.name).where(Brand.id == draft.brand_id)).scalar_one()
    payload = {
        "type": "alert",
        "rule": draft.rule,
        "brand": brand,
        "key": draft.key,
        "severity": draft.severity,
        "title": draft.title,
        "detail": draft.detail,
        "raised_at": now.isoformat(),
    }
    for channel in channels:
        outbox.enqueue(conn, channel, payload, now, alert_id=id_)
    return True


_DRAFTED = ("rule", "brand_id", "key", "severity", "title", "detail", "mention_id")


def unknown(conn: Connection, drafts: Iterable[AlertDraft]) -> list[AlertDraft]:
    """Those of the drafts whose keys are not known yet."""
    given = list(drafts)
    known: set[str] = set()
    for chunk in in_chunks(draft.key for draft in given):
        known.update(conn.execute(select(AlertRow.key).where(AlertRow.key.in_(chunk))).scalars())
    return [draft for draft in given if draft.key not in known]


def untold(  # noqa: PLR0917  a rule's question
    conn: Connection, brand_id: int, prefix: str, since: datetime, negative_from: float, limit: int
) -> list[MentionView]:
    """Stories from `since` on that may be bad, and that no alert whose key begins with `prefix` has told.

    An alert on any member of a story has told it: another one may have become its head since. "May be bad" is
    a probability from `negative_from` on, or a rating in the lower half. The newest first, `limit` at most.
    """
    story = func.coalesce(Mention.story_id, Mention.id)
    told = (
        select(story)
        .join(AlertRow, AlertRow.mention_id == Mention.id)
        .where(AlertRow.brand_id == brand_id, AlertRow.key.startswith(prefix, autoescape=True))
        .where(Mention.day >= since.date())
    )
    scale = func.abs(Mention.rating_best - Mention.rating_worst)
    suspect = or_(
        AnnotationRow.negative >= negative_from,
        AnnotationRow.sarcasm >= negative_from,
        2 * func.abs(Mention.rating - Mention.rating_worst) < scale,
    )
    conditions = (Mention.moment >= since, suspect, story.not_in(told))
    return mentions.latest(conn, brand_id, start=since.date(), also=conditions, limit=limit)


def list_alerts(
    conn: Connection, brand_id: int | None = None, since: datetime | None = None, limit: int = 50
) -> list[Alert]:
    """The newest alerts first; of one brand, and raised at `since` or later, where given."""
    query = select(
        AlertRow.id,
        AlertRow.rule,
        AlertRow.brand_id,
        Brand.name,
        AlertRow.key,
        AlertRow.severity,
        AlertRow.title,
        AlertRow.detail,
        AlertRow.mention_id,
        AlertRow.raised_at,
    ).join(Brand, Brand.id == AlertRow.brand_id)
    if brand_id is not None:
        query = query.where(AlertRow.brand_id == brand_id)
    if since is not None:
        query = query.where(AlertRow.raised_at >= since)
    query = query.order_by(AlertRow.raised_at.desc(), AlertRow.id.desc()).limit(limit)
    return [Alert(*row) for row in conn.execute(query)]
