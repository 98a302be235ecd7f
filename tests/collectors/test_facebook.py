"""Facebook: posts, comments and recommendations of one's own page, its answers as replies, walks."""

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
from collectors.post import OwnerReply, PostKind, Rating
from collectors.source import Answer, Cursor, Page, ParseError, SourceError
from collectors.sources.facebook import Facebook, Options

PAGE, TOKEN = "12345", "EAAG-t0ken"
NOW = StillClock().now()


def when(hours: float) -> str:
    return (NOW - timedelta(hours=hours)).strftime("%Y-%m-%dT%H:%M:%S+0000")


def own(name: str, hours: float = 1.0, comments: int = 0, author: str = PAGE, **more: object) -> dict[str, Any]:
    counts = {"comments": {"data": [], "summary": {"total_count": comments}}}
    return {"id": f"{PAGE}_{name}", "message": f"texte {name}", "created_time": when(hours),
            "from": {"id": author, "name": "Lila"}, **counts, **more}  # fmt: skip


def comment(name: str, author: str = "7", hours: float = 1.0, **more: object) -> dict[str, Any]:
    return {"id": f"1_{name}", "message": f"avis {name}", "created_time": when(hours), "comment_count": 0,
            "like_count": 2, "from": {"id": author, "name": "Zoé"}, **more}  # fmt: skip


def parse(document: object) -> Page:
    return Facebook.parse(Answer("", json.dumps(document).encode()))


# --- one answer ---------------------------------------------------------------------------------------------


def test_a_post_in_full() -> None:
    (post,) = parse(
        {"data": [own("1", created_time="2026-11-20T09:00:00+0100", updated_time="2026-11-20T10:00:00+0000",
                      permalink_url="https://www.facebook.com/12345/posts/1/", shares={"count": 4}, comments=3,
                      reactions={"summary": {"total_count": 9}})]}
    ).posts  # fmt: skip
    assert (post.kind, post.external_id, post.text, post.parent_id) == (PostKind.POST, "12345_1", "texte 1", None)
    assert post.published_at == datetime(2026, 11, 20, 8, tzinfo=UTC)
    assert post.updated_at == datetime(2026, 11, 20, 10, tzinfo=UTC)
    assert (post.author.id, post.author.name) == (PAGE, "Lila")
    assert (post.reach.likes, post.reach.shares, post.reach.comments) == (9, 4, 3)


def test_a_post_without_words_has_those_of_what_it_shows() -> None:
    shown = {"attachments": {"data": [{"title": "Titre", "description": "Une photo"}]}}
    (post,) = parse({"data": [own("1", message=None, **shown)]}).posts
    assert post.text == "Une photo"


def test_a_comment_and_an_answer_to_it() -> None:
    first, second = parse({"data": [comment("a"), comment("b", parent={"id": "1_a"})]}).posts
    assert (first.kind, first.external_id, first.reach.likes, first.reach.comments) == (
        PostKind.COMMENT,
        "1_a",
        2,
        0,
    )
    assert (first.author.id, first.author.name, first.text) == ("7", "Zoé", "avis a")
    assert second.parent_id == "1_a"


def test_a_comment_that_does_not_say_its_id_has_it_in_its_address() -> None:
    address = "https://www.facebook.com/12345/posts/99/?comment_id=5"
    items = [{"message": "a", "created_time": when(1), "comment_count": 0, "permalink_url": link}
             for link in (address, f"{address}&reply_comment_id=6")]  # fmt: skip
    posts = parse({"data": items}).posts
    assert [(post.external_id, post.parent_id) for post in posts] == [("99_5", "12345_99"), ("99_6", "99_5")]


