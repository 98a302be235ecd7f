"""How a page of posts becomes mentions: insert or update by (source, external id), once and never twice.

The same page stored again changes nothing. An edited post becomes a new revision, which is pending for
annotation; the older wording moves to `revisions`. A counter, a date or the brand's reply that changed is
stored in place. A tombstone stays and counts nowhere; a post that reappears counts again.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from hashlib import blake2b, sha256
from typing import Any

from sqlalchemy import Connection, bindparam, delete, select, update

from collectors.post import Post, Reach
from storage import dirty, overruling
from storage.database import in_chunks, insert_rows, take_turns
from storage.tables import Mention, MentionBrand, Revision, Source
from storage.types import plain

MAX_KEY = 512
"""Longer external ids are kept as their beginning and a hash: PostgreSQL indexes no more than 2,700 bytes."""
FUTURE = timedelta(days=1)
"""A date further after the post was first seen is a mistake of the source, and not used."""

# Made once: to put a statement together takes ten times as long as to run it on SQLite.
# Two processes that fetch one source at once take turns here, so that neither doubles what the other stores.
# (Without the key: other transactions may still write rows that refer to the source.)
_TURN = select(Source.name).where(Source.id == bindparam("source")).with_for_update(key_share=True)
_OF_PAGE = (
    Mention.source_id == bindparam("source"),
    Mention.external_id.in_(bindparam("page", expanding=True)),
)
_NUMBERS = select(Mention.external_id, Mention.id).where(*_OF_PAGE)
_KNOWN = select(
    Mention.external_id,
    Mention.id,
    Mention.content_hash,
    Mention.state_hash,
    Mention.deleted_at,
    Mention.erased_at,
).where(*_OF_PAGE)

BrandsOf = Callable[[Post], Sequence[int]]
Pseudonym = Callable[[str], str]


@dataclass(frozen=True, slots=True)
class Stored:
    """What became of a page's posts.

    `changed` were edited or reappeared; `refreshed` have other counters, dates or replies, and the same words.
    """

    new: int = 0
    changed: int = 0
    unchanged: int = 0
    deleted: int = 0
    refreshed: int = 0

    @property
    def touched(self) -> int:
        """How many of them made a difference."""
        return self.new + self.changed + self.deleted + self.refreshed

    def __add__(self, other: Stored) -> Stored:
        return Stored(
            self.new + other.new,
            self.changed + other.changed,
            self.unchanged + other.unchanged,
            self.deleted + other.deleted,
            self.refreshed + other.refreshed,
        )


def store_page(
    conn: Connection,
    source_id: int,
    posts: Iterable[Post],
    *,
    brand_ids_of: BrandsOf,
    pseudonym: Pseudonym,
    now: datetime,
    keep_names: bool = False,
) -> Stored:
    """Store posts of one source, and mark the days that count differently now.

    `brand_ids_of` and `pseudonym` are called for new and edited posts only; the latter is given the source's
    name and the author's id (or name, or address), since user 5 of one site is not user 5 of another. An
    author's name and address are kept with `keep_names` alone. Of two posts with one external id the later one
    counts. A date that is missing, or more than `FUTURE` after the post was first seen, leaves it on the day it
    was first seen.
    Raises LookupError when there is no such source.
    """
    source = conn.execute(_TURN, {"source": source_id}).scalar()
    if source is None:
        raise LookupError(f"there is no source number {source_id}")
    intake = _Intake(conn, source_id, source, brand_ids_of, pseudonym, now, keep_names)
    total = Stored()
    latest = {key_of(post.external_id): post for post in posts}
    for keys in in_chunks(latest):
        total += intake.store({key: latest[key] for key in keys})
    return total


def known_among(conn: Connection, source_id: int, posts: Sequence[Post]) -> list[Post]:
    """Those of the posts that are stored already."""
    found: set[str] = set()
    for keys in in_chunks({key_of(post.external_id) for post in posts}):
        query = select(Mention.external_id).where(Mention.source_id == source_id, Mention.external_id.in_(keys))
        found.update(conn.execute(query).scalars())
    return [post for post in posts if key_of(post.external_id) in found]


def still_current(
    conn: Connection, source_id: int, posts: Sequence[Post], received_at: datetime
) -> tuple[list[Post], int]:
    """The posts of an answer received then that nothing stored is newer than, and how many others there are.

    What changed, was deleted or reappeared since then was seen in a later answer.
    """
    newer: set[str] = set()
    for keys in in_chunks({key_of(post.external_id) for post in posts}):
        query = select(Mention.external_id).where(
            Mention.source_id == source_id, Mention.external_id.in_(keys), Mention.changed_at > received_at
        )
        newer.update(conn.execute(query).scalars())
    kept = [post for post in posts if key_of(post.external_id) not in newer]
    return kept, len(posts) - len(kept)


def key_of(external_id: str) -> str:
    """The external id as it is stored: as it is, or shortened where it is too long to be indexed."""
    external_id = plain(external_id)
    if len(external_id) <= MAX_KEY:
        return external_id
    return f"{external_id[: MAX_KEY - 65]}#{sha256(external_id.encode()).hexdigest()}"


def _digest(parts: Iterable[object]) -> bytes:
    joined = "\x1f".join(["" if part is None else str(part) for part in parts])
    return blake2b(joined.encode("utf-8", "surrogatepass"), digest_size=16).digest()


def _content_hash(post: Post) -> bytes:
    given = [post.rating, *post.answers] if post.rating else []
    ratings = [part for r in given for part in (r.value, r.worst, r.best, r.question)]
    segments = json.dumps(post.segments, sort_keys=True) if post.segments else ""
    # The None stands where older versions had the parent, so that what they stored is not taken for edited.
    return _digest((post.kind, post.title, post.text, post.language, None, segments, *ratings))


def _state_hash(post: Post) -> bytes:
    reach, reply, dates = post.reach, post.owner_reply, (post.published_at, post.updated_at)
    counts = (reach.views, reach.likes, reach.shares, reach.comments, post.author.followers)
    # Which name a parent goes by may depend on what else is on the page: another one is no edit of the author's.
    parent = (post.parent_id,) if post.parent_id else ()
    return _digest((post.url, *dates, *counts, *((reply.text, reply.at) if reply else ()), *parent))


def _reach(reach: Reach) -> int:
    """Views, or where the source tells none, what people did: likes, shares and comments."""
    if reach.views is not None:
        return max(reach.views, 0)
    return max((reach.likes or 0) + (reach.shares or 0) + (reach.comments or 0), 0)


@dataclass(frozen=True, slots=True)
class _Intake:
    conn: Connection
    source_id: int
    source: str
    brand_ids_of: BrandsOf
    pseudonym: Pseudonym
    now: datetime
    keep_names: bool

    def store(self, page: Mapping[str, Post]) -> Stored:
        """Sort the posts by what is to be done with them, then do it in bulk."""
        known = self._known(page)
        new: dict[str, Post] = {}
        edited: dict[int, Post] = {}
        refreshed: dict[int, Post] = {}
        gone: list[int] = []
        for key, post in page.items():
            row = known.get(key)
            if row is None:
                if not post.deleted:
                    new[key] = post
            elif row.erased_at is not None:
                continue
            elif post.deleted:
                if row.deleted_at is None:
                    gone.append(row.id)
            elif row.deleted_at is not None or row.content_hash != _content_hash(post):
                edited[row.id] = post
            elif row.state_hash != _state_hash(post):
                refreshed[row.id] = post
        if edited or refreshed or gone:
            # Before any row is locked: folding, or a page of another source, may need the same rows.
            take_turns(self.conn, "stories")
        self._add(new)
        self._edit(edited)
        self._refresh(refreshed)
        self._bury(gone)
        touched = len(new) + len(edited) + len(refreshed) + len(gone)
        return Stored(len(new), len(edited), len(page) - touched, len(gone), len(refreshed))

    def _known(self, page: Mapping[str, Post]) -> dict[str, Any]:
        rows = self.conn.execute(_KNOWN, {"source": self.source_id, "page": list(page)})
        return {row.external_id: row for row in rows}

    def _add(self, posts: Mapping[str, Post]) -> None:
        if not posts:
            return
        rows = [
            {
                "source_id": self.source_id,
                "external_id": key,
                "revision": 1,
                "first_seen_at": self.now,
                **self._content(post),
                **self._state(post, None, self.now),
            }
            for key, post in posts.items()
        ]
        insert_rows(self.conn, Mention, rows)
        ids = dict(self.conn.execute(_NUMBERS, {"source": self.source_id, "page": list(posts)}).all())
        days = {ids[row["external_id"]]: row["day"] for row in rows}
        links = self._link([(ids[key], post) for key, post in posts.items()], days)
        dirty.mark_days(self.conn, [(link["brand_id"], link["day"]) for link in links])

    def _edit(self, posts: Mapping[int, Post]) -> None:
        if not posts:
            return
        dirty.dissolve(self.conn, list(posts))
        old = self._old(posts)
        rows, revisions = [], []
        for id_, post in posts.items():
            was = old[id_]
            content = self._content(post)
            reworded = content["content_hash"] != was.content_hash
            rows.append(
                {
                    "mention": id_,
                    "revision": was.revision + reworded,
                    "deleted_at": None,
                    **content,
                    **self._state(post, was.published_at, was.first_seen_at),
                }
            )
            if reworded:
                names = ("revision", "title", "text", "rating", "rating_worst", "rating_best")
                revisions.append(
                    {n: getattr(was, n) for n in names} | {"mention_id": id_, "replaced_at": self.now}
                )
        insert_rows(self.conn, Revision, revisions)
        self._update(rows)
        self.conn.execute(delete(MentionBrand).where(MentionBrand.mention_id.in_(list(posts))))
        self._link(list(posts.items()), {row["mention"]: row["day"] for row in rows})
        overruling.uphold(self.conn, posts)
        dirty.mark(self.conn, list(posts))

    def _refresh(self, posts: Mapping[int, Post]) -> None:
        if not posts:
            return
        old = self._old(posts)
        rows = [
            {"mention": id_, **self._state(post, old[id_].published_at, old[id_].first_seen_at)}
            for id_, post in posts.items()
        ]
        moved = {row["mention"]: row["day"] for row in rows if row["day"] != old[row["mention"]].day}
        dirty.mark(self.conn, list(posts))
        if moved:
            dirty.dissolve(self.conn, list(moved))
        self._update(rows)
        if moved:
            self.conn.execute(
                update(MentionBrand).where(MentionBrand.mention_id == bindparam("mention")),
                [{"mention": id_, "day": day} for id_, day in moved.items()],
            )
            dirty.mark(self.conn, list(moved))

    def _bury(self, ids: Sequence[int]) -> None:
        if ids:
            dirty.dissolve(self.conn, ids)
            self.conn.execute(
                update(Mention).where(Mention.id.in_(ids)).values(deleted_at=self.now, changed_at=self.now)
            )

    def _old(self, posts: Mapping[int, Post]) -> dict[int, Any]:
        query = select(
            Mention.id,
            Mention.revision,
            Mention.content_hash,
            Mention.title,
            Mention.text,
            Mention.rating,
            Mention.rating_worst,
            Mention.rating_best,
            Mention.published_at,
            Mention.first_seen_at,
            Mention.day,
        ).where(Mention.id.in_(list(posts)))
        return {row.id: row for row in self.conn.execute(query)}

    def _update(self, rows: list[dict[str, Any]]) -> None:
        self.conn.execute(update(Mention).where(Mention.id == bindparam("mention")), rows)

    def _link(self, posts: Iterable[tuple[int, Post]], days: Mapping[int, Any]) -> list[dict[str, Any]]:
        rows = [
            {"mention_id": id_, "brand_id": brand, "day": days[id_], "relevant": True}
            for id_, post in posts
            for brand in set(self.brand_ids_of(post))
        ]
        insert_rows(self.conn, MentionBrand, rows)
        return rows

    def _content(self, post: Post) -> dict[str, Any]:
        """What the author wrote, and who that is."""
        author, rating = post.author, post.rating
        identity = author.id or author.name or author.url
        return {
            "content_hash": _content_hash(post),
            "kind": post.kind.value,
            "language": post.language,
            "title": post.title,
            "text": post.text,
            "has_text": bool(post.text.strip() or (post.title or "").strip()),
            "rating": rating.value if rating else None,
            "rating_worst": rating.worst if rating else None,
            "rating_best": rating.best if rating else None,
            "rating_question": rating.question.value if rating else None,
            "answers": {a.question.value: [a.value, a.worst, a.best] for a in post.answers} or None,
            "author_key": self.pseudonym(f"{self.source}:{identity}") if identity else None,
            "author_name": author.name if self.keep_names else None,
            "segments": post.segments,
        }

    def _state(self, post: Post, known_date: datetime | None, first_seen_at: datetime) -> dict[str, Any]:
        """What changes around it. A date once known outlives an answer without one."""
        published = post.published_at
        if published is None or published > first_seen_at + FUTURE:
            published = known_date
        moment = published or first_seen_at
        return {
            "state_hash": _state_hash(post),
            "published_at": published,
            "updated_at": post.updated_at,
            "moment": moment,
            "day": moment.astimezone(UTC).date(),
            "changed_at": self.now,
            "parent_id": key_of(post.parent_id) if post.parent_id else None,
            "url": post.url,
            "author_followers": post.author.followers,
            "reply_text": post.owner_reply.text if post.owner_reply else None,
            "reply_at": post.owner_reply.at if post.owner_reply else None,
            "views": post.reach.views,
            "likes": post.reach.likes,
            "shares": post.reach.shares,
            "comments": post.reach.comments,
            "reach": _reach(post.reach),
        }
