"""WordPress comments and posts, read offline and over HTTP."""
# ruff: noqa: E501 - documents read better on one line

import json
from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from pydantic import ValidationError
from replay import Reply, Site, StillClock, door

from collectors.errors import Blocked
from collectors.post import PostKind
from collectors.source import Answer, ParseError, find
from collectors.sources.wordpress import Options, WordPress

START = datetime(2026, 3, 1, tzinfo=UTC)


def parse(content):
    body = content if isinstance(content, bytes) else json.dumps(content).encode()
    return WordPress.parse(Answer("https://blog.test/wp-json/wp/v2/comments", body, "application/json"))


def gmt(moment):
    return moment.strftime("%Y-%m-%dT%H:%M:%S")


def comment(number, text="Bien", *, parent=0, author=0, at=None, page_author=1, **more):
    moment = at or START + timedelta(minutes=number)
    return {
        "id": number, "post": 4, "parent": parent, "author": author, "author_name": f"Reader {number}",
        "date": gmt(moment + timedelta(hours=1)), "date_gmt": gmt(moment), "content": {"rendered": f"<p>{text}</p>"},
        "link": f"https://blog.test/p/#comment-{number}", "type": "comment",
        "_embedded": {"up": [{"id": 4, "author": page_author, "title": {"rendered": "A &amp; B"}}]}, **more,
    }  # fmt: skip


