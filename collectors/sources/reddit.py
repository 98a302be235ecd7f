"""Reddit: posts that a search finds, and whole subreddits, with their comments.

**Covers** with a key: posts that a search finds in all of Reddit or in some subreddits, or all new posts of
subreddits; with `comments` also what is written below them. Votes and edits are seen, and so is what authors or
moderators took away, where a post is met again (`overlap_hours`). A listing ends after about 1,000 posts.

**Cannot:** search comments; tell the language; show what is folded away in a thread of more than 500 comments.

**The key:** https://www.reddit.com/prefs/apps → create another app → *script*. `client_id` stands under its name,
`client_secret` beside "secret". Commercial use needs a contract with Reddit
(https://support.reddithelp.com/hc/en-us/articles/16160319875092). 100 requests a minute.

```toml
[[sources]]
name = "Reddit"
kind = "reddit"
[sources.options]
query = '"Lila Énergie"'
subreddits = ["france", "vosfinances"]
comments = true
client_id = "AbCdEfGhIjKlMn"
client_secret = "env:REDDIT_SECRET"
```

**Without a key** the feeds (`.rss`) of the same searches and subreddits are read: the latest 100, without votes
and numbers of comments. Reddit's robots.txt forbids them to all robots, so they are read only where you name
www.reddit.com in `robots_exempt` of `[http]`, which is yours to answer for.

https://www.reddit.com/dev/api, and https://github.com/reddit-archive/reddit/wiki/JSON for what it answers.
"""

from __future__ import annotations

import html
import re
from collections.abc import Iterator, Mapping
from dataclasses import replace
from datetime import datetime, timedelta
from functools import partial
from typing import TYPE_CHECKING, Annotated, Any, ClassVar, cast
from urllib.parse import quote

from pydantic import AfterValidator, Field, model_validator

from collectors import dialects
from collectors.blockpages import blocked_by
from collectors.dates import parse_date
from collectors.errors import Blocked, HttpError
from collectors.json_answers import document, identity, listing, mapping, number, read_items, words
from collectors.markup import MAX_TEXT
from collectors.post import Author, Post, PostKind, Reach
from collectors.query import QueryText
from collectors.secret import Secret
from collectors.signed import SignedIn
from collectors.source import Answer, Cursor, Fault, Page, ParseError, Source, SourceOptions
from collectors.sources.feeds import Feeds
from collectors.threads import with_threads
from collectors.walks import Bounds, Token, walk_all

if TYPE_CHECKING:
    from collectors.http import Http

_PER_PAGE = 100
_MOST_COMMENTS = 500
_MOST_THINGS = 50_000
_SERVICE = "Reddit"
_SITE = "https://www.reddit.com"
_REMEDY = "save the answer of https://oauth.reddit.com/search?q=…&raw_json=1, or a feed that ends in .rss"
_KEY_REMEDY = "check client_id and client_secret: https://www.reddit.com/prefs/apps"
_NO_KEY_REMEDY = "give client_id and client_secret: https://www.reddit.com/prefs/apps"
_TAKEN_AWAY = re.compile(r"\[\s*(?:deleted|removed)(?:\s+by\s[^\]]{1,40})?\s*\]", re.IGNORECASE)
"""What stands in the place of a text: "[deleted]" by its author, "[removed]", "[ Removed by Reddit ]"."""
_CLOSED = frozenset({403, 404, 410, 451})
_PLACE = re.compile(r"/r/([^/]+)/comments/([a-z0-9]+)")
_OTHERS = {"t2": "accounts", "t4": "private messages", "t5": "subreddits", "t6": "awards"}

Listing = tuple[str, dict[str, object]]
"""A path and its parameters."""


def _bare(name: str) -> str:
    found = re.fullmatch(r"(?:(?:https?://\w+\.reddit\.com)?/?r/)?(\w{2,30})/?", name.strip())
    if not found:
        raise ValueError(f"{name!r} is not a subreddit: it is named as in r/france")
    return found[1]


