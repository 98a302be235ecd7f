"""Listings on web pages, read page by page without dates to go by: what is new first, then what a limit left.

What is known is told by the items' ids. A listing longer than `max_pages` is read over several runs: each reads
what is new, then at least two pages from where the last one ended.
"""

from __future__ import annotations

from abc import abstractmethod
from collections.abc import Iterator
from datetime import datetime
from typing import TYPE_CHECKING, Any, ClassVar, cast

from pydantic import Field

from collectors.errors import NotFound
from collectors.post import Post, PostKind
from collectors.source import Answer, Cursor, Fault, Page, Source, SourceOptions

if TYPE_CHECKING:
    from collectors.http import Http

_REMEMBERED = 2000
_REMEMBERED_OF_REST = 200
_LEAST_OF_REST = 2
"""One page of it could not tell a listing that repeats its last page for ever."""


class ListingOptions(SourceOptions):
    """Which listing, and how it goes on: a kind of source adds its own."""

    url: str = Field(description="The page that shows the listing.")
    page_url: str | None = Field(
        default=None,
        pattern=r"\{page\}",
        description="Address of further pages, {page} for their number, where no page links to the next.",
    )
    first_page: int = Field(default=1, ge=0, description="The number of the first page, for page_url.")
    max_pages: int = Field(
        default=20,
        ge=1,
        le=10_000,
        description="Most pages read in one run; the next runs go on with the others.",
    )
    complete_listing: bool = Field(
        default=False,
        description="The pages show every item: read all each time, and take those that vanished for deleted.",
    )


class ListingSource(Source):
    """A source that reads one listing; its kinds say how a page of it is read."""

    kind_of_item: ClassVar[PostKind] = PostKind.REVIEW

    @abstractmethod
    def read(self, answer: Answer) -> tuple[list[Post], list[Fault], str | None]:
        """All items of a page, its faults, and the address of the next page. Raises ParseError."""

    def pages(self, http: Http, cursor: Cursor, *, since: datetime | None = None) -> Iterator[Page]:
        """Read the listing from its first page until it tells nothing new, then on where a limit ended a run.

        A run that was cut short goes on at the page where it was.
        """
        options = cast(ListingOptions, self.options)
        walk = _Walk(cursor, options, self.kind_of_item)
        left = options.max_pages
        while walk.url:
            here = walk.url, walk.number
            posts, faults, link, answer = self._fetch(http, walk)
            is_old = _is_old(posts, since) and not options.complete_listing
            goes_on = walk.add(posts) and not is_old
            left -= 1
            walk.url = self._next(link, walk) if goes_on else None
            if walk.url and not left:
                faults.append(_limit(options, walk.url))
                walk.leave(walk.url, walk.number)
            elif is_old and walk.in_rest:
                walk.leave(*here)  # for a run that wants what is older, too
            elif walk.rest and not walk.url and not walk.in_rest:
                walk.turn_to_rest()
                left = max(left, _LEAST_OF_REST)
            elif not walk.url:
                tombstones, doubt = walk.finish()
                posts, faults = posts + tombstones, faults + doubt
            yield Page(posts, walk.cursor(), faults, answer)

    def _fetch(self, http: Http, walk: _Walk) -> tuple[list[Post], list[Fault], str | None, Answer | None]:
        """One page; an empty one where an address that was made up or remembered leads nowhere."""
        options = cast(ListingOptions, self.options)
        address = walk.url or options.url
        try:
            answer = http.get(address, accept="text/html, application/xhtml+xml;q=0.9, */*;q=0.5").answer()
        except NotFound:
            if address == options.url or not (options.page_url or walk.starts_inside):
                raise
            return [], [], None, None
        return *self.read(answer), answer

    def _next(self, link: str | None, walk: _Walk) -> str | None:
        pattern = cast(ListingOptions, self.options).page_url
        url = pattern.replace("{page}", str(walk.number)) if pattern else link
        return url if url and url not in walk.visited else None


