"""Stack Exchange: questions as documented, the pauses that it asks for, and searches read back in time."""

import gzip
import json
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from pydantic import SecretStr, ValidationError
from replay import Reply, Request, Site, StillClock, door

from collectors.errors import HttpError, RateLimited
from collectors.post import PostKind
from collectors.source import Answer, Cursor, Page, ParseError, SourceError
from collectors.sources.stack_exchange import Options, StackExchange

SEARCH = "/search/advanced"
NOON = int(StillClock().start.timestamp())


def question(number: int, second: int | None = None, **more: object) -> dict[str, Any]:
    return {
        "question_id": number,
        "title": "L&#39;appli &lt;plante&gt;",
        "body": f"<p>Texte {number}</p>",
        "link": f"https://stackoverflow.com/questions/{number}",
        "creation_date": NOON - 100_000 + (number if second is None else second),
        "score": 3,
        "view_count": 40,
        "answer_count": 1,
        "owner": {"user_id": 5, "display_name": "Zo&#233;", "link": "https://stackoverflow.com/users/5"},
        **more,
    }


def parse(content: object) -> Page:
    return StackExchange.parse(Answer("", json.dumps(content).encode()))


def test_a_question_in_full() -> None:
    (post,) = parse({"items": [question(7, last_edit_date=NOON)], "has_more": False, "quota_remaining": 9}).posts
    assert (post.kind, post.external_id, post.parent_id) == (PostKind.POST, "7", None)
    assert (post.title, post.text) == ("L'appli <plante>", "Texte 7")
    assert (post.author.id, post.author.name, post.author.url) == (
        "5",
        "Zoé",
        "https://stackoverflow.com/users/5",
    )
    assert post.published_at == datetime.fromtimestamp(NOON - 100_000 + 7, UTC)
    assert post.updated_at == datetime.fromtimestamp(NOON, UTC)
    assert (post.reach.views, post.reach.likes, post.reach.comments) == (40, 3, 1)
    assert post.url == "https://stackoverflow.com/questions/7"


def test_answers_and_comments_name_what_they_are_about() -> None:
    answer = {"answer_id": 8, "question_id": 7, "body": "<p>Oui</p>", "title": "x"}
    comment = {"comment_id": 8, "post_id": 9, "body": "Non", "owner": {"display_name": "parti"}}
    first, second = parse({"items": [answer, comment]}).posts
    assert (first.kind, first.external_id, first.parent_id, first.title) == (PostKind.COMMENT, "8", "7", None)
    assert (second.external_id, second.parent_id, second.author.name) == ("comment-8", "9", "parti")


def test_a_packed_answer_is_unpacked() -> None:
    body = gzip.compress(json.dumps({"items": [question(1)]}).encode(), mtime=0)
    assert len(StackExchange.parse(Answer("", body)).posts) == 1


def test_an_item_without_an_id_is_named_and_the_rest_goes_on() -> None:
    page = parse({"items": [question(1), {"title": "x"}, None]})
    assert len(page.posts) == 1
    assert [fault.item for fault in page.faults] == ["item 2", "item 3"]
    page = parse({"items": [{"title": "x"}, question(1)]})
    assert (len(page.posts), [fault.item for fault in page.faults]) == (1, ["item 1"])


@pytest.mark.parametrize(
    ("content", "says"),
    [
        ({"error_id": 502, "error_message": "too many requests"}, "too many"),
        ({"items": [{"name": "x", "api_site_parameter": "y"}]}, "list of sites"),
        ([], "no items"),
    ],
)
def test_what_holds_no_posts_says_so(content: object, says: str) -> None:
    with pytest.raises(ParseError, match=says):
        parse(content)


@pytest.mark.parametrize(
    ("name", "says"), [("test_stackoverflow_exists.json", "sites"), ("test_users_associated.json", "accounts")]
)
def test_captured_answers_about_other_things_are_refused_with_a_reason(
    shared: Path, name: str, says: str
) -> None:
    with pytest.raises(ParseError, match=says):
        StackExchange.parse(Answer("", (shared / "captures" / "stackexchange" / name).read_bytes()))


@pytest.fixture
def site() -> Iterator[Site]:
    with Site() as running:
        yield running


def serve(site: Site, questions: list[dict[str, Any]], size: int = 100, **frame: object) -> None:
    """A search that, as the real one does, gives the newest up to `todate`, packed, in a frame."""

    def answer(request: Request) -> Reply:
        until = int(request.query.get("todate") or 10**12)
        found = sorted(questions, key=lambda one: (-one["creation_date"], -one["question_id"]))
        found = [one for one in found if one["creation_date"] <= until]
        content = {"items": found[:size], "has_more": len(found) > size, "quota_remaining": 250, **frame}
        return Reply(gzip.compress(json.dumps(content).encode()), headers={"Content-Encoding": "gzip"})

    site.route(SEARCH, answer)


