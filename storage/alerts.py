"""Alerts: raised once, and put into the outbox in the same transaction."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from sqlalchemy import Connection, select

from storage import outbox
from storage.database import insert_into
from storage.tables import Alert as AlertRow
from storage.tables import Brand


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
