"""Instagram: comments below your own posts, posts that tag your account, and posts under hashtags.

**Covers**, for a professional account of yours: all comments below its posts, with their answers; posts in which
others tag it; the latest posts under hashtags, without their authors, whom Instagram does not tell. Your answers
become the `owner_reply` of the comment that they answer, your own posts are no mentions.

**Cannot:** search Instagram, or read accounts of others. Of a hashtag only the last 24 hours are shown, and only
30 hashtags within 7 days. Being named in a text (@you) is only told by webhooks; their saved answers
(`mentioned_media`, `mentioned_comment`) are read. Deletions, edits and languages are not told.

**The key** is a token of an app of yours in https://developers.facebook.com for the Facebook page that the
account is linked to, with `instagram_basic`, `instagram_manage_comments`, `pages_read_engagement`; for
hashtags the app needs *Instagram Public Content Access*. App Review grants them.

```toml
[[sources]]
name = "Instagram"
kind = "instagram"
[sources.options]
account = "17841406338772941"
hashtags = ["lila", "lilaenergie"]
token = "env:INSTAGRAM_TOKEN"
```

https://developers.facebook.com/docs/instagram-platform/instagram-graph-api/reference.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import replace
from datetime import datetime, timedelta
from functools import partial
from typing import TYPE_CHECKING, Annotated, Any, ClassVar, Literal, cast
from urllib.parse import quote, urlsplit

from pydantic import AfterValidator, Field, model_validator

from collectors.dates import parse_date
from collectors.graph import Graph, following, refuse_errors, unless_gone
from collectors.json_answers import document, identity, listing, mapping, number, read_items, web_address, words
from collectors.markup import MAX_TEXT
from collectors.post import Author, Post, PostKind, Reach
from collectors.secret import Secret
from collectors.source import Answer, Cursor, Fault, Page, ParseError, Source, SourceOptions
from collectors.threads import answered, with_threads
from collectors.walks import Bounds, Token, walk_all

if TYPE_CHECKING:
    from collectors.http import Http

_SERVICE = "Instagram"
_REMEDY = "save the answer of https://graph.facebook.com/MEDIA/comments, …/ACCOUNT/tags or …/HASHTAG/recent_media"
_KEY_REMEDY = "renew the token and check its permissions: https://developers.facebook.com/tools/debug/accesstoken"
_PER_PAGE = 50
_MOST_COMMENT_PAGES = 20
_MEDIA_FIELDS = "id,caption,timestamp,permalink,username,like_count,comments_count,media_type"
_HASHTAG_FIELDS = "id,caption,timestamp,permalink,like_count,comments_count,media_type"
_COMMENT_FIELDS = "id,text,timestamp,username,from,like_count"
_PAGE_HEADER = "x-oyez-page"
"""Where comments are kept with the address of the post below which they stand: they do not say so."""
_COMMENTS = re.compile(r"/(\d+)/comments/?")


def _bare(tag: str) -> str:
    bare = tag.strip().lstrip("#").lower()
    if not bare.replace("_", "a").isalnum():
        raise ValueError(f"{tag!r} is not a hashtag: letters, digits and _ only")
    return bare


class Options(SourceOptions):
    """Which account, and what to read with it."""

    account: str = Field(
        pattern=r"^\d{5,25}$",
        description="The account's number: `instagram_business_account` of its Facebook page.",
    )
    token: Secret = Field(description="The access token, as env:NAME or file:PATH.")
    read: tuple[Literal["media", "tags"], ...] = Field(
        default=("media", "tags"),
        description="What is read: comments below own posts (media), posts that tag it.",
    )
    hashtags: tuple[Annotated[str, AfterValidator(_bare)], ...] = Field(
        default=(), max_length=30, description="Hashtags to follow, 30 at most, with or without the #."
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
        default=50, ge=1, description="Most own posts a run whose comments are read; the next run goes on."
    )
    site: str = Field(
        default="https://graph.facebook.com", description="Where the interface is; another only for tests."
    )

    @model_validator(mode="after")
    def _something(self) -> Options:
        if not (self.read or self.hashtags):
            raise ValueError("read media or tags, or follow hashtags")
        return self


class Instagram(Source):
    """One account of the user's own, and hashtags."""

    kind: ClassVar[str] = "instagram"
    title: ClassVar[str] = "Instagram account"
    Options: ClassVar[type[SourceOptions]] = Options

    @classmethod
    def parse(cls, answer: Answer) -> Page:
        """Read a saved answer of comments, tags, media, a mention or a hashtag. Raises ParseError for others."""
        media = _COMMENTS.search(urlsplit(answer.url).path)
        items = [one for item in _items(document(answer, _SERVICE, _REMEDY)) for one in _flat(item)]
        read = partial(_post, media[1] if media else None, answer.headers.get(_PAGE_HEADER))
        posts, faults = read_items(items, read)
        return Page(posts, {}, faults, answer)

    def reread(self, answer: Answer) -> Page:
        """A kept answer, the account's own words taken out as on a visit."""
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
        asks |= {f"#{tag}": partial(self._ask_hashtag, graph, tag) for tag in options.hashtags}
        walk, read = walk_all(cursor, asks, bounds), partial(self._below, graph)
        yield from with_threads(walk, cursor, self._commented, read, most=options.max_threads, show=self._shown)

    def _ask(self, graph: Graph, name: str, token: Token | None) -> tuple[Page, Token | None]:
        account = cast("Options", self.options).account
        params = {"fields": _MEDIA_FIELDS, "limit": _PER_PAGE}
        answer = graph.read(f"{account}/{name}", params, str(token) if token else None)
        return self.parse(answer), following(document(answer, _SERVICE))

    def _ask_hashtag(self, graph: Graph, tag: str, token: Token | None) -> tuple[Page, Token | None]:
        """The latest posts under a hashtag, which has to be looked up by its name first."""
        account = {"user_id": cast("Options", self.options).account}
        found = document(graph.read("ig_hashtag_search", {**account, "q": tag}), _SERVICE)
        name = words(mapping(next(iter(listing(mapping(found).get("data"))), None)).get("id"))
        if name is None:
            return Page([], {}, [Fault(f"#{tag}", "Instagram knows no such hashtag")]), None
        params = {**account, "fields": _HASHTAG_FIELDS, "limit": _PER_PAGE}
        answer = graph.read(f"{name}/recent_media", params, str(token) if token else None)
        return self.parse(answer), following(document(answer, _SERVICE))

    def _own_media(self, page: Page) -> bool:
        """Whether a page lists the account's own posts."""
        account = cast("Options", self.options).account
        return page.answer is not None and urlsplit(page.answer.url).path.endswith(f"/{account}/media")

    def _shown(self, page: Page) -> list[Post]:
        """What others wrote, the account's answers to it as replies."""
        return [] if self._own_media(page) else answered(page.posts, self._is_own)

    def _is_own(self, author: Author) -> bool:
        return author.id == cast("Options", self.options).account

    def _commented(self, page: Page) -> Mapping[str, int]:
        if not self._own_media(page):
            return {}
        return {post.external_id: post.reach.comments for post in page.posts if post.reach.comments}

    def _below(self, graph: Graph, top: Post) -> Iterator[Page]:
        return unless_gone(self._thread(graph, top), f"post {top.external_id}")

    def _thread(self, graph: Graph, top: Post) -> Iterator[Page]:
        """All comments below a post of the account's own, each with the answers to it."""
        nested = f"{_COMMENT_FIELDS},replies.limit({_PER_PAGE}){{{_COMMENT_FIELDS}}}"
        place: str | None = None
        for _ in range(_MOST_COMMENT_PAGES):
            params = {"fields": nested, "limit": _PER_PAGE}
            answer = graph.read(f"{top.external_id}/comments", params, place)
            page = self.parse(replace(answer, headers={**answer.headers, _PAGE_HEADER: top.url or ""}))
            yield replace(page, posts=self._shown(page))
            place = following(document(answer, _SERVICE))
            if place is None:
                return


