"""Collects the sources: each page and its cursor in one transaction, no source in another's way."""

from __future__ import annotations

import threading
from collections.abc import Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import asdict, dataclass, field
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import structlog

from collectors.errors import RateLimited
from collectors.secret import REVEAL
from collectors.source import Cursor, Fault, Page, Source, SourceError, find
from nlp.masking import pseudonym
from service import progress, schedule
from service.config import SourceConfig
from service.errors import ServiceError
from service.matching import BrandIds, brand_ids
from service.secret import reveal
from service.workspace import Workspace
from storage import links, mentions, raw, runs, sources
from storage.mentions import Stored

AT_ONCE = 4
"""Sources read at the same time; a host is never asked by two of them at once (`collectors.http`)."""
_FAULTS_KEPT = 20
_RETRY_FAILED_AFTER = timedelta(minutes=15)
_RETRY_REFUSED_AFTER = timedelta(days=1)
"""Where waiting will not help, a site is not asked again and again."""
log = structlog.get_logger("oyez.collect")


@dataclass
class Collected:
    """What became of one source. `problem` and `remedy` are set where it failed; what came before is kept."""

    source: str
    stored: Stored = field(default_factory=Stored)
    pages: int = 0
    faults: list[Fault] = field(default_factory=list)
    fault_count: int = 0
    problem: str = ""
    remedy: str = ""

    def add(self, page: Page, stored: Stored) -> None:
        """Count one page in."""
        self.pages += 1
        self.stored += stored
        self.fault_count += len(page.faults)
        self.faults += page.faults[: _FAULTS_KEPT - len(self.faults)]

    def to_json(self) -> dict[str, Any]:
        """The counts, and what went wrong."""
        counts = {"source": self.source, **asdict(self.stored), "pages": self.pages, "faults": self.fault_count}
        return counts | {"problem": self.problem or None, "remedy": self.remedy or None}


def collect(
    ws: Workspace,
    *,
    only: Sequence[str] = (),
    since: datetime | None = None,
    due_only: bool = False,
    stop: threading.Event | None = None,
    advance: progress.Advance = progress.nothing,
) -> list[Collected]:
    """Read the configured sources, those named in `only`, or with `due_only` those whose schedule says so.

    One that is off is left out, unless it is named. A source that fails is noted with its remedy and stops no
    other. With `stop` set, each ends after its page.
    Raises ServiceError when `only` names a source that is not configured.
    """
    chosen = [config for config in chosen_sources(ws, only) if only or not config.off_because]
    if due_only:
        chosen = [config for config in chosen if is_due(ws, config)]
    if not chosen:
        return []
    halt = stop or threading.Event()
    ids = ws.brand_ids()
    with ThreadPoolExecutor(AT_ONCE, "collect") as pool:
        visit = _Round(ws, ids, since, halt, advance).visit
        work = [pool.submit(visit, config) for config in chosen]
        try:
            return [future.result() for future in work]
        except BaseException:
            halt.set()
            raise


def is_due(ws: Workspace, config: SourceConfig) -> bool:
    """Whether the schedule says that it is time; one that failed is not tried again within 15 minutes.

    Nor is one that asked for a longer rest before that is over, or, where waiting will not help, within a day.
    A visit that was cut off, by a kill or a gentle stop, is due at once: it goes on from its last page.
    """
    with ws.database.read() as conn:
        known = sources.find(conn, config.name)
        visits = runs.recent(conn, _visit_of(config), limit=1)
    now, zone = ws.clock.now(), ws.config.web.zone
    if known and known.kind == config.kind and known.retry_at and now < known.retry_at:
        return False
    if known is None or known.last_attempt_at is None or (visits and visits[0].finished_at is None):
        return True
    if known.failures and now - known.last_attempt_at < _RETRY_FAILED_AFTER:
        return False
    last = known.last_success_at if known.failures else known.last_attempt_at
    return last is None or schedule.parse(config.schedule).next_after(last, zone) <= now


def store_pages(
    ws: Workspace,
    source_id: int,
    pages: Iterator[Page],
    result: Collected,
    brands: BrandIds,
    *,
    relink: bool = False,
) -> Iterator[Page]:
    """Store page after page, and give each back once it is safe. A crash repeats a page, and loses none.

    With `relink`, what was stored before is about the brands that are said now.
    """
    config = ws.config.privacy
    key = ws.pseudonym_key
    for page in pages:
        now = ws.clock.now()
        with ws.database.begin() as conn:
            stored = mentions.store_page(
                conn,
                source_id,
                page.posts,
                brand_ids_of=brands,
                pseudonym=lambda name: pseudonym(name, key),
                now=now,
                keep_names=config.keep_names,
            )
            if relink and stored.unchanged + stored.refreshed:
                links.relink(conn, source_id, page.posts, brands)
            if page.answer is not None and (stored.touched or page.faults):
                raw.keep(conn, source_id, page.answer, now, config.raw_days)
            sources.record_success(conn, source_id, page.cursor, now, stored.new)
        result.add(page, stored)
        yield page


