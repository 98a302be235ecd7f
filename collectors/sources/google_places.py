"""Google Places: the five reviews that Google's map shows of any place, through the Places interface.

**Covers** at most 5 reviews of each place, with rating, text, date, language and author; of a translated review
the original. They are those that Google finds most helpful; with `interface = "legacy"`, where your key still has
it, the newest. Read often, these add up.

**Cannot:** all reviews (for your own places: `google_business`), the owner's replies, deletions.

**Google's terms** (https://cloud.google.com/maps-platform/terms) let nobody keep this content beyond what they
allow (only the place's id may be kept for good) and ask that authors be named where it is shown; within the
European Economic Area they have terms of their own. Read them first, and keep nothing longer than they let you:
answers of this kind are not kept as received, but the reviews are stored as mentions until you delete them.

**The key**: in https://console.cloud.google.com make a project with billing, enable the *Places API (New)*, and
make a key that is good for it alone. A place's id is found with
https://developers.google.com/maps/documentation/places/web-service/place-id. Each reading of a place is billed;
`daily_requests` bounds how many there are in a day.

```toml
[[sources]]
name = "Google Maps"
kind = "google_places"
schedule = "every day at 06:30"
[sources.options]
key = "env:GOOGLE_PLACES_KEY"
places = { "ChIJD7fiBh9u5kcRYJSMaMOCCwQ" = "Paris" }
language = "fr"
```

The legacy interface is tested with real answers, the new one is read as documented
(https://developers.google.com/maps/documentation/places/web-service/reference/rest/v1/places#Review).
"""

from __future__ import annotations

import hashlib
import re
from collections.abc import Iterator
from dataclasses import replace
from datetime import datetime
from functools import partial
from typing import TYPE_CHECKING, Annotated, Any, ClassVar, Literal, cast
from urllib.parse import parse_qs, quote, urlsplit

from pydantic import Field

from collectors.dates import parse_date
from collectors.errors import Blocked
from collectors.json_answers import (
    document,
    identity,
    language,
    listing,
    mapping,
    read_items,
    web_address,
    words,
)
from collectors.markup import MAX_TEXT
from collectors.options import NAMED
from collectors.post import Author, Post, PostKind
from collectors.quota import Quota
from collectors.ratings import parse_rating
from collectors.secret import Secret
from collectors.signed import Signed
from collectors.source import Answer, Cursor, Page, ParseError, Source, SourceOptions
from collectors.walks import in_turn

if TYPE_CHECKING:
    from collectors.http import Http

_SERVICE = "Google Places"
_REMEDY = "save the answer of https://places.googleapis.com/v1/places/… or …/maps/api/place/details/json"
_KEY_REMEDY = "check the key in https://console.cloud.google.com: its limits, its billing, and the Places API"
_FIELDS = "id,displayName,rating,userRatingCount,reviews"
_CONTRIBUTOR = re.compile(r"/contrib/(\d+)")


PlaceId = Annotated[str, Field(pattern=r"^[A-Za-z0-9_-]{5,500}$")]


class Options(SourceOptions):
    """Which places, and the key."""

    key: Secret = Field(description="Your key to the Places API, as env:NAME or file:PATH.")
    places: Annotated[dict[PlaceId, str], NAMED, Field(min_length=1)] = Field(
        description="The places: a list of their ids, or a table from id to the name to show."
    )
    language: str = Field(
        default="fr", pattern="^[a-z]{2}(-[A-Z]{2})?$", description="Language that Google prefers reviews in."
    )
    interface: Literal["new", "legacy"] = Field(
        default="new", description="new: the most helpful reviews; legacy: the newest, for keys that have it."
    )
    daily_requests: int = Field(
        default=100, ge=1, description="Most readings of places in a day: each one is on your bill."
    )
    site: str | None = Field(default=None, description="Where the interface is; only for tests.")


class GooglePlaces(Source):
    """The few reviews that the map shows."""

    kind: ClassVar[str] = "google_places"
    title: ClassVar[str] = "Google Places (five reviews of any place)"
    Options: ClassVar[type[SourceOptions]] = Options

    @classmethod
    def parse(cls, answer: Answer) -> Page:
        """Read a saved answer of either interface. Raises ParseError for any other."""
        content = mapping(document(answer, _SERVICE, _REMEDY))
        if "status" in content:
            read = partial(_legacy_post, _legacy_place(content, answer.url))
            posts, faults = read_items(_legacy_reviews(content), read)
        else:
            posts, faults = read_items(_new_reviews(content), _new_post)
        return Page(posts, {}, faults, answer)

    def pages(self, http: Http, cursor: Cursor, *, since: datetime | None = None) -> Iterator[Page]:
        """Read each place once; one's failure is raised in the end. There is nothing to go on from."""
        options = cast("Options", self.options)

        def read(place: str, name: str) -> Iterator[Page]:
            page = self.parse(self._ask(http, place))
            segments = {"location": name} if name else {}
            posts = [replace(post, segments={**post.segments, **segments}) for post in page.posts]
            # Google lets nobody keep its answers: what is kept of them is in the posts.
            yield Page([post for post in posts if _is_wanted(post, since)], {}, page.faults, spent=1)

        yield from in_turn(read(place, name) for place, name in options.places.items())

    def quota(self) -> Quota:
        """What the user is ready to pay for; Google's days begin at midnight in California."""
        return Quota(cast("Options", self.options).daily_requests, zone="America/Los_Angeles")

    def _ask(self, http: Http, place: str) -> Answer:
        options = cast("Options", self.options)
        key = options.key.get_secret_value()
        if options.interface == "new":
            headers = {"X-Goog-Api-Key": key, "X-Goog-FieldMask": _FIELDS}
            google = Signed(http, _SERVICE, headers, remedy=_KEY_REMEDY)
            site = (options.site or "https://places.googleapis.com").rstrip("/")
            return google.get(f"{site}/v1/places/{quote(place)}", {"languageCode": options.language})
        site = (options.site or "https://maps.googleapis.com").rstrip("/")
        params = {
            "place_id": place,
            "fields": "place_id,name,rating,user_ratings_total,reviews",
            "reviews_sort": "newest",
            "reviews_no_translations": "true",
            "language": options.language,
        }
        google = Signed(http, _SERVICE, {}, remedy=_KEY_REMEDY, in_address={"key": key})
        return google.get(f"{site}/maps/api/place/details/json", params)