def walk(
    site: Site, cursor: Cursor | None = None, clock: StillClock | None = None, **options: object
) -> list[Page]:
    chosen = Options.model_validate({"url": site.url(""), "query": "lila", **options})
    with door(site, clock=clock or StillClock()) as http:
        return list(StackExchange(chosen).pages(http, cursor or {}))


def ids(pages: list[Page]) -> list[int]:
    return [int(post.external_id) for page in pages for post in page.posts]


def test_a_search_is_read_back_in_time(site: Site) -> None:
    serve(site, [question(number) for number in range(1, 251)])
    pages = walk(site, key=SecretStr("k3y"))
    assert set(ids(pages)) == set(range(1, 251))
    assert len(pages) == 3
    first = site.asked(SEARCH)[0].query
    assert (first["q"], first["site"], first["filter"]) == ("lila", "stackoverflow", "withbody")
    assert (first["sort"], first["order"], first["key"]) == ("creation", "desc", "k3y")


def test_a_second_that_fills_a_page_does_not_stop_the_walk(site: Site) -> None:
    serve(site, [question(number, 500) for number in range(1, 6)] + [question(9, 1)], size=3)
    assert 9 in ids(walk(site))


def test_only_what_is_new_is_read_again(site: Site) -> None:
    old = [question(number, number * 10) for number in range(1, 401)]
    serve(site, old)
    cursor = walk(site)[-1].cursor
    serve(site, [*old, question(900, 90_000)])
    pages = walk(site, cursor, overlap_hours=0)
    assert 900 in ids(pages)
    assert len(pages) == 2


def test_a_run_goes_on_where_the_last_one_had_to_stop(site: Site) -> None:
    serve(site, [question(number) for number in range(1, 301)])
    first = walk(site, max_requests=1)
    assert set(ids([*first, *walk(site, first[-1].cursor)])) == set(range(1, 301))


def test_it_rests_as_long_as_an_answer_asks_for(site: Site) -> None:
    serve(site, [question(number) for number in range(1, 151)], backoff=12)
    clock = StillClock()
    walk(site, clock=clock)
    assert clock.passed >= 12


def test_a_long_rest_ends_the_run_after_what_was_read(site: Site) -> None:
    serve(site, [question(number) for number in range(1, 151)], backoff=900)
    found: list[Page] = []
    options = Options(url=site.url(""), query="lila")
    with door(site) as http, pytest.raises(RateLimited) as caught:
        for page in StackExchange(options).pages(http, {}):
            found.append(page)
    assert len(ids(found)) == 100
    assert caught.value.retry_at == StillClock().start + timedelta(minutes=15)


def test_a_day_whose_requests_are_used_up_is_left_until_midnight(site: Site) -> None:
    serve(site, [question(number) for number in range(1, 151)], quota_remaining=0)
    with pytest.raises(RateLimited) as caught:
        walk(site)
    assert caught.value.retry_at == datetime(2026, 11, 22, tzinfo=UTC)


def test_each_request_counts_and_the_service_says_what_is_left(site: Site) -> None:
    serve(site, [question(1)])
    assert [(page.spent, page.left) for page in walk(site)] == [(1, 250)]
    quotas = [StackExchange(Options(query="a", key=key)).quota().units for key in (None, SecretStr("k"))]
    assert quotas == [300, 10_000]


def test_a_refusal_for_asking_too_often_says_until_when(site: Site) -> None:
    said = {"error_id": 502, "error_name": "throttle_violation",
            "error_message": "too many requests from this IP, more requests available in 77 seconds"}  # fmt: skip
    site.put(SEARCH, json.dumps(said), status=400)
    with pytest.raises(RateLimited) as caught:
        walk(site)
    assert caught.value.retry_at == StillClock().start + timedelta(seconds=77)


def test_any_other_refusal_is_said_in_the_service_s_words(site: Site) -> None:
    site.put(SEARCH, b'{"error_id": 400, "error_name": "bad_parameter", "error_message": "site"}', status=400)
    with pytest.raises(SourceError, match="says: site"):
        walk(site)
    site.put(SEARCH, b"<html>Bad Request</html>", status=400)
    with pytest.raises(HttpError, match="answered 400"):
        walk(site)


def test_an_answer_that_always_is_the_same_ends_the_walk(site: Site) -> None:
    site.put(SEARCH, json.dumps({"items": [question(1), question(2)], "has_more": True}))
    pages = walk(site)
    assert len(pages) == 2
    assert pages[-1].faults[-1].problem == "its pages lead in circles"


@pytest.mark.parametrize(
    "options", [{}, {"query": "a", "site": "https://stackoverflow.com"}, {"query": "a", "key": "clear"}]
)
def test_wrong_options_are_refused(options: dict[str, object]) -> None:
    with pytest.raises(ValidationError):
        Options.model_validate(options)