class Options(SourceOptions):
    """What to read, and with which key."""

    query: QueryText | None = Field(default=None, description="What to find; see the documentation of queries.")
    subreddits: tuple[Annotated[str, AfterValidator(_bare)], ...] = Field(
        default=(), description="Subreddits: where to search, or without a query those that are read whole."
    )
    comments: bool = Field(default=False, description="Read comments too: below what is found, or all of them.")
    client_id: str | None = Field(
        default=None, min_length=5, description="The app's id; without it, feeds are read."
    )
    client_secret: Secret | None = Field(default=None, description="The app's secret, as env:NAME or file:PATH.")
    first_days: float = Field(
        default=30.0, gt=0, description="How many days back the first visit reads, unless told otherwise."
    )
    overlap_hours: float = Field(
        default=48.0, ge=0, le=720, description="Hours before the last known post to read again: votes, edits."
    )
    max_requests: int = Field(
        default=20,
        ge=1,
        description="Most requests a run for each listing, 100 posts each; the next run goes on.",
    )
    max_threads: int = Field(
        default=100, ge=1, description="Most posts a run below which comments are read; the next run goes on."
    )
    site: str = Field(default=_SITE, description="Where keys and feeds are; another only for tests.")
    api: str = Field(default="https://oauth.reddit.com", description="Where the interface is; another for tests.")

    @model_validator(mode="after")
    def _something(self) -> Options:
        if not (self.query or self.subreddits):
            raise ValueError("give a query, or subreddits, or both")
        if (self.client_id is None) != (self.client_secret is None):
            raise ValueError("client_id and client_secret belong together: give both, or none for the feeds")
        return self


class Reddit(Source):
    """Posts and comments."""

    kind: ClassVar[str] = "reddit"
    title: ClassVar[str] = "Reddit"
    Options: ClassVar[type[SourceOptions]] = Options

    @classmethod
    def parse(cls, answer: Answer) -> Page:
        """Read a saved listing, thread or feed. Raises ParseError for any other answer, block pages by name."""
        start = answer.body[:2000].lstrip(b"\xef\xbb\xbf \t\r\n")
        blocker = blocked_by({}, answer.body)
        if blocker:
            page = 'the page "whoa there, pardner!"' if blocker == _SERVICE else f"the page of {blocker}"
            raise ParseError(f"Reddit shows {page} instead of an answer", remedy=_NO_KEY_REMEDY)
        if start.startswith(b"<"):
            return _feed(answer)
        as_written = "raw_json=1" in answer.url
        things = _things(document(answer, _SERVICE, _REMEDY))
        posts, faults = read_items(things, partial(_post, as_written))
        return Page(posts, {}, faults, answer)

    def wants(self, post: Post) -> bool:
        """Posts are found by the query; comments are asked for where they stand, whatever their words."""
        return post.kind is PostKind.COMMENT or super().wants(post)

    def pages(self, http: Http, cursor: Cursor, *, since: datetime | None = None) -> Iterator[Page]:
        """Read each listing from the newest post back to what is known, then the threads that have grown."""
        options = cast("Options", self.options)
        bounds = Bounds(
            http.clock.now(), since, timedelta(hours=options.overlap_hours),
            timedelta(days=options.first_days), options.max_requests,
        )  # fmt: skip
        if options.client_secret is None:
            feeds = {name: partial(self._ask_feed, http, one) for name, one in self._listings().items()}
            yield from walk_all(cursor, feeds, bounds)
            return
        api = _signed_in(http, options)
        asks = {name: partial(self._ask, api, one) for name, one in self._listings().items()}
        walk, read = walk_all(cursor, asks, bounds), partial(self._thread, api)
        most = options.max_threads if options.comments and self.query else 0
        yield from with_threads(walk, cursor, self._discussed, read, most=most)

    def _listings(self) -> dict[str, Listing]:
        """What is read: a name to remember it by, its path and its parameters."""
        options = cast("Options", self.options)
        place = f"/r/{'+'.join(options.subreddits)}" if options.subreddits else ""
        if self.query is None:
            found: dict[str, Listing] = {f"new {place}": (f"{place}/new", {})}
            return found | ({f"comments {place}": (f"{place}/comments", {})} if options.comments else {})
        within = {"restrict_sr": "on" if place else None, "sort": "new", "type": "link"}
        searches = dialects.render(self.query, dialects.REDDIT).searches
        return {f"search {place} {text}": (f"{place}/search", {"q": text, **within}) for text in searches}

    def _ask(self, api: SignedIn, what: Listing, token: Token | None) -> tuple[Page, Token | None]:
        path, params = what
        site = cast("Options", self.options).api.rstrip("/")
        answer = api.get(f"{site}{path}", {**params, "limit": _PER_PAGE, "raw_json": 1, "after": token})
        data = mapping(mapping(document(answer, _SERVICE)).get("data"))
        return self.parse(answer), words(data.get("after"), 100)

    def _ask_feed(self, http: Http, what: Listing, _token: Token | None) -> tuple[Page, Token | None]:
        """The feed of the same listing, which has one page."""
        path, params = what
        site = cast("Options", self.options).site.rstrip("/")
        try:
            answer = http.get(f"{site}{path}.rss", params={**params, "limit": _PER_PAGE}).answer()
        except Blocked as error:
            problem = f"{error}: without a key Reddit lets no robot in"
            raise Blocked(problem, remedy=_NO_KEY_REMEDY, permanent=True, response=error.response) from error
        return self.parse(answer), None

    def _discussed(self, page: Page) -> Mapping[str, int]:
        """The posts below which comments are worth reading, with how many there are."""
        wanted = (post for post in page.posts if post.kind is PostKind.POST and self.wants(post))
        return {post.external_id: post.reach.comments for post in wanted if post.reach.comments}

    def _thread(self, api: SignedIn, top: Post) -> Iterator[Page]:
        site = cast("Options", self.options).api.rstrip("/")
        address = f"{site}/comments/{quote(top.external_id.partition('_')[2])}"
        try:
            yield self.parse(api.get(address, {"sort": "new", "limit": _MOST_COMMENTS, "raw_json": 1}))
        except HttpError as error:
            if error.response is None or error.response.status not in _CLOSED:
                raise
            yield Page([], {}, [Fault(f"post {top.external_id}", "it is gone, or its subreddit is closed")])


