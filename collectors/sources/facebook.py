"""Facebook: what people write on your own page: comments, posts, recommendations, and posts that tag it.

**Covers**, for a page that you manage: all comments below its posts, with their answers; what visitors post on
it; posts that tag it; its recommendations. Your page's answers become the `owner_reply` of what they answer, its
own posts are no mentions. A recommendation is yes or no: it is kept as a satisfaction of 1 or 0 of 1, not as an
answer to the NPS question, which has eleven steps; reviews from before 2018 have 1 to 5 stars.

**Cannot:** search Facebook, or read pages of others: Meta lets nobody do so (CrowdTangle is closed; the Content
Library is for researchers). Visitors' names are shown only to apps with *Page Public Content Access*. Neither
deletions nor languages are told.

**The key** is a page's token of an app of yours in https://developers.facebook.com, with the permissions
`pages_read_engagement` and `pages_read_user_content` (App Review grants them). Make it one that does not expire:
a page token taken with a long-lived user token, or that of a system user.

```toml
[[sources]]
name = "Facebook"
kind = "facebook"
[sources.options]
page = "19292868552"
token = "env:FACEBOOK_PAGE_TOKEN"
```

https://developers.facebook.com/docs/graph-api/reference/page/feed/, …/ratings/ and …/object/comments. Only the
feed and comments could be tried on real answers.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import replace
from datetime import datetime, timedelta
from functools import partial
from hashlib import sha256
from typing import TYPE_CHECKING, Any, ClassVar, Literal, cast
from urllib.parse import parse_qs, urlsplit

from pydantic import Field

from collectors.dates import parse_date
from collectors.graph import Graph, following, refuse_errors, unless_gone
from collectors.json_answers import document, listing, mapping, number, read_items, web_address, words
from collectors.markup import MAX_TEXT
from collectors.post import Author, Post, PostKind, Rating, Reach
from collectors.secret import Secret
from collectors.source import Answer, Cursor, Page, ParseError, Source, SourceError, SourceOptions
from collectors.threads import answered, with_threads
from collectors.walks import Bounds, Token, walk_all

if TYPE_CHECKING:
    from collectors.http import Http

_SERVICE = "Facebook"
_REMEDY = "save the answer of https://graph.facebook.com/PAGE/feed, …/tagged, …/ratings or …/POST/comments"
_KEY_REMEDY = (
    "renew the page's token and check its permissions: https://developers.facebook.com/tools/debug/accesstoken"
)
_PER_PAGE = 50
_COMMENTS_PER_PAGE = 100
_MOST_COMMENT_PAGES = 20
_POST_FIELDS = (
    "id,message,story,created_time,updated_time,permalink_url,from,shares,"
    "attachments{title,description},reactions.summary(total_count).limit(0),"
    "comments.filter(stream).summary(total_count).limit(0)"
)
_RATING_FIELDS = "created_time,recommendation_type,review_text,rating,reviewer,open_graph_story{id}"
_COMMENT_FIELDS = "id,message,created_time,from,like_count,comment_count,parent{id},permalink_url"
_FIELDS = {"feed": _POST_FIELDS, "tagged": _POST_FIELDS, "ratings": _RATING_FIELDS}
_RECOMMENDED = {"positive": 1.0, "negative": 0.0}


class Options(SourceOptions):
    """Which page, and what of it."""

    page: str = Field(
        pattern=r"^\d{5,20}$", description="The page's number: About → Page transparency → Page ID."
    )
    token: Secret = Field(description="The page's access token, as env:NAME or file:PATH.")
    read: tuple[Literal["feed", "tagged", "ratings"], ...] = Field(
        default=("feed", "tagged", "ratings"),
        min_length=1,
        description="What is read: the page's own posts with their comments, posts that tag it, recommendations.",
    )
    first_days: float = Field(
        default=90.0, gt=0, description="How many days back the first visit reads, unless told otherwise."
    )
    overlap_days: float = Field(
        default=14.0, ge=0, le=365, description="Days before the last known post to read again, for new comments."
    )
    max_requests: int = Field(
        default=20, ge=1, description="Most requests a run for each of them, 50 posts each; the next run goes on."
    )
    max_threads: int = Field(
        default=50, ge=1, description="Most posts a run below which comments are read; the next run goes on."
    )
    site: str = Field(
        default="https://graph.facebook.com", description="Where the interface is; another only for tests."
    )


class Facebook(Source):
    """One page of the user's own."""

    kind: ClassVar[str] = "facebook"
    title: ClassVar[str] = "Facebook page"
    Options: ClassVar[type[SourceOptions]] = Options

    @classmethod
    def parse(cls, answer: Answer) -> Page:
        """Read a saved answer of a page's feed, tagged, ratings or of comments. Raises ParseError for others."""
        posts, faults = read_items(_items(document(answer, _SERVICE, _REMEDY)), _post)
        return Page(posts, {}, faults, answer)

    def reread(self, answer: Answer) -> Page:
        """A kept answer, the page's own words taken out as on a visit.

        Raises SourceError for a part of a long thread: a comment may be answered in another part of it.
        """
        paging = mapping(mapping(document(answer, _SERVICE)).get("paging"))
        if urlsplit(answer.url).path.endswith("/comments") and {"next", "previous"} & paging.keys():
            raise SourceError("a part of a thread, which is read as a whole on a visit")
        page = self.parse(answer)
        return replace(page, posts=self._shown(page))

    def pages(self, http: Http, cursor: Cursor, *, since: datetime | None = None) -> Iterator[Page]:
        """Read each listing from the newest post back to what is known, then the comments that are more."""
        options = cast("Options", self.options)
        graph = Graph(http, _SERVICE, options.site, options.token.get_secret_value(), remedy=_KEY_REMEDY)
        bounds = Bounds(
            http.clock.now(), since, timedelta(days=options.overlap_days),
            timedelta(days=options.first_days), options.max_requests,
        )  # fmt: skip
        asks = {str(name): partial(self._ask, graph, name) for name in options.read}
        walk, read = walk_all(cursor, asks, bounds), partial(self._below, graph)
        yield from with_threads(walk, cursor, self._commented, read, most=options.max_threads, show=self._shown)

    def _ask(self, graph: Graph, name: str, token: Token | None) -> tuple[Page, Token | None]:
        page = cast("Options", self.options).page
        params = {"fields": _FIELDS[name], "limit": _PER_PAGE}
        answer = graph.read(f"{page}/{name}", params, str(token) if token else None)
        return self.parse(answer), following(document(answer, _SERVICE))

    def _is_own(self, author: Author) -> bool:
        return author.id == cast("Options", self.options).page

    def _shown(self, page: Page) -> list[Post]:
        """What others wrote, the page's answers to it as replies."""
        return answered(page.posts, self._is_own)

    def _commented(self, page: Page) -> Mapping[str, int]:
        """The posts on the page itself below which there are comments; those elsewhere are not ours to read."""
        own = f"{cast('Options', self.options).page}_"
        found = (post for post in page.posts if post.kind is PostKind.POST and post.external_id.startswith(own))
        return {post.external_id: post.reach.comments for post in found if post.reach.comments}

    def _below(self, graph: Graph, top: Post) -> Iterator[Page]:
        return unless_gone(self._thread(graph, top), f"post {top.external_id}")

    def _thread(self, graph: Graph, top: Post) -> Iterator[Page]:
        """All comments below a post, answers to comments among them; whole, since a reply may stand anywhere."""
        params = {"fields": _COMMENT_FIELDS, "filter": "stream", "limit": _COMMENTS_PER_PAGE}
        pages: list[Page] = []
        place: str | None = None
        for _ in range(_MOST_COMMENT_PAGES):
            answer = graph.read(f"{top.external_id}/comments", params, place)
            pages.append(self.parse(answer))
            place = following(document(answer, _SERVICE))
            if place is None:
                break
        whole = answered([post for page in pages for post in page.posts], self._is_own)
        by_id = {post.external_id: post for post in whole}
        for page in pages:
            yield replace(
                page, posts=[by_id[post.external_id] for post in page.posts if post.external_id in by_id]
            )


