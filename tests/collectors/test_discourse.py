"""Discourse: the shapes of its answers, old and new, and its listings read page by page."""

import json
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from pydantic import ValidationError
from replay import Reply, Request, Site, door

from collectors.errors import Blocked, RateLimited
from collectors.post import PostKind
from collectors.source import Answer, Cursor, Page, ParseError, SourceError
from collectors.sources.discourse import Discourse, Options

NOON = datetime(2026, 11, 21, 12, tzinfo=UTC)


def item(number: int, hours_ago: float = 1.0, **more: object) -> dict[str, Any]:
    moment = (NOON - timedelta(hours=hours_ago)).strftime("%Y-%m-%dT%H:%M:%S.000Z")
    return {
        "id": number,
        "name": "Zoé",
        "username": "zoe",
        "created_at": moment,
        "updated_at": moment,
        "cooked": f"<p>Texte {number}</p>",
        "post_number": 2,
        "post_type": 1,
        "reply_count": 0,
        "reads": 5,
        "topic_id": 7,
        "topic_slug": "panne",
        "topic_title": "Panne &amp; colère",
        "actions_summary": [],
        **more,
    }


def parse(content: object, url: str = "https://forum.example/posts.json?before=9") -> Page:
    return Discourse.parse(Answer(url, json.dumps(content).encode()))


def latest(*items: object) -> dict[str, Any]:
    return {"latest_posts": list(items)}


def test_a_first_post_in_full() -> None:
    given = item(
        4,
        post_number=1,
        updated_at="2026-11-21T11:30:00Z",
        reply_count=3,
        actions_summary=[{"id": 2, "count": 6}],
    )
    (post,) = parse(latest(given)).posts
    assert (post.kind, post.external_id, post.parent_id) == (PostKind.POST, "4", None)
    assert (post.title, post.text, post.segments) == ("Panne & colère", "Texte 4", {"topic": "Panne & colère"})
    assert (post.author.id, post.author.name, post.author.url) == ("zoe", "Zoé", "https://forum.example/u/zoe")
    assert post.published_at == datetime(2026, 11, 21, 11, tzinfo=UTC)
    assert post.updated_at == datetime(2026, 11, 21, 11, 30, tzinfo=UTC)
    assert post.url == "https://forum.example/t/panne/7/1"
    assert (post.reach.views, post.reach.likes, post.reach.comments) == (5, 6, 3)


def test_a_forum_in_a_folder_keeps_it_in_its_links() -> None:
    (post,) = parse(latest(item(4)), "https://x.example/forum/posts.json").posts
    assert post.url == "https://x.example/forum/t/panne/7/2"
    assert parse(latest(item(4)), "").posts[0].url is None


def test_a_reply_names_the_post_that_it_answers_or_its_topic() -> None:
    posts = parse(latest(item(4, post_number=3, reply_to_post_number=2), item(3), item(9, topic_id=8))).posts
    assert [post.parent_id for post in posts] == ["3", "topic-7", "topic-8"]
    assert {post.kind for post in posts} == {PostKind.COMMENT}
    assert {post.title for post in posts} == {None}


def test_words_of_others_and_previews_of_pages_are_not_the_author_s() -> None:
    cooked = """<aside class="quote no-group" data-username="x"><div class="title">x:</div>
    <blockquote><p>Excellent !</p></blockquote></aside><p>Pas du tout <img class="emoji" alt=":angry:"></p>
    <aside class="onebox allowlistedgeneric"><article>Lila, le meilleur</article></aside>"""
    assert parse(latest(item(1, cooked=cooked))).posts[0].text == "Pas du tout :angry:"


def test_the_name_and_size_of_a_picture_are_no_text() -> None:
    cooked = """<p>Regardez :</p><div class="lightbox-wrapper"><a href="x.png"><img src="x.png" alt="x">
    <div class="meta"><svg><use href="#i"></use></svg><span class="filename">IMG_1.png</span>
    <span class="informations">690×388</span></div></a></div><p>Cassé.</p>"""
    assert parse(latest(item(1, cooked=cooked))).posts[0].text == "Regardez :\n\nCassé."


