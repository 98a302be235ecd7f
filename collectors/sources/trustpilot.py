"""Trustpilot: the reviews of a business, through Trustpilot's interface and your key to it.

**Covers** all published reviews of a business, 100 an answer, with stars, title, text, date, likes and the
business's reply. What was written within `overlap_days` before the last known review is read again each time, for
edits and replies. Dates without a zone are UTC.

**Cannot:** reviews that Trustpilot or their authors took down: they stay here as they were.

**The key** comes with a paid plan: in https://businessapp.b2b.trustpilot.com under *Integrations, APIs* make an
application; its API key is enough. `business` is the domain that Trustpilot knows the business by, or its number
there (24 hex digits).

**Without a key:** Trustpilot's terms forbid reading its pages by robot, so Oyez does not. A page of your own
business that you saved with your browser is read by `oyez sources parse trustpilot FILE > reviews.jsonl`, with
replies and likes, and brought in by `oyez import reviews.jsonl --brand NAME`.

```toml
[[sources]]
name = "Trustpilot"
kind = "trustpilot"
[sources.options]
business = "www.example.com"
key = "env:TRUSTPILOT_KEY"
```

Written after https://documentation-apidocumentation.trustpilot.com/business-units-api and a part of a real page;
no real answer of the interface was at hand.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from dataclasses import replace
from datetime import datetime, timedelta
from functools import partial
from typing import TYPE_CHECKING, Annotated, Any, ClassVar, cast

from lxml import etree
from pydantic import Field

from collectors.dates import parse_date
from collectors.json_answers import (
    document,
    identity,
    language,
    listing,
    mapping,
    number,
    read_items,
    text_of,
    words,
)
from collectors.markup import MAX_TEXT
from collectors.options import SEVERAL
from collectors.post import Author, OwnerReply, Post, PostKind, Reach
from collectors.ratings import parse_rating
from collectors.reviews import Listing, json_ld_reviews, reviews_in
from collectors.secret import Secret
from collectors.signed import Signed
from collectors.source import Answer, Cursor, Fault, Page, ParseError, Source, SourceOptions
from collectors.walks import Bounds, Token, walk_all

if TYPE_CHECKING:
    from collectors.http import Http

_PER_PAGE = 100
_SERVICE = "Trustpilot"
_REMEDY = "save a page of reviews of trustpilot.com, or the answer of …/v1/business-units/…/reviews"
_KEY_REMEDY = "check the key in https://businessapp.b2b.trustpilot.com under Integrations, APIs, and your plan"
_NUMBER = re.compile(r"[0-9a-f]{24}")
_REVIEW_NAME = re.compile(r"https://www\.trustpilot\.com/#/schema/Review/[^/]{1,200}/([0-9a-f]{24})")
_ADDRESS = re.compile(r"https?:(?:\\?/){2}(?:[a-z]{2,3}\.)?trustpilot\.com\\?/")
"""An address there; in JSON, slashes may be written with a backslash."""
_USER = re.compile(r"/users/([0-9a-f]{24})")


class Options(SourceOptions):
    """Which businesses, and the key."""

    business: Annotated[
        tuple[Annotated[str, Field(pattern=r"^[A-Za-z0-9.-]{3,200}$")], ...],
        SEVERAL,
        Field(min_length=1),
    ] = Field(description="The business's domain, as in www.example.com, or its number; several in a list.")
    key: Secret = Field(description="Your API key, as env:NAME or file:PATH.")
    overlap_days: float = Field(
        default=30.0, ge=0, le=3650, description="Days before the last known review to read again, for replies."
    )
    max_requests: int = Field(
        default=50, ge=1, description="Most requests a run for each, 100 reviews each; the next run goes on."
    )
    site: str = Field(
        default="https://api.trustpilot.com", description="Where the interface is; another only for tests."
    )


class Trustpilot(Source):
    """Reviews of businesses."""

    kind: ClassVar[str] = "trustpilot"
    title: ClassVar[str] = "Trustpilot"
    verified: ClassVar[bool] = False
    Options: ClassVar[type[SourceOptions]] = Options

    @classmethod
    def parse(cls, answer: Answer) -> Page:
        """Read a saved answer or page. Raises ParseError for what is not Trustpilot's."""
        text = text_of(answer, _SERVICE, _REMEDY, content_type=answer.content_type)
        posts, faults = _of_page(text, answer.url) if text.startswith("<") else _of_json(answer, text)
        return Page(posts, {}, faults, answer)

    def pages(self, http: Http, cursor: Cursor, *, since: datetime | None = None) -> Iterator[Page]:
        """Read each business from its latest review back to what is known; one's failure is raised in the end."""
        options = cast("Options", self.options)
        trustpilot = Signed(http, _SERVICE, {"apikey": options.key.get_secret_value()}, remedy=_KEY_REMEDY)
        asks = {business: partial(self._ask, trustpilot, business) for business in options.business}
        overlap = timedelta(days=options.overlap_days)
        yield from walk_all(cursor, asks, Bounds(http.clock.now(), since, overlap, most=options.max_requests))

    def _ask(self, trustpilot: Signed, business: str, token: Token | None) -> tuple[Page, Token | None]:
        """One page: the token is its number, with that of the business, so that it is looked up once."""
        site = cast("Options", self.options).site.rstrip("/")
        known, _, page_number = str(token or "").partition("/")
        unit = known or self._unit(trustpilot, business)
        count = int(page_number or 1)
        answer = trustpilot.get(
            f"{site}/v1/business-units/{unit}/reviews",
            {"page": count, "perPage": _PER_PAGE, "orderBy": "createdat.desc"},
        )
        page = self.parse(answer)
        is_last = len(listing(mapping(document(answer, _SERVICE)).get("reviews"))) < _PER_PAGE
        return page, None if is_last else f"{unit}/{count + 1}"

    def _unit(self, trustpilot: Signed, business: str) -> str:
        """The number of a business. Raises ParseError where Trustpilot says none."""
        if _NUMBER.fullmatch(business):
            return business
        site = cast("Options", self.options).site.rstrip("/")
        answer = trustpilot.get(f"{site}/v1/business-units/find", {"name": business})
        found = words(mapping(document(answer, _SERVICE)).get("id"), 24)
        if found is None or not _NUMBER.fullmatch(found):
            raise ParseError(
                f"{_SERVICE} does not say which business {business!r} is", remedy="give its number as business"
            )
        return found


