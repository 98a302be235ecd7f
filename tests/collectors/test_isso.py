"""Isso: trees of comments, the latest ones, its feed, and what is asked of a server."""

import json
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from pydantic import ValidationError
from replay import Reply, Request, Site, door

from collectors.errors import Blocked, NotFound, RateLimited
from collectors.post import PostKind
from collectors.source import Answer, Page, ParseError, SourceError
from collectors.sources.isso import Isso, Options

CREATED = 1_795_262_400.5
"""2026-11-21T12:00:00.5Z"""


def comment(number: int, *replies: dict[str, Any], **more: object) -> dict[str, Any]:
    return {"id": number, "parent": None, "created": CREATED + number, "modified": None, "mode": 1, "likes": 2,
            "text": f"<p>Texte &amp; {number}</p>", "author": "Zoé", "website": "https://zoe.example",
            "hash": "ab12", "replies": list(replies), **more}  # fmt: skip


def tree(*comments: object) -> dict[str, Any]:
    return {"id": None, "total_replies": len(comments), "hidden_replies": 0, "replies": list(comments)}


def parse(content: object) -> Page:
    return Isso.parse(Answer("", json.dumps(content).encode()))


def test_a_comment_in_full() -> None:
    (post,) = parse(tree(comment(7, modified=CREATED + 60))).posts
    assert (post.kind, post.external_id, post.parent_id) == (PostKind.COMMENT, "7", None)
    assert (post.title, post.text) == (None, "Texte & 7")
    assert (post.author.name, post.author.url) == ("Zoé", "https://zoe.example")
    assert post.published_at == datetime(2026, 11, 21, 12, 0, 7, 500_000, tzinfo=UTC)
    assert post.updated_at == datetime(2026, 11, 21, 12, 1, 0, 500_000, tzinfo=UTC)
    assert post.reach.likes == 2


def test_an_author_has_one_identity_whichever_way_a_comment_comes() -> None:
    latest = {name: value for name, value in comment(7).items() if name not in {"hash", "replies"}}
    assert parse([latest]).posts[0].author == parse(tree(comment(7))).posts[0].author


def test_replies_follow_what_they_answer() -> None:
    posts = parse(tree(comment(1, comment(2, parent=1), comment(4, parent=1)), comment(3))).posts
    assert [(post.external_id, post.parent_id) for post in posts] == [
        ("1", None), ("2", "1"), ("4", "1"), ("3", None),
    ]  # fmt: skip


@settings(max_examples=10, deadline=None)
@given(st.integers(1, 400))
def test_comments_nested_deeper_than_python_can_recurse_are_read(depth: int) -> None:
    nested = comment(0)
    for number in range(1, depth):
        nested = comment(number, nested)
    assert len(parse(tree(nested)).posts) == depth


def test_the_latest_comments_are_a_list() -> None:
    assert [post.external_id for post in parse([comment(3), comment(9)]).posts] == ["3", "9"]


def test_a_deleted_comment_that_was_answered_is_a_tombstone() -> None:
    posts = parse(tree(comment(1, comment(2), mode=4, text="", author=None))).posts
    assert [post.deleted for post in posts] == [True, False]


def test_a_comment_without_an_id_is_named_and_the_rest_goes_on() -> None:
    page = parse(tree(comment(1), {"text": "x"}, None))
    assert len(page.posts) == 1
    assert [fault.item for fault in page.faults] == ["item 2", "item 3"]


@pytest.mark.parametrize("content", [{}, {"replies": 3}, [{"x": 1}], "x"])
def test_what_holds_no_comments_is_refused(content: object) -> None:
    with pytest.raises(ParseError):
        parse(content)


def captured(shared: Path, name: str) -> Page:
    return Isso.parse(Answer("", (shared / "captures" / "isso" / name).read_bytes()))


def test_the_captured_tree_gives_a_comment_and_its_reply(shared: Path) -> None:
    first, second = captured(shared, "live-local-comments.json").posts
    assert (first.external_id, first.parent_id, first.author.name) == ("1", None, "Élodie")
    assert (second.external_id, second.parent_id, second.author.name) == ("2", "1", "John")
    assert first.published_at == datetime(2026, 11, 21, 19, 2, 2, 209496, tzinfo=UTC)
    assert first.text == "Service client inexistant, colis arrivé cassé. Je ne recommande pas."
    assert (first.reach.likes, first.updated_at) == (0, None)


