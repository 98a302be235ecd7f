"""Weekly reports: worked out once, frozen, and sent on their day."""

from __future__ import annotations

from datetime import UTC, datetime, time, timedelta

import structlog

from reputation.periods import week_of
from reputation.weekly import weekly_report
from service.config import ReportConfig
from service.errors import ServiceError
from service.workspace import Workspace
from storage import brands, outbox, reports
from storage.brands import Brand

WEEKLY = "weekly"
_WEEKDAYS = ("monday", "tuesday", "wednesday", "thursday", "friday", "saturday", "sunday")
log = structlog.get_logger("oyez.report")


def find_brand(ws: Workspace, name: str) -> Brand:
    """The brand of that name, whatever its case.

    Raises ServiceError that names the brands there are.
    """
    with ws.database.read() as conn:
        known = brands.all_brands(conn, active_only=False)
    for brand in known:
        if brand.name.casefold() == name.casefold():
            return brand
    raise ServiceError(
        f"there is no brand {name!r} here",
        f"brands: {', '.join(brand.name for brand in known)}"
        if known
        else "add a [[brands]] to oyez.toml, or bring one in with `oyez import`",
    )


def weekly(ws: Workspace, brand: Brand, week: str, *, sent: bool = False) -> reports.Report:
    """The report of an ISO week ("2026-W46"). One of a week that is over is frozen: it never changes again.

    The present week's is worked out anew each time and not kept; nor is one in which nothing was said, unless
    it is sent: its mentions may still be brought in. Raises ValueError for what is no week.
    """
    now = ws.clock.now()
    with ws.database.read() as conn:
        if frozen := reports.find(conn, brand.id, WEEKLY, week):
            return frozen
        document = weekly_report(conn, brand, week, now)
    over = week < week_of(now.astimezone(UTC).date())
    if not over or not (sent or document["scorecard"]["mentions"]):
        return reports.Report(0, brand.id, brand.name, WEEKLY, week, "", document, now)
    with ws.database.begin() as conn:
        return reports.freeze(conn, brand.id, WEEKLY, week, document, now)


def send_due(ws: Workspace) -> int:
    """Freeze and queue the reports of the past week whose day and time have come; how many were queued."""
    queued = 0
    for config in ws.config.reports:
        week = due_week(config, ws.clock.now(), ws)
        brand = find_brand(ws, config.brand)
        for channel in config.to:
            queued += _queue(ws, brand, week, channel, config.language or ws.config.web.language)
    return queued


def due_week(config: ReportConfig, now: datetime, ws: Workspace) -> str:
    """The latest week whose report should have left by `now`: the one before the last sending day."""
    local = now.astimezone(ws.config.web.zone)
    days_since = (local.weekday() - _WEEKDAYS.index(config.weekday)) % 7
    moment = time.fromisoformat(config.time)
    if days_since == 0 and local.time() < moment:
        days_since = 7
    sending_day = local.date() - timedelta(days_since)
    return week_of(sending_day - timedelta(7))


def _queue(ws: Workspace, brand: Brand, week: str, channel: str, language: str) -> bool:
    """Queue one report for one channel; False where that was done before."""
    report = weekly(ws, brand, week, sent=True)
    payload = {
        "type": "report",
        "kind": report.kind,
        "brand": brand.name,
        "period": week,
        "language": language,
        "report_id": report.id,
    }
    event = f"{report.kind} {brand.name} {week} {language}"
    with ws.database.begin() as conn:
        queued = outbox.enqueue(conn, channel, payload, ws.clock.now(), event=event)
    if queued:
        log.info("report queued", brand=brand.name, week=week)
    return queued is not None
