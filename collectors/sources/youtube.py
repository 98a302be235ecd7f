"""YouTube: comments on videos, and on everything a channel shows, through Google's interface.

**Covers** all comments below the chosen videos, or below all videos of the chosen channels, with their answers,
votes and edits of the last `overlap_days`. With `owner`, answers of that channel are the brand's: they become the
`owner_reply` of the comment that they answer. `search` keeps to comments with some words, as YouTube's own search
finds them.

**Cannot:** find videos that speak of a brand (that costs 100 times as much; give their addresses as `videos`);
answers that come to a comment after `overlap_days`; deletions; the language. A video whose comments are switched
off is said so and does not keep the others from being read.

**The key:** make a project in https://console.cloud.google.com, enable *YouTube Data API v3*, then Credentials →
Create credentials → API key; restrict it to that API. It costs nothing: 10,000 requests a day.

```toml
[[sources]]
name = "YouTube"
kind = "youtube"
[sources.options]
channels = ["UC_x5XG1OV2P6uZZ5FSM9Ttw"]
owner = "UC_x5XG1OV2P6uZZ5FSM9Ttw"
key = "env:YOUTUBE_KEY"
```

https://developers.google.com/youtube/v3/docs/commentThreads/list and …/comments/list: 1 unit of quota each, also
where they refuse. The key is sent in a header (https://cloud.google.com/apis/docs/system-parameters), so that no
address holds it.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterator, Mapping
from dataclasses import replace
from datetime import datetime, timedelta
from functools import partial
from typing import TYPE_CHECKING, Annotated, Any, ClassVar, cast
from urllib.parse import quote

from pydantic import AfterValidator, Field, model_validator

from collectors.dates import parse_date
from collectors.errors import HttpError, RateLimited
from collectors.json_answers import document, identity, listing, mapping, number, read_items, web_address, words
from collectors.markup import MAX_TEXT, to_text
from collectors.post import Author, Post, PostKind, Reach
from collectors.quota import Quota
from collectors.secret import Secret
from collectors.signed import Signed, reason
from collectors.source import Answer, Cursor, Fault, Page, ParseError, Source, SourceOptions
from collectors.threads import answered, with_threads
from collectors.walks import Bounds, Token, walk_all

if TYPE_CHECKING:
    from collectors.http import Http

_PER_PAGE = 100
_MOST_REPLY_PAGES = 10
_SERVICE = "YouTube"
_REMEDY = "save the answer of https://www.googleapis.com/youtube/v3/commentThreads?part=snippet,replies&…"
_KEY_REMEDY = "check the key in https://console.cloud.google.com, and that YouTube Data API v3 is enabled for it"
_CLOSED = {
    "commentsDisabled": "its comments are switched off",
    "videoNotFound": "there is no such video, or it is private",
    "channelNotFound": "there is no such channel",
}
"""Reasons for which one video or channel has nothing to read; the others go on."""
_QUOTA = Quota(10_000, zone="America/Los_Angeles")
"""https://developers.google.com/youtube/v3/determine_quota_cost; both lists cost 1 unit an answer."""
_USED_UP = frozenset({"quotaExceeded", "dailyLimitExceeded"})
_VIDEO_HEADER = "x-oyez-video"
"""Where an answer to a comment's answers is kept with the video below which they stand: it does not say so."""
_VIDEO = re.compile(r"(?:.*(?:[?&]v=|youtu\.be/|/shorts/|/live/|/embed/))?([A-Za-z0-9_-]{11})(?:[?&#].*)?")
_CHANNEL = re.compile(r"(?:.*/channel/)?(UC[A-Za-z0-9_-]{22})(?:[/?#].*)?")


def _video(value: str) -> str:
    found = _VIDEO.fullmatch(value.strip())
    if not found:
        raise ValueError("a video is named by its address, or by the 11 characters after v= in it")
    return found[1]


def _channel(value: str) -> str:
    found = _CHANNEL.fullmatch(value.strip())
    if not found:
        raise ValueError(
            "a channel is named by its id, UC and 22 characters: on its page, More → Share → Copy channel ID"
        )
    return found[1]


_Video = Annotated[str, AfterValidator(_video)]
_Channel = Annotated[str, AfterValidator(_channel)]