@pytest.mark.parametrize(("said", "value"), [("positive", 1.0), ("negative", 0.0)])
def test_a_recommendation_is_yes_or_no(said: str, value: float) -> None:
    item = {"created_time": when(5), "recommendation_type": said, "review_text": "Bien", "reviewer": {"id": "7"}}
    (post,) = parse({"data": [item]}).posts
    assert (post.kind, post.text, post.rating) == (PostKind.REVIEW, "Bien", Rating(value, 0, 1))
    assert post.published_at == NOW - timedelta(hours=5)
    assert post.external_id == parse({"data": [item | {"review_text": "Très bien"}]}).posts[0].external_id


def test_an_old_review_has_stars_and_a_recommendation_may_have_no_words() -> None:
    old, short = parse(
        {"data": [{"created_time": when(9), "rating": 4, "reviewer": {"name": "Zoé"}, "review_text": "Bien",
                   "open_graph_story": {"id": "77"}},
                  {"created_time": when(8), "recommendation_type": "positive"}]}
    ).posts  # fmt: skip
    assert (old.external_id, old.rating, old.author.name) == ("77", Rating(4, 1, 5), "Zoé")
    assert (short.text, short.rating) == ("", Rating(1, 0, 1))


def test_what_cannot_be_used_is_named_and_the_rest_goes_on() -> None:
    page = parse(
        {"data": [own("1"), {"message": "no id"}, None, {"rating": 9, "reviewer": {}, "created_time": when(1)}]}
    )
    assert [post.external_id for post in page.posts] == ["12345_1"]
    assert [fault.item for fault in page.faults] == ["item 2", "item 3", "item 4"]


def test_a_page_without_posts_gives_none() -> None:
    assert parse({"data": []}).posts == []


