"""Trusted Shops: reviews as documented, signing in, and walking by the ids of reviews."""

import json
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from pydantic import SecretStr, ValidationError
from replay import Reply, Request, Site, door

from collectors.errors import Blocked
from collectors.post import OwnerReply, Post, PostKind, Rating
from collectors.source import Answer, Cursor, Page, ParseError
from collectors.sources.trusted_shops import Options, TrustedShops

START = datetime(2026, 1, 1, tzinfo=UTC)


def stamp(hours: float) -> str:
    return (START + timedelta(hours=hours)).strftime("%Y-%m-%dT%H:%M:%S.000Z")


def review(number: int = 1, **more: object) -> dict[str, Any]:
    return {
        "id": f"rev-{number}",
        "type": "SERVICE_REVIEW",
        "status": "APPROVED",
        "rating": 4,
        "title": "Bien",
        "comment": "Livré à l'heure",
        "createdAt": stamp(number - 0.5),
        "submittedAt": stamp(number),
        "editedAt": None,
        "channel": {"id": "chl-1", "name": "lila.example"},
        "customer": {"firstName": "Zoé", "lastName": "M.", "email": "zoe@example.org"},
    } | more


def parse(content: object) -> Page:
    return TrustedShops.parse(Answer("", json.dumps(content).encode()))


def one(**fields: object) -> Post:
    page = parse({"items": [review(**fields)]})
    assert page.faults == []
    (post,) = page.posts
    return post


def test_a_review_has_all_its_parts() -> None:
    post = one(reply={"comment": "Merci", "createdAt": "2026-01-03T10:00:00.123Z"})
    assert (post.kind, post.external_id) == (PostKind.REVIEW, "rev-1")
    assert (post.title, post.text, post.rating) == ("Bien", "Livré à l'heure", Rating(4, 1, 5))
    assert post.author.name == "Zoé M."
    assert (post.published_at, post.updated_at) == (START + timedelta(hours=1), None)
    assert post.owner_reply == OwnerReply("Merci", datetime(2026, 1, 3, 10, 0, 0, 123_000, UTC))
    assert post.segments == {"channel": "lila.example", "type": "SERVICE_REVIEW"}


def test_a_customer_s_address_is_not_kept() -> None:
    assert "zoe@" not in repr(one())


def test_a_product_s_review_names_the_product() -> None:
    post = one(type="PRODUCT_REVIEW", product={"name": "Lampe", "sku": "L-1"})
    assert (post.segments["product"], post.segments["type"]) == ("Lampe", "PRODUCT_REVIEW")


def test_an_edited_review_says_when() -> None:
    assert one(editedAt=stamp(30)).updated_at == START + timedelta(hours=30)


def test_what_may_be_missing_is_missed() -> None:
    bare = {"id": "rev-9", "rating": 2, "submittedAt": stamp(3)}
    (post,) = parse({"items": [bare]}).posts
    assert (post.text, post.title, post.author.name, post.owner_reply, post.segments) == (
        "",
        None,
        None,
        None,
        {},
    )


def test_a_single_review_is_read() -> None:
    assert [post.external_id for post in parse(review()).posts] == ["rev-1"]


@pytest.mark.parametrize("stars", [0, 6, "4", 4.5, True, None])
def test_stars_of_another_kind_are_named(stars: object) -> None:
    page = parse({"items": [review(1), review(2, rating=stars)]})
    assert [post.external_id for post in page.posts] == ["rev-1"]
    assert "stars" in page.faults[0].problem


@pytest.mark.parametrize(
    ("content", "says"),
    [
        ([], "no list"),
        ({}, "no list"),
        ({"items": {}}, "no list"),
        ({"message": "Unauthorized"}, "no list"),
        ({"items": [{"id": 1}]}, "not of reviews"),
        ({"items": ["x"]}, "not of reviews"),
        ({"items": [{"id": "q-1", "question": "x", "rating": 3}]}, "not of reviews"),
    ],
)
def test_any_other_answer_is_named_with_what_to_do(content: object, says: str) -> None:
    with pytest.raises(ParseError, match=says) as caught:
        parse(content)
    assert "api.etrusted.com" in caught.value.remedy


def test_a_review_that_says_only_when_it_was_made_is_read() -> None:
    post = parse({"items": [{"id": "rev-1", "rating": 4, "createdAt": "2026-01-02T03:04:05.000Z"}]}).posts[0]
    assert post.published_at == datetime(2026, 1, 2, 3, 4, 5, tzinfo=UTC)


def test_no_reviews_are_no_error() -> None:
    assert parse({"items": []}).posts == []


