"""Trusted Shops (eTrusted): your shop's reviews, through Trusted Shops' interface and your account's key.

**Covers** all approved reviews of your channels, of the service and of products, 100 an answer, with stars,
title, text, time and your reply. What was submitted within `overlap_days` before the last known review is read
again each time, for edits and replies.

**Cannot:** reviews that were taken down later; other shops' reviews.

**The key:** in https://app.etrusted.com under *Settings, API clients* make a client, enable it, and copy its id
and secret. `channels` are the `chl-…` numbers that the Control Centre shows; without them all channels are read.

```toml
[[sources]]
name = "Trusted Shops"
kind = "trusted_shops"
[sources.options]
client_id = "…"
client_secret = "env:TRUSTED_SHOPS_SECRET"
channels = ["chl-00000000-0000-0000-0000-000000000000"]
```

Written after https://developers.etrusted.com/reference/getreviews: no real answer was at hand, so what differs
from it is named and left out.
"""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime, timedelta
from functools import partial
from typing import TYPE_CHECKING, Annotated, Any, ClassVar, Literal, cast

from pydantic import Field

from collectors.dates import parse_date
from collectors.json_answers import document, identity, mapping, number, read_items, words
from collectors.markup import MAX_TEXT
from collectors.options import SEVERAL
from collectors.post import Author, OwnerReply, Post, PostKind
from collectors.ratings import parse_rating
from collectors.secret import Secret
from collectors.signed import SignedIn
from collectors.source import Answer, Cursor, Page, ParseError, Source, SourceOptions
from collectors.walks import Bounds, Token, walk_all

if TYPE_CHECKING:
    from collectors.http import Http

_PER_PAGE = 100
_SERVICE = "Trusted Shops"
_DATES = {"submittedAt", "createdAt"}
_AUDIENCE = "https://api.etrusted.com"
_REMEDY = "save the answer of https://api.etrusted.com/reviews"
_KEY_REMEDY = "check the client's id and secret in https://app.etrusted.com under Settings, API clients"


class Options(SourceOptions):
    """Whose reviews, and the keys to them."""

    client_id: str = Field(min_length=1, description="The API client's id.")
    client_secret: Secret = Field(description="Its secret, as env:NAME or file:PATH.")
    channels: Annotated[tuple[Annotated[str, Field(pattern=r"^chl-[0-9A-Za-z-]{1,80}$")], ...], SEVERAL] = Field(
        default=(), description="The channels, chl-…; none: all of the account."
    )
    types: tuple[Literal["SERVICE_REVIEW", "PRODUCT_REVIEW"], ...] = Field(
        default=("SERVICE_REVIEW", "PRODUCT_REVIEW"), min_length=1, description="Which reviews are read."
    )
    overlap_days: float = Field(
        default=30.0, ge=0, le=3650, description="Days before the last known review to read again, for replies."
    )
    max_requests: int = Field(
        default=50, ge=1, description="Most requests a run, 100 reviews each; the next run goes on from there."
    )
    site: str = Field(default=_AUDIENCE, description="Where the interface is; another only for tests.")
    login: str = Field(
        default="https://login.etrusted.com/oauth/token", description="Where keys are changed for tokens; same."
    )


class TrustedShops(Source):
    """Reviews of the user's own shop."""

    kind: ClassVar[str] = "trusted_shops"
    title: ClassVar[str] = "Trusted Shops (your own shop)"
    verified: ClassVar[bool] = False
    Options: ClassVar[type[SourceOptions]] = Options

    @classmethod
    def parse(cls, answer: Answer) -> Page:
        """Read a saved list of reviews, or a single one. Raises ParseError for any other answer."""
        posts, faults = read_items(_reviews(document(answer, _SERVICE, _REMEDY)), _post)
        return Page(posts, {}, faults, answer)

    def pages(self, http: Http, cursor: Cursor, *, since: datetime | None = None) -> Iterator[Page]:
        """Read from the latest review back to what is known."""
        options = cast("Options", self.options)
        form = {
            "grant_type": "client_credentials",
            "client_id": options.client_id,
            "client_secret": options.client_secret.get_secret_value(),
            "audience": _AUDIENCE,
        }
        shops = SignedIn(http, _SERVICE, options.login, form, remedy=_KEY_REMEDY)
        overlap = timedelta(days=options.overlap_days)
        bounds = Bounds(http.clock.now(), since, overlap, most=options.max_requests)
        yield from walk_all(cursor, {"reviews": partial(self._ask, shops)}, bounds)

    def _ask(self, shops: SignedIn, token: Token | None) -> tuple[Page, Token | None]:
        """The reviews submitted before the one of this id; `after` is how Trusted Shops calls that."""
        options = cast("Options", self.options)
        answer = shops.get(
            f"{options.site.rstrip('/')}/reviews",
            {
                "count": _PER_PAGE,
                "status": "APPROVED",
                "type": ",".join(options.types),
                "channels": ",".join(options.channels) or None,
                "after": token,
            },
        )
        reviews = _reviews(document(answer, _SERVICE))
        last = words(mapping(reviews[-1]).get("id"), 500) if reviews else None
        return self.parse(answer), last if len(reviews) >= _PER_PAGE else None


def _reviews(content: Any) -> list[Any]:
    """The reviews of an answer. Raises ParseError where they are not this service's."""
    answer = mapping(content)
    reviews = [content] if str(answer.get("id")).startswith("rev-") else answer.get("items")
    if not isinstance(reviews, list):
        raise ParseError(f"JSON, but no list of reviews of {_SERVICE}", remedy=_REMEDY)
    if reviews and not any("rating" in mapping(review) and _DATES & mapping(review).keys() for review in reviews):
        raise ParseError(f"a list, but not of reviews of {_SERVICE}", remedy=_REMEDY)
    return reviews


def _post(review: dict[str, Any]) -> Post:
    """One review. Raises ValueError where it has no id or no stars."""
    customer = mapping(review.get("customer"))
    name = " ".join(
        part for key in ("firstName", "lastName") if (part := words(customer.get(key), 100)) is not None
    )
    rating = parse_rating(number(review.get("rating")), 1, 5)
    if rating is None:
        raise ValueError(f"stars of an unknown kind: {str(review.get('rating'))[:40]!r}")
    published = parse_date(review.get("submittedAt")) or parse_date(review.get("createdAt"))
    edited = parse_date(review.get("editedAt"))
    return Post(
        kind=PostKind.REVIEW,
        external_id=identity(review.get("id")),
        title=words(review.get("title")),
        text=words(review.get("comment"), MAX_TEXT) or "",
        author=Author(id=words(customer.get("id"), 200), name=name or words(customer.get("fullName"), 200)),
        rating=rating,
        published_at=published,
        updated_at=edited if edited != published else None,
        owner_reply=_reply(mapping(review.get("reply"))),
        segments=_segments(review),
    )


def _reply(reply: dict[str, Any]) -> OwnerReply | None:
    text = words(reply.get("comment"), MAX_TEXT)
    return OwnerReply(text, parse_date(reply.get("createdAt"))) if text else None


def _segments(review: dict[str, Any]) -> dict[str, str]:
    """What is reviewed: the channel's shop, and the product where it is one."""
    product, channel = mapping(review.get("product")), mapping(review.get("channel"))
    said = {"product": product.get("name"), "channel": channel.get("name"), "type": review.get("type")}
    return {key: text for key, value in said.items() if (text := words(value, 200))}
