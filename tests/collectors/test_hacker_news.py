"""Hacker News: answers of the search and of an item, and walking back in slices of time."""

import json
import re
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from pydantic import ValidationError
from replay import Reply, Request, Site, door

from collectors.post import PostKind
from collectors.source import Answer, Cursor, Page, ParseError
from collectors.sources import hacker_news
from collectors.sources.hacker_news import HackerNews, Options

SEARCH = "/api/v1/search_by_date"


def hit(number: int, second: int | None = None, **more: object) -> dict[str, Any]:
    return {
        "objectID": str(number),
        "created_at_i": 1_700_000_000 + (number if second is None else second),
        "author": "zoe",
        "comment_text": f"texte {number}",
        "parent_id": 7,
        "_tags": ["comment"],
        **more,
    }


def parse(document: object) -> Page:
    return HackerNews.parse(Answer("", json.dumps(document).encode()))


def test_a_comment_in_full() -> None:
    (post,) = parse({"hits": [hit(1, comment_text="It&#x27;s <i>fine</i>.<p>Really &amp; truly.")]}).posts
    assert (post.kind, post.external_id, post.parent_id, post.title) == (PostKind.COMMENT, "1", "7", None)
    assert post.text == "It's fine.\n\nReally & truly."
    assert post.published_at == datetime(2023, 11, 14, 22, 13, 21, tzinfo=UTC)
    assert (post.author.name, post.url) == ("zoe", "https://news.ycombinator.com/item?id=1")
    assert (post.reach.likes, post.reach.comments) == (None, None)


def test_a_story_in_full() -> None:
    (post,) = parse(
        {"hits": [{"objectID": "9", "title": "Show HN: A &amp; B", "story_text": "<p>Here", "points": 11,
                   "num_comments": 4, "created_at": "2026-03-01T10:00:00Z", "_tags": ["story"]}]}
    ).posts  # fmt: skip
    assert (post.kind, post.title, post.text, post.parent_id) == (PostKind.POST, "Show HN: A & B", "Here", None)
    assert (post.reach.likes, post.reach.comments) == (11, 4)


@pytest.mark.parametrize("written", ["2026-03-01T10:00:00.000Z", "2026-03-01T10:00:00Z"])
def test_both_forms_of_the_date_are_read(written: str) -> None:
    (post,) = parse({"hits": [hit(1, created_at=written, created_at_i=None)]}).posts
    assert post.published_at == datetime(2026, 3, 1, 10, tzinfo=UTC)


def test_a_hit_without_an_id_is_named_and_the_rest_goes_on() -> None:
    page = parse({"hits": [hit(1), {"author": "x"}, None, hit(2)]})
    assert [post.external_id for post in page.posts] == ["1", "2"]
    assert [fault.item for fault in page.faults] == ["hit 2", "hit 3"]


@pytest.mark.parametrize(
    ("body", "says"),
    [
        (b"<html>", "no JSON"),
        (b"", "no JSON"),
        (b"[]", "not an answer"),
        (b'{"message": "bad filter", "status": 400}', "not an answer"),
        (b'{"username": "pg", "karma": 1}', "a user"),
    ],
)
def test_what_is_no_answer_of_the_search_is_named(body: bytes, says: str) -> None:
    with pytest.raises(ParseError, match=says) as caught:
        HackerNews.parse(Answer("", body))
    assert "search_by_date" in caught.value.remedy


def test_a_thread_deeper_than_python_can_recurse_is_read() -> None:
    comment: dict[str, Any] = {"id": 0, "type": "comment", "text": "x", "children": []}
    for number in range(1, 400):
        comment = {"id": number, "type": "comment", "text": "x", "children": [comment]}
    assert len(parse(comment).posts) == 400


def test_the_captured_search_gives_its_two_comments(shared: Path) -> None:
    page = HackerNews.parse(Answer("", (shared / "captures" / "hackernews" / "pyhn-1.1.json").read_bytes()))
    assert [(p.external_id, p.parent_id, p.published_at) for p in page.posts] == [
        ("18463371", "18453018", datetime(2018, 11, 15, 21, 10, 34, tzinfo=UTC)),
        ("18463370", "18463255", datetime(2018, 11, 15, 21, 10, 20, tzinfo=UTC)),
    ]
    assert {post.kind for post in page.posts} == {PostKind.COMMENT}
    assert not any("&#x" in post.text or "<p>" in post.text for post in page.posts)


def test_the_captured_item_gives_its_story_and_five_comments(shared: Path) -> None:
    page = HackerNews.parse(Answer("", (shared / "captures" / "hackernews" / "pyhn-item.json").read_bytes()))
    assert [(post.external_id, post.parent_id) for post in page.posts] == [
        ("18562744", None), ("18563919", "18562744"), ("18564832", "18562744"), ("18568804", "18564832"),
        ("18562788", "18562744"), ("18579192", "18562744"),
    ]  # fmt: skip
    assert page.posts[0].reach.likes == 11
    assert page.posts[3].published_at == datetime(2018, 11, 30, 13, 15, 3, tzinfo=UTC)


def test_the_captured_user_is_refused_with_a_reason(shared: Path) -> None:
    with pytest.raises(ParseError, match="describes a user"):
        HackerNews.parse(Answer("", (shared / "captures" / "hackernews" / "pyhn-pg.json").read_bytes()))


