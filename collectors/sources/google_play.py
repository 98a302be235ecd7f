"""Google Play: the reviews that an app's page in the store shows to everybody, with the developer's replies.

**Off by default.** There is no public interface for this: the store's own web page is asked as a browser asks it.
Google's terms (https://play.google.com/about/play-terms/) do not provide for that, and the format may change any
day. If you may read it all the same, write `accept_terms = true`; the store's robots.txt is obeyed even then. For
your own apps the lawful way is the Play Console's export of reviews, read by the kind `files`.

**Covers** the reviews that were written in a language, from the latest back to what is known, with stars, text,
time, "helpful" votes, version and the developer's reply. What was written within `overlap_days` before the last
known review is read again each time, for edits and replies.

**Cannot:** deletions; a review's language (reviews in others are shown, too); titles, which Google gave up.

```toml
[[sources]]
name = "Google Play"
kind = "google_play"
accept_terms = true
[sources.options]
app_id = "com.example.app"
languages = ["fr", "en"]
country = "fr"
```
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import replace
from datetime import datetime, timedelta
from functools import partial
from typing import TYPE_CHECKING, Annotated, Any, ClassVar, cast
from urllib.parse import parse_qs, urlencode, urlsplit

from pydantic import Field

from collectors.dates import parse_date
from collectors.json_answers import identity, listing, number, read_items, text_of, words
from collectors.markup import MAX_TEXT
from collectors.options import SEVERAL
from collectors.post import Author, OwnerReply, Post, PostKind, Reach
from collectors.ratings import parse_rating
from collectors.source import Answer, Cursor, Page, ParseError, Source, SourceOptions
from collectors.walks import Bounds, Token, walk_all

if TYPE_CHECKING:
    from collectors.http import Http

_PATH = "/_/PlayStoreUi/data/batchexecute"
_CALL = "UsvDTd"
_CALLS = frozenset({_CALL, "oCPfdb"})
"""What the store calls its lists of reviews: today, and before."""
_NEWEST = 2
_PER_PAGE = 150
_REMEDY = "its format has changed, or this is another answer: save one of …/PlayStoreUi/data/batchexecute"


AppId = Annotated[str, Field(pattern=r"^[A-Za-z][A-Za-z0-9_]*(\.[A-Za-z0-9_]+)+$", max_length=200)]
LanguageTag = Annotated[str, Field(pattern="^[a-z]{2}(-[A-Z]{2})?$")]


class Options(SourceOptions):
    """Which apps, in which languages."""

    app_id: Annotated[tuple[AppId, ...], SEVERAL, Field(min_length=1)] = Field(
        description="The app's name in its store address, as in com.example.app; several in a list."
    )
    languages: Annotated[tuple[LanguageTag, ...], SEVERAL, Field(min_length=1)] = Field(
        default=("fr",), description="Languages that reviews are asked for in, such as fr, en."
    )
    country: str = Field(default="fr", pattern="^[a-z]{2}$", description="The country's store, two letters.")
    overlap_days: float = Field(
        default=7.0, ge=0, le=3650, description="Days before the last known review to read again, for replies."
    )
    max_requests: int = Field(default=100, ge=1, description="Most requests a run for each, 150 reviews each.")
    site: str = Field(
        default="https://play.google.com", description="Where the store is; another only for tests."
    )


class GooglePlay(Source):
    """Reviews of apps, as the store's page shows them."""

    kind: ClassVar[str] = "google_play"
    title: ClassVar[str] = "Google Play (public answers)"
    off_because: ClassVar[str] = "Google's terms provide no such access, and its format may change any day"
    Options: ClassVar[type[SourceOptions]] = Options

    @classmethod
    def parse(cls, answer: Answer) -> Page:
        """Read a saved answer of the store. Raises ParseError for any other, and where it knows no such app."""
        return _read(answer)[0]

    def pages(self, http: Http, cursor: Cursor, *, since: datetime | None = None) -> Iterator[Page]:
        """Read each app in each language from its latest review back to what is known; all pages are followed."""
        options = cast("Options", self.options)
        asks = {
            f"{app}/{language}": partial(self._ask, http, app, language)
            for app in options.app_id
            for language in options.languages
        }
        overlap = timedelta(days=options.overlap_days)
        yield from walk_all(cursor, asks, Bounds(http.clock.now(), since, overlap, most=options.max_requests))

    def _ask(self, http: Http, app: str, language: str, token: Token | None) -> tuple[Page, Token | None]:
        """One page. The kept answer's address names the app in its fragment: only the request's body did."""
        options = cast("Options", self.options)
        place = urlencode({"hl": language, "gl": options.country})
        wanted = [None, None, [2, _NEWEST, [_PER_PAGE, None, token], None, []], [app, 7]]
        form = {"f.req": _compact([[[_CALL, _compact(wanted), None, "generic"]]])}
        answer = http.post(f"{options.site.rstrip('/')}{_PATH}?{place}", form=form).answer()
        return _read(replace(answer, url=f"{answer.url}#app={app}"))


