"""Conversations: what is written below a post, and the brand's own words in it."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import replace
from datetime import UTC, datetime

from collectors.post import Author, OwnerReply, Post
from collectors.source import Cursor, Page

_REMEMBERED = 2_000
"""Threads whose number of answers is kept in a cursor."""
_LAST = datetime.max.replace(tzinfo=UTC)


def every_post(page: Page) -> list[Post]:
    """All posts of a page."""
    return page.posts


def with_threads(
    pages: Iterator[Page],
    cursor: Cursor,
    counts: Callable[[Page], Mapping[str, int]],
    read: Callable[[Post], Iterator[Page]],
    *,
    most: int,
    show: Callable[[Page], list[Post]] = every_post,
) -> Iterator[Page]:
    """Behind each page, what is written below those of its posts that have more answers than when last read.

    `counts` tells how many answers there are below the posts worth asking for, by their ids; `read` fetches
    them; `show` says which posts of the page itself are kept. After `most` threads the run ends, and the next
    goes on with the same page (0: none is read at all). The cursor gets `threads`, the numbers known.
    """
    known: dict[str, int] = dict(cursor.get("threads", {}))
    before = {name: value for name, value in cursor.items() if name != "threads"}
    for page in pages:
        found = counts(page) if most else {}
        grown = [post for post in page.posts if found.get(post.external_id, 0) > known.get(post.external_id, 0)]
        # Until its threads are stored too, a page is not done with: a run that is cut off reads it again.
        after = {**(before if grown else page.cursor), "threads": dict(known)}
        yield replace(page, posts=show(page), cursor=after)
        for post in grown[:most]:
            for answers in read(post):
                yield replace(answers, cursor=after)
            known.pop(post.external_id, None)
            known = dict([*known.items(), (post.external_id, found[post.external_id])][-_REMEMBERED:])
            after = {**before, "threads": dict(known)}
            yield Page([], after)
        if len(grown) > most:
            return
        most -= len(grown)
        if grown:
            yield Page([], {**page.cursor, "threads": dict(known)})
            if not most:
                return
        before = page.cursor


def answered(posts: Sequence[Post], is_owner: Callable[[Author], bool]) -> list[Post]:
    """The posts without the brand's own; its first answer to one of them becomes that one's `owner_reply`."""
    own = [post for post in posts if is_owner(post.author)]
    replies: dict[str | None, OwnerReply] = {}
    for post in sorted(own, key=lambda post: post.published_at or _LAST):
        replies.setdefault(post.parent_id, OwnerReply(post.text, post.published_at))
    return [
        replace(post, owner_reply=post.owner_reply or replies.get(post.external_id))
        for post in posts
        if not is_owner(post.author)
    ]
