"""What a source gives becomes mentions: page after page, each with its cursor in one transaction."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import asdict, dataclass, field
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
from storage.pages import known_among

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


def to_cursor(source_id: int) -> Save:
    """Notes that a source stands behind the page."""

    def save(conn: Connection, page: Page, stored: Stored, now: datetime) -> None:
        sources.record_success(conn, source_id, page.cursor, now, stored.new)

    return save


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

    `save` notes where the source stands: as written, its cursor. With `relink`, what was stored before is about
    the brands that are said now.
    """
    days = ws.config.privacy.raw_days
    for page in pages:
        now = ws.clock.now()
        with ws.database.begin() as conn:
            stored, off_topic = store_posts(ws, conn, source_id, page.posts, brands, now, wants=wants)
            if relink and stored.unchanged + stored.refreshed:
                links.relink(conn, source_id, page.posts, brands)
            if page.answer is not None and (stored.touched or page.faults):
                raw.keep(conn, source_id, page.answer, now, days)
            questions.keep(conn, source_id, page.questions, now)
            (save or to_cursor(source_id))(conn, page, stored, now)
        result.add(page, stored, off_topic)
        yield page


def store_posts(  # noqa: PLR0917  all that a page needs to be stored
    ws: Workspace,
    conn: Connection,
    source_id: int,
    posts: Sequence[Post],
    brands: BrandIds,
    now: datetime,
    *,
    wants: Wants = everything,
) -> tuple[Stored, int]:
    """Store posts as the configuration says of names; also how many were not wanted.

    Of these, one that is known was edited and is about no brand any longer; the others are not stored.
    """
    key = ws.pseudonym_key

    def store(some: Sequence[Post], about: BrandIds) -> Stored:
        return mentions.store_page(
            conn,
            source_id,
            some,
            brand_ids_of=about,
            pseudonym=lambda name: pseudonym(name, key),
            now=now,
            keep_names=ws.config.privacy.keep_names,
        )

    wanted = [post for post in posts if wants(post)]
    stored = store(wanted, brands)
    if len(wanted) == len(posts):
        return stored, 0
    kept = set(map(id, wanted))
    others = [post for post in posts if id(post) not in kept]
    known = known_among(conn, source_id, others)
    return (stored + store(known, _nobody) if known else stored), len(others)


def _nobody(_post: Post) -> tuple[int, ...]:
    return ()