def _items(content: Any) -> list[Any]:
    """The items of an answer, or the one that it is. Raises ParseError where they are no posts."""
    refuse_errors(content, _SERVICE, _REMEDY)
    outer = mapping(content)
    discovered = mapping(outer.get("business_discovery")).get("media")
    one = outer.get("mentioned_media") or outer.get("mentioned_comment")
    data = mapping(discovered).get("data") if discovered else outer.get("data")
    items = data if isinstance(data, list) else [one or outer]
    if isinstance(data, list) and not items:
        return []
    if any(_is_post(mapping(item)) for item in items):
        return list(items)
    if any("name" in mapping(item) for item in items):
        raise ParseError("this names hashtags or accounts and holds no posts", remedy=_REMEDY)
    raise ParseError("JSON, but neither posts nor comments of Instagram", remedy=_REMEDY)


def _is_post(item: Mapping[str, Any]) -> bool:
    return bool({"text", "caption", "media_type", "like_count", "timestamp"} & item.keys())


def _flat(item: Any) -> Iterator[Any]:
    """A comment and the answers that stand in it; anything else as it is."""
    yield item
    for answer in listing(mapping(mapping(item).get("replies")).get("data")):
        yield {**answer, "parent_id": mapping(item).get("id")} if isinstance(answer, dict) else answer


def _post(media: str | None, page_of_all: str | None, item: dict[str, Any]) -> Post:
    """A post or a comment; `media` is the post below which comments stand, `page_of_all` its address.

    Raises ValueError where it has no id.
    """
    is_comment = "text" in item
    own_id, link = identity(item.get("id")), web_address(item.get("permalink")) or web_address(page_of_all)
    writer = mapping(item.get("from"))
    name = words(item.get("username"), 200) or words(writer.get("username"), 200)
    answers = words(item.get("parent_id"), 100) or words(mapping(item.get("media")).get("id"), 100) or media
    return Post(
        kind=PostKind.COMMENT if is_comment else PostKind.POST,
        external_id=own_id,
        parent_id=answers if is_comment else None,
        text=words(item.get("text" if is_comment else "caption"), MAX_TEXT) or "",
        author=Author(
            id=words(writer.get("id"), 100) or name,
            name=name,
            url=f"https://www.instagram.com/{quote(name)}/" if name else None,
        ),
        published_at=parse_date(item.get("timestamp")),
        url=link,
        reach=Reach(likes=number(item.get("like_count")), comments=number(item.get("comments_count"))),
    )
