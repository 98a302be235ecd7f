"""Instagram: comments on one's own posts, tags, mentions and hashtags, one's own answers as replies."""

import json
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from pydantic import SecretStr, ValidationError
from replay import Reply, Request, Site, StillClock, door

from collectors.graph import VERSION
from collectors.post import OwnerReply, PostKind
from collectors.source import Answer, Cursor, Page, ParseError
from collectors.sources.instagram import Instagram, Options

ACCOUNT, TOKEN = "17841400000000000", "IGQV-t0ken"
NOW = StillClock().now()


def when(hours: float) -> str:
    return (NOW - timedelta(hours=hours)).strftime("%Y-%m-%dT%H:%M:%S+0000")


def media(name: str, hours: float = 1.0, comments: int = 0, **more: object) -> dict[str, Any]:
    return {
        "id": name,
        "caption": f"légende {name}",
        "timestamp": when(hours),
        "comments_count": comments,
        "like_count": 3,
        "media_type": "IMAGE",
        "permalink": f"https://www.instagram.com/p/{name}/",
        **more,
    }


def comment(name: str, author: str = "7", *replies: object, hours: float = 1.0) -> dict[str, Any]:
    found = {
        "id": name,
        "text": f"avis {name}",
        "timestamp": when(hours),
        "like_count": 1,
        "username": f"u{author}",
        "from": {"id": author, "username": f"u{author}"},
    }
    return found | ({"replies": {"data": list(replies)}} if replies else {})


def parse(document: object, url: str = "") -> Page:
    return Instagram.parse(Answer(url, json.dumps(document).encode()))


# --- one answer ---------------------------------------------------------------------------------------------


def test_a_post_in_full() -> None:
    item = media("1", comments=2, timestamp="2026-11-20T08:00:00+0000", username="zoe")
    (post,) = parse({"data": [item]}).posts
    assert (post.kind, post.external_id, post.text, post.parent_id) == (PostKind.POST, "1", "légende 1", None)
    assert post.published_at == datetime(2026, 11, 20, 8, tzinfo=UTC)
    assert (post.author.id, post.author.name, post.author.url) == ("zoe", "zoe", "https://www.instagram.com/zoe/")
    assert (post.reach.likes, post.reach.comments, post.url) == (3, 2, "https://www.instagram.com/p/1/")


def test_comments_name_the_post_that_was_asked_for_and_answers_their_comment() -> None:
    url = f"https://graph.facebook.com/{VERSION}/99/comments?fields=id"
    first, second = parse({"data": [comment("a", "7", comment("b", "8"))]}, url).posts
    assert (first.kind, first.external_id, first.parent_id, first.text) == (PostKind.COMMENT, "a", "99", "avis a")
    assert (first.author.id, first.author.name, first.reach.likes) == ("7", "u7", 1)
    assert (second.external_id, second.parent_id) == ("b", "a")


@pytest.mark.parametrize(
    ("document", "kind"),
    [
        ({"mentioned_media": media("1"), "id": ACCOUNT}, PostKind.POST),
        ({"mentioned_comment": comment("1"), "id": ACCOUNT}, PostKind.COMMENT),
        ({"business_discovery": {"media": {"data": [media("1")]}}, "id": ACCOUNT}, PostKind.POST),
        (media("1"), PostKind.POST),
    ],
)
def test_mentions_and_single_posts_are_read(document: object, kind: PostKind) -> None:
    (post,) = parse(document).posts
    assert (post.kind, post.external_id) == (kind, "1")


def test_what_cannot_be_used_is_named_and_the_rest_goes_on() -> None:
    page = parse({"data": [media("1"), {"caption": "no id"}, None, comment("a", "7", None)]})
    assert [post.external_id for post in page.posts] == ["1", "a"]
    assert [fault.item for fault in page.faults] == ["item 2", "item 3", "item 5"]


def test_a_hashtag_without_posts_gives_none() -> None:
    assert parse({"data": []}).posts == []


@pytest.mark.parametrize(
    ("document", "says"),
    [
        ([], "neither posts nor comments"),
        ({}, "neither posts nor comments"),
        ({"id": "1", "name": "lila"}, "names hashtags"),
        ({"data": [{"id": "1", "name": "lila"}]}, "names hashtags"),
        ({"error": {"message": "expired", "code": 190}}, "refuses: expired"),
    ],
)
def test_what_holds_no_posts_says_what_it_is(document: object, says: str) -> None:
    with pytest.raises(ParseError, match=says):
        parse(document)


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | st.text(max_size=12),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=6), inner, max_size=3),
    max_leaves=8,
)
NAMES = ["id", "text", "caption", "timestamp", "username", "from", "replies", "media", "permalink", "like_count"]