def _of_json(answer: Answer, text: str) -> tuple[list[Post], list[Fault]]:
    """The reviews of an answer of the interface, of a page's data or of its JSON-LD."""
    content = document(answer, _SERVICE, _REMEDY)
    found = mapping(content)
    if "props" in found or "pageProps" in found:
        return _of_data(found)
    if isinstance(content, list) or "@type" in found or "@graph" in found:
        return _of_json_ld([text], answer.url, strict=True)
    reviews = [found] if "stars" in found else found.get("reviews")
    if not isinstance(reviews, list):
        raise ParseError(f"JSON, but no reviews of {_SERVICE}", remedy=_REMEDY)
    if reviews and not any("stars" in mapping(review) for review in reviews):
        raise ParseError(f"reviews, but not those of {_SERVICE}", remedy=_REMEDY)
    return read_items(reviews, _post)


def _of_page(text: str, url: str) -> tuple[list[Post], list[Fault]]:
    """The reviews of a saved page: its own data know more than its JSON-LD."""
    scripts = _scripts(text)
    if data := scripts.get("__NEXT_DATA__"):
        try:
            return _of_data(mapping(json.loads(data[0])))
        except (ValueError, RecursionError):
            pass  # cut or damaged: what is marked up may be whole
        except ParseError:
            if "schema/Review/" not in text:
                raise
    return _of_json_ld(scripts.get("application/ld+json", []), url)


def _scripts(text: str) -> dict[str, list[str]]:
    """The scripts of a page by their id and by their type; each content once."""
    try:
        tree = etree.fromstring(text.encode("utf-8", "replace"), etree.HTMLParser(encoding="utf-8"))
    except (etree.LxmlError, ValueError) as error:
        raise ParseError(f"not a web page ({error})", remedy=_REMEDY) from error
    found: dict[str, list[str]] = {}
    for script in tree.iter("script") if tree is not None else ():
        for name in (script.get("id") or "", str(script.get("type")).lower()):
            found.setdefault(name, []).append("".join(script.itertext()))
    return {name: list(dict.fromkeys(contents)) for name, contents in found.items()}


