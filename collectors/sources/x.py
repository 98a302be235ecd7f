"""X (Twitter): posts of the last seven days that a query finds, through the paid interface.

**Covers** public posts of the last week (X's "recent search"), from the newest back to the last one known, with
author, followers, views, likes, reposts and replies as they were when the post was found. An edited post is the
same post in a new wording, where the search finds it again. Reposts are left out unless `reposts` is set.

**Cannot:** posts older than a week when they are first searched for; votes and views after a post was found;
deletions: X asks those who keep posts to take away what was deleted.

**The key:** an app's *bearer token* of https://console.x.com (Keys and tokens), with credits bought there: X
counts every post that it gives. `max_requests` of 100 posts bounds what one run can cost.

```toml
[[sources]]
name = "X"
kind = "x"
[sources.options]
query = '"Lila Énergie" OR LilaEnergie'
language = "fr"
token = "env:X_BEARER_TOKEN"
```

450 requests in 15 minutes (https://docs.x.com/x-api/fundamentals/rate-limits); the search is
https://docs.x.com/x-api/posts/search-recent-posts.
"""

from __future__ import annotations

import html
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from functools import partial
from typing import TYPE_CHECKING, Any, ClassVar, cast

from pydantic import Field

from collectors import dialects
from collectors.dates import parse_date
from collectors.errors import HttpError
from collectors.json_answers import document, identity, language, listing, mapping, number, read_items, words
from collectors.markup import MAX_TEXT
from collectors.post import Author, Post, PostKind, Reach
from collectors.query import QueryText
from collectors.secret import Secret
from collectors.signed import Signed
from collectors.source import Answer, Cursor, Fault, Page, ParseError, Source, SourceOptions

if TYPE_CHECKING:
    from collectors.http import Http

_PER_PAGE = 100
_WEEK = timedelta(days=7)
_MARGIN = timedelta(minutes=5)
"""X refuses times, and ids of posts, of more than a week ago."""
_FIRST_MOMENT = 1_288_834_974_657
"""Milliseconds since 1970 at which X's numbering by time begins; an id's upper bits count from there."""
_NOT_LANGUAGES = frozenset({"und", "zxx", "art", "qam", "qct", "qht", "qme", "qst"})
"""What X says of posts without words, of hashtags, mentions or media only."""
_FIELDS = {
    "tweet.fields": "author_id,created_at,edit_history_tweet_ids,lang,note_tweet,public_metrics,"
    "referenced_tweets",
    "expansions": "author_id",
    "user.fields": "name,public_metrics,username",
}
_SERVICE = "X"
_REMEDY = "save the answer of https://api.x.com/2/tweets/search/recent?query=…"
_KEY_REMEDY = "check the bearer token, the credits of your account and the query in https://console.x.com"


class Options(SourceOptions):
    """What to search for, and with which key."""

    query: QueryText = Field(min_length=2, description="What to find; see the documentation of queries.")
    token: Secret = Field(description="The app's bearer token, as env:NAME or file:PATH.")
    language: str | None = Field(
        default=None, pattern="^[a-z]{2,3}$", description="Only posts in this language, such as fr."
    )
    reposts: bool = Field(default=False, description="Read reposts too: the same words once more.")
    max_requests: int = Field(
        default=10,
        ge=1,
        description="Most requests a run, of 100 posts each that X counts; the next run goes on.",
    )
    site: str = Field(default="https://api.x.com", description="Where the interface is; another only for tests.")


@dataclass(frozen=True, slots=True)
class _Walk:
    """Where one search stands: the newest post known; while a walk is under way where it goes on, and its top."""

    since_id: str | None = None
    next: str | None = None
    top: str | None = None

    def to_json(self) -> Cursor:
        names = ("since_id", "next", "top")
        return {name: value for name in names if (value := getattr(self, name)) is not None}


