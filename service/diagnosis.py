"""What `oyez doctor` looks at: each check says what it found and, where that is not well, what to do."""

from __future__ import annotations

import os
import shutil
import smtplib
import stat
from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta

from collectors.secret import references
from collectors.source import find
from service.channels import shown
from service.config import Config
from service.errors import ServiceError
from service.home import Home, find_home
from service.oyez_toml import load
from service.secret import is_reference, reveal
from service.workspace import Workspace
from storage import outbox
from storage.database import DatabaseError, Finding, open_database
from storage.health import SourceHealth, health

LEAST_FREE = 500 * 2**20
"""Free bytes on the disk under which it is told."""
_CLOCK_BUILT = datetime(2026, 1, 1, tzinfo=UTC)
"""The clock of a computer that shows an earlier time is wrong."""


def examine(home: Home, *, network: bool = False) -> Iterator[Finding]:
    """All checks, in the order in which their remedies should be applied. `network` knocks at the mail server."""
    yield from _home(home)
    if not home.config.exists():
        yield Finding("config", ok=True, detail=f"no {home.config}: everything is at its default")
        config = Config()
    else:
        try:
            config = load(home.config)
        except ServiceError as error:
            yield Finding("config", ok=False, detail=str(error), remedy=error.remedy)
            return
        yield _summary(home, config)
    ws = Workspace(home, config)
    yield from _secrets(ws)
    yield from _off(config)
    yield from _database(ws)
    yield _model(ws)
    yield _disk(home)
    yield _clock(ws.clock.now())
    if network:
        yield _mail(ws)


def examine_here(home: Home | None = None) -> list[Finding]:
    """All checks of a home folder that need no network."""
    return list(examine(home or find_home()))


def _home(home: Home) -> Iterator[Finding]:
    if not home.path.exists():
        yield Finding("home", ok=False, detail=f"there is no {home.path}", remedy="run `oyez init`")
        return
    if not os.access(home.path, os.W_OK):
        yield Finding(
            "home", ok=False, detail=f"{home.path} may not be written", remedy="run oyez as the user that owns it"
        )
        return
    yield Finding("home", ok=True, detail=str(home.path))
    key = home.path / "pseudonym.key"
    if key.exists():
        private = stat.S_IMODE(key.stat().st_mode) & 0o077 == 0
        yield Finding("key", ok=private, detail=str(key), remedy=f"others may read it: chmod 600 {key}")


def _summary(home: Home, config: Config) -> Finding:
    counts = f"{len(config.brands)} brands, {len(config.sources)} sources, {len(config.alerts)} alert rules"
    return Finding("config", ok=True, detail=f"{home.config}: {counts}")


def _secrets(ws: Workspace) -> Iterator[Finding]:
    """Each reference of the configuration can be followed; what it leads to is not shown."""
    config = ws.config
    channels = [
        channel for section in (config.alerts, config.reports) for entry in section for channel in entry.to
    ]
    keys = [key for source in config.sources for key in references(find(source.kind).Options, source.options)]
    found = [config.storage.url, config.mail.password, config.webhook.secret, *keys, *channels]
    for reference in dict.fromkeys(value for value in found if value and is_reference(value)):
        try:
            reveal(reference, ws.home.path)
        except ServiceError as error:
            yield Finding("secret", ok=False, detail=str(error), remedy=error.remedy)
        else:
            yield Finding("secret", ok=True, detail=f"{reference} is there")
    for channel in channels:
        if not is_reference(channel) and not channel.startswith(("mailto:", "http:", "https:")):
            remedy = "keep such an address as env:NAME or file:PATH: it holds a secret"
            yield Finding("secret", ok=True, detail=f"{shown(channel)} stands in clear; {remedy}")


def _off(config: Config) -> Iterator[Finding]:
    """Sources that are not read because nobody accepted their terms."""
    for source in config.sources:
        if source.off_because:
            yield Finding("source", ok=True, detail=f"{source.name} is off: {source.off_because}")


def _database(ws: Workspace) -> Iterator[Finding]:
    try:
        database = open_database(ws.database_url)
    except (DatabaseError, ServiceError) as error:
        yield Finding("database", ok=False, detail=str(error), remedy=error.remedy)
        return
    with database:
        findings = database.check()
        yield from findings
        if all(finding.ok for finding in findings):
            with database.read() as conn:
                dead = outbox.counts(conn)[outbox.State.DEAD]
                found = health(conn, ws.clock.now())
            yield Finding(
                "outbox",
                ok=not dead,
                detail=f"{dead} messages could not be delivered",
                remedy="see the log, correct [mail] or the address, then `oyez alerts --retry-failed`",
            )
            yield from (_source(one) for one in found)


def _source(one: SourceHealth) -> Finding:
    if one.failing:
        remedy = f"try `oyez sources preview {one.state.name!r}`"
        until = f"; it rests until {one.state.retry_at:%Y-%m-%d %H:%M} UTC" if one.resting else ""
        return Finding("source", ok=False, detail=f"{one.state.name}: {one.state.problem}{until}", remedy=remedy)
    if one.quiet:
        detail = f"{one.state.name}: nothing since {one.newest_day}, usually {one.usual_per_day:.1f} a day"
        return Finding("source", ok=False, detail=detail, remedy="look whether the site has moved or changed")
    if one.unvisited:
        detail = f"{one.state.name}: not visited since {one.state.last_success_at:%Y-%m-%d}"
        remedy = "keep `oyez serve` running, or let cron call `oyez run`"
        return Finding("source", ok=False, detail=detail, remedy=remedy)
    return Finding("source", ok=True, detail=f"{one.state.name}: {one.mentions} mentions")


def _model(ws: Workspace) -> Finding:
    """It can be loaded and reads a text."""
    remedy = "correct [nlp] model, or leave it out; if it is the delivered one, install oyez again"
    try:
        ws.model.annotate(["Très bien"], ["fr"])
    except Exception as error:  # noqa: BLE001 (ONNX Runtime's errors have no common base; all are to be told)
        return Finding("model", ok=False, detail=str(error), remedy=getattr(error, "remedy", "") or remedy)
    return Finding("model", ok=True, detail=f"{ws.model.name} loads and reads")


def _disk(home: Home) -> Finding:
    place = home.path if home.path.exists() else home.path.anchor
    free = shutil.disk_usage(place).free
    return Finding(
        "disk",
        ok=free >= LEAST_FREE,
        detail=f"{free / 2**30:.1f} GiB free",
        remedy="make room, or move the home folder",
    )


def _clock(now: datetime) -> Finding:
    ok = now - _CLOCK_BUILT > timedelta(0)
    return Finding("clock", ok=ok, detail=now.isoformat(timespec="seconds"), remedy="set this computer's clock")


def _mail(ws: Workspace) -> Finding:
    mail = ws.config.mail
    where = f"{mail.host}:{mail.port}"
    knock: Callable[..., smtplib.SMTP] = smtplib.SMTP_SSL if mail.security == "tls" else smtplib.SMTP
    try:
        with knock(mail.host, mail.port, timeout=10) as server:
            server.noop()
    except (OSError, smtplib.SMTPException) as error:
        return Finding(
            "mail", ok=False, detail=f"{where}: {error}", remedy="check [mail] host, port and security"
        )
    return Finding("mail", ok=True, detail=f"{where} answers")
