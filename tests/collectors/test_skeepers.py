"""Avis Vérifiés: its nightly files as documented, read only where they changed."""

import json
from datetime import UTC, datetime
from typing import Any

import pytest
from pydantic import ValidationError
from replay import Reply, Site, door

from collectors.errors import Blocked
from collectors.post import OwnerReply, Post, PostKind, Rating
from collectors.source import Answer, Cursor, Page, ParseError, SourceError
from collectors.sources.skeepers import Options, Skeepers

NUMBER = "abc00000-1111-2222-3333-444444444444"
AWS = f"/fr/cache/a/b/c/{NUMBER}/AWS"
SHOP = f"{AWS}/WEBSITE_API/reviews.json"
AVERAGES = f"{AWS}/PRODUCT_API/AVERAGE/all_products.json"
PRODUCT = "https://cl.avis-verifies.com/fr/cache/a/b/c/abc/AWS/PRODUCT_API/REVIEWS/"


def review(number: int = 1, **more: object) -> dict[str, Any]:
    return {
        "id_review": f"{number:08d}",
        "order_ref": "C-17",
        "firstname": "Zoé",
        "lastname": "M",
        "email": "",
        "review": "Livré à l'heure",
        "rate": "4",
        "review_date": "2026-07-14 10:00:00",
        "publish_date": "2026-07-16 10:00:00",
    } | more


def said(origin: object, comment: object, at: str = "2026-07-17T09:30:00.0000000 +02:00") -> dict[str, object]:
    return {"comment_origin": origin, "comment": comment, "comment_date": at}


def parse(content: object, url: str = "") -> Page:
    return Skeepers.parse(Answer(url, json.dumps(content).encode()))


def one(url: str = "", **fields: object) -> Post:
    page = parse([review(**fields)], url)
    assert page.faults == []
    (post,) = page.posts
    return post


def test_a_review_has_all_its_parts() -> None:
    post = one()
    assert (post.kind, post.external_id, post.text) == (PostKind.REVIEW, "00000001", "Livré à l'heure")
    assert (post.rating, post.author.name) == (Rating(4, 1, 5), "Zoé M")
    assert (post.owner_reply, post.segments) == (None, {})


@pytest.mark.parametrize(
    ("written", "hour"),
    [("2026-07-14 10:00:00", 8), ("2026-01-14 10:00:00", 9), ("2026-07-14T10:00:00+02:00", 8)],
    ids=["summer", "winter", "with a zone"],
)
def test_dates_without_a_zone_are_those_of_paris(written: str, hour: int) -> None:
    published = one(review_date=written).published_at
    assert published is not None
    assert (published.utcoffset(), published.hour) == (UTC.utcoffset(None), hour)


def test_the_shop_s_last_word_in_the_thread_is_its_reply() -> None:
    thread = [
        said("2", "Nous regardons", "2026-07-15 09:00:00"),
        said("3", "Toujours rien ?", "2026-07-18 09:00:00"),
        said(2, "C'est réparé"),
        said("2", ""),
        "no comment",
    ]
    assert one(moderation=thread).owner_reply == OwnerReply(
        "C'est réparé", datetime(2026, 7, 17, 7, 30, tzinfo=UTC)
    )


@pytest.mark.parametrize("thread", [None, "", [], [said("3", "Bonjour")], [said(3, "Bonjour")], {"a": 1}])
def test_without_a_word_of_the_shop_there_is_no_reply(thread: object) -> None:
    assert one(moderation=thread).owner_reply is None


def test_a_product_s_review_is_told_from_that_of_the_whole_purchase() -> None:
    shop = one()
    product = one(f"{PRODUCT}L%2F1.json?x=1", id_review_product="77")
    nameless = one(f"{PRODUCT}L-2.json")
    assert [post.external_id for post in (shop, product, nameless)] == ["00000001", "product-77", "00000001/L-2"]
    assert [post.segments for post in (product, nameless)] == [{"product": "L/1"}, {"product": "L-2"}]


@pytest.mark.parametrize("mark", [None, "", "0", "6", "bien", {}])
def test_a_mark_of_another_kind_is_named(mark: object) -> None:
    page = parse([review(1), review(2, rate=mark)])
    assert [post.external_id for post in page.posts] == ["00000001"]
    assert "mark" in page.faults[0].problem


@pytest.mark.parametrize(
    ("content", "says"),
    [
        ({}, "no file of reviews"),
        ({"3819": {"id_product": "3819", "rate": "5", "nb_reviews": "1"}}, "averages"),
        ([{"id": 1}], "not of reviews"),
        (["x"], "not of reviews"),
        ("x", "no file of reviews"),
    ],
)
def test_any_other_file_is_named_with_what_to_do(content: object, says: str) -> None:
    with pytest.raises(ParseError, match=says) as caught:
        parse(content)
    assert "JSON" in caught.value.remedy


@pytest.mark.parametrize("body", [b"<?xml version='1.0'?><reviews/>", b"id;review;rate\n1;Bien;5", b""])
def test_the_other_forms_of_the_files_are_named(body: bytes) -> None:
    with pytest.raises(ParseError, match="Avis Vérifiés"):
        Skeepers.parse(Answer("", body))


def test_an_empty_file_is_no_error() -> None:
    assert parse([]).posts == []


# --- reading the files --------------------------------------------------------------------------------------


def put_products(site: Site, **counts: int) -> None:
    averages = {
        name: {"id_product": name, "rate": "4.5", "nb_reviews": str(count)} for name, count in counts.items()
    }
    site.put(AVERAGES, json.dumps(averages))
    for name, count in counts.items():
        reviews = [review(number, id_review_product=f"{name}{number}") for number in range(count)]
        site.put(f"{AWS}/PRODUCT_API/REVIEWS/{name}.json", json.dumps(reviews))