class X(Source):
    """Posts that a recent search finds."""

    kind: ClassVar[str] = "x"
    title: ClassVar[str] = "X (Twitter)"
    Options: ClassVar[type[SourceOptions]] = Options

    @classmethod
    def parse(cls, answer: Answer) -> Page:
        """Read a saved answer of a search, a timeline or mentions of version 2. Raises ParseError for others."""
        content = _content(document(answer, _SERVICE, _REMEDY))
        users = {
            name: user
            for user in listing(mapping(content.get("includes")).get("users"))
            if (name := words(mapping(user).get("id")))
        }
        posts, faults = read_items(listing(content.get("data")), partial(_post, users))
        return Page(posts, {}, [*faults, *_problems(content)], answer)

    def under_way(self, cursor: Cursor) -> bool:
        """Whether one of the searches has more pages to read."""
        return any("next" in state for state in cursor.get("searches", {}).values())

    def pages(self, http: Http, cursor: Cursor, *, since: datetime | None = None) -> Iterator[Page]:
        """Read each search from the newest post back to the last one known. One search's failure ends the run.

        The cursor holds for each search `since_id`, and while a walk is under way also `next` and `top`.
        """
        options = cast("Options", self.options)
        assert self.query is not None
        token = options.token.get_secret_value()
        api = Signed(http, _SERVICE, {"Authorization": f"Bearer {token}"}, remedy=_KEY_REMEDY)
        states: dict[str, Cursor] = dict(cursor.get("searches", {}))
        for search in dialects.render(self.query, dialects.X).searches:
            for page in self._search(api, search, states.get(search, {}), http.clock.now(), since):
                states[search] = page.cursor
                yield replace(page, cursor={"searches": dict(states)})

    def _search(
        self, api: Signed, search: str, state: Cursor, now: datetime, since: datetime | None
    ) -> Iterator[Page]:
        walk = _Walk(words(state.get("since_id")), words(state.get("next")), words(state.get("top")))
        seen = {walk.next}
        for turn in range(cast("Options", self.options).max_requests):
            try:
                answer = self._ask(api, search, walk, now, since)
            except HttpError as error:
                if turn or walk.next is None or error.response is None or error.response.status != 400:
                    raise
                walk, seen = replace(walk, next=None), set()  # the saved place is forgotten: begin at the newest
                answer = self._ask(api, search, walk, now, since)
            meta = mapping(mapping(document(answer, _SERVICE)).get("meta"))
            top = max((walk.top, words(meta.get("newest_id"))), key=_order)
            following = words(meta.get("next_token"), 2000)
            page = self.parse(answer)
            if following is None or following in seen:
                yield replace(page, cursor=_Walk(max((top, walk.since_id), key=_order)).to_json())
                return
            walk = replace(walk, next=following, top=top)
            seen.add(following)
            yield replace(page, cursor=walk.to_json())

    def _ask(self, api: Signed, search: str, walk: _Walk, now: datetime, since: datetime | None) -> Answer:
        options = cast("Options", self.options)
        own = [f"lang:{options.language}"] if options.language else []
        own += [] if options.reposts else ["-is:retweet"]
        oldest = now - _WEEK + _MARGIN
        known = walk.since_id if walk.since_id and _moment_of(walk.since_id) > oldest else None
        start = max(since, oldest).astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%SZ") if since else None
        return api.get(
            f"{options.site.rstrip('/')}/2/tweets/search/recent",
            {
                "query": " ".join([search, *own]),
                "max_results": _PER_PAGE,
                "since_id": known,
                "start_time": None if known else start,
                "next_token": walk.next,
                **_FIELDS,
            },
        )


