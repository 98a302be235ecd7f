"""Forums of the classic sort, by their feed: phpBB, SMF, vBulletin, XenForo, MyBB, Machina and others.

**Covers** what the forum's feed holds, usually its latest 10 to 100 posts, so a busy forum must be read often.
Only the forum's address is needed, or that of one of its boards: the feed is found from what the page says of
it, or where its software usually keeps it. What others said, quoted in a post, is left out, and so are the lines
that the software adds.

**Cannot:** what was written before the first visit; boards whose owner has switched feeds off (the kind `site`
reads their pages). XenForo's and vBulletin's feeds show how topics begin, not the answers; Machina's shows each
topic's last post without naming who wrote it, under the date of the topic; edited, it comes in again.

```toml
[[sources]]
name = "Consumers' forum"
kind = "forum"
[sources.options]
url = "https://forum.example.org/"
```

Discourse has a kind of its own, `discourse`. SMF's and Machina's feeds are known from real ones, phpBB's from its
template; the others are read as any feed.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import replace
from datetime import datetime
from typing import TYPE_CHECKING, ClassVar, cast

from pydantic import Field

from collectors import forums
from collectors.errors import Gone, NotFound
from collectors.post import Post
from collectors.response import decode, unpack
from collectors.source import Answer, Cursor, Page, ParseError, Source, SourceError, SourceOptions
from collectors.sources.feeds import Feeds
from collectors.sources.feeds import Options as FeedOptions

if TYPE_CHECKING:
    from collectors.http import Http

_MOST_UNPACKED = 50_000_000
_PROLOG = 2_000
_MOST_TRIED = 6
"""Addresses tried to find a feed."""


class Options(SourceOptions):
    """Which forum."""

    url: str = Field(description="The address of the forum, of one of its boards, or of its feed.")
    language: str | None = Field(default=None, description="Language of the posts, where all are in one.")
    max_pages: int = Field(default=10, ge=1, le=1000, description="Most pages read of a feed in pages.")


class Forum(Source):
    """Posts of one forum, by its feed."""

    kind: ClassVar[str] = "forum"
    title: ClassVar[str] = "Forums by their feed: phpBB, SMF, vBulletin, XenForo, MyBB, Machina"
    Options: ClassVar[type[SourceOptions]] = Options

    @classmethod
    def parse(cls, answer: Answer) -> Page:
        """Read a saved feed, or SMF's own XML. Raises ParseError for any other; of a page it names the feed."""
        text = _text_of(answer)
        if f"<{forums.SMF_ROOT}" in text[:_PROLOG]:
            posts, faults = forums.read_smf(text)
            return Page(posts, {}, faults, answer)
        try:
            page = Feeds.parse(answer)
        except ParseError as error:
            raise _explained(error, forums.feeds_named_in(text, answer.url)) from error
        return replace(page, posts=[_of_forum(post) for post in page.posts])

    def pages(self, http: Http, cursor: Cursor, *, since: datetime | None = None) -> Iterator[Page]:
        """Find the feed at the first visit, then read it as the kind `feeds` does; look again when it is gone."""
        options = cast("Options", self.options)
        address = cursor.get("feed") or self._find(http, options.url)
        try:
            yield from self._read(http, address, cursor, since)
        except (NotFound, Gone):
            if cursor.get("feed") is None:
                raise
            yield from self._read(http, self._find(http, options.url), {}, since)

    def _read(self, http: Http, address: str, cursor: Cursor, since: datetime | None) -> Iterator[Page]:
        options = cast("Options", self.options)
        feed = Feeds(FeedOptions(url=address, max_pages=options.max_pages))
        for page in feed.pages(http, cursor, since=since):
            yield replace(self._of_forum(page), cursor={**page.cursor, "feed": address})

    def _of_forum(self, page: Page) -> Page:
        language = cast("Options", self.options).language
        return replace(page, posts=[replace(_of_forum(post), language=language) for post in page.posts])

    def rereading(self, cursor: Cursor) -> Callable[[Answer], Page]:
        """Read kept answers again as the feed that they are."""
        reread = Feeds(FeedOptions(url=cursor.get("feed", cast("Options", self.options).url))).rereading(cursor)
        return lambda answer: self._of_forum(reread(answer))

    def _find(self, http: Http, url: str) -> str:
        """The address of the forum's feed: `url` itself, or the first that is one of those a page leads to."""
        answer = http.get(url).answer()
        if _is_feed(answer):
            return url
        tried = [link for link in forums.feeds_named_in(_text_of(answer), answer.url) if link != url][
            :_MOST_TRIED
        ]
        for link in tried:
            try:
                if _is_feed(http.get(link).answer()):
                    return link
            except (NotFound, Gone):
                continue
        raise SourceError(
            f"no feed was found for the forum {url}",
            remedy="give the address of its feed, if it has one; else read its pages with the kind site",
            permanent=True,
        )


def _text_of(answer: Answer) -> str:
    try:
        return decode(unpack(answer.body, _MOST_UNPACKED), answer.content_type)
    except SourceError as error:
        raise ParseError(f"not a feed: {error}") from error


def _is_feed(answer: Answer) -> bool:
    try:
        Feeds.parse(answer)
    except ParseError:
        return False
    return True


def _explained(error: ParseError, candidates: list[str]) -> ParseError:
    """Name the feed that a forum's page leads to."""
    remedy = f"its feed may be at {candidates[0]}" if candidates else error.remedy
    return ParseError(str(error), remedy=remedy)


def _of_forum(post: Post) -> Post:
    """The board taken out of the title, where phpBB and Machina put it: "Board • Topic".

    The language that a feed declares is that of the forum's menus, and posts may be in any.
    """
    board, sign, title = (post.title or "").partition(" • ")
    if not sign or not title:
        return replace(post, language=None)
    return replace(post, language=None, title=title, segments={**post.segments, "board": board[:300]})
