"""Collects the sources: each page and its cursor in one transaction, no source in another's way."""

from __future__ import annotations

import threading
from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import asdict, dataclass, field
from datetime import datetime, timedelta
from typing import Any

import structlog

from collectors.http import Http
from collectors.source import Cursor, Fault, Page, Source, SourceError, find
from nlp.masking import pseudonym
from service import progress, schedule
from service.config import SourceConfig
from service.errors import ServiceError
from service.matching import BrandIds, brand_ids
from service.workspace import Workspace
from storage import mentions, raw, runs, sources
from storage.mentions import Stored

AT_ONCE = 4
"""Sources read at the same time; a host is never asked by two of them at once (`collectors.http`)."""
_FAULTS_KEPT = 20
_RETRY_FAILED_AFTER = timedelta(minutes=15)
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

    A source that fails is noted with its remedy and stops no other. With `stop` set, each ends after its page.
    Raises ServiceError when `only` names a source that is not configured.
    """
    chosen = chosen_sources(ws, only)
    if due_only:
        chosen = [config for config in chosen if is_due(ws, config)]
    if not chosen:
        return []
    halt = stop or threading.Event()
    ids = ws.brand_ids()
    with Http(ws.config.http, clock=ws.clock) as http, ThreadPoolExecutor(AT_ONCE, "collect") as pool:
        visit = _Round(ws, http, ids, since, halt, advance).visit
        work = [pool.submit(visit, config) for config in chosen]
        try:
            return [future.result() for future in work]
        except BaseException:
            halt.set()
            raise


def is_due(ws: Workspace, config: SourceConfig) -> bool:
    """Whether the schedule says that it is time; one that failed is not tried again within 15 minutes.

    A visit that was cut off, by a kill or a gentle stop, is due at once: it goes on from its last page.
    """
    with ws.database.read() as conn:
        known = next((state for state in sources.states(conn) if state.name == config.name), None)
        visits = runs.recent(conn, _visit_of(config), limit=1)
    if known is None or known.last_attempt_at is None or (visits and visits[0].finished_at is None):
        return True
    now, zone = ws.clock.now(), ws.config.web.zone
    if known.failures and now - known.last_attempt_at < _RETRY_FAILED_AFTER:
        return False
    last = known.last_success_at if known.failures else known.last_attempt_at
    return last is None or schedule.parse(config.schedule).next_after(last, zone) <= now


def store_pages(
    ws: Workspace, source_id: int, pages: Iterator[Page], result: Collected, brands: BrandIds
) -> Iterator[Page]:
    """Store page after page, and give each back once it is safe. A crash repeats a page, and loses none."""
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
            if page.answer is not None and config.raw_days:
                raw.keep(conn, source_id, page.answer, now, config.raw_days)
            sources.record_success(conn, source_id, page.cursor, now, stored.new)
        result.add(page, stored)
        yield page


def build(config: SourceConfig) -> Source:
    """The source that the configuration describes."""
    kind = find(config.kind)
    return kind(kind.Options.model_validate(config.options))


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
    http: Http
    ids: dict[str, int]
    since: datetime | None
    stop: threading.Event
    advance: progress.Advance

    def visit(self, config: SourceConfig) -> Collected:
        """Read one source to its end. This is the edge of a job: whatever goes wrong is noted on the source."""
        result = Collected(config.name)
        with self.ws.database.begin() as conn:
            source_id = sources.ensure(conn, config.name, config.kind)
            cursor = sources.state(conn, source_id).cursor
            visit = runs.start(conn, _visit_of(config), self.ws.clock.now())
        try:
            if not self._read(config, source_id, cursor, result):
                return result
        except SourceError as error:
            result.problem, result.remedy = str(error), error.remedy
        except Exception as error:
            log.exception("source broke", source=config.name)
            result.problem = f"{type(error).__name__}: {error}"
            result.remedy = "this is a mistake in oyez: please report it, with what `oyez sources parse` says"
        _report(self.ws, source_id, result)
        with self.ws.database.begin() as conn:
            runs.finish(conn, visit, self.ws.clock.now(), asdict(result.stored), result.problem or None)
        return result

    def _read(self, config: SourceConfig, source_id: int, cursor: Cursor, result: Collected) -> bool:
        """Store the source's pages; False where it was stopped before its end."""
        source = build(config)
        names = self.ws.config.brand_names(config.brands)
        brands = brand_ids([brand for brand in self.ws.config.brands if brand.name in names], self.ids)
        pages = source.pages(self.http, cursor, since=self.since)
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


def _report(ws: Workspace, source_id: int, result: Collected) -> None:
    counts = {"pages": result.pages, "new": result.stored.new, "changed": result.stored.changed}
    if not result.problem:
        log.info("source read", source=result.source, **counts, faults=result.fault_count)
        return
    said = f"{result.problem}. To do: {result.remedy}" if result.remedy else result.problem
    with ws.database.begin() as conn:
        sources.record_failure(conn, source_id, said, ws.clock.now())
    log.warning("source failed", source=result.source, problem=result.problem, remedy=result.remedy, **counts)
