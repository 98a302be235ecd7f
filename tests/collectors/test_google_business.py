"""Google Business Profile: what its documentation says that reviews look like, signing in, and paging."""

import json
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import SecretStr, ValidationError
from replay import Reply, Request, Site, door

from collectors.errors import Blocked
from collectors.post import Post, PostKind, Rating
from collectors.source import Answer, Cursor, Page, ParseError, SourceError
from collectors.sources.google_business import GoogleBusiness, Options

PLACE = "accounts/11/locations/22"
START = datetime(2026, 1, 1, tzinfo=UTC)


def review(number: int = 1, **more: object) -> dict[str, Any]:
    written = (START + timedelta(hours=number)).strftime("%Y-%m-%dT%H:%M:%SZ")
    return {
        "name": f"{PLACE}/reviews/r{number}",
        "reviewId": f"r{number}",
        "reviewer": {"displayName": "Zoé", "profilePhotoUrl": "https://example.org/zoe.jpg"},
        "starRating": "FOUR",
        "comment": "Accueil parfait",
        "createTime": written,
        "updateTime": written,
    } | more


def parse(*reviews: object, **more: object) -> Page:
    body = {"reviews": list(reviews), "averageRating": 4.2, "totalReviewCount": len(reviews), **more}
    return GoogleBusiness.parse(Answer("", json.dumps(body).encode()))


def one(**fields: object) -> Post:
    page = parse(review(**fields))
    assert page.faults == []
    (post,) = page.posts
    return post


def test_a_review_has_all_its_parts() -> None:
    post = one(reviewReply={"comment": "Merci Zoé !", "updateTime": "2026-11-02T08:00:00.5Z"})
    assert (post.kind, post.external_id, post.text, post.title) == (
        PostKind.REVIEW,
        "r1",
        "Accueil parfait",
        None,
    )
    assert post.rating == Rating(4, 1, 5)
    assert (post.author.name, post.author.url) == ("Zoé", None)
    assert (post.published_at, post.updated_at) == (START + timedelta(hours=1), None)
    assert post.segments == {"location": "22"}
    assert post.owner_reply is not None
    assert post.owner_reply.text == "Merci Zoé !"
    assert post.owner_reply.at == datetime(2026, 11, 2, 8, 0, 0, 500_000, UTC)


@pytest.mark.parametrize(
    ("word", "stars"), [("ONE", 1), ("TWO", 2), ("THREE", 3), ("FOUR", 4), ("FIVE", 5)], ids=str
)
def test_stars_are_words(word: str, stars: int) -> None:
    assert one(starRating=word).rating == Rating(stars, 1, 5)


def test_unspecified_stars_are_no_rating() -> None:
    assert one(starRating="STAR_RATING_UNSPECIFIED").rating is None


@pytest.mark.parametrize("stars", ["SIX", "5", 5, ["FIVE"], {"value": 5}])
def test_stars_of_another_kind_are_named_and_never_guessed(stars: object) -> None:
    page = parse(review(1), review(2, starRating=stars))
    assert [post.external_id for post in page.posts] == ["r1"]
    assert [fault.item for fault in page.faults] == ["item 2"]


@pytest.mark.parametrize("digits", range(10))
def test_seconds_have_up_to_nine_decimals(digits: int) -> None:
    fraction = f".{'123456789'[:digits]}" if digits else ""
    exact = datetime(2026, 11, 3, 9, 30, 1, tzinfo=UTC) + timedelta(
        microseconds=int("123456789"[:digits].ljust(9, "0")) // 1000
    )
    assert one(createTime=f"2026-11-03T09:30:01{fraction}Z").published_at == exact


@pytest.mark.parametrize(
    ("comment", "original"),
    [
        ("(Translated by Google) Great food\n\n(Original)\nTrès bon repas", "Très bon repas"),
        ("Très bon repas\n\n(Translated by Google)\nGreat food", "Très bon repas"),
        ("(Traduit par Google) Super\n\n(Avis d'origine)\nGreat", "Great"),
        ("(Translated by Google) Great food", "Great food"),
        ("The (Original) recipe", "The (Original) recipe"),
        ("  Bien  ", "Bien"),
        (None, ""),
        (7.5, ""),
    ],
)
def test_of_a_translated_comment_the_original_is_kept(comment: object, original: str) -> None:
    assert one(comment=comment).text == original


def test_the_owner_s_reply_is_kept_in_the_original_too() -> None:
    post = one(reviewReply={"comment": "(Translated by Google) Thanks\n\n(Original)\nMerci"})
    assert post.owner_reply is not None
    assert (post.owner_reply.text, post.owner_reply.at) == ("Merci", None)
    assert one(reviewReply={"comment": ""}).owner_reply is None


