"""Lemmy: posts and comments of the communities that one instance knows, found by words.

**Covers** what the instance's search finds, in all communities that it follows, the newest first. A post has the
same name on every instance, so one that is read twice is one post. Edits are seen for `overlap_hours` after the
last known post, and so are deletions where the search tells of them. Needs no key.

**Cannot:** communities that nobody on this instance follows. Bots' posts are left out where the instance says so
of their author.

```toml
[[sources]]
name = "Lemmy"
kind = "lemmy"
[sources.options]
url = "https://lemmy.world"
```

*Unverified:* the answers of `/api/v3/search` and `/api/v4/search` are read as their documentation and clients
describe them (https://join-lemmy.org/api/), no real one was at hand. Saved ActivityPub objects (`Page`, `Note`,
and the activities that carry them, also of Mastodon, Discourse and PeerTube) are read as well, from real ones.
"""

from __future__ import annotations

import html
import re
from collections import deque
from collections.abc import Iterator, Mapping
from datetime import datetime, timedelta
from functools import partial
from typing import TYPE_CHECKING, Any, ClassVar, cast
from urllib.parse import urlsplit

from pydantic import Field

from collectors import dialects
from collectors.dates import parse_date
from collectors.json_answers import (
    document,
    identity,
    language,
    listing,
    mapping,
    number,
    read_items,
    web_address,
    words,
)
from collectors.markup import MAX_TEXT, printable, to_text
from collectors.post import Author, Post, PostKind, Reach
from collectors.query import QueryText
from collectors.source import Answer, Cursor, Page, ParseError, Source, SourceError, SourceOptions
from collectors.walks import Bounds, Token, walk_all

if TYPE_CHECKING:
    from collectors.http import Http

_PER_PAGE = 50
_TOMBSTONE = "Tombstone"
_OBJECTS = frozenset({"Page", "Note", "Article", "Question", "Video", "Event", _TOMBSTONE})
_COLLECTIONS = frozenset({"OrderedCollection", "OrderedCollectionPage", "Collection", "CollectionPage"})
_ACTIVITIES = frozenset({"Create", "Update", "Announce"})
_PUBLIC = "https://www.w3.org/ns/activitystreams#Public"
_LISTS = ("posts", "comments", "results", "search", "items")
"""Lists of an answer; since 1.0 posts and comments stand in one, under one name or another of the last three."""
_VIEWED = {"post", "comment", "community", "person", "type_"}
_DEEPEST = 5
"""Activities within activities: an Announce of a Create of a Note is three."""
_NO_NAME = re.compile(r"|[0-9a-f]{32}")
"""What Discourse calls its accounts by is a number of its own."""
_REMEDY = "save the answer of /api/v3/search?q=… or an ActivityPub object"


class Options(SourceOptions):
    """Which instance, and what to search for."""

    url: str = Field(description="The instance's address, as in https://lemmy.world.")
    query: QueryText = Field(description='What is searched for, as in: Lila OR "Lila Énergie".')
    first_days: float = Field(
        default=365.0, gt=0, description="How many days back the first visit reads, unless told otherwise."
    )
    overlap_hours: float = Field(
        default=24.0, ge=0, le=2160, description="Hours before the last known post to read again, for edits."
    )
    max_requests: int = Field(
        default=20, ge=1, description="Most requests a run for each search, 50 posts each; the next run goes on."
    )


