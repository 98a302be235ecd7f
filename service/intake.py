"""What a source gives becomes mentions: page after page, each with its cursor in one transaction."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import asdict, dataclass, field, replace
from datetime import datetime
from typing import Any

from sqlalchemy import Connection

from collectors.post import Post
from collectors.source import Fault, Page
from nlp.masking import pseudonym
from service.matching import BrandIds
from service.workspace import Workspace
from storage import links, mentions, questions, raw, sources
from storage.mentions import Stored

_FAULTS_KEPT = 20

Save = Callable[[Connection, Page, Stored, datetime], None]
"""Notes where a source stands, in the transaction that stores the page."""
Wants = Callable[[Post], bool]


@dataclass
class Collected:
    """What became of one source. `problem` and `remedy` are set where it failed; what came before is kept.

    `off_topic` counts the posts that a search gave and its query does not match; `waits` says why it was not
    read, or not to its end, where nothing failed.
    """

    source: str
    stored: Stored = field(default_factory=Stored)
    pages: int = 0
    off_topic: int = 0
    faults: list[Fault] = field(default_factory=list)
    fault_count: int = 0
    waits: str = ""
    problem: str = ""
    remedy: str = ""

    def add(self, page: Page, stored: Stored, off_topic: int = 0) -> None:
        """Count one page in."""
        self.pages += 1
        self.stored += stored
        self.off_topic += off_topic
        self.fault_count += len(page.faults)
        self.faults += page.faults[: _FAULTS_KEPT - len(self.faults)]

    def to_json(self) -> dict[str, Any]:
        """The counts, and what went wrong."""
        counts = {"source": self.source, **asdict(self.stored), "off_topic": self.off_topic}
        counts |= {"pages": self.pages, "faults": self.fault_count}
        return counts | {
            "waits": self.waits or None,
            "problem": self.problem or None,
            "remedy": self.remedy or None,
        }


def everything(_post: Post) -> bool:
    """What a source wants that is no search."""
    return True


def store_pages(
    ws: Workspace,
    source_id: int,
    pages: Iterator[Page],
    result: Collected,
    brands: BrandIds,
    *,
    wants: Wants = everything,
    save: Save | None = None,
    relink: bool = False,
) -> Iterator[Page]:
    """Store page after page, and give each back once it is safe. A crash repeats a page, and loses none.

    Posts that are not `wants`ed are left out. `save` notes where the source stands: as written, its cursor. With
    `relink`, what was stored before is about the brands that are said now.
    """
    days = ws.config.privacy.raw_days
    for page in pages:
        wanted = [post for post in page.posts if wants(post)]
        now = ws.clock.now()
        with ws.database.begin() as conn:
            stored = store_posts(ws, conn, source_id, wanted, brands, now)
            if relink and stored.unchanged + stored.refreshed:
                links.relink(conn, source_id, wanted, brands)
            if page.answer is not None and (stored.touched or page.faults):
                raw.keep(conn, source_id, page.answer, now, days)
            questions.keep(conn, source_id, page.questions, now)
            if save is not None:
                save(conn, page, stored, now)
            else:
                sources.record_success(conn, source_id, page.cursor, now, stored.new)
        result.add(page, stored, len(page.posts) - len(wanted))
        yield replace(page, posts=wanted)


def store_posts(  # noqa: PLR0917  all that a page needs to be stored
    ws: Workspace, conn: Connection, source_id: int, posts: list[Post], brands: BrandIds, now: datetime
) -> Stored:
    """Store posts as the configuration says of names."""
    key = ws.pseudonym_key
    return mentions.store_page(
        conn,
        source_id,
        posts,
        brand_ids_of=brands,
        pseudonym=lambda name: pseudonym(name, key),
        now=now,
        keep_names=ws.config.privacy.keep_names,
    )
