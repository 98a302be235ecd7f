"""Collects the sources: each page and its cursor in one transaction, no source in another's way."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import asdict, dataclass
from typing import Any

import structlog

from collectors.secret import REVEAL
from collectors.source import Cursor, Page, Source, SourceError, find
from service import allowances, progress
from service.config import SourceConfig
from service.errors import ServiceError
from service.intake import Collected, Save, store_pages, to_cursor
from service.matching import BrandIds, brand_ids, options_of
from service.secret import reveal
from service.visits import Outcome, ensure, is_due, kind_of_visit, must_wait, rest_after, rest_in_trouble
from service.workspace import Workspace
from storage import runs, sources

AT_ONCE = 4
"""Sources read at the same time; a host is never asked by two of them at once (`collectors.http`)."""
log = structlog.get_logger("oyez.collect")

Visit = Callable[[SourceConfig], Collected]


def collect(
    ws: Workspace,
    *,
    only: Sequence[str] = (),
    due_only: bool = False,
    stop: threading.Event | None = None,
    advance: progress.Advance = progress.nothing,
) -> list[Collected]:
    """Read the configured sources, those named in `only`, or with `due_only` those whose schedule says so.

    One that is off is left out, unless it is named. A source that fails is noted with its remedy and stops no
    other. With `stop` set, each ends after its page.
    Raises ServiceError when `only` names a source that is not configured.
    """
    chosen = chosen_sources(ws, only)
    if due_only:
        chosen = [config for config in chosen if is_due(ws, config)]
    halt = stop or threading.Event()
    ids = ws.brand_ids() if chosen else {}

    def visit(config: SourceConfig) -> Collected:
        with begun(ws, config, kind_of_visit(config)) as at:
            if at.may_go:
                source = build(ws, config)
                pages = source.pages(ws.http, at.cursor)
                at.ended = all_stored(at, source, brands_of(ws, config, ids), pages, halt=halt, seen=count)
        return at.result

    def count(page: Page) -> None:
        advance(len(page.posts))

    return in_parallel(chosen, visit, halt)


def in_parallel(chosen: Sequence[SourceConfig], visit: Visit, halt: threading.Event) -> list[Collected]:
    """Visit sources, some at a time; where one breaks off the whole, the others end after their page."""
    if not chosen:
        return []
    with ThreadPoolExecutor(AT_ONCE, "collect") as pool:
        work = [pool.submit(visit, config) for config in chosen]
        try:
            return [future.result() for future in work]
        except BaseException:
            halt.set()
            raise


@dataclass
class At:
    """A visit that has begun. `may_go` is False where it has to wait; `ended` is False where it was cut off."""

    ws: Workspace
    config: SourceConfig
    source_id: int
    cursor: Cursor
    backfill: dict[str, Any]
    failures: int
    result: Collected
    may_go: bool = True
    ended: bool = True


def brands_of(ws: Workspace, config: SourceConfig, ids: Mapping[str, int]) -> BrandIds:
    """The brands that the posts of a source are about."""
    by_column = names_brands(config.options)
    return brand_ids(ws.config.brands, ids, chosen=config.brands, by_column=by_column)


@contextmanager
def begun(ws: Workspace, config: SourceConfig, kind: str) -> Iterator[At]:
    """One visit, in the log of runs. This is the edge of a job: whatever goes wrong is noted on the source."""
    result = Collected(config.name)
    with ws.database.begin() as conn:
        source_id = ensure(conn, config)
        known = sources.state(conn, source_id)
        at = At(ws, config, source_id, known.cursor, known.backfill or {}, known.failures, result)
        if wait := must_wait(known, ws.clock.now()):
            result.problem, result.remedy = wait, "nothing to do: it is read again then"
            at.may_go = False
        else:
            visit = runs.start(conn, kind, ws.clock.now())
    if not at.may_go:
        yield at
        return
    rest: Outcome = (None, None)
    try:
        yield at
    except (SourceError, ServiceError) as error:
        result.problem, result.remedy = str(error), error.remedy
        rest = rest_after(error, _failures(at), config, ws.clock.now())
    except Exception as error:
        log.exception("source broke", source=config.name)
        result.problem = f"{type(error).__name__}: {error}"
        result.remedy = "this is a mistake in oyez: please report it, with what `oyez sources parse` says"
        rest = rest_in_trouble(_failures(at), ws.clock.now())
    if not at.ended:
        return
    _report(at, rest)
    with ws.database.begin() as conn:
        runs.finish(conn, visit, ws.clock.now(), asdict(result.stored), result.problem or None)


def _failures(at: At) -> int:
    """How many failures in a row the present one makes: pages that were read in between begin anew."""
    return 1 if at.result.pages else at.failures + 1


def all_stored(
    at: At,
    source: Source,
    brands: BrandIds,
    pages: Iterator[Page],
    *,
    halt: threading.Event,
    seen: Callable[[Page], None],
    save: Save | None = None,
) -> bool:
    """Store the source's pages, each `seen` once it is; False where it was stopped before its end.

    It ends, too, where the quota of its service is used up, and rests until that begins anew.
    """
    ws, result = at.ws, at.result
    account = allowances.account(at.config, source)
    if account is not None and allowances.exhausted(ws, account, at.source_id, result):
        return True
    meter = allowances.Meter(account) if account else None
    if meter:
        save = meter.saving(save or to_cursor(at.source_id))
    for page in store_pages(ws, at.source_id, pages, result, brands, wants=source.wants, save=save):
        seen(page)
        if meter and allowances.rests(ws, meter.spent, at.source_id, result):
            return True
        if halt.is_set():
            return False
    if result.pages == 0:  # a visit that found nothing is a good one, too
        with ws.database.begin() as conn:
            sources.record_success(conn, at.source_id, at.cursor, ws.clock.now())
    return True


def build(ws: Workspace, config: SourceConfig) -> Source:
    """The source that the configuration describes; relative paths begin in the home folder.

    Its secrets are followed now. Raises ServiceError where one is not there, or where the source is off.
    """
    if config.off_because:
        raise ServiceError(
            f"the source {config.name!r} is off: {config.off_because}",
            "if you may read it all the same, write accept_terms = true in its [[sources]]",
        )
    folder = ws.home.path
    context = {"folder": folder, REVEAL: lambda reference: reveal(reference, folder)}
    kind = find(config.kind)
    return kind(kind.Options.model_validate(options_of(config, ws.config.brands), context=context))


def chosen_sources(ws: Workspace, only: Sequence[str]) -> list[SourceConfig]:
    """The configured sources of these names, or all of them that are not off.

    Raises ServiceError when there is none of a name.
    """
    configured = {source.name: source for source in ws.config.sources}
    if missing := [name for name in only if name not in configured]:
        raise ServiceError(
            f"there is no source called {missing[0]!r} in {ws.home.config}",
            f"sources of that file: {', '.join(configured) or 'none'}",
        )
    return [configured[name] for name in only] or [one for one in configured.values() if not one.off_because]


def names_brands(options: Mapping[str, Any]) -> bool:
    """Whether these options of a file say which column names the brand."""
    mapping = options.get("mapping")
    return bool(options.get("brand_column") or (isinstance(mapping, Mapping) and mapping.get("brand")))


def _report(at: At, rest: Outcome) -> None:
    result = at.result
    counts = {"pages": result.pages, "new": result.stored.new, "changed": result.stored.changed}
    if not result.problem:
        log.info("source read", source=result.source, **counts, faults=result.fault_count)
        return
    said = f"{result.problem}. To do: {result.remedy}" if result.remedy else result.problem
    with at.ws.database.begin() as conn:
        sources.record_failure(conn, at.source_id, said, at.ws.clock.now(), *rest)
    log.warning("source failed", source=result.source, problem=result.problem, remedy=result.remedy, **counts)
