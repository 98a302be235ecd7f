"""Hacker News: stories and comments that name a brand, through Algolia's public search.

**Asks** one search for each alternative of the query: this search knows words, phrases and -word, and no OR.
**Covers** all of Hacker News since 2007, indexed within minutes. Needs no key; about 10,000 requests an hour.
A search gives its latest 1,000 hits at most, so long spans are read in slices of time, the latest first.
`overlap_hours` before the last item known are read again: items are indexed late, edited and voted on.

**Cannot:** deletions; votes on comments. A story that is only a link has no text but its title.

`https://hn.algolia.com/api/v1/search_by_date` (https://hn.algolia.com/api). Saved answers of
`/api/v1/items/ID`, a story with its comments, are read as well.

```toml
[[sources]]
name = "Hacker News"
kind = "hacker_news"
[sources.options]
query = '"Lila Énergie" OR Lilapp'
```
"""

from __future__ import annotations

import html
from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any, ClassVar, cast

from pydantic import Field, model_validator

from collectors import dialects
from collectors.dates import parse_date
from collectors.json_answers import document, number, words
from collectors.markup import to_text
from collectors.post import Author, Post, PostKind, Reach
from collectors.query import QueryText
from collectors.source import Answer, Cursor, Fault, Page, ParseError, Source, SourceOptions

if TYPE_CHECKING:
    from collectors.http import Http

_HITS = 1_000
_FIRST_SECOND = int(datetime(2006, 10, 9, tzinfo=UTC).timestamp())
"""The day of Hacker News' first item."""
_ITEM = "https://news.ycombinator.com/item?id="
_REMEDY = "save the answer of https://hn.algolia.com/api/v1/search_by_date?query=…"


class Options(SourceOptions):
    """What to search for."""

    query: QueryText = Field(description='What is searched for, as in: Lila OR "Lila Énergie".')
    stories: bool = Field(default=True, description="read stories")
    comments: bool = Field(default=True, description="read comments")
    overlap_hours: float = Field(
        default=24.0, ge=0, le=720, description="hours before the last known item to read again"
    )
    max_requests: int = Field(
        default=50, ge=1, description="most requests a run for each search; the next run goes on from there"
    )
    site: str = Field(default="https://hn.algolia.com", description="where the search is; another only for tests")

    @model_validator(mode="after")
    def _something(self) -> Options:
        if not (self.stories or self.comments):
            raise ValueError("read stories or comments, or both")
        return self


