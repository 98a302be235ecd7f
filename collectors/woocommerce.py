"""Reviews of products as WooCommerce's Store API gives them, which shops on WordPress show to everybody.

`/wp-json/wc/store/v1/products/reviews`
(https://developer.woocommerce.com/docs/apis/store-api/resources-endpoints/product-reviews/).
"""

from __future__ import annotations

from typing import Any

from collectors.dates import parse_date
from collectors.json_answers import identity, number, web_address, words
from collectors.markup import to_text
from collectors.post import Author, Post, PostKind, Rating

ROUTE = "wc/store/v1/products/reviews"


def is_review(item: dict[str, Any]) -> bool:
    """Whether an object of an answer is a review of a product."""
    return "review" in item and ("product_id" in item or "rating" in item)


def review(item: dict[str, Any]) -> Post:
    """A review. `date_created_gmt` is UTC though it does not say so. Raises ValueError without id."""
    own = identity(item.get("id"))
    stars = number(item.get("rating"))
    page, product = web_address(item.get("product_permalink")), words(item.get("product_name"), 300)
    bought = {True: "yes", False: "no"}.get(item["verified"]) if isinstance(item.get("verified"), bool) else None
    segments = {"product": to_text(product) if product else None, "verified": bought}
    return Post(
        kind=PostKind.REVIEW,
        external_id=f"review-{own}",
        text=to_text(str(item.get("review") or "")),
        author=Author(name=words(item.get("reviewer"), 200)),
        rating=Rating(stars) if stars is not None and 1 <= stars <= 5 else None,
        published_at=parse_date(item.get("date_created_gmt")) or parse_date(item.get("date_created")),
        url=f"{page}#comment-{own}" if page else None,
        segments={name: value for name, value in segments.items() if value},
    )