class Lemmy(Source):
    """Posts and comments that one instance finds."""

    kind: ClassVar[str] = "lemmy"
    title: ClassVar[str] = "Lemmy"
    verified: ClassVar[bool] = False
    Options: ClassVar[type[SourceOptions]] = Options

    @classmethod
    def parse(cls, answer: Answer) -> Page:
        """Read a saved search, a list of posts or comments, or ActivityPub objects. Raises ParseError."""
        content = document(answer, "Lemmy", _REMEDY)
        objects = _objects(content)
        if objects:
            posts, faults = read_items(objects, _of_activity)
        else:
            posts, faults = read_items(_views(content), _of_view)
        return Page(posts, {}, faults, answer)

    def pages(self, http: Http, cursor: Cursor, *, since: datetime | None = None) -> Iterator[Page]:
        """Read each search from its newest post or comment back to what is known.

        Posts and comments are asked for apart: their pages are then of one order.
        """
        options = cast("Options", self.options)
        bounds = Bounds(
            http.clock.now(), since, timedelta(hours=options.overlap_hours),
            timedelta(days=options.first_days), options.max_requests,
        )  # fmt: skip
        assert self.query is not None
        searches = dialects.render(self.query, dialects.LEMMY).searches
        asks = {
            f"{what} {text}": partial(self._search, http, text, what)
            for text in searches
            for what in ("Posts", "Comments")
        }
        yield from walk_all(cursor, asks, bounds)

    def _search(self, http: Http, text: str, what: str, token: Token | None) -> tuple[Page, Token | None]:
        """One page. Pages are numbered; instances that name the next one are asked for it by that name."""
        options = cast("Options", self.options)
        turn = {"page_cursor": token} if isinstance(token, str) else {"page": int(token or 1)}
        response = http.get(
            f"{options.url.rstrip('/')}/api/v3/search",
            params={"q": text, "type_": what, "sort": "New", "listing_type": "All", "limit": _PER_PAGE, **turn},
            accept="application/json",
        )
        answer = response.answer()
        content = document(answer, "Lemmy", _REMEDY)
        if isinstance(content, dict) and "error" in content:
            raise SourceError(
                f"the instance says: {words(content['error'])}", remedy="change the query or the url"
            )
        page = self.parse(answer)
        named = words(mapping(content).get("next_page"))
        full = len(_views(content)) >= _PER_PAGE
        return page, named or (int(token or 1) + 1 if full and not isinstance(token, str) else None)


def _views(content: Any) -> list[Any]:
    """The posts and comments of an answer with what surrounds them. Raises ParseError for other answers."""
    holder = mapping(content)
    if "error" in holder:
        raise ParseError(f"Lemmy answered: {words(holder['error'])}", remedy=_REMEDY)
    lists = [holder[name] for name in _LISTS if isinstance(holder.get(name), list)]
    lists += [[holder[name]] for name in ("post_view", "comment_view") if name in holder]
    found = [item for items in lists for item in items]
    if not lists or (found and not any(_VIEWED & mapping(item).keys() for item in found)):
        raise ParseError("JSON, but neither an answer of Lemmy nor an ActivityPub object", remedy=_REMEDY)
    return found


def _of_view(view: dict[str, Any]) -> Post | None:
    """A post or a comment as the REST interface gives it; None for those of bots, and for communities and people.

    Raises ValueError without id.
    """
    is_comment = isinstance(view.get("comment"), dict)
    own, creator = mapping(view.get("comment" if is_comment else "post")), mapping(view.get("creator"))
    if creator.get("bot_account") is True or ("type_" in view and not own):
        return None
    counts, community = {**own, **mapping(view.get("counts"))}, mapping(view.get("community"))
    post, link = mapping(view.get("post")), web_address(own.get("ap_id"))
    title = words(post.get("name"))
    published = _moment(own, "published")
    updated = _moment(own, "updated")
    return Post(
        kind=PostKind.COMMENT if is_comment else PostKind.POST,
        external_id=link or identity(own.get("id")),
        parent_id=(_parent(own) or words(post.get("ap_id"), 500)) if is_comment else None,
        title=None if is_comment else title,
        text=_written(own.get("content" if is_comment else "body")),
        author=Author(
            id=words(creator.get("ap_id") or creator.get("actor_id") or creator.get("name"), 500),
            name=words(creator.get("display_name"), 200) or words(creator.get("name"), 200),
            url=web_address(creator.get("ap_id") or creator.get("actor_id")),
        ),
        published_at=published,
        updated_at=updated if updated != published else None,
        url=link,
        reach=Reach(
            likes=number(counts.get("score")),
            comments=number(counts.get("child_count") if is_comment else counts.get("comments")),
        ),
        segments={"community": name}
        if (name := words(community.get("title") or community.get("name"), 300))
        else {},
        deleted=own.get("deleted") is True or own.get("removed") is True,
    )


