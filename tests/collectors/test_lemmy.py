"""Lemmy: answers of the search as documented, ActivityPub objects as captured, and pages of a search."""

import json
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from pydantic import ValidationError
from replay import Reply, Request, Site, door

from collectors.errors import Blocked, RateLimited
from collectors.post import Post, PostKind
from collectors.source import Answer, Cursor, Page, ParseError, SourceError
from collectors.sources.lemmy import Lemmy, Options

NOON = datetime(2026, 11, 21, 12, tzinfo=UTC)
SEARCH = "/api/v3/search"
PUBLIC = "https://www.w3.org/ns/activitystreams#Public"
CREATOR = {"name": "zoe", "display_name": "Zoé", "actor_id": "https://a.example/u/zoe", "bot_account": False}


def post_view(number: int, hours_ago: float = 1.0, **more: object) -> dict[str, Any]:
    post = {
        "id": number,
        "name": f"Titre {number}",
        "body": f"Texte {number}",
        "ap_id": f"https://a.example/post/{number}",
        "published": (NOON - timedelta(hours=hours_ago)).strftime("%Y-%m-%dT%H:%M:%S.%fZ"),
        **more,
    }
    community = {"name": "conso", "title": "Consommation"}
    return {"post": post, "creator": CREATOR, "community": community, "counts": {"score": 4, "comments": 2}}


def comment_view(number: int, **more: object) -> dict[str, Any]:
    comment = {"id": number, "content": "Pareil", "ap_id": f"https://b.example/comment/{number}",
               "published": "2026-11-21T10:00:00Z", "path": f"0.{number}", **more}  # fmt: skip
    return {**post_view(1), "comment": comment, "counts": {"score": -1, "child_count": 0}}


def parse(content: object) -> Page:
    return Lemmy.parse(Answer("", json.dumps(content).encode()))


def only(content: object) -> Post:
    (post,) = parse(content).posts
    return post


def test_a_post_in_full() -> None:
    post = only({"posts": [post_view(7, updated="2026-11-21T11:30:00Z")], "comments": []})
    assert (post.kind, post.external_id, post.url) == (PostKind.POST, *["https://a.example/post/7"] * 2)
    assert (post.title, post.text, post.parent_id) == ("Titre 7", "Texte 7", None)
    assert (post.author.id, post.author.name) == ("https://a.example/u/zoe", "Zoé")
    assert post.published_at == datetime(2026, 11, 21, 11, tzinfo=UTC)
    assert post.updated_at == datetime(2026, 11, 21, 11, 30, tzinfo=UTC)
    assert (post.reach.likes, post.reach.comments) == (4, 2)
    assert post.segments == {"community": "Consommation"}


def test_a_comment_in_full() -> None:
    post = only({"comments": [comment_view(9)]})
    assert (post.kind, post.external_id, post.title) == (PostKind.COMMENT, "https://b.example/comment/9", None)
    assert (post.parent_id, post.text) == ("https://a.example/post/1", "Pareil")
    assert (post.reach.likes, post.reach.comments) == (-1, 0)


def test_a_comment_on_a_comment_names_that_one() -> None:
    assert only({"comments": [comment_view(9, path="0.5.9")]}).parent_id == "5"


@pytest.mark.parametrize(
    "written", ["2026-11-21T10:00:00.123456", "2026-11-21T10:00:00.123456Z", "2026-11-21T11:00:00.123456+01:00"]
)
def test_a_date_without_a_zone_is_utc(written: str) -> None:
    assert only({"posts": [post_view(1, published=written)]}).published_at == datetime(
        2026, 11, 21, 10, 0, 0, 123456, tzinfo=UTC
    )


@pytest.mark.parametrize("name", ["results", "search", "items"])
def test_the_one_list_of_version_1_is_read_whatever_it_is_called(name: str) -> None:
    others = [{"type_": "community", "community": {"name": "c"}}, {"type_": "person", "person": {"name": "zoe"}}]
    mixed = [post_view(1) | {"type_": "post"}, *others, comment_view(5) | {"type_": "comment"}]
    page = parse({name: mixed, "next_page": "abc"})
    assert [post.kind for post in page.posts] == [PostKind.POST, PostKind.COMMENT]
    assert page.faults == []
    assert parse({name: others}).posts == parse({name: []}).posts == []