class Options(SourceOptions):
    """Which videos or channels, and with which key."""

    videos: tuple[_Video, ...] = Field(default=(), description="Videos, by their addresses or their ids.")
    channels: tuple[_Channel, ...] = Field(
        default=(), description="Channels, by their ids (UC…): the comments below all their videos."
    )
    search: str | None = Field(default=None, description="Only comments with these words, as YouTube finds them.")
    owner: _Channel | None = Field(
        default=None, description="The brand's own channel: its answers are the owner's and no mentions."
    )
    key: Secret = Field(description="The API key, as env:NAME or file:PATH.")
    overlap_days: float = Field(
        default=3.0, ge=0, le=90, description="Days before the last known comment to read again, for answers."
    )
    max_requests: int = Field(
        default=50, ge=1, description="Most requests a run for each video or channel; the next run goes on."
    )
    max_threads: int = Field(
        default=100, ge=0, description="Most comments a run whose further answers are fetched, one by one."
    )
    site: str = Field(
        default="https://www.googleapis.com", description="Where the interface is; another only for tests."
    )

    @model_validator(mode="after")
    def _something(self) -> Options:
        if not (self.videos or self.channels):
            raise ValueError("give videos or channels")
        return self


class YouTube(Source):
    """Comments on videos."""

    kind: ClassVar[str] = "youtube"
    title: ClassVar[str] = "YouTube comments"
    Options: ClassVar[type[SourceOptions]] = Options

    @classmethod
    def parse(cls, answer: Answer) -> Page:
        """Read a saved answer of commentThreads or of comments. Raises ParseError for any other."""
        items = [comment for item in _items(answer) for comment in _flat(item)]
        posts, faults = read_items(items, partial(_post, answer.headers.get(_VIDEO_HEADER)))
        return Page(posts, {}, faults, answer, spent=1)

    def reread(self, answer: Answer) -> Page:
        """A kept answer, the owner's own words taken out as on a visit."""
        page = self.parse(answer)
        return replace(page, posts=self._shown(page))

    def quota(self) -> Quota:
        """10,000 units a day, of California."""
        return _QUOTA

    def pages(self, http: Http, cursor: Cursor, *, since: datetime | None = None) -> Iterator[Page]:
        """Read each video's and channel's comments, the newest first, and all answers where some are missing."""
        options = cast("Options", self.options)
        api = Signed(http, _SERVICE, {"X-Goog-Api-Key": options.key.get_secret_value()}, remedy=_KEY_REMEDY)
        targets = {f"video {name}": {"videoId": name} for name in options.videos}
        targets |= {f"channel {name}": {"allThreadsRelatedToChannelId": name} for name in options.channels}
        asks = {name: partial(self._ask, http, api, name, params) for name, params in targets.items()}
        now, overlap = http.clock.now(), timedelta(days=options.overlap_days)
        walk = walk_all(cursor, asks, Bounds(now, since, overlap, most=options.max_requests))
        thread, most = partial(self._thread, http, api), options.max_threads
        yield from with_threads(walk, cursor, _incomplete, thread, most=most, show=self._shown)

    def _is_owner(self, author: Author) -> bool:
        owner = cast("Options", self.options).owner
        return owner is not None and author.id == owner

    def _shown(self, page: Page) -> list[Post]:
        """The posts of a page; with an owner, a comment of which some answers are missing comes with them all."""
        options = cast("Options", self.options)
        if options.owner is None or not options.max_threads:
            return answered(page.posts, self._is_owner)
        incomplete = _incomplete(page)
        return [post for post in answered(page.posts, self._is_owner) if post.external_id not in incomplete]

    def _ask(
        self, http: Http, api: Signed, name: str, target: Mapping[str, str], token: Token | None
    ) -> tuple[Page, Token | None]:
        """One page of a video's or a channel's threads; where they are closed, an empty one that says so."""
        search = cast("Options", self.options).search
        params = {**target, "part": "snippet,replies", "order": "time", "searchTerms": search, "pageToken": token}
        try:
            answer = self._get(http, api, "commentThreads", params)
        except HttpError as error:
            if reason(error) not in _CLOSED:
                raise
            return Page([], {}, [Fault(name, _CLOSED[reason(error)])], spent=1), None
        return self.parse(answer), words(document(answer, _SERVICE).get("nextPageToken"), 4000)

    def _thread(self, http: Http, api: Signed, top: Post) -> Iterator[Page]:
        """All answers to a comment, and the comment once more: with the owner's answer where there is one."""
        pages: list[Page] = []
        token: str | None = None
        try:
            for _ in range(_MOST_REPLY_PAGES):
                params = {"parentId": top.external_id, "part": "snippet", "pageToken": token}
                answer = self._get(http, api, "comments", params)
                kept = {**answer.headers, _VIDEO_HEADER: top.segments.get("video", "")}
                pages.append(self.parse(replace(answer, headers=kept)))
                token = words(document(answer, _SERVICE).get("nextPageToken"), 4000)
                if token is None:
                    break
        except HttpError as error:
            if error.response is None or error.response.status != 404:
                raise
            gone = Fault(f"comment {top.external_id}", "it is gone, and so are its answers")
            pages.append(Page([], {}, [gone], spent=1))
        below = [post for page in pages for post in page.posts]
        yield Page([post for post in answered([top, *below], self._is_owner) if post.parent_id is None], {})
        for page in pages:
            yield replace(page, posts=[post for post in page.posts if not self._is_owner(post.author)])

    def _get(self, http: Http, api: Signed, path: str, params: Mapping[str, object]) -> Answer:
        """One answer; where the day's quota is used up, the time at which the next day begins at Google's."""
        site = cast("Options", self.options).site.rstrip("/")
        common = {"maxResults": _PER_PAGE, "textFormat": "plainText"}
        try:
            return api.get(f"{site}/youtube/v3/{path}", {**params, **common})
        except HttpError as error:
            if reason(error) not in _USED_UP:
                raise
            problem = "the day's quota of YouTube's interface is used up"
            raise RateLimited(problem, retry_at=_QUOTA.resets_at(http.clock.now())) from error


