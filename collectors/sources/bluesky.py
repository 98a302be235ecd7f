"""Bluesky: posts that a search finds, and what is said to your own account, through that account.

**Covers** public posts of the whole network that the search finds, the newest first, with answers, and with
`mentions` all posts that name, quote or answer your account. A post's time is the one at which the network saw it
(`indexedAt`): the time that it gives itself is its author's to choose. Your own account's posts are left out.

**Cannot:** edits (Bluesky has none); deletions; how often a post was seen; how many follow its author. Links that
are shown shortened are written out.

**The key** is an *app password* of your account, which you can withdraw at any time: Settings → Privacy and
security → App passwords. Without an account the search answers 403.

```toml
[[sources]]
name = "Bluesky"
kind = "bluesky"
[sources.options]
handle = "lila-energie.bsky.social"
app_password = "env:BLUESKY_APP_PASSWORD"
query = '"Lila Énergie"'
mentions = true
```

https://docs.bsky.app/docs/api/app-bsky-feed-search-posts; 3,000 requests in 5 minutes and 300 sign-ins a day
(https://docs.bsky.app/docs/advanced-guides/rate-limits). It is no interface for bulk reading: ask for posts on a
brand, not for everyone's.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import replace
from datetime import datetime, timedelta
from functools import partial
from typing import TYPE_CHECKING, Any, ClassVar, cast
from urllib.parse import quote, urlencode

from pydantic import Field, model_validator

from collectors import dialects
from collectors.dates import parse_date
from collectors.errors import HttpError
from collectors.json_answers import document, identity, language, listing, mapping, number, read_items, words
from collectors.markup import MAX_TEXT
from collectors.post import Author, Post, PostKind, Reach
from collectors.query import QueryText
from collectors.secret import Secret
from collectors.signed import SignedIn, reason
from collectors.source import Answer, Cursor, Page, ParseError, Source, SourceOptions
from collectors.walks import Bounds, Token, walk_all

if TYPE_CHECKING:
    from collectors.http import Http

_PER_PAGE = 100
_MOST_LINKS = 100
"""Links of one post that are written out."""
_MOST_NESTED = 10_000
"""Posts of one thread."""
_SERVICE = "Bluesky"
_REMEDY = "save the answer of https://bsky.social/xrpc/app.bsky.feed.searchPosts?q=…"
_KEY_REMEDY = "check the handle and the app password: Settings → Privacy and security → App passwords"
_POST = "app.bsky.feed.post"
_NOTIFICATIONS = "app.bsky.notification.listNotifications"
_AT_ONCE = 25
"""Posts that can be asked for by their addresses, and so the notifications of one page."""
_ADDRESSED_HEADER = "x-oyez-addressed"
"""Marks kept answers with posts that speak to the account: they are wanted whatever the query."""
_ADDRESSED = frozenset({"mention", "reply", "quote"})
"""Notifications that carry a post; the others tell of likes, reposts and followers."""
_NAME_OF_POST = re.compile(rf"at://(did:[^/\s]+|[^/\s]+)/{re.escape(_POST)}/([^/\s]+)")
_SHORTENED = ("…", "...")


class Options(SourceOptions):
    """What to read, and with which account."""

    handle: str = Field(min_length=3, description="Your account's handle, such as lila.bsky.social, or its DID.")
    app_password: Secret = Field(description="An app password of it, as env:NAME or file:PATH.")
    query: QueryText | None = Field(default=None, description="What to find; see the documentation of queries.")
    language: str | None = Field(
        default=None, pattern="^[a-z]{2,3}$", description="Only posts that declare this language, such as fr."
    )
    mentions: bool = Field(default=False, description="Read what names, quotes or answers your account.")
    first_days: float = Field(
        default=30.0, gt=0, description="How many days back the first visit reads, unless told otherwise."
    )
    overlap_hours: float = Field(
        default=24.0, ge=0, le=720, description="Hours before the last known post to read again, for new counts."
    )
    max_requests: int = Field(
        default=30, ge=1, description="Most requests a run for each search, 100 posts each; the next run goes on."
    )
    site: str = Field(
        default="https://bsky.social", description="Your account's server, where it is not Bluesky's own."
    )

    @model_validator(mode="after")
    def _something(self) -> Options:
        if not (self.query or self.mentions):
            raise ValueError("give a query, or mentions = true, or both")
        return self


class _Session(SignedIn):
    """A session of the account: opened once, renewed with its refresh token, opened again where that fails."""

    def __init__(self, http: Http, site: str, handle: str, password: str) -> None:
        super().__init__(http, _SERVICE, f"{site}/xrpc/com.atproto.server", {}, remedy=_KEY_REMEDY)
        self._login = {"identifier": handle, "password": password}
        self._refresh: str | None = None
        self.did: str | None = None

    def has_expired(self, error: HttpError) -> bool:
        """Servers say so with 400, too."""
        return super().has_expired(error) or reason(error) == "ExpiredToken"

    def fetch_token(self) -> str:
        """The session's access token, which lives for some minutes."""
        if self._refresh is not None:
            key, self._refresh = {"Authorization": f"Bearer {self._refresh}"}, None
            try:
                return self._open("refreshSession", key, None)
            except HttpError:
                pass  # too old as well: sign in
        return self._open("createSession", {}, self._login)

    def _open(self, method: str, key: Mapping[str, str], login: Mapping[str, str] | None) -> str:
        try:
            response = self._http.post(f"{self._token_url}.{method}", json=login, credentials=key)
        except HttpError as error:
            raise self.explained(error, [self._login["password"]]) from error
        answer = response.answer()
        self.did = words(mapping(document(answer, _SERVICE)).get("did"))
        self._refresh = self.token_in(answer, "refreshJwt")
        return self.token_in(answer, "accessJwt")


