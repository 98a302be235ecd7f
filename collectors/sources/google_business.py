"""Google Business Profile: all reviews of your own places on Google Maps and Search, with your replies.

**Covers** every review of the places that your Google account manages, 50 an answer, with rating, text, date and
your reply. Of a translated review the original is kept. What was written or edited within `overlap_days` before
the last known change is read again each time, for your replies to it.

**Cannot:** other businesses' reviews (see `google_places`); replies to older reviews; deletions; photographs; a
review's language and its address.

**The key** is an OAuth client of yours, to which Google gives access on request:

1. In https://console.cloud.google.com make a project, then ask for access to the Business Profile APIs
   (https://developers.google.com/my-business/content/prereqs; it takes some days) and enable them.
2. Make an OAuth client of the type *Desktop*: that is `client_id` and `client_secret`.
3. Sign in with it once as the owner, for the scope `https://www.googleapis.com/auth/business.manage`: the answer
   holds the `refresh_token`. It ends when the password changes or after six months without use.
4. `account` and `locations` are numbers that https://mybusinessaccountmanagement.googleapis.com/v1/accounts and
   https://mybusinessbusinessinformation.googleapis.com/v1/accounts/ACCOUNT/locations?readMask=name,title list.

```toml
[[sources]]
name = "Google reviews"
kind = "google_business"
[sources.options]
account = "1234567890"
locations = { "987654321" = "Paris Opéra", "987654322" = "Lyon" }
client_id = "….apps.googleusercontent.com"
client_secret = "env:GOOGLE_CLIENT_SECRET"
refresh_token = "env:GOOGLE_REFRESH_TOKEN"
```

Written after https://developers.google.com/my-business/reference/rest/v4/accounts.locations.reviews: no real
answer was at hand, so what differs from it is named and left out.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import replace
from datetime import datetime, timedelta
from functools import partial
from typing import TYPE_CHECKING, Annotated, Any, ClassVar, cast

from pydantic import AfterValidator, Field

from collectors.dates import parse_date
from collectors.json_answers import document, identity, listing, mapping, read_items, web_address, words
from collectors.markup import MAX_TEXT
from collectors.options import NAMED
from collectors.post import Author, OwnerReply, Post, PostKind, Rating
from collectors.secret import Secret
from collectors.signed import SignedIn
from collectors.source import Answer, Cursor, Page, ParseError, Source, SourceOptions
from collectors.walks import Bounds, Token, changed, walk_all

if TYPE_CHECKING:
    from collectors.http import Http

_PER_PAGE = 50
_SERVICE = "Google Business Profile"
_REMEDY = "save the answer of https://mybusiness.googleapis.com/v4/accounts/…/locations/…/reviews"
_KEY_REMEDY = (
    "check that the Business Profile APIs are enabled for your project and that the account manages the place; "
    "sign in again for a new refresh_token where it has expired"
)
_STARS = {"ONE": 1, "TWO": 2, "THREE": 3, "FOUR": 4, "FIVE": 5}
_UNRATED = frozenset({None, "STAR_RATING_UNSPECIFIED"})
_TRANSLATED = re.compile(r"\((?:Translated by Google|Traduit par Google)\)")
_ORIGINAL = re.compile(r"\((?:Original|Avis d['’]origine)\)")


def _number(value: str) -> str:
    """accounts/123 and locations/123 are what Google's own lists show."""
    found = re.fullmatch(r"(?:accounts/|locations/)?(\d{1,40})", value.strip())
    if not found:
        raise ValueError("expected a number, or accounts/NUMBER or locations/NUMBER")
    return found[1]


Number = Annotated[str, AfterValidator(_number)]


class Options(SourceOptions):
    """Whose places, and the keys to them."""

    account: Number = Field(description="The number of the Business Profile account.")
    locations: Annotated[dict[Number, str], NAMED, Field(min_length=1)] = Field(
        description="The places: a list of their numbers, or a table from number to the name to show."
    )
    client_id: str = Field(min_length=1, description="The OAuth client, ….apps.googleusercontent.com.")
    client_secret: Secret = Field(description="Its secret, as env:NAME or file:PATH.")
    refresh_token: Secret = Field(description="What the owner's sign-in gave, as env:NAME or file:PATH.")
    overlap_days: float = Field(
        default=30.0, ge=0, le=3650, description="Days before the last known review to read again, for replies."
    )
    max_requests: int = Field(
        default=200, ge=1, description="Most requests a run for each place, 50 reviews each."
    )
    site: str = Field(
        default="https://mybusiness.googleapis.com", description="Where the interface is; another only for tests."
    )
    login: str = Field(
        default="https://oauth2.googleapis.com/token", description="Where keys are changed for tokens; same."
    )


