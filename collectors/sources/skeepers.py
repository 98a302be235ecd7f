"""Skeepers, Avis Vérifiés: your shop's verified reviews, from the files that are written for it every night.

**Covers** all published reviews of the shop, and those of products with `products`, with mark, text, date and the
shop's answer in the thread below. The files change once a night, at about 03:00: to look twice a day is plenty. A
file that has not changed is not sent again; products are looked into only where their number of reviews or their
average has changed.

**Cannot:** reviews that were taken down later; the files in XML and CSV (choose JSON).

**The key** is the shop's technical number: in the back office under *Integration, Retrieve your reviews, API*,
have the files made as JSON. The addresses shown there end in `/fr/cache/x/x/x/NUMBER/AWS/…`: `country` is the
first part, `website_id` the long NUMBER. robots.txt is obeyed; should it forbid these files, which are yours,
name their host in `robots_exempt` of `[http]`.

```toml
[[sources]]
name = "Avis Vérifiés"
kind = "skeepers"
schedule = "every day at 06:00"
[sources.options]
website_id = "00000000-0000-0000-0000-000000000000"
country = "fr"
products = true
```

Dates carry no zone: they are taken for Paris time, as is the company. Written after
https://verifiedreviews.zendesk.com/hc/en-us/articles/360020010099 and what public shop software does with these
files: no real answer was at hand, so what differs from it is named and left out.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from datetime import datetime
from functools import partial
from typing import TYPE_CHECKING, Any, ClassVar, cast
from urllib.parse import quote, unquote
from zoneinfo import ZoneInfo

from pydantic import Field, model_validator

from collectors.dates import parse_date
from collectors.errors import NotFound
from collectors.json_answers import document, identity, listing, mapping, read_items, words
from collectors.markup import MAX_TEXT
from collectors.post import Author, OwnerReply, Post, PostKind
from collectors.ratings import parse_rating
from collectors.source import Answer, Cursor, Page, ParseError, Source, SourceOptions
from collectors.walks import in_turn

if TYPE_CHECKING:
    from collectors.http import Http

_SERVICE = "Avis Vérifiés"
_SHOP = "WEBSITE_API/reviews.json"
_AVERAGES = "PRODUCT_API/AVERAGE/all_products.json"
_PRODUCT = "PRODUCT_API/REVIEWS/"
_REMEDY = "save a file of reviews in JSON, as in …/AWS/PRODUCT_API/REVIEWS/PRODUCT.json"
_ZONE = ZoneInfo("Europe/Paris")
_FROM_CUSTOMER = "3"
"""The `comment_origin` of what the customer adds to the thread; all else in it is the shop's."""


class Options(SourceOptions):
    """Whose files."""

    website_id: str = Field(
        pattern=r"^[0-9A-Za-z-]{8,80}$", description="The shop's number in the addresses of its files."
    )
    country: str = Field(
        default="fr", pattern="^[a-z]{2}$", description="The first part of these addresses: fr, es, it, en, br …"
    )
    shop: bool = Field(default=True, description="Read the reviews of the shop.")
    products: bool = Field(default=False, description="Read the reviews of its products, one file for each.")
    max_requests: int = Field(
        default=200, ge=1, description="Most files of products read in a run; the next run goes on."
    )
    site: str = Field(
        default="https://cl.avis-verifies.com", description="Where the files are; another only for tests."
    )

    @model_validator(mode="after")
    def _something(self) -> Options:
        if not (self.shop or self.products):
            raise ValueError("read the shop's reviews or those of its products, or both")
        return self


