"""Who did what, for good: every export and erasure is noted here."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import Connection, insert, select

from storage.tables import AuditEntry


@dataclass(frozen=True, slots=True)
class Entry:
    """One line of the audit log."""

    at: datetime
    actor: str
    action: str
    detail: dict[str, Any]


def record(conn: Connection, actor: str, action: str, detail: Mapping[str, Any], now: datetime) -> None:
    """Note what somebody did, in the transaction that does it."""
    conn.execute(insert(AuditEntry).values(at=now, actor=actor, action=action, detail=dict(detail)))


def entries(conn: Connection, limit: int = 100) -> list[Entry]:
    """The newest lines first."""
    query = select(AuditEntry.at, AuditEntry.actor, AuditEntry.action, AuditEntry.detail)
    return [Entry(*row) for row in conn.execute(query.order_by(AuditEntry.id.desc()).limit(limit))]
