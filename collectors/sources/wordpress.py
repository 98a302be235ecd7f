"""Comments, posts and product reviews of WordPress sites, through the REST interface of every site since 4.7.

**Covers** all approved comments and all published posts, from the oldest on; what was read is not read again
but for the last day, or `reread_days`. What is more than one run reads, all of it written on one day, is read by
pages over several runs. Edited posts are seen; edited and deleted comments are, until those days are over: the
site is asked for what is missing by its number before it is taken for deleted. Where the interface is switched
off (401, 404), the kind `feeds` reads `/comments/feed/` and `/feed/`.

**Cannot:** comments and product reviews that are approved later than that, under the older date at which they
were written: where they wait for days to be approved, raise `reread_days`.

**Replies** that the author of the page gives to visitors are the owner's: they become the `owner_reply` of the
comment that they answer. A registered reader is not taken for the owner where the page's author is known.

**Product reviews** are those of shops with WooCommerce, stars included: `read = ["reviews"]`. Edits are seen for
`reread_days`, deletions are not. *Their answers are known from the documentation only.*

```toml
[[sources]]
name = "Our shop"
kind = "wordpress"
[sources.options]
url = "https://shop.example.org"
read = ["reviews"]
```
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Any, ClassVar, Literal, cast

from pydantic import Field

from collectors import woocommerce
from collectors.dates import parse_date
from collectors.errors import HttpError, NotFound
from collectors.json_answers import read_items, web_address
from collectors.markup import to_text
from collectors.post import Author, OwnerReply, Post, PostKind
from collectors.response import decode
from collectors.source import Answer, Cursor, Fault, Page, ParseError, Source, SourceError, SourceOptions
from collectors.walks import Bounds, Token, in_turn, walk_back

if TYPE_CHECKING:
    from collectors.http import Http
    from collectors.response import Response

_PER_PAGE = 100
_PAST_THE_END = "rest_post_invalid_page_number"
_MOST_NUMBERS = 100
"""Items asked for by their numbers in one request: parents, and the newest, whose deletion is noticed."""

Item = dict[str, Any]
Place = dict[str, Any]
"""Where to go on when the time mark would lead back to the start: the `page` of what is `after` a time, and the
time of the `first` item of that."""


class Options(SourceOptions):
    """Which site, and what of it."""

    url: str = Field(description="The site's address, as in https://example.org or https://example.org/blog.")
    read: tuple[Literal["comments", "posts", "reviews"], ...] = Field(
        default=("comments",), min_length=1, description="What is read: comments, posts, reviews of products."
    )
    search: str | None = Field(default=None, description="Only comments and posts that contain these words.")
    max_pages: int = Field(
        default=50, ge=1, description="Most requests for each of them in one run; 100 items each."
    )
    # Never less than a day: comments may share a second, and old versions take `after` for the site's own time.
    reread_days: int = Field(
        default=1, ge=1, le=90, description="Days before the newest item in which edits and deletions are seen."
    )

    @property
    def overlap(self) -> timedelta:
        """What is read again each time."""
        return timedelta(days=self.reread_days)


@dataclass(frozen=True, slots=True)
class _Mark:
    """Where one route stands: the time of the newest item read, and where to go on if that is not enough.

    `shown` are the numbers of the last days' items: those that are missing next time may have been deleted.
    """

    until: datetime | None = None
    place: Place | None = None
    shown: Sequence[int] = ()


class WordPress(Source):
    """Comments and posts of one site."""

    kind: ClassVar[str] = "wordpress"
    title: ClassVar[str] = "WordPress comments, posts and product reviews"
    Options: ClassVar[type[SourceOptions]] = Options

    @classmethod
    def parse(cls, answer: Answer) -> Page:
        """Read a saved answer with comments, posts or product reviews. Raises ParseError where it is none."""
        items = _items(answer)
        of_shop = any(map(woocommerce.is_review, items))
        posts, faults = read_items(items, woocommerce.review) if of_shop else _posts(items, [])
        return Page(posts, {}, faults, answer)

    def reread(self, answer: Answer) -> Page:
        """A kept answer again. Raises SourceError where an owner answers a comment that it does not hold."""
        items = _items(answer)
        here = {_number(item, "id") for item in items}
        if any(_number(item, "parent") not in here for item in items if _may_be_owners(item)):
            raise SourceError("owners answer comments in it that are not kept with it")
        return self.parse(answer)

    def pages(self, http: Http, cursor: Cursor, *, since: datetime | None = None) -> Iterator[Page]:
        """Read what came or changed since last time, the oldest first, so that a cut run goes on where it was.

        What stops the reading of one, of posts say, is raised after the others were read.
        """
        marks, reviews = _marks_in(cursor), cursor.get("reviews", {})

        def read(route: str) -> Iterator[Page]:
            nonlocal reviews
            if route == "reviews":
                for page in self._reviews(http, reviews, since):
                    reviews = page.cursor
                    yield replace(page, cursor={**_cursor_of(marks), "reviews": reviews})
                return
            for page, mark in self._route(http, route, marks.get(route, _Mark()), since):
                marks[route] = mark
                yield replace(page, cursor={**_cursor_of(marks), **({"reviews": reviews} if reviews else {})})

        yield from in_turn(map(read, cast(Options, self.options).read))

    def _reviews(self, http: Http, state: Cursor, since: datetime | None) -> Iterator[Page]:
        """Read product reviews from the newest back to what is known: they cannot be asked for by their time."""
        options = cast(Options, self.options)
        bounds = Bounds(http.clock.now(), since, options.overlap, most=options.max_pages)

        def ask(token: Token | None) -> tuple[Page, Token | None]:
            number = int(token or 1)
            response = self._ask(http, "reviews", {"page": number, "orderby": "date_gmt", "order": "desc"})
            if response is None:
                return Page([], {}), None
            page = self.parse(response.answer())
            total = response.headers.get("x-wp-totalpages", "")
            is_last = number >= int(total) if total.isdigit() else len(page.posts) < _PER_PAGE
            return page, None if is_last else number + 1

        return walk_back(state, ask, bounds)

    def _route(self, http: Http, route: str, mark: _Mark, since: datetime | None) -> Iterator[tuple[Page, _Mark]]:
        """Read pages from the mark's place, or else from its time on: each with the mark to go on from."""
        options, until = cast(Options, self.options), mark.until
        start = max((moment for moment in (until and until - options.overlap, since) if moment), default=None)
        walk: Place = mark.place or {"after": start and start.isoformat(), "first": None, "page": 1}
        order = {**_order(route, parse_date(walk["after"])), "search": options.search}
        first, seen = parse_date(walk["first"]), dict[int, datetime]()
        for number in range(walk["page"], walk["page"] + options.max_pages):
            response = self._ask(http, route, {**order, "page": number})
            if response is None:
                if walk["page"] > 1:  # there are fewer now than when the last run ended
                    yield Page([], {}), replace(mark, place=None)
                return
            answer = response.answer()
            items = _items(answer)
            posts, faults = _posts(items, self._missing_parents(http, items) if route == "comments" else [])
            seen |= _times_of(items, http.clock.now())
            until = max([*seen.values(), *([until] if until else [])], default=None)
            first = first or min(seen.values(), default=None)
            total = response.headers.get("x-wp-totalpages", "")
            last = int(total) if total.isdigit() else (number if len(items) < _PER_PAGE else number + 1)
            is_last = not items or number >= last
            # An item edited meanwhile moves to the end and all others forward: the last page is read again.
            again = number if options.max_pages > 1 else number + 1
            place = {"after": walk["after"], "first": first and first.isoformat(), "page": again}
            is_stuck = until is None or first is None or until - options.overlap <= first
            mark = _Mark(until, place if is_stuck and not is_last else None, mark.shown)
            if not is_last:
                yield Page(posts, {}, faults, answer), mark
                continue
            gone = self._deleted(http, route, mark.shown, seen) if walk["page"] == 1 else []
            yield Page([*posts, *gone], {}, faults, answer), replace(mark, shown=self._shown(mark, seen))
            return

    def _shown(self, mark: _Mark, seen: Mapping[int, datetime]) -> list[int]:
        """The numbers to look for next time: of what will be read again, the newest."""
        overlap = cast(Options, self.options).overlap
        lately = [
            (moment, number) for number, moment in seen.items() if mark.until and moment > mark.until - overlap
        ]
        return [number for _, number in sorted(lately)[-_MOST_NUMBERS:]]

    def _deleted(self, http: Http, route: str, shown: Iterable[int], seen: Mapping[int, datetime]) -> list[Post]:
        """Tombstones of what was shown, was not seen again, and is not there when asked for by its number."""
        missing = [number for number in shown if number not in seen]
        if not missing:
            return []
        response = self._ask(http, route, {"include": ",".join(map(str, missing))})
        there = {_number(item, "id") for item in _items(response.answer())} if response else set()
        return [_tombstone(route, number) for number in missing if number not in there]

    def _ask(self, http: Http, route: str, params: Mapping[str, object]) -> Response | None:
        """One page of a route; None past the last one. Sites without readable addresses use ?rest_route=."""
        site = cast(Options, self.options).url.rstrip("/")
        asked = {"per_page": _PER_PAGE, "_embed": "up,author", **params}
        place = woocommerce.ROUTE if route == "reviews" else f"wp/v2/{route}"
        try:
            try:
                return http.get(f"{site}/wp-json/{place}", params=asked, accept="application/json")
            except NotFound:
                return http.get(
                    f"{site}/", params={"rest_route": f"/{place}", **asked}, accept="application/json"
                )
        except HttpError as error:
            if (
                error.response is not None
                and error.response.status == 400
                and _PAST_THE_END in error.response.text()
            ):
                return None
            raise

    def _missing_parents(self, http: Http, items: list[Item]) -> list[Item]:
        """The comments that owners answered on this page and that are not on it themselves."""
        here = {_number(item, "id") for item in items}
        wanted = sorted({_number(item, "parent") for item in items if _may_be_owners(item)} - here)[
            :_MOST_NUMBERS
        ]
        if not wanted:
            return []
        response = self._ask(http, "comments", {"include": ",".join(map(str, wanted))})
        return _items(response.answer()) if response else []


