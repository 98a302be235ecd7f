"""Steam: what players and users write of a game or of software sold there.

**Covers** all reviews of an app in every language, with the thumb as the rating, the developer's reply and the
votes, from the latest change back; an edited or answered review comes again. Waves of reviews that Steam leaves
out of its own score as off the subject are read too. Needs no key.

**Cannot:** reviews that were deleted; authors' names (only their numbers).

```toml
[[sources]]
name = "Steam"
kind = "steam"
[sources.options]
app_id = ["1404176"]
```

`GET /appreviews/{app}?json=1` (https://partner.steamgames.com/doc/store/getreviews).
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from datetime import datetime, timedelta
from functools import partial
from typing import TYPE_CHECKING, Annotated, Any, ClassVar, cast

from pydantic import Field

from collectors.dates import parse_date
from collectors.json_answers import document, identity, listing, mapping, number, read_items, words
from collectors.markup import printable
from collectors.post import Author, OwnerReply, Post, PostKind, Rating, Reach
from collectors.source import Answer, Cursor, Page, ParseError, Source, SourceOptions
from collectors.walks import Bounds, Token, changed, walk_all

if TYPE_CHECKING:
    from collectors.http import Http

_SERVICE = "Steam"
_REMEDY = "save the answer of https://store.steampowered.com/appreviews/APP?json=1"
_NEWEST = "*"
_ASKED = {
    "json": 1, "filter": "updated", "language": "all", "review_type": "all", "purchase_type": "all",
    "filter_offtopic_activity": 0, "num_per_page": 100,
}  # fmt: skip
_LANGUAGES = {
    "english": "en", "french": "fr", "german": "de", "spanish": "es", "latam": "es", "italian": "it",
    "dutch": "nl", "portuguese": "pt", "brazilian": "pt", "polish": "pl", "russian": "ru", "ukrainian": "uk",
    "turkish": "tr", "japanese": "ja", "koreana": "ko", "schinese": "zh", "tchinese": "zh", "czech": "cs",
    "swedish": "sv", "danish": "da", "finnish": "fi", "norwegian": "no", "hungarian": "hu", "romanian": "ro",
    "greek": "el",
}  # fmt: skip
"""Steam's names of languages (https://partner.steamgames.com/doc/store/localization/languages)."""
_BB_CODE = re.compile(
    r"\[/?(?:h[1-3]|b|u|i|strike|spoiler|noparse|hr|url|list|olist|\*|quote|code|table|tr|th|td)(?:=[^\]]{0,500})?\]"
)


class Options(SourceOptions):
    """Which apps."""

    app_id: tuple[Annotated[str, Field(pattern=r"^\d{1,10}$")], ...] = Field(
        min_length=1, description="The apps' numbers, as in store.steampowered.com/app/NUMBER."
    )
    max_requests: int = Field(
        default=20, ge=1, description="Most requests a run for each, 100 reviews each; the next run goes on."
    )


class Steam(Source):
    """Reviews of apps."""

    kind: ClassVar[str] = "steam"
    title: ClassVar[str] = "Steam reviews"
    verified: ClassVar[bool] = False
    Options: ClassVar[type[SourceOptions]] = Options

    @classmethod
    def parse(cls, answer: Answer) -> Page:
        """Read a saved answer. Raises ParseError for what is not Steam's."""
        content = mapping(document(answer, _SERVICE, _REMEDY))
        if content.get("success") != 1 or not isinstance(content.get("reviews"), list):
            raise ParseError("JSON, but not reviews of Steam", remedy=_REMEDY)
        app = re.search(r"/appreviews/(\d{1,10})", answer.url)
        posts, faults = read_items(content["reviews"], partial(_post, app[1] if app else None))
        return Page(posts, {}, faults, answer)

    def pages(self, http: Http, cursor: Cursor, *, since: datetime | None = None) -> Iterator[Page]:
        """Read each app's reviews from the latest changed one back to what is known."""
        options = cast("Options", self.options)
        asks = {app: partial(self._ask, http, app) for app in options.app_id}
        bounds = Bounds(http.clock.now(), since, timedelta(days=1), most=options.max_requests, when=changed)
        yield from walk_all(cursor, asks, bounds)

    def _ask(self, http: Http, app: str, token: Token | None) -> tuple[Page, Token | None]:
        """One page, and the token of the one before it; an empty page is the end."""
        asked = {**_ASKED, "cursor": token or _NEWEST}
        answer = http.get(f"https://store.steampowered.com/appreviews/{app}", params=asked).answer()
        content = mapping(document(answer, _SERVICE, _REMEDY))
        return self.parse(answer), words(content.get("cursor")) if listing(content.get("reviews")) else None


def _post(app: str | None, item: dict[str, Any]) -> Post:
    """A review. Raises ValueError without id."""
    writer = words(mapping(item.get("author")).get("steamid"), 30)
    home = f"https://steamcommunity.com/profiles/{writer}" if writer and writer.isdigit() else None
    published, updated = parse_date(item.get("timestamp_created")), parse_date(item.get("timestamp_updated"))
    reply, liked = words(item.get("developer_response"), 20_000), item.get("voted_up")
    return Post(
        kind=PostKind.REVIEW,
        external_id=identity(item.get("recommendationid")),
        text=_BB_CODE.sub("", printable(words(item.get("review"), 100_000) or "")).strip(),
        author=Author(id=writer, url=home),
        language=_LANGUAGES.get(words(item.get("language")) or ""),
        rating=Rating(float(liked), worst=0, best=1) if isinstance(liked, bool) else None,
        published_at=published,
        updated_at=updated if updated != published else None,
        url=f"{home}/recommended/{app}/" if home and app else None,
        owner_reply=OwnerReply(reply, parse_date(item.get("timestamp_dev_responded"))) if reply else None,
        reach=Reach(likes=number(item.get("votes_up")), comments=number(item.get("comment_count"))),
        segments={"app": app} if app else {},
    )
