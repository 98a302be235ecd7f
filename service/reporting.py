"""Weekly reports: worked out once, frozen, and sent on their day."""

from __future__ import annotations

from datetime import UTC, datetime, time, timedelta

import structlog
from sqlalchemy import Connection

from reputation.periods import Period, week_of
from reputation.weekly import weekly_report
from service.config import ReportConfig
from service.errors import ServiceError
from service.matching import BrandMatcher
from service.workspace import Workspace
from storage import brands, mentions, outbox, reports, rollups, sources
from storage.brands import Brand

WEEKLY = "weekly"
PATIENCE = timedelta(hours=24)
"""How long a report that is due waits for what is still missing; then it is sent and says so."""
_WEEKDAYS = ("monday", "tuesday", "wednesday", "thursday", "friday", "saturday", "sunday")
log = structlog.get_logger("oyez.report")


def find_brand(ws: Workspace, name: str) -> Brand:
    """The brand of that name, or of that alias, whatever its case.

    Raises ServiceError that names the brands there are.
    """
    with ws.database.read() as conn:
        known = brands.all_brands(conn, active_only=False)
    by_name = {brand.name.casefold(): brand for brand in known}
    meant = BrandMatcher(ws.config.brands).called(name) or name
    if found := by_name.get(name.casefold()) or by_name.get(meant.casefold()):
        return found
    raise ServiceError(
        f"there is no brand {name!r} here",
        f"brands: {', '.join(brand.name for brand in known)}"
        if known
        else "add a [[brands]] to oyez.toml, or bring one in with `oyez import`",
    )


def weekly(ws: Workspace, brand: Brand, week: str, *, sent: bool = False) -> reports.Report:
    """The report of an ISO week ("2026-W46"). One of a week that is over is frozen: it never changes again.

    While it is provisional it is worked out anew each time and not kept: in the present week, while mentions of
    the week wait to be read or counted, and while a source of the brand fails since before its end. Nor is one
    kept in which nothing was said. `sent` keeps it all the same, marked as provisional if it is.
    Raises ValueError for what is no week.
    """
    now = ws.clock.now()
    with ws.database.read() as conn:
        if frozen := reports.find(conn, brand.id, WEEKLY, week):
            return frozen
        document = weekly_report(conn, brand, week, now)
        provisional = not (document["complete"] and _settled(ws, conn, brand, Period.of_week(week)))
    document["provisional"] = provisional
    told = document["scorecard"]["mentions"] and not provisional
    if not document["complete"] or not (sent or told):
        return reports.Report(0, brand.id, brand.name, WEEKLY, week, "", document, now)
    with ws.database.begin() as conn:
        return reports.freeze(conn, brand.id, WEEKLY, week, document, now)


def send_due(ws: Workspace) -> int:
    """Freeze and queue the reports of the past week whose day and time have come; how many were queued.

    One that would be provisional waits, for `PATIENCE` at most.
    """
    queued = 0
    for config in ws.config.reports:
        week, since = due(config, ws.clock.now(), ws)
        brand = find_brand(ws, config.brand)
        if not _ripe(ws, brand, week, since):
            continue
        report = weekly(ws, brand, week, sent=True)
        for channel in config.to:
            queued += _queue(ws, report, channel, config.language or ws.config.web.language)
    return queued


def due(config: ReportConfig, now: datetime, ws: Workspace) -> tuple[str, datetime]:
    """The latest week whose report should have left by `now`, and since when.

    It is the week before the last sending day, both in the user's time zone.
    """
    zone = ws.config.web.zone
    local = now.astimezone(zone)
    days_since = (local.weekday() - _WEEKDAYS.index(config.weekday)) % 7
    moment = time.fromisoformat(config.time)
    if days_since == 0 and local.time() < moment:
        days_since = 7
    sending_day = local.date() - timedelta(days_since)
    return week_of(sending_day - timedelta(7)), datetime.combine(sending_day, moment, zone)


def _ripe(ws: Workspace, brand: Brand, week: str, since: datetime) -> bool:
    """Whether a report that is due since then can leave: its week is over (in UTC), and all of it was read."""
    period, now = Period.of_week(week), ws.clock.now()
    if now < _end(period):
        return False
    with ws.database.read() as conn:
        if reports.find(conn, brand.id, WEEKLY, week) or _settled(ws, conn, brand, period):
            return True
    until = max(since, _end(period)) + PATIENCE
    if now < until:
        log.info("report waits", brand=brand.name, week=week, until=until.isoformat())
    return now >= until


def _settled(ws: Workspace, conn: Connection, brand: Brand, period: Period) -> bool:
    """Whether nothing is known to be missing: all was read and counted, no source fails since before the end."""
    first = period.before().start
    if any(id_ == brand.id and first <= day <= period.end for id_, day in rollups.dirty(conn)):
        return False
    if mentions.unread(conn, brand.id, period.start, period.end):
        return False
    ours = {source.name for source in ws.config.sources if not source.brands or brand.name in source.brands}
    return not any(
        state.failures and (state.last_success_at is None or state.last_success_at < _end(period))
        for state in sources.states(conn)
        if state.name in ours
    )


def _end(period: Period) -> datetime:
    """The moment at which the last day of a period is over."""
    return datetime.combine(period.end + timedelta(1), time(), UTC)


def _queue(ws: Workspace, report: reports.Report, channel: str, language: str) -> bool:
    """Queue one frozen report for one channel; False where that was done before."""
    payload = {
        "type": "report",
        "kind": report.kind,
        "brand": report.brand,
        "period": report.period,
        "language": language,
        "report_id": report.id,
    }
    event = f"{report.kind} {report.brand} {report.period} {language}"
    with ws.database.begin() as conn:
        queued = outbox.enqueue(conn, channel, payload, ws.clock.now(), event=event)
    if queued:
        log.info("report queued", brand=report.brand, week=report.period)
    return queued is not None