def test_stars_alone_are_a_review() -> None:
    alone = review()
    del alone["comment"]
    (post,) = parse(alone).posts
    assert (post.text, post.rating) == ("", Rating(4, 1, 5))


def test_who_wants_to_be_anonymous_has_no_name() -> None:
    assert one(reviewer={"displayName": "A Google user", "isAnonymous": True}).author.name is None


def test_an_edited_review_says_when() -> None:
    post = one(updateTime="2026-11-05T00:00:00Z")
    assert (post.published_at, post.updated_at) == (START + timedelta(hours=1), datetime(2026, 11, 5, tzinfo=UTC))


def test_a_single_review_is_read() -> None:
    (post,) = GoogleBusiness.parse(Answer("", json.dumps(review()).encode())).posts
    assert post.external_id == "r1"


def test_a_review_without_an_id_goes_by_its_name_or_is_a_fault() -> None:
    nameless = {"starRating": "ONE"}
    page = parse(review(1), review(2, reviewId=None), nameless)
    assert [post.external_id for post in page.posts] == ["r1", "r2"]
    assert [fault.problem for fault in page.faults] == ["no id: it could not be told from others"]


@pytest.mark.parametrize("body", [b"{}", b'{"totalReviewCount": 0}', b'{"reviews": [], "averageRating": 0}'])
def test_a_place_without_reviews_is_an_empty_list(body: bytes) -> None:
    assert GoogleBusiness.parse(Answer("", body)).posts == []


@pytest.mark.parametrize(
    ("body", "says"),
    [
        (b"", "no JSON"),
        (b"<html><title>Sign in</title>", "HTML"),
        (b"[]", "no list"),
        (b'{"error": {"code": 403}}', "no list"),
        (b'{"reviews": "none"}', "no list"),
        (b'{"reviews": [{"name": "places/x/reviews/y", "rating": 5}]}', "not those of Google Business"),
        (b'{"reviews": [{"id": "5", "stars": 5}], "totalReviewCount": 1}', "not those of Google Business"),
    ],
)
def test_any_other_answer_is_named_with_what_to_do(body: bytes, says: str) -> None:
    with pytest.raises(ParseError, match=says) as caught:
        GoogleBusiness.parse(Answer("", body))
    assert "mybusiness.googleapis.com" in caught.value.remedy


@given(before=st.text(max_size=30), after=st.text(max_size=30))
def test_what_people_write_around_google_s_marks_never_raises(before: str, after: str) -> None:
    page = parse(review(comment=f"{before}(Translated by Google){after}(Original){before}"))
    assert len(page.posts) == 1


# --- walking ------------------------------------------------------------------------------------------------


def serve(site: Site, reviews: list[dict[str, Any]], location: str = "22", size: int = 50) -> None:
    """The interface: a token for who has the keys, then reviews, what changed last first, by pages."""

    def give(request: Request) -> Reply:
        wanted = (b"grant_type=refresh_token", b"client_id=me", b"client_secret=s3cr3t", b"refresh_token=r3fresh")
        if all(part in request.body for part in wanted):
            return Reply(b'{"access_token": "t1", "expires_in": 3599, "token_type": "Bearer"}')
        return Reply(b'{"error": "invalid_grant", "error_description": "Bad Request"}', status=400)

    def answer(request: Request) -> Reply:
        if request.headers.get("authorization") != "Bearer t1":
            return Reply(b'{"error": {"code": 401, "message": "no token"}}', status=401)
        assert (request.query["pageSize"], request.query["orderBy"]) == ("50", "updateTime desc")
        ordered = sorted(reviews, key=lambda item: str(item["updateTime"]), reverse=True)
        start = int(request.query.get("pageToken", "p0")[1:])
        body: dict[str, Any] = {"reviews": ordered[start : start + size], "totalReviewCount": len(reviews)}
        if start + size < len(ordered):
            body["nextPageToken"] = f"p{start + size}"
        return Reply(json.dumps(body).encode())

    site.route("/token", give)
    site.route(f"/v4/accounts/11/locations/{location}/reviews", answer)


def options(site: Site, **more: object) -> Options:
    keys = {"client_id": "me", "client_secret": SecretStr("s3cr3t"), "refresh_token": SecretStr("r3fresh")}
    where = {"account": "accounts/11", "locations": ["22"], "site": site.url(""), "login": site.url("/token")}
    return Options.model_validate({**keys, **where, **more})


