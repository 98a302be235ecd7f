"""Mastodon and the fediverse: public posts under hashtags, of a whole instance, or found by words.

**Covers** what one instance knows: its own public posts and those of others that its people follow. Large
instances know more. Other servers that speak the same interface (GoToSocial, Pleroma, Akkoma) are read alike.
A post has the same name on every instance, so one that is read twice is one post. Edits of the last
`overlap_hours` are seen; deletions are not.

**Respects** people's wishes: posts of accounts that ask not to be indexed (`noindex`) are never kept; from the
public timeline, where nobody addressed anyone, neither are those of accounts that want to be found by nobody
(`discoverable` or `indexable` is false). A hashtag is its author's own wish to be found. Posts for followers
only are left out, and so are boosts: the boosted post is read instead.

**Needs** nothing for hashtags and the public timeline where the instance shows them to visitors; a token for the
search and for closed instances: Preferences → Development → New application, with `read:search` and
`read:statuses`. The search finds only authors who allow it.

```toml
[[sources]]
name = "Mastodon"
kind = "mastodon"
[sources.options]
url = "https://mastodon.social"
hashtags = ["lila", "lilaenergie"]
# search = true
# token = "env:MASTODON_TOKEN"
```

300 requests in 5 minutes (https://docs.joinmastodon.org/api/rate-limits/). Timelines and statuses:
https://docs.joinmastodon.org/methods/timelines/, https://docs.joinmastodon.org/entities/Status/.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import replace
from datetime import datetime, timedelta
from functools import partial
from typing import TYPE_CHECKING, Any, ClassVar, Literal, cast
from urllib.parse import quote, urlsplit

from pydantic import Field, field_validator, model_validator

from collectors import dialects
from collectors.dates import parse_date
from collectors.errors import Blocked, HttpError
from collectors.json_answers import (
    document,
    identity,
    language,
    listing,
    mapping,
    number,
    read_items,
    web_address,
    words,
)
from collectors.markup import to_text
from collectors.post import Author, Post, PostKind, Reach
from collectors.query import QueryText, fold
from collectors.secret import Secret
from collectors.source import Answer, Cursor, Page, ParseError, Source, SourceError, SourceOptions
from collectors.walks import Bounds, Token, walk_all

if TYPE_CHECKING:
    from collectors.http import Http

_PER_PAGE = 40
_PUBLIC_TIMELINE = "/api/v1/timelines/public"
_SEARCH = "/api/v2/search"
_SHOWN_TO_ALL = frozenset({"public", "unlisted"})
_ONLY_SIGNED_IN = frozenset({401, 403, 422})
_HASHTAG = re.compile(r"#(\w+)")


class Options(SourceOptions):
    """Which instance, and what of it."""

    url: str = Field(description="The instance's address, as in https://mastodon.social.")
    hashtags: tuple[str, ...] = Field(default=(), description="Hashtags to follow, with or without the #.")
    public: Literal["none", "local", "all"] = Field(
        default="none", description="Read the public timeline: of the instance alone, or all that it knows."
    )
    query: QueryText = Field(
        description="What posts of the public timeline must say, and what is searched for: Lila OR LilaEnergie."
    )
    search: bool = Field(default=False, description="Search for the query, too; needs a token.")
    token: Secret | None = Field(default=None, description="An application's token, as env:NAME or file:PATH.")
    first_days: float = Field(
        default=30.0, gt=0, description="How many days back the first visit reads, unless told otherwise."
    )
    overlap_hours: float = Field(
        default=24.0, ge=0, le=720, description="Hours before the last known post to read again, for edits."
    )
    max_requests: int = Field(
        default=50, ge=1, description="Most requests a run for each of them, 40 posts each; the next run goes on."
    )

    @field_validator("hashtags")
    @classmethod
    def _bare(cls, tags: tuple[str, ...]) -> tuple[str, ...]:
        bare = tuple(tag.strip().lstrip("#") for tag in tags)
        if wrong := [tag for tag in bare if not tag.replace("_", "a").isalnum()]:
            raise ValueError(f"{wrong[0]!r} is not a hashtag: letters, digits and _ only")
        return bare

    @model_validator(mode="after")
    def _something(self) -> Options:
        if not (self.hashtags or self.search or self.public != "none"):
            raise ValueError("give hashtags, or set public or search")
        if self.search and not self.token:
            raise ValueError("searching needs a token; hashtags can be followed without")
        return self


class Mastodon(Source):
    """Posts of one instance."""

    kind: ClassVar[str] = "mastodon"
    title: ClassVar[str] = "Mastodon and the fediverse"
    Options: ClassVar[type[SourceOptions]] = Options

    @classmethod
    def parse(cls, answer: Answer) -> Page:
        """Read a saved timeline, search, thread or single status. Raises ParseError for any other answer."""
        statuses = [_original(item) for item in _statuses(document(answer, "Mastodon"))]
        is_public = urlsplit(answer.url).path.endswith(_PUBLIC_TIMELINE)
        allowed = [item for item in statuses if not isinstance(item, dict) or _may_be_read(item, is_public)]
        return _page(answer, statuses, allowed)

    def pages(self, http: Http, cursor: Cursor, *, since: datetime | None = None) -> Iterator[Page]:
        """Read each timeline from its newest post back to what is known; one's failure is raised in the end."""
        options = cast("Options", self.options)
        bounds = Bounds(
            http.clock.now(), since, timedelta(hours=options.overlap_hours),
            timedelta(days=options.first_days), options.max_requests,
        )  # fmt: skip
        asks = {
            name: partial(self._ask, http, path, params) for name, (path, params) in self._timelines().items()
        }
        for page in walk_all(cursor, asks, bounds):
            # The walk goes by the times of all statuses; what is given are those that may be read.
            yield replace(page, posts=self.parse(page.answer).posts) if page.answer else page

    def wants(self, post: Post) -> bool:
        """Whether it matches the query, or has one of the hashtags: those were chosen for themselves."""
        said = set(_HASHTAG.findall(fold(f"{post.title or ''} {post.text}")))
        tags = {fold(tag) for tag in cast("Options", self.options).hashtags}
        return not said.isdisjoint(tags) or super().wants(post)

    def _timelines(self) -> dict[str, tuple[str, dict[str, object]]]:
        """What is read: a name to remember it by, its path and its parameters."""
        options = cast("Options", self.options)
        found: dict[str, tuple[str, dict[str, object]]] = {
            f"#{tag.lower()}": (f"/api/v1/timelines/tag/{quote(tag)}", {}) for tag in options.hashtags
        }
        if options.public != "none":
            local = "true" if options.public == "local" else None
            found["public"] = (_PUBLIC_TIMELINE, {"local": local})
        if options.search and self.query:
            for text in dialects.render(self.query, dialects.MASTODON).searches:
                found[f"search {text}"] = (_SEARCH, {"q": text, "type": "statuses"})
        return found

    def _ask(
        self, http: Http, path: str, params: Mapping[str, object], token: Token | None
    ) -> tuple[Page, Token | None]:
        """One page of a timeline, which goes by `max_id`, or of the search, which goes by `offset`."""
        options = cast("Options", self.options)
        turn = {"offset" if path == _SEARCH else "max_id": token}
        key = {"Authorization": f"Bearer {options.token.get_secret_value()}"} if options.token else None
        try:
            response = http.get(
                f"{options.url.rstrip('/')}{path}",
                params={**params, "limit": _PER_PAGE, **turn},
                accept="application/json",
                credentials=key,
            )
        except HttpError as error:
            raise _explained(error, has_token=key is not None) from error
        answer = response.answer()
        statuses = _statuses(document(answer, "Mastodon"))
        if path == _SEARCH:
            following = int(token or 0) + len(statuses) if len(statuses) >= _PER_PAGE else None
            return _page(answer, statuses, statuses), following
        ids = [name for item in statuses if (name := words(mapping(item).get("id")))]
        # The interface says whether there is more; servers that do not speak of it at all fill their pages.
        link = response.headers.get("link")
        has_more = 'rel="next"' in link if link is not None else len(statuses) >= _PER_PAGE
        return _page(answer, statuses, statuses), min(ids, key=_order, default=None) if has_more else None