@settings(max_examples=60, deadline=None)
@given(items=st.lists(st.dictionaries(st.sampled_from(NAMES), JSON) | JSON, max_size=4), url=st.text(max_size=20))
def test_an_answer_may_hold_anything_in_any_place(items: list[object], url: str) -> None:
    for post in parse({"data": [media("1"), *items]}, url).posts:
        (post.text + (post.author.name or "") + (post.url or "") + post.external_id).encode()


# --- real answers -------------------------------------------------------------------------------------------

CAPTURES = {
    "discovery-medias_p1.json": (2, PostKind.POST),
    "hashtags-hashtag_recent_medias_p1.json": (5, PostKind.POST),
    "hashtags-hashtag_top_medias_p1.json": (25, PostKind.POST),
    "medias-comments_p1.json": (2, PostKind.COMMENT),
    "medias-comments_p2.json": (2, PostKind.COMMENT),
    "medias-media_default.json": (1, PostKind.POST),
    "users-mentioned_comment.json": (1, PostKind.COMMENT),
    "users-mentioned_media.json": (1, PostKind.POST),
}


def captured(shared: Path, name: str) -> Page:
    return Instagram.parse(Answer("", (shared / "captures" / "instagram" / name).read_bytes()))


@pytest.mark.parametrize("name", CAPTURES)
def test_a_real_answer_gives_every_post_that_is_in_it(shared: Path, name: str) -> None:
    page = captured(shared, name)
    assert (len(page.posts), page.faults) == (CAPTURES[name][0], [])
    assert {post.kind for post in page.posts} == {CAPTURES[name][1]}


@pytest.mark.parametrize("name", ["hashtags-hashtag_info.json", "users-hashtag_search.json"])
def test_a_real_answer_that_only_names_hashtags_is_refused(shared: Path, name: str) -> None:
    with pytest.raises(ParseError, match="names hashtags"):
        captured(shared, name)


def test_real_comments_have_their_texts_and_times(shared: Path) -> None:
    posts = captured(shared, "medias-comments_p1.json").posts
    assert [(post.external_id, post.text, post.published_at) for post in posts] == [
        ("17858154961981086", "Beautiful!", datetime(2020, 6, 1, 10, 56, 52, tzinfo=UTC)),
        ("17874875428706419", "Beautiful!", datetime(2020, 6, 1, 10, 16, 39, tzinfo=UTC)),
    ]


def test_a_real_mention_has_its_author_and_a_real_hashtag_none(shared: Path) -> None:
    (mention,) = captured(shared, "users-mentioned_comment.json").posts
    assert (mention.author.name, mention.text) == ("ikroskun", "@ikroskun good")
    assert mention.published_at == datetime(2021, 8, 19, 9, 14, 16, tzinfo=UTC)
    posts = captured(shared, "hashtags-hashtag_recent_medias_p1.json").posts
    assert [(post.reach.likes, post.reach.comments) for post in posts] == [
        (804, 8), (1430, 44), (448, 6), (502, 57), (165, 12),
    ]  # fmt: skip
    assert {(post.author.name, post.published_at) for post in posts} == {(None, None)}


# --- walks --------------------------------------------------------------------------------------------------


def serve(site: Site, path: str, pages: list[list[Any]]) -> None:
    """A listing in pages, each naming the next by a whole address with the token in it, as the real one does."""

    def play(request: Request) -> Reply:
        at = int(request.query.get("after", 0))
        paging: dict[str, Any] = {"cursors": {"after": str(at + 1)}}
        if at + 1 < len(pages):
            paging["next"] = f"https://graph.facebook.com/x?access_token={TOKEN}&limit=5&after={at + 1}"
        return Reply(json.dumps({"data": pages[at], "paging": paging}).encode())

    site.route(f"/{VERSION}/{path}", play)


def source(site: Site, **options: object) -> Instagram:
    given_ = {"account": ACCOUNT, "token": SecretStr(TOKEN), "site": site.url(""), "read": ["media"], **options}
    return Instagram(Options.model_validate(given_))


def walk(site: Site, cursor: Cursor | None = None, **options: object) -> list[Page]:
    with door(site) as http:
        return list(source(site, **options).pages(http, cursor or {}))


def ids(pages: list[Page]) -> list[str]:
    return [post.external_id for page in pages for post in page.posts]


def test_comments_below_own_posts_are_read_with_own_answers_as_replies() -> None:
    with Site() as site:
        serve(site, f"{ACCOUNT}/media", [[media("1", 1, 3), media("2", 2, 0)]])
        serve(site, "1/comments", [[comment("a", "7", comment("b", ACCOUNT))], [comment("c", "8")]])
        pages = walk(site)
        assert ids(pages) == ["a", "c"]
        by_id = {post.external_id: post for page in pages for post in page.posts}
        assert by_id["a"].owner_reply == OwnerReply("avis b", NOW - timedelta(hours=1))
        assert (by_id["c"].parent_id, by_id["c"].url) == ("1", "https://www.instagram.com/p/1/")
        assert site.requests[0].headers["authorization"] == f"Bearer {TOKEN}"
        assert "/robots.txt" not in site.paths
        site.requests.clear()
        walk(site, pages[-1].cursor)
        assert site.paths == [f"/{VERSION}/{ACCOUNT}/media"]