class _Walk:
    """A reading of the listing: at first from its first page, then through `rest`, what a limit left unread.

    `rest` says where to go on, and which items were `known` before: at a page of these alone all is read.
    """

    def __init__(self, cursor: Cursor, options: ListingOptions, kind: PostKind) -> None:
        pending: dict[str, Any] = cursor.get("pending") or {}
        self._is_complete, self._kind = options.complete_listing, kind
        self._known: list[str] = list(cursor.get("known", ()))
        self.rest: dict[str, Any] | None = cursor.get("rest")
        self._is_whole = not pending and not self.rest
        self.url: str | None = pending.get("next", options.url)
        self.number = int(pending.get("number", options.first_page))
        self._found: list[str] = list(pending.get("found", ()))
        self.in_rest = bool(pending.get("in_rest", False))
        self.starts_inside = bool(pending)
        """Whether the next page is the first one read, and not the listing's first."""
        self.visited: set[str] = set()

    def add(self, posts: list[Post]) -> bool:
        """Count a page in; whether a further one can hold anything of interest."""
        ids, before = {post.external_id: None for post in posts}, set(self._found)
        new = [name for name in ids if name not in before]
        self._found += new
        self.number += 1
        self.starts_inside = False
        self.visited.add(self.url or "")
        known = self.rest["known"] if self.rest and self.in_rest else self._known
        reads_all = self._is_complete and (self.in_rest or not self.rest)
        return bool(new) and (reads_all or not ids.keys() <= set(known))

    def turn_to_rest(self) -> None:
        """Done with what is new: go on where an earlier run ended."""
        assert self.rest is not None
        self._known, self._found = _merge(self._found, self._known), []
        self.url, self.number = self.rest["next"], int(self.rest["number"])
        self.in_rest = self.starts_inside = True
        self.visited = set()

    def leave(self, url: str, number: int) -> None:
        """End the run before this page; the next one goes on there."""
        known = self.rest["known"] if self.rest else self._known[:_REMEMBERED_OF_REST]
        self.rest = {"next": url, "number": number, "known": known}
        self._known = self._all_known()
        self.url = None

    def finish(self) -> tuple[list[Post], list[Fault]]:
        """All is read: tombstones for what a whole fresh reading no longer shows, none where that is in doubt."""
        vanished, doubt = self._vanished() if self._is_complete and self._is_whole else ([], [])
        replaces = self._is_complete and not self.in_rest and not doubt
        self._known = self._found if replaces else self._all_known()
        self.rest = None
        return vanished, doubt

    def _all_known(self) -> list[str]:
        return _merge(self._known, self._found) if self.in_rest else _merge(self._found, self._known)

    def _vanished(self) -> tuple[list[Post], list[Fault]]:
        present = set(self._found)
        gone = [name for name in self._known if name not in present]
        if len(gone) * 2 > len(self._known):
            problem = f"{len(gone)} of {len(self._known)} items vanished at once: not taken for deleted"
            return [], [Fault("the listing", problem)]
        return [Post(self._kind, name, "", deleted=True) for name in gone], []

    def cursor(self) -> Cursor:
        """Where the reading stands."""
        state: Cursor = {"known": list(self._known)}
        if self.url:
            state["pending"] = {"next": self.url, "number": self.number, "found": list(self._found)}
            state["pending"]["in_rest"] = self.in_rest
        return state | ({"rest": self.rest} if self.rest else {})


def _is_old(posts: list[Post], since: datetime | None) -> bool:
    return since is not None and bool(posts) and all((post.published_at or since) < since for post in posts)


def _limit(options: ListingOptions, url: str) -> Fault:
    problem = f"max_pages = {options.max_pages} ended the run: the next one goes on at {url}"
    blind = "; until all pages are read in one run, nothing is taken for deleted"
    return Fault("the listing", problem + (blind if options.complete_listing else ""))


def _merge(first: list[str], then: list[str]) -> list[str]:
    """Latest first, each once, so many that a listing's first pages are always among them."""
    return list(dict.fromkeys([*first, *then]))[: max(_REMEMBERED, len(first))]
