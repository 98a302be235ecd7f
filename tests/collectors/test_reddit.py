"""Reddit: listings, threads and feeds; what was taken away; block pages; keys; walks and threads that grow."""

import base64
import json
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from pydantic import SecretStr, ValidationError
from replay import Reply, Request, Site, StillClock, door

from collectors.errors import AddressRefused, Blocked, RateLimited
from collectors.post import PostKind
from collectors.source import Answer, Cursor, Page, ParseError
from collectors.sources.reddit import Options, Reddit

TOKEN = "/api/v1/access_token"
NOW = StillClock().now().timestamp()
SECRET, ACCESS = "s3cret", "acc3ss"


def post(name: str, hours: float = 1.0, **more: object) -> dict[str, Any]:
    data = {
        "id": name,
        "name": f"t3_{name}",
        "author": "zoe",
        "title": f"Lila {name}",
        "selftext": f"texte {name}",
        "created_utc": NOW - 3600 * hours,
        "subreddit": "france",
        "permalink": f"/r/france/comments/{name}/x/",
        "score": 5,
        "num_comments": 0,
        "edited": False,
    }
    return {"kind": "t3", "data": data | more}


def comment(name: str, parent: str, *replies: object, **more: object) -> dict[str, Any]:
    data = {"id": name, "author": "paul", "body": f"réponse {name}", "created_utc": NOW, "subreddit": "france",
            "parent_id": parent, "link_id": "t3_a", "score": 2, "edited": False,
            "replies": listed(*replies) if replies else ""}  # fmt: skip
    return {"kind": "t1", "data": data | more}


def listed(*things: object, after: str | None = None) -> dict[str, Any]:
    return {"kind": "Listing", "data": {"children": list(things), "after": after}}


def parse(document: object, url: str = "https://oauth.reddit.com/search?raw_json=1") -> Page:
    return Reddit.parse(Answer(url, json.dumps(document).encode()))


# --- one answer ---------------------------------------------------------------------------------------------


def test_a_post_in_full() -> None:
    (found,) = parse(listed(post("a", created_utc=1_763_625_600.0, edited=1_763_629_200.0, num_comments=3))).posts
    assert (found.kind, found.external_id, found.parent_id) == (PostKind.POST, "t3_a", None)
    assert (found.title, found.text, found.language) == ("Lila a", "texte a", None)
    assert found.published_at == datetime(2025, 11, 20, 8, tzinfo=UTC)
    assert found.updated_at == datetime(2025, 11, 20, 9, tzinfo=UTC)
    assert (found.author.id, found.author.url) == ("zoe", "https://www.reddit.com/user/zoe")
    assert found.url == "https://www.reddit.com/r/france/comments/a/x/"
    assert (found.reach.likes, found.reach.comments, found.segments) == (5, 3, {"subreddit": "france"})


def test_a_thread_gives_its_post_and_all_comments_in_order() -> None:
    thread = [listed(post("a")), listed(comment("b", "t3_a", comment("c", "t1_b")), comment("d", "t3_a"))]
    posts = parse(thread).posts
    assert [(one.external_id, one.parent_id) for one in posts] == [
        ("t3_a", None), ("t1_b", "t3_a"), ("t1_c", "t1_b"), ("t1_d", "t3_a"),
    ]  # fmt: skip
    assert (posts[1].kind, posts[1].title, posts[1].reach.comments) == (PostKind.COMMENT, None, None)
    assert posts[1].url == "https://www.reddit.com/r/france/comments/a/_/b/"


def test_a_thread_deeper_than_python_can_recurse_is_read() -> None:
    deep = comment("0", "t3_a")
    for number in range(1, 150):
        deep = comment(str(number), "t3_a", deep)
    assert len(parse(listed(deep)).posts) == 150


@pytest.mark.parametrize("edited", [False, True, None, "soon"])
def test_without_a_time_of_edit_there_is_none(edited: object) -> None:
    assert parse(listed(post("a", edited=edited))).posts[0].updated_at is None


@pytest.mark.parametrize("text", ["[deleted]", "[removed]", "[ Removed by Reddit ]"])
def test_a_text_that_was_taken_away_leaves_a_tombstone(text: str) -> None:
    gone, below = parse(
        [listed(post("a", selftext=text, author="[deleted]")), listed(comment("b", "t3_a", body=text))]
    ).posts
    assert (gone.deleted, gone.text, gone.title, gone.author.name) == (True, "", None, None)
    assert (below.deleted, below.text, below.author.name) == (True, "", None)