def _items(answer: Answer) -> list[Any]:
    content = document(answer, _SERVICE, _REMEDY)
    kind = words(mapping(content).get("kind")) or ""
    if kind in {"youtube#commentThread", "youtube#comment"}:
        return [content]
    if kind in {"youtube#commentThreadListResponse", "youtube#commentListResponse"}:
        return listing(content.get("items"))
    error = mapping(mapping(content).get("error"))
    if error:
        raise ParseError(f"YouTube refuses: {words(error.get('message')) or words(error.get('code')) or '?'}")
    what = f"an answer of the kind {kind}" if kind else "JSON, but not an answer of YouTube's interface"
    raise ParseError(f"{what}, which holds no comments", remedy=_REMEDY)


def _flat(item: Any) -> Iterator[Any]:
    """A thread as its comment and the answers that came with it; anything else as it is."""
    snippet = mapping(mapping(item).get("snippet"))
    if "topLevelComment" not in snippet:
        yield item
        return
    yield {**mapping(snippet["topLevelComment"]), "thread": snippet}
    for reply in listing(mapping(mapping(item).get("replies")).get("comments")):
        yield {**reply, "thread": {"videoId": snippet.get("videoId")}} if isinstance(reply, dict) else reply


def _post(video_of_all: str | None, item: dict[str, Any]) -> Post:
    """A comment; `thread` is what is known of its thread. Raises ValueError where it has no id."""
    own_id, snippet, thread = identity(item.get("id")), mapping(item.get("snippet")), mapping(item.get("thread"))
    published, updated = parse_date(snippet.get("publishedAt")), parse_date(snippet.get("updatedAt"))
    video = words(snippet.get("videoId"), 100) or words(thread.get("videoId"), 100) or video_of_all or None
    original = words(snippet.get("textOriginal"), MAX_TEXT)
    return Post(
        kind=PostKind.COMMENT,
        external_id=own_id,
        parent_id=words(snippet.get("parentId")),
        text=original if original is not None else to_text(str(snippet.get("textDisplay") or "")),
        author=Author(
            id=words(mapping(snippet.get("authorChannelId")).get("value"), 200),
            name=words(snippet.get("authorDisplayName"), 200),
            url=web_address(snippet.get("authorChannelUrl")),
        ),
        published_at=published,
        updated_at=updated if updated != published else None,
        url=f"https://www.youtube.com/watch?v={quote(video)}&lc={quote(own_id)}" if video else None,
        reach=Reach(likes=number(snippet.get("likeCount")), comments=number(thread.get("totalReplyCount"))),
        segments={"video": video} if video else {},
    )


def _incomplete(page: Page) -> dict[str, int]:
    """The threads of which not all answers are on the page, with how many there are."""
    here = Counter(post.parent_id for post in page.posts if post.parent_id)
    told = {post.external_id: post.reach.comments or 0 for post in page.posts if post.parent_id is None}
    return {name: count for name, count in told.items() if count > here[name]}
