"""The outbox: messages written in the transaction that found them, and delivered at least once.

    with database.begin() as conn:
        messages = outbox.due(conn, now, limit=20)     # claims them; commit before sending
    for message in messages:
        ...                                            # send, giving the receiver message.message_id
        with database.begin() as conn:
            outbox.sent(conn, message.id, now)         # or outbox.failed(conn, message.id, problem, retry_at)

A claim moves `due_at` past the lease with UPDATE … WHERE it was due: of two senders one wins. A sender that
dies leaves the message to the next one, once its lease has run out; the receiver knows a repeat by its id.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum
from typing import Any
from uuid import UUID, uuid4, uuid5

from sqlalchemy import Connection, func, select, update

from storage.database import insert_into
from storage.tables import Outgoing

_EVENTS = UUID("5f0c6a7e-3c1b-4a52-9d35-0d9c8e0f7b11")
LEASE = timedelta(minutes=5)
"""How long a claimed message is left to its sender."""


class State(StrEnum):
    """What may become of a message."""

    PENDING = "pending"
    SENT = "sent"
    DEAD = "dead"


@dataclass(frozen=True, slots=True)
class Message:
    """A claimed message. `attempts` counts this one too; `message_id` is for the receiver to drop repeats."""

    id: int
    message_id: str
    channel: str
    payload: dict[str, Any]
    alert_id: int | None
    attempts: int
    created_at: datetime


_CLAIMED = (
    Outgoing.id,
    Outgoing.message_id,
    Outgoing.channel,
    Outgoing.payload,
    Outgoing.alert_id,
    Outgoing.attempts,
    Outgoing.created_at,
)


def enqueue(
    conn: Connection,
    channel: str,
    payload: Mapping[str, Any],
    now: datetime,
    *,
    alert_id: int | None = None,
    event: str | None = None,
) -> str | None:
    """Write a message to be delivered over a channel of the configuration; its message id (a UUID).

    With `event`, what this message is about is told over this channel once: None where it was queued before.
    """
    message_id = str(uuid5(_EVENTS, f"{event} {channel}") if event else uuid4())
    row = {
        "message_id": message_id,
        "channel": channel,
        "payload": dict(payload),
        "alert_id": alert_id,
        "state": State.PENDING.value,
        "attempts": 0,
        "due_at": now,
        "created_at": now,
    }
    queue = insert_into(conn, Outgoing).values(row).on_conflict_do_nothing(index_elements=["message_id"])
    return conn.execute(queue.returning(Outgoing.message_id)).scalar()


def due(conn: Connection, now: datetime, limit: int = 50, *, lease: timedelta = LEASE) -> list[Message]:
    """Claim messages that are due, the most overdue first. Commit before sending any."""
    ripe = (
        select(Outgoing.id)
        .where(Outgoing.state == State.PENDING.value, Outgoing.due_at <= now)
        .order_by(Outgoing.due_at, Outgoing.id)
        .limit(limit)
        .with_for_update(skip_locked=True)
    )
    # The ids come first: within the UPDATE, PostgreSQL may run the query several times, past its limit.
    ids = conn.execute(ripe).scalars().all()
    claim = (
        update(Outgoing)
        .where(Outgoing.id.in_(ids), Outgoing.state == State.PENDING.value, Outgoing.due_at <= now)
        .values(due_at=now + lease, attempts=Outgoing.attempts + 1)
        .returning(*_CLAIMED)
    )
    return sorted((Message(*row) for row in conn.execute(claim)), key=lambda message: message.id)


def sent(conn: Connection, id_: int, now: datetime) -> None:
    """Note that a message was delivered."""
    conn.execute(
        update(Outgoing).where(Outgoing.id == id_).values(state=State.SENT.value, sent_at=now, problem=None)
    )


def failed(conn: Connection, id_: int, problem: str, retry_at: datetime | None) -> None:
    """Note that a message was not delivered, to be tried again at `retry_at`, or never (None: a dead letter)."""
    values: dict[str, Any] = {"problem": problem}
    values |= {"state": State.DEAD.value} if retry_at is None else {"due_at": retry_at}
    conn.execute(update(Outgoing).where(Outgoing.id == id_, Outgoing.state == State.PENDING.value).values(values))


def revive(conn: Connection, now: datetime) -> int:
    """Make dead letters due again, say after the configuration was mended; how many there were."""
    values = {"state": State.PENDING.value, "due_at": now, "attempts": 0}
    return conn.execute(update(Outgoing).where(Outgoing.state == State.DEAD.value).values(values)).rowcount


def counts(conn: Connection) -> dict[State, int]:
    """How many messages are in each state."""
    rows = conn.execute(select(Outgoing.state, func.count()).group_by(Outgoing.state))
    found = {State(state): number for state, number in rows}
    return {state: found.get(state, 0) for state in State}
