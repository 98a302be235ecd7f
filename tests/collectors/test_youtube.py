"""YouTube: threads and answers, what is closed, the day's quota, and a key that stands in no address."""

import json
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from pydantic import SecretStr, ValidationError
from replay import Reply, Request, Site, StillClock, door

from collectors.errors import AddressRefused, Blocked, RateLimited
from collectors.post import OwnerReply, PostKind
from collectors.source import Answer, Cursor, Page, ParseError, SourceError
from collectors.sources.youtube import Options, YouTube

THREADS, ANSWERS = "/youtube/v3/commentThreads", "/youtube/v3/comments"
NOW = StillClock().now()
KEY = "AIza-k3y"
VIDEO, OTHER = "aaaaaaaaaaa", "bbbbbbbbbbb"
OWNER = "UC" + "o" * 22


def comment(
    name: str, parent: str | None = None, author: str = "UCzoe", hours: float = 1.0, **more: object
) -> Any:
    when = (NOW - timedelta(hours=hours)).strftime("%Y-%m-%dT%H:%M:%SZ")
    snippet = {
        "authorDisplayName": f"@{author}",
        "authorChannelId": {"value": author},
        "textOriginal": f"t {name}",
        "publishedAt": when,
        "updatedAt": when,
        "likeCount": 1,
        **more,
    }
    return {"kind": "youtube#comment", "id": name, "snippet": snippet | ({"parentId": parent} if parent else {})}


def thread(top: Any, total: int = 0, answers: list[Any] | None = None, video: str | None = VIDEO) -> Any:
    snippet = {"topLevelComment": top, "totalReplyCount": total, "channelId": OWNER}
    found = {
        "kind": "youtube#commentThread",
        "id": top["id"],
        "snippet": snippet | ({"videoId": video} if video else {}),
    }
    return found | ({"replies": {"comments": answers}} if answers else {})


def threads(*items: object, **more: object) -> dict[str, Any]:
    return {"kind": "youtube#commentThreadListResponse", "items": list(items), **more}


def comments(*items: object, **more: object) -> dict[str, Any]:
    return {"kind": "youtube#commentListResponse", "items": list(items), **more}


def refusal(reason: str, status: int = 403) -> Reply:
    error = {"code": status, "message": f"refused: {reason}", "errors": [{"reason": reason, "domain": "youtube"}]}
    return Reply(json.dumps({"error": error}).encode(), status=status)


def parse(document: object) -> Page:
    return YouTube.parse(Answer("", json.dumps(document).encode()))


# --- one answer ---------------------------------------------------------------------------------------------


def test_a_comment_and_its_answer_in_full() -> None:
    top = comment(
        "c1",
        textDisplay="<b>x</b>",
        textOriginal="Bien <3",
        authorChannelUrl="http://www.youtube.com/@zoe",
        likeCount=7,
        publishedAt="2026-11-20T08:00:00.000Z",
        updatedAt="2026-11-20T09:30:00Z",
    )
    first, second = parse(threads(thread(top, 1, [comment("c1.r", "c1")]))).posts
    assert (first.kind, first.external_id, first.parent_id, first.text) == (
        PostKind.COMMENT,
        "c1",
        None,
        "Bien <3",
    )
    assert first.published_at == datetime(2026, 11, 20, 8, tzinfo=UTC)
    assert first.updated_at == datetime(2026, 11, 20, 9, 30, tzinfo=UTC)
    assert (first.author.id, first.author.name, first.author.url) == (
        "UCzoe",
        "@UCzoe",
        "http://www.youtube.com/@zoe",
    )
    assert (first.reach.likes, first.reach.comments, first.segments) == (7, 1, {"video": VIDEO})
    assert first.url == f"https://www.youtube.com/watch?v={VIDEO}&lc=c1"
    assert (second.external_id, second.parent_id, second.updated_at) == ("c1.r", "c1", None)
    assert second.url == f"https://www.youtube.com/watch?v={VIDEO}&lc=c1.r"


def test_a_text_that_is_only_given_as_markup_is_read_as_text() -> None:
    (post,) = parse(comments(comment("r", "c", textOriginal=None, textDisplay="a &amp; b<br>c"))).posts
    assert (post.text, post.parent_id, post.url) == ("a & b\nc", "c", None)


def test_a_comment_without_an_id_is_named_and_the_rest_goes_on() -> None:
    page = parse(
        threads(thread(comment("c1")), {"snippet": {}}, None, thread(comment("c2"), 1, [None, {"id": 3}]))
    )
    assert [post.external_id for post in page.posts] == ["c1", "c2", "3"]
    assert len(page.faults) == 3


