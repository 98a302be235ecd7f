"""Applies the alert rules of the configuration, and raises what they find: each event once, never in hundreds."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime

import structlog
from sqlalchemy import Connection

from reputation import rules
from reputation.rules import NegativeMention, Spike
from service.config import AlertConfig
from service.workspace import Workspace
from storage import alerts, brands
from storage.alerts import AlertDraft
from storage.brands import Brand

log = structlog.get_logger("oyez.alert")


def alert(ws: Workspace) -> int:
    """Raise what the rules find now, with its messages in the same transaction; how many were new."""
    raised = 0
    for config in ws.config.alerts:
        with ws.database.read() as conn:
            watched = _watched(conn, config)
        for brand in watched:
            raised += _watch(ws, brand, config)
    return raised


def _watch(ws: Workspace, brand: Brand, config: AlertConfig) -> int:
    """Raise what one rule finds of one brand: nothing is written where it was all told before."""
    rule, now = _rule(config), ws.clock.now()
    with ws.database.read() as conn:
        new = alerts.unknown(conn, _drafts(conn, brand, rule, now))
    if not new:
        return 0
    told, rest = rules.shorten(rule, brand, new)
    with ws.database.begin() as conn:
        raised = [draft for draft in told if alerts.raise_alert(conn, draft, config.to, now)]
        noted = [draft for draft in rest if alerts.raise_alert(conn, draft, (), now)]
    for draft in raised:
        log.info("alert raised", rule=config.name, severity=draft.severity, key=draft.key)
    return len([draft for draft in raised if draft.rule != rules.MANY]) + len(noted)


def _watched(conn: Connection, config: AlertConfig) -> list[Brand]:
    return [brand for brand in brands.all_brands(conn) if not config.brands or brand.name in config.brands]


def _rule(config: AlertConfig) -> NegativeMention | Spike:
    match config.rule:
        case "negative_mention":
            return NegativeMention(
                config.name, negative_from=config.negative_from, max_age_days=config.max_age_days
            )
        case "spike":
            return Spike(config.name, baseline_days=config.baseline_days, at_least=config.at_least)


def _drafts(conn: Connection, brand: Brand, rule: NegativeMention | Spike, now: datetime) -> Sequence[AlertDraft]:
    if isinstance(rule, Spike):
        return rules.spike(conn, brand, rule, now)
    return rules.negative_mention(conn, brand, rule, now)