def _is_wanted(post: Post, since: datetime | None) -> bool:
    return since is None or post.published_at is None or post.published_at >= since


def _new_reviews(content: dict[str, Any]) -> list[Any]:
    """The reviews of the new interface; a place that has none comes without them."""
    reviews = content.get("reviews", [])
    is_named = isinstance(content.get("displayName"), dict) or "places/" in str(content.get("name"))
    if not isinstance(reviews, list) or not (reviews or is_named or "userRatingCount" in content):
        raise ParseError("JSON, but no place of Google", remedy=_REMEDY)
    if reviews and not any("publishTime" in mapping(review) for review in reviews):
        raise ParseError("reviews, but not those of Google Places", remedy=_REMEDY)
    return reviews


def _new_post(review: dict[str, Any]) -> Post:
    name = identity(review.get("name"))
    said = mapping(review.get("originalText")) or mapping(review.get("text"))
    author = mapping(review.get("authorAttribution"))
    page = web_address(author.get("uri"))
    return Post(
        kind=PostKind.REVIEW,
        external_id=name,
        text=words(said.get("text"), MAX_TEXT) or "",
        author=Author(id=_contributor(page), name=words(author.get("displayName"), 200), url=page),
        language=language(said.get("languageCode")),
        rating=parse_rating(review.get("rating"), 1, 5),
        published_at=parse_date(review.get("publishTime")),
        url=web_address(review.get("googleMapsUri")),
    )


def _legacy_reviews(content: dict[str, Any]) -> list[Any]:
    """The reviews of the legacy interface, which tells of errors in `status`. Raises ParseError, Blocked."""
    status, told = words(content.get("status"), 40), words(content.get("error_message"), 200)
    if status in {"REQUEST_DENIED", "OVER_QUERY_LIMIT", "OVER_DAILY_LIMIT"}:
        raise Blocked(f"{_SERVICE} refuses: {told or status}", remedy=_KEY_REMEDY, permanent=True)
    if status in {"NOT_FOUND", "INVALID_REQUEST"}:
        raise ParseError(f"{_SERVICE} knows no such place ({status})", remedy="look its id up again")
    result = content.get("result")
    if status != "OK" or not isinstance(result, dict) or not isinstance(result.get("reviews", []), list):
        raise ParseError("JSON, but no details of a place of Google", remedy=_REMEDY)
    return listing(result.get("reviews"))


def _legacy_place(content: dict[str, Any], url: str) -> str:
    """What the place is called in the ids of its reviews; '' where nothing says."""
    result = mapping(content.get("result"))
    try:
        asked = parse_qs(urlsplit(url).query).get("place_id", [""])[0]
    except ValueError:
        asked = ""
    return words(result.get("place_id")) or words(asked) or words(result.get("reference")) or ""


def _legacy_post(place: str, review: dict[str, Any]) -> Post:
    """One review. It has no id: nobody reviews a place twice, so the author's number stands for it."""
    if "rating" not in review:
        raise ValueError("no rating: not a review of Google Places")
    page, name = web_address(review.get("author_url")), words(review.get("author_name"), 200)
    text = words(review.get("text"), MAX_TEXT) or ""
    unnamed = f"{name}\n{review.get('time')}\n{text[:200]}"
    own = _contributor(page) or hashlib.sha256(unnamed.encode()).hexdigest()
    spoken = review.get("original_language") if review.get("translated") is not True else None
    return Post(
        kind=PostKind.REVIEW,
        external_id=f"{place}/{own}" if place else own,
        text=text,
        author=Author(id=_contributor(page), name=name, url=page),
        language=language(spoken or review.get("language")),
        rating=parse_rating(review.get("rating"), 1, 5),
        published_at=parse_date(review.get("time")),
    )


def _contributor(page: str | None) -> str | None:
    found = _CONTRIBUTOR.search(page or "")
    return found[1] if found else None
