"""Reads what sources published in the past: apart from what is new, on from where it was cut off.

A walk into the past has a cursor of its own, so that it neither moves the one of what is new nor is moved by it;
a source that was never read before goes on from its end. What both read is stored once.
"""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator, Sequence
from datetime import datetime

from sqlalchemy import Connection

from collectors.source import Cursor, Page, Source
from service import progress
from service.collecting import At, all_stored, begun, brands_of, build, chosen_sources, in_parallel
from service.config import SourceConfig
from service.intake import Collected
from service.matching import BrandIds
from service.workspace import Workspace
from storage import sources
from storage.mentions import Stored

_MOST_ROUNDS = 10_000
"""A source reads a bounded number of pages at a time; so many times it is asked to go on."""

Told = Callable[[int], None]
"""Is told how many percent are done."""


def backfill(
    ws: Workspace,
    since: datetime,
    *,
    only: Sequence[str] = (),
    stop: threading.Event | None = None,
    told: Told = progress.nothing,
) -> list[Collected]:
    """Read the sources back to `since`, whether they are due or not.

    One that was cut off, by a kill, an error or `stop`, goes on from its last page when the same day is asked for
    again; what was read to its end before is read anew.
    Raises ServiceError when `only` names a source that is not configured.
    """
    chosen = chosen_sources(ws, only)
    halt = stop or threading.Event()
    ids = ws.brand_ids() if chosen else {}
    reach = progress.Reach(since, ws.clock.now(), len(chosen))

    def visit(config: SourceConfig) -> Collected:
        def seen(page: Page) -> None:
            reach.read(config.name, [post.published_at for post in page.posts if post.published_at])
            told(reach.percent)

        with begun(ws, config, f"backfill {config.name}") as at:
            if at.may_go:
                walk = _Walk(at, build(ws, config), brands_of(ws, config, ids), since)
                at.ended = walk.read(halt, seen)
        if at.ended:
            reach.ended(config.name)
            told(reach.percent)
        return at.result

    return in_parallel(chosen, visit, halt)


class _Walk:
    """One source on its way back."""

    def __init__(self, at: At, source: Source, brands: BrandIds, since: datetime) -> None:
        self._at = at
        self._source = source
        self._brands = brands
        self._since = since
        begun_before = at.backfill.get("since") == since.isoformat() and "done" not in at.backfill
        self._cursor: Cursor = at.backfill.get("cursor", {}) if begun_before else {}

    def read(self, halt: threading.Event, seen: Callable[[Page], None]) -> bool:
        """Round after round until there is no more; False where it was stopped before."""
        at = self._at
        for _ in range(_MOST_ROUNDS):
            before, pages_before, touched_before = self._cursor, at.result.pages, at.result.stored.touched
            pages = self._source.pages(at.ws.http, self._cursor, since=self._since)
            kept = self._kept(pages)
            if not all_stored(at, self._source, self._brands, kept, halt=halt, seen=seen, save=self._save):
                return False
            if at.result.waits:
                return True
            little = at.result.pages - pages_before <= 1 and at.result.stored.touched == touched_before
            under_way = self._source.under_way(self._cursor)
            if self._cursor == before or under_way is False or (under_way is None and little):
                break
        with at.ws.database.begin() as conn:
            sources.end_backfill(conn, at.source_id, at.ws.clock.now())
        return True

    def _kept(self, pages: Iterator[Page]) -> Iterator[Page]:
        """The pages; once the next one is asked for, the one before is stored and the walk stands behind it."""
        for page in pages:
            yield page
            self._cursor = page.cursor

    def _save(self, conn: Connection, page: Page, stored: Stored, now: datetime) -> None:
        walk = {"since": self._since.isoformat(), "cursor": page.cursor}
        sources.record_backfill(conn, self._at.source_id, walk, now, stored.new)