def _of_data(data: dict[str, Any]) -> tuple[list[Post], list[Fault]]:
    """The reviews of __NEXT_DATA__, which a page of Trustpilot is made from in the browser.

    The browser gets its second page without the outermost `props`.
    """
    reviews = mapping(mapping(data.get("props", data)).get("pageProps")).get("reviews")
    if not isinstance(reviews, list):
        raise ParseError(f"the data of a page, but none of {_SERVICE}'s reviews", remedy=_REMEDY)
    if reviews and not any("consumer" in mapping(review) for review in reviews):
        raise ParseError(f"reviews, but not those of {_SERVICE}", remedy=_REMEDY)
    return read_items((_as_answered(mapping(review)) for review in reviews), _post)


def _as_answered(review: dict[str, Any]) -> dict[str, Any]:
    """A review of a page's data under the names that the interface uses."""
    dates, reply = mapping(review.get("dates")), mapping(review.get("reply"))
    return {
        **review,
        "stars": review.get("rating"),
        "createdAt": dates.get("publishedDate"),
        "updatedAt": dates.get("updatedDate"),
        "numberOfLikes": review.get("likes"),
        "companyReply": {"text": reply.get("message"), "createdAt": reply.get("publishedDate")},
    }


def _of_json_ld(scripts: list[str], url: str, *, strict: bool = False) -> tuple[list[Post], list[Fault]]:
    """The reviews that Trustpilot marks up, under the ids that they have in its other answers.

    Older pages do not name their reviews: there, all those of the page are Trustpilot's.
    """
    documents, faults = json_ld_reviews(scripts, strict=strict)
    marked_up, more = reviews_in(documents, Listing.of(url))
    named = [
        replace(
            post,
            external_id=name[1],
            author=replace(post.author, id=_user(post.author.url) or post.author.id),
            url=_address(name[1]),
        )
        for post in marked_up
        if (name := _REVIEW_NAME.fullmatch(post.external_id))
    ]
    posts = named or [post for post in marked_up if any(_ADDRESS.search(script) for script in scripts)]
    if not posts:
        raise ParseError(f"no reviews of {_SERVICE} in it", remedy=f"{_REMEDY}; others: review_pages")
    return posts, faults + more


def _user(url: str | None) -> str | None:
    found = _USER.search(url or "")
    return found[1] if found else None


def _address(name: str) -> str:
    return f"https://www.trustpilot.com/reviews/{name}"


def _post(review: dict[str, Any]) -> Post:
    """One review. Raises ValueError where it has no id or no stars."""
    name = identity(review.get("id"))
    consumer = mapping(review.get("consumer"))
    rating = parse_rating(review.get("stars"), 1, 5)
    if rating is None:
        raise ValueError(f"stars of an unknown kind: {str(review.get('stars'))[:40]!r}")
    user = words(consumer.get("id"), 200)
    created, updated = parse_date(review.get("createdAt")), parse_date(review.get("updatedAt"))
    return Post(
        kind=PostKind.REVIEW,
        external_id=name,
        title=words(review.get("title")),
        text=words(review.get("text"), MAX_TEXT) or "",
        author=Author(
            id=user,
            name=words(consumer.get("displayName"), 200),
            url=f"https://www.trustpilot.com/users/{user}" if user else None,
        ),
        language=language(review.get("language")),
        rating=rating,
        published_at=created,
        updated_at=updated if updated != created else None,
        url=_address(name),
        owner_reply=_reply(mapping(review.get("companyReply"))),
        reach=Reach(likes=number(review.get("numberOfLikes"))),
    )


def _reply(reply: dict[str, Any]) -> OwnerReply | None:
    text = words(reply.get("text"), MAX_TEXT)
    return OwnerReply(text, parse_date(reply.get("createdAt"))) if text else None