class Bluesky(Source):
    """Posts that are found, and those that speak to the user's account."""

    kind: ClassVar[str] = "bluesky"
    title: ClassVar[str] = "Bluesky"
    Options: ClassVar[type[SourceOptions]] = Options

    def __init__(self, options: SourceOptions) -> None:
        super().__init__(options)
        self._addressed: set[str] = set()

    @classmethod
    def parse(cls, answer: Answer) -> Page:
        """Read a saved search, feed, thread, list of notifications, post or record. Raises ParseError."""
        posts, faults = read_items(_views(document(answer, _SERVICE, _REMEDY)), _post)
        return Page(posts, {}, faults, answer)

    def reread(self, answer: Answer) -> Page:
        """A kept answer; one with what was said to the account is wanted whole, whatever the query."""
        page = self.parse(answer)
        if _ADDRESSED_HEADER in answer.headers:
            self._addressed |= {post.external_id for post in page.posts}
        return page

    def wants(self, post: Post) -> bool:
        """Whether it is found by the query or speaks to the account."""
        return post.external_id in self._addressed or super().wants(post)

    def pages(self, http: Http, cursor: Cursor, *, since: datetime | None = None) -> Iterator[Page]:
        """Read each search, and the notifications, from the newest post back to what is known."""
        options = cast("Options", self.options)
        session = _Session(
            http, options.site.rstrip("/"), options.handle.lstrip("@"), options.app_password.get_secret_value()
        )
        bounds = Bounds(
            http.clock.now(), since, timedelta(hours=options.overlap_hours),
            timedelta(days=options.first_days), options.max_requests,
        )  # fmt: skip
        for page in walk_all(cursor, self._listings(session), bounds):
            told = page.answer is not None and _NOTIFICATIONS in page.answer.url
            read = self._spoken(session, page) if told else page
            yield replace(read, posts=[post for post in read.posts if post.author.id != session.did])

    def _listings(self, session: _Session) -> dict[str, Any]:
        options = cast("Options", self.options)
        searches = dialects.render(self.query, dialects.BLUESKY).searches if self.query else ()
        found = {
            f"search {search}": partial(
                self._ask, session, "app.bsky.feed.searchPosts",
                {"q": search, "sort": "latest", "lang": options.language},
            )
            for search in searches
        }  # fmt: skip
        return found | ({"mentions": partial(self._ask_notifications, session)} if options.mentions else {})

    def _ask(
        self, session: _Session, method: str, params: Mapping[str, object], token: Token | None
    ) -> tuple[Page, Token | None]:
        site = cast("Options", self.options).site.rstrip("/")
        answer = session.get(f"{site}/xrpc/{method}", {**params, "limit": _PER_PAGE, "cursor": token})
        return self.parse(answer), words(mapping(document(answer, _SERVICE)).get("cursor"), 2000)

    def _ask_notifications(self, session: _Session, token: Token | None) -> tuple[Page, Token | None]:
        """One page of notifications by their times alone, by which the walk goes: of likes and followers, too."""
        site = cast("Options", self.options).site.rstrip("/")
        answer = session.get(f"{site}/xrpc/{_NOTIFICATIONS}", {"limit": _AT_ONCE, "cursor": token})
        content = mapping(document(answer, _SERVICE))
        told = [mapping(item) for item in listing(content.get("notifications"))]
        posts = [
            Post(PostKind.POST, name, "", published_at=parse_date(item.get("indexedAt")))
            for item in told
            if (name := words(item.get("uri"), 500))
        ]
        return Page(posts, {}, answer=answer), words(content.get("cursor"), 2000)

    def _spoken(self, session: _Session, page: Page) -> Page:
        """The posts that a page of notifications tells of, with the counts that it does not tell."""
        assert page.answer is not None
        told = self.parse(page.answer)
        faults = [*page.faults, *told.faults]
        if not told.posts:
            return Page([], page.cursor, faults)
        site = cast("Options", self.options).site.rstrip("/")
        addresses = urlencode([("uris", post.external_id) for post in told.posts[:_AT_ONCE]])
        answer = session.get(f"{site}/xrpc/app.bsky.feed.getPosts?{addresses}")
        read = self.reread(replace(answer, headers={**answer.headers, _ADDRESSED_HEADER: "yes"}))
        return replace(read, cursor=page.cursor, faults=[*faults, *read.faults])