def test_a_post_that_moderators_removed_is_a_tombstone_though_its_title_is_still_told() -> None:
    (gone,) = parse(listed(post("a", removed_by_category="moderator"))).posts
    assert (gone.deleted, gone.text, gone.title) == (True, "", None)


def test_a_text_outlives_its_author_s_account() -> None:
    (left,) = parse(listed(post("a", author="[deleted]"))).posts
    assert (left.deleted, left.text, left.author.id) == (False, "texte a", None)


def test_entities_are_read_where_reddit_was_not_asked_for_raw_text() -> None:
    item = listed(post("a", title="A &amp; B", selftext="&lt;3 &amp;amp;"))
    (written,) = parse(item, url="").posts
    (raw,) = parse(item).posts
    assert (written.title, written.text) == ("A & B", "<3 &amp;")
    assert (raw.title, raw.text) == ("A &amp; B", "&lt;3 &amp;amp;")


def test_hidden_votes_are_not_said() -> None:
    assert parse(listed(comment("b", "t3_a", score=1, score_hidden=True))).posts[0].reach.likes is None


def test_comments_fetched_later_are_read_and_those_still_folded_are_passed_over() -> None:
    more = {"kind": "more", "data": {"count": 9, "children": ["x"]}}
    posts = parse({"json": {"errors": [], "data": {"things": [comment("b", "t3_a"), more]}}}).posts
    assert [one.external_id for one in posts] == ["t1_b"]
    assert parse(listed(more)).posts == []


def test_what_cannot_be_used_is_named_and_the_rest_goes_on() -> None:
    page = parse(listed(post("a"), None, {"kind": "t3", "data": {}}, post("b")))
    assert [one.external_id for one in page.posts] == ["t3_a", "t3_b"]
    assert [fault.item for fault in page.faults] == ["item 2", "item 3"]


def test_an_empty_listing_gives_no_posts() -> None:
    assert parse(listed()).posts == []


@pytest.mark.parametrize(
    ("document", "says"),
    [
        ([], "not a listing"),
        ({}, "not a listing"),
        ({"names": ["a"]}, "not a listing"),
        (listed({"kind": "t5", "data": {}}), "subreddits"),
        ({"kind": "t2", "data": {"name": "zoe"}}, "accounts"),
        ({"message": "Forbidden", "error": 403, "reason": "private"}, "refuses: Forbidden"),
    ],
)
def test_what_holds_no_posts_says_what_it_is(document: object, says: str) -> None:
    with pytest.raises(ParseError, match=says):
        parse(document)


def test_the_block_page_is_recognised() -> None:
    page = b"<!doctype html><html><title>Blocked</title><body><h1>whoa there, pardner!</h1></body></html>"
    with pytest.raises(ParseError, match="whoa there, pardner") as caught:
        Reddit.parse(Answer("", page))
    assert "client_id" in caught.value.remedy


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | st.text(max_size=12),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=6), inner, max_size=3),
    max_leaves=8,
)
NAMES = ["id", "name", "author", "title", "selftext", "body", "created_utc", "edited", "score", "permalink",
         "parent_id", "link_id", "subreddit", "replies", "removed_by_category"]  # fmt: skip
THING = st.fixed_dictionaries(
    {"kind": st.sampled_from(["t1", "t3", "more", "Listing"]) | JSON,
     "data": st.dictionaries(st.sampled_from(NAMES), JSON) | JSON}
)  # fmt: skip


@settings(max_examples=60, deadline=None)
@given(things=st.lists(THING | JSON, max_size=4))
def test_an_answer_may_hold_anything_in_any_place(things: list[object]) -> None:
    try:
        page = parse(listed(*things))
    except ParseError as error:
        assert str(error)
        return
    for one in page.posts:
        (one.text + (one.title or "") + (one.author.name or "") + (one.url or "")).encode()


# --- feeds --------------------------------------------------------------------------------------------------

FEED = """<?xml version="1.0" encoding="UTF-8"?><feed xmlns="http://www.w3.org/2005/Atom"><title>x</title>
<entry><author><name>/u/zoe</name><uri>https://www.reddit.com/user/zoe</uri></author>
<content type="html">&lt;!-- SC_OFF --&gt;&lt;div&gt;&lt;p&gt;Bien&lt;/p&gt;&lt;/div&gt;&lt;!-- SC_ON --&gt;
submitted by x</content><id>t3_a</id><link href="https://www.reddit.com/r/france/comments/a/lila/" />
<title>Lila</title>
<updated>2026-11-20T08:00:00+00:00</updated><published>2026-11-20T08:00:00+00:00</published></entry>
<entry><author><name>/u/paul</name></author><content type="html">Oui</content><id>t1_b</id>
<link href="https://www.reddit.com/r/france/comments/a/lila/b/" /><title>/u/paul on Lila</title>
<updated>2026-11-20T09:00:00+00:00</updated></entry>
<entry><id>https://elsewhere.example/1</id><title>odd</title></entry></feed>"""