class Blog:
    """The REST interface as WordPress 6 answers it."""

    def __init__(self, site, *, pretty=True):
        self.site, self.comments, self.posts = site, [], []
        if pretty:
            site.route(
                "/wp-json/wp/v2/comments", lambda request: self.play(self.comments, "date_gmt", request.query)
            )
            site.route(
                "/wp-json/wp/v2/posts", lambda request: self.play(self.posts, "modified_gmt", request.query)
            )
        else:
            site.route("/", lambda request: self.play(self.comments, "date_gmt", request.query))

    def play(self, items, field, query):
        after = (query.get("after") or query.get("modified_after") or "").rstrip("Z")
        wanted = [item for item in items if item[field] > after]
        if "include" in query:
            wanted = [item for item in items if str(item["id"]) in query["include"].split(",")]
        wanted.sort(key=lambda item: item[field])
        size, number = int(query["per_page"]), int(query.get("page", 1))
        here = wanted[(number - 1) * size : number * size]
        if field == "modified_gmt" and number > 1 and not here:
            return Reply(body=b'{"code":"rest_post_invalid_page_number","message":"x"}', status=400)
        pages = str(-(-len(wanted) // size))
        return Reply(
            body=json.dumps(here).encode(), content_type="application/json", headers={"X-WP-TotalPages": pages}
        )

    def source(self, **options):
        return WordPress(Options(url=self.site.url("/"), **options))


def run(source, http, cursor, **more):
    got = list(source.pages(http, json.loads(json.dumps(cursor)), **more))
    return [post for page in got for post in page.posts], got[-1].cursor


@pytest.fixture
def site():
    with Site() as site:
        yield site


# Counted and read by eye in the captures; the site's clock runs an hour ahead of UTC.
def test_real_comments_with_the_owners_reply_at_the_comment_that_it_answers(shared):
    page = parse((shared / "captures/wordpress/live-local-rest-comments.json").read_bytes())
    (post,) = page.posts
    assert (post.external_id, post.parent_id, post.kind) == ("comment-2", "post-4", PostKind.COMMENT)
    assert post.published_at == post.owner_reply.at == datetime(2026, 11, 21, 18, 52, 29, tzinfo=UTC)
    assert post.url.endswith("/baguette-levain/#comment-2")
    assert post.author.id is None
    assert post.text.endswith("😡")
    assert post.owner_reply.text.startswith("Bonjour")
    assert page.faults == []


def test_all_real_comments_and_posts_are_read(shared):
    folder = shared / "captures/wordpress"
    after = parse((folder / "live-local-rest-comments-after.json").read_bytes()).posts
    assert [post.external_id for post in after] == ["comment-2", "comment-1"]
    assert [post.owner_reply is not None for post in after] == [True, False]
    posts = parse((folder / "live-local-rest-posts.json").read_bytes()).posts
    assert [post.external_id for post in posts] == ["post-5", "post-4", "post-1"]
    assert {post.kind for post in posts} == {PostKind.ARTICLE}
    assert posts[1].published_at == datetime(2026, 11, 21, 18, 52, 28, tzinfo=UTC)
    assert posts[1].updated_at is None


def test_a_real_page_beyond_the_last_is_empty(shared):
    assert parse((shared / "captures/wordpress/live-local-rest-comments-page99.json").read_bytes()).posts == []


@pytest.mark.parametrize(
    ("name", "why"),
    [("wordpress/live-local-post-page.html", "HTML"), ("wordpress/live-local-comments-feed.xml", "XML"),
     ("appstore/jp-1404176564-p1.json", "not a list"), ("isso/live-local-comments.json", "not")],
)  # fmt: skip
def test_a_real_file_that_is_not_of_wordpress_says_so(shared, name, why):
    with pytest.raises(ParseError, match=why):
        parse((shared / "captures" / name).read_bytes())


def test_wordpress_own_errors_are_passed_on():
    with pytest.raises(ParseError, match="rest_no_route: No route"):
        parse({"code": "rest_no_route", "message": "No route", "data": {"status": 404}})


def test_a_reply_is_the_owners_only_where_the_author_of_the_page_wrote_it():
    owner = comment(3, "Désolé", parent=2, author=1)
    reader = comment(4, "Moi aussi", parent=2, author=9)
    (first, second) = parse([comment(2), owner, reader]).posts
    assert first.owner_reply.text == "Désolé"
    assert (second.external_id, second.parent_id, second.author.id) == ("comment-4", "comment-2", "9")


def test_an_owner_who_answers_themselves_is_no_reply_to_a_visitor():
    posts = parse([comment(2, author=1), comment(3, parent=2, author=1)]).posts
    assert [post.owner_reply for post in posts] == [None, None]


def test_the_page_that_a_comment_is_on_is_a_segment_and_pingbacks_are_no_comments():
    posts = parse([comment(2), comment(3, type="pingback")]).posts
    assert [post.segments for post in posts] == [{"article": "A & B"}]


def test_an_item_without_an_id_is_a_fault_and_the_rest_goes_on():
    page = parse(
        [comment(1), {"date_gmt": "2026-01-01T00:00:00", "post": 1}, comment(2, date_gmt=None, date="nonsense")]
    )
    assert [post.external_id for post in page.posts] == ["comment-1", "comment-2"]
    assert page.posts[1].published_at is None
    assert len(page.faults) == 1


def test_an_edited_post_says_when():
    item = {"id": 4, "date_gmt": "2026-03-01T00:00:00", "modified_gmt": "2026-03-02T00:00:00", "author": 1,
            "title": {"rendered": "T"}, "content": {"rendered": "", "protected": True},
            "excerpt": {"rendered": "<p>E</p>"}, "_embedded": {"author": [{"name": "Zoé"}]}}  # fmt: skip
    (post,) = parse([item]).posts
    assert (post.updated_at.day, post.text, post.author.name) == (2, "E", "Zoé")


@pytest.mark.parametrize(
    "body",
    [
        b"",
        b"{",
        b"<html>",
        b"null",
        b"3",
        b"[1]",
        b'[{"a": 1}]',
        b'[{"id": 1, "content": "x"}]',
        b"[" * 100_000,
        b"\x00\xff",
    ],
)
def test_what_is_not_wordpress_is_a_parse_error(body):
    with pytest.raises(ParseError):
        parse(body)


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(max_size=5) | st.floats(),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(
        st.sampled_from(["id", "post", "parent", "author", "author_name", "date_gmt", "content", "rendered", "_embedded", "up", "type", "link"]),
        inner, max_size=6,
    ),
    max_leaves=12,
)  # fmt: skip


@settings(deadline=None, max_examples=200)
@given(
    st.one_of(st.binary(max_size=100), st.lists(JSON, max_size=3).map(lambda items: json.dumps(items).encode()))
)
def test_no_bytes_make_it_raise_anything_but_a_parse_error(body):
    try:
        page = parse(body)
    except ParseError as error:
        assert str(error)
    else:
        assert len({post.external_id for post in page.posts}) == len(page.posts)


# --- over HTTP


def test_it_is_found_by_its_name_and_checks_its_options():
    assert find("wordpress") is WordPress
    with pytest.raises(ValidationError):
        Options(url="https://x.test", read=())


def test_all_comments_are_read_oldest_first_and_then_only_the_last_day_again(site):
    blog = Blog(site)
    blog.comments = [comment(number, at=START + timedelta(hours=number)) for number in range(1, 251)]
    with door(site) as http:
        first, cursor = run(blog.source(), http, {})
        blog.comments.append(comment(300, at=START + timedelta(hours=251)))
        again, _ = run(blog.source(), http, cursor)
    assert [post.external_id for post in first] == [f"comment-{number}" for number in range(1, 251)]
    assert len(site.asked("/wp-json/wp/v2/comments")) == 3 + 1
    assert again[-1].external_id == "comment-300"
    assert len(again) < 30


def test_a_run_that_was_killed_goes_on_where_it_was(site):
    blog = Blog(site)
    blog.comments = [comment(number, at=START + timedelta(hours=number)) for number in range(1, 251)]
    with door(site) as http:
        stored = next(blog.source().pages(http, {}))
        rest, _ = run(blog.source(), http, stored.cursor)
    seen = {post.external_id for post in [*stored.posts, *rest]}
    assert len(seen) == 250
    assert len(rest) < 180


def test_an_owners_reply_finds_its_comment_on_an_earlier_page(site):
    blog = Blog(site)
    blog.comments = [comment(number, at=START + timedelta(hours=number)) for number in range(1, 101)]
    blog.comments.append(comment(500, "Merci", parent=3, author=1, at=START + timedelta(hours=101)))
    with door(site) as http:
        pages = list(blog.source().pages(http, {}))
    (answered,) = pages[1].posts
    assert (answered.external_id, answered.owner_reply.text) == ("comment-3", "Merci")


def test_edited_posts_are_read_again(site):
    blog = Blog(site)
    blog.posts = [
        {"id": n, "date_gmt": gmt(START), "modified_gmt": gmt(START + timedelta(days=n)), "title": {"rendered": f"T{n}"},
         "content": {"rendered": "x"}} for n in range(1, 6)
    ]  # fmt: skip
    source = blog.source(read=("posts", "comments"))
    with door(site) as http:
        first, cursor = run(source, http, {})
        blog.posts[0]["modified_gmt"] = gmt(START + timedelta(days=9))
        again, _ = run(source, http, cursor)
    assert len(first) == 5
    assert [post.external_id for post in again] == ["post-5", "post-1"]


def test_a_date_in_the_future_does_not_hide_what_comes_before_it(site):
    blog = Blog(site)
    clock = StillClock()
    blog.comments = [
        comment(1, at=clock.start - timedelta(days=2)),
        comment(2, at=clock.start + timedelta(days=900)),
    ]
    with door(site, clock=clock) as http:
        _, cursor = run(blog.source(), http, {})
        blog.comments.append(comment(3, at=clock.start))
        again, _ = run(blog.source(), http, cursor)
    assert "comment-3" in [post.external_id for post in again]


def test_it_reads_back_to_a_beginning_and_no_further(site):
    blog = Blog(site)
    blog.comments = [comment(number, at=START + timedelta(days=number)) for number in range(1, 11)]
    with door(site) as http:
        posts, _ = run(blog.source(), http, {}, since=START + timedelta(days=8))
    assert [post.external_id for post in posts] == ["comment-9", "comment-10"]


def test_the_number_of_requests_is_bounded_and_the_next_run_goes_on(site):
    blog = Blog(site)
    blog.comments = [comment(number, at=START + timedelta(days=number)) for number in range(1, 301)]
    source = blog.source(max_pages=1)
    seen, cursor = set(), {}
    with door(site) as http:
        for _ in range(4):
            posts, cursor = run(source, http, cursor)
            seen |= {post.external_id for post in posts}
    assert len(seen) == 300


def test_a_page_past_the_last_is_the_end_not_an_error(site):
    blog = Blog(site)
    blog.posts = [
        {"id": n, "date_gmt": gmt(START), "modified_gmt": gmt(START), "content": {"rendered": "x"}}
        for n in range(1, 101)
    ]
    play = blog.play
    blog.play = lambda *args: Reply(**{**play(*args).__dict__, "headers": {}})
    with door(site) as http:
        posts, _ = run(blog.source(read=("posts",)), http, {})
    assert len(posts) == 100


def test_a_site_without_readable_addresses_is_asked_the_other_way(site):
    blog = Blog(site, pretty=False)
    blog.comments = [comment(1)]
    with door(site) as http:
        posts, _ = run(blog.source(), http, {})
    assert len(posts) == 1
    assert site.asked("/")[0].query["rest_route"] == "/wp/v2/comments"


def test_a_switched_off_interface_says_what_else_to_do(site):
    site.put("/wp-json/wp/v2/comments", b'{"code":"rest_forbidden"}', status=401)
    with door(site) as http, pytest.raises(Blocked) as caught:
        list(WordPress(Options(url=site.url())).pages(http, {}))
    assert caught.value.remedy


def test_comments_that_are_switched_off_do_not_keep_posts_from_being_read(site):
    blog = Blog(site)
    blog.posts = [{"id": 1, "date_gmt": gmt(START), "modified_gmt": gmt(START), "content": {"rendered": "x"}}]
    site.put("/wp-json/wp/v2/comments", b'{"code":"rest_forbidden"}', status=401)
    with door(site) as http:
        pages = blog.source(read=("comments", "posts")).pages(http, {})
        assert [post.external_id for post in next(pages).posts] == ["post-1"]
        with pytest.raises(Blocked):
            list(pages)


@pytest.mark.parametrize("max_pages", [1, 2, 3])
@pytest.mark.parametrize("what", ["posts", "comments"])
def test_more_of_one_day_than_a_run_reads_is_read_by_the_next_runs(site, what, max_pages):
    blog = Blog(site)
    one_day = [comment(number, at=START) for number in range(1, 651)]
    if what == "posts":
        one_day = [
            {"id": n, "date_gmt": gmt(START), "modified_gmt": gmt(START), "content": {"rendered": "x"}}
            for n in range(1, 651)
        ]
    getattr(blog, what).extend(one_day)
    source = blog.source(read=(what,), max_pages=max_pages)
    seen, cursor = set(), {}
    with door(site) as http:
        for _ in range(8):
            posts, cursor = run(source, http, cursor)
            seen |= {post.external_id for post in posts}
    assert len(seen) == 650


def test_after_such_a_day_new_posts_are_found(site):
    blog = Blog(site)
    blog.comments = [comment(number, at=START) for number in range(1, 351)]
    source = blog.source(max_pages=2)
    seen, cursor = set(), {}
    with door(site) as http:
        for turn in range(8):
            posts, cursor = run(source, http, cursor)
            seen |= {post.external_id for post in posts}
            blog.comments += [comment(900 + turn, at=START + timedelta(days=2, hours=turn))]
        posts, cursor = run(source, http, cursor)
    assert {"comment-900", "comment-906", "comment-907"} <= seen | {post.external_id for post in posts}
    assert {f"comment-{number}" for number in range(1, 351)} <= seen
    assert "places" not in cursor


def test_a_run_killed_within_such_a_day_goes_on_where_it_was(site):
    blog = Blog(site)
    blog.comments = [comment(number, at=START) for number in range(1, 351)]
    with door(site) as http:
        pages = blog.source().pages(http, {})
        stored = [next(pages), next(pages), next(pages)]
        rest, cursor = run(blog.source(), http, stored[-1].cursor)
    assert len(rest) == 150
    assert "places" not in cursor


def test_a_day_that_shrank_meanwhile_is_at_its_end(site):
    blog = Blog(site)
    blog.posts = [
        {"id": n, "date_gmt": gmt(START), "modified_gmt": gmt(START), "content": {"rendered": "x"}}
        for n in range(1, 351)
    ]
    source = blog.source(read=("posts",), max_pages=3)
    with door(site) as http:
        _, cursor = run(source, http, {})
        del blog.posts[150:]
        posts, cursor = run(source, http, cursor)
    assert (posts, "places" in cursor) == ([], False)


@pytest.mark.parametrize("what", ["comments", "posts"])
def test_what_is_missing_and_not_there_when_asked_for_is_a_tombstone(site, what):
    blog = Blog(site)
    items = [comment(number, at=START + timedelta(hours=number)) for number in range(1, 61)]
    if what == "posts":
        items = [
            {"id": n, "date_gmt": gmt(START), "modified_gmt": gmt(START + timedelta(hours=n)), "content": {"rendered": "x"}}
            for n in range(1, 61)
        ]  # fmt: skip
    setattr(blog, what, items)
    name = "comment" if what == "comments" else "post"
    with door(site) as http:
        _, cursor = run(blog.source(read=(what,)), http, {})
        setattr(blog, what, [item for item in items if item["id"] not in (3, 50, 55)])
        again, cursor = run(blog.source(read=(what,)), http, cursor)
        asked = len(site.requests)
        last, _ = run(blog.source(read=(what,)), http, cursor)
    assert [post.external_id for post in again if post.deleted] == [f"{name}-50", f"{name}-55"]  # 3 is too old
    assert not any(post.deleted for post in last)
    assert len(site.requests) == asked + 1  # nothing is missing: nothing more is asked


def test_what_merely_moved_out_of_sight_is_no_tombstone(site):
    blog = Blog(site)
    blog.comments = [comment(number, at=START + timedelta(hours=number)) for number in range(1, 31)]
    with door(site) as http:
        _, cursor = run(blog.source(), http, {})
        blog.comments[-2]["date_gmt"] = gmt(START - timedelta(days=9))
        again, _ = run(blog.source(), http, cursor)
    assert not any(post.deleted for post in again)
    assert "29" in site.requests[-1].query["include"].split(",")


def test_deletions_are_seen_as_many_days_back_as_the_user_wants(site):
    blog = Blog(site)
    blog.comments = [comment(number, at=START + timedelta(hours=number)) for number in range(1, 61)]
    with door(site) as http:
        _, cursor = run(blog.source(reread_days=5), http, {})
        del blog.comments[2]
        again, _ = run(blog.source(reread_days=5), http, cursor)
    assert [post.external_id for post in again if post.deleted] == ["comment-3"]


def test_an_older_cursor_is_understood(site):
    blog = Blog(site)
    blog.comments = [comment(number, at=START + timedelta(hours=number)) for number in range(1, 61)]
    with door(site) as http:
        again, cursor = run(
            blog.source(), http, {"until": {"comments": (START + timedelta(hours=60)).isoformat()}}
        )
    assert (len(again), len(cursor["shown"]["comments"])) == (24, 24)