def _items(content: Any) -> list[Any]:
    """The items of an answer, or the one that it is. Raises ParseError where they are no posts."""
    refuse_errors(content, _SERVICE, _REMEDY)
    if isinstance(content, dict) and isinstance(content.get("data"), list):
        items = content["data"]
        if not items or any("created_time" in mapping(item) for item in items):
            return list(items)
    elif isinstance(content, dict) and "created_time" in content:
        return [content]
    raise ParseError("JSON, but neither posts nor comments of Facebook", remedy=_REMEDY)


def _post(item: dict[str, Any]) -> Post:
    """An item of whatever sort. Raises ValueError where it has no id."""
    if "recommendation_type" in item or "review_text" in item or "reviewer" in item:
        return _recommendation(item)
    place = _place(item)
    if place is not None or "comment_count" in item or "parent" in item:
        return _comment(item, place or {})
    return _own_post(item)


def _own_post(item: Mapping[str, Any]) -> Post:
    first = mapping(next(iter(listing(mapping(item.get("attachments")).get("data"))), None))
    written = (item.get("message"), item.get("story"), first.get("description"), first.get("title"))
    created, updated = parse_date(item.get("created_time")), parse_date(item.get("updated_time"))
    return Post(
        kind=PostKind.POST,
        external_id=_required(words(item.get("id"), 200)),
        text=next((text for one in written if (text := words(one, MAX_TEXT))), ""),
        author=_author(item.get("from")),
        published_at=created,
        updated_at=updated if updated != created else None,
        url=web_address(item.get("permalink_url")),
        reach=Reach(
            likes=_total(item.get("reactions")),
            shares=number(mapping(item.get("shares")).get("count")),
            comments=_total(item.get("comments")),
        ),
    )