@pytest.mark.parametrize("kind", [3, 4])
def test_what_nobody_wrote_for_all_is_no_post(kind: int) -> None:
    assert parse(latest(item(1, post_type=kind))).posts == []


def test_letters_between_members_are_no_posts() -> None:
    topics = [{"id": 1, "title": "T", "archetype": kind} for kind in ("private_message", "regular")]
    assert len(parse({"topic_list": {"topics": topics}}).posts) == 1


@pytest.mark.parametrize("mark", [{"deleted_at": "2026-11-21T10:00:00Z"}, {"user_deleted": True}])
def test_a_deleted_post_is_a_tombstone(mark: dict[str, Any]) -> None:
    assert parse(latest(item(1, **mark))).posts[0].deleted


def test_a_topic_lends_its_title_to_its_posts() -> None:
    posts = [item(1, post_number=1, topic_title=None), item(2, topic_title=None)]
    page = parse({"post_stream": {"posts": posts, "stream": [1, 2]}, "id": 7, "title": "Panne", "slug": "panne"})
    assert [post.title for post in page.posts] == ["Panne", None]
    assert [post.segments for post in page.posts] == [{"topic": "Panne"}] * 2


def test_an_answer_of_today_s_search() -> None:
    hit = {"id": 5, "name": "Zoé", "username": "zoe", "created_at": "2026-11-20T10:00:00.000Z", "like_count": 2,
           "blurb": "…une panne…", "post_number": 4, "topic_id": 7}  # fmt: skip
    result = {"posts": [hit], "topics": [{"id": 7, "title": "Panne", "slug": "panne"}],
              "grouped_search_result": {"more_full_page_results": None, "error": None}}  # fmt: skip
    (post,) = parse(result, "https://forum.example/search.json?q=panne").posts
    assert (post.text, post.segments, post.reach.likes) == ("…une panne…", {"topic": "Panne"}, 2)
    assert post.url == "https://forum.example/t/panne/7/4"


def test_the_replies_to_a_post_are_a_bare_list() -> None:
    assert [post.external_id for post in parse([item(8), item(9)]).posts] == ["8", "9"]


def test_a_post_without_an_id_is_named_and_the_rest_goes_on() -> None:
    page = parse({"post_stream": {"posts": [item(1), {"cooked": "x"}, None]}, "id": 7})
    assert len(page.posts) == 1
    assert [fault.item for fault in page.faults] == ["item 2", "item 3"]


@pytest.mark.parametrize(
    ("content", "says"),
    [
        ({"errors": ["You are not permitted"], "error_type": "invalid_access"}, "not permitted"),
        ({"users": []}, "not an answer"),
        ([{"id": 1}], "not an answer"),
        ({"posts": [], "grouped_search_result": {"error": "term is too short"}}, "says: term is too short"),
        (3, "not an answer"),
    ],
)
def test_what_is_no_answer_with_posts_says_so(content: object, says: str) -> None:
    with pytest.raises(ParseError, match=says):
        parse(content)


def captured(shared: Path, name: str) -> Page:
    return Discourse.parse(Answer("", (shared / "captures" / "discourse" / name).read_bytes()))


@pytest.mark.parametrize(
    ("name", "ids"),
    [
        ("topic.json", ["83", "84", "86", "226"]),
        ("topic_posts.json", ["123456"]),
        ("posts_before.json", ["14", "10", "2"]),
        ("replies.json", ["48"]),
        ("latest.json", ["topic-1"] * 3),
        ("hot.json", ["topic-1", "topic-2", "topic-3"]),
        ("category_latest_topics.json", ["topic-5", "topic-4"]),
        ("search.json", ["topic-1", "topic-2", "topic-3"]),
    ],
)
def test_captured_answers_give_all_their_posts_and_topics(shared: Path, name: str, ids: list[str]) -> None:
    page = captured(shared, name)
    assert [post.external_id for post in page.posts] == ids
    assert page.faults == []


