"""Google Places: both shapes of its answers, its captures, and asking with a key that is never kept."""

import json
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
from pydantic import SecretStr, ValidationError
from replay import Reply, Request, Site, door

from collectors.errors import Blocked, NotFound
from collectors.post import Post, PostKind, Rating
from collectors.source import Answer, Page, ParseError, SourceError
from collectors.sources.google_places import GooglePlaces, Options

PLACE = "ChIJ-abc_123"
LEGACY = "/maps/api/place/details/json"


def new_review(number: int = 1, **more: object) -> dict[str, Any]:
    return {
        "name": f"places/{PLACE}/reviews/R{number}",
        "relativePublishTimeDescription": "il y a 2 semaines",
        "rating": 4,
        "text": {"text": "Very good", "languageCode": "en"},
        "originalText": {"text": "Très bien", "languageCode": "fr"},
        "authorAttribution": {
            "displayName": "Zoé",
            "uri": "https://www.google.com/maps/contrib/117/reviews",
            "photoUri": "https://example.org/zoe.jpg",
        },
        "publishTime": "2026-11-07T10:11:12.345678901Z",
        "googleMapsUri": f"https://www.google.com/maps/reviews/R{number}",
    } | more


def legacy_review(number: int = 1, **more: object) -> dict[str, Any]:
    return {
        "author_name": "Zoé",
        "author_url": f"https://www.google.com/maps/contrib/{number}/reviews",
        "language": "fr",
        "rating": 4,
        "relative_time_description": "il y a un mois",
        "text": "Très bien",
        "time": 1_600_000_000 + number,
    } | more


def new_place(*reviews: object) -> dict[str, Any]:
    return {
        "id": PLACE,
        "displayName": {"text": "Lila"},
        "rating": 4.4,
        "userRatingCount": 17,
        "reviews": reviews,
    }


def legacy_place(*reviews: object, **more: object) -> dict[str, Any]:
    return {"result": {"place_id": PLACE, "reviews": reviews}, "status": "OK", **more}


def parse(content: object, url: str = "") -> Page:
    return GooglePlaces.parse(Answer(url, json.dumps(content).encode()))


def one(content: object) -> Post:
    page = parse(content)
    assert page.faults == []
    (post,) = page.posts
    return post


def test_a_review_of_the_new_interface_is_read_in_its_original_words() -> None:
    post = one(new_place(new_review()))
    assert (post.kind, post.external_id) == (PostKind.REVIEW, f"places/{PLACE}/reviews/R1")
    assert (post.text, post.language, post.rating) == ("Très bien", "fr", Rating(4, 1, 5))
    assert (post.author.id, post.author.name) == ("117", "Zoé")
    assert post.published_at == datetime(2026, 11, 7, 10, 11, 12, 345_678, UTC)
    assert post.url == "https://www.google.com/maps/reviews/R1"


def test_a_review_without_words_or_translation_is_read_too() -> None:
    bare = new_review(2)
    del bare["originalText"]
    assert (one(new_place(bare)).text, one(new_place(bare)).language) == ("Very good", "en")
    del bare["text"]
    assert (one(new_place(bare)).text, one(new_place(bare)).language) == ("", None)


def test_a_review_of_the_legacy_interface_is_read() -> None:
    post = one(legacy_place(legacy_review(9)))
    assert (post.external_id, post.author.id, post.author.name) == (f"{PLACE}/9", "9", "Zoé")
    assert (post.text, post.language, post.rating) == ("Très bien", "fr", Rating(4, 1, 5))
    assert post.published_at == datetime.fromtimestamp(1_600_000_009, UTC)


def test_the_same_person_s_reviews_of_two_places_are_two() -> None:
    first, second = legacy_place(legacy_review()), legacy_place(legacy_review())
    second["result"]["place_id"] = "ChIJ-other"
    assert one(first).external_id != one(second).external_id


def test_an_edited_legacy_review_stays_the_same_one() -> None:
    edited = legacy_review(text="Finalement non", time=1_700_000_000, rating=1)
    assert one(legacy_place(legacy_review())).external_id == one(legacy_place(edited)).external_id


def test_who_has_no_page_is_told_from_others_by_what_they_wrote() -> None:
    unnamed = [legacy_review(n, author_url=None, text=f"avis {n}") for n in (1, 2)]
    page = parse(legacy_place(*unnamed))
    assert len({post.external_id for post in page.posts}) == 2
    assert [post.author.id for post in page.posts] == [None, None]


def test_where_the_answer_does_not_name_the_place_its_address_does() -> None:
    (post,) = parse(
        {"result": {"reviews": [legacy_review(3)]}, "status": "OK"}, f"https://x/y?place_id={PLACE}"
    ).posts
    assert post.external_id == f"{PLACE}/3"
    (post,) = parse({"result": {"reviews": [legacy_review(3)]}, "status": "OK"}, "http://[broken").posts
    assert post.external_id == "3"