def _signed_in(http: Http, options: Options) -> SignedIn:
    """The interface, opened by the app itself (RFC 6749, 4.4): no account's name or password."""
    assert options.client_secret is not None
    return SignedIn(
        http,
        _SERVICE,
        f"{options.site.rstrip('/')}/api/v1/access_token",
        {"grant_type": "client_credentials"},
        remedy=_KEY_REMEDY,
        client=(str(options.client_id), options.client_secret.get_secret_value()),
    )


# --- JSON ---------------------------------------------------------------------------------------------------


def _things(content: Any) -> list[Any]:
    """The posts and comments of listings, as deep as they are nested, in the order of the answer."""
    inner = mapping(mapping(mapping(content).get("json")).get("data")).get("things")  # of "more children"
    waiting = list(reversed(content if isinstance(content, list) else listing(inner) or [content]))
    found: list[Any] = []
    others: set[str] = set()
    is_listing = False
    while waiting and len(found) < _MOST_THINGS:
        thing = waiting.pop()
        kind, data = words(mapping(thing).get("kind"), 40), mapping(mapping(thing).get("data"))
        if kind == "Listing":
            is_listing = True
            waiting.extend(reversed(listing(data.get("children"))))
        elif kind in {"t1", "t3"} or (is_listing and not isinstance(thing, dict)):
            found.append(thing)
            if isinstance(data.get("replies"), dict):  # it is "" where there are none
                waiting.append(data["replies"])
        elif kind is not None and kind != "more":
            others.add(kind)
    if found or (is_listing and not others):
        return found
    raise ParseError(_what_else(content, others), remedy=_REMEDY)