def test_more_comments_are_read_when_there_are_more() -> None:
    with Site() as site:
        serve(site, f"{ACCOUNT}/media", [[media("1", 1, 1)]])
        serve(site, "1/comments", [[comment("a")]])
        cursor = walk(site)[-1].cursor
        serve(site, f"{ACCOUNT}/media", [[media("1", 1, 2)]])
        serve(site, "1/comments", [[comment("b"), comment("a")]])
        assert "b" in ids(walk(site, cursor))


def test_posts_that_tag_the_account_are_mentions() -> None:
    with Site() as site:
        serve(
            site, f"{ACCOUNT}/tags", [[media("1", username="zoe", comments=4)], [media("2", 2, username="paul")]]
        )
        assert ids(walk(site, read=["tags"])) == ["1", "2"]
        assert len(site.requests) == 2


def test_a_hashtag_is_looked_up_and_its_latest_posts_are_read() -> None:
    with Site() as site:
        site.put(f"/{VERSION}/ig_hashtag_search", json.dumps({"data": [{"id": "555"}]}))
        serve(site, "555/recent_media", [[media("1")], [media("2", 2)]])
        assert ids(walk(site, read=[], hashtags=["#LiLa"])) == ["1", "2"]
        asked = site.asked(f"/{VERSION}/ig_hashtag_search")[0].query
        assert (asked["q"], asked["user_id"]) == ("lila", ACCOUNT)
        assert site.asked(f"/{VERSION}/555/recent_media")[0].query["user_id"] == ACCOUNT


def test_an_unknown_hashtag_is_told_and_the_others_are_read() -> None:
    with Site() as site:

        def look_up(request: Request) -> Reply:
            return Reply(json.dumps({"data": [{"id": "555"}] if request.query["q"] == "lila" else []}).encode())

        site.route(f"/{VERSION}/ig_hashtag_search", look_up)
        serve(site, "555/recent_media", [[media("1")]])
        pages = walk(site, read=[], hashtags=["nonsuch", "lila"])
        assert ids(pages) == ["1"]
        assert [fault.item for page in pages for fault in page.faults] == ["#nonsuch"]


def test_a_post_that_goes_while_its_comments_are_read_stops_nothing() -> None:
    with Site() as site:
        serve(site, f"{ACCOUNT}/media", [[media("1", 1, 3), media("2", 2, 1)]])
        said = {"error": {"code": 100, "message": "Object does not exist"}}
        site.put(f"/{VERSION}/1/comments", json.dumps(said), status=400)
        serve(site, "2/comments", [[comment("a")]])
        pages = walk(site)
        assert ids(pages) == ["a"]
        assert [fault.item for page in pages for fault in page.faults] == ["post 1"]


@pytest.mark.parametrize("after", [1, 2, 3])
def test_a_walk_cut_off_goes_on_where_it_was(after: int) -> None:
    with Site() as site:
        serve(site, f"{ACCOUNT}/tags", [[media(str(n), n)] for n in range(5)])
        before = walk(site, read=["tags"])[:after]
        assert set(ids(before)) | set(ids(walk(site, before[-1].cursor, read=["tags"]))) == set("01234")


def test_the_token_is_neither_in_addresses_nor_in_what_is_kept() -> None:
    with Site() as site:
        serve(site, f"{ACCOUNT}/media", [[media("1", 1, 1)], [media("2", 2)]])
        serve(site, "1/comments", [[comment("a")], [comment("b")]])
        for page in walk(site):
            assert TOKEN not in str(page.cursor)
            assert page.answer is None or TOKEN not in page.answer.url + page.answer.body.decode()
        assert not any(TOKEN in str(request.query) for request in site.requests)


def test_a_kept_answer_is_read_again_as_on_the_visit() -> None:
    with Site() as site:
        serve(site, f"{ACCOUNT}/media", [[media("1", 1, 2)]])
        serve(site, "1/comments", [[comment("a", "7", comment("b", ACCOUNT))]])
        for page in walk(site):
            assert page.answer is None or source(site).reread(page.answer).posts == page.posts


@pytest.mark.parametrize(
    "options",
    [
        {},
        {"account": ACCOUNT},
        {"account": "lila", "token": "env:T"},
        {"account": ACCOUNT, "token": TOKEN},
        {"account": ACCOUNT, "token": "env:T", "read": []},
        {"account": ACCOUNT, "token": "env:T", "hashtags": ["two words"]},
        {"account": ACCOUNT, "token": "env:T", "hashtags": [f"t{n}" for n in range(31)]},
    ],
)
def test_wrong_options_are_refused(options: dict[str, object]) -> None:
    with pytest.raises(ValidationError) as caught:
        Options.model_validate(options)
    assert TOKEN not in str(caught.value)
