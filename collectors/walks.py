"""Reading a listing from its newest item back to what is known, over as many runs as it takes.

Most services list the newest first and give a token for the page before. Such a walk must survive being cut off
anywhere, must not lose what is listed late or out of order, and must end where a server sends it in circles.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import Any

from collectors.dates import parse_date
from collectors.errors import HttpError
from collectors.post import Post
from collectors.source import Cursor, Fault, Page, ParseError, SourceError

Token = str | int
"""What names a page to the service: an id, a number, an opaque text."""
Ask = Callable[[Token | None], tuple[Page, Token | None]]
"""Fetches one page (None: the newest) and gives it with the token of the page before it, None at the end."""


_MOST_EMPTY = 200
"""Pages without a post, one after the other: a forum may hide thousands of posts, no service that many pages."""


def published(post: Post) -> datetime | None:
    """The time that most listings are sorted by."""
    return post.published_at


def changed(post: Post) -> datetime | None:
    """The time that a listing is sorted by which shows edited items as new ones."""
    return post.updated_at or post.published_at


@dataclass(frozen=True, slots=True)
class Bounds:
    """How far one walk goes. `overlap` before the newest known item is read again: for edits and late items.

    `first` is how far back the very first walk goes where `since` does not say; `most` the requests of one run;
    `when` the time of a post that the listing is sorted by.
    """

    now: datetime
    since: datetime | None = None
    overlap: timedelta = timedelta(days=1)
    first: timedelta | None = None
    most: int = 50
    when: Callable[[Post], datetime | None] = published


def in_turn(listings: Iterable[Iterator[Page]]) -> Iterator[Page]:
    """The pages of several listings, one after the other. What stops one stops no other and is raised last."""
    problem: SourceError | None = None
    for pages in listings:
        try:
            yield from pages
        except SourceError as error:
            problem = problem or error
    if problem is not None:
        raise problem


def walk_all(cursor: Cursor, listings: Mapping[str, Ask], bounds: Bounds) -> Iterator[Page]:
    """Walk through several listings, each with a state of its own under its name.

    The failure of one is raised after the others were read. What a cursor holds of listings that are no longer
    asked for is kept.
    """
    states: dict[str, Cursor] = dict(cursor.get("listings", {}))

    def walk(name: str, ask: Ask) -> Iterator[Page]:
        for page in walk_back(states.get(name, {}), ask, bounds):
            states[name] = page.cursor
            yield replace(page, cursor={"listings": dict(states)})

    yield from in_turn(walk(name, ask) for name, ask in listings.items())


def walk_back(cursor: Cursor, ask: Ask, bounds: Bounds) -> Iterator[Page]:
    """Read from the newest page back to one that is wholly older than what is known, or than `since`.

    The cursor of each page is the time of the `newest` item once a walk is over; while one is under way also
    `low`, where it ends, `top`, the newest it saw, and `at`, the page to go on with. Items dated in the future
    move none of them. A token that comes again, or a page with nothing but what was seen, ends the walk; so do
    too many pages in a row with nothing (`empty`, counted over all runs). Where a token of an earlier run is no
    longer accepted, the walk begins anew.
    """
    newest = parse_date(cursor.get("newest"))
    low, top, token = parse_date(cursor.get("low")), parse_date(cursor.get("top")) or newest, cursor.get("at")
    if token is None:
        low = _low(newest, bounds)
    empty = int(cursor.get("empty", 0)) if token is not None else 0
    visited: set[Token | None] = {token}
    seen: set[str] = set()
    for number in range(bounds.most):
        try:
            page, following = ask(token)
        except SourceError as error:
            if number or token is None or not _may_be_stale(error):
                raise
            token, visited = None, {None}  # it was kept for too long: from the newest page to the same end
            page, following = ask(token)
        times = [moment for post in page.posts if (moment := bounds.when(post)) and moment <= bounds.now]
        top = max([*times, *([top] if top else [])], default=None)
        ids = {post.external_id for post in page.posts}
        empty = 0 if ids else empty + 1
        astray = following is not None and _astray(following in visited or bool(ids and ids <= seen), empty)
        if astray:
            page = replace(page, faults=[*page.faults, Fault("the listing", astray)])
        if following is None or astray or (low and times and max(times) < low):
            yield replace(page, cursor=_written(newest=top or newest))
            return
        marks = _written(newest=newest, low=low, top=top, at=following, empty=empty or None)
        yield replace(page, cursor=marks)
        token = following
        visited.add(token)
        seen |= ids


def _astray(is_circle: bool, empty: int) -> str:
    """Why a walk ends though there is said to be more; "" where it goes on."""
    if is_circle:
        return "its pages lead in circles"
    return f"{empty} pages in a row hold nothing" if empty >= _MOST_EMPTY else ""


def _may_be_stale(error: SourceError) -> bool:
    """Whether an error may come from the token: the service refuses it, or answers something else."""
    if isinstance(error, HttpError):
        return error.response is not None and error.response.status in (400, 404, 410, 422)
    return isinstance(error, ParseError)


def _low(newest: datetime | None, bounds: Bounds) -> datetime | None:
    """Where a new walk ends: before the newest known item, never before `since`."""
    if newest is None:
        return bounds.since or (bounds.now - bounds.first if bounds.first else None)
    return max(newest - bounds.overlap, bounds.since) if bounds.since else newest - bounds.overlap


def _written(**marks: datetime | Token | None) -> dict[str, Any]:
    return {
        name: mark.isoformat() if isinstance(mark, datetime) else mark
        for name, mark in marks.items()
        if mark is not None
    }