# --- walking ------------------------------------------------------------------------------------------------


def serve(site: Site, reviews: list[dict[str, Any]]) -> None:
    """The interface: what was submitted last comes first; `after` an id comes what was submitted before it."""

    def give(request: Request) -> Reply:
        wanted = (b"grant_type=client_credentials", b"client_id=me", b"client_secret=s3cr3t", b"audience=https")
        if all(part in request.body for part in wanted):
            return Reply(b'{"access_token": "t1", "expires_in": 3600, "token_type": "Bearer"}')
        return Reply(b'{"error": "access_denied", "error_description": "Unauthorized"}', status=401)

    def answer(request: Request) -> Reply:
        if request.headers.get("authorization") != "Bearer t1":
            return Reply(b'{"message": "Unauthorized"}', status=401)
        ordered = sorted(reviews, key=lambda item: str(item["submittedAt"]), reverse=True)
        names = [item["id"] for item in ordered]
        after = request.query.get("after")
        if after and after not in names:
            return Reply(b'{"message": "unknown review"}', status=400)
        start = names.index(after) + 1 if after else 0
        return Reply(json.dumps({"items": ordered[start : start + int(request.query["count"])]}).encode())

    site.route("/token", give)
    site.route("/reviews", answer)


def walk(site: Site, cursor: Cursor | None = None, since: datetime | None = None, **more: object) -> list[Page]:
    keys = {"client_id": "me", "client_secret": SecretStr("s3cr3t")}
    where = {"site": site.url(""), "login": site.url("/token")}
    with door(site) as http:
        options = Options.model_validate({**keys, **where, **more})
        return list(TrustedShops(options).pages(http, cursor or {}, since=since))


def ids(pages: list[Page]) -> list[str]:
    return [post.external_id for page in pages for post in page.posts]


def test_all_reviews_are_read_with_one_sign_in() -> None:
    with Site() as site:
        serve(site, [review(number) for number in range(250)])
        pages = walk(site, channels="chl-1", types=["SERVICE_REVIEW"])
        assert ids(pages) == [f"rev-{number}" for number in reversed(range(250))]
        assert len(site.asked("/token")) == 1
        first = site.asked("/reviews")[0].query
    assert first == {"count": "100", "status": "APPROVED", "type": "SERVICE_REVIEW", "channels": "chl-1"}
    kept = repr([(page.answer, page.cursor) for page in pages])
    assert not any(secret in kept for secret in ("s3cr3t", "t1'"))


def test_exactly_one_full_page_ends_with_an_empty_one() -> None:
    with Site() as site:
        serve(site, [review(number) for number in range(100)])
        assert len(ids(walk(site))) == 100


def test_the_next_visit_reads_back_for_replies_and_no_further() -> None:
    old = [review(number) for number in range(0, 5000, 10)]
    with Site() as site:
        serve(site, old)
        cursor = walk(site)[-1].cursor
        before = len(site.asked("/reviews"))
        replied = review(4900, reply={"comment": "Merci", "createdAt": stamp(4990)})
        serve(site, [*(one for one in old if one["id"] != "rev-4900"), replied, review(5001)])
        pages = walk(site, cursor, overlap_days=10)
        assert ids(pages)[0] == "rev-5001"
        assert [post.external_id for page in pages for post in page.posts if post.owner_reply] == ["rev-4900"]
        assert len(site.asked("/reviews")) - before < 4


def test_a_walk_cut_short_goes_on_even_where_its_place_was_deleted() -> None:
    with Site() as site:
        serve(site, [review(number) for number in range(250)])
        first = walk(site, max_requests=1)
        serve(site, [review(number) for number in range(250) if number != 150])
        rest = walk(site, first[-1].cursor)
    assert set(ids(first) + ids(rest)) == {f"rev-{number}" for number in range(250)}


def test_keys_that_are_refused_say_what_to_do() -> None:
    with Site() as site:
        serve(site, [])
        with pytest.raises(Blocked, match=r"Trusted Shops refuses \(401\): Unauthorized") as caught:
            walk(site, client_secret=SecretStr("0ld"))
    assert "API clients" in caught.value.remedy


@pytest.mark.parametrize(
    "wrong",
    [{"client_secret": "in clear"}, {"channels": ["1"]}, {"types": []}, {"types": ["X"]}, {"client_id": ""}],
)
def test_wrong_options_are_refused(wrong: dict[str, object]) -> None:
    with pytest.raises(ValidationError):
        Options.model_validate({"client_id": "me", "client_secret": "env:SECRET", **wrong})