def test_a_channel_without_comments_gives_none() -> None:
    assert parse(threads()).posts == []


@pytest.mark.parametrize(
    ("document", "says"),
    [
        ([], "not an answer"),
        ({}, "not an answer"),
        (
            {"kind": "youtube#videoListResponse", "items": []},
            "youtube#videoListResponse, which holds no comments",
        ),
        (
            {"error": {"code": 403, "message": "The request is missing a valid API key."}},
            "missing a valid API key",
        ),
    ],
)
def test_what_holds_no_comments_says_what_it_is(document: object, says: str) -> None:
    with pytest.raises(ParseError, match=says):
        parse(document)


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | st.text(max_size=12),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=6), inner, max_size=3),
    max_leaves=8,
)
NAMES = ["topLevelComment", "totalReplyCount", "videoId", "textOriginal", "textDisplay", "authorChannelId",
         "authorDisplayName", "likeCount", "publishedAt", "parentId"]  # fmt: skip
SNIPPET = st.dictionaries(st.sampled_from(NAMES), JSON) | JSON


@settings(max_examples=60, deadline=None)
@given(
    items=st.lists(
        st.fixed_dictionaries({"snippet": SNIPPET}, optional={"id": JSON, "replies": JSON}) | JSON, max_size=4
    )
)
def test_an_answer_may_hold_anything_in_any_place(items: list[object]) -> None:
    for post in parse(threads(*items)).posts:
        (post.text + (post.author.name or "") + (post.url or "")).encode()


# --- real answers -------------------------------------------------------------------------------------------

CAPTURES = {
    "comment_threads_all_to_me.json": 4,
    "comment_threads_by_video_paged_1.json": 5,
    "comment_threads_by_video_paged_2.json": 5,
    "comment_threads_multi.json": 2,
    "comment_threads_with_search.json": 1,
    "comments_by_parent_paged_1.json": 2,
    "comments_by_parent_paged_2.json": 1,
}


@pytest.mark.parametrize("name", CAPTURES)
def test_a_real_answer_gives_every_comment_that_is_in_it(shared: Path, name: str) -> None:
    body = (shared / "captures" / "youtube" / name).read_bytes()
    page = YouTube.parse(Answer("", body))
    raw = [item["snippet"].get("topLevelComment", item) for item in json.loads(body)["items"]]
    assert len(page.posts) == len(raw) == CAPTURES[name]
    assert page.faults == []
    for post, said in zip(page.posts, raw, strict=True):
        snippet = said["snippet"]
        assert (post.external_id, post.text) == (said["id"], snippet["textOriginal"].strip())
        assert post.published_at == datetime.fromisoformat(snippet["publishedAt"])
        assert (post.author.id, post.author.name) == (
            snippet["authorChannelId"]["value"],
            snippet["authorDisplayName"],
        )
        assert (post.reach.likes, post.parent_id) == (snippet["likeCount"], snippet.get("parentId"))


def test_a_real_thread_tells_how_many_answers_it_has(shared: Path) -> None:
    body = (shared / "captures" / "youtube" / "comment_threads_all_to_me.json").read_bytes()
    posts = YouTube.parse(Answer("", body)).posts
    assert [post.reach.comments for post in posts] == [0, 0, 0, 1]
    assert [post.segments.get("video") for post in posts] == ["JE8xdDp5B8Q", "JE8xdDp5B8Q", None, None]


# --- walks --------------------------------------------------------------------------------------------------


def serve(
    site: Site, pages: dict[str, list[list[Any]]], answers: dict[str, list[list[Any]]] | None = None
) -> None:
    """Threads of videos and answers of comments, in pages with tokens t1, t2, …"""

    def listed(found: list[list[Any]], token: str | None, make: Any) -> Reply:
        at = int((token or "t0")[1:])
        more = {"nextPageToken": f"t{at + 1}"} if at + 1 < len(found) else {}
        return Reply(json.dumps(make(*found[at], **more)).encode())

    def play_threads(request: Request) -> Reply:
        name = request.query.get("videoId") or request.query["allThreadsRelatedToChannelId"]
        return listed(pages[name], request.query.get("pageToken"), threads)

    def play_answers(request: Request) -> Reply:
        found = (answers or {}).get(request.query["parentId"])
        return (
            listed(found, request.query.get("pageToken"), comments) if found else refusal("commentNotFound", 404)
        )

    site.route(THREADS, play_threads)
    site.route(ANSWERS, play_answers)


