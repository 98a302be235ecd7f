"""Trustpilot: the interface's answers, saved pages, the captured excerpt, and walking with a key."""

import json
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from pydantic import SecretStr, ValidationError
from replay import Reply, Request, Site, door

from collectors.errors import Blocked
from collectors.post import OwnerReply, Post, PostKind, Rating
from collectors.source import Answer, Cursor, Page, ParseError, SourceError
from collectors.sources.trustpilot import Options, Trustpilot

UNIT = "0" * 23 + "a"
START = datetime(2026, 1, 1, tzinfo=UTC)


def name(number: int) -> str:
    return f"{number:024x}"


def review(number: int = 1, **more: object) -> dict[str, Any]:
    """A review as the interface gives it."""
    return {
        "id": name(number),
        "stars": 4,
        "title": "Bien",
        "text": "Livré à l'heure",
        "language": "fr",
        "createdAt": (START + timedelta(hours=number)).strftime("%Y-%m-%dT%H:%M:%SZ"),
        "consumer": {"id": name(900 + number), "displayName": "Zoé"},
        "companyReply": None,
        "numberOfLikes": 2,
        "isVerified": True,
    } | more


def shown(number: int = 1, **more: object) -> dict[str, Any]:
    """The same as a page's data hold it."""
    return {
        "id": name(number),
        "rating": 4,
        "title": "Bien",
        "text": "Livré à l'heure",
        "language": "fr",
        "likes": 2,
        "dates": {
            "experiencedDate": "2025-12-20T00:00:00.000Z",
            "publishedDate": "2026-01-01T01:00:00.000Z",
            "updatedDate": None,
        },
        "consumer": {"id": name(900 + number), "displayName": "Zoé", "countryCode": "FR", "numberOfReviews": 3},
        "reply": None,
        "labels": {"verification": {"isVerified": True}},
    } | more


def marked_up(number: int = 1, **more: object) -> dict[str, Any]:
    """The same as it is marked up for search engines."""
    return {
        "@type": "Review",
        "@id": f"https://www.trustpilot.com/#/schema/Review/www.example.com/{name(number)}",
        "author": {
            "@type": "Person",
            "name": "Zoé",
            "url": f"https://fr.trustpilot.com/users/{name(900 + number)}/",
        },
        "datePublished": "2026-01-01T01:00:00.000Z",
        "headline": "Bien",
        "reviewBody": "Livré à l'heure",
        "reviewRating": {"@type": "Rating", "bestRating": "5", "worstRating": "1", "ratingValue": "4"},
    } | more


def page_of(*reviews: object, extra: object = ()) -> str:
    data = {"props": {"pageProps": {"reviews": list(reviews), "businessUnit": {"id": UNIT}}}}
    graph = {
        "@context": "https://schema.org",
        "@graph": [{"@type": "Organization", "name": "Lila"}, *list(extra)],
    }
    return (
        "<!DOCTYPE html><html><head><title>Lila</title>"
        f'<script type="application/ld+json" data-x="1">{json.dumps(graph)}</script></head><body><p>…</p>'
        f'<script id="__NEXT_DATA__" type="application/json">{json.dumps(data)}</script></body></html>'
    )  # fmt: skip


def parse(content: object, url: str = "") -> Page:
    body = content if isinstance(content, str) else json.dumps(content)
    return Trustpilot.parse(Answer(url, body.encode()))


def one(content: object) -> Post:
    page = parse(content)
    assert page.faults == []
    (post,) = page.posts
    return post


def test_a_review_of_the_interface_has_all_its_parts() -> None:
    post = one({"reviews": [review(companyReply={"text": "Merci", "createdAt": "2026-01-02T00:00:00Z"})]})
    assert (post.kind, post.external_id) == (PostKind.REVIEW, name(1))
    assert (post.title, post.text, post.language) == ("Bien", "Livré à l'heure", "fr")
    assert (post.rating, post.reach.likes) == (Rating(4, 1, 5), 2)
    assert (post.author.id, post.author.name) == (name(901), "Zoé")
    assert (post.published_at, post.updated_at) == (START + timedelta(hours=1), None)
    assert post.url == f"https://www.trustpilot.com/reviews/{name(1)}"
    assert post.owner_reply == OwnerReply("Merci", datetime(2026, 1, 2, tzinfo=UTC))


def test_dates_without_a_zone_are_utc() -> None:
    naive = review(createdAt="2013-09-07T13:37:00", updatedAt="2013-09-08T13:37:00")
    naive["companyReply"] = {"text": "Merci", "createdAt": "2013-09-09T13:37:00"}
    post = one({"reviews": [naive]})
    assert post.published_at == datetime(2013, 9, 7, 13, 37, tzinfo=UTC)
    assert post.updated_at == datetime(2013, 9, 8, 13, 37, tzinfo=UTC)
    assert post.owner_reply == OwnerReply("Merci", datetime(2013, 9, 9, 13, 37, tzinfo=UTC))


