"""What a visit would bring, without keeping any of it: every page is stored, counted and taken back."""

from __future__ import annotations

import threading
from collections.abc import Sequence
from datetime import datetime

from collectors.post import Post
from collectors.source import Source, SourceError
from service import progress
from service.collecting import brands_of, build, chosen_sources, in_parallel
from service.config import SourceConfig
from service.errors import ServiceError
from service.intake import Collected, store_posts
from service.visits import ensure, must_wait
from service.workspace import Workspace
from storage import sources
from storage.mentions import Stored


def rehearse(
    ws: Workspace,
    *,
    only: Sequence[str] = (),
    since: datetime | None = None,
    advance: progress.Advance = progress.nothing,
) -> list[Collected]:
    """Read the sources as `collect` would, or with `since` as `backfill` would at first, and say what is new.

    Sites are asked for the same pages; in the database nothing changes, health and cursors included. A post that
    is on two pages counts twice.
    Raises ServiceError when `only` names a source that is not configured.
    """

    def visit(config: SourceConfig) -> Collected:
        result = Collected(config.name)
        try:
            _read(ws, config, since, result, advance)
        except (SourceError, ServiceError) as error:
            result.problem, result.remedy = str(error), error.remedy
        return result

    return in_parallel(chosen_sources(ws, only), visit, threading.Event())


def _read(
    ws: Workspace, config: SourceConfig, since: datetime | None, result: Collected, advance: progress.Advance
) -> None:
    with ws.database.read() as conn:
        known = sources.find(conn, config.name)
    if known is not None and (wait := must_wait(known, ws.clock.now())):
        result.problem, result.remedy = wait, "nothing to do: it is read again then"
        return
    source = build(ws, config)
    is_same = known is not None and known.kind == config.kind
    cursor = known.cursor if known and is_same and since is None else {}
    for page in source.pages(ws.http, cursor, since=since):
        result.add(page, *_would_store(ws, config, source, page.posts))
        advance(len(page.posts))


def _would_store(
    ws: Workspace, config: SourceConfig, source: Source, posts: Sequence[Post]
) -> tuple[Stored, int]:
    with ws.database.begin() as conn:
        brands, source_id = brands_of(ws, config, ws.apply(conn)), ensure(conn, config)
        done = store_posts(ws, conn, source_id, posts, brands, ws.clock.now(), wants=source.wants)
        conn.rollback()
    return done