def _what_else(content: Any, kinds: set[str]) -> str:
    said = words(mapping(content).get("message"), 200)
    if said and "error" in content:
        return f"Reddit refuses: {said}"
    if kinds:
        return (
            f"a listing of {', '.join(sorted(_OTHERS.get(kind, kind) for kind in kinds))}, which holds no posts"
        )
    return "JSON, but not a listing of Reddit"


def _post(as_written: bool, thing: dict[str, Any]) -> Post:
    """A post (t3) or a comment (t1). Raises ValueError where it has no id.

    Without raw_json=1 Reddit writes &, < and > as entities: `as_written` says that it was asked not to.
    """
    data, is_comment = mapping(thing.get("data")), thing.get("kind") == "t1"
    own_id = words(data.get("name"), 100) or f"{thing['kind']}_{identity(data.get('id'))}"
    body, title = words(data.get("body" if is_comment else "selftext"), MAX_TEXT) or "", words(data.get("title"))
    gone = bool(_TAKEN_AWAY.fullmatch(body)) or bool(words(data.get("removed_by_category")))
    author, community = words(data.get("author"), 100), words(data.get("subreddit"), 100)
    edited = data.get("edited")
    return Post(
        kind=PostKind.COMMENT if is_comment else PostKind.POST,
        external_id=own_id,
        parent_id=words(data.get("parent_id"), 100) if is_comment else None,
        title=None if gone or is_comment or title is None else title if as_written else html.unescape(title),
        text="" if gone else body if as_written else html.unescape(body),
        author=_author(None if gone else author),
        published_at=parse_date(data.get("created_utc")),
        updated_at=None if isinstance(edited, bool) else parse_date(edited),  # once it was only yes or no
        url=_address(data, own_id),
        reach=Reach(
            views=number(data.get("view_count")),
            likes=None if data.get("score_hidden") is True else number(data.get("score")),
            comments=None if is_comment else number(data.get("num_comments")),  # a comment tells its thread's
        ),
        segments={"subreddit": community} if community else {},
        deleted=gone,
    )


def _author(name: str | None) -> Author:
    """An author; none of an account that was deleted, whose texts stay."""
    if name is None or _TAKEN_AWAY.fullmatch(name):
        return Author()
    return Author(id=name, name=name, url=f"{_SITE}/user/{quote(name)}")


def _address(data: Mapping[str, Any], own_id: str) -> str | None:
    """Where it stands. Old answers do not say it of comments, but of which post and subreddit they are."""
    path = words(data.get("permalink"), 1500)
    if path and path.startswith("/"):
        return f"{_SITE}{path}"
    community, post = words(data.get("subreddit"), 100), (words(data.get("link_id"), 100) or "").partition("_")[2]
    if not (community and post):
        return None
    return f"{_SITE}/r/{quote(community)}/comments/{quote(post)}/_/{quote(own_id.partition('_')[2])}/"


# --- feeds --------------------------------------------------------------------------------------------------


def _feed(answer: Answer) -> Page:
    """A feed that ends in .rss. Raises ParseError for any other document."""
    try:
        page = Feeds.parse(answer)
    except ParseError as error:
        raise ParseError(f"neither a listing nor a feed of Reddit: {error}", remedy=_REMEDY) from error
    own = re.compile(r"t[13]_[a-z0-9]+")
    faults = [
        Fault(post.external_id[:100], "not an id of Reddit")
        for post in page.posts
        if not own.fullmatch(post.external_id)
    ]
    posts = [_from_feed(post) for post in page.posts if own.fullmatch(post.external_id)]
    return Page(posts, {}, [*page.faults, *faults], answer)


def _from_feed(post: Post) -> Post:
    """An item of a feed as the interface would give it, as far as the feed goes."""
    is_comment, place = post.external_id.startswith("t1_"), _PLACE.search(post.url or "")
    return replace(
        post,
        kind=PostKind.COMMENT if is_comment else PostKind.POST,
        parent_id=f"t3_{place[2]}" if is_comment and place else None,
        title=None if is_comment else post.title,
        author=_author((post.author.name or "").removeprefix("/u/") or None),
        language=None,
        segments={"subreddit": place[1]} if place else {},
    )