def walk(site: Site, cursor: Cursor | None = None, since: datetime | None = None, **more: object) -> list[Page]:
    with door(site) as http:
        return list(GoogleBusiness(options(site, **more)).pages(http, cursor or {}, since=since))


def ids(pages: list[Page]) -> list[str]:
    return [post.external_id for page in pages for post in page.posts]


def test_all_pages_are_read_with_one_sign_in() -> None:
    with Site() as site:
        serve(site, [review(number) for number in range(7)], size=3)
        pages = walk(site)
        assert ids(pages) == ["r6", "r5", "r4", "r3", "r2", "r1", "r0"]
        assert len(site.asked("/token")) == 1
        kept = repr([(page.answer, page.cursor) for page in pages])
    assert not any(secret in kept for secret in ("s3cr3t", "r3fresh", "t1"))


def test_the_next_visit_reads_what_is_new_and_what_was_edited_or_answered() -> None:
    old = [review(number) for number in range(0, 24 * 200, 24)]
    with Site() as site:
        serve(site, old, size=10)
        cursor = walk(site)[-1].cursor
        edited = review(24, comment="Finalement non", updateTime="2026-11-01T00:00:00Z")
        before = len(site.requests)
        serve(site, [old[0], edited, *old[2:]], size=10)
        pages = walk(site, cursor, overlap_days=5)
        assert ids(pages)[0] == "r24"
        assert len(site.requests) - before < 5  # not the whole history again


def test_places_are_named_and_one_that_is_gone_stops_no_other() -> None:
    with Site() as site:
        serve(site, [review()])
        with door(site) as http:
            chosen = options(site, locations={"33": "Lyon", "locations/22": "Paris Opéra"})
            pages = GoogleBusiness(chosen).pages(http, {})
            (post,) = next(pages).posts
            assert post.segments == {"location": "Paris Opéra"}
            with pytest.raises(SourceError, match="404"):
                next(pages)


def test_an_answer_that_is_read_again_names_its_place_as_the_visit_did() -> None:
    with Site() as site:
        serve(site, [review()])
        source = GoogleBusiness(options(site, locations={"22": "Paris Opéra"}))
        with door(site) as http:
            (page,) = source.pages(http, {})
        assert page.answer is not None
        assert source.reread(page.answer).posts == page.posts


def test_a_refresh_token_that_ended_says_what_to_do_and_shows_no_key() -> None:
    with Site() as site:
        serve(site, [review()])
        with pytest.raises(Blocked, match=r"Google Business Profile refuses \(400\)") as caught:
            walk(site, refresh_token=SecretStr("0utdated"))
        assert site.paths == ["/token"]
    assert "sign in again" in caught.value.remedy
    assert caught.value.permanent
    assert not any(secret in str(caught.value) for secret in ("0utdated", "s3cr3t"))


def test_a_project_without_access_is_told_in_google_s_words() -> None:
    denied = '{"error": {"code": 403, "message": "Google My Business API has not been used", "status": "X"}}'
    with Site() as site:
        serve(site, [])
        site.put("/v4/accounts/11/locations/22/reviews", denied, status=403)
        with pytest.raises(Blocked, match="has not been used") as caught:
            walk(site)
    assert "Business Profile APIs are enabled" in caught.value.remedy


def test_an_outdated_place_in_the_list_is_forgotten() -> None:
    with Site() as site:
        serve(site, [review(number) for number in range(4)], size=3)
        stopped = {"newest": START.isoformat(), "low": START.isoformat(), "at": "p0ld"}
        site.route("/v4/accounts/11/locations/44/reviews", lambda request: Reply(b"{}", status=400))
        pages = walk(site, {"listings": {"22": {**stopped, "at": "p3"}}})
        assert ids(pages) == ["r0"]
        with pytest.raises(SourceError, match="400"):
            walk(site, {"listings": {"44": stopped}}, locations="44")
        assert len(site.asked("/v4/accounts/11/locations/44/reviews")) == 2


@pytest.mark.parametrize(
    "wrong",
    [
        {"account": "me"},
        {"locations": []},
        {"locations": ["Paris"]},
        {"client_secret": "in clear"},
        {"refresh_token": None},
        {"overlap_days": -1},
        {"key": "env:KEY"},
    ],
)
def test_wrong_options_are_refused(wrong: dict[str, object]) -> None:
    right = {"account": "11", "locations": ["22"], "client_id": "me"}
    keys = {"client_secret": "env:SECRET", "refresh_token": "env:REFRESH"}
    Options.model_validate({**right, **keys})
    with pytest.raises(ValidationError):
        Options.model_validate({**right, **keys, **wrong})
