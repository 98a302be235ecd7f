"""When a source is visited, and for how long it is left alone after a visit that failed.

A site in trouble is tried again after 15 minutes; from the third failure in a row on the circuit is open: one
visit shows whether it is well again after half an hour, then twice as long each time, a day at most. A site that
refuses for good is tried after a day, then more rarely, at least once a week, and at once when its options are
changed. What a site itself asks for comes before all of that.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from datetime import datetime, timedelta
from hashlib import blake2b
from typing import Any

from sqlalchemy import Connection

from collectors.errors import RateLimited
from collectors.source import SourceError
from service import schedule
from service.config import SourceConfig
from service.errors import ServiceError
from service.workspace import Workspace
from storage import runs, sources
from storage.sources import OF_OUR_OWN, Rest, SourceState

_RETRY_FAILED_AFTER = timedelta(minutes=15)
OPENS_AT = 3
"""Failures in a row from which the circuit is open."""
_FIRST_REST = timedelta(minutes=30)
_LONGEST_REST = timedelta(days=1)
_RETRY_REFUSED_AFTER = timedelta(days=1)
_RETRY_REFUSED_AT_LEAST = timedelta(days=7)
_DOUBLINGS = 12

Outcome = tuple[datetime | None, Rest | None]
"""Until when a source is left alone and why; None: the usual wait."""


def is_due(ws: Workspace, config: SourceConfig) -> bool:
    """Whether the schedule says that it is time; one that failed is not tried again within 15 minutes.

    Nor is one that rests before that is over, unless its options were changed since. A visit that was cut off, by
    a kill or a gentle stop, is due at once: it goes on from its last page.
    """
    with ws.database.read() as conn:
        known = sources.find(conn, config.name)
        visits = runs.recent(conn, kind_of_visit(config), limit=1)
    now = ws.clock.now()
    if known is None or known.last_attempt_at is None:
        return True
    changed = known.kind != config.kind or known.fingerprint not in {None, _fingerprint(config.options)}
    if known.rest in OF_OUR_OWN and changed:
        return True
    if known.resting(now) and known.kind == config.kind:
        return False
    if visits and visits[0].finished_at is None:
        return True
    if known.failures and now - known.last_attempt_at < _RETRY_FAILED_AFTER:
        return False
    following = next_visit(ws, config, known)
    return following is None or following <= now


def next_visit(ws: Workspace, config: SourceConfig, known: SourceState) -> datetime | None:
    """When a source is visited again, by its schedule and after its rest; None: at once."""
    last = known.last_success_at if known.failures else known.last_attempt_at
    if last is None:
        return known.retry_at
    planned = schedule.parse(config.schedule).next_after(last, ws.config.web.zone, spread=config.name)
    return max(planned, known.retry_at) if known.retry_at else planned


def rest_after(error: SourceError | ServiceError, failures: int, config: SourceConfig, now: datetime) -> Outcome:
    """For how long to leave a source alone after this failure, the `failures`th in a row, from 1 on.

    A file or a key may be put right at any moment: it rests no longer than usual.
    """
    if isinstance(error, RateLimited):
        return error.retry_at, Rest.ASKED
    if isinstance(error, ServiceError) or config.kind == "files":
        return None, None
    if error.permanent:
        doubled = _RETRY_REFUSED_AFTER * 2 ** min(failures - 1, _DOUBLINGS)
        return now + min(doubled, _RETRY_REFUSED_AT_LEAST), Rest.REFUSED
    return rest_in_trouble(failures, now)


def rest_in_trouble(failures: int, now: datetime) -> Outcome:
    """The circuit breaker: closed for the first failures, then open, for twice as long after each trial."""
    if failures < OPENS_AT:
        return None, None
    return now + min(_FIRST_REST * 2 ** min(failures - OPENS_AT, _DOUBLINGS), _LONGEST_REST), Rest.TROUBLE


def must_wait(known: SourceState, now: datetime) -> str:
    """Why even a visit that somebody asks for by hand has to wait; empty where it may go."""
    if known.rest is Rest.ASKED and known.resting(now):
        return f"the site asked to be left alone until {known.retry_at:%Y-%m-%d %H:%M} UTC"
    return ""


def ensure(conn: Connection, config: SourceConfig) -> int:
    """The number of a configured source, which comes to be when it is missing."""
    return sources.ensure(conn, config.name, config.kind, fingerprint=_fingerprint(config.options))


def kind_of_visit(config: SourceConfig) -> str:
    """How its visits are called in the log of runs."""
    return f"visit {config.name}"


def _fingerprint(options: Mapping[str, Any]) -> str:
    written = json.dumps(options, sort_keys=True, default=str)
    return blake2b(written.encode("utf-8", "replace"), digest_size=8).hexdigest()