class HackerNews(Source):
    """Stories and comments that match a search."""

    kind: ClassVar[str] = "hacker_news"
    title: ClassVar[str] = "Hacker News"
    Options: ClassVar[type[SourceOptions]] = Options

    @classmethod
    def parse(cls, answer: Answer) -> Page:
        """Read a saved answer of the search, or one item with its comments. Raises ParseError for any other."""
        items = _items(_document(answer))
        posts, faults = [], []
        for place, item in enumerate(items, 1):
            post = _post(item) if isinstance(item, dict) else None
            if post is not None:
                posts.append(post)
            else:
                faults.append(Fault(f"hit {place}", "no id: it could not be told from others"))
        return Page(posts, {}, faults, answer)

    def pages(self, http: Http, cursor: Cursor, *, since: datetime | None = None) -> Iterator[Page]:
        """Read what is new, search by search, from the latest back to the last known item or `since`.

        The cursor holds for each search the time of its latest item (`newest`, epoch seconds); while a walk back
        is under way also where it goes on (`until`), where it ends (`low`) and the latest item it saw (`top`).
        """
        assert self.query is not None
        states: dict[str, Cursor] = dict(cursor.get("searches", {}))
        for search in dialects.render(self.query, dialects.HACKER_NEWS).searches:
            for page in self._walk(http, search, states.get(search, {}), since):
                states[search] = page.cursor
                yield replace(page, cursor={"searches": dict(states)})

    def under_way(self, cursor: Cursor) -> bool:
        """Whether one of the searches has not come to its end."""
        return any("until" in state for state in cursor.get("searches", {}).values())

    def _walk(self, http: Http, search: str, cursor: Cursor, since: datetime | None) -> Iterator[Page]:
        """One search, slice by slice."""
        options = cast("Options", self.options)
        newest = int(cursor.get("newest", 0))
        low, until, top = cursor.get("low"), cursor.get("until"), int(cursor.get("top", newest))
        if low is None:
            start = int(since.timestamp()) if since else _FIRST_SECOND
            low = max(newest - int(options.overlap_hours * 3600), start)
        for _ in range(options.max_requests):
            answer = http.get(
                f"{options.site.rstrip('/')}/api/v1/search_by_date", params=self._params(search, low, until)
            )
            page = self.parse(answer.answer())
            content = _document(answer.answer())
            times = [int(post.published_at.timestamp()) for post in page.posts if post.published_at]
            top = max([top, *times])
            total = number(content.get("nbHits"))
            if not times or (total is not None and total <= len(content["hits"])):
                yield replace(page, cursor={"newest": top})
                return
            # the slice may end within a second: read that second again, unless it alone fills an answer
            until = min(times) if until is None or min(times) < until else until - 1
            yield replace(page, cursor={"newest": newest, "low": low, "until": until, "top": top})

    def _params(self, search: str, low: int, until: int | None) -> dict[str, object]:
        options = cast("Options", self.options)
        tags = [tag for tag, wanted in (("story", options.stories), ("comment", options.comments)) if wanted]
        bounds = [f"created_at_i>={low}", *([f"created_at_i<={until}"] if until is not None else [])]
        return {
            "query": search,
            "advancedSyntax": "true",
            "tags": f"({','.join(tags)})",
            "numericFilters": ",".join(bounds),
            "hitsPerPage": _HITS,
        }


def _document(answer: Answer) -> dict[str, Any]:
    content = document(answer, "Hacker News' search", _REMEDY)
    if not isinstance(content, dict):
        raise ParseError("JSON, but not an answer of Hacker News' search", remedy=_REMEDY)
    return content


def _items(content: dict[str, Any]) -> list[Any]:
    """The hits of a search, or an item and all comments under it, in the order of the answer."""
    if isinstance(content.get("hits"), list):
        return cast("list[Any]", content["hits"])
    if "karma" in content:
        raise ParseError("this describes a user of Hacker News and holds no posts", remedy=_REMEDY)
    if "children" not in content or "type" not in content:
        raise ParseError("JSON, but not an answer of Hacker News' search", remedy=_REMEDY)
    found, waiting = [], [content]
    while waiting:
        item = waiting.pop()
        if isinstance(item, dict) and item.get("type") in ("story", "comment", "poll", "job"):
            found.append(item)
        children = item.get("children") if isinstance(item, dict) else None
        waiting.extend(reversed(children if isinstance(children, list) else []))
    return found


def _post(item: dict[str, Any]) -> Post | None:
    """The post of a hit or an item; None where it has no id. The two name their fields differently."""
    own = words(item.get("objectID"), 200) or words(item.get("id"), 200)
    if not own:
        return None
    tags = item.get("_tags")
    is_comment = item.get("type") == "comment" or (isinstance(tags, list) and "comment" in tags)
    body = next((item[name] for name in ("comment_text", "story_text", "text") if words(item.get(name))), "")
    return Post(
        kind=PostKind.COMMENT if is_comment else PostKind.POST,
        external_id=own,
        parent_id=words(item.get("parent_id")),
        title=None if is_comment else html.unescape(words(item.get("title")) or "") or None,
        text=to_text(str(body)),
        author=Author(id=words(item.get("author")), name=words(item.get("author"))),
        published_at=parse_date(item.get("created_at_i")) or parse_date(item.get("created_at")),
        url=f"{_ITEM}{own}",
        reach=Reach(likes=number(item.get("points")), comments=number(item.get("num_comments"))),
    )