def _content(content: Any) -> dict[str, Any]:
    """The answer, its `data` a list. Raises ParseError where it holds no posts and is not an empty search."""
    if isinstance(content, dict) and isinstance(content.get("data"), dict):
        content = {**content, "data": [content["data"]]}
    if not isinstance(content, dict):
        raise ParseError("JSON, but not an answer of X", remedy=_REMEDY)
    items = listing(content.get("data"))
    if any(isinstance(item, dict) and "text" in item for item in items):
        return content
    if not items and "result_count" in mapping(content.get("meta")):  # an empty search has no data at all
        return content
    first = {**content, **mapping(next(iter(items), None))}
    what = next((what for name, what in _OTHERS.items() if name in first), "not an answer of X's search")
    said = words(first.get("detail")) or words(mapping(next(iter(_problem_list(content)), None)).get("message"))
    raise ParseError(f"{what}{': ' if said else ''}{said or ''}", remedy=_REMEDY)


_OTHERS = {
    "tweet_count": "this counts posts and holds none",
    "username": "this describes accounts and holds no posts",
    "interactions": "this is a program's recording of requests, not an answer",
    "statuses": "this is an answer of version 1.1, which X has closed",
    "errors": "X refuses",
    "title": "X refuses",
}
"""Other answers, told by a field that they have."""


def _problem_list(content: Mapping[str, Any]) -> list[Any]:
    return listing(content.get("errors"))


def _problems(content: Mapping[str, Any]) -> list[Fault]:
    """What X could not give beside the posts: accounts that are suspended, posts that are gone."""
    return [_problem(mapping(problem)) for problem in _problem_list(content)]


def _problem(one: Mapping[str, Any]) -> Fault:
    what = words(one.get("resource_type")) or "item"
    which = words(one.get("resource_id")) or words(one.get("value")) or "?"
    return Fault(f"{what} {which}", words(one.get("detail")) or words(one.get("title")) or "not given by X")


def _post(users: Mapping[str, Any], item: dict[str, Any]) -> Post:
    """A post of version 2. Raises ValueError where it has no id."""
    own_id = identity(item.get("id"))
    versions = listing(item.get("edit_history_tweet_ids"))
    author, user = words(item.get("author_id")), mapping(users.get(words(item.get("author_id")) or ""))
    handle = words(user.get("username"), 200)
    metrics = mapping(item.get("public_metrics"))
    answered = _referred(item, "replied_to")
    declared = language(item.get("lang"))
    whole = mapping(item.get("note_tweet")).get("text") or item.get("text")  # above 280 characters
    return Post(
        kind=PostKind.COMMENT if answered else PostKind.POST,
        external_id=(words(versions[0]) if versions else None) or own_id,
        parent_id=answered,
        text=html.unescape(words(whole, MAX_TEXT) or ""),
        author=Author(
            id=author,
            name=words(user.get("name"), 200) or handle,
            url=f"https://x.com/{handle}" if handle else None,
            followers=number(mapping(user.get("public_metrics")).get("followers_count")),
        ),
        language=declared if declared not in _NOT_LANGUAGES else None,
        published_at=parse_date(item.get("created_at")),
        url=f"https://x.com/{handle or 'i'}/status/{own_id}",
        reach=Reach(
            views=number(metrics.get("impression_count")),
            likes=number(metrics.get("like_count")),
            shares=number(metrics.get("retweet_count")),
            comments=number(metrics.get("reply_count")),
        ),
    )


def _referred(item: Mapping[str, Any], how: str) -> str | None:
    """The id of the post that this one answers, quotes or repeats."""
    found = (mapping(one) for one in listing(item.get("referenced_tweets")))
    return next((words(one.get("id")) for one in found if one.get("type") == how), None)


def _order(own_id: str | None) -> tuple[int, str]:
    """Ids grow with time; they are numbers written as text."""
    return (len(own_id), own_id) if own_id else (0, "")


def _moment_of(own_id: str) -> datetime:
    """When a post was made, which its id tells to the millisecond."""
    milliseconds = (int(own_id) >> 22) + _FIRST_MOMENT if own_id.isdecimal() and len(own_id) < 20 else 0
    return datetime.fromtimestamp(milliseconds / 1000, UTC)