class Skeepers(Source):
    """Verified reviews of the user's own shop."""

    kind: ClassVar[str] = "skeepers"
    title: ClassVar[str] = "Skeepers, Avis Vérifiés (your own shop)"
    verified: ClassVar[bool] = False
    Options: ClassVar[type[SourceOptions]] = Options

    @classmethod
    def parse(cls, answer: Answer) -> Page:
        """Read a saved file of reviews. Raises ParseError for any other, that of averages included."""
        posts, faults = read_items(_reviews(answer), partial(_post, _product(answer.url)))
        return Page(posts, {}, faults, answer)

    def pages(self, http: Http, cursor: Cursor, *, since: datetime | None = None) -> Iterator[Page]:
        """Read the shop's file and those of products, where they changed.

        The cursor holds the version of the shop's file, what was known of each product when it was read, and how
        many products are `left` to be read. A file that cannot be read keeps no other from it.
        """
        options = cast("Options", self.options)
        state: Cursor = dict(cursor)
        files = [self._shop(http, state, since)] if options.shop else []
        yield from in_turn([*files, self._products(http, state, since)] if options.products else files)

    def under_way(self, cursor: Cursor) -> bool:
        """Whether a limit ended the run before all products were read."""
        return bool(cursor.get("left"))

    def _shop(self, http: Http, state: Cursor, since: datetime | None) -> Iterator[Page]:
        response = http.get(self._url(_SHOP), accept="application/json", **state.get("shop", {}))
        if response.not_modified:
            return
        page = _since(self.parse(response.answer()), since)
        given = {"etag": response.etag, "last_modified": response.last_modified}
        state["shop"] = {name: value for name, value in given.items() if value}
        yield replace(page, cursor=dict(state))

    def _products(self, http: Http, state: Cursor, since: datetime | None) -> Iterator[Page]:
        known: dict[str, str] = dict(state.get("products", {}))
        found = _averages(http.get(self._url(_AVERAGES), accept="application/json").answer())
        changed = {product: said for product, said in found.items() if known.get(product) != said}
        wanted = list(changed)[: cast("Options", self.options).max_requests]

        def read(product: str) -> Iterator[Page]:
            try:
                path = f"{_PRODUCT}{quote(product, safe='')}.json"
                page = _since(self.parse(http.get(self._url(path), accept="application/json").answer()), since)
            except NotFound:
                page = Page([], {})
            known[product] = changed.pop(product)
            yield replace(page, cursor={**state, "products": dict(known), "left": len(changed)})

        yield from in_turn(map(read, wanted))

    def _url(self, path: str) -> str:
        """Where a file is: the first three characters of the shop's number are folders of their own."""
        options = cast("Options", self.options)
        folders = "/".join(options.website_id[:3])
        return f"{options.site.rstrip('/')}/{options.country}/cache/{folders}/{options.website_id}/AWS/{path}"


def _since(page: Page, since: datetime | None) -> Page:
    """The page without what is older than asked for."""
    if since is None:
        return page
    return replace(page, posts=[post for post in page.posts if (post.published_at or since) >= since])


def _product(url: str) -> str | None:
    """The product that a file is about, by its address."""
    _, marker, file = url.partition(_PRODUCT)
    name = unquote(file.partition("?")[0].removesuffix(".json")) if marker else ""
    return words(name, 200)


def _reviews(answer: Answer) -> list[Any]:
    content = document(answer, _SERVICE, _REMEDY)
    if isinstance(content, dict) and content and all("nb_reviews" in mapping(one) for one in content.values()):
        raise ParseError("these are the averages of products, not reviews", remedy=_REMEDY)
    if not isinstance(content, list):
        raise ParseError(f"JSON, but no file of reviews of {_SERVICE}", remedy=_REMEDY)
    if content and not any({"id_review", "rate"} <= mapping(review).keys() for review in content):
        raise ParseError(f"a list, but not of reviews of {_SERVICE}", remedy=_REMEDY)
    return content


def _averages(answer: Answer) -> dict[str, str]:
    """Each product, and what tells whether its reviews have changed: their number and their average."""
    content = document(answer, _SERVICE)
    if not isinstance(content, dict) or not all("nb_reviews" in mapping(one) for one in content.values()):
        raise ParseError(f"{_SERVICE} lists its products in an unknown way", remedy="please report it")
    return {
        product: f"{words(mapping(one).get('nb_reviews'), 20)} {words(mapping(one).get('rate'), 20)}"
        for product, one in content.items()
    }


def _post(product: str | None, review: dict[str, Any]) -> Post:
    """One review. Raises ValueError where it has no id or no mark."""
    rating = parse_rating(review.get("rate"), 1, 5)
    if rating is None:
        raise ValueError(f"a mark of an unknown kind: {str(review.get('rate'))[:40]!r}")
    name = " ".join(part for key in ("firstname", "lastname") if (part := words(review.get(key), 100)))
    return Post(
        kind=PostKind.REVIEW,
        external_id=_name(review, product),
        text=words(review.get("review"), MAX_TEXT) or "",
        author=Author(name=name or None),
        rating=rating,
        published_at=_moment(review.get("review_date")) or _moment(review.get("publish_date")),
        owner_reply=_reply(listing(review.get("moderation"))),
        segments={"product": product} if product else {},
    )


def _name(review: dict[str, Any], product: str | None) -> str:
    """One purchase may be reviewed as a whole and product by product, all under one `id_review`."""
    if own := words(review.get("id_review_product"), 200):
        return f"product-{own}"
    name = identity(review.get("id_review"))
    return f"{name}/{product}" if product else name


def _reply(thread: list[Any]) -> OwnerReply | None:
    """The last thing that the shop said below the review."""
    said = [one for one in map(mapping, thread) if words(one.get("comment_origin")) != _FROM_CUSTOMER]
    answers = [one for one in said if words(one.get("comment"), MAX_TEXT)]
    if not answers:
        return None
    last = max(answers, key=lambda one: str(_moment(one.get("comment_date")) or ""))
    return OwnerReply(words(last["comment"], MAX_TEXT) or "", _moment(last.get("comment_date")))


def _moment(value: object) -> datetime | None:
    return parse_date(value, zone=_ZONE)