def _page(answer: Answer, statuses: list[Any], chosen: list[Any]) -> Page:
    """The chosen ones of an answer's statuses as posts."""
    names = {words(item.get("id")): words(item.get("uri")) for item in statuses if isinstance(item, dict)}
    posts, faults = read_items(chosen, partial(_post, names))
    return Page(posts, {}, faults, answer)


def _explained(error: HttpError, *, has_token: bool) -> SourceError:
    """Say what to do where an instance shows its timelines to nobody but its own people."""
    if has_token or error.response is None or error.response.status not in _ONLY_SIGNED_IN:
        return error
    return Blocked(
        f"{error}: this instance shows it only to those who are signed in",
        remedy="give a token of an account there, or ask another instance",
        permanent=True,
        response=error.response,
    )


def _statuses(content: Any) -> list[Any]:
    """The statuses of a timeline, a search, a thread, or one alone. Raises ParseError for other answers."""
    if isinstance(content, dict):
        if "error" in content and "content" not in content:
            raise ParseError(f"Mastodon answered: {words(content.get('error_description') or content['error'])}")
        if "statuses" in content:
            return listing(content["statuses"])
        if "ancestors" in content or "descendants" in content:
            return [*listing(content.get("ancestors")), *listing(content.get("descendants"))]
        content = [content]
    if not isinstance(content, list):
        raise ParseError("JSON, but not an answer of Mastodon")
    if content and not any(mapping(item).keys() >= _OF_A_STATUS for item in content):
        first = next((item for item in content if isinstance(item, dict)), {})
        what = next((what for key, what in _OTHERS.items() if key in first), "no statuses")
        raise ParseError(f"this is {what} and holds no posts", remedy="save a timeline: /api/v1/timelines/tag/…")
    return content