class GoogleBusiness(Source):
    """Reviews of the user's own places."""

    kind: ClassVar[str] = "google_business"
    title: ClassVar[str] = "Google Business Profile (your own places)"
    verified: ClassVar[bool] = False
    Options: ClassVar[type[SourceOptions]] = Options

    @classmethod
    def parse(cls, answer: Answer) -> Page:
        """Read a saved list of reviews, or a single one. Raises ParseError for any other answer."""
        posts, faults = read_items(_reviews(document(answer, _SERVICE, _REMEDY)), _post)
        return Page(posts, {}, faults, answer)

    def pages(self, http: Http, cursor: Cursor, *, since: datetime | None = None) -> Iterator[Page]:
        """Read each place from what changed last back to what is known; one's failure is raised in the end."""
        options = cast("Options", self.options)
        form = {
            "grant_type": "refresh_token",
            "client_id": options.client_id,
            "client_secret": options.client_secret.get_secret_value(),
            "refresh_token": options.refresh_token.get_secret_value(),
        }
        google = SignedIn(http, _SERVICE, options.login, form, remedy=_KEY_REMEDY)
        asks = {location: partial(self._ask, google, location) for location in options.locations}
        overlap = timedelta(days=options.overlap_days)
        bounds = Bounds(http.clock.now(), since, overlap, most=options.max_requests, when=changed)
        yield from walk_all(cursor, asks, bounds)

    def reread(self, answer: Answer) -> Page:
        """Read a kept answer again, its place under the name that the options give it."""
        page = self.parse(answer)
        names = {number: name for number, name in cast("Options", self.options).locations.items() if name}
        return replace(
            page,
            posts=[
                replace(post, segments={**post.segments, "location": names[post.segments["location"]]})
                if post.segments.get("location") in names
                else post
                for post in page.posts
            ],
        )

    def _ask(self, google: SignedIn, location: str, token: Token | None) -> tuple[Page, Token | None]:
        options = cast("Options", self.options)
        answer = google.get(
            f"{options.site.rstrip('/')}/v4/accounts/{options.account}/locations/{location}/reviews",
            {"pageSize": _PER_PAGE, "orderBy": "updateTime desc", "pageToken": token},
        )
        following = mapping(document(answer, _SERVICE)).get("nextPageToken")
        return self.reread(answer), words(following, 8000)


def _reviews(content: Any) -> list[Any]:
    """The reviews of an answer. Raises ParseError where they are not this service's."""
    if content == {}:  # how a list without an element is written (protocol buffers' JSON)
        return []
    answer = mapping(content)
    reviews = [content] if "starRating" in answer else listing(answer.get("reviews"))
    if not reviews and not answer.keys() & {"totalReviewCount", "averageRating"}:
        raise ParseError("JSON, but no list of Google Business reviews", remedy=_REMEDY)
    if reviews and not any("starRating" in mapping(review) for review in reviews):
        raise ParseError("reviews, but not those of Google Business Profile", remedy=_REMEDY)
    return reviews


def _post(review: dict[str, Any]) -> Post:
    """One review. Raises ValueError where it has no id, or stars that are not known."""
    name = words(review.get("name"), 500) or ""
    reviewer = mapping(review.get("reviewer"))
    created, updated = parse_date(review.get("createTime")), parse_date(review.get("updateTime"))
    place = re.search(r"/locations/(\d+)/", name)
    return Post(
        kind=PostKind.REVIEW,
        external_id=identity(review.get("reviewId") or name.rpartition("/")[2]),
        text=_original(review.get("comment")),
        author=Author(
            name=None if reviewer.get("isAnonymous") is True else words(reviewer.get("displayName"), 200),
            url=web_address(reviewer.get("profileUrl")),
        ),
        rating=_rating(review.get("starRating")),
        published_at=created or updated,
        updated_at=updated if updated != created else None,
        owner_reply=_reply(mapping(review.get("reviewReply"))),
        segments={"location": place[1]} if place else {},
    )


def _rating(stars: object) -> Rating | None:
    if stars in _UNRATED:
        return None
    if not isinstance(stars, str) or stars not in _STARS:
        raise ValueError(f"stars of an unknown kind: {str(stars)[:40]!r}")
    return Rating(_STARS[stars])


def _reply(reply: dict[str, Any]) -> OwnerReply | None:
    text = _original(reply.get("comment"))
    return OwnerReply(text, parse_date(reply.get("updateTime"))) if text else None


def _original(comment: object) -> str:
    """What its author wrote: Google puts its translation before the original, or after it."""
    text = words(comment, MAX_TEXT) or ""
    translation = _TRANSLATED.search(text)
    if translation is None:
        return text
    original = _ORIGINAL.search(text, translation.end())
    if original:
        return text[original.end() :].strip()
    return text[: translation.start()].strip() or text[translation.end() :].strip()