def test_a_review_is_the_same_one_whichever_way_it_comes() -> None:
    ways = [
        {"reviews": [review()]},
        review(),
        page_of(shown()),
        {"props": {"pageProps": {"reviews": [shown()]}}},
        {"pageProps": {"reviews": [shown()]}, "__N_SSP": True},
        marked_up(),
        [marked_up()],
        {"@graph": [marked_up()]},
        f'<html><script type="application/ld+json">{json.dumps(marked_up())}</script></html>',
        f'<html><script id="business" type="application/ld+json">{json.dumps(marked_up())}</script></html>',
    ]
    found = [one(way) for way in ways]
    assert {(post.external_id, post.rating, post.text, post.title) for post in found} == {
        (name(1), Rating(4, 1, 5), "Livré à l'heure", "Bien")
    }
    assert {(post.published_at, post.author.id, post.url) for post in found} == {
        (START + timedelta(hours=1), name(901), f"https://www.trustpilot.com/reviews/{name(1)}")
    }


def test_a_page_s_data_know_replies_and_likes_and_come_before_its_markup() -> None:
    replied = shown(reply={"message": "Merci", "publishedDate": "2026-01-02T00:00:00.000Z", "updatedDate": None})
    post = one(page_of(replied, extra=[marked_up()]))
    assert post.owner_reply == OwnerReply("Merci", datetime(2026, 1, 2, tzinfo=UTC))
    assert (post.reach.likes, post.language) == (2, "fr")


@pytest.mark.parametrize("damage", ['{"props": {"pageProps": {"rev', "{}", '{"props": {"pageProps": {}}}'])
def test_where_a_page_s_data_are_damaged_its_markup_is_read(damage: str) -> None:
    whole = f'<script type="application/ld+json">{json.dumps(marked_up())}</script>'
    post = one(f'<html><script id="__NEXT_DATA__" type="application/json">{damage}</script>{whole}</html>')
    assert post.external_id == name(1)


def test_reviews_of_others_on_the_page_are_not_trustpilot_s() -> None:
    other = {"@type": "Review", "@id": "https://shop.example/r/1", "reviewBody": "x", "author": "y"}
    page = parse({"@graph": [marked_up(), other]})
    assert [post.external_id for post in page.posts] == [name(1)]


@pytest.mark.parametrize("slash", ["/", "\\/"])
def test_a_page_that_does_not_name_its_reviews_is_read_too(slash: str) -> None:
    nameless = {key: value for key, value in marked_up().items() if key != "@id"}
    shop = {
        "@type": "LocalBusiness",
        "@id": "https://fr.trustpilot.com/review/x.example",
        "review": [nameless] * 2,
    }
    post = one(json.dumps(shop).replace("/", slash))
    assert (post.rating, post.author.name, len(post.external_id)) == (Rating(4, 1, 5), "Zoé", 64)


def test_a_damaged_review_stops_no_other() -> None:
    page = parse(
        {"reviews": [review(1), review(2, stars="many"), review(3, id=None), None, review(5, title=None)]}
    )
    assert [post.external_id for post in page.posts] == [name(1), name(5)]
    assert [fault.item for fault in page.faults] == ["item 2", "item 3", "item 4"]
    assert page.posts[1].title is None


@pytest.mark.parametrize(
    ("content", "says"),
    [
        ("", "no JSON"),
        ("{}", "no reviews"),
        ("[]", "no JSON-LD"),
        ('{"reviews": 1}', "no reviews"),
        ('{"reviews": [{"reviewId": "1", "starRating": "FIVE"}]}', "not those of Trustpilot"),
        ('{"props": {"pageProps": {"reviews": [{"id": 1}]}}}', "not those of Trustpilot"),
        ('{"props": {}}', "none of Trustpilot's reviews"),
        ('{"@type": "Review", "@id": "https://x.example/1", "reviewBody": "x"}', "no reviews of Trustpilot"),
        ("<html><p>Bonjour</p></html>", "no reviews of Trustpilot"),
        ("<", "no reviews of Trustpilot"),
    ],
)
def test_what_is_not_trustpilot_s_is_named(content: str, says: str) -> None:
    with pytest.raises(ParseError, match=says):
        parse(content)


def test_an_empty_list_is_no_error() -> None:
    assert parse({"reviews": []}).posts == []


def test_a_page_of_unclosed_scripts_is_read_in_no_time() -> None:
    with pytest.raises(ParseError):
        parse('<script id="__NEXT_DATA__" type="application/ld+json">{"' * 20_000)


@settings(max_examples=30, deadline=None)
@given(before=st.text(max_size=50), after=st.text(max_size=50))
def test_whatever_stands_around_its_scripts_a_page_gives_posts_or_a_parse_error(before: str, after: str) -> None:
    try:
        page = parse(f"<p>{before}{page_of(shown())}{after}")
    except ParseError:
        return
    assert len(page.posts) <= 1


