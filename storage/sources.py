"""The sources: where each one stopped, and whether it is well."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import Any

from sqlalchemy import Connection, func, select, update

from storage.database import insert_into
from storage.tables import Mention
from storage.tables import Source as SourceRow

USUAL_OVER_DAYS = 90
"""How many days before its newest mention tell how much a source usually yields."""
QUIET_BELOW = 0.001
"""A silence less probable than this is told."""


@dataclass(frozen=True, slots=True)
class SourceState:
    """Where a source stopped and how its last visits went. `failures` counts those since the last good one."""

    id: int
    name: str
    kind: str
    cursor: dict[str, Any]
    posts: int
    failures: int
    problem: str | None
    last_attempt_at: datetime | None
    last_success_at: datetime | None


@dataclass(frozen=True, slots=True)
class SourceHealth:
    """A source's state beside what it usually yields.

    `usual_per_day` is its mean number of mentions a day over the `USUAL_OVER_DAYS` days up to its newest one.
    `quiet`: were it as lively as usual, a silence as long as the present one would have a probability under
    `QUIET_BELOW` (Poisson: e^(-usual · days)). Silence is not good news.
    """

    state: SourceState
    mentions: int
    newest_day: date | None
    usual_per_day: float
    quiet: bool


_COLUMNS = (
    SourceRow.id,
    SourceRow.name,
    SourceRow.kind,
    SourceRow.cursor,
    SourceRow.posts,
    SourceRow.failures,
    SourceRow.problem,
    SourceRow.last_attempt_at,
    SourceRow.last_success_at,
)


def ensure(conn: Connection, name: str, kind: str) -> int:
    """The id of the source of that name, which comes to be when it is missing.

    A source whose kind was changed in the configuration begins anew: another kind cannot read its cursor.
    """
    found = conn.execute(select(SourceRow.id, SourceRow.kind).where(SourceRow.name == name)).first()
    if found is None:
        row = {"name": name, "kind": kind, "cursor": {}, "posts": 0, "failures": 0}
        conn.execute(insert_into(conn, SourceRow).values(row).on_conflict_do_nothing())
        return conn.execute(select(SourceRow.id).where(SourceRow.name == name)).scalar_one()
    if found.kind != kind:
        conn.execute(update(SourceRow).where(SourceRow.id == found.id).values(kind=kind, cursor={}))
    return int(found.id)


def state(conn: Connection, source_id: int) -> SourceState:
    """Where the source stopped. Raises LookupError when there is no such source."""
    row = conn.execute(select(*_COLUMNS).where(SourceRow.id == source_id)).first()
    if row is None:
        raise LookupError(f"there is no source number {source_id}")
    return SourceState(*row)


def states(conn: Connection) -> list[SourceState]:
    """The states of all sources, in the order of their names."""
    return [SourceState(*row) for row in conn.execute(select(*_COLUMNS).order_by(SourceRow.name))]


def record_success(
    conn: Connection, source_id: int, cursor: Mapping[str, Any], now: datetime, posts: int = 0
) -> None:
    """Save the cursor that is right now that the page is stored. `posts` is how many were new.

    Call it in the transaction of `mentions.store_page`: a crash then repeats a page, and loses none.
    """
    conn.execute(
        update(SourceRow)
        .where(SourceRow.id == source_id)
        .values(
            cursor=dict(cursor),
            posts=SourceRow.posts + posts,
            failures=0,
            problem=None,
            last_attempt_at=now,
            last_success_at=now,
        )
    )


def record_failure(conn: Connection, source_id: int, problem: str, now: datetime) -> None:
    """Note that a visit failed, in words for the user. The cursor stays where it was."""
    conn.execute(
        update(SourceRow)
        .where(SourceRow.id == source_id)
        .values(failures=SourceRow.failures + 1, problem=problem, last_attempt_at=now)
    )


def health(conn: Connection, now: datetime) -> list[SourceHealth]:
    """The health of all sources, in the order of their names."""
    totals = {
        row.source_id: row
        for row in conn.execute(
            select(Mention.source_id, func.count().label("mentions"), func.max(Mention.day).label("newest"))
            .where(Mention.deleted_at.is_(None))
            .group_by(Mention.source_id)
        )
    }
    found = []
    for source in states(conn):
        total = totals.get(source.id)
        mentions, newest = (total.mentions, total.newest) if total else (0, None)
        usual = _usual_per_day(conn, source.id, newest) if newest else 0.0
        silence = max((now.date() - newest).days, 0) if newest else 0
        quiet = math.exp(-usual * silence) < QUIET_BELOW
        found.append(SourceHealth(source, mentions, newest, usual, quiet))
    return found


def _usual_per_day(conn: Connection, source_id: int, newest: date) -> float:
    start = newest - timedelta(days=USUAL_OVER_DAYS - 1)
    count, oldest = conn.execute(
        select(func.count(), func.min(Mention.day)).where(
            Mention.source_id == source_id, Mention.day.between(start, newest), Mention.deleted_at.is_(None)
        )
    ).one()
    return float(count / ((newest - oldest).days + 1)) if oldest else 0.0