@pytest.mark.parametrize(
    ("document", "says"),
    [
        ([], "neither posts nor comments"),
        ({"id": "1", "name": "Lila"}, "neither posts nor comments"),
        ({"data": [{"id": "1", "name": "x"}]}, "neither posts nor comments"),
        ({"error": {"message": "Session has expired", "code": 190}}, "refuses: Session has expired"),
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
NAMES = [
    "id",
    "message",
    "from",
    "created_time",
    "permalink_url",
    "parent",
    "comment_count",
    "recommendation_type",
    "rating",
    "reviewer",
    "review_text",
    "attachments",
    "shares",
    "open_graph_story",
]
LINKS = st.text(max_size=20).map("https://www.facebook.com/{}?comment_id=1".format)


@settings(max_examples=60, deadline=None)
@given(items=st.lists(st.dictionaries(st.sampled_from(NAMES), JSON | LINKS) | JSON, max_size=4))
def test_an_answer_may_hold_anything_in_any_place(items: list[object]) -> None:
    for post in parse({"data": [own("1"), *items]}).posts:
        (post.text + (post.author.name or "") + (post.url or "") + post.external_id).encode()


# --- real answers -------------------------------------------------------------------------------------------


def captured(shared: Path, name: str) -> tuple[Page, Any]:
    body = (shared / "captures" / "facebook" / name).read_bytes()
    return Facebook.parse(Answer("", body)), json.loads(body)["data"]


@pytest.mark.parametrize("name", ["feeds_default_fields_p1.json", "feeds_default_fields_p2.json"])
def test_a_real_feed_gives_every_post_with_its_counts(shared: Path, name: str) -> None:
    page, raw = captured(shared, name)
    assert (len(page.posts), page.faults) == (5, [])
    for post, said in zip(page.posts, raw, strict=True):
        assert (post.external_id, post.text, post.url) == (said["id"], said["message"], said["permalink_url"])
        assert post.published_at == datetime.strptime(said["created_time"], "%Y-%m-%dT%H:%M:%S%z")
        assert post.reach.shares == said["shares"]["count"]
        assert post.reach.likes == said["reactions"]["summary"]["total_count"]
        assert post.reach.comments == said["comments"]["summary"]["total_count"]
        assert post.kind is PostKind.POST


@pytest.mark.parametrize(("name", "answers"), [("comments_p1.json", 4), ("comments_p2.json", 1)])
def test_real_comments_have_ids_and_say_what_they_answer(shared: Path, name: str, answers: int) -> None:
    page, raw = captured(shared, name)
    assert (len(page.posts), page.faults) == (len(raw), [])
    assert len({post.external_id for post in page.posts}) == len(raw) == {"comments_p1.json": 10}.get(name, 5)
    to_comments = [post for post in page.posts if post.parent_id != "19292868552_10158407654328553"]
    assert len(to_comments) == answers
    assert all(post.parent_id and post.parent_id.startswith("10158407654328553_") for post in to_comments)
    for post, said in zip(page.posts, raw, strict=True):
        assert (post.kind, post.text) == (PostKind.COMMENT, said["message"].strip())
        assert post.published_at == datetime.strptime(said["created_time"], "%Y-%m-%dT%H:%M:%S%z")
        assert (post.reach.likes, post.reach.comments) == (said["like_count"], said["comment_count"])


def test_saved_pages_of_the_site_and_its_mails_are_refused(shared: Path) -> None:
    pages = sorted((shared / "captures" / "facebook").glob("*.html"))
    assert len(pages) == 12
    for page in pages:
        with pytest.raises(ParseError, match="a page in HTML"):
            Facebook.parse(Answer("", page.read_bytes()))


# --- walks --------------------------------------------------------------------------------------------------


def serve(site: Site, path: str, pages: list[list[Any]]) -> None:
    """A listing in pages, each naming the next by a whole address with the token in it, as the real one does."""

    def play(request: Request) -> Reply:
        at = int(request.query.get("after", 0))
        paging: dict[str, Any] = {"cursors": {"before": "b", "after": str(at + 1)}}
        if at + 1 < len(pages):
            paging["next"] = f"https://graph.facebook.com/x?access_token={TOKEN}&limit=5&after={at + 1}"
        return Reply(json.dumps({"data": pages[at], "paging": paging}).encode())

    site.route(f"/{VERSION}/{path}", play)


def source(site: Site, **options: object) -> Facebook:
    given_ = {"page": PAGE, "token": SecretStr(TOKEN), "site": site.url(""), "read": ["feed"], **options}
    return Facebook(Options.model_validate(given_))


def walk(site: Site, cursor: Cursor | None = None, **options: object) -> list[Page]:
    with door(site) as http:
        return list(source(site, **options).pages(http, cursor or {}))


def ids(pages: list[Page]) -> list[str]:
    return [post.external_id for page in pages for post in page.posts]


def test_the_page_s_own_posts_are_no_mentions_those_of_visitors_are() -> None:
    with Site() as site:
        serve(site, f"{PAGE}/feed", [[own("1")], [own("2", 2, author="7")]])
        assert ids(walk(site)) == [f"{PAGE}_2"]


def test_comments_are_read_with_the_page_s_answers_as_replies() -> None:
    with Site() as site:
        serve(site, f"{PAGE}/feed", [[own("1", comments=4)]])
        first = [comment("a"), comment("b", parent={"id": "1_a"})]
        second = [comment("c", PAGE, parent={"id": "1_a"}), comment("d")]
        serve(site, f"{PAGE}_1/comments", [first, second])
        pages = walk(site)
        assert ids(pages) == ["1_a", "1_b", "1_d"]
        by_id = {post.external_id: post for page in pages for post in page.posts}
        assert by_id["1_a"].owner_reply == OwnerReply("avis c", NOW - timedelta(hours=1))
        assert site.asked(f"/{VERSION}/{PAGE}_1/comments")[0].query["filter"] == "stream"
        walk(site, pages[-1].cursor)
        assert len(site.asked(f"/{VERSION}/{PAGE}_1/comments")) == 2


def test_a_post_that_goes_while_its_comments_are_read_stops_nothing() -> None:
    with Site() as site:
        serve(site, f"{PAGE}/feed", [[own("1", comments=4), own("2", author="7")]])
        said = {"error": {"code": 100, "message": "Unsupported get request. Object does not exist"}}
        site.put(f"/{VERSION}/{PAGE}_1/comments", json.dumps(said), status=400)
        pages = walk(site)
        assert ids(pages) == [f"{PAGE}_2"]
        assert [fault.item for page in pages for fault in page.faults] == [f"post {PAGE}_1"]


def test_comments_on_posts_of_others_are_not_asked_for() -> None:
    with Site() as site:
        serve(site, f"{PAGE}/tagged", [[own("1", author="7", comments=3) | {"id": "777_1"}]])
        assert ids(walk(site, read=["tagged"])) == ["777_1"]
        assert site.paths == [f"/{VERSION}/{PAGE}/tagged"]  # and robots.txt speaks to crawlers


def test_recommendations_are_read_too() -> None:
    with Site() as site:
        item = {
            "created_time": when(5),
            "recommendation_type": "negative",
            "review_text": "Non",
            "reviewer": {"id": "7"},
        }
        serve(site, f"{PAGE}/ratings", [[item]])
        (post,) = [post for page in walk(site, read=["ratings"]) for post in page.posts]
        assert (post.kind, post.rating) == (PostKind.REVIEW, Rating(0, 0, 1))


def test_only_what_is_new_is_read_again() -> None:
    with Site() as site:
        serve(site, f"{PAGE}/feed", [[own(str(n), 30 * n, author="7")] for n in range(1, 6)])
        pages = walk(site, overlap_days=1)
        assert len(ids(pages)) == 5
        site.requests.clear()
        walk(site, pages[-1].cursor, overlap_days=1)
        assert len(site.requests) == 2


@pytest.mark.parametrize("after", [1, 2, 3])
def test_a_walk_cut_off_goes_on_where_it_was(after: int) -> None:
    with Site() as site:
        serve(site, f"{PAGE}/feed", [[own(str(n), n, author="7")] for n in range(5)])
        before = walk(site)[:after]
        assert set(ids(before)) | set(ids(walk(site, before[-1].cursor))) == {f"{PAGE}_{n}" for n in range(5)}


def test_the_token_is_neither_in_addresses_nor_in_what_is_kept() -> None:
    with Site() as site:
        serve(site, f"{PAGE}/feed", [[own("1", author="7", comments=1)], [own("2", 2)]])
        serve(site, f"{PAGE}_1/comments", [[comment("a")], [comment("b")]])
        for page in walk(site):
            assert TOKEN not in str(page.cursor)
            assert page.answer is None or TOKEN not in page.answer.url + page.answer.body.decode()
        assert not any(TOKEN in str(request.query) for request in site.requests)


def test_a_kept_answer_is_read_again_as_on_the_visit() -> None:
    with Site() as site:
        serve(site, f"{PAGE}/feed", [[own("1", comments=2)]])
        serve(site, f"{PAGE}_1/comments", [[comment("a"), comment("b", PAGE, parent={"id": "1_a"})]])
        for page in walk(site):
            assert page.answer is None or source(site).reread(page.answer).posts == page.posts


def test_a_part_of_a_long_thread_is_not_read_again_by_itself() -> None:
    with Site() as site:
        serve(site, f"{PAGE}/feed", [[own("1", comments=2)]])
        serve(site, f"{PAGE}_1/comments", [[comment("a")], [comment("b", PAGE, parent={"id": "1_a"})]])
        first = next(page.answer for page in walk(site) if page.answer and "1/comments" in page.answer.url)
        assert first is not None
        with pytest.raises(SourceError, match="as a whole"):
            source(site).reread(first)


@pytest.mark.parametrize(
    "options",
    [{}, {"page": PAGE}, {"page": "lila", "token": "env:T"}, {"page": PAGE, "token": TOKEN},
     {"page": PAGE, "token": "env:T", "read": []}],
)  # fmt: skip
def test_wrong_options_are_refused(options: dict[str, object]) -> None:
    with pytest.raises(ValidationError) as caught:
        Options.model_validate(options)
    assert TOKEN not in str(caught.value)
