"""Reads kept answers again, after a parser was mended: what it now reads otherwise becomes a revision.

Answers are read from the oldest on, each as if it came in when it did. What a later visit changed stands: an
answer that is older than what is stored neither brings back nor takes away anything.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from collectors.source import Answer, Fault, Page, SourceError
from service.collecting import brands_of, build, chosen_sources
from service.errors import ServiceError
from service.intake import Collected, store_posts
from service.workspace import Workspace
from storage import raw, sources
from storage.pages import still_current


@dataclass
class Replayed:
    """What became of a source's kept answers. `outdated` posts were seen in a later answer than theirs."""

    collected: Collected
    answers: int = 0
    outdated: int = 0
    unreadable: list[Fault] = field(default_factory=list)

    def to_json(self) -> dict[str, Any]:
        """The counts."""
        counts = {"answers": self.answers, "outdated": self.outdated, "unreadable": len(self.unreadable)}
        shown = ("source", "new", "changed", "refreshed", "unchanged", "deleted", "off_topic", "faults")
        collected = self.collected.to_json()
        return {name: collected[name] for name in shown} | counts


def replay(ws: Workspace, name: str, *, since: datetime | None = None, dry_run: bool = False) -> Replayed:
    """Read the kept answers of one source again, those received at `since` or later.

    Where it stands is not moved. Each answer is a transaction; with `dry_run` it is taken back. Repeated, it
    changes nothing.
    Raises ServiceError when there is no such source in the configuration, or nothing of it is kept.
    """
    [config] = chosen_sources(ws, [name])
    brands = brands_of(ws, config, ws.brand_ids())
    source, result = build(ws, config), Replayed(Collected(name))
    with ws.database.read() as conn:
        known = sources.find(conn, name)
        kept = raw.kept(conn, known.id, since) if known else []
    if known is None or not kept:
        raise ServiceError(
            f"no answer of the source {name!r} is kept",
            f"answers that brought something new are kept for {ws.config.privacy.raw_days} days: see raw_days in "
            "[privacy]",
        )
    reread = source.rereading(known.cursor)
    for number in kept:
        try:
            with ws.database.read() as conn:
                received_at, answer = raw.read(conn, number)
        except LookupError:  # its time was over meanwhile
            continue
        page = _read(reread, answer, result)  # before the transaction: nobody waits for a parser
        with ws.database.begin() as conn:
            current, outdated = still_current(conn, known.id, page.posts, received_at)
            done = store_posts(ws, conn, known.id, current, brands, received_at, wants=source.wants)
            if dry_run:
                conn.rollback()
        result.answers += 1
        result.outdated += outdated
        result.collected.add(page, *done)
    return result


def _read(reread: Callable[[Answer], Page], answer: Answer, result: Replayed) -> Page:
    """The page of an answer; one that the parser refuses is told, and holds nothing."""
    try:
        return reread(answer)
    except SourceError as error:
        result.unreadable.append(Fault(answer.url, str(error)))
        return Page([], {})
