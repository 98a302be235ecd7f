"""Stack Exchange: questions on Stack Overflow, Server Fault, Super User and 170 other sites that name a brand.

**Covers** all questions of one site that its search finds, title and text, the newest first. Edits are seen for
`overlap_hours` after the last known question. Texts are under CC BY-SA: who shows them names their author.

**Cannot:** answers and comments (saved ones are read), deleted questions.

**Needs** no key for 300 requests a day and address; with one (free, https://stackapps.com/apps/oauth/register) it
is 10,000. What the service asks for in its answers is obeyed: `backoff` seconds of rest, and rest until midnight
UTC when the day's requests are used up.

```toml
[[sources]]
name = "Stack Overflow"
kind = "stack_exchange"
[sources.options]
site = "stackoverflow"
```

`https://api.stackexchange.com/2.3/search/advanced` (https://api.stackexchange.com/docs/advanced-search).
*Unverified:* the frame of an answer is known from real ones, the questions in it from the documentation.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import replace
from datetime import datetime, timedelta
from functools import partial
from html import unescape
from typing import TYPE_CHECKING, Any, ClassVar, cast

from pydantic import Field

from collectors import dialects
from collectors.dates import parse_date
from collectors.errors import HttpError, RateLimited
from collectors.json_answers import document, identity, listing, mapping, number, read_items, web_address, words
from collectors.markup import to_text
from collectors.post import Author, Post, PostKind, Reach
from collectors.query import QueryText
from collectors.quota import Quota
from collectors.secret import Secret
from collectors.source import Answer, Cursor, Page, ParseError, Source, SourceError, SourceOptions
from collectors.walks import Bounds, Token, walk_all

if TYPE_CHECKING:
    from collectors.http import Http

_PER_PAGE = 100
_REMEDY = "save the answer of https://api.stackexchange.com/2.3/search/advanced?q=…&filter=withbody"
_MORE_IN = re.compile(r"available in (\d{1,7}) second")
_NUMBERS = {"question_id", "answer_id", "comment_id", "post_id"}
_OTHERS = {"api_site_parameter": "a list of sites", "reputation": "a description of accounts"}
_LONGEST_BACKOFF = 86_400


class Options(SourceOptions):
    """Which site, and what to search for."""

    site: str = Field(
        default="stackoverflow",
        pattern=r"^[a-z0-9.-]+$",
        description="The site as its interface calls it: stackoverflow, superuser, fr.stackoverflow, …",
    )
    query: QueryText = Field(description='What is searched for, as in: Lila OR "Lila Énergie".')
    key: Secret | None = Field(default=None, description="An application's key, as env:NAME or file:PATH.")
    first_days: float = Field(
        default=365.0, gt=0, description="How many days back the first visit reads, unless told otherwise."
    )
    overlap_hours: float = Field(
        default=24.0, ge=0, le=2160, description="Hours before the last known question to read again, for edits."
    )
    max_requests: int = Field(
        default=20, ge=1, description="Most requests a run for each search; the next run goes on from there."
    )
    url: str = Field(
        default="https://api.stackexchange.com/2.3", description="Where the interface is; another only for tests."
    )


class StackExchange(Source):
    """Questions of one site that match a search."""

    kind: ClassVar[str] = "stack_exchange"
    title: ClassVar[str] = "Stack Exchange"
    verified: ClassVar[bool] = False
    Options: ClassVar[type[SourceOptions]] = Options

    @classmethod
    def parse(cls, answer: Answer) -> Page:
        """Read a saved answer with questions, answers or comments. Raises ParseError for any other."""
        posts, faults = read_items(_items(document(answer, "Stack Exchange", _REMEDY)), _post)
        return Page(posts, {}, faults, answer)

    def pages(self, http: Http, cursor: Cursor, *, since: datetime | None = None) -> Iterator[Page]:
        """Read each search from its newest question back to what is known."""
        options = cast("Options", self.options)
        bounds = Bounds(
            http.clock.now(), since, timedelta(hours=options.overlap_hours),
            timedelta(days=options.first_days), options.max_requests,
        )  # fmt: skip
        assert self.query is not None
        searches = dialects.render(self.query, dialects.STACK_EXCHANGE).searches
        yield from walk_all(cursor, {text: partial(self._search, http, text) for text in searches}, bounds)

    def _search(self, http: Http, text: str, before: Token | None) -> tuple[Page, Token | None]:
        """The newest questions asked up to the second `before`: without a key pages are numbered to 25 only."""
        options = cast("Options", self.options)
        address = f"{options.url.rstrip('/')}/search/advanced"
        params = {
            "q": text, "site": options.site, "sort": "creation", "order": "desc", "filter": "withbody",
            "pagesize": _PER_PAGE, "todate": before, "key": options.key and options.key.get_secret_value(),
        }  # fmt: skip
        try:
            response = http.get(address, params=params, accept="application/json")
        except HttpError as error:
            raise _explained(error, http) from error
        answer = response.answer()
        content = mapping(document(answer, "Stack Exchange", _REMEDY))
        _obey(http, address, content)
        seconds = [second for item in _items(content) if (second := number(mapping(item).get("creation_date")))]
        following = None
        if content.get("has_more") is True and seconds:
            # The second may go on: it is read again, unless it alone fills a page.
            following = min(seconds) if max(seconds) > min(seconds) else min(seconds) - 1
        page = self.parse(answer)
        return replace(page, spent=1, left=number(content.get("quota_remaining"))), following

    def quota(self) -> Quota:
        """Requests a day, which begins anew at midnight UTC."""
        return Quota(10_000 if cast("Options", self.options).key else 300)


def _obey(http: Http, address: str, content: dict[str, Any]) -> None:
    """Rest as long as the answer asks for (https://api.stackexchange.com/docs/throttle)."""
    now = http.clock.now()
    if pause := number(content.get("backoff")):
        http.rest(address, min(pause, _LONGEST_BACKOFF))
    if content.get("quota_remaining") == 0:
        midnight = (now + timedelta(days=1)).replace(hour=0, minute=0, second=0, microsecond=0)
        http.rest(address, (midnight - now).total_seconds())


def _explained(error: HttpError, http: Http) -> SourceError:
    """What the service says of its refusal; "throttle_violation" is one that passes."""
    if error.response is None or isinstance(error, RateLimited):
        return error
    try:
        content = mapping(document(error.response.answer(), "Stack Exchange"))
    except ParseError:
        return error
    said = words(content.get("error_message"), 300) or str(error)
    if content.get("error_name") == "throttle_violation":
        wait = _MORE_IN.search(said)
        pause = timedelta(seconds=int(wait[1]) if wait else _LONGEST_BACKOFF)
        http.rest(error.response.url, pause.total_seconds())
        return RateLimited(
            f"Stack Exchange says: {said}", retry_at=http.clock.now() + pause, response=error.response
        )
    return SourceError(f"Stack Exchange says: {said}", remedy="check site, query and key")


def _items(content: Any) -> list[Any]:
    """The items of an answer. Raises ParseError where they are no posts."""
    content = mapping(content)
    if "error_id" in content:
        raise ParseError(f"Stack Exchange answered: {words(content.get('error_message'))}", remedy=_REMEDY)
    if not isinstance(content.get("items"), list):
        raise ParseError("JSON, but not an answer of Stack Exchange: it has no items", remedy=_REMEDY)
    items = listing(content["items"])
    if items and not any(_NUMBERS & mapping(item).keys() for item in items):
        first = next((item for item in items if isinstance(item, dict)), {})
        what = next((what for name, what in _OTHERS.items() if name in first), "something else")
        raise ParseError(f"this is {what} and holds no posts", remedy=_REMEDY)
    return items


def _post(item: dict[str, Any]) -> Post:
    """A question, or an answer or a comment with what it is about. Raises ValueError without id."""
    owner = mapping(item.get("owner"))
    names = [name for name in ("comment_id", "answer_id", "question_id", "post_id") if name in item]
    own = identity(item.get(names[0]) if names else None)
    is_question = names[0] == "question_id"
    title, name = words(item.get("title")), words(owner.get("display_name"), 200)
    published, edited = parse_date(item.get("creation_date")), parse_date(item.get("last_edit_date"))
    return Post(
        kind=PostKind.POST if is_question else PostKind.COMMENT,
        external_id=f"comment-{own}" if names[0] == "comment_id" else own,
        parent_id=None if is_question else words(item.get(names[1])) if len(names) > 1 else None,
        title=to_text(title) if title and is_question else None,
        text=to_text(str(item.get("body") or "")),
        author=Author(
            id=words(owner.get("user_id") or owner.get("account_id")),
            name=unescape(name) if name else None,
            url=web_address(owner.get("link")),
        ),
        published_at=published,
        updated_at=edited if edited != published else None,
        url=web_address(item.get("link")),
        reach=Reach(
            views=number(item.get("view_count")),
            likes=number(item.get("score")),
            comments=number(item.get("answer_count") if is_question else item.get("comment_count")),
        ),
    )