def serve(site: Site, hits: list[dict[str, Any]], most: int) -> None:
    """A search that, as the real one does, gives the latest `most` hits between the bounds and counts all."""

    def answer(request: Request) -> Reply:
        bounds = dict(re.findall(r"created_at_i([<>]=)(\d+)", request.query["numericFilters"]))
        low, high = int(bounds[">="]), int(bounds.get("<=", 10**12))
        found = [item for item in hits if low <= item["created_at_i"] <= high]
        found.sort(key=lambda item: -item["created_at_i"])
        return Reply(json.dumps({"hits": found[:most], "nbHits": len(found)}).encode())

    site.route(SEARCH, answer)


def walk(
    site: Site, cursor: Cursor | None = None, since: datetime | None = None, **options: object
) -> list[Page]:
    chosen = Options.model_validate({"query": "oyez", "site": site.url(""), "overlap_hours": 0, **options})
    with door(site) as http:
        return list(HackerNews(chosen).pages(http, cursor or {}, since=since))


def ids(pages: list[Page]) -> set[int]:
    return {int(post.external_id) for page in pages for post in page.posts}


def test_one_answer_is_one_request_and_gives_the_latest_time() -> None:
    with Site() as site:
        serve(site, [hit(1), hit(5)], 10)
        (page,) = walk(site)
        assert page.cursor == {"searches": {"oyez": {"newest": 1_700_000_005}}}
        (request,) = site.asked(SEARCH)
        assert request.query["tags"] == "(story,comment)"
        assert (request.query["query"], request.query["advancedSyntax"]) == ("oyez", "true")


def test_more_hits_than_an_answer_holds_are_read_in_slices() -> None:
    with Site() as site:
        serve(site, [hit(number) for number in range(95)], 10)
        found = walk(site)
        assert ids(found) == set(range(95))
        assert found[-1].cursor == {"searches": {"oyez": {"newest": 1_700_000_094}}}


@settings(max_examples=6, deadline=None)
@given(seconds=st.lists(st.integers(0, 30), min_size=1, max_size=40))
def test_no_hit_is_lost_between_slices_however_close_they_lie(seconds: list[int]) -> None:
    most = max(seconds.count(second) for second in seconds) + 1
    with Site() as site:
        serve(site, [hit(number, second) for number, second in enumerate(seconds)], most)
        assert ids(walk(site)) == set(range(len(seconds)))


def test_a_second_that_fills_an_answer_does_not_stop_the_walk() -> None:
    with Site() as site:
        serve(site, [hit(number, 5) for number in range(20)] + [hit(99, 1)], 10)
        assert 99 in ids(walk(site))


@pytest.mark.parametrize("stopped_after", [1, 3, 7])
def test_a_walk_cut_short_goes_on_where_it_was(stopped_after: int) -> None:
    with Site() as site:
        hits = [hit(number) for number in range(95)]
        serve(site, hits, 10)
        before = walk(site)[:stopped_after]
        serve(site, [*hits, hit(200)], 10)
        rest = walk(site, before[-1].cursor)
        then = walk(site, rest[-1].cursor)
        assert ids(before) | ids(rest) | ids(then) == {*range(95), 200}
        assert then[-1].cursor == {"searches": {"oyez": {"newest": 1_700_000_200}}}


def test_a_run_reads_no_more_than_it_may_and_the_next_goes_on() -> None:
    with Site() as site:
        serve(site, [hit(number) for number in range(95)], 10)
        first = walk(site, max_requests=3)
        assert len(first) == 3
        assert ids(first) | ids(walk(site, first[-1].cursor)) == set(range(95))


def test_items_that_were_indexed_late_are_found_within_the_overlap() -> None:
    with Site() as site:
        serve(site, [hit(1), hit(5000)], 10)
        cursor = walk(site)[-1].cursor
        serve(site, [hit(1), hit(4000), hit(5000), hit(6000)], 10)
        assert ids(walk(site, cursor, overlap_hours=1)) == {4000, 5000, 6000}


def test_nothing_before_the_day_asked_for_is_read() -> None:
    with Site() as site:
        serve(site, [hit(1), hit(5000)], 10)
        assert ids(walk(site, since=datetime.fromtimestamp(1_700_004_000, UTC))) == {5000}


def test_nothing_new_keeps_the_cursor() -> None:
    with Site() as site:
        serve(site, [], 10)
        known = {"searches": {"oyez": {"newest": 1_700_000_000}}}
        assert walk(site, known)[-1].cursor == known


def test_the_history_begins_with_hacker_news() -> None:
    assert datetime.fromtimestamp(hacker_news._FIRST_SECOND, UTC).year == 2006


@pytest.mark.parametrize(
    "options", [{}, {"query": "oyez AND"}, {"query": "oyez", "stories": False, "comments": False}]
)
def test_wrong_options_are_refused(options: dict[str, object]) -> None:
    with pytest.raises(ValidationError):
        Options.model_validate(options)


def test_each_alternative_is_a_search_of_its_own_and_has_its_own_place() -> None:
    with Site() as site:
        serve(site, [hit(1), hit(5)], 10)
        pages = walk(site, query='oyez OR "hear ye" NOT court')
        asked = [request.query["query"] for request in site.asked(SEARCH)]
        assert asked == ["oyez", '"hear ye" -court']
        assert list(pages[-1].cursor["searches"]) == asked
        walk(site, pages[-1].cursor, query="oyez")
        assert "created_at_i>=1700000005" in site.asked(SEARCH)[-1].query["numericFilters"]


def test_a_walk_is_under_way_until_its_last_slice() -> None:
    with Site() as site:
        serve(site, [hit(number) for number in range(95)], 10)
        source = HackerNews(Options.model_validate({"query": "oyez"}))
        under_way = [source.under_way(page.cursor) for page in walk(site)]
        assert under_way == [True] * (len(under_way) - 1) + [False]
