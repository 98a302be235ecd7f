"""Steam: reviews as documented, and the walk back to what is known."""

import json
from datetime import UTC, datetime, timedelta
from typing import Any

import httpx
import pytest

from collectors.http import Http, HttpSettings
from collectors.post import OwnerReply, PostKind, Rating
from collectors.source import Answer, Cursor, Page, ParseError
from collectors.sources.steam import Options, Steam
from tests.collectors.replay import StillClock

START = datetime(2026, 11, 1, tzinfo=UTC)
URL = "https://store.steampowered.com/appreviews/440?json=1"


def review(number: int = 1, **more: object) -> dict[str, Any]:
    """A review as the documentation of the interface shows it."""
    moment = int((START + timedelta(hours=number)).timestamp())
    return {
        "recommendationid": str(number), "author": {"steamid": f"7656{number}", "num_reviews": 3},
        "language": "french", "review": "[h1]Très bien[/h1] mais [url=https://a.example]buggé[/url]",
        "timestamp_created": moment, "timestamp_updated": moment, "voted_up": True, "votes_up": 4,
        "votes_funny": 1, "weighted_vote_score": "0.52", "comment_count": 2, "steam_purchase": True,
    } | more  # fmt: skip


def answer(*reviews: object, cursor: str = "AoJ4+a==") -> bytes:
    return json.dumps({"success": 1, "query_summary": {}, "reviews": reviews, "cursor": cursor}).encode()


def test_a_review_has_its_thumb_its_reply_and_its_plain_words() -> None:
    replied = review(developer_response="Merci !", timestamp_dev_responded=1_780_000_000)
    [post] = Steam.parse(Answer(URL, answer(replied))).posts
    assert (post.kind, post.text, post.language) == (PostKind.REVIEW, "Très bien mais buggé", "fr")
    assert post.rating == Rating(1, 0, 1)
    assert (post.published_at, post.updated_at) == (START + timedelta(hours=1), None)
    assert post.owner_reply == OwnerReply("Merci !", datetime(2026, 5, 28, 20, 26, 40, tzinfo=UTC))
    assert (post.author.id, post.author.name) == ("76561", None)
    assert post.url == "https://steamcommunity.com/profiles/76561/recommended/440/"
    assert (post.reach.likes, post.reach.comments, post.segments) == (4, 2, {"app": "440"})


def test_a_thumb_down_is_the_worst_and_an_unknown_language_none() -> None:
    [post] = Steam.parse(Answer(URL, answer(review(voted_up=False, language="klingon")))).posts
    assert post.rating is not None
    assert (post.rating.normalised, post.language) == (0, None)


def test_a_review_without_a_number_is_a_fault_and_the_rest_goes_on() -> None:
    page = Steam.parse(Answer(URL, answer(review(recommendationid=None), review(2), "x")))
    assert ([post.external_id for post in page.posts], len(page.faults)) == (["2"], 2)


@pytest.mark.parametrize("body", [b"", b"<html>", b"{}", b"[]", b'{"success": 2}', b"null"])
def test_what_is_not_steam_s_is_refused_with_a_remedy(body: bytes) -> None:
    with pytest.raises(ParseError) as caught:
        Steam.parse(Answer(URL, body))
    assert "appreviews" in caught.value.remedy


class Service(httpx.BaseTransport):
    """Reviews, the latest changed first, two on a page; the cursor says how many were shown."""

    def __init__(self, *reviews: dict[str, Any]) -> None:
        self.reviews, self.asked = list(reviews), list[str]()

    def handle_request(self, request: httpx.Request) -> httpx.Response:
        if request.url.path == "/robots.txt":
            return httpx.Response(404)
        token = request.url.params["cursor"]
        self.asked.append(token)
        start = 0 if token == "*" else int(token)
        self.reviews.sort(key=lambda item: -item["timestamp_updated"])
        return httpx.Response(200, content=answer(*self.reviews[start : start + 2], cursor=str(start + 2)))

    def read(self, cursor: Cursor, **options: object) -> list[Page]:
        with Http(HttpSettings(min_delay=0), self, clock=StillClock()) as http:
            return list(Steam(Options.model_validate({"app_id": ["440"], **options})).pages(http, cursor))


def test_all_reviews_are_read_once_and_then_what_is_new_or_edited() -> None:
    service = Service(*(review(number * 30) for number in range(1, 8)))
    pages = service.read({})
    assert [post.external_id for page in pages for post in page.posts] == [str(n * 30) for n in range(7, 0, -1)]
    assert service.asked == ["*", "2", "4", "6", "8"]
    service.reviews[-1] |= {"review": "Pire", "timestamp_updated": service.reviews[0]["timestamp_updated"] + 60}
    again = service.read(pages[-1].cursor)
    assert again[0].posts[0].text == "Pire"
    assert len(service.asked) == 7


def test_a_run_ends_where_it_may_ask_no_more_and_the_next_goes_on() -> None:
    service = Service(*(review(number) for number in range(1, 8)))
    first = service.read({}, max_requests=2)
    rest = service.read(first[-1].cursor, max_requests=9)
    assert len({post.external_id for page in [*first, *rest] for post in page.posts}) == 7
