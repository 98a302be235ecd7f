"""Applies the alert rules of the configuration, and raises what they find: each event once."""

from __future__ import annotations

from collections.abc import Sequence

import structlog
from sqlalchemy import Connection

from reputation import rules
from service.config import AlertConfig
from service.workspace import Workspace
from storage import alerts, brands
from storage.alerts import AlertDraft
from storage.brands import Brand

log = structlog.get_logger("oyez.alert")


def alert(ws: Workspace) -> int:
    """Raise what the rules find now, with its messages in the same transaction; how many were new."""
    now = ws.clock.now()
    raised = 0
    for config in ws.config.alerts:
        with ws.database.read() as conn:
            drafts = [draft for brand in _watched(conn, config) for draft in _drafts(ws, conn, brand, config)]
        for draft in drafts:
            with ws.database.begin() as conn:
                new = alerts.raise_alert(conn, draft, config.to, now)
            if new:
                raised += 1
                log.info("alert raised", rule=config.name, severity=draft.severity, key=draft.key)
    return raised


def _watched(conn: Connection, config: AlertConfig) -> list[Brand]:
    return [brand for brand in brands.all_brands(conn) if not config.brands or brand.name in config.brands]


def _drafts(ws: Workspace, conn: Connection, brand: Brand, config: AlertConfig) -> Sequence[AlertDraft]:
    now = ws.clock.now()
    match config.rule:
        case "negative_mention":
            mention = rules.NegativeMention(
                config.name, negative_from=config.negative_from, max_age_days=config.max_age_days
            )
            return rules.negative_mention(conn, brand, mention, now)
        case "spike":
            spike = rules.Spike(config.name, baseline_days=config.baseline_days, at_least=config.at_least)
            return rules.spike(conn, brand, spike, now)