def test_a_feed_gives_what_it_has_as_the_interface_would() -> None:
    page = Reddit.parse(Answer("", FEED.encode()))
    first, second = page.posts
    assert (first.kind, first.external_id, first.title, first.text) == (PostKind.POST, "t3_a", "Lila", "Bien")
    assert (first.author.id, first.author.name, first.segments) == ("zoe", "zoe", {"subreddit": "france"})
    assert first.published_at == datetime(2026, 11, 20, 8, tzinfo=UTC)
    assert first.reach.likes is None
    assert (second.kind, second.parent_id, second.title, second.text) == (PostKind.COMMENT, "t3_a", None, "Oui")
    assert [fault.problem for fault in page.faults] == ["not an id of Reddit"]


# --- real answers -------------------------------------------------------------------------------------------

CAPTURES = {
    "a2web-listing.rss": (25, 0),
    "a2web-thread.rss": (34, 0),
    "bodies/TestCommentForest.test_replace__skip_all.01.json": (477, 6),
    "bodies/TestDomainListing.test_new.01.json": (100, 0),
    "bodies/TestFront.test_new.01.json": (100, 0),
    "bodies/TestMore.test_comments.01.json": (7, 0),
    "bodies/TestMore.test_comments.02.json": (477, 6),
    "bodies/TestRedditorListings.test_overview__new.01.json": (100, 0),
    "bodies/TestSubmission.test_comments.01.json": (3, 0),
    "bodies/TestSubmission.test_duplicates.01.json": (4, 0),
}
NO_POSTS = {
    "a2web-old_reddit_network_policy_block.html": "whoa there, pardner",
    "a2web-old_reddit_over18_interstitial.html": "an age gate",
    "a2web-oldreddit_thread.html": "an HTML page",
    "bodies/TestRedditors.test_search.01.json": "accounts",
    "bodies/TestSubreddits.test_search.01.json": "subreddits",
    "bodies/TestSubreddits.test_search_by_name.01.json": "not a listing",
}


def captured(shared: Path, name: str) -> Page:
    asked = "https://oauth.reddit.com/?raw_json=1" if name.startswith("bodies") else ""
    return Reddit.parse(Answer(asked, (shared / "captures" / "reddit" / name).read_bytes()))


@pytest.mark.parametrize("name", CAPTURES)
def test_a_real_answer_gives_every_post_that_is_in_it(shared: Path, name: str) -> None:
    page = captured(shared, name)
    assert (len(page.posts), sum(one.deleted for one in page.posts), page.faults) == (*CAPTURES[name], [])
    assert len({one.external_id for one in page.posts}) == len(page.posts)
    for one in page.posts:
        assert one.published_at is not None
        assert one.url is not None
        assert (one.parent_id is not None) == (one.kind is PostKind.COMMENT)
        assert "submitted by" not in one.text[-200:]
        assert one.author.name is None or not one.author.name.startswith(("/u/", "["))


@pytest.mark.parametrize("name", NO_POSTS)
def test_a_real_answer_without_posts_is_refused(shared: Path, name: str) -> None:
    with pytest.raises(ParseError, match=NO_POSTS[name]):
        captured(shared, name)


def test_a_real_thread_has_its_authors_votes_and_answers(shared: Path) -> None:
    page = captured(shared, "bodies/TestCommentForest.test_replace__skip_all.01.json")
    by_id = {one.external_id: one for one in page.posts}
    top = by_id["t3_3hahrw"]
    assert (top.reach.likes, top.reach.comments) == (11702, 543)
    assert top.published_at == datetime(2015, 8, 17, 7, 44, 40, tzinfo=UTC)
    assert sum(one.author.name is None for one in page.posts) == 16
    assert sum(one.updated_at is not None for one in page.posts) == 10
    assert all(one.parent_id in by_id for one in page.posts if one.kind is PostKind.COMMENT)
    assert by_id["t1_cu5pebp"].reach.likes == 1136


