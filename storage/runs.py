"""The log of jobs: what ran, when, how much it did, what went wrong."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import Connection, bindparam, delete, insert, select, update

from storage.tables import Run as RunRow

_START = insert(RunRow).returning(RunRow.id)
_FINISH = update(RunRow).where(RunRow.id == bindparam("run"))
"""Made once: to put a statement together takes ten times as long as to run it on SQLite."""


@dataclass(frozen=True, slots=True)
class Run:
    """One run of a job. Without `finished_at` it is running, or was killed."""

    id: int
    kind: str
    started_at: datetime
    finished_at: datetime | None
    counts: dict[str, Any]
    problem: str | None


def start(conn: Connection, kind: str, now: datetime) -> int:
    """Note that a job begins; the number to give to `finish`."""
    return conn.execute(_START, {"kind": kind, "started_at": now, "counts": {}}).scalar_one()


def finish(
    conn: Connection, run_id: int, now: datetime, counts: Mapping[str, Any], problem: str | None = None
) -> None:
    """Note that a job ended, with what it did, and with what went wrong if anything."""
    conn.execute(_FINISH, {"run": run_id, "finished_at": now, "counts": dict(counts), "problem": problem})


def purge(conn: Connection, before: datetime) -> int:
    """Forget the runs that began before then; how many there were."""
    return conn.execute(delete(RunRow).where(RunRow.started_at < before)).rowcount


def recent(conn: Connection, kind: str | None = None, limit: int = 20) -> list[Run]:
    """The newest runs first."""
    query = select(RunRow.id, RunRow.kind, RunRow.started_at, RunRow.finished_at, RunRow.counts, RunRow.problem)
    if kind is not None:
        query = query.where(RunRow.kind == kind)
    return [
        Run(*row) for row in conn.execute(query.order_by(RunRow.started_at.desc(), RunRow.id.desc()).limit(limit))
    ]