def source(site: Site, **options: object) -> YouTube:
    given_ = {"videos": [VIDEO], "key": SecretStr(KEY), "site": site.url(""), **options}
    return YouTube(Options.model_validate(given_))


def walk(
    site: Site, cursor: Cursor | None = None, since: datetime | None = None, **options: object
) -> list[Page]:
    with door(site) as http:
        return list(source(site, **options).pages(http, cursor or {}, since=since))


def ids(pages: list[Page]) -> list[str]:
    return [post.external_id for page in pages for post in page.posts]


def test_all_pages_of_a_video_are_read_and_then_only_what_is_new() -> None:
    with Site() as site:
        serve(site, {VIDEO: [[thread(comment(f"c{n}", hours=30 * n))] for n in range(1, 5)]})
        pages = walk(site, overlap_days=1)
        assert ids(pages) == ["c1", "c2", "c3", "c4"]
        first = site.requests[0]
        assert (first.headers["x-goog-api-key"], first.query["order"], first.query["maxResults"]) == (
            KEY,
            "time",
            "100",
        )
        assert site.paths == [THREADS] * 4  # robots.txt speaks to crawlers
        assert sum(page.spent for page in pages) == 4
        site.requests.clear()
        walk(site, pages[-1].cursor, overlap_days=1)
        assert len(site.requests) == 2


def test_answers_that_did_not_come_along_are_fetched_once() -> None:
    with Site() as site:
        below = [[comment("c1.1", "c1"), comment("c1.2", "c1")], [comment("c1.3", "c1")]]
        serve(site, {VIDEO: [[thread(comment("c1"), 3, [comment("c1.1", "c1")])]]}, {"c1": below})
        pages = walk(site)
        assert set(ids(pages)) == {"c1", "c1.1", "c1.2", "c1.3"}
        assert sum(page.spent for page in pages) == 3
        by_id = {post.external_id: post for page in pages for post in page.posts}
        assert by_id["c1.3"].segments == {"video": VIDEO}
        assert by_id["c1.3"].url == f"https://www.youtube.com/watch?v={VIDEO}&lc=c1.3"
        again = walk(site, pages[-1].cursor)
        assert len(site.asked(ANSWERS)) == 2
        assert again[-1].cursor == pages[-1].cursor


def test_a_kept_answer_is_read_again_as_on_the_visit() -> None:
    with Site() as site:
        serve(
            site,
            {VIDEO: [[thread(comment("c1"), 1)]]},
            {"c1": [[comment("c1.1", "c1"), comment("o", "c1", OWNER)]]},
        )
        pages = walk(site, owner=OWNER)
        (answers,) = [page for page in pages if page.answer and ANSWERS in page.answer.url and page.posts]
        assert answers.answer is not None
        assert source(site, owner=OWNER).reread(answers.answer).posts == answers.posts


def test_the_owner_s_answers_are_no_mentions_but_replies() -> None:
    with Site() as site:
        own = comment("c1.o", "c1", OWNER)
        serve(
            site,
            {
                VIDEO: [
                    [thread(comment("c1"), 2, [comment("c1.1", "c1"), own]), thread(comment("c2", None, OWNER))]
                ]
            },
        )
        (page, *_) = walk(site, owner=OWNER)
        assert ids([page]) == ["c1", "c1.1"]
        assert page.posts[0].owner_reply == OwnerReply("t c1.o", NOW - timedelta(hours=1))


def test_the_owner_s_reply_is_found_among_answers_fetched_later_and_stays() -> None:
    with Site() as site:
        below = [[comment("c1.1", "c1")], [comment("c1.o", "c1", OWNER)]]
        serve(site, {VIDEO: [[thread(comment("c1"), 2, [comment("c1.1", "c1")])]]}, {"c1": below})
        pages = walk(site, owner=OWNER)
        tops = [post for page in pages for post in page.posts if post.external_id == "c1"]
        assert [post.owner_reply.text for post in tops if post.owner_reply] == ["t c1.o"]
        assert len(tops) == 1
        assert "c1" not in ids(walk(site, pages[-1].cursor, owner=OWNER))


def test_a_comment_that_goes_while_its_answers_are_fetched_stops_nothing() -> None:
    with Site() as site:
        serve(site, {VIDEO: [[thread(comment("c1"), 3), thread(comment("c2"))]]})
        pages = walk(site)
        assert "c2" in ids(pages)
        assert [fault.item for page in pages for fault in page.faults] == ["comment c1"]