def test_the_names_of_version_1_are_read() -> None:
    view = {
        "post": {"id": 3, "name": "T", "ap_id": "https://a.example/post/3", "score": 8, "comments": 1,
                 "published_at": "2026-11-21T10:00:00Z", "updated_at": "2026-11-21T10:30:00Z"},
        "creator": {"name": "zoe", "ap_id": "https://a.example/u/zoe"},
        "community": {"name": "conso"},
    }  # fmt: skip
    post = only({"results": [view, {"type_": "Community"}], "next_page": "Pabc"})
    assert (post.reach.likes, post.reach.comments, post.author.id) == (8, 1, "https://a.example/u/zoe")
    assert post.published_at == datetime(2026, 11, 21, 10, tzinfo=UTC)
    assert post.updated_at == datetime(2026, 11, 21, 10, 30, tzinfo=UTC)


def test_markdown_is_not_taken_for_html() -> None:
    body = "Voir <https://lila.example/panne> : `Vec<Client>`\n\n&gt; cité\n\na &amp; b\0"
    assert only({"posts": [post_view(1, body=body)]}).text == (
        "Voir <https://lila.example/panne> : `Vec<Client>`\n\n> cité\n\na & b"
    )


@pytest.mark.parametrize("mark", [{"deleted": True}, {"removed": True}])
def test_what_was_taken_away_is_a_tombstone(mark: dict[str, Any]) -> None:
    assert only({"posts": [post_view(1, **mark)]}).deleted


def test_bots_are_left_out() -> None:
    view = post_view(1) | {"creator": CREATOR | {"bot_account": True}}
    assert parse({"posts": [view, post_view(2)]}).posts[0].external_id == "https://a.example/post/2"


def test_one_post_alone_is_read() -> None:
    assert only({"post_view": post_view(4)}).title == "Titre 4"
    assert only({"comment_view": comment_view(5)}).text == "Pareil"


def test_an_item_without_an_id_is_named_and_the_rest_goes_on() -> None:
    page = parse({"posts": [post_view(1), {"post": {"name": "x"}}, 5]})
    assert len(page.posts) == 1
    assert [fault.item for fault in page.faults] == ["item 2", "item 3"]


@pytest.mark.parametrize(
    ("content", "says"),
    [
        ({"error": "couldnt_find_community"}, "couldnt_find"),
        ({"type": "Person", "id": "x"}, "neither"),
        ([], "neither"),
        ({"posts": [{"uri": "at://x", "record": {}}]}, "neither"),
        ({"posts": None}, "neither"),
    ],
)
def test_what_holds_no_posts_says_so(content: object, says: str) -> None:
    with pytest.raises(ParseError, match=says):
        parse(content)


def note(**more: object) -> dict[str, Any]:
    return {"type": "Note", "id": "https://c.example/n/1", "content": "<p>Bien &amp; bon</p>", "to": [PUBLIC],
            "attributedTo": "https://c.example/u/ali", "published": "2026-11-21T10:00:00Z", **more}  # fmt: skip


def test_an_object_is_found_in_what_carries_it() -> None:
    create = {"type": "Create", "id": "https://c.example/a/1", "object": note()}
    announce = {"type": "Announce", "object": create}
    box = {"type": "OrderedCollectionPage", "orderedItems": [announce, note(id="https://c.example/n/2")]}
    assert {post.external_id for post in parse(box).posts} == {"https://c.example/n/1", "https://c.example/n/2"}
    assert only(announce).text == "Bien & bon"