def _compact(value: object) -> str:
    return json.dumps(value, separators=(",", ":"))


def _read(answer: Answer) -> tuple[Page, str | None]:
    """The page, and the token of the next one: the second part's second element, not its last part's last."""
    payload = _payload(_rows(answer))
    wrapped = ({"review": review} for review in payload[0])
    posts, faults = read_items(wrapped, partial(_post, _app(answer.url)))
    if payload[0] and not posts:
        raise ParseError(f"a list, but not of reviews: {faults[0].problem}", remedy=_REMEDY)
    return Page(posts, {}, faults, answer), _token(payload)


def _rows(answer: Answer) -> list[Any]:
    """The rows of an answer, after the line that keeps browsers from running it as a script.

    A browser gets them in pieces, a line of JSON each, after a line with its length.
    """
    text = text_of(answer, "Google Play", _REMEDY).removeprefix(")]}'").strip()
    try:
        if not text[:1].isdecimal():
            return listing(json.loads(text))
        pieces = [line for line in text.split("\n") if line.startswith("[")]
        return [row for piece in pieces for row in json.loads(piece)]
    except (ValueError, RecursionError) as error:
        raise ParseError("not an answer of Google Play: no JSON", remedy=_REMEDY) from error


def _payload(rows: list[Any]) -> list[Any]:
    """What the call for reviews gave: the reviews and what follows. Raises ParseError where that is neither."""
    found = [row for row in rows if len(listing(row)) > 2 and row[0] == "wrb.fr" and row[1] in tuple(_CALLS)]
    if not found:
        raise ParseError("JSON, but no answer of Google Play to a call for reviews", remedy=_REMEDY)
    if not isinstance(found[0][2], str):
        raise ParseError(
            "Google Play answered with an error instead of reviews",
            remedy="it is tried again later; if it goes on, the format of its requests has changed",
        )
    try:
        payload = json.loads(found[0][2])
    except (ValueError, RecursionError) as error:
        raise ParseError("the reviews of Google Play cannot be read", remedy=_REMEDY) from error
    if payload == []:
        raise ParseError("Google Play shows no such app, or none of its reviews", remedy="check app_id")
    if not isinstance(payload, list) or not isinstance(payload[0], list):
        raise ParseError("Google Play's list of reviews has another shape", remedy=_REMEDY)
    return payload


def _token(payload: list[Any]) -> str | None:
    """The token of the next page, None at the end. To take an unknown shape for the end would lose reviews."""
    following = payload[1] if len(payload) > 1 else None
    if following in (None, [], [None]) and not any(payload[2:]):
        return None
    if len(listing(following)) < 2 or not isinstance(listing(following)[1], str | None):
        raise ParseError("Google Play does not say as usual whether there are more reviews", remedy=_REMEDY)
    return words(listing(following)[1], 8000)


def _app(url: str) -> str | None:
    """The app that was asked for, where the answer's address names it."""
    try:
        asked = parse_qs(urlsplit(url).fragment)
    except ValueError:
        return None
    return words(asked.get("app", [""])[0], 200)


def _post(app: str | None, item: dict[str, Any]) -> Post:
    """One review, a list with its parts by place. Raises what reading an unknown shape raises."""
    review = item["review"]
    if not isinstance(review, list) or not isinstance(review[5], list):
        raise TypeError("not a review")
    name = identity(review[0])
    account = listing(review[9]) if len(review) > 9 else []
    version = words(review[10], 200) if len(review) > 10 else None
    rating = parse_rating(review[2], 1, 5)
    if rating is None:
        raise ValueError(f"stars of an unknown kind: {str(review[2])[:40]!r}")
    return Post(
        kind=PostKind.REVIEW,
        external_id=name,
        title=words(review[3]),
        text=words(review[4], MAX_TEXT) or "",
        author=Author(id=words(account[0], 200) if account else None, name=words(review[1][0], 200)),
        rating=rating,
        published_at=_moment(review[5]),
        url=f"https://play.google.com/store/apps/details?id={app}&reviewId={name}" if app else None,
        owner_reply=_reply(review[7]),
        reach=Reach(likes=number(review[6])),
        segments={key: value for key, value in (("app", app), ("version", version)) if value},
    )


def _reply(reply: object) -> OwnerReply | None:
    """The developer's answer: who, what, when."""
    if reply is None:
        return None
    if not isinstance(reply, list) or len(reply) < 3:
        raise TypeError("a developer's reply of an unknown shape")
    text = words(reply[1], MAX_TEXT)
    return OwnerReply(text, _moment(reply[2])) if text else None


def _moment(parts: object) -> datetime | None:
    """A time given as seconds since 1970 and nanoseconds."""
    seconds, *rest = listing(parts) or [None]
    moment = parse_date(number(seconds))
    fraction = number(rest[0]) if rest else None
    return moment + timedelta(microseconds=fraction // 1000) if moment and fraction else moment
