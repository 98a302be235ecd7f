"""Applies the alert rules of the configuration, and raises what they find: each event once, never in hundreds."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime

import structlog
from sqlalchemy import Connection

from reputation import rules
from reputation.rules import NegativeMention, Rule, Spike
from reputation.silences import GoneQuiet, gone_quiet
from service.config import AlertConfig
from service.workspace import Workspace
from storage import alerts, brands
from storage.alerts import AlertDraft
from storage.brands import Brand
from storage.health import SourceHealth, health

log = structlog.get_logger("oyez.alert")


def alert(ws: Workspace) -> int:
    """Raise what the rules find now, with its messages in the same transaction; how many were new."""
    raised = 0
    for config in ws.config.alerts:
        with ws.database.read() as conn:
            watched = _watched(conn, config)
            healths = health(conn, ws.clock.now()) if config.rule == "gone_quiet" else []
        for brand in watched:
            about = {one.name for one in ws.config.sources if brand.name in ws.config.brand_names(one.brands)}
            raised += _watch(ws, brand, config, [one for one in healths if one.state.name in about])
    return raised


def _watch(ws: Workspace, brand: Brand, config: AlertConfig, healths: Sequence[SourceHealth]) -> int:
    """Raise what one rule finds of one brand: nothing is written where it was all told before."""
    rule, now = _rule(config), ws.clock.now()
    with ws.database.read() as conn:
        new = alerts.unknown(conn, _drafts(conn, brand, rule, now, healths))
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


def _rule(config: AlertConfig) -> Rule:
    match config.rule:
        case "negative_mention":
            return NegativeMention(
                config.name, negative_from=config.negative_from, max_age_days=config.max_age_days
            )
        case "spike":
            return Spike(config.name, baseline_days=config.baseline_days, at_least=config.at_least)
        case "gone_quiet":
            return GoneQuiet(config.name)


def _drafts(
    conn: Connection, brand: Brand, rule: Rule, now: datetime, healths: Sequence[SourceHealth]
) -> Sequence[AlertDraft]:
    """What a rule finds of a brand; `healths` are those of its sources. One of many is told with the first."""
    match rule:
        case GoneQuiet():
            return gone_quiet(rule, brand, healths)
        case Spike():
            return rules.spike(conn, brand, rule, now)
        case NegativeMention():
            return rules.negative_mention(conn, brand, rule, now)