def _marks_in(cursor: Cursor) -> dict[str, _Mark]:
    until, places, shown = (cursor.get(name, {}) for name in ("until", "places", "shown"))
    return {
        route: _Mark(parse_date(until.get(route)), places.get(route), shown.get(route, ()))
        for route in {**until, **places}
    }


def _cursor_of(marks: Mapping[str, _Mark]) -> Cursor:
    parts: dict[str, dict[str, Any]] = {
        "until": {route: mark.until.isoformat() for route, mark in marks.items() if mark.until},
        "places": {route: mark.place for route, mark in marks.items() if mark.place},
        "shown": {route: list(mark.shown) for route, mark in marks.items() if mark.shown},
    }
    return {name: part for name, part in parts.items() if part or name == "until"}


def _times_of(items: list[Item], now: datetime) -> dict[int, datetime]:
    """When items were written or changed. A date in the future must not make us wait for it."""
    times = {_number(item, "id"): _latest(item) for item in items}
    return {number: moment for number, moment in times.items() if moment and moment <= now}


def _tombstone(route: str, number: int) -> Post:
    kind, name = (PostKind.COMMENT, "comment") if route == "comments" else (PostKind.ARTICLE, "post")
    return Post(kind=kind, external_id=f"{name}-{number}", text="", deleted=True)