@pytest.mark.parametrize(
    ("reason", "status", "says"),
    [("commentsDisabled", 403, "switched off"), ("videoNotFound", 404, "no such video")],
)
def test_a_video_that_has_nothing_to_read_is_no_failure_of_the_source(
    reason: str, status: int, says: str
) -> None:
    with Site() as site:
        serve(site, {VIDEO: [[]], OTHER: [[thread(comment("c1"), video=OTHER)]]})
        played = site._routes[THREADS]
        site.route(THREADS, lambda r: refusal(reason, status) if r.query.get("videoId") == VIDEO else played(r))
        pages = walk(site, videos=[VIDEO, OTHER])
        assert ids(pages) == ["c1"]
        (fault,) = [fault for page in pages for fault in page.faults]
        assert (fault.item, says in fault.problem) == (f"video {VIDEO}", True)


def test_a_channel_is_asked_for_all_its_videos_and_words_are_searched_for() -> None:
    with Site() as site:
        serve(site, {OWNER: [[thread(comment("c1"), video=None)]]})
        walk(site, videos=[], channels=[f"https://www.youtube.com/channel/{OWNER}/videos"], search="lila")
        asked = site.requests[0].query
        assert (asked["allThreadsRelatedToChannelId"], asked["searchTerms"]) == (OWNER, "lila")


@pytest.mark.parametrize("after", [1, 2, 3])
def test_a_walk_cut_off_goes_on_where_it_was(after: int) -> None:
    with Site() as site:
        serve(site, {VIDEO: [[thread(comment(f"c{n}", hours=n))] for n in range(1, 6)]})
        before = walk(site)[:after]
        assert set(ids(before)) | set(ids(walk(site, before[-1].cursor))) == {f"c{n}" for n in range(1, 6)}


def test_the_day_s_quota_ends_the_run_until_midnight_in_california() -> None:
    with Site() as site:
        site.route(THREADS, lambda request: refusal("quotaExceeded"))
        with pytest.raises(RateLimited) as caught:
            walk(site)
        assert caught.value.retry_at == datetime(2026, 11, 22, 8, tzinfo=UTC)
        assert source(site).quota().units == 10_000


def test_a_wrong_key_is_told_without_the_key() -> None:
    with Site() as site:
        error = {"code": 400, "message": f"API key {KEY} not valid.", "errors": [{"reason": "badRequest"}]}
        site.put(THREADS, json.dumps({"error": error}), status=400)
        with pytest.raises(Blocked, match="not valid") as caught:
            walk(site)
        assert KEY not in str(caught.value) + caught.value.remedy


def test_one_video_s_trouble_does_not_keep_the_others_from_being_read() -> None:
    with Site() as site:
        serve(site, {OTHER: [[thread(comment("c1"), video=OTHER)]]})
        played = site._routes[THREADS]
        site.route(THREADS, lambda r: Reply(status=500) if r.query.get("videoId") == VIDEO else played(r))
        found: list[Page] = []
        with door(site) as http, pytest.raises(SourceError, match="500"):
            found.extend(source(site, videos=[VIDEO, OTHER]).pages(http, {}))
        assert len(site.asked(THREADS)) == 4  # three attempts, and the other video


def test_the_key_is_in_no_address_and_goes_to_no_other_site() -> None:
    with Site() as site, Site() as other:
        serve(site, {VIDEO: [[thread(comment("c1"))]]})
        assert all(page.answer is None or KEY not in page.answer.url for page in walk(site))
        assert not any(KEY in str(request.query) for request in site.requests)
        site.put(THREADS, status=302, headers={"Location": other.url("/steal")})
        with pytest.raises(AddressRefused):
            walk(site)
        assert other.requests == []


@pytest.mark.parametrize(
    "written",
    [VIDEO, f"https://www.youtube.com/watch?v={VIDEO}", f"https://youtu.be/{VIDEO}?t=3",
     f"https://www.youtube.com/shorts/{VIDEO}", f"https://m.youtube.com/watch?app=x&v={VIDEO}&list=y"],
)  # fmt: skip
def test_a_video_may_be_named_by_its_address(written: str) -> None:
    assert Options.model_validate({"videos": [written], "key": "env:K"}).videos == (VIDEO,)


@pytest.mark.parametrize(
    "options",
    [
        {},
        {"key": "env:K"},
        {"videos": [VIDEO]},
        {"videos": ["x"], "key": "env:K"},
        {"videos": [VIDEO], "key": KEY},
        {"channels": ["@lila"], "key": "env:K"},
    ],
)
def test_wrong_options_are_refused(options: dict[str, object]) -> None:
    with pytest.raises(ValidationError) as caught:
        Options.model_validate(options)
    assert KEY not in str(caught.value)
