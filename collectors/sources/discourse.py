"""Discourse forums: what their search finds, or every public post.

**Covers** what the forum's own search finds for the query, the newest first, with likes and readers; the search
shows the beginning of a post, so the whole text is fetched by one request more for each topic. In a forum of the
brand's own, `everything = true` reads all posts that a visitor may see. Edits are seen for `overlap_hours` after
the last known post, and so are deletions where the forum tells of them. What others said, quoted in a post, is
left out: it is not its author's opinion.

**Cannot:** posts for members only. Forums that show nothing without signing in may still have feeds: the kind
`feeds` reads `/posts.rss`.

```toml
[[sources]]
name = "Customers' forum"
kind = "discourse"
[sources.options]
url = "https://forum.example.org"
everything = true
```

Saved answers of `/posts.json`, `/t/ID.json`, `/search.json`, `/latest.json` and of the like of 2013 are read as
well; a list of topics gives a title, and the first lines where it has them. 200 requests a minute are allowed by
default (https://meta.discourse.org/t/78612); the interface is described at https://docs.discourse.org.
*The answer of today's search is known from that description only, not from a real answer.*
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import replace
from datetime import datetime, timedelta
from functools import partial
from typing import TYPE_CHECKING, Any, ClassVar, cast
from urllib.parse import urlencode

from pydantic import Field

from collectors import dialects
from collectors.dates import parse_date
from collectors.forums import own_words
from collectors.json_answers import document, identity, listing, mapping, number, read_items, web_address, words
from collectors.markup import to_text
from collectors.post import Author, Post, PostKind, Reach
from collectors.query import QueryText
from collectors.source import Answer, Cursor, Fault, Page, ParseError, Source, SourceError, SourceOptions
from collectors.walks import Bounds, Token, walk_all

if TYPE_CHECKING:
    from collectors.http import Http

_WINDOW = 50
"""`/posts.json?before=N` shows what may be seen of the posts N-49 to N."""
_AT_ONCE = 50
"""Posts of one topic that are fetched by one request."""
_LIKE = 2
"""The number of the action "like" in `actions_summary`."""
_NOT_WRITTEN = frozenset({3, 4})
"""Small actions ("pinned this") and whispers among staff, by `post_type`."""
_ROUTES = re.compile(r"/(?:posts|search|latest|hot|top|new|t|c|u|tag|user_actions)(?:[/.?]|$)")
_CAPTION = re.compile(r'<div class="meta">(?:(?!<div\b).){0,2000}?</div>', re.DOTALL)
"""What Discourse writes below a picture: the name of its file and its size."""
_REMEDY = "save the answer of /posts.json, /t/ID.json or /search.json?q=…"


class Options(SourceOptions):
    """Which forum, and what of it."""

    url: str = Field(description="The forum's address, as in https://forum.example.org.")
    query: QueryText = Field(description='What is searched for, as in: Lila OR "Lila Énergie".')
    everything: bool = Field(
        default=False, description="Read every post, whatever the query: for a forum of the brand's own."
    )
    first_days: float = Field(
        default=365.0, gt=0, description="How many days back the first visit reads, unless told otherwise."
    )
    overlap_hours: float = Field(
        default=24.0, ge=0, le=2160, description="Hours before the last known post to read again, for edits."
    )
    max_requests: int = Field(
        default=100,
        ge=1,
        description="Most pages of the listing read in one run; the next run goes on from there.",
    )


class Discourse(Source):
    """Posts of one forum."""

    kind: ClassVar[str] = "discourse"
    title: ClassVar[str] = "Discourse forums"
    Options: ClassVar[type[SourceOptions]] = Options

    @classmethod
    def parse(cls, answer: Answer) -> Page:
        """Read a saved answer: posts, a topic, a search or a list of topics. Raises ParseError for any other."""
        content = document(answer, "Discourse", _REMEDY)
        site = _ROUTES.split(answer.url, maxsplit=1)[0] if answer.url else ""
        posts, faults = _read(content, site)
        return Page(posts, {}, faults, answer)

    def pages(self, http: Http, cursor: Cursor, *, since: datetime | None = None) -> Iterator[Page]:
        """Read from the newest post back to what is known."""
        options = cast("Options", self.options)
        bounds = Bounds(
            http.clock.now(), since, timedelta(hours=options.overlap_hours),
            timedelta(days=options.first_days), options.max_requests,
        )  # fmt: skip
        if options.everything:
            yield from walk_all(cursor, {"posts": partial(self._latest, http)}, bounds)
            return
        assert self.query is not None
        searches = dialects.render(self.query, dialects.DISCOURSE).searches
        yield from walk_all(cursor, {text: partial(self._search, http, text) for text in searches}, bounds)

    def reread(self, answer: Answer) -> Page:
        """A kept list of posts again. Raises SourceError for a search, which holds the posts' beginnings only."""
        if "/search.json" in answer.url:
            raise SourceError("the whole posts behind a search were fetched one by one and are not kept")
        return self.parse(answer)

    def wants(self, post: Post) -> bool:
        """Whether it matches the query, unless everything is wanted."""
        return cast("Options", self.options).everything or super().wants(post)

    def _get(self, http: Http, path: str, query: list[tuple[str, object]]) -> Answer:
        site = cast("Options", self.options).url.rstrip("/")
        return http.get(
            f"{site}{path}{'?' if query else ''}{urlencode(query)}", accept="application/json"
        ).answer()

    def _latest(self, http: Http, before: Token | None) -> tuple[Page, Token | None]:
        """The posts up to number `before`: where none of those may be seen, there may still be older ones."""
        answer = self._get(http, "/posts.json", [("before", before)] if before else [])
        numbers = [
            found for item in _latest_posts(document(answer, "Discourse")) if (found := number(item.get("id")))
        ]
        following = min(numbers) - 1 if numbers else int(before or 0) - _WINDOW
        return self.parse(answer), following if following > 0 else None

    def _search(self, http: Http, query: str, page: Token | None) -> tuple[Page, Token | None]:
        """One page of the search, its posts in full."""
        asked = int(page or 1)
        answer = self._get(http, "/search.json", [("q", f"{query} order:latest"), ("page", asked)])
        found = self.parse(answer)
        content = mapping(document(answer, "Discourse"))
        result = mapping(content.get("grouped_search_result"))
        whole = self._in_full(http, [item for item in listing(content.get("posts")) if isinstance(item, dict)])
        posts = [_with_text(post, whole.get(post.external_id)) for post in found.posts]
        has_more = bool(result.get("more_full_page_results")) and found.posts
        return replace(found, posts=posts), asked + 1 if has_more else None

    def _in_full(self, http: Http, hits: list[Mapping[str, Any]]) -> dict[str, Post]:
        """The whole posts behind the hits of a search, topic by topic."""
        topics: dict[int, list[int]] = {}
        for hit in hits:
            topic, post = number(hit.get("topic_id")), number(hit.get("id"))
            if topic and post:
                topics.setdefault(topic, []).append(post)
        whole: dict[str, Post] = {}
        for topic, ids in topics.items():
            query = [("post_ids[]", one) for one in ids[:_AT_ONCE]]
            page = self.parse(self._get(http, f"/t/{topic}/posts.json", query))  # type: ignore[arg-type]
            whole |= {post.external_id: post for post in page.posts}
        return whole