def test_the_captured_topic_of_2013(shared: Path) -> None:
    posts = captured(shared, "topic.json").posts
    assert posts[0].published_at == datetime(2013, 2, 4, 20, 26, 26, 278000, tzinfo=UTC)
    assert posts[0].updated_at == datetime(2013, 4, 30, 18, 33, 37, 273000, tzinfo=UTC)
    assert [post.updated_at for post in posts[1:]] == [None] * 3
    assert [post.author.id for post in posts] == ["samsaffron", "samsaffron", "stienman", "splattne"]
    assert [(post.reach.views, post.reach.likes) for post in posts] == [(34, 0), (34, 0), (34, 5), (22, 5)]
    assert [post.parent_id for post in posts] == [None, "topic-57", "topic-57", "83"]


def test_the_captured_lists_of_topics(shared: Path) -> None:
    first = captured(shared, "latest.json").posts[0]
    assert (first.reach.views, first.reach.likes, first.reach.comments) == (268, 14, 0)
    assert first.published_at == datetime(2013, 2, 4, 20, 26, 25, 977000, tzinfo=UTC)
    assert first.text.endswith("Feel free to experim…")
    assert {post.author.id for post in captured(shared, "category_latest_topics.json").posts} == {"fuzzy"}


def test_the_captured_posts_of_2020(shared: Path) -> None:
    posts = captured(shared, "topic_posts.json").posts
    assert (posts[0].reach.likes, posts[0].author.name) == (3, "Someones Name")
    assert captured(shared, "posts_before.json").posts[0].title == "This is an uncategorized title"


def test_the_captured_schema_is_no_answer(shared: Path) -> None:
    with pytest.raises(ParseError):
        captured(shared, "openapi-excerpt.json")


@pytest.fixture
def site() -> Iterator[Site]:
    with Site() as running:
        yield running


def serve(site: Site, items: list[dict[str, Any]], window: int = 50) -> None:
    """/posts.json as the real one is: what may be seen of the 50 numbers up to `before`."""

    def answer(request: Request) -> Reply:
        top = int(request.query.get("before") or max([one["id"] for one in items], default=0))
        found = [one for one in items if top - window < one["id"] <= top]
        return Reply(json.dumps(latest(*sorted(found, key=lambda one: -one["id"]))).encode())

    site.route("/posts.json", answer)


def walk(
    site: Site, cursor: Cursor | None = None, since: datetime | None = None, **options: object
) -> list[Page]:
    chosen = Options.model_validate({"url": site.url(""), "query": "lila", "everything": True, **options})
    with door(site) as http:
        return list(Discourse(chosen).pages(http, cursor or {}, since=since))


def ids(pages: list[Page]) -> list[int]:
    return [int(post.external_id) for page in pages for post in page.posts]


def test_all_posts_are_read_though_whole_windows_of_numbers_may_not_be_seen(site: Site) -> None:
    shown = [*range(1, 9), *range(180, 200)]
    serve(site, [item(number, 200 - number) for number in shown])
    assert sorted(ids(walk(site))) == shown


def test_only_new_posts_are_read_again(site: Site) -> None:
    items = [item(number, 2000 - 10 * number) for number in range(1, 190)]
    serve(site, items)
    cursor = walk(site)[-1].cursor
    serve(site, [*items, item(190, 0.5)])
    pages = walk(site, cursor, overlap_hours=1)
    assert 190 in ids(pages)
    assert len(pages) == 2


def test_a_run_goes_on_where_the_last_one_had_to_stop(site: Site) -> None:
    serve(site, [item(number, 200 - number) for number in range(1, 170)])
    first = walk(site, max_requests=2)
    assert sorted(ids([*first, *walk(site, first[-1].cursor)])) == list(range(1, 170))


def test_nothing_before_the_day_asked_for_is_read(site: Site) -> None:
    serve(site, [item(number, 10 * (200 - number)) for number in range(1, 200)])
    assert min(ids(walk(site, since=NOON - timedelta(hours=20)))) > 90


def search_answer(request: Request) -> Reply:
    page = int(request.query["page"])
    hits = [{"id": 10 * page + n, "topic_id": page, "blurb": "…", "post_number": 2, "username": "zoe",
             "created_at": "2026-11-20T10:00:00Z"} for n in range(3)]  # fmt: skip
    more = True if page < 2 else None
    return Reply(json.dumps({"posts": hits, "topics": [], "grouped_search_result": {
        "more_full_page_results": more}}).encode())  # fmt: skip


