"""The health of the sources as people read it: what is usual, what comes next, what is left."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import Any

from service.allowances import name_of_account
from service.visits import next_visit
from service.workspace import Workspace
from storage import quotas
from storage.health import SourceHealth, health
from storage.quotas import Spent

WEEKDAYS = ("monday", "tuesday", "wednesday", "thursday", "friday", "saturday", "sunday")


def rows_of(ws: Workspace) -> list[dict[str, Any]]:
    """One row for each source that is known, in the order of their names."""
    now, zone = ws.clock.now(), ws.config.web.zone
    configured = {source.name: source for source in ws.config.sources}
    with ws.database.read() as conn:
        found = health(conn, now)
        spent = {name: quotas.find(conn, name_of_account(config), now) for name, config in configured.items()}
    rows = []
    for one in found:
        config = configured.get(one.state.name)
        following = next_visit(ws, config, one.state) if config else None
        row = _row(one, now.astimezone(zone).weekday())
        row |= {"next_visit": _written(following), "quota": _left(spent.get(one.state.name))}
        rows.append(row)
    return rows


def _row(one: SourceHealth, weekday: int) -> dict[str, Any]:
    state, usual = one.state, one.usual.per_weekday
    return {
        "source": state.name,
        "kind": state.kind,
        "state": one.standing,
        "mentions": one.mentions,
        "last_success": _written(state.last_success_at),
        "last_attempt": _written(state.last_attempt_at),
        "newest_day": one.newest_day and one.newest_day.isoformat(),
        "usual_per_day": round(one.usual_per_day, 2),
        "expected_today": round(usual[weekday], 2),
        "usual_by_weekday": {day: round(count, 2) for day, count in zip(WEEKDAYS, usual, strict=True)},
        "silence_probability": float(f"{one.silence:.2g}"),
        "rest": str(state.rest) if state.rest and one.resting else None,
        "backfill": _walk(state.backfill),
        "failures": state.failures,
        "problem": state.problem,
    }


def _walk(backfill: Mapping[str, Any] | None) -> dict[str, Any] | None:
    """How far a walk into the past came: since when, and when it was done, if it is."""
    return {"since": backfill.get("since"), "done": backfill.get("done")} if backfill else None


def _left(spent: Spent | None) -> str | None:
    if spent is None:
        return None
    return f"{spent.spent:g} of {spent.units:g} until {spent.resets_at:%Y-%m-%d %H:%M} UTC"


def _written(moment: datetime | None) -> str | None:
    return moment.isoformat(timespec="seconds") if moment else None