def _comment(item: Mapping[str, Any], place: Mapping[str, str]) -> Post:
    """A comment. Its id, and what it answers, stand in its address where it does not say them itself."""
    post, top, answer = place.get("post"), place.get("comment"), place.get("answer")
    spelt = f"{post}_{answer or top}" if post and top else None
    above = f"{post}_{top}" if answer else f"{place['page']}_{post}" if "page" in place else None
    return Post(
        kind=PostKind.COMMENT,
        external_id=_required(words(item.get("id"), 200) or spelt),
        parent_id=words(mapping(item.get("parent")).get("id"), 200) or above,
        text=words(item.get("message"), MAX_TEXT) or "",
        author=_author(item.get("from")),
        published_at=parse_date(item.get("created_time")),
        url=web_address(item.get("permalink_url")),
        reach=Reach(likes=number(item.get("like_count")), comments=number(item.get("comment_count"))),
    )


def _recommendation(item: Mapping[str, Any]) -> Post:
    """A recommendation, or a review of 1 to 5 stars. It has no id but that of its story, which not all have."""
    author, created = _author(item.get("reviewer")), words(item.get("created_time"), 100)
    story = words(mapping(item.get("open_graph_story")).get("id"), 200)
    if story is None and created is None:
        raise ValueError("no id: it could not be told from others")
    name = sha256(f"{author.id or author.name or item.get('review_text')}\n{created}".encode()).hexdigest()[:24]
    said, stars = words(item.get("recommendation_type"), 40), number(item.get("rating"))
    rating = Rating(_RECOMMENDED[said], 0, 1) if said in _RECOMMENDED else None
    return Post(
        kind=PostKind.REVIEW,
        external_id=story or f"rating-{name}",
        text=words(item.get("review_text"), MAX_TEXT) or "",
        author=author,
        rating=rating or (Rating(stars, 1, 5) if stars else None),
        published_at=parse_date(created),
    )


def _required(name: str | None) -> str:
    if name is None:
        raise ValueError("no id: it could not be told from others")
    return name


def _author(value: object) -> Author:
    one = mapping(value)
    return Author(id=words(one.get("id"), 100), name=words(one.get("name"), 200))


def _total(value: object) -> int | None:
    return number(mapping(mapping(value).get("summary")).get("total_count"))


def _place(item: Mapping[str, Any]) -> dict[str, str] | None:
    """Page, post, comment and answer that a comment's address names; None where it is not one of a comment."""
    address = web_address(item.get("permalink_url"))
    try:
        parts = urlsplit(address or "")
        asked = parse_qs(parts.query)
    except ValueError:
        return None
    if "comment_id" not in asked:
        return None
    found = {"comment": asked["comment_id"][0], "answer": asked.get("reply_comment_id", [""])[0]}
    if path := re.fullmatch(r"/(\d+)/posts/(\d+)/?", parts.path):
        found |= {"page": path[1], "post": path[2]}
    return {name: value for name, value in found.items() if value}
