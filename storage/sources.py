"""The sources: where each one stopped, and whether it is well."""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import Any, Literal

from sqlalchemy import Connection, func, select, update

from storage.database import insert_into
from storage.tables import Mention
from storage.tables import Source as SourceRow

USUAL_OVER_DAYS = 90
"""How many days before its newest mention tell how much a source usually yields."""
QUIET_BELOW = 0.001
"""A silence less probable than this is told."""

Standing = Literal["well", "failing", "quiet", "not visited", "not configured"]


@dataclass(frozen=True, slots=True)
class SourceState:
    """Where a source stopped and how its last visits went. `failures` counts those since the last good one.

    `retry_at`: it is not to be asked before. `configured` is False for an import, and for one that left the
    configuration: nobody visits those, and neither silence nor an old failure says anything of them.
    """

    id: int
    name: str
    kind: str
    cursor: dict[str, Any]
    posts: int
    failures: int
    problem: str | None
    last_attempt_at: datetime | None
    last_success_at: datetime | None
    retry_at: datetime | None
    configured: bool


@dataclass(frozen=True, slots=True)
class SourceHealth:
    """A source's state beside what it usually yields.

    `usual_per_day` is its mean number of mentions a day over the `USUAL_OVER_DAYS` days up to its newest one.
    `quiet`: were it as lively as usual, a silence as long as the one up to its last good visit would have a
    probability under `QUIET_BELOW` (Poisson: e^(-usual · days)). Silence is not good news. `unvisited`: that
    holds for the silence up to now alone: nobody has looked, so it says nothing.
    """

    state: SourceState
    mentions: int
    newest_day: date | None
    usual_per_day: float
    quiet: bool
    unvisited: bool = False

    @property
    def failing(self) -> bool:
        """Whether it is to be visited, and its last visit failed."""
        return self.state.configured and self.state.failures > 0

    @property
    def standing(self) -> Standing:
        """All of it in a word, the worst first."""
        if not self.state.configured:
            return "not configured"
        return (
            "failing" if self.failing else "quiet" if self.quiet else "not visited" if self.unvisited else "well"
        )


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
    SourceRow.retry_at,
    SourceRow.configured,
)


def sync(conn: Connection, configured: Iterable[str]) -> None:
    """Note which sources the configuration names now. Those that left it stay, with all that they brought."""
    names = SourceRow.name.in_(list(configured))
    conn.execute(update(SourceRow).where(SourceRow.configured != names).values(configured=names))


def ensure(conn: Connection, name: str, kind: str, *, configured: bool = True) -> int:
    """The id of the source of that name, which comes to be when it is missing.

    A source whose kind was changed in the configuration begins anew: another kind cannot read its cursor.
    """
    found = conn.execute(select(SourceRow.id, SourceRow.kind).where(SourceRow.name == name)).first()
    if found is None:
        row = {"name": name, "kind": kind, "cursor": {}, "posts": 0, "failures": 0, "configured": configured}
        conn.execute(insert_into(conn, SourceRow).values(row).on_conflict_do_nothing())
        return conn.execute(select(SourceRow.id).where(SourceRow.name == name)).scalar_one()
    if found.kind != kind:
        conn.execute(
            update(SourceRow).where(SourceRow.id == found.id).values(kind=kind, cursor={}, retry_at=None)
        )
    return int(found.id)


def find(conn: Connection, name: str) -> SourceState | None:
    """The state of the source of that name."""
    row = conn.execute(select(*_COLUMNS).where(SourceRow.name == name)).first()
    return SourceState(*row) if row else None


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
            retry_at=None,
        )
    )


def record_failure(
    conn: Connection, source_id: int, problem: str, now: datetime, retry_at: datetime | None = None
) -> None:
    """Note that a visit failed, in words for the user, and until when to leave it alone. The cursor stays."""
    conn.execute(
        update(SourceRow)
        .where(SourceRow.id == source_id)
        .values(failures=SourceRow.failures + 1, problem=problem, last_attempt_at=now, retry_at=retry_at)
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
        visited = source.last_success_at or now
        quiet, late = (
            source.configured and newest is not None and _unlikely(usual, newest, moment)
            for moment in (visited, now)
        )
        found.append(SourceHealth(source, mentions, newest, usual, quiet, late and not quiet))
    return found


def _unlikely(usual: float, newest: date, until: datetime) -> bool:
    """Whether a source as lively as usual would hardly have been silent from its newest mention to then."""
    return math.exp(-usual * max((until.date() - newest).days, 0)) < QUIET_BELOW


def _usual_per_day(conn: Connection, source_id: int, newest: date) -> float:
    start = newest - timedelta(days=USUAL_OVER_DAYS - 1)
    count, oldest = conn.execute(
        select(func.count(), func.min(Mention.day)).where(
            Mention.source_id == source_id, Mention.day.between(start, newest), Mention.deleted_at.is_(None)
        )
    ).one()
    return float(count / ((newest - oldest).days + 1)) if oldest else 0.0