def read(site: Site, cursor: Cursor | None = None, since: datetime | None = None, **more: object) -> list[Page]:
    options = Options.model_validate({"website_id": NUMBER, "site": site.url(""), **more})
    with door(site) as http:
        return list(Skeepers(options).pages(http, cursor or {}, since=since))


def ids(pages: list[Page]) -> list[str]:
    return [post.external_id for page in pages for post in page.posts]


def test_the_shop_s_file_is_read_once_for_each_version() -> None:
    with Site() as site:
        site.put_versioned(SHOP, json.dumps([review(1), review(2)]), etag='"night-1"')
        first = read(site)
        assert ids(first) == ["00000001", "00000002"]
        assert read(site, first[-1].cursor) == []
        site.put_versioned(SHOP, json.dumps([review(1), review(2), review(3)]), etag='"night-2"')
        assert ids(read(site, first[-1].cursor)) == ["00000001", "00000002", "00000003"]


def test_only_products_with_something_new_are_looked_into() -> None:
    with Site() as site:
        put_products(site, lampe=2, vase=1)
        first = read(site, shop=False, products=True)
        assert ids(first) == ["product-lampe0", "product-lampe1", "product-vase0"]
        put_products(site, lampe=2, vase=2)
        before = len(site.requests)
        again = read(site, first[-1].cursor, shop=False, products=True)
        assert ids(again) == ["product-vase0", "product-vase1"]
        assert {post.segments["product"] for post in again[0].posts} == {"vase"}
        assert [one.path for one in site.requests[before:] if one.path != "/robots.txt"] == [
            AVERAGES, f"{AWS}/PRODUCT_API/REVIEWS/vase.json",
        ]  # fmt: skip


def test_many_products_are_read_over_several_runs() -> None:
    with Site() as site:
        put_products(site, a=1, b=1, c=1)
        first = read(site, shop=False, products=True, max_requests=2)
        rest = read(site, first[-1].cursor, shop=False, products=True, max_requests=2)
        source = Skeepers(Options.model_validate({"website_id": NUMBER}))
        assert [source.under_way(pages[-1].cursor) for pages in (first, rest)] == [True, False]
        assert ids(first) + ids(rest) == ["product-a0", "product-b0", "product-c0"]
        assert read(site, rest[-1].cursor, shop=False, products=True) == []


def test_a_product_whose_file_is_gone_stops_no_other() -> None:
    with Site() as site:
        put_products(site, a=1, b=1)
        site.route(f"{AWS}/PRODUCT_API/REVIEWS/a.json", lambda request: Reply(status=404))
        pages = read(site, shop=False, products=True)
        assert ids(pages) == ["product-b0"]


def test_a_file_that_is_broken_stops_no_other_and_is_asked_for_again() -> None:
    with Site() as site:
        put_products(site, a=1, b=1)
        site.put(SHOP, "<p>maintenance</p>")
        site.put(f"{AWS}/PRODUCT_API/REVIEWS/a.json", '[{"id_review":')
        options = Options.model_validate({"website_id": NUMBER, "site": site.url(""), "products": True})
        with door(site) as http:
            pages = Skeepers(options).pages(http, {})
            page = next(pages)
            assert ids([page]) == ["product-b0"]
            with pytest.raises(SourceError, match="no JSON"):
                next(pages)
        assert Skeepers(options).under_way(page.cursor)
        site.put(SHOP, json.dumps([review(1)]))
        put_products(site, a=1, b=1)
        assert ids(read(site, page.cursor, products=True)) == ["00000001", "product-a0"]


def test_shop_and_products_share_the_cursor() -> None:
    with Site() as site:
        site.put_versioned(SHOP, json.dumps([review(1)]), etag='"1"')
        put_products(site, a=1)
        pages = read(site, products=True)
        assert ids(pages) == ["00000001", "product-a0"]
        assert read(site, pages[-1].cursor, products=True) == []


def test_reading_back_to_a_day_gives_what_is_newer() -> None:
    with Site() as site:
        site.put_versioned(
            SHOP, json.dumps([review(1), review(2, review_date="2020-01-01 00:00:00")]), etag='"1"'
        )
        assert ids(read(site, since=datetime(2026, 1, 1, tzinfo=UTC))) == ["00000001"]


@pytest.mark.parametrize("averages", ["[]", '{"a": 1}', "<p>", '{"a": {"rate": 5}}'])
def test_a_list_of_products_of_another_shape_is_an_error(averages: str) -> None:
    with Site() as site:
        site.put(AVERAGES, averages)
        with pytest.raises(SourceError, match="Avis Vérifiés"):
            read(site, shop=False, products=True)


def test_a_product_s_name_cannot_lead_elsewhere() -> None:
    with Site() as site:
        site.put(AVERAGES, json.dumps({"../../x": {"nb_reviews": "1", "rate": "5"}}))
        assert ids(read(site, shop=False, products=True)) == []
        assert "/fr/cache/x" not in "".join(site.paths)


def test_robots_txt_is_obeyed() -> None:
    with Site() as site:
        site.put("/robots.txt", "User-agent: *\nDisallow: /fr/cache/")
        with pytest.raises(Blocked):
            read(site)


@pytest.mark.parametrize(
    "wrong", [{"website_id": "a/../b"}, {"website_id": ""}, {"country": "FR"}, {"shop": False}, {"key": "x"}]
)
def test_wrong_options_are_refused(wrong: dict[str, object]) -> None:
    with pytest.raises(ValidationError):
        Options.model_validate({"website_id": NUMBER, **wrong})
