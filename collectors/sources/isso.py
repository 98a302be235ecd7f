"""Isso: comments under the pages of blogs and small sites that host their own.

**Covers** all comments under the pages that are named, replies included, with likes; edits are seen, and so are
deleted comments that were answered (Isso keeps their place). With `latest` the newest comments of the whole site
are read as well, where its owner lets visitors see them (`latest-enabled`).

**Cannot:** find the pages by itself. Saved answers of the feed that some owners offer (`/feed?uri=…`) are read
too.

```toml
[[sources]]
name = "Our blog"
kind = "isso"
[sources.options]
url = "https://comments.example.org"
site = "https://blog.example.org"
pages = ["/", "/2026/lila/"]
```

`GET /?uri=…` and `/latest` (https://isso-comments.de/docs/reference/server-api/).
"""

from __future__ import annotations

import re
from collections import deque
from collections.abc import Iterator, Mapping
from dataclasses import replace
from datetime import datetime
from typing import TYPE_CHECKING, Any, ClassVar, cast
from urllib.parse import parse_qs, urljoin, urlsplit

from pydantic import Field, model_validator

from collectors.dates import parse_date
from collectors.errors import NotFound
from collectors.json_answers import document, identity, listing, mapping, number, read_items, web_address, words
from collectors.markup import to_text
from collectors.post import Author, Post, PostKind, Reach
from collectors.source import Answer, Cursor, Page, ParseError, Source, SourceOptions
from collectors.sources.feeds import Feeds
from collectors.walks import in_turn

if TYPE_CHECKING:
    from collectors.http import Http

_DELETED = 4
"""The `mode` of a comment that was deleted but has answers."""
_LATEST = 100
_MOST_COMMENTS = 100_000
_FEED_ID = re.compile(r"tag:[^ ]+/isso/\d+/(\d+)")
_REMEDY = "save the answer of /?uri=PAGE of the server that holds the comments"


class Options(SourceOptions):
    """Which server, and the comments of which pages."""

    url: str = Field(description="The address of the Isso server, as in https://comments.example.org.")
    site: str | None = Field(
        default=None, description="The address of the site under whose pages the comments stand, for links."
    )
    pages: tuple[str, ...] = Field(
        default=(), description="The pages as Isso knows them: paths within the site, as in /2026/lila/."
    )
    latest: bool = Field(default=False, description="Read the newest 100 comments of the whole site, too.")

    @model_validator(mode="after")
    def _something(self) -> Options:
        if not (self.pages or self.latest):
            raise ValueError("give pages, or set latest")
        return self


class Isso(Source):
    """Comments of one server."""

    kind: ClassVar[str] = "isso"
    title: ClassVar[str] = "Isso comments"
    Options: ClassVar[type[SourceOptions]] = Options

    @classmethod
    def parse(cls, answer: Answer) -> Page:
        """Read the saved comments of a page, the latest ones, or a feed. Raises ParseError for any other."""
        if answer.body[:200].lstrip(b"\xef\xbb\xbf \t\r\n").startswith(b"<"):
            return _of_feed(answer)
        posts, faults = read_items(_comments(document(answer, "Isso", _REMEDY)), _post)
        return Page(posts, {}, faults, answer)

    def pages(self, http: Http, cursor: Cursor, *, since: datetime | None = None) -> Iterator[Page]:
        """Read every page's comments whole: any of them may have been edited. One's failure is raised last.

        Before 0.13 Isso says of a page without comments that it is not found; where all are, the url is wrong.
        """
        options = cast("Options", self.options)
        asks: list[tuple[str, Mapping[str, object]]] = [("/", {"uri": page}) for page in options.pages]
        if options.latest:
            asks.append(("/latest", {"limit": _LATEST}))
        missing: list[NotFound] = []

        def read(path: str, params: Mapping[str, object]) -> Iterator[Page]:
            try:
                response = http.get(f"{options.url.rstrip('/')}{path}", params=params, accept="application/json")
            except NotFound as error:
                if path != "/":
                    raise
                missing.append(error)
                return
            page = self.reread(response.answer())
            posts = [post for post in page.posts if since is None or (post.published_at or since) >= since]
            yield replace(page, posts=posts, cursor=cursor)

        yield from in_turn(read(path, params) for path, params in asks)
        if len(missing) == len(asks):
            raise missing[0]

    def reread(self, answer: Answer) -> Page:
        """The comments of an answer, with their addresses on the site."""
        page = self.parse(answer)
        places = _places(document(answer, "Isso", _REMEDY), answer.url)
        return replace(page, posts=[self._with_link(post, places) for post in page.posts])

    def _with_link(self, post: Post, places: Mapping[str, str]) -> Post:
        site = cast("Options", self.options).site
        if site is None:
            return post
        page = places.get(post.external_id, places.get("", "/"))
        return replace(post, url=web_address(urljoin(site, f"{page}#isso-{post.external_id}")))


def _places(content: Any, asked: str) -> dict[str, str]:
    """Under which page each comment stands: the latest ones say so, of others it is the page ("") `asked` for."""
    pages = parse_qs(urlsplit(asked).query).get("uri", [""])
    found = {words(mapping(item).get("id")): words(mapping(item).get("uri"), 500) for item in listing(content)}
    return {"": pages[0], **{name: page for name, page in found.items() if name and page}}


def _comments(content: Any) -> list[Any]:
    """All comments of an answer, each before its replies. Raises ParseError for answers without comments."""
    if isinstance(content, list):
        if content and not any("mode" in mapping(item) or "text" in mapping(item) for item in content):
            raise ParseError("a list, but not of Isso's comments", remedy=_REMEDY)
        return content
    if not isinstance(content, dict) or not isinstance(content.get("replies"), list):
        raise ParseError("JSON, but not Isso's comments", remedy=_REMEDY)
    found: list[Any] = []
    waiting = deque(content["replies"])
    while waiting and len(found) < _MOST_COMMENTS:
        item = waiting.popleft()
        found.append(item)
        waiting.extendleft(reversed(listing(mapping(item).get("replies"))))
    return found


def _post(item: dict[str, Any]) -> Post:
    """A comment. Raises ValueError without id."""
    published, changed = parse_date(item.get("created")), parse_date(item.get("modified"))
    return Post(
        kind=PostKind.COMMENT,
        external_id=identity(item.get("id")),
        parent_id=words(item.get("parent")),
        text=to_text(str(item.get("text") or "")),
        author=Author(
            # Not by their `hash`: neighbours share it, and the latest comments come without.
            name=words(item.get("author"), 200),
            url=web_address(item.get("website")),
        ),
        published_at=published,
        updated_at=changed if changed != published else None,
        reach=Reach(likes=number(item.get("likes"))),
        deleted=item.get("mode") == _DELETED,
    )


def _of_feed(answer: Answer) -> Page:
    """The comments of a feed, under the numbers that they have everywhere else; "Comment #1" is no title."""
    page = Feeds.parse(answer)
    posts = [
        replace(
            post,
            kind=PostKind.COMMENT,
            external_id=_numbered(post.external_id) or post.external_id,
            parent_id=_numbered(post.parent_id) or post.parent_id,
            title=None,
        )
        for post in page.posts
    ]
    return replace(page, posts=posts)


def _numbered(name: str | None) -> str | None:
    found = _FEED_ID.fullmatch(name or "")
    return found[1] if found else None