def _written(markdown: object) -> str:
    """Markdown as it stands: it is no HTML, and <this> is text in it. Some versions of 0.18 wrote entities."""
    return printable(html.unescape(str(markdown or ""))[:MAX_TEXT]).strip()


def _moment(own: Mapping[str, Any], name: str) -> datetime | None:
    """A date: `published` before 1.0 and `published_at` since; without a zone, as before 0.19, it is UTC."""
    return parse_date(own.get(name)) or parse_date(own.get(f"{name}_at"))


def _parent(comment: Mapping[str, Any]) -> str | None:
    """The number of the comment that is answered: the last but one of the path "0.parent.own"."""
    steps = (words(comment.get("path")) or "").split(".")
    return steps[-2] if len(steps) > 2 else None


def _objects(content: Any) -> list[dict[str, Any]]:
    """The ActivityPub objects that are posts: alone, in an activity that carries them, in a collection."""
    found, waiting = [], deque([(content, 0)])
    while waiting:
        item, depth = waiting.popleft()
        kind = words(item.get("type")) if isinstance(item, dict) else None
        if kind == "Delete":
            gone = next(iter(_many(item.get("object"))), None)
            found.append({"type": _TOMBSTONE, "id": gone})
        elif kind in _OBJECTS:
            found.append(item)
        elif depth < _DEEPEST:
            inner = item if isinstance(item, list) else _carried(mapping(item), kind)
            waiting.extend((one, depth + 1) for one in inner)
    return found


def _carried(item: Mapping[str, Any], kind: str | None) -> list[Any]:
    """What an activity or a collection is about."""
    if kind in _ACTIVITIES:
        return [item.get("object")]
    return [*listing(item.get("orderedItems")), *listing(item.get("items"))] if kind in _COLLECTIONS else []


def _of_activity(item: dict[str, Any]) -> Post | None:
    """A post as servers send it to each other (https://www.w3.org/TR/activitystreams-vocabulary/).

    None where it is not for all. Raises ValueError without id.
    """
    if item["type"] == _TOMBSTONE:
        return Post(PostKind.POST, identity(item.get("id")), "", deleted=True)
    readers = {one for name in ("to", "cc") for one in _many(item.get(name))}
    if readers and not readers & {_PUBLIC, "as:Public", "Public"}:
        return None
    parent = next(iter(_many(item.get("inReplyTo"))), None)
    title = words(item.get("name")) or words(item.get("summary"))
    published, updated = parse_date(item.get("published")), parse_date(item.get("updated"))
    writer = next(iter(_many(item.get("attributedTo") or item.get("actor"))), None)
    community = next(iter(_many(item.get("audience"))), None)
    return Post(
        kind=PostKind.COMMENT if parent else PostKind.POST,
        external_id=identity(item.get("id")),
        parent_id=parent,
        title=to_text(title) if title else None,
        text=to_text(str(item.get("content") or "")),
        author=Author(id=writer, name=_last_of(writer), url=web_address(writer)),
        language=_language(item),
        published_at=published,
        updated_at=updated if updated != published else None,
        url=next((link for one in _many(item.get("url")) if (link := web_address(one))), None)
        or web_address(item.get("id")),
        reach=Reach(views=number(item.get("views"))),
        segments={"community": name} if (name := _last_of(community)) and "/c/" in (community or "") else {},
    )


def _many(value: object) -> list[str]:
    """One or several addresses: each a text, or an object with an `id` or a `href`."""
    found = []
    for one in value if isinstance(value, list) else [value]:
        address = one.get("id") or one.get("href") if isinstance(one, dict) else one
        if text := words(address, 500):
            found.append(text)
    return found


def _last_of(address: str | None) -> str | None:
    """The end of an actor's address, which is the account's name on most servers."""
    try:
        name = urlsplit(address or "").path.rstrip("/").rpartition("/")[2].lstrip("@")[:200]
    except ValueError:
        return None
    return None if _NO_NAME.fullmatch(name) else name


def _language(item: Mapping[str, Any]) -> str | None:
    """Lemmy names it; Mastodon gives the text once more under its language."""
    declared = mapping(item.get("language")).get("identifier")
    only = list(mapping(item.get("contentMap")))
    return language(declared or (only[0] if len(only) == 1 else None))
