"""RSS, Atom, RDF and JSON feeds: blogs, news, forums, comment threads, anything that can be subscribed to.

**Covers** what the feed holds: usually its latest 10 to 50 items, so a busy feed must be read often. Feeds in
pages (RFC 5005, `rel="next"`) are read back to a page that ends with what is known already, so that a post
pinned to the top hides nothing. Edited items are seen while they are still in the feed; deleted ones cannot be.

**Identity** is the item's own id (`atom:id`, `guid`), else its link without what only tracks visitors, else a
hash of link, title, date and text. A feed whose first answer gives one id to different items goes by links for
good; of one that does so later, only the items of that id do.

```toml
[[sources]]
name = "Press"
kind = "feeds"
[sources.options]
url = "https://news.example.org/feed.xml"
```
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import replace
from datetime import datetime
from typing import TYPE_CHECKING, Any, ClassVar, cast

from pydantic import Field, model_validator

from collectors.post import Post, PostKind
from collectors.source import Answer, Cursor, Fault, Page, Source, SourceOptions
from collectors.syndication import REMEMBERED, read, short
from collectors.walks import in_turn

if TYPE_CHECKING:
    from collectors.http import Http

_ACCEPT = "application/atom+xml, application/rss+xml, application/feed+json, application/xml;q=0.9, */*;q=0.5"


class Options(SourceOptions):
    """Which feeds, and what their items are."""

    url: str | None = Field(default=None, description="The feed's address.")
    urls: tuple[str, ...] = Field(default=(), description="More feeds that belong to the same source.")
    kind: PostKind | None = Field(
        default=None, description="What the items are; by default told from each item: article, post or comment."
    )
    language: str | None = Field(default=None, description="Language of the items where the feed does not say.")
    max_pages: int = Field(default=10, ge=1, le=1000, description="Most pages read of a feed in pages.")

    @model_validator(mode="after")
    def _needs_an_address(self) -> Options:
        if not self.addresses:
            raise ValueError("give the feed's address as url, or several as urls")
        return self

    @property
    def addresses(self) -> tuple[str, ...]:
        """All feeds, each once."""
        return tuple(dict.fromkeys([*([self.url] if self.url else []), *self.urls]))


class Feeds(Source):
    """Feeds of all dialects."""

    kind: ClassVar[str] = "feeds"
    title: ClassVar[str] = "RSS, Atom, RDF and JSON feeds"
    Options: ClassVar[type[SourceOptions]] = Options

    @classmethod
    def parse(cls, answer: Answer) -> Page:
        """Read a saved feed. Raises ParseError where it is none, and says what it is instead."""
        reading = read(answer)
        return Page(reading.posts(**reading.identities({})), {}, reading.faults, answer)

    def rereading(self, cursor: Cursor) -> Callable[[Answer], Page]:
        """Read kept answers again with the identities that the feed's items were given."""
        states: dict[str, dict[str, Any]] = cursor.get("feeds", {})

        def reread(answer: Answer) -> Page:
            state = states.get(answer.url) or next(
                (one for one in states.values() if len(states) == 1 or one.get("moved_to") == answer.url), {}
            )
            reading = read(answer)
            known = state or reading.identities({})
            believed = {name: known[name] for name in ("trust_ids", "shared") if name in known}
            posts = reading.posts(**believed)
            return Page([self._with_options(post) for post in posts], {}, reading.faults, answer)

        return reread

    def pages(self, http: Http, cursor: Cursor, *, since: datetime | None = None) -> Iterator[Page]:
        """Fetch every feed that changed. One feed's failure is raised after the others were read."""
        options = cast(Options, self.options)
        states: dict[str, dict[str, Any]] = {url: dict(state) for url, state in cursor.get("feeds", {}).items()}

        def one(address: str) -> Iterator[Page]:
            for page, state in self._one_feed(http, address, states.get(address, {}), since):
                states[address] = state
                yield replace(page, cursor={"feeds": {url: dict(value) for url, value in states.items()}})

        yield from in_turn(map(one, options.addresses))

    def _one_feed(
        self, http: Http, address: str, state: dict[str, Any], since: datetime | None
    ) -> Iterator[tuple[Page, dict[str, Any]]]:
        """Read one feed page by page, each with the feed's state once that page is stored.

        Until the last page the state holds where to go on and what to remember at the end, so that a run that
        is cut short goes on where it was.
        """
        pending: dict[str, Any] = dict(state.get("pending") or {})
        url: str | None = pending.get("next") or state.get("moved_to") or address
        visited: set[str] = set()
        most = cast(Options, self.options).max_pages
        while url:
            visited.add(url)
            names = {} if pending else {"etag": state.get("etag"), "last_modified": state.get("last_modified")}
            response = http.get(url, accept=_ACCEPT, **names)
            if response.not_modified:
                yield Page([], {}), state
                return
            reading = read(response.answer())
            state = {**state, **reading.identities(state)}
            believed = {name: state[name] for name in ("trust_ids", "shared") if name in state}
            posts = [self._with_options(post) for post in reading.posts(**believed)]
            ids = [short(post.external_id) for post in posts]
            if not pending:
                moved = response.moved_to or state.get("moved_to")
                pending = {"etag": response.etag, "last_modified": response.last_modified, "moved_to": moved}
                pending |= {"head": [], "pages": 0}
            pending |= {"head": _remembered(pending["head"], ids), "pages": pending["pages"] + 1}
            known = bool(ids) and ids[-1] in state.get("head", ())  # not any: a post may be pinned to the top
            url = reading.next_url if not known and not _is_old(posts, since) else None
            url = None if url in visited else url
            if url and pending["pages"] >= most:
                reading.faults.append(Fault("the feed", f"not read beyond max_pages = {most}: there are more"))
                url = None
            pending["next"] = url
            yield Page(posts, {}, reading.faults, response.answer()), _state_after(state, pending)

    def _with_options(self, post: Post) -> Post:
        options = cast(Options, self.options)
        kind, language = options.kind or post.kind, post.language or options.language
        is_as_wanted = (kind, language) == (post.kind, post.language)
        return post if is_as_wanted else replace(post, kind=kind, language=language)


def _is_old(posts: list[Post], since: datetime | None) -> bool:
    return since is not None and bool(posts) and all((post.published_at or since) < since for post in posts)


def _state_after(state: Mapping[str, Any], pending: Mapping[str, Any]) -> dict[str, Any]:
    """The feed's state once a page is stored: where to go on, or after the last page what to remember."""
    if pending["next"]:
        return {**state, "pending": dict(pending)}
    kept = {name: value for name, value in state.items() if name != "pending"}
    head = _remembered(pending["head"], state.get("head", ()))
    return kept | {name: pending[name] for name in ("etag", "last_modified", "moved_to")} | {"head": head}


def _remembered(latest: Sequence[str], before: Sequence[str]) -> list[str]:
    """The ids of a feed's first pages, each once, so many that its first page is always among them."""
    return list(dict.fromkeys([*latest, *before]))[: max(REMEMBERED, len(latest or before))]