def test_a_real_answer_within_a_thread_names_what_it_answers(shared: Path) -> None:
    posts = captured(shared, "bodies/TestSubmission.test_comments.01.json").posts
    assert [(one.external_id, one.parent_id) for one in posts] == [
        ("t3_2gmzqe", None), ("t1_cklfmye", "t3_2gmzqe"), ("t1_cklhv0f", "t1_cklfmye"),
    ]  # fmt: skip


# --- walks --------------------------------------------------------------------------------------------------


def serve(site: Site, path: str, pages: list[list[Any]]) -> None:
    """A listing in pages, named by `after`, for those who have the access token."""

    def play(request: Request) -> Reply:
        if request.headers.get("authorization") != f"Bearer {ACCESS}":
            return Reply(b'{"message": "Unauthorized", "error": 401}', status=401)
        at = int(request.query.get("after", "t3_0")[3:])
        after = f"t3_{at + 1}" if at + 1 < len(pages) else None
        return Reply(json.dumps(listed(*pages[at], after=after)).encode())

    site.route(path, play)
    site.put(TOKEN, json.dumps({"access_token": ACCESS, "token_type": "bearer", "expires_in": 86_400}))


def source(site: Site, **options: object) -> Reddit:
    own = {"client_id": "client", "client_secret": SecretStr(SECRET)}
    where = {"site": site.url(""), "api": site.url("")}
    return Reddit(Options.model_validate({"query": "lila", **own, **where, **options}))


def walk(site: Site, cursor: Cursor | None = None, **options: object) -> list[Page]:
    with door(site) as http:
        return list(source(site, **options).pages(http, cursor or {}))


def ids(pages: list[Page]) -> list[str]:
    return [one.external_id for page in pages for one in page.posts]


def test_a_search_is_read_page_by_page_with_the_app_s_own_token() -> None:
    with Site() as site:
        serve(site, "/search", [[post("a", 1)], [post("b", 60)], [post("c", 120)]])
        pages = walk(site)
        assert ids(pages) == ["t3_a", "t3_b", "t3_c"]
        signed, first = site.requests[0], site.requests[1]
        assert (signed.method, signed.body) == ("POST", b"grant_type=client_credentials")
        assert signed.headers["authorization"] == f"Basic {base64.b64encode(b'client:s3cret').decode()}"
        asked = {
            name: first.query.get(name) for name in ("q", "sort", "type", "raw_json", "limit", "restrict_sr")
        }
        assert asked == {
            "q": "lila",
            "sort": "new",
            "type": "link",
            "raw_json": "1",
            "limit": "100",
            "restrict_sr": None,
        }
        assert site.paths == [TOKEN, *["/search"] * 3]  # robots.txt speaks to crawlers
        site.requests.clear()
        walk(site, pages[-1].cursor)
        assert site.paths == [TOKEN, *["/search"] * 2]


def test_within_subreddits_the_search_keeps_to_them() -> None:
    with Site() as site:
        serve(site, "/r/france+vosfinances/search", [[post("a")]])
        walk(site, subreddits=["r/france", "https://www.reddit.com/r/vosfinances/"], query="lila OR lilas")
        asked = site.requests[1].query
        assert (asked["restrict_sr"], asked["q"]) == ("on", "(lila OR lilas)")


def test_whole_subreddits_are_read_with_their_comments() -> None:
    with Site() as site:
        serve(site, "/r/lila/new", [[post("a")]])
        serve(site, "/r/lila/comments", [[comment("b", "t3_a")]])
        pages = walk(site, query=None, subreddits=["lila"], comments=True)
        assert ids(pages) == ["t3_a", "t1_b"]


def test_below_what_is_found_comments_are_read_when_there_are_more() -> None:
    with Site() as site:
        serve(
            site, "/search", [[post("a", num_comments=2), post("b", title="rien", selftext="", num_comments=9)]]
        )
        thread = json.dumps([listed(post("a")), listed(comment("c", "t3_a"), comment("d", "t3_a"))])
        site.put("/comments/a", thread)
        pages = walk(site, comments=True)
        assert set(ids(pages)) == {"t3_a", "t3_b", "t1_c", "t1_d"}
        assert "/comments/b" not in site.paths  # the query does not match it
        reddit = source(site, comments=True)
        assert [reddit.wants(one) for one in pages[1].posts] == [True, True, True]
        walk(site, pages[-1].cursor, comments=True)
        assert len(site.asked("/comments/a")) == 1


def test_a_post_whose_subreddit_closes_stops_nothing() -> None:
    with Site() as site:
        serve(site, "/search", [[post("a", num_comments=2), post("b")]])
        site.put("/comments/a", b'{"reason": "private", "message": "Forbidden", "error": 403}', status=403)
        pages = walk(site, comments=True)
        assert ids(pages) == ["t3_a", "t3_b"]
        assert [fault.item for page in pages for fault in page.faults] == ["post t3_a"]