def _order(route: str, start: datetime | None) -> dict[str, object]:
    moment = start.strftime("%Y-%m-%dT%H:%M:%SZ") if start else None
    if route == "posts":
        return {"orderby": "modified", "order": "asc", "modified_after": moment}
    return {"orderby": "date_gmt", "order": "asc", "after": moment}


def _items(answer: Answer) -> list[Item]:
    """The objects of an answer. Raises ParseError where it is not WordPress's."""
    text = decode(answer.body, answer.content_type).replace("\x00", "").strip("\ufeff \t\r\n")
    if text.startswith("<"):
        raise ParseError(
            "an HTML or XML page instead of JSON: this is not the REST interface of WordPress",
            remedy="give the site's address only; if its interface is switched off use the kind feeds",
        )
    try:
        content = json.loads(text)
    except (ValueError, RecursionError) as error:
        raise ParseError(f"broken JSON ({error})", remedy="check the address in a browser") from error
    if isinstance(content, dict) and isinstance(content.get("code"), str):
        raise ParseError(f"WordPress answered {content['code']}: {content.get('message')}")
    if isinstance(content, dict) and "id" in content:
        content = [content]
    if not isinstance(content, list) or not all(isinstance(item, dict) for item in content):
        raise ParseError("JSON, but not a list of WordPress comments or posts")
    if content and not any(map(_is_ours, content)):
        raise ParseError("a list, but not of WordPress comments or posts")
    return content