@pytest.mark.parametrize(
    "content",
    [new_place(), {"name": f"places/{PLACE}", "id": PLACE}, legacy_place(), {"result": {}, "status": "OK"}],
)
def test_a_place_without_reviews_gives_none(content: dict[str, Any]) -> None:
    content.pop("reviews", None) if not content.get("reviews") else None
    assert parse(content).posts == []


def test_a_damaged_review_stops_no_other() -> None:
    page = parse(new_place(new_review(1), new_review(2, name=None), "no review", new_review(4, rating="many")))
    assert [(post.external_id[-2:], post.rating) for post in page.posts] == [
        ("R1", Rating(4, 1, 5)),
        ("R4", None),
    ]
    assert [fault.item for fault in page.faults] == ["item 2", "item 3"]


@pytest.mark.parametrize(
    ("body", "says"),
    [
        (b"no", "no JSON"),
        (b"[]", "no place"),
        (b"{}", "no place"),
        (b'{"reviews": 7}', "no place"),
        (b'{"did": "did:plc:x", "displayName": "a person elsewhere"}', "no place"),
        (b'{"reviews": [{"id": "1", "stars": 5}]}', "not those of Google Places"),
        (b'{"reviews": [{"reviewId": "1", "starRating": "FIVE"}]}', "not those of Google Places"),
        (b'{"status": "OK"}', "no details"),
        (b'{"status": "OK", "result": {"reviews": {}}}', "no details"),
        (b'{"status": "UNKNOWN_ERROR"}', "no details"),
        (b'{"status": "NOT_FOUND"}', "no such place"),
    ],
)
def test_any_other_answer_is_named(body: bytes, says: str) -> None:
    with pytest.raises(ParseError, match=says) as caught:
        GooglePlaces.parse(Answer("", body))
    assert caught.value.remedy


# --- captures -----------------------------------------------------------------------------------------------


def captured(shared: Path, name: str) -> tuple[list[Post], list[dict[str, Any]]]:
    """The posts of a capture, and its reviews as they stand in it."""
    body = (shared / "captures" / "googleplaces" / name).read_bytes()
    page = GooglePlaces.parse(Answer("", body))
    assert page.faults == []
    return page.posts, json.loads(body)["result"]["reviews"]


def test_the_captured_restaurant_gives_its_five_reviews(shared: Path) -> None:
    posts, reviews = captured(shared, "paris-restaurant-details-2021.json")
    assert [(post.rating.value, post.published_at) for post in posts if post.rating] == [
        (3.0, datetime(2021, 9, 5, 15, 13, 33, tzinfo=UTC)),
        (4.0, datetime(2020, 9, 14, 7, 12, 46, tzinfo=UTC)),
        (5.0, datetime(2021, 9, 15, 23, 12, 44, tzinfo=UTC)),
        (5.0, datetime(2021, 7, 15, 13, 12, 52, tzinfo=UTC)),
        (2.0, datetime(2021, 9, 11, 19, 54, 47, tzinfo=UTC)),
    ]
    assert {post.language for post in posts} == {"fr"}
    assert [post.text for post in posts] == [review["text"].strip() for review in reviews]
    assert [post.author.name for post in posts] == [review["author_name"] for review in reviews]
    assert [f"https://www.google.com/maps/contrib/{post.author.id}/reviews" for post in posts] == [
        review["author_url"] for review in reviews
    ]
    assert len({post.external_id for post in posts}) == 5


def test_the_captured_shop_gives_its_three_reviews(shared: Path) -> None:
    posts, reviews = captured(shared, "fromagerie-reviews-2018-excerpt.json")
    assert [(post.rating.value, post.published_at) for post in posts if post.rating] == [
        (5.0, datetime(2018, 5, 26, 13, 18, 11, tzinfo=UTC)),
        (4.0, datetime(2018, 2, 25, 19, 24, 44, tzinfo=UTC)),
        (4.0, datetime(2018, 3, 27, 6, 19, 55, tzinfo=UTC)),
    ]
    assert [post.text for post in posts] == [review["text"] for review in reviews]


# --- asking -------------------------------------------------------------------------------------------------


def options(site: Site, **more: object) -> Options:
    given = {"key": SecretStr("k3y-of-mine"), "places": [PLACE], "site": site.url("")}
    return Options.model_validate({**given, **more})


def read(site: Site, since: datetime | None = None, **more: object) -> list[Page]:
    with door(site) as http:
        return list(GooglePlaces(options(site, **more)).pages(http, {}, since=since))