def test_an_expired_token_is_fetched_anew() -> None:
    with Site() as site:
        serve(site, "/search", [[post(str(n), n)] for n in range(4)])
        played = site._routes["/search"]
        left = [2]

        def expiring(request: Request) -> Reply:
            left[0] -= 1
            return (
                Reply(b'{"message": "Unauthorized", "error": 401}', status=401)
                if left[0] == 0
                else played(request)
            )

        site.route("/search", expiring)
        assert len(ids(walk(site))) == 4
        assert len(site.asked(TOKEN)) == 2


def test_a_wrong_secret_is_told_without_the_secret() -> None:
    with Site() as site:
        site.put(TOKEN, b'{"message": "Unauthorized s3cret", "error": 401}', status=401)
        with pytest.raises(Blocked) as caught:
            walk(site)
        assert SECRET not in str(caught.value) + caught.value.remedy
        assert "prefs/apps" in caught.value.remedy


def test_the_service_s_count_is_obeyed() -> None:
    with Site() as site:
        serve(site, "/search", [[post("a", 1)], [post("b", 2)]])
        played = site._routes["/search"]
        count = {"x-ratelimit-remaining": "0.0", "x-ratelimit-reset": "300", "x-ratelimit-used": "1000"}
        site.route("/search", lambda request: Reply(played(request).body, headers=count))
        found: list[Page] = []
        with door(site) as http, pytest.raises(RateLimited) as caught:
            for page in source(site).pages(http, {}):
                found.append(page)
        assert ids(found) == ["t3_a"]
        assert (caught.value.retry_at - StillClock().now()).total_seconds() == 300


@pytest.mark.parametrize("after", [1, 2, 3])
def test_a_walk_cut_off_goes_on_where_it_was(after: int) -> None:
    with Site() as site:
        serve(site, "/search", [[post(str(n), n)] for n in range(5)])
        before = walk(site)[:after]
        assert set(ids(before)) | set(ids(walk(site, before[-1].cursor))) == {f"t3_{n}" for n in range(5)}


@pytest.mark.parametrize("path", [TOKEN, "/search"])
def test_neither_secret_nor_token_goes_to_another_site(path: str) -> None:
    with Site() as site, Site() as other:
        serve(site, "/search", [[post("a")]])
        site.put(path, status=307, headers={"Location": other.url("/steal")})
        with pytest.raises(AddressRefused):
            walk(site)
        assert other.requests == []


def test_neither_secret_nor_token_is_kept() -> None:
    with Site() as site:
        serve(site, "/search", [[post("a")]])
        for page in walk(site):
            assert page.answer is None or ACCESS not in page.answer.url + str(page.answer.headers)
            assert ACCESS not in str(page.cursor)


KEYLESS = {"client_id": None, "client_secret": None}


def test_without_a_key_the_feed_of_the_same_search_is_read() -> None:
    with Site() as site:
        site.put("/r/france/search.rss", FEED, content_type="application/atom+xml")
        pages = walk(site, subreddits=["france"], **KEYLESS)
        assert ids(pages) == ["t3_a", "t1_b"]
        assert site.paths == ["/robots.txt", "/r/france/search.rss"]
        assert site.requests[1].query["sort"] == "new"


@pytest.mark.parametrize("is_block_page", [True, False])
def test_without_a_key_and_let_in_by_nobody_the_user_is_told_how_to_get_one(is_block_page: bool) -> None:
    with Site() as site:
        if is_block_page:
            site.put("/search.rss", "<html><body><h1>whoa there, pardner!</h1></body></html>", status=403)
        else:
            site.put("/robots.txt", "User-agent: *\nDisallow: /", content_type="text/plain")
        with pytest.raises(Blocked, match="without a key") as caught:
            walk(site, **KEYLESS)
        assert "client_id" in caught.value.remedy
        assert caught.value.permanent


@pytest.mark.parametrize(
    "options",
    [
        {},
        {"query": "lila", "client_id": "client"},
        {"query": "lila", "client_secret": "env:S"},
        {"subreddits": ["a b"]},
        {"query": "lila", "client_id": "client", "client_secret": SECRET},
    ],
)
def test_wrong_options_are_refused(options: dict[str, object]) -> None:
    with pytest.raises(ValidationError) as caught:
        Options.model_validate(options)
    assert SECRET not in str(caught.value)
