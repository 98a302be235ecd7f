"""Delivers the outbox: each message once if all goes well, again and later if not, never silently lost."""

from __future__ import annotations

import random
import threading
from dataclasses import asdict, dataclass
from datetime import datetime, timedelta

import structlog

from service.channels import DeliveryError, Senders, shown, webhook_door
from service.errors import ServiceError
from service.messages import compose
from service.workspace import Workspace
from storage import outbox

FIRST_WAIT = timedelta(minutes=1)
LONGEST_WAIT = timedelta(hours=6)
MOST_ATTEMPTS = 12
"""With the waits doubling from a minute to six hours, some two days: a long weekend's outage is two nights."""
log = structlog.get_logger("oyez.deliver")


@dataclass
class Delivered:
    """How many messages left, how many will be tried again, how many were given up."""

    sent: int = 0
    postponed: int = 0
    dead: int = 0

    def to_json(self) -> dict[str, int]:
        """The three counts."""
        return asdict(self)


def deliver(ws: Workspace, *, stop: threading.Event | None = None) -> Delivered:
    """Send all messages that are due. Two senders at once never send the same one: each claims its own.

    A sender that dies between sending and noting it leads to a repeat, which the receiver knows by its id.
    """
    result = Delivered()
    config = ws.config
    with webhook_door(config.http) as door:
        senders = Senders(ws.home.path, config.mail, door, config.webhook.secret)
        while stop is None or not stop.is_set():
            with ws.database.begin() as conn:
                # One at a time: a receiver that hangs must not use up the lease of the messages behind it.
                claimed = outbox.due(conn, ws.clock.now(), limit=1)
            if not claimed:
                break
            _deliver_one(ws, senders, claimed[0], result)
    return result


def retry_at(now: datetime, attempts: int, chance: random.Random | None = None) -> datetime | None:
    """When to try again after so many attempts: waits double, with jitter of a fifth; None is never."""
    if attempts >= MOST_ATTEMPTS:
        return None
    wait = min(FIRST_WAIT * 2 ** (attempts - 1), LONGEST_WAIT)
    jitter: float = (chance or random.Random()).uniform(0.8, 1.2)  # noqa: S311 (no secret)
    return now + timedelta(seconds=wait.total_seconds() * jitter)


def retry_dead(ws: Workspace) -> int:
    """Make the messages that were given up due again, from their first attempt; how many there were."""
    with ws.database.begin() as conn:
        return outbox.revive(conn, ws.clock.now())


def _deliver_one(ws: Workspace, senders: Senders, claimed: outbox.Message, result: Delivered) -> None:
    try:
        senders.send(claimed.channel, compose(ws, claimed.message_id, claimed.payload), ws.clock.now())
    except (DeliveryError, ServiceError) as error:
        permanent = isinstance(error, DeliveryError) and (
            error.permanent or (error.tries is not None and claimed.attempts >= error.tries)
        )
        _postpone(ws, claimed, str(error), result, permanent=permanent)
        return
    except Exception as error:
        # The edge of a job: one message that cannot be composed must not stop those behind it.
        log.exception("message broke", message=claimed.message_id)
        _postpone(ws, claimed, f"{type(error).__name__}: {error}", result)
        return
    with ws.database.begin() as conn:
        outbox.sent(conn, claimed.id, ws.clock.now())
    result.sent += 1
    log.info("delivered", channel=shown(claimed.channel), message=claimed.message_id)


def _postpone(
    ws: Workspace, claimed: outbox.Message, problem: str, result: Delivered, *, permanent: bool = False
) -> None:
    """Note that it did not leave: to be tried again, or a dead letter."""
    again = None if permanent else retry_at(ws.clock.now(), claimed.attempts)
    with ws.database.begin() as conn:
        outbox.failed(conn, claimed.id, problem, again)
    result.postponed += again is not None
    result.dead += again is None
    log.warning(
        "not delivered",
        channel=shown(claimed.channel),
        message=claimed.message_id,
        problem=problem,
        attempts=claimed.attempts,
        retry_at=again.isoformat() if again else None,
    )