def test_the_captured_excerpt_gives_its_review(shared: Path) -> None:
    body = (shared / "captures" / "trustpilot" / "intersport-fr-jsonld-review-excerpt.json").read_bytes()
    raw = json.loads(body)
    (post,) = Trustpilot.parse(Answer("", body)).posts
    assert raw["@id"].endswith(f"/{post.external_id}")
    assert (post.title, post.text, post.author.name) == (
        raw["headline"],
        raw["reviewBody"],
        raw["author"]["name"],
    )
    assert post.rating == Rating(5, 1, 5)
    assert post.published_at == datetime(2025, 9, 4, 11, 55, 19, tzinfo=UTC)
    assert post.author.url == raw["author"]["url"]


# --- walking ------------------------------------------------------------------------------------------------


def serve(site: Site, reviews: list[dict[str, Any]]) -> None:
    """The interface: 100 reviews a page, the newest first."""

    def answer(request: Request) -> Reply:
        if request.headers.get("apikey") != "k3y":
            return Reply(b'{"fault": {"faultstring": "Invalid ApiKey"}}', status=401)
        assert (request.query["perPage"], request.query["orderBy"]) == ("100", "createdat.desc")
        ordered = sorted(reviews, key=lambda item: str(item["createdAt"]), reverse=True)
        start = (int(request.query["page"]) - 1) * 100
        return Reply(json.dumps({"reviews": ordered[start : start + 100]}).encode())

    site.put("/v1/business-units/find", json.dumps({"id": UNIT, "displayName": "Lila"}))
    site.route(f"/v1/business-units/{UNIT}/reviews", answer)


def walk(site: Site, cursor: Cursor | None = None, since: datetime | None = None, **more: object) -> list[Page]:
    given = {"business": "www.example.com", "key": SecretStr("k3y"), "site": site.url(""), **more}
    with door(site) as http:
        return list(Trustpilot(Options.model_validate(given)).pages(http, cursor or {}, since=since))


def ids(pages: list[Page]) -> list[str]:
    return [post.external_id for page in pages for post in page.posts]


def test_a_business_is_looked_up_once_and_read_to_its_end() -> None:
    with Site() as site:
        serve(site, [review(number) for number in range(250)])
        pages = walk(site)
        assert ids(pages) == [name(number) for number in reversed(range(250))]
        (looked_up,) = site.asked("/v1/business-units/find")
        assert looked_up.query == {"name": "www.example.com"}
        assert not any("k3y" in repr((page.answer, page.cursor)) for page in pages)


def test_a_business_may_be_named_by_its_number() -> None:
    with Site() as site:
        serve(site, [review()])
        assert ids(walk(site, business=UNIT)) == [name(1)]
        assert site.asked("/v1/business-units/find") == []


def test_the_next_visit_reads_back_for_replies_and_no_further() -> None:
    old = [review(number) for number in range(0, 2500, 5)]
    with Site() as site:
        serve(site, old)
        cursor = walk(site)[-1].cursor
        before = len(site.requests)
        replied = review(2400, companyReply={"text": "Merci", "createdAt": "2026-06-01T00:00:00Z"})
        serve(site, [*(one for one in old if one["id"] != name(2400)), replied, review(2600)])
        pages = walk(site, cursor, overlap_days=10)
        assert ids(pages)[0] == name(2600)
        assert [post.external_id for page in pages for post in page.posts if post.owner_reply] == [name(2400)]
        assert len(site.requests) - before < 5


def test_a_walk_cut_short_goes_on_where_it_was() -> None:
    with Site() as site:
        serve(site, [review(number) for number in range(250)])
        first = walk(site, max_requests=1)
        assert set(ids(first) + ids(walk(site, first[-1].cursor))) == {name(number) for number in range(250)}


def test_a_key_that_is_refused_says_what_to_do() -> None:
    with Site() as site:
        serve(site, [])
        with pytest.raises(Blocked, match="Invalid ApiKey") as caught:
            walk(site, key=SecretStr("0ld-k3y"))
    assert "businessapp" in caught.value.remedy
    assert "0ld" not in str(caught.value)


@pytest.mark.parametrize("found", ["{}", '{"id": "../x"}', "[]"])
def test_a_business_that_is_not_known_is_named(found: str) -> None:
    with Site() as site:
        site.put("/v1/business-units/find", found)
        with pytest.raises(SourceError, match=r"www\.example\.com"):
            walk(site)
        assert len(site.requests) == 1


@pytest.mark.parametrize(
    "wrong", [{"business": "a b"}, {"business": []}, {"key": "in clear"}, {"max_requests": 0}, {"pages": 3}]
)
def test_wrong_options_are_refused(wrong: dict[str, object]) -> None:
    with pytest.raises(ValidationError):
        Options.model_validate({"business": "www.example.com", "key": "env:KEY", **wrong})
