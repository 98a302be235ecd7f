"""The sources: where each one stopped, how its last visits went, and until when it is left alone."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import Any

from sqlalchemy import Connection, bindparam, select, update

from storage.database import insert_into
from storage.tables import Source as SourceRow


class Rest(StrEnum):
    """Why a source is left alone for a while."""

    ASKED = "asked"
    """The site asked for it: nobody may visit it before."""
    QUOTA = "quota"
    """What the service allows is used up: nobody may visit it before."""
    REFUSED = "refused"
    """Waiting will not help, so it is tried rarely."""
    TROUBLE = "trouble"
    """It failed again and again: after the rest, one visit shows whether it is well again."""


OF_OUR_OWN = frozenset({Rest.REFUSED, Rest.TROUBLE})
"""Rests that nobody asked for: they end where the options are put right."""


@dataclass(frozen=True, slots=True)
class SourceState:
    """Where a source stopped and how its last visits went. `failures` counts those since the last good one.

    `retry_at`: it is not to be asked before, and `rest` says why. `backfill`: a walk into the past, if there ever
    was one. `configured` is False for an import, and for one that left the configuration: nobody visits those,
    and neither silence nor an old failure says anything of them.
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
    rest: Rest | None
    backfill: dict[str, Any] | None
    fingerprint: str | None

    def resting(self, now: datetime) -> bool:
        """Whether it is left alone now."""
        return self.retry_at is not None and now < self.retry_at


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
    SourceRow.rest,
    SourceRow.backfill,
    SourceRow.fingerprint,
)


_STATE = select(*_COLUMNS).where(SourceRow.id == bindparam("source"))
_NAMED = select(SourceRow.id, SourceRow.kind, SourceRow.fingerprint, SourceRow.rest).where(
    SourceRow.name == bindparam("source")
)
_GOOD = (
    update(SourceRow)
    .where(SourceRow.id == bindparam("source"))
    .values(posts=SourceRow.posts + bindparam("more"), failures=0, problem=None, retry_at=None, rest=None)
)
"""Made once: to put a statement together takes ten times as long as to run it on SQLite."""


def _state(row: Any) -> SourceState:
    return SourceState(**dict(row._mapping) | {"rest": Rest(row.rest) if row.rest else None})


def sync(conn: Connection, configured: Iterable[str]) -> None:
    """Note which sources the configuration names now. Those that left it stay, with all that they brought."""
    names = SourceRow.name.in_(list(configured))
    conn.execute(update(SourceRow).where(SourceRow.configured != names).values(configured=names))


def ensure(
    conn: Connection, name: str, kind: str, *, configured: bool = True, fingerprint: str | None = None
) -> int:
    """The id of the source of that name, which comes to be when it is missing.

    A source whose kind was changed in the configuration begins anew: another kind cannot read its cursor. One
    whose options changed, as their `fingerprint` tells, need not rest any longer for what went wrong before.
    """
    found = conn.execute(_NAMED, {"source": name}).first()
    if found is None:
        row = {"name": name, "kind": kind, "cursor": {}, "posts": 0, "failures": 0, "configured": configured}
        row |= {"fingerprint": fingerprint}
        conn.execute(insert_into(conn, SourceRow).values(row).on_conflict_do_nothing())
        return conn.execute(select(SourceRow.id).where(SourceRow.name == name)).scalar_one()
    changes: dict[str, Any] = {}
    if found.kind != kind:
        changes |= {"kind": kind, "cursor": {}, "backfill": None, "retry_at": None, "rest": None}
    if fingerprint is not None and found.fingerprint != fingerprint:
        changes |= {"fingerprint": fingerprint}
        may_be_mended = found.fingerprint is not None and found.rest in OF_OUR_OWN
        changes |= {"retry_at": None, "rest": None} if may_be_mended else {}
    if changes:
        conn.execute(update(SourceRow).where(SourceRow.id == found.id).values(changes))
    return int(found.id)


def find(conn: Connection, name: str) -> SourceState | None:
    """The state of the source of that name."""
    row = conn.execute(select(*_COLUMNS).where(SourceRow.name == name)).first()
    return _state(row) if row else None


def state(conn: Connection, source_id: int) -> SourceState:
    """Where the source stopped. Raises LookupError when there is no such source."""
    row = conn.execute(_STATE, {"source": source_id}).first()
    if row is None:
        raise LookupError(f"there is no source number {source_id}")
    return _state(row)


def states(conn: Connection) -> list[SourceState]:
    """The states of all sources, in the order of their names."""
    return [_state(row) for row in conn.execute(select(*_COLUMNS).order_by(SourceRow.name))]


def record_success(
    conn: Connection, source_id: int, cursor: Mapping[str, Any], now: datetime, posts: int = 0
) -> None:
    """Save the cursor that is right now that the page is stored. `posts` is how many were new.

    Call it in the transaction of `mentions.store_page`: a crash then repeats a page, and loses none.
    """
    _record_good(conn, source_id, now, posts, {"cursor": dict(cursor)})


def record_backfill(
    conn: Connection, source_id: int, backfill: Mapping[str, Any], now: datetime, posts: int = 0
) -> None:
    """Save where a walk into the past stands, as `record_success` does for what is new; its cursor stays."""
    _record_good(conn, source_id, now, posts, {"backfill": dict(backfill)})


def end_backfill(conn: Connection, source_id: int, now: datetime) -> None:
    """Note that the walk into the past is done. A source that never read what is new goes on from its end."""
    known = state(conn, source_id)
    walk = known.backfill or {}
    values: dict[str, Any] = {"backfill": {**walk, "cursor": {}, "done": now.isoformat()}}
    if not known.cursor:
        values["cursor"] = walk.get("cursor", {})
    conn.execute(update(SourceRow).where(SourceRow.id == source_id).values(values))


def record_failure(  # noqa: PLR0917  all that is known of it
    conn: Connection,
    source_id: int,
    problem: str,
    now: datetime,
    retry_at: datetime | None = None,
    rest: Rest | None = None,
) -> None:
    """Note that a visit failed, in words for the user, until when to leave it alone and why. The cursor stays."""
    values = {"failures": SourceRow.failures + 1, "problem": problem, "last_attempt_at": now}
    values |= {"retry_at": retry_at, "rest": rest}
    conn.execute(update(SourceRow).where(SourceRow.id == source_id).values(values))


def record_rest(conn: Connection, source_id: int, until: datetime, rest: Rest) -> None:
    """Note that a source is left alone until then, though nothing failed."""
    conn.execute(update(SourceRow).where(SourceRow.id == source_id).values(retry_at=until, rest=rest))


def _record_good(
    conn: Connection, source_id: int, now: datetime, posts: int, place: Mapping[str, Mapping[str, Any]]
) -> None:
    conn.execute(
        _GOOD, {"source": source_id, "more": posts, "last_attempt_at": now, "last_success_at": now, **place}
    )