def test_the_new_interface_is_asked_with_the_key_in_a_header() -> None:
    with Site() as site:
        site.put(f"/v1/places/{PLACE}", json.dumps(new_place(new_review(1), new_review(2))))
        (page,) = read(site, places={PLACE: "Paris Opéra"})
        (request,) = site.requests
    assert [post.segments for post in page.posts] == [{"location": "Paris Opéra"}] * 2
    assert request.headers["x-goog-api-key"] == "k3y-of-mine"
    assert "reviews" in request.headers["x-goog-fieldmask"]
    assert request.query == {"languageCode": "fr"}


def test_the_legacy_interface_is_asked_for_the_newest_in_their_own_words() -> None:
    with Site() as site:
        site.put(LEGACY, json.dumps(legacy_place(legacy_review())))
        (page,) = read(site, interface="legacy")
        (request,) = site.requests
    assert len(page.posts) == 1
    wanted = {
        "reviews_sort": "newest",
        "reviews_no_translations": "true",
        "place_id": PLACE,
        "key": "k3y-of-mine",
    }
    assert wanted.items() <= request.query.items()


@pytest.mark.parametrize("interface", ["new", "legacy"])
def test_nothing_but_the_posts_is_kept_of_an_answer(interface: str) -> None:
    with Site() as site:
        site.put(LEGACY, json.dumps(legacy_place(legacy_review())))
        site.put(f"/v1/places/{PLACE}", json.dumps(new_place(new_review())))
        (page,) = read(site, interface=interface)
    assert (page.answer, page.cursor) == (None, {})
    assert "k3y" not in repr(page)


def test_what_is_older_than_asked_for_is_left_out() -> None:
    with Site() as site:
        site.put(
            f"/v1/places/{PLACE}",
            json.dumps(new_place(new_review(1), new_review(2, publishTime="2020-01-01T00:00:00Z"))),
        )
        (page,) = read(site, since=datetime(2026, 1, 1, tzinfo=UTC))
    assert [post.external_id[-2:] for post in page.posts] == ["R1"]


def test_a_place_that_is_gone_stops_no_other() -> None:
    with Site() as site:
        site.put(f"/v1/places/{PLACE}", json.dumps(new_place(new_review())))
        with door(site) as http:
            pages = GooglePlaces(options(site, places=["ChIJ-gone", PLACE])).pages(http, {})
            assert len(next(pages).posts) == 1
            with pytest.raises(NotFound):
                next(pages)


def test_a_key_that_is_refused_is_told_without_it() -> None:
    said = '{"error": {"code": 400, "message": "API key k3y-of-mine not valid.", "status": "INVALID_ARGUMENT"}}'
    with Site() as site:
        site.put(f"/v1/places/{PLACE}", said, status=400)
        with pytest.raises(Blocked, match="not valid") as caught:
            read(site)
    assert "k3y" not in str(caught.value)
    assert "billing" in caught.value.remedy


@pytest.mark.parametrize("status", ["REQUEST_DENIED", "OVER_QUERY_LIMIT"])
def test_the_legacy_interface_refuses_within_an_answer_that_looks_fine(status: str) -> None:
    with Site() as site:
        site.put(LEGACY, json.dumps({"status": status, "error_message": "This API project is not authorized"}))
        with pytest.raises(Blocked, match="not authorized"):
            read(site, interface="legacy")


def test_an_error_of_the_legacy_interface_does_not_show_the_key_of_its_address() -> None:
    def refuse(request: Request) -> Reply:
        return Reply(b"{}", status=500)

    with Site() as site:
        site.route(LEGACY, refuse)
        with pytest.raises(SourceError) as caught:
            read(site, interface="legacy")
    assert "k3y" not in f"{caught.value}{caught.value.__cause__}"


def test_each_reading_counts_against_what_the_user_is_ready_to_pay_for() -> None:
    with Site() as site:
        site.put(f"/v1/places/{PLACE}", json.dumps(new_place(new_review())))
        assert [page.spent for page in read(site)] == [1]
        quota = GooglePlaces(options(site, daily_requests=7)).quota()
    assert quota.units == 7
    assert quota.resets_at(datetime(2026, 11, 21, 12, tzinfo=UTC)) == datetime(2026, 11, 22, 8, tzinfo=UTC)


@pytest.mark.parametrize(
    "wrong",
    [{"key": "in clear"}, {"places": []}, {"places": ["a/../b"]}, {"language": "French"}, {"interface": "old"}],
)
def test_wrong_options_are_refused(wrong: dict[str, object]) -> None:
    with pytest.raises(ValidationError):
        Options.model_validate({"key": "env:KEY", "places": PLACE, **wrong})