def test_the_captured_feed_gives_the_same_comments(shared: Path) -> None:
    feed, comments = (
        captured(shared, "live-local-feed.atom.xml").posts,
        captured(shared, "live-local-comments.json"),
    )
    same = [(p.external_id, p.parent_id, p.author.name, p.text, p.title, p.kind) for p in feed]
    assert same == [(p.external_id, p.parent_id, p.author.name, p.text, p.title, p.kind) for p in comments.posts]
    assert feed[1].published_at == datetime(2026, 11, 21, 19, 2, 2, 283691, tzinfo=UTC)
    assert feed[0].url == "http://127.0.0.1:8082/avis/#isso-1"


@pytest.fixture
def site() -> Iterator[Site]:
    with Site() as running:
        yield running


def walk(server: Site, since: datetime | None = None, **options: object) -> list[Page]:
    chosen = Options.model_validate({"url": server.url("/comments/"), "site": "https://blog.example", **options})
    with door(server) as http:
        return list(Isso(chosen).pages(http, {}, since=since))


def serve(site: Site, pages: dict[str, object]) -> None:
    def answer(request: Request) -> Reply:
        content = pages.get(request.query["uri"], tree())
        return Reply(json.dumps(content).encode(), content_type="application/json")

    site.route("/comments/", answer)


def test_the_comments_of_each_page_are_read_and_linked(site: Site) -> None:
    serve(site, {"/a/": tree(comment(1)), "/b/": tree(comment(2), comment(3))})
    posts = [post for page in walk(site, pages=["/a/", "/b/"]) for post in page.posts]
    assert [post.url for post in posts] == [
        "https://blog.example/a/#isso-1", "https://blog.example/b/#isso-2", "https://blog.example/b/#isso-3",
    ]  # fmt: skip
    assert walk(site, pages=["/a/"], site=None)[0].posts[0].url is None


def test_a_kept_answer_is_read_again_with_its_links(site: Site) -> None:
    serve(site, {"/a/": tree(comment(1))})
    (page,) = walk(site, pages=["/a/"])
    assert page.answer is not None
    again = Isso(Options(url="https://c.example", site="https://blog.example", latest=True)).reread(page.answer)
    assert again.posts == page.posts


def test_the_latest_comments_say_where_they_stand(site: Site) -> None:
    site.put("/comments/latest", json.dumps([comment(5, uri="/c/")]))
    (page,) = walk(site, latest=True)
    assert page.posts[0].url == "https://blog.example/c/#isso-5"
    assert site.asked("/comments/latest")[0].query == {"limit": "100"}


def test_nothing_before_the_day_asked_for_is_given(site: Site) -> None:
    serve(site, {"/a/": tree(comment(1, created=1_500_000_000.0), comment(2))})
    (page,) = walk(site, since=datetime(2026, 1, 1, tzinfo=UTC), pages=["/a/"])
    assert [post.external_id for post in page.posts] == ["2"]


def test_a_page_that_fails_does_not_stop_the_next(site: Site) -> None:
    def answer(request: Request) -> Reply:
        if request.query["uri"] == "/a/":
            return Reply(b"<html>forbidden</html>", status=403)
        return Reply(json.dumps(tree(comment(1))).encode())

    site.route("/comments/", answer)
    found: list[Page] = []
    options = Options(url=site.url("/comments"), pages=("/a/", "/b/"))
    with door(site) as http, pytest.raises(Blocked):
        for page in Isso(options).pages(http, {}):
            found.append(page)
    assert len(found) == 1


def test_a_page_without_comments_may_be_said_to_be_missing_but_not_all_of_them(site: Site) -> None:
    def answer(request: Request) -> Reply:
        return (
            Reply(json.dumps(tree(comment(1))).encode()) if request.query["uri"] == "/b/" else Reply(status=404)
        )

    site.route("/comments/", answer)
    assert [len(page.posts) for page in walk(site, pages=["/a/", "/b/"])] == [1]
    with pytest.raises(NotFound):
        walk(site, pages=["/a/", "/c/"])
    with pytest.raises(NotFound):  # it is switched off
        walk(site, pages=["/b/"], latest=True)


@pytest.mark.parametrize("reply", [Reply(b'{"replies": [', cut=False), Reply(b"not json")])
def test_a_broken_answer_is_named(site: Site, reply: Reply) -> None:
    site.route("/comments/", lambda request: reply)
    with pytest.raises(SourceError):
        walk(site, pages=["/a/"])


def test_too_many_requests_end_the_run(site: Site) -> None:
    site.put("/comments/", status=429, headers={"Retry-After": "900"})
    with pytest.raises(RateLimited):
        walk(site, pages=["/a/"])


def test_something_must_be_read() -> None:
    with pytest.raises(ValidationError, match="latest"):
        Options.model_validate({"url": "https://a.example"})