def _views(content: Any) -> list[Any]:
    """The posts of an answer, each as the network shows it. Raises ParseError where it holds none."""
    if not isinstance(content, dict):
        raise ParseError("JSON, but not an answer of Bluesky", remedy=_REMEDY)
    if isinstance(content.get("posts"), list):
        return list(content["posts"])
    if isinstance(content.get("feed"), list):
        return [mapping(item).get("post", item) for item in content["feed"]]
    if isinstance(content.get("notifications"), list):
        return [item for item in content["notifications"] if _speaks(item)]
    if isinstance(content.get("thread"), dict):
        return list(_thread(content["thread"]))
    if isinstance(content.get("post"), dict):
        return list(_thread(content))
    record = content.get("record") or content.get("value")
    if isinstance(record, dict) and "uri" in content and record.get("$type", _POST) == _POST:
        return [content]
    raise ParseError(_what_else(content), remedy=_REMEDY)


def _speaks(item: Any) -> bool:
    """Whether a notification carries a post; what is no object at all is left to be named."""
    return not isinstance(item, dict) or words(item.get("reason")) in _ADDRESSED


def _thread(root: Mapping[str, Any]) -> Iterator[Any]:
    """The posts of a thread: those above it, itself, then what answers it. Blocked and deleted ones have none."""
    above: list[Any] = []
    parent = mapping(root.get("parent"))
    while parent and len(above) < _MOST_NESTED:
        above.append(parent.get("post"))
        parent = mapping(parent.get("parent"))
    waiting: list[Any] = [root]
    found = [post for post in reversed(above) if post]
    while waiting and len(found) < _MOST_NESTED:
        node = mapping(waiting.pop())
        if node.get("post"):
            found.append(node["post"])
        waiting.extend(reversed(listing(node.get("replies"))))
    yield from found


def _what_else(content: Mapping[str, Any]) -> str:
    record = mapping(content.get("record")) or mapping(content.get("value")) or content
    kind = words(record.get("$type"), 200)
    if "error" in content:
        return f"Bluesky refuses: {words(content.get('message')) or words(content.get('error')) or '?'}"
    if "lexicon" in content:
        return "this describes the interface and holds no posts"
    if "followersCount" in content:
        return "this describes an account and holds no posts"
    if kind == _POST:
        return "a record of a post without its address (uri): it could not be told from others"
    return f"a record of {kind}, which is no post" if kind else "JSON, but not an answer of Bluesky"


def _post(item: dict[str, Any]) -> Post:
    """A post as the network shows it, or its bare record. Raises ValueError where it has no address."""
    record = mapping(item.get("record")) or mapping(item.get("value"))
    address = _NAME_OF_POST.fullmatch(identity(item.get("uri")))
    if not address:
        raise ValueError("not the address of a post")
    author = mapping(item.get("author"))
    did = words(author.get("did"), 300) or address[1]
    handle = words(author.get("handle"), 300)
    profile = (
        f"https://bsky.app/profile/{quote(handle if handle and '.invalid' not in handle else did, safe=':')}"
    )
    parent = mapping(mapping(record.get("reply")).get("parent")).get("uri")
    spoken = [found for one in listing(record.get("langs")) if (found := language(one))]
    return Post(
        kind=PostKind.COMMENT if parent else PostKind.POST,
        external_id=address[0],
        parent_id=words(parent, 500),
        text=_text(record),
        author=Author(id=did, name=words(author.get("displayName"), 200) or handle, url=profile),
        language=spoken[0] if spoken else None,
        published_at=parse_date(item.get("indexedAt")) or parse_date(record.get("createdAt")),
        url=f"{profile}/post/{quote(address[2])}",
        reach=Reach(
            likes=number(item.get("likeCount")),
            shares=number(item.get("repostCount")),
            comments=number(item.get("replyCount")),
        ),
    )


def _text(record: Mapping[str, Any]) -> str:
    """The text, links that are shown shortened written out. Places in it are counted in bytes of UTF-8."""
    text = record.get("text")
    written = (text if isinstance(text, str) else "")[:MAX_TEXT].encode("utf-8", "replace")
    for start, end, address in sorted(_links(record), reverse=True):
        shown = written[start:end].decode("utf-8", "replace")
        if end <= len(written) and shown.endswith(_SHORTENED):
            written = written[:start] + address.encode() + written[end:]
    return words(written.decode("utf-8", "replace"), MAX_TEXT) or ""


def _links(record: Mapping[str, Any]) -> Iterator[tuple[int, int, str]]:
    """Where links stand, as first byte and the one after the last, and where they lead."""
    for facet in map(mapping, listing(record.get("facets"))[:_MOST_LINKS]):
        place = mapping(facet.get("index"))
        start, end = number(place.get("byteStart")), number(place.get("byteEnd"))
        addresses = (words(mapping(feature).get("uri"), 2000) for feature in listing(facet.get("features")))
        address = next((one for one in addresses if one), None)
        if start is not None and end is not None and 0 <= start < end and address:
            yield start, end, address