def test_the_search_gives_whole_posts_by_one_request_more_for_each_topic(site: Site) -> None:
    site.route("/search.json", search_answer)
    for topic in (1, 2):
        posts = [item(10 * topic + n, cooked=f"<p>tout {n}</p>", topic_id=topic) for n in range(3)]
        site.put(f"/t/{topic}/posts.json", json.dumps({"post_stream": {"posts": posts}, "id": topic}))
    pages = walk(site, everything=False)
    assert [post.text for page in pages for post in page.posts] == ["tout 0", "tout 1", "tout 2"] * 2
    assert [request.query["q"] for request in site.asked("/search.json")] == ["lila order:latest"] * 2
    assert len(site.asked("/t/1/posts.json")) == 1


def test_what_the_search_complains_about_is_said(site: Site) -> None:
    site.put("/search.json", json.dumps({"posts": [], "grouped_search_result": {"error": "term too short"}}))
    with pytest.raises(SourceError, match="term too short"):
        walk(site, everything=False)


def test_a_forum_that_ignores_before_is_left_after_two_pages(site: Site) -> None:
    site.put("/posts.json", json.dumps(latest(*[item(number) for number in range(900, 950)])))
    pages = walk(site)
    assert len(pages) == 2
    assert pages[-1].faults[-1].problem == "its pages lead in circles"


def test_a_forum_for_members_only_is_blocked(site: Site) -> None:
    site.put("/posts.json", b"<html>Log in</html>", status=403)
    with pytest.raises(Blocked):
        walk(site)


def test_after_too_many_requests_it_waits_as_long_as_asked(site: Site) -> None:
    serve(site, [item(1)])
    then = site._routes["/posts.json"]
    replies = [Reply(status=429, headers={"Retry-After": "7"})]
    site.route("/posts.json", lambda request: replies.pop() if replies else then(request))
    assert ids(walk(site)) == [1]
    site.put("/posts.json", status=429, headers={"Retry-After": "3600"})
    with pytest.raises(RateLimited):
        walk(site)


def test_an_answer_cut_short_is_no_answer(site: Site) -> None:
    site.put("/posts.json", b'{"latest_posts": [{"id": 1, "coo')
    with pytest.raises(ParseError, match="no JSON"):
        walk(site)


def test_a_forum_of_the_brand_s_own_is_read_whole_though_there_is_a_query(site: Site) -> None:
    serve(site, [item(1), item(2)])
    assert sorted(ids(walk(site))) == [1, 2]
    found = parse(latest(item(1))).posts[0]
    wants = [Discourse(Options(url="https://a.example", query="lila", everything=all_)).wants(found)
             for all_ in (False, True)]  # fmt: skip
    assert wants == [False, True]


def test_a_kept_search_is_not_read_again_in_place_of_the_whole_texts() -> None:
    source = Discourse(Options(url="https://a.example", query="lila"))
    kept = json.dumps({"posts": [], "grouped_search_result": {}}).encode()
    with pytest.raises(SourceError, match="not kept"):
        source.reread(Answer("https://a.example/search.json?q=lila", kept))
    assert (
        len(source.reread(Answer("https://a.example/posts.json", json.dumps(latest(item(1))).encode())).posts)
        == 1
    )


def test_a_query_of_alternatives_is_several_searches(site: Site) -> None:
    site.put("/search.json", json.dumps({"posts": [], "grouped_search_result": {}}))
    walk(site, query='lila OR "lila énergie"', everything=False)
    assert [request.query["q"] for request in site.asked("/search.json")] == [
        "lila order:latest", '"lila énergie" order:latest',
    ]  # fmt: skip


@pytest.mark.parametrize(
    "options",
    [{}, {"url": "https://a.example", "query": "(x"}, {"url": "https://a.example"}],
    ids=["nothing", "a wrong query", "no query, which the brand's would be otherwise"],
)
def test_wrong_options_are_refused(options: dict[str, object]) -> None:
    with pytest.raises(ValidationError):
        Options.model_validate(options)