def _with_text(hit: Post, whole: Post | None) -> Post:
    """The whole post; its title is known to the search alone."""
    return replace(whole, title=hit.title or whole.title) if whole else hit


def _read(content: Any, site: str) -> tuple[list[Post], list[Fault]]:
    """Posts and faults of any answer that holds posts or topics. Raises ParseError for others."""
    if isinstance(content, list) and any("cooked" in mapping(item) for item in content):  # replies to a post
        return read_items(content, partial(_post, site, {}, {}))
    if isinstance(content, list):  # the search of 2013: groups of results
        groups = [mapping(group) for group in content]
        if content and not any("results" in group for group in groups):
            raise ParseError("JSON, but not an answer of Discourse", remedy=_REMEDY)
        hits = [
            item for group in groups if group.get("type") == "topic" for item in listing(group.get("results"))
        ]
        return read_items(hits, partial(_topic, site, {}))
    content = mapping(content)
    if "errors" in content:
        problems = [text for problem in listing(content["errors"]) if (text := words(problem))]
        raise ParseError(f"Discourse answered: {'; '.join(problems)[:300]}", remedy=_REMEDY)
    if problem := words(mapping(content.get("grouped_search_result")).get("error"), 300):
        raise ParseError(f"the forum's search says: {problem}", remedy="change the query")
    if "topic_list" in content:
        names = _names(content.get("users"))
        return read_items(listing(mapping(content["topic_list"]).get("topics")), partial(_topic, site, names))
    if "user_actions" in content:
        return read_items(listing(content["user_actions"]), partial(_post, site, {}, {}))
    items, topics = _items(content)
    numbers = {
        (words(item.get("topic_id")), number(item.get("post_number"))): words(item.get("id"))
        for item in items
        if isinstance(item, dict)
    }
    return read_items(items, partial(_post, site, topics, numbers))