def test_a_video_of_peertube_is_a_post_with_its_views() -> None:
    video = {
        "type": "Video", "id": "https://v.example/w/1", "name": "La panne", "views": 31,
        "content": "Rien ne marche",
        "to": [PUBLIC], "language": {"identifier": "fr", "name": "Français"},
        "attributedTo": [{"type": "Person", "id": "https://v.example/accounts/ali"}],
        "url": [{"type": "Link", "href": "https://v.example/w/1", "mediaType": "text/html"}],
        "published": "2026-11-21T10:00:00.000Z", "likes": "https://v.example/w/1/likes",
    }  # fmt: skip
    post = only(video)
    assert (post.title, post.text, post.author.name, post.reach.views) == (
        "La panne",
        "Rien ne marche",
        "ali",
        31,
    )
    assert (post.language, post.url) == ("fr", "https://v.example/w/1")


def test_a_message_that_is_not_for_all_is_no_post() -> None:
    assert parse(note(to=["https://c.example/u/zoe"], cc=[])).posts == []
    assert len(parse(note(to="https://c.example/u/ali/followers", cc=PUBLIC)).posts) == 1


@pytest.mark.parametrize(
    "gone",
    [
        {"type": "Tombstone", "id": "https://c.example/n/1"},
        {"type": "Delete", "object": "https://c.example/n/1"},
        {"type": "Delete", "object": {"type": "Tombstone", "id": "https://c.example/n/1"}},
    ],
)
def test_a_deletion_is_a_tombstone(gone: dict[str, Any]) -> None:
    post = only(gone)
    assert (post.external_id, post.deleted) == ("https://c.example/n/1", True)


def test_what_activities_carry_is_not_looked_for_without_end() -> None:
    activity: dict[str, Any] = note()
    for _ in range(50):
        activity = {"type": "Announce", "object": activity}
    with pytest.raises(ParseError):
        parse(activity)


CAPTURED = {
    "discourse-objects-page.json": (
        "Our next meeting", None, None, datetime(2024, 4, 13, 14, 36, 19, tzinfo=UTC)),
    "lemmy-activities-create_or_update-create_comment.json": (
        None, "http://ds9.lemmy.ml/post/1", None, datetime(2021, 11, 1, 11, 45, 49, 794920, tzinfo=UTC)),
    "lemmy-activities-create_or_update-create_page.json": (
        "test post", None, "ko", datetime(2021, 10, 29, 15, 10, 51, 557399, tzinfo=UTC)),
    "lemmy-objects-comment.json": (
        None, "https://enterprise.lemmy.ml/post/55143", "fr",
        datetime(2021, 3, 1, 13, 42, 43, 966208, tzinfo=UTC)),
    "lemmy-objects-page.json": ("Post title", None, "fr", datetime(2021, 2, 26, 12, 35, 34, 292626, tzinfo=UTC)),
    "mastodon-objects-note_1.json": (
        None, "https://mamot.fr/users/retiolus/statuses/107224244380204526", "en",
        datetime(2021, 11, 5, 11, 46, 50, tzinfo=UTC)),
    "peertube-objects-note.json": (
        None, "https://bae.st/objects/87c1cbf5-542a-491d-af57-0414c8648381", None,
        datetime(2022, 4, 29, 7, 52, 32, 548000, tzinfo=UTC)),
}  # fmt: skip


@pytest.mark.parametrize("name", CAPTURED)
def test_each_captured_object_is_one_post(shared: Path, name: str) -> None:
    page = Lemmy.parse(Answer("", (shared / "captures" / "lemmy" / name).read_bytes()))
    (post,) = page.posts
    assert (post.title, post.parent_id, post.language, post.published_at) == CAPTURED[name]
    assert (post.kind is PostKind.COMMENT) == (post.parent_id is not None)
    assert post.author.id and post.url and post.text
    assert page.faults == []


def test_the_captured_edit_has_both_its_dates_and_its_author_a_name(shared: Path) -> None:
    folder = shared / "captures" / "lemmy"
    post = Lemmy.parse(Answer("", (folder / "lemmy-objects-comment.json").read_bytes())).posts[0]
    assert post.updated_at == datetime(2021, 3, 1, 13, 43, 3, 955787, tzinfo=UTC)
    assert (post.author.name, post.segments) == ("picard", {"community": "tenforward"})
    other = Lemmy.parse(Answer("", (folder / "discourse-objects-page.json").read_bytes())).posts[0]
    assert other.author.name is None


