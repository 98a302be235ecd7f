"""Reviews of products in shops with WooCommerce, read by the kind wordpress."""

import json
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from replay import Reply, Request, Site, StillClock, door

from collectors.errors import Blocked, NotFound
from collectors.post import PostKind, Rating
from collectors.source import Answer, Cursor, Page
from collectors.sources.wordpress import Options, WordPress

REVIEWS = "/wp-json/wc/store/v1/products/reviews"
NOON = StillClock().start


def review(number: int, days_ago: float = 1.0, **more: object) -> dict[str, Any]:
    moment = NOON - timedelta(days=days_ago)
    return {
        "id": number,
        "date_created": (moment + timedelta(hours=1)).strftime("%Y-%m-%dT%H:%M:%S"),
        "date_created_gmt": moment.strftime("%Y-%m-%dT%H:%M:%S"),
        "product_id": 9,
        "product_name": "Lampe &amp; pied",
        "product_permalink": "https://shop.example/produit/lampe/",
        "reviewer": "Zoé",
        "review": f"<p>Avis {number}</p>\n",
        "rating": 4,
        "verified": True,
        **more,
    }


def parse(*items: object) -> Page:
    return WordPress.parse(Answer("", json.dumps(items).encode()))


def test_a_review_in_full() -> None:
    (post,) = parse(review(7)).posts
    assert (post.kind, post.external_id, post.text) == (PostKind.REVIEW, "review-7", "Avis 7")
    assert (post.rating, post.author.name) == (Rating(4.0), "Zoé")
    assert post.published_at == datetime(2026, 11, 20, 12, tzinfo=UTC)
    assert post.segments == {"product": "Lampe & pied", "verified": "yes"}
    assert post.url == "https://shop.example/produit/lampe/#comment-7"


@pytest.mark.parametrize("stars", [0, 6, None, "5 stars"])
def test_stars_that_are_none_are_left_out_and_the_review_is_kept(stars: object) -> None:
    assert parse(review(1, rating=stars)).posts[0].rating is None


def test_a_review_without_an_id_is_named_and_the_rest_goes_on() -> None:
    page = parse(review(1), review(2) | {"id": None}, review(3))
    assert [post.external_id for post in page.posts] == ["review-1", "review-3"]
    assert [fault.item for fault in page.faults] == ["item 2"]


VALUES = st.none() | st.booleans() | st.integers() | st.text(max_size=20) | st.lists(st.integers(), max_size=2)


@settings(max_examples=30, deadline=None)
@given(st.dictionaries(st.sampled_from(sorted(review(1))), VALUES))
def test_a_review_may_hold_anything_in_any_place(fields: dict[str, object]) -> None:
    page = parse(review(1) | fields)
    assert len(page.posts) + len(page.faults) == 1


@pytest.fixture
def site() -> Iterator[Site]:
    with Site() as running:
        yield running


def serve(site: Site, reviews: list[dict[str, Any]], path: str = REVIEWS) -> None:
    def answer(request: Request) -> Reply:
        page, size = int(request.query["page"]), int(request.query["per_page"])
        found = sorted(reviews, key=lambda one: one["date_created_gmt"], reverse=True)
        headers = {"X-WP-Total": str(len(found)), "X-WP-TotalPages": str(-(-len(found) // size))}
        return Reply(json.dumps(found[(page - 1) * size : page * size]).encode(), headers=headers)

    site.route(path, answer)


def walk(site: Site, cursor: Cursor | None = None, **options: object) -> list[Page]:
    chosen = Options.model_validate({"url": site.url(""), "read": ["reviews"], **options})
    with door(site) as http:
        return list(WordPress(chosen).pages(http, cursor or {}))


def ids(pages: list[Page]) -> list[str]:
    return [post.external_id for page in pages for post in page.posts]


def test_all_reviews_are_read_and_then_only_new_ones(site: Site) -> None:
    old = [review(number, number) for number in range(1, 251)]
    serve(site, old)
    pages = walk(site)
    assert len(set(ids(pages))) == 250
    serve(site, [*old, review(900, 0.1)])
    again = walk(site, pages[-1].cursor)
    assert "review-900" in ids(again)
    assert len(again) == 2


def test_comments_and_reviews_keep_their_own_places(site: Site) -> None:
    serve(site, [review(1)])
    comment = {"id": 5, "post": 2, "parent": 0, "date_gmt": "2026-11-20T10:00:00", "content": {"rendered": "x"}}
    site.put("/wp-json/wp/v2/comments", json.dumps([comment]))
    pages = walk(site, read=["reviews", "comments"])
    assert ids(pages) == ["review-1", "comment-5"]
    assert set(pages[-1].cursor) >= {"reviews", "until"}
    assert ids(walk(site, pages[-1].cursor, read=["comments"])) == ["comment-5"]
    assert "reviews" in walk(site, pages[-1].cursor, read=["comments"])[-1].cursor


def test_a_run_goes_on_where_the_last_one_had_to_stop(site: Site) -> None:
    serve(site, [review(number, number) for number in range(1, 351)])
    first = walk(site, max_pages=2)
    assert len(first) == 2
    assert len(set(ids([*first, *walk(site, first[-1].cursor)]))) == 350


def test_a_shop_without_readable_addresses_is_asked_the_other_way(site: Site) -> None:
    serve(site, [review(1)], path="/")
    assert ids(walk(site)) == ["review-1"]
    assert site.asked("/")[0].query["rest_route"] == "/wc/store/v1/products/reviews"


def test_a_site_that_is_no_shop_says_so(site: Site) -> None:
    with pytest.raises(NotFound):
        walk(site)
    site.put(REVIEWS, b"<html>no</html>", status=403)
    with pytest.raises(Blocked):
        walk(site)