def build(config: SourceConfig, folder: Path) -> Source:
    """The source that the configuration describes; `folder` is where its relative paths begin.

    Its secrets are followed now. Raises ServiceError where one is not there, or where the source is off.
    """
    if config.off_because:
        raise ServiceError(
            f"the source {config.name!r} is off: {config.off_because}",
            "if you may read it all the same, write accept_terms = true in its [[sources]]",
        )
    kind = find(config.kind)
    context = {"folder": folder, REVEAL: lambda reference: reveal(reference, folder)}
    return kind(kind.Options.model_validate(config.options, context=context))


def chosen_sources(ws: Workspace, only: Sequence[str]) -> list[SourceConfig]:
    """The configured sources of these names, or all of them.

    Raises ServiceError when there is none of a name.
    """
    configured = {source.name: source for source in ws.config.sources}
    if missing := [name for name in only if name not in configured]:
        raise ServiceError(
            f"there is no source called {missing[0]!r} in {ws.home.config}",
            f"sources of that file: {', '.join(configured) or 'none'}",
        )
    return [configured[name] for name in only] if only else list(configured.values())


@dataclass(frozen=True, slots=True)
class _Round:
    """One round of visits: what they share."""

    ws: Workspace
    ids: dict[str, int]
    since: datetime | None
    stop: threading.Event
    advance: progress.Advance

    def visit(self, config: SourceConfig) -> Collected:
        """Read one source to its end. This is the edge of a job: whatever goes wrong is noted on the source."""
        result = Collected(config.name)
        rest = None
        with self.ws.database.begin() as conn:
            source_id = sources.ensure(conn, config.name, config.kind)
            cursor = sources.state(conn, source_id).cursor
            visit = runs.start(conn, _visit_of(config), self.ws.clock.now())
        try:
            if not self._read(config, source_id, cursor, result):
                return result
        except (SourceError, ServiceError) as error:
            result.problem, result.remedy = str(error), error.remedy
            rest = _rest_after(error, config, self.ws.clock.now())
        except Exception as error:
            log.exception("source broke", source=config.name)
            result.problem = f"{type(error).__name__}: {error}"
            result.remedy = "this is a mistake in oyez: please report it, with what `oyez sources parse` says"
        _report(self.ws, source_id, result, rest)
        with self.ws.database.begin() as conn:
            runs.finish(conn, visit, self.ws.clock.now(), asdict(result.stored), result.problem or None)
        return result

    def _read(self, config: SourceConfig, source_id: int, cursor: Cursor, result: Collected) -> bool:
        """Store the source's pages; False where it was stopped before its end."""
        source = build(config, self.ws.home.path)
        brands = brand_ids(
            self.ws.config.brands, self.ids, chosen=config.brands, by_column=names_brands(config.options)
        )
        pages = source.pages(self.ws.http, cursor, since=self.since)
        for page in store_pages(self.ws, source_id, pages, result, brands):
            self.advance(len(page.posts))
            if self.stop.is_set():
                return False
        if result.pages == 0:  # a visit that found nothing is a good one, too
            with self.ws.database.begin() as conn:
                sources.record_success(conn, source_id, cursor, self.ws.clock.now())
        return True


def _visit_of(config: SourceConfig) -> str:
    return f"visit {config.name}"


def names_brands(options: Mapping[str, Any]) -> bool:
    """Whether these options of a file say which column names the brand."""
    mapping = options.get("mapping")
    return bool(options.get("brand_column") or (isinstance(mapping, Mapping) and mapping.get("brand")))


def _rest_after(error: SourceError | ServiceError, config: SourceConfig, now: datetime) -> datetime | None:
    """Until when to leave the source alone; None: the usual wait. A file or a key may be put right any moment."""
    if isinstance(error, RateLimited):
        return error.retry_at
    refused = isinstance(error, SourceError) and error.permanent
    return now + _RETRY_REFUSED_AFTER if refused and config.kind != "files" else None


def _report(ws: Workspace, source_id: int, result: Collected, rest: datetime | None) -> None:
    counts = {"pages": result.pages, "new": result.stored.new, "changed": result.stored.changed}
    if not result.problem:
        log.info("source read", source=result.source, **counts, faults=result.fault_count)
        return
    said = f"{result.problem}. To do: {result.remedy}" if result.remedy else result.problem
    with ws.database.begin() as conn:
        sources.record_failure(conn, source_id, said, ws.clock.now(), rest)
    log.warning("source failed", source=result.source, problem=result.problem, remedy=result.remedy, **counts)