@pytest.fixture
def site() -> Iterator[Site]:
    with Site() as running:
        yield running


def serve(site: Site, views: list[dict[str, Any]], size: int = 50, *, named: bool = False) -> None:
    """A search of posts, the newest first, in pages by number or by name; there are no comments."""

    def answer(request: Request) -> Reply:
        if request.query["type_"] == "Comments":
            return Reply(b'{"posts": [], "comments": []}')
        place = request.query.get("page_cursor", "c1")[1:] if named else request.query["page"]
        start = (int(place) - 1) * size
        content: dict[str, Any] = {"posts": views[start : start + size], "comments": []}
        if named and start + size < len(views):
            content["next_page"] = f"c{int(place) + 1}"
        return Reply(json.dumps(content).encode())

    site.route(SEARCH, answer)


def walk(site: Site, cursor: Cursor | None = None, **options: object) -> list[Page]:
    chosen = Options.model_validate({"url": site.url(""), "query": "lila", **options})
    with door(site) as http:
        return list(Lemmy(chosen).pages(http, cursor or {}))


def numbers(pages: list[Page]) -> list[int]:
    return [int(post.external_id.rpartition("/")[2]) for page in pages for post in page.posts]


@pytest.mark.parametrize("named", [False, True])
def test_a_search_is_read_page_by_page(site: Site, named: bool) -> None:
    serve(site, [post_view(number, number) for number in range(1, 121)], named=named)
    assert numbers(walk(site)) == list(range(1, 121))
    assert {request.query["sort"] for request in site.asked(SEARCH)} == {"New"}


def test_only_what_is_new_is_read_again(site: Site) -> None:
    views = [post_view(number, 10 + number) for number in range(1, 151)]
    serve(site, views)
    cursor = walk(site)[-1].cursor
    serve(site, [post_view(900, 0.5), *views])
    again = walk(site, cursor, overlap_hours=1)
    assert 900 in numbers(again)
    assert len(site.asked(SEARCH)) == 4 + 1 + 3  # all pages and the comments; then until what is known, and these


def test_an_instance_that_ignores_the_page_is_left_after_two(site: Site) -> None:
    site.put(SEARCH, json.dumps({"posts": [post_view(number) for number in range(50)], "comments": []}))
    pages = walk(site)
    assert len(pages) == 4
    assert pages[1].faults[-1].problem == "its pages lead in circles"


def test_each_of_several_words_is_a_search_of_its_own(site: Site) -> None:
    serve(site, [])
    walk(site, query='lila OR "lila énergie"')
    assert [request.query["q"] for request in site.asked(SEARCH)][::2] == ["lila", "lila énergie"]


def test_an_error_that_comes_with_200_is_said(site: Site) -> None:
    site.put(SEARCH, b'{"error": "search_disabled"}')
    with pytest.raises(SourceError, match="search_disabled"):
        walk(site)


def test_a_page_instead_of_an_answer_is_refused(site: Site) -> None:
    site.put(SEARCH, b"<!doctype html><title>Forbidden</title>", status=403)
    with pytest.raises(Blocked):
        walk(site)
    site.put(SEARCH, b"<!doctype html><title>Moved</title>")
    with pytest.raises(ParseError, match="HTML"):
        walk(site)


def test_too_many_requests_end_the_run_until_the_time_said(site: Site) -> None:
    site.put(SEARCH, status=429, headers={"Retry-After": "600"})
    with pytest.raises(RateLimited) as caught:
        walk(site)
    assert caught.value.retry_at == NOON + timedelta(minutes=10)


def test_a_query_is_needed() -> None:
    with pytest.raises(ValidationError):
        Options.model_validate({"url": "https://a.example"})