def _items(content: dict[str, Any]) -> tuple[list[Any], dict[str | None, dict[str, Any]]]:
    """The posts of an answer, and the topics that it describes, by their numbers."""
    if "post_stream" in content:
        items = listing(mapping(content["post_stream"]).get("posts"))
        own = words(content.get("id"))
        return [{"topic_id": own, **item} if isinstance(item, dict) else item for item in items], {own: content}
    if "grouped_search_result" in content or ("posts" in content and "topics" in content):
        topics = [mapping(topic) for topic in listing(content.get("topics"))]
        return listing(content.get("posts")), {words(topic.get("id")): topic for topic in topics}
    return _latest_posts(content), {}


def _latest_posts(content: Any) -> list[Any]:
    """The posts of /posts.json, or one post alone. Raises ParseError for other answers."""
    content = mapping(content)
    if isinstance(content.get("latest_posts"), list):
        return [item for item in content["latest_posts"] if isinstance(item, dict)]
    if "cooked" in content and "post_number" in content:
        return [content]
    raise ParseError("JSON, but not an answer of Discourse with posts or topics", remedy=_REMEDY)


def _post(
    site: str,
    topics: Mapping[str | None, Mapping[str, Any]],
    numbers: Mapping[tuple[str | None, int | None], str | None],
    item: dict[str, Any],
) -> Post | None:
    """A post. `topics` and `numbers` are what else the answer says. None where nobody wrote it."""
    if number(item.get("post_type")) in _NOT_WRITTEN:
        return None
    topic, place = words(item.get("topic_id")), number(item.get("post_number"))
    about = topics.get(topic, {})
    title = words(item.get("topic_title") or about.get("title") or item.get("title"))
    slug = words(item.get("topic_slug") or about.get("slug") or item.get("slug"), 200)
    markup = item.get("cooked") or item.get("blurb") or item.get("excerpt") or ""
    published, changed = parse_date(item.get("created_at")), parse_date(item.get("updated_at"))
    is_first = place == 1
    answered = numbers.get((topic, number(item.get("reply_to_post_number"))))
    return Post(
        kind=PostKind.POST if is_first else PostKind.COMMENT,
        external_id=identity(item.get("post_id") or item.get("id")),
        parent_id=None if is_first else answered or (f"topic-{topic}" if topic else None),
        title=to_text(title) if title and is_first else None,
        text=to_text(_CAPTION.sub("", own_words(str(markup)))),
        author=_author(site, item),
        published_at=published,
        updated_at=changed if changed != published else None,
        url=f"{site}/t/{slug or '-'}/{topic}/{place}" if web_address(site) and topic and place else None,
        reach=Reach(
            views=number(item.get("reads")), likes=_likes(item), comments=number(item.get("reply_count"))
        ),
        segments={"topic": to_text(title, limit=300)} if title else {},
        deleted=bool(item.get("deleted_at")) or item.get("user_deleted") is True,
    )


def _topic(site: str, names: Mapping[str | None, Mapping[str, Any]], item: dict[str, Any]) -> Post | None:
    """A topic of a list: its title, and how its first post begins where the list shows it; None for letters."""
    if item.get("archetype") == "private_message":
        return None
    own, slug = identity(item.get("id")), words(item.get("slug"), 200)
    poster = mapping(next(iter(listing(item.get("posters"))), None))
    author = mapping(poster.get("user")) or names.get(words(poster.get("user_id")), {})
    replies, title = number(item.get("posts_count")), words(item.get("title"))
    return Post(
        kind=PostKind.POST,
        external_id=f"topic-{own}",
        title=to_text(title) if title else None,
        text=to_text(str(item.get("excerpt") or "")),
        author=_author(site, author),
        published_at=parse_date(item.get("created_at")),
        url=f"{site}/t/{slug or '-'}/{own}" if web_address(site) else None,
        reach=Reach(
            views=number(item.get("views")),
            likes=number(item.get("like_count")),
            comments=max(replies - 1, 0) if replies is not None else None,
        ),
    )


def _names(users: object) -> dict[str | None, Mapping[str, Any]]:
    return {words(mapping(user).get("id")): mapping(user) for user in listing(users)}


def _author(site: str, item: Mapping[str, Any]) -> Author:
    account = words(item.get("username"), 200)
    name = words(item.get("name"), 200) or words(item.get("display_username"), 200) or account
    return Author(id=account, name=name, url=f"{site}/u/{account}" if account and web_address(site) else None)


def _likes(item: Mapping[str, Any]) -> int | None:
    """`like_count` in answers of the search, else the action "like"; posts without likes do not list it."""
    if "actions_summary" not in item:
        return number(item.get("like_count"))
    actions = [mapping(action) for action in listing(item["actions_summary"])]
    return next((number(action.get("count")) or 0 for action in actions if action.get("id") == _LIKE), 0)