_OF_A_STATUS = {"id", "content", "created_at"}
_OTHERS = {
    "attributedTo": "an ActivityPub object, which the kind lemmy reads,",
    "followers_count": "a description of accounts",
    "content": "the history of one post",
    "text": "the source text of one post",
    "version": "a description of the instance",
    "history": "a list of hashtags",
}
"""Other answers of the interface, told by a field that they have."""


def _original(item: Any) -> Any:
    """The status itself, or the one that it boosts."""
    boosted = item.get("reblog") if isinstance(item, dict) else None
    return boosted if isinstance(boosted, dict) else item


def _may_be_read(item: Mapping[str, Any], is_public: bool) -> bool:
    """Whether it is for everybody, and its author does not ask otherwise."""
    account = mapping(item.get("account"))
    hides = account.get("discoverable") is False or account.get("indexable") is False
    is_shown = (words(item.get("visibility")) or "public") in _SHOWN_TO_ALL
    return is_shown and account.get("noindex") is not True and not (is_public and hides)


def _post(names: Mapping[str | None, str | None], item: dict[str, Any]) -> Post:
    """A status as a post. `names` are the global names of the statuses beside it. Raises ValueError."""
    account = mapping(item.get("account"))
    parent = words(item.get("in_reply_to_id"))
    published, edited = parse_date(item.get("created_at")), parse_date(item.get("edited_at"))
    return Post(
        kind=PostKind.COMMENT if parent else PostKind.POST,
        external_id=words(item.get("uri"), 500) or identity(item.get("id")),
        parent_id=names.get(parent) or parent,
        title=words(item.get("spoiler_text")),
        text=to_text(str(item.get("content") or "")),
        author=Author(
            id=words(account.get("uri") or account.get("url") or account.get("acct"), 500),
            name=words(account.get("display_name"), 200) or words(account.get("acct"), 200),
            url=web_address(account.get("url")),
            followers=number(account.get("followers_count")),
        ),
        language=language(item.get("language")),
        published_at=published,
        updated_at=edited if edited != published else None,
        url=web_address(item.get("url")) or web_address(item.get("uri")),
        reach=Reach(
            likes=number(item.get("favourites_count")),
            shares=number(item.get("reblogs_count")),
            comments=number(item.get("replies_count")),
        ),
    )


def _order(name: str) -> tuple[int, str]:
    """Ids are numbers written as text: the shorter one is the smaller (and the older)."""
    return len(name), name