def _is_ours(item: Item) -> bool:
    return "date_gmt" in item or isinstance(item.get("content"), dict) or woocommerce.is_review(item)


def _posts(items: list[Item], parents: list[Item]) -> tuple[list[Post], list[Fault]]:
    """Items as posts; the owner's replies go to the comments that they answer."""
    posts: dict[str, Post] = {}
    replies: dict[str, OwnerReply] = {}
    faults = []
    by_id = {_number(item, "id"): item for item in [*parents, *items]}
    for item in items:
        try:
            reply = _owner_reply(item, by_id)
            if reply:
                replies[f"comment-{item['parent']}"] = reply
            elif item.get("type") not in ("pingback", "trackback"):
                post = _post(item)
                posts[post.external_id] = post
        except (ValueError, TypeError, KeyError) as error:
            faults.append(Fault(f"item {item.get('id', '?')}", str(error)))
    for parent in parents:
        if f"comment-{parent.get('id')}" in replies:
            posts.setdefault(f"comment-{parent['id']}", _post(parent))
    return [replace(post, owner_reply=replies.get(name)) for name, post in posts.items()], faults


def _may_be_owners(item: Item) -> bool:
    """A reply by somebody signed in who, as far as is known, wrote the page."""
    author = _number(item, "author")
    return author > 0 < _number(item, "parent") and _embedded(item, "up").get("author") in (author, None)


def _owner_reply(item: Item, by_id: Mapping[int, Item]) -> OwnerReply | None:
    parent = by_id.get(_number(item, "parent"))
    if parent is None or not _may_be_owners(item) or parent.get("author") == item.get("author"):
        return None
    return OwnerReply(_rendered(item, "content"), _moment(item, "date"))


def _post(item: Item) -> Post:
    """A comment or a post. Raises ValueError where it has no id."""
    own_id = _number(item, "id")
    if own_id <= 0:
        raise ValueError("an item without an id")
    return _comment(item, own_id) if "post" in item else _article(item, own_id)


def _comment(item: Item, own_id: int) -> Post:
    page, parent = to_text(_rendered_html(_embedded(item, "up"), "title"), limit=300), item.get("parent")
    name, author = str(item.get("author_name") or "")[:200], item.get("author")
    return Post(
        kind=PostKind.COMMENT,
        external_id=f"comment-{own_id}",
        parent_id=f"comment-{parent}" if parent else f"post-{item['post']}",
        text=_rendered(item, "content"),
        author=Author(
            id=str(author) if author else None, name=name or None, url=web_address(item.get("author_url"))
        ),
        published_at=_moment(item, "date"),
        url=web_address(item.get("link")),
        segments={"article": page} if page else {},
    )


def _article(item: Item, own_id: int) -> Post:
    published, modified = _moment(item, "date"), _moment(item, "modified")
    author, writer = item.get("author"), _embedded(item, "author")
    return Post(
        kind=PostKind.ARTICLE,
        external_id=f"post-{own_id}",
        text=_rendered(item, "content") or _rendered(item, "excerpt"),
        title=_rendered(item, "title") or None,
        author=Author(id=str(author) if author else None, name=str(writer.get("name") or "")[:200] or None),
        published_at=published,
        updated_at=modified if modified != published else None,
        url=web_address(item.get("link")),
    )


def _number(item: Item, name: str) -> int:
    """A number that counts things, 0 where there is none."""
    value = item.get(name)
    return value if isinstance(value, int) and not isinstance(value, bool) else 0


def _embedded(item: Item, name: str) -> Item:
    """An object that came along because `_embed` asked for it, or an empty one."""
    holder = item.get("_embedded")
    found = holder.get(name) if isinstance(holder, dict) else None
    first = found[0] if isinstance(found, list) and found else None
    return first if isinstance(first, dict) else {}


def _rendered_html(item: Item, name: str) -> str:
    value = item.get(name)
    return str(value.get("rendered") or "") if isinstance(value, dict) else ""


def _rendered(item: Item, name: str) -> str:
    return to_text(_rendered_html(item, name))


def _moment(item: Item, name: str) -> datetime | None:
    """A date of WordPress: `date_gmt` is UTC though it does not say so; `date` is the site's, used when alone."""
    return parse_date(item.get(f"{name}_gmt")) or parse_date(item.get(name))


def _latest(item: Item) -> datetime | None:
    return _moment(item, "modified") or _moment(item, "date")
